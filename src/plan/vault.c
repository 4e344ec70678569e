/* The vault: tables in schema pgretain_vault, each of one shape, made by pgretain.vault_prepare. Which one
 * a rule's rows go to is decided here, for all rules of the database in the order of the files: a plan of
 * one rule names the same table as the plan of all. */
#include "plan/statement.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"

/* PostgreSQL cuts names at 63 bytes; the partition's suffix needs 9. */
#define NAME_MAX_BYTES 54

static uint32_t name_hash(const char *s)	/* FNV-1a: only to keep long names apart */
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* schema.table, then schema.table~2 and so on, for a source that has changed or another of that name. */
static const char *name_candidate(struct arena *a, const struct bound *r, int k)
{
	const char *part = r->removes ? "" : ".columns", *suffix = k > 1 ? arena_printf(a, "~%d", k) : "";
	char *name = arena_printf(a, "%s.%s%s", r->table->schema, r->table->name, part);
	size_t room = NAME_MAX_BYTES - strlen(suffix), n = strlen(name);

	if (n <= room)
		return arena_printf(a, "%s%s", name, suffix);
	n = room - 9;
	while (n && ((unsigned char)name[n] & 0xC0) == 0x80)	/* not inside a character */
		n--;
	return arena_printf(a, "%.*s~%08x%s", (int)n, name, name_hash(name), suffix);
}

const char *vault_qualified(struct arena *a, const char *name)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	sql_qualified(&sb, "pgretain_vault", name);
	return arena_strdup(a, strbuf_str(&sb));
}

const char *vault_name(struct arena *a, const struct bound *r)
{
	return vault_qualified(a, r->vault);
}

static bool is_key_column(const struct bound *r, const char *name)
{
	const struct cat_index *key = cat_key(r->table);

	for (size_t i = 0; key && i < key->ncolumns; i++)
		if (streq(key->columns[i], name))
			return true;
	return false;
}

static bool is_overwritten(const struct bound *r, const char *name)
{
	for (size_t i = 0; i < r->ops.n; i++)
		if (streq(anon_column(r->ops.v[i])->name, name))
			return true;
	return false;
}

/* Whole rows: all but generated columns, which come back by themselves; else key and what is overwritten. */
static bool travels(const struct bound *r, const struct cat_column *c)
{
	if (r->removes)
		return !c->generated;
	return is_key_column(r, c->name) || is_overwritten(r, c->name);
}

void vault_columns(struct strbuf *sb, const struct bound *r, const char *prefix)
{
	bool any = false;

	for (size_t i = 0; i < r->table->columns.n; i++) {
		const struct cat_column *c = &r->table->columns.v[i];

		if (!travels(r, c))
			continue;
		strbuf_addf(sb, "%s%s", any ? ", " : "", prefix);
		sql_ident(sb, c->name);
		any = true;
	}
}

static const char *columns_array(struct binder *b, const struct bound *r)
{
	VEC(const char *) list = { NULL, 0, 0 };

	for (size_t i = 0; i < r->table->columns.n; i++)
		if (travels(r, &r->table->columns.v[i]))
			vec_push(b->a, &list, r->table->columns.v[i].name);
	return cat_array_literal(b->a, list.v, list.n);
}

/* ---- which vault table ---- */

static void known_read(struct binder *b, const PGresult *res, int i)
{
	struct vault_known *k = vec_add(b->a, &b->vaults);
	const char *fits = res_text_null(res, i, 6);
	size_t n;

	k->oid = arena_strdup(b->a, res_text(res, i, 0));
	k->name = arena_strdup(b->a, res_text(res, i, 1));
	k->source = (Oid)res_int(res, i, 2);
	k->display = arena_strdup(b->a, res_text_null(res, i, 3));
	k->whole = res_bool(res, i, 4);
	k->rules = cat_array(b->a, res_text(res, i, 5), &k->nrules);
	if (fits) {
		const char **columns = cat_array(b->a, fits, &n);

		k->fits = cat_array_literal(b->a, columns, n);
	}
	if (k->source) {
		AUTO_STRBUF sb = STRBUF_INIT;

		sql_qualified(&sb, res_text(res, i, 7), res_text(res, i, 8));
		k->source_sql = arena_strdup(b->a, strbuf_str(&sb));
	}
}

bool vault_load(struct binder *b, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(b->conn, sqltext_get("query/vault_tables"), NO_PARAMS, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		known_read(b, res, i);
	return true;
}

static const struct vault_known *known_by_name(const struct binder *b, const char *name)
{
	for (size_t i = 0; i < b->vaults.n; i++)
		if (streq(b->vaults.v[i].name, name))
			return &b->vaults.v[i];
	return NULL;
}

static const struct vault_known *known_that_fits(const struct binder *b, const struct bound *r, const char *columns)
{
	for (size_t i = 0; i < b->vaults.n; i++) {
		const struct vault_known *k = &b->vaults.v[i];

		if (k->source == r->table->oid && k->whole == r->removes && streq_null(k->fits, columns))
			return k;
	}
	return NULL;
}

bool vault_fits(struct bound *r)
{
	r->stage = FINDING_VAULT;
	for (size_t i = 0; i < r->table->columns.n; i++)
		if (strncmp(r->table->columns.v[i].name, "pgretain_", 9) == 0)
			return bound_fail(r, DIAG_CATALOG, "column %s of %s bears a name that the vault uses itself",
					  r->table->columns.v[i].name, r->table->display);
	/* A child's own columns would be lost, and a release could not tell whose row it was. */
	if (r->table->kind == 'p' || (r->leaves.n == 1 && r->leaves.v[0] == r->table))
		return true;
	bound_fail(r, DIAG_CATALOG, "%s has inheritance children: their rows can't be quarantined through it",
		   r->table->display);
	diag_hint(&r->diag, "say only = true, and give each child a rule of its own");
	return false;
}

static void vault_assign(struct binder *b, struct bound *r)
{
	const char *columns = columns_array(b, r);
	const struct vault_known *k = known_that_fits(b, r, columns);

	for (int n = 1; !k; n++) {
		const char *name = name_candidate(b->a, r, n);

		if (known_by_name(b, name))
			continue;
		*vec_add(b->a, &b->vaults) = (struct vault_known){ .name = name, .source = r->table->oid,
			.whole = r->removes, .fits = columns };
		k = known_by_name(b, name);
	}
	r->vault = k->name;
}

void vault_assign_all(struct binder *b)
{
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		if (!r->failed && r->rule->action == ACTION_QUARANTINE)
			vault_assign(b, r);
	}
}

void vault_prepare(struct binder *b, struct bound *r, struct plan_step *s)
{
	const char *values[] = { r->vault, r->table->sql, columns_array(b, r), r->removes ? "true" : "false",
				 rule_name(r->rule), r->purge_after };
	struct plan_query *q = arena_alloc(b->a, sizeof(*q));

	q->sql = sqltext_get("query/vault_prepare");
	q->params.n = ARRAY_SIZE(values);
	q->params.values = arena_alloc(b->a, sizeof(values));
	memcpy(q->params.values, values, sizeof(values));
	s->prepare = q;
}
