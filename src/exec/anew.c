#include "exec/anew.h"

#include "base/fault.h"
#include "exec/lanes.h"
#include "exec/shape.h"

#define MAX_RESHAPES 8		/* of the schema in one step */

static bool prepare(struct runner *r, const struct plan_step *s, struct diag *d)
{
	const struct plan_query *q = s->prepare;

	return !q || conn_do(r->control, q->sql, (struct params){ q->params.n, q->params.types, q->params.values }, d);
}

bool anew_prepare(struct runner *r, size_t root, struct diag *d)
{
	FAULT_POINT(exec_prepare);
	for (size_t i = 0; i < r->plan->nsteps; i++)
		if (r->plan->steps[i].root == root && !prepare(r, &r->plan->steps[i], d))
			return false;
	return true;
}

static bool same_relations(const struct plan_step *a, const struct plan_step *b)
{
	if (a->nrelations != b->nrelations)
		return false;
	for (size_t i = 0; i < a->nrelations; i++)
		if (a->relations[i].oid != b->relations[i].oid)
			return false;
	return true;
}

/* Every unit anew: what has been done is not due any more. */
static bool queue_restart(struct runner *r, struct sweep *w, size_t i, struct diag *d)
{
	unit_queue_done(&w->queue);
	unit_queue_init(&w->queue, w->work.step, (double)w->limits.transaction_target_ms);
	unit_sweep(&w->queue);
	w->quiet.known = false;
	w->work.chain = w->work.step->ndependents > 0;
	return anew_prepare(r, i, d) && lanes_prepare(w, d);
}

static void plan_replace(struct runner *r, struct sweep *w, size_t i, const struct plan *fresh)
{
	r->plan = r->out->plan = w->plan = w->work.plan = fresh;
	w->work.step = w->queue.step = &fresh->steps[i];
	for (size_t k = 0; k < fresh->nsteps; k++)
		r->out->steps[k].before = r->out->steps[k].acted;
}

/* The plan made anew for the same instant, because holds or the schema have changed. A plan that can't go on
 * fails the step. */
static bool refresh(struct runner *r, struct sweep *w, size_t i, struct diag *d)
{
	const struct plan_step *was = w->work.step;
	const struct plan *fresh = NULL;
	bool reshaped = w->reshaped;

	if (reshaped && ++w->reshapes > MAX_RESHAPES)
		return diag_fail(d, DIAG_STEP, "the schema was changed %d times while this step ran", w->reshapes);
	if (!r->o->refresh || !r->o->refresh(r->o->ctx, &fresh, d))
		return false;
	w->stale = w->reshaped = w->failed = false;
	if (!shape_replaces(r->plan, fresh, i, &w->diag) || !r->o->agreed(r->o->ctx, fresh, &w->diag)) {
		w->failed = true;
		return true;
	}
	plan_replace(r, w, i, fresh);
	if (!fresh->steps[i].shape.of) {	/* nothing is left to do */
		unit_queue_done(&w->queue);
		unit_queue_init(&w->queue, w->work.step, (double)w->limits.transaction_target_ms);
		return true;
	}
	return (!reshaped && same_relations(was, w->work.step)) || queue_restart(r, w, i, d);
}

/* A statement that does not fit: because the schema is no longer the plan's? */
static bool look_at_refusal(struct runner *r, struct sweep *w, struct diag *d)
{
	bool same = true;

	if (!w->failed || w->reshaped || (w->diag.cls != DIAG_CATALOG && w->diag.cls != DIAG_STEP))
		return true;
	if (!shape_same(r->control, r->plan, &w->work.step->shape, &same, d))
		return false;
	w->reshaped = !same;
	return true;
}

bool anew_sweep(struct runner *r, struct sweep *w, size_t i, struct diag *d)
{
	for (;;) {
		sweep_run(w);
		if (!look_at_refusal(r, w, d))
			return false;
		if (w->stopped || !(w->reshaped || (w->stale && !w->failed)))
			return true;
		if (!refresh(r, w, i, d))
			return false;
		if (w->failed)
			return true;
	}
}

bool anew_looked(struct runner *r, struct sweep *w, bool left, struct diag *d)
{
	const struct plan_step *s = w->work.step;
	bool same = true, stranger = false;

	if ((w->failed || w->stopped) || !s->shape.of)
		return true;
	for (size_t i = 0; left && i < s->nrelations; i++)
		left = !w->queue.dropped[i];
	if ((s->below && !shape_strangers(r->control, s, &stranger, d)) ||
	    (left && !shape_same(r->control, r->plan, &s->shape, &same, d)))
		return false;
	w->reshaped = stranger || !same;
	return true;
}
