/* Quarantined rows: looking, purging, releasing. Carries out a struct vault_plan; every transaction has
 * its ledger entry (kind quarantine, action purge or release, run = the run that had moved the rows). */
#ifndef PGRETAIN_VAULT_VAULT_H
#define PGRETAIN_VAULT_VAULT_H

#include "model/vault.h"
#include "pg/conn.h"

struct vault_entry {
	const char *rule, *table, *run, *purge_after;	/* RFC 3339 */
	int64_t rows, held;		/* before anything was moved */
	int64_t moved;			/* purged or released */
};

/* Rows that could not be released, by what stood in the way: a constraint's name, or a few words. */
struct vault_conflict {
	const char *rule, *table, *constraint;
	int64_t rows;
};

struct vault_outcome {
	struct arena *arena;		/* of its strings: the caller's */
	VEC(struct vault_entry) entries;
	VEC(struct vault_conflict) conflicts;
	VEC(const char *) notes;	/* whole sentences: what needs a human */
	int64_t moved;
	bool interrupted;
};

struct vault_options {
	const char *actor;
	const char *before;		/* purge: timestamptz text, not in the future; NULL: the server's now */
	int (*stop_requested)(void);	/* asked between transactions; NULL: never */
	/* The holds have changed: the plan made anew. */
	bool (*refresh)(void *ctx, const struct vault_plan **ret, struct diag *d);
	void *ctx;
};

/* What is there. Where a hold can't be tested on the rows, all of them count as held, with a note. */
bool vault_list(struct conn *c, const struct vault_plan *p, struct vault_outcome *ret, struct diag *d) must_use;

/* Purges what is past its date and under no hold: whole days as partitions, the rest row by row. The
 * entries are those past their date. False: could not go on; what was done stands in *ret. */
bool vault_purge(struct conn *c, const struct vault_plan *p, const struct vault_options *o,
		 struct vault_outcome *ret, struct diag *d) must_use;

/* Puts the plan's parts back where they came from, in bounded transactions. Rows that meet a constraint
 * stay in the vault; nothing is overwritten. Resumable: what is back is no longer in the vault. */
bool vault_release(struct conn *c, const struct vault_plan *p, const struct vault_options *o,
		   struct vault_outcome *ret, struct diag *d) must_use;

#endif
