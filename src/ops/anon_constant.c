/* constant: one value for all rows. */
#include "base/instant.h"
#include "ops/anon_op.h"
#include "ops/decimal.h"

static bool constant_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	const char **outputs = arena_alloc(a, sizeof(*outputs));
	const char *value = anon_param_text(op, "value");

	if (anon_is_blank_padded(&an->col))
		value = anon_rtrim(a, value);
	if (!anon_check_text(an, "value", value, d))
		return false;
	an->constant = outputs[0] = value;
	an->outputs = outputs;
	an->noutputs = 1;
	/* Text and enum labels are stored as they are; what other types make of it the server says. */
	if (anon_is_text(&an->col) || anon_is_enum(&an->col))
		an->constant_text = value;
	return true;
}

static void constant_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	r->param(r->ctx, sb, an->constant, an->type);
}

typedef bool parse_instant(const char *s, size_t n, int64_t *ret);

/* One instant has many texts: an archive prints it in the zone of its session. */
static bool same_instant(const char *base, struct anon_field value, const char *constant)
{
	parse_instant *parse = streq(base, "timestamptz") ? instant_parse_timestamptz :
			       streq(base, "timestamp") ? instant_parse_timestamp : NULL;
	int64_t x, y;

	return parse && parse(value.text, value.len, &x) && parse(constant, strlen(constant), &y) && x == y;
}

/* 1.5 and 1.50, 0 and -0. */
static bool same_number(const struct anon_column *col, struct anon_field value, const char *constant)
{
	static const char *const names[] = { "int2", "int4", "int8", "numeric", "float8", NULL };
	AUTO_DECIMAL x = DECIMAL_INIT;
	AUTO_DECIMAL y = DECIMAL_INIT;

	return anon_base_in(col, names) && decimal_parse(value.text, value.len, &x) &&
	       decimal_parse(constant, strlen(constant), &y) && decimal_compare(&x, &y) == 0;
}

static bool constant_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			   struct strbuf *out, bool *same, struct diag *d)
{
	(void)keys;
	if (!an->constant_text)
		return diag_fail(d, DIAG_STEP, "column \"%s\": the server has not said how the constant "
				 "looks in type %s", an->col.name, an->col.type);
	strbuf_adds(out, an->constant_text);
	*same = same_instant(an->col.base, value, an->constant_text) ||
		same_number(&an->col, value, an->constant_text);
	return true;
}

const struct anon_operator anon_op_constant = {
	.name = "constant",
	.face = ANON_WIPES,
	.types = "any column",
	.params = { { "value", true, false, "a text" } },
	.accepts = anon_is_any,
	.bind = constant_bind,
	.sql = constant_sql,
	.apply = constant_apply,
};
