/* Tombstones: one row of one past (domain.md 7), as many as two million, found by a row's key. */
#ifndef PGRETAIN_MODEL_TOMB_H
#define PGRETAIN_MODEL_TOMB_H

#include "base/rowkey.h"
#include "base/secret.h"
#include "model/form.h"
#include "model/pred.h"

struct tomb_value {
	const char *bytes;		/* NULL: SQL NULL */
	size_t len;
};

/* ---- natural keys ---- */

/* From the key of the key file, once. */
void tomb_secret(const struct secret_key *file, struct secret_key *ret);
/* Tells digests of two keys apart. */
void tomb_made_with(const struct secret_key *k, char into[SECRET_MAC_TEXT]);
/* Of a row's key, or of all its columns: names and values, each in the form in which it is compared. */
void tomb_digest(const struct secret_key *k, size_t n, const char *const *columns, const enum judge_form *forms,
		 const struct tomb_value *values, unsigned char into[SECRET_MAC]);

/* ---- a set of them ---- */

/* Entries of the ledger whose rows they are. */
struct tomb_batch {
	int64_t seq;
	unsigned char entry[32];
};

struct tomb {
	struct rowkey key;
	int64_t at, local;		/* start, as an instant and as the zone's local time; NO_TOMB_MARK: none */
	uint32_t batch;			/* index; TOMB_REVOKED: the row is there again */
	uint32_t next;			/* under the same key, from 1; 0: none */
};
#define NO_TOMB_MARK INT64_MAX
#define TOMB_REVOKED UINT32_MAX

/* Rows of one table that the same happened to, with keys of the same columns. */
struct tombs {
	size_t ncolumns;
	const char **columns;
	enum judge_form *forms;
	const struct secret_key *secret;	/* natural keys; NULL: surrogate ones */
	const char *nameless;		/* why keys can't be compared; NULL: they can */
	uint64_t seed[2];
	struct tomb *v;
	size_t n, cap;
	uint32_t *slots;		/* into v, from 1 */
	size_t nslots;
};

void tombs_done(struct tombs *t);
/* False: a part of a surrogate key is NULL. */
bool tombs_key(const struct tombs *t, const struct tomb_value *values, struct rowkey *ret);
/* The key of a kept digest. */
struct rowkey tombs_digest_key(const unsigned char mac[SECRET_MAC]);
void tombs_add(struct tombs *t, const struct tomb *tomb);
/* The first under that key; NULL: none. */
struct tomb *tombs_find(const struct tombs *t, const struct rowkey *k);
static inline struct tomb *tombs_next(const struct tombs *t, const struct tomb *tomb)
{
	return tomb->next ? &t->v[tomb->next - 1] : NULL;
}

/* Is `raw`, a value of that column, the tombstone's start? */
bool tomb_began(const struct tomb *t, const struct pred_column *c, int64_t raw);

#endif
