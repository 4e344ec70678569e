/* One row: its state by the run's own predicates, in one statement of one snapshot. */
#include "plan/explain.h"

#include "base/instant.h"
#include "base/nearest.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/explain_parts.h"

#define FRAG(text) ((struct sqlfrag){ text })

enum field {
	F_INSIDE, F_DUE, F_OPEN, F_HELD, F_WAITS, F_SPARED, F_STAYS, F_TAKEN, F_ANOMALOUS, F_INDETERMINATE, F_FUTURE,
	F_PARENT, F_CONCERNED, F_MORE,
};

static const char *kept(struct explainer *e, struct strbuf *sb)
{
	return arena_strdup(e->a, strbuf_str(sb));
}

static bool query(struct explainer *e, const struct render *x, const char *sql, PGresult **ret, struct diag *d)
{
	return conn_query(e->b.conn, sql, (struct params){ (int)x->values.n, x->types.v, x->values.v }, ret, d);
}

static const char *from_text(struct explainer *e)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_from(&sb, e->r, "t");
	return kept(e, &sb);
}

/* ---- the key ---- */

/* col = $n, the type of $n left to the server: it is the column's, without its length. */
static void key_condition(struct render *x, struct strbuf *sb, const struct key_value *k)
{
	render_column(sb, "t", k->column);
	vec_push(x->a, &x->values, k->value);
	vec_push(x->a, &x->types, 0);
	strbuf_addf(sb, " = $%zu", x->values.n);
}

static const char *key_text(struct explainer *e, struct render *x)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < e->q->nkeys; i++) {
		strbuf_adds(&sb, i ? " AND " : "");
		key_condition(x, &sb, &e->q->keys[i]);
	}
	return kept(e, &sb);
}

static bool column_unknown(struct explainer *e, const char *column, struct diag *d)
{
	struct nearest near = nearest_init(column);

	for (size_t i = 0; i < e->r->table->columns.n; i++)
		nearest_offer(&near, e->r->table->columns.v[i].name);
	diag_fail(d, DIAG_USAGE, "%s has no column %s", e->r->table->display, column);
	if (near.best)
		diag_hint(d, "did you mean %s?", near.best);
	else
		diag_hint(d, "columns are the catalogue's own names, unquoted");
	return false;
}

/* The value itself is never repeated. */
static bool value_refused(struct explainer *e, const struct cat_column *c, struct diag *d)
{
	if (strncmp(d->sqlstate, "22", 2) == 0) {
		diag_fail(d, DIAG_USAGE, "column %s of %s is %s: the value given is none", c->name,
			  e->r->table->display, c->type);
		diag_hint(d, "write it as PostgreSQL reads that type, e.g. %s=42 or %s='2024-05-01'", c->name, c->name);
	} else if (d->cls == DIAG_CATALOG) {
		diag_fail(d, DIAG_USAGE, "column %s of %s is %s, which can't be compared with a value", c->name,
			  e->r->table->display, c->type);
		diag_hint(d, "name the row by another column, its primary key for instance");
	}
	return false;
}

static bool key_check(struct explainer *e, struct diag *d)
{
	for (size_t i = 0; i < e->q->nkeys; i++) {
		const struct cat_column *c = cat_column(e->r->table, e->q->keys[i].column);
		struct render x = { .b = &e->b, .a = e->a };
		AUTO_STRBUF key = STRBUF_INIT;
		AUTO_RESULT *res = NULL;
		struct tmpl_var vars[2];

		if (!c)
			return column_unknown(e, e->q->keys[i].column, d);
		key_condition(&x, &key, &e->q->keys[i]);
		vars[0] = (struct tmpl_var){ "from", .frag = FRAG(from_text(e)) };
		vars[1] = (struct tmpl_var){ "key", .frag = FRAG(strbuf_str(&key)) };
		if (!query(e, &x, tmpl_render(e->a, "query/explain_key", vars, 2), &res, d))
			return value_refused(e, c, d);
	}
	return true;
}

/* ---- the row's state ---- */

