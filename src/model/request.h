/* A request's life: kinds, states, events, what follows what (domain.md 4). Pure: the tables of
 * state.def and questions to them. Words are those of the configuration, the ledger and the JSON. */
#ifndef PGRETAIN_MODEL_REQUEST_H
#define PGRETAIN_MODEL_REQUEST_H

#include "base/strbuf.h"

enum request_kind {
#define REQUEST_KIND(name, word, bit) REQUEST_KIND_##name,
#include "model/state.def"
#undef REQUEST_KIND
	REQUEST_KINDS
};

enum request_state {
#define REQUEST_STATE(name, word, phase) REQUEST_##name,
#include "model/state.def"
#undef REQUEST_STATE
	REQUEST_STATES
};

enum request_event {
#define REQUEST_EVENT(name, word, when) REQUEST_ON_##name,
#include "model/state.def"
#undef REQUEST_EVENT
	REQUEST_EVENTS
};

enum request_phase { REQUEST_PHASE_PENDING, REQUEST_PHASE_ACTIVE, REQUEST_PHASE_ENDED };

const char *request_kind_word(enum request_kind kind);
const char *request_state_word(enum request_state state);
const char *request_event_word(enum request_event event);
/* False for a word that is none. */
bool request_kind_parse(const char *word, enum request_kind *ret) must_use;
bool request_state_parse(const char *word, enum request_state *ret) must_use;

enum request_phase request_phase_of(enum request_state state);

/* May this event happen to a request of this kind in this state? Then *to is the state after it; SETTLE has
 * several, request_derive() says which. */
bool request_next(enum request_kind kind, enum request_state from, enum request_event event,
		  enum request_state *to) must_use;
/* Is `to` among the states that follow? */
bool request_leads(enum request_kind kind, enum request_state from, enum request_event event,
		   enum request_state to) must_use;
/* Possible until execution only (domain.md 4): what has begun is carried through, however often it is assessed. */
bool request_unbegun(enum request_event event);
/* "verify, refuse, withdraw": what may happen now, each word once, in the order of state.def; "nothing" in
 * a state without a way out. begun: its execution has, and it was not reopened since. */
void request_possible(struct strbuf *sb, enum request_kind kind, enum request_state from, bool begun);

/* The rows of REQUEST_MOVE one by one; false behind the last. For the tests. */
struct request_move {
	unsigned kinds;		/* bits: 1 << enum request_kind */
	enum request_state from;
	enum request_event event;
	enum request_state to;
};
bool request_move_nth(size_t i, struct request_move *ret) must_use;

/* What an execution left behind, summed over the items. */
struct request_sums {
	int64_t deferred, quarantined, held, failed;
	bool grown;		/* rows beyond the frozen plan are there: it must be assessed anew */
	bool scanned;		/* the residual scan has been made */
	int64_t found;		/* what it found of this person */
	bool backups;		/* a backup may still hold rows, or backups are not catalogued */
};

/* The state after an execution (domain.md 4: derived, never "completed" while anything is deferred,
 * quarantined, held, failed or still in a backup). In this order: failed, grown or found: blocked, a human is
 * needed; deferred or quarantined: partially_deferred; held: partially_held; not scanned: blocked; backups:
 * backup_pending; else completed. */
enum request_state request_derive(const struct request_sums *sums);

#endif
