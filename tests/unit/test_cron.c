/* Cron expressions. Vectors from crontab(5); the property test asks the C library's calendar. */
#include "base/cron.h"

#include "base/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define UNIX_2000 946684800

static int64_t minute_at(int year, int month, int day, int hour, int minute)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute };

	return (timegm(&tm) - UNIX_2000) / 60;
}

static int64_t minute_of(const char *text)
{
	int y, mo, d, h, mi;

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &y, &mo, &d, &h, &mi), 5);
	return minute_at(y, mo, d, h, mi);
}

static const struct {
	const char *schedule, *after, *next;
} vectors[] = {
	{ "30 1 * * *", "2026-11-24 01:29", "2026-11-24 01:30" },
	{ "30 1 * * *", "2026-11-24 01:30", "2026-11-25 01:30" },
	{ "*/5 * * * *", "2026-01-01 00:56", "2026-01-01 01:00" },
	{ "0-59/15 * * * *", "2026-01-01 00:46", "2026-01-01 01:00" },
	{ "0 0 1 1 *", "2026-01-01 00:00", "2027-01-01 00:00" },
	{ "0 12 29 2 *", "2024-02-29 12:00", "2028-02-29 12:00" },
	{ "0 12 29 FEB *", "2096-02-29 12:00", "2104-02-29 12:00" },
	{ "0 0 31 * *", "2026-01-31 00:00", "2026-03-31 00:00" },
	/* 13 November 2026 is a Friday; both day fields restricted: either matches (crontab(5)). */
	{ "0 0 13 * 5", "2026-11-07 00:00", "2026-11-13 00:00" },
	{ "0 0 13 * 5", "2026-11-13 00:00", "2026-11-20 00:00" },
	{ "0 0 13 * 5", "2026-12-11 00:00", "2026-12-13 00:00" },
	/* a field that begins with a star restricts nothing by itself: both must match */
	{ "0 0 */2 * 1", "2026-11-02 00:00", "2026-11-09 00:00" },
	{ "0 0 */2 * 1", "2026-11-09 00:00", "2026-11-23 00:00" },
	{ "0 0 1 * *", "2026-12-15 00:00", "2027-01-01 00:00" },
	{ "0 0 * * 7", "2026-11-23 00:00", "2026-11-29 00:00" },
	{ "0 0 * * 0", "2026-11-23 00:00", "2026-11-29 00:00" },
	{ "0 0 * * sun", "2026-11-23 00:00", "2026-11-29 00:00" },
	{ "0 0 * * FRI-SUN", "2026-11-23 00:00", "2026-11-27 00:00" },
	{ "0 0 * * 5-7", "2026-11-28 00:00", "2026-11-29 00:00" },
	{ "0 0 * * Mon,Wed", "2026-11-23 00:00", "2026-11-25 00:00" },
	{ "0 0 1 JAN-MAR,Dec *", "2026-03-01 00:00", "2026-12-01 00:00" },
	{ "15,45 8-18/5 * * *", "2026-01-01 08:45", "2026-01-01 13:15" },
	{ "15,45 8-18/5 * * *", "2026-01-01 18:45", "2026-01-02 08:15" },
	{ "  59\t23 31 12 *  ", "2026-01-01 00:00", "2026-12-31 23:59" },
	{ "@daily", "2026-01-01 00:00", "2026-01-02 00:00" },
	{ "@midnight", "2026-01-01 00:00", "2026-01-02 00:00" },
	{ "@hourly", "2026-01-01 00:00", "2026-01-01 01:00" },
	{ "@weekly", "2026-11-23 00:00", "2026-11-29 00:00" },
	{ "@monthly", "2026-11-23 00:00", "2026-12-01 00:00" },
	{ "@Yearly", "2026-11-23 00:00", "2027-01-01 00:00" },
	{ "@annually", "2026-11-23 00:00", "2027-01-01 00:00" },
	/* before 2000 */
	{ "30 1 * * 1", "1969-07-20 20:17", "1969-07-21 01:30" },
};

static void next_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct diag d = DIAG_INIT;
		struct cron c;
		int64_t next;

		if (!cron_parse(vectors[i].schedule, &c, &d))
			fail_msg("%s: %s", vectors[i].schedule, d.message);
		assert_true(cron_next_local(&c, minute_of(vectors[i].after), &next));
		if (next != minute_of(vectors[i].next))
			fail_msg("%s after %s: got minute %lld, want %s", vectors[i].schedule, vectors[i].after,
				 (long long)next, vectors[i].next);
	}
}

