#include "sched/tzif.h"

#include "base/instant.h"

#include <ctype.h>

#define DAY INT64_C(86400)

static bool skip_name(const char **s)
{
	const char *p = *s;
	size_t n;

	if (*p == '<') {
		for (p++; isalnum((unsigned char)*p) || *p == '+' || *p == '-'; p++)
			;
		n = (size_t)(p - *s - 1);
		if (*p++ != '>')
			return false;
	} else {
		for (; isalpha((unsigned char)*p); p++)
			;
		n = (size_t)(p - *s);
	}
	*s = p;
	return n >= 3;
}

static bool read_number(const char **s, int min, int max, int *ret)
{
	int v = 0, digits = 0;

	for (; isdigit((unsigned char)**s) && digits < 4; (*s)++, digits++)
		v = v * 10 + (**s - '0');
	*ret = v;
	return digits > 0 && v >= min && v <= max;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds. */
static bool read_time(const char **s, int max_hours, int64_t *ret)
{
	int sign = **s == '-' ? -1 : 1, h, part[2] = { 0, 0 };

	if (**s == '-' || **s == '+')
		(*s)++;
	if (!read_number(s, 0, max_hours, &h))
		return false;
	for (int i = 0; i < 2 && **s == ':'; i++) {
		(*s)++;
		if (!read_number(s, 0, 59, &part[i]))
			return false;
	}
	*ret = sign * (h * INT64_C(3600) + part[0] * 60 + part[1]);
	return true;
}

static bool read_day(const char **s, struct tz_rule *r)
{
	if (**s == 'J') {
		(*s)++;
		r->kind = TZ_RULE_JULIAN;
		return read_number(s, 1, 365, &r->day);
	}
	if (**s != 'M') {
		r->kind = TZ_RULE_DAY;
		return read_number(s, 0, 365, &r->day);
	}
	(*s)++;
	r->kind = TZ_RULE_MONTH;
	return read_number(s, 1, 12, &r->month) && *(*s)++ == '.' && read_number(s, 1, 5, &r->week) &&
	       *(*s)++ == '.' && read_number(s, 0, 6, &r->day);
}

static bool read_rule(const char **s, struct tz_rule *r)
{
	if (**s != ',')
		return false;
	(*s)++;
	r->time = 2 * 3600;
	if (!read_day(s, r))
		return false;
	if (**s != '/')
		return true;
	(*s)++;
	return read_time(s, 167, &r->time);
}

bool tz_posix_parse(const char *text, struct tz_posix *ret)
{
	struct tz_posix p = { .has_dst = false };
	const char *s = text;

	if (!skip_name(&s) || !read_time(&s, 24, &p.std))
		return false;
	p.std = -p.std;		/* POSIX counts west of Greenwich */
	if (*s) {
		p.has_dst = true;
		p.dst = p.std + 3600;
		if (!skip_name(&s))
			return false;
		if (*s != ',') {
			if (!read_time(&s, 24, &p.dst))
				return false;
			p.dst = -p.dst;
		}
		if (!read_rule(&s, &p.begin) || !read_rule(&s, &p.end))
			return false;
	}
	*ret = p;
	return !*s;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Mm.w.d: the w-th weekday d of the month, w = 5 the last. */
static int64_t month_day(const struct tz_rule *r, int64_t year)
{
	int64_t first = instant_days_from_civil(year, r->month, 1);
	int64_t next = r->month == 12 ? instant_days_from_civil(year + 1, 1, 1)
				      : instant_days_from_civil(year, r->month + 1, 1);
	int64_t weekday = ((first + 6) % 7 + 7) % 7;	/* 2000-01-01 was a Saturday */
	int64_t day = first + (r->day - weekday + 7) % 7 + (r->week - 1) * 7;

	return day >= next ? day - 7 : day;
}

/* Wall-clock second (of the offset before the change) of a rule in a year. */
static int64_t rule_second(const struct tz_rule *r, int64_t year)
{
	int64_t day = instant_days_from_civil(year, 1, 1);

	switch (r->kind) {
	case TZ_RULE_JULIAN:
		day += r->day - 1 + (is_leap(year) && r->day >= 60);
		break;
	case TZ_RULE_DAY:
		day += r->day;
		break;
	case TZ_RULE_MONTH:
		day = month_day(r, year);
		break;
	}
	return day * DAY + r->time;
}

size_t tz_posix_changes(const struct tz_posix *p, int64_t s, struct tz_change ret[TZ_CHANGES])
{
	int64_t days = s / DAY - (s % DAY < 0), year;
	size_t n = 0;
	int month, day;

	if (!p->has_dst)
		return 0;
	instant_civil_from_days(days, &year, &month, &day);
	for (int64_t y = year - 1; y <= year + 1; y++) {
		struct tz_change both[2] = {
			{ rule_second(&p->begin, y) - p->std, p->dst },
			{ rule_second(&p->end, y) - p->dst, p->std },
		};

		/* Stable insertion: summer time that lasts all year ends when the next one begins. */
		for (size_t k = 0; k < 2; k++, n++) {
			size_t at = n;

			for (; at > 0 && ret[at - 1].at > both[k].at; at--)
				ret[at] = ret[at - 1];
			ret[at] = both[k];
		}
	}
	return n;
}
