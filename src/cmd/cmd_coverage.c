/* Which tables and columns the configuration has decided about. */
#include "cmd/connect.h"
#include "plan/coverage.h"

static void print(struct ctx *ctx, const struct coverage_view *v)
{
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->format == FORMAT_JSON) {
		ctx_print_json(ctx, coverage_view_json(v));
		return;
	}
	coverage_view_text(v, &style, &sb);
	ctx_print(ctx, &sb);
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, true);
	struct diag d = DIAG_INIT;
	struct coverage_view v;

	(void)argc;
	(void)argv;
	if (!c)
		return EXIT_REFUSED;
	if (!coverage_look(c, ctx->policy, ctx->db, opts_flag(&ctx->opts, "all-schemas"), ctx->arena, &v, &d))
		return ctx_fail(ctx, &d);
	print(ctx, &v);
	return v.exit;
}

static const struct opt options[] = {
	{ .name = "all-schemas", .help = "every schema of the database, also those without a rule" },
	{ .name = NULL },
};

const struct command cmd_coverage = {
	.name = "coverage",
	.summary = "which tables and columns the rules are about, and which nobody decided about",
	.usage = "[--all-schemas]",
	.help =
		"Lists every table of the schemas that rules touch: ruled (by which rules), exempt (why), or\n"
		"uncovered; a partition belongs to its table. Columns whose names look personal (email, phone,\n"
		"client_ip, …) and that no rule names, no rule removes with the row and no exemption covers are\n"
		"undecided. Names are all it looks at: no row is read, and a name is only a hint.\n"
		"\n"
		"A rule that does not fit the catalogue covers nothing.\n"
		"\n"
		"Exit code: 0; 2 when a column is undecided.\n"
		"\n"
		"Example:\n"
		"  pgretain coverage\n"
		"  pgretain coverage --all-schemas --format json\n",
	.options = options,
	.run = run,
};
