/* Plan, guards, execution, evidence: the one command that acts by rules. */
#include "cmd/run_session.h"

#include "base/fault.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/sig.h"
#include "cmd/connect.h"
#include "cmd/hold_step.h"
#include "cmd/recurrence.h"
#include "cmd/run_anonymity.h"
#include "cmd/run_report.h"
#include "cmd/self.h"
#include "cmd/words.h"
#include "exec/lane.h"
#include "exec/revive.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "report/json.h"

#include <poll.h>

#define LANES_WAIT_MS 15000	/* for the lanes of a run that was killed */
#define PROGRESS_MS 10000	/* between two lines of the log */
#define RECONNECT_MS 60000	/* how long a server that is away is waited for */

/* ---- guards: before the first write ---- */

static bool guard_clock(struct run_session *r, struct diag *d)
{
	struct limits l = policy_limits(r->ctx->policy, r->db, NULL);
	int64_t before = instant_host_now(), server, after, off;
	AUTO_RESULT *res = NULL;
	char ours[INSTANT_TEXT], theirs[INSTANT_TEXT];

	if (!conn_query(r->conn, "SELECT pg_catalog.clock_timestamp()::text", NO_PARAMS, &res, d))
		return false;
	after = instant_host_now();
	BUG_ON(!instant_parse_timestamptz(res_text(res, 0, 0), strlen(res_text(res, 0, 0)), &server));
	off = server < before ? before - server : server > after ? server - after : 0;
	if (off <= l.max_clock_skew_ms * 1000)
		return true;
	diag_fail(d, DIAG_GUARD, "the clocks differ: this host says %s, the server %s; max_clock_skew is %lld ms",
		  instant_format(after, ours), instant_format(server, theirs), (long long)l.max_clock_skew_ms);
	diag_hint(d, "set both clocks right (NTP): what is due is decided by them");
	return false;
}

/* Less is due by a clock that is behind, so the run goes on; but if the clock is right now, runs before it may have
 * taken rows too early. */
static bool look_at_ledger_clock(struct run_session *r, struct diag *d)
{
	struct limits l = policy_limits(r->ctx->policy, r->db, NULL);
	char skew[24];
	AUTO_RESULT *res = NULL;

	snprintf(skew, sizeof(skew), "%lld", (long long)l.max_clock_skew_ms);
	if (!conn_query_text(r->conn, sqltext_get("query/exec_ahead"), &res, d, skew))
		return false;
	if (PQntuples(res))
		log_event(LOG_LEVEL_WARN, "clock.back", LOG_S("ledger", res_text(res, 0, 0)), LOG_S("server", res_text(res, 0, 1)),
			  LOG_S("do", "set the server's clock right; if it is right now, look at what was done by the wrong one"));
	return true;
}

bool run_guard_standby(struct run_session *r, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(r->conn, "SELECT pg_catalog.pg_is_in_recovery()", NO_PARAMS, &res, d))
		return false;
	if (!res_bool(res, 0, 0))
		return true;
	diag_fail(d, DIAG_GUARD, "the server is a standby: nothing can be written there");
	diag_hint(d, "run on the primary; plan works here");
	return false;
}

bool run_guard_lock(struct run_session *r, struct diag *d)
{
	bool got;

	if (!ledger_job_lock(r->conn, r->job ? r->job->name : NULL, &got, d))
		return false;
	if (got)
		return true;
	diag_fail(d, DIAG_GUARD, "another run%s%s is going on in database \"%s\"", r->job ? " of job " : "",
		  r->job ? r->job->name : "", r->db->name);
	diag_hint(d, "wait for it; pg_stat_activity shows it as application pgretain");
	return false;
}

