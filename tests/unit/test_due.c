/* Starts of jobs. Expectations are written by hand from the zones' published changes, or counted by
 * walking wall clocks with the C library's localtime_r. */
#include "sched/due.h"

#include "base/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define UNIX_2000 946684800
#define MINUTE (60 * USECS_PER_SEC)
#define HOUR (60 * MINUTE)
#define NEVER INSTANT_MINUS_INFINITY

static int64_t at(const char *rfc3339)
{
	int64_t t;

	if (!instant_parse_rfc3339(rfc3339, &t))
		fail_msg("not an instant: %s", rfc3339);
	return t;
}

static struct sched compile(struct arena *a, const struct job *job)
{
	struct diag d = DIAG_INIT;
	struct sched s;

	if (!sched_compile(a, job, &s, &d))
		fail_msg("%s: %s", job->schedule, d.message);
	return s;
}

/* ---- next ---- */

static const struct {
	const char *schedule, *zone, *window;
	bool catch_up;
	const char *from;
	const char *starts[7];
} nexts[] = {
	/* 2026-03-29 02:30 does not exist in Berlin: 03:00 stands for it */
	{ "30 2 * * *", "Europe/Berlin", NULL, false, "2026-03-27T12:00:00Z",
	  { "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z" } },
	/* 2026-10-25 02:30 comes twice: the first */
	{ "30 2 * * *", "Europe/Berlin", NULL, false, "2026-10-23T12:00:00Z",
	  { "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" } },
	/* asked between the two */
	{ "30 2 * * *", "Europe/Berlin", NULL, false, "2026-10-25T00:45:00Z", { "2026-10-26T01:30:00Z" } },
	{ "30 2 * * *", "Europe/Berlin", NULL, false, "2026-10-25T01:15:00Z", { "2026-10-26T01:30:00Z" } },
	/* no 00:00 in São Paulo on 2018-11-04, the day begins at 01:00 = 03:00Z */
	{ "0 0 * * *", "America/Sao_Paulo", NULL, false, "2018-11-03T00:00:00Z",
	  { "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z" } },
	{ "30 0 * * *", "America/Sao_Paulo", NULL, false, "2018-11-03T12:00:00Z",
	  { "2018-11-04T03:00:00Z", "2018-11-05T02:30:00Z" } },
	/* back: 23:30 of 2018-02-17 comes twice */
	{ "30 23 * * *", "America/Sao_Paulo", NULL, false, "2018-02-17T12:00:00Z",
	  { "2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z" } },
	/* Samoa had no 2011-12-30 */
	{ "30 2 * * *", "Pacific/Apia", NULL, false, "2011-12-29T00:00:00Z",
	  { "2011-12-29T12:30:00Z", "2011-12-30T12:30:00Z", "2011-12-31T12:30:00Z" } },
	{ "0 0 30 * *", "Pacific/Apia", NULL, false, "2011-12-01T00:00:00Z", { "2012-01-29T10:00:00Z" } },
	{ "0 * * * *", "Pacific/Apia", NULL, false, "2011-12-30T08:30:00Z",
	  { "2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T11:00:00Z" } },
	/* Pyongyang went from 23:30 to 00:00 of the next day: the start of the 4th is that instant */
	{ "59 23 * * *", "Asia/Pyongyang", NULL, false, "2018-05-04T00:00:00Z",
	  { "2018-05-04T15:00:00Z", "2018-05-05T14:59:00Z" } },
	/* no time zone, no changes */
	{ "30 2 * * *", NULL, NULL, false, "2026-03-28T12:00:00Z", { "2026-03-29T02:30:00Z" } },
	{ "30 1 * * *", "Asia/Shanghai", NULL, false, "2026-11-24T12:00:00Z",
	  { "2026-11-24T17:30:00Z", "2026-11-25T17:30:00Z" } },
	/* several missing times are one start; a time at the end of the jump is the same start */
	{ "0,20,40 2 * * *", "Europe/Berlin", NULL, false, "2026-03-28T12:00:00Z",
	  { "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z" } },
	{ "30 2,3 * * *", "Europe/Berlin", NULL, false, "2026-03-28T12:00:00Z",
	  { "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z" } },
	{ "0 2,3 * * *", "Europe/Berlin", NULL, false, "2026-03-28T12:00:00Z",
	  { "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z" } },
	/* every hour: elapsed time */
	{ "15 * * * *", "Europe/Berlin", NULL, false, "2026-03-29T00:00:00Z",
	  { "2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z", "2026-03-29T02:15:00Z" } },
	{ "15 * * * *", "Europe/Berlin", NULL, false, "2026-10-25T00:00:00Z",
	  { "2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z", "2026-10-25T02:15:00Z" } },
	{ "*/20 * * * *", "Europe/Berlin", NULL, false, "2026-03-29T00:30:00Z",
	  { "2026-03-29T00:40:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:20:00Z" } },
	{ "*/20 * * * *", "Asia/Kathmandu", NULL, false, "2026-03-29T00:00:00Z",	/* +05:45 */
	  { "2026-03-29T00:15:00Z", "2026-03-29T00:35:00Z", "2026-03-29T00:55:00Z" } },
	/* windows: outside there is no start, or it waits */
	{ "0 */2 * * *", "UTC", "01:30-05:30", false, "2026-01-01T00:00:00Z",
	  { "2026-01-01T02:00:00Z", "2026-01-01T04:00:00Z", "2026-01-02T02:00:00Z" } },
	{ "0 */2 * * *", "UTC", "01:30-05:30", true, "2026-01-01T00:00:00Z",
	  { "2026-01-01T01:30:00Z", "2026-01-01T02:00:00Z", "2026-01-01T04:00:00Z", "2026-01-02T01:30:00Z" } },
	{ "0 0 * * *", "UTC", "01:30-05:30", true, "2026-01-01T00:00:00Z",
	  { "2026-01-01T01:30:00Z", "2026-01-02T01:30:00Z" } },
	{ "30 * * * *", "UTC", "22:00-01:00", false, "2026-01-01T00:00:00Z",
	  { "2026-01-01T00:30:00Z", "2026-01-01T22:30:00Z", "2026-01-01T23:30:00Z", "2026-01-02T00:30:00Z" } },
	{ "30 5 * * *", "UTC", "01:30-05:30", true, "2026-01-01T00:00:00Z",	/* its end is outside */
	  { "2026-01-01T01:30:00Z", "2026-01-02T01:30:00Z" } },
	{ "0 0 * * *", "UTC", "20:00-24:00", true, "2026-01-01T00:00:00Z", { "2026-01-01T20:00:00Z" } },
	/* a window and a time that both fall into the jump */
	{ "30 2 * * *", "Europe/Berlin", "02:15-02:45", false, "2026-03-28T12:00:00Z",
	  { "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" } },
	{ "30 2 * * *", "Pacific/Apia", "01:30-05:30", false, "2011-12-29T00:00:00Z",
	  { "2011-12-29T12:30:00Z", "2011-12-30T12:30:00Z" } },
};

