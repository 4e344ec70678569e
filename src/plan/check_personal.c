/* Names that look personal, in tables that nobody decided about (warnings: only people know). */
#include "plan/check_parts.h"

#include "plan/personal.h"

static bool in_list(const char *const *list, size_t n, const char *part)
{
	for (size_t i = 0; i < n; i++)
		if (streq(list[i], part))
			return true;
	return false;
}

/* ---- tables without a rule ---- */

static bool cascades(const edge_vec *edges, const struct cat_table *t)
{
	for (size_t i = 0; i < edges->n; i++)
		if ((edges->v[i].kind == EDGE_CASCADE && edges->v[i].fkey->child == t) || cascades(&edges->v[i].sub, t))
			return true;
	return false;
}

static bool is_covered(const struct checker *k, Oid oid)
{
	const struct cat_table *t = catalog_table(k->b->cat, oid);

	if (!t || check_ruled(k->b, t))
		return t != NULL;
	for (size_t i = 0; i < k->b->nrules; i++)
		if (cascades(&k->b->rules[i].edges, t))
			return true;
	return false;
}

static const char *schemas(struct checker *k)
{
	struct arena *a = k->b->a;
	VEC(const char *) names = { NULL, 0, 0 };

	for (size_t i = 0; i < k->b->nrules; i++)
		if (k->b->rules[i].table && !in_list(names.v, names.n, k->b->rules[i].table->schema))
			vec_push(a, &names, k->b->rules[i].table->schema);
	return cat_array_literal(a, names.v, names.n);
}

/* As a string of the configuration. */
static const char *as_written(struct checker *k, const char *text)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_addc(&sb, '\\');
		strbuf_addf(&sb, *text == '\n' ? "\\n" : "%c", *text);
	}
	return arena_strdup(k->b->a, strbuf_str(&sb));
}

static void note_table(struct checker *k, const char *display, const struct strbuf *columns)
{
	if (columns->len)
		check_note(k, &(struct note){ .id = FINDING_UNCOVERED, .object = display,
			.remedy = arena_printf(k->b->a, "give it a rule, or exempt it: { table = \"%s\"; reason = \"…\"; }",
					       as_written(k, display)) },
			"%s has no rule and is not exempt, and its columns look personal: %s", display, strbuf_str(columns));
}

/* Rows come table by table. */
bool check_uncovered(struct checker *k, struct diag *d)
{
	AUTO_STRBUF columns = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	Oid last = 0;
	bool decided = false;

	if (!check_ask(k, "query/check_columns", schemas(k), &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		Oid oid = (Oid)res_int(res, i, 0);

		if (oid != last) {
			if (i)
				note_table(k, res_text(res, i - 1, 1), &columns);
			strbuf_reset(&columns);
			if (!check_exempt(k, oid, &decided, d))
				return false;
			decided |= is_covered(k, oid);
			last = oid;
		}
		if (!decided && personal_name(res_text(res, i, 2)))
			strbuf_addf(&columns, "%s%s", columns.len ? ", " : "", res_text(res, i, 2));
	}
	if (PQntuples(res))
		note_table(k, res_text(res, PQntuples(res) - 1, 1), &columns);
	return true;
}

/* ---- columns of ruled tables ---- */

static bool is_named(const struct checker *k, const struct bound *r, const char *column)
{
	for (size_t i = 0; i < k->b->nrules; i++) {
		const struct bound *o = &k->b->rules[i];

		for (size_t j = 0; o->table == r->table && j < o->rule->ncolumns; j++)
			if (streq(o->rule->columns[j].column, column))
				return true;
	}
	return false;
}

/* By any rule on the table: several may share its columns. */
static bool is_overwritten(const struct checker *k, const struct bound *r, const char *column)
{
	for (size_t i = 0; i < k->b->nrules; i++)
		if (k->b->rules[i].table == r->table && !k->b->rules[i].removes && check_overwrites(&k->b->rules[i], column))
			return true;
	return false;
}

static bool is_key(const struct cat_table *t, const char *column)
{
	const struct cat_index *key = cat_key(t);

	for (size_t i = 0; key && i < key->ncolumns; i++)
		if (streq(key->columns[i], column))
			return true;
	return false;
}

static bool is_link(const struct cat_table *t, const char *column)
{
	for (size_t i = 0; i < t->refers.n; i++)
		for (size_t j = 0; j < t->refers.v[i]->n; j++)
			if (streq(t->refers.v[i]->child_columns[j], column))
				return true;
	return false;
}

static void add_name(struct strbuf *sb, const char *name)
{
	strbuf_addf(sb, "%s%s", sb->len ? ", " : "", name);
}

void check_unnamed(struct checker *k, struct bound *r)
{
	AUTO_STRBUF unnamed = STRBUF_INIT;
	AUTO_STRBUF distinct = STRBUF_INIT;

	if (r->removes || r->rule->action != ACTION_ANONYMIZE)
		return;
	for (size_t i = 0; i < r->table->columns.n; i++) {
		const struct cat_column *c = &r->table->columns.v[i];

		if (c->generated || is_key(r->table, c->name))
			continue;
		if (!is_named(k, r, c->name)) {
			/* those two are told on their own */
			if (!streq(c->base, "tsvector") && !streq(c->base, "oid") && !check_accepted(r, c->name))
				add_name(&unnamed, c->name);
		} else if (c->n_distinct < -0.5 && !is_overwritten(k, r, c->name) && !is_link(r->table, c->name)) {
			add_name(&distinct, c->name);
		}
	}
	if (unnamed.len)
		check_note(k, &(struct note){ .id = FINDING_UNNAMED, .rule = r, .object = r->table->display,
			.remedy = "name each in columns: \"keep\" where its values say nothing of a person" },
			"columns of %s that the rule does not name: %s", r->table->display, strbuf_str(&unnamed));
	if (distinct.len)
		check_note(k, &(struct note){ .id = FINDING_DISTINCT_KEPT, .rule = r, .object = r->table->display,
			.remedy = "trunc, bucket or null them, or measure them: anonymity = { quasi = [ … ]; }" },
			"columns of %s that are kept, and whose values are nearly all different: %s", r->table->display,
			strbuf_str(&distinct));
}

/* ---- identifiers that can't be sealed ---- */

static const struct subject_path *by_identifier(const struct rule *r)
{
	for (size_t i = 0; i < r->nsubjects; i++)
		if (r->subjects[i].kind == SUBJECT_IDENTIFIER)
			return &r->subjects[i];
	return NULL;
}

/* Once: it is one key for all. */
void check_keyless(struct checker *k)
{
	for (size_t i = 0; !k->b->plan->policy->key_file && i < k->b->nrules; i++) {
		const struct subject_path *p = by_identifier(k->b->rules[i].rule);

		if (!p)
			continue;
		check_note(k, &(struct note){ .id = FINDING_KEYLESS, .rule = &k->b->rules[i], .loc = &p->loc,
			.remedy = "key_file = \"PATH\" names it: 32 random bytes, mode 0400, outside the database" },
			"rows of people are found by identifier \"%s\", and there is no key_file", p->identifier);
		return;
	}
}
