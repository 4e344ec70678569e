/* Decimal numbers as PostgreSQL prints them, of any length: no double is ever involved. */
#ifndef PGRETAIN_OPS_DECIMAL_H
#define PGRETAIN_OPS_DECIMAL_H

#include "base/strbuf.h"

/* In PostgreSQL's order: -Infinity < numbers < Infinity < NaN. */
enum decimal_kind { DECIMAL_MINUS_INFINITY, DECIMAL_FINITE, DECIMAL_INFINITY, DECIMAL_NAN };

/* digits without leading zeros; the value is digits * 10^-scale. Zero has no digits and no sign. */
struct decimal {
	enum decimal_kind kind;
	bool negative;
	size_t scale;
	struct strbuf digits;
};

#define DECIMAL_INIT { DECIMAL_FINITE, false, 0, STRBUF_INIT }
void decimal_done(struct decimal *x);
#define AUTO_DECIMAL __attribute__((cleanup(decimal_done))) struct decimal

/* Reads `-12.50`, `1e-07`, `NaN`, `-Infinity`; false for anything else, exponents beyond 400 too. */
bool decimal_parse(const char *s, size_t n, struct decimal *ret) must_use;
void decimal_copy(struct decimal *to, const struct decimal *from);
int decimal_compare(const struct decimal *x, const struct decimal *y);
/* Plain digits with all of the scale: `-0.10`. */
void decimal_print(const struct decimal *x, struct strbuf *out);

/* The largest multiple of step * 10^-scale that is not above x; x gets that scale. x is finite,
 * step > 0. */
void decimal_floor(struct decimal *x, uint64_t step, size_t scale);
/* The same value with at least that many digits behind the point. */
void decimal_extend(struct decimal *x, size_t scale);

/* Digits behind the point that are needed: 1.50 needs 1. */
size_t decimal_scale_needed(const struct decimal *x);

#endif
