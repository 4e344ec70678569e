/* What time does to holds. */
#ifndef PGRETAIN_CMD_HOLD_STEP_H
#define PGRETAIN_CMD_HOLD_STEP_H

#include "pg/conn.h"

/* Holds whose review date has passed become review_due, and go on holding; each has its ledger entry. */
bool hold_step_advance(struct conn *c, const char *actor, struct diag *d) must_use;

#endif
