/* What goes with a row: rows that follow it, cascade from it or lose their link, each by its way up to
 * the chain's root. */
#include "plan/statement_parts.h"

#include "pg/tmpl.h"
#include "plan/tombstone.h"

static const char *const root_from = "ONLY \2";

/* EXISTS path from `alias` up to the root's rows under `root_test` (text over alias r). */
static void path(struct render *x, struct strbuf *sb, const struct hop *h, const char *alias,
		 const char *root_table, const char *root_test)
{
	const char *up = h->up ? render_alias(x) : "r";

	strbuf_addf(sb, "EXISTS (SELECT 1 FROM %s AS %s WHERE ", h->up ? h->fkey->parent->sql : root_table, up);
	render_join(sb, h->fkey, alias, up);
	strbuf_adds(sb, " AND ");
	if (h->up) {
		if (h->rule) {
			render_where(sb, h->rule);
			strbuf_adds(sb, " AND ");
		}
		path(x, sb, h->up, up, root_table, root_test);
	} else {
		strbuf_adds(sb, root_test);
	}
	strbuf_addc(sb, ')');
}

/* What a follower adds of its own; when its parent goes, the parent's readiness has seen to the rest. */
const char *statement_follower_ready(struct render *x, struct bound *f, const char *alias)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_where(&sb, f);
	render_and_not(x, &sb, f, alias, render_own_held);
	if (!f->parent->removes) {
		render_and_not(x, &sb, f, alias, render_own_waits);
		render_and_not(x, &sb, f, alias, statement_stays_together);
	}
	if (!f->removes) {
		strbuf_adds(&sb, " AND ");
		render_not_done(x, &sb, f, alias);
	}
	return statement_text(x, &sb);
}

static const char *unset_assignments(struct render *x, const struct cat_fkey *f)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < f->n; i++) {
		strbuf_adds(&sb, i ? ", " : "");
		sql_ident(&sb, f->child_columns[i]);
		strbuf_adds(&sb, " = NULL");
	}
	return statement_text(x, &sb);
}

static const char *dep_effect(struct render *x, struct bound *follower, enum plan_dep_kind kind,
			      const struct cat_fkey *f, const char *unit, const char *ready)
{
	const struct plan_tomb *tomb = kind == DEP_CASCADE ? tombstone_of_table(x, f->child) : NULL;
	struct tmpl_var vars[] = {
		{ "relation", .frag = FRAG(f->child->sql) },
		{ "told", .frag = FRAG(tomb ? tombstone_told(x, tomb, NULL) : "") },
		{ "unit", .frag = FRAG(unit) },
		{ "ready", .frag = FRAG(ready) },
		{ "assignments", .frag = FRAG(unset_assignments(x, f)) },
		{ "returning", .frag = FRAG("") },
	};

	if (kind == DEP_FOLLOW)
		return statement_effect(x, follower, f->child->sql, unit, ready);
	if (kind != DEP_CASCADE)
		return tmpl_render(x->a, "query/update", vars, ARRAY_SIZE(vars));
	return tmpl_render(x->a, tomb ? "query/delete_told" : "query/delete", vars, ARRAY_SIZE(vars));
}


/* Of a root row: the unit's tids when acting, "will be taken" when counting. */
const char *statement_tids(struct render *x, const char *alias)
{
	return arena_printf(x->a, "%s.ctid = ANY($%zu::tid[])", alias, x->values.n + 1);
}

/* By ctid first: it finds the rows; with the relation it tells them from those at the same place elsewhere. */
const char *statement_rows_across(struct render *x, const char *alias)
{
	return arena_printf(x->a, "%s.ctid = ANY($%zu::tid[]) AND (%s.ctid, %s.tableoid) IN (SELECT u.c, u.o FROM "
			    "ROWS FROM (pg_catalog.unnest($%zu::tid[]), pg_catalog.unnest($%zu::oid[])) AS u(c, o))",
			    alias, x->values.n + 1, alias, alias, x->values.n + 1, x->values.n + 2);
}

bool statement_across(const struct bound *r)
{
	return statement_self_reference(r) && (r->table->kind == 'p' || (r->table->children.n && !r->rule->only));
}

