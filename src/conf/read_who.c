/* Subjects, jurisdictions, backups: who a person is, what a request may take, where copies lie. */
#include "conf/sections.h"

#include <ctype.h>

#define IDENTIFIER(field) offsetof(struct identifier, field)
#define SUBJECT(field) offsetof(struct subject_type, field)
#define JURISDICTION(field) offsetof(struct jurisdiction, field)
#define BACKUP(field) offsetof(struct backup_store, field)

/* ---- subjects ---- */

static const char *const normalise_words[] = { "email", "e164", "trim", "case", "nfc", NULL };

static bool read_country(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	const char *text = conf_string(r, s, conf_allowed(r, key));

	if (!text)
		return false;
	if (strlen(text) != 2 || !isupper((unsigned char)text[0]) ||
	    !isupper((unsigned char)text[1]))
		return conf_bad(r, s, conf_allowed(r, key), "not a country");
	((struct identifier *)into)->country = text;
	return true;
}

static const struct conf_type country = { "country",
	"two capital letters of ISO 3166, such as \"CN\"", read_country };

static const struct conf_key identifier_keys[] = {
	{ "table", &conf_table, IDENTIFIER(table),
	  .meaning = "where it stands, when not in the root" },
	{ "column", &conf_name, IDENTIFIER(column), .required = true,
	  .meaning = "the column that holds it" },
	{ "subject", &conf_name, IDENTIFIER(subject),
	  .meaning = "the column of that table with the subject's key" },
	{ "valid_from", &conf_name, IDENTIFIER(valid_from),
	  .meaning = "the column with the instant since when it is theirs" },
	{ "valid_until", &conf_name, IDENTIFIER(valid_until),
	  .meaning = "the column with the instant until when it was theirs" },
	{ "normalise", &conf_choice, IDENTIFIER(normalise), .words = normalise_words,
	  .meaning = "how two spellings are compared; else exactly" },
	{ "country", &country, .meaning = "whose numbers are written without a prefix" },
	{ 0 },
};

static void identifier_check(struct conf_reader *r, const config_setting_t *s, void *into)
{
	const struct identifier *id = into;

	if (conf_has(s, "table") && !conf_has(s, "subject"))
		conf_wrong(r, id->loc, "allowed: subject = \"COLUMN\"",
			   "identifier \"%s\" stands in a table of its own, "
			   "which needs a column with the subject's key", id->name);
	if (conf_has(s, "subject") && !conf_has(s, "table"))
		conf_bad(r, config_setting_get_member(s, "subject"), "subject beside table",
			 "identifier \"%s\" stands in the root", id->name);
	if (conf_has(s, "country") && id->normalise && !streq(id->normalise, "e164"))
		conf_bad(r, config_setting_get_member(s, "country"),
			 "country beside normalise = \"e164\"",
			 "identifier \"%s\" is no telephone number", id->name);
}

const struct conf_section section_identifier = {
	"identifier", identifier_keys, sizeof(struct identifier), IDENTIFIER(loc), NULL,
		identifier_check,
};

static const struct conf_key subject_keys[] = {
	{ "root", &conf_table, SUBJECT(root), .required = true,
	  .meaning = "the table with one row a person" },
	{ "key", &conf_name, SUBJECT(key), .required = true, .meaning = "its key" },
	{ "identifiers", &conf_members, SUBJECT(identifiers), SUBJECT(nidentifiers),
	  .section = &section_identifier,
	  .meaning = "what people call themselves: e-mail, telephone" },
	{ 0 },
};

const struct conf_section section_subject = {
	"subject", subject_keys, sizeof(struct subject_type), SUBJECT(loc), NULL, NULL,
};

/* ---- terms as text ---- */

static bool read_period_text(struct conf_reader *r, const struct conf_key *key,
			     const config_setting_t *s, void *into)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed), *why;
	struct period p;

	if (!text)
		return false;
	if (!period_parse(text, &p, &why))
		return conf_bad(r, s, allowed, "%s", why);
	*(const char **)((char *)into + key->at) = text;
	return true;
}

/* "15 working days", "10 business days", or a period. */
static bool read_term_text(struct conf_reader *r, const struct conf_key *key,
			   const config_setting_t *s, void *into)
{
	static const char *const ends[] = { " working days", " business days", " working day",
		" business day" };
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed), *why;
	const char *bare = text;
	struct period p;

	if (!text)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(text), m = strlen(ends[i]);

		if (n > m && streq(text + n - m, ends[i]) && strspn(text, "0123456789") == n - m)
			bare = arena_printf(r->arena, "%.*s days", (int)(n - m), text);
	}
	if (!period_parse(bare, &p, &why))
		return conf_bad(r, s, allowed, "%s", why);
	*(const char **)((char *)into + key->at) = text;
	return true;
}

const struct conf_type conf_period_text = { "period", "\"24 hours\", \"35 days\", \"1 month\"",
	read_period_text };
const struct conf_type conf_term_text = {
	"term", "\"15 working days\", \"10 business days\", \"30 days\", \"1 month\"",
		read_term_text,
};