/* The lanes of a client that was killed end with their statement, or when the server looks for it. */
static bool guard_lanes(struct run_session *r, struct diag *d)
{
	double until = clock_ms() + LANES_WAIT_MS;
	bool gone = false;

	for (;;) {
		if (!ledger_lanes_gone(r->conn, r->job ? r->job->name : NULL, &gone, d))
			return false;
		if (gone)
			return true;
		if (clock_ms() > until)
			break;
		poll(NULL, 0, 50);
	}
	diag_fail(d, DIAG_GUARD, "an earlier run%s%s was killed, and the server is still at work for it",
		  r->job ? " of job " : "", r->job ? r->job->name : "");
	diag_hint(d, "wait, or end it: pg_stat_activity shows it as application pgretain lane");
	return false;
}

static bool guard_expected(struct run_session *r, const struct plan *p, const char *option, struct diag *d)
{
	const char *want = opts_text(&r->ctx->opts, option);

	if (!want || streq(want, p->fingerprint))
		return true;
	diag_fail(d, DIAG_FINGERPRINT, "the plan's fingerprint is %s, not what --%s says", p->fingerprint, option);
	diag_hint(d, "rules, catalogue or program have changed since: look at pgretain plan again");
	return false;
}

/* A run may act for an instant that is over: it takes less. Never for one that is to come. */
static bool guard_present(struct run_session *r, struct diag *d)
{
	if (!r->plan->future)
		return true;
	diag_fail(d, DIAG_GUARD, "--as-of lies in the future: a run never acts on rows before they are due");
	diag_hint(d, "pgretain plan and run --dry-run answer for any instant");
	return false;
}

static bool guard_confirmed(struct run_session *r, const struct plan *p, struct diag *d)
{
	const char *confirm = opts_text(&r->ctx->opts, "confirm");

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct plan_step *s = &p->steps[i];

		if (!s->needs_confirmation || confirm)
			continue;
		diag_fail(d, DIAG_GUARD, "rule \"%s\" needs a confirmed plan: %s", s->rule->name, s->confirmation_why);
		diag_where(d, "%s:%d", s->rule->loc.file, s->rule->loc.line);
		diag_hint(d, "read pgretain plan, then: run --confirm %s", p->fingerprint);
		return false;
	}
	return true;
}

static bool confirm_all(struct run_session *r, struct diag *d)
{
	for (size_t i = 0; i < r->plan->nsteps; i++) {
		const struct plan_step *s = &r->plan->steps[i];
		struct confirmation cf = { s->rule->name, s->definition, r->plan->fingerprint };

		if (s->status != STEP_FAILED && !s->definition_known && !ledger_confirm(r->conn, &cf, r->ctx->actor, d))
			return false;
	}
	return true;
}

/* ---- evidence ---- */

/* Survives a lost connection: what was sent without an answer is not written twice. */
static bool append(struct run_session *r, const struct ledger_entry *e, struct diag *d)
{
	bool ok = ledger_append(r->conn, e, d);
	int losses = 0;

	while (!ok && revive_again(r->conn, &r->x, &losses, d))
		ok = ledger_append_once(r->conn, e, d);
	return ok;
}

static bool head_export(struct run_session *r, struct diag *d)
{
	int losses = 0;
	bool ok;

	do
		ok = ctx_export_of(r->ctx, r->replay_log, r->conn, d);
	while (!ok && revive_again(r->conn, &r->x, &losses, d));
	return ok;
}

static bool note_erasures(struct run_session *r, struct diag *d)
{
	int losses = 0;
	bool ok;

	do
		ok = ledger_note_erasures(r->conn, d);
	while (!ok && revive_again(r->conn, &r->x, &losses, d));
	return ok;
}

static bool rule_text(struct run_session *r, const struct plan_step *s, char digest[LEDGER_DIGEST_TEXT], struct diag *d)
{
	int losses = 0;
	bool ok;

	do
		ok = ledger_rule_text(r->conn, s->rule_text, digest, d);
	while (!ok && revive_again(r->conn, &r->x, &losses, d));
	return ok;
}

