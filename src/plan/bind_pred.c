/* A rule's clocks and terms, bound to columns and to the constants of this run. */
#include "base/instant.h"
#include "plan/bind.h"
#include "plan/cutoff.h"

/* What one rule needs while its predicate is bound. */
struct pred_binder {
	struct binder *b;
	struct bound *r;
	const char *zone, *stored_zone;
	VEC(struct pred_clock) clocks;
	VEC(struct pred_term) terms;
	VEC(const struct clock *) sources;	/* the configuration of each clock, for units */
	struct diag *d;
	bool lost;				/* the connection failed: not the rule's fault */
};

static bool integer_base(const char *base)
{
	return streq(base, "int2") || streq(base, "int4") || streq(base, "int8");
}

static bool column_where(struct bound *r, const struct clock_column *cc)
{
	diag_where(&r->diag, "%s:%d: rule \"%s\", column %s of %s", cc->loc.file, cc->loc.line, r->rule->name,
		   cc->column, r->table->display);
	return false;
}

static bool column_type(struct bound *r, const struct clock_column *cc, const struct cat_column *c,
			enum pred_type *ret)
{
	if (integer_base(c->base)) {
		*ret = cc->unit == UNIT_YYYYMMDD ? PRED_INT_YYYYMMDD : PRED_INT;
		if (cc->unit != UNIT_NONE)
			return true;
		bound_fail(r, DIAG_CATALOG, "column %s is %s and has no unit", cc->column, c->type);
		column_where(r, cc);
		diag_hint(&r->diag, "write { column = \"%s\"; unit = \"s\"; }: s, ms, us or yyyymmdd", cc->column);
		return false;
	}
	if (streq(c->base, "timestamptz"))
		*ret = PRED_TIMESTAMPTZ;
	else if (streq(c->base, "timestamp"))
		*ret = PRED_TIMESTAMP;
	else if (streq(c->base, "date"))
		*ret = PRED_DATE;
	else {
		bound_fail(r, DIAG_CATALOG, "column %s is %s: no clock", cc->column, c->type);
		column_where(r, cc);
		diag_hint(&r->diag, "allowed: date, timestamp, timestamp with time zone, or an integer with a unit");
		return false;
	}
	if (cc->unit == UNIT_NONE)
		return true;
	bound_fail(r, DIAG_CATALOG, "column %s is %s: a unit is for integers", cc->column, c->type);
	column_where(r, cc);
	diag_hint(&r->diag, "leave the unit out: the column's own type says what it counts");
	return false;
}

static bool ask(struct pred_binder *pb, const struct cutoff_request *req, struct cutoff *ret)
{
	struct diag d = DIAG_INIT;

	if (cutoff_compute(pb->b->conn, pb->b->plan->as_of, pb->b->a, req, ret, &d))
		return true;
	if (d.cls == DIAG_LOST) {
		*pb->d = d;
		pb->lost = true;
		return false;
	}
	bound_fail(pb->r, DIAG_CATALOG, "%s", d.message);
	diag_hint(&pb->r->diag, "%s", d.hint);
	return false;
}

static bool column_bind(struct pred_binder *pb, const struct clock_column *cc, struct pred_column *ret)
{
	struct bound *r = pb->r;
	const struct cat_column *c = cat_column(r->table, cc->column);
	const char *lo = r->rule->plausible_from ? r->rule->plausible_from : r->rule->cls->plausible_from;
	struct cutoff_request req = { .zone = pb->zone, .stored_zone = pb->stored_zone, .date = lo };
	struct cutoff k;
	bool zoneless;

	if (!c) {
		bound_fail(r, DIAG_CATALOG, "column %s does not exist in %s", cc->column, r->table->display);
		column_where(r, cc);
		diag_hint(&r->diag, "was it renamed? columns are the catalogue's own names, unquoted");
		return false;
	}
	*ret = (struct pred_column){ .name = c->name, .unit = cc->unit };
	if (!column_type(r, cc, c, &ret->type))
		return false;
	zoneless = ret->type == PRED_TIMESTAMP || ret->type == PRED_DATE || ret->type == PRED_INT_YYYYMMDD;
	if (zoneless && !r->rule->cls->zone && !r->rule->stored_zone) {
		bound_fail(r, DIAG_CATALOG, "column %s is %s, without a zone, and none is declared", cc->column, c->type);
		column_where(r, cc);
		diag_hint(&r->diag, "declare zone in class \"%s\" or stored_zone in the rule", r->rule->class_name);
		return false;
	}
	req.kind = CUTOFF_PLAUSIBLE_LO;
	if (!ask(pb, &req, &k))
		return false;
	ret->lo = *cutoff_bound(&k, ret->type, cc->unit);
	req.kind = CUTOFF_NOW;
	if (!ask(pb, &req, &k))
		return false;
	ret->now = *cutoff_bound(&k, ret->type, cc->unit);
	req.kind = CUTOFF_HI;
	if (!ask(pb, &req, &k))
		return false;
	ret->hi = *cutoff_bound(&k, ret->type, cc->unit);
	return true;
}

