/* Growing string with a maximum. Always NUL-terminated. Past STRBUF_MAX the process aborts: every
 * buffer here holds configuration, SQL or one line of output, never rows. */
#ifndef PGRETAIN_BASE_STRBUF_H
#define PGRETAIN_BASE_STRBUF_H

#include "base/util.h"

#define STRBUF_MAX (64u * 1024 * 1024)

struct strbuf {
	char *buf;
	size_t len, cap;
};

#define STRBUF_INIT { NULL, 0, 0 }

void strbuf_done(struct strbuf *sb);
#define AUTO_STRBUF __attribute__((cleanup(strbuf_done))) struct strbuf

void strbuf_add(struct strbuf *sb, const void *bytes, size_t n);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) printf_like(2, 3);
void strbuf_reset(struct strbuf *sb);			/* empty, keeps its memory */
const char *strbuf_str(const struct strbuf *sb);	/* never NULL */

#endif
