/* What identified people when their requests were assessed (pgretain.request_frozen): it leads to their rows when
 * the table that said so is erased, for holds, grounds and awaited copies as for the request itself. It is sealed
 * under the policy's key_file, which is read only where something is sealed.
 *
 * *sealed: set where the key is not at hand and the binder only glances (bind.h). Elsewhere CONFIG: rows of a
 * person could not be told from others. */
#ifndef PGRETAIN_PLAN_FROZEN_H
#define PGRETAIN_PLAN_FROZEN_H

#include "plan/subject.h"

/* Adds to the people of the set what was frozen of them, and what the plan's own request knows of them. */
bool frozen_identify(struct binder *b, struct subject_set *s, bool *sealed, struct diag *d) must_use;

/* Adds to the set whose identifier `name` that value was. */
bool frozen_bearers(struct binder *b, struct subject_set *s, const struct subject_type *t, const char *name,
		    const char *value, bool *sealed, struct diag *d) must_use;

#endif
