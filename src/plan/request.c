#include "plan/request.h"

static struct request_kept *kept_of(struct request *q, struct arena *a, const struct policy *policy, const char *rule,
				    const char *code)
{
	struct request_kept *k;

	for (size_t i = 0; i < q->kept.n; i++)
		if (streq_null(q->kept.v[i].rule, rule) && streq(q->kept.v[i].ground->code, code))
			return &q->kept.v[i];
	k = vec_add(a, &q->kept);
	k->rule = arena_strdup(a, rule);
	k->ground = ground_find(code);
	BUG_ON(!k->ground);
	subject_set_init(&k->set, a, policy);
	return k;
}

struct request_kept *request_keep(struct request *q, struct arena *a, const struct policy *policy, const char *rule,
				  const char *code, const char *type, const char *key)
{
	struct request_kept *k = kept_of(q, a, policy, rule, code);

	return subject_set_add(&k->set, type, key) ? k : NULL;
}

const char *request_keeping_codes(struct arena *a, bool (*which)(const struct ground *g))
{
	VEC(const char *) codes = { NULL, 0, 0 };

	for (const struct ground *g = ground_all; g->code; g++)
		if (which(g))
			vec_push(a, &codes, g->code);
	return cat_array_literal(a, codes.v, codes.n);
}

struct maker {
	struct arena *a;
	const struct policy *policy;
	const struct database *db;
	const struct request *q;
	VEC(struct rule) rules;
	VEC(const char *) taking;
};

static bool has_subject(const struct maker *m, const struct rule *r, int depth)
{
	const struct rule *up = r->follows && depth < 40 ? policy_rule(m->db, r->follows) : NULL;

	return r->nsubjects || (up && has_subject(m, up, depth + 1));
}

static const struct rule *root_of(const struct maker *m, const struct rule *r)
{
	for (int depth = 0; r->follows && depth < 40; depth++)
		r = policy_rule(m->db, r->follows);
	return r;
}

static bool consent_bound(const struct maker *m, const struct rule *r)
{
	const struct retention_class *cls = root_of(m, r)->cls;

	for (size_t i = 0; cls && i < cls->nterms; i++)
		if (cls->terms[i].consent)
			return true;
	return false;
}

static bool takes_part(const struct maker *m, const struct rule *r)
{
	return has_subject(m, r, 0) && (!m->q->withdrawal || consent_bound(m, r));
}

/* A way of its own, beside the one through the rule that it follows. */
static bool has_own_way(const struct rule *r)
{
	for (size_t i = 0; r->follows && i < r->nsubjects; i++)
		if (r->subjects[i].kind != SUBJECT_FOLLOWS || !streq(r->subjects[i].follows, r->follows))
			return true;
	return false;
}

static bool removes(const struct rule *r)
{
	return r->action == ACTION_DELETE || (r->action == ACTION_QUARANTINE && !r->ncolumns);
}

/* ---- the rules that no file holds ---- */

static struct rule derived(struct maker *m, const struct rule *r, enum rule_effect effect, const char *word)
{
	struct rule own = *r;

	own.name = arena_printf(m->a, "%s+%s", r->name, word);
	own.base = r;
	own.effect = effect;
	own.follows = own.via = NULL;
	own.cls = root_of(m, r)->cls;
	own.class_name = root_of(m, r)->class_name;
	own.limits = (struct limits)LIMITS_UNSET;
	own.anonymity = (struct anonymity){ .set = false };
	if (effect == EFFECT_DETACH || effect == EFFECT_MINIMISE || effect == EFFECT_STRIP)
		own.action = ACTION_ANONYMIZE;
	return own;
}

static void add(struct maker *m, struct rule r, bool takes)
{
	vec_push(m->a, &m->rules, r);
	if (takes)
		vec_push(m->a, &m->taking, r.name);
}

/* What follows a rule goes with its rows whoever found them. */
static void add_below(struct maker *m, const struct rule *base, const char *above)
{
	for (size_t i = 0; i < m->db->nrules; i++) {
		const struct rule *r = &m->db->rules[i];
		struct rule own;

		if (!r->follows || !streq(r->follows, base->name) || (r->shared && removes(r)))
			continue;
		own = derived(m, r, EFFECT_CLASS, arena_printf(m->a, "with %s", above));
		own.follows = above;
		own.via = r->via;
		own.cls = NULL;
		own.class_name = NULL;
		add(m, own, false);
		add_below(m, r, own.name);
	}
}