static const struct conf_key jurisdiction_keys[] = {
	{ "respond", &conf_term_text, JURISDICTION(respond), .required = true,
	  .meaning = "deadline of the answer" },
	{ "acknowledge", &conf_term_text, JURISDICTION(acknowledge),
	  .meaning = "deadline of the receipt" },
	{ "limit", &conf_term_text, JURISDICTION(limit), .meaning = "hard stop" },
	{ "extension", &conf_term_text, JURISDICTION(extension),
	  .meaning = "what one extension adds" },
	{ "holidays", &conf_path, JURISDICTION(holidays),
	  .meaning = "file of days that are no working days" },
	{ "zone", &conf_zone, JURISDICTION(zone), .meaning = "time zone whose days are counted (default UTC)" },
	{ 0 },
};

const struct conf_section section_jurisdiction = {
	"jurisdiction", jurisdiction_keys, sizeof(struct jurisdiction), JURISDICTION(loc), NULL,
		NULL,
};

/* ---- backups ---- */

static const char *const kind_words[] = { "pg_dump", "pgbackrest", "barman", "pg_basebackup",
	"command", NULL };

/* What each kind needs, and what it may have beside kind, keep and that. */
static const struct backup_kind {
	const char *kind, *needs, *may[4];
} backup_kinds[] = {
	{ "pg_dump", "path", { "pattern", "rewrite" } },
	{ "pgbackrest", "stanza", { "config", "program" } },
	{ "barman", "server", { "config", "program" } },
	{ "pg_basebackup", "path", { "pattern" } },
	{ "command", "argv", { NULL } },
};

/* A program is looked up in PATH unless it is a path. */
static bool read_program(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	const char *text = conf_string(r, s, conf_allowed(r, key));

	if (text)
		((struct backup_store *)into)->program = strchr(text, '/') ? conf_beside(r, text)
			: text;
	return text;
}

/* Arguments may stand twice. */
static bool read_argv(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	const char ***argv = (const char ***)((char *)into + key->at);
	size_t *nargv = (size_t *)((char *)into + key->also);
	int n = conf_count(s);
	bool ok = true;

	if (!n || !config_setting_is_aggregate(s))
		return conf_bad(r, s, conf_allowed(r, key), "not a list of arguments");
	*argv = arena_alloc(r->arena, ((size_t)n + 1) * sizeof(**argv));
	for (int i = 0; i < n; i++) {
		const char *text = arena_strdup(r->arena, config_setting_get_string(conf_elem(s, i)));

		if (!text || (i == 0 && !*text))
			ok = conf_bad(r, conf_elem(s, i), conf_allowed(r, key),
				      text ? "empty" : "not a string");
		else
			(*argv)[(*nargv)++] = i == 0 && strchr(text, '/') ? conf_beside(r, text) : text;
	}
	return ok;
}

static const struct conf_type program = { "program", "a program's name or path", read_program };
const struct conf_type conf_argv = { "arguments", "[ \"program\", \"argument\", … ]",
	read_argv };

static const struct conf_key backup_keys[] = {
	{ "kind", &conf_choice, BACKUP(kind), .words = kind_words, .required = true,
	  .meaning = "who makes them" },
	{ "path", &conf_path, BACKUP(path), .meaning = "the folder (pg_dump, pg_basebackup)" },
	{ "pattern", &conf_text, BACKUP(pattern), .meaning = "names of the files in it" },
	{ "stanza", &conf_text, BACKUP(stanza), .meaning = "pgBackRest's stanza" },
	{ "server", &conf_text, BACKUP(server), .meaning = "Barman's server" },
	{ "config", &conf_path, BACKUP(config),
	  .meaning = "the tool's configuration, else its own default" },
	{ "program", &program, .meaning = "the tool, else the one in PATH" },
	{ "argv", &conf_argv, BACKUP(argv), BACKUP(nargv), .meaning = "command that prints the list of backups as JSON" },
	{ "keep", &conf_period_text, BACKUP(keep), .meaning = "how long they are said to be kept" },
	{ "rewrite", &conf_bool, BACKUP(rewrite), .meaning = "archives are made clean in place" },
	{ 0 },
};

static bool kind_takes(const struct backup_kind *k, const char *key)
{
	if (streq(key, k->needs) || streq(key, "kind") || streq(key, "keep"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(k->may) && k->may[i]; i++)
		if (streq(key, k->may[i]))
			return true;
	return false;
}

static void kind_check(struct conf_reader *r, const config_setting_t *s,
		       const struct backup_store *b,
		       const struct backup_kind *k)
{
	if (!conf_has(s, k->needs))
		conf_wrong(r, b->loc, NULL, "backup \"%s\": kind \"%s\" needs key \"%s\"", b->name,
			   k->kind, k->needs);
	for (const struct conf_key *key = backup_keys; key->name; key++)
		if (conf_has(s, key->name) && !kind_takes(k, key->name))
			conf_bad(r, config_setting_get_member(s, key->name), NULL,
				 "says nothing for backups of kind \"%s\"", k->kind);
}

static void backup_check(struct conf_reader *r, const config_setting_t *s, void *into)
{
	const struct backup_store *b = into;

	for (size_t i = 0; b->kind && i < ARRAY_SIZE(backup_kinds); i++)
		if (streq(b->kind, backup_kinds[i].kind))
			kind_check(r, s, b, &backup_kinds[i]);
}

const struct conf_section section_backup = {
	"backup", backup_keys, sizeof(struct backup_store), BACKUP(loc), NULL, backup_check,
};
