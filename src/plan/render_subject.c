/* Whose a row is. One face for requests, holds and copies: the row belongs to these people, or to whom. */
#include "plan/subject.h"

#include "pg/tmpl.h"
#include "plan/vault_store.h"

#define OID_BOOL_ARRAY 1000u
#define OID_TEXT_ARRAY 1009u
#define OID_TIMESTAMPTZ_ARRAY 1185u

/* ---- the arrays ---- */

static const char *keys_literal(struct subject_set *s, struct subject_keys *k, Oid type)
{
	struct subject_array *own;

	for (size_t i = 0; i < k->arrays.n; i++)
		if (k->arrays.v[i].type == type)
			return k->arrays.v[i].literal;
	own = vec_add(s->a, &k->arrays);
	/* one string for each type: equal addresses share a parameter */
	*own = (struct subject_array){ type, cat_array_literal(s->a, k->keys.v, k->keys.n) };
	return own->literal;
}

static const struct subject_identifiers *identifiers_of(struct subject_set *s, struct subject_keys *k, const char *name)
{
	VEC(const char *) values = { NULL, 0, 0 }, since = { NULL, 0, 0 }, until = { NULL, 0, 0 }, keys = { NULL, 0, 0 };
	VEC(const char *) sole = { NULL, 0, 0 };
	struct subject_identifiers *own;

	for (size_t i = 0; i < k->lists.n; i++)
		if (streq(k->lists.v[i].name, name))
			return &k->lists.v[i];
	for (size_t i = 0; i < k->identifiers.n; i++) {
		const struct subject_identifier *id = &k->identifiers.v[i];

		if (!streq(id->name, name))
			continue;
		vec_push(s->a, &values, id->value);
		vec_push(s->a, &since, id->since ? id->since : "-infinity");
		vec_push(s->a, &until, id->until ? id->until : "infinity");
		vec_push(s->a, &keys, id->key);
		vec_push(s->a, &sole, id->sole ? "t" : "f");
	}
	own = vec_add(s->a, &k->lists);
	*own = (struct subject_identifiers){ name, cat_array_literal(s->a, values.v, values.n),
		cat_array_literal(s->a, since.v, since.n), cat_array_literal(s->a, until.v, until.n),
		cat_array_literal(s->a, keys.v, keys.n), cat_array_literal(s->a, sole.v, sole.n) };
	return own;
}

static struct subject_keys *of_type(struct subject_set *s, const struct subject_type *type)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->types[i].type == type || streq(s->types[i].type->name, type->name))
			return &s->types[i];
	bug(__FILE__, __LINE__, "a set without one of the policy's types");
}

/* ---- conditions ---- */

static void add_when(struct strbuf *sb, const struct bound_path *p)
{
	if (p->path->when)
		strbuf_addf(sb, " AND (\n%s\n)", p->path->when);
}

static void by_column(struct render *x, struct strbuf *sb, const struct bound_path *p, const char *alias,
		      struct subject_set *s)
{
	strbuf_addc(sb, '(');
	render_column(sb, alias, p->column->name);
	strbuf_adds(sb, " = ANY(");
	render_typed(x, sb, keys_literal(s, of_type(s, p->type), p->array), p->array,
		     arena_printf(x->a, "%s[]", p->column->base_type));
	strbuf_addc(sb, ')');
	add_when(sb, p);
	strbuf_addc(sb, ')');
}

static const char *zone_of(const struct bound *r)
{
	const struct rule *root = r->root->rule;

	if (r->rule->stored_zone)
		return r->rule->stored_zone;
	return root->stored_zone ? root->stored_zone : root->cls && root->cls->zone ? root->cls->zone : "UTC";
}

/* The row's instant; of a date its beginning, or (ends) its end. */
static void add_instant(struct render *x, struct strbuf *sb, struct bound *r, const struct bound_path *p,
			const char *alias, bool ends)
{
	if (!p->at) {
		render_param(x, sb, x->b->plan->as_of, "timestamptz");
		return;
	}
	if (streq(p->at->base, "timestamptz")) {
		render_column(sb, alias, p->at->name);
		return;
	}
	strbuf_adds(sb, "((");
	render_column(sb, alias, p->at->name);
	strbuf_adds(sb, "::timestamp");
	if (ends && streq(p->at->base, "date"))
		strbuf_adds(sb, " + interval '1 day' - interval '1 microsecond'");
	strbuf_adds(sb, ") AT TIME ZONE ");
	render_param(x, sb, zone_of(r), "text");
	strbuf_addc(sb, ')');
}

static const char *normalised(struct render *x, const struct bound_path *p, const char *alias)
{
	AUTO_STRBUF column = STRBUF_INIT, sb = STRBUF_INIT;

	render_column(&column, alias, p->column->name);
	subject_normalise(&sb, p->identifier, strbuf_str(&column));
	return arena_strdup(x->a, strbuf_str(&sb));
}

