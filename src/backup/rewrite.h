/* One archive made clean, or left exactly as it is. */
#ifndef PGRETAIN_BACKUP_REWRITE_H
#define PGRETAIN_BACKUP_REWRITE_H

#include "model/judge.h"
#include "pg/conn.h"

enum backup_status { BACKUP_REWRITTEN, BACKUP_WOULD_REWRITE, BACKUP_UNCHANGED, BACKUP_REFUSED, BACKUP_FAILED };
const char *backup_status_word(enum backup_status s);

/* One TABLE DATA that a rule concerns. rows_in = rows_out + dropped. */
struct backup_table {
	const char *table;		/* the leaf, as in SQL */
	uint64_t rows_in, dropped, altered, held, blocked, rows_out;
	/* Of keys that were erased after the archive was made: another row, by its start; whether it is that row can't be
	 * told; it is, and stays. The last two count as still holding what was erased. */
	uint64_t other, untold, left;
};

struct backup_outcome {
	struct arena *arena;		/* the caller's */
	const char *path;
	enum backup_status status;
	struct diag diag;		/* REFUSED, FAILED: why; of class INTERRUPTED after a request to stop */
	bool holds;			/* rows that were erased stay in it, or may */
	bool lost;			/* the server could not be asked any more: nothing else can be judged */
	VEC(struct backup_table) tables;
	VEC(const char *) notes;
};

/* What an archive is known to be without: whoever keeps the catalogue decides what that ends. */
struct backup_proof {
	const struct judge *judge;
	const struct backup_outcome *outcome;
	size_t nleft;			/* = judge->nroles */
	const struct role_left {
		bool present;		/* the archive has a table of this role */
		uint64_t rows;		/* of its tables, that holds or other rows keep */
	} *left;
	const uint64_t *unmet;		/* of each batch of the judge's: erased rows that stay in it, or may */
	bool vault;			/* rows that were quarantined before it was made are in it */
	size_t ntables;
	const struct judge_name *tables;	/* that have rows in it and no rule */
	const char *identity;		/* of the file or folder, as it lies there when all is done */
	int64_t size;			/* -1: a folder */
	const char *sha256;		/* of its bytes; of a folder: of its files' names and digests */
};

/* Archives of the catalogue. False ends the rewriting; the old archive stands. */
struct backup_books {
	const char *identity;		/* what lies there must be this (backup/folder.h) */
	/* Before the old archive is replaced, by itself: what a death afterwards leaves is known again. */
	bool (*intend)(void *ctx, const struct backup_proof *p, struct diag *d);
	/* It is replaced, or was clean already: in the transaction that ends with this. Writes the ledger's entries. */
	bool (*settle)(void *ctx, const struct backup_proof *p, struct diag *d);
	void *ctx;
};

struct backup_options {
	const char *output;		/* a new archive there; NULL: in place */
	const struct backup_books *books;	/* NULL: it is in no catalogue */
	bool dry_run;
	const char *actor, *run;	/* for the ledger; run may be NULL */
	size_t memory;			/* for what is known of rows, before it goes to a file; 0: 256 MB */
	/* The rules, holds included, as they are now: at the beginning, and again when holds have changed meanwhile. */
	bool (*judge)(void *ctx, const struct judge **ret, struct diag *d);
	int (*stop_requested)(void);
	void (*progress)(void *ctx, const char *phase, uint64_t bytes);	/* may be NULL */
	void *ctx;
};

/* Rows are dropped or altered as the rules say today; everything else stays byte for byte. The new archive is
 * read again before it takes the place of the old one: counts fit, nothing matches any more; pg_restore, where
 * installed, is asked too. The entry in the ledger and the replacement happen under the lock that placing a hold
 * takes, and only if no hold was placed since the rules were read. The connection must have no transaction open. */
void backup_rewrite_set(struct conn *c, const char *path, const struct backup_options *o, struct backup_outcome *ret);

#endif
