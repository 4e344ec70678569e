/* The main file, the files it includes, databases and limits. */
#include "conf/conninfo.h"
#include "conf/sections.h"

#define LIMIT(field) offsetof(struct limits, field)

static void limits_init(void *into)
{
	*(struct limits *)into = (struct limits)LIMITS_UNSET;
}

/* lane counts above this only queue behind each other */
#define LANES_MAX 64

static const struct conf_key limit_keys[] = {
	{ "max_rows", &conf_int64, LIMIT(max_rows), .min = 1,
	  .meaning = "most rows that one run may take of a rule; more stops it before any write" },
	{ "max_percent", &conf_percent, LIMIT(max_percent),
	  .meaning = "the same as a share of the table's rows" },
	{ "keep_newest", &conf_int64, LIMIT(keep_newest), .min = 1,
	  .meaning = "this many newest rows stay whatever their age" },
	{ "lock_timeout", &conf_duration, LIMIT(lock_timeout_ms),
	  .meaning = "longest wait for a lock" },
	{ "statement_timeout", &conf_duration, LIMIT(statement_timeout_ms),
	  .meaning = "longest statement" },
	{ "transaction_target", &conf_duration, LIMIT(transaction_target_ms),
	  .meaning = "what one transaction should take; its size adapts" },
	{ "max_clock_skew", &conf_duration, LIMIT(max_clock_skew_ms),
	  .meaning = "most that the clocks of server and client may differ" },
	{ "lanes", &conf_int, LIMIT(lanes), .min = 1, .max = LANES_MAX,
	  .meaning = "connections that work at once" },
	{ 0 },
};

const struct conf_section section_limits = {
	"limits", limit_keys, sizeof(struct limits), LIMIT(loc), limits_init, NULL,
};

/* ---- files that are named ---- */

static bool want_files(struct conf_reader *r, const config_setting_t *s, const char *database,
		       struct conf_wants *wants)
{
	bool ok = true;

	if (!conf_count(s))
		return conf_bad(r, s, "[ \"file.cfg\", … ]", "the list is empty");
	for (int i = 0; i < conf_count(s); i++) {
		const config_setting_t *e = conf_elem(s, i);
		const char *path = conf_string(r, e,
					       "[ \"file.cfg\", … ], also folders and patterns");

		if (path)
			vec_push(r->arena, wants, ((struct conf_wanted){ conf_beside(r, path),
				database, r->file, e }));
		else
			ok = false;
	}
	return ok;
}

static bool read_include(struct conf_reader *r, const struct conf_key *key,
			 const config_setting_t *s, void *into)
{
	(void)key;
	(void)into;
	return want_files(r, s, NULL, &r->includes);
}

static bool read_jobs(struct conf_reader *r, const struct conf_key *key, const config_setting_t *s,
		      void *into)
{
	(void)key;
	(void)into;
	return want_files(r, s, NULL, &r->jobs);
}

static bool read_tables(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, void *into)
{
	const struct database *db = into;

	(void)key;
	return want_files(r, s, db->name, &r->tables);
}

#define FILES_ALLOWED "a path or [ paths ] of files, folders (their *.cfg in name order) or patterns"
static const struct conf_type include_files = { "files", FILES_ALLOWED, read_include };
static const struct conf_type jobs_files = { "files", FILES_ALLOWED, read_jobs };
static const struct conf_type tables_files = { "files", FILES_ALLOWED, read_tables };

/* ---- databases ---- */

/* Never shows the value. */
static bool read_conninfo(struct conf_reader *r, const struct conf_key *key,
			  const config_setting_t *s, void *into)
{
	const char *allowed = arena_printf(r->arena, "allowed: %s", conf_allowed(r, key));
	const char *text = conf_string(r, s, conf_allowed(r, key)), *why;

	if (!text)
		return false;
	if (!conninfo_check(text, &why))
		return conf_wrong(r, conf_loc(r, s), allowed, "key \"conninfo\" = (not shown): %s",
				  why);
	((struct database *)into)->conninfo = text;
	return true;
}

