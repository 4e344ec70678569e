#include "exec/lane.h"

#include "base/fault.h"
#include "exec/shape.h"
#include "model/tomb.h"
#include "pg/sqltext.h"

#include <stdlib.h>

#define UNIT_PARAMS 2
#define OID_TID 27
#define OID_TID_ARRAY 1010
#define OID_INT8 20
#define OID_OID_ARRAY 1028

void lane_init(struct lane *l, struct conn *c)
{
	*l = (struct lane){ .conn = c, .phase = c ? LANE_IDLE : LANE_DOWN };
}

static void forget(struct lane *l, size_t n)
{
	for (size_t i = 0; i < l->ntombs; i++)
		json_decref(l->tombs[i]);
	l->tombs = xrealloc(l->tombs, (n + 1) * sizeof(json_t *));
	l->ntombs = n;
	memset(l->tombs, 0, (n + 1) * sizeof(json_t *));
}

void lane_done(struct lane *l)
{
	forget(l, 0);
	free(l->tombs);
	unit_free(&l->unit);
	free(l->counts.dependents);
	free(l->types);
	free(l->values);
	strbuf_done(&l->tids);
	strbuf_done(&l->oids);
	strbuf_done(&l->sql);
	strbuf_done(&l->arg1);
	strbuf_done(&l->arg2);
	if (l->conn)
		conn_close(l->conn);
	l->conn = NULL;
}

int lane_socket(const struct lane *l)
{
	return PQsocket(l->conn->pg);
}

bool lane_wants_write(const struct lane *l)
{
	return PQflush(l->conn->pg) == 1;
}

/* ---- sending ---- */

static bool sent(struct lane *l, int ok)
{
	if (ok)
		return true;
	l->failed = true;
	return conn_diag(l->conn, NULL, &l->diag);
}

/* A statement of the step with the step's parameters and those of the unit. */
static bool send_step(struct lane *l, const struct plan_stmt *s, int n, const Oid *types, const char *const *values)
{
	const struct plan_params *p = &l->work->step->params;
	for (int i = 0; i < p->n + n; i++) {
		l->types[i] = i < p->n ? p->types[i] : types[i - p->n];
		l->values[i] = i < p->n ? p->values[i] : values[i - p->n];
	}
	plan_stmt_for(s, l->work->step->relations[l->unit.relation].sql, &l->sql);
	return sent(l, PQsendQueryParams(l->conn->pg, strbuf_str(&l->sql), p->n + n, l->types, l->values, NULL, NULL, 0));
}

static bool send_unit(struct lane *l, const struct plan_stmt *range, const struct plan_stmt *tids)
{
	static const Oid range_types[] = { OID_TID, OID_TID }, tids_types[] = { OID_TID_ARRAY };

	strbuf_reset(&l->arg1);
	strbuf_reset(&l->arg2);
	if (l->unit.kind == UNIT_TIDS) {
		unit_tids_text(&l->arg1, l->unit.tids, l->unit.n);
		return send_step(l, tids, 1, tids_types, (const char *[]){ strbuf_str(&l->arg1) });
	}
	unit_tid_text(&l->arg1, l->unit.lo);
	unit_tid_text(&l->arg2, l->unit.hi);
	return send_step(l, range, 2, range_types, (const char *[]){ strbuf_str(&l->arg1), strbuf_str(&l->arg2) });
}

/* Rows in several relations: what finds them, and where each lies. */
static bool across(const struct lane *l)
{
	return l->unit.circle && l->work->step->circle_across;
}

static bool send_across(struct lane *l, const struct plan_stmt *s, const char *tids, const char *oids)
{
	static const Oid types[] = { OID_TID_ARRAY, OID_OID_ARRAY };

	return send_step(l, s, 2, types, (const char *[]){ tids, oids });
}

static bool lock_across(struct lane *l)
{
	strbuf_reset(&l->arg1);
	strbuf_reset(&l->arg2);
	unit_tids_text(&l->arg1, l->unit.tids, l->unit.n);
	unit_oids_text(&l->arg2, l->unit.oids, l->unit.n);
	return send_across(l, &l->work->step->circle_lock, strbuf_str(&l->arg1), strbuf_str(&l->arg2));
}

