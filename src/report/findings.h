/* What `check` found: each with its place, why it matters and what to do ("pgretain.check/1"). */
#ifndef PGRETAIN_REPORT_FINDINGS_H
#define PGRETAIN_REPORT_FINDINGS_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO };

struct finding {
	const char *id;			/* stable, e.g. "fk-unmentioned" */
	enum severity severity;
	const char *place;		/* file:line, or a table, or both */
	const char *message;		/* one sentence: what is */
	const char *why;		/* NULL: the message says it */
	const char *remedy;		/* what to do; may be NULL for INFO only */
	const char *rule;		/* NULL: no single rule */
};

struct findings {
	struct arena *arena;
	VEC(struct finding) list;	/* in the order found */
};

/* The three texts are copied; id is a constant. */
void findings_add(struct findings *f, const struct finding *finding);
size_t findings_count(const struct findings *f, enum severity severity);

/* database NULL: only the files were looked at. exit: as interface.md 3 says, 1 on errors. */
json_t *findings_json(const struct findings *f, const char *database, int exit) must_use;
void findings_text(const struct findings *f, const char *database, const struct text_style *st, struct strbuf *sb);

#endif
