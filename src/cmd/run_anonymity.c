#include "cmd/run_anonymity.h"

#include "exec/revive.h"
#include "ledger/ledger.h"

/* ---- at the end of a run ---- */

static bool record(struct conn *c, const struct plan *p, size_t i, const struct exec_options *o, struct arena *a,
		   const struct outcome_step *out, struct diag *d)
{
	const struct plan_step *s = &p->steps[i];
	const struct plan_measure *m = &out->anonymity;
	struct ledger_entry e = {
		.kind = "anonymity", .run = o->run, .rule = s->rule->name, .table = s->table,
		.action = action_word(s->rule->action), .rows = -1, .as_of = p->as_of, .actor = o->actor,
		.detail = arena_printf(a, "{\"k\":%lld,\"wanted\":%d,\"small\":%lld,\"l\":%lld,\"suppressed\":%lld}",
				       (long long)m->k, s->anonymity.k, (long long)m->small, (long long)m->l,
				       (long long)m->suppressed),
	};

	if (!m->known || m->empty || (!out->acted && !m->suppressed))
		return true;
	return ledger_append(c, &e, d) ||
		(revive_needed(c, d) && revive_control(c, o, d) && ledger_append_once(c, &e, d));
}

/* What the rules did stands whatever becomes of the measure. */
static bool settle(struct conn *c, const struct plan *p, size_t i, const struct exec_options *o, struct arena *a,
		   struct outcome_step *out, struct diag *d)
{
	if (anonymity_settle(c, p, i, o, a, out, d))
		return record(c, p, i, o, a, out, d);
	out->anonymity = (struct plan_measure){ .why = "the connection to the server was lost" };
	return revive_needed(c, d) && revive_control(c, o, d);
}

bool run_anonymity_settle(struct conn *c, const struct plan *plan, const struct exec_options *o, struct arena *a,
			  struct outcome *out, struct diag *d)
{
	for (size_t i = 0; i < plan->nsteps; i++) {
		struct outcome_step *step = &out->steps[i];

		if (!plan->steps[i].anonymity.applies)
			continue;
		if (out->interrupted || o->stop_requested())
			step->anonymity = (struct plan_measure){ .why = "the run was interrupted" };
		else if (!settle(c, plan, i, o, a, step, d))
			return false;
	}
	return true;
}

/* ---- in reports ---- */

typedef VEC(const char *) text_vec;

static void why_not(struct arena *a, const struct plan_anonymity *an, const struct plan_measure *m, text_vec *ret)
{
	if (!an->k)
		vec_push(a, ret, "k is not measured, since neither class nor rule sets one");
	else if (!m->known)
		vec_push(a, ret, arena_printf(a, "k could not be measured (%s)", m->why ? m->why : "unknown"));
	if (m->known && m->k < an->k)
		vec_push(a, ret, arena_printf(a, "k = %lld is below %d, in %lld group(s)", (long long)m->k, an->k,
					      (long long)m->small));
	if (m->known && m->l < an->l)
		vec_push(a, ret, arena_printf(a, "l = %lld is below %d", (long long)m->l, an->l));
	if (m->known && m->linked)
		vec_push(a, ret, "rows refer to others that are still personal");
	for (size_t i = 0; i < an->nopen; i++)
		vec_push(a, ret, an->open[i]);
}

static const char *joined(struct arena *a, const text_vec *v)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < v->n; i++)
		strbuf_addf(&sb, "%s%s", i ? "; " : "", v->v[i]);
	return arena_strdup(a, strbuf_str(&sb));
}

static const char *sentence(struct arena *a, const struct plan_measure *m, const struct plan_step *s,
			    const text_vec *reasons, bool plan)
{
	const char *extra = m->suppressed ? arena_printf(a, "; %lld row(s) of small groups were suppressed",
							 (long long)m->suppressed) :
		plan && m->known && m->small && s->anonymity.small_rows.text ? "; small groups would be suppressed" : "";

	if (reasons->n)
		return arena_printf(a, "%spseudonymized, not anonymized: %s%s", plan ? "would be " : "",
				    joined(a, reasons), extra);
	return arena_printf(a, "%sanonymized: k = %s%lld, at least %d was wanted%s", plan ? "would be " : "",
			    m->singles ? "at most " : "", (long long)m->k, s->anonymity.k, extra);
}

const char *run_anonymity_fill(struct arena *a, const struct plan_step *s, const struct outcome_step *o,
			       struct rule_view *v)
{
	const struct plan_anonymity *an = &s->anonymity;
	const struct plan_measure *m = o ? &o->anonymity : &an->before;
	text_vec reasons = { NULL, 0, 0 };

	if (!an->applies || s->status == STEP_FAILED || m->empty || (!m->known && !s->counts.due && !s->counts.already))
		return NULL;
	why_not(a, an, m, &reasons);
	v->result = reasons.n ? "pseudonymized" : "anonymized";
	v->measured = m->known;
	v->k = m->k;
	v->small = m->small;
	v->l = an->l || m->l ? m->l : -1;
	v->suppressed = m->suppressed;
	v->k_at_most = m->singles > 0;
	v->reasons = reasons.v;
	v->nreasons = reasons.n;
	return sentence(a, m, s, &reasons, !o);
}
