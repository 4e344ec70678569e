#include "cmd/connect.h"
#include "cmd/ledger_look.h"

#include "pg/sqltext.h"
#include "report/prometheus.h"

struct writer {
	struct strbuf *sb;
	const char *database;
	const PGresult *res;
};

/* One metric per column of metrics_runs, a sample for each job. */
static void add_runs(struct writer *w, const char *metric, const char *help, int column)
{
	prom_head(w->sb, metric, "gauge", help);
	for (int i = 0; i < PQntuples(w->res); i++) {
		const char *job = res_text_null(w->res, i, 0);
		const struct prom_label labels[] = { { "database", w->database }, { "job", job ? job : "" } };

		if (res_text_null(w->res, i, column))
			prom_sample(w->sb, metric, labels, 2, res_text(w->res, i, column));
	}
}

static bool write_runs(struct writer *w, struct conn *c, struct diag *d)
{
	static const struct { const char *metric, *help; int column; } all[] = {
		{ "pgretain_last_run_start_timestamp_seconds", "When the newest run of a job began.", 1 },
		{ "pgretain_last_run_end_timestamp_seconds", "When it ended; absent while it runs.", 2 },
		{ "pgretain_last_run_exit_code",
		  "Its exit code: 0 done, 1 could not run, 2 needs a human, 4 interrupted; absent while it runs.", 3 },
		{ "pgretain_last_run_rows", "Rows that it acted on.", 4 },
		{ "pgretain_last_success_timestamp_seconds", "When a run of the job last ended with 0.", 5 },
	};
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/metrics_runs"), NO_PARAMS, &res, d))
		return false;
	w->res = res;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		add_runs(w, all[i].metric, all[i].help, all[i].column);
	return true;
}

static bool write_work(struct writer *w, struct conn *c, struct diag *d)
{
	static const char metric[] = "pgretain_rows_total";
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/metrics_work"), NO_PARAMS, &res, d))
		return false;
	prom_head(w->sb, metric, "counter", "Rows that were acted on since the ledger began.");
	for (int i = 0; i < PQntuples(res); i++) {
		const struct prom_label labels[] = {
			{ "database", w->database }, { "rule", res_text_null(res, i, 0) },
			{ "table", res_text_null(res, i, 1) }, { "action", res_text(res, i, 2) },
		};

		prom_sample(w->sb, metric, labels, ARRAY_SIZE(labels), res_text(res, i, 3));
	}
	return true;
}

static void write_gauge(struct writer *w, const char *metric, const char *help, const char *number)
{
	const struct prom_label label = { "database", w->database };

	prom_head(w->sb, metric, "gauge", help);
	prom_sample(w->sb, metric, &label, 1, number);
}

/* Absent where the role may not look at holds. */
static bool write_holds(struct writer *w, struct conn *c, struct diag *d)
{
	AUTO_RESULT *visible = NULL;
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/report_holds_visible"), NO_PARAMS, &visible, d))
		return false;
	if (!res_bool(visible, 0, 0))
		return true;
	if (!conn_query_text(c, sqltext_get("query/report_holds"), &res, d, "now"))
		return false;
	write_gauge(w, "pgretain_holds_open", "Legal holds that keep rows.", res_text(res, 0, 0));
	write_gauge(w, "pgretain_holds_overdue", "Of these, how many are past their date of review.",
		    res_text(res, 0, 1));
	return true;
}

static bool write_ledger(struct writer *w, struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/ledger_head"), NO_PARAMS, &res, d))
		return false;
	write_gauge(w, "pgretain_ledger_entries", "Entries of the ledger.", res_text(res, 0, 0));
	return true;
}

static bool write_all(struct writer *w, struct conn *c, struct diag *d)
{
	return conn_do(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NO_PARAMS, d) &&
		write_runs(w, c, d) && write_work(w, c, d) && write_holds(w, c, d) && write_ledger(w, c, d) &&
		conn_do(c, "COMMIT", NO_PARAMS, d);
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = NULL;
	AUTO_STRBUF sb = STRBUF_INIT;
	struct writer w = { .sb = &sb };
	struct diag d = DIAG_INIT;
	const char *foreign;

	(void)argc;
	(void)argv;
	if (ctx->format != FORMAT_TEXT)
		return ctx_usage(ctx, "metrics have a format of their own: leave --format out");
	c = ctx_connect(ctx, true);
	if (!c)
		return EXIT_REFUSED;
	w.database = ctx->db->name;
	if (!ledger_look(c, ctx_replay_log(ctx), ctx->arena, &foreign, &d) || !write_all(&w, c, &d))
		return ctx_fail(ctx, &d);
	write_gauge(&w, "pgretain_replay_needed", "1 when the ledger tells another database's past (restored, cloned).",
		    foreign ? "1" : "0");
	return ctx_write(ctx, opts_text(&ctx->opts, "output"), &sb) ? EXIT_DONE : EXIT_REFUSED;
}

static const struct opt options[] = {
	{ "output", "FILE", "replace this file, as a whole or not at all, instead of printing", 0, 0 },
	{ NULL, NULL, NULL, 0, 0 },
};

const struct command cmd_metrics = {
	.name = "metrics",
	.summary = "figures of the last runs, for Prometheus",
	.usage = "[--output FILE]",
	.help = "From the ledger: per job when its newest run began and ended, its exit code and rows, and the\n"
		"last success; rows by rule, table and action since the beginning; open legal holds.\n"
		"A job without a name is a run that was started by hand.\n"
		"When the database can't be reached nothing is written and the file stays as it was: let an\n"
		"alert look at the age of pgretain_last_success_timestamp_seconds.\n"
		"\n"
		"Example, from cron for the textfile collector of node_exporter:\n"
		"  pgretain metrics --output /var/lib/node_exporter/textfile/pgretain.prom\n",
	.options = options,
	.run = run,
};
