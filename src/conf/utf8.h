/* As much of UTF-8 as a configuration needs. */
#ifndef PGRETAIN_CONF_UTF8_H
#define PGRETAIN_CONF_UTF8_H

#include "base/util.h"

/* Well-formed as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(const char *s) must_use;
/* The length of s cut to at most `most` bytes, never inside a character. */
size_t utf8_cut(const char *s, size_t most);

#endif
