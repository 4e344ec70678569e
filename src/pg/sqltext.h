/* The files under sql/, embedded byte by byte at build time (scripts/sql2c). */
#ifndef PGRETAIN_PG_SQLTEXT_H
#define PGRETAIN_PG_SQLTEXT_H

#include "base/util.h"

struct sqltext {
	const char *name;	/* "query/count", "schema/0001_ledger": path below sql/ without .sql */
	const char *text;	/* NUL-terminated */
};

extern const struct sqltext sqltext_all[];	/* sorted by name, ended by { NULL, NULL } */

/* A name that is not there is a bug: aborts. */
const char *sqltext_get(const char *name);

#endif
