/* Rows of one table that refer to each other, by one key or several, or through rows that cascade. Such a row
 * stays when a way of any of those keys leads to it from one that stays, however long. */
#include "plan/render.h"

/* A key by which rows of the rule refer to rows of it; `way`: what cascades from the rule to the key's table. */
struct link {
	const struct edge *e;
	const struct edge_way *way;
};

struct edge_way {
	const struct edge *e;
	const struct edge_way *up;
};

struct closure {
	struct render *x;
	struct bound *r;
	const char *k;				/* the closure's name */
	VEC(struct link) links;
	VEC(const struct cat_table *) sources;	/* where the keys stand */
};

bool render_refers_to_itself(const struct bound *r, const struct edge *e)
{
	return e->kind == EDGE_RULE && r->removes &&
	       (table_within(e->fkey->child, r->table) || table_within(r->table, e->fkey->child));
}

static void add_source(struct closure *c, const struct cat_table *t)
{
	for (size_t i = 0; i < c->sources.n; i++)
		if (c->sources.v[i] == t)
			return;
	vec_push(c->x->a, &c->sources, t);
}

static void add_links(struct closure *c, const edge_vec *edges, const struct edge_way *up)
{
	for (size_t i = 0; i < edges->n; i++) {
		const struct edge *e = &edges->v[i];
		struct edge_way *way;

		if (render_refers_to_itself(c->r, e)) {
			vec_push(c->x->a, &c->links, ((struct link){ e, up }));
			add_source(c, e->fkey->child);
		} else if (e->kind == EDGE_CASCADE) {
			way = arena_alloc(c->x->a, sizeof(*way));
			*way = (struct edge_way){ e, up };
			add_links(c, &e->sub, way);
		}
	}
}

/* Names of the closure's columns that hold the key of link i. */
static void held_columns(struct strbuf *sb, const struct closure *c, const char *alias, size_t i)
{
	for (size_t k = 0; k < c->links.v[i].e->fkey->n; k++)
		strbuf_addf(sb, "%s%s%sk%zu_%zu", k ? ", " : "", alias, *alias ? "." : "", i, k);
}

static void all_columns(struct strbuf *sb, const struct closure *c)
{
	for (size_t i = 0; i < c->links.n; i++) {
		strbuf_adds(sb, i ? ", " : "");
		held_columns(sb, c, "", i);
	}
}

/* The keys of a row of `source`; those that stand elsewhere are none of it. */
static void row_columns(struct strbuf *sb, const struct closure *c, const struct cat_table *source, const char *alias)
{
	for (size_t i = 0; i < c->links.n; i++) {
		const struct cat_fkey *f = c->links.v[i].e->fkey;

		for (size_t k = 0; k < f->n; k++) {
			strbuf_adds(sb, i || k ? ", " : "");
			if (f->child == source)
				render_column(sb, alias, f->child_columns[k]);
			else
				strbuf_addf(sb, "NULL::%s", cat_column(f->child, f->child_columns[k])->type);
		}
	}
}

/* A row that refers to nothing keeps nothing. */
static void refers(struct strbuf *sb, const struct closure *c, const struct cat_table *source, const char *alias)
{
	const char *word = "(";

	for (size_t i = 0; i < c->links.n; i++) {
		const struct cat_fkey *f = c->links.v[i].e->fkey;

		for (size_t k = 0; f->child == source && k < f->n; k++) {
			strbuf_adds(sb, k ? " AND " : word);
			render_column(sb, alias, f->child_columns[k]);
			strbuf_adds(sb, " IS NOT NULL");
			word = " OR ";
		}
	}
	strbuf_addc(sb, ')');
}

static void parent_is_held(struct strbuf *sb, const struct closure *c, size_t i, const char *alias)
{
	const struct cat_fkey *f = c->links.v[i].e->fkey;

	for (size_t k = 0; k < f->n; k++) {
		strbuf_adds(sb, k ? " AND " : "");
		render_column(sb, alias, f->parent_columns[k]);
		strbuf_addf(sb, " = %s.k%zu_%zu", c->k, i, k);
	}
}

/* From a row that cascades, up to the row `u` of the rule. */
static void leads_up(struct strbuf *sb, const struct closure *c, const struct edge_way *way, const char *below, const char *u)
{
	const struct cat_fkey *f = way->e->fkey;
	const char *above;

	if (!way->up) {
		render_join(sb, f, below, u);
		return;
	}
	above = render_alias(c->x);
	strbuf_addf(sb, "EXISTS (SELECT 1 FROM %s AS %s WHERE ", f->parent->sql, above);
	render_join(sb, f, below, above);
	strbuf_adds(sb, " AND ");
	leads_up(sb, c, way->up, above, u);
	strbuf_addc(sb, ')');
}

/* One of the keys found so far is that of the row `u`, or of one that cascades from it. */
static void is_kept(struct strbuf *sb, const struct closure *c, size_t i, const char *u)
{
	const struct edge_way *way = c->links.v[i].way;
	const char *below;

	if (!way) {
		parent_is_held(sb, c, i, u);
		return;
	}
	below = render_alias(c->x);
	strbuf_addf(sb, "EXISTS (SELECT 1 FROM %s AS %s WHERE ", way->e->fkey->child->sql, below);
	parent_is_held(sb, c, i, below);
	render_key_rows(sb, c->links.v[i].e->fkey->parent, below);
	strbuf_adds(sb, " AND ");
	leads_up(sb, c, way, below, u);
	strbuf_addc(sb, ')');
}

