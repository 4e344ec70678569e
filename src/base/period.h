/* Retention periods as written in the configuration: `3 years`, `18 months`, `90 days`, `36 hours`,
 * `1 year 6 months`. Years to days are calendar units (rounded up to whole local days, domain.md 2),
 * hours and minutes are exact; the two kinds do not mix. A period is > 0 and at most 1000 years. */
#ifndef PGRETAIN_BASE_PERIOD_H
#define PGRETAIN_BASE_PERIOD_H

#include "base/util.h"

struct period {
	int months;		/* years * 12 + months */
	int days;		/* weeks * 7 + days */
	int64_t usecs;		/* hours and minutes; then months and days are 0 */
};

/* Whole numbers of at least 1, each unit at most once, singular or plural, in any order: years months
 * weeks days, or hours minutes. On failure *why is a phrase: what is wrong with the text ("the unit is
 * unknown"); on success it is NULL. */
bool period_parse(const char *text, struct period *ret, const char **why) must_use;
bool period_is_exact(const struct period *p);
/* Rows that are kept for p are kept at least as long as for `other`, whatever their start and zone. False
 * where it depends on them: "1 month" against "30 days" (February), "25 hours" against "1 day" (which is
 * rounded up to a whole local day). */
bool period_lasts(const struct period *p, const struct period *other) must_use;
/* PostgreSQL's interval input, e.g. "36 months 0 days 0 microseconds". buf >= PERIOD_TEXT bytes. */
#define PERIOD_TEXT 96
const char *period_interval(const struct period *p, char *buf);
/* As a person writes it: "3 years", "1 year 6 months". */
const char *period_format(const struct period *p, char *buf);

/* Durations and sizes of limits: `100ms`, `2s`, `5min`, `1h`, `1d`, at most 2^31 - 1 ms (PostgreSQL's
 * own bound); `16MB` (B kB MB GB TB, powers of 1024). Never zero: to one reader that is "no limit", to
 * the other "nothing". *why as above. */
bool duration_parse(const char *text, int64_t *ret_ms, const char **why) must_use;
bool size_parse(const char *text, int64_t *ret_bytes, const char **why) must_use;

#endif
