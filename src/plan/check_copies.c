/* Copies that the database makes by itself (domain.md 3, operators.md 6). `copies` in the rule says which
 * were looked at. */
#include "plan/check_body.h"
#include "plan/check_parts.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"

static const char *remedy_accept(struct checker *k, const char *first, const char *name)
{
	return arena_printf(k->b->a, "%s; when that is seen to: copies = [ \"%s\" ]", first, name);
}

/* ---- publications ---- */

static const struct cat_table *table_of(const struct bound *r, Oid oid)
{
	for (size_t i = 0; i < r->leaves.n; i++)
		if (r->leaves.v[i]->oid == oid)
			return r->leaves.v[i];
	return r->table->oid == oid ? r->table : NULL;
}

/* A row that is changed or deleted must be told apart at the subscriber. */
static bool has_identity(const struct cat_table *t)
{
	switch (t->replident) {
	case 'f':
	case 'i':
		return true;
	case 'd':
		return cat_primary(t) != NULL;
	}
	return false;
}

static void note_identity(struct checker *k, struct bound *r, const struct cat_table *t, const char *publication)
{
	check_note(k, &(struct note){ .id = FINDING_REPLICA_IDENTITY, .rule = r, .object = t->display, .sqlstate = "55000",
		.remedy = arena_printf(k->b->a, "ALTER TABLE %s REPLICA IDENTITY FULL (or USING INDEX), or a primary key",
				       t->display) },
		"%s is published by %s and has no replica identity", t->display, publication);
}

static void note_silent(struct checker *k, struct bound *r, const char *publication)
{
	const char *what = r->removes ? "delete" : "update";

	if (check_accepted(r, publication))
		return;
	check_note(k, &(struct note){ .id = FINDING_PUBLICATION, .rule = r,
		.object = arena_printf(k->b->a, "publication %s", publication),
		.remedy = remedy_accept(k, arena_printf(k->b->a, "publish %s too, or purge at the subscribers", what),
					publication) },
		"publication %s sends %s, but not its %ss", publication, r->table->display, what);
}

