#include "plan/coverage.h"

#include "pg/sqltext.h"
#include "plan/build_parts.h"
#include "plan/personal.h"
#include "plan/subject.h"

struct looker {
	struct binder b;
	struct arena *a;
	const struct database *db;
	Oid *exempts;			/* one for each exemption; 0: no such table */
	struct coverage_view *view;
};

static bool resolve_exempts(struct looker *k, struct diag *d)
{
	const char **names = arena_alloc(k->a, (k->db->nexempts + 1) * sizeof(*names));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < k->db->nexempts; i++)
		names[i] = k->db->exempts[i].table;
	if (!conn_query_text(k->b.conn, sqltext_get("query/cat_resolve"), &res, d,
			     cat_array_literal(k->a, names, k->db->nexempts)))
		return false;
	k->exempts = arena_alloc(k->a, (k->db->nexempts + 1) * sizeof(*k->exempts));
	for (size_t i = 0; i < k->db->nexempts; i++)
		k->exempts[i] = (Oid)res_int(res, (int)i, 1);
	return true;
}

static bool listed(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(list[i], name))
			return true;
	return false;
}

static const char *schemas_of_rules(struct looker *k)
{
	VEC(const char *) names = { NULL, 0, 0 };

	for (size_t i = 0; i < k->b.nrules; i++)
		if (k->b.rules[i].table && !listed(names.v, names.n, k->b.rules[i].table->schema))
			vec_push(k->a, &names, k->b.rules[i].table->schema);
	return names.n ? cat_array_literal(k->a, names.v, names.n) : NULL;
}

/* ---- one table ---- */

static bool rule_on(const struct bound *r, const struct cat_table *t)
{
	return t && r->table && (r->table == t || (!r->rule->only && table_within(t, r->table)));
}

static bool cascades(const edge_vec *edges, const struct cat_table *t)
{
	for (size_t i = 0; i < edges->n; i++)
		if ((edges->v[i].kind == EDGE_CASCADE && edges->v[i].fkey->child == t) || cascades(&edges->v[i].sub, t))
			return true;
	return false;
}

static void add_rules(struct looker *k, struct coverage_table *ct, const struct cat_table *t)
{
	for (size_t i = 0; t && i < k->b.nrules; i++) {
		const struct bound *r = &k->b.rules[i];
		bool on = rule_on(r, t);
		struct coverage_rule *cr;

		if (!on && !cascades(&r->edges, t))
			continue;
		cr = vec_add(k->a, &ct->rules);
		*cr = (struct coverage_rule){ .rule = r->rule->name, .action = action_word(r->rule->action), .cascade = !on,
					      .whole = !on || r->removes, .failed = r->failed,
					      .subject = r->rule->no_subject || bound_has_subject(r) };
		if (cr->whole)
			continue;
		cr->columns = arena_alloc(k->a, (r->rule->ncolumns + 1) * sizeof(*cr->columns));
		for (; cr->ncolumns < r->rule->ncolumns; cr->ncolumns++)
			cr->columns[cr->ncolumns] = r->rule->columns[cr->ncolumns].column;
	}
}

static struct coverage_table *table_begin(struct looker *k, Oid oid, const char *display)
{
	struct coverage_table *ct = vec_add(k->a, &k->view->tables);

	*ct = (struct coverage_table){ .table = arena_strdup(k->a, display), .state = COVERAGE_UNCOVERED };
	add_rules(k, ct, catalog_table(k->b.cat, oid));
	for (size_t i = 0; i < k->db->nexempts; i++) {
		if (k->exempts[i] != oid)
			continue;
		ct->state = COVERAGE_EXEMPT;
		ct->reason = k->db->exempts[i].reason;
	}
	for (size_t i = 0; i < ct->rules.n; i++)
		if (!ct->rules.v[i].failed)
			ct->state = COVERAGE_RULED;
	return ct;
}

static bool decided(const struct coverage_table *ct, const char *column)
{
	if (ct->state == COVERAGE_EXEMPT)
		return true;
	for (size_t i = 0; i < ct->rules.n; i++) {
		const struct coverage_rule *r = &ct->rules.v[i];

		if (!r->failed && (r->whole || listed(r->columns, r->ncolumns, column)))
			return true;
	}
	return false;
}

static void column_look(struct looker *k, struct coverage_table *ct, const char *name)
{
	const char *column = arena_strdup(k->a, name);

	if (!column || !personal_name(column))
		return;
	vec_push(k->a, &ct->personal, column);
	if (!decided(ct, column))
		vec_push(k->a, &ct->open, column);
}

/* Rows come table by table. */
static bool tables_look(struct looker *k, const char *schemas, struct diag *d)
{
	struct coverage_table *ct = NULL;
	AUTO_RESULT *res = NULL;
	Oid last = 0;

	if (!conn_query_text(k->b.conn, sqltext_get("query/coverage"), &res, d, schemas))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		Oid oid = (Oid)res_int(res, i, 0);
		const char *schema = res_text(res, i, 2);

		if (!listed(k->view->schemas.v, k->view->schemas.n, schema))
			vec_push(k->a, &k->view->schemas, arena_strdup(k->a, schema));
		if (oid != last)
			ct = table_begin(k, oid, res_text(res, i, 1));
		last = oid;
		column_look(k, ct, res_text_null(res, i, 3));
	}
	return true;
}

bool coverage_look(struct conn *c, const struct policy *policy, const struct database *db, bool every_schema,
		   struct arena *a, struct coverage_view *ret, struct diag *d)
{
	struct plan *plan = arena_alloc(a, sizeof(*plan));
	struct looker k = { .b = { .plan = plan, .a = a, .conn = c }, .a = a, .db = db, .view = ret };
	int64_t personal, open;

	*plan = (struct plan){ .arena = a, .policy = policy, .db = db };
	*ret = (struct coverage_view){ .database = db->name };
	if (!binder_open(&k.b, NULL, d) || !resolve_exempts(&k, d) ||
	    !tables_look(&k, every_schema ? NULL : schemas_of_rules(&k), d))
		return false;
	coverage_columns(ret, &personal, &open);
	ret->exit = open ? 2 : 0;
	return true;
}
