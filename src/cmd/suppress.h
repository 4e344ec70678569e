/* Digests of erased people, and how they are compared with what stands in the tables.
 *
 * A digest is HMAC-SHA256 of type, kind, name and normalised value, under a key derived from the key file. PostgreSQL
 * has no HMAC, and one built from sha256() would need the key in a statement or parameter, where a server's log may
 * keep it: so columns of identifiers are streamed, one scan each for all digests, and hashed here. No value and no key
 * is sent to the server.
 *
 * Identifiers decide, never the surrogate key: keys are used again, for other people. An identifier with a time of
 * validity is theirs only within it, and nothing is theirs after the erasure where the row says since when it is
 * valid: a number that passed on hits nobody else. */
#ifndef PGRETAIN_CMD_SUPPRESS_H
#define PGRETAIN_CMD_SUPPRESS_H

#include "cmd/erasure.h"

struct suppress_entry {
	const char *request, *type, *name;
	unsigned char digest[SECRET_MAC];
	bool has_key;
	unsigned char key[SECRET_MAC];		/* digest of their surrogate key */
	int64_t since, until;
	bool found;
	void *owner;				/* the caller's */
};

struct suppress {
	struct ctx *ctx;
	const struct database *db;
	struct conn *conn;
	struct arena *a;
	struct secret_key key;			/* derived */
	VEC(struct suppress_entry) entries;
};

void suppress_init(struct suppress *s, struct ctx *ctx, const struct database *db, struct conn *c,
		   const struct secret_key *file_key);
void suppress_digest(const struct suppress *s, const char *type, const char *kind, const char *name, const char *value,
		     unsigned char into[SECRET_MAC]);
/* Of the key and the identifier's normalisation: equal marks can be compared. */
void suppress_mark(const struct suppress *s, const char *type, const struct identifier *id, unsigned char into[SECRET_MAC]);

/* Does a frozen value look like what it is? What an earlier part of the erasure left in the column, and was frozen again, is
 * nobody's identifier. */
bool suppress_usable(const struct identifier *id, const char *value);

/* A row that shows one of the entries. key NULL: it does not say whose. Text lives until the call returns. */
struct suppress_row {
	const char *table, *key, *value, *since, *until;
};
typedef void suppress_hit_fn(void *arg, struct suppress_entry *e, const struct suppress_row *row);
/* One scan of each column that holds an identifier of some entry: where the subject map says that it stands, and where
 * rules find people by it. Sets `found`; `hit` may be NULL. */
bool suppress_scan(struct suppress *s, suppress_hit_fn *hit, void *arg, struct diag *d) must_use;

/* What will be placed for these requests, whose erasure is done: what was frozen, without what still stands in the
 * tables, which is another person's. Without a key file: nothing. */
bool suppress_prepare(struct suppress *s, struct erasure *e, struct erasure_request **whose, size_t n, struct diag *d) must_use;
bool suppress_place(struct suppress *s, struct erasure *e, const struct erasure_request *const *whose, size_t n,
		    struct diag *d) must_use;

#endif
