/* One connection, with the engine's own session settings whatever ALTER ROLE or ALTER DATABASE say:
 * TimeZone UTC, DateStyle ISO, IntervalStyle postgres, search_path pg_catalog, row_security off (a
 * hidden row is error 42501, never "0 due"), client_encoding UTF8, extra_float_digits 3, bytea hex,
 * standard_conforming_strings on, idle timeouts off, plan_cache_mode force_custom_plan;
 * for `bulk` wal_compression lz4 where it is off and the role may SET it (PostgreSQL 15 on). */
#ifndef PGRETAIN_PG_CONN_H
#define PGRETAIN_PG_CONN_H

#include "base/diag.h"

#include <libpq-fe.h>
#pragma GCC poison PQexec PQescapeString

struct conn_settings {
	const char *application;	/* application_name, e.g. "pgretain run" */
	bool read_only;			/* default_transaction_read_only: a stray write is refused by the server */
	bool bulk;			/* writes much: WAL is compressed */
	int64_t lock_timeout_ms, statement_timeout_ms;	/* 0: none */
};

#define CONN_STOP_MS 5000

struct conn {
	PGconn *pg;
	char *conninfo;
	struct conn_settings settings;
	int version;			/* 150018 */
	int backend_pid;
	char backend_start[40];
	bool pooled;			/* a pooler in session mode stands in between */
	int stale_pid;			/* a backend that a loss may have left behind; 0: none */
	char stale_start[40];
	/* conn_query and conn_each look at sig_stop_requested(): STOP_SENDING lets the first request cancel
	 * the statement in hand and send no other (while nothing has been written yet); STOP_WAITING lets
	 * the second one cancel what is in hand, and the first one what then takes longer than
	 * CONN_STOP_MS. The diag is then DIAG_INTERRUPTED. */
	enum conn_stop { STOP_NEVER, STOP_SENDING, STOP_WAITING } stop;
};

/* What conn_open begins with: the bare connection, to be looked at with PQstatus; NULL: out of memory. */
PGconn *conn_connect(const char *conninfo, const char *application);
bool conn_open(const char *conninfo, const struct conn_settings *s, struct conn **ret, struct diag *d) must_use;
void conn_close(struct conn *c);
AUTO_DEFINE(struct conn, conn_close)
#define AUTO_CONN __attribute__((cleanup(conn_close_auto))) struct conn

/* Reconnects with the same settings after a loss, and ends the backend that was lost: where only the
 * network was cut it may live on, with its locks and an open transaction. */
bool conn_reset(struct conn *c, struct diag *d) must_use;

AUTO_DEFINE(PGresult, PQclear)
#define AUTO_RESULT __attribute__((cleanup(PQclear_auto))) PGresult

/* Asks the server to cancel the statement in hand. */
void conn_cancel(struct conn *c);

/* Typed parameters of a statement: text values; NULL value = SQL NULL. */
struct params {
	int n;
	const Oid *types;
	const char *const *values;
};
#define NO_PARAMS ((struct params){ 0, NULL, NULL })

/* One statement, extended protocol, text results. ret is set only on success. */
bool conn_query(struct conn *c, const char *sql, struct params p, PGresult **ret, struct diag *d) must_use;
/* The same for statements whose result nobody needs. */
bool conn_do(struct conn *c, const char *sql, struct params p, struct diag *d) must_use;

/* Row by row, in bounded memory: `row` is called with a result of one row; when it gives false (or a
 * statement fails) the rest is thrown away. */
typedef bool conn_row_fn(void *arg, const PGresult *row, struct diag *d);
bool conn_each(struct conn *c, const char *sql, struct params p, conn_row_fn *row, void *arg, struct diag *d) must_use;

/* Text parameters only, types left to the server: conn_queryf(c, &res, d, sql, "a", "b"). */
#define conn_query_text(c, sql, ret, d, ...) \
	conn_query((c), (sql), (struct params){ \
		(int)ARRAY_SIZE(((const char *[]){ __VA_ARGS__ })), NULL, (const char *[]){ __VA_ARGS__ } }, (ret), (d))

/* Fills the diag from a failed result: class by SQLSTATE (pg/sqlstate.def), message of our own words
 * plus schema, table, column, constraint names. PostgreSQL's message, DETAIL and CONTEXT are left
 * out: they quote values. Always false. */
bool conn_diag(const struct conn *c, const PGresult *res, struct diag *d);

/* Field helpers. */
static inline const char *res_text(const PGresult *r, int row, int col) { return PQgetvalue(r, row, col); }
static inline const char *res_text_null(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}
int64_t res_int(const PGresult *r, int row, int col);	/* NULL = 0 */
static inline bool res_bool(const PGresult *r, int row, int col) { return PQgetvalue(r, row, col)[0] == 't'; }
int64_t res_affected(const PGresult *r);		/* command tag's count */

#endif
