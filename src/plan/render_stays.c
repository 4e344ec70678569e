/* Which rows can't go because a row that refers to them stays (domain.md 3, blocked by children). */
#include "plan/render.h"

#include "pg/tmpl.h"
#include "plan/request.h"

static bool edge_stays(struct render *x, struct strbuf *sb, struct bound *r, const struct edge *e,
		       const char *alias, enum render_when w);

static bool edges_stay(struct render *x, struct strbuf *sb, struct bound *r, const edge_vec *edges,
		       const char *alias, enum render_when w)
{
	size_t before = sb->len;

	for (size_t i = 0; i < edges->n; i++) {
		AUTO_STRBUF one = STRBUF_INIT;

		if (edge_stays(x, &one, r, &edges->v[i], alias, w))
			strbuf_addf(sb, "%s%s", sb->len > before ? " OR " : "", strbuf_str(&one));
	}
	return sb->len > before;
}

static void exists_child(struct strbuf *sb, const struct edge *e, const char *child, const char *alias)
{
	strbuf_addf(sb, "(EXISTS (SELECT 1 FROM %s AS %s WHERE ", e->fkey->child->sql, child);
	render_join(sb, e->fkey, child, alias);
}

/* The rules on the child that will take it; false: none will. */
static bool child_gone(struct render *x, struct strbuf *sb, const struct edge *e, const char *child)
{
	size_t before = sb->len;

	for (size_t i = 0; i < e->rules.n; i++) {
		struct bound *o = e->rules.v[i];

		if (o->failed || !o->selected || !bound_releases(o, e->fkey))
			continue;
		strbuf_adds(sb, sb->len > before ? " OR (" : "(");
		render_gone(x, sb, o, child);
		strbuf_addc(sb, ')');
	}
	return sb->len > before;
}

/* A row that refers to itself may go; everything else that refers to it must have gone. */
static void self_now(struct strbuf *sb, const struct edge *e, const char *child, const char *alias)
{
	exists_child(sb, e, child, alias);
	strbuf_addf(sb, " AND (%s.ctid, %s.tableoid) IS DISTINCT FROM (%s.ctid, %s.tableoid)))", child, child,
		    alias, alias);
}

void render_gone_alone(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum render_when w)
{
	const struct bound *before = x->alone;
	AUTO_STRBUF others = STRBUF_INIT;

	render_due(x, sb, r, alias);
	render_and_not(x, sb, r, alias, render_held);
	render_and_not(x, sb, r, alias, render_waits);
	render_and_not(x, sb, r, alias, render_spared);
	x->alone = r;
	if (edges_stay(x, &others, r, &r->edges, alias, w))
		strbuf_addf(sb, " AND (%s) IS NOT TRUE", strbuf_str(&others));
	x->alone = before;
}

static bool rule_stays(struct render *x, struct strbuf *sb, struct bound *r, const struct edge *e,
		       const char *alias, enum render_when w)
{
	AUTO_STRBUF gone = STRBUF_INIT;
	const char *c = render_alias(x);

	if (render_refers_to_itself(r, e)) {
		if (x->alone == r)
			return false;
		if (w == RENDER_NOW)
			self_now(sb, e, c, alias);
		else
			render_self(x, sb, r, e, alias, w);
		return true;
	}
	exists_child(sb, e, c, alias);
	if (w == RENDER_PREDICT && child_gone(x, &gone, e, c))
		strbuf_addf(sb, " AND (%s) IS NOT TRUE", strbuf_str(&gone));
	strbuf_adds(sb, "))");
	return true;
}

/* A follower goes with the row unless its own `where`, a hold, or something below keeps it. */
static bool follower_stays(struct render *x, struct strbuf *sb, const struct edge *e, const char *alias,
			   enum render_when w)
{
	AUTO_STRBUF why = STRBUF_INIT;
	const char *c = render_alias(x);
	AUTO_STRBUF held = STRBUF_INIT, waits = STRBUF_INIT, below = STRBUF_INIT;

	if (e->follower->rule->where) {
		render_where(&why, e->follower);
		strbuf_adds(&why, " IS NOT TRUE");
	}
	if (render_own_held(x, &held, e->follower, c))
		strbuf_addf(&why, "%s%s", why.len ? " OR " : "", strbuf_str(&held));
	if (render_own_waits(x, &waits, e->follower, c))
		strbuf_addf(&why, "%s%s", why.len ? " OR " : "", strbuf_str(&waits));
	/* a parent's followers go in one statement, whatever they say of each other */
	if (edges_stay(x, &below, e->follower, &e->follower->edges, c, w == RENDER_NOW ? RENDER_TOGETHER : w))
		strbuf_addf(&why, "%s%s", why.len ? " OR " : "", strbuf_str(&below));
	if (!why.len)
		return false;
	exists_child(sb, e, c, alias);
	strbuf_addf(sb, " AND (%s)))", strbuf_str(&why));
	return true;
}

