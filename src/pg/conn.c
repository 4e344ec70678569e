#include "pg/conn.h"
#include "pg/pooler.h"

#include "base/fault.h"
#include "base/instant.h"
#include "base/sig.h"
#include "base/strbuf.h"

#include <poll.h>

static const struct {
	const char *code;
	enum diag_class cls;
	const char *words;
} sqlstates[] = {
#define SQLSTATE(code, cls, words) { code, DIAG_##cls, words },
#include "pg/sqlstate.def"
#undef SQLSTATE
};

/* What the engine relies on, for every session (interface.md 1; cases C05, C42). */
static const char *const session_settings[][2] = {
	{ "search_path", "pg_catalog" },
	{ "TimeZone", "UTC" },
	{ "DateStyle", "ISO, YMD" },
	{ "IntervalStyle", "postgres" },
	{ "row_security", "off" },
	{ "extra_float_digits", "3" },
	{ "bytea_output", "hex" },
	{ "standard_conforming_strings", "on" },
	{ "client_min_messages", "error" },
	{ "idle_in_transaction_session_timeout", "0" },
	{ "plan_cache_mode", "force_custom_plan" },
	{ "parallel_setup_cost", "10000" },	/* to start workers took longer than an index-only count of 750,000 rows */
	{ "jit", "off" },	/* compiling the many-branched predicates took eight times as long as counting */
	{ "default_transaction_isolation", "read committed" },
	{ "default_transaction_deferrable", "off" },
	{ "synchronous_commit", "on" },
	{ "xmloption", "content" },
	{ "transform_null_equals", "off" },
	{ "quote_all_identifiers", "off" },	/* names are read as the server prints them */
	{ "array_nulls", "on" },
};

static bool conn_refused(struct diag *d, const PGconn *pg)
{
	/* libpq's text names host, port, user and cause; it is about the connection, not about rows. */
	const char *text = PQerrorMessage(pg);
	size_t n = strcspn(text, "\n");

	diag_fail(d, DIAG_CONNECT, "can't connect: %.*s", (int)n, text);
	diag_hint(d, "check conninfo, the service file and that the server runs; "
		  "psql with the same settings must work");
	return false;
}

/* One statement sets them all: a session costs two round trips. */
static void add_setting(struct strbuf *sb, const char *name, const char *value)
{
	strbuf_addf(sb, "%s pg_catalog.set_config('%s', '%s', false)", sb->len > 7 ? "," : "", name, value);
}

static void add_timeout(struct strbuf *sb, const char *name, int64_t ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)ms);
	add_setting(sb, name, text);
}

/* ALTER ROLE or ALTER DATABASE may have put foreign keys and triggers aside: they are brought back where the role may
 * ask for it. The last column says how it is now. */
static void add_replication_role(struct strbuf *sb, int version)
{
	strbuf_addf(sb, ", CASE WHEN pg_catalog.current_setting('session_replication_role') <> 'origin' AND %s "
		    "THEN pg_catalog.set_config('session_replication_role', 'origin', false) END, "
		    "pg_catalog.current_setting('session_replication_role')",
		    version >= 150000 ? "pg_catalog.has_parameter_privilege('session_replication_role', 'SET')" :
		    "pg_catalog.current_setting('is_superuser') = 'on'");
}

static bool triggers_fire(const struct conn *c, const PGresult *res, struct diag *d)
{
	const char *role = res_text(res, 0, PQnfields(res) - 1);

	if (!streq(role, "replica"))
		return true;
	diag_fail(d, DIAG_CONNECT, "session_replication_role is %s for role %s in database %s: foreign keys and triggers would not "
		  "work", role, PQuser(c->pg), PQdb(c->pg));
	diag_hint(d, "ALTER ROLE %s RESET session_replication_role, or the same for the database", PQuser(c->pg));
	return false;
}

