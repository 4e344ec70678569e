/* "Anonymized" only when its conditions hold (operators.md 5): measuring at the end of a run, and the word
 * in reports. */
#ifndef PGRETAIN_CMD_RUN_ANONYMITY_H
#define PGRETAIN_CMD_RUN_ANONYMITY_H

#include "exec/anonymity.h"
#include "report/run_view.h"

/* Every step of the run, after the last one has ended: rows refer to rows of other rules. False: the
 * session is lost. */
bool run_anonymity_settle(struct conn *c, const struct plan *plan, const struct exec_options *o, struct arena *a,
			  struct outcome *out, struct diag *d) must_use;

/* Keys of the view, and the sentence. o NULL: a plan. NULL: the rule overwrites nothing, or no row is
 * concerned. */
const char *run_anonymity_fill(struct arena *a, const struct plan_step *s, const struct outcome_step *o,
			       struct rule_view *v);

#endif
