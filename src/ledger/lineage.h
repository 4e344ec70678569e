/* The newest lineage and the head, beside what the server says of itself. Internal to ledger/. */
#ifndef PGRETAIN_LEDGER_LINEAGE_H
#define PGRETAIN_LEDGER_LINEAGE_H

#include "ledger/replay_log.h"
#include "pg/conn.h"

struct lineage {
	char uuid[LOG_UUID];		/* "": none yet */
	bool head_kept, same_system, same_database, same_timeline, replaying;
	int64_t seq, kept_seq;		/* seq -1: the head's row is gone */
	char hash[LOG_HASH];
};

bool lineage_read(struct conn *c, struct lineage *ret, struct diag *d) must_use;

#endif
