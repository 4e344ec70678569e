/* prefix: the first characters of a text; with pad the length stays as it was. */
#include "ops/anon_op.h"

#define KEEP_MAX 10000

struct prefix {
	int keep;
	const char *pad;		/* one character, or NULL */
};

static bool prefix_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	struct prefix *p = arena_alloc(a, sizeof(*p));

	an->bound = p;
	if (an->col.encoding == ANON_MULTIBYTE)
		return anon_refuse(an, d, "characters can't be told apart in the archive's encoding");
	if (!anon_param_int(an, op, "keep", 0, KEEP_MAX, &p->keep, d))
		return false;
	p->pad = anon_param_text(op, "pad");
	if (!p->pad)
		return true;
	if (anon_char_count(ANON_UTF8, p->pad, strlen(p->pad)) != 1)
		return anon_refuse(an, d, "pad = \"%s\" is not one character", p->pad);
	if (!anon_is_ascii(p->pad) && (an->col.encoding != ANON_UTF8 || streq(an->col.base, "name")))
		return anon_refuse(an, d, "pad = \"%s\" is not ASCII", p->pad);
	return true;
}

static void sql_left(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct prefix *p = an->bound;

	strbuf_adds(sb, "left(");
	anon_sql_column(an, r, sb);
	strbuf_addf(sb, "::text, %d)", p->keep);
}

static void prefix_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct prefix *p = an->bound;

	if (!p->pad) {
		sql_left(an, r, sb);
		return;
	}
	strbuf_adds(sb, "rpad(");
	sql_left(an, r, sb);
	strbuf_adds(sb, ", char_length(");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, "::text), ");
	r->param(r->ctx, sb, p->pad, "text");
	strbuf_addc(sb, ')');
}

static bool prefix_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			 struct strbuf *out, bool *same, struct diag *d)
{
	const struct prefix *p = an->bound;
	enum anon_encoding e = an->col.encoding;
	size_t bytes = anon_char_offset(e, value.text, value.len, (size_t)p->keep);
	size_t rest = anon_char_count(e, value.text + bytes, value.len - bytes);

	(void)keys, (void)same, (void)d;
	strbuf_add(out, value.text, bytes);
	while (p->pad && rest--)
		strbuf_adds(out, p->pad);
	return true;
}

const struct anon_operator anon_op_prefix = {
	.name = "prefix",
	.face = ANON_GENERALIZES,
	.types = "text types",
	.params = {
		{ "keep", true, false, "characters that stay, 0 to 10000" },
		{ "pad", false, false, "one character for each that goes" },
	},
	.accepts = anon_is_text,
	.bind = prefix_bind,
	.sql = prefix_sql,
	.apply = prefix_apply,
};
