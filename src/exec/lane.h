/* A lane: one connection that works on one unit at a time, never blocking. Its course is a table of
 * phases; every phase sends one thing and ends when the server has answered.
 *
 *	BEGIN     begin, and the holds' lock; its epoch must be the plan's
 *	LOCK      rows of the unit that are ready, FOR UPDATE (chains, careful units)
 *	DEPENDENT what goes with them, deepest first; a full slice ends the transaction early
 *	APPLY     the effect itself
 *	LEDGER    one entry for each count; the first only if the schema is still the plan's (exec/shape.h)
 *	TOMBS     what has to be remembered of the rows of that entry
 *	COMMIT    together with all of it
 *	ROLLBACK  after a refusal
 *	DOWN      the connection is lost; the sweep brings it back (exec/lanes.h) */
#ifndef PGRETAIN_EXEC_LANE_H
#define PGRETAIN_EXEC_LANE_H

#include "base/instant.h"
#include "exec/tombstone.h"
#include "exec/unit.h"
#include "pg/conn.h"

enum lane_phase { LANE_IDLE, LANE_BEGIN, LANE_LOCK, LANE_DEPENDENT, LANE_APPLY, LANE_LEDGER, LANE_TOMBS, LANE_COMMIT,
		  LANE_ROLLBACK, LANE_DOWN };

enum lane_result {
	LANE_WORKING,
	LANE_COMMITTED,		/* counts hold */
	LANE_REFUSED,		/* rolled back; diag says why */
	LANE_STALE,		/* rolled back: the holds have changed since the plan */
	LANE_RESHAPED,		/* rolled back: the schema has */
	LANE_LOST,		/* connection gone; `committing` says whether the outcome is unknown */
};

/* Rows of the unit in hand, by what they belong to. */
struct lane_counts {
	int64_t applied, locked;
	int64_t *dependents;		/* one for each dependent of the step */
};

struct lane_work {		/* what all lanes share during a step */
	const struct plan *plan;
	const struct plan_step *step;
	const char *run, *actor;	/* UUID, name */
	const char *request;		/* UUID: the only one of this run; NULL: none, or several */
	const struct secret_key *secret;	/* for tombstones of natural keys; NULL: there is none */
	bool chain;			/* lock rows first: something goes with them */
	int64_t slice;			/* the most dependents that one transaction takes */
};

struct lane {
	struct conn *conn;
	enum lane_phase phase;
	const struct lane_work *work;
	struct unit unit;
	struct lane_counts counts;
	size_t dependent, entry;	/* position in DEPENDENT and LEDGER */
	bool sliced;			/* the slice is full: the unit comes again */
	bool committing;
	bool unsure;			/* DOWN, its COMMIT without an answer: the unit is still in hand */
	double lost_ms, retry_ms;	/* DOWN: since when, next try; INFINITY: given up for this step */
	int pause_ms;
	int64_t batch, epoch;
	int64_t slice;			/* as it was at the start: other lanes change it for the next unit */
	struct strbuf tids, oids;	/* locked rows, as arrays; oids: of a circle across relations */
	struct strbuf sql, arg1, arg2;
	Oid *types;			/* parameters of the statement in hand */
	const char **values;
	double began_ms;
	struct diag diag;
	bool failed, stale;
	bool compared, reshaped;	/* the schema with the plan's; it differs */
	json_t **tombs;			/* of each entry; NULL: nothing to remember */
	size_t ntombs;
	char seq[24];			/* of the newest entry */
};

void lane_init(struct lane *l, struct conn *c);
void lane_done(struct lane *l);
/* Takes the unit (ownership too) and sends the first thing. */
void lane_start(struct lane *l, const struct lane_work *w, struct unit *u, int64_t batch);
/* To be called when the socket has something to read or can be written. */
enum lane_result lane_step(struct lane *l);
int lane_socket(const struct lane *l);
bool lane_wants_write(const struct lane *l);

#endif