static bool locks_first(const struct lane *l)
{
	return l->work->chain || l->unit.careful || l->unit.circle;
}

static bool send_lock(struct lane *l)
{
	const struct plan_step *s = l->work->step;

	if (across(l))
		return lock_across(l);
	if (l->unit.circle)
		return send_unit(l, &s->circle_lock, &s->circle_lock);
	if (l->unit.careful)
		return send_unit(l, &s->free_range, &s->free_tids);
	return send_unit(l, &s->lock_range, &s->lock_tids);
}

/* How many dependents the transaction may still take. */
static int64_t slice_left(const struct lane *l)
{
	int64_t left = l->slice;

	for (size_t i = 0; i < l->dependent; i++)
		left -= l->counts.dependents[i];
	return left > 0 ? left : 0;
}

static bool send_dependent(struct lane *l)
{
	static const Oid types[] = { OID_TID_ARRAY, OID_INT8 };
	const struct plan_dependent *d = &l->work->step->dependents[l->dependent];
	char slice[24];

	snprintf(slice, sizeof(slice), "%lld", (long long)slice_left(l));
	if (across(l))
		return send_across(l, &d->circle, strbuf_str(&l->tids), strbuf_str(&l->oids));
	if (d->limited.text)
		return send_step(l, &d->limited, 2, types, (const char *[]){ strbuf_str(&l->tids), slice });
	return send_step(l, &d->whole, 1, types, (const char *[]){ strbuf_str(&l->tids) });
}

static bool send_apply(struct lane *l)
{
	static const Oid types[] = { OID_TID_ARRAY };
	const struct plan_step *s = l->work->step;

	if (!locks_first(l))
		return send_unit(l, &s->apply_range, &s->apply_tids);
	if (across(l))
		return send_across(l, &s->circle_apply, strbuf_str(&l->tids), strbuf_str(&l->oids));
	return send_step(l, l->unit.circle ? &s->circle_apply : &s->apply_tids, 1, types,
			 (const char *[]){ strbuf_str(&l->tids) });
}

/* ---- the ledger's entries of a batch: the effect first, then each dependent that moved ---- */

static int64_t entry_rows(const struct lane *l, size_t entry)
{
	if (entry == 0)
		return l->counts.applied;
	return l->work->step->dependents[entry - 1].kind == DEP_UNLINK ? 0 : l->counts.dependents[entry - 1];
}

static bool entry_skip(struct lane *l)
{
	while (l->entry <= l->work->step->ndependents && entry_rows(l, l->entry) == 0)
		l->entry++;
	return l->entry <= l->work->step->ndependents;
}

static const char *dep_action(const struct lane *l, const struct plan_dependent *d)
{
	switch (d->kind) {
	case DEP_FOLLOW: return rule_action_word(l->work->plan->steps[d->index].rule);
	case DEP_CASCADE: return "delete";
	case DEP_UNSET: case DEP_UNLINK: return "set null";
	}
	return NULL;
}

/* A key that is cut or cascades counts for the rule that mentions it. */
static const char *entry_rule(const struct lane *l, const struct plan_dependent *d)
{
	const struct plan_step *s = l->work->step;

	if (d && d->kind != DEP_UNLINK)
		s = &l->work->plan->steps[d->kind == DEP_FOLLOW ? d->index : s->tallies[d->index].step];
	return rule_name(s->rule);
}

/* The first entry of the transaction compares the schema: all that it works on is locked by then. */
static bool send_entry(struct lane *l, const struct ledger_entry *e)
{
	const struct plan_step *s = l->work->step;
	const struct plan_shape *shape = across(l) ? &s->shape : &s->relations[l->unit.relation].shape;
	const char *values[SHAPE_PARAMS];
	char rows[LEDGER_ROWS_TEXT];

	shape_values(e, shape, rows, values);
	if (l->compared)
		return sent(l, PQsendQueryParams(l->conn->pg, sqltext_get("query/ledger_append"), LEDGER_APPEND_PARAMS, NULL,
						 values, NULL, NULL, 0));
	return sent(l, PQsendQueryParams(l->conn->pg, l->work->plan->append, SHAPE_PARAMS, NULL, values, NULL, NULL, 0));
}

