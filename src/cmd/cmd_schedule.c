#include "cmd/schedule.h"

#include "base/instant.h"
#include "base/nearest.h"
#include "report/json.h"

#include <ctype.h>

#define STARTS_DEFAULT 5
#define STARTS_MAX 10000

/* ---- jobs ---- */

static bool job_database(const struct policy *p, const struct job *job, const struct database **ret, struct diag *d)
{
	*ret = policy_database(p, job->database);
	if (*ret)
		return true;
	if (job->database)
		diag_fail(d, DIAG_CONFIG, "job %.60s is for database %.60s, which the configuration does not have",
			  job->name, job->database);
	else
		diag_fail(d, DIAG_CONFIG, "job %.60s names no database, and the configuration has %zu", job->name,
			  p->ndatabases);
	diag_where(d, "%s:%d", job->loc.file, job->loc.line);
	diag_hint(d, "set database to one of the names under databases");
	return false;
}

static bool compile_one(struct ctx *ctx, struct arena *a, const struct job *job, struct sched_job *ret)
{
	struct diag d = DIAG_INIT;

	if (sched_compile(a, job, &ret->sched, &d) && job_database(ctx->policy, job, &ret->db, &d))
		return true;
	ctx_fail(ctx, &d);
	return false;
}

static bool job_known(struct ctx *ctx, const struct policy *p, const char *only)
{
	struct nearest near = nearest_init(only);
	struct diag d = DIAG_INIT;

	if (policy_job(p, only))
		return true;
	for (size_t i = 0; i < p->njobs; i++)
		nearest_offer(&near, p->jobs[i].name);
	diag_fail(&d, DIAG_USAGE, "there is no job %s", only);
	if (near.best)
		diag_hint(&d, "did you mean %s? All jobs: pgretain schedule list", near.best);
	else
		diag_hint(&d, "see all jobs: pgretain schedule list");
	ctx_fail(ctx, &d);
	return false;
}

bool schedule_jobs(struct ctx *ctx, struct arena *a, const char *only, size_t *n, struct sched_job **ret)
{
	const struct policy *p = ctx_policy(ctx);
	VEC(struct sched_job) jobs = { NULL, 0, 0 };
	bool ok = true;

	if (!p || (ctx->database_name && !ctx_database(ctx)) || (only && !job_known(ctx, p, only)))
		return false;
	for (size_t i = 0; i < p->njobs; i++) {
		struct sched_job job = { .look = INSTANT_MINUS_INFINITY };

		if (!compile_one(ctx, a, &p->jobs[i], &job))
			ok = false;
		else if ((!only || streq(p->jobs[i].name, only)) && (!ctx->db || ctx->db == job.db))
			vec_push(a, &jobs, job);
	}
	*n = jobs.n;
	*ret = jobs.v;
	return ok;
}

static const char *steps_text(struct arena *a, const struct job *job)
{
	const char *s = "";

	for (size_t i = 0; i < job->nsteps; i++)
		s = arena_printf(a, "%s%s%s", s, i ? " " : "", job->steps[i]);
	return s;
}

/* ---- list ---- */

static json_t *job_json(const struct sched_job *j)
{
	const struct job *job = j->sched.job;
	json_t *o = json_object(), *steps = json_array();
	char utc[INSTANT_TEXT], local[ZONE_TEXT];
	int64_t next;
	bool has = due_next(&j->sched, instant_host_now(), &next);

	for (size_t i = 0; i < job->nsteps; i++)
		json_add(steps, json_text(job->steps[i]));
	json_put(o, "job", json_text(job->name));
	json_put(o, "schedule", json_text(job->schedule));
	json_put(o, "zone", json_text(zone_name(j->sched.zone)));
	json_put(o, "window", json_text(job->window));
	json_put(o, "catch_up", json_boolean(job->catch_up));
	json_put(o, "database", json_text(j->db->name));
	json_put(o, "steps", steps);
	json_put(o, "next", json_text(has ? instant_format(next, utc) : NULL));
	json_put(o, "next_local", json_text(has ? zone_format(j->sched.zone, next, local) : NULL));
	return o;
}

