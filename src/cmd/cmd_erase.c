/* erase, and the nightly step "requests": what was approved is carried out. */
#include "cmd/connect.h"
#include "cmd/erasure_report.h"
#include "cmd/notice.h"
#include "cmd/recurrence.h"

#include "base/instant.h"
#include "base/log.h"
#include "cmd/self.h"
#include "cmd/words.h"
#include "exec/lane.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "report/json.h"

/* ---- guards ---- */

static bool executable(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->requests.n; i++) {
		const struct erasure_request *r = &e->requests.v[i];

		if (r->kind != e->requests.v[0].kind)
			return diag_fail(d, DIAG_USAGE, "erasures and withdrawals go apart: give requests of one kind");
		if (!erasure_may(r, REQUEST_ON_EXECUTE, REQUEST_EXECUTING, d))
			return false;
	}
	return true;
}

static bool expected(struct erasure *e, struct diag *d)
{
	const char *want = opts_text(&e->ctx->opts, "expect"), *is = erasure_batch_fingerprint(e);

	if (!want || streq_null(is, want))
		return true;
	diag_fail(d, DIAG_FINGERPRINT, "the fingerprint is %s, not what --expect says", is ? is : "none");
	diag_hint(d, "look at pgretain request show again");
	return false;
}

/* What was approved is what is done: the same rules, and no row more. Once it has begun, rules may become longer. */
static const char *changed(const struct erasure *e, const struct erasure_request *r)
{
	if (r->executed)
		return r->rebound;
	if (!streq_null(r->plan, e->plan->fingerprint))
		return "rules or catalogue have changed since it was assessed";
	for (size_t i = 0; i < r->nitems; i++)
		if (r->items[i].now_live > (r->items[i].known ? r->items[i].live : 0))
			return arena_printf(e->a, "rows have come since it was assessed (rule \"%s\")", r->items[i].rule);
	return NULL;
}

static bool unchanged(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->requests.n; i++) {
		const char *why = changed(e, &e->requests.v[i]);

		if (!why)
			continue;
		diag_fail(d, DIAG_FINGERPRINT, "request %s: %s", e->requests.v[i].id, why);
		diag_hint(d, "pgretain request assess %s, and let it be approved again", e->requests.v[i].id);
		return false;
	}
	return true;
}

static bool all_locked(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->requests.n; i++) {
		if (e->requests.v[i].locked)
			continue;
		diag_fail(d, DIAG_GUARD, "another command works on request %s", e->requests.v[i].id);
		diag_hint(d, "wait for it, then look at pgretain request show %s", e->requests.v[i].id);
		return false;
	}
	return true;
}

/* ---- the report ---- */

static int exit_of(const struct erasure *e, const struct erasure_run *r)
{
	if (r->interrupted)
		return EXIT_INTERRUPTED;
	if (r->unrecorded || r->left)
		return EXIT_HUMAN;
	for (size_t i = 0; i < e->requests.n; i++)
		if (e->requests.v[i].state == REQUEST_BLOCKED || e->requests.v[i].grown)
			return EXIT_HUMAN;
	return EXIT_DONE;
}

static void report(struct erasure *e, const struct erasure_run *r, const struct notices *notices, int exit)
{
	struct erasure_report t;

	erasure_report_init(&t, e->ctx, e->db);
	t.notices = notices;
	erasure_report_add(&t, e, r);
	erasure_report_print(&t, exit);
}

/* ---- a dry run: what would happen now ---- */

static void foreseen(struct erasure *e, struct erasure_run *r)
{
	for (size_t k = 0; k < e->requests.n; k++)
		for (size_t i = 0; i < e->requests.v[k].nitems; i++) {
			const struct erasure_item *it = &e->requests.v[k].items[i];
			struct rule_view *v;

			while (r->rules.n <= i)
				vec_add(e->a, &r->rules);
			v = &r->rules.v[i];
			v->rule = it->rule;
			v->table = it->table;
			v->class_name = e->plan->items[i].rule->class_name;
			v->action = e->plan->items[i].action;
			v->deleted += it->erased;
			v->anonymized += it->anonymized;
			v->quarantined += it->quarantined - it->vaulted;
			v->held += it->held;
			v->blocked += it->blocked;
			v->deferred += it->deferred - it->blocked;
			v->skipped += it->retained;
			v->failed += it->failed;
			v->due = v->deleted + v->anonymized + v->quarantined + v->held + v->blocked + v->deferred + v->skipped +
				v->failed;
		}
}

