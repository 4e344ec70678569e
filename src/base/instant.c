#include "base/instant.h"

#include <stdio.h>
#include <time.h>

/* The first instants outside PostgreSQL's own ranges (datatype/timestamp.h): text beyond them was
 * not printed by a server. */
#define TIMESTAMP_FIRST (INT64_C(-211813488000000000))	/* 4714-11-24 BC 00:00 */
#define TIMESTAMP_END INT64_C(9223371331200000000)	/* 294277-01-01 00:00 */
#define DATE_FIRST (INT64_C(-2451545))			/* 4714-11-24 BC */
#define DATE_END INT64_C(2145031949)			/* 5874898-01-01 */

#define DAYS_1970_TO_2000 10957

/* What is left to read. Every take_ function advances it only on success. */
struct cursor {
	const char *p, *end;
};

static int take_digits(struct cursor *c, int least, int most, int64_t *ret)
{
	int64_t value = 0;
	int n = 0;

	while (n < most && c->p + n < c->end && c->p[n] >= '0' && c->p[n] <= '9')
		value = value * 10 + (c->p[n++] - '0');
	if (n < least)
		return 0;
	c->p += n;
	*ret = value;
	return n;
}

static bool take_char(struct cursor *c, const char *any)
{
	if (c->p == c->end)
		return false;
	while (*any && *any != *c->p)
		any++;
	c->p += *any != '\0';
	return *any;
}

static bool take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
		return false;
	c->p += n;
	return true;
}

static bool at_end(const struct cursor *c)
{
	return c->p == c->end;
}

int64_t instant_days_from_civil(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 - DAYS_1970_TO_2000;
}

void instant_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + DAYS_1970_TO_2000 + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