static const struct conf_type conninfo = {
	"conninfo",
		"\"service=shop\", or host, port, dbname, user; the password stands in a passfile, "
	"a service file or the environment", read_conninfo,
};

static void database_init(void *into)
{
	((struct database *)into)->limits = (struct limits)LIMITS_UNSET;
}

#define DATABASE(field) offsetof(struct database, field)

static const struct conf_key database_keys[] = {
	{ "conninfo", &conninfo, .required = true,
	  .meaning = "where the database is, in libpq's words, without secrets" },
	{ "tables", &tables_files, .required = true, .meaning = "the files with its rules" },
	{ "replay_log", &conf_path, DATABASE(replay_log),
	  .meaning = "the log of erasures outside of the database, when not the one for all" },
	{ "limits", &conf_group, DATABASE(limits), .section = &section_limits,
	  .meaning = "limits of this database" },
	{ 0 },
};

const struct conf_section section_database = {
	"database", database_keys, sizeof(struct database), DATABASE(loc), database_init, NULL,
};

/* ---- top-level keys ---- */

static const char *const second_person_words[] = { "approve", "hold release", NULL };
static const char *const recurrence_words[] = { "report", "reopen", NULL };

#define POLICY(field) offsetof(struct policy, field)

#define COMMON_KEYS \
	{ "classes", &conf_members, POLICY(classes), POLICY(nclasses), .section = &section_class, \
	  .meaning = "retention classes: how long, since when, on what ground" }, \
	{ "subjects", &conf_members, POLICY(subjects), POLICY(nsubjects), \
	  .section = &section_subject, .meaning = "how a person is found" }, \
	{ "jurisdictions", &conf_members, POLICY(jurisdictions), POLICY(njurisdictions), \
	  .section = &section_jurisdiction, .meaning = "deadlines of requests" }, \
	{ "backups", &conf_members, POLICY(backups), POLICY(nbackups), .section = &section_backup, \
	  .meaning = "where backups are and who makes them" }, \
	{ "recipients", &conf_members, POLICY(recipients), POLICY(nrecipients), .section = &section_recipient, \
	  .meaning = "who else has the data, and is told of an erasure" }, \
	{ "no_backups", &conf_text, POLICY(no_backups), \
	  .meaning = "why there are none, instead of backups" }, \
	{ "replay_log", &conf_path, POLICY(replay_log), \
	  .meaning = "the log of erasures outside of the database, next to the backups" }, \
	{ "key_file", &conf_path, POLICY(key_file), \
	  .meaning = "32 bytes, mode 0400, outside of the database" }, \
	{ "limits", &conf_group, POLICY(limits), .section = &section_limits, \
	  .meaning = "limits of every run" }, \
	{ "second_person", &conf_choices, POLICY(second_person), POLICY(nsecond_person), \
	  .words = second_person_words, .meaning = "where two people are needed" }, \
	{ "cool_down", &conf_period_text, POLICY(cool_down), .meaning = "time between the two" }, \
	{ "recurrence", &conf_choice, POLICY(recurrence), .words = recurrence_words, \
	  .meaning = "what a subject who was imported again does" }, \
	{ "suppression", &conf_period_text, POLICY(suppression), \
	  .meaning = "how long digests of erased people are kept, to notice that (default 3 years)" }

static const struct conf_key main_keys[] = {
	{ "databases", &conf_members, POLICY(databases), POLICY(ndatabases),
	  .section = &section_database,
	  .required = true, .meaning = "the databases and the files with their rules" },
	{ "include", &include_files, .meaning = "further files, read in this order" },
	{ "jobs", &jobs_files, .meaning = "the folder with the jobs" },
	COMMON_KEYS,
	{ 0 },
};

static const struct conf_key included_keys[] = {
	COMMON_KEYS,
	{ 0 },
};

const struct conf_section section_main = { "the main file", main_keys, sizeof(struct policy), 0,
	NULL, NULL };
const struct conf_section section_included = { "an included file", included_keys,
	sizeof(struct policy), 0, NULL, NULL };
