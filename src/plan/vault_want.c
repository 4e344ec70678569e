/* Which quarantined rows are wanted back, and the statements that put them back. */
#include "plan/vault_parts.h"

/* ---- which rows are wanted back ---- */

static bool pairs_fit(const struct planner *w, const struct store *s)
{
	for (size_t i = 0; i < w->want->npairs; i++)
		if (!store_column(s, w->want->columns[i]))
			return false;
	return true;
}

static void render_pairs(struct planner *w, struct render *x, struct strbuf *sb, const struct store *s,
			 const char *alias)
{
	for (size_t i = 0; i < w->want->npairs; i++) {
		const char *name = store_column(s, w->want->columns[i]);

		for (size_t k = 0; k < s->columns.n; k++) {
			if (!streq(s->columns.v[k].name, name))
				continue;
			strbuf_adds(sb, " AND ");
			render_column(sb, alias, name);
			strbuf_adds(sb, " = ");
			render_param(x, sb, w->want->values[i], s->columns.v[k].type);
		}
	}
}

/* Child and parent both in the vault; false: a column of the key is missing there. */
static bool render_vault_join(struct strbuf *sb, const struct cat_fkey *f, const struct store *child, const char *c,
			      const struct store *parent, const char *p)
{
	for (size_t i = 0; i < f->n; i++) {
		const char *from = store_column(child, f->child_columns[i]), *to = store_column(parent, f->parent_columns[i]);

		if (!from || !to)
			return false;
		strbuf_adds(sb, i ? " AND " : "");
		render_column(sb, c, from);
		strbuf_adds(sb, " = ");
		render_column(sb, p, to);
	}
	return true;
}

static bool is_parent_store(const struct store *s, const struct bound *r)
{
	return r->parent && s->known->whole && s->table == r->parent->table && store_has(s, r->parent->rule->name);
}

/* EXISTS over every vault table with the parent's rows: joined, of the same run. */
static bool render_same_run(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r,
			    const struct store *child, const char *alias)
{
	size_t before = sb->len;

	for (size_t i = 0; i < w->stores.n; i++) {
		const struct store *s = &w->stores.v[i];
		const char *q = render_alias(x);
		AUTO_STRBUF join = STRBUF_INIT;

		if (!is_parent_store(s, r) || !render_vault_join(&join, r->via, child, alias, s, q))
			continue;
		add_or(sb, before);
		strbuf_addf(sb, "EXISTS (SELECT 1 FROM %s AS %s WHERE ", s->sql, q);
		store_rule_is(x, sb, q, r->parent->rule->name);
		strbuf_addf(sb, " AND %s AND %s.pgretain_run = %s.pgretain_run)", strbuf_str(&join), q, alias);
	}
	return sb->len > before;
}

static void render_wanted(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r, const char *rule,
			  const struct store *s, const char *alias);

/* The row's parent is wanted. A key may have been used twice: the parent of the same run counts, or any
 * where that run moved none (it was interrupted between the two). */
static void parent_wanted(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r,
			  const struct store *child, const char *alias)
{
	AUTO_STRBUF all = STRBUF_INIT;

	for (size_t i = 0; i < w->stores.n; i++) {
		const struct store *s = &w->stores.v[i];
		const char *p = render_alias(x);
		AUTO_STRBUF join = STRBUF_INIT, same = STRBUF_INIT;

		if (!is_parent_store(s, r) || !render_vault_join(&join, r->via, child, alias, s, p) || !pairs_fit(w, s))
			continue;
		add_or(&all, 0);
		strbuf_addf(&all, "EXISTS (SELECT 1 FROM %s AS %s WHERE %s AND ", s->sql, p, strbuf_str(&join));
		render_wanted(w, x, &all, r->parent, r->parent->rule->name, s, p);
		render_same_run(w, x, &same, r, child, alias);
		strbuf_addf(&all, " AND (%s.pgretain_run = %s.pgretain_run OR NOT (%s)))", p, alias, strbuf_str(&same));
	}
	strbuf_addf(sb, " AND (%s)", all.len ? strbuf_str(&all) : "false");
}

static void render_wanted(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r, const char *rule,
			  const struct store *s, const char *alias)
{
	store_rule_is(x, sb, alias, rule);
	if (w->want->run) {
		strbuf_addf(sb, " AND %s.pgretain_run = ", alias);
		render_param(x, sb, w->want->run, "uuid");
	}
	if (!w->want->npairs)
		return;
	if (streq(rule, w->want->rule))
		render_pairs(w, x, sb, s, alias);
	else
		parent_wanted(w, x, sb, r, s, alias);
}

