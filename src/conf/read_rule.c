/* Rules: which table and columns each class binds. */
#include "conf/sections.h"

#define ANONYMITY(field) offsetof(struct anonymity, field)

static void anonymity_init(void *into)
{
	((struct anonymity *)into)->set = true;
}

static const struct conf_key anonymity_keys[] = {
	{ "k", &conf_int, ANONYMITY(k), .min = 1, .max = 1000000,
	  .meaning = "smallest group, when not the class's" },
	{ "l", &conf_int, ANONYMITY(l), .min = 1, .max = 1000000,
	  .meaning = "least distinct sensitive values in a group" },
	{ "subject", &conf_name, ANONYMITY(subject),
	  .meaning = "the column that tells persons apart" },
	{ "quasi", &conf_names, ANONYMITY(quasi), ANONYMITY(nquasi),
	  .meaning = "columns that together single people out" },
	{ "suppress", &conf_names, ANONYMITY(suppress), ANONYMITY(nsuppress),
	  .meaning = "columns set to NULL in small groups" },
	{ "sensitive", &conf_names, ANONYMITY(sensitive), ANONYMITY(nsensitive),
	  .meaning = "columns whose values must vary" },
	{ 0 },
};

const struct conf_section section_anonymity = {
	"anonymity", anonymity_keys, sizeof(struct anonymity), ANONYMITY(loc), anonymity_init, NULL,
};

#define RULE(field) offsetof(struct rule, field)

static void rule_init(void *into)
{
	((struct rule *)into)->limits = (struct limits)LIMITS_UNSET;
}

static const struct conf_key rule_keys[] = {
	{ "table", &conf_table, RULE(table), .required = true, .meaning = "the table, as in SQL" },
	{ "class", &conf_text, RULE(class_name), .meaning = "its retention class" },
	{ "start", &conf_start,
	  .meaning = "the column that starts the clock; of several the first that is not NULL" },
	{ "events", &conf_events,
	  .meaning = "columns of other events, and of until, that the class names" },
	{ "where", &conf_condition, RULE(where), .meaning = "rows that the rule is about" },
	{ "columns", &conf_columns, .meaning = "what happens to each column" },
	{ "action", &conf_word, RULE(action), .min = ACTION_DELETE, .words = action_words,
	  .meaning = "what happens to due rows, when not the class's" },
	{ "follows", &conf_text, RULE(follows),
	  .meaning = "the rule of the parent table: due when the parent row is" },
	{ "via", &conf_name, RULE(via),
	  .meaning = "the foreign key to the parent, where there are several" },
	{ "only", &conf_bool, RULE(only), .meaning = "without the rows of inheritance children" },
	{ "stored_zone", &conf_zone, RULE(stored_zone),
	  .meaning = "zone of zoneless columns, when not the class's" },
	{ "plausible_from", &conf_date, RULE(plausible_from),
	  .meaning = "starts before this day are anomalous" },
	{ "anonymity", &conf_group, RULE(anonymity), .section = &section_anonymity,
	  .meaning = "how k is measured" },
	{ "triggers", &conf_names, RULE(triggers), RULE(ntriggers),
	  .meaning = "triggers that were looked at and may run" },
	{ "copies", &conf_names, RULE(copies), RULE(ncopies),
	  .meaning = "side copies dealt with: publications, materialized views, tsvector and oid columns" },
	{ "mutable_start", &conf_bool, RULE(mutable_start), .meaning = "start may be a column like updated_at" },
	{ "children", &conf_children, .meaning = "what happens to rows that refer to a due one" },
	{ "limits", &conf_group, RULE(limits), .section = &section_limits,
	  .meaning = "limits of this rule" },
	{ "subject", &conf_subjects, .meaning = "whose the rows are" },
	{ "no_subject", &conf_text, RULE(no_subject),
	  .meaning = "instead: why no row can be led to a person; else personal columns stop approvals" },
	{ "shared", &conf_bool, RULE(shared),
	  .meaning = "other people's too: a request takes link and columns, never the row" },
	{ "minimise", &conf_names, RULE(minimise), RULE(nminimise),
	  .meaning = "columns that a request strips at once" },
	{ 0 },
};

/* follows excludes what would give the rule a clock of its own. */
static void follower_check(struct conf_reader *r, const config_setting_t *s,
			   const struct rule *rule)
{
	static const char *const own[] = { "class", "start", "events" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (conf_has(s, own[i]))
			conf_bad(r, config_setting_get_member(s, own[i]),
				 "either follows, or class and start",
				 "rule \"%s\" follows another and has no clock of its own",
				 rule->name);
	if (!conf_has(s, "action"))
		conf_wrong(r, rule->loc,
			   "allowed: action = \"delete\", \"anonymize\", \"quarantine\"",
			   "rule \"%s\": a rule that follows another needs an action", rule->name);
}

static void rule_check(struct conf_reader *r, const config_setting_t *s, void *into)
{
	struct rule *rule = into;

	if (conf_has(s, "follows")) {
		follower_check(r, s, rule);
		return;
	}
	if (!conf_has(s, "class"))
		conf_wrong(r, rule->loc,
			   "allowed: class = \"NAME\" and start = \"COLUMN\", or follows = \"RULE\"",
			   "rule \"%s\" has neither class nor follows: "
			   "nothing says when its rows are due", rule->name);
	if (conf_has(s, "via"))
		conf_bad(r, config_setting_get_member(s, "via"), "via beside follows",
			 "rule \"%s\" follows no other", rule->name);
}

const struct conf_section section_rule = {
	"rule", rule_keys, sizeof(struct rule), RULE(loc), rule_init, rule_check,
};

#define EXEMPT(field) offsetof(struct exempt, field)

static const struct conf_key exempt_keys[] = {
	{ "table", &conf_table, EXEMPT(table), .required = true,
	  .meaning = "a table without a rule" },
	{ "reason", &conf_text, EXEMPT(reason), .required = true, .meaning = "why it needs none" },
	{ 0 },
};

const struct conf_section section_exempt = {
	"exempt table", exempt_keys, sizeof(struct exempt), EXEMPT(loc), NULL, NULL,
};

#define DATABASE(field) offsetof(struct database, field)

static const struct conf_key tables_keys[] = {
	{ "rules", &conf_members, DATABASE(rules), DATABASE(nrules), .section = &section_rule,
	  .meaning = "the rules" },
	{ "exempt", &conf_items, DATABASE(exempts), DATABASE(nexempts), .section = &section_exempt,
	  .meaning = "tables that need no rule" },
	{ 0 },
};

const struct conf_section section_tables_file = {
	"a tables file", tables_keys, sizeof(struct database), 0, NULL, NULL,
};