bool statement_self_reference(const struct bound *r)
{
	for (size_t i = 0; i < r->edges.n; i++)
		if (r->edges.v[i].kind == EDGE_RULE && table_within(r->edges.v[i].fkey->child, r->table))
			return true;
	return false;
}

static bool within_root(const struct dep_walk *w, const struct cat_fkey *f)
{
	return table_within(f->child, w->root->table);
}

/* Of rows whose key is cut: do they stay? Those of the root's own table may go in this same step. */
static const char *unset_ready(struct dep_walk *w, enum plan_dep_kind kind, const struct cat_fkey *f)
{
	if (kind == DEP_CASCADE || !within_root(w, f))
		return "true";
	return arena_printf(w->x->a, "(%s) %s", statement_ready(w->x, w->root, false, statement_stays_now),
			    kind == DEP_UNLINK ? "IS TRUE" : "IS NOT TRUE");
}

/* The hold is tested where the row goes, too: one that has become held since its parent was locked stays,
 * and so does the parent. */
static const char *unheld(struct render *x, const struct edge *e, const char *ready)
{
	AUTO_STRBUF held = STRBUF_INIT;

	if (!render_child_held(x, &held, e, "t"))
		return ready;
	return arena_printf(x->a, "%s AND %s IS NOT TRUE", ready, strbuf_str(&held));
}

/* r: the rule whose rows are referred to. */
static void add_dependent(struct dep_walk *w, enum plan_dep_kind kind, struct bound *r, const struct edge *e,
			  const struct hop *h)
{
	struct render *x = w->x;
	struct plan_dependent *dep = vec_add(x->a, &w->deps);
	struct bound *follower = e->follower;
	const struct cat_fkey *f = h->fkey;
	const char *when = follower ? statement_follower_ready(x, follower, "t") : unheld(x, e, unset_ready(w, kind, f));
	AUTO_STRBUF all = STRBUF_INIT, some = STRBUF_INIT, across = STRBUF_INIT;

	dep->kind = kind;
	dep->tomb = follower ? tombstone_of_rule(x, follower) : kind == DEP_CASCADE ? tombstone_of_table(x, f->child) : NULL;
	if (follower)
		statement_effect(x, follower, f->child->sql, "true", when);	/* its parameters come before the unit's */
	path(x, &all, h, "t", root_from, statement_tids(x, "r"));
	dep->whole.text = dep_effect(x, follower, kind, f, strbuf_str(&all), when);
	if (statement_across(w->root)) {
		path(x, &across, h, "t", w->root->table->sql, statement_rows_across(x, "r"));
		dep->circle.text = dep_effect(x, follower, kind, f, strbuf_str(&across), when);
	}
	if (f->child->kind == 'r' && !f->child->children.n && !(follower && statement_self_reference(follower))) {
		strbuf_addf(&some, "t.ctid = ANY(ARRAY(SELECT t.ctid FROM ONLY %s AS t WHERE %s AND %s LIMIT $%zu::int8))",
			    f->child->sql, strbuf_str(&all), when, x->values.n + 2);
		dep->limited.text = dep_effect(x, follower, kind, f, strbuf_str(&some), when);
	}
	if (kind == DEP_UNLINK)
		return;
	if (kind == DEP_FOLLOW) {
		dep->index = w->step_of ? w->step_of(w->ctx, follower) : 0;
		return;
	}
	dep->index = w->tallies.n;
	*vec_add(x->a, &w->tallies) = (struct plan_tally){ .table = f->child->display, .unset = kind == DEP_UNSET,
		.step = w->step_of ? w->step_of(w->ctx, r) : 0 };
}

