/* The vault's face: what is there, back to where it came from, away for good. */
#include "base/instant.h"
#include "base/log.h"
#include "base/sig.h"
#include "cmd/connect.h"
#include "cmd/vault_step.h"
#include "ledger/ledger.h"
#include "plan/vault_plan.h"
#include "report/json.h"

#include <uuid/uuid.h>

/* ---- what was done ---- */

static json_t *entries_json(const struct vault_outcome *o, const char *moved)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->entries.n; i++) {
		const struct vault_entry *e = &o->entries.v[i];
		json_t *x = json_object();

		json_put(x, "rule", json_text(e->rule));
		json_put(x, "table", json_text(e->table));
		json_put(x, "run", json_text(e->run));
		json_put(x, "purge_after", json_text(e->purge_after));
		json_put(x, "rows", json_count(e->rows));
		json_put(x, "held", json_count(e->held));
		if (moved)
			json_put(x, moved, json_count(e->moved));
		json_add(list, x);
	}
	return list;
}

static json_t *conflicts_json(const struct vault_outcome *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->conflicts.n; i++) {
		const struct vault_conflict *k = &o->conflicts.v[i];
		json_t *x = json_object();

		json_put(x, "rule", json_text(k->rule));
		json_put(x, "table", json_text(k->table));
		json_put(x, "constraint", json_text(k->constraint));
		json_put(x, "rows", json_count(k->rows));
		json_add(list, x);
	}
	return list;
}

static void show_json(struct ctx *ctx, const struct vault_outcome *o, const char *moved, int code)
{
	json_t *root = json_object();

	json_put(root, "schema", json_text("pgretain.quarantine/1"));
	json_put(root, "database", json_text(ctx->db->name));
	json_put(root, "entries", entries_json(o, moved));
	if (moved) {
		json_put(root, moved, json_count(o->moved));
		json_put(root, "conflicts", conflicts_json(o));
	}
	json_put(root, "exit", json_count(code));
	ctx_print_json(ctx, root);
}

static void entries_text(struct ctx *ctx, struct strbuf *sb, const struct vault_outcome *o, const char *moved)
{
	struct text_style style = ctx_style(ctx);
	const struct text_column columns[] = {
		{ "rule", false }, { "table", false }, { "purge after", false }, { "rows", true }, { "held", true },
		{ moved ? moved : "", true }, { "run", false },
	};
	struct text_table t = { .arena = ctx->arena, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	for (size_t i = 0; i < o->entries.n; i++) {
		const struct vault_entry *e = &o->entries.v[i];
		const char *const cells[] = {
			e->rule, e->table, e->purge_after, arena_printf(ctx->arena, "%lld", (long long)e->rows),
			arena_printf(ctx->arena, "%lld", (long long)e->held),
			moved ? arena_printf(ctx->arena, "%lld", (long long)e->moved) : "", e->run,
		};

		text_table_add(&t, TONE_PLAIN, cells);
	}
	text_table_render(&t, &style, sb);
}

static void show_text(struct ctx *ctx, const struct vault_outcome *o, const char *moved, const char *none)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	struct text_style style = ctx_style(ctx);

	if (o->entries.n)
		entries_text(ctx, &sb, o, moved);
	else
		strbuf_addf(&sb, "%s\n", none);
	if (moved && o->entries.n)
		strbuf_addf(&sb, "\n%lld row(s) %s.\n", (long long)o->moved, moved);
	for (size_t i = 0; i < o->conflicts.n; i++) {
		const struct vault_conflict *k = &o->conflicts.v[i];

		text_paragraph(&sb, &style, i ? "  " : "\nStay in the vault:\n  ",
			       arena_printf(ctx->arena, "%s, %lld row(s): %s", k->table, (long long)k->rows, k->constraint));
	}
	ctx_print(ctx, &sb);
}

int vault_exit(const struct vault_outcome *o)
{
	if (o->interrupted)
		return EXIT_INTERRUPTED;
	return o->conflicts.n || o->notes.n ? EXIT_HUMAN : EXIT_DONE;
}

