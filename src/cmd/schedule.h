/* What the files of `pgretain schedule` share: jobs ready to be asked, and the loop that starts them. */
#ifndef PGRETAIN_CMD_SCHEDULE_H
#define PGRETAIN_CMD_SCHEDULE_H

#include "cmd/cmd.h"
#include "pg/conn.h"
#include "sched/due.h"

struct sched_job {
	struct sched sched;
	const struct database *db;
	int64_t look;			/* this host's instant at which to ask again (service) */
	bool failing;			/* the server could not be asked last time */
};

/* The configured jobs, of --database alone when it was given and of --job when `only` is not NULL.
 * False: every error has been printed. The jobs live in the arena. */
bool schedule_jobs(struct ctx *ctx, struct arena *a, const char *only, size_t *n, struct sched_job **ret) must_use;

/* `schedule tick` and `schedule run`. Each job is a process of its own: `pgretain run --job NAME` by
 * this same program. Before it starts, the server is asked when it last started (sched_last.sql), by
 * the server's clock. tick: starts what is due, waits for it (and starts what falls due meanwhile); its
 * exit code is the worst of theirs. service: stays until SIGTERM or SIGINT, reads the configuration again on SIGHUP. */
int schedule_loop(struct ctx *ctx, bool service);

/* ---- schedule_job.c: one job and its server ---- */

enum schedule_found {
	SCHEDULE_FAILED,	/* *d tells why the server could not be asked */
	SCHEDULE_BUSY,		/* another scheduler looks after it, or it runs already */
	SCHEDULE_ASKED,		/* *due is set */
};

/* Connects, takes the scheduler's lock of the job, asks. On ASKED *conn holds the lock until closed.
 * ret_now: the server's clock. */
enum schedule_found schedule_ask(struct ctx *ctx, const struct sched_job *job, struct conn **conn,
				 struct due *due, int64_t *ret_now, struct diag *d) must_use;

/* Puts on record that a start did not happen (`missed`) or that its run was refused before it could
 * write anything (`refused`): ledger entries of kind `schedule`. From then on it is not due again. */
bool schedule_record(struct ctx *ctx, struct conn *c, const char *job, const char *action, int64_t scheduled,
		     int missed, struct diag *d) must_use;

/* The last start on record; INSTANT_MINUS_INFINITY: none. */
bool schedule_last(struct conn *c, const char *job, int64_t *ret, int64_t *now, int64_t *since, bool *running,
		   struct diag *d) must_use;

#endif
