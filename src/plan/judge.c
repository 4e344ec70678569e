#include "plan/judge_parts.h"

#include "base/digest.h"
#include "ledger/ledger.h"

#include <stdlib.h>

void judge_free(struct judge *j)
{
	for (size_t i = 0; i < j->ntombs; i++)
		tombs_done(j->tombs[i]);
	free(j->batches);
	arena_free(j->arena);
}

/* ---- tables and columns ---- */

typedef VEC(struct judge_name) name_vec;

static void parts(name_vec *all, struct arena *a, const struct cat_table *t, bool descend)
{
	vec_push(a, all, ((struct judge_name){ t->schema, t->name }));
	for (size_t i = 0; descend && i < t->children.n; i++)
		parts(all, a, t->children.v[i], true);
}

size_t judging_table(struct judging *g, const struct cat_table *t, bool only)
{
	name_vec names = { NULL, 0, 0 }, tops = { NULL, 0, 0 };

	for (size_t i = 0; i < g->tables.n; i++) {
		const struct judge_table *o = &g->tables.v[i];

		if (o->n && !o->written && o->only == only && streq(o->display, t->display))
			return i;
	}
	parts(&names, g->a, t, !only);
	for (const struct cat_table *up = t->parent; up; up = up->parent)
		vec_push(g->a, &tops, ((struct judge_name){ up->schema, up->name }));
	vec_push(g->a, &g->tables, ((struct judge_table){ .display = t->display, .n = names.n, .names = names.v,
		.only = only, .ntops = tops.n, .tops = tops.v }));
	return g->tables.n - 1;
}

static size_t table_of_rule(struct judging *g, const struct bound *r)
{
	size_t i;

	if (!r->table) {
		vec_push(g->a, &g->tables, ((struct judge_table){ .written = r->rule->table, .display = r->rule->table }));
		return g->tables.n - 1;
	}
	i = judging_table(g, r->table, r->rule->only && r->table->kind == 'r');
	g->tables.v[i].written = r->rule->table;
	return i;
}

static bool base_in(const char *base, const char *const *list)
{
	for (; *list; list++)
		if (streq(base, *list))
			return true;
	return false;
}

/* Values that are equal exactly when their texts are. */
static bool one_spelling(const struct cat_column *c)
{
	static const char *const bases[] = { "int2", "int4", "int8", "uuid", "text", "varchar", "name", "date", "timestamp",
		"timestamptz", "bool", "bytea", "oid", "inet", "cidr", "macaddr", NULL };

	return base_in(c->base, bases) || c->basetyptype == 'e';
}

struct judge_column judging_column(const struct cat_table *t, const char *name)
{
	const struct cat_column *c = cat_column(t, name);

	return (struct judge_column){ .name = name, .type = c ? c->type : NULL, .form = c ? form_of_base(c->base) : JUDGE_BYTES };
}

/* ---- links ---- */

static bool comparable(const struct cat_column *a, const struct cat_column *b)
{
	bool numeric = streq(a->base, "numeric") || streq(b->base, "numeric");
	static const char *const numbers[] = { "int2", "int4", "int8", "numeric", NULL };
	static const char *const texts[] = { "text", "varchar", "bpchar", "name", NULL };

	if (numeric)
		return base_in(a->base, numbers) && base_in(b->base, numbers);
	if (streq(a->base, "bpchar") || streq(b->base, "bpchar"))
		return base_in(a->base, texts) && base_in(b->base, texts);
	return one_spelling(a) && one_spelling(b);
}

struct judge_way judging_way(struct judging *g, size_t upper, const struct cat_fkey *f, Oid part)
{
	struct judge_way w = { .upper = upper, .fkey = f->name, .comparable = true };

