/* An erasure that has begun goes on by itself when a floor has ended. What it may take was approved under the rules
 * of then: rules that have become longer since are followed, wider ones must be approved anew (domain.md 4). */
#include "cmd/erasure.h"

#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "plan/build.h"

bool erasure_define(struct erasure *e, struct diag *d)
{
	const struct plan *p = e->plan;
	const char **rules = arena_alloc(e->a, (p->nsteps + 1) * sizeof(*rules));
	const char **definitions = arena_alloc(e->a, (p->nsteps + 1) * sizeof(*definitions));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < p->nsteps; i++) {
		rules[i] = p->steps[i].rule->name;
		definitions[i] = p->steps[i].definition;
	}
	return conn_query_text(e->conn, sqltext_get("query/item_definition_put"), &res, d, p->fingerprint,
			       cat_array_literal(e->a, rules, p->nsteps), cat_array_literal(e->a, definitions, p->nsteps));
}

static bool is_bound(const struct erasure *e, const struct erasure_request *r)
{
	return r->executed && r->plan && !streq(r->plan, e->plan->fingerprint);
}

static const char *definition_of(const PGresult *all, const char *plan, const char *rule)
{
	for (int i = 0; i < PQntuples(all); i++)
		if (streq(res_text(all, i, 0), plan) && streq(res_text(all, i, 1), rule))
			return res_text(all, i, 2);
	return NULL;
}

/* Rules that no file holds ("orders+own") come and go with the grounds and holds of those who are erased together. */
static bool knew(const PGresult *all, const char *plan, const char *rule)
{
	size_t n = strlen(rule);

	for (int i = 0; i < PQntuples(all); i++) {
		const char *name = res_text(all, i, 1);

		if (streq(res_text(all, i, 0), plan) && strncmp(name, rule, n) == 0 && (!name[n] || name[n] == '+'))
			return true;
	}
	return false;
}

static const char *wider(const struct erasure *e, const char *was, const PGresult *all)
{
	for (size_t i = 0; i < e->plan->nsteps; i++) {
		const struct plan_step *s = &e->plan->steps[i];
		const char *definition = definition_of(all, was, s->rule->name), *why = NULL;

		if (definition)
			why = plan_step_wider(s, definition);
		else if (!knew(all, was, rule_name(s->rule)))
			why = "it is new";

		if (why)
			return arena_printf(e->a, "rule \"%s\" is not as it was approved: %s", s->rule->name, why);
	}
	return NULL;
}

bool erasure_compare(struct erasure *e, struct diag *d)
{
	VEC(const char *) plans = { NULL, 0, 0 };
	VEC(const char *) whys = { NULL, 0, 0 };
	AUTO_RESULT *res = NULL;

	for (size_t k = 0; k < e->requests.n; k++) {
		const struct erasure_request *r = &e->requests.v[k];
		size_t i = 0;

		while (i < plans.n && is_bound(e, r) && !streq(plans.v[i], r->plan))
			i++;
		if (i == plans.n && is_bound(e, r))
			vec_push(e->a, &plans, r->plan);
	}
	if (!plans.n)
		return true;
	if (!conn_query_text(e->conn, sqltext_get("query/item_definitions"), &res, d, cat_array_literal(e->a, plans.v, plans.n)))
		return false;
	for (size_t i = 0; i < plans.n; i++)
		vec_push(e->a, &whys, wider(e, plans.v[i], res));
	for (size_t k = 0; k < e->requests.n; k++)
		for (size_t i = 0; i < plans.n && is_bound(e, &e->requests.v[k]); i++)
			if (streq(plans.v[i], e->requests.v[k].plan))
				e->requests.v[k].rebound = whys.v[i];
	return true;
}
