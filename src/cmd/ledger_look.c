#include "cmd/ledger_look.h"

#include "ledger/ledger.h"

bool ledger_look(struct conn *c, const char *replay_log, struct arena *a, const char **foreign, struct diag *d)
{
	enum ledger_state state;

	*foreign = NULL;
	if (!ledger_probe(c, replay_log, &state, d))
		return false;
	if (state != LEDGER_FOREIGN)
		return ledger_require(c, replay_log, d);
	*foreign = arena_strdup(a, d->message);
	*d = (struct diag)DIAG_INIT;
	return true;
}
