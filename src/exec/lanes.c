#include "exec/lanes.h"

#include "exec/revive.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"

#include <math.h>
#include <poll.h>

#define PAUSE_FIRST_MS 50
#define PAUSE_LAST_MS 3000
#define STOP_WAITS_MS 5000	/* for an outcome in doubt, when a stop was asked for */
#define MAX_LOSSES 4		/* of one unit: a statement that takes the server down is not sent for ever */

/* ---- opening ---- */

/* A conninfo may lead elsewhere the next time, after a failover to a server with a past of its own. */
static bool lane_joins(struct conn *c, const struct exec_options *o, struct diag *d)
{
	return revive_writable(c, d) && ledger_require(c, NULL, d) && ledger_lane_lock(c, o->job, d);
}

static bool lane_open(const struct exec_options *o, const struct limits *l, struct lane *ret, struct diag *d)
{
	struct conn_settings s = { .application = "pgretain lane", .bulk = true, .lock_timeout_ms = l->lock_timeout_ms,
				   .statement_timeout_ms = l->statement_timeout_ms };
	AUTO_CONN *c = NULL;

	if (!conn_open(o->conninfo, &s, &c, d) || !lane_joins(c, o, d))
		return false;
	lane_init(ret, STEAL(c));
	return true;
}

static bool first_lane(const struct exec_options *o, const struct limits *l, struct lane *ret, struct diag *d)
{
	double until = clock_ms() + o->reconnect_ms;
	int pause = PAUSE_FIRST_MS;

	while (!lane_open(o, l, ret, d)) {
		if (o->stop_requested())
			return diag_fail(d, DIAG_INTERRUPTED, "interrupted while the server was away");
		if (!revive_may_pass(d) || clock_ms() > until)
			return false;
		poll(NULL, 0, pause);
		pause = pause * 2 < PAUSE_LAST_MS ? pause * 2 : PAUSE_LAST_MS;
	}
	return true;
}

bool lanes_open(const struct exec_options *o, const struct limits *l, size_t want, struct lane **lanes, size_t *n,
		struct diag *d)
{
	struct diag ignored = DIAG_INIT;

	if (!*lanes)
		*lanes = xcalloc((size_t)l->lanes, sizeof(**lanes));
	if (!*n && !first_lane(o, l, *lanes, d))
		return false;
	for (*n = *n ? *n : 1; *n < want && *n < (size_t)l->lanes; ++*n)
		if (!lane_open(o, l, &(*lanes)[*n], &ignored))
			break;
	return true;
}

void lanes_close(struct lane *lanes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		lane_done(&lanes[i]);
	free(lanes);
}

/* ---- settings of a step ---- */

/* A unit is read by its ctids: the planner must not turn to an index for each of them (engine.md).
 * Where rows below are looked up, plain index scans stay allowed; where none are, reading whole tables is no
 * better: the catalogue is read by its indexes then. Up to PostgreSQL 13 that is how a unit is read. */
static bool lane_prepare(struct conn *c, const struct sweep *w, struct diag *d)
{
	bool looks_up = sweep_looks_up(w->work.step);
	AUTO_RESULT *res = NULL;
	char lock[24], statement[24];

	snprintf(lock, sizeof(lock), "%lld", (long long)w->limits.lock_timeout_ms);
	snprintf(statement, sizeof(statement), "%lld", (long long)w->limits.statement_timeout_ms);
	return conn_query_text(c, sqltext_get("query/exec_lane"), &res, d, looks_up ? "on" : "off",
			       looks_up || c->version < 140000 ? "on" : "off", w->o->run, lock, statement);
}

static void lane_down(struct sweep *w, struct lane *l)
{
	l->phase = LANE_DOWN;
	l->lost_ms = l->retry_ms = clock_ms();
	l->pause_ms = PAUSE_FIRST_MS;
	if (w->o->connection)
		w->o->connection(w->o->ctx, "lane.lost", &l->diag);
}

