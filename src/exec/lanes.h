/* The lanes of a run: opened once, prepared for each step, brought back when they are lost. */
#ifndef PGRETAIN_EXEC_LANES_H
#define PGRETAIN_EXEC_LANES_H

#include "exec/sweep.h"

/* Opens more until there are `want` of limits.lanes; fewer do the same work, none is a failure once the time is
 * up. *lanes is NULL and *n 0 before the first call. */
bool lanes_open(const struct exec_options *o, const struct limits *l, size_t want, struct lane **lanes, size_t *n,
		struct diag *d) must_use;
void lanes_close(struct lane *lanes, size_t n);

/* Session settings for the sweep's step. A lane that is lost stays down: the sweep brings it back. */
bool lanes_prepare(struct sweep *w, struct diag *d) must_use;

/* After LANE_LOST: its unit goes back to the queue, unless its COMMIT stayed without an answer. */
void lane_lost(struct sweep *w, struct lane *l);
/* Tries those whose time has come; settles by the ledger what was in doubt. */
void lanes_revive(struct sweep *w);
/* Whether one that is down is worth waiting for. */
bool lanes_waited_for(const struct sweep *w);
/* Milliseconds until the next try, 500 at most. */
int lanes_pause(const struct sweep *w);

#endif