/* How many rows of a table without a rule will go, or lose their link. */
static void add_tally(struct dep_walk *w, enum plan_dep_kind kind, const struct edge *e, const struct hop *h)
{
	struct render *x = arena_alloc(w->x->a, sizeof(*x));
	AUTO_STRBUF gone = STRBUF_INIT, cond = STRBUF_INIT, keys = STRBUF_INIT;
	const struct cat_fkey *f = h->fkey;

	*x = (struct render){ .b = w->b, .a = w->x->a, .live = true };
	render_gone(x, &gone, w->root, "r");
	path(x, &cond, h, "t", w->root->table->sql, strbuf_str(&gone));
	for (size_t i = 0; i < e->rules.n; i++) {
		struct bound *o = e->rules.v[i];
		AUTO_STRBUF own = STRBUF_INIT;

		/* what an earlier step takes is not there any more; a later one finds it changed */
		bool later = o->place >= w->root->place && !(o == w->root && kind == DEP_UNSET);

		if (o->failed || !o->selected || later || !bound_releases(o, f))
			continue;
		render_gone(x, &own, o, "t");
		strbuf_addf(&cond, " AND (%s) IS NOT TRUE", strbuf_str(&own));
	}
	for (size_t i = 0; i < w->cascades.n; i++) {
		if (w->cascades.v[i]->fkey->child != f->child)
			continue;
		strbuf_adds(&cond, " AND NOT ");
		path(x, &cond, w->cascades.v[i], "t", w->root->table->sql, strbuf_str(&gone));
	}
	if (kind == DEP_CASCADE)
		vec_push(w->x->a, &w->cascades, h);
	for (size_t i = 0; i < f->n; i++) {
		strbuf_adds(&keys, i ? ", " : "");
		render_column(&keys, "t", f->child_columns[i]);
	}
	struct tmpl_var vars[] = {
		{ "from", .frag = FRAG(arena_printf(x->a, "%s AS t", f->child->sql)) },
		{ "condition", .frag = FRAG(strbuf_str(&cond)) },
		{ "keys", .frag = FRAG(strbuf_str(&keys)) },
	};
	*vec_add(x->a, &w->counts) = (struct tally_stmt){
		.table = f->child->display, .unset = kind == DEP_UNSET,
		.sql = tmpl_render(x->a, "query/count_dependents", vars, ARRAY_SIZE(vars)), .x = x,
	};
}

static void walk_edges(struct dep_walk *w, struct bound *r, const edge_vec *edges, const struct hop *up,
		       struct bound *upper);
static void walk_edge(struct dep_walk *w, struct bound *r, const struct edge *e, const struct hop *up,
		      struct bound *upper)
{
	struct hop *h = arena_alloc(w->x->a, sizeof(*h));
	enum plan_dep_kind kind = e->kind == EDGE_CASCADE ? DEP_CASCADE : DEP_UNSET;

	*h = (struct hop){ .fkey = e->fkey, .rule = upper, .up = up };
	switch (e->kind) {
	case EDGE_RULE:
		return;
	case EDGE_FOLLOW:
		dependents_walk(w, e->follower, h);
		if (w->step)
			add_dependent(w, DEP_FOLLOW, r, e, h);
		return;
	case EDGE_CASCADE:
		walk_edges(w, r, &e->sub, h, NULL);
		break;
	case EDGE_UNSET:
		break;
	}
	if (w->step)
		add_dependent(w, kind, r, e, h);
	if (w->step && kind == DEP_UNSET && within_root(w, h->fkey))
		add_dependent(w, DEP_UNLINK, r, e, h);
	if (!w->step)
		add_tally(w, kind, e, h);
}

/* A row that goes by one key and is unlinked by another goes: unlinking comes last. */
static void walk_edges(struct dep_walk *w, struct bound *r, const edge_vec *edges, const struct hop *up,
		       struct bound *upper)
{
	for (int unset = 0; unset <= 1; unset++)
		for (size_t i = 0; i < edges->n; i++)
			if ((edges->v[i].kind == EDGE_UNSET) == unset)
				walk_edge(w, r, &edges->v[i], up, upper);
}

void dependents_walk(struct dep_walk *w, struct bound *r, const struct hop *up)
{
	if (r->removes) {
		walk_edges(w, r, &r->edges, up, r);
		return;
	}
	for (size_t i = 0; i < r->followers.n; i++) {
		struct edge e = { .kind = EDGE_FOLLOW, .fkey = r->followers.v[i]->via, .follower = r->followers.v[i] };

		walk_edge(w, r, &e, up, r);
	}
}

size_t statement_tallies(struct binder *b, struct bound *root, struct tally_stmt **ret)
{
	struct render x = { .b = b, .a = b->a, .live = true };
	struct dep_walk w = { .x = &x, .b = b, .root = root };

	dependents_walk(&w, root, NULL);
	*ret = w.counts.v;
	return w.counts.n;
}