static void next_vectors(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nexts); i++) {
		struct job job = { .name = "j", .schedule = nexts[i].schedule, .zone = nexts[i].zone,
				   .window = nexts[i].window, .catch_up = nexts[i].catch_up };
		struct sched s = compile(a, &job);
		int64_t t = at(nexts[i].from);
		char got[INSTANT_TEXT];

		for (size_t k = 0; nexts[i].starts[k]; k++) {
			assert_true(due_next(&s, t, &t));
			if (t != at(nexts[i].starts[k]))
				fail_msg("%s %s from %s, start %zu: %s instead of %s", nexts[i].schedule,
					 nexts[i].zone ? nexts[i].zone : "-", nexts[i].from, k,
					 instant_format(t, got), nexts[i].starts[k]);
		}
	}
}

/* ---- property: one start a day that exists, whatever the zone does ---- */

static int libc_day(int64_t t)
{
	time_t s = (time_t)(t / USECS_PER_SEC + UNIX_2000);
	struct tm tm;

	localtime_r(&s, &tm);
	return (tm.tm_year * 12 + tm.tm_mon) * 31 + tm.tm_mday;
}

static void one_start_a_day(const struct sched *s, int64_t from, int64_t to)
{
	int64_t next;

	setenv("TZ", s->job->zone, 1);
	tzset();
	assert_true(due_next(s, from, &next));
	/* the first and the last day may be cut */
	for (int64_t t = from, day = libc_day(from), starts = 1; t < to; t += 15 * MINUTE) {
		if (libc_day(t) != day) {
			if (starts != 1)
				fail_msg("%s %s: %lld starts on the day before %lld s", s->job->schedule,
					 s->job->zone, (long long)starts, (long long)(t / USECS_PER_SEC));
			day = libc_day(t);
			starts = 0;
		}
		while (next < t + 15 * MINUTE) {
			starts += next >= t && libc_day(next) == day;
			assert_true(due_next(s, next, &next));
		}
		if (day == libc_day(from))
			starts = 1;
	}
}

