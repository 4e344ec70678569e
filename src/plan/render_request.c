/* Which rows a request's plan is about, and until when what it leaves is kept. */
#include "plan/request.h"

#include "pg/tmpl.h"

enum pred_mode request_mode(const struct binder *b)
{
	if (!b->request)
		return PRED_PASSIVE;
	return b->request->withdrawal ? PRED_WITHDRAWN : PRED_ACTIVE;
}

static struct bound *base_of(struct bound *r)
{
	return r->base ? r->base : r;
}

struct subject_set *request_set(const struct request *q, const struct bound *r)
{
	size_t i = r->rule->ground;

	/* sets are filled before the plan and only remember how they were written since */
	return (struct subject_set *)(uintptr_t)(i ? &q->kept.v[i - 1].set : &q->all);
}

static bool of_people(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, bool own)
{
	if (render_of_subject(x, sb, r, alias, request_set(x->b->request, r), own))
		return true;
	strbuf_adds(sb, "false");
	return false;
}

/* ---- grounds ---- */

/* A ground on a rule is one on what follows it, as a hold is. */
bool request_covers(const struct request_kept *k, const struct bound *r)
{
	for (; k->rule && r; r = r->parent)
		if (streq(k->rule, r->rule->name))
			return true;
	return !k->rule;
}

typedef bool ground_test(const struct ground *g);

static bool kept(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, ground_test *which)
{
	const struct request *q = x->b->request ? x->b->request : x->b->keeping;
	const char *word = "(";

	for (size_t i = 0; q && x->live && i < q->kept.n; i++) {
		struct request_kept *k = &q->kept.v[i];
		AUTO_STRBUF one = STRBUF_INIT;

		if (!request_covers(k, base_of(r)) || !which(k->ground) ||
		    !render_of_subject(x, &one, base_of(r), alias, &k->set, false))
			continue;
		strbuf_addf(sb, "%s%s", word, strbuf_str(&one));
		word = " OR ";
	}
	if (*word == '(')
		return false;
	strbuf_addc(sb, ')');
	return true;
}

static bool any_ground(const struct ground *g)
{
	(void)g;
	return true;
}

static bool keeps_row(const struct ground *g)
{
	return g->effect != GROUND_DETACH;
}

static bool keeps_identifiers(const struct ground *g)
{
	return g->effect != GROUND_DETACH && g->effect != GROUND_STRIP;
}

bool render_kept(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return kept(x, sb, r, alias, any_ground);
}

bool render_retained(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return kept(x, sb, r, alias, keeps_row);
}

/* Of what a floor keeps under any other ground, what the floor does not need goes. */
static bool render_kept_whole(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	return kept(x, sb, r, alias, keeps_identifiers);
}

/* ---- due ---- */

/* The row's own rules of this plan, as far as they act on what is due. */
static bool acts(const struct bound *r, const struct bound *base)
{
	return (r == base || r->base == base) && !r->failed && r->selected && r->rule->effect != EFFECT_MINIMISE &&
		r->rule->effect != EFFECT_STRIP && !r->rule->ground && !(r->base && r->parent);
}

/* What stays for now, for whatever reason but a hold: it is not among the rows that go. */
static void minimise_due(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	struct bound *base = base_of(r);

	of_people(x, sb, base, alias, false);
	strbuf_adds(sb, " AND ");
	render_where(sb, base);
	render_and_not(x, sb, r, alias, render_kept_whole);
	for (size_t i = 0; i < x->b->nrules; i++) {
		if (!acts(&x->b->rules[i], base))
			continue;
		strbuf_adds(sb, " AND (");
		render_gone(x, sb, &x->b->rules[i], alias);
		strbuf_adds(sb, ") IS NOT TRUE");
	}
}

/* Out of a chain the rule's own ways count; those through its parent are the chain's. */
static bool by_own_ways(const struct bound *r)
{
	return r->base && r->base->parent && !r->rule->ground;
}

static void class_due(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	const char *p;

	if (r->parent) {
		p = render_alias(x);
		render_exists_parent(sb, r, alias, p);
		strbuf_adds(sb, " AND ");
		render_due(x, sb, r->parent, p);
		strbuf_adds(sb, ") AND ");
		render_where(sb, r);
		return;
	}
	if (!r->rule->ground)
		of_people(x, sb, r, alias, by_own_ways(r));
	else if (!render_of_subject(x, sb, base_of(r), alias, request_set(x->b->request, r), false))
		strbuf_adds(sb, "false");
	strbuf_adds(sb, " AND ");
	render_past(x, sb, base_of(r), alias, request_mode(x->b));
	if (!r->rule->ground)
		render_and_not(x, sb, r, alias, render_kept);
}

