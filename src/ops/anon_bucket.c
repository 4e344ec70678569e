/* bucket: numbers rounded down to a multiple of the width; min and max first, because an extreme value
 * stands alone in its bucket. Below 0 too the bucket's lower end is the result. */
#include "ops/anon_op.h"
#include "ops/decimal.h"

#define WIDTH_DIGITS 18			/* width * 10^scale fits into 64 bits */
#define FLOAT_DECIMALS 6		/* with |x| <= 1e9: the double nearest to a bucket prints as that bucket */

struct bucket {
	const char *width, *min, *max;	/* as configured */
	uint64_t step;			/* width = step * 10^-scale */
	size_t scale;
	const char *lowest, *highest;	/* of the type; NULL: without end */
	bool is_float;
};

static bool bucket_accepts(const struct anon_column *col)
{
	static const char *const names[] = { "int2", "int4", "int8", "numeric", "float8", NULL };

	return anon_base_in(col, names);
}

static bool plain_number(const struct anon *an, const char *name, const char *text, struct decimal *ret,
			 struct diag *d)
{
	if (!strchr(text, 'e') && decimal_parse(text, strlen(text), ret) && ret->kind == DECIMAL_FINITE)
		return true;
	return anon_refuse(an, d, "%s = \"%s\" is not a decimal number", name, text);
}

/* numeric(p,s): p nines, s of them behind the point; s may be above p or below 0. */
static const char *numeric_highest(struct arena *a, int precision, int scale)
{
	AUTO_DECIMAL x = DECIMAL_INIT;
	AUTO_STRBUF sb = STRBUF_INIT;

	for (int i = 0; i < precision + (scale < 0 ? -scale : 0); i++)
		strbuf_addc(&x.digits, i < precision ? '9' : '0');
	x.scale = scale > 0 ? (size_t)scale : 0;
	decimal_print(&x, &sb);
	return arena_strdup(a, strbuf_str(&sb));
}

static void type_limits(struct arena *a, const struct anon_column *col, struct bucket *b)
{
	static const struct {
		const char *base, *lowest, *highest;
	} limits[] = {
		{ "int2", "-32768", "32767" },
		{ "int4", "-2147483648", "2147483647" },
		{ "int8", "-9223372036854775808", "9223372036854775807" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (streq(col->base, limits[i].base)) {
			b->lowest = limits[i].lowest;
			b->highest = limits[i].highest;
		}
	if (b->is_float) {
		b->lowest = "-1000000000";
		b->highest = "1000000000";
	}
	if (streq(col->base, "numeric") && col->precision) {
		b->highest = numeric_highest(a, col->precision, col->scale);
		b->lowest = arena_printf(a, "-%s", b->highest);
	}
}

/* Digits behind the point that the column holds, below 0 for numeric(5,-2). False: any number. */
static bool holds_scale(const struct anon_column *col, int *ret)
{
	*ret = streq(col->base, "numeric") ? col->scale : 0;
	return !streq(col->base, "float8") && (!streq(col->base, "numeric") || col->precision);
}

/* A bucket that the column rounds would never be recognised. */
static bool check_step(const struct anon *an, const struct bucket *b, const struct decimal *width,
		       struct diag *d)
{
	uint64_t unit = 1;
	int scale;

	if (!holds_scale(&an->col, &scale))
		return true;
	if (scale >= 0 && decimal_scale_needed(width) <= (size_t)scale)
		return true;
	for (int i = scale; i < 0 && unit <= UINT64_MAX / 10; i++)
		unit *= 10;
	if (scale < 0 && b->scale == 0 && b->step % unit == 0)
		return true;
	return anon_refuse(an, d, "width = \"%s\" is finer than %s holds", b->width, an->col.type);
}

static bool bind_width(const struct column_op *op, struct anon *an, struct bucket *b, struct diag *d)
{
	AUTO_DECIMAL width = DECIMAL_INIT;

	b->width = anon_param_text(op, "width");
	if (!plain_number(an, "width", b->width, &width, d))
		return false;
	if (width.negative || !width.digits.len)
		return anon_refuse(an, d, "width = \"%s\" is not above 0", b->width);
	if (width.digits.len > WIDTH_DIGITS || width.scale > WIDTH_DIGITS)
		return anon_refuse(an, d, "width = \"%s\" has more than %d digits", b->width, WIDTH_DIGITS);
	if (b->is_float && decimal_scale_needed(&width) > FLOAT_DECIMALS)
		return anon_refuse(an, d, "width = \"%s\": %s takes at most %d decimals", b->width,
				   an->col.type, FLOAT_DECIMALS);
	for (size_t i = 0; i < width.digits.len; i++)
		b->step = b->step * 10 + (unsigned)(width.digits.buf[i] - '0');
	b->scale = width.scale;
	return check_step(an, b, &width, d);
}

static bool within(const struct decimal *x, const char *lowest, const char *highest)
{
	AUTO_DECIMAL limit = DECIMAL_INIT;

	if (!lowest)
		return true;
	BUG_ON(!decimal_parse(lowest, strlen(lowest), &limit));
	if (decimal_compare(x, &limit) < 0)
		return false;
	BUG_ON(!decimal_parse(highest, strlen(highest), &limit));
	return decimal_compare(x, &limit) <= 0;
}

static bool bind_limit(const struct column_op *op, struct anon *an, const struct bucket *b, const char *name,
		       const char **text, struct decimal *x, struct diag *d)
{
	*text = anon_param_text(op, name);
	if (!*text && b->is_float)
		return anon_refuse(an, d, "type %s needs min and max, because NaN and infinity have no "
				   "bucket", an->col.type);
	if (!*text)
		return true;
	if (!plain_number(an, name, *text, x, d))
		return false;
	if (!within(x, b->lowest, b->highest))
		return anon_refuse(an, d, "%s = \"%s\" is outside of %s (%s to %s)", name, *text,
				   an->col.type, b->lowest, b->highest);
	if (b->is_float && decimal_scale_needed(x) > FLOAT_DECIMALS)
		return anon_refuse(an, d, "%s = \"%s\": %s takes at most %d decimals", name, *text,
				   an->col.type, FLOAT_DECIMALS);
	return true;
}

static bool bucket_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	struct bucket *b = arena_alloc(a, sizeof(*b));
	AUTO_DECIMAL min = DECIMAL_INIT;
	AUTO_DECIMAL max = DECIMAL_INIT;

	an->bound = b;
	b->is_float = streq(an->col.base, "float8");
	type_limits(a, &an->col, b);
	if (!bind_width(op, an, b, d) || !bind_limit(op, an, b, "min", &b->min, &min, d) ||
	    !bind_limit(op, an, b, "max", &b->max, &max, d))
		return false;
	if (b->min && b->max && decimal_compare(&min, &max) > 0)
		return anon_refuse(an, d, "min = \"%s\" is above max = \"%s\"", b->min, b->max);
	if (b->is_float)
		b->lowest = b->highest = NULL;
	return true;
}

/* c between min and max, as numeric. */
static void sql_clamped(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct bucket *b = an->bound;
	const char *type = b->is_float ? "float8" : "numeric";

	strbuf_adds(sb, b->max ? "least(" : "");
	strbuf_adds(sb, b->min ? "greatest(" : "");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, b->is_float ? "" : "::numeric");
	if (b->min) {
		strbuf_adds(sb, ", ");
		r->param(r->ctx, sb, b->min, type);
		strbuf_addc(sb, ')');
	}
	if (b->max) {
		strbuf_adds(sb, ", ");
		r->param(r->ctx, sb, b->max, type);
		strbuf_addc(sb, ')');
	}
	/* float8::numeric rounds to 15 digits; the text holds all */
	strbuf_adds(sb, b->is_float ? "::text::numeric" : "");
}

