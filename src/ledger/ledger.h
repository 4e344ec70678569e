/* The ledger: append-only, hash-chained, free of personal data (domain.md 1, 3, 6).
 *
 * All of it lives in schema pgretain (sql/schema/NNNN_*.sql). Entries are appended by the SECURITY
 * DEFINER function pgretain.append(kind, run, rule, table, action, rows, at, actor, detail jsonb),
 * which locks the head, computes the hash in the server and returns seq; the engine calls it as the
 * last statement of the transaction that did the work. */
#ifndef PGRETAIN_LEDGER_LEDGER_H
#define PGRETAIN_LEDGER_LEDGER_H

#include "base/arena.h"
#include "pg/conn.h"

/* Schema version that this binary writes. */
#define LEDGER_VERSION 1

enum ledger_state {
	LEDGER_ABSENT,		/* no schema pgretain: init first */
	LEDGER_OLD,		/* init migrates */
	LEDGER_CURRENT,
	LEDGER_NEWER,		/* a newer pgretain wrote it: refuse */
	LEDGER_FOREIGN,		/* another lineage's past: identifier, oid, timeline or head differ: replay first */
};

/* Looks, writes nothing. LEDGER_FOREIGN: *d tells what differs. replay_log may be NULL. */
bool ledger_probe(struct conn *c, const char *replay_log, enum ledger_state *ret, struct diag *d) must_use;
/* GUARD failure with the remedy unless LEDGER_CURRENT. */
bool ledger_require(struct conn *c, const char *replay_log, struct diag *d) must_use;
/* Creates or migrates; a second time a no-op. adopt: gives a clone a lineage of its own.
 * *applied = number of migrations done. */
bool ledger_init(struct conn *c, bool adopt, int *applied, struct diag *d) must_use;

struct ledger_entry {
	const char *kind;	/* run step batch hold request quarantine … */
	const char *run;	/* UUID or NULL */
	const char *rule, *table, *action;	/* NULL where it does not apply */
	int64_t rows;		/* -1: none */
	const char *as_of;	/* instant, PostgreSQL text; NULL: none */
	const char *actor;
	const char *detail;	/* JSON object: numbers and names only; NULL: {} */
};
/* $1 … $8 of query/ledger_append.sql, for callers that send it themselves (exec). */
#define LEDGER_APPEND_PARAMS 8
bool ledger_append(struct conn *c, const struct ledger_entry *e, struct diag *d) must_use;

/* Settles runs that never ended (killed, crashed) as interrupted; *n = how many. Call under the run lock. */
bool ledger_settle(struct conn *c, const char *actor, int *n, struct diag *d) must_use;

struct ledger_check {
	int64_t entries;
	char head[72];		/* "sha256:…" of the newest entry, or of the empty chain */
	bool whole;
	int64_t broken_seq;	/* first broken link, when !whole */
	const char *why;	/* static text */
};
/* Recomputes the chain in this program (libcrypto), not by the server's function. */
bool ledger_verify(struct conn *c, struct ledger_check *ret, struct diag *d) must_use;

/* What was confirmed (domain.md 3, guard rails): per rule the definition that a run was allowed to
 * use, as canonical JSON made by plan/confirm. Lengthening replaces it at once. */
struct confirmation {
	const char *rule, *definition, *fingerprint;
};
bool ledger_confirmations(struct conn *c, struct arena *a, size_t *n, struct confirmation **ret,
			  struct diag *d) must_use;
bool ledger_confirm(struct conn *c, const struct confirmation *cf, const char *actor, struct diag *d) must_use;

/* The head outside the database: append-only file, one JSON line a head (lineage, seq, hash, at),
 * fsynced, mode 0600. Appending refuses to go backwards. replay_log NULL: nothing to do, true. */
bool ledger_head_export(struct conn *c, const char *replay_log, struct diag *d) must_use;

#endif
