#include "exec/anonymity.h"

#include "exec/shape.h"

#define SLICE 1000		/* rows of one transaction */

struct settler {
	struct conn *c;
	const struct plan *plan;
	const struct plan_step *s;
	const struct exec_options *o;
	struct arena *a;
	int64_t suppressed;
};

static struct params params_of(const struct plan_params *p)
{
	return (struct params){ p->n, p->types, p->values };
}

static bool measure(struct settler *t, struct plan_measure *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(t->c, t->s->anonymity.measure, params_of(&t->s->anonymity.params), &res, d))
		return false;
	plan_measure_read(res_text_null(res, 0, 0), res_text_null(res, 0, 1), res_text_null(res, 0, 2),
			  res_text_null(res, 0, 3), res_bool(res, 0, 4), ret);
	return true;
}

/* ---- small groups ---- */

static bool holds_changed(struct settler *t, bool *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(t->c, "SELECT pgretain.hold_lock_shared()", NO_PARAMS, &res, d))
		return false;
	*ret = res_int(res, 0, 0) != t->plan->hold_epoch;
	return true;
}

static bool update(struct settler *t, size_t relation, const char *tids, int64_t *rows, struct diag *d)
{
	const struct plan_params *p = &t->s->anonymity.params;
	Oid *types = arena_alloc(t->a, ((size_t)p->n + 1) * sizeof(*types));
	const char **values = arena_alloc(t->a, ((size_t)p->n + 1) * sizeof(*values));
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	for (int i = 0; i < p->n; i++) {
		types[i] = p->types[i];
		values[i] = p->values[i];
	}
	types[p->n] = 1010;		/* tid[] */
	values[p->n] = tids;
	plan_stmt_for(&t->s->anonymity.suppress, t->s->relations[relation].sql, &sql);
	if (!conn_query(t->c, strbuf_str(&sql), (struct params){ p->n + 1, types, values }, &res, d))
		return false;
	*rows = res_affected(res);
	return true;
}

static bool record(struct settler *t, size_t relation, int64_t rows, bool *same, struct diag *d)
{
	struct ledger_entry e = {
		.kind = "suppress", .run = t->o->run, .rule = t->s->rule->name, .table = t->s->table,
		.action = action_word(t->s->rule->action), .rows = rows, .as_of = t->plan->as_of, .actor = t->o->actor,
		.detail = arena_printf(t->a, "{\"epoch\":%lld}", (long long)t->plan->hold_epoch),
	};

	return rows == 0 || shape_append(t->c, t->plan, &t->s->relations[relation].shape, &e, same, d);
}

/* One transaction. Holds or a schema that changed since the plan end it: the next run knows them. */
static bool slice(struct settler *t, size_t relation, const char *tids, struct diag *d)
{
	bool changed = false, same = true;
	int64_t rows = 0;
	struct diag rolled = DIAG_INIT;

	if (!conn_do(t->c, "BEGIN", NO_PARAMS, d))
		return false;
	if (holds_changed(t, &changed, d) && !changed && update(t, relation, tids, &rows, d) &&
	    record(t, relation, rows, &same, d) && same && conn_do(t->c, "COMMIT", NO_PARAMS, d)) {
		t->suppressed += rows;
		return true;
	}
	if (!same)
		diag_fail(d, DIAG_STEP, "the schema was changed meanwhile: the next run goes on");
	if (changed)
		diag_fail(d, DIAG_STEP, "legal holds have changed meanwhile: the next run goes on");
	if (!conn_do(t->c, "ROLLBACK", NO_PARAMS, &rolled) && rolled.cls == DIAG_LOST)
		*d = rolled;
	return false;
}

static bool relation_suppress(struct settler *t, size_t relation, struct diag *d)
{
	AUTO_STRBUF sql = STRBUF_INIT, tids = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	plan_stmt_for(&t->s->anonymity.small_rows, t->s->relations[relation].sql, &sql);
	if (!conn_query(t->c, strbuf_str(&sql), params_of(&t->s->anonymity.params), &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		bool last = (i + 1) % SLICE == 0 || i + 1 == PQntuples(res);

		strbuf_addf(&tids, "%s\"%s\"%s", tids.len ? "," : "{", res_text(res, i, 0), last ? "}" : "");
		if (!last)
			continue;
		if (t->o->stop_requested())
			return diag_fail(d, DIAG_INTERRUPTED, "interrupted: the next run goes on");
		if (!slice(t, relation, strbuf_str(&tids), d))
			return false;
		strbuf_reset(&tids);
	}
	return true;
}

static bool suppress(struct settler *t, struct diag *d)
{
	for (size_t i = 0; i < t->s->nrelations; i++)
		if (!relation_suppress(t, i, d))
			return false;
	return true;
}

static bool plans_of_the_server(struct conn *c, struct diag *d)
{
	return conn_do(c, "RESET enable_indexscan", NO_PARAMS, d) &&
		conn_do(c, "RESET enable_indexonlyscan", NO_PARAMS, d) &&
		conn_do(c, "RESET enable_bitmapscan", NO_PARAMS, d);
}

static bool settle(struct settler *t, struct plan_measure *ret, struct diag *d)
{
	if (!plans_of_the_server(t->c, d) || !measure(t, ret, d))
		return false;
	if (!ret->small || !t->s->anonymity.small_rows.text)
		return true;
	return suppress(t, d) && measure(t, ret, d);
}

bool anonymity_settle(struct conn *c, const struct plan *plan, size_t i, const struct exec_options *o, struct arena *a,
		      struct outcome_step *out, struct diag *d)
{
	struct settler t = { .c = c, .plan = plan, .s = &plan->steps[i], .o = o, .a = a };
	const struct plan_anonymity *an = &t.s->anonymity;
	struct plan_measure *m = &out->anonymity;
	struct diag why = DIAG_INIT;

	*m = an->before;
	if (!an->measure || (!out->acted && !an->before.small))
		return true;		/* as the plan found it */
	if (!settle(&t, m, &why)) {
		*m = (struct plan_measure){ .why = arena_strdup(a, why.message) };
		*d = why;
	} else if (an->subject_goes && !t.suppressed && an->before.known && an->before.k < m->k) {
		m->k = an->before.k;	/* with their subjects gone, persons count once for each row */
		m->small = an->before.small;
	}
	m->suppressed = t.suppressed;
	return why.cls != DIAG_LOST;
}
