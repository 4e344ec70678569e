#include "plan/vault_parts.h"

#include "pg/sqltext.h"

/* ---- holds (domain.md 5: rows in the vault are under the same condition) ---- */

/* For a rule that the configuration no longer has, or that does not fit: every hold that might cover it. */
static bool may_be_held(const struct planner *w, const char *rule)
{
	for (size_t i = 0; i < w->b.holds.n; i++) {
		const struct hold_entry *h = &w->b.holds.v[i];
		bool narrow = streq(h->scope, "table") || streq(h->scope, "rows") || (streq(h->scope, "subject") && h->target);

		if (!narrow || streq_null(h->target, rule))
			return true;
	}
	return false;
}

static bool vault_held(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r, const char *alias);

/* The parent stands in the live table, or is in the vault itself. */
static void parent_held(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	size_t before = sb->len;
	const char *p = render_alias(x);
	AUTO_STRBUF live = STRBUF_INIT, stored = STRBUF_INIT;

	if (render_held(x, &live, r->parent, p)) {
		add_or(sb, before);
		strbuf_adds(sb, "EXISTS (SELECT 1 FROM ");
		render_from(sb, r->parent, p);
		strbuf_adds(sb, " WHERE ");
		render_join(sb, r->via, alias, p);
		strbuf_addf(sb, " AND (%s))", strbuf_str(&live));
	}
	if (!vault_held(w, x, &stored, r->parent, p))
		return;
	for (size_t i = 0; i < w->stores.n; i++) {
		const struct store *s = &w->stores.v[i];

		if (s->table != r->parent->table || !store_has(s, r->parent->rule->name))
			continue;
		add_or(sb, before);
		strbuf_adds(sb, "EXISTS (SELECT 1 FROM ");
		store_from(sb, s, p);
		strbuf_adds(sb, " WHERE ");
		store_rule_is(x, sb, p, r->parent->rule->name);
		strbuf_adds(sb, " AND ");
		render_keys(sb, r->via, alias, p);
		strbuf_addf(sb, " AND (%s))", strbuf_str(&stored));
	}
}

static bool vault_held(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	AUTO_STRBUF own = STRBUF_INIT, parent = STRBUF_INIT;

	render_own_held(x, &own, r, alias);
	if (r->parent)
		parent_held(w, x, &parent, r, alias);
	strbuf_addf(sb, "%s%s%s", strbuf_str(&own), own.len && parent.len ? " OR " : "", strbuf_str(&parent));
	return own.len || parent.len;
}

/* A row that refers to it stays under a hold: without its parent it could never be released. */
static bool below_held(struct planner *w, struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	size_t before = sb->len;

	for (size_t k = 0; k < r->followers.n; k++) {
		struct bound *f = r->followers.v[k];
		const char *c = render_alias(x);
		AUTO_STRBUF own = STRBUF_INIT, below = STRBUF_INIT;

		render_own_held(x, &own, f, c);
		below_held(w, x, &below, f, c);
		for (size_t i = 0; (own.len || below.len) && i < w->stores.n; i++) {
			const struct store *s = &w->stores.v[i];

			if (f->failed || s->table != f->table || !store_has(s, f->rule->name))
				continue;
			add_or(sb, before);
			strbuf_adds(sb, "EXISTS (SELECT 1 FROM ");
			store_from(sb, s, c);
			strbuf_adds(sb, " WHERE ");
			store_rule_is(x, sb, c, f->rule->name);
			strbuf_adds(sb, " AND ");
			render_keys(sb, f->via, c, alias);
			strbuf_addf(sb, " AND (%s%s%s))", strbuf_str(&own), own.len && below.len ? " OR " : "",
				    strbuf_str(&below));
		}
	}
	return sb->len > before;
}

static bool rule_held(struct planner *w, struct render *x, struct strbuf *sb, const struct store *s, const char *rule)
{
	struct bound *r = bind_rule(&w->b, rule);
	AUTO_STRBUF test = STRBUF_INIT, below = STRBUF_INIT;

	if (!r || r->failed || r->table != s->table) {
		strbuf_adds(&test, may_be_held(w, rule) ? "true" : "");
	} else {
		vault_held(w, x, &test, r, "t");
		below_held(w, x, &below, r, "t");
	}
	if (!test.len && !below.len)
		return false;
	strbuf_addc(sb, '(');
	store_rule_is(x, sb, "t", rule);
	strbuf_addf(sb, " AND (%s%s%s))", strbuf_str(&test), test.len && below.len ? " OR " : "", strbuf_str(&below));
	return true;
}

static const char *store_held(struct planner *w, struct render *x, const struct store *s)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < s->known->nrules; i++) {
		AUTO_STRBUF one = STRBUF_INIT;

		if (!rule_held(w, x, &one, s, s->known->rules[i]))
			continue;
		add_or(&sb, 0);
		strbuf_adds(&sb, strbuf_str(&one));
	}
	return sb.len ? text_of(w, &sb) : "false";
}

/* ---- looking and purging ---- */

static struct plan_query store_query(struct planner *w, const struct store *s, const char *name, bool all_held)
{
	struct render x = { .b = &w->b, .a = w->a, .live = true, .stored = true };
	const char *held = all_held ? "true" : store_held(w, &x, s);
	AUTO_STRBUF from = STRBUF_INIT;

	store_from(&from, s, "t");
	struct tmpl_var vars[] = {
		{ "from", .frag = FRAG(text_of(w, &from)) }, { "held", .frag = FRAG(held) },
		{ "vault", .frag = FRAG(s->sql) },
		{ "lo", .frag = FRAG(unit(w, &x, 1, "timestamptz")) }, { "hi", .frag = FRAG(unit(w, &x, 2, "timestamptz")) },
		{ "before", .frag = FRAG(unit(w, &x, 3, "timestamptz")) }, { "limit", .frag = FRAG(unit(w, &x, 4, "int8")) },
	};
	return query_of(tmpl_render(w->a, name, vars, ARRAY_SIZE(vars)), &x);
}

static void stores_render(struct planner *w)
{
	struct vault_plan *out = w->out;

	out->nstores = w->stores.n;
	out->stores = arena_alloc(w->a, (w->stores.n + 1) * sizeof(*out->stores));
	for (size_t i = 0; i < w->stores.n; i++) {
		const struct store *s = &w->stores.v[i];

		out->stores[i] = (struct vault_store){
			.oid = s->known->oid, .name = s->known->name, .table = s->known->display, .has_holds = w->b.holds.n > 0,
			.groups = store_query(w, s, "query/vault_groups", false),
			.groups_held = store_query(w, s, "query/vault_groups", true),
			.purge = store_query(w, s, "query/vault_purge", false),
		};
	}
}

bool vault_plan_build(struct conn *c, const struct policy *policy, const struct database *db,
		      const struct vault_want *want, const char *released_since, struct vault_plan **ret, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct planner w = { .a = a, .want = want, .out = arena_alloc(a, sizeof(*w.out)) };

	if (!build_bind(c, a, policy, db, released_since, &w.b, d))
		return false;
	if (!store_load(&w.b, &w.stores, d))
		return false;
	stores_render(&w);
	if (want && !vault_parts_render(&w, d))
		return false;
	w.out->arena = STEAL(a);
	w.out->hold_epoch = w.b.plan->hold_epoch;
	w.out->as_of = w.b.plan->as_of;
	*ret = w.out;
	return true;
}