static bool clock_bind(struct pred_binder *pb, const char *event, const struct clock *k, size_t *ret)
{
	struct pred_clock *pc;
	bool ok = true;

	for (size_t i = 0; i < pb->clocks.n; i++) {
		if (streq(pb->clocks.v[i].event, event)) {
			*ret = i;
			return true;
		}
	}
	*ret = pb->clocks.n;
	pc = vec_add(pb->b->a, &pb->clocks);
	vec_push(pb->b->a, &pb->sources, k);
	pc->event = event;
	pc->mode = k->mode;
	pc->columns = arena_alloc(pb->b->a, (k->n + 1) * sizeof(*pc->columns));
	for (; pc->n < k->n && !pb->lost; pc->n++)
		ok &= column_bind(pb, &k->columns[pc->n], &pc->columns[pc->n]);
	return ok;
}

/* The clock of an event that a class names: the rule's mapping, else the column of that name. */
static bool event_bind(struct pred_binder *pb, const struct term *t, const char *event, size_t *ret)
{
	const struct rule *rule = pb->r->rule;
	struct clock *same;

	for (size_t i = 0; i < rule->nevents; i++)
		if (streq(rule->events[i].name, event))
			return clock_bind(pb, event, &rule->events[i].clock, ret);
	if (!cat_column(pb->r->table, event)) {
		bound_fail(pb->r, DIAG_CATALOG, "class \"%s\" needs event \"%s\" (%s:%d), which the rule does not map",
			   rule->class_name, event, t->loc.file, t->loc.line);
		diag_hint(&pb->r->diag, "write events = { %s = \"COLUMN\"; }", event);
		return false;
	}
	same = arena_alloc(pb->b->a, sizeof(*same));
	same->n = 1;
	same->loc = rule->loc;
	same->columns = arena_alloc(pb->b->a, sizeof(*same->columns));
	same->columns[0] = (struct clock_column){ .column = event, .loc = rule->loc };
	return clock_bind(pb, event, same, ret);
}

static bool cuts(struct pred_binder *pb, size_t clock, const struct cutoff_request *req, struct pred_bound **ret)
{
	const struct pred_clock *pc = &pb->clocks.v[clock];
	struct cutoff k;

	if (!ask(pb, req, &k))
		return false;
	*ret = arena_alloc(pb->b->a, (pc->n + 1) * sizeof(**ret));
	for (size_t i = 0; i < pc->n; i++)
		(*ret)[i] = *cutoff_bound(&k, pc->columns[i].type, pb->sources.v[clock]->columns[i].unit);
	return true;
}

static bool term_bind(struct pred_binder *pb, const struct term *t)
{
	const struct retention_class *cls = pb->r->rule->cls;
	struct cutoff_request req = { .zone = pb->zone, .stored_zone = pb->stored_zone };
	struct pred_term *pt = vec_add(pb->b->a, &pb->terms);
	const char *event = t->until ? t->until : t->from;

	pt->term = t;
	pt->kind = t->until ? PRED_UNTIL : PRED_PERIOD;
	if (event && !event_bind(pb, t, event, &pt->clock))
		return false;
	req.kind = t->until ? CUTOFF_UNTIL : CUTOFF_PERIOD;
	req.period = t->until ? NULL : &t->keep;
	if (!cuts(pb, pt->clock, &req, &pt->cut))
		return false;
	if (!cls->has_cap || t->kind == TERM_FLOOR)
		return true;
	req.kind = CUTOFF_PERIOD;
	req.period = &cls->cap;
	return cuts(pb, 0, &req, &pt->cap);
}

/* interface.md 4: the one instant that decides; null where several terms or types do. */
static bool cutoff_display(struct pred_binder *pb)
{
	const struct pred_term *only = pred_single_term(&pb->r->pred, PRED_PASSIVE);
	struct cutoff_request req = { .kind = CUTOFF_PERIOD, .zone = pb->zone, .stored_zone = pb->stored_zone };
	char text[INSTANT_TEXT];
	struct cutoff k;

	if (!only)
		return true;
	req.period = &only->term->keep;
	if (!ask(pb, &req, &k))
		return false;
	pb->r->cutoff = arena_strdup(pb->b->a, instant_format(k.display, text));
	return true;
}

static bool bind_all(struct pred_binder *pb)
{
	const struct retention_class *cls = pb->r->rule->cls;
	size_t start;

	if (!clock_bind(pb, "start", &pb->r->rule->start, &start))
		return false;
	for (size_t i = 0; i < cls->nterms; i++)
		if (!term_bind(pb, &cls->terms[i]))
			return false;
	pb->r->pred = (struct pred){
		.nclocks = pb->clocks.n, .clocks = pb->clocks.v, .nterms = pb->terms.n, .terms = pb->terms.v,
	};
	return cutoff_display(pb);
}

bool bind_pred(struct binder *b, struct bound *r, struct diag *d)
{
	const struct rule *rule = r->rule;
	struct pred_binder pb = {
		.b = b, .r = r, .d = d,
		.zone = rule->cls->zone ? rule->cls->zone : rule->stored_zone ? rule->stored_zone : "UTC",
		.stored_zone = rule->stored_zone,
	};

	r->stage = FINDING_CLOCK;
	/* a rule that failed is reported in its step; only a lost connection ends the plan */
	return bind_all(&pb) || !pb.lost;
}