static void one_start_a_day_everywhere(void **state)
{
	static const char *const zones[] = {
		"Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "America/New_York", "Australia/Lord_Howe",
		"Africa/Casablanca", "Asia/Tehran", "America/Havana", "Asia/Gaza", "Pacific/Chatham",
		"America/Nuuk", "Pacific/Kwajalein", "Asia/Pyongyang", "Africa/Cairo", "Europe/Dublin",
	};
	static const char *const times[] = { "30 2 * * *", "0 0 * * *", "45 1 * * *", "15 23 * * *", "0 3 * * *" };

	(void)state;
	for (size_t z = 0; z < ARRAY_SIZE(zones); z++) {
		AUTO(arena_free_auto) struct arena *a = arena_new();

		for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
			struct job job = { .name = "j", .schedule = times[i], .zone = zones[z] };
			struct sched s = compile(a, &job);

			one_start_a_day(&s, at("2011-06-01T00:00:00Z"), at("2012-06-01T00:00:00Z"));
			one_start_a_day(&s, at("2018-01-15T00:00:00Z"), at("2018-12-15T00:00:00Z"));
		}
	}
}

/* An hourly schedule starts once an hour of elapsed time where clocks change by whole hours. */
static void hourly_keeps_its_pace(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct job job = { .name = "j", .schedule = "7 * * * *", .zone = "America/New_York" };
	struct sched s = compile(a, &job);
	int64_t t = at("2025-01-01T00:00:00Z"), next;

	(void)state;
	assert_true(due_next(&s, t, &t));
	for (int i = 0; i < 24 * 700; i++, t = next) {
		assert_true(due_next(&s, t, &next));
		assert_int_equal(next - t, HOUR);
	}
}

/* With a window the starts are those of the schedule that lie inside (plain wall clock, UTC). */
static void windows_only_filter(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct job with = { .name = "j", .schedule = "*/7 * * * *", .window = "22:10-04:20" };
	struct job without = { .name = "j", .schedule = "*/7 * * * *" };
	struct sched sw = compile(a, &with), so = compile(a, &without);
	int64_t t = at("2026-01-01T00:00:00Z"), u = t, end;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		int minute;

		assert_true(due_next(&so, t, &t));
		minute = (int)(t / MINUTE % 1440);
		if (minute < 22 * 60 + 10 && minute >= 4 * 60 + 20) {
			assert_false(due_window(&sw, t, &end));
			continue;
		}
		assert_true(due_next(&sw, u, &u));
		assert_int_equal(u, t);
		assert_true(due_window(&sw, t, &end));
		assert_int_equal(end / MINUTE % 1440, 4 * 60 + 20);
		assert_true(end > t && end - t <= 370 * MINUTE);
	}
}

