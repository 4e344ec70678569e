/* A run whose plan may have to be made anew in the middle: holds or the schema have changed. Internal to exec/. */
#ifndef PGRETAIN_EXEC_ANEW_H
#define PGRETAIN_EXEC_ANEW_H

#include "exec/sweep.h"

struct runner {
	struct conn *control;
	const struct plan *plan;
	const struct exec_options *o;
	struct arena *a;
	struct outcome *out;
	struct lane *lanes;
	size_t nlanes;
	int64_t batch;
	bool over;			/* the control connection did not come back to this run */
};

/* The chain's rules prepare together: the vault of a follower must be there too. */
bool anew_prepare(struct runner *r, size_t root, struct diag *d) must_use;
/* Works until the queue is empty, with new plans where it takes them; one that the step can't go on with fails
 * it. */
bool anew_sweep(struct runner *r, struct sweep *w, size_t i, struct diag *d) must_use;
/* When all units are done: a partition that came meanwhile has been in none, and of rows that stay (left) it is
 * asked what keeps them. w->reshaped: once more. */
bool anew_looked(struct runner *r, struct sweep *w, bool left, struct diag *d) must_use;

#endif
