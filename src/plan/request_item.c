/* What each rule means for the people of a request: one statement a rule, for all of them at once. */
#include "plan/request.h"

#include "pg/tmpl.h"
#include "plan/statement_parts.h"
#include "plan/vault_store.h"

static bool stays(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return render_stays(x, sb, r, alias, RENDER_PREDICT);
}

static const char *test(struct render *x, struct bound *r, render_test *t, const char *otherwise)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	return t(x, &sb, r, "t") ? statement_text(x, &sb) : otherwise;
}

static struct bound *minimiser(struct binder *b, const struct bound *r)
{
	for (size_t i = 0; i < b->nrules; i++)
		if (b->rules[i].base == r && b->rules[i].rule->effect == EFFECT_MINIMISE && !b->rules[i].failed)
			return &b->rules[i];
	return NULL;
}

static const char *minimised(struct render *x, struct bound *r)
{
	struct bound *m = minimiser(x->b, r);

	return m ? arena_printf(x->a, "(%s) IS NOT TRUE", test(x, m, render_not_done, "false")) : "false";
}

static const char *past(struct render *x, struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_past(x, &sb, r, "t", request_mode(x->b));
	return statement_text(x, &sb);
}

static const char *until(struct render *x, struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_until(x, &sb, r, "t");
	return statement_text(x, &sb);
}

static const char *count_text(struct render *x, struct bound *r)
{
	struct subject_set *all = request_set(x->b->request, r);
	AUTO_STRBUF from = STRBUF_INIT, whose = STRBUF_INIT, mine = STRBUF_INIT, where = STRBUF_INIT;
	struct tmpl_var vars[11];
	size_t n = 0;

	render_from(&from, r, "t");
	render_subjects_of(x, &whose, r, "t", all, false);
	render_of_subject(x, &mine, r, "t", all, false);
	render_where(&where, r);
	vars[n++] = (struct tmpl_var){ "from", .frag = FRAG(strbuf_str(&from)) };
	vars[n++] = (struct tmpl_var){ "whose", .frag = FRAG(strbuf_str(&whose)) };
	vars[n++] = (struct tmpl_var){ "mine", .frag = FRAG(strbuf_str(&mine)) };
	vars[n++] = (struct tmpl_var){ "where", .frag = FRAG(strbuf_str(&where)) };
	vars[n++] = (struct tmpl_var){ "open", .frag = FRAG(r->nothing ? "false" : test(x, r, render_not_done, "true")) };
	vars[n++] = (struct tmpl_var){ "held", .frag = FRAG(test(x, r, render_held, "false")) };
	vars[n++] = (struct tmpl_var){ "retained", .frag = FRAG(test(x, r, render_retained, "false")) };
	vars[n++] = (struct tmpl_var){ "due", .frag = FRAG(past(x, r)) };
	vars[n++] = (struct tmpl_var){ "stays", .frag = FRAG(test(x, r, stays, "false")) };
	vars[n++] = (struct tmpl_var){ "minimised", .frag = FRAG(minimised(x, r)) };
	vars[n++] = (struct tmpl_var){ "until", .frag = FRAG(until(x, r)) };
	return tmpl_render(x->a, "query/request_count", vars, n);
}

/* ---- rows that are in the vault already ---- */

static const char *stored_text(struct render *x, struct bound *r, const struct store *s)
{
	struct subject_set *all = request_set(x->b->request, r);
	AUTO_STRBUF from = STRBUF_INIT, whose = STRBUF_INIT, mine = STRBUF_INIT, rule = STRBUF_INIT;

	store_from(&from, s, "t");
	render_subjects_of(x, &whose, r, "t", all, false);
	render_of_subject(x, &mine, r, "t", all, false);
	store_rule_is(x, &rule, "t", r->rule->name);
	struct tmpl_var vars[] = {
		{ "from", .frag = FRAG(strbuf_str(&from)) }, { "whose", .frag = FRAG(strbuf_str(&whose)) },
		{ "mine", .frag = FRAG(strbuf_str(&mine)) }, { "rule", .frag = FRAG(strbuf_str(&rule)) },
	};
	return tmpl_render(x->a, "query/request_vaulted", vars, ARRAY_SIZE(vars));
}

