/* The connection of a command that works on one session. */
#ifndef PGRETAIN_CMD_CONNECT_H
#define PGRETAIN_CMD_CONNECT_H

#include "cmd/cmd.h"
#include "pg/conn.h"

/* To ctx_database(), as "pgretain COMMAND", without timeouts; a command
 * that stops sends nothing more once it was asked to. NULL: printed; return EXIT_REFUSED. */
struct conn *ctx_connect(struct ctx *ctx, bool read_only) must_use;
/* conn_open() for a command: GUARD unless the role may do what was asked for (rights.def). */
bool ctx_open(struct ctx *ctx, const struct database *db, const struct conn_settings *s, struct conn **ret,
	      struct diag *d) must_use;
/* The database's log outside, else the policy's, else NULL. */
const char *ctx_replay_log(const struct ctx *ctx);

#endif
