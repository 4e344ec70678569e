#include "cmd/connect.h"
#include "cmd/ledger_look.h"

#include "base/instant.h"
#include "pg/sqltext.h"
#include "report/period_view.h"
#include "sched/due.h"

struct writer {
	struct ctx *ctx;
	struct conn *c;
	struct arena *a;
	struct period_view v;
	const char *since, *until;	/* as asked for, or NULL */
	int64_t until_us;		/* as in base/instant.h */
};

static const char *copy(struct writer *w, const PGresult *res, int row, int column)
{
	return arena_strdup(w->a, res_text_null(res, row, column));
}

/* ---- the period ---- */

/* Instants of the command line go to the server in one spelling; NULL stays NULL. */
static bool take_instant(struct writer *w, const char *option, const char **ret, struct diag *d)
{
	const char *text = opts_text(&w->ctx->opts, option);
	char buf[INSTANT_TEXT];
	int64_t us;

	*ret = NULL;
	if (!text)
		return true;
	if (!instant_parse_rfc3339(text, &us)) {
		diag_fail(d, DIAG_USAGE, "--%s is %s, which is no instant", option, text);
		diag_hint(d, "write 2026-11-24T17:30:00Z, 2026-11-25T01:30:00+08:00, or a date: 2026-11-24");
		return false;
	}
	*ret = arena_strdup(w->a, instant_format(us, buf));
	return true;
}

/* What can be seen to be wrong before anything is asked of the server. */
static bool take_period(struct writer *w, struct diag *d)
{
	const char *as_of;

	if (!take_instant(w, "since", &w->since, d) || !take_instant(w, "until", &w->until, d) ||
	    !take_instant(w, "as-of", &as_of, d))
		return false;
	if (w->until && as_of)
		return diag_fail(d, DIAG_USAGE, "--until and --as-of say the same thing: give one of them");
	if (as_of)
		w->until = as_of;
	return true;
}

static bool ask_period(struct writer *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(w->c, sqltext_get("query/report_period"), &res, d, w->since, w->until))
		return false;
	w->v.since = copy(w, res, 0, 0);
	w->v.until = copy(w, res, 0, 1);
	w->until_us = res_int(res, 0, 2);
	if (res_bool(res, 0, 3))
		return true;
	return diag_fail(d, DIAG_USAGE, "the period from %s to %s is empty", w->v.since, w->v.until);
}

/* ---- what the ledger tells ---- */

static bool ask_in_period(struct writer *w, const char *query, PGresult **ret, struct diag *d)
{
	return conn_query_text(w->c, sqltext_get(query), ret, d, w->v.since, w->v.until);
}

static bool ask_runs(struct writer *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct past_run *runs;

	if (!ask_in_period(w, "query/report_runs", &res, d))
		return false;
	w->v.nruns = (size_t)PQntuples(res);
	w->v.runs = runs = arena_alloc(w->a, (w->v.nruns + 1) * sizeof(*runs));
	for (int i = 0; i < PQntuples(res); i++)
		runs[i] = (struct past_run){
			.run = copy(w, res, i, 0), .job = copy(w, res, i, 1), .started = copy(w, res, i, 2),
			.ended = copy(w, res, i, 3), .state = copy(w, res, i, 4), .exit = copy(w, res, i, 5),
			.as_of = copy(w, res, i, 6), .actor = copy(w, res, i, 7), .rows = res_int(res, i, 8),
			.seconds = strtod(res_text(res, i, 9), NULL),
		};
	return true;
}

static bool ask_work(struct writer *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct past_work *work;

	if (!ask_in_period(w, "query/report_work", &res, d))
		return false;
	w->v.nwork = (size_t)PQntuples(res);
	w->v.work = work = arena_alloc(w->a, (w->v.nwork + 1) * sizeof(*work));
	for (int i = 0; i < PQntuples(res); i++)
		work[i] = (struct past_work){
			.rule = copy(w, res, i, 0), .table = copy(w, res, i, 1), .action = copy(w, res, i, 2),
			.rows = res_int(res, i, 3), .runs = res_int(res, i, 4), .last = copy(w, res, i, 5),
		};
	return true;
}