static bool stays_predict(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return render_stays(x, sb, r, alias, RENDER_PREDICT);
}

static struct sqlfrag test(struct explainer *e, struct render *x, render_test *t)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	return FRAG(t(x, &sb, e->r, "t") ? kept(e, &sb) : "false");
}

static struct sqlfrag state(struct explainer *e, struct render *x, enum row_state s)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_state(x, &sb, e->r, s, "t");
	return FRAG(kept(e, &sb));
}

/* A row that it follows is there; `concerned`: and within the rules' conditions, up to the root. */
static bool parent_there(struct strbuf *sb, struct bound *r, const char *alias, struct render *x, bool concerned)
{
	const char *p = render_alias(x);

	if (!r->parent) {
		strbuf_adds(sb, "true");
		return true;
	}
	strbuf_adds(sb, "EXISTS (SELECT 1 FROM ");
	render_from(sb, r->parent, p);
	strbuf_adds(sb, " WHERE ");
	render_join(sb, r->via, alias, p);
	if (concerned) {
		strbuf_adds(sb, " AND ");
		render_where(sb, r->parent);
		strbuf_adds(sb, " AND ");
		parent_there(sb, r->parent, p, x, true);
	}
	strbuf_addc(sb, ')');
	return true;
}

static bool has_parent(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return parent_there(sb, r, alias, x, false);
}

static bool is_concerned(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return parent_there(sb, r, alias, x, true);
}

static bool is_due(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	render_due(x, sb, r, alias);
	return true;
}

static bool is_inside(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	(void)x;
	(void)alias;
	render_where(sb, r);
	return true;
}

/* A rule that removes leaves nothing to be final. */
static bool is_open(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	if (!render_not_done(x, sb, r, alias))
		strbuf_adds(sb, "true");
	return true;
}

/* The same question asked for one hold at a time. */
static void add_holds(struct explainer *e, struct render *x, struct strbuf *sb)
{
	for (size_t i = 0; i < e->b.holds.n; i++) {
		struct binder *only = arena_alloc(e->a, sizeof(*only));
		AUTO_STRBUF one = STRBUF_INIT;

		*only = e->b;
		only->holds.v = &e->b.holds.v[i];
		only->holds.n = only->holds.cap = 1;
		x->b = only;
		strbuf_addf(sb, ", (%s) IS TRUE", render_held(x, &one, e->r, "t") ? strbuf_str(&one) : "false");
		x->b = &e->b;
	}
}

/* The same question asked for one foreign key at a time. */
static void add_edges(struct explainer *e, struct render *x, struct strbuf *sb)
{
	for (size_t i = 0; !e->r->parent && i < e->r->edges.n; i++) {
		struct bound *only = arena_alloc(e->a, sizeof(*only));
		AUTO_STRBUF one = STRBUF_INIT;

		*only = *e->r;
		only->edges.v = &e->r->edges.v[i];
		only->edges.n = only->edges.cap = 1;
		strbuf_addf(sb, ", (%s) IS TRUE", stays_predict(x, &one, only, "t") ? strbuf_str(&one) : "false");
	}
}

