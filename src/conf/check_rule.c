/* Rules against classes, other rules and subjects. A message stands at the key that is wrong;
 * what a fault already reported entails is not reported again. */
#include "conf/sections.h"
#include "conf/sqlcond.h"

static const char *const *class_names(struct conf_reader *r)
{
	VEC(const char *) names = { NULL, 0, 0 };

	for (size_t i = 0; i < r->policy->nclasses; i++)
		vec_push(r->arena, &names, r->policy->classes[i].name);
	vec_push(r->arena, &names, NULL);
	return names.v;
}

static const char *const *rule_names(struct conf_reader *r)
{
	VEC(const char *) names = { NULL, 0, 0 };

	for (size_t i = 0; i < r->db->nrules; i++)
		vec_push(r->arena, &names, r->db->rules[i].name);
	vec_push(r->arena, &names, NULL);
	return names.v;
}

static bool lost(const struct conf_reader *r, const struct rule *rule, const char *key)
{
	return conf_is_lost(r, "rule", rule->name, key);
}

/* Of the class: its keys were read outside of any database. */
static bool class_lost(struct conf_reader *r, const struct retention_class *c, const char *key)
{
	struct database *db = r->db;
	bool is;

	r->db = NULL;
	is = conf_is_lost(r, "class", c->name, key);
	r->db = db;
	return is;
}

/* Some of the database's rules could not be read. */
static bool rules_lost(struct conf_reader *r)
{
	struct database *db = r->db;
	bool is;

	r->db = NULL;
	is = conf_is_lost(r, "database", db->name, "tables");
	r->db = db;
	return is;
}

/* ---- names ---- */

static void resolve_class(struct conf_reader *r, struct rule *rule)
{
	if (!rule->class_name || rule->follows)
		return;
	rule->cls = policy_class(r->policy, rule->class_name);
	if (!rule->cls && !r->incomplete)
		conf_bad_key(r, "rule", rule->name, "class", conf_join(r, class_names(r)),
			     "no such class%s",
			     conf_nearest(r, rule->class_name, class_names(r)));
}

/* The parent at the end of the chain; NULL: it has none, or goes in a circle. */
static const struct rule *chain_end(const struct conf_reader *r, const struct rule *rule)
{
	for (size_t steps = 0; rule && rule->follows; steps++) {
		if (steps > r->db->nrules)
			return NULL;
		rule = policy_rule(r->db, rule->follows);
	}
	return rule;
}

static bool in_circle(const struct conf_reader *r, const struct rule *rule)
{
	const struct rule *at = rule;

	for (size_t steps = 0; at && at->follows && steps <= r->db->nrules; steps++) {
		at = policy_rule(r->db, at->follows);
		if (at == rule)
			return true;
	}
	return false;
}

static void check_follows(struct conf_reader *r, const struct rule *rule)
{
	if (!rule->follows)
		return;
	if (streq(rule->follows, rule->name))
		conf_bad_key(r, "rule", rule->name, "follows", "another rule",
			     "a rule can't follow itself");
	else if (!policy_rule(r->db, rule->follows) && !rules_lost(r))
		conf_bad_key(r, "rule", rule->name, "follows", conf_join(r, rule_names(r)),
			     "no such rule%s",
			     conf_nearest(r, rule->follows, rule_names(r)));
	else if (in_circle(r, rule))
		conf_bad_key(r, "rule", rule->name, "follows",
			     "a chain that ends at a rule with a class",
			     "rule \"%s\" follows itself through others", rule->name);
}

/* ---- action ---- */

/* False: nothing about the action can be said. */
static bool resolve_action(struct conf_reader *r, struct rule *rule)
{
	if (lost(r, rule, "action"))
		return false;
	if (rule->action == ACTION_NONE && rule->cls)
		rule->action = rule->cls->action;
	if (rule->action != ACTION_NONE)
		return true;
	/* a follower without one was told so when it was read */
	if (rule->cls && !class_lost(r, rule->cls, "action"))
		conf_bad_key(r, "rule", rule->name, "action", "delete, anonymize, quarantine",
			     "neither it nor its class \"%s\" has an action", rule->cls->name);
	return false;
}

