/* Jobs: when things happen. */
#include "conf/sections.h"

#include "base/cron.h"

#include <ctype.h>

static const char *const step_words[] = { "requests", "rules", "purge", "backups", "report", NULL };

#define THROTTLE(field) offsetof(struct throttle, field)
#define JOB(field) offsetof(struct job, field)

static void throttle_init(void *into)
{
	*(struct throttle *)into = (struct throttle){ -1, -1, -1, -1, -1.0 };
}

static const struct conf_key throttle_keys[] = {
	{ "replica_lag", &conf_duration, THROTTLE(replica_lag_ms),
	  .meaning = "pause while a replica is further behind" },
	{ "wal_rate", &conf_rate, THROTTLE(wal_rate_bytes), .meaning = "most WAL per second" },
	{ "lock_waiters", &conf_int64, THROTTLE(lock_waiters), .min = 1,
	  .meaning = "pause while so many sessions wait for locks" },
	{ "xmin_age", &conf_duration, THROTTLE(xmin_age_ms),
	  .meaning = "pause while a snapshot is older" },
	{ "load", &conf_number, THROTTLE(load), .meaning = "pause while more sessions are active" },
	{ 0 },
};

const struct conf_section section_throttle = {
	"throttle", throttle_keys, sizeof(struct throttle), 0, throttle_init, NULL,
};

static bool read_schedule(struct conf_reader *r, const struct conf_key *key,
			  const config_setting_t *s, void *into)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed);
	struct diag d = DIAG_INIT;
	struct cron cron;

	if (!text)
		return false;
	if (!cron_parse(text, &cron, &d))
		return conf_bad(r, s, allowed, "%s", d.message);
	((struct job *)into)->schedule = text;
	return true;
}

static bool clock_time(const char *s)
{
	int hour, minute;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? s[i] != ':' : !isdigit((unsigned char)s[i]))
			return false;
	hour = (s[0] - '0') * 10 + s[1] - '0';
	minute = (s[3] - '0') * 10 + s[4] - '0';
	return hour < 24 && minute < 60;
}

static bool read_window(struct conf_reader *r, const struct conf_key *key,
			const config_setting_t *s, void *into)
{
	const char *allowed = conf_allowed(r, key), *text = conf_string(r, s, allowed);

	if (!text)
		return false;
	if (strlen(text) != 11 || text[5] != '-' || !clock_time(text) || !clock_time(text + 6))
		return conf_bad(r, s, allowed, "not two times of the day");
	if (strncmp(text, text + 6, 5) == 0)
		return conf_bad(r, s, allowed, "it opens and closes at the same time");
	((struct job *)into)->window = text;
	return true;
}

static const struct conf_type schedule = {
	"schedule", "five fields: minute hour day month weekday, such as \"30 1 * * *\", or @daily",
	read_schedule,
};
static const struct conf_type window = { "window", "HH:MM-HH:MM, such as \"01:30-05:30\"",
	read_window };

static void job_init(void *into)
{
	throttle_init(&((struct job *)into)->throttle);
}

static const struct conf_key job_keys[] = {
	{ "name", &conf_text, JOB(name), .required = true, .meaning = "what run --job calls it" },
	{ "schedule", &schedule, .required = true, .meaning = "when it starts" },
	{ "zone", &conf_zone, JOB(zone), .meaning = "whose clock the schedule means; else UTC" },
	{ "window", &window, .meaning = "no unit starts outside of it" },
	{ "database", &conf_text, JOB(database),
	  .meaning = "which database; may be left out where there is one" },
	{ "steps", &conf_choices, JOB(steps), JOB(nsteps), .words = step_words, .required = true,
	  .meaning = "what is done, in this order" },
	{ "catch_up", &conf_bool, JOB(catch_up), .meaning = "start late after a downtime" },
	{ "throttle", &conf_group, JOB(throttle), .section = &section_throttle,
	  .meaning = "when to go slower: read, but not obeyed yet" },
	{ 0 },
};

const struct conf_section section_job = { "job", job_keys, sizeof(struct job), JOB(loc), job_init,
	NULL };

static const struct conf_key file_keys[] = {
	{ "job", &conf_items, offsetof(struct policy, jobs), offsetof(struct policy, njobs),
	  .section = &section_job,
	  .required = true, .meaning = "the job" },
	{ 0 },
};

const struct conf_section section_job_file = { "a job file", file_keys, sizeof(struct policy), 0,
	NULL, NULL };