static const struct {
	const char *schedule, *says;	/* what the sentence must contain: field and allowed range */
} refused[] = {
	{ "60 * * * *", "minute \"60\" is out of range; allowed is 0-59" },
	{ "99999999999999999999 * * * *", "minute \"99999999999999999999\" is out of range; allowed is 0-59" },
	{ "-1 * * * *", "minute \"-1\" is not a number; allowed is 0-59" },
	{ "0 24 * * *", "hour \"24\" is out of range; allowed is 0-23" },
	{ "0 0 0 * *", "day of month \"0\" is out of range; allowed is 1-31" },
	{ "0 0 32 * *", "day of month \"32\" is out of range; allowed is 1-31" },
	{ "0 0 * 13 *", "month \"13\" is out of range; allowed is 1-12" },
	{ "0 0 * 0 *", "month \"0\" is out of range; allowed is 1-12" },
	{ "0 0 * JANUARY *", "month \"JANUARY\" is neither a number nor a name; allowed is 1-12 or JAN-DEC" },
	{ "0 0 * MON *", "month \"MON\" is neither a number nor a name" },
	{ "0 0 * * 8", "day of week \"8\" is out of range; allowed is 0-7" },
	{ "0 0 * * 5#2", "day of week \"5#2\" is neither a number nor a name" },
	{ "0 0 L * *", "day of month \"L\" is not a number" },
	{ "0 0 ? * *", "day of month \"?\" is not a number" },
	{ "*/0 * * * *", "minute \"*/0\" has an impossible step" },
	{ "*/60 * * * *", "minute \"*/60\" has an impossible step" },
	{ "*/ * * * *", "minute \"*/\" has an impossible step" },
	{ "*/-5 * * * *", "minute \"*/-5\" has an impossible step" },
	{ "5/10 * * * *", "minute \"5/10\" has a step without a range" },
	{ "5, * * * *", "minute \"\" is empty" },
	{ ",5 * * * *", "minute \"\" is empty" },
	{ "1-2-3 * * * *", "minute \"1-2-3\" is not a number" },
	{ "30-10 * * * *", "minute \"30-10\" runs backwards" },
	{ "0 0 * * FRI-MON", "day of week \"FRI-MON\" runs backwards" },
	{ "** * * * *", "minute \"**\" is not a number" },
	{ "0x1 * * * *", "minute \"0x1\" is not a number" },
	{ "0 0 30 2 *", "it never fires" },
	{ "31 2 30,31 FEB *", "it never fires" },
	{ "0 0 31 4,6,9,11 *", "it never fires" },
	{ "", "it has 0 fields; five are needed" },
	{ "30", "has 1 field; five are needed" },
	{ "30 1 * *", "has 4 fields; five are needed" },
	{ "0 30 1 * * *", "has 6 fields; five are needed" },
	{ "@reboot", "has 1 field; five are needed" },
};

static void refused_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct diag d = DIAG_INIT;
		struct cron c = { .minutes = 42 };

		if (cron_parse(refused[i].schedule, &c, &d))
			fail_msg("accepted: %s", refused[i].schedule);
		assert_int_equal(d.cls, DIAG_CONFIG);
		assert_int_equal(c.minutes, 42);
		if (!strstr(d.message, refused[i].says))
			fail_msg("%s: says \"%s\"", refused[i].schedule, d.message);
	}
}

/* 30 February is fine beside a weekday that matches by itself. */
static void either_day_rescues(void **state)
{
	struct diag d = DIAG_INIT;
	struct cron c;

	(void)state;
	assert_true(cron_parse("0 0 30 2 1", &c, &d));
	assert_false(cron_parse("0 0 30 2 */1", &c, &d));
}

static void long_fields(void **state)
{
	struct diag d = DIAG_INIT;
	struct cron c;
	char text[2000];

	(void)state;
	memset(text, '0', sizeof(text));
	memcpy(text + sizeof(text) - 10, " * * * *\0", 10);
	assert_false(cron_parse(text, &c, &d));
	assert_non_null(strstr(d.message, "too long"));
}

