#include "cmd/run_report.h"

#include "base/instant.h"
#include "cmd/run_anonymity.h"

struct filling {
	struct ctx *ctx;
	const struct plan *plan;
	const struct outcome *out;
	const struct simulated_view *simulated;
	const struct recurrences *returned;
};

/* Those of step i's keys; a follower's are counted by its root's step. */
static void tallies(struct filling *f, size_t i, struct rule_view *v)
{
	const struct plan_step *s = &f->plan->steps[f->plan->steps[i].root];
	const struct outcome_step *done = f->out ? &f->out->steps[f->plan->steps[i].root] : NULL;
	VEC(struct table_count) cascaded = { NULL, 0, 0 }, unset = { NULL, 0, 0 };

	for (size_t k = 0; k < s->ntallies; k++) {
		struct table_count c = { s->tallies[k].table, done ? done->tallies[k] : s->tallies[k].rows };

		if (!c.n || s->tallies[k].step != i)
			continue;
		if (s->tallies[k].unset)
			vec_push(f->ctx->arena, &unset, c);
		else
			vec_push(f->ctx->arena, &cascaded, c);
	}
	v->cascaded = cascaded.v;
	v->ncascaded = cascaded.n;
	v->unset = unset.v;
	v->nunset = unset.n;
}

static void acted(struct rule_view *v, int64_t n)
{
	switch (v->action) {
	case ACTION_DELETE: v->deleted = n; return;
	case ACTION_ANONYMIZE: v->anonymized = n; return;
	case ACTION_QUARANTINE: v->quarantined = n; return;
	case ACTION_NONE: return;
	}
}

static void from_plan(const struct plan_step *s, struct rule_view *v)
{
	v->due = s->counts.due;
	v->held = s->counts.held;
	v->blocked = s->counts.blocked;
	v->skipped = s->counts.skipped;
	v->deferred = s->counts.deferred;
	acted(v, plan_step_rows(s));
	v->status = s->status == STEP_READY ? RULE_DONE : s->status == STEP_SKIPPED ? RULE_SKIPPED : RULE_FAILED;
	v->reason = s->reason;
}

static void from_outcome(const struct outcome_step *o, struct rule_view *v)
{
	v->due = o->due;
	v->held = o->held;
	v->blocked = o->blocked;
	v->skipped = o->skipped;
	v->failed = o->failed;
	v->changed = o->changed;
	v->deferred = o->deferred;
	acted(v, o->acted);
	v->status = o->status == OUTCOME_FAILED ? RULE_FAILED : o->status == OUTCOME_SKIPPED ? RULE_SKIPPED : RULE_DONE;
	v->reason = o->reason;
	v->seconds = o->seconds;
	v->wal_bytes = o->wal_bytes;
	v->transactions = o->transactions;
}

static void add_notes(struct filling *f, size_t i, struct rule_view *v)
{
	const struct plan_step *s = &f->plan->steps[i];
	const char *anonymity = run_anonymity_fill(f->ctx->arena, s, f->out ? &f->out->steps[i] : NULL, v);
	VEC(const char *) notes = { NULL, 0, 0 };

	if (anonymity)
		vec_push(f->ctx->arena, &notes, anonymity);

	if (s->needs_confirmation && !f->out && !f->simulated)
		vec_push(f->ctx->arena, &notes, arena_printf(f->ctx->arena, "needs a confirmation: %s", s->confirmation_why));
	for (size_t k = 0; k < s->ncosts && !f->out && !f->simulated; k++)
		vec_push(f->ctx->arena, &notes, s->costs[k]);
	if (s->status == STEP_FAILED && *s->diag.hint)
		vec_push(f->ctx->arena, &notes, arena_printf(f->ctx->arena, "what to do: %s", s->diag.hint));
	v->notes = notes.v;
	v->nnotes = notes.n;
}

