/* An erased person who is in the tables again: their request begins anew. */
#ifndef PGRETAIN_CMD_RECURRENCE_REOPEN_H
#define PGRETAIN_CMD_RECURRENCE_REOPEN_H

#include "cmd/suppress.h"
#include "report/recurrence_view.h"

/* Who shows the identifiers now, and their values: in this process alone. */
struct recurrence_person {
	const char *type;
	VEC(const char *) keys;
	VEC(struct subject_identifier) values;
};

void recurrence_person_add(struct recurrence_person *p, struct arena *a, const struct suppress_entry *e,
			   const struct suppress_row *row);

/* Reopens the request and lets it mean whoever bears the identifiers now, which are frozen under the key file, so that
 * rows without a key are found too. v->reopened, or v->why_not where a human has to decide. False: the session is lost. */
bool recurrence_reopen(struct suppress *s, struct recurrence_view *v, const struct recurrence_person *p, const char *evidence,
		       struct diag *d) must_use;

/* recurrence.c: digests that can be compared, of one request or (NULL) of all, are looked for. */
bool recurrence_look(struct suppress *s, struct ctx *ctx, const struct database *db, struct conn *c, const char *request,
		     struct recurrences *ret, suppress_hit_fn *hit, void *arg, struct diag *d) must_use;

#endif
