/* What explain.c and explain_terms.c share. */
#ifndef PGRETAIN_PLAN_EXPLAIN_PARTS_H
#define PGRETAIN_PLAN_EXPLAIN_PARTS_H

#include "plan/build_parts.h"
#include "plan/explain.h"

struct explainer {
	struct binder b;
	struct bound *r;
	struct arena *a;
	const struct explain_request *q;
	struct explain_view *view;
	VEC(struct term_view) terms;
	VEC(struct hold_view) holds;
	VEC(const char *) notes;
	/* texts of the root rule's clock columns in the row's root, clock by clock; NULL: SQL NULL */
	VEC(const char *) starts;
	bool rooted;			/* there is such a row */
};

/* The end of each term, and which is the latest. *any: there is one. A term whose end is not known (no
 * event, no calendar day) is shown with a remark. */
bool explain_terms(struct explainer *e, bool *any, int64_t *due, struct diag *d) must_use;
/* A note for each request that keeps the row for now: key gives the condition that names the row. */
typedef const char *explain_key(struct explainer *e, struct render *x);
bool explain_waits(struct explainer *e, const char *from, explain_key *key, struct diag *d) must_use;
/* The zone whose days are counted. */
const char *explain_zone(const struct bound *root);

#endif
