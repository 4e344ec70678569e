/* Zones: our reader of TZif files against the C library's localtime_r on the same files, over every
 * zone of the database, and against hand-written transitions. */
#include "sched/tzif.h"

#include "base/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define UNIX_2000 946684800

static unsigned seed = 8536;

static int64_t rnd(int64_t n)
{
	uint64_t v = 0;

	for (int i = 0; i < 3; i++) {
		seed = seed * 1103515245u + 12345u;
		v = v << 16 | (seed >> 16);
	}
	return (int64_t)(v % (uint64_t)n);
}

static int64_t at(const char *rfc3339)
{
	int64_t t;

	assert_true(instant_parse_rfc3339(rfc3339, &t));
	return t;
}

static int64_t local(const char *text)
{
	int64_t t;

	assert_true(instant_parse_timestamp(text, strlen(text), &t));
	return t;
}

static const struct zone *load(struct arena *a, const char *name)
{
	struct diag d = DIAG_INIT;
	const struct zone *z;

	if (!zone_load(a, name, &z, &d))
		fail_msg("%s: %s", name, d.message);
	return z;
}

/* What the C library says of TZ as it is set now. */
static int64_t libc_offset(int64_t t)
{
	time_t s = (time_t)(t / USECS_PER_SEC + UNIX_2000);
	struct tm tm;

	assert_non_null(localtime_r(&s, &tm));
	return tm.tm_gmtoff * USECS_PER_SEC;
}

static void use_tz(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static void compare_at(const struct zone *z, int64_t t)
{
	if (zone_span_at(z, t).offset != libc_offset(t))
		fail_msg("%s at %lld s: offset %lld, the C library says %lld", zone_name(z),
			 (long long)(t / USECS_PER_SEC), (long long)(zone_span_at(z, t).offset / USECS_PER_SEC),
			 (long long)(libc_offset(t) / USECS_PER_SEC));
}

/* Both directions agree: the first instant that shows a wall-clock time. */
static void compare_back(const struct zone *z, int64_t t)
{
	int64_t wall = zone_local(z, t), gap, first = zone_instant(z, wall, &gap);

	assert_int_equal(gap, 0);
	assert_int_equal(zone_local(z, first), wall);
	assert_true(first <= t);
}

static void compare_zone(struct arena *a, const char *name)
{
	const struct zone *z = load(a, name);
	int64_t from = at("1850-01-01T00:00:00Z"), to = at("2150-01-01T00:00:00Z");

	use_tz(name);
	for (int i = 0; i < 300; i++) {
		int64_t t = from + rnd((to - from) / USECS_PER_SEC) * USECS_PER_SEC;

		compare_at(z, t);
		compare_back(z, t);
	}
	for (int64_t t = from; t < to;) {
		struct zone_span sp = zone_span_at(z, t);

		assert_true(sp.begin <= t && t < sp.end);
		compare_at(z, t);
		compare_back(z, t);
		if (sp.end == INT64_MAX)
			break;
		compare_at(z, sp.end - USECS_PER_SEC);
		assert_int_equal(zone_span_at(z, sp.end).begin, sp.end);
		t = sp.end;
	}
}

static void every_zone(void **state)
{
	FILE *f = fopen(ZONE_DIR "/zone1970.tab", "r");
	char line[512], name[100];
	int n = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		AUTO(arena_free_auto) struct arena *a = arena_new();

		if (line[0] == '#' || sscanf(line, "%*s %*s %99s", name) != 1)
			continue;
		compare_zone(a, name);
		n++;
	}
	fclose(f);
	assert_true(n > 300);
}

