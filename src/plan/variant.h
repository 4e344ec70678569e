/* The policy with other periods, for asking what would be: a copy, the policy itself never changes. */
#ifndef PGRETAIN_PLAN_VARIANT_H
#define PGRETAIN_PLAN_VARIANT_H

#include "base/diag.h"
#include "model/policy.h"

/* CLASS: every floor of the class; of a class without one every standard that has a period.
 * CLASS.STANDARD: that one. */
struct variant_change {
	const char *class_name;
	const char *standard;		/* NULL: as said above */
	struct period keep;
	const char *keep_text;
	const char *was;		/* out: the period(s) that it replaces: "3 years, 5 years" */
};

/* Splits CLASS[.STANDARD]=PERIOD. */
bool variant_parse(struct arena *a, const char *word, struct variant_change *ret, struct diag *d) must_use;
/* *ret shares everything that does not change with p. Fills `was`. */
bool variant_make(struct arena *a, const struct policy *p, struct variant_change *changes, size_t n,
		  struct policy **ret, struct diag *d) must_use;

#endif