/* A row that its own rule keeps for the law's or a ground's sake does not go with another one. */
static bool child_kept(struct render *x, struct strbuf *sb, struct bound *o, const char *c)
{
	enum pred_mode mode = x->b->request ? request_mode(x->b) : PRED_FLOOR;
	const struct retention_class *cls = o->root->rule->cls;
	AUTO_STRBUF kept = STRBUF_INIT;
	bool terms = false, any = render_own_waits(x, sb, o, c);

	for (size_t i = 0; cls && i < cls->nterms; i++)
		terms |= cls->terms[i].kind == TERM_FLOOR || (mode == PRED_ACTIVE && cls->terms[i].survives_erasure);
	if (terms) {
		strbuf_adds(sb, any ? " OR (" : "(");
		render_where(sb, o);
		strbuf_adds(sb, " AND (");
		render_past(x, sb, o, c, mode);
		strbuf_adds(sb, ") IS NOT TRUE)");
		any = true;
	}
	if (!render_kept(x, &kept, o, c))
		return any;
	strbuf_addf(sb, "%s%s", any ? " OR " : "", strbuf_str(&kept));
	return true;
}

static bool children_kept(struct render *x, struct strbuf *sb, const struct edge *e, const char *c)
{
	size_t before = sb->len;

	for (size_t i = 0; i < e->rules.n; i++) {
		AUTO_STRBUF one = STRBUF_INIT;

		if (!e->rules.v[i]->failed && !e->rules.v[i]->base && child_kept(x, &one, e->rules.v[i], c))
			strbuf_addf(sb, "%s%s", sb->len > before ? " OR " : "", strbuf_str(&one));
	}
	return sb->len > before;
}

static bool cascade_stays(struct render *x, struct strbuf *sb, struct bound *r, const struct edge *e,
			  const char *alias, enum render_when w)
{
	AUTO_STRBUF why = STRBUF_INIT, below = STRBUF_INIT, own = STRBUF_INIT;
	const char *c = render_alias(x);

	render_child_held(x, &why, e, c);
	if (children_kept(x, &own, e, c))
		strbuf_addf(&why, "%s%s", why.len ? " OR " : "", strbuf_str(&own));
	if (edges_stay(x, &below, r, &e->sub, c, w))
		strbuf_addf(&why, "%s%s", why.len ? " OR " : "", strbuf_str(&below));
	if (!why.len)
		return false;
	exists_child(sb, e, c, alias);
	strbuf_addf(sb, " AND (%s)))", strbuf_str(&why));
	return true;
}

/* Its key is set to NULL: that too is a change of a row under a hold. */
static bool unset_stays(struct render *x, struct strbuf *sb, const struct edge *e, const char *alias)
{
	AUTO_STRBUF held = STRBUF_INIT, kept = STRBUF_INIT;
	const char *c = render_alias(x);

	render_child_held(x, &held, e, c);
	/* in an erasure the link is how the rest is found once its time has come */
	if (x->b->request && children_kept(x, &kept, e, c))
		strbuf_addf(&held, "%s%s", held.len ? " OR " : "", strbuf_str(&kept));
	if (!held.len)
		return false;
	exists_child(sb, e, c, alias);
	strbuf_addf(sb, " AND (%s)))", strbuf_str(&held));
	return true;
}

static bool edge_stays(struct render *x, struct strbuf *sb, struct bound *r, const struct edge *e,
		       const char *alias, enum render_when w)
{
	switch (e->kind) {
	case EDGE_RULE: return rule_stays(x, sb, r, e, alias, w);
	case EDGE_FOLLOW: return follower_stays(x, sb, e, alias, w);
	case EDGE_CASCADE: return cascade_stays(x, sb, r, e, alias, w);
	case EDGE_UNSET: return unset_stays(x, sb, e, alias);
	}
	return false;
}

/* ---- an erasure: the way to rows that stay ---- */

static bool cuts(const struct bound *r)
{
	if (r->links.n)
		return true;
	for (size_t i = 0; i < r->ops.n; i++)
		for (size_t k = 0; k < r->paths.n; k++)
			if (r->paths.v[k].column && streq(r->paths.v[k].column->name, anon_column(r->ops.v[i])->name))
				return true;
	return false;
}

static bool below_kept(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, int depth);