bool run_event(struct run_session *r, const char *event, int64_t rows, struct diag *d)
{
	json_t *detail = json_pack("{ss ss*}", "event", event, "job", r->job ? r->job->name : NULL);
	struct ledger_entry e = { .kind = "run", .run = r->uuid, .rows = rows, .as_of = r->plan ? r->plan->as_of : NULL,
				  .actor = r->ctx->actor };
	bool ok;
	char *text;

	if (r->plan)
		json_object_set_new(detail, "fingerprint", json_string(r->plan->fingerprint));
	if (r->texts && streq(event, "start"))
		json_object_set(detail, "rules", r->texts);
	if (streq(event, "end"))
		json_object_set_new(detail, "exit", json_integer(r->out.exit));
	if (opts_flag(&r->ctx->opts, "lift-ceilings"))
		json_object_set_new(detail, "lift_ceilings", json_true());
	text = json_dumps(detail, JSON_COMPACT);
	e.detail = text;
	ok = append(r, &e, d);
	free(text);
	json_decref(detail);
	return ok;
}

/* Names and numbers only: what the report says of a ceiling tells the oldest row's date too. */
static const char *step_reason(const struct plan_step *s, const struct outcome_step *o)
{
	if (o->status != OUTCOME_FAILED && o->status != OUTCOME_SKIPPED)
		return NULL;
	return s->over_ceiling && o->reason == s->reason ? "more rows are due than max_rows or max_percent allow" : o->reason;
}

static bool ledger_step(struct run_session *r, const struct plan_step *s, const struct outcome_step *o, struct diag *d)
{
	char digest[LEDGER_DIGEST_TEXT];
	struct ledger_entry e = { .kind = "step", .run = r->uuid, .rule = s->rule->name, .table = s->table,
				  .action = action_word(s->rule->action), .rows = o->acted, .as_of = r->plan->as_of,
				  .actor = r->ctx->actor };
	json_t *detail;
	char *text;
	bool ok;

	if (!rule_text(r, s, digest, d))
		return false;
	detail = json_pack("{ss ss sI sI sI sI sI sI}", "rule_text", digest, "status", outcome_status_word(o->status),
			   "due", (json_int_t)o->due, "held", (json_int_t)o->held, "blocked", (json_int_t)o->blocked,
			   "skipped", (json_int_t)o->skipped, "failed", (json_int_t)o->failed, "changed", (json_int_t)o->changed);
	if (*o->sqlstate)
		json_object_set_new(detail, "sqlstate", json_string(o->sqlstate));
	if (step_reason(s, o))
		json_put(detail, "reason", json_text(step_reason(s, o)));
	text = json_dumps(detail, JSON_COMPACT);
	e.detail = text;
	ok = append(r, &e, d);
	free(text);
	json_decref(detail);
	return ok;
}

/* ---- hooks of the engine ---- */

static void on_step(void *ctx, const struct plan_step *s, const struct outcome_step *o)
{
	struct run_session *r = ctx;
	struct diag d = DIAG_INIT;

	log_event(LOG_LEVEL_INFO, "step", LOG_S("run", r->uuid), LOG_S("rule", s->rule->name),
		  LOG_S("status", outcome_status_word(o->status)), LOG_I("rows", o->acted), LOG_I("transactions", o->transactions),
		  LOG_S("sqlstate", o->sqlstate));
	if (ledger_step(r, s, o, &d))
		return;
	ctx_fail(r->ctx, &d);
	r->unrecorded = true;
}

static void progress_line(const struct exec_progress *p, double rate, double left)
{
	fprintf(stderr, "\r%s: %lld of %lld rows, ", p->rule, (long long)p->rows, (long long)p->rows_all);
	if (p->pages_all)
		fprintf(stderr, "%lld of %lld pages, ", (long long)p->pages_done, (long long)p->pages_all);
	fprintf(stderr, "%.0f rows/s", rate);
	if (left >= 0)
		fprintf(stderr, ", about %.0f s left", left);
	fputs("   ", stderr);
	fflush(stderr);
}

