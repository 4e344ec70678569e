#include "exec/run.h"

#include "base/fault.h"
#include "exec/partition.h"
#include "exec/lanes.h"
#include "exec/quiet.h"
#include "exec/revive.h"
#include "exec/anew.h"
#include "pg/sqltext.h"

#define COLLECT_LIMIT 2000000		/* 16 MB of ctids */
#define LAST_PASSES 8
#define FEW_OTHERS 16			/* autovacuum's, as a rule */
#define LANE_ROWS 1000			/* of a chain: from there on a second lane earns its connection */
#define MAX_LOSSES 4			/* of the control connection in one step */

static bool control_set(struct runner *r, const char *name, const char *value, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return conn_query_text(r->control, "SELECT pg_catalog.set_config($1, $2, false)", &res, d, name, value);
}

/* ---- collecting what is left ---- */

struct collected {
	struct tid *tids;
	uint32_t *oids;			/* of rows in several relations */
	bool across;
	size_t n, cap;
};

static bool collect_row(void *arg, const PGresult *row, struct diag *d)
{
	struct collected *c = arg;

	(void)d;
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 1024;
		c->tids = xrealloc(c->tids, c->cap * sizeof(*c->tids));
		if (c->across)
			c->oids = xrealloc(c->oids, c->cap * sizeof(*c->oids));
	}
	BUG_ON(!unit_tid_parse(res_text(row, 0, 0), &c->tids[c->n]));
	if (c->across)
		c->oids[c->n] = (uint32_t)res_int(row, 0, 1);
	c->n++;
	return true;
}

/* What a sweep by pages left is few rows anywhere: read in the order of the pages too, since the index
 * still leads to every row that has just gone. */
static bool collect_scan(struct runner *r, const struct plan_step *s, size_t relation, struct diag *d)
{
	bool pages = s->relations[relation].strategy != STRATEGY_INDEX && !sweep_looks_up(s);

	return control_set(r, "enable_indexscan", pages ? "off" : "on", d) &&
		control_set(r, "enable_indexonlyscan", pages ? "off" : "on", d) &&
		control_set(r, "enable_bitmapscan", pages ? "off" : "on", d);
}

static bool collect(struct runner *r, const struct plan_step *s, size_t relation, bool circle, struct unit_queue *q,
		    size_t *n, struct diag *d)
{
	size_t params = (size_t)s->params.n;
	Oid *types = xcalloc(params + 1, sizeof(*types));
	const char **values = xcalloc(params + 1, sizeof(*values));
	struct collected c = { .across = circle && s->circle_across };
	AUTO_STRBUF sql = STRBUF_INIT;
	char limit[24];
	bool ok;

	if (params)
		memcpy(types, s->params.types, params * sizeof(*types));
	if (params)
		memcpy(values, s->params.values, params * sizeof(*values));
	snprintf(limit, sizeof(limit), "%d", COLLECT_LIMIT);
	types[params] = 20;
	values[params] = limit;
	plan_stmt_for(circle ? &s->circle_collect : &s->collect, s->relations[relation].sql, &sql);
	ok = collect_scan(r, s, relation, d) &&
		conn_each(r->control, strbuf_str(&sql), (struct params){ (int)params + 1, types, values }, collect_row, &c, d);
	free(types);
	free(values);
	if (ok && c.n) {
		if (!circle)
			qsort(c.tids, c.n, sizeof(*c.tids), unit_tid_compare);
		if (circle)
			unit_add_circle(q, relation, c.tids, c.oids, c.n);
		else
			unit_add_tids(q, relation, c.tids, c.n);
	}
	*n = c.n;
	free(c.tids);
	free(c.oids);
	return ok;
}

/* ---- one step ---- */

static struct sweep sweep_of(struct runner *r, size_t i)
{
	const struct plan_step *s = &r->plan->steps[i];
	struct sweep w = {
		.o = r->o, .plan = r->plan, .lanes = r->lanes, .nlanes = r->nlanes, .batch = &r->batch,
		.limits = policy_limits(r->plan->policy, r->plan->db, s->rule), .out = r->out, .step = &r->out->steps[i],
		.work = { .plan = r->plan, .step = s, .run = r->o->run, .actor = r->o->actor, .request = r->o->request,
			  .secret = r->o->secret,
			  .chain = s->ndependents > 0, .slice = 5000 },
		.began_ms = clock_ms(),
	};

	unit_queue_init(&w.queue, s, (double)w.limits.transaction_target_ms);
	return w;
}

