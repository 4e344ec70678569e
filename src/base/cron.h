/* Cron expressions: five fields, minute hour day-of-month month day-of-week (crontab(5) of Vixie).
 *
 * Fields hold `*`, numbers, ranges `a-b`, lists `a,b`, steps `a-b/n` and `* /n` (without the blank);
 * months JAN..DEC and weekdays SUN..SAT by name in any case; weekday 7 is Sunday. Also @hourly,
 * @daily = @midnight, @weekly, @monthly, @yearly = @annually.
 *
 * Day rule of Vixie: when neither day field begins with `*`, a day matches if either field does;
 * otherwise both must. What no calendar day can match (30 February) is refused.
 *
 * Pure: wall clock only; what a wall-clock minute is in a zone, sched/due knows. Here and not in sched/
 * because conf/ refuses a bad schedule at its line. */
#ifndef PGRETAIN_BASE_CRON_H
#define PGRETAIN_BASE_CRON_H

#include "base/diag.h"

struct cron {
	uint64_t minutes;		/* bit n: minute n */
	uint32_t hours, days, months;	/* days from bit 1, months from bit 1 */
	uint8_t weekdays;		/* bit 0: Sunday */
	bool any_day, any_weekday;	/* that field begins with `*` */
};

/* On failure the rest of a sentence that begins with the schedule: `hour "25" is out of range; allowed is
 * 0-23`; class CONFIG. */
bool cron_parse(const char *text, struct cron *ret, struct diag *d) must_use;

/* Minutes of the wall clock since 2000-01-01 00:00, like struct-less `timestamp` of base/instant.h. */
#define CRON_MINUTES_PER_DAY 1440

/* First matching wall-clock minute strictly after `after`; false past the year 9999. */
bool cron_next_local(const struct cron *c, int64_t after, int64_t *ret) must_use;
/* Does this wall-clock minute match? */
bool cron_match(const struct cron *c, int64_t minute) must_use;
/* Every hour of a day: such schedules follow elapsed time when clocks change (sched/due.h). */
bool cron_every_hour(const struct cron *c) must_use;

#endif
