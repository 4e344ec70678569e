#include "plan/width.h"

#include "plan/build_parts.h"

struct widths {
	struct binder b;
	struct arena *a;
	size_t n;
	struct hold_entry *holds;
	struct hold_width *ret;
};

/* The binder with one hold alone. */
static struct binder *only_one(struct widths *w, size_t hold)
{
	struct binder *only = arena_alloc(w->a, sizeof(*only));

	*only = w->b;
	only->holds.v = &w->holds[hold];
	only->holds.n = only->holds.cap = 1;
	return only;
}

static bool refers_to_held(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	size_t before = sb->len;

	for (size_t i = 0; i < r->table->refers.n; i++) {
		const struct cat_fkey *f = r->table->refers.v[i];

		for (size_t k = 0; k < x->b->nrules; k++) {
			struct bound *upper = &x->b->rules[k];
			const char *p = render_alias(x);
			AUTO_STRBUF held = STRBUF_INIT;

			if (!upper->table || !table_within(f->parent, upper->table) || !render_held(x, &held, upper, p))
				continue;
			strbuf_addf(sb, "%sEXISTS (SELECT 1 FROM %s AS %s WHERE ", sb->len > before ? " OR " : "",
				    f->parent->sql, p);
			render_join(sb, f, alias, p);
			strbuf_addf(sb, " AND (%s))", strbuf_str(&held));
		}
	}
	return sb->len > before;
}

/* Two columns: rows under the hold, rows outside. False: neither can be. */
static bool add_columns(struct render *x, struct strbuf *sb, struct bound *r)
{
	AUTO_STRBUF held = STRBUF_INIT, refers = STRBUF_INIT;
	bool any = render_held(x, &held, r, "t");
	bool near = !r->parent && refers_to_held(x, &refers, r, "t");

	if (any)
		strbuf_addf(sb, ", count(*) FILTER (WHERE (%s) IS TRUE)", strbuf_str(&held));
	else
		strbuf_adds(sb, ", 0");
	if (near)
		strbuf_addf(sb, ", count(*) FILTER (WHERE (%s) IS TRUE AND (%s) IS NOT TRUE)", strbuf_str(&refers),
			    any ? strbuf_str(&held) : "false");
	else
		strbuf_adds(sb, ", 0");
	return any || near;
}

static void take(struct widths *w, size_t hold, const struct bound *r, int64_t rows, int64_t outside, bool unknown)
{
	struct hold_width *h = &w->ret[hold];

	if (!rows && !outside && !unknown)
		return;
	*vec_add(w->a, &h->rules) = (struct width_rule){ .rule = r->rule->name,
		.table = r->table ? r->table->display : r->rule->table, .rows = rows, .outside = outside, .unknown = unknown };
	h->rows += rows;
}

static bool ask(struct widths *w, struct bound *r, struct render *x, const char *list, bool *refused, PGresult **ret,
		struct diag *d)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	struct diag why = DIAG_INIT;

	strbuf_addf(&sql, "SELECT 1%s FROM ", list);
	render_from(&sql, r, "t");
	strbuf_adds(&sql, " WHERE ");
	render_where(&sql, r);
	if (!conn_do(w->b.conn, "SAVEPOINT pgretain_width", NO_PARAMS, d))
		return false;
	*refused = !conn_query(w->b.conn, strbuf_str(&sql), (struct params){ (int)x->values.n, x->types.v, x->values.v },
			       ret, &why);
	if (*refused && why.cls == DIAG_LOST) {
		*d = why;
		return false;
	}
	return conn_do(w->b.conn, *refused ? "ROLLBACK TO SAVEPOINT pgretain_width" : "RELEASE SAVEPOINT pgretain_width",
		       NO_PARAMS, d);
}

/* One scan of the rule's table for all holds. */
static bool count_rule(struct widths *w, struct bound *r, struct diag *d)
{
	struct render x = { .b = &w->b, .a = w->a, .live = true };
	AUTO_STRBUF list = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	bool *asked = arena_alloc(w->a, (w->n + 1) * sizeof(*asked));
	bool refused, any = false;

	if (!r->table) {
		for (size_t i = 0; i < w->n; i++)
			take(w, i, r, 0, 0, true);
		return true;
	}
	for (size_t i = 0; i < w->n; i++) {
		x.b = only_one(w, i);
		asked[i] = add_columns(&x, &list, r);
		any = any || asked[i];
	}
	if (!any)
		return true;
	if (!ask(w, r, &x, strbuf_str(&list), &refused, &res, d))
		return false;
	for (size_t i = 0; i < w->n; i++)
		take(w, i, r, refused ? 0 : res_int(res, 0, 1 + 2 * (int)i), refused ? 0 : res_int(res, 0, 2 + 2 * (int)i),
		     (refused || w->holds[i].sealed) && asked[i]);
	return true;
}

bool width_count(struct binder *b, struct hold_width **ret, struct diag *d)
{
	struct widths w = { .b = *b, .a = b->a, .n = b->holds.n, .holds = b->holds.v };

	w.ret = arena_alloc(w.a, (w.n + 1) * sizeof(*w.ret));
	for (size_t i = 0; i < w.n; i++)
		w.ret[i] = (struct hold_width){ .hold = w.holds[i].id, .scope = w.holds[i].scope,
			.reason = w.holds[i].reason, .target = w.holds[i].target };
	for (size_t i = 0; w.n && i < w.b.nrules; i++)
		if (!count_rule(&w, &w.b.rules[i], d))
			return false;
	*ret = w.ret;
	return true;
}

bool plan_widths(struct conn *c, const struct policy *policy, const struct database *db, const struct hold_entry *only,
		 struct arena *a, size_t *n, struct hold_width **ret, struct diag *d)
{
	struct binder b;

	if (!build_glance(c, a, policy, db, &b, d))
		return false;
	if (only) {
		b.holds.n = 0;
		vec_push(a, &b.holds, *only);
	}
	*n = b.holds.n;
	return conn_do(c, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NO_PARAMS, d) && width_count(&b, ret, d) &&
		conn_do(c, "COMMIT", NO_PARAMS, d);
}
