/* What the providers share that ask a program for JSON. */
#ifndef PGRETAIN_BACKUP_TOOL_H
#define PGRETAIN_BACKUP_TOOL_H

#include "backup/lsn.h"
#include "backup/set.h"
#include "base/strbuf.h"

#include <jansson.h>

/* Runs argv (ended by NULL), adds its output to `said` and parses it. NULL: failed, the diag says why. The
 * caller releases the value. */
json_t *tool_json(const char *const *argv, struct strbuf *said, struct diag *d) must_use;

/* The digest of everything that was said. */
void tool_digest(struct listing *l, const struct strbuf *said);

/* A member as text: strings as they are, whole numbers in decimal; else NULL. In the arena. */
const char *tool_text(struct arena *a, const json_t *o, const char *key);
/* Seconds since 1970, as a number or its text; RFC 3339; what PostgreSQL prints. NO_INSTANT: none of these. */
int64_t tool_instant(const json_t *v);
/* Whole number or its text; fallback when it is neither. */
int64_t tool_int(const json_t *v, int64_t fallback);
/* Reads it into *lsn and *has; a finding where it is there but can't be read. */
void tool_lsn(struct arena *a, const json_t *v, enum lsn_form form, const char *what, struct backup_set *s, bool *has,
	      uint64_t *lsn);

/* Values of a tool's own configuration file: `key` in [section] or, else, in [global]; NULL: not there. */
const char *tool_ini(struct arena *a, const char *path, const char *section, const char *key);

#endif
