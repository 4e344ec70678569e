/* How values of two columns are compared by their texts: as in a key, in the live database or in a backup. */
#ifndef PGRETAIN_MODEL_FORM_H
#define PGRETAIN_MODEL_FORM_H

#include "base/util.h"

/* BLANKS: char(n); NUMERIC: of any scale; INSTANT: timestamptz, in whatever zone it is written. */
enum judge_form { JUDGE_BYTES, JUDGE_BLANKS, JUDGE_NUMERIC, JUDGE_INSTANT };

/* Of a type by its pg_type.typname, domains resolved. */
enum judge_form form_of_base(const char *base);

#define FORM_TEXT 24
/* The text that equal values have in common: part of s, or written into buf. */
const char *form_normal(enum judge_form form, const char *s, size_t n, char buf[FORM_TEXT], size_t *ret_n);

#endif
