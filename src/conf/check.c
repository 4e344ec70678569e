/* What holds between things once every file is read: databases, jobs, backups; rules are next
 * door. */
#include "conf/sections.h"

static const char *const *database_names(struct conf_reader *r)
{
	VEC(const char *) names = { NULL, 0, 0 };

	for (size_t i = 0; i < r->policy->ndatabases; i++)
		vec_push(r->arena, &names, r->policy->databases[i].name);
	vec_push(r->arena, &names, NULL);
	return names.v;
}

static void job_once(struct conf_reader *r, size_t i)
{
	const struct job *jobs = r->policy->jobs;

	for (size_t j = 0; j < i; j++) {
		if (!jobs[i].name || !jobs[j].name || !streq(jobs[i].name, jobs[j].name))
			continue;
		conf_wrong(r, jobs[i].loc, "rename or remove one of the two",
			   "key \"name\" = %s: a job of that name is defined twice, first at %s:%d",
			   conf_quoted(r, jobs[i].name), jobs[j].loc.file, jobs[j].loc.line);
		return;
	}
}

static void job_database(struct conf_reader *r, struct job *job)
{
	struct policy *p = r->policy;

	if (!job->database && p->ndatabases == 1)
		job->database = p->databases[0].name;
	else if (!job->database && p->ndatabases > 1 && !conf_is_lost(r, "job", NULL, "database"))
		conf_wrong(r, job->loc, arena_printf(r->arena, "allowed: %s",
						     conf_join(r, database_names(r))),
			   "job %s: key \"database\" is missing, and there are several",
			   job->name ? conf_quoted(r, job->name) : "");
	else if (job->database && p->ndatabases && !policy_database(p, job->database))
		conf_wrong(r, job->loc, arena_printf(r->arena, "allowed: %s",
						     conf_join(r, database_names(r))),
			   "key \"database\" = %s: no such database%s", conf_quoted(r, job->database),
			   conf_nearest(r, job->database, database_names(r)));
}

/* Every bound of it may be written; none is obeyed. */
static void warn_throttle(struct conf_reader *r, const struct job *job)
{
	const struct throttle *t = &job->throttle;

	if (t->replica_lag_ms >= 0 || t->wal_rate_bytes >= 0 || t->lock_waiters >= 0 || t->xmin_age_ms >= 0 || t->load >= 0)
		conf_warn(r, job->loc, "leave it out; window, lanes and transaction_target bound what a run asks of the server",
			  "job %s: throttle is read, but runs do not obey it yet", job->name ? conf_quoted(r, job->name) : "");
}

static void check_jobs(struct conf_reader *r)
{
	for (size_t i = 0; i < r->policy->njobs; i++) {
		job_once(r, i);
		job_database(r, &r->policy->jobs[i]);
		warn_throttle(r, &r->policy->jobs[i]);
	}
}

/* Both cannot be true. */
static void check_backups(struct conf_reader *r)
{
	const struct policy *p = r->policy;

	for (size_t i = 0; p->no_backups && i < r->top.n; i++)
		if (p->nbackups && streq(r->top.v[i].name, "no_backups"))
			conf_wrong(r, r->top.v[i].loc, "remove one of the two",
				   "key \"no_backups\" = %s: there are backups, at %s:%d",
				   conf_quoted(r, p->no_backups), p->backups[0].loc.file,
				   p->backups[0].loc.line);
}

/* Who came back is seen by digests, and these are made with the key. */
static void warn_keyless(struct conf_reader *r)
{
	const struct policy *p = r->policy;

	for (size_t i = 0; !p->key_file && !r->incomplete && i < r->top.n; i++)
		if (streq(r->top.v[i].name, "suppression") ||
		    (streq(r->top.v[i].name, "recurrence") && streq_null(p->recurrence, "reopen")))
			conf_warn(r, r->top.v[i].loc, "key_file = \"PATH\" names the key that digests are made with",
				  "key \"%s\": without key_file nobody who is imported again is noticed", r->top.v[i].name);
}

/* A class is not wrong with more than its action needs; it may serve rules with other actions. */
static void warn_unused(struct conf_reader *r)
{
	const struct policy *p = r->policy;

	for (size_t i = 0; i < p->nclasses; i++) {
		const struct retention_class *c = &p->classes[i];
		bool quarantines = c->action == ACTION_QUARANTINE || !c->has_vault;

		for (size_t d = 0; d < p->ndatabases; d++)
			for (size_t k = 0; k < p->databases[d].nrules; k++)
				quarantines |= p->databases[d].rules[k].action == ACTION_QUARANTINE;
		if (!quarantines)
			conf_warn_key(r, "class", c->name, "vault",
				      "nothing is quarantined, so it says nothing");
	}
}

void conf_check(struct conf_reader *r)
{
	check_jobs(r);
	check_backups(r);
	conf_check_rules(r);
	conf_check_recipients(r);
	warn_keyless(r);
	warn_unused(r);
}
