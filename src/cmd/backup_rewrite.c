/* backup rewrite: archives without the rows that the rules take. */
#include "cmd/backup_rewrite.h"

#include "base/log.h"
#include "base/sig.h"
#include "cmd/backup_outcome.h"
#include "cmd/connect.h"
#include "cmd/erasure_backup.h"
#include "cmd/self.h"
#include "dump/replace.h"
#include "ledger/ledger.h"
#include "plan/judge.h"
#include "report/json.h"

/* ---- rules ---- */

bool backup_rules_read(void *rules, const struct judge **ret, struct diag *d)
{
	struct backup_rules *r = rules;
	struct judge *judge;

	if (!judge_build(r->c, r->ctx->policy, r->db, &judge, d))
		return false;
	backup_rules_done(r);
	*ret = r->judge = judge;
	return true;
}

void backup_rules_done(struct backup_rules *r)
{
	if (r->judge)
		judge_free(r->judge);
	r->judge = NULL;
}

/* ---- one archive ---- */

struct work {
	struct ctx *ctx;
	struct conn *c;
	struct backup_rules rules;
	struct backup_targets targets;
	json_t *said;			/* of each archive */
	bool dry, any, settled;
	int code;
};

static bool read_rules(void *ctx, const struct judge **ret, struct diag *d)
{
	struct work *w = ctx;

	return backup_rules_read(&w->rules, ret, d);
}

static void say(struct work *w, const struct backup_target *t, const struct backup_outcome *out,
		const struct meeting *met)
{
	w->any = true;
	w->code = exit_worse(w->code, backup_outcome_exit(out));
	log_event(LOG_LEVEL_INFO, "backup.rewrite", LOG_S("path", out->path),
		  LOG_S("status", backup_status_word(out->status)));
	if (w->ctx->format == FORMAT_JSON)
		json_add(w->said, backup_outcome_json(w->ctx, t, out, met));
	else
		backup_outcome_text(w->ctx, t, out, met);
	backup_outcome_complain(w->ctx, out);
}

/* False: nothing else can be judged, *d says why. */
static bool rewrite_one(struct work *w, const struct backup_target *t, struct diag *d)
{
	struct meeting met = { .c = w->c, .a = w->ctx->arena, .set = t->number, .actor = w->ctx->actor,
			       .skew_ms = policy_limits(w->ctx->policy, w->ctx->db, NULL).max_clock_skew_ms };
	struct backup_books books = { .identity = t->identity, .intend = meet_intend, .settle = meet_settle, .ctx = &met };
	struct backup_options o = {
		.output = opts_text(&w->ctx->opts, "output"), .dry_run = w->dry, .actor = w->ctx->actor,
		.judge = read_rules, .stop_requested = sig_stop_requested, .ctx = w,
	};
	struct backup_outcome out = { .arena = w->ctx->arena };
	bool kept = t->number && !o.output, met_it;

	o.books = kept ? &books : NULL;
	backup_rewrite_set(w->c, t->path, &o, &out);
	if (kept && out.diag.cls == DIAG_USAGE)
		out.diag.cls = DIAG_STEP;	/* it was listed, and has gone since */
	if (out.diag.cls == DIAG_USAGE || out.lost || out.diag.cls == DIAG_CONFIG) {
		out.diag.cls = out.lost ? DIAG_CONNECT : out.diag.cls;
		*d = out.diag;
		return false;
	}
	met_it = kept && !w->dry && (out.status == BACKUP_REWRITTEN || out.status == BACKUP_UNCHANGED);
	w->settled |= met_it && met.runs;
	say(w, t, &out, met_it ? &met : NULL);
	return true;
}

/* ---- those of the catalogue ---- */

static void refuse_kind(struct work *w, const struct backup_target *t)
{
	struct backup_outcome out = { .arena = w->ctx->arena, .path = t->path ? t->path : t->set,
				      .status = BACKUP_REFUSED };

	diag_fail(&out.diag, DIAG_STEP, "%s: rows can't be taken out of a backup of kind %s: it holds them until it expires",
		  t->set, t->kind);
	say(w, t, &out, NULL);
}

/* Without words: what the policy allows, and what may still hold something. */
static bool is_due(struct ctx *ctx, const struct backup_target *t)
{
	const struct backup_store *store = backup_store_of(ctx->policy, t->store);

	return store && store->rewrite && backup_target_is_archive(t) && t->holds && !t->seen;
}

/* What those have left that died at it: a folder that was exchanged lies there with its old rows. */
static void sweep(struct work *w)
{
	for (size_t i = 0; !w->dry && i < w->ctx->policy->nbackups; i++) {
		const struct backup_store *s = &w->ctx->policy->backups[i];
		struct diag d = DIAG_INIT;
		size_t cleared = 0;

		if (!s->rewrite)
			continue;
		if (!dump_replace_sweep(s->path, &cleared, &d))
			w->code = exit_worse(w->code, ctx_fail(w->ctx, &d));
		if (cleared)
			log_event(LOG_LEVEL_WARN, "backup.sweep", LOG_S("store", s->name), LOG_I("cleared", (int64_t)cleared));
	}
}

