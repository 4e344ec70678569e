/* A job: its steps in their order. */
#include "cmd/run_session.h"

#include "base/instant.h"
#include "base/log.h"
#include "base/sig.h"
#include "cmd/connect.h"
#include "cmd/erasure.h"
#include "cmd/self.h"
#include "cmd/words.h"
#include "exec/lane.h"
#include "ledger/ledger.h"
#include "sched/due.h"

static int step_rules(struct run_session *r)
{
	return run_rules(r, false);
}

/* A command of this program as a process of its own; its JSON is left out: a run prints one object. */
static int step_self(struct run_session *r, const char *command, const char *verb)
{
	const char *words[] = { command, verb ? verb : "--database", verb ? "--database" : r->db->name,
				verb ? r->db->name : NULL, NULL };

	if (opts_text(&r->ctx->opts, "database"))
		words[verb ? 2 : 1] = NULL;
	return self_run_until(r->ctx, words, r->ctx->format == FORMAT_JSON, r->deadline_ms);
}

static int step_purge(struct run_session *r) { return step_self(r, "quarantine", "purge"); }
static int step_report(struct run_session *r) { return step_self(r, "report", NULL); }

static bool job_has_rules(const struct job *job)
{
	for (size_t i = 0; i < job->nsteps; i++)
		if (streq(job->steps[i], "rules"))
			return true;
	return false;
}

static int step_requests(struct run_session *r)
{
	return erasure_nightly(r->ctx, r->db, r->deadline_ms, job_has_rules(r->job));
}

static bool stops_job(int code)
{
	return code != EXIT_DONE && code != EXIT_HUMAN;
}

static bool may_rewrite(const struct policy *p)
{
	for (size_t i = 0; i < p->nbackups; i++)
		if (p->backups[i].rewrite)
			return true;
	return false;
}

/* Looks at the backups anew, then makes clean what the policy allows; each settles what it ends. */
static int look_and_rewrite(struct run_session *r)
{
	int code = step_self(r, "backup", "scan");

	return stops_job(code) || !may_rewrite(r->ctx->policy) ? code : exit_worse(code, step_self(r, "backup", "rewrite"));
}

static int step_backups(struct run_session *r)
{
	const struct policy *p = r->ctx->policy;

	if (p->nbackups)
		return look_and_rewrite(r);
	log_event(p->no_backups ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "job.step", LOG_S("job", r->job->name),
		  LOG_S("status", p->no_backups ? "there are no backups" : "nobody has said where backups are"));
	return EXIT_DONE;
}

static const struct {
	const char *name;
	int (*run)(struct run_session *r);
} job_steps[] = {
	{ "requests", step_requests }, { "rules", step_rules }, { "purge", step_purge }, { "backups", step_backups },
	{ "report", step_report },
};

static int job_step(struct run_session *r, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(job_steps); i++)
		if (streq(job_steps[i].name, name))
			return job_steps[i].run(r);
	bug(__FILE__, __LINE__, "a job step without a row");
}

/* The first step sees by itself that its time is over, and says what is left. */
static bool may_start(struct run_session *r, size_t i)
{
	const char *why = sig_stop_requested() ? "a stop was asked for" :
		r->deadline_ms > 0 && clock_ms() >= r->deadline_ms ? "the window has ended" : NULL;

	if (!i || !why)
		return true;
	log_event(LOG_LEVEL_WARN, "job.stopped", LOG_S("job", r->job->name), LOG_S("left", r->job->steps[i]), LOG_S("why", why));
	return false;
}

static int job_run_steps(struct run_session *r)
{
	int code = EXIT_DONE;

	for (size_t i = 0; i < r->job->nsteps && !stops_job(code); i++) {
		if (!may_start(r, i))
			return exit_worse(code, EXIT_INTERRUPTED);
		code = exit_worse(code, job_step(r, r->job->steps[i]));
	}
	return code;
}

/* A job without rules is a run all the same: the scheduler sees by its entries that it took place. */
static int job_run_bare(struct run_session *r)
{
	struct conn_settings settings = { .application = "pgretain run" };
	struct diag d = DIAG_INIT;
	int settled;

	if (!ctx_open(r->ctx, r->db, &settings, &r->conn, &d) || !run_guard_standby(r, &d) ||
	    !ledger_require(r->conn, r->replay_log, &d) || !run_guard_lock(r, &d) ||
	    !ledger_settle(r->conn, r->ctx->actor, &settled, &d))
		return ctx_fail(r->ctx, &d);
	new_uuid(r->uuid);
	if (!run_event(r, "start", -1, &d))
		return ctx_fail(r->ctx, &d);
	r->out.exit = job_run_steps(r);
	if (!run_event(r, r->out.exit == EXIT_INTERRUPTED ? "interrupted" : "end", 0, &d) ||
	    !ctx_export_of(r->ctx, r->replay_log, r->conn, &d))
		return ctx_fail(r->ctx, &d);
	return r->out.exit;
}

int run_job(struct run_session *r)
{
	return job_has_rules(r->job) ? job_run_steps(r) : job_run_bare(r);
}

/* A run without an end is what the window is there to prevent. */
static bool outside_window(struct run_session *r, const struct sched *sched)
{
	struct diag d = DIAG_INIT;

	diag_fail(&d, DIAG_CONFIG, "job \"%s\" runs in its window %s (%s) only, and it is outside of it now: nothing was changed",
		  r->job->name, r->job->window, zone_name(sched->zone));
	diag_where(&d, "%s:%d", r->job->loc.file, r->job->loc.line);
	diag_hint(&d, "pgretain schedule next says when it starts; pgretain run without --job runs the rules at once");
	ctx_fail(r->ctx, &d);
	return false;
}

bool run_take_job(struct run_session *r)
{
	const char *name = opts_text(&r->ctx->opts, "job");
	struct diag d = DIAG_INIT;
	struct sched sched;
	int64_t end;

	if (!name)
		return true;
	r->job = policy_job(r->ctx->policy, name);
	if (!r->job) {
		ctx_usage(r->ctx, "there is no job \"%s\"", name);
		return false;
	}
	r->db = policy_database(r->ctx->policy, r->job->database ? r->job->database : r->ctx->database_name);
	if (!r->db) {
		ctx_usage(r->ctx, "job \"%s\" does not say which database", name);
		return false;
	}
	if (!sched_compile(r->ctx->arena, r->job, &sched, &d)) {
		ctx_fail(r->ctx, &d);
		return false;
	}
	if (!due_window(&sched, instant_host_now(), &end))
		return opts_flag(&r->ctx->opts, "dry-run") || outside_window(r, &sched);
	if (end != INSTANT_INFINITY)
		r->deadline_ms = clock_ms() + (double)(end - instant_host_now()) / 1e3;
	return true;
}
