#include "cmd/erasure_run.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/sig.h"
#include "cmd/connect.h"
#include "cmd/erasure_backup.h"
#include "cmd/notice.h"
#include "cmd/run_texts.h"
#include "cmd/suppress.h"
#include "cmd/words.h"
#include "exec/lane.h"
#include "exec/revive.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "report/json.h"

#include <stdlib.h>

#define RECONNECT_MS 60000
#define AT_ONCE 100		/* requests that move on in one transaction */
#define PASSES 3		/* what triggers write while rows go belongs to the request */

/* ---- locks ---- */

const char *erasure_lock_name(struct arena *a, const char *id)
{
	return arena_printf(a, "request %s", id);
}

bool erasure_lock(struct erasure *e, struct diag *d)
{
	const char **names = arena_alloc(e->a, (e->requests.n + 1) * sizeof(*names));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < e->requests.n; i++)
		names[i] = erasure_lock_name(e->a, e->requests.v[i].id);
	if (!conn_query_text(e->conn, sqltext_get("query/item_lock"), &res, d, cat_array_literal(e->a, names, e->requests.n)))
		return false;
	for (size_t i = 0; i < e->requests.n; i++)
		e->requests.v[i].locked = res_bool(res, (int)i, 0);
	return true;
}

bool erasure_unlock(struct conn *c, struct arena *a, const char *const *ids, size_t n, struct diag *d)
{
	const char **names = arena_alloc(a, (n + 1) * sizeof(*names));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < n; i++)
		names[i] = erasure_lock_name(a, ids[i]);
	return conn_query_text(c, sqltext_get("query/item_unlock"), &res, d, cat_array_literal(a, names, n));
}

/* ---- evidence ---- */

static bool append(struct erasure_run *r, struct ledger_entry *entry, json_t *detail, struct diag *d)
{
	char *text = json_dumps(detail, JSON_COMPACT);
	bool ok;

	entry->run = r->uuid;
	entry->as_of = r->e->plan->as_of;
	entry->actor = r->e->ctx->actor;
	entry->detail = text;
	ok = ledger_append(r->e->conn, entry, d);
	free(text);
	json_decref(detail);
	return ok;
}

static bool run_event(struct erasure_run *r, const char *event, int64_t rows, struct diag *d)
{
	struct ledger_entry entry = { .kind = "run", .rows = rows };
	json_t *detail = json_pack("{ss ss ss sI}", "event", event, "job", r->lock, "fingerprint", r->e->plan->fingerprint,
				   "requests", (json_int_t)r->e->requests.n);

	if (streq(event, "end"))
		json_put(detail, "exit", json_integer(r->out.exit));
	if (streq(event, "start")) {
		json_t *texts;

		if (!run_texts_put(r->e->conn, r->e->plan, &texts, d)) {
			json_decref(detail);
			return false;
		}
		json_put(detail, "rules", texts);
	}
	return append(r, &entry, detail, d);
}

static bool step_entry(struct erasure_run *r, const struct plan_step *s, const struct outcome_step *o, struct diag *d)
{
	struct ledger_entry entry = { .kind = "step", .rule = rule_name(s->rule), .table = s->table,
				      .action = rule_action_word(s->rule), .rows = o->acted };
	char digest[LEDGER_DIGEST_TEXT];
	json_t *detail;

	if (!ledger_rule_text(r->e->conn, s->rule_text, digest, d))
		return false;
	detail = json_pack("{ss ss sI sI sI sI}", "rule_text", digest, "status", outcome_status_word(o->status), "due", (json_int_t)o->due,
			   "held", (json_int_t)o->held, "blocked", (json_int_t)o->blocked, "failed", (json_int_t)o->failed);
	if (*o->sqlstate)
		json_put(detail, "sqlstate", json_text(o->sqlstate));
	if (o->reason && o->status != OUTCOME_DONE)
		json_put(detail, "reason", json_text(o->reason));
	return append(r, &entry, detail, d);
}

/* ---- hooks of the engine ---- */

static void on_step(void *ctx, const struct plan_step *s, const struct outcome_step *o)
{
	struct erasure_run *r = ctx;
	struct diag d = DIAG_INIT;

	if (!o->acted && o->status == OUTCOME_DONE)
		return;			/* most rules have nothing of most people */
	log_event(LOG_LEVEL_INFO, "step", LOG_S("run", r->uuid), LOG_S("rule", s->rule->name), LOG_S("status", outcome_status_word(o->status)),
		  LOG_I("rows", o->acted), LOG_S("sqlstate", o->sqlstate));
	if (step_entry(r, s, o, &d))
		return;
	ctx_fail(r->e->ctx, &d);
	r->unrecorded = true;
}

