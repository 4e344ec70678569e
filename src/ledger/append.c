#include "ledger/ledger.h"

#include "base/fault.h"
#include "pg/sqltext.h"

void ledger_append_values(const struct ledger_entry *e, char rows[LEDGER_ROWS_TEXT],
			  const char *values[LEDGER_APPEND_PARAMS])
{
	const char *const all[LEDGER_APPEND_PARAMS] = {
		e->kind, e->run, e->rule, e->table, e->action, e->rows < 0 ? NULL : rows, e->as_of, e->actor, e->detail,
	};

	snprintf(rows, LEDGER_ROWS_TEXT, "%lld", (long long)e->rows);
	memcpy(values, all, sizeof(all));
}

bool ledger_append(struct conn *c, const struct ledger_entry *e, struct diag *d)
{
	char rows[LEDGER_ROWS_TEXT];
	const char *values[LEDGER_APPEND_PARAMS];

	FAULT_POINT(ledger_append);
	ledger_append_values(e, rows, values);
	return conn_do(c, sqltext_get("query/ledger_append"),
		       (struct params){ LEDGER_APPEND_PARAMS, NULL, values }, d);
}

static bool is_second(struct conn *c, const struct ledger_entry *e, bool *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/ledger_same"), &res, d, e->run, e->kind, e->rule, e->detail))
		return false;
	*ret = res_int(res, 0, 0) > 1;
	return true;
}

/* Appended first: that waits for the head, and so for the end of the transaction that was lost. */
bool ledger_append_once(struct conn *c, const struct ledger_entry *e, struct diag *d)
{
	struct diag ignored = DIAG_INIT;
	bool second = false;

	if (!conn_do(c, "BEGIN", NO_PARAMS, d))
		return false;
	if (ledger_append(c, e, d) && is_second(c, e, &second, d))
		return conn_do(c, second ? "ROLLBACK" : "COMMIT", NO_PARAMS, d);
	if (!conn_do(c, "ROLLBACK", NO_PARAMS, &ignored))
		*d = ignored;
	return false;
}

bool ledger_job_lock(struct conn *c, const char *job, bool *got, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/ledger_job_lock"), &res, d, job))
		return false;
	*got = res_bool(res, 0, 0);
	return true;
}

bool ledger_lane_lock(struct conn *c, const char *job, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return conn_query_text(c, sqltext_get("query/ledger_lane_lock"), &res, d, job);
}

bool ledger_lanes_gone(struct conn *c, const char *job, bool *gone, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/ledger_lanes_gone"), &res, d, job))
		return false;
	*gone = res_bool(res, 0, 0);
	return true;
}

bool ledger_settle(struct conn *c, const char *actor, int *n, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/ledger_settle"), &res, d, actor))
		return false;
	*n = PQntuples(res);
	return ledger_note_erasures(c, d);
}

bool ledger_note_erasures(struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return conn_query(c, sqltext_get("query/erasure_note"), NO_PARAMS, &res, d);
}

bool ledger_rule_text(struct conn *c, const char *text, char digest[LEDGER_DIGEST_TEXT], struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/ledger_rule_text"), &res, d, text))
		return false;
	snprintf(digest, LEDGER_DIGEST_TEXT, "%s", res_text(res, 0, 0));
	return true;
}

bool ledger_confirmations(struct conn *c, struct arena *a, size_t *n, struct confirmation **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct confirmation *v;
	int rows;

	if (!conn_query(c, sqltext_get("query/ledger_confirmations"), NO_PARAMS, &res, d))
		return false;
	rows = PQntuples(res);
	v = arena_alloc(a, sizeof(*v) * ((size_t)rows + 1));
	for (int i = 0; i < rows; i++) {
		v[i].rule = arena_strdup(a, res_text(res, i, 0));
		v[i].definition = arena_strdup(a, res_text(res, i, 1));
		v[i].fingerprint = arena_strdup(a, res_text(res, i, 2));
	}
	*n = (size_t)rows;
	*ret = v;
	return true;
}

bool ledger_confirm(struct conn *c, const struct confirmation *cf, const char *actor, struct diag *d)
{
	const char *const values[] = { cf->rule, cf->definition, cf->fingerprint, actor };

	return conn_do(c, sqltext_get("query/ledger_confirm"), (struct params){ 4, NULL, values }, d);
}
