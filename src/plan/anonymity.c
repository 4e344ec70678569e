#include "plan/anonymity.h"

#include "base/instant.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/check_parts.h"
#include "plan/personal.h"

#define FRAG(text) ((struct sqlfrag){ text })

typedef VEC(const char *) name_vec;

/* What of a rule is rendered, and over which rows. */
struct measurer {
	struct binder *b;
	struct bound *r;
	struct render x;
	bool before;			/* rows as they will be; else rows in final form */
	name_vec quasi, sensitive;
	const char *person;		/* column; NULL: none known */
};

static const char *kept(struct measurer *m, struct strbuf *sb)
{
	return arena_strdup(m->b->a, strbuf_str(sb));
}

static bool listed(const name_vec *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (streq(v->v[i], name))
			return true;
	return false;
}

static const struct anon *op_on(const struct bound *r, const char *column)
{
	for (size_t i = 0; i < r->ops.n; i++)
		if (streq(anon_column(r->ops.v[i])->name, column))
			return r->ops.v[i];
	return NULL;
}

static bool nulled(const struct bound *r, const char *column)
{
	const struct anon *an = op_on(r, column);

	return an && streq(anon_op(an), "null");
}

/* ---- names ---- */

static void need_columns(struct bound *r, const char *key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (cat_column(r->table, names[i]))
			continue;
		bound_fail(r, DIAG_CATALOG, "column %s does not exist in %s", names[i], r->table->display);
		diag_where(&r->diag, "%s:%d: rule \"%s\", anonymity: %s", r->rule->anonymity.loc.file,
			   r->rule->anonymity.loc.line, r->rule->name, key);
		diag_hint(&r->diag, "columns are the catalogue's own names, unquoted");
	}
}

/* Suppressing writes NULL: never where a term, a key or a condition of the server reads the column. */
static const char *suppress_unfit(const struct bound *r, const char *column)
{
	const struct cat_column *c = cat_column(r->table, column);
	const struct pred *p = &r->root->pred;

	if (!c)
		return NULL;
	if (c->not_null)
		return "NOT NULL";
	if (c->generated)
		return "generated";
	for (size_t i = 0; i < p->nclocks; i++)
		for (size_t k = 0; r->root == r && k < p->clocks[i].n; k++)
			if (streq(p->clocks[i].columns[k].name, column))
				return "a start or event column";
	return NULL;
}

void bind_anonymity(struct bound *r)
{
	const struct anonymity *an = &r->rule->anonymity;

	need_columns(r, "quasi", an->quasi, an->nquasi);
	need_columns(r, "sensitive", an->sensitive, an->nsensitive);
	need_columns(r, "suppress", an->suppress, an->nsuppress);
	need_columns(r, "subject", &an->subject, an->subject != NULL);
	for (size_t i = 0; i < an->nsuppress; i++) {
		const char *why = suppress_unfit(r, an->suppress[i]);

		if (!why)
			continue;
		bound_fail(r, DIAG_CATALOG, "anonymity: column %s of %s is %s: it can't be suppressed", an->suppress[i],
			   r->table->display, why);
		diag_where(&r->diag, "%s:%d: rule \"%s\", anonymity: suppress", an->loc.file, an->loc.line, r->rule->name);
		diag_hint(&r->diag, "name quasi columns that can be NULL");
	}
}

/* `quasi` and every column that is generalized. */
static void quasi_columns(struct measurer *m)
{
	const struct anonymity *an = &m->r->rule->anonymity;

	for (size_t i = 0; i < an->nquasi; i++)
		if (!listed(&m->quasi, an->quasi[i]))
			vec_push(m->b->a, &m->quasi, an->quasi[i]);
	for (size_t i = 0; i < m->r->ops.n; i++) {
		const char *name = anon_column(m->r->ops.v[i])->name;

		if (anon_face(m->r->ops.v[i]) == ANON_GENERALIZES && !listed(&m->quasi, name))
			vec_push(m->b->a, &m->quasi, name);
	}
	for (size_t i = 0; i < an->nsensitive; i++)
		vec_push(m->b->a, &m->sensitive, an->sensitive[i]);
}

static const char *person_column(const struct rule *rule)
{
	if (rule->anonymity.subject)
		return rule->anonymity.subject;
	for (size_t i = 0; i < rule->nsubjects; i++)
		if (rule->subjects[i].kind == SUBJECT_COLUMN && !rule->subjects[i].when)
			return rule->subjects[i].column;
	return NULL;
}

/* ---- SQL ---- */

