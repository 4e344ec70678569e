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
	const char *why;	/* NULL: the message says it */
};
extern const struct finding_kind finding_kinds[FINDING_COUNT];

#endif