static const struct {
	const char *zone, *window, *t, *end;	/* end NULL: not in the window */
} windows[] = {
	{ "Asia/Shanghai", "01:30-05:30", "2026-11-24T17:29:59Z", NULL },
	{ "Asia/Shanghai", "01:30-05:30", "2026-11-24T17:30:00Z", "2026-11-24T21:30:00Z" },
	{ "Asia/Shanghai", "01:30-05:30", "2026-11-24T21:29:59Z", "2026-11-24T21:30:00Z" },
	{ "Asia/Shanghai", "01:30-05:30", "2026-11-24T21:30:00Z", NULL },
	{ "UTC", "22:00-04:00", "2026-11-24T23:00:00Z", "2026-11-25T04:00:00Z" },
	{ "UTC", "22:00-04:00", "2026-11-24T03:59:00Z", "2026-11-24T04:00:00Z" },
	{ "UTC", "22:00-04:00", "2026-11-24T12:00:00Z", NULL },
	{ "UTC", "00:00-24:00", "2026-11-24T12:00:00Z", "2026-11-25T00:00:00Z" },
	/* Berlin's nights of change: one hour less, one hour more */
	{ "Europe/Berlin", "01:30-05:30", "2026-03-29T00:30:00Z", "2026-03-29T03:30:00Z" },
	{ "Europe/Berlin", "01:30-05:30", "2026-10-24T23:30:00Z", "2026-10-25T04:30:00Z" },
	{ "Europe/Berlin", "23:00-02:30", "2026-03-28T23:00:00Z", "2026-03-29T01:30:00Z" },
	{ "Pacific/Apia", "22:00-04:00", "2011-12-30T09:00:00Z", "2011-12-30T14:00:00Z" },
	{ "Pacific/Apia", "22:00-04:00", "2011-12-30T13:59:00Z", "2011-12-30T14:00:00Z" },
	{ "Pacific/Apia", "22:00-04:00", "2011-12-30T14:00:00Z", NULL },
};

static void window_vectors(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		struct job job = { .name = "j", .schedule = "* * * * *", .zone = windows[i].zone,
				   .window = windows[i].window };
		struct sched s = compile(a, &job);
		int64_t end;
		bool in = due_window(&s, at(windows[i].t), &end);

		if (in != (windows[i].end != NULL) || (in && end != at(windows[i].end)))
			fail_msg("%s %s at %s: %d", windows[i].zone, windows[i].window, windows[i].t, in);
	}
}

/* ---- due ---- */