static void add_own(struct maker *m, const struct rule *r)
{
	struct rule own = derived(m, r, r->shared ? EFFECT_DETACH : EFFECT_OWN, "own");

	add(m, own, true);
	if (!r->shared)
		add_below(m, r, own.name);
}

static const struct column_op *column_op(const struct rule *r, const char *column)
{
	for (size_t i = 0; i < r->ncolumns; i++)
		if (streq(r->columns[i].column, column))
			return &r->columns[i];
	return NULL;
}

static void add_minimise(struct maker *m, const struct rule *r)
{
	struct rule own = derived(m, r, EFFECT_MINIMISE, "minimise");

	own.columns = arena_alloc(m->a, (r->nminimise + 1) * sizeof(*own.columns));
	own.ncolumns = 0;
	for (size_t i = 0; i < r->nminimise; i++)
		if (column_op(r, r->minimise[i]))
			own.columns[own.ncolumns++] = *column_op(r, r->minimise[i]);
	add(m, own, true);
}

static void add_grounds(struct maker *m, const struct rule *r)
{
	for (size_t i = 0; i < m->q->kept.n; i++) {
		const struct request_kept *k = &m->q->kept.v[i];
		struct rule own;

		if (!policy_rule_within(m->db, r->name, k->rule) || (k->ground->effect != GROUND_DETACH && k->ground->effect != GROUND_STRIP))
			continue;
		own = derived(m, r, k->ground->effect == GROUND_DETACH ? EFFECT_DETACH : EFFECT_STRIP, arena_printf(m->a, "%s %zu", k->ground->code, i + 1));
		own.ground = i + 1;
		add(m, own, true);
	}
}

/* Out of its chain it still leads to the people of the rule that it followed. */
static void keep_way(struct maker *m, const struct rule *r, struct rule *own)
{
	if (has_own_way(r) || !r->nsubjects) {
		own->subjects = arena_alloc(m->a, (r->nsubjects + 1) * sizeof(*own->subjects));
		if (r->nsubjects)
			memcpy(own->subjects, r->subjects, r->nsubjects * sizeof(*own->subjects));
		own->subjects[own->nsubjects++] = (struct subject_path){
			.type = m->policy->subjects[0].name, .kind = SUBJECT_FOLLOWS, .follows = r->follows, .loc = r->loc };
	}
}

static void add_rule(struct maker *m, const struct rule *r)
{
	struct rule own = *r;
	bool takes = takes_part(m, r);

	own.limits = (struct limits)LIMITS_UNSET;
	own.anonymity = (struct anonymity){ .set = false };
	if (takes && r->shared && (!r->follows || removes(r))) {
		/* never removed, and so no part of a chain that goes */
		own.effect = EFFECT_DETACH;
		own.action = ACTION_ANONYMIZE;
		if (r->follows)
			keep_way(m, r, &own);
		own.follows = own.via = NULL;
		own.cls = root_of(m, r)->cls;
		own.class_name = root_of(m, r)->class_name;
	}
	add(m, own, takes && (own.effect == EFFECT_DETACH || !r->follows || has_subject(m, root_of(m, r), 0)));
	if (!takes)
		return;
	if (own.effect == EFFECT_CLASS && has_own_way(r))
		add_own(m, r);
	if (r->nminimise && !m->q->withdrawal)
		add_minimise(m, r);
	add_grounds(m, r);
}

/* No ceilings, and nothing spared, wherever they are written. */
static void lift(struct limits *l)
{
	l->max_rows = l->keep_newest = -1;
	l->max_percent = -1.0;
}

void request_variant(struct arena *a, const struct policy *policy, const struct database *db,
		     const struct request *q, struct policy **ret_policy, struct database **ret_db,
		     const char *const **rules, size_t *nrules)
{
	struct maker m = { .a = a, .policy = policy, .db = db, .q = q };
	struct policy *p = arena_alloc(a, sizeof(*p));
	struct database *own = arena_alloc(a, sizeof(*own));

	for (size_t i = 0; i < db->nrules; i++)
		add_rule(&m, &db->rules[i]);
	*p = *policy;
	*own = *db;
	lift(&p->limits);
	lift(&own->limits);
	own->rules = m.rules.v;
	own->nrules = m.rules.n;
	*ret_policy = p;
	*ret_db = own;
	*rules = m.taking.v;
	*nrules = m.taking.n;
}
