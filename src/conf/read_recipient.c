/* Recipients: who else has the data, and how they are told of an erasure. */
#include "conf/sections.h"

#define RECIPIENT(field) offsetof(struct recipient, field)

/* a command that fails this often does not come right by itself */
#define RETRIES_MAX 100

static void recipient_init(void *into)
{
	struct recipient *to = into;

	to->timeout_ms = 30 * 1000;
	to->retries = 8;
	to->backoff_ms = 15 * 60 * 1000;
}

static const struct conf_key recipient_keys[] = {
	{ "argv", &conf_argv, RECIPIENT(argv), RECIPIENT(nargv), .required = true,
	  .meaning = "the command that tells it: one JSON object on its standard input, no shell" },
	{ "subject", &conf_text, RECIPIENT(subject),
	  .meaning = "only of people of this type; else of every type" },
	{ "known_by", &conf_text, RECIPIENT(known_by),
	  .meaning = "the identifier by which it knows a person; else the subject's key" },
	{ "rules", &conf_names, RECIPIENT(rules), RECIPIENT(nrules),
	  .meaning = "rules whose rows it has received; with neither rules nor classes: all" },
	{ "classes", &conf_names, RECIPIENT(classes), RECIPIENT(nclasses),
	  .meaning = "classes whose rows it has received" },
	{ "timeout", &conf_duration, RECIPIENT(timeout_ms),
	  .meaning = "longest time for one attempt (default 30s)" },
	{ "retries", &conf_int, RECIPIENT(retries), .min = 0, .max = RETRIES_MAX,
	  .meaning = "attempts after the first one (default 8)" },
	{ "backoff", &conf_duration, RECIPIENT(backoff_ms),
	  .meaning = "pause before the second attempt, doubled each time up to a day (default 15min)" },
	{ 0 },
};

const struct conf_section section_recipient = {
	"recipient", recipient_keys, sizeof(struct recipient), RECIPIENT(loc), recipient_init, NULL,
};

/* ---- what must exist elsewhere ---- */

static bool tables_lost(struct conf_reader *r)
{
	for (size_t i = 0; i < r->policy->ndatabases; i++)
		if (conf_is_lost(r, "database", r->policy->databases[i].name, "tables"))
			return true;
	return r->incomplete;
}

static bool is_rule(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->ndatabases; i++)
		if (policy_rule(&p->databases[i], name))
			return true;
	return false;
}

static void check_names(struct conf_reader *r, const struct recipient *to)
{
	for (size_t i = 0; !tables_lost(r) && i < to->nrules; i++)
		if (!is_rule(r->policy, to->rules[i]))
			conf_bad_key(r, "recipient", to->name, "rules", "names of rules", "there is no rule %s",
				     conf_quoted(r, to->rules[i]));
	for (size_t i = 0; !r->incomplete && i < to->nclasses; i++)
		if (!policy_class(r->policy, to->classes[i]))
			conf_bad_key(r, "recipient", to->name, "classes", "names of classes", "there is no class %s",
				     conf_quoted(r, to->classes[i]));
}

static void check_person(struct conf_reader *r, const struct recipient *to)
{
	const struct policy *p = r->policy;

	if (r->incomplete)
		return;
	if (to->subject && !policy_subject(p, to->subject)) {
		conf_bad_key(r, "recipient", to->name, "subject", "the names in subjects = { … }", "no such subject");
		return;
	}
	for (size_t i = 0; to->known_by && i < p->nsubjects; i++)
		if ((!to->subject || streq(to->subject, p->subjects[i].name)) && !subject_identifier(&p->subjects[i], to->known_by)) {
			conf_bad_key(r, "recipient", to->name, "known_by", "an identifier that every person whom it knows has",
				     "subject \"%s\" has no identifier %s", p->subjects[i].name, conf_quoted(r, to->known_by));
			return;
		}
	if (!p->key_file)
		conf_wrong(r, to->loc, "key_file = \"PATH\"",
			   "recipient \"%s\" is told by what it finds a person, which is sealed until then, and there is no key_file",
			   to->name);
}

void conf_check_recipients(struct conf_reader *r)
{
	for (size_t i = 0; i < r->policy->nrecipients; i++) {
		check_names(r, &r->policy->recipients[i]);
		check_person(r, &r->policy->recipients[i]);
	}
}
