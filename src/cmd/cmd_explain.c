/* One row, and why it is kept or due. */
#include "cmd/connect.h"
#include "cmd/run_report.h"
#include "plan/explain.h"

static void print(struct ctx *ctx, const struct explain_view *v)
{
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->format == FORMAT_JSON) {
		ctx_print_json(ctx, explain_view_json(v));
		return;
	}
	explain_view_text(v, &style, &sb);
	ctx_print(ctx, &sb);
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	struct key_value *keys = arena_alloc(ctx->arena, (size_t)argc * sizeof(*keys));
	struct explain_request q = { .rule = argv[0], .nkeys = (size_t)argc - 1, .keys = keys };
	AUTO_CONN *c = NULL;
	struct diag d = DIAG_INIT;
	struct explain_view v;

	for (int i = 1; i < argc; i++)
		if (!ctx_split_pair(ctx, argv[i], &keys[i - 1].column, &keys[i - 1].value))
			return EXIT_REFUSED;
	if (!run_report_as_of(ctx, &q.as_of) || !(c = ctx_connect(ctx, true)))
		return EXIT_REFUSED;
	if (!explain_row(c, ctx->policy, ctx->db, &q, ctx->arena, &v, &d))
		return ctx_fail(ctx, &d);
	print(ctx, &v);
	return EXIT_DONE;
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = "why one row is kept or due: every term, and the one that decides",
	.usage = "RULE COLUMN=VALUE...",
	.help =
		"Names the row by its key (several columns: COLUMN=VALUE COLUMN=VALUE) and looks at it with the\n"
		"predicates that plan and run use. Each term of the class is shown with the event that started it\n"
		"and the instant at which it ends; the latest decides (marked *). Legal holds that cover the row\n"
		"are listed with their reason. A row that follows others has its parent's terms.\n"
		"\n"
		"States: kept, due, indeterminate (an event has not happened), future, anomalous (its date makes no\n"
		"sense), held, blocked (rows that refer to it stay), already (in its final state), outside (the\n"
		"rule's `where` leaves it out). This is the one report that shows values of a row: the key and\n"
		"the dates.\n"
		"\n"
		"Exit code: 0; 1 when there is no such row, or several.\n"
		"\n"
		"Example:\n"
		"  pgretain explain orders id=4711\n"
		"  pgretain explain order_items order_id=4711 line=2 --as-of 2027-01-01\n",
	.min_words = 2,
	.max_words = -1,
	.flags = CMD_AS_OF,
	.run = run,
};