static bool on_change(void *ctx, const struct plan **ret, struct diag *d)
{
	struct erasure_run *r = ctx;
	struct plan *fresh;

	if (!erasure_replan(r->e, &fresh, d))
		return false;
	log_event(LOG_LEVEL_INFO, fresh->hold_epoch == r->e->plan->hold_epoch ? "schema.changed" : "holds.changed",
		  LOG_S("run", r->uuid), LOG_I("epoch", fresh->hold_epoch));
	vec_push(r->e->a, &r->fresh, fresh);
	*ret = fresh;
	return true;
}

/* What was approved binds one that is made anew too. */
static bool on_agreed(void *ctx, const struct plan *fresh, struct diag *d)
{
	struct erasure_run *r = ctx;

	return streq(fresh->fingerprint, r->e->plan->fingerprint) ||
		diag_fail(d, DIAG_STEP, "the schema was changed so that the plan is no longer the one that was approved");
}

static bool on_reconnected(void *ctx, struct diag *d)
{
	struct erasure_run *r = ctx;

	if (!ledger_require(r->e->conn, ctx_replay_log(r->e->ctx), d) || !erasure_lock(r->e, d))
		return false;
	for (size_t i = 0; i < r->e->requests.n; i++)
		if (!r->e->requests.v[i].locked)
			return diag_fail(d, DIAG_RETRY, "the lock of request %s is held by another session", r->e->requests.v[i].id);
	return true;
}

static void on_connection(void *ctx, const char *event, const struct diag *why)
{
	struct erasure_run *r = ctx;

	log_event(why ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, event, LOG_S("run", r->uuid), LOG_S("sqlstate", why ? why->sqlstate : ""));
}

/* ---- one pass ---- */

static bool run_settings(struct erasure_run *r, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return conn_query_text(r->e->conn, sqltext_get("query/item_run_put"), &res, d, erasure_ids(r->e), r->uuid);
}

static bool pass(struct erasure_run *r, struct diag *d)
{
	r->out = (struct outcome){ .steps = NULL };
	if (exec_plan(r->e->conn, r->e->plan, &r->x, r->e->a, &r->out, d))
		return true;
	r->waited = d->cls == DIAG_LOST;
	return false;
}

/* Rows that the work itself made, by triggers, and that nothing keeps. */
static bool again(const struct erasure_run *r)
{
	if (r->out.interrupted || r->out.exit)
		return false;
	for (size_t k = 0; k < r->e->requests.n; k++)
		for (size_t i = 0; i < r->e->requests.v[k].nitems; i++)
			if (r->e->requests.v[k].items[i].failed)
				return true;
	return false;
}

static bool replan(struct erasure_run *r, struct diag *d)
{
	const char *as_of = arena_strdup(r->e->a, r->e->plan->as_of);
	struct plan *was = r->e->plan;

	vec_push(r->e->a, &r->fresh, was);
	return erasure_plan(r->e, as_of, d);
}

static bool counted(struct erasure_run *r, struct diag *d)
{
	return erasure_await_writers(r->e, d) && erasure_count(r->e, d) && erasure_settle(r->e, &r->out, d) &&
		erasure_store(r->e, d);
}

/* ---- moving on ---- */

static bool nothing_left(const struct request_sums *s)
{
	return !s->deferred && !s->quarantined && !s->held && !s->failed;
}

static void sums(const struct erasure_request *q, struct request_sums *s)
{
	*s = (struct request_sums){ .scanned = q->scanned, .found = q->residual_found, .backups = q->in_backups,
		.grown = q->grown };
	for (size_t i = 0; i < q->nitems; i++) {
		const struct erasure_item *it = &q->items[i];

		s->deferred += it->deferred;
		/* a ground keeps its rows until its review: the request waits with it */
		s->deferred += it->retained - it->unchanged;
		s->quarantined += it->quarantined;
		s->held += it->held;
		s->failed += it->failed;
	}
	s->grown = s->grown || (nothing_left(s) && q->unsure);
}

/* Nothing of the person is in the live tables any more. */
static bool is_erased(enum request_state state)
{
	return state == REQUEST_COMPLETED || state == REQUEST_BACKUP_PENDING;
}

static void note_item(struct arena *a, json_t *items, const struct erasure_item *it)
{
	if (it->matched)
		json_put(items, it->rule, json_text(arena_printf(a, "%lld %lld %lld %lld %lld %lld %lld %lld %lld",
			(long long)it->matched, (long long)it->erased, (long long)it->anonymized, (long long)it->quarantined,
			(long long)it->deferred, (long long)it->held, (long long)it->retained, (long long)it->not_found,
			(long long)it->failed)));
}