static bool planned(struct erasure *e, struct diag *d)
{
	return erasure_plan(e, NULL, d) && erasure_stored(e, d) && erasure_count(e, d) && unchanged(e, d);
}

static int dry_run(struct erasure *e)
{
	struct erasure_run r = { .e = e };
	struct diag d = DIAG_INIT;

	if (!planned(e, &d))
		return ctx_fail(e->ctx, &d);
	erasure_foresee(e);
	foreseen(e, &r);
	report(e, &r, NULL, EXIT_DONE);
	return EXIT_DONE;
}

/* ---- erase ---- */

static int act(struct erasure *e)
{
	struct erasure_run r = { .e = e };
	struct notices notices = { 0 };
	struct diag d = DIAG_INIT;
	int exit;

	if (!erasure_lock(e, &d) || !all_locked(e, &d) || !planned(e, &d))
		return ctx_refuse(e->ctx, &d);
	if (!erasure_execute(&r, &d))
		return ctx_fail(e->ctx, &d);
	exit = exit_of(e, &r);
	if (!r.interrupted)
		exit = exit_worse(exit, notice_step(e->ctx, e->conn, erasure_ids(e), 0, &notices));
	report(e, &r, &notices, exit);
	return exit;
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	bool dry = opts_flag(&ctx->opts, "dry-run");
	AUTO_CONN *c = ctx_connect(ctx, dry);
	struct diag d = DIAG_INIT;
	struct erasure e;

	if (!c)
		return EXIT_REFUSED;
	if (!(dry ? ledger_readable(c, &d) : ledger_require(c, ctx_replay_log(ctx), &d)) || !erasure_open(&e, ctx, c, &d) ||
	    !erasure_load(&e, (const char *const *)argv, (size_t)argc, &d) || !expected(&e, &d) || !executable(&e, &d))
		return ctx_fail(ctx, &d);
	return dry ? dry_run(&e) : act(&e);
}

/* ---- the nightly step ---- */

/* Another command may have ended it since the night began. */
static bool workable(const struct erasure_request *r)
{
	return r->locked && r->key && request_leads(r->kind, r->state, REQUEST_ON_EXECUTE, REQUEST_EXECUTING);
}

/* A batch of one kind, without those that another process has or that must be looked at again. */
static int batch(struct ctx *ctx, struct conn *c, const struct database *db, const char *const *ids, size_t n, double deadline_ms,
		 struct erasure_report *t)
{
	struct erasure e;
	struct erasure_run r = { .e = &e, .deadline_ms = deadline_ms, .lenient = true };
	struct diag d = DIAG_INIT;
	int code = EXIT_DONE;
	size_t kept = 0;

	if (!erasure_open(&e, ctx, c, &d))
		return ctx_fail(ctx, &d);
	e.db = db;
	if (!erasure_load(&e, ids, n, &d) || !erasure_lock(&e, &d))
		return ctx_fail(ctx, &d);
	for (size_t i = 0; i < e.requests.n; i++)
		if (workable(&e.requests.v[i]))
			e.requests.v[kept++] = e.requests.v[i];
	e.requests.n = kept;
	if (!kept)
		return EXIT_DONE;
	if (!erasure_plan(&e, NULL, &d) || !erasure_stored(&e, &d) || !erasure_count(&e, &d))
		return ctx_fail(ctx, &d);
	kept = 0;
	for (size_t i = 0; i < e.requests.n; i++) {
		const char *why = changed(&e, &e.requests.v[i]);

		if (why) {
			log_event(LOG_LEVEL_WARN, "request.stale", LOG_S("request", e.requests.v[i].id), LOG_S("why", why));
			code = EXIT_HUMAN;
			continue;
		}
		e.requests.v[kept++] = e.requests.v[i];
	}
	/* the plan is made again for those that are left: nobody else's row is touched */
	if (kept < e.requests.n) {
		e.requests.n = kept;
		if (!kept)
			return code;
		if (!erasure_plan(&e, NULL, &d))
			return ctx_fail(ctx, &d);
	}
	if (!erasure_execute(&r, &d))
		return ctx_fail(ctx, &d);
	if (exit_of(&e, &r) != EXIT_DONE)
		code = exit_of(&e, &r);
	if (e.requests.n)
		erasure_report_add(t, &e, &r);
	return code;
}

