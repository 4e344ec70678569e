/* From policy, catalogue and ledger to an immutable plan: the one way to decide what goes
 * (architecture.md 1 and 5). Reads only; counts are exact, of one snapshot. */
#ifndef PGRETAIN_PLAN_BUILD_H
#define PGRETAIN_PLAN_BUILD_H

#include "model/plan.h"
#include "pg/conn.h"

struct request;

struct plan_options {
	const char *as_of;		/* timestamptz text; NULL: the server's clock, once */
	size_t nrules;			/* only these (and the chains they are part of); 0: all */
	const char *const *rules;
	bool lift_ceilings;		/* max_rows, max_percent do not stop a step */
	const struct request *request;	/* an erasure's plan (plan/request.h); NULL: retention */
	bool widths;			/* count how wide the holds are, too */
	const char *released_since;	/* holds released after this instant still hold: what a run found held it
					 * leaves to the next one; NULL: none */
};


/* False: nothing can be said. A rule that does not fit is a failed step of a plan that stands. */
bool plan_build(struct conn *c, const struct policy *policy, const struct database *db,
		const struct plan_options *o, struct plan **ret, struct diag *d) must_use;

/* In what the rule of a step takes more or sooner than the definition that it had (confirm.c); NULL: in nothing. */
const char *plan_step_wider(const struct plan_step *s, const char *was);

#endif
