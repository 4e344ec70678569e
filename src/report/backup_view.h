/* Which backups still hold erased rows, of how many requests, until when, why ("pgretain.backups/1"). Filled by
 * cmd/; all text is borrowed, instants are RFC 3339 in UTC. */
#ifndef PGRETAIN_REPORT_BACKUP_VIEW_H
#define PGRETAIN_REPORT_BACKUP_VIEW_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

struct backup_row {
	const char *set;		/* store/name */
	const char *kind;		/* "pg_dump", "wal", … */
	const char *id;			/* its name in the store */
	const char *type;		/* NULL */
	const char *stop;		/* NULL: not told */
	const char *state;		/* clean holds isolated cleared overdue */
	int64_t requests;		/* of people, whose erased rows it holds */
	int64_t runs;			/* the same of runs, nightly ones included */
	const char *until;		/* NULL: no end is known */
	const char *reason;
	json_t *findings;		/* array of sentences; borrowed */
};

struct backup_change {
	const char *set, *what;		/* "new", "gone", "renamed", "rewritten" */
	int64_t runs, requests;
};

struct backup_place {
	const char *store;
	const char *listing;		/* "good", "empty", "partial", "failed", "never" */
	const char *listed_at, *good_at;	/* NULL: never */
	const char *trouble;		/* NULL when good */
	int64_t sets;
};

struct backup_view {
	const char *database;
	VEC(struct backup_row) sets;
	VEC(struct backup_place) stores;
	VEC(struct backup_change) changes;	/* of a scan */
	VEC(const char *) completed;		/* requests that became complete */
	VEC(const char *) notes;
	bool is_scan;
	int exit;
};

/* The rows that a human must look at: beyond their date, or a store whose listing is not good. */
bool backup_view_troubled(const struct backup_view *v);

json_t *backup_view_json(const struct backup_view *v) must_use;
void backup_view_text(const struct backup_view *v, const struct text_style *st, struct arena *a, struct strbuf *sb);

#endif