static void anon_param(void *ctx, struct strbuf *sb, const char *text, const char *type)
{
	render_param(ctx, sb, text, type);
}

static void ident(void *ctx, struct strbuf *sb, const char *name)
{
	(void)ctx;
	sql_ident(sb, name);
}

/* The column as it is, or as its operator will leave it. */
static void value(struct measurer *m, struct strbuf *sb, const char *column)
{
	struct anon_sql face = { .alias = "t", .param = anon_param, .ident = ident, .ctx = &m->x };
	const struct anon *an = m->before ? op_on(m->r, column) : NULL;

	if (an)
		anon_sql_value(an, &face, sb);
	else
		render_column(sb, "t", column);
}

/* Groups are compared as text: types without `=` too. Numbers lose their trailing zeros first. */
static const char *quasi_text(struct measurer *m)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, "ROW(");
	for (size_t i = 0; i < m->quasi.n; i++) {
		const struct cat_column *c = cat_column(m->r->table, m->quasi.v[i]);
		bool number = streq(c->base, "numeric");

		strbuf_adds(&sb, i ? ", " : "");
		strbuf_adds(&sb, number ? "trim_scale((" : "(");
		value(m, &sb, c->name);
		strbuf_adds(&sb, number ? ")::numeric)" : ")");
	}
	strbuf_adds(&sb, ")::text");
	return kept(m, &sb);
}

static const char *sensitive_text(struct measurer *m)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < m->sensitive.n; i++) {
		strbuf_adds(&sb, ", (");
		value(m, &sb, m->sensitive.v[i]);
		strbuf_addf(&sb, ")::text AS s%zu", i);
	}
	return kept(m, &sb);
}

static const char *diversity_text(struct measurer *m)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < m->sensitive.n; i++)
		strbuf_addf(&sb, "%scount(DISTINCT x.s%zu)", i ? ", " : "least(", i);
	strbuf_adds(&sb, m->sensitive.n ? ")" : "NULL::int8");
	return kept(m, &sb);
}

/* The subject as it is even where its column goes: persons can be told apart while it is there. */
static const char *person_text(struct measurer *m)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (!m->person)
		return "NULL::text";
	render_column(&sb, "t", m->person);
	strbuf_adds(&sb, "::text");
	return kept(m, &sb);
}

static void done(struct measurer *m, struct strbuf *sb, struct bound *r, const char *alias)
{
	strbuf_adds(sb, "(");
	if (!render_not_done(&m->x, sb, r, alias))
		strbuf_adds(sb, "true");
	strbuf_adds(sb, ") IS NOT TRUE");
}

static const char *rows_text(struct measurer *m)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_due(&m->x, &sb, m->r, "t");
	if (m->before) {
		render_and_not(&m->x, &sb, m->r, "t", render_held);
		render_and_not(&m->x, &sb, m->r, "t", render_spared);
		render_and_not(&m->x, &sb, m->r, "t", render_taken_before);
	} else {
		strbuf_adds(&sb, " AND ");
		done(m, &sb, m->r, "t");
	}
	return kept(m, &sb);
}

/* ---- rows that refer to a person ---- */

static bool is_exempt(const struct database *db, const struct cat_table *t)
{
	AUTO_STRBUF plain = STRBUF_INIT;

	strbuf_addf(&plain, "%s.%s", t->schema, t->name);
	for (size_t i = 0; i < db->nexempts; i++)
		if (streq(db->exempts[i].table, t->display) || streq(db->exempts[i].table, strbuf_str(&plain)))
			return true;
	return false;
}

static bool names_look_personal(const struct cat_table *t)
{
	for (size_t i = 0; i < t->columns.n; i++)
		if (personal_name(t->columns.v[i].name))
			return true;
	return false;
}

/* Rows of t under alias p are personal unless a rule has brought them (or will bring them) into final
 * form. False: none is. */
static bool personal_rows(struct measurer *m, struct strbuf *sb, const struct cat_table *t, const char *p)
{
	bool ruled = false;

	for (size_t i = 0; i < m->b->nrules; i++) {
		struct bound *o = &m->b->rules[i];

		if (!o->table || !table_within(t, o->table))
			continue;
		strbuf_adds(sb, ruled ? "" : "true");
		ruled = true;
		if (o->failed || o->removes || o->rule->action != ACTION_ANONYMIZE)
			continue;
		strbuf_adds(sb, " AND (");
		render_due(&m->x, sb, o, p);
		if (m->before) {
			render_and_not(&m->x, sb, o, p, render_held);
		} else {
			strbuf_adds(sb, " AND ");
			done(m, sb, o, p);
		}
		strbuf_adds(sb, ") IS NOT TRUE");
	}
	if (!ruled && (is_exempt(m->b->plan->db, t) || !names_look_personal(t)))
		return false;
	strbuf_adds(sb, ruled ? "" : "true");
	return true;
}