bool check_publications(struct checker *k, struct bound *r, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	const char *told = "";

	if (!check_ask(k, "query/check_publications", check_oids(k, r), &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		const struct cat_table *t = table_of(r, (Oid)res_int(res, i, 0));
		const char *name = arena_strdup(k->b->a, res_text(res, i, 1));
		bool sends = res_bool(res, i, r->removes ? 2 : 3);

		if (!t)
			continue;
		if (sends && t->kind == 'r' && !has_identity(t))
			note_identity(k, r, t, name);
		if (!sends && !streq(told, name)) {
			note_silent(k, r, name);
			told = name;
		}
	}
	return true;
}

/* ---- materialized views ---- */

static struct bound *rule_over(struct checker *k, Oid oid)
{
	for (size_t i = 0; i < k->b->nrules; i++)
		if (k->b->rules[i].table && table_of(&k->b->rules[i], oid))
			return &k->b->rules[i];
	return NULL;
}

static bool accepted_by_any(const struct checker *k, const char *name, const char *plain, const char *display)
{
	for (size_t i = 0; i < k->b->nrules; i++)
		if (check_accepted(&k->b->rules[i], name) || check_accepted(&k->b->rules[i], plain) ||
		    check_accepted(&k->b->rules[i], display))
			return true;
	return false;
}

static const char *bound_oids(struct checker *k)
{
	struct arena *a = k->b->a;
	VEC(const char *) oids = { NULL, 0, 0 };

	for (size_t i = 0; i < k->b->nrules; i++) {
		const struct bound *r = &k->b->rules[i];

		if (r->table)
			vec_push(a, &oids, arena_printf(a, "%u", r->table->oid));
		for (size_t j = 0; j < r->leaves.n; j++)
			vec_push(a, &oids, arena_printf(a, "%u", r->leaves.v[j]->oid));
	}
	return cat_array_literal(a, oids.v, oids.n);
}

static bool judge_matview(struct checker *k, const PGresult *res, int i, struct diag *d)
{
	struct bound *r = rule_over(k, (Oid)res_int(res, i, 0));
	const char *display = res_text(res, i, 2), *name = res_text(res, i, 5);
	bool exempt;

	if (!check_exempt(k, (Oid)res_int(res, i, 1), &exempt, d))
		return false;
	if (!r || exempt || accepted_by_any(k, name, res_text(res, i, 4), display))
		return true;
	check_note(k, &(struct note){ .id = FINDING_MATVIEW, .rule = r, .object = display,
		.remedy = remedy_accept(k, arena_printf(k->b->a, "REFRESH MATERIALIZED VIEW %s after each run", display),
					name) },
		"materialized view %s shows rows of %s%s", display, r->table->display,
		res_bool(res, i, 3) ? "" : ", through another view");
	return true;
}

/* Once for each view and table, however many partitions it reads. */
bool check_matviews(struct checker *k, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	const struct bound *last = NULL;
	Oid view = 0;

	if (!check_ask(k, "query/check_matviews", bound_oids(k), &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		const struct bound *r = rule_over(k, (Oid)res_int(res, i, 0));

		if (view == (Oid)res_int(res, i, 1) && last && r && last->table == r->table)
			continue;
		view = (Oid)res_int(res, i, 1);
		last = r;
		if (!judge_matview(k, res, i, d))
			return false;
	}
	return true;
}

/* ---- columns that hold a copy, or lead to one ---- */

static const struct column_op *named(const struct checker *k, const struct bound *r, const char *column)
{
	for (size_t i = 0; i < k->b->nrules; i++) {
		const struct bound *o = &k->b->rules[i];

		for (size_t j = 0; o->table == r->table && j < o->rule->ncolumns; j++)
			if (streq(o->rule->columns[j].column, column))
				return &o->rule->columns[j];
	}
	return NULL;
}

static void note_column(struct checker *k, struct bound *r, enum finding_id id, const struct cat_column *c,
			const char *what, const char *first)
{
	if (named(k, r, c->name) || check_accepted(r, c->name))
		return;
	check_note(k, &(struct note){ .id = id, .rule = r,
		.object = arena_printf(k->b->a, "column %s of %s", c->name, r->table->display),
		.remedy = remedy_accept(k, first, c->name) },
		"column %s of %s is %s: %s", c->name, r->table->display, c->type, what);
}

static void look_at_column(struct checker *k, struct bound *r, const struct cat_column *c)
{
	if (streq(c->base, "tsvector") && !c->generated && !r->removes)
		note_column(k, r, FINDING_TSVECTOR, c, "it may hold the words of what is overwritten",
			    "columns = { …  = \"empty\"; }, or \"keep\" where a trigger makes it anew");
	if (streq(c->base, "oid"))
		note_column(k, r, FINDING_LARGE_OBJECT, c, "a large object may stand behind it",
			    "lo_unlink by a trigger (lo_manage) or by vacuumlo; \"keep\" where it is none");
}

/* ---- tables that look like the history of this one ---- */

static bool is_history(const char *name, const char *of)
{
	static const char *const endings[] = {
		"_history", "_hist", "_audit", "_log", "_archive", "_archived", "_old", "_bak", "_backup", "_copy",
		"_versions", "_changes", "_shadow",
	};
	size_t n = strlen(of);

	if (strncmp(name, of, n) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (streq(name + n, endings[i]))
			return true;
	return false;
}

static bool look_at_history(struct checker *k, struct bound *r, struct diag *d)
{
	if (!k->bodies && !body_catalog_load(k->b->conn, k->b->a, &k->bodies, d))
		return false;
	for (size_t i = 0; i < k->bodies->relations.n; i++) {
		const struct body_relation *h = &k->bodies->relations.v[i];
		const struct cat_table *t = catalog_table(k->b->cat, h->oid);
		bool exempt;

		if (h->root != h->oid || !is_history(h->name, r->table->name) || (t && check_ruled(k->b, t)))
			continue;
		if (!check_exempt(k, h->oid, &exempt, d))
			return false;
		if (!exempt && !check_accepted(r, h->name))
			check_note(k, &(struct note){ .id = FINDING_HISTORY, .rule = r, .object = h->display,
				.remedy = arena_printf(k->b->a, "give %s a rule, or exempt it", h->display) },
				"%s looks like a history of %s, and has no rule", h->display, r->table->display);
	}
	return true;
}

bool check_copies(struct checker *k, struct bound *r, struct diag *d)
{
	for (size_t i = 0; i < r->table->columns.n; i++)
		look_at_column(k, r, &r->table->columns.v[i]);
	return look_at_history(k, r, d);
}

/* ---- pg_statistic ---- */

static const char *clearing(struct checker *k, const struct cat_table *t, const char *column)
{
	AUTO_STRBUF name = STRBUF_INIT;

	sql_ident(&name, column);
	if (k->b->conn->version >= 180000)
		return "pg_clear_attribute_stats, or ALTER COLUMN … TYPE to the same type";
	return arena_printf(k->b->a, "ALTER TABLE %s ALTER COLUMN %s TYPE %s (the same type: clears, rewrites nothing)",
			    t->display, strbuf_str(&name), cat_column(t, column)->type);
}

/* reltuples may be old: nothing is said of a table that has rows again. */
static bool is_empty(struct checker *k, const struct cat_table *t, bool *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	bool refused;

	*ret = false;
	if (check_probe(k, arena_printf(k->b->a, "SELECT NOT EXISTS (SELECT 1 FROM %s)", t->sql), NO_PARAMS, &res,
			&refused, d)) {
		*ret = res_bool(res, 0, 0);
		return true;
	}
	return refused;
}

static bool judge_statistics(struct checker *k, struct bound *r, const PGresult *res, int i, struct diag *d)
{
	const struct cat_table *t = table_of(r, (Oid)res_int(res, i, 0));
	const char *column = res_text(res, i, 1);
	bool off = res_bool(res, i, 2), empty = res_bool(res, i, 3);
	struct note n = { .rule = r };

	if (!t || !check_overwrites(r, column) || check_accepted(r, column) || !(off || empty))
		return true;
	if (!off && !is_empty(k, t, &empty, d))
		return false;
	if (!off && !empty)
		return true;
	n.id = off ? FINDING_STATISTICS : FINDING_STATISTICS_EMPTY;
	n.object = arena_printf(k->b->a, "column %s of %s", column, t->display);
	n.remedy = clearing(k, t, column);
	check_note(k, &n, "pg_stats shows values of column %s of %s, %s", column, t->display,
		   off ? "whose statistics target is 0" : "which is empty");
	return true;
}

bool check_statistics(struct checker *k, struct bound *r, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!check_ask(k, "query/check_statistics", check_oids(k, r), &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (!judge_statistics(k, r, res, i, d))
			return false;
	return true;
}

/* ---- the vault ---- */

bool check_vault(struct checker *k, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(k->b->conn, sqltext_get("query/check_vault"), NO_PARAMS, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		check_note(k, &(struct note){ .id = FINDING_VAULT_STRAY, .object = res_text(res, i, 0),
			.remedy = "look at it, then move its rows back or drop it" },
			"%s stands in the vault and %s", res_text(res, i, 0),
			res_bool(res, i, 1) ? "is no partition of a purge day" : "has no purge date");
	return true;
}
