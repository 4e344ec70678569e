/* An opened archive under the judge's rules: which entries hold rows of which roles, and in which fields. */
#ifndef PGRETAIN_BACKUP_ARCHIVE_H
#define PGRETAIN_BACKUP_ARCHIVE_H

#include "backup/records.h"
#include "dump/schema.h"
#include "model/judge.h"
#include "ops/anon.h"

struct seat_columns {
	size_t n;
	size_t *fields;
	enum judge_form *forms;
};

struct seat_way {
	const struct judge_way *way;
	struct seat_columns child;
	uint32_t list;			/* of keys: those of the upper role that the way leads to */
};

struct seat_key {
	struct seat_columns columns;
	uint32_t list;
};

struct seat_op {
	struct anon *anon;
	size_t field;
};

struct seat_test {
	const struct judge_test *test;
	struct seat_columns columns;
	uint32_t list;			/* KEYS */
	bool idle;			/* TOMBS: the archive contains all these erasures */
	struct tomb_value *values;	/* TOMBS: room for a key */
};

struct seat_kept {			/* CASCADE: a rule of the row's own, and what it says of the law's terms */
	const struct pred *pred;	/* NULL: a follower */
	uint16_t role;
};

/* One role in one entry. */
struct seat {
	const struct judge_role *role;
	uint16_t index;
	const struct pred *pred;	/* with this entry's fields; NULL */
	const struct pred *start;	/* the same: whose start tells rows under one key apart */
	size_t nways, nkeys, nops, ntests, nkept;
	struct seat_way *ways;
	struct seat_key *keys;		/* by which other roles refer to its rows */
	struct seat_op *ops;
	struct seat_test *tests;
	struct seat_kept *kept;
	struct seat_columns key;	/* that operators name */
	struct seat_columns live;	/* quarantine: by which rows of the live table are found */
};

struct place {				/* one entry of the archive, by its index */
	size_t nseats;
	struct seat *seats;
	bool ruled;			/* some RULE seat */
	bool simple;			/* each row is judged by itself */
};

struct archive {
	struct arena *arena;
	struct dump *dump;
	const struct judge *judge;
	struct dump_schema schema;
	struct place *places;
	bool *present;			/* roles: some entry has its rows */
	bool has_ledger;		/* rows of pgretain.ledger: it says which erasures the archive contains */
	bool *contains;			/* of each batch of the judge's tombs */
	uint32_t nlists;
};

/* Refused (STEP): an entry that a rule concerns and that can't be judged. Everything lives in `a`, the dump
 * stays the caller's. */
bool archive_match(struct arena *a, struct dump *dump, const struct judge *judge, struct archive *ret, struct diag *d)
	must_use;

/* Rows of the database that the judge is of. */
bool archive_ours(const struct archive *x, const struct dump_entry *e);

/* inside.c: has_ledger and contains. */
bool inside_read(struct archive *x, struct diag *d) must_use;

/* "shop.orders" as in SQL, quoted where needed. */
const char *archive_display(struct arena *a, const struct dump_entry *e);

#endif
