#include "sched/due.h"

#include "base/instant.h"

#include <ctype.h>

#define USECS_PER_MINUTE (60 * USECS_PER_SEC)
#define MINUTES_PER_DAY 1440

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* ---- window ---- */

static bool read_clock(const char **s, int *ret)
{
	const char *p = *s;

	if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]) || p[2] != ':' ||
	    !isdigit((unsigned char)p[3]) || !isdigit((unsigned char)p[4]))
		return false;
	*ret = ((p[0] - '0') * 10 + p[1] - '0') * 60 + (p[3] - '0') * 10 + p[4] - '0';
	*s = p + 5;
	return p[3] < '6' && *ret <= MINUTES_PER_DAY;
}

static bool read_window(struct sched *s, struct diag *d)
{
	const char *p = s->job->window;

	if (!p)
		return true;
	s->has_window = true;
	if (!read_clock(&p, &s->opens) || s->opens == MINUTES_PER_DAY || *p++ != '-' || !read_clock(&p, &s->closes) ||
	    *p || s->opens == s->closes) {
		diag_fail(d, DIAG_CONFIG, "window \"%.40s\" of job %.60s is not a stretch of the day", s->job->window,
			  s->job->name);
		diag_hint(d, "two different times from 00:00 to 24:00, such as \"01:30-05:30\" or \"22:00-04:00\"");
		return false;
	}
	return true;
}

/* The window that opens on a local day; false when there is no such day. */
static bool window_of(const struct sched *s, int64_t day, int64_t *open, int64_t *end)
{
	int64_t close_day = day + (s->closes <= s->opens), gap;

	if (!zone_has_day(s->zone, day))
		return false;
	*open = zone_instant(s->zone, day * USECS_PER_DAY + s->opens * USECS_PER_MINUTE, NULL);
	*end = zone_instant(s->zone, close_day * USECS_PER_DAY + s->closes * USECS_PER_MINUTE, &gap);
	/* An end that the clocks jump over keeps the window's length: the jump comes on top. */
	if (gap)
		*end += close_day * USECS_PER_DAY + s->closes * USECS_PER_MINUTE + gap - zone_local(s->zone, *end);
	return true;
}

static int64_t local_day(const struct sched *s, int64_t t)
{
	return floor_div(zone_local(s->zone, t), USECS_PER_DAY);
}

bool due_window(const struct sched *s, int64_t t, int64_t *ret_end)
{
	int64_t open, end, day;

	*ret_end = INSTANT_INFINITY;
	if (!s->has_window)
		return true;
	/* Two days back: the day between may be one that the zone never had. */
	day = local_day(s, t);
	for (int64_t i = day - 2; i <= day; i++) {
		if (window_of(s, i, &open, &end) && open <= t && t < end) {
			*ret_end = end;
			return true;
		}
	}
	return false;
}

/* t itself when it lies in the window, else the next opening. */
static int64_t window_shift(const struct sched *s, int64_t t)
{
	int64_t open, end, day = local_day(s, t);

	if (due_window(s, t, &end))
		return t;
	while (!window_of(s, day, &open, &end) || open <= t)
		day++;
	return open;
}

/* When the last window closed before t, which lies in none. */
static int64_t window_closed(const struct sched *s, int64_t t)
{
	int64_t open, end, day = local_day(s, t);

	while (!window_of(s, day, &open, &end) || end > t)
		day--;
	return end;
}

static bool window_ever(const struct sched *s)
{
	for (int m = 0; m < MINUTES_PER_DAY; m++) {
		bool in = s->closes > s->opens ? s->opens <= m && m < s->closes : m >= s->opens || m < s->closes;

		if (in && (s->cron.hours >> (m / 60) & 1) && (s->cron.minutes >> (m % 60) & 1))
			return true;
	}
	return false;
}

/* ---- schedule ---- */

static bool read_schedule(const struct job *job, struct cron *ret, struct diag *d)
{
	struct diag why = DIAG_INIT;

	if (cron_parse(job->schedule, ret, &why))
		return true;
	diag_fail(d, why.cls, "schedule \"%.80s\" of job %.60s: %s", job->schedule, job->name, why.message);
	if (*why.hint)
		diag_hint(d, "%s", why.hint);
	return false;
}

