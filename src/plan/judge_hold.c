/* Which rows of an archive a hold covers: the tests and ways of plan/render_held.c as data. Roles instead of
 * nested EXISTS: a row that any HELD role covers is held for every rule on its table. */
#include "plan/judge_parts.h"

#include "conf/sqlcond.h"
#include "pg/tmpl.h"
#include "plan/subject.h"

#define OID_INT8_ARRAY 1016u

typedef VEC(struct judge_test) test_vec;

/* ---- tests ---- */

static void test_all(struct judging *g, test_vec *tests, bool class_only)
{
	vec_push(g->a, tests, ((struct judge_test){ .kind = JUDGE_TEST_ALL, .class_only = class_only }));
}

static struct judge_columns columns_of(struct judging *g, const struct cat_table *t, const char *const *names, size_t n)
{
	struct judge_columns c = { .n = n, .v = arena_alloc(g->a, (n + 1) * sizeof(*c.v)) };

	for (size_t i = 0; i < n; i++)
		c.v[i] = judging_column(t, names[i]);
	return c;
}

static void test_keys(struct judging *g, test_vec *tests, const struct cat_table *t, const char *column, const char **keys,
		      size_t n)
{
	if (n)
		vec_push(g->a, tests, ((struct judge_test){ .kind = JUDGE_TEST_KEYS, .columns = columns_of(g, t, &column, 1),
			.nkeys = n, .keys = keys }));
}

/* SELECT … over the archive's texts, as rows of the live table. */
static void test_ask(struct judging *g, test_vec *tests, struct bound *r, const struct bound_path *p,
		     struct subject_set *set)
{
	struct render x = { .b = &g->b, .a = g->a, .live = true, .stored = true };
	struct judge_ask ask = { .sql = NULL };
	VEC(const char *) names = { NULL, 0, 0 };
	AUTO_STRBUF sql = STRBUF_INIT, from = STRBUF_INIT;

	for (size_t i = 0; i < r->table->columns.n; i++) {
		const struct cat_column *c = &r->table->columns.v[i];

		if (p->path->when ? !c->generated : c == p->column || c == p->at)
			vec_push(g->a, &names, c->name);
	}
	ask.columns = columns_of(g, r->table, names.v, names.n);
	strbuf_adds(&sql, "SELECT r.n FROM pg_catalog.unnest($1::int8[]");
	for (size_t i = 0; i <= names.n; i++) {
		vec_push(g->a, &x.types, i ? OID_TEXT_ARRAY : OID_INT8_ARRAY);
		vec_push(g->a, &x.values, arena_strdup(g->a, ""));
		if (i)
			strbuf_addf(&sql, ", $%zu::text[]", i + 1);
	}
	strbuf_adds(&sql, ") AS r(n");
	for (size_t i = 0; i < names.n; i++) {
		strbuf_addf(&sql, ", c%zu", i);
		strbuf_addf(&from, "%sr.c%zu::%s AS ", i ? ", " : "", i, ask.columns.v[i].type);
		sql_ident(&from, names.v[i]);
	}
	strbuf_addf(&sql, ") CROSS JOIN LATERAL (SELECT %s OFFSET 0) AS t WHERE ", strbuf_str(&from));
	render_path(&x, &sql, r, p, "t", set);
	ask.sql = arena_strdup(g->a, strbuf_str(&sql));
	ask.params = (struct plan_params){ (int)x.values.n, x.types.v, x.values.v };
	vec_push(g->a, tests, ((struct judge_test){ .kind = JUDGE_TEST_ASK, .ask = ask }));
}

/* ---- a hold's own words ---- */

static const struct subject_keys *keys_of(const struct subject_set *s, const struct subject_type *t)
{
	for (size_t i = 0; i < s->n; i++)
		if (streq(s->types[i].type->name, t->name))
			return &s->types[i];
	return NULL;
}

