/* The log outside the database (domain.md 7): what a restore rolls back, and the ledger's head. One a
 * database, next to its backups, shipped off the host.
 *
 * JSON lines, appended only, each ended by `,"chain":"HEX"}`: the SHA-256 of the chain of the line before
 * and of the line's own text up to there. Kinds:
 *	head	lineage, seq, hash: how far the ledger had come; what was logged before had been committed
 *	rows	lineage, table, and `rows` (an array) or, where there is a key file, `sealed`: rows of
 *		pgretain's own tables as they became */
#ifndef PGRETAIN_LEDGER_REPLAY_LOG_H
#define PGRETAIN_LEDGER_REPLAY_LOG_H

#include "base/diag.h"
#include "base/secret.h"
#include "base/strbuf.h"

#include <jansson.h>

#define LOG_UUID 37
#define LOG_HASH 72
#define LOG_CHAIN 65

/* Where it is, and under which key rows are sealed (NULL: none, rows stand there as they are). */
struct replay_place {
	const char *path;
	const struct secret_key *key;
};

struct replay_head {
	bool exists;			/* the file does */
	bool found;			/* it holds a head of this lineage; then: */
	int64_t seq;
	char hash[LOG_HASH];		/* "sha256:…" */
};

/* The newest head of a lineage, looked for from the end. A torn last line, a line that is not ours, or a
 * chain that does not hold (as far as was read): GUARD failure with its place. */
bool replay_log_head(const char *path, const char *lineage, struct replay_head *ret, struct diag *d) must_use;

/* Open for appending, locked against other processes. */
struct replay_log {
	const char *path;
	int fd;				/* -1: not open */
	char chain[LOG_CHAIN];		/* of the last line that is written or waits */
	struct strbuf waiting;
};
#define REPLAY_LOG_INIT { NULL, -1, "", STRBUF_INIT }

/* Makes the file where there is none; waits for whoever writes to it. */
bool replay_log_open(struct replay_log *l, const char *path, struct diag *d) must_use;
/* A line, its chain added; takes over the reference. Not on disk before flush. */
void replay_log_add(struct replay_log *l, json_t *line);
/* What waits is on disk, durable, or nothing of it is. */
bool replay_log_flush(struct replay_log *l, struct diag *d) must_use;
void replay_log_close(struct replay_log *l);
#define AUTO_REPLAY_LOG __attribute__((cleanup(replay_log_close))) struct replay_log

/* Every line from the first, chain and all; a missing or an empty file is a failure too. */
typedef bool replay_line_fn(void *arg, const json_t *line, int64_t number, struct diag *d);
bool replay_log_each(const char *path, replay_line_fn *each, void *arg, struct diag *d) must_use;

/* Takes a torn last line away, into PATH.torn; *ret_bytes: how long it was, 0: none was torn. */
bool replay_log_repair(const char *path, int64_t *ret_bytes, struct diag *d) must_use;

#endif
