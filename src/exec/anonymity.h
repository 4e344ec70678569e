/* After a run: who shares what could single them out, and the small groups suppressed. */
#ifndef PGRETAIN_EXEC_ANONYMITY_H
#define PGRETAIN_EXEC_ANONYMITY_H

#include "exec/run.h"

/* Measures the rows of step `i` in final form. Where groups are below k and the rule says what to
 * suppress, sets those columns to NULL, each transaction with its ledger entry (kind suppress), and
 * measures again. What the server refuses is told in the outcome; false only when the session is lost.
 * plan: the newest of the run, for its holds. */
bool anonymity_settle(struct conn *c, const struct plan *plan, size_t i, const struct exec_options *o, struct arena *a,
		      struct outcome_step *out, struct diag *d) must_use;

#endif
