#include "exec/sweep.h"

#include "exec/lanes.h"

#include <poll.h>

#define MAX_TRIES 5
#define CANCEL_AGAIN_MS 1000	/* a request that came between two statements is lost */
#define SLICE_MIN 20
#define SLICE_MAX 20000

bool sweep_looks_up(const struct plan_step *s)
{
	return s->ndependents || strstr(s->apply_tids.text, "EXISTS");
}

/* ---- what a lane brought back ---- */

static void count_dependents(struct sweep *w, const struct lane *l)
{
	for (size_t i = 0; i < w->work.step->ndependents; i++) {
		const struct plan_dependent *d = &w->work.step->dependents[i];

		if (d->kind == DEP_FOLLOW)
			w->out->steps[d->index].acted += l->counts.dependents[i];
		else if (d->kind != DEP_UNLINK)
			w->step->tallies[d->index] += l->counts.dependents[i];
	}
}

static bool moved(const struct lane *l)
{
	if (l->counts.applied)
		return true;
	for (size_t i = 0; i < l->work->step->ndependents; i++)
		if (l->counts.dependents[i])
			return true;
	return false;
}

/* The rest of the unit comes in further transactions: the next units are smaller, the slices such that
 * one takes as long as a transaction should. */
static void sliced(struct sweep *w, struct lane *l, double took_ms)
{
	double factor = took_ms < 1 ? 2 : (double)w->limits.transaction_target_ms / took_ms;
	double slice = (double)w->work.slice * (factor > 2 ? 2 : factor < 0.25 ? 0.25 : factor);

	w->work.slice = slice < SLICE_MIN ? SLICE_MIN : slice > SLICE_MAX ? SLICE_MAX : (int64_t)slice;
	w->queue.pages = w->queue.pages / 2 < 1 ? 1 : w->queue.pages / 2;
	w->queue.rows = w->queue.rows / 2 < 1 ? 1 : w->queue.rows / 2;
	l->unit.begun = true;
	unit_again(&w->queue, &l->unit);
}

void sweep_committed(struct sweep *w, struct lane *l)
{
	double took_ms = clock_ms() - l->began_ms;

	w->step->acted += l->counts.applied;
	count_dependents(w, l);
	if (moved(l))
		w->step->transactions++;
	if (l->sliced) {
		sliced(w, l, took_ms);
		return;
	}
	if (!l->unit.circle)
		unit_adapt(&w->queue, &l->unit, took_ms, (double)w->limits.transaction_target_ms);
	if (l->unit.kind == UNIT_RANGE && !w->swept)
		w->queue.pages_done += l->unit.hi.block - l->unit.lo.block;
	unit_free(&l->unit);
}

void sweep_failed(struct sweep *w, const struct diag *d)
{
	if (!w->failed)
		w->diag = *d;
	w->failed = true;
}

/* Locks: once more, leaving locked rows out; what stays is met again in the last pass. */
static void retry_unit(struct sweep *w, struct lane *l)
{
	bool fkey = streq(l->diag.sqlstate, "23503") || streq(l->diag.sqlstate, "23001");

	l->unit.tries++;
	if (!fkey && l->unit.tries <= MAX_TRIES) {
		l->unit.careful = !l->unit.circle;
		unit_again(&w->queue, &l->unit);
		return;
	}
	/* A child that came meanwhile is seen by the next statement's snapshot; one that can't be seen
	 * (a key outside the plan) is cornered in the end. */
	if (fkey && l->unit.tries <= 2) {
		unit_again(&w->queue, &l->unit);
		return;
	}
	if (unit_split(&w->queue, &l->unit))
		return;
	w->given_up++;
	w->diag = l->diag;
	unit_free(&l->unit);
}

static void shrink_unit(struct sweep *w, struct lane *l)
{
	unit_shrink(&w->queue);
	if (w->work.chain && w->work.slice > SLICE_MIN) {
		w->work.slice = w->work.slice / 8 < SLICE_MIN ? SLICE_MIN : w->work.slice / 8;
		if (l->unit.kind == UNIT_TIDS || l->unit.hi.block - l->unit.lo.block <= w->queue.pages) {
			if (!unit_split(&w->queue, &l->unit))
				unit_again(&w->queue, &l->unit);
			return;
		}
	}
	if (l->unit.kind == UNIT_TIDS || l->unit.hi.block - l->unit.lo.block <= w->queue.pages) {
		if (!unit_split(&w->queue, &l->unit))
			sweep_failed(w, &l->diag);
		return;
	}
	/* cut into pieces of the new size at once: each try costs a timeout */
	while (l->unit.lo.block < l->unit.hi.block) {
		struct unit piece = l->unit;
		uint32_t next = l->unit.lo.block + (uint32_t)w->queue.pages;

		if (next < piece.hi.block)
			piece.hi = (struct tid){ next, 0 };
		l->unit.lo = piece.hi;
		piece.tries = 0;
		unit_again(&w->queue, &piece);
	}
}

static void refused(struct sweep *w, struct lane *l)
{
	if (w->stopped && streq(l->diag.sqlstate, "57014")) {	/* our own cancel */
		unit_free(&l->unit);
		return;
	}
	switch (l->diag.cls) {
	case DIAG_RETRY: retry_unit(w, l); return;
	case DIAG_SHRINK: shrink_unit(w, l); return;
	default: break;
	}
	sweep_failed(w, &l->diag);
	unit_free(&l->unit);
}

