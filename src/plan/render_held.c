/* What a legal hold covers (domain.md 5). A hold matches rows by its own words; it keeps besides
 *	what follows such a row,
 *	what would cascade from it by mention, with a rule of its own or without,
 *	its mapped attachments: rows whose `subject` leads through it,
 *	the same row under another rule of its table. */
#include "plan/render.h"

#include "conf/sqlcond.h"
#include "pg/tmpl.h"
#include "plan/subject.h"

/* Rules whose rows are being asked about: a circle of mentions is asked once. */
struct held_walk {
	const struct bound *r;
	const struct held_walk *up;
};

static bool walking(const struct render *x, const struct bound *r)
{
	for (const struct held_walk *w = x->walk; w; w = w->up)
		if (w->r == r)
			return true;
	return false;
}

/* Appends " OR " and one more. */
static void add_or(struct strbuf *sb, size_t before, struct strbuf *one)
{
	if (one->len)
		strbuf_addf(sb, "%s%s", sb->len > before ? " OR " : "", strbuf_str(one));
}

/* ---- a hold's own words ---- */

static const struct retention_class *class_of(const struct bound *r)
{
	return r->root->rule->cls;
}

static void add_text_equal(struct render *x, struct strbuf *sb, const char *alias, const char *column, const char *key)
{
	strbuf_adds(sb, sb->len ? " OR " : "");
	render_column(sb, alias, column);
	strbuf_adds(sb, "::text = ");
	render_param(x, sb, key, "text");
}

/* Where the person's identity itself stands, said by the rule or not. */
static void identity_held(struct render *x, struct strbuf *sb, struct bound *r, const struct subject_keys *k,
			  const char *alias)
{
	const struct subject_type *t = k->type;

	for (size_t i = 0; i < k->keys.n; i++) {
		if (sqltable_same(t->root, r->rule->table) && cat_column(r->table, t->key))
			add_text_equal(x, sb, alias, t->key, k->keys.v[i]);
		for (size_t j = 0; j < t->nidentifiers; j++) {
			const struct identifier *id = &t->identifiers[j];

			if (id->table && sqltable_same(id->table, r->rule->table) && cat_column(r->table, id->subject))
				add_text_equal(x, sb, alias, id->subject, k->keys.v[i]);
		}
	}
}

/* Of a type that `subjects` does not have: columns alone lead to such people. */
static bool column_held(struct render *x, struct strbuf *sb, struct bound *r, const struct hold_entry *h,
			const char *alias)
{
	AUTO_STRBUF all = STRBUF_INIT;

	for (size_t i = 0; i < r->rule->nsubjects; i++) {
		const struct subject_path *p = &r->rule->subjects[i];

		if (!streq(p->type, h->subject_type) || p->kind != SUBJECT_COLUMN || !cat_column(r->table, p->column))
			continue;
		add_text_equal(x, &all, alias, p->column, h->subject_key);
		if (p->when)
			strbuf_addf(&all, " AND (\n%s\n)", p->when);
	}
	strbuf_adds(sb, strbuf_str(&all));
	return all.len > 0;
}

/* A way to people that can't be gone might lead to this one: every row is kept. */
static bool people_held(struct render *x, struct strbuf *sb, struct bound *r, const struct hold_entry *h,
			const char *alias)
{
	AUTO_STRBUF one = STRBUF_INIT, identity = STRBUF_INIT;

	if (r->subject_fault.cls != DIAG_OK) {
		strbuf_adds(sb, "true");
		return true;
	}
	render_of_subject(x, &one, r, alias, h->people, true);
	for (size_t i = 0; i < h->people->n; i++)
		if (!r->paths.n)
			identity_held(x, &identity, r, &h->people->types[i], alias);
	strbuf_addf(sb, "%s%s%s", strbuf_str(&one), one.len && identity.len ? " OR " : "", strbuf_str(&identity));
	return one.len || identity.len;
}

/* A rule that was renamed since: the hold stays on the table that the rule was about. */
static bool names_rule(const struct render *x, const struct bound *r, const struct hold_entry *h)
{
	if (!h->target || streq(h->target, r->rule->name))
		return h->target != NULL;
	return h->relation && r->table && streq(h->relation, r->table->sql) && !bind_rule(x->b, h->target);
}