static void bucket_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct bucket *b = an->bound;

	strbuf_adds(sb, b->lowest ? "greatest(" : b->is_float ? "(" : "");
	sql_clamped(an, r, sb);
	strbuf_adds(sb, " - mod(mod(");
	sql_clamped(an, r, sb);
	strbuf_adds(sb, ", ");
	r->param(r->ctx, sb, b->width, "numeric");
	strbuf_adds(sb, ") + ");
	r->param(r->ctx, sb, b->width, "numeric");
	strbuf_adds(sb, ", ");
	r->param(r->ctx, sb, b->width, "numeric");
	strbuf_addc(sb, ')');
	if (b->lowest)
		strbuf_addf(sb, ", (%s)::numeric)", b->lowest);
	strbuf_adds(sb, b->is_float ? ")::float8" : "");
}

/* x = least(greatest(x, min), max) */
static void clamp(struct decimal *x, const char *min, const char *max)
{
	AUTO_DECIMAL limit = DECIMAL_INIT;

	if (min) {
		BUG_ON(!decimal_parse(min, strlen(min), &limit));
		if (decimal_compare(x, &limit) < 0)
			decimal_copy(x, &limit);
	}
	if (max) {
		BUG_ON(!decimal_parse(max, strlen(max), &limit));
		if (decimal_compare(x, &limit) > 0)
			decimal_copy(x, &limit);
	}
}

/* What the type itself prints: integers are digits only, numeric has no exponent. */
static bool read_value(const struct anon *an, struct anon_field value, struct decimal *ret)
{
	bool is_numeric = streq(an->col.base, "numeric"), is_float = streq(an->col.base, "float8");

	if (!decimal_parse(value.text, value.len, ret))
		return false;
	if (!is_float && memchr(value.text, 'e', value.len))
		return false;
	return is_numeric || is_float || (ret->kind == DECIMAL_FINITE && !ret->scale);
}

static void round_down(const struct bucket *b, struct decimal *x)
{
	size_t scale;

	clamp(x, b->min, b->max);
	if (x->kind != DECIMAL_FINITE) {
		x->kind = DECIMAL_NAN;		/* infinity modulo anything */
		return;
	}
	scale = x->scale;
	decimal_floor(x, b->step, b->scale);
	if (!b->is_float)
		decimal_extend(x, scale);
	clamp(x, b->lowest, NULL);
}

static bool bucket_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			 struct strbuf *out, bool *same, struct diag *d)
{
	AUTO_DECIMAL x = DECIMAL_INIT;
	AUTO_DECIMAL rounded = DECIMAL_INIT;

	(void)keys;
	if (!read_value(an, value, &x))
		return anon_unreadable(an, d);
	decimal_copy(&rounded, &x);
	round_down(an->bound, &rounded);
	decimal_print(&rounded, out);
	*same = decimal_compare(&rounded, &x) == 0;
	return true;
}

const struct anon_operator anon_op_bucket = {
	.name = "bucket",
	.face = ANON_GENERALIZES,
	.types = "smallint, integer, bigint, numeric and double precision",
	.params = {
		{ "width", true, false, "a number above 0" },
		{ "min", false, false, "a number" },
		{ "max", false, false, "a number" },
	},
	.accepts = bucket_accepts,
	.bind = bucket_bind,
	.sql = bucket_sql,
	.apply = bucket_apply,
};
