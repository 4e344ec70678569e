/* Which tables and columns the rules and exemptions of a database are about. */
#ifndef PGRETAIN_PLAN_COVERAGE_H
#define PGRETAIN_PLAN_COVERAGE_H

#include "model/policy.h"
#include "pg/conn.h"
#include "report/coverage_view.h"

/* every_schema: all that are not the server's own; else those that rules touch (none: all). What the
 * view says lives in arena a. */
bool coverage_look(struct conn *c, const struct policy *policy, const struct database *db, bool every_schema,
		   struct arena *a, struct coverage_view *ret, struct diag *d) must_use;

#endif