void render_request_due(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	if (r->nothing)
		strbuf_adds(sb, "false");
	else if (r->rule->effect == EFFECT_MINIMISE)
		minimise_due(x, sb, r, alias);
	else
		class_due(x, sb, r, alias);
}

bool render_linked(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	for (size_t i = 0; i < r->links.n; i++) {
		strbuf_adds(sb, i ? " OR " : "(");
		render_path(x, sb, r, r->links.v[i].path, alias, request_set(x->b->request, r));
	}
	strbuf_adds(sb, r->links.n ? ")" : "");
	return r->links.n > 0;
}

/* ---- until ---- */

static const char *class_zone(const struct bound *r)
{
	return r->rule->cls->zone ? r->rule->cls->zone : r->rule->stored_zone ? r->rule->stored_zone : "UTC";
}

static void param(struct render *x, struct strbuf *sb, const char *value)
{
	render_param(x, sb, value, "text");
}

static const struct clock *clock_of(const struct bound *r, size_t clock)
{
	if (clock == 0)
		return &r->rule->start;
	for (size_t i = 0; i < r->rule->nevents; i++)
		if (streq(r->rule->events[i].name, r->pred.clocks[clock].event))
			return &r->rule->events[i].clock;
	return NULL;			/* the column of the event's own name */
}

/* A number as an instant; of yyyymmdd its day's begin. What is no date is NULL. */
static void add_number(struct render *x, struct strbuf *sb, struct bound *r, const char *c, enum clock_unit unit)
{
	static const char *const parts[] = { [UNIT_S] = "1", [UNIT_MS] = "1000", [UNIT_US] = "1000000" };

	if (unit != UNIT_YYYYMMDD) {
		strbuf_addf(sb, "pg_catalog.to_timestamp((%s)::double precision / %s)", c, parts[unit]);
		return;
	}
	strbuf_addf(sb, "(CASE WHEN %s %% 100 BETWEEN 1 AND 31 AND %s / 100 %% 100 BETWEEN 1 AND 12 THEN "
		    "(pg_catalog.make_date((%s / 10000)::int, (%s / 100 %% 100)::int, 1) + (%s %% 100)::int - 1)::timestamp END"
		    " AT TIME ZONE ", c, c, c, c, c);
	param(x, sb, r->rule->stored_zone ? r->rule->stored_zone : class_zone(r));
	strbuf_addc(sb, ')');
}

/* A start outside of what is plausible starts nothing; an until-column says infinity for no date. */
static void add_guard(struct render *x, struct strbuf *sb, const struct pred_column *k, bool until, const char *c)
{
	if (until && (k->type == PRED_INT || k->type == PRED_INT_YYYYMMDD)) {
		strbuf_adds(sb, "CASE WHEN true");
		return;
	}
	if (until) {
		strbuf_addf(sb, "CASE WHEN isfinite(%s) AND %s < '200000-01-01'", c, c);
		return;
	}
	strbuf_addf(sb, "CASE WHEN %s >= ", c);
	render_bound(x, sb, &k->lo, k->type);
	strbuf_addf(sb, " AND %s < ", c);
	render_bound(x, sb, &k->hi, k->type);
}

/* One column as the instant from which, or (ends) to the end of which day, it counts. */
static void add_column(struct render *x, struct strbuf *sb, struct bound *r, size_t clock, size_t i, bool ends, bool until,
		       const char *alias)
{
	const struct pred_column *k = &r->pred.clocks[clock].columns[i];
	const struct clock *source = clock_of(r, clock);
	AUTO_STRBUF c = STRBUF_INIT;

	render_column(&c, alias, k->name);
	add_guard(x, sb, k, until, strbuf_str(&c));
	strbuf_adds(sb, " THEN ");
	switch (k->type) {
	case PRED_TIMESTAMPTZ:
		strbuf_adds(sb, strbuf_str(&c));
		break;
	case PRED_TIMESTAMP: case PRED_DATE:
		strbuf_addf(sb, "((%s::timestamp%s) AT TIME ZONE ", strbuf_str(&c),
			    ends && k->type == PRED_DATE ? " + interval '1 day'" : "");
		param(x, sb, r->rule->stored_zone ? r->rule->stored_zone : class_zone(r));
		strbuf_addc(sb, ')');
		break;
	case PRED_INT: case PRED_INT_YYYYMMDD:
		add_number(x, sb, r, strbuf_str(&c), source->columns[i].unit);
		break;
	}
	strbuf_adds(sb, " END");
}

