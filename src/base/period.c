#include "base/period.h"

#include <ctype.h>
#include <inttypes.h>

/* A number no bigger than any bound below; leaves *s behind it. More digits than that stay "too
 * big". */
#define NUMBER_MAX INT64_C(1000000000000000)

static bool number_read(const char **s, int64_t *ret)
{
	const char *p = *s;
	int64_t n = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		n = n < NUMBER_MAX ? n * 10 + (*p - '0') : NUMBER_MAX;
	*s = p;
	*ret = n;
	return true;
}

static size_t word_length(const char *s)
{
	size_t n = 0;

	while (isalpha((unsigned char)s[n]))
		n++;
	return n;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

enum { KIND_CALENDAR, KIND_EXACT };

struct period_unit {
	const char *name;	/* singular; the plural has an s */
	int kind;
	int64_t months, days, usecs, most;
};

/* `most` bounds one number so that no sum below can overflow; the sum itself is bounded after. */
static const struct period_unit period_units[] = {
	{ "year",	KIND_CALENDAR,	12, 0, 0,		1000 },
	{ "month",	KIND_CALENDAR,	1, 0, 0,		12000 },
	{ "week",	KIND_CALENDAR,	0, 7, 0,		52179 },
	{ "day",	KIND_CALENDAR,	0, 1, 0,		365250 },
	{ "hour",	KIND_EXACT,	0, 0, 3600000000,	8766000 },
	{ "minute",	KIND_EXACT,	0, 0, 60000000,		525960000 },
};

static const struct period_unit *unit_find(const char *word, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(period_units); i++) {
		size_t len = strlen(period_units[i].name);

		if ((n == len || (n == len + 1 && word[len] == 's')) &&
		    strncmp(word, period_units[i].name, len) == 0)
			return &period_units[i];
	}
	return NULL;
}

/* 1000 years in ten-thousandths of a day: a month is 30.4375 days here, and only here. */
static bool too_long(int64_t months, int64_t days, int64_t usecs)
{
	return months * 304375 + days * 10000 > INT64_C(3652500000) ||
	       usecs > INT64_C(365250) * 86400 * 1000000;
}

#define WHY_LONG "longer than 1000 years"

/* One "number unit"; *s is moved behind it. Returns what is wrong, or NULL. */
static const char *part_read(const char **s, const struct period_unit **unit, int64_t *number)
{
	const char *p = *s;
	size_t n;

	if (*p == '-' || *p == '+')
		return "a period has no sign";
	if (!number_read(&p, number))
		return "not a number with a unit";
	if (*p == '.' || *p == ',')
		return "the number must be whole";
	p = skip_blanks(p);
	n = word_length(p);
	if (!n)
		return "a number without a unit";
	*unit = unit_find(p, n);
	if (!*unit)
		return "the unit is unknown";
	if (!*number)
		return "zero is no period";
	if (*number > (*unit)->most)
		return WHY_LONG;
	*s = skip_blanks(p + n);
	return NULL;
}

bool period_parse(const char *text, struct period *ret, const char **why)
{
	const char *s = skip_blanks(text);
	int64_t months = 0, days = 0, usecs = 0;
	unsigned seen = 0, kinds = 0;

	*why = *s ? NULL : "empty";
	while (!*why && *s) {
		const struct period_unit *unit = NULL;
		int64_t number = 0;

		*why = part_read(&s, &unit, &number);
		if (*why)
			break;
		if (seen & (1u << (unit - period_units)))
			*why = "one unit stands twice";
		seen |= 1u << (unit - period_units);
		kinds |= 1u << unit->kind;
		months += number * unit->months;
		days += number * unit->days;
		usecs += number * unit->usecs;
	}
	if (!*why && kinds == (1u << KIND_CALENDAR | 1u << KIND_EXACT))
		*why = "hours and minutes do not mix with days and longer units";
	if (!*why && too_long(months, days, usecs))
		*why = WHY_LONG;
	if (*why)
		return false;
	*ret = (struct period){ (int)months, (int)days, usecs };
	return true;
}