static void fill_rule(struct filling *f, size_t i, struct rule_view *v)
{
	const struct plan_step *s = &f->plan->steps[i], *root = &f->plan->steps[s->root];
	const struct plan_relation *rel = plan_step_relation(s);

	*v = (struct rule_view){
		.rule = s->rule->name, .table = s->table, .class_name = root->rule->class_name, .action = s->rule->action,
		.cutoff = s->cutoff, .indeterminate = s->counts.indeterminate, .future = s->counts.future,
		.anomalous = s->counts.anomalous, .already = s->counts.already,
		.strategy = rel ? plan_strategy_word(rel->strategy) : NULL, .strategy_reason = rel ? rel->reason : NULL,
	};
	if (f->out)
		from_outcome(&f->out->steps[i], v);
	else
		from_plan(s, v);
	tallies(f, i, v);
	add_notes(f, i, v);
}

int run_report_plan_exit(const struct plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].status != STEP_READY)
			return EXIT_HUMAN;
	return EXIT_DONE;
}

static void print(struct ctx *ctx, const struct run_view *v)
{
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->format == FORMAT_JSON) {
		ctx_print_json(ctx, run_view_json(v));
		return;
	}
	run_view_text(v, &style, &sb);
	ctx_print(ctx, &sb);
}

/* One remark for all rules that run for the first time. */
static void first_runs(struct ctx *ctx, const struct plan *p, struct run_view *v)
{
	const char **note = arena_alloc(ctx->arena, sizeof(*note));
	size_t n = 0;

	for (size_t i = 0; i < p->nsteps; i++)
		n += p->steps[i].is_new && p->steps[i].needs_confirmation;
	if (!n)
		return;
	*note = arena_printf(ctx->arena, "%zu of %zu rules would run for the first time: that needs a confirmation", n, p->nsteps);
	v->notes = note;
	v->nnotes = 1;
}

static void report(struct filling *f, const char *run, double seconds, int exit)
{
	struct ctx *ctx = f->ctx;
	const struct plan *p = f->plan;
	const struct outcome *out = f->out;
	struct rule_view *rules = arena_alloc(ctx->arena, (p->nsteps + 1) * sizeof(*rules));
	char as_of[INSTANT_TEXT];
	struct run_view v = {
		.is_run = out != NULL, .run = run, .database = p->db->name, .as_of = instant_format(p->as_of_usecs, as_of),
		.fingerprint = p->fingerprint, .nrules = p->nsteps, .rules = rules, .interrupted = out && out->interrupted,
		.invocation = ctx_invocation(ctx), .seconds = seconds, .exit = exit, .simulated = f->simulated,
		.nholds = p->nholds, .holds = p->holds, .recurrences = f->returned,
	};

	for (size_t i = 0; i < p->nsteps; i++) {
		fill_rule(f, i, &rules[i]);
		BUG_ON(!rule_view_balances(&rules[i]));
		v.needs_confirmation = v.needs_confirmation || (p->steps[i].needs_confirmation && !out);
		v.over_ceiling = v.over_ceiling || p->steps[i].over_ceiling;
	}
	if (!out && !f->simulated)
		first_runs(ctx, p, &v);
	print(ctx, &v);
}

void run_report(struct ctx *ctx, const struct plan *p, const struct outcome *out, const char *run,
		const struct recurrences *returned, double seconds, int exit)
{
	struct filling f = { ctx, p, out, NULL, returned };

	report(&f, run, seconds, exit);
}

void run_report_simulated(struct ctx *ctx, const struct plan *p, const struct simulated_view *s, int exit)
{
	struct filling f = { ctx, p, NULL, s, NULL };

	report(&f, NULL, 0, exit);
}

bool run_report_as_of(struct ctx *ctx, const char **ret)
{
	char text[INSTANT_TEXT];
	int64_t t;

	*ret = NULL;
	if (!ctx->as_of)
		return true;
	if (!instant_parse_rfc3339(ctx->as_of, &t)) {
		ctx_usage(ctx, "--as-of \"%s\" is no instant: write 2026-11-24T17:30:00Z, or a date for its start in UTC", ctx->as_of);
		return false;
	}
	*ret = arena_strdup(ctx->arena, instant_format(t, text));
	return true;
}
