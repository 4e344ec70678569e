/* Plan and outcome as people and programs read them. */
#ifndef PGRETAIN_CMD_RUN_REPORT_H
#define PGRETAIN_CMD_RUN_REPORT_H

#include "cmd/cmd.h"
#include "model/outcome.h"
#include "report/run_view.h"

/* Prints the report of a plan (out NULL) or of a run, in ctx->format. returned: people who came back; NULL: nobody
 * has looked. */
void run_report(struct ctx *ctx, const struct plan *p, const struct outcome *out, const char *run,
		const struct recurrences *returned, double seconds, int exit);
/* A plan under other periods, beside what is due at present. */
void run_report_simulated(struct ctx *ctx, const struct plan *p, const struct simulated_view *s, int exit);
/* What the plan's run would end with: 0 or 2 (a missing confirmation alone is 0). */
int run_report_plan_exit(const struct plan *p);
/* --as-of as the server reads it, NULL when not given. False: printed. */
bool run_report_as_of(struct ctx *ctx, const char **ret) must_use;

#endif
