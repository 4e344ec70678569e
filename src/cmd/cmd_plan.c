#include "cmd/cmd.h"
#include "cmd/connect.h"
#include "cmd/run_report.h"
#include "plan/build.h"

static int run(struct ctx *ctx, int argc, char **argv)
{
	struct plan_options o = { .nrules = (size_t)argc, .rules = (const char *const *)argv,
				  .widths = true };
	struct conn_settings settings = { .application = "pgretain plan", .read_only = true };
	AUTO(plan_free_auto) struct plan *plan = NULL;
	const struct database *db = ctx_database(ctx);
	const char *expect = opts_text(&ctx->opts, "expect");
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;
	int exit;

	if (!db || !run_report_as_of(ctx, &o.as_of))
		return EXIT_REFUSED;
	if (!ctx_open(ctx, db, &settings, &c, &d) || !plan_build(c, ctx->policy, db, &o, &plan, &d))
		return ctx_fail(ctx, &d);
	exit = run_report_plan_exit(plan);
	if (expect && !streq(expect, plan->fingerprint)) {
		diag_fail(&d, DIAG_FINGERPRINT, "the plan's fingerprint is %s, not what --expect says", plan->fingerprint);
		return ctx_fail(ctx, &d);
	}
	run_report(ctx, plan, NULL, NULL, NULL, 0, exit);
	return exit;
}

static const struct opt options[] = {
	{ .name = "expect", .arg = "FP", .help = "refuse (exit 3) unless the plan has this fingerprint" },
	{ .name = NULL },
};

const struct command cmd_plan = {
	.name = "plan",
	.summary = "what a run would do now: exact counts, order, strategy; writes nothing",
	.usage = "[RULE...]",
	.help =
		"The same as run --dry-run. Every count comes from the server, with the predicates that the run\n"
		"uses, in one read-only snapshot. Rules appear in the order of execution. The fingerprint at the\n"
		"end names this plan: it covers rules, catalogue and statements, not the instant or the counts.\n"
		"\n"
		"Without RULE all rules; a rule that others follow brings them along.\n"
		"\n"
		"Exit code: 0; 2 when its run would end with 2 (a rule fails, or is over a ceiling); 1 when no plan\n"
		"can be made.\n"
		"\n"
		"Example:\n"
		"  pgretain plan\n"
		"  pgretain plan orders --as-of 2027-01-01\n",
	.options = options,
	.max_words = -1,
	.flags = CMD_AS_OF,
	.run = run,
};