static bool ends(const struct sweep *w)
{
	return w->failed || w->stopped;
}

/* All that was planned has gone, and nobody else has written, no trigger
 * either, which does so in our transactions: nothing can be left. */
static bool complete(const struct runner *r, const struct sweep *w, size_t root)
{
	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->plan->steps[i].root == root && (r->plan->steps[i].triggered ||
		    r->out->steps[i].acted - r->out->steps[i].before != plan_step_rows(&r->plan->steps[i])))
			return false;
	return !w->work.step->self_reference && !w->given_up && quiet_others(w, r->control) == 0;
}

/* Few others have written, and likely nobody does during a second sweep: all lanes share that one, where the last
 * pass is one statement. On a busy server it would only be in addition. */
static bool sweep_again(struct runner *r, struct sweep *w, size_t i, struct diag *d)
{
	const struct plan_step *s = w->work.step;
	int64_t others = quiet_others(w, r->control);

	if (ends(w) || others < 1 || others > FEW_OTHERS || s->self_reference || s->triggered || sweep_looks_up(s))
		return true;
	quiet_begin(w, r->control);
	unit_sweep(&w->queue);
	return anew_sweep(r, w, i, d);
}

/* By index where the plan says so, and everywhere the last pass: rows that moved behind the sweep, that
 * were locked, or whose children have gone meanwhile. Ends when a pass moves nothing. */
static bool last_passes(struct runner *r, struct sweep *w, size_t i, bool *left, struct diag *d)
{
	int stuck = 0, passes = 0;

	*left = !complete(r, w, i);
	/* a trigger that undoes what was written would make us write it for ever */
	while (!ends(w) && *left && stuck < LAST_PASSES && !(w->work.step->undoers && passes > 1)) {
		int64_t before = w->step->acted, transactions = w->step->transactions;
		bool full = false;

		*left = false;
		w->diag = (struct diag)DIAG_INIT;	/* what this pass meets explains what it leaves */
		for (size_t k = 0; k < w->work.step->nrelations; k++) {
			size_t n = 0;

			if (w->queue.dropped[k])
				continue;
			if (!collect(r, w->work.step, k, false, &w->queue, &n, d))
				return false;
			*left = *left || n;
			full = full || n == COLLECT_LIMIT;
		}
		if (*left && !anew_sweep(r, w, i, d))
			return false;
		*left = *left && !complete(r, w, i);
		if (w->step->acted == before && w->step->transactions == transactions)
			stuck += w->work.step->keepers ? LAST_PASSES : 3;
		else if (!full && !w->work.step->self_reference)
			stuck++;
		else
			stuck = 0;
		passes += !full;
		w->given_up = 0;
	}
	return true;
}

/* Rows that refer to each other in a circle: each waits for the other, so they go in one statement.
 * *moved: that may have freed others. */
static bool circles(struct runner *r, struct sweep *w, size_t i, bool *moved, struct diag *d)
{
	int64_t before = w->step->acted;
	bool across = w->work.step->circle_across;

	*moved = false;
	for (size_t k = 0; w->work.step->self_reference && !ends(w) && k < w->work.step->nrelations; k++) {
		size_t n = 0;

		if (across ? k > 0 : w->queue.dropped[k])
			continue;
		if (!collect(r, w->work.step, k, true, &w->queue, &n, d) || (n && !anew_sweep(r, w, i, d)))
			return false;
	}
	*moved = w->step->acted > before;
	return true;
}

static bool passes(struct runner *r, struct sweep *w, size_t i, bool *left, struct diag *d)
{
	bool again = true;

	while (again) {
		if (!last_passes(r, w, i, left, d) || !circles(r, w, i, &again, d))
			return false;
		again = again && !ends(w);
	}
	return true;
}

/* ---- what came of it ---- */

static bool recount(struct runner *r, size_t i, struct plan_counts *c, struct diag *d)
{
	const struct plan_query *q = &r->plan->steps[i].recount;
	AUTO_RESULT *res = NULL;

	if (!conn_query(r->control, q->sql, (struct params){ q->params.n, q->params.types, q->params.values }, &res, d))
		return false;
	*c = (struct plan_counts){ .due = res_int(res, 0, 0), .held = res_int(res, 0, 1), .skipped = res_int(res, 0, 2),
				   .blocked = res_int(res, 0, 3), .deferred = res_int(res, 0, 5) };
	return true;
}

