/* The SQL face. Three-valued logic does half of the work: a comparison with a NULL column is NULL, so
 * `a < $1 OR a IS NULL AND …` walks from column to column, and IS TRUE closes what must not be NULL. */
#include "model/pred.h"

struct render {
	const struct pred *p;
	enum pred_mode mode;
	const struct pred_sql *r;
	struct strbuf *sb;
};

/* Which constant a comparison uses: of one term, of one term's cap, or the least of all terms on the
 * clock that need no sentence of their own. */
struct limit {
	const struct pred_term *term;	/* NULL: the merged one */
	bool cap;
	enum pred_term_kind kind;
};

static void add(const struct render *q, const char *s)
{
	strbuf_adds(q->sb, s);
}

static void add_column(const struct render *q, const struct pred_column *c)
{
	strbuf_addf(q->sb, "%s.", q->r->alias);
	q->r->ident(q->r->ctx, q->sb, c->name);
}

static void add_is_null(const struct render *q, const struct pred_column *c, bool is)
{
	add_column(q, c);
	add(q, is ? " IS NULL" : " IS NOT NULL");
}

static void add_compare(const struct render *q, const struct pred_column *c, const char *op,
			const struct pred_bound *b)
{
	add_column(q, c);
	add(q, op);
	q->r->param(q->r->ctx, q->sb, b, c->type);
}

/* Month and day of a yyyymmdd number; only for such columns. */
static void add_calendar_day(const struct render *q, const struct pred_column *c)
{
	add(q, "(");
	add_column(q, c);
	add(q, " % 100 BETWEEN 1 AND 31 AND ");
	add_column(q, c);
	add(q, " / 100 % 100 BETWEEN 1 AND 12)");
}

static bool has_infinity(const struct pred_column *c)
{
	switch (c->type) {
	case PRED_TIMESTAMPTZ:
	case PRED_TIMESTAMP:
	case PRED_DATE:
		return true;
	case PRED_INT:
	case PRED_INT_YYYYMMDD:
		return false;
	}
	bug(__FILE__, __LINE__, "type of a clock column");
}

/* ---- which constant ---- */

/* cut or cap decides for every column alike: then "either has passed" is the larger of the two. */
static bool cap_is_a_maximum(const struct pred *p, const struct pred_term *t)
{
	bool cut_wins = true, cap_wins = true;

	for (size_t i = 0; i < p->clocks[0].n; i++) {
		cut_wins = cut_wins && t->cut[i].raw >= t->cap[i].raw;
		cap_wins = cap_wins && t->cap[i].raw >= t->cut[i].raw;
	}
	return cut_wins || cap_wins;
}

/* A rule without a start of its own has nothing that a cap could run from. */
static bool has_cap(const struct pred *p, const struct pred_term *t)
{
	return t->cap && p->clocks[0].n;
}

/* Terms that fold into the one comparison of their clock. */
static bool term_merges(const struct pred *p, const struct pred_term *t)
{
	if (!has_cap(p, t))
		return true;
	return t->kind == PRED_PERIOD && t->clock == 0 && cap_is_a_maximum(p, t);
}

static const struct pred_bound *term_bound(const struct pred *p, const struct pred_term *t, size_t column)
{
	const struct pred_bound *cut = &t->cut[column];

	return has_cap(p, t) && t->cap[column].raw > cut->raw ? &t->cap[column] : cut;
}

static const struct pred_bound *lesser(const struct pred_bound *a, const struct pred_bound *b)
{
	return !a || b->raw < a->raw ? b : a;
}

static bool term_is_merged(const struct render *q, const struct pred_term *t, size_t clock,
			   enum pred_term_kind kind)
{
	return t->kind == kind && t->clock == clock && pred_term_counts(t, q->mode) &&
	       term_merges(q->p, t);
}

static const struct pred_bound *merged_bound(const struct render *q, size_t clock, size_t column,
					     enum pred_term_kind kind)
{
	const struct pred_bound *least = NULL;