static const char *linked_text(struct measurer *m)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < m->r->table->refers.n; i++) {
		const struct cat_fkey *f = m->r->table->refers.v[i];
		const char *p = render_alias(&m->x);
		AUTO_STRBUF test = STRBUF_INIT;

		if (bound_releases(m->r, f) || !personal_rows(m, &test, f->parent, p))
			continue;
		strbuf_addf(&sb, "%sEXISTS (SELECT 1 FROM %s AS %s WHERE ", sb.len ? " OR " : "", f->parent->sql, p);
		render_join(&sb, f, "t", p);
		strbuf_addf(&sb, " AND (%s))", strbuf_str(&test));
	}
	return sb.len ? kept(m, &sb) : "false";
}

/* ---- statements ---- */

static const char *from_text(struct measurer *m)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_from(&sb, m->r, "t");
	return kept(m, &sb);
}

static const char *wanted_text(struct measurer *m, const struct plan_anonymity *an)
{
	return arena_printf(m->b->a, "%d", an->k);
}

static const char *measure_text(struct measurer *m, const struct plan_anonymity *an)
{
	struct tmpl_var vars[] = {
		{ "wanted", .frag = FRAG(wanted_text(m, an)) }, { "diversity", .frag = FRAG(diversity_text(m)) },
		{ "quasi", .frag = FRAG(quasi_text(m)) }, { "person", .frag = FRAG(person_text(m)) },
		{ "linked", .frag = FRAG(linked_text(m)) }, { "sensitive", .frag = FRAG(sensitive_text(m)) },
		{ "from", .frag = FRAG(from_text(m)) }, { "rows", .frag = FRAG(rows_text(m)) },
	};

	return tmpl_render(m->b->a, "query/anonymity", vars, ARRAY_SIZE(vars));
}

static const char *suppress_columns(struct measurer *m, const char *each, const char *between)
{
	const struct anonymity *an = &m->r->rule->anonymity;
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < an->nsuppress; i++) {
		strbuf_adds(&sb, i ? between : "");
		strbuf_adds(&sb, streq(between, ", ") ? "" : "t.");
		sql_ident(&sb, an->suppress[i]);
		strbuf_adds(&sb, each);
	}
	return kept(m, &sb);
}

static const char *spare_rows(struct measurer *m, const char *rows)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, rows);
	render_and_not(&m->x, &sb, m->r, "t", render_held);
	return kept(m, &sb);
}

/* The groups are counted over all rows in final form; what a hold covers is left as it is. */
static void suppress_statements(struct measurer *m, struct plan_anonymity *an)
{
	const char *rows = rows_text(m), *spare = spare_rows(m, rows);
	const char *full = suppress_columns(m, " IS NOT NULL", " OR ");
	struct tmpl_var small[] = {
		{ "relation", .frag = FRAG("ONLY \2") }, { "rows", .frag = FRAG(rows) }, { "full", .frag = FRAG(full) },
		{ "quasi", .frag = FRAG(quasi_text(m)) }, { "person", .frag = FRAG(person_text(m)) },
		{ "from", .frag = FRAG(from_text(m)) }, { "wanted", .frag = FRAG(wanted_text(m, an)) },
	};
	struct tmpl_var update[] = {
		{ "relation", .frag = FRAG("ONLY \2") }, { "returning", .frag = FRAG("") },
		{ "assignments", .frag = FRAG(suppress_columns(m, " = NULL", ", ")) },
		{ "unit", .frag = FRAG(arena_printf(m->b->a, "t.ctid = ANY($%zu::tid[])", m->x.values.n + 1)) },
		{ "ready", .frag = FRAG(arena_printf(m->b->a, "(%s) AND (%s)", spare, full)) },
	};

	an->small_rows.text = tmpl_render(m->b->a, "query/anonymity_small", small, ARRAY_SIZE(small));
	an->suppress.text = tmpl_render(m->b->a, "query/update", update, ARRAY_SIZE(update));
}

static struct measurer measurer_of(struct binder *b, struct bound *r, bool before)
{
	struct measurer m = { .b = b, .r = r, .before = before, .x = { .b = b, .a = b->a, .live = true },
			      .person = person_column(r->rule) };