static bool session_prepare(struct conn *c, struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	strbuf_adds(&sb, "SELECT ");
	for (size_t i = 0; i < ARRAY_SIZE(session_settings); i++)
		add_setting(&sb, session_settings[i][0], session_settings[i][1]);
	if (c->version >= 140000)
		add_setting(&sb, "idle_session_timeout", "0");
	if (c->version >= 170000)
		add_setting(&sb, "transaction_timeout", "0");
	add_setting(&sb, "default_transaction_read_only", c->settings.read_only ? "on" : "off");
	add_timeout(&sb, "lock_timeout", c->settings.lock_timeout_ms);
	add_timeout(&sb, "statement_timeout", c->settings.statement_timeout_ms);
	/* For superusers. Without it messages stay as they are, and unread; and the server's own log gets the
	 * DETAIL of a refusal, which quotes the row. */
	strbuf_adds(&sb, ", CASE WHEN pg_catalog.current_setting('is_superuser') = 'on' "
		    "THEN pg_catalog.set_config('lc_messages', 'C', false) || "
		    "pg_catalog.set_config('log_error_verbosity', 'terse', false) END");
	/* Nearly all WAL of a sweep is full-page images (engine.md): compressed where the role may ask for it. */
	if (c->version >= 150000 && c->settings.bulk)
		strbuf_adds(&sb, ", CASE WHEN pg_catalog.current_setting('wal_compression') = 'off' "
			    "AND pg_catalog.has_parameter_privilege('wal_compression', 'SET') "
			    "AND (SELECT 'lz4' = ANY(s.enumvals) FROM pg_catalog.pg_settings AS s WHERE s.name = 'wal_compression') "
			    "THEN pg_catalog.set_config('wal_compression', 'lz4', false) END");
	/* The backend of a client that was killed ends soon and not with its statement; where the server's
	 * system can look. */
	if (c->version >= 140000)
		strbuf_adds(&sb, ", CASE WHEN pg_catalog.version() LIKE '%linux%' "
			    "THEN pg_catalog.set_config('client_connection_check_interval', '1000', false) END");
	add_replication_role(&sb, c->version);
	return conn_query(c, strbuf_str(&sb), NO_PARAMS, &res, d) && triggers_fire(c, res, d);
}

/* Behind a pooler the pid that the connection was told is not the backend's. Asked before anything is set:
 * a backend that others share must stay as it is. */
static bool look_at_pooler(struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, "SELECT pg_catalog.pg_backend_pid()", NO_PARAMS, &res, d))
		return false;
	c->backend_pid = (int)res_int(res, 0, 0);
	c->pooled = c->backend_pid != PQbackendPID(c->pg);
	return !c->pooled || pooler_keeps_session(c, d);
}

/* A pooler that passes the backend's pid on is seen by a setting that is gone. */
static bool look_at_backend(struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, "SELECT pg_catalog.pg_backend_pid(), "
			"pg_catalog.current_setting('search_path') = 'pg_catalog', "
			"(SELECT backend_start::text FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()))",
			NO_PARAMS, &res, d))
		return false;
	snprintf(c->backend_start, sizeof(c->backend_start), "%s", res_text(res, 0, 2));
	return (res_int(res, 0, 0) == c->backend_pid && res_bool(res, 0, 1)) || pooler_refused(d);
}

static bool session_start(struct conn *c, struct diag *d)
{
	if (PQstatus(c->pg) != CONNECTION_OK)
		return conn_refused(d, c->pg);
	c->version = PQserverVersion(c->pg);
	if (c->version < 130000)
		return diag_fail(d, DIAG_CONNECT, "server version %d is older than 13", c->version / 10000);
	return look_at_pooler(c, d) && session_prepare(c, d) && look_at_backend(c, d);
}

/* Notices quote values too: they go nowhere. */
static void ignore_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

PGconn *conn_connect(const char *conninfo, const char *application)
{
	/* dbname with expand_dbname takes a whole conninfo string; what follows it overrides. */
	/* What stands before it is a default: a peer that is gone without a word is noticed in a minute. */
	const char *const keys[] = { "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
				     "dbname", "client_encoding", "application_name", "connect_timeout", NULL };
	const char *const values[] = { "30", "10", "3", "60000", conninfo, "UTF8", application, "15", NULL };
	PGconn *pg = PQconnectdbParams(keys, values, 1);

	if (pg)
		PQsetNoticeReceiver(pg, ignore_notice, NULL);
	return pg;
}

