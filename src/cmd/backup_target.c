#include "cmd/backup_target.h"

#include "backup/folder.h"
#include "pg/sqltext.h"

#include <stdlib.h>

const struct backup_store *backup_store_of(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->nbackups; i++)
		if (streq(p->backups[i].name, name))
			return &p->backups[i];
	return NULL;
}

bool backup_target_is_archive(const struct backup_target *t)
{
	return streq(t->kind, "pg_dump");
}

bool backup_targets_load(struct ctx *ctx, struct conn *c, const char *rules_digest, int64_t epoch,
			 struct backup_targets *ret, struct diag *d)
{
	struct arena *a = ctx->arena;
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/backup_targets"), &res, d, rules_digest,
			     arena_printf(a, "%lld", (long long)epoch)))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		vec_push(a, &ret->all, ((struct backup_target){
			.number = arena_strdup(a, res_text(res, i, 0)), .store = arena_strdup(a, res_text(res, i, 1)),
			.set = arena_printf(a, "%s/%s", res_text(res, i, 1), res_text(res, i, 2)),
			.kind = arena_strdup(a, res_text(res, i, 3)), .path = arena_strdup(a, res_text_null(res, i, 4)),
			.identity = arena_strdup(a, res_text(res, i, 5)), .holds = res_int(res, i, 6),
			.seen = res_bool(res, i, 7) }));
	return true;
}

static bool names(const char *word, const struct backup_target *t)
{
	return streq(word, t->set) || streq(word, t->store);
}

static bool is_known(struct ctx *ctx, const struct backup_targets *t, const char *word)
{
	bool found = backup_store_of(ctx->policy, word) != NULL;

	for (size_t i = 0; i < t->all.n; i++)
		found |= names(word, &t->all.v[i]);
	return found;
}

bool backup_targets_named(struct ctx *ctx, struct backup_targets *t, const char *const *words, struct diag *d)
{
	size_t n = 0;

	for (const char *const *w = words; *w; w++) {
		if (is_known(ctx, t, *w))
			continue;
		diag_fail(d, DIAG_USAGE, "there is no backup \"%s\"", *w);
		diag_hint(d, "pgretain backup list shows the sets; pgretain backup scan looks for new ones");
		return false;
	}
	for (size_t i = 0; i < t->all.n; i++) {
		bool meant = false;

		for (const char *const *w = words; *w; w++)
			meant |= names(*w, &t->all.v[i]);
		if (meant)
			t->all.v[n++] = t->all.v[i];
	}
	t->all.n = n;
	return true;
}

const struct backup_target *backup_target_at(struct ctx *ctx, const struct backup_targets *t, const char *path)
{
	AUTO(auto_free) char *real = realpath(path, NULL);
	const struct backup_target *found = NULL;
	struct stat st;

	if (!real || stat(real, &st) != 0)
		return NULL;
	for (size_t i = 0; i < t->all.n && !found; i++) {
		const struct backup_target *x = &t->all.v[i];
		AUTO(auto_free) char *its = x->path && backup_target_is_archive(x) ? realpath(x->path, NULL) : NULL;

		if (its && streq(its, real) && streq(folder_identity(ctx->arena, &st), x->identity))
			found = x;
	}
	return found;
}
