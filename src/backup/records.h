/* What is known of rows of an archive: which roles each has, and what hangs on what. Only rows that have a
 * role are here; values are not, only keyed digests of keys. */
#ifndef PGRETAIN_BACKUP_RECORDS_H
#define PGRETAIN_BACKUP_RECORDS_H

#include "backup/spill.h"
#include "base/rowkey.h"

#define ROW_ID(entry, number) ((uint64_t)(entry) << 40 | (number))
#define ROW_ENTRY(row) ((size_t)((row) >> 40))

enum {
	RECORD_DONE = 1,	/* RULE that overwrites: in final form already */
	RECORD_KEPT = 2,	/* CASCADE: its own rule keeps it */
	RECORD_CLASS = 4,	/* HELD: by a hold on a class alone */
	RECORD_STAYS = 8,	/* something that refers to it stays, or it goes with such a row */
	RECORD_TOMB = 16,	/* RULE: a tombstone names it */
};

/* Numbers of other records are from 1; 0: none. */
struct record {
	uint64_t row;
	uint32_t parent, child, sibling;
	uint32_t next;		/* of the same row */
	uint16_t role, flags;
};

struct records {
	struct spill spill;
	uint64_t seed[2];
	struct record *v;	/* v[0] is none */
	size_t n, cap;
	struct keyslot *keys;
	size_t nkeys, capkeys;
	uint32_t *rows;
	size_t nrows, caprows;
};

void records_init(struct records *rs, size_t memory);
void records_done(struct records *rs);

/* First record of that row, or 0. */
uint32_t records_of(const struct records *rs, uint64_t row);
/* That of this role, or 0. */
uint32_t records_find(const struct records *rs, uint64_t row, uint16_t role);
bool records_add(struct records *rs, uint64_t row, uint16_t role, uint32_t parent, uint32_t *ret, struct diag *d) must_use;

/* value: a record, or any number but 0. A key that is there already keeps its value. */
bool records_put(struct records *rs, const struct rowkey *k, uint32_t value, struct diag *d) must_use;
uint32_t records_get(const struct records *rs, const struct rowkey *k);

#endif