bool sched_compile(struct arena *a, const struct job *job, struct sched *ret, struct diag *d)
{
	struct sched s = { .job = job };
	bool ok = read_schedule(job, &s.cron, d) &&
		  zone_load(a, job->zone ? job->zone : "UTC", &s.zone, d) && read_window(&s, d);

	if (ok && s.has_window && !job->catch_up && !window_ever(&s)) {
		ok = diag_fail(d, DIAG_CONFIG, "job %.60s never starts: no time of schedule \"%.80s\" lies in window \"%.40s\"",
			       job->name, job->schedule, job->window);
		diag_hint(d, "move one of the two, or set catch_up = true to start when the window opens");
	}
	if (!ok) {
		diag_where(d, "%s:%d", job->loc.file ? job->loc.file : job->name, job->loc.line);
		return false;
	}
	*ret = s;
	return true;
}

/* Every hour: each stretch of one offset is searched on its own, by its own wall clock. */
static bool next_elapsed(const struct sched *s, int64_t after, int64_t *ret)
{
	int64_t t = after + 1, minute;

	for (;;) {
		struct zone_span sp = zone_span_at(s->zone, t);

		/* floor of the microsecond before t: the search is for a minute after that one */
		if (!cron_next_local(&s->cron, floor_div(t - 1 + sp.offset, USECS_PER_MINUTE), &minute))
			return false;
		*ret = minute * USECS_PER_MINUTE - sp.offset;
		if (*ret < sp.end)
			return true;
		t = sp.end;
	}
}

static bool next_fixed(const struct sched *s, int64_t after, int64_t *ret)
{
	int64_t minute = floor_div(zone_local(s->zone, after), USECS_PER_MINUTE);

	do {
		if (!cron_next_local(&s->cron, minute, &minute))
			return false;
		*ret = zone_instant(s->zone, minute * USECS_PER_MINUTE, NULL);
	} while (*ret <= after || !zone_has_day(s->zone, floor_div(minute, MINUTES_PER_DAY)));
	return true;
}

static bool next_of_schedule(const struct sched *s, int64_t after, int64_t *ret)
{
	return cron_every_hour(&s->cron) ? next_elapsed(s, after, ret) : next_fixed(s, after, ret);
}

bool due_next(const struct sched *s, int64_t after, int64_t *ret)
{
	int64_t from = after, end;

	/* What fell due since the window closed starts when it opens. */
	if (s->has_window && s->job->catch_up && !due_window(s, after, &end))
		from = window_closed(s, after) - 1;
	for (;;) {
		if (!next_of_schedule(s, from, ret))
			return false;
		if (!s->has_window || due_window(s, *ret, &end))
			return true;
		if (s->job->catch_up) {
			*ret = window_shift(s, *ret > after ? *ret : after);
			return true;
		}
		from = window_shift(s, *ret) - 1;
	}
}

/* The latest start in (last, now]: searched backwards in growing steps. */
static bool latest_start(const struct sched *s, int64_t last, int64_t now, int64_t *ret)
{
	int64_t next;

	for (int64_t step = USECS_PER_MINUTE;; step *= 2) {
		int64_t from = now - last > step ? now - step : last;

		if (due_next(s, from, &next) && next <= now)
			break;
		if (from == last)
			return false;
	}
	do
		*ret = next;
	while (due_next(s, next, &next) && next <= now);
	return true;
}

static int count_starts(const struct sched *s, int64_t last, int64_t before)
{
	int n = 0;

	while (n < DUE_MISSED_MAX && due_next(s, last, &last) && last < before)
		n++;
	return n;
}

static enum due_verdict judge(const struct sched *s, int64_t now, struct due *due)
{
	bool open = due_window(s, now, &due->window_end);
	bool in_time = now - due->scheduled < DUE_LATE;

	if (open && (in_time || s->job->catch_up))
		return DUE_START;
	if (!s->job->catch_up)
		return DUE_DROP;
	due->next = window_shift(s, now);
	return DUE_WAIT;
}

/* The server's clock was ahead when the job last started, and has gone back: a job that waited for that instant
 * would not run for as long as the clock had been wrong. */
static bool is_to_come(int64_t last, int64_t now)
{
	return last > now && last - now > DUE_FIRST;
}

struct due due_at(const struct sched *s, int64_t last, int64_t since, int64_t now)
{
	struct due due = { .verdict = DUE_NO, .window_end = INSTANT_INFINITY, .next = INSTANT_INFINITY };
	bool never = last == INSTANT_MINUS_INFINITY || is_to_come(last, now);
	int64_t next;

	if (never) {
		last = now - DUE_LATE;
		if (s->job->catch_up && since < last)
			last = since > now - DUE_FIRST ? since : now - DUE_FIRST;
	}
	if (due_next(s, now, &next))
		due.next = next;
	if (last >= now || !latest_start(s, last, now, &due.scheduled))
		return due;
	due.missed = never ? 0 : count_starts(s, last, due.scheduled);
	due.verdict = judge(s, now, &due);
	return due;
}
