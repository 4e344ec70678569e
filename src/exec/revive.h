/* A connection that was lost is brought back: with back-off, within limits. */
#ifndef PGRETAIN_EXEC_REVIVE_H
#define PGRETAIN_EXEC_REVIVE_H

#include "exec/run.h"

/* The connection is gone, whatever libpq has noticed so far. */
bool revive_needed(const struct conn *c, const struct diag *why);

/* Worth another try: the server is away or busy; everything else is an answer. */
bool revive_may_pass(const struct diag *why);

/* A standby may be promoted, or conninfo may lead to the primary the next time: DIAG_RETRY. */
bool revive_writable(struct conn *c, struct diag *d) must_use;

/* Waits until the server is back and o->reconnected has agreed. False: d says why not: the time is up
 * (DIAG_LOST), a stop was asked for (DIAG_INTERRUPTED), or what o->reconnected said. */
bool revive_control(struct conn *c, const struct exec_options *o, struct diag *d) must_use;

/* The failure was a loss of the connection, and it is back: the same once more, up to *losses = 4 times. */
bool revive_again(struct conn *c, const struct exec_options *o, int *losses, struct diag *d) must_use;

/* Did this batch of the run commit? Asked when COMMIT stayed without an answer. Waits first until the
 * transaction that may still be committing has ended: it holds the ledger's head until then. */
bool revive_batch_known(struct conn *c, const struct exec_options *o, int64_t batch, bool *known,
			struct diag *d) must_use;

#endif
