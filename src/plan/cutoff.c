#include "plan/cutoff.h"

#include "base/instant.h"
#include "pg/sqltext.h"

#include <errno.h>
#include <stdlib.h>

/* 2000-01-01 as seen from 1970-01-01. */
#define EPOCH_SECONDS INT64_C(946684800)

static bool refused(const struct cutoff_request *r, struct diag *d)
{
	char period[PERIOD_TEXT];

	if (streq(d->sqlstate, "22008")) {
		diag_fail(d, DIAG_CONFIG, "the period '%s' reaches beyond the dates that the server knows",
			  r->kind == CUTOFF_PERIOD ? period_format(r->period, period) : "100 years");
		diag_hint(d, "give a shorter period");
	} else if (streq(d->sqlstate, "22023")) {
		diag_fail(d, DIAG_CONFIG, "the server does not know the time zone '%s'%s%s%s", r->zone,
			  r->stored_zone ? " or '" : "", r->stored_zone ? r->stored_zone : "",
			  r->stored_zone ? "'" : "");
		diag_hint(d, "see the view pg_timezone_names on the server");
	} else if (streq(d->sqlstate, "22007")) {
		diag_fail(d, DIAG_CONFIG, "plausible_from = '%s' is not a date", r->date ? r->date : "");
		diag_hint(d, "write it as YYYY-MM-DD");
	}
	return false;
}

static bool ask(struct conn *c, const char *as_of, const struct cutoff_request *r, PGresult **ret,
		struct diag *d)
{
	static const char *const words[] = { "period", "until", "now", "plausible", "far" };
	const struct period *period = r->kind == CUTOFF_PERIOD ? r->period : NULL;
	char interval[PERIOD_TEXT];

	BUG_ON(r->kind == CUTOFF_PERIOD && !period);
	return conn_query_text(c, sqltext_get("query/cutoff"), ret, d, words[r->kind], as_of,
			       period ? period_interval(period, interval) : NULL,
			       period && period_is_exact(period) ? "true" : "false", r->zone, r->stored_zone ? r->stored_zone : r->zone,
			       r->date ? r->date : PLAUSIBLE_FROM) || refused(r, d);
}

typedef bool parse_fn(const char *s, size_t n, int64_t *ret);

static bool take_bound(const PGresult *res, int column, parse_fn *parse, struct arena *a,
		       struct pred_bound *ret, struct diag *d)
{
	const char *text = res_text(res, 0, column);

	ret->text = arena_strdup(a, text);
	if (parse(text, strlen(text), &ret->raw))
		return true;
	return diag_fail(d, DIAG_INTERNAL, "the server's answer to query/cutoff has no value in column %d",
			 column + 1);
}

static void set_integer(struct arena *a, struct pred_bound *b, int64_t value)
{
	b->raw = value;
	b->text = arena_printf(a, "%lld", (long long)value);
}

/* The smallest integer of a unit (so many microseconds) that is not before the instant. */
static int64_t ceil_unit(int64_t usecs, int64_t unit)
{
	int64_t since_2000 = usecs / unit + (usecs % unit > 0);

	return since_2000 + EPOCH_SECONDS * (USECS_PER_SEC / unit);
}

static void set_integers(struct arena *a, struct cutoff *k)
{
	int64_t year;
	int month, day;

	set_integer(a, &k->s, ceil_unit(k->timestamptz.raw, USECS_PER_SEC));
	set_integer(a, &k->ms, ceil_unit(k->timestamptz.raw, 1000));
	set_integer(a, &k->us, ceil_unit(k->timestamptz.raw, 1));
	instant_civil_from_days(k->date.raw, &year, &month, &day);
	/* No number stands for a day before the year 1: nothing lies below the first that does. */
	set_integer(a, &k->yyyymmdd, year < 1 ? 10101 : year * 10000 + month * 100 + day);
}

bool cutoff_compute(struct conn *c, const char *as_of, struct arena *a, const struct cutoff_request *r,
		    struct cutoff *ret, struct diag *d)
{
	struct pred_bound display;
	AUTO_RESULT *res = NULL;
	struct cutoff k;

	if (!ask(c, as_of, r, &res, d))
		return false;
	BUG_ON(PQntuples(res) != 1);
	if (!take_bound(res, 0, instant_parse_timestamptz, a, &k.timestamptz, d) ||
	    !take_bound(res, 1, instant_parse_timestamp, a, &k.timestamp, d) ||
	    !take_bound(res, 2, instant_parse_date, a, &k.date, d) ||
	    !take_bound(res, 3, instant_parse_timestamptz, a, &display, d))
		return false;
	k.display = display.raw;
	set_integers(a, &k);
	*ret = k;
	return true;
}

