/* Why one row is kept or due (domain.md 2, interface.md 4): looked at with the predicates that plan and
 * run use, then every term's end by end(s, p). */
#ifndef PGRETAIN_PLAN_EXPLAIN_H
#define PGRETAIN_PLAN_EXPLAIN_H

#include "model/policy.h"
#include "pg/conn.h"
#include "report/explain_view.h"

struct explain_request {
	const char *as_of;		/* timestamptz text; NULL: the server's clock */
	const char *rule;
	size_t nkeys;			/* all of them together name one row */
	const struct key_value *keys;
};

/* What the view says lives in arena a. No such rule, column or row, a value that the column's type
 * can't have, several rows: DIAG_USAGE. A rule that does not fit the catalogue: DIAG_CONFIG. */
bool explain_row(struct conn *c, const struct policy *policy, const struct database *db,
		 const struct explain_request *q, struct arena *a, struct explain_view *ret, struct diag *d) must_use;

#endif