/* The ledger has every item as it was left: what is stored can be held against it. */
static const char *result_note(struct erasure_run *r, const struct erasure_request *q, const struct request_sums *s)
{
	json_t *items = json_object();
	json_t *o = json_pack("{ss sI sI sI so}", "run", r->uuid, "deferred", (json_int_t)s->deferred, "held", (json_int_t)s->held,
			      "failed", (json_int_t)s->failed, "items", items);
	const char *note;
	char *text;

	for (size_t i = 0; i < q->nitems; i++)
		note_item(r->e->a, items, &q->items[i]);
	for (size_t i = 0; i < q->orphans.n; i++)
		note_item(r->e->a, items, &q->orphans.v[i]);
	text = json_dumps(o, JSON_COMPACT);
	note = arena_strdup(r->e->a, text);
	free(text);
	json_decref(o);
	return note;
}

static struct erasure_step result_of(struct erasure_run *r, struct erasure_request *q)
{
	struct arena *a = r->e->a;
	const char *wake = erasure_wake(q);
	struct erasure_step step = { .r = q };
	struct request_sums s;

	sums(q, &s);
	step.to = request_derive(&s);
	step.set = wake ? arena_printf(a, "{\"wake_at\": \"%s\"}", wake) : "{\"wake_at\": null}";
	step.note = result_note(r, q, &s);
	return step;
}

/* What the live tables have lost may come back with an import from then on. */
static bool remember(struct erasure_run *r, const struct erasure_step *steps, size_t n, struct suppress *s, struct diag *d)
{
	const struct erasure_request **gone = arena_alloc(r->e->a, (n + 1) * sizeof(*gone));
	size_t ngone = 0;

	for (size_t i = 0; i < n; i++)
		if (is_erased(steps[i].r->state))
			gone[ngone++] = steps[i].r;
	return suppress_place(s, r->e, gone, ngone, d);
}

/* Those of whom nothing is kept any more. */
static bool scan_all(struct erasure_run *r, struct diag *d)
{
	struct erasure_request **whose = arena_alloc(r->e->a, (r->e->requests.n + 1) * sizeof(struct erasure_request *));
	size_t n = 0;

	for (size_t k = 0; k < r->e->requests.n; k++) {
		struct request_sums s;

		sums(&r->e->requests.v[k], &s);
		if (r->e->requests.v[k].kind == REQUEST_KIND_WITHDRAWAL)
			r->e->requests.v[k].scanned = true;	/* who withdraws a consent is still there, and found everywhere */
		else if (nothing_left(&s))
			whose[n++] = &r->e->requests.v[k];
	}
	return residual_scan(r->e, whose, n, d);
}

static bool digests(struct erasure_run *r, struct suppress *s, struct diag *d)
{
	struct erasure_request **whose = arena_alloc(r->e->a, (r->e->requests.n + 1) * sizeof(struct erasure_request *));
	size_t n = 0;

	for (size_t k = 0; k < r->e->requests.n; k++) {
		struct request_sums sum;

		sums(&r->e->requests.v[k], &sum);
		if (is_erased(request_derive(&sum)))
			whose[n++] = &r->e->requests.v[k];
	}
	return suppress_prepare(s, r->e, whose, n, d);
}

static bool finish_each(struct erasure_run *r, struct erasure_step *steps, size_t n, struct suppress *s, struct diag *d)
{
	if (!erasure_move_all(r->e, REQUEST_ON_SETTLE, steps, n, d))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!notice_write(r->e, steps[i].r, d))
			return false;
	return remember(r, steps, n, s, d);
}

/* The result, and what goes with it, are there together or not at all. Some requests share a transaction, which lasts no
 * longer than that of a batch of rows. */
static bool finish_some(struct erasure_run *r, size_t from, struct suppress *s, struct diag *d)
{
	struct erasure_step steps[AT_ONCE];
	size_t n = 0;

	for (; n < AT_ONCE && from + n < r->e->requests.n; n++)
		steps[n] = result_of(r, &r->e->requests.v[from + n]);
	if (!conn_do(r->e->conn, "BEGIN", NO_PARAMS, d) || !finish_each(r, steps, n, s, d))
		return false;
	FAULT_POINT(erasure_result);
	return conn_do(r->e->conn, "COMMIT", NO_PARAMS, d);
}