bool conn_open(const char *conninfo, const struct conn_settings *s, struct conn **ret, struct diag *d)
{
	AUTO_CONN *c = xcalloc(1, sizeof(*c));

	c->conninfo = xstrdup(conninfo);
	c->settings = *s;
	c->pg = conn_connect(conninfo, s->application);
	if (!c->pg)
		return diag_fail(d, DIAG_INTERNAL, "out of memory");
	if (!session_start(c, d))
		return false;
	*ret = STEAL(c);
	return true;
}

static bool end_stale(struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char pid[16];

	if (!c->stale_pid)
		return true;
	snprintf(pid, sizeof(pid), "%d", c->stale_pid);
	if (!conn_query_text(c, "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
			     "WHERE pid = $1::int AND backend_start = $2::timestamptz", &res, d, pid, c->stale_start))
		return false;
	c->stale_pid = 0;
	return true;
}

bool conn_reset(struct conn *c, struct diag *d)
{
	/* behind a pooler it may serve somebody else by now */
	if (!c->stale_pid && !c->pooled) {
		c->stale_pid = c->backend_pid;
		memcpy(c->stale_start, c->backend_start, sizeof(c->stale_start));
	}
	PQreset(c->pg);
	return session_start(c, d) && end_stale(c, d);
}

void conn_cancel(struct conn *c)
{
	PGcancel *cancel = PQgetCancel(c->pg);
	char ignored[256];

	if (cancel) {
		PQcancel(cancel, ignored, sizeof(ignored));
		PQfreeCancel(cancel);
	}
}

void conn_close(struct conn *c)
{
	PQfinish(c->pg);
	free(c->conninfo);
	free(c);
}

static const char *result_field(const PGresult *res, int code)
{
	const char *text = PQresultErrorField(res, code);

	return text ? text : "";
}

static size_t sqlstate_row(const char *code)
{
	size_t best = ARRAY_SIZE(sqlstates), best_len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sqlstates); i++) {
		size_t n = strlen(sqlstates[i].code);

		if (n > best_len && strncmp(code, sqlstates[i].code, n) == 0) {
			best = i;
			best_len = n;
		}
	}
	return best;
}

/* RAISE … USING CONSTRAINT = OLD.email: what a procedural language says of itself may be a value. Its
 * sources are pl_exec.c, plpy_elog.c, plperl.c, pltcl.c; in the server's own, names are names. */
static bool is_said_by_function(const PGresult *res)
{
	const char *file = result_field(res, PG_DIAG_SOURCE_FILE);

	return !*file || (strncmp(file, "pl", 2) == 0 && strncmp(file, "plan", 4) != 0);
}

/* Object names only: table, column, constraint come in fields of their own. */
static void add_objects(struct strbuf *sb, const PGresult *res)
{
	static const struct { int code; const char *word; } fields[] = {
		{ PG_DIAG_SCHEMA_NAME, "schema" }, { PG_DIAG_TABLE_NAME, "table" },
		{ PG_DIAG_COLUMN_NAME, "column" }, { PG_DIAG_DATATYPE_NAME, "type" },
		{ PG_DIAG_CONSTRAINT_NAME, "constraint" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields) && !is_said_by_function(res); i++) {
		const char *text = result_field(res, fields[i].code);

		if (*text)
			strbuf_addf(sb, "%s %s %s", sb->len ? "," : "", fields[i].word, text);
	}
}

bool conn_diag(const struct conn *c, const PGresult *res, struct diag *d)
{
	const char *code = res ? result_field(res, PG_DIAG_SQLSTATE) : "";
	size_t row = sqlstate_row(code);
	AUTO_STRBUF objects = STRBUF_INIT;

	if (!*code || PQstatus(c->pg) != CONNECTION_OK) {
		diag_fail(d, DIAG_LOST, "connection to the server was lost");
		snprintf(d->sqlstate, sizeof(d->sqlstate), "%s", *code ? code : "08006");
		return false;
	}
	add_objects(&objects, res);
	diag_fail(d, row < ARRAY_SIZE(sqlstates) ? sqlstates[row].cls : DIAG_STEP, "SQLSTATE %s: %s%s%s",
		  code, row < ARRAY_SIZE(sqlstates) ? sqlstates[row].words : "the server refused the statement",
		  objects.len ? ":" : "", strbuf_str(&objects));
	snprintf(d->sqlstate, sizeof(d->sqlstate), "%s", code);
	return false;
}