#define COLUMNS 7
struct row {
	const char *cell[COLUMNS];
};

static void print_rows(struct ctx *ctx, const struct row *rows, size_t n)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	int width[COLUMNS] = { 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < COLUMNS; c++)
			if ((int)strlen(rows[i].cell[c]) > width[c])
				width[c] = (int)strlen(rows[i].cell[c]);
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < COLUMNS; c++)
			strbuf_addf(&sb, "%-*s%s", c + 1 < COLUMNS ? width[c] : 0, rows[i].cell[c],
				    c + 1 < COLUMNS ? "  " : "\n");
	ctx_print(ctx, &sb);
}

static int list_text(struct ctx *ctx, const struct sched_job *jobs, size_t n)
{
	VEC(struct row) rows = { NULL, 0, 0 };

	vec_push(ctx->arena, &rows, ((struct row){ {
		"JOB", "SCHEDULE", "ZONE", "WINDOW", "DATABASE", "NEXT START THERE", "STEPS",
	} }));
	for (size_t i = 0; i < n; i++) {
		const struct sched *s = &jobs[i].sched;
		char *local = arena_alloc(ctx->arena, ZONE_TEXT);
		int64_t t;
		bool has = due_next(s, instant_host_now(), &t);

		vec_push(ctx->arena, &rows, ((struct row){ {
			s->job->name, s->job->schedule, zone_name(s->zone), s->job->window ? s->job->window : "-",
			jobs[i].db->name, has ? zone_format(s->zone, t, local) : "never",
			steps_text(ctx->arena, s->job),
		} }));
	}
	print_rows(ctx, rows.v, rows.n);
	return EXIT_DONE;
}

static int no_jobs(struct ctx *ctx)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, "No job is configured: name a folder with jobs = \"DIR\" in the main file.\n");
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}

static int list(struct ctx *ctx, int argc, char **argv)
{
	struct sched_job *jobs;
	json_t *root, *all;
	size_t n;

	(void)argc;
	(void)argv;
	if (!schedule_jobs(ctx, ctx->arena, NULL, &n, &jobs))
		return EXIT_REFUSED;
	if (ctx->format == FORMAT_TEXT)
		return n ? list_text(ctx, jobs, n) : no_jobs(ctx);
	root = json_object();
	all = json_array();
	for (size_t i = 0; i < n; i++)
		json_add(all, job_json(&jobs[i]));
	json_put(root, "schema", json_text("pgretain.schedule/1"));
	json_put(root, "jobs", all);
	ctx_print_json(ctx, root);
	return EXIT_DONE;
}

/* ---- next ---- */

/* The starts of one job: lines of text, or elements of `all`. */
static void add_starts(const struct sched_job *j, int64_t from, long count, int width, struct strbuf *sb, json_t *all)
{
	char utc[INSTANT_TEXT], local[ZONE_TEXT];
	const char *name = j->sched.job->name;
	int64_t t = from;

	for (long i = 0; i < count && due_next(&j->sched, t, &t); i++) {
		instant_format(t, utc);
		zone_format(j->sched.zone, t, local);
		if (all) {
			json_t *o = json_object();

			json_put(o, "job", json_text(name));
			json_put(o, "at", json_text(utc));
			json_put(o, "local", json_text(local));
			json_put(o, "zone", json_text(zone_name(j->sched.zone)));
			json_add(all, o);
		} else {
			strbuf_addf(sb, "%-*s  %s  %s  %s\n", width, name, utc, local, zone_name(j->sched.zone));
		}
	}
}

/* The number of starts wanted; 0: printed. */
static long read_count(struct ctx *ctx, int argc, char **argv)
{
	char *end;
	long n;

	if (argc == 0)
		return STARTS_DEFAULT;
	n = isdigit((unsigned char)argv[0][0]) ? strtol(argv[0], &end, 10) : 0;
	if (n >= 1 && n <= STARTS_MAX && !*end)
		return n;
	ctx_usage(ctx, "%s is no number of starts, 1 to %d", argv[0], STARTS_MAX);
	return 0;
}

