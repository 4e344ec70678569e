#include "plan/vault_store.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/statement.h"

/* ---- the registry ---- */

static struct store *store_by_oid(store_vec *list, const char *oid)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->v[i].known->oid, oid))
			return &list->v[i];
	return NULL;
}

static void add_stores(struct binder *b, store_vec *list)
{
	for (size_t i = 0; i < b->vaults.n; i++) {
		const struct vault_known *k = &b->vaults.v[i];
		struct store *s;

		if (!k->display)
			continue;			/* a stray: check names it */
		s = vec_add(b->a, list);
		s->known = k;
		s->sql = vault_qualified(b->a, k->name);
		s->table = k->source ? catalog_table(b->cat, k->source) : NULL;
	}
}

bool store_load(struct binder *b, store_vec *list, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	add_stores(b, list);
	if (!list->n)
		return true;
	if (!conn_query(b->conn, sqltext_get("query/vault_columns"), NO_PARAMS, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		struct store *s = store_by_oid(list, res_text(res, i, 0));

		if (!s)
			continue;			/* made this moment */
		*vec_add(b->a, &s->columns) = (struct store_column){
			.name = arena_strdup(b->a, res_text(res, i, 1)), .type = arena_strdup(b->a, res_text(res, i, 2)),
			.source = arena_strdup(b->a, res_text_null(res, i, 3)),
			.source_type = arena_strdup(b->a, res_text_null(res, i, 4)),
			.same = res_bool(res, i, 5), .generated = res_bool(res, i, 6),
		};
	}
	return true;
}

const char *store_column(const struct store *s, const char *source)
{
	for (size_t i = 0; i < s->columns.n; i++)
		if (s->columns.v[i].source && streq(s->columns.v[i].source, source))
			return s->columns.v[i].name;
	return NULL;
}

bool store_has(const struct store *s, const char *rule)
{
	for (size_t i = 0; i < s->known->nrules; i++)
		if (streq(s->known->rules[i], rule))
			return true;
	return false;
}

/* ---- the rows as they would be in the source now ---- */

bool store_key_join(const struct store *s, struct strbuf *sb, const char *live, const char *vault)
{
	const struct cat_index *key = s->table ? cat_key(s->table) : NULL;

	for (size_t i = 0; key && i < key->ncolumns; i++) {
		const char *column = store_column(s, key->columns[i]);

		if (!column)
			return false;
		strbuf_adds(sb, i ? " AND " : "");
		render_column(sb, live, key->columns[i]);
		strbuf_adds(sb, " = ");
		render_column(sb, vault, column);
	}
	return key != NULL;
}

static void add_live_columns(const struct store *s, struct strbuf *sb)
{
	for (size_t i = 0; i < s->table->columns.n; i++) {
		const char *name = s->table->columns.v[i].name;

		if (store_column(s, name))
			continue;
		strbuf_adds(sb, ", ");
		render_column(sb, "l", name);
		strbuf_adds(sb, " AS ");
		sql_ident(sb, name);
	}
}

void store_from(struct strbuf *sb, const struct store *s, const char *alias)
{
	AUTO_STRBUF join = STRBUF_INIT;
	bool live = !s->known->whole && store_key_join(s, &join, "l", "v");

	strbuf_adds(sb, "(SELECT v.tableoid AS pgretain_part, v.ctid AS pgretain_tid, v.pgretain_run, v.pgretain_rule, "
		    "v.pgretain_purge_after");
	for (size_t i = 0; i < s->columns.n; i++) {
		if (!s->columns.v[i].source)
			continue;
		strbuf_adds(sb, ", ");
		render_column(sb, "v", s->columns.v[i].name);
		strbuf_adds(sb, " AS ");
		sql_ident(sb, s->columns.v[i].source);
	}
	if (live)
		add_live_columns(s, sb);
	strbuf_addf(sb, " FROM %s AS v", s->sql);
	if (live)
		strbuf_addf(sb, " LEFT JOIN %s AS l ON %s", s->known->source_sql, strbuf_str(&join));
	strbuf_addf(sb, ") AS %s", alias);
}

void store_rule_is(struct render *x, struct strbuf *sb, const char *alias, const char *rule)
{
	strbuf_addf(sb, "%s.pgretain_rule = ", alias);
	render_param(x, sb, rule, "text");
}
