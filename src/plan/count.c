/* The numbers of a plan, counted by the server with the predicates that the run uses. Each rule's
 * statements run under a savepoint: one that the server refuses fails that rule alone. */
#include "plan/build_parts.h"

#include "base/instant.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/request.h"

static struct params params_of(const struct render *x)
{
	return (struct params){ (int)x->values.n, x->types.v, x->values.v };
}

static struct render *render_new(struct binder *b)
{
	struct render *x = arena_alloc(b->a, sizeof(*x));

	*x = (struct render){ .b = b, .a = b->a, .live = true };
	return x;
}

/* Runs one statement of rule r. False with r failed when the server refuses it; *lost: no rule's fault. */
static bool query(struct binder *b, struct bound *r, const struct render *x, const char *sql, PGresult **ret,
		  struct diag *d)
{
	if (conn_query(b->conn, sql, params_of(x), ret, d))
		return true;
	if (d->cls == DIAG_LOST)
		return false;
	bound_fail(r, d->cls == DIAG_CATALOG ? DIAG_CATALOG : DIAG_STEP, "%s", d->message);
	snprintf(r->diag.sqlstate, sizeof(r->diag.sqlstate), "%s", d->sqlstate);
	if (r->rule->where && d->cls == DIAG_CATALOG)
		diag_hint(&r->diag, "does its `where` fit %s? names outside pg_catalog need their schema", r->table->display);
	else if (streq(d->sqlstate, "42501"))
		diag_hint(&r->diag, "the role lacks a right, or row-level security hides rows of %s from it: "
			  "GRANT SELECT, or BYPASSRLS", r->table->display);
	else if (streq(d->sqlstate, "55P03"))
		diag_hint(&r->diag, "another session keeps %s under ACCESS EXCLUSIVE (ALTER TABLE, VACUUM FULL); the next run "
			  "counts it", r->table->display);
	return false;
}

/* ---- keep_newest ---- */

static const char *single_type(const struct bound *r)
{
	const struct pred_clock *k = &r->pred.clocks[0];

	for (size_t i = 1; i < k->n; i++)
		if (k->columns[i].type != k->columns[0].type)
			return NULL;
	return cat_column(r->table, k->columns[0].name)->base_type;
}

/* The start as one expression; \1 stands for the alias. */
static void start_expr(struct strbuf *sb, const struct bound *r)
{
	const struct pred_clock *k = &r->pred.clocks[0];

	if (k->n > 1)
		strbuf_adds(sb, k->mode == CLOCK_LATEST ? "GREATEST(" : "COALESCE(");
	for (size_t i = 0; i < k->n; i++) {
		strbuf_adds(sb, i ? ", " : "");
		render_column(sb, "\1", k->columns[i].name);
	}
	if (k->n > 1)
		strbuf_addc(sb, ')');
}

static void newest_exprs(struct binder *b, struct bound *r, struct strbuf *row, struct strbuf *order,
			 struct strbuf *values)
{
	const struct cat_index *key = cat_key(r->table);
	AUTO_STRBUF start = STRBUF_INIT;

	start_expr(&start, r);
	vec_push(b->a, &r->newest_types, single_type(r));
	strbuf_addf(row, "ROW(%s", strbuf_str(&start));
	strbuf_addf(order, "%s DESC", strbuf_str(&start));
	strbuf_adds(values, strbuf_str(&start));
	for (size_t i = 0; key && i < key->ncolumns; i++) {
		AUTO_STRBUF col = STRBUF_INIT;

		render_column(&col, "\1", key->columns[i]);
		strbuf_addf(row, ", %s", strbuf_str(&col));
		strbuf_addf(order, ", %s DESC", strbuf_str(&col));
		strbuf_addf(values, ", %s", strbuf_str(&col));
		vec_push(b->a, &r->newest_types, cat_column(r->table, key->columns[i])->base_type);
	}
	if (!key) {		/* a tie is decided by place */
		strbuf_adds(row, ", \1.tableoid, \1.ctid");
		strbuf_adds(order, ", \1.tableoid DESC, \1.ctid DESC");
		strbuf_adds(values, ", \1.tableoid, \1.ctid");
		vec_push(b->a, &r->newest_types, "oid");
		vec_push(b->a, &r->newest_types, "tid");
	}
	strbuf_addc(row, ')');
}

static const char *with_alias(struct arena *a, const struct strbuf *sb)
{
	AUTO_STRBUF out = STRBUF_INIT;

	for (size_t i = 0; i < sb->len; i++) {
		if (sb->buf[i] == '\1')
			strbuf_adds(&out, "t");
		else
			strbuf_addc(&out, sb->buf[i]);
	}
	return arena_strdup(a, strbuf_str(&out));
}