static void balance(struct outcome_step *o, const struct plan_counts *planned, const struct plan_counts *rest)
{
	o->held = rest->held;
	o->blocked = rest->blocked;
	o->skipped = rest->skipped;
	o->deferred = rest->deferred;
	o->failed = rest->due - rest->held - rest->blocked - rest->skipped - rest->deferred;
	o->changed = o->before + planned->due - o->acted - rest->due;
	if (o->changed < 0)
		o->changed = 0;
	o->due = o->acted + rest->due + o->changed;
}

/* The rest by the server's count, unless everything went as planned. */
static bool settle(struct runner *r, size_t i, bool as_planned, struct diag *d)
{
	const struct plan_step *s = &r->plan->steps[i];
	struct outcome_step *o = &r->out->steps[i];
	struct plan_counts rest = s->counts;

	rest.due = s->counts.held + s->counts.blocked + s->counts.skipped + s->counts.deferred;
	if (!(as_planned && o->acted - o->before == plan_step_rows(s)) && !recount(r, i, &rest, d))
		return false;
	balance(o, &s->counts, &rest);
	return true;
}

static const char *interrupted(const struct runner *r)
{
	return r->out->interrupted_by ? "the window has ended: the next run goes on" : "interrupted: the next run goes on";
}

static void step_reason(struct runner *r, const struct sweep *w, size_t i)
{
	const struct plan_step *s = &r->plan->steps[i];
	struct outcome_step *o = &r->out->steps[i];

	if (w->failed) {
		o->status = OUTCOME_FAILED;
		o->reason = arena_printf(r->a, "%s", w->diag.message);
		snprintf(o->sqlstate, sizeof(o->sqlstate), "%s", w->diag.sqlstate);
	} else if (w->stopped) {
		o->status = OUTCOME_SKIPPED;
		o->reason = interrupted(r);
		o->skipped += o->failed;
		o->failed = 0;
	} else if (o->failed && s->keepers && !*w->diag.sqlstate) {
		o->status = OUTCOME_FAILED;
		o->reason = arena_printf(r->a, "%lld row(s) were kept by %s", (long long)o->failed, s->keepers);
	} else if (o->failed) {
		o->status = OUTCOME_FAILED;
		o->reason = arena_printf(r->a, "%lld row(s) could not be had: %s%s%s", (long long)o->failed,
					 w->diag.message[0] ? w->diag.message : "locked by other sessions",
					 s->undoers ? ", or written again by " : "", s->undoers ? s->undoers : "");
		snprintf(o->sqlstate, sizeof(o->sqlstate), "%s", w->diag.sqlstate);
	}
}

/* A step that cannot be worked on at all leaves its rows as the plan counted them. */
static void step_untouched(struct runner *r, size_t i, enum outcome_status status, const char *reason)
{
	const struct plan_counts *c = &r->plan->steps[i].counts;
	struct outcome_step *o = &r->out->steps[i];
	int64_t rest = c->due + o->before - o->acted - c->held - c->blocked - c->deferred;

	if (rest < 0)			/* more became due than the plan saw */
		rest = 0;
	o->status = status;
	o->reason = reason;
	o->due = o->acted + c->held + c->blocked + c->deferred + rest;
	o->deferred = c->deferred;
	o->held = c->held;
	o->blocked = c->blocked;
	if (status == OUTCOME_FAILED)
		o->failed = rest;
	else
		o->skipped = rest;
}

static void step_refused(struct runner *r, size_t i, const struct diag *d)
{
	step_untouched(r, i, OUTCOME_FAILED, arena_printf(r->a, "%s", d->message));
	snprintf(r->out->steps[i].sqlstate, sizeof(r->out->steps[i].sqlstate), "%s", d->sqlstate);
}

static bool step_settle(struct runner *r, const struct sweep *w, size_t root, bool as_planned, struct diag *d)
{
	struct diag why = DIAG_INIT;

	for (size_t i = 0; i < r->plan->nsteps; i++) {
		if (r->plan->steps[i].root != root)
			continue;
		r->out->steps[i].status = OUTCOME_DONE;
		r->out->steps[i].reason = r->plan->steps[i].reason;
		if (settle(r, i, as_planned && !ends(w), &why))
			step_reason(r, w, i);
		else if (w->failed && !revive_needed(r->control, &why))	/* the recount doesn't fit either */
			step_refused(r, i, &w->diag);
		else {
			*d = why;
			return false;
		}
	}
	return true;
}

