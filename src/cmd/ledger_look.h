/* For commands that only look at the ledger: a restored copy may be looked at too. */
#ifndef PGRETAIN_CMD_LEDGER_LOOK_H
#define PGRETAIN_CMD_LEDGER_LOOK_H

#include "base/arena.h"
#include "pg/conn.h"

/* GUARD failure unless there is a ledger of this program's version. *foreign: NULL, or why it tells
 * another database's past (in the arena). */
bool ledger_look(struct conn *c, const char *replay_log, struct arena *a, const char **foreign,
		 struct diag *d) must_use;

#endif
