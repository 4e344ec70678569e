#include "cmd/hold_step.h"

#include "ledger/ledger.h"
#include "pg/sqltext.h"

static bool record(struct conn *c, const char *hold, const char *actor, struct diag *d)
{
	char detail[96];
	struct ledger_entry e = { .kind = "hold", .action = "review_due", .rows = -1, .actor = actor, .detail = detail };

	snprintf(detail, sizeof(detail), "{\"hold\": \"%s\", \"state\": \"review_due\"}", hold);
	return ledger_append(c, &e, d);
}

bool hold_step_advance(struct conn *c, const char *actor, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_do(c, "BEGIN", NO_PARAMS, d) || !conn_query(c, sqltext_get("query/hold_advance"), NO_PARAMS, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (!record(c, res_text(res, i, 0), actor, d))
			return false;
	return conn_do(c, "COMMIT", NO_PARAMS, d);
}
