/* trunc: dates and instants back to the start of their unit, in UTC for timestamptz. */
#include "base/instant.h"
#include "ops/anon_op.h"

enum unit { UNIT_DAY, UNIT_MONTH, UNIT_QUARTER, UNIT_YEAR, UNIT_DECADE };

static const char *const unit_words[] = { "day", "month", "quarter", "year", "decade" };

/* date_trunc() of anything earlier may leave timestamp's range (it starts in 4714 BC); no timestamp is
 * later than 294276, dates are. */
#define FIRST_YEAR (-4700)		/* 4701 BC */
#define LAST_YEAR 294276

struct trunc {
	enum unit unit;
	bool is_date, is_zoned;
};

static bool trunc_accepts(const struct anon_column *col)
{
	static const char *const names[] = { "date", "timestamp", "timestamptz", NULL };

	return anon_base_in(col, names);
}

static bool trunc_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	struct trunc *t = arena_alloc(a, sizeof(*t));
	const char *word = anon_param_text(op, "unit");

	t->is_date = streq(an->col.base, "date");
	t->is_zoned = streq(an->col.base, "timestamptz");
	an->bound = t;
	for (size_t i = 0; i < ARRAY_SIZE(unit_words); i++)
		if (streq(word, unit_words[i])) {
			t->unit = (enum unit)i;
			return true;
		}
	return anon_refuse(an, d, "unit = \"%s\" is none of day, month, quarter, year, decade", word);
}

static void trunc_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct trunc *t = an->bound;
	const char *type = t->is_date ? "date" : t->is_zoned ? "timestamptz" : "timestamp";

	strbuf_adds(sb, "CASE WHEN ");
	anon_sql_column(an, r, sb);
	strbuf_addf(sb, " < '4701-01-01%s BC'::%s THEN '-infinity'::%s ", t->is_zoned ? " 00:00:00+00" : "",
		    type, type);
	if (t->is_date) {
		strbuf_adds(sb, "WHEN ");
		anon_sql_column(an, r, sb);
		strbuf_adds(sb, " > '294276-12-31'::date THEN 'infinity'::date ");
	}
	strbuf_addf(sb, "ELSE date_trunc('%s', ", unit_words[t->unit]);
	anon_sql_column(an, r, sb);
	/* date_trunc(text, date) would go through timestamptz and its TimeZone */
	strbuf_adds(sb, t->is_date ? "::timestamp)::date" : t->is_zoned ? ", 'UTC')" : ")");
	strbuf_adds(sb, " END");
}

static int64_t floor_div(int64_t x, int64_t by)
{
	return x / by - (x % by < 0);
}

static int64_t floor_days(enum unit unit, int64_t days)
{
	int64_t year;
	int month, day;

	instant_civil_from_days(days, &year, &month, &day);
	switch (unit) {
	case UNIT_DAY: return days;
	case UNIT_MONTH: return instant_days_from_civil(year, month, 1);
	case UNIT_QUARTER: return instant_days_from_civil(year, (month - 1) / 3 * 3 + 1, 1);
	case UNIT_YEAR: return instant_days_from_civil(year, 1, 1);
	case UNIT_DECADE: return instant_days_from_civil(floor_div(year, 10) * 10, 1, 1);
	}
	BUG_ON(true);
	return 0;
}

/* The value in its own measure: days for a date, else microseconds. */
static int64_t truncate_value(const struct trunc *t, int64_t x)
{
	int64_t per_day = t->is_date ? 1 : USECS_PER_DAY;
	int64_t days;

	if (x == INSTANT_INFINITY || x == INSTANT_MINUS_INFINITY)
		return x;
	days = floor_div(x, per_day);
	if (days < instant_days_from_civil(FIRST_YEAR, 1, 1))
		return INSTANT_MINUS_INFINITY;
	if (days > instant_days_from_civil(LAST_YEAR, 12, 31))
		return INSTANT_INFINITY;
	return floor_days(t->unit, days) * per_day;
}

static void print_value(const struct trunc *t, int64_t x, struct strbuf *out)
{
	int64_t year;
	int month, day;

	if (x == INSTANT_INFINITY || x == INSTANT_MINUS_INFINITY) {
		strbuf_adds(out, x == INSTANT_INFINITY ? "infinity" : "-infinity");
		return;
	}
	instant_civil_from_days(t->is_date ? x : x / USECS_PER_DAY, &year, &month, &day);
	strbuf_addf(out, "%04lld-%02d-%02d", (long long)(year > 0 ? year : 1 - year), month, day);
	strbuf_adds(out, t->is_date ? "" : t->is_zoned ? " 00:00:00+00" : " 00:00:00");
	strbuf_adds(out, year > 0 ? "" : " BC");
}

static bool read_value(const struct trunc *t, struct anon_field value, int64_t *ret)
{
	if (t->is_date)
		return instant_parse_date(value.text, value.len, ret);
	if (t->is_zoned)
		return instant_parse_timestamptz(value.text, value.len, ret);
	return instant_parse_timestamp(value.text, value.len, ret);
}

static bool trunc_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			struct strbuf *out, bool *same, struct diag *d)
{
	int64_t x, y;

	(void)keys;
	if (!read_value(an->bound, value, &x))
		return anon_unreadable(an, d);
	y = truncate_value(an->bound, x);
	print_value(an->bound, y, out);
	*same = x == y;
	return true;
}

const struct anon_operator anon_op_trunc = {
	.name = "trunc",
	.face = ANON_GENERALIZES,
	.types = "date, timestamp and timestamptz",
	.params = { { "unit", true, false, "day, month, quarter, year or decade" } },
	.accepts = trunc_accepts,
	.bind = trunc_bind,
	.sql = trunc_sql,
	.apply = trunc_apply,
};