static bool ask_troubles(struct writer *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct past_trouble *troubles;

	if (!ask_in_period(w, "query/report_troubles", &res, d))
		return false;
	w->v.ntroubles = (size_t)PQntuples(res);
	w->v.troubles = troubles = arena_alloc(w->a, (w->v.ntroubles + 1) * sizeof(*troubles));
	for (int i = 0; i < PQntuples(res); i++)
		troubles[i] = (struct past_trouble){
			.run = copy(w, res, i, 0), .rule = copy(w, res, i, 1), .table = copy(w, res, i, 2),
			.at = copy(w, res, i, 3), .status = copy(w, res, i, 4), .sqlstate = copy(w, res, i, 5),
			.reason = copy(w, res, i, 6),
		};
	return true;
}

static bool ask_holds(struct writer *w, struct diag *d)
{
	AUTO_RESULT *visible = NULL;
	AUTO_RESULT *res = NULL;

	if (!conn_query(w->c, sqltext_get("query/report_holds_visible"), NO_PARAMS, &visible, d))
		return false;
	w->v.holds_known = res_bool(visible, 0, 0);
	if (!w->v.holds_known)
		return true;
	if (!conn_query_text(w->c, sqltext_get("query/report_holds"), &res, d, w->v.until))
		return false;
	w->v.holds_open = res_int(res, 0, 0);
	w->v.holds_overdue = res_int(res, 0, 1);
	return true;
}

/* Stores of the configuration that were never listed are shown as that. */
static bool ask_backups(struct writer *w, struct diag *d)
{
	const struct policy *p = w->ctx->policy;
	AUTO_RESULT *res = NULL;
	struct store_state *stores;

	if (!conn_query(w->c, sqltext_get("query/report_backups"), NO_PARAMS, &res, d))
		return false;
	w->v.stores = stores = arena_alloc(w->a, ((size_t)PQntuples(res) + p->nbackups + 1) * sizeof(*stores));
	for (int i = 0; i < PQntuples(res); i++)
		stores[w->v.nstores++] = (struct store_state){
			.store = copy(w, res, i, 0), .sets = res_int(res, i, 1), .holds = res_int(res, i, 2),
			.isolated = res_int(res, i, 3), .overdue = res_int(res, i, 4), .requests = res_int(res, i, 5),
			.until = copy(w, res, i, 6), .trouble = copy(w, res, i, 7),
			.findings = json_loads(res_text(res, i, 8), 0, NULL),
		};
	for (size_t i = 0; i < p->nbackups; i++) {
		bool known = false;

		for (int k = 0; k < PQntuples(res); k++)
			known |= streq(res_text(res, k, 0), p->backups[i].name);
		if (!known)
			stores[w->v.nstores++] = (struct store_state){ .store = p->backups[i].name,
				.trouble = "was never listed: pgretain backup scan", .findings = json_array() };
	}
	return true;
}

static void drop_backups(struct writer *w)
{
	for (size_t i = 0; i < w->v.nstores; i++)
		json_decref((json_t *)(uintptr_t)w->v.stores[i].findings);
}

static bool ask_head(struct writer *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(w->c, sqltext_get("query/ledger_head"), NO_PARAMS, &res, d))
		return false;
	w->v.entries = res_int(res, 0, 0);
	w->v.head = arena_printf(w->a, "sha256:%s", res_text(res, 0, 1));
	return true;
}

static bool ask_ledger(struct writer *w, struct diag *d)
{
	return conn_do(w->c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NO_PARAMS, d) &&
		ask_period(w, d) && ask_runs(w, d) && ask_work(w, d) && ask_troubles(w, d) && ask_holds(w, d) &&
		ask_backups(w, d) && ask_head(w, d) && conn_do(w->c, "COMMIT", NO_PARAMS, d);
}

/* ---- what comes next ---- */

