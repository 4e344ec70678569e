#include "exec/shape.h"

#include "base/strbuf.h"
#include "pg/sqltext.h"

void shape_values(const struct ledger_entry *e, const struct plan_shape *s, char rows[LEDGER_ROWS_TEXT],
		  const char *values[SHAPE_PARAMS])
{
	ledger_append_values(e, rows, values);
	values[LEDGER_APPEND_PARAMS] = s->of;
	values[LEDGER_APPEND_PARAMS + 1] = s->whole;
	values[LEDGER_APPEND_PARAMS + 2] = s->found;
}

bool shape_append(struct conn *c, const struct plan *p, const struct plan_shape *s, const struct ledger_entry *e,
		  bool *same, struct diag *d)
{
	const char *values[SHAPE_PARAMS];
	char rows[LEDGER_ROWS_TEXT];
	AUTO_RESULT *res = NULL;

	shape_values(e, s, rows, values);
	if (!conn_query(c, p->append, (struct params){ SHAPE_PARAMS, NULL, values }, &res, d))
		return false;
	*same = PQntuples(res) == 1;
	return true;
}

bool shape_same(struct conn *c, const struct plan *p, const struct plan_shape *s, bool *same, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, p->same, &res, d, s->of, s->whole, s->found))
		return false;
	*same = res_bool(res, 0, 0);
	return true;
}

bool shape_strangers(struct conn *c, const struct plan_step *s, bool *ret, struct diag *d)
{
	AUTO_STRBUF known = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	char top[16];

	strbuf_addc(&known, '{');
	for (size_t i = 0; i < s->nrelations; i++)
		strbuf_addf(&known, "%s%u", i ? "," : "", s->relations[i].oid);
	strbuf_addc(&known, '}');
	snprintf(top, sizeof(top), "%u", s->below);
	if (!conn_query_text(c, sqltext_get("query/exec_strangers"), &res, d, top, strbuf_str(&known)))
		return false;
	*ret = res_bool(res, 0, 0);
	return true;
}

static bool is_congruent(const struct plan_step *a, const struct plan_step *b)
{
	if (!streq(rule_name(a->rule), rule_name(b->rule)) || a->rule->action != b->rule->action || a->root != b->root)
		return false;
	if (b->status == STEP_FAILED || a->status == STEP_FAILED)
		return true;
	if (a->ntallies != b->ntallies)
		return false;
	for (size_t i = 0; i < a->ntallies; i++)
		if (!streq(a->tallies[i].table, b->tallies[i].table) || a->tallies[i].unset != b->tallies[i].unset)
			return false;
	return true;
}

bool shape_replaces(const struct plan *was, const struct plan *fresh, size_t step, struct diag *d)
{
	const struct plan_step *s = &fresh->steps[step];
	bool same = was->nsteps == fresh->nsteps;

	for (size_t i = 0; same && i < was->nsteps; i++)
		same = is_congruent(&was->steps[i], &fresh->steps[i]);
	if (!same) {
		diag_fail(d, DIAG_STEP, "the schema was changed during the run, and what goes first, or with what, is no longer "
			  "as planned: the next run goes on");
		diag_hint(d, "look at pgretain plan");
		return false;
	}
	if (s->status == STEP_FAILED)
		*d = s->diag;
	else if (s->status == STEP_SKIPPED)
		diag_fail(d, DIAG_STEP, "%s", s->reason);
	return s->status == STEP_READY;
}