static void lane_handle(struct sweep *w, struct lane *l)
{
	switch (lane_step(l)) {
	case LANE_WORKING: return;
	case LANE_COMMITTED: sweep_committed(w, l); return;
	case LANE_REFUSED: refused(w, l); return;
	case LANE_STALE:
		w->stale = true;
		unit_again(&w->queue, &l->unit);
		return;
	case LANE_RESHAPED:
		w->reshaped = true;
		unit_free(&l->unit);
		return;
	case LANE_LOST: lane_lost(w, l); return;
	}
}

/* ---- the loop ---- */

static size_t busy(const struct sweep *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->nlanes; i++)
		n += w->lanes[i].phase != LANE_IDLE && w->lanes[i].phase != LANE_DOWN;
	return n;
}

/* Asked each time round, also while every lane is at work or waits for a lock. */
static void look_for_stop(struct sweep *w)
{
	bool late = w->o->deadline_ms > 0 && clock_ms() >= w->o->deadline_ms;

	if (w->stopped || !(late || w->o->stop_requested()))
		return;
	w->stopped = true;
	w->stopped_ms = clock_ms();
	if (!w->o->stop_requested())
		w->out->interrupted_by = "the window has ended";
}

static bool may_start(struct sweep *w)
{
	look_for_stop(w);
	return !w->stopped && !w->failed && !w->stale && !w->reshaped;
}

/* A stop finishes what it met half done: parents that are there without all that hangs on them. */
static bool may_finish(const struct sweep *w)
{
	return !w->failed && !w->stale && !w->reshaped && w->o->stop_requested() < 2 && clock_ms() - w->stopped_ms < CONN_STOP_MS;
}

static bool next(struct sweep *w, struct unit *ret)
{
	if (may_start(w))
		return unit_next(&w->queue, ret);
	return w->stopped && may_finish(w) && unit_next_begun(&w->queue, ret);
}

static void hand_out(struct sweep *w)
{
	struct unit u;

	for (size_t i = 0; i < w->nlanes; i++) {
		if (w->lanes[i].phase != LANE_IDLE)
			continue;
		if (!next(w, &u))
			return;
		lane_start(&w->lanes[i], &w->work, &u, ++*w->batch);
		if (w->lanes[i].phase == LANE_DOWN)
			lane_lost(w, &w->lanes[i]);
	}
}

static void wait_lanes(struct sweep *w)
{
	struct pollfd fds[64];
	struct lane *lanes[64];
	nfds_t n = 0;

	for (size_t i = 0; i < w->nlanes && n < ARRAY_SIZE(fds); i++) {
		struct lane *l = &w->lanes[i];

		if (l->phase == LANE_IDLE || l->phase == LANE_DOWN)
			continue;
		lanes[n] = l;
		fds[n++] = (struct pollfd){ .fd = lane_socket(l), .events = (short)(POLLIN | (lane_wants_write(l) ? POLLOUT : 0)) };
	}
	if (poll(fds, n, lanes_pause(w)) < 0)
		return;				/* EINTR: the flag is read by the loop */
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents)
			lane_handle(w, lanes[i]);
}

double exec_progress_left(const struct exec_progress *p)
{
	int64_t n = p->pages_all ? p->pages_done : p->rows, all = p->pages_all ? p->pages_all : p->rows_all;

	return n <= 0 ? -1 : n >= all ? 0 : p->seconds * (double)(all - n) / (double)n;
}

static void progress(struct sweep *w)
{
	double now = clock_ms();
	struct exec_progress p = {
		.rule = w->work.step->rule->name, .rows = w->step->acted,
		.rows_all = w->step->before + plan_step_rows(w->work.step), .pages_done = w->queue.pages_done,
		.pages_all = unit_pages_all(&w->queue), .seconds = (now - w->began_ms) / 1e3,
	};

	if (!w->o->progress || now - w->last_progress_ms < 500)
		return;
	w->last_progress_ms = now;
	w->o->progress(w->o->ctx, &p);
}

/* A stop lets units finish; one that takes long, or a second signal, is cancelled. */
static void cancel_slow(struct sweep *w, double *cancelled_ms)
{
	double now = clock_ms();

	if ((w->o->stop_requested() < 2 && now - w->stopped_ms < CONN_STOP_MS) || now - *cancelled_ms < CANCEL_AGAIN_MS)
		return;
	*cancelled_ms = now;
	for (size_t i = 0; i < w->nlanes; i++)
		if (w->lanes[i].phase != LANE_IDLE && w->lanes[i].phase != LANE_DOWN)
			conn_cancel(w->lanes[i].conn);
}

/* Units are left that no lane can take any more. */
static void all_lanes_lost(struct sweep *w)
{
	if (may_start(w) && (w->queue.nagain || w->queue.sweeping))
		sweep_failed(w, &w->lanes[0].diag);
}

void sweep_run(struct sweep *w)
{
	double cancelled_ms = 0;

	hand_out(w);
	while (busy(w) || lanes_waited_for(w)) {
		wait_lanes(w);
		lanes_revive(w);
		look_for_stop(w);
		hand_out(w);
		progress(w);
		if (w->stopped)
			cancel_slow(w, &cancelled_ms);
	}
	all_lanes_lost(w);
}
