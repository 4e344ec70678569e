/* Backups as their tools list them, in one form: what a provider makes of a listing, and what the catalogue
 * keeps. Text is borrowed or in the listing's arena; NULL is: not told. */
#ifndef PGRETAIN_BACKUP_SET_H
#define PGRETAIN_BACKUP_SET_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/instant.h"
#include "model/policy.h"

#define NO_INSTANT INSTANT_MINUS_INFINITY

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES };

struct backup_set {
	const char *name;		/* the tool's label, the file's name, "wal" */
	const char *identity;		/* another one under the same name is another backup */
	const char *kind;		/* the store's, or "wal" */
	const char *type;		/* "full", "diff", "incr", the format of a dump */
	const char *path;
	const char *system_identifier;	/* decimal */
	int64_t timeline;		/* 0: not known */
	bool has_start_lsn, has_stop_lsn;
	uint64_t start_lsn, stop_lsn;	/* wal: start of the oldest segment, end of the newest */
	int64_t start;			/* instant; not later than what it shows */
	int64_t stop;			/* instant; when it was complete */
	bool has_ledger_seq;
	int64_t ledger_seq;		/* newest entry of this ledger inside a dump */
	VEC(const char *) depends_on;	/* names of sets */
	bool kept;			/* beyond the policy */
	enum known encrypted;
	enum known closed;		/* nobody but the owner can read it */
	const char *annotations;	/* JSON object */
	int64_t size;			/* bytes; -1: not known */
	int64_t expires;		/* instant that the tool itself gives; NO_INSTANT: none */
	const char *group;		/* forecast: sets that expire by each other's age, e.g. the repository */
	const char *trouble;		/* why it could not be read */
	VEC(const char *) findings;	/* one sentence each */
	bool unchanged;			/* known with this identity: what was read of it then still holds */
	int64_t until;			/* set by forecast: NO_INSTANT: no end is known */
	const char *until_why;
};

enum listing_state {
	LISTING_GOOD,
	LISTING_EMPTY,			/* nothing listed */
	LISTING_PARTIAL,		/* some could not be listed */
	LISTING_FAILED,
};
/* "good", … */
const char *listing_word(enum listing_state state);

struct listing {
	struct arena *a;
	enum listing_state state;
	const char *trouble;		/* why it is not good; one sentence */
	const char *digest;		/* of what the tool said */
	VEC(struct backup_set) sets;
	VEC(const char *) notes;	/* for people, one sentence each */
};

/* Adds a set with everything unknown. */
struct backup_set *listing_add(struct listing *l, const char *name, const char *kind);
/* It can't be good any more; the first reason stands. Always true, so that a provider goes on. */
bool listing_partial(struct listing *l, const char *why);

/* What a provider is told beside its store. */
struct provider_env {
	const char *dbname;		/* of the database that is worked for */
	size_t nlineages;
	const char *const *lineages;	/* whose ledgers are its past: UUIDs */
	int64_t now;			/* instant, the server's clock */
	uint64_t wal_segment_size;	/* bytes, of the server */
	/* Is a set of this name and identity in the catalogue, and was it read? */
	bool (*is_known)(void *ctx, const char *name, const char *identity);
	void *ctx;
};

/* Fills `l`; false: the listing has failed, the diag says why. Never changes anything. */
typedef bool provider_list_fn(const struct backup_store *store, const struct provider_env *env, struct listing *l,
			      struct diag *d);

struct provider {
	const char *kind;
	provider_list_fn *list;
};

#define PROVIDER(kind) provider_list_fn provider_##kind;
#include "backup/providers.def"
#undef PROVIDER

/* The row of backup/providers.def for this kind. */
const struct provider *provider_of(const char *kind);

/* Lists a store: the provider, then what holds for all of them: an empty listing is not good, dates
 * (backup/forecast.h), findings (backup/isolation.h). Failures are in l->state and l->trouble. */
void provider_run(const struct backup_store *store, const struct provider_env *env, struct listing *l);

#endif
