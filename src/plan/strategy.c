/* How each relation of a step is swept (engine.md): by index when little is due and an index leads
 * there, by page ranges otherwise; a wholly expired partition is dropped. */
#include "plan/build_parts.h"

#include "base/instant.h"
#include "pg/tmpl.h"
#include "plan/tombstone.h"

#include <math.h>

/* Pages that n rows, spread at random over p pages, lie on. */
static double touched_pages(double n, double p)
{
	return p < 1 ? 1 : p * (1 - pow(1 - 1 / p, n));
}

static const struct cat_index *start_index(const struct bound *r, const struct cat_table *leaf, double *correlation)
{
	const struct pred_clock *k = r->pred.nclocks ? &r->pred.clocks[0] : NULL;
	const struct cat_index *ix = k && k->n ? cat_index_on(leaf, k->columns[0].name) : NULL;

	if (ix)
		*correlation = fabs(cat_column(leaf, k->columns[0].name)->correlation);
	return ix;
}

/* A range partition's upper bound on its first key column, as the server prints it; NULL: it has none, or no value. */
static const char *upper_bound(struct arena *a, const struct cat_table *t)
{
	const char *to = t->bound ? strstr(t->bound, " TO (") : NULL;
	bool quoted;

	if (!to)
		return NULL;
	to += strlen(" TO (");
	quoted = *to == '\'';		/* numbers stand bare, MAXVALUE too */
	if (!quoted && !(*to >= '0' && *to <= '9') && *to != '-')
		return NULL;
	to += quoted;
	return arena_printf(a, "%.*s", (int)strcspn(to, quoted ? "'" : ",)"), to);
}

static bool ranged_by(const struct cat_table *t, const char *column)
{
	AUTO_STRBUF name = STRBUF_INIT;

	sql_ident(&name, column);
	return t->range_key && (streq(t->range_key, column) || streq(t->range_key, strbuf_str(&name)));
}

/* The server reads both texts in one type: bounds are instants (case C06). */
static bool at_or_below(struct binder *b, const char *bound, const char *cut, const char *type)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	struct diag ignored = DIAG_INIT;

	strbuf_addf(&sql, "SELECT ($1::text)::%s <= ($2::text)::%s", type, type);
	return conn_query_text(b->conn, strbuf_str(&sql), &res, &ignored, bound, cut) && res_bool(res, 0, 0);
}

/* The leaf, or what it is a part of, is a range of the rule's only start column that ends at or below its cut. */
static bool wholly_past(struct binder *b, const struct bound *r, const struct cat_table *leaf)
{
	const struct pred_term *only = pred_single_term(&r->pred, PRED_PASSIVE);
	const struct pred_clock *k = r->pred.nclocks ? &r->pred.clocks[0] : NULL;
	const char *to, *type;

	if (!only || k->n != 1)
		return false;
	/* a number's cut may lie beyond what the column can hold */
	type = k->columns[0].type == PRED_INT || k->columns[0].type == PRED_INT_YYYYMMDD ? "numeric" :
		cat_column(leaf, k->columns[0].name)->base_type;
	for (const struct cat_table *t = leaf; t->parent; t = t->parent) {
		to = ranged_by(t->parent, k->columns[0].name) ? upper_bound(b->a, t) : NULL;
		if (to && at_or_below(b, to, only->cut[0].text, type))
			return true;
	}
	return false;
}

static bool is_named(const struct binder *b, const struct cat_table *leaf)
{
	for (size_t i = 0; i < b->nrules; i++)
		if (b->rules[i].table == leaf)
			return true;
	return false;
}

/* What a DELETE sets off, and DROP TABLE passes by (case C45). */
static bool wakes_on_delete(const struct cat_table *t)
{
	for (size_t i = 0; i < t->triggers.n; i++)
		if (t->triggers.v[i].on_delete)
			return true;
	return false;
}

static bool droppable(struct binder *b, const struct bound *r, const struct cat_table *leaf, const char **why)
{
	struct render x = { .b = b, .a = b->a, .live = true };

	if (r->rule->action != ACTION_DELETE || r->parent || r->followers.n || !leaf->is_partition)
		return false;
	if (!wholly_past(b, r, leaf))
		return false;
	if (tombstone_of_rule(&x, r))
		*why = "past its end, but some backup may show its rows without their start: row by row";
	else if (r->edges.n || leaf->referenced.n)
		*why = "past its end, but foreign keys refer to the table: row by row";
	else if (leaf->published)
		*why = "past its end, but published: a dropped partition is not replicated, row by row";
	else if (wakes_on_delete(leaf))
		*why = "past its end, but a trigger or rule acts on DELETE: row by row";
	else if (is_named(b, leaf))		/* its rule would find no table the next time */
		*why = "past its end, but a rule names it: row by row";
	else if (!leaf->is_owner)
		*why = "past its end, but the role does not own it: row by row";
	else
		return true;
	return false;
}

static void choose(struct binder *b, const struct bound *r, const struct plan_step *s, const struct cat_table *leaf,
		   double share, struct plan_relation *p)
{
	double due = (double)plan_step_rows(s) * share, pages = (double)leaf->pages, correlation = 0;
	const struct cat_index *ix = start_index(r, leaf, &correlation);
	double touched = touched_pages(due, pages);
	const char *why = NULL;

	p->strategy = STRATEGY_PAGES;
	p->reads = leaf->pages;
	if (b->request) {
		p->strategy = STRATEGY_INDEX;
		p->reason = "the rows of the people who asked";
	} else if (due > 0 && droppable(b, r, leaf, &why)) {
		p->strategy = STRATEGY_PARTITION;
		p->reason = "range ends before the cutoff: dropped when every row inside is due and none is held";
	} else if (why) {
		p->reason = why;
	} else if (r->root->followers.n) {
		p->reason = "followers go with their rows, page range by page range";
	} else if (ix && (touched < pages * 0.6 || correlation > 0.9) && due < 2e6) {
		if (correlation > 0.9)
			touched = fmin(touched, pages * due / fmax(due, (double)leaf->tuples));
		p->strategy = STRATEGY_INDEX;
		p->reads = (int64_t)ceil(touched);
		p->reason = arena_printf(b->a, "about %.0f of %.0f pages hold due rows; index %s leads to them", touched, pages, ix->name);
	} else {
		p->reason = ix ? "due rows lie on most pages" : "no index on the start column";
	}
}

bool strategy_choose(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d)
{
	int64_t all = 0;

	(void)d;
	s->relations = arena_alloc(b->a, (r->leaves.n + 1) * sizeof(*s->relations));
	for (size_t i = 0; i < r->leaves.n; i++)
		all += r->leaves.v[i]->pages;
	for (size_t i = 0; i < r->leaves.n; i++) {
		const struct cat_table *leaf = r->leaves.v[i];
		struct plan_relation *p = &s->relations[s->nrelations++];

		p->oid = leaf->oid;
		p->sql = leaf->sql;
		p->display = leaf->display;
		p->root_sql = leaf->parent ? leaf->parent->sql : leaf->sql;
		p->pages = leaf->pages;
		p->page_bytes = 8192 + (leaf->pages ? leaf->toast_bytes / leaf->pages : 0);
		choose(b, r, s, leaf, all ? (double)leaf->pages / (double)all : 0, p);
	}
	return true;
}