static const struct {
	const char *zone, *wall, *instant;
	int gap_minutes;
} walls[] = {
	{ "Europe/Berlin", "2026-01-15 02:30:00", "2026-01-15T01:30:00Z", 0 },
	{ "Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z", 0 },
	{ "Europe/Berlin", "2026-03-29 02:00:00", "2026-03-29T01:00:00Z", 60 },
	{ "Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:00:00Z", 60 },
	{ "Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z", 0 },
	{ "Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z", 0 },
	{ "Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z", 0 },
	{ "Europe/Berlin", "2099-03-29 02:30:00", "2099-03-29T01:00:00Z", 60 },	/* from the footer */
	{ "America/Sao_Paulo", "2018-11-04 00:00:00", "2018-11-04T03:00:00Z", 60 },
	{ "Asia/Shanghai", "2026-11-25 01:30:00", "2026-11-24T17:30:00Z", 0 },
	{ "Pacific/Apia", "2011-12-29 23:59:00", "2011-12-30T09:59:00Z", 0 },
	{ "Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T10:00:00Z", 1440 },
	{ "Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30T10:00:00Z", 0 },
	{ "Australia/Lord_Howe", "2026-10-04 02:15:00", "2026-10-03T15:30:00Z", 30 },
	{ "Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z", 0 },
	{ "UTC", "2026-03-29 02:30:00", "2026-03-29T02:30:00Z", 0 },
};

static void wall_vectors(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(walls); i++) {
		const struct zone *z = load(a, walls[i].zone);
		int64_t gap, t = zone_instant(z, local(walls[i].wall), &gap);

		if (t != at(walls[i].instant) || gap != walls[i].gap_minutes * 60 * USECS_PER_SEC)
			fail_msg("%s %s: gap %lld", walls[i].zone, walls[i].wall, (long long)gap);
	}
}

static void missing_day(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const struct zone *apia = load(a, "Pacific/Apia"), *sao = load(a, "America/Sao_Paulo");
	int64_t day = instant_days_from_civil(2011, 12, 30);

	(void)state;
	assert_true(zone_has_day(apia, day - 1));
	assert_false(zone_has_day(apia, day));
	assert_true(zone_has_day(apia, day + 1));
	assert_true(zone_has_day(sao, instant_days_from_civil(2018, 11, 4)));
}

static void formats(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	char buf[ZONE_TEXT];

	(void)state;
	assert_string_equal(zone_format(load(a, "Europe/Berlin"), at("2026-03-29T01:00:00Z"), buf),
			    "2026-03-29 03:00 +02:00");
	assert_string_equal(zone_format(load(a, "America/St_Johns"), at("1999-12-31T23:59:00Z"), buf),
			    "1999-12-31 20:29 -03:30");
	assert_string_equal(zone_format(load(a, "UTC"), at("2000-01-01T00:00:00Z"), buf), "2000-01-01 00:00 +00:00");
}

static void bad_names(void **state)
{
	static const char *const names[] = {
		"", "Mars/Olympus", "../../../etc/passwd", "/etc/passwd", "Europe", "Europe/", "Europe//Berlin",
		"Europe/Berlin\n", "CET-1CEST", "zone1970.tab", "tzdata.zi", "Europe/../Europe/Berlin", "+08:00",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct diag d = DIAG_INIT;
		const struct zone *z = NULL;

		if (zone_load(a, names[i], &z, &d))
			fail_msg("accepted: %s", names[i]);
		assert_null(z);
		assert_int_equal(d.cls, DIAG_CONFIG);
		assert_true(d.message[0] && d.hint[0]);
	}
}

/* right/ counts leap seconds: its instants are not ours. */
static void leap_seconds(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct diag d = DIAG_INIT;
	const struct zone *z;

	(void)state;
	assert_false(zone_load(a, "right/Europe/Berlin", &z, &d));
	assert_non_null(strstr(d.message, "leap seconds"));
}

/* ---- POSIX rules: RFC 8536 appendix and the shapes found in the database ---- */