	for (size_t i = 0; i < q->p->nterms; i++)
		if (term_is_merged(q, &q->p->terms[i], clock, kind))
			least = lesser(least, term_bound(q->p, &q->p->terms[i], column));
	return least;
}

/* A start that is due is also neither future nor too far ahead; both lie above every cut but a
 * strange one, and then they decide. */
static const struct pred_bound *limit_bound(const struct render *q, size_t clock, size_t column,
					    const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];
	const struct pred_bound *b = l->cap ? &l->term->cap[column] :
				     l->term ? &l->term->cut[column] :
				     merged_bound(q, clock, column, l->kind);

	if (l->kind == PRED_UNTIL && !l->cap)
		return b;
	return lesser(lesser(b, &c->now), &c->hi);
}

/* ---- first non-NULL ---- */

typedef void column_test(const struct render *q, size_t clock, size_t column, const struct limit *l);

/* (T(a) OR a IS NULL AND (T(b) OR b IS NULL AND …)); null_passes: all NULL is TRUE too. */
static void add_first(const struct render *q, size_t clock, column_test *test, const struct limit *l,
		      bool null_passes)
{
	const struct pred_clock *k = &q->p->clocks[clock];

	if (!k->n)
		add(q, null_passes ? "(true)" : "(false)");
	for (size_t i = 0; i < k->n; i++) {
		add(q, "(");
		test(q, clock, i, l);
		if (i + 1 == k->n && !null_passes)
			break;
		add(q, " OR ");
		add_is_null(q, &k->columns[i], true);
		if (i + 1 < k->n)
			add(q, " AND ");
	}
	for (size_t i = 0; i < k->n; i++)
		add(q, ")");
}

static void test_below(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	add_compare(q, &q->p->clocks[clock].columns[column], " < ", limit_bound(q, clock, column, l));
}

static void test_within(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];

	add_compare(q, c, " >= ", &c->lo);
	add(q, " AND ");
	test_below(q, clock, column, l);
	if (c->type == PRED_INT_YYYYMMDD) {
		add(q, " AND ");
		add_calendar_day(q, c);
	}
}

/* No start at all, however late: too far ahead or no calendar day. */
static void test_odd(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];

	(void)l;
	add_compare(q, c, " >= ", &c->hi);
	if (has_infinity(c)) {
		add(q, " AND isfinite(");
		add_column(q, c);
		add(q, ")");
	}
	if (c->type == PRED_INT_YYYYMMDD) {
		add(q, " OR ");
		add_compare(q, c, " >= ", &c->lo);
		add(q, " AND NOT ");
		add_calendar_day(q, c);
	}
}

static void test_anomalous(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];

	add_compare(q, c, " < ", &c->lo);
	add(q, " OR ");
	test_odd(q, clock, column, l);
}

static void test_future(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];

	(void)l;
	add_compare(q, c, " >= ", &c->now);
}

static void test_null(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	(void)l;
	add_is_null(q, &q->p->clocks[clock].columns[column], true);
}

static void test_not_null(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	(void)l;
	add_is_null(q, &q->p->clocks[clock].columns[column], false);
}

/* ---- latest ---- */

static void test_not_low(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];

	(void)l;
	add_compare(q, c, " >= ", &c->lo);
}

static void test_low_or_null(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];

	(void)l;
	add(q, "(");
	add_compare(q, c, " < ", &c->lo);
	add(q, " OR ");
	add_is_null(q, c, true);
	add(q, ")");
}

static void test_below_or_null(const struct render *q, size_t clock, size_t column, const struct limit *l)
{
	const struct pred_column *c = &q->p->clocks[clock].columns[column];

	add(q, "(");
	test_below(q, clock, column, l);
	if (c->type == PRED_INT_YYYYMMDD && (l->kind == PRED_PERIOD || l->cap)) {
		add(q, " AND (");
		add_compare(q, c, " < ", &c->lo);
		add(q, " OR ");
		add_calendar_day(q, c);
		add(q, ")");
	}
	add(q, " OR ");
	add_is_null(q, c, true);
	add(q, ")");
}

