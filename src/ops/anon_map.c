/* map: a closed list of values to coarser ones, everything else to the default. Every `to` and the
 * default map to themselves, so that a mapped value is recognised. */
#include "ops/anon_op.h"

struct pair {
	const char *from, *to;
};

struct map {
	VEC(struct pair) pairs;
	const char *from_literal, *to_literal;	/* texts of two text[] */
	const char *fallback;
	const char *cast;			/* "::shop.mood" or "" */
};

static bool map_accepts(const struct anon_column *col)
{
	return anon_is_text(col) || anon_is_enum(col);
}

static const char *map_find(const struct map *m, const char *s, size_t n)
{
	for (size_t i = 0; i < m->pairs.n; i++)
		if (strlen(m->pairs.v[i].from) == n && memcmp(m->pairs.v[i].from, s, n) == 0)
			return m->pairs.v[i].to;
	return NULL;
}

static const char *stored_text(struct arena *a, const struct anon *an, const char *text)
{
	return anon_is_blank_padded(&an->col) ? anon_rtrim(a, text) : text;
}

static bool read_pairs(struct arena *a, const struct op_param *p, const struct anon *an, struct map *m,
		       struct diag *d)
{
	if (p->n % 2)
		return anon_refuse(an, d, "pairs: a value without its counterpart; write ( [\"from\", "
				   "\"to\"], … )");
	for (size_t i = 0; i < p->n; i += 2) {
		struct pair pair = { stored_text(a, an, p->values[i]), stored_text(a, an, p->values[i + 1]) };

		if (map_find(m, pair.from, strlen(pair.from)))
			return anon_refuse(an, d, "\"%s\" is mapped twice", pair.from);
		vec_push(a, &m->pairs, pair);
	}
	return true;
}

/* f(to) must be `to`. */
static bool add_fixed_point(struct arena *a, const struct anon *an, struct map *m, const char *to,
			    struct diag *d)
{
	const char *found = map_find(m, to, strlen(to));

	if (found && !streq(found, to)) {
		anon_refuse(an, d, "\"%s\" is a result and is mapped on to \"%s\" itself", to, found);
		diag_hint(d, "map both values to the same result: a second run would change it again");
		return false;
	}
	if (!found)
		vec_push(a, &m->pairs, ((struct pair){ to, to }));
	return anon_check_text(an, "a result", to, d);
}

static bool add_outputs(struct arena *a, struct anon *an, struct map *m, struct diag *d)
{
	size_t n = m->pairs.n;

	for (size_t i = 0; i < n; i++)
		if (!add_fixed_point(a, an, m, m->pairs.v[i].to, d))
			return false;
	return add_fixed_point(a, an, m, m->fallback, d);
}

static bool is_output(const char *const *outputs, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (streq(outputs[i], text))
			return true;
	return false;
}

static void make_lists(struct arena *a, struct anon *an, struct map *m)
{
	const char **from = arena_alloc(a, m->pairs.n * sizeof(*from));
	const char **to = arena_alloc(a, m->pairs.n * sizeof(*to));
	const char **outputs = arena_alloc(a, m->pairs.n * sizeof(*outputs));

	for (size_t i = 0; i < m->pairs.n; i++) {
		from[i] = m->pairs.v[i].from;
		to[i] = m->pairs.v[i].to;
		if (!is_output(outputs, an->noutputs, to[i]))
			outputs[an->noutputs++] = to[i];
	}
	an->outputs = outputs;
	m->from_literal = anon_array_literal(a, from, m->pairs.n);
	m->to_literal = anon_array_literal(a, to, m->pairs.n);
}

static bool map_bind(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d)
{
	struct map *m = arena_alloc(a, sizeof(*m));

	an->bound = m;
	m->fallback = stored_text(a, an, anon_param_text(op, "default"));
	m->cast = anon_is_enum(&an->col) ? arena_printf(a, "::%s", an->type) : "";
	if (!read_pairs(a, anon_param(op, "pairs"), an, m, d))
		return false;
	for (size_t i = 0; i < m->pairs.n; i++)
		if (an->col.encoding != ANON_UTF8 && !anon_is_ascii(m->pairs.v[i].from))
			return anon_refuse(an, d, "\"%s\" is not ASCII, which only UTF8 archives can take",
					   m->pairs.v[i].from);
	if (!add_outputs(a, an, m, d))
		return false;
	make_lists(a, an, m);
	return true;
}

static void map_sql(const struct anon *an, const struct anon_sql *r, struct strbuf *sb)
{
	const struct map *m = an->bound;

	strbuf_adds(sb, "coalesce((");
	r->param(r->ctx, sb, m->to_literal, "text[]");
	strbuf_adds(sb, ")[array_position(");
	r->param(r->ctx, sb, m->from_literal, "text[]");
	strbuf_adds(sb, ", ");
	anon_sql_column(an, r, sb);
	strbuf_adds(sb, "::text COLLATE \"C\")], ");
	r->param(r->ctx, sb, m->fallback, "text");
	strbuf_addf(sb, ")%s", m->cast);
}

static bool map_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
		      struct strbuf *out, bool *same, struct diag *d)
{
	const struct map *m = an->bound;
	const char *to = map_find(m, value.text, value.len);

	(void)keys, (void)same, (void)d;
	strbuf_adds(out, to ? to : m->fallback);
	return true;
}

const struct anon_operator anon_op_map = {
	.name = "map",
	.face = ANON_GENERALIZES,
	.types = "text types and enums",
	.params = {
		{ "pairs", true, true, "( [\"from\", \"to\"], … )" },
		{ "default", true, false, "a text for all other values" },
	},
	.accepts = map_accepts,
	.bind = map_bind,
	.sql = map_sql,
	.apply = map_apply,
};