bool lanes_prepare(struct sweep *w, struct diag *d)
{
	for (size_t i = 0; i < w->nlanes; i++) {
		struct lane *l = &w->lanes[i];

		if (l->phase == LANE_IDLE && lane_prepare(l->conn, w, &l->diag))
			continue;
		if (l->phase == LANE_IDLE && !revive_needed(l->conn, &l->diag)) {
			*d = l->diag;
			return false;
		}
		lane_down(w, l);		/* given up in an earlier step: once more */
	}
	return true;
}

/* ---- losses ---- */

static void unit_lost(struct sweep *w, struct lane *l)
{
	if (++l->unit.losses <= MAX_LOSSES) {
		unit_again(&w->queue, &l->unit);
		return;
	}
	sweep_failed(w, &l->diag);
	unit_free(&l->unit);
}

void lane_lost(struct sweep *w, struct lane *l)
{
	lane_down(w, l);
	l->unsure = l->committing;
	if (!l->unsure)
		unit_lost(w, l);
}

static bool lane_up(struct sweep *w, struct lane *l, bool *known, struct diag *d)
{
	return conn_reset(l->conn, d) && lane_joins(l->conn, w->o, d) && lane_prepare(l->conn, w, d) &&
		(!l->unsure || revive_batch_known(l->conn, w->o, l->batch, known, d));
}

static void lane_back(struct sweep *w, struct lane *l, bool known)
{
	bool unsure = l->unsure;

	l->phase = LANE_IDLE;
	l->unsure = false;
	if (w->o->connection)
		w->o->connection(w->o->ctx, "lane.back", NULL);
	if (unsure && known)
		sweep_committed(w, l);
	else if (unsure)
		unit_lost(w, l);
}

static void lane_give_up(struct sweep *w, struct lane *l)
{
	struct diag d = l->diag;

	l->retry_ms = INFINITY;
	if (!l->unsure)
		return;
	l->unsure = false;
	if (revive_may_pass(&d)) {
		diag_fail(&d, DIAG_LOST, "the connection was lost at COMMIT: the ledger tells whether the last rows are done");
		snprintf(d.sqlstate, sizeof(d.sqlstate), "%s", l->diag.sqlstate);
	}
	sweep_failed(w, &d);
	unit_free(&l->unit);
}

static double patience_ms(const struct sweep *w, const struct lane *l)
{
	int stop = w->o->stop_requested();

	if (stop > 1 || (stop && !l->unsure))
		return 0;
	return stop && w->o->reconnect_ms > STOP_WAITS_MS ? STOP_WAITS_MS : w->o->reconnect_ms;
}

void lanes_revive(struct sweep *w)
{
	for (size_t i = 0; i < w->nlanes; i++) {
		struct lane *l = &w->lanes[i];
		double now = clock_ms();
		bool known = false;

		if (l->phase != LANE_DOWN || now < l->retry_ms)
			continue;
		if (lane_up(w, l, &known, &l->diag)) {
			lane_back(w, l, known);
		} else if (!revive_may_pass(&l->diag) || now - l->lost_ms >= patience_ms(w, l)) {
			lane_give_up(w, l);
		} else {
			l->retry_ms = clock_ms() + l->pause_ms;
			l->pause_ms = l->pause_ms * 2 < PAUSE_LAST_MS ? l->pause_ms * 2 : PAUSE_LAST_MS;
		}
	}
}

bool lanes_waited_for(const struct sweep *w)
{
	bool work = (w->queue.nagain || w->queue.sweeping) && !w->stopped && !w->failed && !w->stale && !w->reshaped;

	for (size_t i = 0; i < w->nlanes; i++)
		if (w->lanes[i].phase == LANE_DOWN && isfinite(w->lanes[i].retry_ms) && (w->lanes[i].unsure || work))
			return true;
	return false;
}

int lanes_pause(const struct sweep *w)
{
	double pause = 500, now = clock_ms();

	for (size_t i = 0; i < w->nlanes; i++)
		if (w->lanes[i].phase == LANE_DOWN && w->lanes[i].retry_ms - now < pause)
			pause = w->lanes[i].retry_ms - now;
	return pause < 1 ? 1 : (int)pause;
}