bool period_is_exact(const struct period *p)
{
	return p->usecs != 0;
}

/* Days of the longest and the shortest months and years that there are. */
static int64_t most_days(const struct period *p)
{
	return p->months / 12 * 366 + p->months % 12 * 31 + p->days;
}

static int64_t least_days(const struct period *p)
{
	return p->months / 12 * 365 + p->months % 12 * 28 + p->days;
}

#define DAY_USECS INT64_C(86400000000)
#define SHIFT_USECS (3 * INT64_C(3600000000))	/* more than a clock is put forward or back in any zone */

bool period_lasts(const struct period *p, const struct period *other)
{
	if (period_is_exact(p) && period_is_exact(other))
		return p->usecs >= other->usecs;
	if (period_is_exact(p))		/* the other one may be rounded up by a day */
		return p->usecs >= (most_days(other) + 1) * DAY_USECS + SHIFT_USECS;
	if (period_is_exact(other))
		return least_days(p) * DAY_USECS - SHIFT_USECS >= other->usecs;
	return (p->months >= other->months && p->days >= other->days) || least_days(p) >= most_days(other);
}

const char *period_interval(const struct period *p, char *buf)
{
	snprintf(buf, PERIOD_TEXT, "%d months %d days %" PRId64 " microseconds", p->months, p->days,
		 p->usecs);
	return buf;
}

static void part_add(char *buf, int64_t number, const char *unit)
{
	size_t n = strlen(buf);

	if (number)
		snprintf(buf + n, PERIOD_TEXT - n, "%s%" PRId64 " %s%s", n ? " " : "", number, unit,
			 number == 1 ? "" : "s");
}

const char *period_format(const struct period *p, char *buf)
{
	int64_t minutes = p->usecs / 60000000;

	buf[0] = '\0';
	part_add(buf, p->months / 12, "year");
	part_add(buf, p->months % 12, "month");
	part_add(buf, p->days, "day");
	part_add(buf, minutes / 60, "hour");
	part_add(buf, minutes % 60, "minute");
	return buf;
}

struct scale {
	const char *unit;
	int64_t factor;
};

/* A number and one of the units, nothing else, result within [1, most]. */
static bool scaled_parse(const char *text, const struct scale *scales, int64_t most, int64_t *ret,
			 const char **why)
{
	const char *s = skip_blanks(text);
	int64_t n = 0;

	if (!number_read(&s, &n)) {
		*why = *s ? "not a number with a unit" : "empty";
		return false;
	}
	s = skip_blanks(s);
	while (scales->unit && !streq(scales->unit, s))
		scales++;
	if (!scales->unit)
		*why = *s ? "the unit is unknown" : "a number without a unit";
	else if (!n)
		*why = "zero is not allowed";
	else if (n >= NUMBER_MAX || n > most / scales->factor)
		*why = "too large";
	else
		*why = NULL;
	if (*why)
		return false;
	*ret = n * scales->factor;
	return true;
}

/* At most what a PostgreSQL timeout can be: 2^31 - 1 ms, near 25 days. */
bool duration_parse(const char *text, int64_t *ret_ms, const char **why)
{
	static const struct scale scales[] = {
		{ "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 },
		  { NULL, 0 },
	};

	return scaled_parse(text, scales, INT32_MAX, ret_ms, why);
}

bool size_parse(const char *text, int64_t *ret_bytes, const char **why)
{
	static const struct scale scales[] = {
		{ "B", 1 }, { "kB", 1 << 10 }, { "MB", 1 << 20 }, { "GB", 1 << 30 },
		{ "TB", INT64_C(1) << 40 }, { NULL, 0 },
	};

	return scaled_parse(text, scales, INT64_MAX, ret_bytes, why);
}
