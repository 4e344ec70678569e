/* What can be done with quarantined rows, as data that holds its SQL: made by plan/vault_plan, carried
 * out by vault/. Unit parameters come after those of the query ($n+1 …). */
#ifndef PGRETAIN_MODEL_VAULT_H
#define PGRETAIN_MODEL_VAULT_H

#include "model/plan.h"

/* One vault table. */
struct vault_store {
	const char *oid, *name;		/* name in schema pgretain_vault */
	const char *table;		/* the source, as in SQL */
	/* Per rule, run and purge date: rule, run, purge_after (RFC 3339), rows, held rows, whether the date
	 * lies behind $n+3. Unit: $n+1, $n+2 timestamptz = range of purge dates. */
	struct plan_query groups;
	/* The same with every row held: for holds that can't be tested on these rows. */
	struct plan_query groups_held;
	/* Deletes rows that may go, at most $n+4; gives rule, run, purge_after, rows. $n+3: the date. */
	struct plan_query purge;
	bool has_holds;			/* some hold might cover rows of it */
};

/* Rows of one rule in one vault table that are wanted back. Parts stand in the order of release:
 * parents before those that follow them. */
struct vault_part {
	const char *rule, *table;
	size_t store;
	const char *cursor;		/* that `collect` opens, beyond its transaction: partition, ctid, run, name of
					 * a dropped column that holds a value (or NULL); partitions and runs together */
	struct plan_query collect;
	/* Moves the rows $n+1 (tid[]) of partition $n+2 (oid): rows taken, rows placed, rows that do not
	 * read as before, rows whose parent stays. sql NULL: nothing of this part can be released. */
	struct plan_query place;
	const char *refused;		/* why not */
	const char *changed;		/* columns whose type has changed since, or NULL */
	const char *parent;		/* the rule that it follows, or NULL */
};

struct vault_plan {
	struct arena *arena;
	int64_t hold_epoch;
	const char *as_of;		/* PostgreSQL text, UTC */
	size_t nstores, nparts;
	struct vault_store *stores;
	struct vault_part *parts;
};

#endif