static void ask_vault(struct binder *b, struct bound *r, const store_vec *stores, struct plan_item *it)
{
	struct render x = { .b = b, .a = b->a, .live = true, .stores = stores };
	AUTO_STRBUF sql = STRBUF_INIT;

	for (size_t i = 0; i < stores->n; i++) {
		const struct store *s = &stores->v[i];

		if (s->table == r->table && store_has(s, r->rule->name))
			strbuf_addf(&sql, "%s%s", sql.len ? "\nUNION ALL\n" : "", stored_text(&x, r, s));
	}
	if (!sql.len)
		return;
	it->vaulted.sql = statement_text(&x, &sql);
	it->vaulted.params = (struct plan_params){ .n = (int)x.values.n, .types = x.types.v, .values = x.values.v };
}

/* ---- why it is kept ---- */

static void laws(struct binder *b, const struct bound *r, struct plan_item *it)
{
	const struct retention_class *cls = r->root->rule->cls;
	AUTO_STRBUF floors = STRBUF_INIT, rest = STRBUF_INIT;

	for (size_t i = 0; cls && i < cls->nterms; i++) {
		const struct term *t = &cls->terms[i];

		if (t->kind == TERM_FLOOR)
			strbuf_addf(&floors, "%s%s", floors.len ? "; " : "", t->basis ? t->basis : cls->name);
		else if (b->request->withdrawal ? !t->consent : t->survives_erasure)
			strbuf_addf(&rest, "%s%s", rest.len ? "; " : "", t->purpose ? t->purpose : t->name);
	}
	it->basis = floors.len ? arena_strdup(b->a, strbuf_str(&floors)) : NULL;
	it->standard = rest.len ? arena_strdup(b->a, strbuf_str(&rest)) : NULL;
}

typedef VEC(const char *) names;

static void add_names(struct binder *b, const edge_vec *edges, const char *self, names *list)
{
	for (size_t i = 0; i < edges->n; i++) {
		const struct edge *e = &edges->v[i];

		for (size_t k = 0; e->kind != EDGE_UNSET && k < e->rules.n; k++)
			if (!e->rules.v[k]->base && !streq(e->rules.v[k]->rule->name, self))
				vec_push(b->a, list, e->rules.v[k]->rule->name);
		add_names(b, &e->sub, self, list);
	}
}

static void item_fill(struct binder *b, struct bound *r, const store_vec *stores, struct plan_item *it)
{
	struct render x = { .b = b, .a = b->a, .live = true };
	names children = { NULL, 0, 0 };

	*it = (struct plan_item){ .rule = policy_rule(b->plan->db, r->rule->name), .table = r->table ? r->table->display : r->rule->table,
				  .action = r->rule->action, .shared = r->rule->effect == EFFECT_DETACH,
				  .minimises = minimiser(b, r) != NULL };
	laws(b, r, it);
	for (const struct bound *u = r; u; u = u->parent)	/* what keeps the parent keeps what follows it */
		add_names(b, &u->edges, r->rule->name, &children);
	for (size_t i = 0; i < b->nrules; i++)
		for (size_t k = 0; !b->rules[i].base && k < b->rules[i].paths.n; k++)
			if (b->rules[i].paths.v[k].upper == r)
				vec_push(b->a, &children, b->rules[i].rule->name);
	it->children = children.v;
	it->nchildren = children.n;
	if (r->failed) {
		it->diag = *bound_fault(r);
		return;
	}
	it->asked = true;
	it->count.sql = count_text(&x, r);
	it->count.params = (struct plan_params){ .n = (int)x.values.n, .types = x.types.v, .values = x.values.v };
	if (!b->request->withdrawal)		/* what ended before the consent did is none of its business */
		ask_vault(b, r, stores, it);
}

static bool takes_part(const struct binder *b, const struct bound *r)
{
	if (r->selected)
		return true;
	for (size_t i = 0; i < b->nrules; i++)
		if (b->rules[i].base == r && b->rules[i].selected)
			return true;
	return false;
}

bool request_items(struct binder *b, struct diag *d)
{
	VEC(struct plan_item) items = { NULL, 0, 0 };
	store_vec *stores = arena_alloc(b->a, sizeof(*stores));

	*stores = (store_vec){ NULL, 0, 0 };
	if (!store_load(b, stores, d))
		return false;
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		if (!r->base && takes_part(b, r) && (r->failed || bound_has_subject(r)))
			item_fill(b, r, stores, vec_add(b->a, &items));
	}
	b->plan->items = items.v;
	b->plan->nitems = items.n;
	return true;
}
