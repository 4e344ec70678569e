/* json_keep: of a jsonb object the scalars under the named keys; of anything else, {}.
 *
 * The C face cuts spans out of the text that jsonb prints (`{"n": 1.50, "plan": {"x": 1}}`): numbers
 * keep their digits, keys their order. */
#include "ops/anon_op.h"

#define DEPTH_MAX 6400			/* far more than the server's own stack allows jsonb */

struct json_keep {
	size_t n;
	const char **keys;
	const char *literal;		/* text of a text[] */
};

/* Where the reader stands in the value. */
struct cursor {
	const char *p, *end;
};

static bool json_keep_accepts(const struct anon_column *col)
{
	return streq(col->base, "jsonb");
}

static bool json_keep_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	const struct op_param *p = anon_param(op, "keys");
	struct json_keep *j = arena_alloc(a, sizeof(*j));

	an->bound = j;
	j->n = p->n;
	j->keys = p->values;
	j->literal = anon_array_literal(a, p->values, p->n);
	if (an->col.encoding == ANON_MULTIBYTE)
		return anon_refuse(an, d, "JSON can't be read in the archive's encoding");
	for (size_t i = 0; i < j->n; i++)
		if (an->col.encoding != ANON_UTF8 && !anon_is_ascii(j->keys[i]))
			return anon_refuse(an, d, "key \"%s\" is not ASCII, which only UTF8 archives can take",
					   j->keys[i]);
	return true;
}

static void json_keep_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct json_keep *j = an->bound;

	strbuf_adds(sb, "CASE jsonb_typeof(");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, ") WHEN 'object' THEN coalesce((SELECT jsonb_object_agg(e.k, e.v) FROM jsonb_each(");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, ") e(k, v) WHERE e.k = ANY (");
	r->param(r->ctx, sb, j->literal, "text[]");
	strbuf_adds(sb, ") AND jsonb_typeof(e.v) NOT IN ('object', 'array')), '{}'::jsonb) "
		    "ELSE '{}'::jsonb END");
}

static void skip_space(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

static bool take(struct cursor *c, char ch)
{
	skip_space(c);
	if (c->p >= c->end || *c->p != ch)
		return false;
	c->p++;
	return true;
}

/* A string with its quotes; the span between them is [*from, *to). */
static bool take_string(struct cursor *c, const char **from, const char **to)
{
	if (!take(c, '"'))
		return false;
	*from = c->p;
	while (c->p < c->end && *c->p != '"') {
		if (*c->p == '\\' && c->p + 1 < c->end)
			c->p++;
		c->p++;
	}
	*to = c->p;
	if (c->p >= c->end)
		return false;
	c->p++;
	return true;
}

/* An object or array with all that is in it: brackets are counted outside of strings. */
static bool skip_container(struct cursor *c)
{
	const char *from, *to;
	size_t depth = 0;

	do {
		if (c->p >= c->end || depth > DEPTH_MAX)
			return false;
		if (*c->p == '"') {
			if (!take_string(c, &from, &to))
				return false;
			continue;
		}
		depth += *c->p == '{' || *c->p == '[';
		depth -= *c->p == '}' || *c->p == ']';
		c->p++;
	} while (depth);
	return true;
}

static bool skip_word(struct cursor *c)
{
	const char *start = c->p;

	while (c->p < c->end && *c->p != ',' && *c->p != '}' && *c->p != ' ' && *c->p != ']')
		c->p++;
	return c->p > start;
}

static bool skip_value(struct cursor *c, bool *scalar)
{
	const char *from, *to;

	skip_space(c);
	if (c->p >= c->end)
		return false;
	*scalar = *c->p != '{' && *c->p != '[';
	if (!*scalar)
		return skip_container(c);
	return *c->p == '"' ? take_string(c, &from, &to) : skip_word(c);
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex4(const char *p, const char *end, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		if (p + i >= end || hex_value(p[i]) < 0)
			return false;
		*ret = *ret * 16 + (unsigned)hex_value(p[i]);
	}
	return true;
}

static void add_utf8(struct strbuf *sb, unsigned u)
{
	if (u < 0x80) {
		strbuf_addc(sb, (char)u);
		return;
	}
	if (u >= 0x10000)
		strbuf_addc(sb, (char)(0xF0 | u >> 18));
	if (u >= 0x800)
		strbuf_addc(sb, (char)(u >= 0x10000 ? 0x80 | (u >> 12 & 0x3F) : 0xE0 | u >> 12));
	strbuf_addc(sb, (char)(u >= 0x800 ? 0x80 | (u >> 6 & 0x3F) : 0xC0 | u >> 6));
	strbuf_addc(sb, (char)(0x80 | (u & 0x3F)));
}

/* The four digits behind `\u` at *p, or the eight with another `\u` of a surrogate pair. */
static bool unescape_unicode(const char **p, const char *end, struct strbuf *sb)
{
	unsigned u, low;

	if (!read_hex4(*p, end, &u))
		return false;
	*p += 4;
	if (u >= 0xD800 && u < 0xDC00) {
		if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' || !read_hex4(*p + 2, end, &low) ||
		    low < 0xDC00 || low > 0xDFFF)
			return false;
		u = 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00);
		*p += 6;
	}
	add_utf8(sb, u);
	return true;
}

