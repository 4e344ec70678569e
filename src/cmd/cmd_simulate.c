/* The plan under other periods, beside the present one. */
#include "cmd/connect.h"
#include "cmd/run_report.h"
#include "plan/build.h"
#include "plan/variant.h"

struct simulation {
	struct ctx *ctx;
	struct conn *conn;
	struct plan_options o;
	size_t nchanges;
	struct variant_change *changes;
	struct policy *policy;			/* with the other periods */
};

static const struct plan_step *step_named(const struct plan *p, const char *rule)
{
	for (size_t i = 0; i < p->nsteps; i++)
		if (streq(p->steps[i].rule->name, rule))
			return &p->steps[i];
	return NULL;
}

static void report(struct simulation *s, const struct plan *present, const struct plan *then, int exit)
{
	struct simulated_rule *rules = arena_alloc(s->ctx->arena, (then->nsteps + 1) * sizeof(*rules));
	struct simulated_class *classes = arena_alloc(s->ctx->arena, (s->nchanges + 1) * sizeof(*classes));
	struct simulated_view v = { .nclasses = s->nchanges, .classes = classes, .rules = rules };

	for (size_t i = 0; i < s->nchanges; i++) {
		const struct variant_change *c = &s->changes[i];

		classes[i] = (struct simulated_class){ c->class_name, c->standard, c->keep_text, c->was };
	}
	for (size_t i = 0; i < then->nsteps; i++) {
		const struct plan_step *was = step_named(present, then->steps[i].rule->name);

		BUG_ON(!was);
		rules[i] = (struct simulated_rule){
			.rule = was->rule->name, .due = was->counts.due, .acted = plan_step_rows(was),
			.shorter = then->steps[i].needs_confirmation && !was->needs_confirmation,
		};
	}
	run_report_simulated(s->ctx, then, &v, exit);
}

/* Both for the same instant. */
static int simulate(struct simulation *s)
{
	AUTO(plan_free_auto) struct plan *present = NULL;
	AUTO(plan_free_auto) struct plan *then = NULL;
	const struct database *db = policy_database(s->policy, s->ctx->db->name);
	struct diag d = DIAG_INIT;
	int exit;

	if (!plan_build(s->conn, s->ctx->policy, s->ctx->db, &s->o, &present, &d))
		return ctx_fail(s->ctx, &d);
	s->o.as_of = present->as_of;
	if (!plan_build(s->conn, s->policy, db, &s->o, &then, &d))
		return ctx_fail(s->ctx, &d);
	exit = run_report_plan_exit(then);
	report(s, present, then, exit);
	return exit;
}

static bool take_changes(struct simulation *s, int argc, char **argv, struct diag *d)
{
	s->changes = arena_alloc(s->ctx->arena, (size_t)argc * sizeof(*s->changes));
	for (int i = 0; i < argc; i++)
		if (!variant_parse(s->ctx->arena, argv[i], &s->changes[s->nchanges++], d))
			return false;
	return variant_make(s->ctx->arena, s->ctx->policy, s->changes, s->nchanges, &s->policy, d);
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	struct simulation s = { .ctx = ctx };
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;

	if (!ctx_database(ctx) || !run_report_as_of(ctx, &s.o.as_of))
		return EXIT_REFUSED;
	if (!take_changes(&s, argc, argv, &d))
		return ctx_fail(ctx, &d);
	c = ctx_connect(ctx, true);
	if (!c)
		return EXIT_REFUSED;
	s.conn = c;
	return simulate(&s);
}

const struct command cmd_simulate = {
	.name = "simulate",
	.summary = "the plan under another period, beside the present one; writes nothing",
	.usage = "CLASS=PERIOD... | CLASS.STANDARD=PERIOD...",
	.help =
		"Makes the plan as if the class kept rows for PERIOD, and compares what is due with the present\n"
		"configuration, for the same instant. CLASS sets every floor of the class; of a class without a\n"
		"floor, every standard that has a period. CLASS.STANDARD sets that standard alone. Several changes\n"
		"are made together. The files stay as they are: to make it so, change the class there; a class\n"
		"that became shorter then needs a confirmation (see pgretain help run).\n"
		"\n"
		"JSON is that of plan, with one more key, simulated: what was changed, and per rule the rows due\n"
		"then, at present and the difference.\n"
		"\n"
		"Exit code: as of plan; 1 for an unknown class or a bad period.\n"
		"\n"
		"Example:\n"
		"  pgretain simulate transaction=\"5 years\"\n"
		"  pgretain simulate transaction.complaints=\"1 year\" marketing=\"6 months\"\n",
	.min_words = 1,
	.max_words = -1,
	.flags = CMD_AS_OF,
	.run = run,
};
