/* The hash of a ledger entry, computed apart from the server (its twin is pgretain.seal in
 * sql/schema/0001_ledger.sql).
 *
 * Canonical bytes: the string "pgretain.ledger/1" and then the fields, each as its length in bytes,
 * ':', its UTF-8, ','; a NULL is "-,". Integers are decimal, instants decimal microseconds since
 * 1970 UTC, the run in PostgreSQL's text of uuid, the hash before in lower-case hex. */
#ifndef PGRETAIN_LEDGER_SEAL_H
#define PGRETAIN_LEDGER_SEAL_H

#include "base/util.h"

enum {
	SEAL_SEQ, SEAL_KIND, SEAL_RUN, SEAL_RULE, SEAL_TABLE, SEAL_ACTION, SEAL_ROWS, SEAL_AS_OF, SEAL_AT,
	SEAL_ACTOR, SEAL_LOGIN, SEAL_DETAIL, SEAL_PREV,
	SEAL_FIELDS
};

#define SEAL_HEX 65	/* SHA-256 in lower-case hex, and the NUL */

/* fields[i] NULL = SQL NULL. */
void seal_hash(const char *const fields[SEAL_FIELDS], char hex[SEAL_HEX]);
/* What the first entry links to. */
void seal_genesis(char hex[SEAL_HEX]);
/* SHA-256 of a text. */
void seal_text(const char *text, char hex[SEAL_HEX]);

#endif