static void on_progress(void *ctx, const struct exec_progress *p)
{
	struct run_session *r = ctx;
	double rate = p->seconds > 0 ? (double)p->rows / p->seconds : 0, left = exec_progress_left(p);

	if (!r->ctx->progress)
		return;
	if (r->ctx->progress_live) {
		progress_line(p, rate, left);
		return;
	}
	if (clock_ms() - r->logged_ms < PROGRESS_MS)
		return;
	r->logged_ms = clock_ms();
	log_event(LOG_LEVEL_INFO, "progress", LOG_S("rule", p->rule), LOG_I("rows", p->rows), LOG_I("rows_all", p->rows_all),
		  LOG_I("pages", p->pages_done), LOG_I("pages_all", p->pages_all), LOG_I("rows_per_second", (int64_t)rate),
		  left < 0 ? LOG_S("seconds_left", "unknown") : LOG_I("seconds_left", (int64_t)left));
}

static const struct plan *newest_plan(const struct run_session *r)
{
	return r->fresh.n ? r->fresh.v[r->fresh.n - 1] : r->plan;
}

static bool on_change(void *ctx, const struct plan **ret, struct diag *d)
{
	struct run_session *r = ctx;
	struct plan_options o = r->o;
	struct plan *fresh;

	o.as_of = o.released_since = r->plan->as_of;
	if (!plan_build(r->conn, r->ctx->policy, r->db, &o, &fresh, d))
		return false;
	log_event(LOG_LEVEL_INFO, fresh->hold_epoch == newest_plan(r)->hold_epoch ? "schema.changed" : "holds.changed",
		  LOG_S("run", r->uuid), LOG_I("epoch", fresh->hold_epoch));
	vec_push(r->ctx->arena, &r->fresh, fresh);
	*ret = fresh;
	return true;
}

/* What was read in a plan binds one that is made anew too. */
static bool on_agreed(void *ctx, const struct plan *fresh, struct diag *d)
{
	struct run_session *r = ctx;

	return guard_expected(r, fresh, "expect", d) && guard_expected(r, fresh, "confirm", d) && guard_confirmed(r, fresh, d);
}

static bool run_open(struct run_session *r, bool *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(r->conn, sqltext_get("query/exec_run_open"), &res, d, r->uuid))
		return false;
	*ret = res_bool(res, 0, 0);
	return true;
}

/* It may be another server, after a failover: then the run is over. The lock went with the connection:
 * nobody else may have come in between. */
static bool on_reconnected(void *ctx, struct diag *d)
{
	struct run_session *r = ctx;
	bool got, open;

	if (!ledger_require(r->conn, r->replay_log, d) || !ledger_job_lock(r->conn, r->job ? r->job->name : NULL, &got, d) || !run_open(r, &open, d))
		return false;
	if (!open) {
		diag_fail(d, DIAG_INTERRUPTED, "another run began while the connection was lost, and goes on in this one's place");
		return false;
	}
	return got || diag_fail(d, DIAG_RETRY, "the lock of this run is held by another session");
}

static void on_connection(void *ctx, const char *event, const struct diag *why)
{
	struct run_session *r = ctx;

	log_event(why ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, event, LOG_S("run", r->uuid),
		  LOG_S("sqlstate", why ? why->sqlstate : ""));
}

/* ---- the run ---- */

static int look_for_returned(struct run_session *r)
{
	struct diag d = DIAG_INIT;
	int losses = 0;
	bool ok;

	do
		ok = recurrence_check(r->ctx, r->db, r->conn, r->uuid, &r->returned, &d);
	while (!ok && revive_again(r->conn, &r->x, &losses, &d));
	return recurrence_exit(r->ctx, r->conn, ok, &r->returned, &d);
}

