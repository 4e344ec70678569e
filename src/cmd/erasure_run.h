/* Carries out the plan of requests that are approved: locks, run entries, execution, what came of it. */
#ifndef PGRETAIN_CMD_ERASURE_RUN_H
#define PGRETAIN_CMD_ERASURE_RUN_H

#include "cmd/erasure.h"
#include "exec/run.h"
#include "report/run_view.h"

struct erasure_run {
	struct erasure *e;
	const char *job;		/* NULL: by hand */
	double deadline_ms;
	char uuid[37];
	struct outcome out;
	struct exec_options x;
	const char *lock;		/* name of the run's lock: its first request */
	VEC(struct plan *) fresh;
	VEC(struct erasure_request) done;	/* by an attempt that was lost after it */
	VEC(struct rule_view) rules;	/* for the report */
	double began_ms;
	bool interrupted;
	bool unrecorded;		/* a step's entry could not be written */
	bool lenient;			/* requests that another command has moved are set aside: the others go on */
	bool left;			/* some were */
	bool looked;			/* what stood in the items before is in `rules` */
	bool waited;			/* for a server that was away, in vain */
};

/* The lock that whoever works on a request holds (ledger_job_lock). */
const char *erasure_lock_name(struct arena *a, const char *id);
/* Takes the requests' locks; those that another process works on stay unlocked. */
bool erasure_lock(struct erasure *e, struct diag *d) must_use;
/* Gives back those of these requests' locks that the session holds. */
bool erasure_unlock(struct conn *c, struct arena *a, const char *const *ids, size_t n, struct diag *d) must_use;
/* The loaded requests, all locked and planned. Moves each to executing, acts, settles, moves on. A lost connection
 * is waited for; then it goes on as another command would. False: it could not go on; what was done is settled by
 * the next. */
bool erasure_execute(struct erasure_run *r, struct diag *d) must_use;

#endif
