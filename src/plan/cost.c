/* What a step asks of the server, told with the plan: pages that are read, and foreign keys without an index,
 * for which the server reads the whole referencing table once a row (case C32). */
#include "plan/build_parts.h"

struct costs {
	struct binder *b;
	size_t step;
	VEC(const char *) list;
};

static int64_t pages_of(const struct cat_table *t)
{
	int64_t n = t->kind == 'p' ? 0 : t->pages;

	for (size_t i = 0; t->kind == 'p' && i < t->children.n; i++)
		n += pages_of(t->children.v[i]);
	return n;
}

/* Rows of a table without a rule that go with those of the step. */
static int64_t cascaded(const struct costs *c, const struct cat_table *t)
{
	const struct plan *p = c->b->plan;
	const struct plan_step *root = &p->steps[p->steps[c->step].root];
	int64_t n = 0;

	for (size_t i = 0; i < root->ntallies; i++)
		if (root->tallies[i].step == c->step && !root->tallies[i].unset && streq(root->tallies[i].table, t->display))
			n += root->tallies[i].rows;
	return n;
}

static void add_keys(struct costs *c, const edge_vec *edges, int64_t rows)
{
	for (size_t i = 0; rows && i < edges->n; i++) {
		const struct cat_fkey *f = edges->v[i].fkey;

		if (!f->indexed)
			vec_push(c->b->a, &c->list, arena_printf(c->b->a,
				 "foreign key %s of %s has no index: each of %lld row(s) that go reads %lld page(s)", f->name,
				 f->child->display, (long long)rows, (long long)pages_of(f->child)));
		if (edges->v[i].kind == EDGE_CASCADE)
			add_keys(c, &edges->v[i].sub, cascaded(c, f->child));
	}
}

static void add_pages(struct costs *c, const struct plan_step *s)
{
	bool estimated = false;
	int64_t pages = 0;

	for (size_t i = 0; i < s->nrelations; i++) {
		estimated |= s->relations[i].strategy == STRATEGY_INDEX;
		pages += s->relations[i].reads;
	}
	vec_push(c->b->a, &c->list, arena_printf(c->b->a, "reads %s%lld page(s) of %s", estimated ? "about " : "",
						 (long long)pages, s->table));
}

void cost_step(struct binder *b, const struct bound *r, size_t i)
{
	struct plan_step *s = &b->plan->steps[i];
	struct costs c = { .b = b, .step = i };

	if (b->request || s->status != STEP_READY || !plan_step_rows(s))
		return;
	add_pages(&c, s);
	if (r->removes)
		add_keys(&c, &r->edges, plan_step_rows(s));
	s->costs = c.list.v;
	s->ncosts = c.list.n;
}
