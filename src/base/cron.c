#include "base/cron.h"

#include "base/instant.h"

#include <ctype.h>
#include <strings.h>

enum { FIELD_MINUTE, FIELD_HOUR, FIELD_DAY, FIELD_MONTH, FIELD_WEEKDAY, NFIELDS };
#define FIELD_MAX 256			/* bytes of one field */

static const char *const month_names[] = {
	"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", NULL,
};
static const char *const weekday_names[] = { "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL };

static const struct field {
	const char *name;
	int min, max;
	const char *const *names;	/* names[0] is `min` */
	const char *allowed;
} fields[NFIELDS] = {
	[FIELD_MINUTE] = { "minute", 0, 59, NULL, "0-59" },
	[FIELD_HOUR] = { "hour", 0, 23, NULL, "0-23" },
	[FIELD_DAY] = { "day of month", 1, 31, NULL, "1-31" },
	[FIELD_MONTH] = { "month", 1, 12, month_names, "1-12 or JAN-DEC" },
	[FIELD_WEEKDAY] = { "day of week", 0, 7, weekday_names, "0-7 (0 and 7 are Sunday) or SUN-SAT" },
};

static const struct {
	const char *name, *fields;
} shorthands[] = {
	{ "@hourly", "0 * * * *" },	{ "@daily", "0 0 * * *" },	{ "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },	{ "@monthly", "0 0 1 * *" },	{ "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

/* 29: every month but February has more in some year, and February has it in leap years. */
static const int month_days[13] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

/* What is being read, for the sentences. */
struct reader {
	const struct field *f;
	struct diag *d;
};

static bool field_fail(const struct reader *r, const char *part, const char *why)
{
	return diag_fail(r->d, DIAG_CONFIG, "%s \"%.40s\" %s; allowed is %s", r->f->name, part, why, r->f->allowed);
}

/* Digits only, up to three: nothing larger is in any range. */
static bool parse_digits(const char *s, size_t n, int *ret)
{
	int v = 0;

	if (n == 0 || n > 3)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*ret = v;
	return true;
}

static bool parse_value(const struct reader *r, const char *part, const char *s, size_t n, int *ret)
{
	int v;

	for (int i = 0; r->f->names && r->f->names[i]; i++) {
		if (n == 3 && strncasecmp(s, r->f->names[i], 3) == 0) {
			*ret = r->f->min + i;
			return true;
		}
	}
	if (n > 0 && strspn(s, "0123456789") >= n) {
		if (parse_digits(s, n, &v) && v >= r->f->min && v <= r->f->max) {
			*ret = v;
			return true;
		}
		return field_fail(r, part, "is out of range");
	}
	return field_fail(r, part, r->f->names ? "is neither a number nor a name" : "is not a number");
}

/* `a`, `a-b` or `*`; *range = it was more than one value, so that a step makes sense. */
static bool parse_range(const struct reader *r, const char *part, size_t n, int *from, int *to, bool *range)
{
	const char *dash = memchr(part, '-', n);

	*from = r->f->min;
	*to = r->f->max;
	*range = true;
	if (n == 1 && part[0] == '*')
		return true;
	*range = dash != NULL;
	if (!parse_value(r, part, part, dash ? (size_t)(dash - part) : n, from))
		return false;
	*to = *from;
	if (!dash)
		return true;
	if (!parse_value(r, part, dash + 1, n - (size_t)(dash + 1 - part), to))
		return false;
	if (r->f == &fields[FIELD_WEEKDAY] && *to == 0 && *from > 0)
		*to = 7;	/* FRI-SUN */
	return *from <= *to || field_fail(r, part, "runs backwards");
}

static bool parse_part(const struct reader *r, const char *part, uint64_t *bits)
{
	const char *slash = strchr(part, '/');
	int from, to, step = 1;
	bool range;

	if (!*part)
		return field_fail(r, part, "is empty");
	if (!parse_range(r, part, slash ? (size_t)(slash - part) : strlen(part), &from, &to, &range))
		return false;
	if (slash && !range)
		return field_fail(r, part, "has a step without a range");
	if (slash && (!parse_digits(slash + 1, strlen(slash + 1), &step) || step < 1 || step > r->f->max))
		return field_fail(r, part, "has an impossible step");
	for (int v = from; v <= to; v += step)
		*bits |= UINT64_C(1) << v;
	return true;
}

/* Cuts s at its commas. */
static bool parse_field(const struct reader *r, char *s, uint64_t *bits)
{
	char *part;

	*bits = 0;
	while ((part = strsep(&s, ",")))
		if (!parse_part(r, part, bits))
			return false;
	return true;
}

static bool fires(const struct cron *c)
{
	if (!c->any_day && !c->any_weekday)
		return true;
	for (int m = 1; m <= 12; m++)
		if ((c->months >> m & 1) && (c->days & ((UINT64_C(2) << month_days[m]) - 2)))
			return true;
	return false;
}

/* Cuts the text into its five fields. */
static bool split(const char *text, char buf[NFIELDS][FIELD_MAX], struct diag *d)
{
	const char *s = text + strspn(text, " \t");
	size_t n = 0;

	for (; *s; n++) {
		size_t len = strcspn(s, " \t");

		if (len >= FIELD_MAX)
			return diag_fail(d, DIAG_CONFIG, "a field of %zu bytes is too long", len);
		if (n < NFIELDS)
			snprintf(buf[n], FIELD_MAX, "%.*s", (int)len, s);
		s += len;
		s += strspn(s, " \t");
	}
	if (n == NFIELDS)
		return true;
	diag_fail(d, DIAG_CONFIG, "it has %zu field%s; five are needed", n, n == 1 ? "" : "s");
	diag_hint(d, "minute hour day-of-month month day-of-week, such as \"30 1 * * *\", or @daily");
	return false;
}

static const char *expand(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(shorthands); i++)
		if (strcasecmp(text, shorthands[i].name) == 0)
			return shorthands[i].fields;
	return text;
}

bool cron_parse(const char *text, struct cron *ret, struct diag *d)
{
	struct reader r = { .d = d };
	char buf[NFIELDS][FIELD_MAX];
	uint64_t bits[NFIELDS];
	struct cron c;

	if (!split(expand(text), buf, d))
		return false;
	for (size_t i = 0; i < NFIELDS; i++) {
		r.f = &fields[i];
		if (!parse_field(&r, buf[i], &bits[i]))
			return false;
	}
	c = (struct cron){
		.minutes = bits[FIELD_MINUTE], .hours = (uint32_t)bits[FIELD_HOUR],
		.days = (uint32_t)bits[FIELD_DAY], .months = (uint32_t)bits[FIELD_MONTH],
		.weekdays = (uint8_t)((bits[FIELD_WEEKDAY] | bits[FIELD_WEEKDAY] >> 7) & 0x7f),
		.any_day = buf[FIELD_DAY][0] == '*', .any_weekday = buf[FIELD_WEEKDAY][0] == '*',
	};
	if (!fires(&c))
		return diag_fail(d, DIAG_CONFIG, "it never fires: its months have no such day");
	*ret = c;
	return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool day_matches(const struct cron *c, int64_t day)
{
	int64_t year;
	int month, dom;
	bool by_dom, by_dow;

	instant_civil_from_days(day, &year, &month, &dom);
	if (!(c->months >> month & 1))
		return false;
	by_dom = c->days >> dom & 1;
	by_dow = c->weekdays >> ((day % 7 + 7 + 6) % 7) & 1;	/* 2000-01-01 was a Saturday */
	return c->any_day || c->any_weekday ? by_dom && by_dow : by_dom || by_dow;
}

bool cron_match(const struct cron *c, int64_t minute)
{
	int64_t day = floor_div(minute, CRON_MINUTES_PER_DAY);
	int of_day = (int)(minute - day * CRON_MINUTES_PER_DAY);

	return (c->hours >> (of_day / 60) & 1) && (c->minutes >> (of_day % 60) & 1) && day_matches(c, day);
}

/* First matching minute of a day at or after `from`; -1: none. */
static int next_of_day(const struct cron *c, int from)
{
	for (int hour = from / 60; hour < 24; hour++) {
		uint64_t left = c->minutes;

		if (hour == from / 60)
			left &= ~UINT64_C(0) << (from % 60);
		if ((c->hours >> hour & 1) && left)
			return hour * 60 + __builtin_ctzll(left);
	}
	return -1;
}

bool cron_next_local(const struct cron *c, int64_t after, int64_t *ret)
{
	int64_t last = instant_days_from_civil(10000, 1, 1);
	int64_t day = floor_div(after + 1, CRON_MINUTES_PER_DAY);
	int from = (int)(after + 1 - day * CRON_MINUTES_PER_DAY);

	for (; day < last; day++, from = 0) {
		int minute = day_matches(c, day) ? next_of_day(c, from) : -1;

		if (minute >= 0) {
			*ret = day * CRON_MINUTES_PER_DAY + minute;
			return true;
		}
	}
	return false;
}

bool cron_every_hour(const struct cron *c)
{
	return c->hours == 0xffffff;
}
