/* How wide a hold is: the rows of each rule that it covers, and those that it might be thought to cover
 * and does not: rows with a rule of their own that refer to a row under it (domain.md 5). */
#ifndef PGRETAIN_PLAN_WIDTH_H
#define PGRETAIN_PLAN_WIDTH_H

#include "model/policy.h"
#include "pg/conn.h"
#include "report/hold_view.h"

struct binder;
struct hold_entry;

/* Every hold of the binder, in the transaction that is open. Lives in the binder's arena. */
bool width_count(struct binder *b, struct hold_width **ret, struct diag *d) must_use;

/* Every hold in force, or (`only`) one that is not placed yet, counted alone; in one snapshot of its own. Lives
 * in arena a. */
bool plan_widths(struct conn *c, const struct policy *policy, const struct database *db, const struct hold_entry *only,
		 struct arena *a, size_t *n, struct hold_width **ret, struct diag *d) must_use;

#endif