static void by_path(struct judging *g, test_vec *tests, struct bound *r, const struct bound_path *p, struct subject_set *set)
{
	const struct subject_keys *k;

	if (p->kind == SUBJECT_FOLLOWS)
		return;			/* by way of the rows that it leads through */
	k = keys_of(set, p->type);
	if (!k || (p->kind == SUBJECT_COLUMN && !k->keys.n) || (p->kind == SUBJECT_IDENTIFIER && !k->identifiers.n))
		return;
	if (p->kind == SUBJECT_COLUMN && !p->path->when)
		test_keys(g, tests, r->table, p->column->name, k->keys.v, k->keys.n);
	else
		test_ask(g, tests, r, p, set);
}

static void by_identity(struct judging *g, test_vec *tests, struct bound *r, const struct subject_keys *k)
{
	const struct subject_type *t = k->type;

	if (sqltable_same(t->root, r->rule->table) && cat_column(r->table, t->key))
		test_keys(g, tests, r->table, t->key, k->keys.v, k->keys.n);
	for (size_t j = 0; j < t->nidentifiers; j++) {
		const struct identifier *id = &t->identifiers[j];

		if (id->table && sqltable_same(id->table, r->rule->table) && cat_column(r->table, id->subject))
			test_keys(g, tests, r->table, id->subject, k->keys.v, k->keys.n);
	}
}

static void by_people(struct judging *g, test_vec *tests, struct bound *r, struct subject_set *set)
{
	if (r->subject_fault.cls != DIAG_OK) {
		test_all(g, tests, false);
		return;
	}
	for (size_t i = 0; i < r->paths.n; i++)
		by_path(g, tests, r, &r->paths.v[i], set);
	for (size_t i = 0; !r->paths.n && i < set->n; i++)
		by_identity(g, tests, r, &set->types[i]);
}

/* Of a type that `subjects` does not have: columns alone lead to such people; with a condition more than they
 * are held. */
static void by_column(struct judging *g, test_vec *tests, struct bound *r, const struct hold_entry *h)
{
	const char **key = arena_alloc(g->a, sizeof(*key));

	*key = h->subject_key;
	for (size_t i = 0; i < r->rule->nsubjects; i++) {
		const struct subject_path *p = &r->rule->subjects[i];

		if (streq(p->type, h->subject_type) && p->kind == SUBJECT_COLUMN && cat_column(r->table, p->column))
			test_keys(g, tests, r->table, p->column, key, 1);
	}
}

/* The rows that the condition matches in the live database, by their keys. */
static bool by_rows(struct judging *g, test_vec *tests, struct bound *r, const struct hold_entry *h, struct diag *d)
{
	const struct cat_index *key = cat_key(r->table);
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	struct judge_test t = { .kind = JUDGE_TEST_KEYS };

	if (!key) {
		test_all(g, tests, false);
		return true;
	}
	strbuf_adds(&sql, "SELECT ");
	for (size_t i = 0; i < key->ncolumns; i++) {
		strbuf_adds(&sql, i ? ", " : "");
		render_column(&sql, "t", key->columns[i]);
		strbuf_adds(&sql, "::text");
	}
	strbuf_adds(&sql, " FROM ");
	render_from(&sql, r, "t");
	strbuf_addf(&sql, " WHERE (\n%s\n)", h->condition);
	if (!conn_query(g->b.conn, strbuf_str(&sql), NO_PARAMS, &res, d))
		return false;
	t.columns = columns_of(g, r->table, key->columns, key->ncolumns);
	t.nkeys = (size_t)PQntuples(res);
	t.keys = arena_alloc(g->a, (t.nkeys * key->ncolumns + 1) * sizeof(*t.keys));
	for (size_t i = 0; i < t.nkeys; i++)
		for (size_t k = 0; k < key->ncolumns; k++)
			t.keys[i * key->ncolumns + k] = arena_strdup(g->a, res_text(res, (int)i, (int)k));
	if (t.nkeys)
		vec_push(g->a, tests, t);
	return true;
}

static bool names_rule(struct judging *g, const struct bound *r, const struct hold_entry *h)
{
	if (!h->target || streq(h->target, r->rule->name))
		return h->target != NULL;
	return h->relation && streq(h->relation, r->table->sql) && !bind_rule(&g->b, h->target);
}

