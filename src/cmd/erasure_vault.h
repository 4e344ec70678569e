/* What of a request's people stands in the vault: put there by its own runs, or by other ones. */
#ifndef PGRETAIN_CMD_ERASURE_VAULT_H
#define PGRETAIN_CMD_ERASURE_VAULT_H

#include "cmd/erasure.h"

/* The runs of the requests that are loaded. */
bool vault_runs(struct erasure *e, struct diag *d) must_use;
bool erasure_ran(const struct erasure_request *r, const char *run);
/* Item i of every request: now_vaulted, and the first and the last purge of those rows. */
bool vault_count(struct erasure *e, size_t i, struct diag *d) must_use;
/* Before what is gone from the live table is laid to anybody's account: rows that another run has put into the vault since,
 * or released from it, or purged. */
void vault_moved(struct erasure_item *it, int64_t *gone);
/* After it, for all items: what the request's own runs had put there is erased once it is purged. When it will be: until,
 * wake. */
bool vault_purged(struct erasure *e, struct diag *d) must_use;

#endif
