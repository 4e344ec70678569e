/* Would the server take the new values? Asked of the server, before the first write (operators.md 4). */
#include "plan/check_parts.h"

#include "ops/anon_op.h"
#include "pg/tmpl.h"

static const struct srcloc *column_loc(const struct bound *r, const char *column)
{
	for (size_t i = 0; i < r->rule->ncolumns; i++)
		if (streq(r->rule->columns[i].column, column))
			return &r->rule->columns[i].loc;
	return NULL;
}

static struct note note_on(struct checker *k, enum finding_id id, struct bound *r, const char *column)
{
	return (struct note){ .id = id, .rule = r, .loc = column_loc(r, column),
		.object = arena_printf(k->b->a, "column %s of %s", column, r->table->display) };
}

/* ---- constants ---- */

/* True when the stored value is the one that is written here: not cut, not rounded. */
static const char *output_sql(struct checker *k, const struct anon_column *c)
{
	struct arena *a = k->b->a;

	if (streq(c->base, "numeric"))
		return arena_printf(a, "SELECT ($1::text)::%s = ($1::text)::numeric", c->type);
	if (c->category == 'S')
		return arena_printf(a, "SELECT (($1::text)::%s)::text COLLATE \"C\" = $1::text", c->type);
	return arena_printf(a, "SELECT (($1::text)::%s)::text COLLATE \"C\" = (($1::text)::%s)::text", c->type,
			    anon_type_unlimited(a, c));
}

static bool probe_output(struct checker *k, struct bound *r, const struct anon *an, const char *text, struct diag *d)
{
	const struct anon_column *c = anon_column(an);
	struct note n = note_on(k, FINDING_CONSTANT, r, c->name);
	const char *const values[] = { text };
	AUTO_RESULT *res = NULL;
	bool refused;

	n.remedy = arena_printf(k->b->a, "write a value that %s takes as it is", c->type);
	if (check_probe(k, output_sql(k, c), (struct params){ 1, NULL, values }, &res, &refused, d)) {
		if (!res_bool(res, 0, 0))
			check_note(k, &n, "column %s of %s is %s: the value of operator %s would be cut or rounded",
				   c->name, r->table->display, c->type, anon_op(an));
		return true;
	}
	if (refused)
		check_note(k, &n, "column %s of %s is %s, which refuses the value of operator %s (%s)", c->name,
			   r->table->display, c->type, anon_op(an), d->message);
	return refused;
}

/* A domain may refuse NULL by a CHECK of its own. */
static bool probe_null(struct checker *k, struct bound *r, const struct anon *an, struct diag *d)
{
	const struct anon_column *c = anon_column(an);
	struct note n = note_on(k, FINDING_CONSTANT, r, c->name);
	AUTO_RESULT *res = NULL;
	bool refused;

	if (c->typtype != 'd' || !streq(anon_op(an), "null"))
		return true;
	if (check_probe(k, arena_printf(k->b->a, "SELECT NULL::%s IS NULL", c->type), NO_PARAMS, &res, &refused, d))
		return true;
	n.remedy = "choose an operator whose value the domain takes";
	if (refused)
		check_note(k, &n, "column %s of %s is of domain %s, which refuses NULL (%s)", c->name, r->table->display,
			   c->type, d->message);
	return refused;
}

static bool probe_constants(struct checker *k, struct bound *r, struct diag *d)
{
	for (size_t i = 0; i < r->ops.n; i++) {
		size_t n;
		const char *const *outputs = anon_outputs(r->ops.v[i], &n);

		if (!probe_null(k, r, r->ops.v[i], d))
			return false;
		for (size_t j = 0; j < n; j++)
			if (!probe_output(k, r, r->ops.v[i], outputs[j], d))
				return false;
	}
	return true;
}

/* ---- CHECK constraints and domains, over the due rows in their new form ---- */

struct constraint {
	const char *name, *expression;
	bool own, whole;		/* whole: names the row as such */
	size_t n;
	const char **columns;
	Oid rel;
};
typedef VEC(struct constraint) constraint_vec;

static bool concerns(const struct bound *r, const struct constraint *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (check_overwrites(r, c->columns[i]))
			return true;
	return c->whole;
}

