/* How a finding is noted, and what all parts of check ask. */
#include "plan/check_parts.h"

#include "pg/sqltext.h"

#include <stdarg.h>

const struct finding_kind finding_kinds[FINDING_COUNT] = {
#define FINDING(name, id, severity, blocks, why) [FINDING_##name] = { id, SEVERITY_##severity, blocks, why },
#include "plan/finding.def"
#undef FINDING
};

/* Where a sentence of the place itself adds nothing. */
static const char *const remedies[FINDING_COUNT] = {
	[FINDING_CONFIG] = "right the file at that place; pgretain help config lists every key",
	[FINDING_CONFIG_HINT] = "right the file at that place, or leave it if that is what you mean",
	[FINDING_TABLE] = "name the table that holds the rows, as in SQL",
	[FINDING_CLOCK] = "right start, events or the class's terms",
	[FINDING_COLUMNS] = "give the column another operator, or keep it",
	[FINDING_CHAIN] = "mend that rule first",
	[FINDING_CHILDREN] = "say \"cascade\", or give the referencing table a rule of its own",
	[FINDING_VAULT] = "rename the column, or let the rule delete or anonymize",
	[FINDING_UNLOGGED] = "ALTER TABLE ... SET LOGGED, where its rows are to outlive a crash",
	[FINDING_CONNECT] = "mend the connection, then check again",
	[FINDING_LEDGER] = "pgretain ledger verify tells more",
};

const char *finding_remedy(enum finding_id id, const char *told)
{
	return told && *told ? told : remedies[id];
}

void finding_note(struct findings *f, enum finding_id id, const char *place, const char *message, const char *remedy)
{
	const struct finding_kind *kind = &finding_kinds[id];

	findings_add(f, &(struct finding){ .id = kind->id, .severity = kind->severity, .place = place,
		.message = message, .why = kind->why, .remedy = finding_remedy(id, remedy) });
}

static void place(struct strbuf *sb, const struct checker *k, const struct note *n)
{
	const struct srcloc *loc = n->loc ? n->loc : n->rule ? &n->rule->rule->loc : NULL;

	if (loc && loc->file)
		strbuf_addf(sb, "%s:%d: ", loc->file, loc->line);
	if (n->rule)
		strbuf_addf(sb, "rule \"%s\"", n->rule->rule->name);
	else
		strbuf_addf(sb, "database \"%s\"", k->b->plan->db->name);
	if (n->object)
		strbuf_addf(sb, ", %s", n->object);
}

void check_note(struct checker *k, const struct note *n, const char *fmt, ...)
{
	const struct finding_kind *kind = &finding_kinds[n->id];
	AUTO_STRBUF at = STRBUF_INIT;
	char message[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	place(&at, k, n);
	if (k->findings) {
		findings_add(k->findings, &(struct finding){ .id = kind->id, .severity = kind->severity,
			.place = strbuf_str(&at), .message = message, .why = kind->why, .remedy = finding_remedy(n->id, n->remedy),
			.rule = n->rule ? n->rule->rule->name : NULL });
	} else if (kind->blocks && n->rule && !n->rule->failed) {
		n->rule->stage = n->id;
		bound_fail(n->rule, DIAG_CATALOG, "%s", message);
		diag_where(&n->rule->diag, "%s", strbuf_str(&at));
		if (n->remedy)
			diag_hint(&n->rule->diag, "%s", n->remedy);
		if (n->sqlstate)
			snprintf(n->rule->diag.sqlstate, sizeof(n->rule->diag.sqlstate), "%s", n->sqlstate);
	}
}

/* ---- asking ---- */

bool check_probe(struct checker *k, const char *sql, struct params p, PGresult **ret, bool *refused, struct diag *d)
{
	struct conn *c = k->b->conn;
	struct diag ignored = DIAG_INIT;

	*refused = false;
	if (!conn_do(c, "SAVEPOINT pgretain_probe", NO_PARAMS, d))
		return false;
	if (conn_query(c, sql, p, ret, d))
		return conn_do(c, "RELEASE SAVEPOINT pgretain_probe", NO_PARAMS, d);
	*refused = d->cls != DIAG_LOST && conn_do(c, "ROLLBACK TO SAVEPOINT pgretain_probe", NO_PARAMS, &ignored);
	return false;
}

bool check_ask(struct checker *k, const char *name, const char *arg, PGresult **ret, struct diag *d)
{
	if (conn_query_text(k->b->conn, sqltext_get(name), ret, d, arg))
		return true;
	if (!*d->where)
		diag_where(d, "sql/%s.sql", name);
	return false;
}

static const char *oid_text(struct arena *a, Oid oid)
{
	return arena_printf(a, "%u", oid);
}

const char *check_all_oids(struct checker *k)
{
	const struct catalog *cat = k->b->cat;
	VEC(const char *) oids = { NULL, 0, 0 };

	for (size_t i = 0; i < cat->tables.n; i++)
		vec_push(k->b->a, &oids, oid_text(k->b->a, cat->tables.v[i].oid));
	return cat_array_literal(k->b->a, oids.v, oids.n);
}

const char *check_oids(struct checker *k, const struct bound *r)
{
	struct arena *a = k->b->a;
	VEC(const char *) oids = { NULL, 0, 0 };

	vec_push(a, &oids, oid_text(a, r->table->oid));
	for (size_t i = 0; i < r->leaves.n; i++)
		if (r->leaves.v[i] != r->table)
			vec_push(a, &oids, oid_text(a, r->leaves.v[i]->oid));
	return cat_array_literal(a, oids.v, oids.n);
}

static bool load_exempts(struct checker *k, struct diag *d)
{
	const struct database *db = k->b->plan->db;
	const char **names = arena_alloc(k->b->a, (db->nexempts + 1) * sizeof(*names));
	AUTO_RESULT *r = NULL;

	for (size_t i = 0; i < db->nexempts; i++)
		names[i] = db->exempts[i].table;
	if (!check_ask(k, "query/cat_resolve", cat_array_literal(k->b->a, names, db->nexempts), &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++)
		vec_push(k->b->a, &k->exempts, (Oid)res_int(r, i, 1));
	k->exempts_known = true;
	return true;
}

bool check_exempt(struct checker *k, Oid oid, bool *ret, struct diag *d)
{
	if (!k->exempts_known && !load_exempts(k, d))
		return false;
	*ret = false;
	for (size_t i = 0; i < k->exempts.n; i++)
		*ret |= k->exempts.v[i] == oid;
	return true;
}

bool check_ruled(const struct binder *b, const struct cat_table *t)
{
	for (size_t i = 0; i < b->nrules; i++)
		if (b->rules[i].table && table_within(t, b->rules[i].table))
			return true;
	return false;
}

bool check_accepted(const struct bound *r, const char *name)
{
	for (size_t i = 0; i < r->rule->ncopies; i++)
		if (streq(r->rule->copies[i], name))
			return true;
	return false;
}

bool check_overwrites(const struct bound *r, const char *column)
{
	for (size_t i = 0; i < r->ops.n; i++)
		if (streq(anon_column(r->ops.v[i])->name, column))
			return true;
	return r->removes;
}