/* FROM unnest(…) AS v(value, since, until, key, sole) WHERE v is what stands in the row, then; where the row does not say
 * when, whoever alone ever bore it. Its rows alone are in
 * scope: names of `when` mean the row. */
static void add_matches(struct render *x, struct strbuf *sb, struct bound *r, const struct bound_path *p,
			const char *alias, struct subject_set *s)
{
	const struct subject_identifiers *ids = identifiers_of(s, of_type(s, p->type), p->identifier->name);
	const char *v = render_alias(x);

	strbuf_adds(sb, " FROM unnest(");
	render_typed(x, sb, ids->values, OID_TEXT_ARRAY, "text[]");
	strbuf_adds(sb, ", ");
	render_typed(x, sb, ids->since, OID_TIMESTAMPTZ_ARRAY, "timestamptz[]");
	strbuf_adds(sb, ", ");
	render_typed(x, sb, ids->until, OID_TIMESTAMPTZ_ARRAY, "timestamptz[]");
	strbuf_adds(sb, ", ");
	render_typed(x, sb, ids->keys, OID_TEXT_ARRAY, "text[]");
	strbuf_adds(sb, ", ");
	render_typed(x, sb, ids->sole, OID_BOOL_ARRAY, "boolean[]");
	strbuf_addf(sb, ") AS %s(pgretain_value, pgretain_since, pgretain_until, pgretain_key, pgretain_sole) WHERE %s.pgretain_value = %s AND (",
		    v, v, normalised(x, p, alias));
	if (p->at) {
		strbuf_addf(sb, "%s.pgretain_sole AND ", v);
		render_column(sb, alias, p->at->name);
		strbuf_adds(sb, " IS NULL OR ");
	}
	strbuf_addf(sb, "%s.pgretain_since = '-infinity' AND %s.pgretain_until = 'infinity' OR ", v, v);
	add_instant(x, sb, r, p, alias, true);
	strbuf_addf(sb, " >= %s.pgretain_since AND ", v);
	add_instant(x, sb, r, p, alias, false);
	strbuf_addf(sb, " < %s.pgretain_until)", v);
}

static void by_identifier(struct render *x, struct strbuf *sb, struct bound *r, const struct bound_path *p,
			  const char *alias, struct subject_set *s)
{
	const struct subject_identifiers *ids = identifiers_of(s, of_type(s, p->type), p->identifier->name);

	strbuf_addf(sb, "(%s = ANY(", normalised(x, p, alias));
	render_typed(x, sb, ids->values, OID_TEXT_ARRAY, "text[]");
	strbuf_adds(sb, ") AND EXISTS (SELECT 1");
	add_matches(x, sb, r, p, alias, s);
	strbuf_addc(sb, ')');
	add_when(sb, p);
	strbuf_addc(sb, ')');
}

static void key_list(struct strbuf *sb, const char *alias, const char **columns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(sb, i ? ", " : "");
		render_column(sb, alias, columns[i]);
	}
}

/* Of a vault table that has rows of the rule above, and the columns that the key refers to. */
static bool is_upper_store(const struct store *t, const struct bound_path *p)
{
	if (!t->known->whole || t->table != p->fkey->parent || !store_has(t, p->upper->rule->name))
		return false;
	for (size_t i = 0; i < p->fkey->n; i++)
		if (!store_column(t, p->fkey->parent_columns[i]))
			return false;
	return true;
}

/* The row above may have gone into the vault as well. */
static void by_stored_upper(struct render *x, struct strbuf *sb, const struct bound_path *p, const char *alias,
			    struct subject_set *s)
{
	for (size_t i = 0; x->stores && i < x->stores->n; i++) {
		const char *u = render_alias(x);
		AUTO_STRBUF theirs = STRBUF_INIT;

		if (!is_upper_store(&x->stores->v[i], p) || !render_of_subject(x, &theirs, p->upper, u, s, false))
			continue;
		strbuf_adds(sb, " OR (");
		key_list(sb, alias, p->fkey->child_columns, p->fkey->n);
		strbuf_adds(sb, ") IN (SELECT ");
		key_list(sb, u, p->fkey->parent_columns, p->fkey->n);
		strbuf_adds(sb, " FROM ");
		store_from(sb, &x->stores->v[i], u);
		strbuf_adds(sb, " WHERE ");
		store_rule_is(x, sb, u, p->upper->rule->name);
		strbuf_addf(sb, " AND %s)", strbuf_str(&theirs));
	}
}

static void by_upper(struct render *x, struct strbuf *sb, const struct bound_path *p, const char *alias,
		     struct subject_set *s)
{
	const char *u = render_alias(x);

	strbuf_adds(sb, "(((");
	key_list(sb, alias, p->fkey->child_columns, p->fkey->n);
	strbuf_adds(sb, ") IN (SELECT ");
	key_list(sb, u, p->fkey->parent_columns, p->fkey->n);
	strbuf_addf(sb, " FROM %s AS %s WHERE ", p->fkey->parent->sql, u);
	if (!render_of_subject(x, sb, p->upper, u, s, false))
		strbuf_adds(sb, "false");
	render_key_rows(sb, p->fkey->parent, u);
	strbuf_addc(sb, ')');
	by_stored_upper(x, sb, p, alias, s);
	strbuf_addc(sb, ')');
	if (p->path)
		add_when(sb, p);
	strbuf_addc(sb, ')');
}