static void add_clock(struct render *x, struct strbuf *sb, struct bound *r, size_t clock, bool ends, bool until,
		      const char *alias)
{
	const struct pred_clock *k = &r->pred.clocks[clock];

	strbuf_adds(sb, k->mode == CLOCK_LATEST ? "GREATEST(" : "COALESCE(");
	for (size_t i = 0; i < k->n; i++) {
		strbuf_adds(sb, i ? ", " : "");
		add_column(x, sb, r, clock, i, ends, until, alias);
	}
	strbuf_adds(sb, k->n ? ")" : "NULL::timestamptz)");
}

bool render_start(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	if (r->parent || !r->pred.nclocks || !r->pred.clocks[0].n || r->pred.clocks[0].mode != CLOCK_FIRST)
		return false;
	add_clock(x, sb, r, 0, false, false, alias);
	return true;
}

void render_start_instant(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	add_clock(x, sb, r, 0, false, false, alias);
}

/* As query/end says it. */
static void add_end(struct render *x, struct strbuf *sb, struct bound *r, size_t clock, const struct period *period,
		    const char *alias)
{
	bool exact = period_is_exact(period);
	char text[PERIOD_TEXT];
	AUTO_STRBUF start = STRBUF_INIT;
	const char *length = arena_strdup(x->a, period_interval(period, text));

	add_clock(x, &start, r, clock, exact, false, alias);
	if (exact) {
		strbuf_addf(sb, "(%s + interval '%s')", strbuf_str(&start), length);
		return;
	}
	strbuf_addf(sb, "((pg_catalog.date_trunc('day', (%s AT TIME ZONE ", strbuf_str(&start));
	param(x, sb, class_zone(r));
	strbuf_addf(sb, ") + interval '%s') + interval '1 day') AT TIME ZONE ", length);
	param(x, sb, class_zone(r));
	strbuf_addc(sb, ')');
}

/* NULL waits without a date where the event must come. */
static void add_term(struct render *x, struct strbuf *sb, struct bound *r, const struct pred_term *t, const char *alias)
{
	AUTO_STRBUF own = STRBUF_INIT;

	if (t->kind == PRED_UNTIL)
		add_clock(x, &own, r, t->clock, true, true, alias);
	else
		add_end(x, &own, r, t->clock, &t->term->keep, alias);
	if (!t->cap) {
		strbuf_adds(sb, strbuf_str(&own));
		return;
	}
	strbuf_addf(sb, "LEAST(%s, ", strbuf_str(&own));
	add_end(x, sb, r, 0, &r->rule->cls->cap, alias);
	strbuf_addc(sb, ')');
}

static void until_of_terms(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	enum pred_mode mode = request_mode(x->b);
	AUTO_STRBUF open = STRBUF_INIT;
	const char *word = "";

	for (size_t i = 0; i < r->pred.nclocks; i++) {
		if (pred_clock_use(&r->pred, mode, i) != PRED_NULL_WAITS)
			continue;
		strbuf_adds(&open, open.len ? " OR " : "");
		add_clock(x, &open, r, i, false, false, alias);
		strbuf_adds(&open, " IS NULL");
	}
	strbuf_addf(sb, "CASE WHEN NOT (%s) THEN GREATEST(", open.len ? strbuf_str(&open) : "false");
	for (size_t i = 0; i < r->pred.nterms; i++) {
		if (!pred_term_counts(&r->pred.terms[i], mode))
			continue;
		strbuf_adds(sb, word);
		word = ", ";
		add_term(x, sb, r, &r->pred.terms[i], alias);
	}
	strbuf_addf(sb, "%s) END", *word ? "" : "NULL::timestamptz");
}

void render_until(struct render *x, struct strbuf *sb, struct bound *r, const char *alias)
{
	const char *p;

	if (!r->parent) {
		until_of_terms(x, sb, r, alias);
		return;
	}
	p = render_alias(x);
	strbuf_adds(sb, "(SELECT ");
	render_until(x, sb, r->parent, p);
	strbuf_adds(sb, " FROM ");
	render_from(sb, r->parent, p);
	strbuf_adds(sb, " WHERE ");
	render_join(sb, r->via, alias, p);
	strbuf_adds(sb, " LIMIT 1)");
}