	w.child.n = w.parent.n = f->n;
	w.child.v = arena_alloc(g->a, (f->n + 1) * sizeof(*w.child.v));
	w.parent.v = arena_alloc(g->a, (f->n + 1) * sizeof(*w.parent.v));
	for (size_t i = 0; i < f->n; i++) {
		const struct cat_column *c = cat_column(f->child, f->child_columns[i]);
		const struct cat_column *p = cat_column(f->parent, f->parent_columns[i]);

		w.child.v[i] = judging_column(f->child, f->child_columns[i]);
		w.parent.v[i] = judging_column(f->parent, f->parent_columns[i]);
		if (!c || !p || !comparable(c, p)) {
			w.comparable = false;
			continue;
		}
		if (w.parent.v[i].form != JUDGE_BYTES)
			w.child.v[i].form = w.parent.v[i].form;
		w.parent.v[i].form = w.child.v[i].form;
	}
	if (part) {
		struct judge_table *t = arena_alloc(g->a, sizeof(*t));

		*t = g->tables.v[judging_table(g, catalog_table(g->b.cat, part), false)];
		w.part = t;
	}
	return w;
}

static void one_way(struct judging *g, struct judge_role *role, struct judge_way w)
{
	role->ways = arena_alloc(g->a, sizeof(*role->ways));
	role->ways[0] = w;
	role->nways = 1;
}

/* ---- what refers to rows that go ---- */

static bool has_floor(const struct bound *o)
{
	const struct retention_class *cls = o->root->rule->cls;

	for (size_t i = 0; cls && i < cls->nterms; i++)
		if (cls->terms[i].kind == TERM_FLOOR)
			return true;
	return false;
}

static void add_edge(struct judging *g, size_t upper, const struct edge *e)
{
	static const enum judge_kind kinds[] = { [EDGE_RULE] = JUDGE_REFER, [EDGE_CASCADE] = JUDGE_CASCADE,
						 [EDGE_UNSET] = JUDGE_UNSET };
	struct judge_role role = { .kind = kinds[e->kind], .table = judging_table(g, e->fkey->child, false) };
	VEC(size_t) rules = { NULL, 0, 0 };

	for (size_t i = 0; i < e->rules.n; i++) {
		const struct bound *o = e->rules.v[i];

		if (!o->failed && (e->kind == EDGE_RULE ? bound_releases(o, e->fkey) : e->kind == EDGE_CASCADE && has_floor(o)))
			vec_push(g->a, &rules, o->index);
	}
	role.rules = rules.v;
	role.nrules = rules.n;
	one_way(g, &role, judging_way(g, upper, e->fkey, judging_part(e->fkey)));
	vec_push(g->a, &g->roles, role);
	judging_edges(g, g->roles.n - 1, &e->sub);
}

void judging_edges(struct judging *g, size_t upper, const edge_vec *edges)
{
	for (size_t i = 0; i < edges->n; i++)
		if (edges->v[i].kind != EDGE_FOLLOW)
			add_edge(g, upper, &edges->v[i]);
}

/* ---- rules ---- */

void judging_clocks(struct judging *g, const struct bound *r, struct judge_role *role)
{
	size_t n = 0;

	for (size_t i = 0; i < r->pred.nclocks; i++)
		n += r->pred.clocks[i].n;
	role->clocks.v = arena_alloc(g->a, (n + 1) * sizeof(*role->clocks.v));
	for (size_t i = 0; i < r->pred.nclocks; i++)
		for (size_t k = 0; k < r->pred.clocks[i].n; k++)
			role->clocks.v[role->clocks.n++] = judging_column(r->table, r->pred.clocks[i].columns[k].name);
}

static const struct column_op *op_of(const struct rule *rule, const char *column)
{
	for (size_t i = 0; i < rule->ncolumns; i++)
		if (streq(rule->columns[i].column, column))
			return &rule->columns[i];
	return NULL;			/* quarantine of single columns: nothing is configured beside the name */
}

static void add_ops(struct judging *g, const struct bound *r, struct judge_role *role)
{
	const struct cat_index *key = cat_primary(r->table);

	role->ops = arena_alloc(g->a, (r->ops.n + 1) * sizeof(*role->ops));
	for (size_t i = 0; !r->removes && i < r->ops.n; i++)
		role->ops[role->nops++] = (struct judge_op){ .anon = r->ops.v[i],
			.op = op_of(r->rule, anon_column(r->ops.v[i])->name),
			.column = judging_column(r->table, anon_column(r->ops.v[i])->name) };
	role->key.v = arena_alloc(g->a, ((key ? key->ncolumns : 0) + 1) * sizeof(*role->key.v));
	for (size_t i = 0; key && i < key->ncolumns; i++)
		role->key.v[role->key.n++] = judging_column(r->table, key->columns[i]);
}