/* (T(a) word T(b) word …) */
static void add_each(const struct render *q, size_t clock, column_test *test, const char *word,
		     const struct limit *l)
{
	const struct pred_clock *k = &q->p->clocks[clock];

	BUG_ON(!k->n);
	add(q, "(");
	for (size_t i = 0; i < k->n; i++) {
		if (i)
			add(q, word);
		test(q, clock, i, l);
	}
	add(q, ")");
}

/* ---- a clock ---- */

static bool is_first(const struct render *q, size_t clock)
{
	return q->p->clocks[clock].mode == CLOCK_FIRST || q->p->clocks[clock].n <= 1;
}

/* The start is plausible and below the limit. */
static void add_passed(const struct render *q, size_t clock, const struct limit *l, bool null_passes)
{
	if (is_first(q, clock)) {
		add_first(q, clock, test_within, l, null_passes);
		return;
	}
	add(q, "(");
	add_each(q, clock, test_below_or_null, " AND ", l);
	add(q, " AND ");
	add_each(q, clock, test_not_low, " OR ", l);
	if (null_passes) {
		add(q, " OR ");
		add_each(q, clock, test_null, " AND ", l);
	}
	add(q, ")");
}

/* An until-column's instant is over, or there is none. */
static void add_over(const struct render *q, size_t clock, const struct limit *l)
{
	if (is_first(q, clock))
		add_first(q, clock, test_below, l, true);
	else
		add_each(q, clock, test_below_or_null, " AND ", l);
}

static void add_anomalous(const struct render *q, size_t clock)
{
	if (is_first(q, clock)) {
		add_first(q, clock, test_anomalous, NULL, false);
		return;
	}
	add(q, "(");
	add_each(q, clock, test_odd, " OR ", NULL);
	add(q, " OR ");
	add_each(q, clock, test_low_or_null, " AND ", NULL);
	add(q, " AND ");
	add_each(q, clock, test_not_null, " OR ", NULL);
	add(q, ")");
}

static void add_future(const struct render *q, size_t clock)
{
	if (is_first(q, clock))
		add_first(q, clock, test_future, NULL, false);
	else
		add_each(q, clock, test_future, " OR ", NULL);
}

/* ---- due ---- */

/* `first` is the opening parenthesis of a conjunction, then " AND ". */
static void add_and(const struct render *q, const char **word)
{
	add(q, *word);
	*word = " AND ";
}

static void add_starts(const struct render *q, const char **word)
{
	const struct limit merged = { .kind = PRED_PERIOD };

	for (size_t i = 0; i < q->p->nclocks; i++) {
		enum pred_use use = pred_clock_use(q->p, q->mode, i);

		if (use == PRED_UNUSED)
			continue;
		add_and(q, word);
		add_passed(q, i, &merged, use == PRED_NULL_IGNORED);
	}
}

static void add_untils(const struct render *q, const char **word)
{
	const struct limit merged = { .kind = PRED_UNTIL };

	for (size_t i = 0; i < q->p->nclocks; i++) {
		if (!q->p->clocks[i].n || !merged_bound(q, i, 0, PRED_UNTIL))
			continue;
		add_and(q, word);
		add_over(q, i, &merged);
	}
}

/* (the term itself OR its cap over the rule's start) */
static void add_capped(const struct render *q, const struct pred_term *t)
{
	const struct limit own = { .term = t, .kind = t->kind };
	const struct limit cap = { .term = t, .kind = t->kind, .cap = true };

	add(q, "(");
	if (t->kind == PRED_UNTIL)
		add_over(q, t->clock, &own);
	else
		add_passed(q, t->clock, &own,
			   pred_clock_use(q->p, q->mode, t->clock) == PRED_NULL_IGNORED);
	add(q, " OR ");
	add_passed(q, 0, &cap, false);
	add(q, ")");
}

