#include "model/deadline.h"

#include "base/instant.h"

#include <errno.h>
#include <stdio.h>

AUTO_DEFINE(FILE, fclose)

/* ---- days off ---- */

static bool line_bad(struct diag *d, const char *path, int line)
{
	diag_fail(d, DIAG_CONFIG, "this is no day: write 2026-10-01, or 2026-10-10 work");
	diag_where(d, "%s:%d", path, line);
	return false;
}

static bool line_read(char *text, struct holiday *ret, bool *blank)
{
	size_t n = strcspn(text, "#\r\n");
	char *rest;

	text[n] = '\0';
	while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = '\0';
	text += strspn(text, " \t");
	*blank = !*text;
	if (*blank)
		return true;
	n = strcspn(text, " \t");
	rest = text + n + strspn(text + n, " \t");
	ret->work = streq(rest, "work");
	return (ret->work || !*rest) && instant_parse_date(text, n, &ret->day);
}

bool holidays_read(const char *path, struct arena *a, struct holidays *ret, struct diag *d)
{
	AUTO(fclose_auto) FILE *f = NULL;
	AUTO(auto_free) char *text = NULL;
	VEC(struct holiday) days = { NULL, 0, 0 };
	size_t cap = 0;
	int line = 0;

	*ret = (struct holidays){ 0, NULL };
	if (!path)
		return true;
	f = fopen(path, "re");
	if (!f) {
		diag_fail(d, DIAG_CONFIG, "can't read the holidays: %s", strerror(errno));
		diag_where(d, "%s", path);
		return false;
	}
	while (getline(&text, &cap, f) >= 0) {
		struct holiday day;
		bool blank;

		line++;
		if (!line_read(text, &day, &blank))
			return line_bad(d, path, line);
		if (!blank)
			vec_push(a, &days, day);
	}
	*ret = (struct holidays){ days.n, days.v };
	return true;
}

bool holidays_is_working(const struct holidays *h, int64_t day)
{
	int64_t weekday = ((day % 7) + 7) % 7;		/* 2000-01-01 was a Saturday */

	for (size_t i = 0; i < h->n; i++)
		if (h->days[i].day == day)
			return h->days[i].work;
	return weekday > 1;
}

/* ---- terms ---- */

static int64_t floor_day(int64_t t)
{
	return t >= 0 ? t / USECS_PER_DAY : -((-t + USECS_PER_DAY - 1) / USECS_PER_DAY);
}

static int64_t working_days_after(int64_t day, long n, const struct holidays *h)
{
	while (n > 0)
		n -= holidays_is_working(h, ++day);
	return day;
}

static int last_of_month(int64_t year, int month)
{
	int64_t next = month == 12 ? instant_days_from_civil(year + 1, 1, 1) : instant_days_from_civil(year, month + 1, 1);

	return (int)(next - instant_days_from_civil(year, month, 1));
}

static int64_t months_after(int64_t day, int months)
{
	int64_t year, all;
	int month, dom, last;

	instant_civil_from_days(day, &year, &month, &dom);
	all = year * 12 + month - 1 + months;
	year = all / 12;
	month = (int)(all % 12) + 1;
	last = last_of_month(year, month);
	return instant_days_from_civil(year, month, dom < last ? dom : last);
}

bool deadline_after(const char *term, int64_t from, const struct holidays *h, int64_t *ret)
{
	int64_t day = floor_day(from), time = from - day * USECS_PER_DAY;
	char *end;
	long n = strtol(term, &end, 10);
	struct period p;
	const char *why;

	if (strstr(end, "working day") || strstr(end, "business day")) {
		if (n < 1 || n > 3660)
			return false;
		*ret = working_days_after(day, n, h) * USECS_PER_DAY + time;
		return true;
	}
	if (!period_parse(term, &p, &why))
		return false;
	*ret = (months_after(day, p.months) + p.days) * USECS_PER_DAY + time + p.usecs;
	return true;
}

static bool term(const char *text, int64_t from, const struct holidays *h, bool *has, int64_t *ret)
{
	*has = text != NULL;
	return !text || deadline_after(text, from, h, ret);
}

bool deadlines_of(const struct jurisdiction *j, int64_t received, struct arena *a, struct deadlines *ret,
		  struct diag *d)
{
	struct deadlines l = { 0 };
	struct holidays h;
	bool has;

	if (!holidays_read(j->holidays, a, &h, d))
		return false;
	if (!term(j->acknowledge, received, &h, &l.has_acknowledge, &l.acknowledge) ||
	    !term(j->respond, received, &h, &has, &l.respond) || !has ||
	    !term(j->limit, received, &h, &l.has_limit, &l.limit) ||
	    !term(j->extension, l.respond, &h, &l.has_extension, &l.extended)) {
		diag_fail(d, DIAG_CONFIG, "jurisdiction %s: its terms lead nowhere", j->name);
		diag_where(d, "%s:%d", j->loc.file, j->loc.line);
		return false;
	}
	if (l.has_limit && l.respond > l.limit)
		l.respond = l.limit;
	if (l.has_limit && l.has_extension && l.extended > l.limit)
		l.extended = l.limit;
	*ret = l;
	return true;
}