static const struct {
	const char *tz;
	bool libc;	/* the C library reads it the same way */
} posix[] = {
	{ "CET-1CEST,M3.5.0,M10.5.0/3", true },
	{ "EST5EDT,M3.2.0,M11.1.0", true },
	{ "AEST-10AEDT,M10.1.0,M4.1.0/3", true },
	{ "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true },
	{ "<-03>3", true },
	{ "IST-2IDT,M3.4.4/26,M10.5.0", true },
	{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true },
	{ "IST-1GMT0,M10.5.0,M3.5.0/1", true },
	{ "AAA3BBB,J60/0,J300/0", true },
	{ "AAA3BBB,59/0,299/1:30:15", true },
};

static void posix_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(posix); i++) {
		struct zone z = { .name = posix[i].tz, .offset = (int64_t[]){ 0 }, .has_posix = true };

		if (!tz_posix_parse(posix[i].tz, &z.posix))
			fail_msg("refused: %s", posix[i].tz);
		use_tz(posix[i].tz);
		for (int64_t t = at("1999-12-25T00:00:00Z"); t < at("2009-01-10T00:00:00Z"); t += 5417 * USECS_PER_SEC)
			compare_at(&z, t);
	}
}

/* RFC 8536, 3.3.1: daylight saving all year long. */
static void summer_all_year(void **state)
{
	struct zone z = { .name = "EDT", .offset = (int64_t[]){ 0 }, .has_posix = true };

	(void)state;
	assert_true(tz_posix_parse("XXX3EDT4,0/0,J365/23", &z.posix));
	for (int64_t t = at("2023-12-30T00:00:00Z"); t < at("2026-01-05T00:00:00Z"); t += 600 * USECS_PER_SEC)
		assert_int_equal(zone_span_at(&z, t).offset, -4 * 3600 * USECS_PER_SEC);
}

static void posix_refused(void **state)
{
	static const char *const bad[] = {
		"", "C1", "CET", "CET-", "CET-25", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M0.5.0,M10.5.0",
		"CET-1CEST,J0,J100", "CET-1CEST,366,100", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1:60", "<CET-1",
		"CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1CEST,M3.5.0;M10.5.0", "CET-1CEST,M3,M10.5.0",
	};
	struct tz_posix p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (tz_posix_parse(bad[i], &p))
			fail_msg("accepted: %s", bad[i]);
}

/* ---- malformed files ---- */

static size_t berlin(unsigned char *buf, size_t size)
{
	FILE *f = fopen(ZONE_DIR "/Europe/Berlin", "rb");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, size, f);
	fclose(f);
	assert_true(n > 100 && n < size);
	return n;
}

static bool parses(const void *bytes, size_t n)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	/* malloc of the exact size: a sanitizer sees the first byte read past it */
	AUTO(auto_free) unsigned char *copy = xmalloc(n);
	struct diag d = DIAG_INIT;
	const struct zone *z = NULL;
	bool ok;

	memcpy(copy, bytes, n);
	ok = zone_parse(a, "X", copy, n, &z, &d);
	assert_int_equal(ok, z != NULL);
	assert_int_equal(ok, d.message[0] == '\0');
	if (ok)
		for (int64_t t = -4000; t < 4000; t += 97)
			(void)zone_instant(z, t * 30 * USECS_PER_DAY, NULL);
	return ok;
}

static void malformed_files(void **state)
{
	unsigned char buf[8192], hurt[8193];
	size_t n = berlin(buf, sizeof(buf));

	(void)state;
	assert_true(parses(buf, n));
	for (size_t len = 0; len < n; len++)
		assert_false(parses(buf, len));
	memcpy(hurt, buf, n);
	hurt[n] = '\n';
	assert_false(parses(hurt, n + 1));
	hurt[0] = 'X';
	assert_false(parses(hurt, n));
	hurt[0] = 'T';
	hurt[4] = 0;	/* version 1 */
	assert_false(parses(hurt, n));
	for (int i = 0; i < 3000; i++) {
		memcpy(hurt, buf, n);
		for (int k = 0; k < 1 + (int)rnd(3); k++)
			hurt[rnd((int64_t)n)] = (unsigned char)rnd(256);
		(void)parses(hurt, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_zone), cmocka_unit_test(wall_vectors), cmocka_unit_test(missing_day),
		cmocka_unit_test(formats), cmocka_unit_test(bad_names), cmocka_unit_test(leap_seconds),
		cmocka_unit_test(posix_rules),
		cmocka_unit_test(summer_all_year), cmocka_unit_test(posix_refused), cmocka_unit_test(malformed_files),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