static const struct plan_tomb *tomb_of(const struct lane *l, size_t entry)
{
	return entry ? l->work->step->dependents[entry - 1].tomb : l->work->step->tomb;
}

/* Rows of the batch from when on are remembered; what goes with a row is found by it. */
static const char *remembered(const struct lane *l, char buf[96])
{
	const struct plan_tomb *t = tomb_of(l, l->entry) ? tomb_of(l, l->entry) : l->work->step->tomb;
	char instant[INSTANT_TEXT];

	*buf = '\0';
	if (t)
		snprintf(buf, 96, ", \"remembered_from\": \"%s\"", instant_format(t->since, instant));
	return buf;
}

static bool send_ledger(struct lane *l)
{
	char since[96];
	const struct plan_step *s = l->work->step;
	const struct plan_dependent *d = l->entry ? &s->dependents[l->entry - 1] : NULL;
	const struct plan_step *follower = d && d->kind == DEP_FOLLOW ? &l->work->plan->steps[d->index] : NULL;
	char detail[192];
	const struct ledger_entry e = {
		.kind = "batch", .run = l->work->run, .rule = entry_rule(l, d),
		.table = follower ? follower->table : d ? s->tallies[d->index].table : s->table,
		.action = d ? dep_action(l, d) : rule_action_word(s->rule), .rows = entry_rows(l, l->entry),
		.as_of = l->work->plan->as_of, .actor = l->work->actor, .detail = detail,
	};

	snprintf(detail, sizeof(detail), "{\"batch\": %lld, \"epoch\": %lld%s}", (long long)l->batch, (long long)l->epoch,
		 remembered(l, since));
	return send_entry(l, &e);
}

static bool send_tombs(struct lane *l)
{
	const struct plan_tomb *t = tomb_of(l, l->entry);
	char *rows = json_dumps(l->tombs[l->entry], JSON_COMPACT);
	char mark[SECRET_MAC_TEXT] = "";
	const char *const values[TOMBSTONE_PARAMS] = { l->seq, l->work->run, l->work->request, t->rule, t->action,
						       t->columns_text, rows, mark };
	bool ok;

	if (l->work->secret)
		tomb_made_with(l->work->secret, mark);
	ok = sent(l, PQsendQueryParams(l->conn->pg, sqltext_get("query/tombstone_put"), TOMBSTONE_PARAMS, NULL, values,
				       NULL, NULL, 0));
	free(rows);
	return ok;
}

static bool send_commit(struct lane *l)
{
	bool ok;

	l->committing = true;
	ok = sent(l, PQsendQuery(l->conn->pg, "COMMIT"));
	FAULT_POINT(lane_committing);
	return ok;
}

static void phase_fault(enum lane_phase phase)
{
	switch (phase) {
	case LANE_BEGIN: FAULT_POINT(lane_begin); return;
	case LANE_LOCK: FAULT_POINT(lane_lock); return;
	case LANE_DEPENDENT: FAULT_POINT(lane_dependent); return;
	case LANE_APPLY: FAULT_POINT(lane_apply); return;
	case LANE_LEDGER: FAULT_POINT(lane_ledger); return;
	case LANE_COMMIT: FAULT_POINT(lane_commit); return;
	case LANE_ROLLBACK: FAULT_POINT(lane_rollback); return;
	case LANE_TOMBS: case LANE_IDLE: case LANE_DOWN: return;
	}
}

static bool phase_send(struct lane *l, enum lane_phase phase)
{
	phase_fault(phase);
	l->phase = phase;
	switch (phase) {
	case LANE_BEGIN:
		return sent(l, PQsendQuery(l->conn->pg, "BEGIN; SELECT pgretain.hold_lock_shared()"));
	case LANE_LOCK: return send_lock(l);
	case LANE_DEPENDENT: return send_dependent(l);
	case LANE_APPLY: return send_apply(l);
	case LANE_LEDGER: return send_ledger(l);
	case LANE_TOMBS: return send_tombs(l);
	case LANE_COMMIT: return send_commit(l);
	case LANE_ROLLBACK: return sent(l, PQsendQuery(l->conn->pg, "ROLLBACK"));
	case LANE_IDLE: case LANE_DOWN: break;
	}
	return true;
}