static const char *row_statement(struct explainer *e, struct render *x)
{
	AUTO_STRBUF more = STRBUF_INIT;
	struct tmpl_var vars[17];
	size_t n = 0;

	vars[n++] = (struct tmpl_var){ "from", .frag = FRAG(from_text(e)) };
	vars[n++] = (struct tmpl_var){ "key", .frag = FRAG(key_text(e, x)) };
	vars[n++] = (struct tmpl_var){ "inside", .frag = test(e, x, is_inside) };
	vars[n++] = (struct tmpl_var){ "due", .frag = test(e, x, is_due) };
	vars[n++] = (struct tmpl_var){ "open", .frag = test(e, x, is_open) };
	vars[n++] = (struct tmpl_var){ "held", .frag = test(e, x, render_held) };
	vars[n++] = (struct tmpl_var){ "waits", .frag = test(e, x, render_waits) };
	vars[n++] = (struct tmpl_var){ "spared", .frag = test(e, x, render_spared) };
	vars[n++] = (struct tmpl_var){ "stays", .frag = test(e, x, stays_predict) };
	vars[n++] = (struct tmpl_var){ "taken", .frag = test(e, x, render_taken_before) };
	vars[n++] = (struct tmpl_var){ "anomalous", .frag = state(e, x, ROW_ANOMALOUS) };
	vars[n++] = (struct tmpl_var){ "indeterminate", .frag = state(e, x, ROW_INDETERMINATE) };
	vars[n++] = (struct tmpl_var){ "future", .frag = state(e, x, ROW_FUTURE) };
	vars[n++] = (struct tmpl_var){ "parent", .frag = test(e, x, has_parent) };
	vars[n++] = (struct tmpl_var){ "concerned", .frag = test(e, x, is_concerned) };
	add_holds(e, x, &more);
	add_edges(e, x, &more);
	vars[n++] = (struct tmpl_var){ "more", .frag = FRAG(strbuf_str(&more)) };
	return tmpl_render(e->a, "query/explain", vars, n);
}

static bool row_ask(struct explainer *e, PGresult **ret, struct diag *d)
{
	struct render x = { .b = &e->b, .a = e->a, .live = true };

	if (!query(e, &x, row_statement(e, &x), ret, d))
		return false;
	if (PQntuples(*ret) == 1)
		return true;
	diag_fail(d, DIAG_USAGE, PQntuples(*ret) ? "%s has several such rows" : "%s has no such row",
		  e->r->table->display);
	if (PQntuples(*ret))
		diag_hint(d, "name one by all columns of its key: COLUMN=VALUE COLUMN=VALUE");
	return false;
}

/* ---- the dates ---- */

/* t, and what it follows up to the root; gives the root's alias. */
static const char *chain_from(struct explainer *e, struct render *x, struct strbuf *sb)
{
	const char *alias = "t";

	render_from(sb, e->r, alias);
	for (struct bound *r = e->r; r->parent; r = r->parent) {
		const char *p = render_alias(x);

		strbuf_adds(sb, " JOIN ");
		render_from(sb, r->parent, p);
		strbuf_adds(sb, " ON ");
		render_join(sb, r->via, alias, p);
		alias = p;
	}
	return alias;
}

static bool starts_ask(struct explainer *e, struct diag *d)
{
	struct render x = { .b = &e->b, .a = e->a, .live = true };
	const struct pred *p = &e->r->root->pred;
	AUTO_STRBUF from = STRBUF_INIT, values = STRBUF_INIT;
	const char *root = chain_from(e, &x, &from);
	AUTO_RESULT *res = NULL;
	struct tmpl_var vars[3];

	strbuf_adds(&values, "1");
	for (size_t i = 0; i < p->nclocks; i++)
		for (size_t k = 0; k < p->clocks[i].n; k++) {
			strbuf_adds(&values, ", ");
			render_column(&values, root, p->clocks[i].columns[k].name);
			strbuf_adds(&values, "::text");
		}
	vars[0] = (struct tmpl_var){ "values", .frag = FRAG(strbuf_str(&values)) };
	vars[1] = (struct tmpl_var){ "from", .frag = FRAG(strbuf_str(&from)) };
	vars[2] = (struct tmpl_var){ "key", .frag = FRAG(key_text(e, &x)) };
	if (!query(e, &x, tmpl_render(e->a, "query/explain_starts", vars, 3), &res, d))
		return false;
	e->rooted = PQntuples(res) > 0;
	for (int i = 1; e->rooted && i < PQnfields(res); i++)
		vec_push(e->a, &e->starts, arena_strdup(e->a, res_text_null(res, 0, i)));
	return true;
}

/* ---- what it means ---- */

