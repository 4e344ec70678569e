#include "plan/statement_parts.h"

#include "pg/tmpl.h"
#include "plan/request.h"
#include "plan/tombstone.h"

const char *statement_text(struct render *x, struct strbuf *sb)
{
	return arena_strdup(x->a, strbuf_str(sb));
}

/* "false" for what no row can be. */
static const char *test_text(struct render *x, struct bound *r, const char *alias, render_test *test)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	return test(x, &sb, r, alias) ? statement_text(x, &sb) : "false";
}

static const char *from_text(struct render *x, struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_from(&sb, r, "t");
	return statement_text(x, &sb);
}

static const char *where_text(struct render *x, struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_where(&sb, r);
	return statement_text(x, &sb);
}

/* ---- counting ---- */

static bool stays_predict(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return render_stays(x, sb, r, alias, RENDER_PREDICT);
}

bool statement_stays_together(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return render_stays(x, sb, r, alias, RENDER_TOGETHER);
}

bool statement_stays_now(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return render_stays(x, sb, r, alias, RENDER_NOW);
}

const char *statement_count(struct render *x, struct bound *r, enum render_when w)
{
	AUTO_STRBUF due = STRBUF_INIT;
	AUTO_STRBUF open = STRBUF_INIT;
	struct tmpl_var vars[7];
	size_t n = 0;

	render_due(x, &due, r, "t");
	if (w == RENDER_PREDICT)
		render_and_not(x, &due, r, "t", render_taken_before);
	if (!render_not_done(x, &open, r, "t"))
		strbuf_adds(&open, "true");
	vars[n++] = (struct tmpl_var){ "from", .frag = FRAG(from_text(x, r)) };
	vars[n++] = (struct tmpl_var){ "due", .frag = FRAG(strbuf_str(&due)) };
	vars[n++] = (struct tmpl_var){ "open", .frag = FRAG(strbuf_str(&open)) };
	vars[n++] = (struct tmpl_var){ "held", .frag = FRAG(test_text(x, r, "t", render_held)) };
	vars[n++] = (struct tmpl_var){ "waits", .frag = FRAG(test_text(x, r, "t", render_waits)) };
	vars[n++] = (struct tmpl_var){ "spared", .frag = FRAG(test_text(x, r, "t", render_spared)) };
	vars[n++] = (struct tmpl_var){ "stays", .frag = FRAG(test_text(x, r, "t",
		w == RENDER_PREDICT ? stays_predict : w == RENDER_NOW ? statement_stays_now : statement_stays_together)) };
	return tmpl_render(x->a, "query/count", vars, n);
}

const char *statement_count_states(struct render *x, struct bound *r)
{
	static const struct { const char *name; enum row_state s; } states[] = {
		{ "anomalous", ROW_ANOMALOUS }, { "indeterminate", ROW_INDETERMINATE }, { "future", ROW_FUTURE },
	};
	AUTO_STRBUF unusual = STRBUF_INIT;
	struct tmpl_var vars[6];
	size_t n = 0;

	render_unusual(x, &unusual, r, "t");
	vars[n++] = (struct tmpl_var){ "from", .frag = FRAG(from_text(x, r)) };
	vars[n++] = (struct tmpl_var){ "where", .frag = FRAG(where_text(x, r)) };
	vars[n++] = (struct tmpl_var){ "unusual", .frag = FRAG(strbuf_str(&unusual)) };
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		AUTO_STRBUF sb = STRBUF_INIT;

		render_state(x, &sb, r, states[i].s, "t");
		vars[n++] = (struct tmpl_var){ states[i].name, .frag = FRAG(statement_text(x, &sb)) };
	}
	return tmpl_render(x->a, "query/count_states", vars, n);
}

const char *statement_count_capped(struct render *x, struct bound *r, enum count_of of, int64_t limit)
{
	AUTO_STRBUF where = STRBUF_INIT;

	render_where(&where, r);
	if (of != COUNT_ROWS)
		strbuf_adds(&where, " AND ");
	if (of == COUNT_STARTS)
		render_started(x, &where, r, "t");
	if (of == COUNT_ODD_STARTS)
		render_start_odd(x, &where, r, "t");
	struct tmpl_var vars[] = {
		{ "from", .frag = FRAG(from_text(x, r)) },
		{ "where", .frag = FRAG(statement_text(x, &where)) },
		{ "limit", .frag = FRAG(arena_printf(x->a, "%lld", (long long)limit)) },
	};

	return tmpl_render(x->a, "query/count_capped", vars, ARRAY_SIZE(vars));
}

/* ---- acting ---- */

static void anon_param(void *ctx, struct strbuf *sb, const char *text, const char *type)
{
	render_param(ctx, sb, text, type);
}

