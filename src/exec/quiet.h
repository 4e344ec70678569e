/* Has anybody else written since the step began? Internal to exec/.
 *
 * A sweep meets every row that was there when it began, unless another session moved it meanwhile. Where
 * no transaction id went to anybody else since, none can have moved, and the last pass is not needed.
 * Each committed transaction of ours took at least one id: when no more were taken in all, the others
 * took none. Ids are the cluster's: a busy server never looks quiet, and gets its last pass. */
#ifndef PGRETAIN_EXEC_QUIET_H
#define PGRETAIN_EXEC_QUIET_H

#include "exec/sweep.h"

/* To be called before the first unit. Where the server can't tell: not known, never quiet. */
void quiet_begin(struct sweep *w, struct conn *control);
/* How many transaction ids others took since then; -1: not known. */
int64_t quiet_others(const struct sweep *w, struct conn *control);

#endif
