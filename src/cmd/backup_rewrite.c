/* backup rewrite: archives without the rows that the rules take. */
#include "cmd/backup_rewrite.h"

#include "base/log.h"
#include "base/sig.h"
#include "cmd/connect.h"
#include "ledger/ledger.h"
#include "plan/judge.h"
#include "report/json.h"

#include <sys/stat.h>

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

/* ---- what is said ---- */

int backup_outcome_exit(const struct backup_outcome *o)
{
	switch (o->status) {
	case BACKUP_REWRITTEN: case BACKUP_WOULD_REWRITE: case BACKUP_UNCHANGED:
		return EXIT_DONE;
	case BACKUP_REFUSED: case BACKUP_FAILED:
		return o->diag.cls == DIAG_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_HUMAN;
	}
	return EXIT_INTERNAL;
}

static const char *why(struct arena *a, const struct backup_outcome *o)
{
	if (o->diag.cls == DIAG_OK)
		return NULL;
	return *o->diag.where ? arena_printf(a, "%s (%s)", o->diag.message, o->diag.where) : arena_strdup(a, o->diag.message);
}

static json_t *tables_json(const struct backup_outcome *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->tables.n; i++) {
		const struct backup_table *t = &o->tables.v[i];
		json_t *x = json_object();

		json_put(x, "table", json_text(t->table));
		json_put(x, "rows_in", json_count((int64_t)t->rows_in));
		json_put(x, "dropped", json_count((int64_t)t->dropped));
		json_put(x, "altered", json_count((int64_t)t->altered));
		json_put(x, "held", json_count((int64_t)t->held));
		json_put(x, "blocked", json_count((int64_t)t->blocked));
		json_put(x, "rows_out", json_count((int64_t)t->rows_out));
		json_add(list, x);
	}
	return list;
}

static void show_json(struct ctx *ctx, const struct backup_outcome *o, int code)
{
	json_t *root = json_object(), *sets = json_array(), *x = json_object();

	json_put(x, "set", json_text(NULL));
	json_put(x, "path", json_text(o->path));
	json_put(x, "status", json_text(backup_status_word(o->status)));
	json_put(x, "reason", json_text(why(ctx->arena, o)));
	json_put(x, "tables", tables_json(o));
	json_add(sets, x);
	json_put(root, "schema", json_text("pgretain.backup/1"));
	json_put(root, "database", json_text(ctx->db->name));
	json_put(root, "sets", sets);
	json_put(root, "exit", json_count(code));
	ctx_print_json(ctx, root);
}

static const char *number(struct ctx *ctx, uint64_t n)
{
	return arena_printf(ctx->arena, "%llu", (unsigned long long)n);
}

static void show_text(struct ctx *ctx, const struct backup_outcome *o)
{
	static const struct text_column columns[] = {
		{ "table", false }, { "rows", true }, { "dropped", true }, { "altered", true }, { "held", true },
		{ "blocked", true }, { "left", true },
	};
	struct text_table t = { .arena = ctx->arena, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s: %s\n", o->path, o->status == BACKUP_WOULD_REWRITE ? "would be rewritten" :
		    backup_status_word(o->status));
	for (size_t i = 0; i < o->tables.n; i++) {
		const struct backup_table *b = &o->tables.v[i];
		const char *const cells[] = { b->table, number(ctx, b->rows_in), number(ctx, b->dropped), number(ctx, b->altered),
			b->held ? number(ctx, b->held) : "", b->blocked ? number(ctx, b->blocked) : "", number(ctx, b->rows_out) };

		text_table_add(&t, TONE_PLAIN, cells);
	}
	if (o->tables.n)
		text_table_render(&t, &style, &sb);
	ctx_print(ctx, &sb);
}

static void show(struct ctx *ctx, const struct backup_outcome *o, int code)
{
	if (ctx->format == FORMAT_JSON)
		show_json(ctx, o, code);
	else
		show_text(ctx, o);
	if (o->diag.cls != DIAG_OK)
		ctx_fail(ctx, &o->diag);
	for (size_t i = 0; i < o->notes.n; i++)
		log_event(LOG_LEVEL_INFO, "backup.note", LOG_S("path", o->path), LOG_S("note", o->notes.v[i]));
}

/* ---- the work ---- */

struct progress {
	struct ctx *ctx;
	struct backup_rules rules;
	int64_t told;
};

static bool read_rules(void *ctx, const struct judge **ret, struct diag *d)
{
	struct progress *p = ctx;

	return backup_rules_read(&p->rules, ret, d);
}

static int rewrite_file(struct ctx *ctx, struct conn *c, const char *path)
{
	struct progress p = { .ctx = ctx, .rules = { .ctx = ctx, .c = c, .db = ctx->db } };
	struct backup_options o = {
		.output = opts_text(&ctx->opts, "output"), .dry_run = opts_flag(&ctx->opts, "dry-run"), .actor = ctx->actor,
		.judge = read_rules, .stop_requested = sig_stop_requested, .ctx = &p,
	};
	struct backup_outcome out = { .arena = ctx->arena };
	struct diag d = DIAG_INIT;
	int code;

	backup_rewrite_set(c, path, &o, &out);
	backup_rules_done(&p.rules);
	if (out.diag.cls == DIAG_USAGE || out.lost || out.diag.cls == DIAG_CONFIG) {
		out.diag.cls = out.lost ? DIAG_CONNECT : out.diag.cls;
		return ctx_fail(ctx, &out.diag);
	}
	code = backup_outcome_exit(&out);
	log_event(LOG_LEVEL_INFO, "backup.rewrite", LOG_S("path", path), LOG_S("status", backup_status_word(out.status)));
	show(ctx, &out, code);
	if (!o.dry_run && !ctx_export(ctx, c, &d))
		return ctx_fail(ctx, &d);
	return code;
}

int backup_rewrite(struct ctx *ctx, int argc, char **argv)
{
	bool dry = opts_flag(&ctx->opts, "dry-run");
	const char *file = opts_text(&ctx->opts, "file");
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;

	(void)argv;
	if (!file || argc)
		return ctx_usage(ctx, "say which archive: pgretain backup rewrite --file PATH");
	if (dry && opts_text(&ctx->opts, "output"))
		return ctx_usage(ctx, "--dry-run writes nothing: leave --output out");
	c = ctx_connect(ctx, dry);
	if (!c)
		return EXIT_REFUSED;
	if (!(dry ? ledger_readable(c, &d) : ledger_require(c, ctx_replay_log(ctx), &d)))
		return ctx_fail(ctx, &d);
	return rewrite_file(ctx, c, file);
}

const struct opt backup_rewrite_options[] = {
	{ .name = "file", .arg = "PATH", .help = "this archive, whether it is in the catalogue or not" },
	{ .name = "output", .arg = "PATH", .help = "a new archive there; the old one stays" },
	{ .name = "dry-run", .help = "what would be dropped and altered; nothing is written" },
	{ .name = NULL },
};
