#include "model/pred.h"

#include "base/instant.h"

const char *row_state_word(enum row_state s)
{
	static const char *const words[] = { "kept", "due", "indeterminate", "future", "anomalous" };

	return words[s];
}

bool pred_term_counts(const struct pred_term *t, enum pred_mode mode)
{
	switch (mode) {
	case PRED_PASSIVE: return true;
	case PRED_ACTIVE: return t->term->kind == TERM_FLOOR || t->term->survives_erasure;
	case PRED_WITHDRAWN: return !t->term->consent;
	case PRED_FLOOR: return t->term->kind == TERM_FLOOR;
	}
	bug(__FILE__, __LINE__, "a mode of terms");
}

enum pred_use pred_clock_use(const struct pred *p, enum pred_mode mode, size_t clock)
{
	enum pred_use use = PRED_UNUSED;

	if (mode == PRED_PASSIVE && clock == 0 && p->clocks[0].n)
		return PRED_NULL_WAITS;
	for (size_t i = 0; i < p->nterms; i++) {
		const struct pred_term *t = &p->terms[i];

		if (t->clock != clock || t->kind != PRED_PERIOD || !pred_term_counts(t, mode))
			continue;
		if (!t->term->ignore_null)
			return PRED_NULL_WAITS;
		use = PRED_NULL_IGNORED;
	}
	return use;
}

/* One row under judgement. `failed` is set by the first field that can't be read, and stays. */
struct row {
	const char *const *fields;
	const size_t *lens;
	bool failed;
	size_t bad_field;
};

static bool parse_integer(const char *s, size_t n, int64_t *ret)
{
	bool minus = n && *s == '-';
	int64_t value = 0;
	size_t i = minus;

	if (i == n)
		return false;
	for (; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		/* Downwards: INT64_MIN has no positive twin. */
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, s[i] - '0', &value))
			return false;
	}
	if (!minus && value == INT64_MIN)
		return false;
	*ret = minus ? value : -value;
	return true;
}

static bool parse_value(enum pred_type type, const char *s, size_t n, int64_t *ret)
{
	switch (type) {
	case PRED_TIMESTAMPTZ:
		return instant_parse_timestamptz(s, n, ret);
	case PRED_TIMESTAMP:
		return instant_parse_timestamp(s, n, ret);
	case PRED_DATE:
		return instant_parse_date(s, n, ret);
	case PRED_INT:
	case PRED_INT_YYYYMMDD:
		return parse_integer(s, n, ret);
	}
	bug(__FILE__, __LINE__, "type of a clock column");
}

/* False for NULL, and for what can't be read. */
static bool column_value(struct row *row, const struct pred_column *c, int64_t *ret)
{
	const char *text = row->fields[c->field];

	if (!text || row->failed)
		return false;
	if (parse_value(c->type, text, row->lens[c->field], ret))
		return true;
	row->failed = true;
	row->bad_field = c->field;
	return false;
}

static bool is_infinity(const struct pred_column *c, int64_t v)
{
	switch (c->type) {
	case PRED_TIMESTAMPTZ:
	case PRED_TIMESTAMP:
	case PRED_DATE:
		return v == INSTANT_INFINITY;
	case PRED_INT:
	case PRED_INT_YYYYMMDD:
		return false;
	}
	bug(__FILE__, __LINE__, "type of a clock column");
}

static bool no_calendar_day(const struct pred_column *c, int64_t v)
{
	return c->type == PRED_INT_YYYYMMDD &&
	       (v % 100 < 1 || v % 100 > 31 || v / 100 % 100 < 1 || v / 100 % 100 > 12);
}

/* What a clock says before any term is asked: KEPT stands for "a plausible start in the past". */
static enum row_state clock_state(struct row *row, const struct pred_clock *k)
{
	bool any = false, low = true, odd = false, future = false;
	int64_t v;

	for (size_t i = 0; i < k->n; i++) {
		const struct pred_column *c = &k->columns[i];

		if (!column_value(row, c, &v))
			continue;
		any = true;
		low = low && v < c->lo.raw;
		odd = odd || (v >= c->lo.raw && no_calendar_day(c, v)) || (v >= c->hi.raw && !is_infinity(c, v));
		future = future || v >= c->now.raw;
		if (k->mode == CLOCK_FIRST)
			break;
	}
	if (!any)
		return ROW_INDETERMINATE;
	if (low || odd)
		return ROW_ANOMALOUS;
	return future ? ROW_FUTURE : ROW_KEPT;
}