static bool execute(struct run_session *r, struct diag *d)
{
	r->x = (struct exec_options){
		.run = r->uuid, .actor = r->ctx->actor, .conninfo = r->db->conninfo, .deadline_ms = r->deadline_ms,
		.job = r->job ? r->job->name : NULL, .reconnect_ms = RECONNECT_MS, .refresh = on_change, .agreed = on_agreed,
		.reconnected = on_reconnected, .connection = on_connection, .stop_requested = sig_stop_requested,
		.progress = on_progress, .step_done = on_step, .ctx = r,
	};
	int64_t rows = 0;
	int settled = 0;

	new_uuid(r->uuid);
	if (!ctx_tomb_secret(r->ctx, &r->x.secret, d) || !ledger_settle(r->conn, r->ctx->actor, &settled, d) ||
	    !confirm_all(r, d) || !run_texts_put(r->conn, r->plan, &r->texts, d))
		return false;
	FAULT_POINT(run_confirmed);
	if (!run_event(r, "start", -1, d))
		return false;
	FAULT_POINT(run_started);
	if (settled)
		log_event(LOG_LEVEL_WARN, "run.settled", LOG_I("interrupted", settled));
	log_event(LOG_LEVEL_INFO, "run.start", LOG_S("run", r->uuid), LOG_S("database", r->db->name),
		  LOG_S("as_of", r->plan->as_of), LOG_S("fingerprint", r->plan->fingerprint));
	if (!exec_plan(r->conn, r->plan, &r->x, r->ctx->arena, &r->out, d) ||
	    !run_anonymity_settle(r->conn, r->out.plan, &r->x, r->ctx->arena, &r->out, d))
		return false;
	if (r->unrecorded && r->out.exit == EXIT_DONE)
		r->out.exit = EXIT_HUMAN;
	for (size_t i = 0; i < r->plan->nsteps; i++)
		rows += r->out.steps[i].acted;
	/* a run of some rules alone is not the night */
	if (!r->out.interrupted && !r->o.nrules)
		r->out.exit = exit_worse(r->out.exit, look_for_returned(r));
	FAULT_POINT(run_ending);
	if (!note_erasures(r, d) || !run_event(r, r->out.interrupted ? "interrupted" : "end", rows, d))
		return false;
	if (!head_export(r, d))
		return false;
	log_event(LOG_LEVEL_INFO, "run.end", LOG_S("run", r->uuid), LOG_I("rows", rows), LOG_I("exit", r->out.exit));
	return true;
}

static bool guards_and_plan(struct run_session *r, bool dry, struct diag *d)
{
	if (!dry && (!run_guard_standby(r, d) || !guard_clock(r, d) || !ledger_require(r->conn, r->replay_log, d) ||
		     !look_at_ledger_clock(r, d) || !run_guard_lock(r, d) || !guard_lanes(r, d) ||
		     !hold_step_advance(r->conn, r->ctx->actor, d)))
		return false;
	if (!plan_build(r->conn, r->ctx->policy, r->db, &r->o, &r->plan, d) || !guard_expected(r, r->plan, "expect", d) ||
	    !guard_expected(r, r->plan, "confirm", d))
		return false;
	return dry || (guard_present(r, d) && guard_confirmed(r, r->plan, d));
}

/* Before the first write everything is a refusal, a lost connection too; a request to stop is obeyed at
 * once. */
static bool begin(struct run_session *r, bool dry, struct diag *d)
{
	struct conn_settings settings = { .application = "pgretain run", .read_only = dry };

	if (!ctx_open(r->ctx, r->db, &settings, &r->conn, d))
		return false;
	r->conn->stop = STOP_SENDING;
	if (!guards_and_plan(r, dry, d)) {
		if (d->cls == DIAG_INTERRUPTED)
			diag_fail(d, DIAG_INTERRUPTED, "interrupted before the first write: nothing was changed");
		return false;
	}
	r->conn->stop = STOP_WAITING;
	return true;
}

