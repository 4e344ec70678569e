/* Wholly expired partitions: dropped, their rows counted inside the same lock (domain.md 3). */
#ifndef PGRETAIN_EXEC_PARTITION_H
#define PGRETAIN_EXEC_PARTITION_H

#include "exec/sweep.h"

/* Drops what the plan marks; a partition that turns out not to be wholly due, or whose lock is not to
 * be had, is left to the sweep. False: the connection failed. */
bool partitions_drop(struct conn *control, struct sweep *w, struct diag *d) must_use;

#endif