static const char *class_of(const struct bound *r)
{
	return r->root->rule->cls ? r->root->rule->cls->name : NULL;
}

static bool by_hold(struct judging *g, test_vec *tests, struct bound *r, const struct hold_entry *h, struct diag *d)
{
	if (h->people) {
		by_people(g, tests, r, h->people);
		return true;
	}
	if (streq(h->scope, "subject")) {
		by_column(g, tests, r, h);
		return true;
	}
	if (streq(h->scope, "rows"))
		return !names_rule(g, r, h) || by_rows(g, tests, r, h, d);
	if (streq(h->scope, "all") || (streq(h->scope, "table") && names_rule(g, r, h))) {
		test_all(g, tests, false);
	} else if (streq(h->scope, "class") && streq_null(h->target, class_of(r))) {
		test_all(g, tests, true);
		g->roles.v[r->index].held_class = true;
	}
	return true;
}

/* ---- roles ---- */

static bool add_role(struct judging *g, struct bound *r, struct diag *d)
{
	struct judge_role role = { .kind = JUDGE_HELD, .rule = r->rule->name, .loc = r->rule->loc,
				   .table = g->roles.v[r->index].table };
	test_vec tests = { NULL, 0, 0 };

	for (size_t i = 0; i < g->b.holds.n; i++)
		if (!by_hold(g, &tests, r, &g->b.holds.v[i], d))
			return false;
	if (g->b.waiting)
		by_people(g, &tests, r, g->b.waiting);
	role.tests = tests.v;
	role.ntests = tests.n;
	g->held[r->index] = g->roles.n;
	vec_push(g->a, &g->roles, role);
	return true;
}

static void add_way(struct judging *g, size_t role, struct judge_way w)
{
	struct judge_role *r = &g->roles.v[role];
	struct judge_way *more = arena_alloc(g->a, (r->nways + 1) * sizeof(*more));

	if (r->nways)
		memcpy(more, r->ways, r->nways * sizeof(*more));
	more[r->nways++] = w;
	r->ways = more;
}

/* What goes with a held row by mention is held, with a rule of its own or without. */
static void add_cascades(struct judging *g, size_t upper, const edge_vec *edges)
{
	for (size_t i = 0; i < edges->n; i++) {
		const struct edge *e = &edges->v[i];
		size_t role = g->roles.n;

		if (e->kind != EDGE_CASCADE)
			continue;
		vec_push(g->a, &g->roles, ((struct judge_role){ .kind = JUDGE_HELD,
			.table = judging_table(g, e->fkey->child, false) }));
		add_way(g, role, judging_way(g, upper, e->fkey, judging_part(e->fkey)));
		add_cascades(g, role, &e->sub);
	}
}

/* What follows a held row, and its mapped attachments. */
static void add_ways(struct judging *g, struct bound *r)
{
	size_t role = g->held[r->index];

	if (r->parent && r->parent->table)
		add_way(g, role, judging_way(g, g->held[r->parent->index], r->via, 0));
	for (size_t i = 0; i < r->paths.n; i++) {
		const struct bound_path *p = &r->paths.v[i];

		if (p->upper && p->upper != r->parent && p->upper->table)
			add_way(g, role, judging_way(g, g->held[p->upper->index], p->fkey, 0));
	}
}

bool judging_holds(struct judging *g, struct diag *d)
{
	if (!g->b.holds.n && !g->b.waiting)
		return true;
	g->held = arena_alloc(g->a, (g->b.nrules + 1) * sizeof(*g->held));
	for (size_t i = 0; i < g->b.nrules; i++)
		if (g->b.rules[i].table && !add_role(g, &g->b.rules[i], d))
			return false;
	for (size_t i = 0; i < g->b.nrules; i++) {
		struct bound *r = &g->b.rules[i];

		if (!r->table)
			continue;
		add_ways(g, r);
		add_cascades(g, g->held[i], &r->edges);
	}
	return true;
}
