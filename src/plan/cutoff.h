/* The constants of a run's comparisons, computed by the server from one as_of (domain.md 2).
 *
 * end(s, p) never decreases as s grows, so that "end(s, p) <= as_of" is "s < C" for one constant C;
 * this module finds C for every kind of column. All constants are first values that have NOT passed.
 * Where local time does not follow instants (a clock going back over midnight), C is the earlier
 * choice: a row may wait a day longer there, never less. */
#ifndef PGRETAIN_PLAN_CUTOFF_H
#define PGRETAIN_PLAN_CUTOFF_H

#include "model/pred.h"
#include "pg/conn.h"

enum cutoff_kind {
	CUTOFF_PERIOD,		/* cut: start + period, rounded up to whole local days unless exact */
	CUTOFF_UNTIL,		/* cut of an until-column: that instant, a date to the end of its local day */
	CUTOFF_NOW,		/* now: the first value after as_of (a date: tomorrow's) */
	CUTOFF_PLAUSIBLE_LO,	/* lo: start of the local day `date` */
	CUTOFF_HI,		/* hi: the first value more than 100 years after as_of */
};

struct cutoff_request {
	enum cutoff_kind kind;
	const struct period *period;	/* read for PERIOD only */
	const char *zone;		/* the class's; never NULL */
	const char *stored_zone;	/* of zoneless columns; NULL: the class's */
	const char *date;		/* PLAUSIBLE_LO: YYYY-MM-DD; NULL: 1970-01-02 */
};

struct cutoff {
	struct pred_bound timestamptz, timestamp, date;
	struct pred_bound s, ms, us;	/* since 1970-01-01 UTC */
	struct pred_bound yyyymmdd;	/* the number of a local day in the stored zone */
	int64_t display;		/* instant for people: C, and for an exact period as_of - period */
};

/* One statement. as_of is timestamptz text. Texts live in the arena. A period that reaches beyond
 * what a timestamp holds, or a zone that the server does not know, is DIAG_CONFIG. */
bool cutoff_compute(struct conn *c, const char *as_of, struct arena *a, const struct cutoff_request *r,
		    struct cutoff *ret, struct diag *d) must_use;

/* The one that a column is compared with. unit tells PRED_INT columns apart. */
const struct pred_bound *cutoff_bound(const struct cutoff *k, enum pred_type type, enum clock_unit unit);

/* A start as a column's text, for `explain`. */
struct cutoff_start {
	const char *text;		/* never NULL */
	enum pred_type type;
	enum clock_unit unit;
};

/* The start as an instant, and end(start, period); infinities stay what they are. For
 * PRED_INT_YYYYMMDD a day past the month's last counts as the last. A text that the type can't have,
 * or an end out of range, is DIAG_STEP without the text. */
bool cutoff_end(struct conn *c, const struct cutoff_start *start, const struct period *period,
		const char *zone, const char *stored_zone, int64_t *ret_start, int64_t *ret_end,
		struct diag *d) must_use;
/* The instant until which an until-column keeps; errors as above. */
bool cutoff_until(struct conn *c, const struct cutoff_start *until, const char *zone, const char *stored_zone,
		  int64_t *ret_end, struct diag *d) must_use;

#endif