static bool work(struct runner *r, struct sweep *w, size_t i, struct diag *d)
{
	bool left = true;

	if (!partitions_drop(r->control, w, d))
		return false;
	if (!w->swept) {
		quiet_begin(w, r->control);
		unit_sweep(&w->queue);
	}
	do {
		if (!anew_sweep(r, w, i, d))
			return false;
		w->swept = true;
		if (!sweep_again(r, w, i, d) || !passes(r, w, i, &left, d) || !anew_looked(r, w, left, d))
			return false;
	} while (w->reshaped);
	FAULT_POINT(exec_settle);
	return step_settle(r, w, i, !left, d);
}

static int64_t wal_position(struct conn *c)
{
	struct diag ignored = DIAG_INIT;
	AUTO_RESULT *res = NULL;

	return conn_query(c, sqltext_get("query/exec_wal"), NO_PARAMS, &res, &ignored) ? res_int(res, 0, 0) : 0;
}

/* A lane's process has the table's buffers mapped already: without huge pages that is most of what ANALYZE
 * takes. The timeouts of a unit are no measure for it. */
static struct conn *analyst(struct runner *r)
{
	for (size_t i = 0; i < r->nlanes; i++) {
		struct conn *c = r->lanes[i].phase == LANE_IDLE ? r->lanes[i].conn : NULL;
		struct diag ignored = DIAG_INIT;
		AUTO_RESULT *res = NULL;

		if (c && conn_query(c, "SELECT pg_catalog.set_config('lock_timeout', '0', false), "
				    "pg_catalog.set_config('statement_timeout', '0', false)", NO_PARAMS, &res, &ignored)) {
			c->stop = r->control->stop;
			return c;
		}
	}
	return r->control;
}

/* Without the right to it the server only warns; check has named it. */
static bool analyze_one(struct runner *r, struct conn *c, const char *table)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	struct diag ignored = DIAG_INIT;

	strbuf_addf(&sql, "ANALYZE %s", table);
	return conn_do(c, strbuf_str(&sql), NO_PARAMS, &ignored) ||
		(PQstatus(c->pg) != CONNECTION_OK && c != r->control &&
		 conn_do(r->control, strbuf_str(&sql), NO_PARAMS, &ignored));
}

/* What was deleted or overwritten lives on in pg_statistic until the next ANALYZE (operators.md 6). */
static void analyze(struct runner *r, struct conn *c, const struct plan_step *s, const bool *dropped)
{
	for (size_t i = 0; i < s->nanalyze; i++)
		if (!(dropped && i < s->nrelations && dropped[i]) && !analyze_one(r, c, s->analyze[i]))
			return;
}

static bool chain_acts(const struct runner *r, size_t root)
{
	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->plan->steps[i].root == root && plan_step_rows(&r->plan->steps[i]) > 0)
			return true;
	return false;
}

static void analyze_chain(struct runner *r, size_t root, const bool *dropped)
{
	struct conn *c = analyst(r);

	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->plan->steps[i].root == root && r->out->steps[i].acted)
			analyze(r, c, &r->plan->steps[i], i == root ? dropped : NULL);
}

/* The control connection was lost and is back: the step goes on where it stood. A statement of ours that
 * takes the server down is not sent for ever. */
static bool control_back(struct runner *r, struct sweep *w, struct diag *d)
{
	if (!revive_needed(r->control, d))
		return false;
	r->over = !revive_control(r->control, r->o, d);
	if (r->over)
		return false;
	return ++w->losses <= MAX_LOSSES || diag_fail(d, DIAG_STEP, "the connection was lost %d times in this step", w->losses);
}

/* What goes with the rows of a chain counts too. */
static int64_t chain_rows(const struct runner *r, size_t root)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->plan->steps[i].root == root)
			n += plan_step_rows(&r->plan->steps[i]);
	for (size_t i = 0; i < r->plan->steps[root].ntallies; i++)
		n += r->plan->steps[root].tallies[i].rows;
	return n;
}

/* At the first step that acts, and further ones at the first that is worth them: most nights most rules have
 * nothing to do, and a connection takes longer than few rows. */
static bool lanes_ready(struct runner *r, struct sweep *w, size_t root, struct diag *d)
{
	struct limits l = policy_limits(r->plan->policy, r->plan->db, NULL);
	size_t want = chain_rows(r, root) < LANE_ROWS ? 1 : (size_t)l.lanes;

	if (r->nlanes < want && !lanes_open(r->o, &l, want, &r->lanes, &r->nlanes, d))
		return false;
	w->lanes = r->lanes;
	w->nlanes = r->nlanes;
	return lanes_prepare(w, d);
}