static bool unescape(const char *p, const char *end, struct strbuf *sb)
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found;

	while (p < end) {
		if (*p != '\\') {
			strbuf_addc(sb, *p++);
			continue;
		}
		if (++p >= end)
			return false;
		if (*p == 'u') {
			p++;
			if (!unescape_unicode(&p, end, sb))
				return false;
			continue;
		}
		found = memchr(escapes, *p++, sizeof(escapes) - 1);
		if (!found)
			return false;
		strbuf_addc(sb, meant[found - escapes]);
	}
	return true;
}

static bool is_kept(const struct json_keep *j, const struct strbuf *key)
{
	for (size_t i = 0; i < j->n; i++)
		if (strlen(j->keys[i]) == key->len && memcmp(j->keys[i], strbuf_str(key), key->len) == 0)
			return true;
	return false;
}

/* One `"key": value`; copied when it stays. */
static bool copy_member(const struct json_keep *j, struct cursor *c, bool *first, struct strbuf *out)
{
	AUTO_STRBUF key = STRBUF_INIT;
	const char *start, *from, *to;
	bool scalar;

	skip_space(c);
	start = c->p;
	if (!take_string(c, &from, &to) || !unescape(from, to, &key) || !take(c, ':') ||
	    !skip_value(c, &scalar))
		return false;
	if (!scalar || !is_kept(j, &key))
		return true;
	strbuf_adds(out, *first ? "" : ", ");
	strbuf_add(out, start, (size_t)(c->p - start));
	*first = false;
	return true;
}

static bool copy_members(const struct json_keep *j, struct cursor *c, struct strbuf *out)
{
	bool first = true;

	strbuf_addc(out, '{');
	if (!take(c, '}')) {
		do {
			if (!copy_member(j, c, &first, out))
				return false;
		} while (take(c, ','));
		if (!take(c, '}'))
			return false;
	}
	strbuf_addc(out, '}');
	return true;
}

static bool json_keep_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
			    struct strbuf *out, bool *same, struct diag *d)
{
	struct cursor c = { value.text, value.text + value.len };
	bool scalar, ok = true;

	(void)keys, (void)same;
	if (take(&c, '{')) {
		ok = copy_members(an->bound, &c, out);
	} else {
		ok = skip_value(&c, &scalar);
		strbuf_adds(out, "{}");
	}
	skip_space(&c);
	if (!ok || c.p != c.end)
		return anon_unreadable(an, d);
	return true;
}

const struct anon_operator anon_op_json_keep = {
	.name = "json_keep",
	.face = ANON_GENERALIZES,
	.types = "jsonb",
	.params = { { "keys", true, true, "a list of keys whose scalars stay" } },
	.accepts = json_keep_accepts,
	.bind = json_keep_bind,
	.sql = json_keep_sql,
	.apply = json_keep_apply,
};