static int show(struct ctx *ctx, const struct vault_outcome *o, const char *moved, const char *none)
{
	int code = vault_exit(o);

	if (ctx->format == FORMAT_JSON)
		show_json(ctx, o, moved, code);
	else
		show_text(ctx, o, moved, none);
	for (size_t i = 0; i < o->notes.n; i++)
		ctx_complain(ctx, "", o->notes.v[i]);
	return code;
}

/* ---- list ---- */

static int list(struct ctx *ctx, int argc, char **argv)
{
	struct vault_outcome o = { .arena = ctx->arena };
	struct vault_plan *plan = NULL;
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = ctx_connect(ctx, true);
	bool ok;

	(void)argc;
	(void)argv;
	if (!c)
		return EXIT_REFUSED;
	if (!ledger_readable(c, &d) || !vault_plan_build(c, ctx->policy, ctx->db, NULL, NULL, &plan, &d))
		return ctx_fail(ctx, &d);
	ok = vault_list(c, plan, &o, &d);
	arena_free(plan->arena);
	return ok ? show(ctx, &o, NULL, "The vault is empty.") : ctx_fail(ctx, &d);
}

/* ---- acting ---- */

static struct conn *open_to_act(struct ctx *ctx, struct diag *d)
{
	const struct database *db = ctx_database(ctx);
	struct limits l;
	struct conn_settings settings = { .application = "pgretain quarantine" };
	AUTO_CONN *c = NULL;

	if (!db)
		return NULL;
	l = policy_limits(ctx->policy, db, NULL);
	settings.lock_timeout_ms = l.lock_timeout_ms;
	if (!ctx_open(ctx, db, &settings, &c, d) || !ledger_require(c, ctx_replay_log(ctx), d)) {
		ctx_fail(ctx, d);
		return NULL;
	}
	c->stop = STOP_WAITING;
	return STEAL(c);
}

struct holder {
	struct ctx *ctx;
	struct conn *c;
	const struct database *db;
	VEC(struct vault_plan *) plans;
};

static bool replan(void *arg, const struct vault_plan **ret, struct diag *d)
{
	struct holder *h = arg;
	struct vault_plan *plan;
	const char *since = h->plans.n ? h->plans.v[0]->as_of : NULL;

	if (!vault_plan_build(h->c, h->ctx->policy, h->db, NULL, since, &plan, d))
		return false;
	vec_push(h->ctx->arena, &h->plans, plan);
	*ret = plan;
	return true;
}

bool vault_step_purge(struct ctx *ctx, struct conn *c, const struct database *db, const char *before,
		      struct vault_outcome *ret, struct diag *d)
{
	struct holder h = { .ctx = ctx, .c = c, .db = db };
	struct vault_options o = { .actor = ctx->actor, .before = before, .stop_requested = sig_stop_requested,
				   .refresh = replan, .ctx = &h };
	const struct vault_plan *plan;
	bool ok;

	*ret = (struct vault_outcome){ .arena = ctx->arena };
	ok = replan(&h, &plan, d) && vault_purge(c, plan, &o, ret, d) && ledger_note_erasures(c, d);
	for (size_t i = 0; i < h.plans.n; i++)
		arena_free(h.plans.v[i]->arena);
	if (ret->moved)
		log_event(LOG_LEVEL_INFO, "quarantine.purge", LOG_I("rows", ret->moved));
	return ok;
}

/* A batch whose COMMIT stayed without an answer is in the ledger or not: the same command finds what is left. */
static int fail(struct ctx *ctx, struct diag *d)
{
	if (d->cls == DIAG_LOST)
		diag_hint(d, "look at the server; what was committed is in the ledger: give the same command again, it goes on "
			  "from there");
	return ctx_fail(ctx, d);
}

static int purge(struct ctx *ctx, int argc, char **argv)
{
	const char *before = opts_text(&ctx->opts, "before");
	struct vault_outcome out = { .arena = ctx->arena };
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;
	int64_t instant;

	(void)argc;
	(void)argv;
	if (before && !instant_parse_rfc3339(before, &instant))
		return ctx_usage(ctx, "--before is %s, which is no instant: write 2026-11-24T17:30:00Z or a date", before);
	c = open_to_act(ctx, &d);
	if (!c)
		return EXIT_REFUSED;
	if (!vault_step_purge(ctx, c, ctx->db, before, &out, &d) || !ctx_export(ctx, c, &d))
		return fail(ctx, &d);
	return show(ctx, &out, "purged", "Nothing in the vault is past its purge date.");
}

