/* The ledger: append-only, hash-chained, free of personal data (domain.md 1, 3, 6).
 *
 * All of it lives in schema pgretain (sql/schema/NNNN_*.sql). Entries are appended by the SECURITY
 * DEFINER function pgretain.append, which locks the head, computes the hash in the server and gives
 * seq; the engine calls it as the last statement of the transaction that did the work.
 *
 * Conventions that settle, show and report rely on:
 *	kind run	detail.event = start | end | interrupted; start has detail.job (NULL: no job) and
 *			detail.rules = { rule: digest of ledger_rule_text() }, end has detail.exit, the exit code
 *	kind step	one rule in one run; detail.rule_text = digest of ledger_rule_text(), detail.status =
 *			done | skipped | failed, with detail.sqlstate and detail.reason where there is one
 *	kind batch	one transaction; rows = the server's count; detail.epoch = hold_lock_shared()
 *	kind suppress	the same for columns of small groups (operators.md 5): rows that have their batch already
 *	kind request	run = the request; action = what happened to it (model/state.def), or suppress (digests were
 *			placed), recurrence (the person is in the tables again), admit (and may be)
 *	kind notice	run = the request; write, deliver, give up, told: detail.notice, detail.recipient, of an attempt
 *			detail.attempt, detail.state, detail.exit, detail.answer (a keyed digest)
 *	kind suppression	expire, restore: rows = digests
 *	kind backup	one table of one rewritten archive; rows = dropped and altered; detail.rows_in, dropped, altered
 *	kind anonymity	what a run that changed rows measured at its end: detail.k, wanted, small, l, suppressed
 */
#ifndef PGRETAIN_LEDGER_LEDGER_H
#define PGRETAIN_LEDGER_LEDGER_H

#include "base/arena.h"
#include "pg/conn.h"

/* Schema version that this binary writes: the highest number under sql/schema. */
int ledger_version(void);

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
/* The same for commands that only look: a foreign ledger may be read. */
bool ledger_readable(struct conn *c, struct diag *d) must_use;

struct ledger_init {
	bool adopt;		/* gives a clone a lineage of its own */
	const char *actor;
};
/* Creates or migrates, roles and their rights included; a second time a no-op. Two at once: one waits.
 * *applied = number of migrations done. A restored database stays foreign without adopt. */
bool ledger_init(struct conn *c, const struct ledger_init *how, int *applied, struct diag *d) must_use;

struct ledger_entry {
	const char *kind;	/* run step batch hold request quarantine … */
	const char *run;	/* UUID or NULL */
	const char *rule, *table, *action;	/* NULL where it does not apply */
	int64_t rows;		/* -1: none */
	const char *as_of;	/* instant, PostgreSQL text; NULL: none */
	const char *actor;
	const char *detail;	/* JSON object: numbers and names only; NULL: {} */
};
/* $1 … $9 of query/ledger_append.sql in the order of struct ledger_entry, for callers that send it
 * themselves (exec). */
#define LEDGER_APPEND_PARAMS 9
#define LEDGER_ROWS_TEXT 24
void ledger_append_values(const struct ledger_entry *e, char rows[LEDGER_ROWS_TEXT],
			  const char *values[LEDGER_APPEND_PARAMS]);
bool ledger_append(struct conn *c, const struct ledger_entry *e, struct diag *d) must_use;

/* After a loss of the connection that left the answer open: appends unless the same entry (run, kind,
 * rule, detail) is there. The entry needs a run and a detail. */
bool ledger_append_once(struct conn *c, const struct ledger_entry *e, struct diag *d) must_use;

/* One run of a job at once: takes the job's lock for this session, or *got = false. job NULL: runs
 * without a job, which exclude each other too. Settling tells a live run from a dead one by it. */
bool ledger_job_lock(struct conn *c, const char *job, bool *got, struct diag *d) must_use;

/* Each lane of a run holds its job's lanes' lock, so that a run whose first connection was lost, or whose
 * process was killed with a statement under way, is not taken for dead while one of them works. */
bool ledger_lane_lock(struct conn *c, const char *job, struct diag *d) must_use;
/* Have all lanes of earlier runs of the job ended? Call under ledger_job_lock. */
bool ledger_lanes_gone(struct conn *c, const char *job, bool *gone, struct diag *d) must_use;

/* Settles runs that never ended (killed, crashed) as interrupted, with the rows of their batches;
 * *n = how many. Call under the run's own ledger_job_lock, before its start entry. Runs whose job's
 * lock, or its lanes' lock, another session holds are alive and stay. */
bool ledger_settle(struct conn *c, const char *actor, int *n, struct diag *d) must_use;

/* Notes where in the WAL the erasures of runs were over: at a run's end, so that no backup made afterwards counts
 * as one from before. What a killed run has done is noted by the next one, later than need be. */
bool ledger_note_erasures(struct conn *c, struct diag *d) must_use;

/* Keeps the text of a rule (class and rule as configured); digest: "sha256:…". */
#define LEDGER_DIGEST_TEXT 72
bool ledger_rule_text(struct conn *c, const char *text, char digest[LEDGER_DIGEST_TEXT], struct diag *d) must_use;

struct ledger_check {
	int64_t entries;
	char head[LEDGER_DIGEST_TEXT];	/* "sha256:…" of the newest entry, or of the empty chain */
	bool whole;
	int64_t broken_seq;	/* first broken link, when !whole */
	const char *why;	/* static text */
};
/* Recomputes the chain in this program (libcrypto), not by the server's function, in one snapshot.
 * replay_log may be NULL: then only what the database itself tells is compared. */
bool ledger_verify(struct conn *c, const char *replay_log, struct ledger_check *ret, struct diag *d) must_use;

/* Which entries; NULL = any. Instants as PostgreSQL text, until is exclusive; table as in SQL. */
struct ledger_filter {
	const char *rule, *table, *since, *until, *run, *kind;
};
/* Strings live until the callback returns; NULL where the entry has none. Instants are RFC 3339, UTC. */
struct ledger_row {
	const char *seq, *kind, *run, *rule, *table, *action, *rows, *as_of, *at, *actor, *login, *detail;
	const char *prev, *hash;			/* hex */
	const char *rule_digest, *rule_text;		/* the rule that was in force, where one is known */
};
typedef bool ledger_each(void *arg, const struct ledger_row *row, struct diag *d);
/* Calls each per entry, oldest first, in bounded memory; ends early when it gives false. */
bool ledger_show(struct conn *c, const struct ledger_filter *f, ledger_each *each, void *arg,
		 struct diag *d) must_use;

/* What was confirmed (domain.md 3, guard rails): per rule the definition that a run was allowed to
 * use, as canonical JSON made by plan/confirm. Lengthening replaces it at once. */
struct confirmation {
	const char *rule, *definition, *fingerprint;
};
bool ledger_confirmations(struct conn *c, struct arena *a, size_t *n, struct confirmation **ret,
			  struct diag *d) must_use;
/* Written in the ledger too (kind confirm). */
bool ledger_confirm(struct conn *c, const struct confirmation *cf, const char *actor, struct diag *d) must_use;

/* What has changed since the last time, and the head, go into the log outside (ledger/replay_log.h), durable.
 * Refuses to go backwards. From the first line on a missing file is LEDGER_FOREIGN. NULL: nothing to do, true. */
struct replay_place;
bool ledger_export(struct conn *c, const struct replay_place *place, struct diag *d) must_use;

#endif
