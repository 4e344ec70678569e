/* The kinds of findings, one row each in finding.def. */
#ifndef PGRETAIN_PLAN_FINDING_H
#define PGRETAIN_PLAN_FINDING_H

#include "report/findings.h"

enum finding_id {
#define FINDING(name, id, severity, blocks, why) FINDING_##name,
#include "plan/finding.def"
#undef FINDING
	FINDING_COUNT,
};

struct finding_kind {
	const char *id;
	enum severity severity;
	bool blocks;		/* a plan that meets it fails the rule, before the first write */
	const char *why;
};
extern const struct finding_kind finding_kinds[FINDING_COUNT];

/* What to do: as it was told, else what does for all of the kind. */
const char *finding_remedy(enum finding_id id, const char *told);

#endif