static bool take_want(struct ctx *ctx, int argc, char **argv, struct vault_want *want)
{
	uuid_t id;

	want->rule = argv[0];
	want->run = opts_text(&ctx->opts, "run");
	if (want->run && uuid_parse(want->run, id) != 0) {
		ctx_usage(ctx, "--run is %s, which is no UUID: quarantine list shows them", want->run);
		return false;
	}
	want->npairs = (size_t)argc - 1;
	want->columns = arena_alloc(ctx->arena, (size_t)argc * sizeof(*want->columns));
	want->values = arena_alloc(ctx->arena, (size_t)argc * sizeof(*want->values));
	for (int i = 1; i < argc; i++)
		if (!ctx_split_pair(ctx, argv[i], &want->columns[i - 1], &want->values[i - 1]))
			return false;
	return true;
}

static int release(struct ctx *ctx, int argc, char **argv)
{
	struct vault_options o = { .actor = ctx->actor, .stop_requested = sig_stop_requested };
	struct vault_outcome out = { .arena = ctx->arena };
	struct vault_want want = { 0 };
	struct vault_plan *plan = NULL;
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;
	bool ok;

	if (!take_want(ctx, argc, argv, &want))
		return EXIT_REFUSED;
	c = open_to_act(ctx, &d);
	if (!c)
		return EXIT_REFUSED;
	if (!vault_plan_build(c, ctx->policy, ctx->db, &want, NULL, &plan, &d))
		return ctx_fail(ctx, &d);
	ok = vault_release(c, plan, &o, &out, &d);
	arena_free(plan->arena);
	if (!ok || !ctx_export(ctx, c, &d))
		return fail(ctx, &d);
	if (out.moved)
		log_event(LOG_LEVEL_INFO, "quarantine.release", LOG_S("rule", want.rule), LOG_I("rows", out.moved));
	return show(ctx, &out, "released", "The vault has no rows of this rule.");
}

static const struct opt release_options[] = {
	{ .name = "run", .arg = "UUID", .help = "only what this run has quarantined" },
	{ .name = NULL },
};

static const struct opt purge_options[] = {
	{ .name = "before", .arg = "TIME", .help = "only rows whose purge date is at or before TIME (else now)" },
	{ .name = NULL },
};

static const struct verb verbs[] = {
	{ .name = "list", .usage = "", .summary = "what is in the vault, by rule, run and purge date", .run = list },
	{ .name = "release", .usage = "RULE [COLUMN=VALUE...] [--run UUID]",
	  .summary = "puts rows back where they came from, byte for byte, with what follows them",
	  .options = release_options, .min_words = 1, .max_words = -1, .run = release },
	{ .name = "purge", .usage = "[--before TIME]", .summary = "removes for good what is past its purge date",
	  .options = purge_options, .run = purge },
	{ .name = NULL },
};

const struct command cmd_quarantine = {
	.name = "quarantine",
	.summary = "the vault: lists, releases and purges quarantined rows",
	.usage = "list | release RULE [COLUMN=VALUE...] [--run UUID] | purge [--before TIME]",
	.help =
		"Quarantined rows stand in the vault (schema pgretain_vault) until their purge date. Nothing is\n"
		"purged before it, and nothing that a legal hold covers.\n"
		"\n"
		"release puts rows back as they were. A row that meets a constraint (a new row has its key by now)\n"
		"stays in the vault and is named by the constraint; nothing is overwritten. Rows of rules that follow\n"
		"RULE come back with theirs. A row that came back is still due: place a hold or lengthen its class\n"
		"first, or the next run takes it again.\n"
		"\n"
		"Exit code: 0 done; 2 rows stay that should have moved; 1 refused; 4 interrupted, again to go on.\n"
		"\n"
		"Example:\n"
		"  pgretain quarantine list\n"
		"  pgretain quarantine release visits id=4711\n"
		"  pgretain quarantine purge\n",
	.verbs = verbs,
	.flags = CMD_STOPS,
};
