/* What a zone consists of, and the reader of TZif files; for zone.c alone. */
#ifndef PGRETAIN_SCHED_TZIF_H
#define PGRETAIN_SCHED_TZIF_H

#include "sched/zone.h"

/* A day of the year at which clocks change, as in POSIX TZ: Jn, n or Mm.w.d, and a time of day. */
struct tz_rule {
	enum { TZ_RULE_JULIAN, TZ_RULE_DAY, TZ_RULE_MONTH } kind;
	int day;			/* Jn 1..365, n 0..365, weekday 0..6 */
	int week, month;		/* week 5: the last */
	int64_t time;			/* seconds after 00:00, may be negative or past 24 h */
};

/* The footer: what holds after the last transition. Offsets in seconds east of UTC. */
struct tz_posix {
	int64_t std, dst;
	bool has_dst;
	struct tz_rule begin, end;	/* of summer time */
};

/* Seconds since 2000-01-01 UTC. */
struct zone {
	const char *name;
	size_t n;
	int64_t *at;			/* ascending */
	int64_t *offset;		/* n + 1: [0] before at[0], [i + 1] from at[i] on */
	bool has_posix;
	struct tz_posix posix;
};

/* "CET-1CEST,M3.5.0,M10.5.0/3"; false for anything else. */
bool tz_posix_parse(const char *text, struct tz_posix *ret) must_use;

struct tz_change {
	int64_t at, offset;		/* seconds */
};
#define TZ_CHANGES 6
/* The changes of the years before, of and after the one in which s lies, ascending; of two at the
 * same second the later one counts. 0 without summer time. */
size_t tz_posix_changes(const struct tz_posix *p, int64_t s, struct tz_change ret[TZ_CHANGES]);

#endif
