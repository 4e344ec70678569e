/* What a run did, step by step: the server's counts, taken after the commits (domain.md 3). */
#ifndef PGRETAIN_MODEL_OUTCOME_H
#define PGRETAIN_MODEL_OUTCOME_H

#include "model/plan.h"

enum outcome_status { OUTCOME_OPEN, OUTCOME_DONE, OUTCOME_SKIPPED, OUTCOME_FAILED };
const char *outcome_status_word(enum outcome_status s);	/* "open", "done", … */

struct outcome_step {
	enum outcome_status status;
	int64_t due, acted;			/* acted: deleted, anonymized or quarantined, by the rule's action */
	int64_t held, blocked, skipped, failed, changed, deferred;
	int64_t before;				/* of acted: what was done when the plan in force was made */
	int64_t *tallies;			/* one for each tally of the plan's step */
	const char *reason;			/* NULL: none */
	char sqlstate[6];
	double seconds;
	int64_t wal_bytes, transactions;
	struct plan_measure anonymity;		/* after the run */
};

struct outcome {
	struct outcome_step *steps;		/* one for each step of the plan */
	const struct plan *plan;		/* in force at the end: made anew where holds or the schema had changed */
	bool interrupted;			/* stopped resumably: signal or end of the window */
	const char *interrupted_by;
	int exit;				/* 0, 2 or 4 */
};

#endif
