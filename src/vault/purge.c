#include "vault/look.h"

#include "pg/sqltext.h"

#define ROWS_AT_ONCE "5000"

struct purge {
	struct conn *c;
	const struct vault_plan *plan;
	const struct vault_options *o;
	struct vault_outcome *out;
	const char *before;
	size_t store;
};

struct partition {
	const char *oid, *display, *lo, *hi;
	bool over;			/* its day is over: it can be dropped empty */
};

/* What the look at a partition has shown. */
struct shown {
	int64_t rows, due, kept;	/* kept: not due, or held */
	bool unsure;
	PGresult *groups;
};

static const struct vault_store *store(const struct purge *w)
{
	return &w->plan->stores[w->store];
}

static bool stopped(struct purge *w)
{
	if (w->o->stop_requested && w->o->stop_requested())
		w->out->interrupted = true;
	return w->out->interrupted;
}

/* Begins, with the holds' lock. *fresh: the plan's holds are the ones in force. */
static bool begin(struct purge *w, bool *fresh, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_do(w->c, "BEGIN", NO_PARAMS, d) ||
	    !conn_query(w->c, "SELECT pgretain.hold_lock_shared()", NO_PARAMS, &res, d))
		return false;
	*fresh = res_int(res, 0, 0) == w->plan->hold_epoch;
	return true;
}

/* Vault tables may have been added meanwhile; the one in hand is found again by its oid. */
static bool refresh(struct purge *w, struct diag *d)
{
	const char *oid = store(w)->oid;
	const struct vault_plan *plan = NULL;

	if (!w->o->refresh(w->o->ctx, &plan, d))
		return false;
	for (size_t i = 0; i < plan->nstores; i++) {
		if (!streq(plan->stores[i].oid, oid))
			continue;
		w->plan = plan;
		w->store = i;
		return true;
	}
	return diag_fail(d, DIAG_STEP, "vault table %s has gone meanwhile", store(w)->name);
}

/* begin() until the holds stand still. */
static bool begin_fresh(struct purge *w, struct diag *d)
{
	bool fresh;

	while (begin(w, &fresh, d)) {
		if (fresh)
			return true;
		if (!look_rollback(w->c, d) || !refresh(w, d))
			return false;
	}
	return false;
}

static bool look(struct purge *w, const struct partition *p, struct shown *ret, struct diag *d)
{
	*ret = (struct shown){ 0 };
	if (!look_groups(w->c, store(w), p->lo, p->hi, w->before, &ret->groups, &ret->unsure, d))
		return false;
	for (int i = 0; i < PQntuples(ret->groups); i++) {
		int64_t rows = res_int(ret->groups, i, 3), held = res_int(ret->groups, i, 4);
		bool due = res_bool(ret->groups, i, 5);

		ret->rows += rows;
		ret->due += due ? rows : 0;
		ret->kept += due ? held : rows;
	}
	return true;
}

static void shown_done(struct shown *s)
{
	PQclear(s->groups);
	s->groups = NULL;
}

static struct vault_entry *entry_of(struct purge *w, const PGresult *res, int i)
{
	return look_entry(w->out, res_text(res, i, 0), store(w)->table, res_text(res, i, 1), res_text(res, i, 2));
}

static void remember(struct purge *w, const struct shown *s)
{
	for (int i = 0; i < PQntuples(s->groups); i++) {
		if (!res_bool(s->groups, i, 5))
			continue;
		struct vault_entry *e = entry_of(w, s->groups, i);

		e->rows += res_int(s->groups, i, 3);
		e->held += res_int(s->groups, i, 4);
	}
}

static bool evidence(struct purge *w, const PGresult *res, bool partition, struct diag *d)
{
	char detail[96];

	snprintf(detail, sizeof(detail), "{\"epoch\": %lld, \"partition\": %s}", (long long)w->plan->hold_epoch,
		 partition ? "true" : "false");
	for (int i = 0; i < PQntuples(res); i++)
		if (!look_evidence(w->c, w->o, "purge", res_text(res, i, 0), store(w)->table, res_text(res, i, 1),
				   res_int(res, i, 3), detail, d))
			return false;
	return true;
}

static void count(struct purge *w, const PGresult *res)
{
	for (int i = 0; i < PQntuples(res); i++) {
		entry_of(w, res, i)->moved += res_int(res, i, 3);
		w->out->moved += res_int(res, i, 3);
	}
}

/* ---- a whole day ---- */