/* ---- property: random sets, written as text, against a calendar walked minute by minute ---- */

struct model {
	bool on[5][64], star[5];
};

static unsigned seed = 20261124;

static int rnd(int n)
{
	seed = seed * 1103515245u + 12345u;
	return (int)(seed >> 16) % n;
}

static void random_field(struct model *m, int f, int min, int max, char *text, size_t size)
{
	int n = 1 + rnd(3), step = 1 + rnd(max - 1 ? max - 1 : 1), used = 0;

	memset(m->on[f], 0, sizeof(m->on[f]));
	m->star[f] = rnd(3) == 0;
	if (m->star[f]) {
		if (rnd(2))
			step = 1;
		for (int v = min; v <= max; v += step)
			m->on[f][v] = true;
		snprintf(text, size, step == 1 ? "*" : "*/%d", step);
		return;
	}
	for (int i = 0; i < n; i++) {
		int a = min + rnd(max - min + 1), b = a + rnd(max - a + 1);

		for (int v = a; v <= b; v++)
			m->on[f][v] = true;
		used += snprintf(text + used, size - (size_t)used, a == b ? "%s%d" : "%s%d-%d", i ? "," : "", a, b);
	}
}

static bool model_match(const struct model *m, int64_t minute)
{
	time_t t = (time_t)(minute * 60 + UNIX_2000);
	struct tm tm;
	bool dom, dow;

	gmtime_r(&t, &tm);
	dom = m->on[2][tm.tm_mday];
	dow = m->on[4][tm.tm_wday] || (tm.tm_wday == 0 && m->on[4][7]);
	return m->on[0][tm.tm_min] && m->on[1][tm.tm_hour] && m->on[3][tm.tm_mon + 1] &&
	       (m->star[2] || m->star[4] ? dom && dow : dom || dow);
}

static void random_schedules(void **state)
{
	static const int range[5][2] = { { 0, 59 }, { 0, 23 }, { 1, 31 }, { 1, 12 }, { 0, 7 } };
	int compared = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		char f[5][64], text[400];
		int64_t from = minute_at(1996 + rnd(12), 1 + rnd(12), 1 + rnd(28), rnd(24), rnd(60)), next = 0;
		struct diag d = DIAG_INIT;
		struct model m;
		struct cron c;

		for (int i = 0; i < 5; i++)
			random_field(&m, i, range[i][0], range[i][1], f[i], sizeof(f[i]));
		snprintf(text, sizeof(text), "%s %s %s %s %s", f[0], f[1], f[2], f[3], f[4]);
		if (!cron_parse(text, &c, &d)) {
			assert_non_null(strstr(d.message, "it never fires"));
			memset(m.on[0], 1, sizeof(m.on[0]));
			memset(m.on[1], 1, sizeof(m.on[1]));
			for (int64_t day = 0; day < 366 * 5; day++)	/* 2000 and 2004 are leap years */
				assert_false(model_match(&m, day * 1440));
			continue;
		}
		assert_true(cron_next_local(&c, from, &next));
		for (int64_t t = from + 1; t < from + 20000; t++) {
			bool want = model_match(&m, t);

			if (cron_match(&c, t) != want || (want && next != t))
				fail_msg("%s from %lld: at %lld", text, (long long)from, (long long)t);
			if (want)
				assert_true(cron_next_local(&c, t, &next));
			compared += want;
		}
		assert_true(next >= from + 20000 || model_match(&m, next));
	}
	assert_true(compared > 100000);
}

static void every_hour(void **state)
{
	static const struct { const char *s; bool all; } cases[] = {
		{ "*/5 * * * *", true }, { "0 0-23 * * *", true }, { "7 */1 * * *", true },
		{ "* 2 * * *", false }, { "0 */2 * * *", false }, { "0 0-22 * * *", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag d = DIAG_INIT;
		struct cron c;

		assert_true(cron_parse(cases[i].s, &c, &d));
		assert_int_equal(cron_every_hour(&c), cases[i].all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_vectors), cmocka_unit_test(refused_sentences),
		cmocka_unit_test(either_day_rescues), cmocka_unit_test(long_fields),
		cmocka_unit_test(random_schedules), cmocka_unit_test(every_hour),
	};

	return cmocka_run_group_tests_name("cron", tests, NULL, NULL);
}