/* Name of the first dropped column that holds a value: it can't be given back. */
static void render_lost(struct render *x, struct strbuf *sb, const struct store *s)
{
	size_t before = sb->len;

	for (size_t i = 0; i < s->columns.n; i++) {
		if (s->columns.v[i].source || !s->known->source)
			continue;
		strbuf_adds(sb, sb->len > before ? " " : "CASE ");
		strbuf_adds(sb, "WHEN ");
		render_column(sb, "v", s->columns.v[i].name);
		strbuf_adds(sb, " IS DISTINCT FROM NULL THEN ");
		render_param(x, sb, s->columns.v[i].name, "text");
	}
	strbuf_adds(sb, sb->len > before ? " END" : "NULL::text");
}

static struct plan_query part_collect(struct planner *w, struct bound *r, const char *rule, const struct store *s)
{
	const char *cursor = arena_printf(w->a, "pgretain_release_%zu", w->parts.n);
	struct render x = { .b = &w->b, .a = w->a, .live = true };
	AUTO_STRBUF lost = STRBUF_INIT, wanted = STRBUF_INIT;

	render_lost(&x, &lost, s);
	render_wanted(w, &x, &wanted, r, rule, s, "v");
	struct tmpl_var vars[] = {
		{ "cursor", .frag = FRAG(cursor) },
		{ "vault", .frag = FRAG(s->sql) }, { "lost", .frag = FRAG(text_of(w, &lost)) },
		{ "wanted", .frag = FRAG(text_of(w, &wanted)) },
	};
	return query_of(tmpl_render(w->a, "query/vault_collect", vars, ARRAY_SIZE(vars)), &x);
}

/* ---- putting them back ---- */

/* Lists over the columns that still exist: how = 'v' of the vault, 't' taken, 'p' of the source,
 * 'i' source names alone, '=' assignments. Generated ones are compared, never written. */
static const char *column_list(struct planner *w, const struct store *s, char how, bool written, bool key_too)
{
	const struct cat_index *key = s->table ? cat_key(s->table) : NULL;
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < s->columns.n; i++) {
		const struct store_column *c = &s->columns.v[i];
		bool is_key = false;

		for (size_t k = 0; key && c->source && k < key->ncolumns; k++)
			is_key = is_key || streq(key->columns[k], c->source);
		if (!c->source || (written && c->generated) || (is_key && !key_too))
			continue;
		strbuf_adds(&sb, sb.len ? ", " : "");
		switch (how) {
		case 'v': render_column(&sb, "v", c->name); break;
		case 't': render_column(&sb, "taken", c->name); break;
		case 'p': render_column(&sb, "t", c->source); break;
		case 'i': sql_ident(&sb, c->source); break;
		case '=':
			sql_ident(&sb, c->source);
			strbuf_adds(&sb, " = ");
			render_column(&sb, "taken", c->name);
			break;
		}
	}
	return text_of(w, &sb);
}

static const char *changed_columns(struct planner *w, const struct store *s)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < s->columns.n; i++) {
		const struct store_column *c = &s->columns.v[i];

		if (!c->source || c->same)
			continue;
		strbuf_addf(&sb, "%scolumn %s was %s and is %s%s", sb.len ? ", " : "", c->name, c->type,
			    c->generated ? "generated " : "", c->source_type);
	}
	return sb.len ? text_of(w, &sb) : NULL;
}

/* Operators know their own placeholder: what does not hold it was written by somebody since. */
static const char *place_refused(struct planner *w, struct bound *r, const struct store *s)
{
	AUTO_STRBUF join = STRBUF_INIT;

	if (!s->known->source)
		return arena_printf(w->a, "table %s is gone", s->known->display);
	if (s->known->whole)
		return NULL;
	if (!r || r->failed || r->table != s->table || r->removes)
		return "the rule is not in the configuration as it was: its placeholders are not known";
	if (!store_key_join(s, &join, "t", "taken"))
		return arena_printf(w->a, "the key of %s has changed", s->known->display);
	return NULL;
}

static const char *orphan(struct planner *w, struct render *x, struct bound *r, const struct store *s)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (!r || !r->parent || !s->known->whole || !render_same_run(w, x, &sb, r, s, "v"))
		return "false";
	return text_of(w, &sb);
}

static struct plan_query part_place(struct planner *w, struct bound *r, const char *rule, const struct store *s)
{
	struct render x = { .b = &w->b, .a = w->a, .live = true };
	AUTO_STRBUF key = STRBUF_INIT, open = STRBUF_INIT, where = STRBUF_INIT;
	const char *stays = orphan(w, &x, r, s);
	struct tmpl_var vars[12];
	size_t n = 0;

