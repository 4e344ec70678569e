/* Which of many needles stand in a text: one pass over the text, however many there are (Aho and Corasick's automaton).
 * Bytes, not characters: in UTF-8 that is the same. Memory grows with the bytes of the needles alone. */
#ifndef PGRETAIN_BASE_NEEDLES_H
#define PGRETAIN_BASE_NEEDLES_H

#include "base/util.h"

struct needles;

struct needles *needles_new(void) must_use;
void needles_free(struct needles *s);
AUTO_DEFINE(struct needles, needles_free)

/* bytes: n > 0 of them, copied. Several owners may share a needle. None is added after the first look. */
void needles_add(struct needles *s, const char *bytes, size_t n, uint32_t owner);

/* Once for every place at which a needle ends, and owner of it. */
typedef void needles_found_fn(void *arg, uint32_t owner);
void needles_find(struct needles *s, const char *text, size_t n, needles_found_fn *found, void *arg);

#endif