const struct pred_bound *cutoff_bound(const struct cutoff *k, enum pred_type type, enum clock_unit unit)
{
	switch (type) {
	case PRED_TIMESTAMPTZ:
		return &k->timestamptz;
	case PRED_TIMESTAMP:
		return &k->timestamp;
	case PRED_DATE:
		return &k->date;
	case PRED_INT_YYYYMMDD:
		return &k->yyyymmdd;
	case PRED_INT:
		BUG_ON(unit != UNIT_S && unit != UNIT_MS && unit != UNIT_US);
		return unit == UNIT_S ? &k->s : unit == UNIT_MS ? &k->ms : &k->us;
	}
	bug(__FILE__, __LINE__, "type of a clock column");
}

/* ---- end(start, period) ---- */

#define START_TEXT 64

/* One of the three parameters of query/end; the others stay NULL. */
struct start_params {
	const char *instant, *local, *day;
	char buf[START_TEXT];
};

static bool bad_start(struct diag *d)
{
	return diag_fail(d, DIAG_STEP, "a start can't be read as an instant");
}

static bool start_of_number(int64_t n, int64_t unit, struct start_params *ret)
{
	int64_t usecs;

	if (__builtin_sub_overflow(n, EPOCH_SECONDS * (USECS_PER_SEC / unit), &n) ||
	    __builtin_mul_overflow(n, unit, &usecs))
		return false;
	ret->instant = instant_format(usecs, ret->buf);
	return true;
}

static bool start_of_day_number(int64_t n, struct start_params *ret)
{
	int64_t year = n / 10000;
	int month = (int)(n / 100 % 100), day = (int)(n % 100);
	int last;

	if (n < 10101 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	last = (int)(instant_days_from_civil(year + month / 12, month % 12 + 1, 1) -
		     instant_days_from_civil(year, month, 1));
	snprintf(ret->buf, sizeof(ret->buf), "%04d-%02d-%02d", (int)year, month, day < last ? day : last);
	ret->day = ret->buf;
	return true;
}

static bool start_of_integer(const struct cutoff_start *s, struct start_params *ret)
{
	int64_t unit = s->unit == UNIT_S ? USECS_PER_SEC : s->unit == UNIT_MS ? 1000 : 1;
	long long n;
	char *end;

	errno = 0;
	n = strtoll(s->text, &end, 10);
	if (errno || end == s->text || *end)
		return false;
	return s->type == PRED_INT_YYYYMMDD ? start_of_day_number(n, ret) : start_of_number(n, unit, ret);
}

static bool start_params(const struct cutoff_start *s, struct start_params *ret)
{
	switch (s->type) {
	case PRED_TIMESTAMPTZ:
		ret->instant = s->text;
		return true;
	case PRED_TIMESTAMP:
		ret->local = s->text;
		return true;
	case PRED_DATE:
		ret->day = s->text;
		return true;
	case PRED_INT:
	case PRED_INT_YYYYMMDD:
		return start_of_integer(s, ret);
	}
	bug(__FILE__, __LINE__, "type of a clock column");
}

static bool ask_end(struct conn *c, const struct cutoff_start *start, const char *interval, bool exact,
		    const char *zone, const char *stored_zone, int64_t *ret_start, int64_t *ret_end, struct diag *d)
{
	struct start_params p = { 0 };
	const char *ending, *begun;
	AUTO_RESULT *res = NULL;
	int64_t first, last;

	if (!start_params(start, &p))
		return bad_start(d);
	if (!conn_query_text(c, sqltext_get("query/end"), &res, d, p.instant, p.local, p.day, interval,
			     exact ? "true" : "false", zone, stored_zone ? stored_zone : zone))
		return false;
	ending = res_text(res, 0, 0);
	begun = res_text(res, 0, 1);
	if (!instant_parse_timestamptz(ending, strlen(ending), &last) ||
	    !instant_parse_timestamptz(begun, strlen(begun), &first))
		return bad_start(d);
	*ret_start = first;
	*ret_end = last;
	return true;
}

bool cutoff_end(struct conn *c, const struct cutoff_start *start, const struct period *period,
		const char *zone, const char *stored_zone, int64_t *ret_start, int64_t *ret_end, struct diag *d)
{
	char interval[PERIOD_TEXT];

	return ask_end(c, start, period_interval(period, interval), period_is_exact(period), zone, stored_zone,
		       ret_start, ret_end, d);
}

bool cutoff_until(struct conn *c, const struct cutoff_start *until, const char *zone, const char *stored_zone,
		  int64_t *ret_end, struct diag *d)
{
	int64_t begun;

	/* nothing, exactly: a date holds until the end of its local day */
	return ask_end(c, until, "0", true, zone, stored_zone, &begun, ret_end, d);
}