static void ident(void *ctx, struct strbuf *sb, const char *name)
{
	(void)ctx;
	sql_ident(sb, name);
}

/* Two ways may lead by one column. */
static bool link_seen(const struct bound *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r->links.v[i].path->column == r->links.v[n].path->column)
			return true;
	return false;
}

/* Who asked loses their link; another person's, in the same column, stays. */
static void assign_link(struct render *x, struct strbuf *sb, struct bound *r, size_t n)
{
	struct anon_sql face = { .alias = "t", .param = anon_param, .ident = ident, .ctx = x };
	const struct bound_link *l = &r->links.v[n];
	const char *word = "";

	strbuf_adds(sb, sb->len ? ", " : "");
	sql_ident(sb, l->path->column->name);
	strbuf_adds(sb, " = CASE WHEN ");
	for (size_t i = n; i < r->links.n; i++) {
		if (r->links.v[i].path->column != l->path->column)
			continue;
		strbuf_adds(sb, word);
		word = " OR ";
		render_path(x, sb, r, r->links.v[i].path, "t", request_set(x->b->request, r));
	}
	strbuf_adds(sb, " THEN ");
	if (l->op)
		anon_sql_value(l->op, &face, sb);
	else
		strbuf_adds(sb, "NULL");
	strbuf_adds(sb, " ELSE ");
	render_column(sb, "t", l->path->column->name);
	strbuf_adds(sb, " END");
}

static const char *assignments(struct render *x, struct bound *r)
{
	struct anon_sql face = { .alias = "t", .param = anon_param, .ident = ident, .ctx = x };
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < r->ops.n; i++) {
		strbuf_adds(&sb, i ? ", " : "");
		sql_ident(&sb, anon_column(r->ops.v[i])->name);
		strbuf_adds(&sb, " = ");
		anon_sql_value(r->ops.v[i], &face, &sb);
	}
	for (size_t i = 0; i < r->links.n; i++)
		if (!link_seen(r, i))
			assign_link(x, &sb, r, i);
	return statement_text(x, &sb);
}

/* A BEFORE trigger may change or keep what we write: then the statement says for each row whether it
 * reached its final form. */
static bool may_be_altered(const struct bound *r)
{
	for (size_t l = 0; l < r->leaves.n; l++)
		for (size_t i = 0; i < r->leaves.v[l]->triggers.n; i++)
			if (r->leaves.v[l]->triggers.v[i].before && r->leaves.v[l]->triggers.v[i].on_update)
				return true;
	return false;
}

static const char *final_test(struct render *x, struct bound *r, const char *word, const char *otherwise)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (!may_be_altered(r))
		return otherwise;
	strbuf_addf(&sb, "%s(", word);
	if (!render_not_done(x, &sb, r, "t"))
		return otherwise;
	strbuf_adds(&sb, ") IS NOT TRUE");
	return statement_text(x, &sb);
}

static const char *vault_list(struct render *x, struct bound *r, const char *prefix)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	vault_columns(&sb, r, prefix);
	return statement_text(x, &sb);
}

static const char *param_text(struct render *x, const char *value, const char *type)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_param(x, &sb, value, type);
	return statement_text(x, &sb);
}

static const char *effect_template(const struct bound *r, bool told)
{
	switch (r->rule->action) {
	case ACTION_DELETE: return told ? "query/delete_told" : "query/delete";
	case ACTION_ANONYMIZE: return told ? "query/update_told" : "query/update";
	case ACTION_QUARANTINE:
		if (!r->removes)
			return "query/quarantine_columns";
		return told ? "query/quarantine_told" : "query/quarantine";
	case ACTION_NONE: break;
	}
	bug(__FILE__, __LINE__, "a rule without an action");
}