static void check_vault(struct conf_reader *r, const struct rule *rule)
{
	const struct rule *end = chain_end(r, rule);
	const struct retention_class *c = end ? end->cls : NULL;

	if (!c || c->has_vault || class_lost(r, c, "vault"))
		return;
	conf_wrong(r, c->loc, "allowed: vault = \"30 days\"",
		   "class \"%s\" has no vault: rule \"%s\" at %s:%d quarantines, "
		   "and nothing says until when", c->name,
		   rule->name, rule->loc.file, rule->loc.line);
}

static bool only_kept(const struct rule *rule)
{
	for (size_t i = 0; i < rule->ncolumns; i++)
		if (!streq(rule->columns[i].op, "keep"))
			return false;
	return true;
}

static void check_action(struct conf_reader *r, const struct rule *rule)
{
	switch (rule->action) {
	case ACTION_NONE:
		return;
	case ACTION_DELETE:
		if (!only_kept(rule) && !rule->nminimise && !rule->shared &&
		    !lost(r, rule, "minimise") &&
		    !lost(r, rule, "shared"))
			conf_bad_key(r, "rule", rule->name, "columns",
				     "with action \"delete\" only beside minimise or shared",
				     "rule \"%s\" deletes whole rows", rule->name);
		return;
	case ACTION_ANONYMIZE:
		if (only_kept(rule) && !lost(r, rule, "columns"))
			conf_bad_key(r, "rule", rule->name, "columns", "{ NAME = \"null\"; … }",
				     "it anonymizes, and no column is named for that");
		return;
	case ACTION_QUARANTINE:
		check_vault(r, rule);
		return;
	}
}

/* ---- clocks ---- */

static const struct event *event_find(const struct rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->nevents; i++)
		if (streq(rule->events[i].name, name))
			return &rule->events[i];
	return NULL;
}

static void check_event(struct conf_reader *r, const struct rule *rule, const struct term *t)
{
	const char *name = t->until ? t->until : t->from;

	if (!name || t->ignore_null || event_find(rule, name) || lost(r, rule, "events"))
		return;
	conf_bad_key(r, "rule", rule->name, "events", arena_printf(r->arena, "{ %s = \"column\"; }",
								   name),
		     "class \"%s\" (%s:%d) needs event \"%s\", which the rule does not give",
		     rule->cls->name,
		     t->loc.file, t->loc.line, name);
}

static void warn_events(struct conf_reader *r, const struct rule *rule)
{
	for (size_t i = 0; i < rule->nevents; i++) {
		bool named = false;

		for (size_t k = 0; k < rule->cls->nterms; k++) {
			const struct term *t = &rule->cls->terms[k];

			named |= (t->from && streq(t->from, rule->events[i].name)) ||
				 (t->until && streq(t->until, rule->events[i].name));
		}
		if (!named)
			conf_warn(r, rule->events[i].clock.loc, NULL,
				  "key \"%s\": class \"%s\" names no such event: it says nothing",
				  rule->events[i].name, rule->cls->name);
	}
}

static void check_clocks(struct conf_reader *r, const struct rule *rule)
{
	bool needed = false;

	if (!rule->cls)
		return;
	for (size_t i = 0; i < rule->cls->nterms; i++) {
		const struct term *t = &rule->cls->terms[i];

		check_event(r, rule, t);
		needed |= !t->until && !t->from;
	}
	warn_events(r, rule);
	if (!needed && rule->limits.keep_newest > 0)
		needed = true;
	if (needed && !rule->start.n && !lost(r, rule, "start"))
		conf_bad_key(r, "rule", rule->name, "start",
			     "\"column\", [ \"a\", \"b\" ], { latest = [ … ]; }",
			     "it has a class and no start: nothing starts the clock");
}

/* ---- columns, subjects ---- */

