#include "cmd/schedule.h"

#include "base/instant.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "report/json.h"

static bool read_instant(const PGresult *r, int col, int64_t absent, int64_t *ret, struct diag *d)
{
	const char *text = res_text_null(r, 0, col);

	*ret = absent;
	if (!text || instant_parse_timestamptz(text, strlen(text), ret))
		return true;
	return diag_fail(d, DIAG_INTERNAL, "the server wrote an instant that can't be read");
}

bool schedule_last(struct conn *c, const char *job, int64_t *ret, int64_t *now, int64_t *since, bool *running,
		   struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!conn_query_text(c, sqltext_get("query/sched_last"), &r, d, job))
		return false;
	*running = res_bool(r, 0, 3);
	return read_instant(r, 0, 0, now, d) && read_instant(r, 1, INSTANT_MINUS_INFINITY, ret, d) &&
	       read_instant(r, 2, INSTANT_MINUS_INFINITY, since, d);
}

static bool take_lock(struct conn *c, const char *job, bool *got, struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!conn_query_text(c, sqltext_get("query/sched_lock"), &r, d, job))
		return false;
	*got = res_bool(r, 0, 0);
	return true;
}

static bool connect_to(struct ctx *ctx, const struct sched_job *job, struct conn **ret, struct diag *d)
{
	const struct conn_settings settings = {
		.application = "pgretain schedule", .lock_timeout_ms = 5000, .statement_timeout_ms = 60000,
	};
	const char *log = job->db->replay_log ? job->db->replay_log : ctx->policy->replay_log;
	AUTO_CONN *c = NULL;

	if (!conn_open(job->db->conninfo, &settings, &c, d) || !ledger_require(c, log, d))
		return false;
	*ret = STEAL(c);
	return true;
}

enum schedule_found schedule_ask(struct ctx *ctx, const struct sched_job *job, struct conn **conn,
				 struct due *due, int64_t *ret_now, struct diag *d)
{
	const char *name = job->sched.job->name;
	int64_t last, since;
	AUTO_CONN *c = NULL;
	bool free_lock, running;

	if (!connect_to(ctx, job, &c, d) || !take_lock(c, name, &free_lock, d))
		return SCHEDULE_FAILED;
	if (!free_lock)
		return SCHEDULE_BUSY;
	if (!schedule_last(c, name, &last, ret_now, &since, &running, d))
		return SCHEDULE_FAILED;
	if (running)
		return SCHEDULE_BUSY;
	*due = due_at(&job->sched, last, since, *ret_now);
	*conn = STEAL(c);
	return SCHEDULE_ASKED;
}

bool schedule_record(struct ctx *ctx, struct conn *c, const char *job, const char *action, int64_t scheduled,
		     int missed, struct diag *d)
{
	AUTO_STRBUF detail = STRBUF_INIT;
	struct ledger_entry e = { .kind = "schedule", .action = action, .rows = -1, .actor = ctx->actor };
	json_t *o = json_object();
	char at[INSTANT_TEXT];

	json_put(o, "job", json_text(job));
	json_put(o, "scheduled", json_text(instant_format(scheduled, at)));
	json_put(o, "missed", json_count(missed));
	json_render(&detail, o, false);
	json_decref(o);
	detail.buf[strcspn(detail.buf, "\n")] = '\0';
	e.detail = detail.buf;
	return ledger_append(c, &e, d);
}
