/* A command of the operator's choice: no shell, bounded in time and output. */
#ifndef PGRETAIN_BASE_SPAWN_H
#define PGRETAIN_BASE_SPAWN_H

#include "base/strbuf.h"

struct spawn_result {
	int exit;		/* exit status; 128 + number of the signal that ended it; -1: none */
	const char *why;	/* static text: why it came to no end of its own; NULL: it did */
};

/* Runs argv (argv[0] is looked up in PATH unless it is a path), gives it `n` bytes on standard input and appends what it
 * prints to `out`, at most `max_out` bytes. What it says on standard error is thrown away. A command that takes longer
 * than timeout_ms, prints more, or is there when a stop was requested twice is killed with all that it started.
 * True: it ended by itself with status 0. The caller ignores SIGPIPE (sig_ignore_pipe): a command need not read. */
bool spawn_filter(const char *const *argv, const void *in, size_t n, int64_t timeout_ms, size_t max_out, struct strbuf *out,
		  struct spawn_result *ret) must_use;

#endif
