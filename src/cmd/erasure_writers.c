/* Rows of a transaction that is still open are seen by nobody: a count says that nothing is left only once those that
 * were writing before it have ended. */
#include "cmd/erasure.h"

#include "base/instant.h"
#include "base/log.h"
#include "base/sig.h"
#include "base/util.h"
#include "pg/sqltext.h"

#include <poll.h>

#define LOOK_MS 50

static const char *relations(struct erasure *e)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addc(&sb, '{');
	for (size_t i = 0; i < e->plan->nsteps; i++)
		for (size_t k = 0; k < e->plan->steps[i].nrelations; k++)
			strbuf_addf(&sb, "%s%u", sb.len > 1 ? "," : "", e->plan->steps[i].relations[k].oid);
	strbuf_addc(&sb, '}');
	return arena_strdup(e->a, strbuf_str(&sb));
}

/* *who: in the first place NULL; then those of them that are still there, or NULL. */
static bool look(struct erasure *e, const char *oids, const char **who, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_writers"), &res, d, oids, *who))
		return false;
	*who = arena_strdup(e->a, res_text_null(res, 0, 0));
	return true;
}

static void unsure(struct erasure *e)
{
	for (size_t i = 0; i < e->requests.n; i++)
		e->requests.v[i].unsure = true;
	log_event(LOG_LEVEL_WARN, "request.writers", LOG_S("why", "a transaction that has written to tables of these people is "
		  "still open; whether it holds rows of theirs can't be seen: no request is completed before it has ended"));
}

bool erasure_await_writers(struct erasure *e, struct diag *d)
{
	double until = clock_ms() + (double)policy_patience_ms(e->ctx->policy, e->db);
	const char *oids = relations(e), *who = NULL;

	for (size_t i = 0; i < e->requests.n; i++)
		e->requests.v[i].unsure = false;
	if (!look(e, oids, &who, d))
		return false;
	while (who && clock_ms() < until && !sig_stop_requested()) {
		poll(NULL, 0, LOOK_MS);
		if (!look(e, oids, &who, d))
			return false;
	}
	if (who)
		unsure(e);
	return true;
}
