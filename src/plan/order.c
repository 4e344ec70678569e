/* The order of steps: what refers to a row goes before it (domain.md 3). A node is a chain (a rule and
 * all that follow it); an edge leads from a chain that must go first. */
#include "plan/build_parts.h"

struct order {
	struct binder *b;
	VEC(struct bound *) roots;
	bool *needs;			/* needs[i * n + j]: root i waits for root j */
	VEC(struct bound *) done;
};

static size_t root_index(const struct order *o, const struct bound *root)
{
	for (size_t i = 0; i < o->roots.n; i++)
		if (o->roots.v[i] == root)
			return i;
	bug(__FILE__, __LINE__, "a chain without a root");
}

static void need(struct order *o, const struct bound *who, const struct bound *first)
{
	size_t i = root_index(o, who->root), j = root_index(o, first->root);

	if (i != j)
		o->needs[i * o->roots.n + j] = true;
}

static void edge_needs(struct order *o, struct bound *r, const struct edge *e)
{
	if (e->kind != EDGE_UNSET)
		for (size_t i = 0; i < e->rules.n; i++)
			if (!e->rules.v[i]->failed && bound_releases(e->rules.v[i], e->fkey))
				need(o, r, e->rules.v[i]);
	for (size_t i = 0; i < e->sub.n; i++)
		edge_needs(o, r, &e->sub.v[i]);
}

/* On one table: first what overwrites columns, then what removes rows, each in file order, so that
 * every rule's count is of rows that it finds. */
static bool runs_earlier(const struct bound *a, const struct bound *b)
{
	if (a->removes != b->removes)
		return !a->removes;
	return a->index < b->index;
}

static void same_table(struct order *o, struct bound *r)
{
	for (size_t i = 0; i < o->b->nrules; i++) {
		struct bound *e = &o->b->rules[i];

		if (e == r || e->failed || !e->selected || !e->table || !r->table || e->root == r->root ||
		    !(table_within(e->table, r->table) || table_within(r->table, e->table)) || !runs_earlier(e, r))
			continue;
		if (!o->b->request || r->removes)	/* two that overwrite columns: who is found through whom decides */
			need(o, r, e);
		if (e->removes)
			vec_push(o->b->a, &r->before, e);
	}
}

/* People are found through the rows of another rule: those go last, or nobody would be found any more. */
static void through(struct order *o, struct bound *r)
{
	for (size_t i = 0; i < r->paths.n; i++)
		for (size_t k = 0; r->paths.v[i].upper && k < o->b->nrules; k++) {
			struct bound *u = &o->b->rules[k];

			if (!u->failed && u->selected && u->root != r->root && u->rule->effect != EFFECT_MINIMISE &&
			    (u == r->paths.v[i].upper || u->base == r->paths.v[i].upper))
				need(o, u, r);
		}
}

static bool free_to_go(const struct order *o, const bool *placed, size_t i)
{
	for (size_t j = 0; j < o->roots.n; j++)
		if (o->needs[i * o->roots.n + j] && !placed[j])
			return false;
	return true;
}

static void place_chain(struct order *o, struct bound *r)
{
	for (size_t i = 0; i < r->followers.n; i++)
		place_chain(o, r->followers.v[i]);
	vec_push(o->b->a, &o->done, r);
}

static void fail_cycle(struct order *o, const bool *placed)
{
	for (size_t i = 0; i < o->roots.n; i++) {
		struct bound *r = o->roots.v[i];

		if (placed[i])
			continue;
		if (!r->failed) {
			r->stage = FINDING_CYCLE;
			bound_fail(r, DIAG_CATALOG, "foreign keys between rules go in a circle through %s", r->table->display);
			diag_hint(&r->diag, "cut it: children = { TABLE = \"set null\"; } in one of the rules of the circle");
		}
		place_chain(o, r);
	}
}

static void place_all(struct order *o)
{
	bool *placed = arena_alloc(o->b->a, (o->roots.n + 1) * sizeof(*placed));
	bool progress = true;

	while (progress) {
		progress = false;
		for (size_t i = 0; i < o->roots.n && !progress; i++) {
			if (placed[i] || !free_to_go(o, placed, i))
				continue;
			placed[i] = progress = true;
			place_chain(o, o->roots.v[i]);
		}
	}
	fail_cycle(o, placed);
}

struct bound **order_rules(struct binder *b, size_t *n)
{
	struct order o = { .b = b };

	for (size_t i = 0; i < b->nrules; i++)
		if (b->rules[i].root == &b->rules[i])
			vec_push(b->a, &o.roots, &b->rules[i]);
	o.needs = arena_alloc(b->a, (o.roots.n * o.roots.n + 1) * sizeof(*o.needs));
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		for (size_t k = 0; !r->failed && k < r->edges.n; k++)
			edge_needs(&o, r, &r->edges.v[k]);
		if (!r->failed)
			same_table(&o, r);
		if (b->request && !r->failed && r->selected)
			through(&o, r);
	}
	place_all(&o);
	for (size_t i = 0; i < o.done.n; i++)
		o.done.v[i]->place = i;
	*n = o.done.n;
	return o.done.v;
}
