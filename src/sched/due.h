/* When jobs start: a job's schedule in its zone, its window, and what was missed.
 *
 * Clocks that change:
 * - A schedule with fixed hours starts exactly once for each wall-clock time it names on a day that
 *   exists. A time that the day does not have (clocks go forward) starts when the clocks have
 *   jumped; several such times are one start. Of a time that comes twice the first counts.
 * - A schedule of every hour ("*" or 0-23 in the second field) follows elapsed time: it starts
 *   whenever the wall clock shows a minute it names, so in both of two repeated hours, and not in an
 *   hour that is skipped.
 *
 * Window "01:30-05:30": no start at or after its end or before its opening, in the job's zone; an
 * end at or before the opening lies on the next day. A start due outside it waits for the next
 * opening when the job catches up, and does not exist when it does not.
 *
 * Pure but for reading the zone's file once. Instants are those of base/instant.h. */
#ifndef PGRETAIN_SCHED_DUE_H
#define PGRETAIN_SCHED_DUE_H

#include "model/policy.h"
#include "base/cron.h"
#include "sched/zone.h"

/* A start this late is still in time, however it came about (a tick each few minutes, a reboot). */
#define DUE_LATE (15 * 60 * USECS_PER_SEC)
/* A job that never started catches up on starts of the last day only. */
#define DUE_FIRST (24 * 3600 * USECS_PER_SEC)

struct sched {
	const struct job *job;
	struct cron cron;
	const struct zone *zone;	/* UTC when the job names none */
	bool has_window;
	int opens, closes;		/* minutes after midnight; closes <= opens: on the next day */
};

/* Reads schedule, zone and window. Errors are CONFIG, with the job's place. A schedule that no window
 * lets start is one. */
bool sched_compile(struct arena *a, const struct job *job, struct sched *ret, struct diag *d) must_use;

/* The first start after an instant; false when there is none before the year 10000. */
bool due_next(const struct sched *s, int64_t after, int64_t *ret) must_use;

/* Is t in the window? *end = the instant at which it closes; INSTANT_INFINITY without a window. */
bool due_window(const struct sched *s, int64_t t, int64_t *end) must_use;

enum due_verdict {
	DUE_NO,			/* nothing since the last start */
	DUE_START,		/* start it now */
	DUE_WAIT,		/* missed, catches up when the window opens */
	DUE_DROP,		/* missed, does not catch up */
};

struct due {
	enum due_verdict verdict;
	int64_t scheduled;	/* the latest start that is not after now; unless NO */
	int missed;		/* further starts since the last one, at most DUE_MISSED_MAX; 0: never started */
	int64_t window_end;	/* START: when to stop; INSTANT_INFINITY: no window */
	int64_t next;		/* look again then; INSTANT_INFINITY: never */
};
#define DUE_MISSED_MAX 1000

/* last: the last start, or the last drop; INSTANT_MINUS_INFINITY when the job never started, and one that is still
 * to come (by more than DUE_FIRST: the clock has gone back) counts as none. since:
 * when the ledger began (a job can't have missed what lies before). One start stands for all that
 * were missed. */
struct due due_at(const struct sched *s, int64_t last, int64_t since, int64_t now);

#endif
