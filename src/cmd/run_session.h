/* One run as cmd_run.c and run_job.c share it. */
#ifndef PGRETAIN_CMD_RUN_SESSION_H
#define PGRETAIN_CMD_RUN_SESSION_H

#include "cmd/cmd.h"
#include "cmd/run_texts.h"
#include "exec/run.h"
#include "plan/build.h"
#include "report/recurrence_view.h"

struct run_session {
	struct ctx *ctx;
	const struct database *db;
	const struct job *job;			/* NULL: by hand */
	struct conn *conn;
	struct plan_options o;
	struct plan *plan;
	VEC(struct plan *) fresh;		/* made anew because holds changed; all live until the end */
	struct outcome out;
	struct recurrences returned;
	bool unrecorded;			/* a step's entry could not be written */
	const char *replay_log;
	char uuid[37];
	json_t *texts;				/* run_texts_put(); NULL: not yet */
	struct exec_options x;
	double began_ms, deadline_ms;
	double logged_ms;
	bool quiet;				/* no report: whoever called makes one */
};

/* cmd_run.c */
bool run_guard_standby(struct run_session *r, struct diag *d) must_use;
/* One run of a job at once. */
bool run_guard_lock(struct run_session *r, struct diag *d) must_use;
/* start, end, interrupted: the run's entries in the ledger. rows -1: none. */
bool run_event(struct run_session *r, const char *event, int64_t rows, struct diag *d) must_use;
/* The exit code; everything has been said. */
int run_rules(struct run_session *r, bool dry);
void run_session_done(struct run_session *r);

/* run_job.c */
/* --job: the job's database, and its window as the time to stop. False: printed. */
bool run_take_job(struct run_session *r) must_use;
/* The job's steps in their order; the exit code. */
int run_job(struct run_session *r);

#endif