	quasi_columns(&m);
	return m;
}

static void render_after(struct binder *b, struct bound *r, struct plan_anonymity *an)
{
	struct measurer m = measurer_of(b, r, false);

	an->measure = measure_text(&m, an);
	if (r->rule->anonymity.nsuppress) {
		suppress_statements(&m, an);		/* twice: every parameter comes before the unit's */
		suppress_statements(&m, an);
	}
	an->params = (struct plan_params){ (int)m.x.values.n, m.x.types.v, m.x.values.v };
}

/* ---- what stands against it whatever k is ---- */

static void open_add(struct binder *b, struct plan_anonymity *an, const char *reason)
{
	struct { const char **v; size_t n, cap; } list = { an->open, an->nopen, an->nopen };

	vec_push(b->a, &list, reason);
	an->open = list.v;
	an->nopen = list.n;
}

static bool rule_names(const struct rule *rule, const char *column)
{
	for (size_t i = 0; i < rule->ncolumns; i++)
		if (streq(rule->columns[i].column, column))
			return true;
	return false;
}

static bool key_has(const struct cat_table *t, const char *column)
{
	const struct cat_index *key = cat_key(t);

	for (size_t i = 0; key && i < key->ncolumns; i++)
		if (streq(key->columns[i], column))
			return true;
	return false;
}

static void open_unnamed(struct binder *b, struct bound *r, struct plan_anonymity *an)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < r->table->columns.n; i++) {
		const struct cat_column *c = &r->table->columns.v[i];

		if (!c->generated && !key_has(r->table, c->name) && !rule_names(r->rule, c->name))
			strbuf_addf(&sb, "%s%s", sb.len ? ", " : "", c->name);
	}
	if (sb.len)
		open_add(b, an, arena_printf(b->a, "columns that the rule does not name: %s", strbuf_str(&sb)));
	for (size_t i = 0; i < r->ops.n; i++) {
		const char *column = anon_column(r->ops.v[i])->name;

		if (anon_face(r->ops.v[i]) == ANON_PSEUDONYM)
			open_add(b, an, arena_printf(b->a, "%s gives column %s a pseudonym", anon_op(r->ops.v[i]), column));
		if (anon_looks_personal(r->ops.v[i]))	/* whatever fills it in makes a pseudonym of it */
			open_add(b, an, arena_printf(b->a, "the constant for column %s is a template", column));
	}
}

static bool is_link(const struct cat_table *t, const char *column)
{
	for (size_t i = 0; i < t->refers.n; i++)
		for (size_t k = 0; k < t->refers.v[i]->n; k++)
			if (streq(t->refers.v[i]->child_columns[k], column))
				return true;
	return false;
}

/* A link by foreign key is followed row by row; one without can't be. */
static void open_subject(struct binder *b, struct bound *r, struct plan_anonymity *an, const char *column)
{
	if (column && !op_on(r, column) && !is_link(r->table, column) && !key_has(r->table, column))
		open_add(b, an, arena_printf(b->a, "column %s leads to a person", column));
}

static void open_subjects(struct binder *b, struct bound *r, struct plan_anonymity *an)
{
	const struct rule *rule = r->rule;
	bool named = false;

	for (size_t i = 0; i < rule->nsubjects; i++) {
		open_subject(b, r, an, rule->subjects[i].column);
		named = named || streq_null(rule->subjects[i].column, rule->anonymity.subject);
	}
	if (!named)
		open_subject(b, r, an, rule->anonymity.subject);
}

static bool open_copies(struct binder *b, struct bound *r, struct plan_anonymity *an, struct diag *d)
{
	struct checker k = { .b = b };
	AUTO_RESULT *views = NULL, *publications = NULL;

	if (!check_ask(&k, "query/check_matviews", check_oids(&k, r), &views, d) ||
	    !check_ask(&k, "query/check_publications", check_oids(&k, r), &publications, d))
		return false;
	for (int i = 0; i < PQntuples(views); i++)
		if (!check_accepted(r, res_text(views, i, 2)) && !check_accepted(r, res_text(views, i, 4)) &&
		    !check_accepted(r, res_text(views, i, 5)))
			open_add(b, an, arena_printf(b->a, "materialized view %s may show the old values",
						     res_text(views, i, 2)));
	for (int i = 0; i < PQntuples(publications); i++)
		if (!res_bool(publications, i, 3) && !check_accepted(r, res_text(publications, i, 1)))
			open_add(b, an, arena_printf(b->a, "publication %s does not send the new values",
						     res_text(publications, i, 1)));
	return true;
}

