/* Verbs of `request` that freeze items and let them be approved. */
#ifndef PGRETAIN_CMD_REQUEST_ASSESS_H
#define PGRETAIN_CMD_REQUEST_ASSESS_H

#include "cmd/cmd.h"

struct erasure;

int request_assess(struct ctx *ctx, int argc, char **argv);
int request_approve(struct ctx *ctx, int argc, char **argv);
/* The loaded requests with their items, as JSON or text. */
bool request_print(struct erasure *e, struct diag *d) must_use;

#endif