bool render_hold_matches(struct render *x, struct strbuf *sb, struct bound *r, const struct hold_entry *h,
			 const char *alias)
{
	if (streq(h->scope, "subject") && h->target)		/* only what is theirs under that rule */
		return names_rule(x, r, h) && h->people && render_of_subject(x, sb, r, alias, h->people, false);
	if (h->people)
		return people_held(x, sb, r, h, alias);
	if (streq(h->scope, "subject"))
		return column_held(x, sb, r, h, alias);
	if (streq(h->scope, "rows")) {
		if (!names_rule(x, r, h))
			return false;
		strbuf_addf(sb, "(\n%s\n)", h->condition);
		return true;
	}
	if (streq(h->scope, "all") || (streq(h->scope, "table") && names_rule(x, r, h)) ||
	    (streq(h->scope, "class") && !x->classless && streq_null(h->target, class_of(r) ? class_of(r)->name : NULL))) {
		strbuf_adds(sb, "true");
		return true;
	}
	return false;
}

static bool direct(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	size_t before = sb->len;

	for (size_t i = 0; i < x->b->holds.n; i++) {
		AUTO_STRBUF one = STRBUF_INIT;

		if (render_hold_matches(x, &one, r, &x->b->holds.v[i], alias))
			add_or(sb, before, &one);
	}
	return sb->len > before;
}

/* ---- rows above ---- */

/* A way up by foreign keys: from the row's table to a rule's. */
struct way {
	const struct cat_fkey *fkey;
	const struct way *up;
};

static bool has_columns(const struct cat_table *t, const struct cat_fkey *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!cat_column(t, f->child_columns[i]))
			return false;
	return true;
}

/* Does the key lead from rows of t? It may belong to one of its partitions, or to what t is part of. */
static bool leads_from(const struct cat_table *t, const struct cat_fkey *f)
{
	return (table_within(f->child, t) || table_within(t, f->child)) && has_columns(t, f);
}

static void add_oids(struct strbuf *sb, const struct cat_table *t)
{
	strbuf_addf(sb, "%u", t->oid);
	for (size_t i = 0; i < t->children.n; i++) {
		strbuf_adds(sb, ", ");
		add_oids(sb, t->children.v[i]);
	}
}

/* Of rows of `whole`, those that stand in `part`. */
static void part_of(struct render *x, struct strbuf *sb, const struct cat_table *part, const struct cat_table *whole,
		    const char *alias)
{
	if (part == whole || !table_within(part, whole) || x->stored)
		return;
	strbuf_addf(sb, "%s.tableoid IN (", alias);
	add_oids(sb, part);
	strbuf_adds(sb, ") AND ");
}

static bool way_held(struct render *x, struct strbuf *sb, const struct cat_table *t, const char *alias,
		     const struct way *w, struct bound *upper)
{
	const char *p = render_alias(x);
	AUTO_STRBUF above = STRBUF_INIT;
	bool stored = x->stored, any;

	x->stored = false;
	any = w->up ? way_held(x, &above, w->fkey->parent, p, w->up, upper) : render_held(x, &above, upper, p);
	x->stored = stored;
	if (!any)
		return false;
	part_of(x, sb, w->fkey->child, t, alias);
	strbuf_adds(sb, "EXISTS (SELECT 1 FROM ");
	if (w->up)
		strbuf_addf(sb, "%s AS %s", w->fkey->parent->sql, p);
	else
		render_from(sb, upper, p);
	strbuf_adds(sb, " WHERE ");
	render_join(sb, w->fkey, alias, p);
	strbuf_addf(sb, " AND (%s))", strbuf_str(&above));
	return true;
}

struct upward {
	struct render *x;
	struct strbuf *sb;
	size_t before;
	const struct cat_table *t;
	const char *alias;
	const struct edge *skip;
};

static void add_way(struct upward *u, const struct way *w, struct bound *upper)
{
	AUTO_STRBUF one = STRBUF_INIT, all = STRBUF_INIT;

	if (!way_held(u->x, &one, u->t, u->alias, w, upper))
		return;
	strbuf_addf(&all, "(%s)", strbuf_str(&one));
	add_or(u->sb, u->before, &all);
}

/* Every mention by which rows of u->t would go with rows of `upper`. `up`: the way so far, from its end. */
static void cascades_of(struct upward *u, struct bound *upper, const edge_vec *edges, const struct way *up)
{
	for (size_t i = 0; i < edges->n; i++) {
		const struct edge *e = &edges->v[i];
		struct way *w;

		if (e->kind != EDGE_CASCADE)
			continue;
		w = arena_alloc(u->x->a, sizeof(*w));
		*w = (struct way){ e->fkey, up };
		if (e != u->skip && leads_from(u->t, e->fkey))
			add_way(u, w, upper);
		cascades_of(u, upper, &e->sub, w);
	}
}

