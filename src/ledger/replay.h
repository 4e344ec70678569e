/* Replay: a restored database learns from the log outside what it has lost, and is closed to everything
 * else until that has been done again. */
#ifndef PGRETAIN_LEDGER_REPLAY_H
#define PGRETAIN_LEDGER_REPLAY_H

#include "base/arena.h"
#include "ledger/replay_log.h"
#include "pg/conn.h"

/* Names the lineage under replay to the processes that take part in it. */
#define REPLAY_ENVIRONMENT "PGRETAIN_REPLAY"
/* What rows of the log are sealed for (base/secret.h). */
#define REPLAY_CONTEXT "replay log"

struct replay_change {
	const char *table;		/* in schema pgretain */
	int64_t rows;
};

/* A request's rows, or a table's, that are to be erased again, as the log knows them. */
struct replay_erased {
	const char *request, *rule, *table;
	int64_t rows;
};

struct replay {
	int64_t lines, skipped;		/* of the log; skipped: known to the database already */
	int64_t seq, log_seq;		/* the ledger's end, and the log's newest head of it */
	VEC(struct replay_change) changes;
	VEC(struct replay_erased) erased;
	VEC(const char *) requests;	/* to be executed again */
	VEC(const char *) spared;	/* requests whose person's key belongs to somebody else by now */
	char lineage[LOG_UUID];		/* the new one; "": none */
};

/* Whether a replay was begun and not ended: its lineage in r->lineage. */
bool replay_unfinished(struct conn *c, struct replay *r, struct diag *d) must_use;
/* The log is whole, and of this ledger; finds what of it the database knows already. */
bool replay_check(struct conn *c, const struct replay_place *place, struct replay *r, struct diag *d) must_use;
/* In the transaction in hand: a new lineage, closed; holds, requests and grounds as the log has them; executed
 * requests stand to be executed again. */
bool replay_restore(struct conn *c, const struct replay_place *place, const char *actor, struct arena *a, struct replay *r,
		    struct diag *d) must_use;
/* Opens the database. */
bool replay_open_gate(struct conn *c, const char *actor, const struct replay *r, struct diag *d) must_use;

#endif
