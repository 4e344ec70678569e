#include "plan/export.h"

#include "pg/tmpl.h"
#include "plan/build_parts.h"
#include "plan/vault_store.h"

struct exporter {
	struct binder b;
	struct arena *a;
	struct subject_set *people;
	store_vec stores;
	VEC(struct plan_export) list;
};

static bool is_theirs(struct exporter *w, struct render *x, struct strbuf *sb, struct bound *r)
{
	return render_of_subject(x, sb, r, "t", w->people, false);
}

static bool same_table(const struct bound *a, const struct bound *b)
{
	return a->table == b->table && a->rule->only == b->rule->only;
}

/* Some rule on the table finds people, and none of them says that the rows are other people's too. */
static bool whole_rows(const struct exporter *w, const struct bound *r)
{
	for (size_t i = 0; i < w->b.nrules; i++)
		if (same_table(&w->b.rules[i], r) && w->b.rules[i].rule->shared)
			return false;
	return true;
}

static void any_rule(struct exporter *w, struct render *x, struct strbuf *sb, const struct bound *r)
{
	size_t before = sb->len;

	for (size_t i = 0; i < w->b.nrules; i++) {
		AUTO_STRBUF one = STRBUF_INIT;

		if (same_table(&w->b.rules[i], r) && is_theirs(w, x, &one, &w->b.rules[i]))
			strbuf_addf(sb, "%s%s", sb->len > before ? " OR " : "", strbuf_str(&one));
	}
}

/* ---- shared rows ---- */

static bool names_column(const struct rule *r, const char *column)
{
	for (size_t i = 0; i < r->ncolumns; i++)
		if (streq(r->columns[i].column, column))
			return !streq(r->columns[i].op, "keep");
	return false;
}

static void add_visible(struct strbuf *sb, const char *text)
{
	strbuf_addf(sb, "%s%s", sb->len ? " OR " : "", text);
}

/* A column that leads to people is theirs where it leads to them; another one where the rule names it. */
static void visible_by(struct exporter *w, struct render *x, struct strbuf *sb, struct bound *r, const char *column)
{
	bool link = false;
	AUTO_STRBUF row = STRBUF_INIT;

	for (size_t i = 0; i < r->paths.n; i++) {
		AUTO_STRBUF one = STRBUF_INIT;

		if (r->paths.v[i].kind == SUBJECT_FOLLOWS || !streq(r->paths.v[i].column->name, column))
			continue;
		link = true;
		render_path(x, &one, r, &r->paths.v[i], "t", w->people);
		add_visible(sb, strbuf_str(&one));
	}
	if (!link && (!r->rule->shared || names_column(r->rule, column)) && is_theirs(w, x, &row, r))
		add_visible(sb, strbuf_str(&row));
}

/* Of rows in the vault: a column that came since is not theirs. */
static bool stands_in(const struct store *s, const char *column)
{
	return !s || !s->known->whole || store_column(s, column);
}

static bool shared_line(struct exporter *w, struct render *x, struct strbuf *sb, const struct bound *r, const struct store *s)
{
	size_t n = 0;

	strbuf_adds(sb, "(SELECT json_object_agg(v.k, v.j ORDER BY v.n) FROM (VALUES ");
	for (size_t c = 0; c < r->table->columns.n; c++) {
		const char *name = r->table->columns.v[c].name;
		AUTO_STRBUF visible = STRBUF_INIT;

		for (size_t i = 0; i < w->b.nrules; i++)
			if (same_table(&w->b.rules[i], r))
				visible_by(w, x, &visible, &w->b.rules[i], name);
		if (!visible.len || !stands_in(s, name))
			continue;
		strbuf_addf(sb, "%s(%zu, ", n ? ", " : "", n);
		n++;
		render_param(x, sb, name, "text");
		strbuf_adds(sb, ", to_json(");
		render_column(sb, "t", name);
		strbuf_addf(sb, "), (%s) IS TRUE)", strbuf_str(&visible));
	}
	strbuf_adds(sb, ") AS v(n, k, j, seen) WHERE v.seen)");
	return n > 0;
}