static void cascades_into(struct upward *u)
{
	for (size_t i = 0; i < u->x->b->nrules; i++) {
		struct bound *upper = &u->x->b->rules[i];

		if (upper->table && !upper->base && !walking(u->x, upper))
			cascades_of(u, upper, &upper->edges, NULL);
	}
}

/* Attachments: rows whose person is found through rows of another rule. */
static void attached_to(struct upward *u, const struct bound *r)
{
	for (size_t i = 0; i < r->paths.n; i++) {
		const struct bound_path *p = &r->paths.v[i];
		struct way *w;

		if (!p->upper || p->upper == r->parent || !p->upper->table || walking(u->x, p->upper))
			continue;
		w = arena_alloc(u->x->a, sizeof(*w));
		*w = (struct way){ p->fkey, NULL };
		add_way(u, w, p->upper);
	}
}

/* ---- the same row under another rule ---- */

static bool overlaps(const struct bound *a, const struct bound *b)
{
	if (b->rule->only && b->table->kind == 'r' && a->table != b->table)
		return false;
	return table_within(a->table, b->table) || table_within(b->table, a->table);
}

/* A class binds columns: where the rule in hand overwrites some and leaves the row, another rule's class
 * says nothing of them. */
static void other_rule(struct upward *u, struct bound *o, bool row_goes)
{
	struct render *x = u->x;
	bool classless = x->classless, any;
	AUTO_STRBUF one = STRBUF_INIT, held = STRBUF_INIT;

	x->classless = classless || !row_goes;
	any = render_held(x, &held, o, u->alias);
	x->classless = classless;
	if (!any)
		return;
	strbuf_addc(&one, '(');
	part_of(x, &one, o->table, u->t, u->alias);
	if (o->rule->where) {
		render_where(&one, o);
		strbuf_adds(&one, " AND ");
	}
	strbuf_addf(&one, "(%s))", strbuf_str(&held));
	add_or(u->sb, u->before, &one);
}

static void other_rules(struct upward *u, struct bound *r)
{
	for (size_t i = 0; i < u->x->b->nrules; i++) {
		struct bound *o = &u->x->b->rules[i];

		if (o != r && o->table && !o->base && overlaps(r, o) && !walking(u->x, o))
			other_rule(u, o, r->removes);
	}
}

/* ---- all of it ---- */

bool render_own_held(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	struct held_walk here = { r, x->walk };
	AUTO_STRBUF all = STRBUF_INIT;
	struct upward u;

	if (!x->live || !x->b->holds.n || !r->table)
		return false;
	/* a rule that no file holds is held as the one that it stands for */
	if (r->base)
		here.r = r = r->base;
	u = (struct upward){ .x = x, .sb = &all, .t = r->table, .alias = alias };
	direct(x, &all, r, alias);
	if (!streq(strbuf_str(&all), "true")) {
		x->walk = &here;
		cascades_into(&u);
		attached_to(&u, r);
		other_rules(&u, r);
		x->walk = here.up;
	}
	if (all.len)
		strbuf_addf(sb, "(%s)", strbuf_str(&all));
	return all.len > 0;
}

bool render_held(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	struct held_walk here = { r, x->walk };
	bool any;

	if (walking(x, r))
		return false;
	x->walk = &here;
	any = render_inherited(x, sb, r->base && !r->parent ? r->base : r, alias, render_own_held, render_held);
	x->walk = here.up;
	return any;
}

bool render_child_held(struct render *x, struct strbuf *sb, const struct edge *edge, const char *alias)
{
	AUTO_STRBUF all = STRBUF_INIT;
	struct upward u = { .x = x, .sb = &all, .t = edge->fkey->child, .alias = alias, .skip = edge };

	if (!x->live || !x->b->holds.n)
		return false;
	for (size_t i = 0; i < edge->rules.n; i++)
		if (edge->rules.v[i]->table && !edge->rules.v[i]->base)
			other_rule(&u, edge->rules.v[i], true);
	if (!all.len)
		cascades_into(&u);
	if (all.len)
		strbuf_addf(sb, "(%s)", strbuf_str(&all));
	return all.len > 0;
}