static bool finish_all(struct erasure_run *r, struct diag *d)
{
	struct suppress s;

	if (!erasure_backups(r->e, true, d) || !scan_all(r, d) || !digests(r, &s, d))
		return false;
	for (size_t k = 0; k < r->e->requests.n; k += AT_ONCE)
		if (!finish_some(r, k, &s, d))
			return false;
	return true;
}

static bool begin_some(struct erasure_run *r, size_t from, size_t *kept, struct diag *d)
{
	struct erasure_request *all = r->e->requests.v;
	struct erasure_step steps[AT_ONCE];
	size_t n = 0;

	for (; n < AT_ONCE && from + n < r->e->requests.n; n++)
		steps[n] = (struct erasure_step){ .r = &all[from + n], .to = REQUEST_EXECUTING };
	if (!r->lenient)
		return erasure_move_all(r->e, REQUEST_ON_EXECUTE, steps, n, d);
	if (!erasure_move_some(r->e, REQUEST_ON_EXECUTE, steps, n, d))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!steps[i].now) {
			all[(*kept)++] = all[from + i];
			continue;
		}
		r->left = true;
		log_event(LOG_LEVEL_WARN, "request.moved", LOG_S("request", all[from + i].id), LOG_S("state", steps[i].now));
	}
	return true;
}

/* By hand all begin or none does. */
static bool begin_all(struct erasure_run *r, struct diag *d)
{
	size_t kept = 0, n = r->e->requests.n;

	if (!r->lenient && !conn_do(r->e->conn, "BEGIN", NO_PARAMS, d))
		return false;
	for (size_t k = 0; k < n; k += AT_ONCE)
		if (!begin_some(r, k, &kept, d))
			return false;
	if (!r->lenient)
		return run_settings(r, d) && conn_do(r->e->conn, "COMMIT", NO_PARAMS, d);
	r->e->requests.n = kept;
	if (!kept)
		return true;
	/* the plan is made again for those that are left: nobody else's row is touched */
	return (kept == n || (erasure_plan(r->e, NULL, d) && erasure_stored(r->e, d))) && run_settings(r, d);
}

/* ---- for the report ---- */

static struct rule_view *view_of(struct erasure_run *r, size_t i)
{
	const struct plan_item *p = &r->e->plan->items[i];

	while (r->rules.n <= i)
		vec_add(r->e->a, &r->rules);
	r->rules.v[i].rule = p->rule->name;
	r->rules.v[i].table = p->table;
	r->rules.v[i].class_name = p->rule->class_name;
	r->rules.v[i].action = p->action;
	return &r->rules.v[i];
}

/* What stands in the items now, less (sign -1) what stood there before. */
static void add_items(struct erasure_run *r, int sign)
{
	for (size_t k = 0; k < r->e->requests.n; k++)
		for (size_t i = 0; i < r->e->requests.v[k].nitems; i++) {
			const struct erasure_item *it = &r->e->requests.v[k].items[i];
			struct rule_view *v = view_of(r, i);

			if (it->known && it->executed) {
				v->deleted += sign * it->erased;
				v->anonymized += sign * it->anonymized;
				v->quarantined += sign * (it->quarantined - it->vaulted);
				v->changed += sign * it->not_found;
			}
			if (sign < 0)
				continue;
			v->held += it->held;
			v->blocked += it->blocked;
			v->deferred += it->deferred - it->blocked;
			v->skipped += it->retained;
			v->failed += it->failed;
		}
}

static void close_views(struct erasure_run *r)
{
	for (size_t i = 0; i < r->rules.n; i++) {
		struct rule_view *v = &r->rules.v[i];

		v->due = v->deleted + v->anonymized + v->quarantined + v->held + v->blocked + v->deferred + v->failed + v->skipped +
			v->changed;
		v->status = v->failed ? RULE_FAILED : RULE_DONE;
	}
	for (size_t s = 0; r->out.steps && s < r->e->plan->nsteps; s++)
		for (size_t i = 0; i < r->rules.n; i++) {
			struct rule_view *v = &r->rules.v[i];

			if (!streq(v->rule, rule_name(r->e->plan->steps[s].rule)))
				continue;
			if (r->out.steps[s].status == OUTCOME_FAILED)
				v->reason = r->out.steps[s].reason;
			v->seconds += r->out.steps[s].seconds;
			v->wal_bytes += r->out.steps[s].wal_bytes;
			v->transactions += r->out.steps[s].transactions;
		}
}

/* ---- the whole ---- */

static bool passes(struct erasure_run *r, int64_t *rows, struct diag *d)
{
	for (int n = 0; n < PASSES; n++) {
		if ((n && !replan(r, d)) || !pass(r, d))
			return false;
		for (size_t i = 0; i < r->e->plan->nsteps; i++)
			*rows += r->out.steps[i].acted;
		FAULT_POINT(erasure_settle);
		if (!counted(r, d))
			return false;
		if (!again(r))
			return true;
	}
	return true;
}