static bool step_run(struct runner *r, size_t i, struct diag *d)
{
	int64_t wal = wal_position(r->control), now;
	struct sweep w = sweep_of(r, i);
	bool ok;

	do
		ok = anew_prepare(r, i, d) && lanes_ready(r, &w, i, d) && work(r, &w, i, d);
	while (!ok && control_back(r, &w, d));
	if (ok)
		analyze_chain(r, i, w.queue.dropped);
	r->out->steps[i].seconds = (clock_ms() - w.began_ms) / 1e3;
	now = wal_position(r->control);
	r->out->steps[i].wal_bytes = wal && now ? now - wal : 0;
	if (w.stopped)
		r->out->interrupted = true;
	unit_queue_done(&w.queue);
	return ok;
}

static void chain_failed(struct runner *r, size_t root, const struct diag *d)
{
	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->plan->steps[i].root == root)
			step_refused(r, i, d);
}

static void step_as_planned(struct runner *r, size_t i)
{
	const struct plan_step *s = &r->plan->steps[i];
	struct plan_counts rest = s->counts;

	if (s->status != STEP_READY) {
		step_untouched(r, i, s->status == STEP_FAILED ? OUTCOME_FAILED : OUTCOME_SKIPPED, s->reason);
		return;
	}
	rest.due = rest.held + rest.blocked + rest.skipped + rest.deferred;
	r->out->steps[i].status = OUTCOME_DONE;
	r->out->steps[i].reason = s->reason;
	balance(&r->out->steps[i], &s->counts, &rest);
}

/* One chain. A refusal of the server ends this one alone (case C41). */
static bool chain_run(struct runner *r, size_t root, struct diag *d)
{
	struct diag why = DIAG_INIT;

	if (r->plan->steps[root].status != STEP_READY || !chain_acts(r, root)) {
		for (size_t i = 0; i < r->plan->nsteps; i++)
			if (r->plan->steps[i].root == root)
				step_as_planned(r, i);
		return true;
	}
	if (r->o->deadline_ms > 0 && clock_ms() >= r->o->deadline_ms)
		r->out->interrupted_by = "the window has ended";
	if (r->out->interrupted || r->out->interrupted_by || r->o->stop_requested()) {
		r->out->interrupted = true;
		return true;
	}
	if (step_run(r, root, &why))
		return true;
	if (why.cls == DIAG_INTERRUPTED && PQstatus(r->control->pg) == CONNECTION_OK) {
		/* the second request cancelled a statement of the run's own connection */
		r->out->interrupted = true;
		for (size_t i = 0; i < r->plan->nsteps; i++)
			if (r->plan->steps[i].root == root)
				step_untouched(r, i, OUTCOME_SKIPPED, interrupted(r));
		return true;
	}
	chain_failed(r, root, &why);
	if (!r->over && !revive_needed(r->control, &why))
		return true;
	*d = why;
	return false;
}

static void untouched_rest(struct runner *r)
{
	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->out->steps[i].status == OUTCOME_OPEN)
			step_untouched(r, i, OUTCOME_SKIPPED, interrupted(r));
}

static void exit_code(struct runner *r)
{
	r->out->exit = 0;
	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->out->steps[i].status != OUTCOME_DONE || r->out->steps[i].failed)
			r->out->exit = 2;
	if (r->out->interrupted)
		r->out->exit = 4;
}

bool exec_plan(struct conn *control, const struct plan *plan, const struct exec_options *o, struct arena *a,
	       struct outcome *ret, struct diag *d)
{
	struct runner r = { .control = control, .plan = plan, .o = o, .a = a, .out = ret };
	bool ok = true;

	ret->plan = plan;
	ret->steps = arena_alloc(a, (plan->nsteps + 1) * sizeof(*ret->steps));
	for (size_t i = 0; i < plan->nsteps; i++)
		ret->steps[i].tallies = arena_alloc(a, (plan->steps[i].ntallies + 1) * sizeof(int64_t));
	for (size_t i = 0; ok && i < plan->nsteps; i++) {
		if (plan->steps[i].root != i)
			continue;
		ok = chain_run(&r, i, d);
		FAULT_POINT(exec_step);
		for (size_t k = 0; ok && o->step_done && k < plan->nsteps; k++)
			if (plan->steps[k].root == i)
				o->step_done(o->ctx, &r.plan->steps[k], &ret->steps[k]);
	}
	if (!ok)
		ret->interrupted = true;
	untouched_rest(&r);
	exit_code(&r);
	lanes_close(r.lanes, r.nlanes);
	return ok;
}