static bool load_constraints(struct checker *k, struct bound *r, constraint_vec *ret, struct diag *d)
{
	struct arena *a = k->b->a;
	AUTO_RESULT *res = NULL;

	if (!check_ask(k, "query/check_constraints", check_oids(k, r), &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		struct constraint c = {
			.rel = (Oid)res_int(res, i, 0), .name = arena_strdup(a, res_text(res, i, 1)),
			.expression = arena_strdup(a, res_text(res, i, 2)), .own = res_bool(res, i, 3),
			.whole = PQgetisnull(res, i, 4),
		};

		if (!c.whole)
			c.columns = cat_array(a, res_text(res, i, 4), &c.n);
		if (concerns(r, &c) && (c.rel == r->table->oid || c.own))
			vec_push(a, ret, c);
	}
	return true;
}

static void add_param(void *ctx, struct strbuf *sb, const char *text, const char *type)
{
	render_param(ctx, sb, text, type);
}

static void ident(void *ctx, struct strbuf *sb, const char *name)
{
	(void)ctx;
	sql_ident(sb, name);
}

static const struct anon *operator_on(const struct bound *r, const char *column)
{
	for (size_t i = 0; i < r->ops.n; i++)
		if (streq(anon_column(r->ops.v[i])->name, column))
			return r->ops.v[i];
	return NULL;
}

/* (SELECT every column, new where it is overwritten, of rows that will be written) AS the table's name */
static void new_rows(struct render *x, struct strbuf *sb, struct bound *r, const struct cat_table *t)
{
	struct anon_sql face = { .alias = "t", .param = add_param, .ident = ident, .ctx = x };

	strbuf_adds(sb, "(SELECT ");
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct cat_column *c = &t->columns.v[i];
		const struct anon *an = operator_on(r, c->name);

		strbuf_adds(sb, i ? ", " : "");
		if (an) {
			strbuf_addc(sb, '(');
			anon_sql_value(an, &face, sb);
			strbuf_addf(sb, ")::%s", c->type);
		} else {
			render_column(sb, "t", c->name);
		}
		strbuf_adds(sb, " AS ");
		sql_ident(sb, c->name);
	}
	strbuf_adds(sb, " FROM ");
	if (t == r->table)
		render_from(sb, r, "t");
	else
		strbuf_addf(sb, "ONLY %s AS t", t->sql);
	strbuf_adds(sb, " WHERE ");
	render_due(x, sb, r, "t");
	strbuf_adds(sb, " AND ");
	render_not_done(x, sb, r, "t");
	strbuf_adds(sb, ") AS ");
	sql_ident(sb, t->name);
}

static struct params params_of(const struct render *x)
{
	return (struct params){ (int)x->values.n, x->types.v, x->values.v };
}

/* Are the due rows themselves to be had? Where not (a right, a `where` that fails), no constraint is to
 * blame, and others say so. */
static bool rows_readable(struct checker *k, struct bound *r, const struct cat_table *t, bool *ret, struct diag *d)
{
	struct render x = { .b = k->b, .a = k->b->a, .live = true };
	AUTO_STRBUF sb = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	bool refused;

	strbuf_adds(&sb, "SELECT count(*) FROM ");
	new_rows(&x, &sb, r, t);
	*ret = check_probe(k, strbuf_str(&sb), params_of(&x), &res, &refused, d);
	return *ret || refused;
}

/* One bool for each constraint: some row would be refused. */
static bool probe_checks(struct checker *k, struct bound *r, const struct cat_table *t, const struct constraint *c,
			 size_t n, PGresult **ret, bool *refused, struct diag *d)
{
	struct render x = { .b = k->b, .a = k->b->a, .live = true };
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, "SELECT ");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%scoalesce(bool_or((%s) IS FALSE), false)", i ? ", " : "", c[i].expression);
	strbuf_adds(&sb, " FROM ");
	new_rows(&x, &sb, r, t);
	return check_probe(k, strbuf_str(&sb), params_of(&x), ret, refused, d);
}

static void note_check(struct checker *k, struct bound *r, const struct cat_table *t, const struct constraint *c)
{
	AUTO_STRBUF columns = STRBUF_INIT;

	for (size_t i = 0; i < c->n; i++)
		if (check_overwrites(r, c->columns[i]))
			strbuf_addf(&columns, "%s%s", columns.len ? ", " : "", c->columns[i]);
	check_note(k, &(struct note){ .id = FINDING_CHECK, .rule = r, .loc = c->n ? column_loc(r, c->columns[0]) : NULL,
		.object = arena_printf(k->b->a, "constraint %s of %s", c->name, t->display),
		.remedy = "choose operators whose values satisfy it, or change the constraint" },
		"constraint %s of %s refuses what the operator of column %s makes of due rows", c->name, t->display,
		columns.len ? strbuf_str(&columns) : "(whole row)");
}