/* ---- statements, with an eye on requests to stop ---- */

struct pending {
	int stops;		/* how often a stop had been asked for when it was sent */
	double stop_ms;		/* since when it has been in hand and a stop asked for; 0: none was */
	bool cancelled;
};

static bool interrupted(struct diag *d)
{
	diag_fail(d, DIAG_INTERRUPTED, "interrupted");
	diag_hint(d, "give the same command again: it goes on from what is done");
	return false;
}

static bool send_params(struct conn *c, const char *sql, struct params p, struct pending *ret, struct diag *d)
{
	*ret = (struct pending){ .stops = sig_stop_requested() };
	if (c->stop == STOP_SENDING && ret->stops)
		return interrupted(d);
	return PQsendQueryParams(c->pg, sql, p.n, p.types, p.values, NULL, NULL, 0) || conn_diag(c, NULL, d);
}

static bool must_end(const struct conn *c, struct pending *p)
{
	int stops = sig_stop_requested();

	if (c->stop == STOP_NEVER || !stops)
		return false;
	if (c->stop == STOP_SENDING || stops > 1)
		return stops > p->stops;
	if (!p->stop_ms)
		p->stop_ms = clock_ms();
	return clock_ms() - p->stop_ms > CONN_STOP_MS;
}

static void cancel_if_asked(struct conn *c, struct pending *p)
{
	if (p->cancelled || !must_end(c, p))
		return;
	p->cancelled = true;
	conn_cancel(c);
}

static PGresult *next_result(struct conn *c, struct pending *p)
{
	while (PQisBusy(c->pg)) {
		struct pollfd fd = { .fd = PQsocket(c->pg), .events = POLLIN };

		cancel_if_asked(c, p);
		if (poll(&fd, 1, 500) > 0 && !PQconsumeInput(c->pg))
			break;
	}
	return PQgetResult(c->pg);
}

static bool statement_failed(const struct conn *c, const struct pending *p, const PGresult *res, struct diag *d)
{
	if (p->cancelled && res && streq(result_field(res, PG_DIAG_SQLSTATE), "57014"))
		return interrupted(d);
	return conn_diag(c, res, d);
}

bool conn_query(struct conn *c, const char *sql, struct params p, PGresult **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct pending pending;
	ExecStatusType status;
	PGresult *next;

	if (!send_params(c, sql, p, &pending, d))
		return false;
	while ((next = next_result(c, &pending))) {
		PQclear(res);
		res = next;
	}
	status = PQresultStatus(res);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
		return statement_failed(c, &pending, res, d);
	*ret = STEAL(res);
	return true;
}

bool conn_do(struct conn *c, const char *sql, struct params p, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	bool commit = streq(sql, "COMMIT");

	if (commit)
		FAULT_POINT(commit);
	if (!conn_query(c, sql, p, &res, d))
		return false;
	if (commit)
		FAULT_POINT(committed);
	return true;
}

bool conn_each(struct conn *c, const char *sql, struct params p, conn_row_fn *row, void *arg, struct diag *d)
{
	struct pending pending;
	bool ok = true;
	PGresult *r;

	if (!send_params(c, sql, p, &pending, d))
		return false;
	if (!PQsetSingleRowMode(c->pg))
		return conn_diag(c, NULL, d);
	while ((r = next_result(c, &pending))) {
		if (PQresultStatus(r) == PGRES_SINGLE_TUPLE)
			ok = ok && row(arg, r, d);
		else if (PQresultStatus(r) != PGRES_TUPLES_OK && ok)
			ok = statement_failed(c, &pending, r, d);
		PQclear(r);
	}
	return ok;
}

int64_t res_int(const PGresult *r, int row, int col)
{
	return strtoll(PQgetvalue(r, row, col), NULL, 10);
}

int64_t res_affected(const PGresult *r)
{
	return strtoll(PQcmdTuples((PGresult *)(uintptr_t)r), NULL, 10);
}