/* ---- answers ---- */

static void read_locked(struct lane *l, const PGresult *r)
{
	struct tid t;

	strbuf_reset(&l->tids);
	strbuf_addc(&l->tids, '{');
	for (int i = 0; i < PQntuples(r); i++) {
		BUG_ON(!unit_tid_parse(res_text(r, i, 0), &t));
		strbuf_addf(&l->tids, "%s\"(%u,%u)\"", i ? "," : "", t.block, t.offset);
	}
	strbuf_addc(&l->tids, '}');
	strbuf_reset(&l->oids);
	for (int i = 0; i < PQntuples(r) && across(l); i++)
		strbuf_addf(&l->oids, "%s%s", i ? "," : "{", res_text(r, i, 1));
	strbuf_addc(&l->oids, '}');
	l->counts.locked = PQntuples(r);
}

/* With RETURNING: a row that did not reach its final form rolls the batch back. */
static void read_final(struct lane *l, const PGresult *r, const struct plan_step *s)
{
	for (int i = 0; i < PQntuples(r) && !l->failed; i++) {
		if (res_bool(r, i, 0))
			continue;
		l->failed = true;
		diag_fail(&l->diag, DIAG_STEP, "%s changed what was written: rows do not reach their final form",
			  s->keepers ? s->keepers : s->table);
	}
}

static void gather(struct lane *l, const PGresult *r, size_t entry)
{
	if (tomb_of(l, entry))
		tombstone_gather(tomb_of(l, entry), l->work->secret, r, &l->tombs[entry]);
}

static void read_applied(struct lane *l, const PGresult *r)
{
	l->counts.applied = res_affected(r);
	gather(l, r, 0);
	read_final(l, r, l->work->step);
}

static void read_dependent(struct lane *l, const PGresult *r)
{
	const struct plan_dependent *d = &l->work->step->dependents[l->dependent];
	int64_t n = res_affected(r);

	l->counts.dependents[l->dependent] = n;
	gather(l, r, l->dependent + 1);
	if (d->kind == DEP_FOLLOW)
		read_final(l, r, &l->work->plan->steps[d->index]);
	if (d->limited.text && !across(l) && n >= slice_left(l))
		l->sliced = true;
}

static void read_answer(struct lane *l, const PGresult *r)
{
	switch (l->phase) {
	case LANE_BEGIN:
		if (PQntuples(r) == 1) {
			l->epoch = res_int(r, 0, 0);
			l->stale = l->epoch != l->work->plan->hold_epoch;
		}
		return;
	case LANE_LOCK: read_locked(l, r); return;
	case LANE_DEPENDENT: read_dependent(l, r); return;
	case LANE_APPLY: read_applied(l, r); return;
	case LANE_LEDGER:
		l->reshaped = !l->compared && PQntuples(r) == 0;
		l->compared = true;
		snprintf(l->seq, sizeof(l->seq), "%s", l->reshaped ? "" : res_text(r, 0, 0));
		return;
	case LANE_TOMBS: case LANE_COMMIT: case LANE_ROLLBACK: case LANE_IDLE: case LANE_DOWN: return;
	}
}

/* What comes after an answer that was good. */
static enum lane_phase phase_next(struct lane *l)
{
	switch (l->phase) {
	case LANE_BEGIN:
		if (l->stale)
			return LANE_ROLLBACK;
		return locks_first(l) ? LANE_LOCK : LANE_APPLY;
	case LANE_LOCK:
		if (!l->counts.locked)
			return LANE_ROLLBACK;
		l->dependent = 0;
		return l->work->step->ndependents ? LANE_DEPENDENT : LANE_APPLY;
	case LANE_DEPENDENT:
		if (!l->sliced && ++l->dependent < l->work->step->ndependents)
			return LANE_DEPENDENT;
		if (!l->sliced)
			return LANE_APPLY;
		l->entry = 0;
		return entry_skip(l) ? LANE_LEDGER : LANE_ROLLBACK;
	case LANE_APPLY:
		l->entry = 0;
		return entry_skip(l) ? LANE_LEDGER : LANE_ROLLBACK;
	case LANE_LEDGER:
		if (l->reshaped)
			return LANE_ROLLBACK;
		if (l->tombs[l->entry])
			return LANE_TOMBS;
		l->entry++;
		return entry_skip(l) ? LANE_LEDGER : LANE_COMMIT;
	case LANE_TOMBS:
		l->entry++;
		return entry_skip(l) ? LANE_LEDGER : LANE_COMMIT;
	case LANE_COMMIT: case LANE_ROLLBACK: case LANE_IDLE: case LANE_DOWN: break;
	}
	return LANE_IDLE;
}