/* The statement that acts on `relation` under `unit` for rows that are `ready`. */
const char *statement_effect(struct render *x, struct bound *r, const char *relation, const char *unit,
			  const char *ready)
{
	const struct plan_tomb *tomb = tombstone_of_rule(x, r);
	struct tmpl_var vars[14];
	size_t n = 0;

	vars[n++] = (struct tmpl_var){ "relation", .frag = FRAG(relation) };
	vars[n++] = (struct tmpl_var){ "unit", .frag = FRAG(unit) };
	vars[n++] = (struct tmpl_var){ "ready", .frag = FRAG(ready) };
	if (!r->removes) {
		vars[n++] = (struct tmpl_var){ "assignments", .frag = FRAG(assignments(x, r)) };
		vars[n++] = (struct tmpl_var){ "returning", .frag = FRAG(final_test(x, r, "RETURNING ", "")) };
		vars[n++] = (struct tmpl_var){ "final", .frag = FRAG(final_test(x, r, "", "true")) };
	}
	if (tomb) {
		vars[n++] = (struct tmpl_var){ "told", .frag = FRAG(tombstone_told(x, tomb, r)) };
		vars[n++] = (struct tmpl_var){ "tale", .frag = FRAG(tombstone_tale(x, tomb)) };
	}
	if (r->rule->action == ACTION_QUARANTINE) {
		vars[n++] = (struct tmpl_var){ "vault", .frag = FRAG(vault_name(x->a, r)) };
		vars[n++] = (struct tmpl_var){ "rule", .frag = FRAG(param_text(x, rule_name(r->rule), "text")) };
		vars[n++] = (struct tmpl_var){ "purge_after", .frag = FRAG(param_text(x, r->purge_after, "timestamptz")) };
		vars[n++] = (struct tmpl_var){ "columns", .frag = FRAG(vault_list(x, r, "")) };
		vars[n++] = (struct tmpl_var){ "outgoing", .frag = FRAG(vault_list(x, r, "t.")) };
		vars[n++] = (struct tmpl_var){ "moved", .frag = FRAG(vault_list(x, r, "moved.")) };
	}
	return tmpl_render(x->a, effect_template(r, tomb != NULL), vars, n);
}

/* ---- the root ---- */

static const char *const circle_columns = "t.ctid, t.tableoid";

/* Something of a follower is still to be done though the row itself may be in final form. */
static bool follower_work(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	size_t before = sb->len;

	for (size_t i = 0; i < r->followers.n; i++) {
		struct bound *f = r->followers.v[i];
		const char *c = render_alias(x);
		AUTO_STRBUF below = STRBUF_INIT;

		strbuf_addf(sb, "%sEXISTS (SELECT 1 FROM ", sb->len > before ? " OR " : "");
		render_from(sb, f, c);
		strbuf_adds(sb, " WHERE ");
		render_join(sb, f->via, c, alias);
		strbuf_adds(sb, " AND ");
		if (!f->removes && follower_work(x, &below, f, c)) {
			render_where(sb, f);
			strbuf_adds(sb, " AND (");
			render_not_done(x, sb, f, c);
			strbuf_addf(sb, " OR %s)", strbuf_str(&below));
		} else {
			strbuf_adds(sb, statement_follower_ready(x, f, c));
		}
		strbuf_addc(sb, ')');
	}
	return sb->len > before;
}

/* Rows that the step may take now. `effect`: of the row itself; else also for its followers' sake. */
const char *statement_ready(struct render *x, struct bound *r, bool for_followers, render_test *stays)
{
	AUTO_STRBUF sb = STRBUF_INIT, open = STRBUF_INIT, below = STRBUF_INIT;

	render_due(x, &sb, r, "t");
	render_and_not(x, &sb, r, "t", render_held);
	render_and_not(x, &sb, r, "t", render_waits);
	render_and_not(x, &sb, r, "t", render_spared);
	if (r->removes || x->b->request)
		render_and_not(x, &sb, r, "t", stays);
	if (!r->removes && render_not_done(x, &open, r, "t")) {
		if (for_followers && follower_work(x, &below, r, "t"))
			strbuf_addf(&open, " OR %s", strbuf_str(&below));
		strbuf_addf(&sb, " AND (%s)", strbuf_str(&open));
	}
	return statement_text(x, &sb);
}

/* A row that goes must have nothing left below it that ON DELETE CASCADE would take unseen. */
static const char *childless(struct render *x, struct bound *r, const char *base)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, base);
	for (size_t i = 0; r->removes && i < r->edges.n; i++) {
		const struct edge *e = &r->edges.v[i];
		const char *c = render_alias(x);

		if (e->kind == EDGE_RULE)
			continue;
		strbuf_addf(&sb, " AND NOT EXISTS (SELECT 1 FROM %s AS %s WHERE ", e->fkey->child->sql, c);
		render_join(&sb, e->fkey, c, "t");
		strbuf_addc(&sb, ')');
	}
	return statement_text(x, &sb);
}

static const char *collect_stmt(struct render *x, const char *columns, const char *relation, const char *cond)
{
	struct tmpl_var vars[] = {
		{ "columns", .frag = FRAG(columns) }, { "relation", .frag = FRAG(relation) }, { "ready", .frag = FRAG(cond) },
		{ "limit", .frag = FRAG(arena_printf(x->a, "$%zu::int8", x->values.n + 1)) },
	};

	return tmpl_render(x->a, "query/collect", vars, ARRAY_SIZE(vars));
}

static const char *lock_stmt(struct render *x, const char *unit, const char *cond, const char *wait)
{
	struct tmpl_var vars[] = {
		{ "columns", .frag = FRAG("t.ctid") }, { "relation", .frag = FRAG("ONLY \2") },
		{ "unit", .frag = FRAG(unit) }, { "ready", .frag = FRAG(cond) }, { "wait", .frag = FRAG(wait) },
	};

	return tmpl_render(x->a, "query/lock", vars, ARRAY_SIZE(vars));
}

