#include "cmd/cmd.h"

#include "conf/load.h"
#include "pg/conn.h"
#include "plan/check.h"

#include <unistd.h>

/* The report holds the file's errors like all others. Where it goes into a file or a program, the log
 * tells them as well, as with every command. */
static void note_config(struct ctx *ctx, struct findings *f, enum finding_id id, const struct conf_error *e)
{
	const char *place = e->line ? arena_printf(ctx->arena, "%s:%d", e->file, e->line) : e->file;
	AUTO_STRBUF line = STRBUF_INIT;

	finding_note(f, id, place, e->message, *e->hint ? e->hint : NULL);
	if (id != FINDING_CONFIG || isatty(STDOUT_FILENO))
		return;
	conf_error_text(e, &line);
	ctx_complain(ctx, "", strbuf_str(&line));
}

static bool load(struct ctx *ctx, struct findings *f)
{
	AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
	bool ok = conf_load(ctx->config_path, &ctx->policy, &errs);

	for (size_t i = 0; i < errs.errors.n; i++)
		note_config(ctx, f, FINDING_CONFIG, &errs.errors.v[i]);
	for (size_t i = 0; i < errs.warnings.n; i++)
		note_config(ctx, f, FINDING_CONFIG_HINT, &errs.warnings.v[i]);
	return ok;
}

static void note_diag(struct findings *f, const struct database *db, const struct diag *d)
{
	char place[400];

	snprintf(place, sizeof(place), "%s:%d: database \"%s\"", db->loc.file, db->loc.line, db->name);
	finding_note(f, FINDING_CONNECT, place, d->message, *d->hint ? d->hint : "then check again");
}

/* A server that is away hides nothing of the others. */
static void look(const struct policy *policy, const struct database *db, struct findings *f)
{
	struct conn_settings settings = { .application = "pgretain check", .read_only = true };
	const char *log = db->replay_log ? db->replay_log : policy->replay_log;
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;

	if (!conn_open(db->conninfo, &settings, &c, &d) || !check_database(c, policy, db, log, f, &d))
		note_diag(f, db, &d);
}

static int finish(struct ctx *ctx, const struct findings *f, const char *database)
{
	int exit = findings_count(f, SEVERITY_ERROR) ? EXIT_REFUSED : EXIT_DONE;
	struct text_style st = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->format == FORMAT_JSON) {
		ctx_print_json(ctx, findings_json(f, database, exit));
		return exit;
	}
	findings_text(f, database, &st, &sb);
	ctx_print(ctx, &sb);
	return exit;
}

static const char *names_of(struct ctx *ctx)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->database_name)
		return ctx->database_name;
	for (size_t i = 0; i < ctx->policy->ndatabases; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : "", ctx->policy->databases[i].name);
	return sb.len ? arena_strdup(ctx->arena, strbuf_str(&sb)) : NULL;
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	struct findings f = { .arena = ctx->arena };

	(void)argc, (void)argv;
	if (!load(ctx, &f))
		return finish(ctx, &f, NULL);
	if (ctx->database_name && !ctx_database(ctx))
		return EXIT_REFUSED;
	if (opts_flag(&ctx->opts, "config-only"))
		return finish(ctx, &f, NULL);
	for (size_t i = 0; i < ctx->policy->ndatabases; i++)
		if (!ctx->db || ctx->db == &ctx->policy->databases[i])
			look(ctx->policy, &ctx->policy->databases[i], &f);
	return finish(ctx, &f, names_of(ctx));
}

static const struct opt options[] = {
	{ "config-only", NULL, "looks at the files alone, connects to no server", 0, 0 },
	{ NULL, NULL, NULL, 0, 0 },
};

const struct command cmd_check = {
	.name = "check",
	.summary = "what would fail or surprise, found before the first write",
	.usage = "[--config-only]",
	.help =
		"Reads the configuration, connects to each database (or the one of --database), and compares the\n"
		"two: tables, columns and types, operators against constraints, foreign keys that nobody\n"
		"mentions or indexed, triggers and other copies that would keep old values, rights, row-level\n"
		"security, clocks. Each finding has an id, its place, the reason and what to do. The session is\n"
		"read-only; nothing is changed.\n"
		"\n"
		"Exit code: 1 when there are errors, else 0.\n"
		"\n"
		"Example:\n"
		"  pgretain check --config-only      errors of the files: what a commit hook can run\n"
		"  pgretain check                    error tables/shop.cfg:12: rule \"orders\" [fk-unmentioned] …\n",
	.options = options,
	.run = run,
};
