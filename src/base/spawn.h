/* Another program: no shell, bounded in time and output. */
#ifndef PGRETAIN_BASE_SPAWN_H
#define PGRETAIN_BASE_SPAWN_H

#include "base/strbuf.h"

struct spawn {
	const char *const *argv;	/* ended by NULL; argv[0] is looked up in PATH unless it is a path */
	const void *in;			/* its standard input */
	size_t nin;
	int64_t timeout_ms;
	size_t max_out;			/* bytes of its standard output */
	bool as_tool;			/* its words are read: locale C, and spawn_result.said is filled */
};

struct spawn_result {
	int exit;		/* exit status; 128 + number of the signal that ended it; -1: none */
	const char *why;	/* static text: why it came to no end of its own; NULL: it did */
	char said[256];		/* of a tool: the last line that it printed to standard error, printable; "": none */
};

/* Runs it and appends what it prints to `out`. What it says on standard error is thrown away, but for a tool's last line.
 * A program that takes longer, prints more, or is there when a stop was requested twice is killed with all that it started.
 * True: it ended by itself with status 0. The caller ignores SIGPIPE (sig_ignore_pipe): a program need not read. */
bool spawn_run(const struct spawn *what, struct strbuf *out, struct spawn_result *ret) must_use;

#endif