/* Rows of o that lead to their person through rows above, and that something keeps: them, or what they lead to. */
static bool way_kept(struct render *x, struct strbuf *sb, struct bound *o, const struct bound_path *p, const char *alias, int depth)
{
	AUTO_STRBUF why = STRBUF_INIT, held = STRBUF_INIT, open = STRBUF_INIT, below = STRBUF_INIT;
	const char *c = render_alias(x);

	child_kept(x, &why, o, c);
	if (render_own_held(x, &held, o, c))
		strbuf_addf(&why, "%s%s", why.len ? " OR " : "", strbuf_str(&held));
	if (why.len) {
		if (!render_not_done(x, &open, o, c))
			strbuf_adds(&open, "true");
		strbuf_addf(&below, "(%s) AND (%s)", strbuf_str(&open), strbuf_str(&why));
	}
	strbuf_reset(&why);
	if (below_kept(x, &why, o, c, depth + 1))
		strbuf_addf(&below, "%s%s", below.len ? " OR " : "", strbuf_str(&why));
	if (!below.len)
		return false;
	strbuf_addf(sb, "EXISTS (SELECT 1 FROM %s AS %s WHERE ", p->fkey->child->sql, c);
	render_join(sb, p->fkey, c, alias);
	strbuf_adds(sb, " AND ");
	render_where(sb, o);
	strbuf_addf(sb, " AND (%s))", strbuf_str(&below));
	return true;
}

static bool below_kept(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, int depth)
{
	size_t before = sb->len;

	for (size_t i = 0; depth < 20 && i < x->b->nrules; i++) {
		struct bound *o = &x->b->rules[i];

		for (size_t k = 0; !o->base && !o->failed && k < o->paths.n; k++) {
			AUTO_STRBUF one = STRBUF_INIT;

			if (o->paths.v[k].upper == r && way_kept(x, &one, o, &o->paths.v[k], alias, depth))
				strbuf_addf(sb, "%s%s", sb->len > before ? " OR " : "", strbuf_str(&one));
		}
	}
	return sb->len > before;
}

/* A row that would lose its link stays while another is found through it alone that has to stay. */
static bool ways_kept(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return cuts(r) && below_kept(x, sb, r->base ? r->base : r, alias, 0);
}

static bool parent_stays(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum render_when w)
{
	AUTO_STRBUF parent = STRBUF_INIT;
	const char *p = render_alias(x);

	if (!render_stays(x, &parent, r->parent, p, w))
		return false;
	render_exists_parent(sb, r, alias, p);
	strbuf_addf(sb, " AND (%s))", strbuf_str(&parent));
	return true;
}

/* Of an erasure: what follows a row that waits for others waits with it, though the row is only overwritten. */
static bool request_stays(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum render_when w)
{
	AUTO_STRBUF parent = STRBUF_INIT;
	bool any = r->removes ? edges_stay(x, sb, r, &r->edges, alias, w) :
		   r->rule->effect != EFFECT_MINIMISE && ways_kept(x, sb, r, alias);

	if (!r->parent || !parent_stays(x, &parent, r, alias, w))
		return any;
	strbuf_addf(sb, "%s%s", any ? " OR " : "", strbuf_str(&parent));
	return true;
}

bool render_stays(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum render_when w)
{
	AUTO_STRBUF parent = STRBUF_INIT;
	const char *p;

	if (x->b->request && (!r->removes || (r->parent && !r->parent->removes)))
		return request_stays(x, sb, r, alias, w);
	if (!r->parent || !r->parent->removes)
		return edges_stay(x, sb, r, &r->edges, alias, w);
	/* a follower stays when its parent does, and what keeps the follower keeps the parent */
	p = render_alias(x);
	if (!render_stays(x, &parent, r->parent, p, w))
		return false;
	strbuf_adds(sb, "EXISTS (SELECT 1 FROM ");
	render_from(sb, r->parent, p);
	strbuf_adds(sb, " WHERE ");
	render_join(sb, r->via, alias, p);
	strbuf_addf(sb, " AND (%s))", strbuf_str(&parent));
	return true;
}

static bool stays_predict(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return render_stays(x, sb, r, alias, RENDER_PREDICT);
}

void render_gone(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	render_due(x, sb, r, alias);
	render_and_not(x, sb, r, alias, render_held);
	render_and_not(x, sb, r, alias, render_waits);
	render_and_not(x, sb, r, alias, render_spared);
	render_and_not(x, sb, r, alias, stays_predict);
}

bool render_taken_before(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	size_t before = sb->len;

	for (size_t i = 0; i < r->before.n; i++) {
		strbuf_adds(sb, sb->len > before ? " OR (" : "(");
		render_gone(x, sb, r->before.v[i], alias);
		strbuf_addc(sb, ')');
	}
	return sb->len > before;
}
