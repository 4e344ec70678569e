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
/* That log with the key that its rows are sealed under; NULL for NULL. */
struct secret_key;
/* The key for digests of tombstones; *ret NULL: no key file, or no backups. */
bool ctx_tomb_secret(struct ctx *ctx, const struct secret_key **ret, struct diag *d) must_use;
struct replay_place;
bool ctx_replay_place(struct ctx *ctx, const char *log, const struct replay_place **ret, struct diag *d) must_use;
/* At the end of whatever acts: what has changed goes into the log outside (ledger_export). */
bool ctx_export(struct ctx *ctx, struct conn *c, struct diag *d) must_use;
/* COMMIT, and that. */
bool ctx_commit(struct ctx *ctx, struct conn *c, struct diag *d) must_use;
bool ctx_export_of(struct ctx *ctx, const char *log, struct conn *c, struct diag *d) must_use;

#endif