bool count_newest(struct binder *b, struct bound *r, struct diag *d)
{
	struct limits l = policy_limits(b->plan->policy, b->plan->db, r->rule);
	AUTO_STRBUF row = STRBUF_INIT, order = STRBUF_INIT, values = STRBUF_INIT, start = STRBUF_INIT, from = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	const char *sql;

	if (l.keep_newest <= 0 || r->parent)
		return true;
	if (!single_type(r)) {
		bound_fail(r, DIAG_CATALOG, "keep_newest needs start columns of one type");
		return true;
	}
	newest_exprs(b, r, &row, &order, &values);
	start_expr(&start, r);
	strbuf_adds(&start, " IS NOT NULL");
	render_from(&from, r, "t");
	struct tmpl_var vars[] = {
		{ "values", .frag = { with_alias(b->a, &values) } }, { "from", .frag = { strbuf_str(&from) } },
		{ "present", .frag = { with_alias(b->a, &start) } }, { "order", .frag = { with_alias(b->a, &order) } },
		{ "limit", .frag = { arena_printf(b->a, "%lld", (long long)l.keep_newest - 1) } },
	};
	sql = tmpl_render(b->a, "query/newest", vars, ARRAY_SIZE(vars));
	if (!query(b, r, render_new(b), sql, &res, d))
		return r->failed;
	r->newest_all = PQntuples(res) == 0;
	r->newest_expr = arena_strdup(b->a, strbuf_str(&row));
	for (int i = 0; !r->newest_all && i < PQnfields(res); i++)
		vec_push(b->a, &r->newest_values, arena_strdup(b->a, res_text(res, 0, i)));
	return true;
}

/* ---- due and its parts ---- */

static bool count_due(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d)
{
	struct render *x = render_new(b);
	AUTO_RESULT *res = NULL;

	if (!query(b, r, x, statement_count(x, r, RENDER_PREDICT), &res, d))
		return false;
	s->counts.due = res_int(res, 0, 0);
	s->counts.held = res_int(res, 0, 1);
	s->counts.skipped = res_int(res, 0, 2);
	s->counts.blocked = res_int(res, 0, 3);
	s->counts.already = res_int(res, 0, 4);
	s->counts.deferred = res_int(res, 0, 5);
	return true;
}

/* A follower of a parent without such rows has none either, unless its key can be NULL or refer to nothing. */
static bool states_possible(const struct bound *r, const struct plan_counts *parent)
{
	if (!r->parent || !r->via->validated)
		return true;
	for (size_t i = 0; i < r->via->n; i++)
		if (!cat_column(r->table, r->via->child_columns[i])->not_null)
			return true;
	return parent->indeterminate || parent->future || parent->anomalous;
}

static bool count_states(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d)
{
	struct render *x = render_new(b);
	AUTO_RESULT *res = NULL;

	if (!query(b, r, x, statement_count_states(x, r), &res, d))
		return false;
	s->counts.anomalous = res_int(res, 0, 0);
	s->counts.indeterminate = res_int(res, 0, 1);
	s->counts.future = res_int(res, 0, 2);
	return true;
}

bool count_step(struct binder *b, struct bound *r, const struct plan_counts *parent, struct plan_step *s,
		struct diag *d)
{
	if (!count_due(b, r, s, d))
		return r->failed;
	if (!b->request && states_possible(r, parent) && !count_states(b, r, s, d))
		return r->failed;
	return true;
}

bool count_tallies(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d)
{
	struct tally_stmt *t;
	size_t n;

	if (r->root != r || plan_step_rows(s) == 0)
		return true;
	n = statement_tallies(b, r, &t);
	BUG_ON(n != s->ntallies);
	for (size_t i = 0; i < n; i++) {
		AUTO_RESULT *res = NULL;

		if (!query(b, r, t[i].x, t[i].sql, &res, d))
			return r->failed;
		s->tallies[i].rows = res_int(res, 0, 0);
	}
	return true;
}

/* ---- guard rails ---- */

static bool count_capped(struct binder *b, struct bound *r, enum count_of of, int64_t limit, int64_t *ret, struct diag *d)
{
	struct render *x = render_new(b);
	AUTO_RESULT *res = NULL;

	if (!query(b, r, x, statement_count_capped(x, r, of, limit), &res, d))
		return false;
	*ret = res_int(res, 0, 0);
	return true;
}

static void step_skip(struct plan_step *s, const char *reason)
{
	s->status = STEP_SKIPPED;
	s->reason = reason;
	s->counts.skipped = s->counts.due - s->counts.held - s->counts.blocked - s->counts.deferred;
}

