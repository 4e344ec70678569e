/* A copy of what is there about people, by the same ways from rows to people as an erasure takes. */
#ifndef PGRETAIN_PLAN_EXPORT_H
#define PGRETAIN_PLAN_EXPORT_H

#include "plan/subject.h"

/* One statement a table: each row is one line of JSON. Of rows that are other people's too only the link of
 * these people and the columns that the rule names. */
struct plan_export {
	const char *table;		/* as in SQL */
	bool quarantined;		/* its rows in the vault */
	const char *sql;
	struct plan_params params;
};

/* A rule that does not fit, or whose way to people does not: its fault; a copy with a gap is none. Lives in a. */
bool plan_export(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
		 struct subject_set *people, size_t *n, struct plan_export **ret, struct diag *d) must_use;

#endif
