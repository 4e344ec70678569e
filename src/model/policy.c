#include "model/policy.h"

const char *action_word(enum action action)
{
	static const char *const words[] = { "none", "delete", "anonymize", "quarantine" };

	return words[action];
}

const char *rule_name(const struct rule *r)
{
	return r->base ? r->base->name : r->name;
}

const char *rule_action_word(const struct rule *r)
{
	switch (r->effect) {
	case EFFECT_CLASS: case EFFECT_OWN: return action_word(r->action);
	case EFFECT_DETACH: return "detach";
	case EFFECT_MINIMISE: return "minimise";
	case EFFECT_STRIP: return "strip";
	}
	return NULL;
}

void policy_free(struct policy *p)
{
	arena_free(p->arena);
}

const struct database *policy_database(const struct policy *p, const char *name)
{
	if (!name)
		return p->ndatabases == 1 ? &p->databases[0] : NULL;
	for (size_t i = 0; i < p->ndatabases; i++)
		if (streq(p->databases[i].name, name))
			return &p->databases[i];
	return NULL;
}

const struct retention_class *policy_class(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->nclasses; i++)
		if (streq(p->classes[i].name, name))
			return &p->classes[i];
	return NULL;
}

const struct rule *policy_rule(const struct database *db, const char *name)
{
	for (size_t i = 0; i < db->nrules; i++)
		if (streq(db->rules[i].name, name))
			return &db->rules[i];
	return NULL;
}

bool policy_rule_within(const struct database *db, const char *name, const char *above)
{
	const struct rule *r = policy_rule(db, name);

	for (int depth = 0; above && r && depth < 40; depth++) {	/* a circle of rules is an error of its own */
		if (streq(above, r->name))
			return true;
		r = r->follows ? policy_rule(db, r->follows) : NULL;
	}
	return !above;
}

const struct job *policy_job(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->njobs; i++)
		if (streq(p->jobs[i].name, name))
			return &p->jobs[i];
	return NULL;
}

const struct subject_type *policy_subject(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->nsubjects; i++)
		if (streq(p->subjects[i].name, name))
			return &p->subjects[i];
	return NULL;
}

const struct identifier *subject_identifier(const struct subject_type *t, const char *name)
{
	for (size_t i = 0; i < t->nidentifiers; i++)
		if (streq(t->identifiers[i].name, name))
			return &t->identifiers[i];
	return NULL;
}

bool policy_second_person(const struct policy *p, const char *what)
{
	for (size_t i = 0; i < p->nsecond_person; i++)
		if (streq(p->second_person[i], what))
			return true;
	return false;
}

static const struct limits limits_default = {
	.max_rows = -1, .max_percent = -1.0, .keep_newest = -1, .lock_timeout_ms = 2000,
	.statement_timeout_ms = 60000, .transaction_target_ms = 100, .max_clock_skew_ms = 5000, .lanes = 2,
};

#define TAKE(field, unset) do { if (from->field > (unset)) into->field = from->field; } while (0)

static void limits_over(struct limits *into, const struct limits *from)
{
	TAKE(max_rows, -1);
	TAKE(max_percent, -1.0);
	TAKE(keep_newest, -1);
	TAKE(lock_timeout_ms, -1);
	TAKE(statement_timeout_ms, -1);
	TAKE(transaction_target_ms, -1);
	TAKE(max_clock_skew_ms, -1);
	TAKE(lanes, -1);
}

struct limits policy_limits(const struct policy *p, const struct database *db, const struct rule *rule)
{
	struct limits l = limits_default;

	limits_over(&l, &p->limits);
	limits_over(&l, &db->limits);
	if (rule)
		limits_over(&l, &rule->limits);
	return l;
}

#define PATIENCE 10		/* times lock_timeout */

int64_t policy_patience_ms(const struct policy *p, const struct database *db)
{
	return PATIENCE * policy_limits(p, db, NULL).lock_timeout_ms;
}
