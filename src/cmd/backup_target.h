/* Which sets of the catalogue a verb that reads archives means. */
#ifndef PGRETAIN_CMD_BACKUP_TARGET_H
#define PGRETAIN_CMD_BACKUP_TARGET_H

#include "cmd/cmd.h"
#include "pg/conn.h"

struct backup_target {
	const char *number;		/* in pgretain.backup_set; NULL: not in the catalogue */
	const char *set;		/* "nightly/monday.dump"; NULL */
	const char *store, *kind, *path, *identity;
	int64_t holds;			/* runs whose rows it still holds */
	bool seen;			/* nothing has changed since it was last looked through */
};

struct backup_targets {
	VEC(struct backup_target) all;
};

/* Every set that is there. rules_digest, epoch: as the rules are now; NULL: not needed. */
bool backup_targets_load(struct ctx *ctx, struct conn *c, const char *rules_digest, int64_t epoch,
			 struct backup_targets *ret, struct diag *d) must_use;
/* Only those that words (NULL-terminated) name, by set or store. An unknown word is a USAGE failure. */
bool backup_targets_named(struct ctx *ctx, struct backup_targets *t, const char *const *words, struct diag *d) must_use;
/* The set whose archive lies at `path` as it was listed; NULL: none. */
const struct backup_target *backup_target_at(struct ctx *ctx, const struct backup_targets *t, const char *path);
const struct backup_store *backup_store_of(const struct policy *p, const char *name);
/* Made by pg_dump: the others are never read row by row. */
bool backup_target_is_archive(const struct backup_target *t);

#endif