static const struct {
	const char *schedule, *window;
	bool catch_up;
	const char *last, *now;		/* last NULL: never; the ledger began 2026-01-01 */
	enum due_verdict verdict;
	const char *scheduled;
	int missed;
	const char *next;
} dues[] = {
	/* in time */
	{ "30 1 * * *", NULL, false, "2026-05-01T01:30:01Z", "2026-05-02T01:29:59Z",
	  DUE_NO, NULL, 0, "2026-05-02T01:30:00Z" },
	{ "30 1 * * *", NULL, false, "2026-05-01T01:30:01Z", "2026-05-02T01:30:00Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, "2026-05-03T01:30:00Z" },
	{ "30 1 * * *", NULL, false, "2026-05-01T01:30:01Z", "2026-05-02T01:44:59Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, NULL },
	{ "30 1 * * *", NULL, false, "2026-05-02T01:30:01Z", "2026-05-02T01:31:00Z",
	  DUE_NO, NULL, 0, NULL },
	{ "30 1 * * *", NULL, false, "2026-05-02T01:30:00Z", "2026-05-02T01:30:00Z",
	  DUE_NO, NULL, 0, NULL },
	/* too late: dropped, or one start for all */
	{ "30 1 * * *", NULL, false, "2026-05-01T01:30:01Z", "2026-05-02T01:45:00Z",
	  DUE_DROP, "2026-05-02T01:30:00Z", 0, NULL },
	{ "30 1 * * *", NULL, true, "2026-05-01T01:30:01Z", "2026-05-02T13:00:00Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, NULL },
	{ "30 1 * * *", NULL, true, "2026-05-01T01:30:01Z", "2026-05-04T13:00:00Z",
	  DUE_START, "2026-05-04T01:30:00Z", 2, NULL },
	{ "30 1 * * *", NULL, false, "2026-05-01T01:30:01Z", "2026-05-04T13:00:00Z",
	  DUE_DROP, "2026-05-04T01:30:00Z", 2, NULL },
	{ "30 1 * * *", NULL, false, "2026-05-01T01:30:01Z", "2026-05-04T01:30:05Z",
	  DUE_START, "2026-05-04T01:30:00Z", 2, NULL },
	{ "0 3 * * *", NULL, true, "2016-05-01T03:00:00Z", "2026-05-01T12:00:00Z",
	  DUE_START, "2026-05-01T03:00:00Z", 1000, NULL },
	{ "* * * * *", NULL, true, "2026-05-01T00:00:00Z", "2026-05-01T00:10:30Z",
	  DUE_START, "2026-05-01T00:10:00Z", 9, NULL },
	/* the window of the next night */
	{ "30 1 * * *", "01:30-05:30", true, "2026-05-01T01:30:01Z", "2026-05-02T03:00:00Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, NULL },
	{ "30 1 * * *", "01:30-05:30", true, "2026-05-01T01:30:01Z", "2026-05-02T05:30:00Z",
	  DUE_WAIT, "2026-05-02T01:30:00Z", 0,
	  "2026-05-03T01:30:00Z" },
	{ "0 3 * * *", "01:30-05:30", true, "2026-05-01T03:00:01Z", "2026-05-02T12:00:00Z",
	  DUE_WAIT, "2026-05-02T03:00:00Z", 0,
	  "2026-05-03T01:30:00Z" },
	{ "0 3 * * *", "01:30-05:30", true, "2026-05-01T03:00:01Z", "2026-05-03T01:30:00Z",
	  DUE_START, "2026-05-02T03:00:00Z", 0,
	  "2026-05-03T03:00:00Z" },
	{ "30 1 * * *", "01:30-05:30", false, "2026-05-01T01:30:01Z", "2026-05-02T03:00:00Z",
	  DUE_DROP, "2026-05-02T01:30:00Z", 0, NULL },
	{ "29 5 * * *", "01:30-05:30", false, "2026-05-01T05:29:01Z", "2026-05-02T05:31:00Z",
	  DUE_DROP, "2026-05-02T05:29:00Z", 0, NULL },
	/* starts outside the window do not exist without catch_up: nothing was missed at noon */
	{ "0 * * * *", "01:30-05:30", false, "2026-05-02T05:00:01Z", "2026-05-02T12:00:00Z",
	  DUE_NO, NULL, 0, "2026-05-03T02:00:00Z" },
	{ "0 * * * *", "01:30-05:30", true, "2026-05-02T05:00:01Z", "2026-05-02T12:00:00Z",
	  DUE_NO, NULL, 0, "2026-05-03T01:30:00Z" },
	/* never started: what is in time, and with catch_up the last day since the ledger began */
	{ "30 1 * * *", NULL, false, NULL, "2026-05-02T01:30:30Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, NULL },
	{ "30 1 * * *", NULL, false, NULL, "2026-05-02T13:00:00Z", DUE_NO, NULL, 0, NULL },
	{ "30 1 * * *", NULL, true, NULL, "2026-05-02T13:00:00Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, NULL },
	{ "30 1 1 * *", NULL, true, NULL, "2026-05-02T13:00:00Z",
	  DUE_NO, NULL, 0, "2026-06-01T01:30:00Z" },
	{ "30 1 * * *", NULL, true, NULL, "2026-01-01T12:00:00Z", DUE_NO, NULL, 0, NULL },
	{ "* * * * *", NULL, true, NULL, "2026-01-01T10:00:05Z",
	  DUE_START, "2026-01-01T10:00:00Z", 0, NULL },
	/* the server's clock was set back */
	{ "30 1 * * *", NULL, true, "2026-05-03T00:00:00Z", "2026-05-02T13:00:00Z",
	  DUE_NO, NULL, 0, "2026-05-03T01:30:00Z" },
	/* it had been a year ahead when the job last started: not a year without a run */
	{ "30 1 * * *", NULL, true, "2027-05-02T01:30:00Z", "2026-05-02T13:00:00Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, "2026-05-03T01:30:00Z" },
	{ "30 1 * * *", NULL, false, "2027-05-02T01:30:00Z", "2026-05-02T01:31:00Z",
	  DUE_START, "2026-05-02T01:30:00Z", 0, "2026-05-03T01:30:00Z" },
	{ "30 1 * * *", NULL, false, "2027-05-02T01:30:00Z", "2026-05-02T13:00:00Z",
	  DUE_NO, NULL, 0, "2026-05-03T01:30:00Z" },
};

static void due_vectors(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dues); i++) {
		struct job job = { .name = "j", .schedule = dues[i].schedule, .window = dues[i].window,
				   .catch_up = dues[i].catch_up };
		struct sched s = compile(a, &job);
		int64_t last = dues[i].last ? at(dues[i].last) : NEVER;
		struct due due = due_at(&s, last, at("2026-01-01T10:00:00Z"), at(dues[i].now));

		if (due.verdict != dues[i].verdict || due.missed != dues[i].missed ||
		    (dues[i].scheduled && due.scheduled != at(dues[i].scheduled)) ||
		    (dues[i].next && due.next != at(dues[i].next)))
			fail_msg("case %zu, %s at %s: verdict %d, missed %d", i, dues[i].schedule, dues[i].now,
				 due.verdict, due.missed);
	}
}

/* Ticks at random distances: every start is started once, in time, and none twice. */
static void ticks_start_each_once(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct job job = { .name = "j", .schedule = "30 2 * * *", .zone = "Europe/Berlin" };
	struct sched s = compile(a, &job);
	int64_t now = at("2026-01-01T00:00:00Z"), end = at("2027-01-01T00:00:00Z"), last = NEVER;
	unsigned seed = 1;
	int starts = 0;

	(void)state;
	for (; now < end; now += 30 * USECS_PER_SEC + (seed >> 16) % 800 * USECS_PER_SEC) {
		struct due due = due_at(&s, last, now, now);

		seed = seed * 1103515245u + 12345u;
		assert_true(due.verdict == DUE_START || due.verdict == DUE_NO);
		if (due.verdict == DUE_START) {
			assert_int_equal(due.missed, 0);
			last = now;
			starts++;
		}
	}
	assert_int_equal(starts, 365);
}

static const struct {
	const char *schedule, *zone, *window;
	bool catch_up;
	const char *says;
} refused[] = {
	{ "30 25 * * *", NULL, NULL, false, "hour \"25\"" },
	{ "30 1 * * *", "Europe/Berln", NULL, false, "zone \"Europe/Berln\"" },
	{ "30 1 * * *", NULL, "01:30", false, "window \"01:30\"" },
	{ "30 1 * * *", NULL, "1:30-5:30", false, "window \"1:30-5:30\"" },
	{ "30 1 * * *", NULL, "01:30-05:60", false, "window" },
	{ "30 1 * * *", NULL, "01:30-24:01", false, "window" },
	{ "30 1 * * *", NULL, "24:00-05:30", false, "window" },
	{ "30 1 * * *", NULL, "01:30-01:30", false, "window" },
	{ "30 1 * * *", NULL, "01:30-05:30 ", false, "window" },
	{ "30 1 * * *", NULL, "01:30..05:30", false, "window" },
	{ "30 1 * * *", NULL, "", false, "window \"\"" },
	{ "0 1 * * *", NULL, "01:30-05:30", false, "never starts" },
	{ "30 5 * * *", NULL, "22:00-05:30", false, "never starts" },
};

static void refused_jobs(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct job job = { .name = "nightly", .schedule = refused[i].schedule, .zone = refused[i].zone,
				   .window = refused[i].window, .catch_up = refused[i].catch_up,
				   .loc = { "jobs/nightly.cfg", 7 } };
		struct diag d = DIAG_INIT;
		struct sched s;

		assert_false(sched_compile(a, &job, &s, &d));
		assert_int_equal(d.cls, DIAG_CONFIG);
		assert_string_equal(d.where, "jobs/nightly.cfg:7");
		if (!strstr(d.message, refused[i].says))
			fail_msg("%s: %s", refused[i].says, d.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_vectors), cmocka_unit_test(one_start_a_day_everywhere),
		cmocka_unit_test(hourly_keeps_its_pace), cmocka_unit_test(windows_only_filter),
		cmocka_unit_test(window_vectors), cmocka_unit_test(due_vectors),
		cmocka_unit_test(ticks_start_each_once), cmocka_unit_test(refused_jobs),
	};

	return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
