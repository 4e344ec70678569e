/* What a rewriting, or the proof that nothing is to be rewritten, ends: for archives of the catalogue
 * (pgretain.backup_unmet decides of each run). */
#ifndef PGRETAIN_BACKUP_MEET_H
#define PGRETAIN_BACKUP_MEET_H

#include "backup/rewrite.h"

#include <jansson.h>

struct meeting {
	struct conn *c;
	struct arena *a;
	const char *set;		/* number in pgretain.backup_set */
	const char *actor;
	int64_t skew_ms;
	/* set by meet_settle */
	int64_t runs, requests;		/* whose obligations ended by it */
	int64_t unmet;			/* runs whose did not */
};

/* For struct backup_books; the context is a struct meeting. */
bool meet_intend(void *meeting, const struct backup_proof *p, struct diag *d) must_use;
bool meet_settle(void *meeting, const struct backup_proof *p, struct diag *d) must_use;

/* What lies there is what was about to be put there: the same end, without its writer. In a transaction. */
bool meet_finish(struct meeting *m, struct diag *d) must_use;

/* Counts of one table, as evidence and reports have them. A new reference. */
json_t *meet_table_json(const struct backup_table *t);

/* Changes when a rule does. */
const char *meet_rules_digest(struct arena *a, const struct judge *j);

#endif