static bool refuse(struct judge_role *role, const char *hint)
{
	diag_where(&role->refuse, "%s:%d", role->loc.file, role->loc.line);
	diag_hint(&role->refuse, "%s", hint);
	return false;
}

static const char *confirmed_of(const struct confirmation *v, size_t n, const char *rule)
{
	for (size_t i = 0; i < n; i++)
		if (streq(v[i].rule, rule))
			return v[i].definition;
	return NULL;
}

/* May rows of this rule be judged at all? */
static bool judgeable(struct judging *g, const struct bound *r, struct judge_role *role, const char *confirmed)
{
	struct plan_step s = { .definition = confirm_definition(g->a, r) };

	if (r->failed) {
		role->refuse = *bound_fault(r);
		return false;
	}
	if (r->rule->where) {
		diag_fail(&role->refuse, DIAG_STEP, "rule \"%s\" has a condition of its own (where), which only a server can answer",
			  r->rule->name);
		return refuse(role, "restore the archive into a private server, run pgretain there, dump it again");
	}
	confirm_compare(&s, confirmed);
	if (!s.needs_confirmation)
		return true;
	diag_fail(&role->refuse, DIAG_STEP, "rule \"%s\" was not confirmed as it is: %s", r->rule->name, s.confirmation_why);
	return refuse(role, "read pgretain plan, then: run --confirm FINGERPRINT; archives are rewritten after that");
}

/* Rows leave an archive after the vault has them: what still stands in the live table is not there. */
static bool add_live(struct judging *g, struct bound *r, struct judge_role *role)
{
	const struct cat_index *key = cat_key(r->table);
	struct render x = { .b = &g->b, .a = g->a, .live = true };
	AUTO_STRBUF sql = STRBUF_INIT, join = STRBUF_INIT, open = STRBUF_INIT;

	if (r->rule->action != ACTION_QUARANTINE)
		return true;
	if (!key) {
		diag_fail(&role->refuse, DIAG_STEP, "rule \"%s\" quarantines rows without a key: whether the vault has them can't be told",
			  r->rule->name);
		return refuse(role, "let the archive expire, or give the table a key");
	}
	role->live.columns = (struct judge_columns){ key->ncolumns, arena_alloc(g->a, key->ncolumns * sizeof(struct judge_column)) };
	strbuf_adds(&sql, "SELECT count(*) FROM unnest(");
	for (size_t i = 0; i < key->ncolumns; i++) {
		const struct cat_column *c = cat_column(r->table, key->columns[i]);

		role->live.columns.v[i] = judging_column(r->table, key->columns[i]);
		vec_push(g->a, &x.types, OID_TEXT_ARRAY);
		vec_push(g->a, &x.values, arena_strdup(g->a, ""));
		strbuf_addf(&sql, "%s$%zu::text[]", i ? ", " : "", i + 1);
		strbuf_adds(&join, i ? " AND " : "");
		render_column(&join, "t", c->name);
		strbuf_addf(&join, " = r.c%zu::%s", i, c->type);
	}
	strbuf_adds(&sql, ") AS r(");
	for (size_t i = 0; i < key->ncolumns; i++)
		strbuf_addf(&sql, "%sc%zu", i ? ", " : "", i);
	strbuf_adds(&sql, ") JOIN ");
	render_from(&sql, r, "t");
	strbuf_addf(&sql, " ON %s", strbuf_str(&join));
	if (render_not_done(&x, &open, r, "t"))
		strbuf_addf(&sql, " WHERE %s", strbuf_str(&open));
	role->live.sql = arena_strdup(g->a, strbuf_str(&sql));
	role->live.params = (struct plan_params){ (int)x.values.n, x.types.v, x.values.v };
	return true;
}

static void add_period(struct strbuf *sb, const struct period *p)
{
	char text[PERIOD_TEXT];

	strbuf_addf(sb, "%s%s", sb->len > 1 ? "," : "", period_interval(p, text));
}