/* Every value that decides lies below its bound; true for a NULL clock. */
static bool clock_below(struct row *row, const struct pred_clock *k, const struct pred_bound *bounds)
{
	int64_t v;

	for (size_t i = 0; i < k->n; i++) {
		if (!column_value(row, &k->columns[i], &v))
			continue;
		if (v >= bounds[i].raw)
			return false;
		if (k->mode == CLOCK_FIRST)
			break;
	}
	return true;
}

static bool term_ended(struct row *row, const struct pred *p, const struct pred_term *t)
{
	if (clock_below(row, &p->clocks[t->clock], t->cut))
		return true;
	return t->cap && clock_state(row, &p->clocks[0]) == ROW_KEPT &&
	       clock_below(row, &p->clocks[0], t->cap);
}

/* ANOMALOUS over INDETERMINATE over FUTURE, as enum row_state does not order them. */
static int severity(enum row_state s)
{
	static const int rank[] = {
		[ROW_KEPT] = 0, [ROW_DUE] = 0, [ROW_FUTURE] = 1, [ROW_INDETERMINATE] = 2, [ROW_ANOMALOUS] = 3,
	};

	return rank[s];
}

static enum row_state starts_state(struct row *row, const struct pred *p, enum pred_mode mode)
{
	enum row_state worst = ROW_KEPT;

	for (size_t i = 0; i < p->nclocks; i++) {
		enum pred_use use = pred_clock_use(p, mode, i);
		enum row_state s;

		if (use == PRED_UNUSED)
			continue;
		s = clock_state(row, &p->clocks[i]);
		if (s == ROW_INDETERMINATE && use == PRED_NULL_IGNORED)
			continue;
		if (severity(s) > severity(worst))
			worst = s;
	}
	return worst;
}

static bool all_terms_ended(struct row *row, const struct pred *p, enum pred_mode mode)
{
	for (size_t i = 0; i < p->nterms; i++)
		if (pred_term_counts(&p->terms[i], mode) && !term_ended(row, p, &p->terms[i]))
			return false;
	return true;
}

bool pred_eval(const struct pred *p, enum pred_mode mode, const char *const *fields, const size_t *lens,
	       enum row_state *ret, size_t *bad_field)
{
	struct row row = { .fields = fields, .lens = lens };
	enum row_state s = starts_state(&row, p, mode);

	if (s == ROW_KEPT && all_terms_ended(&row, p, mode))
		s = ROW_DUE;
	if (row.failed) {
		*bad_field = row.bad_field;
		return false;
	}
	*ret = s;
	return true;
}

bool pred_start(const struct pred *p, const char *const *fields, const size_t *lens, const struct pred_column **ret,
		int64_t *raw, size_t *bad_field)
{
	struct row row = { .fields = fields, .lens = lens };
	const struct pred_clock *k = &p->clocks[0];

	*ret = NULL;
	for (size_t i = 0; !*ret && i < k->n; i++)
		if (column_value(&row, &k->columns[i], raw) && *raw >= k->columns[i].lo.raw && *raw < k->columns[i].hi.raw)
			*ret = &k->columns[i];
	*bad_field = row.bad_field;
	return !row.failed;
}

/* All columns of one kind, so that one constant stands for them all (s and ms are both PRED_INT). */
static bool one_constant(const struct pred_clock *k, const struct pred_bound *cut)
{
	for (size_t i = 1; i < k->n; i++)
		if (k->columns[i].type != k->columns[0].type || cut[i].raw != cut[0].raw)
			return false;
	return k->n > 0;
}

const struct pred_term *pred_single_term(const struct pred *p, enum pred_mode mode)
{
	const struct pred_term *least = NULL;

	for (size_t i = 0; i < p->nterms; i++) {
		const struct pred_term *t = &p->terms[i];

		if (!pred_term_counts(t, mode))
			continue;
		if (t->kind != PRED_PERIOD || t->cap || !one_constant(&p->clocks[t->clock], t->cut))
			return NULL;
		if (least && least->clock != t->clock)
			return NULL;
		if (!least || t->cut[0].raw < least->cut[0].raw)
			least = t;
	}
	if (least && least->clock != 0 && pred_clock_use(p, mode, 0) != PRED_UNUSED)
		return NULL;
	return least;
}
