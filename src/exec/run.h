/* Executes a plan: sends what stands in it and nothing else, counts what the server did. */
#ifndef PGRETAIN_EXEC_RUN_H
#define PGRETAIN_EXEC_RUN_H

#include "base/secret.h"
#include "model/outcome.h"
#include "pg/conn.h"

struct exec_progress {
	const char *rule;
	int64_t rows, rows_all;
	int64_t pages_done, pages_all;		/* pages_all 0: by index, where only rows say how far it is */
	double seconds;
};

/* How long it takes at the rate until now; < 0: nothing says so yet. */
double exec_progress_left(const struct exec_progress *p);

struct exec_options {
	const char *run, *actor;		/* UUID; who started it */
	const char *request;			/* UUID: the run is for this one alone; NULL */
	const struct secret_key *secret;	/* for tombstones of natural keys (model/tomb.h); NULL: none */
	const char *conninfo;
	const char *job;			/* its lanes' lock (ledger.h); NULL: by hand */
	double deadline_ms;			/* clock_ms() at which no unit starts any more; 0: none */
	double reconnect_ms;			/* how long a server that is away is waited for */
	/* The holds have changed, or the schema: makes the plan anew for the same as_of. */
	bool (*refresh)(void *ctx, const struct plan **ret, struct diag *d);
	/* May the run go on with it? False: d says why not, and its step fails. */
	bool (*agreed)(void *ctx, const struct plan *fresh, struct diag *d);
	/* The control connection is back after a loss: takes the run's lock again, and says whether the run
	 * may go on. DIAG_RETRY: not yet. */
	bool (*reconnected)(void *ctx, struct diag *d);
	/* For the log: connection.lost, connection.back, lane.lost, lane.back; why may be NULL. May be NULL. */
	void (*connection)(void *ctx, const char *event, const struct diag *why);
	int (*stop_requested)(void);		/* 0 go on, 1 finish the units in hand, 2 cancel them */
	void (*progress)(void *ctx, const struct exec_progress *p);
	void (*step_done)(void *ctx, const struct plan_step *s, const struct outcome_step *o);
	void *ctx;
};

/* `control` is the connection of the run itself (its lock, the ledger's run and step entries). Strings
 * of the outcome live in arena a. A lost connection is waited for; what was in doubt then is settled by the
 * ledger. False: the run could not go on (diag); the outcome tells how far. */
bool exec_plan(struct conn *control, const struct plan *plan, const struct exec_options *o, struct arena *a,
	       struct outcome *ret, struct diag *d) must_use;

#endif
