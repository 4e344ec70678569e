/* Has an import brought erased people back? The nightly look at every column of identifiers (cmd/suppress.h). */
#ifndef PGRETAIN_CMD_RECURRENCE_H
#define PGRETAIN_CMD_RECURRENCE_H

#include "cmd/cmd.h"
#include "pg/conn.h"
#include "report/recurrence_view.h"

/* How long digests are kept, as PostgreSQL's interval. */
const char *recurrence_keep(const struct ctx *ctx);

/* Deletes digests whose time is over, compares the others, notes what is news in the ledger (run: the run, or NULL)
 * and reopens requests where `recurrence` says so. */
bool recurrence_check(struct ctx *ctx, const struct database *db, struct conn *c, const char *run, struct recurrences *ret,
		      struct diag *d) must_use;
/* The exit code that it asks for as a part of something larger; a failure (!ok, d) is printed. */
int recurrence_exit(struct ctx *ctx, struct conn *c, bool ok, const struct recurrences *ret, struct diag *d);
/* Both. */
int recurrence_step(struct ctx *ctx, const struct database *db, struct conn *c, const char *run, struct recurrences *ret);

#endif
