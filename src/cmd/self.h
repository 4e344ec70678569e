/* This program started again as a process of its own: jobs by the scheduler, steps by a job. */
#ifndef PGRETAIN_CMD_SELF_H
#define PGRETAIN_CMD_SELF_H

#include "cmd/cmd.h"

#define SELF_ARGS 24

/* argv of `pgretain` with the global options of this call, then words (ended by NULL). */
void self_args(const struct ctx *ctx, const char *const *words, const char *argv[SELF_ARGS]);
/* execv of this same binary; returns only on failure. */
void self_exec(const char *const *argv);
/* Runs it and waits; requests to stop are passed on. quiet: its report is thrown away (what it did stands in the ledger). Returns its exit
 * code; EXIT_INTERNAL when it died of a signal. */
int self_run(const struct ctx *ctx, const char *const *words, bool quiet);
/* The same, and asks it to stop when clock_ms() is there; 0: never. */
int self_run_until(const struct ctx *ctx, const char *const *words, bool quiet, double deadline_ms);

/* The worse of two exit codes: 70, then 1, 3, 2, 4, 0. */
int exit_worse(int a, int b);

#endif
