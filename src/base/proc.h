/* Another program, run for what it prints: without a shell, in locale C, without our input, with a time limit
 * and a bound on its output. */
#ifndef PGRETAIN_BASE_PROC_H
#define PGRETAIN_BASE_PROC_H

#include "base/diag.h"
#include "base/strbuf.h"

struct proc_limits {
	int64_t timeout_ms;
	size_t max_bytes;		/* of its standard output */
};

/* argv is ended by NULL; argv[0] is looked up in PATH unless it holds a slash. `out` gets its standard output.
 * False (STEP): it could not be started, did not end in time (it and its children are killed), printed too
 * much, died of a signal or ended with another code than 0; the diag has its last words on standard error. */
bool proc_read(const char *const *argv, const struct proc_limits *limits, struct strbuf *out, struct diag *d) must_use;

#endif