/* More than half of the starts make no sense: a wrong unit or a broken feed (domain.md 2). Other events' dates,
 * which `anomalous` counts too, say nothing of that. */
static bool guard_anomalous(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d)
{
	int64_t odd, rows;

	if (!s->counts.anomalous || r->parent)
		return true;
	if (!count_capped(b, r, COUNT_ODD_STARTS, s->counts.anomalous, &odd, d))
		return r->failed;
	/* enough to know whether there are twice the anomalous ones */
	if (!count_capped(b, r, COUNT_STARTS, 2 * odd, &rows, d))
		return r->failed;
	if (rows >= 2 * odd)
		return true;
	step_skip(s, arena_printf(b->a, "%lld of %lld start events are implausible (before plausible_from or more than "
		"100 years ahead): wrong unit or broken feed? nothing was changed", (long long)odd, (long long)rows));
	return true;
}

static const char *oldest_text(struct binder *b, struct bound *r, struct diag *d)
{
	struct render *x = render_new(b);
	AUTO_STRBUF sql = STRBUF_INIT, due = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	char text[INSTANT_TEXT];
	const char *oldest;
	int64_t at;

	if (r->parent)
		return "";
	strbuf_adds(&sql, "SELECT min(");
	render_start_instant(x, &sql, r, "t");
	strbuf_adds(&sql, ")::text FROM ");
	render_from(&sql, r, "t");
	render_due(x, &due, r, "t");
	strbuf_addf(&sql, " WHERE %s", strbuf_str(&due));
	if (!query(b, r, x, strbuf_str(&sql), &res, d) || PQgetisnull(res, 0, 0))
		return "";
	oldest = res_text(res, 0, 0);
	return instant_parse_timestamptz(oldest, strlen(oldest), &at) ?
		arena_printf(b->a, ", the oldest of %s", instant_format(at, text)) : "";
}

/* *rows: of the rule, as many as there are where it is over. */
static bool over_percent(struct binder *b, struct bound *r, const struct plan_step *s, double percent, bool *over,
			 int64_t *rows, struct diag *d)
{
	int64_t todo = plan_step_rows(s), enough;

	*over = false;
	if (percent < 0 || percent >= 100.0 || todo == 0)
		return true;
	enough = (int64_t)((double)todo * 100.0 / percent) + 1;
	if (!count_capped(b, r, COUNT_ROWS, enough, rows, d))
		return false;
	*over = (double)todo * 100.0 > percent * (double)*rows;
	return true;
}

static bool guard_ceiling(struct binder *b, struct bound *r, struct plan_step *s, bool lift, struct diag *d)
{
	struct limits l = policy_limits(b->plan->policy, b->plan->db, r->rule);
	int64_t todo = plan_step_rows(s), rows = 0;
	bool percent;

	if (!over_percent(b, r, s, l.max_percent, &percent, &rows, d))
		return r->failed;
	s->over_ceiling = percent || (l.max_rows >= 0 && todo > l.max_rows);
	if (!s->over_ceiling)
		return true;
	if (lift) {
		s->reason = "ceiling lifted for this run";
		return true;
	}
	step_skip(s, percent ?
		  arena_printf(b->a, "%lld rows are due%s: more than max_percent = %g of the %lld %s. After a look: "
			       "run --confirm FINGERPRINT --lift-ceilings", (long long)todo, oldest_text(b, r, d), l.max_percent,
			       (long long)rows, r->rule->where ? "rows within the rule's `where`" : "rows of the table") :
		  arena_printf(b->a, "%lld rows are due%s: more than max_rows = %lld. After a look: "
			       "run --confirm FINGERPRINT --lift-ceilings", (long long)todo, oldest_text(b, r, d),
			       (long long)l.max_rows));
	return true;
}

bool count_guards(struct binder *b, struct bound *r, struct plan_step *s, bool lift, struct diag *d)
{
	struct limits l = policy_limits(b->plan->policy, b->plan->db, r->root->rule);

	if (!guard_anomalous(b, r, s, d))
		return false;
	if (s->status == STEP_READY && !r->failed && !guard_ceiling(b, r, s, lift, d))
		return false;
	if (s->status == STEP_READY && s->counts.skipped)
		s->reason = arena_printf(b->a, "keep_newest = %lld%s%s spares %lld due row(s)", (long long)l.keep_newest,
					 r->root == r ? "" : " of rule ", r->root == r ? "" : r->root->rule->name,
					 (long long)s->counts.skipped);
	return true;
}