static int days_in_month(int64_t year, int64_t month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

struct civil {
	int64_t year, month, day;
};

/* YYYY-MM-DD. More digits than four only without a leading zero, as PostgreSQL prints them. */
static bool take_date(struct cursor *c, int most_digits, struct civil *ret)
{
	const char *first = c->p;
	int n = take_digits(c, 4, most_digits, &ret->year);

	if (!n || (n > 4 && *first == '0') || ret->year == 0)
		return false;
	return take_char(c, "-") && take_digits(c, 2, 2, &ret->month) && take_char(c, "-") &&
	       take_digits(c, 2, 2, &ret->day);
}

/* Days since 2000-01-01 once the era is known: " BC" comes last. */
static bool civil_days(const struct civil *d, bool bc, int64_t *ret)
{
	int64_t year = bc ? 1 - d->year : d->year;

	if (d->month < 1 || d->month > 12 || d->day < 1 || d->day > days_in_month(year, d->month))
		return false;
	*ret = instant_days_from_civil(year, (int)d->month, (int)d->day);
	return true;
}

/* Microseconds of ".5", ".123456"; digits past the sixth (of at most `most`) are cut off. */
static bool take_fraction(struct cursor *c, int most, int64_t *ret)
{
	int64_t value;
	int n;

	*ret = 0;
	if (!take_char(c, "."))
		return true;
	n = take_digits(c, 1, most, &value);
	if (!n)
		return false;
	for (; n < 6; n++)
		value *= 10;
	for (; n > 6; n--)
		value /= 10;
	*ret = value;
	return true;
}

/* HH:MM:SS[.ffffff] */
static bool take_time(struct cursor *c, int fraction_digits, int64_t *ret)
{
	int64_t h, m, s, us;

	if (!take_digits(c, 2, 2, &h) || !take_char(c, ":") || !take_digits(c, 2, 2, &m) ||
	    !take_char(c, ":") || !take_digits(c, 2, 2, &s) || !take_fraction(c, fraction_digits, &us))
		return false;
	if (h > 23 || m > 59 || s > 59)
		return false;
	*ret = ((h * 60 + m) * 60 + s) * USECS_PER_SEC + us;
	return true;
}

/* +HH, +HH:MM, +HH:MM:SS: seconds east of Greenwich. */
static bool take_offset(struct cursor *c, int64_t *ret)
{
	int64_t h, m = 0, s = 0;
	bool west;

	if (at_end(c))
		return false;
	west = *c->p == '-';
	if (!take_char(c, "+-") || !take_digits(c, 2, 2, &h))
		return false;
	if (take_char(c, ":")) {
		if (!take_digits(c, 2, 2, &m))
			return false;
		if (take_char(c, ":") && !take_digits(c, 2, 2, &s))
			return false;
	}
	if (h > 15 || m > 59 || s > 59)		/* PostgreSQL's MAX_TZDISP_HOUR */
		return false;
	*ret = (west ? -1 : 1) * ((h * 60 + m) * 60 + s);
	return true;
}

static bool parse_infinity(const char *s, size_t n, int64_t *ret)
{
	struct cursor c = { s, s + n };
	bool minus = take_char(&c, "-");

	if (!take_word(&c, "infinity") || !at_end(&c))
		return false;
	*ret = minus ? INSTANT_MINUS_INFINITY : INSTANT_INFINITY;
	return true;
}

static bool parse_datetime(const char *s, size_t n, bool zoned, int64_t *ret)
{
	struct cursor c = { s, s + n };
	int64_t days, time, offset = 0, value;
	struct civil date;
	bool bc;

	if (parse_infinity(s, n, ret))
		return true;
	if (!take_date(&c, 6, &date) || !take_char(&c, " ") || !take_time(&c, 6, &time))
		return false;
	if (zoned && !take_offset(&c, &offset))
		return false;
	bc = take_word(&c, " BC");
	if (!at_end(&c) || !civil_days(&date, bc, &days))
		return false;
	/* Six digits of year overflow int64; the range of days is tested before the product. */
	if (days < DATE_FIRST - 1 || days > TIMESTAMP_END / USECS_PER_DAY)
		return false;
	value = days * USECS_PER_DAY + (time - offset * USECS_PER_SEC);
	if (value < TIMESTAMP_FIRST || value >= TIMESTAMP_END)
		return false;
	*ret = value;
	return true;
}

bool instant_parse_timestamptz(const char *s, size_t n, int64_t *ret)
{
	return parse_datetime(s, n, true, ret);
}

bool instant_parse_timestamp(const char *s, size_t n, int64_t *ret)
{
	return parse_datetime(s, n, false, ret);
}

bool instant_parse_date(const char *s, size_t n, int64_t *ret)
{
	struct cursor c = { s, s + n };
	struct civil date;
	int64_t days;
	bool bc;

	if (parse_infinity(s, n, ret))
		return true;
	if (!take_date(&c, 7, &date))
		return false;
	bc = take_word(&c, " BC");
	if (!at_end(&c) || !civil_days(&date, bc, &days) || days < DATE_FIRST || days >= DATE_END)
		return false;
	*ret = days;
	return true;
}

bool instant_parse_rfc3339(const char *s, int64_t *ret)
{
	struct cursor c = { s, s + strlen(s) };
	int64_t days, time = 0, offset = 0;
	struct civil date;

	if (!take_date(&c, 4, &date) || !civil_days(&date, false, &days))
		return false;
	if (!at_end(&c)) {
		/* Digits below the microsecond are dropped: the instant can only become earlier. */
		if (!take_char(&c, "Tt ") || !take_time(&c, 9, &time))
			return false;
		if (!take_char(&c, "Zz") && !take_offset(&c, &offset))
			return false;
		if (!at_end(&c))
			return false;
	}
	*ret = days * USECS_PER_DAY + time - offset * USECS_PER_SEC;
	return true;
}

static int format_fraction(int64_t us, char *buf, size_t size)
{
	int digits = 6;

	if (us == 0)
		return 0;
	for (; us % 10 == 0; us /= 10)
		digits--;
	return snprintf(buf, size, ".%0*lld", digits, (long long)us);
}

const char *instant_format(int64_t usecs, char *buf)
{
	int64_t days, rest, secs, year;
	int month, day, n;
	bool bc;

	if (usecs == INSTANT_INFINITY || usecs == INSTANT_MINUS_INFINITY) {
		snprintf(buf, INSTANT_TEXT, "%s", usecs > 0 ? "infinity" : "-infinity");
		return buf;
	}
	days = usecs / USECS_PER_DAY - (usecs % USECS_PER_DAY < 0);
	rest = usecs % USECS_PER_DAY + (usecs % USECS_PER_DAY < 0 ? USECS_PER_DAY : 0);
	secs = rest / USECS_PER_SEC;
	instant_civil_from_days(days, &year, &month, &day);
	bc = year < 1;
	n = snprintf(buf, INSTANT_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)(bc ? 1 - year : year),
		     month, day, (int)(secs / 3600), (int)(secs / 60 % 60), (int)(secs % 60));
	n += format_fraction(rest % USECS_PER_SEC, buf + n, INSTANT_TEXT - (size_t)n);
	snprintf(buf + n, INSTANT_TEXT - (size_t)n, "Z%s", bc ? " BC" : "");
	return buf;
}

int64_t instant_host_now(void)
{
	struct timespec ts;

	BUG_ON(clock_gettime(CLOCK_REALTIME, &ts) != 0);
	return ((int64_t)ts.tv_sec - (int64_t)DAYS_1970_TO_2000 * 86400) * USECS_PER_SEC + ts.tv_nsec / 1000;
}

double clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}