/* So many that their locks leave room in the server's table of locks, and their items in memory. */
static bool batch_size(struct conn *c, size_t *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/item_batch"), NO_PARAMS, &res, d))
		return false;
	*ret = (size_t)res_int(res, 0, 0);
	return true;
}

static bool leave(struct conn *c, struct arena *a, const char *const *ids, size_t n, struct diag *d)
{
	if (PQtransactionStatus(c->pg) != PQTRANS_IDLE && !conn_do(c, "ROLLBACK", NO_PARAMS, d))
		return false;
	return erasure_unlock(c, a, ids, n, d);
}

/* Batches share nothing: one that fails leaves the others as they are. */
static int batches(struct ctx *ctx, struct conn *c, const struct database *db, const char *const *ids, size_t n,
		   double deadline_ms, struct erasure_report *t)
{
	struct diag d = DIAG_INIT;
	int code = EXIT_DONE;
	size_t most;

	if (!batch_size(c, &most, &d))
		return ctx_fail(ctx, &d);
	for (size_t i = 0; i < n && code != EXIT_INTERRUPTED && code != EXIT_REFUSED; i += most) {
		size_t some = n - i < most ? n - i : most;

		code = exit_worse(code, batch(ctx, c, db, ids + i, some, deadline_ms, t));
		if (PQstatus(c->pg) != CONNECTION_OK)
			return code;
		if (!leave(c, ctx->arena, ids + i, some, &d))
			return exit_worse(code, ctx_fail(ctx, &d));
	}
	return code;
}

struct waiting {
	VEC(const char *) ids[REQUEST_KINDS];
};

static bool waiting(struct ctx *ctx, struct conn *c, const char *now, struct waiting *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct erasure e;
	VEC(const char *) all = { NULL, 0, 0 };

	if (!conn_query_text(c, sqltext_get("query/item_waiting"), &res, d, now))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		vec_push(ctx->arena, &all, arena_strdup(ctx->arena, res_text(res, i, 0)));
	if (!erasure_open(&e, ctx, c, d) || !erasure_load(&e, all.v, all.n, d))
		return false;
	for (size_t i = 0; i < e.requests.n; i++)
		vec_push(ctx->arena, &w->ids[e.requests.v[i].kind], e.requests.v[i].id);
	return true;
}

/* What the person was asked for never came. One that another command has moved meanwhile is not waited for. */
static bool expire(struct ctx *ctx, struct conn *c, const char *now, int *code, struct diag *d)
{
	VEC(const char *) ids = { NULL, 0, 0 };
	AUTO_RESULT *res = NULL;
	struct erasure e;

	if (!conn_query_text(c, sqltext_get("query/item_expired"), &res, d, now))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		vec_push(ctx->arena, &ids, arena_strdup(ctx->arena, res_text(res, i, 0)));
	if (!ids.n)
		return true;
	if (!erasure_open(&e, ctx, c, d) || !erasure_load(&e, ids.v, ids.n, d))
		return false;
	for (size_t i = 0; i < e.requests.n; i++) {
		struct erasure_step step = { .r = &e.requests.v[i], .to = REQUEST_EXPIRED };

		if (step.r->state != REQUEST_AWAITING_IDENTITY && step.r->state != REQUEST_AWAITING_FEE)
			continue;		/* moved since they were looked for */
		if (!erasure_move_some(&e, REQUEST_ON_EXPIRE, &step, 1, d))
			return false;
		*code = step.now ? EXIT_HUMAN : *code;
		log_event(LOG_LEVEL_WARN, step.now ? "request.moved" : "request.expired", LOG_S("request", step.r->id),
			  LOG_S("state", step.now ? step.now : request_state_word(step.r->state)));
	}
	return true;
}

static bool deadlines(struct conn *c, const char *now, int *code, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/item_deadlines"), &res, d, now))
		return false;
	if (!res_int(res, 0, 0) && !res_int(res, 0, 1))
		return true;
	log_event(LOG_LEVEL_WARN, "requests.deadline", LOG_I("breached", res_int(res, 0, 0)), LOG_I("at_risk", res_int(res, 0, 1)));
	*code = EXIT_HUMAN;
	return true;
}

static int night(struct ctx *ctx, struct conn *c, const struct database *db, double deadline_ms, bool with_deadlines,
		 struct erasure_report *t)
{
	struct diag d = DIAG_INIT;
	struct waiting w = { 0 };
	AUTO_RESULT *res = NULL;
	int code = EXIT_DONE;
	const char *now;

