#include "exec/revive.h"

#include "exec/lane.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"

#include <poll.h>

#define PAUSE_FIRST_MS 50
#define PAUSE_LAST_MS 3000
#define MAX_LOSSES 4

bool revive_needed(const struct conn *c, const struct diag *why)
{
	return why->cls == DIAG_LOST || PQstatus(c->pg) != CONNECTION_OK;
}

bool revive_may_pass(const struct diag *why)
{
	return why->cls == DIAG_LOST || why->cls == DIAG_CONNECT || why->cls == DIAG_RETRY || why->cls == DIAG_SHRINK;
}

bool revive_writable(struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, "SELECT pg_catalog.pg_is_in_recovery()", NO_PARAMS, &res, d))
		return false;
	return !res_bool(res, 0, 0) || diag_fail(d, DIAG_RETRY, "the server is a standby");
}

/* Connected anew each time round, unless what the run needs is just not to be had yet. */
static bool comes_back(struct conn *c, const struct exec_options *o, bool *found, struct diag *d)
{
	if (!*found || PQstatus(c->pg) != CONNECTION_OK)
		*found = conn_reset(c, d) && revive_writable(c, d);
	return *found && o->reconnected(o->ctx, d);
}

static bool time_is_up(const struct exec_options *o, const struct diag *why, struct diag *d)
{
	diag_fail(d, DIAG_LOST, "the connection was lost and could not be had again within %.0f s: %s",
		  o->reconnect_ms / 1e3, why->message);
	snprintf(d->sqlstate, sizeof(d->sqlstate), "%s", why->sqlstate);
	diag_hint(d, "look at the server; what was committed is in the ledger, the next run goes on from there");
	return false;
}

bool revive_control(struct conn *c, const struct exec_options *o, struct diag *d)
{
	double until = clock_ms() + o->reconnect_ms;
	int pause = PAUSE_FIRST_MS;
	bool found = false;

	if (o->connection)
		o->connection(o->ctx, "connection.lost", d);
	for (;;) {
		struct diag why = DIAG_INIT;

		if (comes_back(c, o, &found, &why))
			break;
		if (!revive_may_pass(&why)) {
			*d = why;
			return false;
		}
		if (clock_ms() > until)
			return time_is_up(o, &why, d);
		if (o->stop_requested())
			return diag_fail(d, DIAG_INTERRUPTED, "interrupted while the server was away");
		poll(NULL, 0, pause);
		pause = pause * 2 < PAUSE_LAST_MS ? pause * 2 : PAUSE_LAST_MS;
	}
	if (o->connection)
		o->connection(o->ctx, "connection.back", NULL);
	return true;
}

bool revive_again(struct conn *c, const struct exec_options *o, int *losses, struct diag *d)
{
	return revive_needed(c, d) && ++*losses <= MAX_LOSSES && revive_control(c, o, d);
}

static bool known(struct conn *c, const struct exec_options *o, int64_t batch, bool *ret, struct diag *d)
{
	AUTO_RESULT *r = NULL;
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)batch);
	if (!conn_query_text(c, sqltext_get("query/exec_batch_known"), &r, d, o->run, text))
		return false;
	*ret = res_bool(r, 0, 0);
	return true;
}

/* An entry that is rolled back waits for the head like any other; the next statement then sees what
 * was committed meanwhile. */
bool revive_batch_known(struct conn *c, const struct exec_options *o, int64_t batch, bool *ret, struct diag *d)
{
	struct ledger_entry barrier = { .kind = "batch", .run = o->run, .rows = 0, .actor = o->actor };
	struct diag ignored = DIAG_INIT;
	bool ok = conn_do(c, "BEGIN", NO_PARAMS, d) && ledger_append(c, &barrier, d) && known(c, o, batch, ret, d);

	return conn_do(c, "ROLLBACK", NO_PARAMS, ok ? d : &ignored) && ok;
}