/* One at a time: which of them can't be evaluated? */
static bool probe_singly(struct checker *k, struct bound *r, const struct cat_table *t, const struct constraint *c,
			 size_t n, struct diag *d)
{
	bool readable;

	if (!rows_readable(k, r, t, &readable, d))
		return false;
	for (size_t i = 0; readable && i < n; i++) {
		AUTO_RESULT *res = NULL;
		bool refused;

		if (probe_checks(k, r, t, &c[i], 1, &res, &refused, d)) {
			if (res_bool(res, 0, 0))
				note_check(k, r, t, &c[i]);
			continue;
		}
		if (!refused)
			return false;
		check_note(k, &(struct note){ .id = FINDING_CHECK_UNKNOWN, .rule = r,
			.object = arena_printf(k->b->a, "constraint %s of %s", c[i].name, t->display),
			.remedy = "choose `keep` for its columns, or change the constraint" },
			"constraint %s of %s can't be evaluated over the new values (%s)", c[i].name, t->display, d->message);
	}
	return true;
}

static bool probe_table(struct checker *k, struct bound *r, const struct cat_table *t, const constraint_vec *all,
			struct diag *d)
{
	constraint_vec mine = { NULL, 0, 0 };
	AUTO_RESULT *res = NULL;
	bool refused;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].rel == t->oid)
			vec_push(k->b->a, &mine, all->v[i]);
	if (!mine.n)
		return true;
	if (!probe_checks(k, r, t, mine.v, mine.n, &res, &refused, d))
		return refused && probe_singly(k, r, t, mine.v, mine.n, d);
	for (size_t i = 0; i < mine.n; i++)
		if (res_bool(res, 0, (int)i))
			note_check(k, r, t, &mine.v[i]);
	return true;
}

/* The cast to a domain raises where the domain refuses; a column must be read for that. */
static bool probe_domain(struct checker *k, struct bound *r, const struct anon *an, bool *ok, struct diag *d)
{
	const struct anon_column *c = anon_column(an);
	struct render x = { .b = k->b, .a = k->b->a, .live = true };
	struct note n = note_on(k, FINDING_CHECK, r, c->name);
	AUTO_STRBUF sb = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	struct diag ignored = DIAG_INIT;
	bool refused, readable;

	strbuf_adds(&sb, "SELECT count(");
	sql_ident(&sb, c->name);
	strbuf_adds(&sb, ") FROM ");
	new_rows(&x, &sb, r, r->table);
	if (check_probe(k, strbuf_str(&sb), params_of(&x), &res, &refused, d))
		return true;
	if (!refused || !rows_readable(k, r, r->table, &readable, &ignored))
		return false;
	*ok = false;
	n.remedy = "choose an operator whose values the domain takes";
	if (readable)
		check_note(k, &n, "column %s of %s: %s refuses what operator %s makes of due rows (%s)", c->name,
			   r->table->display, c->type, anon_op(an), d->message);
	return true;
}

static bool probe_domains(struct checker *k, struct bound *r, bool *ok, struct diag *d)
{
	for (size_t i = 0; i < r->ops.n; i++) {
		const struct anon *an = r->ops.v[i];

		if (anon_column(an)->typtype != 'd' || anon_constant_text(an) || streq(anon_op(an), "null"))
			continue;
		if (!probe_domain(k, r, an, ok, d))
			return false;
	}
	return true;
}

/* Followers of a rule that failed, and the rule itself, have no due rows that could be asked for. */
static bool has_due(const struct bound *r)
{
	return !r->failed && !r->root->failed;
}

bool check_values(struct checker *k, struct bound *r, struct diag *d)
{
	constraint_vec all = { NULL, 0, 0 };
	bool ok = true;

	if (r->removes || !r->ops.n)
		return true;
	if (!probe_constants(k, r, d))
		return false;
	if (!has_due(r))
		return true;
	if (!probe_domains(k, r, &ok, d) || !load_constraints(k, r, &all, d))
		return false;
	if (ok && !probe_table(k, r, r->table, &all, d))
		return false;
	for (size_t i = 0; ok && i < r->leaves.n; i++)
		if (r->leaves.v[i] != r->table && !probe_table(k, r, r->leaves.v[i], &all, d))
			return false;
	return true;
}