void lane_start(struct lane *l, const struct lane_work *w, struct unit *u, int64_t batch)
{
	l->work = w;
	l->unit = *u;
	u->tids = NULL;
	u->oids = NULL;
	l->batch = batch;
	l->slice = w->slice;
	l->failed = l->stale = l->sliced = l->committing = l->compared = l->reshaped = false;
	l->counts.dependents = xrealloc(l->counts.dependents, (w->step->ndependents + 1) * sizeof(int64_t));
	l->types = xrealloc(l->types, (size_t)(w->step->params.n + UNIT_PARAMS) * sizeof(*l->types));
	l->values = xrealloc(l->values, (size_t)(w->step->params.n + UNIT_PARAMS) * sizeof(*l->values));
	forget(l, w->step->ndependents + 1);
	memset(l->counts.dependents, 0, (w->step->ndependents + 1) * sizeof(int64_t));
	l->counts.applied = l->counts.locked = 0;
	l->began_ms = clock_ms();
	if (!phase_send(l, LANE_BEGIN))
		l->phase = LANE_DOWN;
}

static enum lane_result finished(struct lane *l)
{
	enum lane_phase was = l->phase;

	l->phase = LANE_IDLE;
	if (was == LANE_COMMIT && !l->failed) {
		FAULT_POINT(lane_committed);
		return LANE_COMMITTED;
	}
	if (l->stale)
		return LANE_STALE;
	if (l->reshaped)
		return LANE_RESHAPED;
	return l->failed ? LANE_REFUSED : LANE_COMMITTED;	/* nothing was there to do */
}

/* All results of the phase are in. */
static enum lane_result answered(struct lane *l)
{
	enum lane_phase next;

	if (l->phase == LANE_ROLLBACK || (l->phase == LANE_COMMIT && !l->failed))
		return finished(l);
	if (l->failed && PQtransactionStatus(l->conn->pg) == PQTRANS_IDLE)
		return finished(l);		/* COMMIT refused: the server has rolled back */
	next = l->failed ? LANE_ROLLBACK : phase_next(l);
	if (!phase_send(l, next)) {
		l->phase = LANE_DOWN;
		return LANE_LOST;
	}
	return LANE_WORKING;
}

static void result_take(struct lane *l, PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		/* COMMIT of a failed transaction answers ROLLBACK */
		if (l->phase == LANE_COMMIT && !streq(PQcmdStatus(r), "COMMIT")) {
			l->failed = true;
			diag_fail(&l->diag, DIAG_STEP, "the transaction could not be committed");
		}
		read_answer(l, r);
	} else if (!l->failed) {
		l->failed = true;
		conn_diag(l->conn, r, &l->diag);
	}
	PQclear(r);
}

enum lane_result lane_step(struct lane *l)
{
	PGresult *r;

	if (l->phase == LANE_DOWN)
		return LANE_LOST;
	if (!PQconsumeInput(l->conn->pg)) {
		conn_diag(l->conn, NULL, &l->diag);
		l->phase = LANE_DOWN;
		return LANE_LOST;
	}
	while (!PQisBusy(l->conn->pg)) {
		r = PQgetResult(l->conn->pg);
		if (r) {
			result_take(l, r);
			continue;
		}
		if (l->failed && (l->diag.cls == DIAG_LOST || PQstatus(l->conn->pg) != CONNECTION_OK)) {
			l->phase = LANE_DOWN;
			return LANE_LOST;
		}
		enum lane_result done = answered(l);

		if (done != LANE_WORKING)
			return done;
	}
	return LANE_WORKING;
}
