/* empty: the type's own emptiness, for columns that may not be NULL. */
#include "ops/anon_op.h"

enum emptiness { EMPTY_NONE, EMPTY_TEXT, EMPTY_BYTEA, EMPTY_BRACES, EMPTY_RANGE, EMPTY_JSON };

static const char *const emptiness_text[] = {
	[EMPTY_NONE] = "", [EMPTY_TEXT] = "", [EMPTY_BYTEA] = "\\x", [EMPTY_BRACES] = "{}",
	[EMPTY_RANGE] = "empty", [EMPTY_JSON] = "{}",
};

static enum emptiness emptiness_of(const struct anon_column *col)
{
	if (anon_is_text(col) || streq(col->base, "tsvector"))
		return EMPTY_TEXT;
	if (streq(col->base, "bytea"))
		return EMPTY_BYTEA;
	if (streq(col->base, "jsonb"))
		return EMPTY_JSON;
	if (col->basetyptype == 'r')
		return EMPTY_RANGE;
	/* int2vector and oidvector are arrays that have no empty text */
	if (col->basetyptype == 'm' || (col->category == 'A' && col->base[0] == '_'))
		return EMPTY_BRACES;
	return EMPTY_NONE;
}

static bool empty_accepts(const struct anon_column *col)
{
	return emptiness_of(col) != EMPTY_NONE;
}

static void empty_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	enum emptiness e = emptiness_of(&an->col);

	if (e != EMPTY_JSON) {
		strbuf_addf(sb, "'%s'::%s", emptiness_text[e], an->type);
		return;
	}
	strbuf_adds(sb, "CASE jsonb_typeof(");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, ") WHEN 'array' THEN '[]'::jsonb ELSE '{}'::jsonb END");
}

static bool empty_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			struct strbuf *out, bool *same, struct diag *d)
{
	enum emptiness e = emptiness_of(&an->col);

	(void)keys, (void)d;
	if (e == EMPTY_JSON && value.len && value.text[0] == '[')
		strbuf_adds(out, "[]");
	else
		strbuf_adds(out, emptiness_text[e]);
	/* bytea_output = escape prints no bytes as nothing */
	*same = e == EMPTY_BYTEA && value.len == 0;
	return true;
}

const struct anon_operator anon_op_empty = {
	.name = "empty",
	.face = ANON_WIPES,
	.types = "text types, bytea, arrays, ranges, tsvector and jsonb",
	.accepts = empty_accepts,
	.sql = empty_sql,
	.apply = empty_apply,
};