void render_path(struct render *x, struct strbuf *sb, struct bound *r, const struct bound_path *p,
		 const char *alias, struct subject_set *s)
{
	switch (p->kind) {
	case SUBJECT_COLUMN: by_column(x, sb, p, alias, s); return;
	case SUBJECT_IDENTIFIER: by_identifier(x, sb, r, p, alias, s); return;
	case SUBJECT_FOLLOWS: by_upper(x, sb, p, alias, s); return;
	}
}

static bool leads(const struct bound *r, const struct bound_path *p, bool own)
{
	if (!p->upper)
		return true;
	return !(own && (r->parent == p->upper || (r->base && r->base->parent == p->upper))) && bound_has_subject(p->upper);
}

bool render_of_subject(struct render *x, struct strbuf *sb, struct bound *r, const char *alias,
		       struct subject_set *s, bool own)
{
	const char *word = "(";

	for (size_t i = 0; i < r->paths.n; i++) {
		if (!leads(r, &r->paths.v[i], own))
			continue;
		strbuf_adds(sb, word);
		word = " OR ";
		render_path(x, sb, r, &r->paths.v[i], alias, s);
	}
	if (*word == '(')
		return false;
	strbuf_addc(sb, ')');
	return true;
}

/* ---- whose ---- */

static void select_type(struct render *x, struct strbuf *sb, const struct bound_path *p)
{
	strbuf_adds(sb, "SELECT ");
	render_param(x, sb, p->type->name, "text");
	strbuf_adds(sb, " AS pgretain_type, ");
}

/* FROM `row`, a row above: the people whose it is. */
static void subjects_above(struct render *x, struct strbuf *sb, const struct bound_path *p, const char *row, const char *u,
			   struct subject_set *s)
{
	const char *when = p->path ? p->path->when : NULL;

	/* a subselect beside the other table sees the row's names only */
	strbuf_addf(sb, "SELECT pgretain_type, pgretain_key FROM (SELECT %s%s%s) AS %s(pgretain_when) CROSS JOIN %s "
		    "CROSS JOIN LATERAL (", when ? "(\n" : "", when ? when : "true", when ? "\n)" : "", render_alias(x), row);
	if (!render_subjects_of(x, sb, p->upper, u, s, false))
		strbuf_adds(sb, "SELECT ''::text AS pgretain_type, ''::text AS pgretain_key WHERE false");
	strbuf_addf(sb, ") AS %s WHERE pgretain_when AND ", render_alias(x));
}

static void subjects_above_stored(struct render *x, struct strbuf *sb, const struct bound_path *p, const char *alias,
				  struct subject_set *s)
{
	for (size_t i = 0; x->stores && i < x->stores->n; i++) {
		const char *u = render_alias(x);
		AUTO_STRBUF row = STRBUF_INIT;

		if (!is_upper_store(&x->stores->v[i], p))
			continue;
		store_from(&row, &x->stores->v[i], u);
		strbuf_adds(sb, " UNION ");
		subjects_above(x, sb, p, strbuf_str(&row), u, s);
		store_rule_is(x, sb, u, p->upper->rule->name);
		strbuf_adds(sb, " AND ");
		render_keys(sb, p->fkey, alias, u);
	}
}

static void subjects_by(struct render *x, struct strbuf *sb, struct bound *r, const struct bound_path *p,
			const char *alias, struct subject_set *s)
{
	const char *u;

	switch (p->kind) {
	case SUBJECT_COLUMN:
		select_type(x, sb, p);
		render_column(sb, alias, p->column->name);
		strbuf_adds(sb, "::text AS pgretain_key WHERE ");
		by_column(x, sb, p, alias, s);
		return;
	case SUBJECT_IDENTIFIER:
		select_type(x, sb, p);
		strbuf_adds(sb, "pgretain_key");
		add_matches(x, sb, r, p, alias, s);
		add_when(sb, p);
		return;
	case SUBJECT_FOLLOWS:
		u = render_alias(x);
		subjects_above(x, sb, p, arena_printf(x->a, "%s AS %s", p->fkey->parent->sql, u), u, s);
		render_join(sb, p->fkey, alias, u);
		subjects_above_stored(x, sb, p, alias, s);
		return;
	}
}

bool render_subjects_of(struct render *x, struct strbuf *sb, struct bound *r, const char *alias,
			struct subject_set *s, bool own)
{
	bool any = false;

	for (size_t i = 0; i < r->paths.n; i++) {
		if (!leads(r, &r->paths.v[i], own))
			continue;
		strbuf_adds(sb, any ? " UNION " : "");
		any = true;
		subjects_by(x, sb, r, &r->paths.v[i], alias, s);
	}
	return any;
}