/* How far a run came is told even when it could not go on. */
int run_rules(struct run_session *r, bool dry)
{
	struct diag d = DIAG_INIT;
	bool ok;

	if (!begin(r, dry, &d))
		return ctx_refuse(r->ctx, &d);
	if (dry) {
		int exit = run_report_plan_exit(r->plan);

		run_report(r->ctx, r->plan, NULL, NULL, NULL, 0, exit);
		return exit;
	}
	ok = execute(r, &d);
	if (r->ctx->progress_live)
		fputs("\r\033[K", stderr);
	if (!ok)
		r->out.exit = r->out.steps ? ctx_fail(r->ctx, &d) : ctx_refuse(r->ctx, &d);
	if (r->out.steps && !r->quiet)
		run_report(r->ctx, r->plan, &r->out, r->uuid, &r->returned, (clock_ms() - r->began_ms) / 1e3, r->out.exit);
	return r->out.exit;
}

void run_session_done(struct run_session *r)
{
	if (r->conn)
		conn_close(r->conn);
	json_decref(r->texts);
	for (size_t i = 0; i < r->fresh.n; i++)
		plan_free(r->fresh.v[i]);
	if (r->plan)
		plan_free(r->plan);
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	struct run_session r = {
		.ctx = ctx, .began_ms = clock_ms(),
		.o = { .nrules = (size_t)argc, .rules = (const char *const *)argv,
		       .lift_ceilings = opts_flag(&ctx->opts, "lift-ceilings"),
		       .widths = opts_flag(&ctx->opts, "dry-run") },
	};
	int code;

	if (!ctx_policy(ctx) || !run_report_as_of(ctx, &r.o.as_of) || !run_take_job(&r))
		return EXIT_REFUSED;
	if (!r.db)
		r.db = ctx_database(ctx);
	if (!r.db)
		return EXIT_REFUSED;
	if (r.o.lift_ceilings && !opts_text(&ctx->opts, "confirm") && !opts_flag(&ctx->opts, "dry-run"))
		return ctx_usage(ctx, "--lift-ceilings goes with --confirm FINGERPRINT: only a plan that was read can lift them");
	r.replay_log = r.db->replay_log ? r.db->replay_log : ctx->policy->replay_log;
	if (!r.job || opts_flag(&ctx->opts, "dry-run"))
		code = run_rules(&r, opts_flag(&ctx->opts, "dry-run"));
	else
		code = run_job(&r);
	run_session_done(&r);
	return code;
}

static const struct opt options[] = {
	{ .name = "job", .arg = "NAME", .help = "run as this job: its database, window and lock" },
	{ .name = "dry-run", .help = "the plan only, as `pgretain plan`" },
	{ .name = "expect", .arg = "FP", .help = "refuse (exit 3) unless the plan has this fingerprint" },
	{ .name = "confirm", .arg = "FP", .help = "confirms a first run or a shorter class: the plan's fingerprint" },
	{ .name = "lift-ceilings", .help = "beside --confirm: max_rows and max_percent don't stop this run" },
	{ .name = NULL },
};

const struct command cmd_run = {
	.name = "run",
	.summary = "deletes, anonymizes and quarantines what is due",
	.usage = "[RULE...]",
	.help =
		"Makes the plan, checks every guard, then works it off in bounded transactions; each commits together\n"
		"with its ledger entry. SIGINT or SIGTERM finish the transactions in hand and stop (exit 4); the next\n"
		"run goes on.\n"
		"\n"
		"The first run of a rule, or one whose class became shorter, needs --confirm with the\n"
		"fingerprint that `pgretain plan` prints. With --as-of it takes what was due at a past instant.\n"
		"\n"
		"Exit code: 0 done; 2 something needs a human (a rule failed, was skipped or is over a ceiling);\n"
		"1 refused before the first write; 3 another fingerprint; 4 interrupted.\n"
		"\n"
		"Example:\n"
		"  pgretain plan\n"
		"  pgretain run --confirm sha256:4f0c…\n"
		"  pgretain run                       every night from then on\n",
	.options = options,
	.max_words = -1,
	.flags = CMD_STOPS | CMD_AS_OF,
	.run = run,
};