void pred_sql_due(const struct pred *p, enum pred_mode mode, const struct pred_sql *r, struct strbuf *sb)
{
	const struct render q = { p, mode, r, sb };
	const char *word = "(";

	add_starts(&q, &word);
	add_untils(&q, &word);
	for (size_t i = 0; i < p->nterms; i++) {
		const struct pred_term *t = &p->terms[i];

		if (!pred_term_counts(t, mode) || term_merges(p, t))
			continue;
		add_and(&q, &word);
		add_capped(&q, t);
	}
	add(&q, *word == '(' ? "(true)" : ")");
}

/* ---- states ---- */

/* ((T(clock) OR T(clock) …) IS TRUE) over the used clocks; false when there is none. */
static void add_any(const struct render *q, enum pred_use least,
		    void (*test)(const struct render *q, size_t clock))
{
	const char *word = "((";

	for (size_t i = 0; i < q->p->nclocks; i++) {
		if (pred_clock_use(q->p, q->mode, i) < least)
			continue;
		add(q, word);
		test(q, i);
		word = " OR ";
	}
	add(q, *word == '(' ? "(false)" : ") IS TRUE)");
}

static void add_null(const struct render *q, size_t clock)
{
	if (!q->p->clocks[clock].n)
		add(q, "true");
	else
		add_each(q, clock, test_null, " AND ", NULL);
}

static void add_state_anomalous(const struct render *q)
{
	add_any(q, PRED_NULL_IGNORED, add_anomalous);
}

static void add_state_indeterminate(const struct render *q)
{
	add(q, "(");
	add_any(q, PRED_NULL_WAITS, add_null);
	add(q, " AND NOT ");
	add_state_anomalous(q);
	add(q, ")");
}

static void add_state_future(const struct render *q)
{
	add(q, "(");
	add_any(q, PRED_NULL_IGNORED, add_future);
	add(q, " AND NOT ");
	add_any(q, PRED_NULL_WAITS, add_null);
	add(q, " AND NOT ");
	add_state_anomalous(q);
	add(q, ")");
}

/* One range of each column on either side of what is plausible and past. */
static void add_outside(const struct render *q, size_t clock, const char **word)
{
	for (size_t i = 0; i < q->p->clocks[clock].n; i++) {
		const struct pred_column *c = &q->p->clocks[clock].columns[i];

		add(q, *word);
		*word = " OR ";
		if (c->type == PRED_INT_YYYYMMDD) {	/* a number that is no day may lie between them */
			add(q, "true");
			return;
		}
		add_compare(q, c, "<", &c->lo);
		add(q, " OR ");
		add_compare(q, c, ">=", &c->now);
	}
}

void pred_sql_unusual(const struct pred *p, enum pred_mode mode, const struct pred_sql *r, struct strbuf *sb)
{
	const struct render q = { p, mode, r, sb };
	const char *word = "(";

	for (size_t i = 0; i < p->nclocks; i++) {
		enum pred_use use = pred_clock_use(p, mode, i);

		if (use == PRED_UNUSED)
			continue;
		add_outside(&q, i, &word);
		if (use != PRED_NULL_WAITS)
			continue;
		add(&q, word);
		word = " OR ";
		add_null(&q, i);
	}
	add(&q, *word == '(' ? "(false)" : ")");
}

void pred_sql_state(const struct pred *p, enum pred_mode mode, enum row_state s, const struct pred_sql *r,
		    struct strbuf *sb)
{
	const struct render q = { p, mode, r, sb };

	switch (s) {
	case ROW_ANOMALOUS:
		add_state_anomalous(&q);
		return;
	case ROW_INDETERMINATE:
		add_state_indeterminate(&q);
		return;
	case ROW_FUTURE:
		add_state_future(&q);
		return;
	case ROW_KEPT:
	case ROW_DUE:
		break;
	}
	bug(__FILE__, __LINE__, "a state with an expression of its own");
}