static bool read_from(struct ctx *ctx, int64_t *ret)
{
	const char *from = opts_text(&ctx->opts, "from");

	*ret = instant_host_now();
	if (!from || instant_parse_rfc3339(from, ret))
		return true;
	ctx_usage(ctx, "--from is %s, which is no instant such as 2026-11-24T17:30:00Z", from);
	return false;
}

static int next(struct ctx *ctx, int argc, char **argv)
{
	long count = read_count(ctx, argc, argv);
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *root, *all = NULL;
	struct sched_job *jobs;
	int64_t from;
	int width = 0;
	size_t n;

	if (!count || !read_from(ctx, &from) ||
	    !schedule_jobs(ctx, ctx->arena, opts_text(&ctx->opts, "job"), &n, &jobs))
		return EXIT_REFUSED;
	if (ctx->format == FORMAT_JSON)
		all = json_array();
	else if (!n)
		return no_jobs(ctx);
	for (size_t i = 0; i < n; i++)
		width = (int)strlen(jobs[i].sched.job->name) > width ? (int)strlen(jobs[i].sched.job->name) : width;
	for (size_t i = 0; i < n; i++)	/* a start at --from itself counts */
		add_starts(&jobs[i], from - 1, count, width, &sb, all);
	if (!all) {
		ctx_print(ctx, &sb);
		return EXIT_DONE;
	}
	root = json_object();
	json_put(root, "schema", json_text("pgretain.schedule/1"));
	json_put(root, "starts", all);
	ctx_print_json(ctx, root);
	return EXIT_DONE;
}

/* ---- tick, run ---- */

static int tick(struct ctx *ctx, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return schedule_loop(ctx, false);
}

static int service(struct ctx *ctx, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return schedule_loop(ctx, true);
}

static const struct opt next_options[] = {
	{ "job", "NAME", "only this job", 0, 0 },
	{ "from", "TIME", "starts from this instant on (else from now on), e.g. 2026-03-28T00:00:00Z", 0, 0 },
	{ NULL, NULL, NULL, 0, 0 },
};

static const struct verb verbs[] = {
	{ "list", "", "the jobs: schedule, zone, window, steps, next start", NULL, 0, 0, list },
	{ "next", "[N]", "the next N starts of each job (else 5), in UTC and in the job's zone", next_options, 0, 1, next },
	{ "tick", "", "starts what is due now and waits for it; for cron, each minute", NULL, 0, 0, tick },
	{ "run", "", "stays in the foreground and starts each job at its time", NULL, 0, 0, service },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};

const struct command cmd_schedule = {
	.name = "schedule",
	.summary = "when jobs start, and starting them",
	.usage = "list | next [N] [--job NAME] [--from TIME] | tick | run",
	.help = "A job's schedule is a cron expression (minute hour day-of-month month day-of-week) on the wall\n"
		"clock of its zone. When clocks change, a start that the day does not have happens right after\n"
		"the jump, and of one that comes twice the first counts; schedules of every hour go by elapsed\n"
		"time. With a window a job starts inside it only and stops at its end.\n"
		"\n"
		"tick and run ask the server when a job last started. A start up to 15 minutes late is in time.\n"
		"What was missed beyond that is made up by one start if the job says catch_up = true; else it is\n"
		"dropped, with an entry in the ledger. A job never runs twice at once. tick ends with the worst\n"
		"exit code of its jobs. run ends on SIGTERM, after its jobs did, and reads the configuration\n"
		"again on SIGHUP. scripts/install-cron and scripts/install-systemd set either up.\n"
		"\n"
		"Example:\n"
		"  pgretain schedule next 2 --job nightly --from 2026-03-28T00:00:00Z\n"
		"  nightly  2026-03-28T01:30:00Z  2026-03-28 02:30 +01:00  Europe/Berlin\n"
		"  nightly  2026-03-29T01:00:00Z  2026-03-29 03:00 +02:00  Europe/Berlin\n",
	.verbs = verbs,
	.run = NULL,
};