static bool add_job(struct writer *w, const struct job *job, struct next_job *ret, struct diag *d)
{
	char buf[INSTANT_TEXT];
	struct sched s;
	int64_t next;

	if (!sched_compile(w->a, job, &s, d))
		return false;
	*ret = (struct next_job){ .job = job->name, .schedule = job->schedule, .zone = job->zone };
	if (due_next(&s, w->until_us, &next))
		ret->start = arena_strdup(w->a, instant_format(next, buf));
	return true;
}

static bool add_jobs(struct writer *w, struct diag *d)
{
	const struct policy *p = w->ctx->policy;
	struct next_job *jobs = arena_alloc(w->a, (p->njobs + 1) * sizeof(*jobs));

	for (size_t i = 0; i < p->njobs; i++) {
		if (policy_database(p, p->jobs[i].database) != w->ctx->db)
			continue;
		if (!add_job(w, &p->jobs[i], &jobs[w->v.njobs], d))
			return false;
		w->v.njobs++;
	}
	w->v.jobs = jobs;
	return true;
}

/* ---- out ---- */

static void note_foreign(struct writer *w, const char *why)
{
	const char **note = arena_alloc(w->a, sizeof(*note));

	if (!why)
		return;
	*note = arena_printf(w->a, "Restored or cloned: %s. Nothing acts here before pgretain replay or init --adopt.",
			     why);
	w->v.notes = note;
	w->v.nnotes = 1;
}

static void render(struct writer *w, struct strbuf *sb)
{
	struct text_style st = ctx_style(w->ctx);
	json_t *o;

	if (opts_text(&w->ctx->opts, "output"))
		st = (struct text_style){ false, 0 };
	switch (w->ctx->format) {
	case FORMAT_TEXT:
		period_view_text(&w->v, &st, sb);
		return;
	case FORMAT_HTML:
		period_view_html(&w->v, sb);
		return;
	case FORMAT_JSON:
		o = period_view_json(&w->v);
		json_render(sb, o, true);
		json_decref(o);
	}
}

static bool ask(struct writer *w, struct diag *d)
{
	const char *foreign;

	if (!ledger_look(w->c, ctx_replay_log(w->ctx), w->a, &foreign, d) || !ask_ledger(w, d) || !add_jobs(w, d))
		return false;
	note_foreign(w, foreign);
	return true;
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = NULL;
	AUTO_STRBUF sb = STRBUF_INIT;
	struct writer w = { .ctx = ctx, .a = ctx->arena };
	struct diag d = DIAG_INIT;

	(void)argc;
	(void)argv;
	if (!take_period(&w, &d))
		return ctx_fail(ctx, &d);
	w.c = c = ctx_connect(ctx, true);
	if (!c)
		return EXIT_REFUSED;
	w.v.database = ctx->db->name;
	if (!ask(&w, &d)) {
		drop_backups(&w);
		return ctx_fail(ctx, &d);
	}
	render(&w, &sb);
	drop_backups(&w);
	return ctx_write(ctx, opts_text(&ctx->opts, "output"), &sb) ? EXIT_DONE : EXIT_REFUSED;
}

static const struct opt options[] = {
	{ "since", "TIME", "begin of the period (else 30 days before its end)", 0, 0 },
	{ "until", "TIME", "end of the period (else now)", 0, 0 },
	{ "output", "FILE", "replace this file, as a whole or not at all, instead of printing", 0, 0 },
	{ NULL, NULL, NULL, 0, 0 },
};

const struct command cmd_report = {
	.name = "report",
	.summary = "what was done in a period, by rule, table and action",
	.usage = "[--since TIME] [--until TIME] [--output FILE]",
	.help = "From the ledger: rows by rule, table and action; every run with its exit code, the interrupted\n"
		"ones too; what failed or was skipped and why; open legal holds; backups that hold erased rows, and\n"
		"what is not as it should be with them; when each job starts next.\n"
		"--format json is for programs, --format html makes a page to file or to send. --as-of TIME is\n"
		"the same as --until TIME.\n"
		"\n"
		"Example:\n"
		"  pgretain report --since 2026-10-01 --until 2026-11-01      October\n"
		"  pgretain report --format html --output /srv/reports/october.html\n",
	.options = options,
	.flags = CMD_AS_OF | CMD_HTML,
	.run = run,
};
