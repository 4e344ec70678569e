/* One step's units through the lanes. Internal to exec/. */
#ifndef PGRETAIN_EXEC_SWEEP_H
#define PGRETAIN_EXEC_SWEEP_H

#include "exec/lane.h"
#include "exec/run.h"

struct sweep {
	const struct exec_options *o;
	const struct plan *plan;
	struct lane_work work;
	struct unit_queue queue;
	struct lane *lanes;
	size_t nlanes;
	int64_t *batch;				/* counter of the run */
	struct limits limits;
	struct outcome *out;			/* of the whole run */
	struct outcome_step *step;		/* of the step's own rule */
	bool failed;				/* stop handing out units; why = diag */
	bool stale;				/* the holds have changed */
	bool reshaped;				/* the schema has: every unit is made anew */
	int reshapes;				/* how often, in this step */
	bool stopped;				/* by signal or deadline */
	double stopped_ms;			/* since when */
	struct diag diag;
	int64_t given_up;			/* units that could not get their locks */
	bool swept;				/* the pass over all pages is done */
	struct {				/* exec/quiet.h */
		bool known;
		int64_t from, transactions;	/* next transaction id, and our own so far */
	} quiet;
	struct {				/* a partition's drop whose COMMIT stayed without an answer */
		bool unsure;
		size_t relation;
		int64_t rows, batch;
	} drop;
	int losses;				/* of the control connection, in this step */
	double last_progress_ms, began_ms;
};

/* Works until the queue is empty, the step fails, or a stop is asked for. */
void sweep_run(struct sweep *w);

/* The lane's unit has been committed: its rows count. */
void sweep_committed(struct sweep *w, struct lane *l);
/* No unit starts any more; the first reason is kept. */
void sweep_failed(struct sweep *w, const struct diag *d);
/* The step's statements look for rows below: index scans serve that. */
bool sweep_looks_up(const struct plan_step *s);

#endif
