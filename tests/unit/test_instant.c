/* Text and number of each vector were printed by PostgreSQL 15: `v::text` under the zone that gives
 * this spelling, and the bytes of timestamptz_send, timestamp_send, date_send. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/instant.h"

#define HEX(x) ((int64_t)UINT64_C(x))

struct vector {
	const char *text;
	int64_t raw;
};

static const struct vector zoned[] = {
	{ "2024-04-30 19:00:00.5+00", HEX(0x0002ba53bedb0d20) },
	{ "2024-05-01 03:00:00.5+08", HEX(0x0002ba53bedb0d20) },
	{ "2000-01-01 00:00:00+00", 0 },
	{ "infinity", INT64_MAX },
	{ "-infinity", INT64_MIN },
	{ "0044-03-15 12:00:00+00 BC", HEX(0xff1af9e8fb46d000) },
	{ "1900-01-01 00:19:32+00:19:32", HEX(0xfff4c9ee7c0b8000) },
	{ "2023-12-31 20:30:00-03:30", HEX(0x0002b0d5d4e94000) },
	{ "294276-12-31 23:59:59.999999+00", HEX(0x7fffff5bb3b29fff) },
	{ "4714-11-24 00:00:00+00 BC", HEX(0xfd0f7cc1411fa000) },
	{ "4714-11-23 19:03:58-04:56:02 BC", HEX(0xfd0f7cc1411fa000) },
	{ "294277-01-01 08:59:59.999999+09", HEX(0x7fffff5bb3b29fff) },
	{ "10000-02-29 00:00:00.000001+00", HEX(0x0380ebae71dea001) },
	{ "0001-12-31 23:59:59+00 BC", HEX(0xff1fe2ffc58d1dc0) },
	{ "2000-01-01 05:29:59.99+05:30", HEX(0xffffffffffffd8f0) },
	{ "0001-02-29 00:00:00+00 BC", HEX(0xff1fcadffc544000) },
};

static const struct vector zoneless[] = {
	{ "2024-02-29 00:00:00", HEX(0x0002b578b58c6000) },
	{ "1969-12-31 23:59:59.000001", HEX(0xfffca2fec4b8ddc1) },
	{ "4714-11-24 00:00:00 BC", HEX(0xfd0f7cc1411fa000) },
	{ "294276-12-31 23:59:59.999999", HEX(0x7fffff5bb3b29fff) },
	{ "infinity", INT64_MAX },
	{ "-infinity", INT64_MIN },
};

static const struct vector dates[] = {
	{ "2024-02-29", 8825 },
	{ "0044-03-15 BC", -746117 },
	{ "5874897-12-31", 2145031948 },
	{ "4714-11-24 BC", -2451545 },
	{ "12345-06-07", 3778591 },
	{ "infinity", INT64_MAX },
	{ "-infinity", INT64_MIN },
};

typedef bool parse_fn(const char *s, size_t n, int64_t *ret);

static void expect(parse_fn *parse, const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t got = 1;

		if (!parse(v[i].text, strlen(v[i].text), &got) || got != v[i].raw)
			fail_msg("%s: %lld, not %lld", v[i].text, (long long)got, (long long)v[i].raw);
	}
}

static void reads_what_postgresql_prints(void **state)
{
	(void)state;
	expect(instant_parse_timestamptz, zoned, ARRAY_SIZE(zoned));
	expect(instant_parse_timestamp, zoneless, ARRAY_SIZE(zoneless));
	expect(instant_parse_date, dates, ARRAY_SIZE(dates));
}

static void refuse(parse_fn *parse, const char *const *texts)
{
	for (; *texts; texts++) {
		int64_t got = 77;

		if (parse(*texts, strlen(*texts), &got))
			fail_msg("'%s' was read as %lld", *texts, (long long)got);
		assert_int_equal(got, 77);
	}
}

static void refuses_everything_else(void **state)
{
	static const char *const tz[] = {
		"", " ", "now", "Infinity", "infinity ", "+infinity", "--infinity", "infinit",
		"2024-05-01 03:00:00", "2024-05-01 03:00:00 +08", "2024-05-01T03:00:00+08", "2024-05-01 03:00:00+8",
		"2024-05-01 03:00:00+08:", "2024-05-01 03:00:00+08:0", "2024-05-01 03:00:00+16",
		"2024-05-01 03:00:00+08:60", "2024-05-01 03:00:00+08 BC ", "2024-05-01 03:00:00+08BC",
		"2024-05-01 03:00:00.+08", "2024-05-01 03:00:00.1234567+08", "2024-05-01 24:00:00+00",
		"2024-05-01 03:60:00+00", "2024-05-01 03:00:60+00", "2024-05-01 3:00:00+00", "2024-02-30 00:00:00+00",
		"2023-02-29 00:00:00+00", "1900-02-29 00:00:00+00", "2024-13-01 00:00:00+00", "2024-00-01 00:00:00+00",
		"2024-01-00 00:00:00+00", "0000-01-01 00:00:00+00", "024-01-01 00:00:00+00", "02024-01-01 00:00:00+00",
		"-2024-01-01 00:00:00+00", "294277-01-01 00:00:00+00", "999999-12-31 00:00:00+00",
		"1000000-01-01 00:00:00+00", "4714-11-23 23:59:59+00 BC", "9999-01-01 00:00:00+00 BC",
		"05/01/2024 03:00:00+08", "2024-05-01", NULL };
	static const char *const ts[] = { "2024-05-01 03:00:00+00", "2024-05-01", "294277-01-01 00:00:00",
		"4714-11-23 23:59:59.999999 BC", "0002-02-29 00:00:00 BC", NULL };
	static const char *const date[] = { "2024-05-01 ", "2024-05-01 00:00:00", "2024-5-1", "5874898-01-01",
		"4714-11-23 BC", "20240501", "2024-04-31", "012345-06-07", "12345678-01-01", NULL };

	(void)state;
	refuse(instant_parse_timestamptz, tz);
	refuse(instant_parse_timestamp, ts);
	refuse(instant_parse_date, date);
}

static void length_rules_not_nul(void **state)
{
	int64_t got;

	(void)state;
	assert_true(instant_parse_date("2024-02-29junk", 10, &got));
	assert_int_equal(got, 8825);
	assert_false(instant_parse_date("2024-02-29", 9, &got));
	assert_false(instant_parse_date("2024-02-29\0", 11, &got));
	assert_false(instant_parse_timestamptz("2024-05-01 03:00:00+08\0BC", 25, &got));
}

static void formats_rfc3339(void **state)
{
	static const struct vector v[] = {
		{ "2024-04-30T19:00:00.5Z", HEX(0x0002ba53bedb0d20) },
		{ "2000-01-01T00:00:00Z", 0 },
		{ "1999-12-31T23:59:59.999999Z", -1 },
		{ "1999-12-31T23:59:59.99Z", -10000 },
		{ "infinity", INT64_MAX },
		{ "-infinity", INT64_MIN },
		{ "0044-03-15T12:00:00Z BC", HEX(0xff1af9e8fb46d000) },
		{ "0001-12-31T23:59:59Z BC", HEX(0xff1fe2ffc58d1dc0) },
		{ "294276-12-31T23:59:59.999999Z", HEX(0x7fffff5bb3b29fff) },
		{ "10000-02-29T00:00:00.000001Z", HEX(0x0380ebae71dea001) },
		{ "4714-11-24T00:00:00Z BC", HEX(0xfd0f7cc1411fa000) },
	};
	char buf[INSTANT_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		assert_string_equal(instant_format(v[i].raw, buf), v[i].text);
	assert_true(strlen(instant_format(INT64_MIN + 1, buf)) < INSTANT_TEXT);
	assert_true(strlen(instant_format(INT64_MAX - 1, buf)) < INSTANT_TEXT);
}

static void reads_as_of(void **state)
{
	static const struct { const char *text, *same; } v[] = {
		{ "2026-11-24T17:30:00Z", "2026-11-24 17:30:00+00" },
		{ "2026-11-25T01:30:00+08:00", "2026-11-24 17:30:00+00" },
		{ "2026-11-24t14:00:00.25-03:30", "2026-11-24 17:30:00.25+00" },
		{ "2026-11-24 17:30:00z", "2026-11-24 17:30:00+00" },
		{ "2026-11-24", "2026-11-24 00:00:00+00" },
		{ "2026-11-24T17:30:00.123456999Z", "2026-11-24 17:30:00.123456+00" },
	};
	static const char *const bad[] = { "", "2026-11-24T17:30:00", "2026-11-24T17:30Z", "2026-11-24T",
		"2026-11-31", "yesterday", "infinity", "0000-01-01", "2026-11-24T17:30:00Z ", "2026-11-24T17:30:60Z",
		"12026-11-24", "2026-11-24T17:30:00ZZ", "2026-11-24T17:30:00.Z", NULL };
	int64_t got, want;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		assert_true(instant_parse_rfc3339(v[i].text, &got));
		assert_true(instant_parse_timestamptz(v[i].same, strlen(v[i].same), &want));
		assert_int_equal(got, want);
	}
	for (size_t i = 0; bad[i]; i++)
		if (instant_parse_rfc3339(bad[i], &got))
			fail_msg("'%s' was read", bad[i]);
}

/* Walks the calendar a day at a time with a rule of its own (Gregorian leap years counted by hand). */
static void calendar_walks_day_by_day(void **state)
{
	static const int length[2][12] = {
		{ 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }, { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 } };
	int64_t days = instant_days_from_civil(-4713, 11, 24);
	int64_t year = -4713, y;
	int month = 11, day = 24, m, d;

	(void)state;
	assert_int_equal(days, -2451545);
	for (; year < 3000; days++) {
		int64_t era = ((year % 400) + 400) % 400;
		bool leap = era == 0 || (era % 4 == 0 && era % 100 != 0);

		instant_civil_from_days(days, &y, &m, &d);
		if (y != year || m != month || d != day || instant_days_from_civil(year, month, day) != days)
			fail_msg("day %lld", (long long)days);
		if (++day > length[leap][month - 1]) {
			day = 1;
			month = month % 12 + 1;
			year += month == 1;
		}
	}
	assert_int_equal(instant_days_from_civil(2000, 1, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_postgresql_prints),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(length_rules_not_nul),
		cmocka_unit_test(formats_rfc3339),
		cmocka_unit_test(reads_as_of),
		cmocka_unit_test(calendar_walks_day_by_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