static bool drop_locked(struct purge *w, const struct partition *p, bool *done, struct diag *d)
{
	AUTO_RESULT *locked = NULL, *dropped = NULL;
	struct shown s;
	bool ok;

	*done = false;
	if (!conn_query_text(w->c, sqltext_get("query/vault_lock"), &locked, d, p->oid) || !look(w, p, &s, d))
		return false;
	if (s.kept || (!s.rows && !p->over)) {
		shown_done(&s);
		return look_rollback(w->c, d);
	}
	ok = conn_query_text(w->c, sqltext_get("query/vault_drop"), &dropped, d, p->oid, w->before) &&
		(res_int(dropped, 0, 0) == s.rows ||
		 diag_fail(d, DIAG_STEP, "partition %s held another number of rows than was counted", p->display)) &&
		evidence(w, s.groups, true, d) && conn_do(w->c, "COMMIT", NO_PARAMS, d);
	if (ok)
		count(w, s.groups);
	*done = ok;
	shown_done(&s);
	return ok;
}

/* One whose lock is not to be had is left to the rows. */
static bool drop(struct purge *w, const struct partition *p, bool *done, struct diag *d)
{
	struct diag rolled = DIAG_INIT;

	*done = false;
	if (!begin_fresh(w, d))
		return false;
	if (drop_locked(w, p, done, d))
		return true;
	if (d->cls == DIAG_LOST || !look_rollback(w->c, &rolled))
		return false;
	return d->cls == DIAG_RETRY || d->cls == DIAG_SHRINK;
}

/* ---- row by row ---- */

static bool rows_once(struct purge *w, const struct partition *p, int64_t *n, struct diag *d)
{
	const char *const more[] = { p->lo, p->hi, w->before, ROWS_AT_ONCE };
	AUTO_RESULT *res = NULL;

	*n = 0;
	if (!begin_fresh(w, d) || !look_query(w->c, &store(w)->purge, ARRAY_SIZE(more), more, &res, d) ||
	    !evidence(w, res, false, d) || !conn_do(w->c, "COMMIT", NO_PARAMS, d))
		return false;
	count(w, res);
	*n = PQntuples(res);
	return true;
}

static bool rows(struct purge *w, const struct partition *p, struct diag *d)
{
	struct diag rolled = DIAG_INIT;
	int64_t n = 1;

	while (n && !stopped(w)) {
		if (rows_once(w, p, &n, d))
			continue;
		if (d->cls == DIAG_LOST || !look_rollback(w->c, &rolled) || (d->cls != DIAG_RETRY && d->cls != DIAG_SHRINK))
			return false;
		vec_push(w->out->arena, &w->out->notes, arena_printf(w->out->arena, "rows of %s in %s stay: %s",
			 store(w)->table, p->display, d->message));
		return true;
	}
	return true;
}

/* ---- all ---- */

static bool partition_purge(struct purge *w, const struct partition *p, struct diag *d)
{
	struct shown s;
	bool done = false, whole, due;

	if (!look(w, p, &s, d))
		return false;
	whole = !s.kept && (s.rows || p->over);
	due = s.due && !s.unsure;
	remember(w, &s);
	if (s.unsure && s.due)
		vec_push(w->out->arena, &w->out->notes, arena_printf(w->out->arena, "a hold can't be tested on the quarantined "
			 "rows of %s: %lld row(s) past their purge date stay", store(w)->table, (long long)s.due));
	shown_done(&s);
	if (whole && !drop(w, p, &done, d))
		return false;
	return done || !due || rows(w, p, d);
}

static bool store_purge(struct purge *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(w->c, sqltext_get("query/vault_partitions"), &res, d, store(w)->oid))
		return false;
	for (int i = 0; i < PQntuples(res) && !stopped(w); i++) {
		struct partition p = { res_text(res, i, 0), res_text(res, i, 1), res_text(res, i, 2), res_text(res, i, 3),
				       res_bool(res, i, 4) };

		if (!partition_purge(w, &p, d))
			return false;
	}
	return true;
}

static bool take_before(struct purge *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(w->c, sqltext_get("query/vault_before"), &res, d, w->o->before))
		return false;
	w->before = arena_strdup(w->out->arena, res_text(res, 0, 0));
	if (!res_bool(res, 0, 1))
		return true;
	diag_fail(d, DIAG_USAGE, "--before lies in the future: nothing is purged before its date");
	diag_hint(d, "leave it out to purge what is past its date now");
	return false;
}

bool vault_purge(struct conn *c, const struct vault_plan *p, const struct vault_options *o,
		 struct vault_outcome *ret, struct diag *d)
{
	struct purge w = { .c = c, .plan = p, .o = o, .out = ret };
	VEC(const char *) oids = { NULL, 0, 0 };

	if (!take_before(&w, d))
		return false;
	for (size_t i = 0; i < p->nstores; i++)
		vec_push(ret->arena, &oids, arena_strdup(ret->arena, p->stores[i].oid));
	for (size_t i = 0; i < oids.n && !stopped(&w); i++) {
		for (w.store = 0; w.store < w.plan->nstores && !streq(store(&w)->oid, oids.v[i]); w.store++)
			;
		if (w.store < w.plan->nstores && !store_purge(&w, d))
			return false;
	}
	return true;
}