/* Terms that a NULL ends make a row of an archive due even without their event. */
static const char *reach(struct arena *a, const struct rule *rule)
{
	static const struct period none = { 0, 0, 0 };
	const struct retention_class *cls = rule->cls;
	bool started = !rule->start.n;
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addc(&sb, '{');
	for (size_t i = 0; cls && i < cls->nterms; i++) {
		const struct term *t = &cls->terms[i];

		if (t->until || (cls->has_cap && t->kind != TERM_FLOOR && t->from))
			return NULL;
		if (t->from && t->ignore_null)
			continue;
		add_period(&sb, &t->keep);
		started |= !t->from;
	}
	if (cls && cls->has_cap)
		add_period(&sb, &cls->cap);
	if (!started)
		add_period(&sb, &none);
	strbuf_addc(&sb, '}');
	return sb.len > 2 ? arena_strdup(a, strbuf_str(&sb)) : NULL;
}

/* By what rewritings of archives are compared with the erasures of runs. */
static void add_terms(struct judging *g, const struct bound *r, struct judge_role *role)
{
	const char *text = confirm_definition(g->a, r);
	char digest[DIGEST_TEXT];

	digest_text(text, strlen(text), digest);
	role->definition = arena_strdup(g->a, digest);
	role->reach = reach(g->a, r->root->rule);
}

static void add_rule(struct judging *g, struct bound *r, const char *confirmed)
{
	struct judge_role role = { .kind = JUDGE_RULE, .rule = r->rule->name, .loc = r->rule->loc,
				   .table = table_of_rule(g, r), .removes = r->removes };

	if (judgeable(g, r, &role, confirmed) && add_live(g, r, &role)) {
		add_terms(g, r, &role);
		if (r->parent) {
			one_way(g, &role, judging_way(g, r->parent->index, r->via, 0));
		} else {
			role.pred = &r->pred;
			judging_clocks(g, r, &role);
		}
		add_ops(g, r, &role);
	}
	vec_push(g->a, &g->roles, role);
}

static bool confirmations(struct judging *g, bool *ledger, size_t *n, struct confirmation **ret, struct diag *d)
{
	enum ledger_state state;
	struct diag why = DIAG_INIT;

	*n = 0;
	if (!ledger_probe(g->b.conn, NULL, &state, &why)) {
		*d = why;
		return false;
	}
	*ledger = state == LEDGER_CURRENT || state == LEDGER_FOREIGN;
	if (!*ledger)
		return true;
	return ledger_confirmations(g->b.conn, g->a, n, ret, d);
}

static bool build(struct judging *g, struct diag *d)
{
	struct confirmation *confirmed = NULL;
	AUTO_RESULT *res = NULL;
	bool ledger = false;
	size_t n;

	if (!confirmations(g, &ledger, &n, &confirmed, d) ||
	    !conn_query(g->b.conn, "SELECT pg_catalog.current_database()", NO_PARAMS, &res, d))
		return false;
	g->j->database = arena_strdup(g->a, res_text(res, 0, 0));
	for (size_t i = 0; i < g->b.nrules; i++)
		add_rule(g, &g->b.rules[i], confirmed_of(confirmed, n, g->b.rules[i].rule->name));
	for (size_t i = 0; i < g->b.nrules; i++)
		if (!g->b.rules[i].failed && g->b.rules[i].removes)
			judging_edges(g, i, &g->b.rules[i].edges);
	return judging_holds(g, d) && judging_tombs(g, ledger, d);
}

bool judge_build(struct conn *c, const struct policy *policy, const struct database *db, struct judge **ret,
		 struct diag *d)
{
	struct arena *a = arena_new();
	struct judging g = { .a = a, .j = arena_alloc(a, sizeof(struct judge)) };

	g.j->arena = a;
	if (!build_bind(c, a, policy, db, NULL, &g.b, d) || !build(&g, d)) {
		judge_free(g.j);
		return false;
	}
	g.j->as_of = g.b.plan->as_of;
	g.j->hold_epoch = g.b.plan->hold_epoch;
	g.j->tables = g.tables.v;
	g.j->ntables = g.tables.n;
	g.j->roles = g.roles.v;
	g.j->nroles = g.roles.n;
	*ret = g.j;
	return true;
}
