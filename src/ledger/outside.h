/* The head outside the database: a file of JSON lines, appended only. */
#ifndef PGRETAIN_LEDGER_OUTSIDE_H
#define PGRETAIN_LEDGER_OUTSIDE_H

#include "base/diag.h"

#define OUTSIDE_UUID 37
#define OUTSIDE_HASH 72

struct outside_head {
	bool exists;			/* the file does */
	bool found;			/* it holds a head of this lineage; then: */
	int64_t seq;
	char hash[OUTSIDE_HASH];	/* "sha256:…" */
};

/* The newest head of a lineage. A line that is cut or is no JSON object: GUARD failure with its place. */
bool outside_read(const char *path, const char *lineage, struct outside_head *ret, struct diag *d) must_use;
/* Appends a head and makes it durable. A head at or behind the newest of its lineage: the same one is
 * nothing to do, another one is a GUARD failure. */
bool outside_append(const char *path, const char *lineage, int64_t seq, const char *hash, struct diag *d) must_use;

#endif
