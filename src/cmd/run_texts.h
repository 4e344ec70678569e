/* The rules of a run as they were in force: kept before its first batch, so that a batch of a run that was
 * killed has the text by which it was done, too. */
#ifndef PGRETAIN_CMD_RUN_TEXTS_H
#define PGRETAIN_CMD_RUN_TEXTS_H

#include <jansson.h>

#include "model/plan.h"
#include "pg/conn.h"

/* detail.rules of the start entry: { rule: digest }. The caller's reference. */
bool run_texts_put(struct conn *c, const struct plan *p, json_t **ret, struct diag *d) must_use;

#endif