static void render_circle_across(struct render *x, struct bound *r, struct plan_step *s, const char *together)
{
	const char *rows = statement_rows_across(x, "t"), *table = r->table->sql;
	struct tmpl_var lock[] = {
		{ "columns", .frag = FRAG(circle_columns) }, { "relation", .frag = FRAG(table) },
		{ "unit", .frag = FRAG(rows) }, { "ready", .frag = FRAG(together) }, { "wait", .frag = FRAG("") },
	};

	s->circle_across = true;
	s->circle_collect.text = collect_stmt(x, circle_columns, table, together);
	s->circle_lock.text = tmpl_render(x->a, "query/lock", lock, ARRAY_SIZE(lock));
	s->circle_apply.text = statement_effect(x, r, table, rows, childless(x, r, together));
}

/* What the step's own statements leave: rows that refer to each other and can go only together. */
static void render_circle(struct render *x, struct bound *r, struct plan_step *s, const char *tids)
{
	const char *together = statement_ready(x, r, false, statement_stays_together);

	if (statement_across(r)) {
		render_circle_across(x, r, s, together);
		return;
	}
	s->circle_collect.text = collect_stmt(x, "t.ctid", "ONLY \2", together);
	s->circle_lock.text = lock_stmt(x, tids, together, "");
	s->circle_apply.text = statement_effect(x, r, "ONLY \2", tids, childless(x, r, together));
}

static void render_root(struct render *x, struct bound *r, struct plan_step *s)
{
	const char *own = statement_ready(x, r, false, statement_stays_now);
	const char *any = r->followers.n ? statement_ready(x, r, true, statement_stays_now) : own;
	const char *range, *tids;
	struct tmpl_var drop[2];

	statement_effect(x, r, "ONLY \2", "true", own);		/* all parameters exist from here on */
	range = arena_printf(x->a, "t.ctid >= $%zu::tid AND t.ctid < $%zu::tid", x->values.n + 1, x->values.n + 2);
	tids = statement_tids(x, "t");
	s->tomb = tombstone_of_rule(x, r);
	s->apply_range.text = statement_effect(x, r, "ONLY \2", range, own);
	s->apply_tids.text = statement_effect(x, r, "ONLY \2", tids, childless(x, r, own));
	s->lock_range.text = lock_stmt(x, range, any, "");
	s->lock_tids.text = lock_stmt(x, tids, any, "");
	s->free_range.text = lock_stmt(x, range, any, "SKIP LOCKED");
	s->free_tids.text = lock_stmt(x, tids, any, "SKIP LOCKED");
	s->collect.text = collect_stmt(x, "t.ctid", "ONLY \2", any);
	drop[0] = (struct tmpl_var){ "relation", .frag = FRAG("ONLY \2") };
	drop[1] = (struct tmpl_var){ "ready", .frag = FRAG(own) };
	s->drop_check.text = tmpl_render(x->a, "query/drop_check", drop, 2);
	s->self_reference = statement_self_reference(r);
	if (s->self_reference)
		render_circle(x, r, s, tids);
}

void statement_recount(struct binder *b, struct bound *r, struct plan_step *step)
{
	struct render x = { .b = b, .a = b->a, .live = true };

	step->recount.sql = statement_count(&x, r, RENDER_TOGETHER);
	step->keepers = keepers_of(b->a, r);
	step->undoers = undoers_of(b->a, r);
	step->triggered = has_triggers(b->a, r);
	step->recount.params = (struct plan_params){ .n = (int)x.values.n, .types = x.types.v, .values = x.values.v };
}

void statement_render(struct binder *b, struct bound *root, bool live, struct plan_step *step,
		      size_t (*step_of)(void *ctx, const struct bound *r), void *ctx)
{
	struct render x = { .b = b, .a = b->a, .live = live };
	struct dep_walk w = { .x = &x, .step = step, .b = b, .root = root, .step_of = step_of, .ctx = ctx };
	struct dep_walk again = w;

	/* Twice: the first time finds every parameter, so that unit parameters follow all of them. */
	dependents_walk(&w, root, NULL);
	render_root(&x, root, step);
	x.aliases = 0;
	dependents_walk(&again, root, NULL);
	render_root(&x, root, step);
	BUG_ON(w.deps.n != again.deps.n);
	step->ndependents = again.deps.n;
	step->dependents = again.deps.v;
	step->ntallies = again.tallies.n;
	step->tallies = again.tallies.v;
	step->params = (struct plan_params){ .n = (int)x.values.n, .types = x.types.v, .values = x.values.v };
}
