/* The catalogue in the database: what was listed, what that clears (domain.md 7, sql/schema/0013_backup.sql). */
#ifndef PGRETAIN_BACKUP_CATALOGUE_H
#define PGRETAIN_BACKUP_CATALOGUE_H

#include "backup/set.h"
#include "pg/conn.h"

struct catalogue {
	struct conn *c;
	struct arena *a;
	const char *actor;
	int64_t skew_ms;		/* how much clocks may differ */
	const char *dbname;
	size_t nlineages;
	const char **lineages;
	uint64_t wal_segment_size;
};

/* Looks up what providers must be told. */
bool catalogue_open(struct catalogue *k, struct diag *d) must_use;

enum catalogue_event { SET_NEW, SET_GONE, SET_REWRITTEN, SET_RENAMED };

struct catalogue_change {
	enum catalogue_event event;
	const char *store, *name;
	int64_t runs, requests;		/* whose obligations ended by it */
};

struct catalogue_store {
	const struct backup_store *store;
	struct listing listing;
	VEC(struct catalogue_change) changes;
};

/* Lists one store and takes over what it says, in one transaction with its entry in the ledger. A listing that
 * is not good takes over what it has and clears nothing. False only when the database can't go on. */
bool catalogue_scan(struct catalogue *k, const struct backup_store *store, struct catalogue_store *ret,
		    struct diag *d) must_use;

/* Compares all that is listed with all that was erased since. */
bool catalogue_judge(struct catalogue *k, struct diag *d) must_use;

#endif