/* ---- backups ---- */

/* When rows of the rule were last changed; NULL: never. Without a ledger there is no such row. */
static bool changed_at(struct binder *b, struct bound *r, const struct plan_step *s, const char **ret, struct diag *d)
{
	struct diag none = DIAG_INIT;
	AUTO_RESULT *res = NULL;

	*ret = b->plan->as_of;
	if (plan_step_rows(s) > 0)
		return true;
	*ret = NULL;
	if (!conn_do(b->conn, "SAVEPOINT pgretain_k", NO_PARAMS, d))
		return false;
	if (!conn_query_text(b->conn, sqltext_get("query/anonymity_changed"), &res, &none, r->rule->name))
		return conn_do(b->conn, "ROLLBACK TO SAVEPOINT pgretain_k", NO_PARAMS, d);
	*ret = arena_strdup(b->a, res_text_null(res, 0, 0));
	return conn_do(b->conn, "RELEASE SAVEPOINT pgretain_k", NO_PARAMS, d);
}

static bool open_backup(struct binder *b, struct plan_anonymity *an, const struct backup_store *store, const char *at,
			struct diag *d)
{
	char interval[PERIOD_TEXT];
	AUTO_RESULT *res = NULL;
	struct period keep;
	const char *why;

	if (!store->keep || !period_parse(store->keep, &keep, &why)) {
		open_add(b, an, arena_printf(b->a, "the old values can be restored until the backups of %s expire",
					     store->name));
		return true;
	}
	if (!conn_query_text(b->conn, sqltext_get("query/anonymity_restorable"), &res, d, at,
			     period_interval(&keep, interval), b->plan->as_of))
		return false;
	if (PQntuples(res))
		open_add(b, an, arena_printf(b->a, "the old values can be restored from the backups of %s until %s",
					     store->name, res_text(res, 0, 0)));
	return true;
}

static bool open_backups(struct binder *b, struct bound *r, const struct plan_step *s, struct plan_anonymity *an,
			 struct diag *d)
{
	const struct policy *p = b->plan->policy;
	const char *at;

	if (!changed_at(b, r, s, &at, d))
		return false;
	if (!at || p->no_backups)
		return true;
	if (!p->nbackups)
		open_add(b, an, "the configuration does not say whether backups hold the old values (backups, or no_backups)");
	for (size_t i = 0; i < p->nbackups; i++)
		if (!open_backup(b, an, &p->backups[i], at, d))
			return false;
	return true;
}

/* ---- the dry run ---- */

static bool measure_before(struct binder *b, struct bound *r, struct plan_anonymity *an, struct diag *d)
{
	struct measurer m = measurer_of(b, r, true);
	const char *sql = measure_text(&m, an);
	struct diag why = DIAG_INIT;
	AUTO_RESULT *res = NULL;

	if (!conn_do(b->conn, "SAVEPOINT pgretain_k", NO_PARAMS, d))
		return false;
	if (!conn_query(b->conn, sql, (struct params){ (int)m.x.values.n, m.x.types.v, m.x.values.v }, &res, &why)) {
		an->before.why = arena_strdup(b->a, why.message);
		if (why.cls == DIAG_LOST)
			*d = why;
		return why.cls != DIAG_LOST && conn_do(b->conn, "ROLLBACK TO SAVEPOINT pgretain_k", NO_PARAMS, d);
	}
	plan_measure_read(res_text_null(res, 0, 0), res_text_null(res, 0, 1), res_text_null(res, 0, 2),
			  res_text_null(res, 0, 3), res_bool(res, 0, 4), &an->before);
	return conn_do(b->conn, "RELEASE SAVEPOINT pgretain_k", NO_PARAMS, d);
}

bool anonymity_plan(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d)
{
	struct plan_anonymity *an = &s->anonymity;
	const char *person = person_column(r->rule);

	if (r->rule->action != ACTION_ANONYMIZE || b->request)
		return true;
	an->applies = true;
	an->k = r->rule->anonymity.k ? r->rule->anonymity.k : r->root->rule->cls->k;
	an->l = r->rule->anonymity.l;
	an->subject_goes = person && nulled(r, person);
	open_unnamed(b, r, an);
	open_subjects(b, r, an);
	if (!open_copies(b, r, an, d) || !open_backups(b, r, s, an, d))
		return false;
	if (!an->k)
		return true;
	render_after(b, r, an);
	return measure_before(b, r, an, d);
}
