/* The terms of one row: which column started each, and when it ends. Decides nothing: what the row's
 * state is, the run's own predicate has said. */
#include "base/instant.h"
#include "plan/cutoff.h"
#include "plan/explain_parts.h"

/* A term's start and end. */
struct span {
	const char *column;		/* NULL: every column of the clock is NULL */
	bool known;
	int64_t start, end;
};

const char *explain_zone(const struct bound *root)
{
	return root->rule->cls->zone ? root->rule->cls->zone :
	       root->rule->stored_zone ? root->rule->stored_zone : "UTC";
}

static const struct clock *clock_source(const struct rule *rule, const struct pred *p, size_t clock)
{
	if (clock == 0)
		return &rule->start;
	for (size_t i = 0; i < rule->nevents; i++)
		if (streq(rule->events[i].name, p->clocks[clock].event))
			return &rule->events[i].clock;
	return NULL;			/* the column of the event's own name */
}

static enum clock_unit unit_of(const struct bound *root, size_t clock, size_t column)
{
	const struct clock *k = clock_source(root->rule, &root->pred, clock);

	return k ? k->columns[column].unit : UNIT_NONE;
}

static const char *start_text(const struct explainer *e, size_t clock, size_t column)
{
	size_t at = column;

	for (size_t i = 0; i < clock; i++)
		at += e->r->root->pred.clocks[i].n;
	return e->rooted ? e->starts.v[at] : NULL;
}

/* One column of a clock; period NULL: it says until when. A value without an end is no failure. */
static bool span_ask(struct explainer *e, size_t clock, size_t column, const struct period *period, struct span *ret,
		     struct diag *d)
{
	const struct bound *root = e->r->root;
	const char *zone = explain_zone(root);
	struct cutoff_start s = { start_text(e, clock, column), root->pred.clocks[clock].columns[column].type,
				  unit_of(root, clock, column) };
	struct diag why = DIAG_INIT;

	if (period)
		ret->known = cutoff_end(e->b.conn, &s, period, zone, root->rule->stored_zone, &ret->start, &ret->end, &why);
	else
		ret->known = cutoff_until(e->b.conn, &s, zone, root->rule->stored_zone, &ret->end, &why);
	if (!period)
		ret->start = ret->end;
	ret->column = root->pred.clocks[clock].columns[column].name;
	if (why.cls == DIAG_LOST)
		*d = why;
	return why.cls != DIAG_LOST;
}

/* The first non-NULL column, or the one that ends last. */
static bool span_of(struct explainer *e, size_t clock, const struct period *period, struct span *ret, struct diag *d)
{
	const struct pred_clock *k = &e->r->root->pred.clocks[clock];

	*ret = (struct span){ .column = NULL };
	for (size_t i = 0; i < k->n; i++) {
		struct span one = { .column = NULL };

		if (!start_text(e, clock, i))
			continue;
		if (!span_ask(e, clock, i, period, &one, d))
			return false;
		if (!ret->column || (one.known && (!ret->known || one.end > ret->end)))
			*ret = one;
		if (k->mode == CLOCK_FIRST)
			break;
	}
	return true;
}

/* A cap ends a standard, through a start that is there. */
static bool span_cap(struct explainer *e, const struct pred_term *t, struct span *s, bool *capped, struct diag *d)
{
	struct span cap;

	*capped = false;
	if (!t->cap || !s->known)
		return true;
	if (!span_of(e, 0, &e->r->root->rule->cls->cap, &cap, d))
		return false;
	*capped = cap.known && cap.end < s->end;
	if (*capped)
		s->end = cap.end;
	return true;
}

static const char *instant_text(struct explainer *e, int64_t usecs)
{
	char text[INSTANT_TEXT];

	return arena_strdup(e->a, instant_format(usecs, text));
}

static const char *remark(struct explainer *e, const struct pred_term *t, const struct span *s, bool capped)
{
	if (capped)
		return arena_printf(e->a, "ends at the class's cap of %s", e->r->root->rule->cls->cap_text);
	if (s->known)
		return s->start > e->b.plan->as_of_usecs && t->kind == PRED_PERIOD ? "starts in the future" : NULL;
	if (s->column)
		return "its date makes no sense";
	if (t->kind == PRED_UNTIL)
		return "not set: no such reason";
	return t->term->ignore_null ? "no such event: no such reason" : "has not happened yet";
}

static const char *term_label(const struct term *t)
{
	if (t->basis || t->name)
		return t->basis ? t->basis : t->name;
	return t->until ? t->until : t->keep_text;
}

static void term_show(struct explainer *e, const struct pred_term *t, const struct span *s, bool capped)
{
	struct term_view *v = vec_add(e->a, &e->terms);

	v->term = t->term->kind == TERM_FLOOR ? "floor" : "standard";
	v->name = t->term->name;
	v->basis = t->term->basis;
	v->purpose = t->term->purpose;
	v->start_column = s->column;
	v->start = s->known ? instant_text(e, s->start) : NULL;
	v->keep = t->kind == PRED_PERIOD ? t->term->keep_text : NULL;
	v->end = s->known ? instant_text(e, s->end) : NULL;
	v->remark = remark(e, t, s, capped);
}

/* The latest end wins; of equal ones the first, and floors stand first. */
static void winner_mark(struct explainer *e, const struct pred *p, size_t winner)
{
	const struct term *t = p->terms[winner].term;

	e->terms.v[winner].wins = true;
	e->view->winner = arena_printf(e->a, "%s:%s", e->terms.v[winner].term, term_label(t));
}

bool explain_terms(struct explainer *e, bool *any, int64_t *due, struct diag *d)
{
	const struct pred *p = &e->r->root->pred;
	size_t winner = 0;

	*any = false;
	for (size_t i = 0; i < p->nterms; i++) {
		const struct pred_term *t = &p->terms[i];
		struct span s;
		bool capped;

		if (!span_of(e, t->clock, t->kind == PRED_PERIOD ? &t->term->keep : NULL, &s, d) ||
		    !span_cap(e, t, &s, &capped, d))
			return false;
		term_show(e, t, &s, capped);
		if (!s.known || (*any && s.end <= *due))
			continue;
		*any = true;
		*due = s.end;
		winner = i;
	}
	if (*any)
		winner_mark(e, p, winner);
	return true;
}