static bool rewrite_sets(struct work *w, bool named, struct diag *d)
{
	sweep(w);
	for (size_t i = 0; i < w->targets.all.n; i++) {
		const struct backup_target *t = &w->targets.all.v[i];

		if (sig_stop_requested())
			return diag_fail(d, DIAG_INTERRUPTED, "interrupted; archives that were not reached stand as they were");
		if (!named && !is_due(w->ctx, t))
			continue;
		if (!backup_target_is_archive(t))
			refuse_kind(w, t);
		else if (!rewrite_one(w, t, d))
			return false;
	}
	return true;
}

static bool rewrite_file(struct work *w, const char *path, struct diag *d)
{
	struct backup_target loose = { .path = path };
	const struct backup_target *t = backup_target_at(w->ctx, &w->targets, path);

	return rewrite_one(w, t ? t : &loose, d);
}

static bool load(struct work *w, const char *const *words, struct diag *d)
{
	const struct judge *judge;

	return backup_rules_read(&w->rules, &judge, d) &&
		backup_targets_load(w->ctx, w->c, meet_rules_digest(w->ctx->arena, judge), judge->hold_epoch, &w->targets, d) &&
		(!words || backup_targets_named(w->ctx, &w->targets, words, d));
}

/* ---- the end ---- */

/* Requests that waited for these archives alone. */
static bool settle(struct work *w, struct erasure_done *done, struct diag *d)
{
	if (w->settled && !erasure_backups_settle(w->ctx, w->c, done, d))
		return false;
	return w->dry || ctx_export(w->ctx, w->c, d);
}

static void show(struct work *w, const struct erasure_done *done, bool file)
{
	json_t *root, *completed;
	AUTO_STRBUF sb = STRBUF_INIT;

	if (w->ctx->format == FORMAT_JSON) {
		root = json_object();
		completed = json_array();
		for (size_t i = 0; i < done->ids.n; i++)
			json_add(completed, json_text(done->ids.v[i]));
		json_put(root, "schema", json_text("pgretain.backup/1"));
		json_put(root, "database", json_text(w->ctx->db->name));
		json_put(root, "sets", json_incref(w->said));
		json_put(root, "completed", completed);
		json_put(root, "exit", json_count(w->code));
		ctx_print_json(w->ctx, root);
		return;
	}
	if (!file && !w->any)
		strbuf_adds(&sb, "No archive that may be rewritten holds a row that was erased.\n");
	for (size_t i = 0; i < done->ids.n; i++)
		strbuf_addf(&sb, "request %s is complete: no backup holds its rows any more\n", done->ids.v[i]);
	ctx_print(w->ctx, &sb);
}

static int work(struct work *w, const char *file, const char *const *words)
{
	struct erasure_done done = { { NULL, 0, 0 } };
	struct diag d = DIAG_INIT, why = DIAG_INIT;

	if (!load(w, words, &d))
		return ctx_fail(w->ctx, &d);
	if (!(file ? rewrite_file(w, file, &why) : rewrite_sets(w, words != NULL, &why)))
		w->code = exit_worse(w->code, ctx_fail(w->ctx, &why));
	if (why.cls == DIAG_CONNECT || (file && why.cls != DIAG_OK))
		return w->code;
	if (!settle(w, &done, &d))
		return ctx_fail(w->ctx, &d);
	show(w, &done, file != NULL);
	return w->code;
}

int backup_rewrite(struct ctx *ctx, int argc, char **argv)
{
	struct work w = { .ctx = ctx, .dry = opts_flag(&ctx->opts, "dry-run") };
	const char *file = opts_text(&ctx->opts, "file"), *output = opts_text(&ctx->opts, "output");
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;
	int code;

	if (file && argc)
		return ctx_usage(ctx, "either --file PATH or sets of the catalogue");
	if (output && !file)
		return ctx_usage(ctx, "--output takes one archive: --file PATH");
	if (w.dry && output)
		return ctx_usage(ctx, "--dry-run writes nothing: leave --output out");
	w.c = c = ctx_connect(ctx, w.dry);
	if (!c)
		return EXIT_REFUSED;
	if (!(w.dry ? ledger_readable(c, &d) : ledger_require(c, ctx_replay_log(ctx), &d)))
		return ctx_fail(ctx, &d);
	w.rules = (struct backup_rules){ .ctx = ctx, .c = c, .db = ctx->db };
	w.said = json_array();
	code = work(&w, file, argc ? (const char *const *)argv : NULL);
	json_decref(w.said);
	backup_rules_done(&w.rules);
	return code;
}

const struct opt backup_rewrite_options[] = {
	{ .name = "file", .arg = "PATH", .help = "this archive, whether it is in the catalogue or not" },
	{ .name = "output", .arg = "PATH", .help = "a new archive there; the old one stays" },
	{ .name = "dry-run", .help = "what would be dropped and altered; nothing is written" },
	{ .name = NULL },
};
