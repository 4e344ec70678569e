/* What happens to the rows of an archive, found out in passes that only read: first which rows have a role,
 * as often as new ones come to light (a parent that is due makes its followers due), then what keeps what.
 * Tables whose rows stand alone need no record of any row: they are judged again while they are rewritten. */
#ifndef PGRETAIN_BACKUP_ANALYSIS_H
#define PGRETAIN_BACKUP_ANALYSIS_H

#include "backup/archive.h"
#include "pg/conn.h"

struct tally {
	uint64_t rows_in, dropped, altered, held, blocked;
	uint64_t other, untold;		/* rows under the key of an erased one: another row; that can't be told */
	uint64_t left;			/* erased rows that stay, for a hold or for what refers to them */
	size_t blocker;			/* entry of rows that refer to such a one, from 1; 0: none */
};

struct analysis {
	struct archive *x;
	struct conn *conn;		/* asked what only the server can say */
	bool first_only;		/* of tables whose rows stand alone: until the first match */
	bool (*tick)(void *ctx, uint64_t bytes, struct diag *d);
	void *tick_ctx;
	struct records rs;
	uint64_t *taken;		/* by how many rows each role is */
	struct tally *tallies;		/* of each entry */
	bool counting;			/* rows are seen for the first time */
	uint64_t *unmet;		/* of each batch: erased rows that stay here, or may */
	struct row_values *values;
	struct asking *asking;
	struct entry_state *states;
};

void analysis_init(struct analysis *n, struct archive *x, struct conn *c, size_t memory);
void analysis_done(struct analysis *n);
/* Its rows are counted in any case. */
void analysis_insist(struct analysis *n, size_t entry);
bool analysis_run(struct analysis *n, struct diag *d) must_use;
/* Is anything of the entry dropped or altered? */
bool analysis_touches(const struct analysis *n, size_t entry);
/* The same row again, with its new values set. */
bool analysis_verdict(struct analysis *n, struct dump_row *row, enum dump_verdict *ret, struct diag *d) must_use;

/* ---- between analysis.c, take.c, solve.c ---- */

/* rows.c: one row's values under one seat. */
struct row_values {
	struct dump_row *row;
	const char **fields;		/* for pred_eval */
	size_t *lens;
	size_t cap;
	struct strbuf out;
};
void row_fields(struct row_values *v, const struct pred *p);
/* Always false. */
bool row_unreadable(struct row_values *v, const struct archive *x, const struct seat *s, size_t field, struct diag *d);
bool row_state(struct row_values *v, const struct archive *x, const struct seat *s, const struct pred *p,
	       enum pred_mode mode, enum row_state *ret, struct diag *d) must_use;
/* False: a part of it is NULL. */
bool row_key(struct row_values *v, const struct records *rs, const struct seat_columns *c, uint32_t list,
	     struct rowkey *ret);
void text_key(const struct records *rs, const struct seat_columns *c, const char **texts, uint32_t list, struct rowkey *ret);
/* Overwrites what is not final yet; set: in the row, else it is only asked. */
bool row_overwrite(struct row_values *v, const struct seat *s, bool set, bool *ret_any, struct diag *d) must_use;

/* tombs.c */
enum tomb_says { TOMB_NONE, TOMB_OTHER, TOMB_UNTOLD, TOMB_ERASED };
/* By one of the seat's tests the row was erased: its batch, from 1; 0: it was not. */
bool tombs_cover(struct analysis *n, const struct seat *s, uint32_t *ret, struct diag *d) must_use;
/* The key under which the batch of a role that a tombstone gave is kept. */
void tombs_batch_key(const struct analysis *n, uint64_t row, uint16_t role, struct rowkey *ret);

/* take.c: the row's roles, into the records. */
bool take_row(struct analysis *n, size_t entry, struct dump_row *row, struct diag *d) must_use;
bool take_tests_keys(struct analysis *n, struct diag *d) must_use;
bool take_asked(struct analysis *n, struct diag *d) must_use;	/* what was put off, answered */
void take_done(struct analysis *n);

/* One more element of the text of a text[]; '}' is the caller's. */
void text_array_add(struct strbuf *sb, const struct dump_value *v);

/* live.c: refused (STEP) when a row that is to leave the archive for quarantine is not in the vault yet. */
bool live_check(struct analysis *n, struct diag *d) must_use;

/* solve.c */
void solve(struct analysis *n);
struct solved {
	bool drop, alter, held, blocked;
};
struct solved solve_row(const struct analysis *n, uint64_t row);
/* RULE: nothing keeps the row from it. */
bool solve_gone(const struct analysis *n, uint32_t record);
/* An erased row that stays: an entry whose rows keep it; SIZE_MAX: a hold, or what it hangs on, does. */
size_t solve_blocker(const struct analysis *n, uint32_t record);
/* CASCADE, UNSET: the row above goes, and this one, or its key, with it. */
bool solve_goes_with(const struct analysis *n, uint32_t record);

#endif
