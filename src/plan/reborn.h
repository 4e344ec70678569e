/* Keys are used again. A person's row that began after the erasure of that key is another person's. */
#ifndef PGRETAIN_PLAN_REBORN_H
#define PGRETAIN_PLAN_REBORN_H

#include "model/policy.h"
#include "pg/conn.h"

/* Does the row of that key in the subject's root show a start event after `since` (timestamptz text)? false
 * where there is no such row, or no rule with a start on the root. */
bool subject_reborn(struct conn *c, const struct database *db, const struct subject_type *type, const char *key,
		    const char *since, bool *ret, struct diag *d) must_use;

#endif
