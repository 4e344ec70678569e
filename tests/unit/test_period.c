/* Periods of interface.md 1; expectations from domain.md 2 and the cases C37. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/period.h"

static void test_taken(void **state)
{
	static const struct { const char *text; int months,
		days; int64_t usecs; const char *again; } cases[] = {
		{ "3 years", 36, 0, 0, "3 years" },
		{ "1 year", 12, 0, 0, "1 year" },
		{ "18 months", 18, 0, 0, "1 year 6 months" },
		{ "1 year 6 months", 18, 0, 0, "1 year 6 months" },
		{ "6 months 1 year", 18, 0, 0, "1 year 6 months" },
		{ "90 days", 0, 90, 0, "90 days" },
		{ "2 weeks", 0, 14, 0, "14 days" },
		{ "1 month 1 day", 1, 1, 0, "1 month 1 day" },
		{ "36 hours", 0, 0, INT64_C(129600000000), "36 hours" },
		{ "90 minutes", 0, 0, INT64_C(5400000000), "1 hour 30 minutes" },
		{ "1 hour 1 minute", 0, 0, INT64_C(3660000000), "1 hour 1 minute" },
		{ "  3\tyears ", 36, 0, 0, "3 years" },
		{ "1000 years", 12000, 0, 0, "1000 years" },
		{ "365250 days", 0, 365250, 0, "365250 days" },
	};
	char buf[PERIOD_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct period p, q;
		const char *why;

		if (!period_parse(cases[i].text, &p, &why))
			fail_msg("%s: %s", cases[i].text, why);
		assert_int_equal(p.months, cases[i].months);
		assert_int_equal(p.days, cases[i].days);
		assert_true(p.usecs == cases[i].usecs);
		assert_int_equal(period_is_exact(&p), cases[i].usecs != 0);
		assert_string_equal(period_format(&p, buf), cases[i].again);
		assert_true(period_parse(buf, &q, &why));
		assert_memory_equal(&p, &q, sizeof(p));
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"0 days", "", "   ", "-1 days", "+1 days", "1 month 0", "0 months", "1 year 0 days",
			"3", "years", "3 yrs",
		"1.5 years", "1,5 years", "3 years ago", "1 year 1 year", "2 days 3 hours",
		"1 hour 1 month", "1001 years",
		"1000 years 1 day", "12001 months", "365251 days", "99999999999999999999 days",
		"4294967297 years",
		"18446744073709551617 hours", "8766001 hours", "1 fortnight", "P3Y", "3 years;",
		"1e3 days", "0x10 days",
		"infinity", "1 day -1 hours", ("\xc2\xa0" "3 years"), "3 Years",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct period p = { -7, -7, -7 };
		const char *why = NULL;

		if (period_parse(cases[i], &p, &why))
			fail_msg("\"%s\" was taken", cases[i]);
		assert_non_null(why);
		assert_int_equal(p.months, -7);
	}
}

static void test_interval(void **state)
{
	char buf[PERIOD_TEXT];
	struct period p = { 18, 3, 0 }, exact = { 0, 0, INT64_C(129600000000) };

	(void)state;
	assert_string_equal(period_interval(&p, buf), "18 months 3 days 0 microseconds");
	assert_string_equal(period_interval(&exact, buf),
			    "0 months 0 days 129600000000 microseconds");
}

static void test_durations(void **state)
{
	static const struct { const char *text; int64_t ms; } good[] = {
		{ "100ms", 100 }, { "2s", 2000 }, { "5min", 300000 }, { "1h", 3600000 },
		  { "1d", 86400000 }, { "60 s", 60000 },
		{ "2147483647ms", 2147483647 },
	};
	static const char *const bad[] = { "0ms", "", "2", "s", "-1s", "1.5s", "2147483648ms",
		"25d", "2 sec", "1s 5ms",
					   "99999999999999999999s" };
	const char *why;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(duration_parse(good[i].text, &ms, &why));
		assert_true(ms == good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (duration_parse(bad[i], &ms, &why))
			fail_msg("\"%s\" was taken", bad[i]);
}

static void test_sizes(void **state)
{
	static const char *const bad[] = { "0MB", "16", "16mb", "16 megabytes",
		"9223372036854775807kB", "-1MB" };
	const char *why;
	int64_t bytes;

	(void)state;
	assert_true(size_parse("16MB", &bytes, &why));
	assert_true(bytes == INT64_C(16777216));
	assert_true(size_parse("1TB", &bytes, &why));
	assert_true(bytes == INT64_C(1099511627776));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (size_parse(bad[i], &bytes, &why))
			fail_msg("\"%s\" was taken", bad[i]);
}

/* The days between the two dates decide: 1 February to 1 March are 28, 1 February to 1 May are 89 (90 in a
 * leap year). */
static void test_lasts(void **state)
{
	static const struct { const char *was, *is; bool lasts; } vectors[] = {
		{ "30 days", "1 month", false }, { "90 days", "3 months", false }, { "1 day", "25 hours", false },
		{ "30 days", "721 hours", false }, { "365 days", "1 year", true }, { "366 days", "1 year", false },
		{ "1 month", "30 days", false }, { "1 month", "31 days", true }, { "1 year", "365 days", false },
		{ "1 year", "366 days", true }, { "3 years", "1095 days", false }, { "3 years", "3 years", true },
		{ "3 years", "36 months", true }, { "3 years", "35 months", false }, { "2 weeks", "14 days", true },
		{ "2 weeks", "13 days", false }, { "1 year 6 months", "18 months", true },
		{ "1 month 1 day", "1 month", false }, { "1 month 1 day", "2 months", true },
		{ "1 month", "1 month 1 day", true }, { "1 month 1 day", "3 months", true },
		{ "24 hours", "1440 minutes", true }, { "24 hours", "1439 minutes", false },
		{ "1 day", "48 hours", false }, { "1 day", "72 hours", true }, { "30 days", "31 days", true },
		{ "720 hours", "30 days", false },	/* one of them has 23 hours in spring */
		{ "720 hours", "31 days", true }, { "36 hours", "2 days", true }, { "36 hours", "1 day", false },
		{ "1000 years", "1000 years", true }, { "1 hour", "1000 years", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct period was, is;
		const char *why;

		assert_true(period_parse(vectors[i].was, &was, &why) && period_parse(vectors[i].is, &is, &why));
		if (period_lasts(&is, &was) != vectors[i].lasts)
			fail_msg("from %s to %s", vectors[i].was, vectors[i].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_lasts),
	};

	return cmocka_run_group_tests_name("period", tests, NULL, NULL);
}
