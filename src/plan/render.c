#include "plan/render.h"

#include "pg/tmpl.h"
#include "plan/request.h"

const char *render_alias(struct render *x)
{
	return arena_printf(x->a, "r%d", ++x->aliases);
}

static uint32_t param_oid(const char *type)
{
	static const struct { const char *type; uint32_t oid; } known[] = {
		{ "timestamptz", 1184 }, { "timestamp", 1114 }, { "date", 1082 }, { "int8", 20 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(known[i].type, type))
			return known[i].oid;
	return OID_TEXT;
}

static size_t param_number(struct render *x, const char *value, uint32_t oid)
{
	size_t n = 0;

	while (n < x->values.n && !(x->types.v[n] == oid && x->values.v[n] == value))
		n++;
	if (n == x->values.n) {
		vec_push(x->a, &x->values, value);
		vec_push(x->a, &x->types, oid);
	}
	return n + 1;
}

/* Types that the engine does not know by oid travel as text and are cast by the statement. The same
 * string (not an equal one) keeps its number: numbering must not depend on the day. */
void render_param(struct render *x, struct strbuf *sb, const char *value, const char *type)
{
	uint32_t oid = param_oid(type);
	size_t n = param_number(x, value, oid);

	strbuf_addf(sb, oid == OID_TEXT && !streq(type, "text") ? "($%zu::text)::%s" : "$%zu::%s", n, type);
}

void render_typed(struct render *x, struct strbuf *sb, const char *value, uint32_t oid, const char *type)
{
	strbuf_addf(sb, "$%zu::%s", param_number(x, value, oid), type);
}

void render_column(struct strbuf *sb, const char *alias, const char *column)
{
	strbuf_addf(sb, "%s.", alias);
	sql_ident(sb, column);
}

void render_from(struct strbuf *sb, const struct bound *r, const char *alias)
{
	strbuf_addf(sb, "%s%s AS %s", r->rule->only && r->table->kind == 'r' ? "ONLY " : "", r->table->sql, alias);
}

void render_key_rows(struct strbuf *sb, const struct cat_table *t, const char *alias)
{
	if (t->kind != 'p' && (t->parent || t->children.n))
		strbuf_addf(sb, " AND %s.tableoid = %u::oid", alias, t->oid);
	/* asked when it runs: today's partitions are none of the statement */
	if (t->kind == 'p' && t->parent)
		strbuf_addf(sb, " AND %s.tableoid IN (SELECT relid FROM pg_catalog.pg_partition_tree(%u::oid))", alias, t->oid);
}

void render_join(struct strbuf *sb, const struct cat_fkey *f, const char *child, const char *parent)
{
	render_keys(sb, f, child, parent);
	render_key_rows(sb, f->parent, parent);
}

void render_keys(struct strbuf *sb, const struct cat_fkey *f, const char *child, const char *parent)
{
	for (size_t i = 0; i < f->n; i++) {
		strbuf_adds(sb, i ? " AND " : "");
		render_column(sb, child, f->child_columns[i]);
		strbuf_adds(sb, " = ");
		render_column(sb, parent, f->parent_columns[i]);
	}
}

void render_where(struct strbuf *sb, const struct bound *r)
{
	if (r->rule->where)
		strbuf_addf(sb, "(\n%s\n)", r->rule->where);
	else
		strbuf_adds(sb, "true");
}

/* ---- due ---- */

void render_bound(struct render *x, struct strbuf *sb, const struct pred_bound *b, enum pred_type type)
{
	static const char *const types[] = {
		[PRED_TIMESTAMPTZ] = "timestamptz", [PRED_TIMESTAMP] = "timestamp", [PRED_DATE] = "date",
		[PRED_INT] = "int8", [PRED_INT_YYYYMMDD] = "int8",
	};

	render_param(x, sb, b->text, types[type]);
}

static void pred_param(void *ctx, struct strbuf *sb, const struct pred_bound *b, enum pred_type type)
{
	render_bound(ctx, sb, b, type);
}

static void ident(void *ctx, struct strbuf *sb, const char *name)
{
	(void)ctx;
	sql_ident(sb, name);
}

static struct pred_sql pred_face(struct render *x, const char *alias)
{
	return (struct pred_sql){ .alias = alias, .param = pred_param, .ident = ident, .ctx = x };
}

void render_exists_parent(struct strbuf *sb, struct bound *r, const char *alias, const char *parent)
{
	strbuf_adds(sb, "EXISTS (SELECT 1 FROM ");
	render_from(sb, r->parent, parent);
	strbuf_adds(sb, " WHERE ");
	render_join(sb, r->via, alias, parent);
}

void render_past(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum pred_mode mode)
{
	struct pred_sql face = pred_face(x, alias);
	const char *p;

	if (r->parent) {
		p = render_alias(x);
		render_exists_parent(sb, r, alias, p);
		strbuf_adds(sb, " AND ");
		render_past(x, sb, r->parent, p, mode);
		strbuf_addc(sb, ')');
	} else {
		pred_sql_due(&r->pred, mode, &face, sb);
	}
	if (r->rule->where) {
		strbuf_adds(sb, " AND ");
		render_where(sb, r);
	}
}

void render_due(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	if (x->b->request)
		render_request_due(x, sb, r, alias);
	else
		render_past(x, sb, r, alias, PRED_PASSIVE);
}

static void state_without_parent(struct strbuf *sb, struct bound *r, const char *alias, const char *p)
{
	strbuf_adds(sb, "NOT ");
	render_exists_parent(sb, r, alias, p);
	strbuf_adds(sb, ") OR ");
}

void render_unusual(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	struct pred_sql face = pred_face(x, alias);

	if (r->parent)
		strbuf_adds(sb, "true");	/* by way of the parent: the states themselves are the test */
	else
		pred_sql_unusual(&r->pred, PRED_PASSIVE, &face, sb);
}

static struct pred start_alone(const struct bound *r)
{
	return (struct pred){ .nclocks = r->pred.nclocks ? 1 : 0, .clocks = r->pred.clocks };
}

void render_started(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	struct pred_sql face = pred_face(x, alias);
	struct pred start = start_alone(r);

	strbuf_adds(sb, "NOT ");
	pred_sql_state(&start, PRED_PASSIVE, ROW_INDETERMINATE, &face, sb);
}

void render_start_odd(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	struct pred_sql face = pred_face(x, alias);
	struct pred start = start_alone(r);

	pred_sql_unusual(&start, PRED_PASSIVE, &face, sb);
	strbuf_adds(sb, " AND ");
	pred_sql_state(&start, PRED_PASSIVE, ROW_ANOMALOUS, &face, sb);
}

void render_state(struct render *x, struct strbuf *sb, struct bound *r, enum row_state s, const char *alias)
{
	struct pred_sql face = pred_face(x, alias);
	const char *p;

	if (!r->parent) {
		pred_sql_state(&r->pred, PRED_PASSIVE, s, &face, sb);
		return;
	}
	p = render_alias(x);
	strbuf_addc(sb, '(');
	if (s == ROW_INDETERMINATE)
		state_without_parent(sb, r, alias, p);
	render_exists_parent(sb, r, alias, p);
	strbuf_adds(sb, " AND ");
	render_where(sb, r->parent);
	strbuf_adds(sb, " AND ");
	render_state(x, sb, r->parent, s, p);
	strbuf_adds(sb, "))");
}

/* ---- spared ---- */

bool render_inherited(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, render_test *own,
		      render_test *test)
{
	AUTO_STRBUF parent = STRBUF_INIT;
	size_t before = sb->len;
	bool any = own && own(x, sb, r, alias);
	const char *p;

	if (!r->parent)
		return any;
	p = render_alias(x);
	if (!test(x, &parent, r->parent, p))
		return any;
	strbuf_adds(sb, sb->len > before ? " OR " : "");
	render_exists_parent(sb, r, alias, p);
	strbuf_addf(sb, " AND (%s))", strbuf_str(&parent));
	return true;
}

bool render_own_waits(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return x->live && x->b->waiting && render_of_subject(x, sb, r, alias, x->b->waiting, true);
}

bool render_waits(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	size_t before = sb->len;
	bool any = x->b->waiting && render_inherited(x, sb, r, alias, render_own_waits, render_waits);
	AUTO_STRBUF kept = STRBUF_INIT;

	if (!x->b->keeping || !render_kept(x, &kept, r, alias))
		return any;
	strbuf_addf(sb, "%s%s", sb->len > before ? " OR " : "", strbuf_str(&kept));
	return true;
}

static bool own_spared(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	if (!x->live)
		return false;
	if (r->newest_all)
		strbuf_adds(sb, "true");
	if (r->newest_all || !r->newest_expr)
		return r->newest_all;
	strbuf_addc(sb, '(');
	for (const char *s = r->newest_expr; *s; s++) {		/* the expression is over alias t. */
		if (s[0] == '\1')
			strbuf_adds(sb, alias);
		else
			strbuf_addc(sb, *s);
	}
	strbuf_adds(sb, " >= ROW(");
	for (size_t i = 0; i < r->newest_values.n; i++) {
		strbuf_adds(sb, i ? ", " : "");
		render_param(x, sb, r->newest_values.v[i], r->newest_types.v[i]);
	}
	strbuf_adds(sb, "))");
	return true;
}

bool render_spared(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return render_inherited(x, sb, r, alias, own_spared, render_spared);
}

void render_and_not(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, render_test *test)
{
	AUTO_STRBUF one = STRBUF_INIT;

	if (test(x, &one, r, alias))
		strbuf_addf(sb, " AND (%s) IS NOT TRUE", strbuf_str(&one));
}

/* ---- final form ---- */

static void anon_param(void *ctx, struct strbuf *sb, const char *text, const char *type)
{
	render_param(ctx, sb, text, type);
}

bool render_not_done(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	struct anon_sql face = { .alias = alias, .param = anon_param, .ident = ident, .ctx = x };

	if ((!r->ops.n && !r->links.n) || r->removes)
		return false;
	strbuf_addc(sb, '(');
	for (size_t i = 0; i < r->ops.n; i++) {
		strbuf_adds(sb, i ? " OR " : "");
		anon_sql_not_done(r->ops.v[i], &face, sb);
	}
	if (r->links.n) {
		strbuf_adds(sb, r->ops.n ? " OR " : "");
		render_linked(x, sb, r, alias);
	}
	strbuf_addc(sb, ')');
	return true;
}