static void check_minimise(struct conf_reader *r, const struct rule *rule)
{
	for (size_t i = 0; i < rule->nminimise && !lost(r, rule, "columns"); i++) {
		const char *op = NULL;

		for (size_t k = 0; k < rule->ncolumns; k++)
			if (streq(rule->columns[k].column, rule->minimise[i]))
				op = rule->columns[k].op;
		if (!op || streq(op, "keep"))
			conf_bad_key(r, "rule", rule->name, "minimise",
				     "columns that have an operator in columns",
				     "column %s has none", conf_quoted(r, rule->minimise[i]));
	}
}

static void check_path(struct conf_reader *r, const struct rule *rule,
		       const struct subject_path *path)
{
	const struct subject_type *type = policy_subject(r->policy, path->type);

	if (!type)
		conf_wrong(r, path->loc, "allowed: the names in subjects = { … }",
			   "key \"%s\" of subject in rule \"%s\": no such subject", path->type,
			   rule->name);
	else if (path->identifier && !subject_identifier(type, path->identifier))
		conf_wrong(r, path->loc, "allowed: the names in its identifiers = { … }",
			   "key \"identifier\" = %s: subject \"%s\" has no such identifier",
			   conf_quoted(r, path->identifier), type->name);
	if (path->follows && streq(path->follows, rule->name))
		conf_wrong(r, path->loc, "allowed: another rule",
			   "key \"follows\" = %s: a rule can't lead to its own subjects",
			   conf_quoted(r, path->follows));
	else if (path->follows && !policy_rule(r->db, path->follows) && !rules_lost(r))
		conf_wrong(r, path->loc, arena_printf(r->arena, "allowed: %s",
						      conf_join(r, rule_names(r))),
			   "key \"follows\" = %s: no such rule%s", conf_quoted(r, path->follows),
			   conf_nearest(r, path->follows, rule_names(r)));
}

/* Without any subjects nobody can ask for an erasure, and retention works all the same. */
static void check_subjects(struct conf_reader *r, const struct rule *rule)
{
	if (rule->no_subject && rule->nsubjects)
		conf_bad_key(r, "rule", rule->name, "no_subject", "remove one of the two", "the rule has a subject");
	if (r->incomplete || !rule->nsubjects)
		return;
	if (!r->policy->nsubjects) {
		conf_warn_key(r, "rule", rule->name, "subject",
			      "there are no subjects, so it says nothing");
		return;
	}
	for (size_t i = 0; i < rule->nsubjects; i++)
		check_path(r, rule, &rule->subjects[i]);
}

static void check_anonymity(struct conf_reader *r, const struct rule *rule)
{
	if (rule->anonymity.set && rule->action != ACTION_ANONYMIZE)
		conf_warn_key(r, "rule", rule->name, "anonymity",
			      "the rule does not anonymize, so it says nothing");
}

static void check_exempt(struct conf_reader *r, const struct exempt *e)
{
	for (size_t k = 0; e->table && k < r->db->nrules; k++) {
		const struct rule *rule = &r->db->rules[k];

		if (!rule->table || !sqltable_same(e->table, rule->table))
			continue;
		conf_wrong(r, e->loc, "remove one of the two",
			   "key \"table\" = %s: exempt, and rule \"%s\" at %s:%d is about it",
			   conf_quoted(r, e->table), rule->name, rule->loc.file, rule->loc.line);
		return;
	}
}

static void check_database(struct conf_reader *r)
{
	for (size_t i = 0; i < r->db->nrules; i++)
		resolve_class(r, &r->db->rules[i]);
	for (size_t i = 0; i < r->db->nrules; i++) {
		struct rule *rule = &r->db->rules[i];

		check_follows(r, rule);
		if (resolve_action(r, rule)) {
			check_action(r, rule);
			check_anonymity(r, rule);
		}
		check_clocks(r, rule);
		check_minimise(r, rule);
		check_subjects(r, rule);
	}
	for (size_t i = 0; i < r->db->nexempts; i++)
		check_exempt(r, &r->db->exempts[i]);
}

void conf_check_rules(struct conf_reader *r)
{
	for (size_t i = 0; i < r->policy->ndatabases; i++) {
		r->db = &r->policy->databases[i];
		check_database(r);
	}
	r->db = NULL;
}