/* The relation in which to look for rows that link i refers to and whose keys stand in `source`: the narrower of
 * the two; NULL: no row is in both. */
static const struct cat_table *scan_of(const struct closure *c, size_t i, const struct cat_table *source)
{
	const struct edge_way *way = c->links.v[i].way;
	const struct cat_table *parent;

	while (way && way->up)
		way = way->up;
	parent = way ? way->e->fkey->parent : c->links.v[i].e->fkey->parent;
	if (table_within(parent, source))
		return parent;
	return table_within(source, parent) ? source : NULL;
}

/* SELECT of the keys of rows in `source` that link i keeps. */
static bool add_step(struct strbuf *sb, const struct closure *c, size_t i, const struct cat_table *source, bool lateral)
{
	const struct cat_table *scan = scan_of(c, i, source);
	const char *u = render_alias(c->x);

	if (!scan)
		return false;
	strbuf_adds(sb, "SELECT ");
	row_columns(sb, c, source, u);
	strbuf_addf(sb, " FROM %s AS %s", scan->sql, u);
	strbuf_addf(sb, lateral ? " WHERE " : " JOIN %s ON ", c->k);
	is_kept(sb, c, i, u);
	if (!c->links.v[i].way)
		render_key_rows(sb, c->links.v[i].e->fkey->parent, u);
	strbuf_adds(sb, lateral ? " AND " : " WHERE ");
	refers(sb, c, source, u);
	return true;
}

static void add_steps(struct strbuf *sb, const struct closure *c)
{
	AUTO_STRBUF all = STRBUF_INIT;
	const char *x;

	if (c->links.n == 1 && add_step(sb, c, 0, c->sources.v[0], false))
		return;
	for (size_t s = 0; s < c->sources.n; s++) {
		for (size_t i = 0; i < c->links.n; i++) {
			AUTO_STRBUF one = STRBUF_INIT;

			if (add_step(&one, c, i, c->sources.v[s], true))
				strbuf_addf(&all, "%s%s", all.len ? " UNION ALL " : "", strbuf_str(&one));
		}
	}
	x = render_alias(c->x);
	if (all.len)
		strbuf_addf(sb, "SELECT %s.* FROM %s CROSS JOIN LATERAL (%s) AS %s", x, c->k, strbuf_str(&all), x);
	else
		strbuf_addf(sb, "SELECT * FROM %s", c->k);
}

/* Rows that stay for reasons of their own: not due, held, spared, kept by other keys, or not the rule's. */
static void add_start(struct strbuf *sb, const struct closure *c, const struct cat_table *source, enum render_when w)
{
	const char *t = render_alias(c->x);

	strbuf_adds(sb, "SELECT ");
	row_columns(sb, c, source, t);
	strbuf_addf(sb, " FROM %s AS %s WHERE ", source->sql, t);
	refers(sb, c, source, t);
	strbuf_adds(sb, " AND (");
	render_gone_alone(c->x, sb, c->r, t, w);
	if (source != c->r->table && !table_within(source, c->r->table))
		render_key_rows(sb, c->r->table, t);
	strbuf_adds(sb, ") IS NOT TRUE");
}

/* Blocked is what the key of `e` refers to in rows that stay. */
void render_self(struct render *x, struct strbuf *sb, struct bound *r, const struct edge *e, const char *alias,
		 enum render_when w)
{
	struct closure c = { .x = x, .r = r };
	size_t own = 0;

	add_links(&c, &r->edges, NULL);
	c.k = render_alias(x);
	while (c.links.v[own].e != e)
		own++;
	strbuf_adds(sb, "((");
	for (size_t k = 0; k < e->fkey->n; k++) {
		strbuf_adds(sb, k ? ", " : "");
		render_column(sb, alias, e->fkey->parent_columns[k]);
	}
	strbuf_addf(sb, ") IN (WITH RECURSIVE %s(", c.k);
	all_columns(sb, &c);
	strbuf_adds(sb, ") AS (");
	for (size_t s = 0; s < c.sources.n; s++) {
		strbuf_adds(sb, s ? " UNION ALL " : "(");
		add_start(sb, &c, c.sources.v[s], w);
	}
	strbuf_adds(sb, ") UNION ");
	add_steps(sb, &c);
	strbuf_adds(sb, ") SELECT ");
	held_columns(sb, &c, c.k, own);
	strbuf_addf(sb, " FROM %s", c.k);
	for (size_t k = 0; c.links.n > 1 && k < e->fkey->n; k++)
		strbuf_addf(sb, "%s %s.k%zu_%zu IS NOT NULL", k ? " AND" : " WHERE", c.k, own, k);
	strbuf_addc(sb, ')');
	render_key_rows(sb, e->fkey->parent, alias);
	strbuf_addc(sb, ')');
}
