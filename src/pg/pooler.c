#include "pg/pooler.h"

#include "base/instant.h"

#include <poll.h>

#define ASKS 40			/* a pooler that deals its backends out in turn has rarely more */
#define PATIENCE_MS 5000

static const char ask_pid[] = "SELECT pg_catalog.pg_backend_pid()";

bool pooler_refused(struct diag *d)
{
	diag_fail(d, DIAG_CONNECT, "a connection pooler in transaction or statement mode stands between pgretain and "
		  "the server");
	diag_hint(d, "use the server's own host and port in conninfo, or a pool in session mode: settings, "
		  "advisory locks and the one-run guard need one backend for the whole session");
	return false;
}

static bool no_second(struct diag *d)
{
	diag_fail(d, DIAG_CONNECT, "the connection pooler gives no second connection");
	diag_hint(d, "pgretain needs one more than limits.lanes, and one in passing: enlarge the pool, or use "
		  "the server's own host and port in conninfo");
	return false;
}

/* The second client's backend; 0: no answer in time. */
static int second_pid(PGconn *pg)
{
	double until = clock_ms() + PATIENCE_MS;
	PGresult *r, *next;
	int pid = 0;

	if (!PQsendQuery(pg, ask_pid))
		return 0;
	while (PQisBusy(pg)) {
		struct pollfd fd = { .fd = PQsocket(pg), .events = POLLIN };
		double left = until - clock_ms();

		if (left <= 0)
			return 0;
		if (poll(&fd, 1, (int)left + 1) > 0 && !PQconsumeInput(pg))
			return 0;
	}
	for (r = NULL; (next = PQgetResult(pg)); r = next)
		PQclear(r);
	if (PQresultStatus(r) == PGRES_TUPLES_OK)
		pid = (int)res_int(r, 0, 0);
	PQclear(r);
	return pid;
}

/* A backend that has just become free is given to whoever asks next: the second client must never meet the
 * first one's, which is idle meanwhile. */
static bool never_met(const struct conn *c, PGconn *second, struct diag *d)
{
	for (int i = 0; i < ASKS; i++) {
		int pid = second_pid(second);

		if (!pid)
			return no_second(d);
		if (pid == c->backend_pid)
			return pooler_refused(d);
	}
	return true;
}

/* Another client of the pool may have taken it. */
static bool has_kept(struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, ask_pid, NO_PARAMS, &res, d))
		return false;
	return res_int(res, 0, 0) == c->backend_pid || pooler_refused(d);
}

bool pooler_keeps_session(struct conn *c, struct diag *d)
{
	PGconn *second = conn_connect(c->conninfo, c->settings.application);
	bool ok = PQstatus(second) == CONNECTION_OK ? never_met(c, second, d) : no_second(d);

	PQfinish(second);
	return ok && has_kept(c, d);
}
