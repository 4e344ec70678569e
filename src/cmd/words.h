/* What several commands read from a command line in the same way, and write. */
#ifndef PGRETAIN_CMD_WORDS_H
#define PGRETAIN_CMD_WORDS_H

#include "cmd/cmd.h"

/* An option that takes an instant, as RFC 3339; *ret NULL when it is not given. False: printed. */
bool ctx_instant(struct ctx *ctx, const char *option, const char **ret) must_use;
/* An option that must be there and be one line; `what` says what belongs there. False: printed. */
bool ctx_reference(struct ctx *ctx, const char *option, const char *what, const char **ret) must_use;
/* One line of standard input, in the arena, for values that arguments would show to others on the host; NULL:
 * there is none, or it is no text. */
const char *ctx_stdin_line(struct ctx *ctx) must_use;

#define UUID_TEXT 37
void new_uuid(char into[UUID_TEXT]);

/* PostgreSQL's text of a timestamptz as RFC 3339 in UTC; NULL for NULL. */
const char *rfc3339(struct arena *a, const char *timestamptz);

#endif