	store_rule_is(&x, &where, "v", rule);
	if (!s->known->whole) {
		store_key_join(s, &key, "t", "taken");
		if (!render_not_done(&x, &open, r, "t"))
			strbuf_adds(&open, "false");
		vars[n++] = (struct tmpl_var){ "assignments", .frag = FRAG(column_list(w, s, '=', true, false)) };
		vars[n++] = (struct tmpl_var){ "key", .frag = FRAG(text_of(w, &key)) };
		vars[n++] = (struct tmpl_var){ "open", .frag = FRAG(text_of(w, &open)) };
	}
	strbuf_addf(&where, " AND v.ctid = ANY(%s) AND v.tableoid = %s", unit(w, &x, 1, "tid[]"), unit(w, &x, 2, "oid"));
	vars[n++] = (struct tmpl_var){ "vault", .frag = FRAG(s->sql) };
	vars[n++] = (struct tmpl_var){ "source", .frag = FRAG(s->known->source_sql) };
	vars[n++] = (struct tmpl_var){ "unit", .frag = FRAG(text_of(w, &where)) };
	vars[n++] = (struct tmpl_var){ "orphan", .frag = FRAG(stays) };
	vars[n++] = (struct tmpl_var){ "outgoing", .frag = FRAG(column_list(w, s, 'v', false, true)) };
	vars[n++] = (struct tmpl_var){ "before", .frag = FRAG(column_list(w, s, 't', false, true)) };
	vars[n++] = (struct tmpl_var){ "into", .frag = FRAG(column_list(w, s, 'i', true, true)) };
	vars[n++] = (struct tmpl_var){ "incoming", .frag = FRAG(column_list(w, s, 't', true, true)) };
	vars[n++] = (struct tmpl_var){ "compared", .frag = FRAG(column_list(w, s, 'p', false, true)) };
	return query_of(tmpl_render(w->a, s->known->whole ? "query/vault_place" : "query/vault_place_columns", vars, n),
			&x);
}

static void add_part(struct planner *w, struct bound *r, const char *rule, size_t store)
{
	const struct store *s = &w->stores.v[store];
	struct plan_query collect = part_collect(w, r, rule, s);
	struct vault_part *p = vec_add(w->a, &w->parts);

	p->rule = rule;
	p->table = s->known->display;
	p->store = store;
	p->cursor = arena_printf(w->a, "pgretain_release_%zu", w->parts.n - 1);
	p->collect = collect;
	p->changed = changed_columns(w, s);
	p->parent = r && r->parent ? r->parent->rule->name : NULL;
	p->refused = place_refused(w, r, s);
	if (!p->refused)
		p->place = part_place(w, r, rule, s);
}

static void add_parts(struct planner *w, struct bound *r, const char *rule)
{
	bool root = streq(rule, w->want->rule);

	for (size_t i = 0; i < w->stores.n; i++)
		if (store_has(&w->stores.v[i], rule) && (!root || pairs_fit(w, &w->stores.v[i])))
			add_part(w, r, rule, i);
	for (size_t i = 0; r && i < r->followers.n; i++)
		add_parts(w, r->followers.v[i], r->followers.v[i]->rule->name);
}

static bool want_known(struct planner *w, struct bound *r, struct diag *d)
{
	bool any = false, fits = !w->want->npairs;

	for (size_t i = 0; i < w->stores.n; i++) {
		if (!store_has(&w->stores.v[i], w->want->rule))
			continue;
		any = true;
		fits = fits || pairs_fit(w, &w->stores.v[i]);
	}
	if (!any && !r) {
		diag_fail(d, DIAG_USAGE, "there is no rule \"%s\" for database \"%s\", and none in its vault", w->want->rule,
			  w->b.plan->db->name);
		diag_hint(d, "pgretain quarantine list names what is there");
		return false;
	}
	if (!any || fits)
		return true;
	diag_fail(d, DIAG_USAGE, "the vault's rows of rule \"%s\" do not have %s", w->want->rule,
		  w->want->npairs > 1 ? "all of these columns" : "this column");
	diag_where(d, "column %s", w->want->columns[0]);
	diag_hint(d, "columns are the catalogue's own names, unquoted; of quarantined columns the key is there too");
	return false;
}

bool vault_parts_render(struct planner *w, struct diag *d)
{
	struct bound *r = bind_rule(&w->b, w->want->rule);

	if (!want_known(w, r, d))
		return false;
	add_parts(w, r, w->want->rule);
	w->out->nparts = w->parts.n;
	w->out->parts = w->parts.v;
	return true;
}