	if (!conn_query(c, "SELECT pg_catalog.clock_timestamp()::text", NO_PARAMS, &res, &d))
		return ctx_fail(ctx, &d);
	now = arena_strdup(ctx->arena, res_text(res, 0, 0));
	if (!expire(ctx, c, now, &code, &d) || !waiting(ctx, c, now, &w, &d))
		return ctx_fail(ctx, &d);
	for (int k = 0; k < REQUEST_KINDS && code != EXIT_INTERRUPTED && code != EXIT_REFUSED; k++)
		if (w.ids[k].n) {
			int one = batches(ctx, c, db, w.ids[k].v, w.ids[k].n, deadline_ms, t);

			code = one != EXIT_DONE ? one : code;
		}
	if (with_deadlines && !deadlines(c, now, &code, &d))
		return ctx_fail(ctx, &d);
	t->as_of = t->as_of ? t->as_of : rfc3339(ctx->arena, now);
	return code;
}

int erasure_nightly(struct ctx *ctx, const struct database *db, double deadline_ms, bool rules_follow)
{
	struct conn_settings settings = { .application = "pgretain erase" };
	struct diag d = DIAG_INIT;
	struct recurrences returned = { 0 };
	struct notices notices = { 0 };
	struct erasure_report t;
	AUTO_CONN *c = NULL;
	int code;

	if (!ctx_open(ctx, db, &settings, &c, &d) || !ledger_require(c, ctx_replay_log(ctx), &d))
		return ctx_fail(ctx, &d);
	erasure_report_init(&t, ctx, db);
	t.silent = rules_follow && ctx->format == FORMAT_JSON;	/* a run prints one object: that of the rules */
	code = night(ctx, c, db, deadline_ms, true, &t);
	if (code != EXIT_INTERRUPTED && code != EXIT_REFUSED) {
		code = exit_worse(code, notice_step(ctx, c, NULL, deadline_ms, &notices));
		t.notices = &notices;
	}
	if (!rules_follow && code != EXIT_INTERRUPTED && code != EXIT_REFUSED) {
		code = exit_worse(code, recurrence_step(ctx, db, c, t.run, &returned));
		t.recurrences = &returned;
	}
	erasure_report_print(&t, code);
	return code;
}

int erasure_again(struct ctx *ctx, const struct database *db)
{
	struct conn_settings settings = { .application = "pgretain replay" };
	struct diag d = DIAG_INIT;
	struct erasure_report t;
	AUTO_CONN *c = NULL;
	int code;

	if (!ctx_open(ctx, db, &settings, &c, &d) || !ledger_require(c, ctx_replay_log(ctx), &d))
		return ctx_fail(ctx, &d);
	erasure_report_init(&t, ctx, db);
	t.silent = true;
	code = night(ctx, c, db, 0, false, &t);
	erasure_report_print(&t, code);
	return code;
}

static const struct opt options[] = {
	{ .name = "dry-run", .help = "what would happen now; writes nothing" },
	{ .name = "expect", .arg = "FP", .help = "refuse (exit 3) unless this is what was approved" },
	{ .name = NULL },
};

const struct command cmd_erase = {
	.name = "erase",
	.summary = "executes an approved request, now",
	.usage = "UUID...",
	.help =
		"Rows that nothing keeps go by their rule's action. Of rows that the law keeps, the columns that it\n"
		"does not need are stripped at once; the row goes by itself when its term ends, in the nightly step\n"
		"\"requests\", under the same request. Rows under a hold, or under an approved ground, stay. Of a\n"
		"shared row only the person's link and the named columns go.\n"
		"\n"
		"Several requests are worked on together: cost grows with their rows. Interrupted, it goes on\n"
		"where it stood.\n"
		"\n"
		"Recipients of the data are told by their commands, once the result stands; the nightly step goes on\n"
		"with those that could not be reached.\n"
		"\n"
		"Exit code: 0; 2 when something needs a human (a row could not be had, the search afterwards found\n"
		"some, or a recipient could not be told);\n"
		"3 when rules have changed or rows have come since the request was assessed; 4 interrupted.\n"
		"\n"
		"Example:\n"
		"  pgretain erase 8f14e45f-ceea-467f-a9e0-b5d8f5a0c3d2\n",
	.options = options,
	.min_words = 1,
	.max_words = -1,
	.flags = CMD_STOPS,
	.run = run,
};
