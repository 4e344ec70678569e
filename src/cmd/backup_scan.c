/* Asks the stores what they have, and settles what that ends. */
#include "cmd/backup_verbs.h"

#include "base/fault.h"
#include "base/log.h"
#include "cmd/connect.h"
#include "cmd/erasure_backup.h"
#include "ledger/ledger.h"

static const struct backup_store *store_named(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->nbackups; i++)
		if (streq(p->backups[i].name, name))
			return &p->backups[i];
	return NULL;
}

static bool is_meant(const char *const *words, const char *store)
{
	if (!words || !*words)
		return true;
	for (; *words; words++)
		if (streq(*words, store))
			return true;
	return false;
}

static bool configured(struct ctx *ctx, const char *const *words, struct diag *d)
{
	if (!ctx->policy->nbackups) {
		diag_fail(d, DIAG_CONFIG, "no backups are configured");
		diag_where(d, "%s", ctx->policy->main_file);
		diag_hint(d, "say where they are (section backups), or why there are none (no_backups = \"REASON\")");
		return false;
	}
	for (; words && *words; words++)
		if (!store_named(ctx->policy, *words))
			return diag_fail(d, DIAG_USAGE, "there is no store \"%s\" in section backups", *words);
	return true;
}

static const char *change_word(enum catalogue_event event)
{
	static const char *const words[] = { [SET_NEW] = "new", [SET_GONE] = "gone", [SET_REWRITTEN] = "rewritten",
					     [SET_RENAMED] = "renamed" };

	return words[event];
}

static void note_store(struct ctx *ctx, const struct catalogue_store *s, struct backup_view *v)
{
	for (size_t i = 0; i < s->changes.n; i++) {
		const struct catalogue_change *ch = &s->changes.v[i];

		vec_push(ctx->arena, &v->changes, ((struct backup_change){
			arena_printf(ctx->arena, "%s/%s", ch->store, ch->name), change_word(ch->event), ch->runs, ch->requests }));
	}
	for (size_t i = 0; i < s->listing.notes.n; i++)
		vec_push(ctx->arena, &v->notes, s->listing.notes.v[i]);
	log_event(s->listing.state == LISTING_GOOD ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "backup.scan", LOG_S("store", s->store->name),
		  LOG_S("listing", listing_word(s->listing.state)), LOG_I("sets", (int64_t)s->listing.sets.n));
}

static bool scan(struct ctx *ctx, struct conn *c, const char *const *words, struct backup_view *v, struct diag *d)
{
	struct catalogue k = { .c = c, .a = ctx->arena, .actor = ctx->actor,
			       .skew_ms = policy_limits(ctx->policy, ctx->db, NULL).max_clock_skew_ms };

	struct erasure_done done = { { NULL, 0, 0 } };

	if (!catalogue_open(&k, d))
		return false;
	for (size_t i = 0; i < ctx->policy->nbackups; i++) {
		struct catalogue_store s;

		if (!is_meant(words, ctx->policy->backups[i].name))
			continue;
		if (!catalogue_scan(&k, &ctx->policy->backups[i], &s, d))
			return false;
		note_store(ctx, &s, v);
	}
	if (!catalogue_judge(&k, d))
		return false;
	FAULT_POINT(backup_settle);
	if (!erasure_backups_settle(ctx, c, &done, d) || !erasure_tombs_settle(ctx, c, d))
		return false;
	for (size_t i = 0; i < done.ids.n; i++)
		vec_push(ctx->arena, &v->completed, done.ids.v[i]);
	return true;
}

int backup_scan(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, false);
	const char *const *words = argc ? (const char *const *)argv : NULL;
	struct backup_view v = { .is_scan = true };
	struct diag d = DIAG_INIT;

	if (!c)
		return EXIT_REFUSED;
	if (!configured(ctx, words, &d) || !ledger_require(c, ctx_replay_log(ctx), &d) || !scan(ctx, c, words, &v, &d) ||
	    !backup_load(ctx, c, words, &v, &d) || !ctx_export(ctx, c, &d))
		return ctx_fail(ctx, &d);
	v.exit = backup_view_troubled(&v) ? EXIT_HUMAN : EXIT_DONE;
	backup_print(ctx, &v);
	return v.exit;
}