static bool begin(struct erasure_run *r, struct diag *d)
{
	struct erasure *e = r->e;

	new_uuid(r->uuid);
	r->lock = erasure_lock_name(e->a, e->requests.v[0].id);
	r->x = (struct exec_options){
		.run = r->uuid, .actor = e->ctx->actor, .conninfo = e->db->conninfo, .deadline_ms = r->deadline_ms,
		.job = r->lock, .reconnect_ms = RECONNECT_MS, .refresh = on_change, .agreed = on_agreed,
		.reconnected = on_reconnected, .connection = on_connection, .stop_requested = sig_stop_requested,
		.step_done = on_step, .ctx = r, .request = e->requests.n == 1 ? e->requests.v[0].id : NULL,
	};
	return ctx_tomb_secret(e->ctx, &r->x.secret, d);
}

static bool attempt(struct erasure_run *r, struct diag *d)
{
	struct erasure *e = r->e;
	int64_t rows = 0;
	int settled;

	/* what was approved is known outside before it is carried out */
	if (!begin(r, d) || !ledger_settle(e->conn, e->ctx->actor, &settled, d) || !erasure_stored(e, d) || !begin_all(r, d) ||
	    !ctx_export(e->ctx, e->conn, d))
		return false;
	if (!r->looked)
		add_items(r, -1);
	r->looked = true;
	if (!e->requests.n)
		return true;
	FAULT_POINT(erasure_begun);
	/* what a run that was killed has done is laid to account before this one adds to it */
	if (!run_event(r, "start", -1, d) || !erasure_count(e, d) || !erasure_settle(e, NULL, d) || !erasure_store(e, d))
		return false;
	if (!passes(r, &rows, d))
		return false;
	add_items(r, 1);
	r->interrupted = r->out.interrupted;
	if (!ledger_note_erasures(e->conn, d) || !run_event(r, r->interrupted ? "interrupted" : "end", rows, d) ||
	    !ctx_export(e->ctx, e->conn, d))
		return false;
	FAULT_POINT(erasure_ending);
	return r->interrupted || (finish_all(r, d) && ctx_export(e->ctx, e->conn, d));
}

/* What an attempt has brought to its end before it was lost is reported, and not begun again. */
static void set_aside(struct erasure_run *r)
{
	struct erasure *e = r->e;
	size_t n = e->requests.n, kept = 0;
	struct erasure_request *all = arena_alloc(e->a, (n + 1) * sizeof(*all));

	memcpy(all, e->requests.v, n * sizeof(*all));
	e->requests.n = 0;
	for (size_t i = 0; i < n; i++) {
		if (request_leads(all[i].kind, all[i].state, REQUEST_ON_EXECUTE, REQUEST_EXECUTING)) {
			all[kept++] = all[i];
			continue;
		}
		vec_push(e->a, &r->done, all[i]);
		vec_push(e->a, &e->requests, all[i]);
	}
	add_items(r, 1);
	memcpy(e->requests.v, all, kept * sizeof(*all));
	e->requests.n = kept;
}

/* As another command finds them: what is committed counts, and nothing of what this one remembers. */
static bool reload(struct erasure_run *r, struct diag *d)
{
	struct erasure *e = r->e;
	size_t n = e->requests.n;
	const char **ids = arena_alloc(e->a, (n + 1) * sizeof(*ids));

	for (size_t i = 0; i < n; i++)
		ids[i] = e->requests.v[i].id;
	e->requests.n = 0;
	if (!erasure_load(e, ids, n, d) || !erasure_lock(e, d) || !erasure_stored(e, d))
		return false;
	set_aside(r);
	return !e->requests.n || erasure_plan(e, NULL, d);
}

bool erasure_execute(struct erasure_run *r, struct diag *d)
{
	int losses = 0;
	bool ok;

	r->began_ms = clock_ms();
	r->e->conn->stop = STOP_WAITING;
	ok = attempt(r, d);
	while (!ok && !r->waited && revive_again(r->e->conn, &r->x, &losses, d)) {
		log_event(LOG_LEVEL_INFO, "erasure.again", LOG_S("run", r->uuid));
		ok = reload(r, d) && (!r->e->requests.n || attempt(r, d));
	}
	close_views(r);
	for (size_t i = 0; i < r->done.n; i++)
		vec_push(r->e->a, &r->e->requests, r->done.v[i]);
	return ok;
}
