/* Every foreign key that refers to a rule's rows, and what the configuration says of it. A key that
 * nobody mentions is an error: ON DELETE CASCADE is never relied upon silently (domain.md 3). */
#include "plan/bind.h"

static bool mention_fits(const struct child *m, const struct cat_fkey *f, const struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (m->constraint && !streq(m->constraint, f->name))
		return false;
	if (streq(m->table, f->child->display))
		return true;
	strbuf_addf(&sb, "%s.%s", f->child->schema, f->child->name);
	if (streq(m->table, strbuf_str(&sb)))
		return true;
	return streq(m->table, f->child->name) && streq(f->child->schema, r->table->schema);
}

static const struct child *mention_of(const struct bound *r, const struct cat_fkey *f)
{
	const struct child *found = NULL;

	for (size_t i = 0; i < r->rule->nchildren; i++) {
		const struct child *m = &r->rule->children[i];

		if (mention_fits(m, f, r) && (!found || m->constraint))
			found = m;	/* a mention of the constraint beats one of the table */
	}
	return found;
}

static struct bound *follower_by(struct bound *r, const struct cat_fkey *f)
{
	for (size_t i = 0; i < r->followers.n; i++)
		if (r->followers.v[i]->via == f)
			return r->followers.v[i];
	return NULL;
}

bool table_within(const struct cat_table *t, const struct cat_table *above)
{
	for (; t; t = t->parent)
		if (t == above)
			return true;
	return false;
}

bool bound_releases(const struct bound *o, const struct cat_fkey *f)
{
	if (o->removes)
		return true;
	for (size_t i = 0; i < o->links.n; i++)
		for (size_t k = 0; k < f->n; k++)
			if (streq(o->links.v[i].path->column->name, f->child_columns[k]))
				return true;
	for (size_t i = 0; i < o->ops.n; i++)
		for (size_t k = 0; k < f->n; k++)
			if (streq(anon_op(o->ops.v[i]), "null") &&
			    streq(anon_column(o->ops.v[i])->name, f->child_columns[k]))
				return true;
	return false;
}

static void own_rules(struct binder *b, struct edge *e)
{
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *o = &b->rules[i];

		if (o->table && table_within(e->fkey->child, o->table))
			vec_push(b->a, &e->rules, o);
	}
}

static bool unset_fits(struct bound *r, const struct cat_fkey *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct cat_column *c = cat_column(f->child, f->child_columns[i]);

		if (c->not_null)
			return bound_fail(r, DIAG_CATALOG, "children: %s can't be set to NULL: column %s of %s is NOT NULL",
					  f->name, c->name, f->child->display);
	}
	return true;
}

static bool unmentioned(struct bound *r, const struct cat_fkey *f)
{
	bound_fail(r, DIAG_CATALOG, "%s refers to %s by foreign key %s, and the configuration does not say what "
		   "happens to its rows", f->child->display, f->parent->display, f->name);
	r->finding = FINDING_FK_UNMENTIONED;
	diag_hint(&r->diag, "give %s a rule, or mention it: children = { %s = \"cascade\"; } or \"set null\"",
		  f->child->display, f->child->name);
	return false;
}

/* What cascades, from the table in hand up to the rule's. */
struct way {
	const struct cat_table *table;
	const struct way *up;
};

static bool add_edges(struct binder *b, struct bound *r, struct edge *above, struct cat_table *t,
		      const struct way *way);

static bool edge_cascade(struct binder *b, struct bound *r, struct edge *e, const struct way *way)
{
	struct way here = { e->fkey->child, way };
	const struct way *w = way;

	while (w && !table_within(e->fkey->child, w->table))
		w = w->up;
	if (!w && !table_within(e->fkey->child, r->table))
		return add_edges(b, r, e, e->fkey->child, &here);
	bound_fail(r, DIAG_CATALOG, "children: %s cascades back into %s", e->fkey->name,
		   w ? w->table->display : r->table->display);
	diag_hint(&r->diag, "a cycle can't cascade: leave it to the rule, or say \"set null\"");
	return false;
}

/* A key beside those by which the rules of a chain follow: whether its row goes would depend on rows of the
 * chain, and they on it. */
static bool chain_fits(struct bound *r, const struct edge *e)
{
	const struct cat_fkey *f = e->fkey;

	for (size_t i = 0; i < e->rules.n; i++) {
		const struct bound *o = e->rules.v[i];

		if (o == r || o->root != r->root || !bound_releases(o, f))
			continue;
		bound_fail(r, DIAG_CATALOG, "%s refers to %s by foreign key %s too, which is none of those by which the rules "
			   "of this chain follow", f->child->display, f->parent->display, f->name);
		diag_hint(&r->diag, "mention it: children = { %s = { %s = \"cascade\"; }; } or \"set null\"", f->child->name, f->name);
		return false;
	}
	return true;
}

static bool edge_bind(struct binder *b, struct bound *r, struct edge *e, const struct way *way)
{
	const struct cat_fkey *f = e->fkey;
	const struct child *m = mention_of(r, f);

	e->follower = !way ? follower_by(r, f) : NULL;
	own_rules(b, e);
	if (e->follower)
		e->kind = EDGE_FOLLOW;
	else if (m && m->mode == CHILD_CASCADE)
		e->kind = EDGE_CASCADE;
	else if (m && m->mode == CHILD_SET_NULL)
		e->kind = EDGE_UNSET;
	else if (e->rules.n || (m && m->mode == CHILD_RULE))
		e->kind = EDGE_RULE;
	else
		return unmentioned(r, f);
	if (e->kind == EDGE_RULE)
		return chain_fits(r, e);
	if (e->kind == EDGE_UNSET)
		return unset_fits(r, f);
	return e->kind != EDGE_CASCADE || edge_cascade(b, r, e, way);
}

/* What inherits from several tables is come by twice. */
static bool has_edge(const edge_vec *edges, const struct cat_fkey *f)
{
	for (size_t i = 0; i < edges->n; i++)
		if (edges->v[i].fkey == f)
			return true;
	return false;
}

/* Keys that refer to t; those of its partitions and inheritance children refer to that relation alone. */
static bool add_edges(struct binder *b, struct bound *r, struct edge *above, struct cat_table *t,
		      const struct way *way)
{
	bool ok = true;

	for (size_t i = 0; i < t->referenced.n; i++) {
		struct edge e = { .fkey = t->referenced.v[i] };

		if (has_edge(above ? &above->sub : &r->edges, e.fkey))
			continue;
		ok &= edge_bind(b, r, &e, way);
		if (above)
			vec_push(b->a, &above->sub, e);
		else
			vec_push(b->a, &r->edges, e);
	}
	if (t->kind == 'r' && r->rule->only && !way)
		return ok;
	for (size_t i = 0; i < t->children.n; i++)
		ok &= add_edges(b, r, above, t->children.v[i], way);
	return ok;
}

void bind_edges(struct binder *b, struct bound *r)
{
	r->stage = FINDING_CHILDREN;
	add_edges(b, r, NULL, r->table, NULL);
}