/* In the order in which a plan counts them. */
static const char *state_of(const PGresult *row)
{
	static const struct { enum field field; bool is; const char *word; } order[] = {
		{ F_INSIDE, false, "outside" }, { F_ANOMALOUS, true, "anomalous" },
		{ F_INDETERMINATE, true, "indeterminate" }, { F_FUTURE, true, "future" }, { F_DUE, false, "kept" },
		{ F_OPEN, false, "already" }, { F_HELD, true, "held" }, { F_WAITS, true, "kept" }, { F_SPARED, true, "kept" },
		{ F_STAYS, true, "blocked" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (res_bool(row, 0, (int)order[i].field) == order[i].is)
			return order[i].word;
	return "due";
}

static void note(struct explainer *e, const char *text)
{
	vec_push(e->a, &e->notes, text);
}

static void note_blocked(struct explainer *e, const PGresult *row)
{
	int first = F_MORE + (int)e->b.holds.n;

	for (size_t i = 0; !e->r->parent && i < e->r->edges.n; i++)
		if (res_bool(row, 0, first + (int)i))
			note(e, arena_printf(e->a, "Rows of %s refer to it (%s) and stay.", e->r->edges.v[i].fkey->child->display,
					     e->r->edges.v[i].fkey->name));
	if (e->r->parent)
		note(e, arena_printf(e->a, "It goes with its row of rule %s, or not at all: something that refers to one "
				     "of them stays.", e->r->parent->rule->name));
}

static const char *tonight(struct explainer *e)
{
	static const char *const verb[] = {
		[ACTION_NONE] = "look at", [ACTION_DELETE] = "delete", [ACTION_ANONYMIZE] = "anonymize",
		[ACTION_QUARANTINE] = "quarantine",
	};
	enum action action = e->r->rule->action;
	char text[INSTANT_TEXT];
	int64_t purge;

	if (action != ACTION_QUARANTINE)
		return arena_printf(e->a, "The next run would %s it, unless a guard rail stops the whole rule: see "
				    "pgretain plan %s.", verb[action], e->r->rule->name);
	BUG_ON(!instant_parse_timestamptz(e->r->purge_after, strlen(e->r->purge_after), &purge));
	return arena_printf(e->a, "The next run would quarantine it, and a purge erase it after %s, unless a guard rail "
			    "stops the whole rule: see pgretain plan %s.", instant_format(purge, text), e->r->rule->name);
}

static void notes(struct explainer *e, const PGresult *row)
{
	const char *s = e->view->state;

	if (e->r->parent)
		note(e, !res_bool(row, 0, F_PARENT) ?
			arena_printf(e->a, "It follows rule %s, and no row of %s belongs to it.", e->r->parent->rule->name,
				     e->r->parent->table->display) :
			!res_bool(row, 0, F_CONCERNED) ?
			arena_printf(e->a, "It follows rule %s, whose row is outside that rule's `where`: it is kept.",
				     e->r->parent->rule->name) :
			arena_printf(e->a, "It follows rule %s: the terms are those of its row of %s.",
				     e->r->parent->rule->name, e->r->root->table->display));
	if (streq(s, "kept") && res_bool(row, 0, F_DUE) && !res_bool(row, 0, F_WAITS))
		note(e, "Its time is over, but it is among the newest rows, which keep_newest spares.");
	if (streq(s, "blocked"))
		note_blocked(e, row);
	if (streq(s, "due") && res_bool(row, 0, F_TAKEN))
		note(e, arena_printf(e->a, "Rule %s on the same table runs earlier and takes the row.",
				     e->r->before.v[0]->rule->name));
	else if (streq(s, "due"))
		note(e, tonight(e));
}

static void holds(struct explainer *e, const PGresult *row)
{
	for (size_t i = 0; i < e->b.holds.n; i++) {
		const struct hold_entry *h = &e->b.holds.v[i];

		if (res_bool(row, 0, F_MORE + (int)i))
			*vec_add(e->a, &e->holds) = (struct hold_view){ h->id, h->scope, h->reason };
	}
	e->view->holds = e->holds.v;
	e->view->nholds = e->holds.n;
}

static bool local_text(struct explainer *e, int64_t due, struct diag *d)
{
	const char *zone = explain_zone(e->r->root);
	AUTO_RESULT *res = NULL;
	char text[INSTANT_TEXT];

	if (!conn_query_text(e->b.conn, sqltext_get("query/explain_local"), &res, d, instant_format(due, text), zone))
		return false;
	e->view->due_local = arena_printf(e->a, "%s in %s", res_text(res, 0, 0), zone);
	return true;
}

/* Where an event is missing or odd, or the rule does not concern the row, there is no date. */
static bool due_known(const char *state, bool concerned)
{
	static const char *const without[] = { "outside", "anomalous", "indeterminate", "future" };

	for (size_t i = 0; i < ARRAY_SIZE(without); i++)
		if (streq(state, without[i]))
			return false;
	return concerned;
}

static bool fill_terms(struct explainer *e, bool concerned, struct diag *d)
{
	bool any, future = streq(e->view->state, "future");
	char text[INSTANT_TEXT];
	int64_t due = 0;

	if (!explain_terms(e, &any, &due, d))
		return false;
	e->view->terms = e->terms.v;
	e->view->nterms = e->terms.n;
	if (!due_known(e->view->state, concerned) && !future) {
		e->view->winner = NULL;
		for (size_t i = 0; i < e->terms.n; i++)
			e->terms.v[i].wins = false;
	}
	if (!any || due == INSTANT_INFINITY || !due_known(e->view->state, concerned))
		return true;
	e->view->due = arena_strdup(e->a, instant_format(due, text));
	return local_text(e, due, d);
}

static void fill_head(struct explainer *e)
{
	const struct bound *root = e->r->root;
	char text[INSTANT_TEXT];

	*e->view = (struct explain_view){
		.rule = e->r->rule->name, .table = e->r->table->display, .class_name = root->rule->class_name,
		.action = action_word(e->r->rule->action), .zone = explain_zone(root), .nkeys = e->q->nkeys,
		.keys = e->q->keys, .as_of = arena_strdup(e->a, instant_format(e->b.plan->as_of_usecs, text)),
	};
}

static bool find_rule(struct explainer *e, const struct database *db, struct diag *d)
{
	struct nearest near = nearest_init(e->q->rule);

	e->r = bind_rule(&e->b, e->q->rule);
	if (e->r && e->r->failed) {
		*d = *bound_fault(e->r);
		d->cls = DIAG_CONFIG;
		return false;
	}
	if (e->r)
		return true;
	for (size_t i = 0; i < db->nrules; i++)
		nearest_offer(&near, db->rules[i].name);
	diag_fail(d, DIAG_USAGE, "there is no rule \"%s\" for database \"%s\"", e->q->rule, db->name);
	if (near.best)
		diag_hint(d, "did you mean %s?", near.best);
	return false;
}

bool explain_row(struct conn *c, const struct policy *policy, const struct database *db,
		 const struct explain_request *q, struct arena *a, struct explain_view *ret, struct diag *d)
{
	struct explainer e = { .a = a, .q = q, .view = ret };
	struct plan_options o = { .as_of = q->as_of };
	AUTO_RESULT *row = NULL;

	if (!plan_bind(c, a, policy, db, &o, &e.b, d) || !find_rule(&e, db, d) || !key_check(&e, d) ||
	    !row_ask(&e, &row, d) || !starts_ask(&e, d))
		return false;
	fill_head(&e);
	ret->state = state_of(row);
	ret->waits = streq(ret->state, "kept") && res_bool(row, 0, F_DUE) && res_bool(row, 0, F_WAITS);
	if ((ret->waits && !explain_waits(&e, from_text(&e), key_text, d)) || !conn_do(c, "COMMIT", NO_PARAMS, d))
		return false;
	holds(&e, row);
	notes(&e, row);
	ret->notes = e.notes.v;
	ret->nnotes = e.notes.n;
	/* each end is asked for by itself: one that is out of range must not end the others */
	return fill_terms(&e, res_bool(row, 0, F_CONCERNED), d);
}
