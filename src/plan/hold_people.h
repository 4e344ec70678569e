/* The people that a hold is about. */
#ifndef PGRETAIN_PLAN_HOLD_PEOPLE_H
#define PGRETAIN_PLAN_HOLD_PEOPLE_H

#include "plan/subject.h"

/* Fills h->people: of a subject that person, of an identifier whom it meant when the hold was placed, whom it
 * means now, and whoever else's rows bear it; each with all that identifies them now, or did when a request of
 * theirs that is under way was assessed (plan/frozen.h). An identifier that the
 * configuration has no longer: CONFIG, for its rows could not be told from others. A type that it does not
 * have: NULL stays. */
bool hold_people(struct binder *b, struct hold_entry *h, struct diag *d) must_use;

/* The normal form of an identifier's value (NULL: it says nothing), and the keys of whom it means or meant. */
bool hold_people_find(struct conn *c, struct arena *a, const struct subject_type *t, const struct identifier *id,
		      const char *value, const char **ret_normal, size_t *n, const char ***ret_keys, struct diag *d) must_use;

#endif