/* ---- a table ---- */

/* Without the vault's own columns. */
static void stored_line(struct strbuf *sb, const struct bound *r, const struct store *s)
{
	const char *word = "(SELECT row_to_json(v.*) FROM (SELECT ";

	for (size_t i = 0; i < r->table->columns.n; i++) {
		if (!stands_in(s, r->table->columns.v[i].name))
			continue;
		strbuf_adds(sb, word);
		render_column(sb, "t", r->table->columns.v[i].name);
		word = ", ";
	}
	strbuf_adds(sb, ") AS v)");
}

/* from: a FROM item called t, with rows of t's, or (s) of what it has in the vault. */
static void add_part(struct exporter *w, struct bound *r, const struct cat_table *t, const char *from, const struct store *s)
{
	struct render x = { .b = &w->b, .a = w->a, .live = true, .stores = s ? &w->stores : NULL };
	AUTO_STRBUF where = STRBUF_INIT, line = STRBUF_INIT, sql = STRBUF_INIT;

	any_rule(w, &x, &where, r);
	if (!where.len)
		return;
	if (!whole_rows(w, r)) {
		if (!shared_line(w, &x, &line, r, s))
			return;
	} else if (s) {
		stored_line(&line, r, s);
	} else {
		strbuf_adds(&line, "row_to_json(t.*)");
	}
	strbuf_addf(&sql, "SELECT %s::text FROM %s WHERE %s", strbuf_str(&line), from, strbuf_str(&where));
	*vec_add(w->a, &w->list) = (struct plan_export){
		.table = t->display, .quarantined = s != NULL, .sql = arena_strdup(w->a, strbuf_str(&sql)),
		.params = { .n = (int)x.values.n, .types = x.types.v, .values = x.values.v },
	};
}

static void add_relation(struct exporter *w, struct bound *r, const struct cat_table *t, const char *only)
{
	add_part(w, r, t, arena_printf(w->a, "%s%s AS t", only, t->sql), NULL);
}

static void add_stored(struct exporter *w, struct bound *r)
{
	for (size_t i = 0; i < w->stores.n; i++) {
		AUTO_STRBUF from = STRBUF_INIT;

		if (w->stores.v[i].table != r->table)
			continue;
		store_from(&from, &w->stores.v[i], "t");
		add_part(w, r, r->table, strbuf_str(&from), &w->stores.v[i]);
	}
}

/* Children of an inheritance have columns of their own, which the parent's face does not show. */
static void add_table(struct exporter *w, struct bound *r)
{
	if (r->table->kind == 'p') {
		add_relation(w, r, r->table, "");
		return;
	}
	for (size_t i = 0; i < r->leaves.n; i++)
		add_relation(w, r, r->leaves.v[i], "ONLY ");
}

static bool fits(const struct bound *r, struct diag *d)
{
	if (!r->table && r->rule->nsubjects) {
		*d = *bound_fault(r);
		return false;
	}
	if (r->subject_fault.cls == DIAG_OK)
		return true;
	*d = r->subject_fault;
	return false;
}

static bool first_of_table(const struct exporter *w, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_table(&w->b.rules[k], &w->b.rules[i]))
			return false;
	return w->b.rules[i].table != NULL;
}

bool plan_export(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
		 struct subject_set *people, size_t *n, struct plan_export **ret, struct diag *d)
{
	struct exporter w = { .a = a, .people = people };

	if (!build_bind(c, a, policy, db, NULL, &w.b, d) || !store_load(&w.b, &w.stores, d))
		return false;
	for (size_t i = 0; i < w.b.nrules; i++)
		if (!fits(&w.b.rules[i], d))
			return false;
	for (size_t i = 0; i < w.b.nrules; i++)
		if (first_of_table(&w, i)) {
			add_table(&w, &w.b.rules[i]);
			add_stored(&w, &w.b.rules[i]);
		}
	*n = w.list.n;
	*ret = w.list.v;
	return true;
}
