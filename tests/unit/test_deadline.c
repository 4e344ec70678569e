/* Deadlines of requests (domain.md 4). Expectations: the calendar of the State Council's notice for 2026 as
 * config/holidays-cn.txt has it, counted by hand; Regulation 1182/71 Art. 3; weekdays by cal(1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/instant.h"
#include "model/deadline.h"

static int64_t local(const char *s)
{
	int64_t t;

	if (!instant_parse_timestamp(s, strlen(s), &t))
		fail_msg("%s is no timestamp", s);
	return t;
}

static struct holidays days_off(const char *text, struct arena *a)
{
	char path[] = "/tmp/pgretain-holidays.XXXXXX";
	int fd = mkstemp(path);
	struct holidays h;
	struct diag d = DIAG_INIT;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	if (!holidays_read(path, a, &h, &d))
		fail_msg("%s", d.message);
	unlink(path);
	return h;
}

static void test_terms(void **state)
{
	static const struct { const char *term, *from, *want; } cases[] = {
		{ "30 days", "2026-11-24 08:30:00", "2026-12-24 08:30:00" },
		{ "1 month", "2026-11-24 08:30:00", "2026-12-24 08:30:00" },
		{ "1 month", "2026-01-31 00:00:00", "2026-02-28 00:00:00" },	/* no such day: the month's last */
		{ "1 month", "2028-01-30 12:00:00", "2028-02-29 12:00:00" },
		{ "3 months", "2026-11-30 00:00:00", "2027-02-28 00:00:00" },
		{ "2 months", "2026-12-31 23:59:59", "2027-02-28 23:59:59" },
		{ "45 days", "2026-12-01 00:00:00", "2027-01-15 00:00:00" },
		/* Tuesday 24 Nov 2026; Saturdays and Sundays do not count */
		{ "1 working day", "2026-11-24 09:00:00", "2026-11-25 09:00:00" },
		{ "4 working days", "2026-11-24 09:00:00", "2026-11-30 09:00:00" },
		{ "10 business days", "2026-11-24 09:00:00", "2026-12-08 09:00:00" },
		{ "15 working days", "2026-11-24 09:00:00", "2026-12-15 09:00:00" },
		{ "1 working day", "2026-11-28 09:00:00", "2026-11-30 09:00:00" },	/* received on a Saturday */
		{ "1 working day", "1999-12-31 09:00:00", "2000-01-03 09:00:00" },
	};
	struct holidays none = { 0, NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[INSTANT_TEXT], want[INSTANT_TEXT];
		int64_t t;

		assert_true(deadline_after(cases[i].term, local(cases[i].from), &none, &t));
		instant_format(t, got);
		instant_format(local(cases[i].want), want);
		if (strcmp(got, want) != 0)
			fail_msg("%s from %s: %s, not %s", cases[i].term, cases[i].from, got, want);
	}
}

/* Golden week 2026: off 1, 2, 5, 6, 7 October; Saturday 10 October and Sunday 20 September are worked. */
static void test_holidays(void **state)
{
	struct arena *a = arena_new();
	struct holidays h = days_off("# notice\n2026-09-20 work\n2026-09-25\n2026-10-01\n2026-10-02\n\n2026-10-05\n"
				     "2026-10-06\n2026-10-07 # last\n2026-10-10 work\n", a);
	int64_t t;

	(void)state;
	assert_true(holidays_is_working(&h, local("2026-10-10 00:00:00") / USECS_PER_DAY));
	assert_false(holidays_is_working(&h, local("2026-10-05 00:00:00") / USECS_PER_DAY));
	/* from Wed 30 Sep: 8, 9, 10 (worked Saturday), 12, 13 October */
	assert_true(deadline_after("5 working days", local("2026-09-30 10:00:00"), &h, &t));
	assert_true(t == local("2026-10-13 10:00:00"));
	arena_free(a);
}

static void test_holidays_refused(void **state)
{
	static const char *const bad[] = { "2026-13-01\n", "tomorrow\n", "2026-10-01 off\n", "20261001\n" };
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char path[] = "/tmp/pgretain-holidays.XXXXXX";
		int fd = mkstemp(path);
		struct holidays h;
		struct diag d = DIAG_INIT;

		assert_int_equal(write(fd, bad[i], strlen(bad[i])), strlen(bad[i]));
		close(fd);
		assert_false(holidays_read(path, a, &h, &d));
		assert_non_null(strstr(d.where, ":1"));
		unlink(path);
	}
	arena_free(a);
}

static void test_limit(void **state)
{
	struct arena *a = arena_new();
	struct jurisdiction cn = { .name = "CN", .respond = "40 working days", .limit = "30 days" };
	struct jurisdiction eu = { .name = "EU", .respond = "1 month", .extension = "2 months" };
	struct deadlines l;
	struct diag d = DIAG_INIT;

	(void)state;
	assert_true(deadlines_of(&cn, local("2026-11-24 00:00:00"), a, &l, &d));
	assert_true(l.respond == local("2026-12-24 00:00:00") && l.limit == l.respond && !l.has_extension);
	assert_true(deadlines_of(&eu, local("2026-11-30 00:00:00"), a, &l, &d));
	assert_true(l.respond == local("2026-12-30 00:00:00") && l.extended == local("2027-02-28 00:00:00"));
	assert_false(l.has_limit || l.has_acknowledge);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms), cmocka_unit_test(test_holidays), cmocka_unit_test(test_holidays_refused),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
