#include "ledger/lineage.h"

#include "ledger/ledger.h"
#include "ledger/migrate.h"
#include "ledger/replay.h"
#include "pg/sqltext.h"

#include <stdlib.h>
#include <uuid/uuid.h>

/* The same pair in sql/schema/0003_hold.sql: class 1885827685 is pgretain's, 1 is init, 2 the holds. */
#define INIT_LOCK "pg_catalog.pg_advisory_lock(1885827685, 1)"
#define INIT_UNLOCK "pg_catalog.pg_advisory_unlock(1885827685, 1)"

bool lineage_read(struct conn *c, struct lineage *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/ledger_lineage"), NO_PARAMS, &res, d))
		return false;
	*ret = (struct lineage){
		.head_kept = res_bool(res, 0, 1),
		.same_system = res_bool(res, 0, 2),
		.same_database = res_bool(res, 0, 3),
		.same_timeline = res_bool(res, 0, 4),
		.seq = res_text_null(res, 0, 5) ? res_int(res, 0, 5) : -1,
		.kept_seq = res_int(res, 0, 7),
		.replaying = res_bool(res, 0, 8),
	};
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", res_text(res, 0, 0));
	snprintf(ret->hash, sizeof(ret->hash), "%s", res_text(res, 0, 6));
	return true;
}

static bool foreign(struct diag *d, enum ledger_state *ret)
{
	diag_hint(d, "replay first (pgretain replay), before anyone is let in; a clone that goes its own way: "
		  "pgretain init --adopt");
	*ret = LEDGER_FOREIGN;
	return true;
}

static bool compare_server(const struct lineage *l, enum ledger_state *ret, struct diag *d)
{
	if (l->same_system && l->same_database && l->same_timeline)
		return true;
	diag_fail(d, DIAG_GUARD, "the ledger belongs to another %s: this database is a restored one or a clone",
		  !l->same_system ? "cluster (system identifier)" :
		  !l->same_database ? "database (oid)" : "timeline");
	return foreign(d, ret);
}

/* An entry that the log knows must be in the ledger, the same one. */
static bool compare_entry(struct conn *c, const struct replay_head *head, bool *same, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char seq[24];

	snprintf(seq, sizeof(seq), "%lld", (long long)head->seq);
	if (!conn_query_text(c, sqltext_get("query/ledger_hash_of"), &res, d, seq))
		return false;
	*same = PQntuples(res) == 1 && streq(res_text(res, 0, 0), head->hash);
	return true;
}

static bool compare_outside(struct conn *c, const char *path, const struct lineage *l, enum ledger_state *ret,
			    struct diag *d)
{
	struct replay_head head;
	bool same = true;

	if (!replay_log_head(path, l->uuid, &head, d))
		return false;
	if (head.found && head.seq <= l->seq && !compare_entry(c, &head, &same, d))
		return false;
	/* kept since, but none is there yet: the disk was full the first time, or it was killed */
	if (head.found ? head.seq <= l->seq && head.seq >= l->kept_seq && same : !l->head_kept || !l->kept_seq)
		return true;
	if (!head.found)
		diag_fail(d, DIAG_GUARD, "the replay log %s, and this ledger's head has been kept there",
			  head.exists ? "has no line of this ledger" : "is missing");
	else if (head.seq < l->kept_seq)
		diag_fail(d, DIAG_GUARD, "the replay log ends at ledger entry %lld, and entry %lld has been kept there: "
			  "it has been cut", (long long)head.seq, (long long)l->kept_seq);
	else if (head.seq > l->seq)
		diag_fail(d, DIAG_GUARD, "the log knows ledger entry %lld, the database's ledger ends at %lld: "
			  "the database is older than its log", (long long)head.seq, (long long)l->seq);
	else
		diag_fail(d, DIAG_GUARD, "ledger entry %lld is another one than the log knows", (long long)head.seq);
	foreign(d, ret);
	diag_where(d, "%s", path);
	return true;
}

/* The processes of a replay know its lineage by their environment; to all others the database is closed. */
static bool compare_gate(const struct lineage *l, enum ledger_state *ret, struct diag *d)
{
	const char *mine = getenv(REPLAY_ENVIRONMENT);

	if (!l->replaying || (mine && streq(mine, l->uuid)))
		return true;
	diag_fail(d, DIAG_GUARD, "the replay of this restored database has not ended");
	diag_hint(d, "pgretain replay goes on with it");
	*ret = LEDGER_FOREIGN;
	return true;
}

bool ledger_probe(struct conn *c, const char *replay_log, enum ledger_state *ret, struct diag *d)
{
	struct migrate_state state;
	struct lineage l;

	if (!migrate_look(c, &state, d))
		return false;
	*ret = !state.made ? LEDGER_ABSENT :
		state.version > ledger_version() ? LEDGER_NEWER :
		state.version < ledger_version() ? LEDGER_OLD : LEDGER_CURRENT;
	if (*ret != LEDGER_CURRENT)
		return true;
	if (!lineage_read(c, &l, d))
		return false;
	if (!*l.uuid)
		*ret = LEDGER_OLD;		/* an init that was cut short */
	if (*ret != LEDGER_CURRENT || !compare_server(&l, ret, d) || *ret != LEDGER_CURRENT ||
	    !compare_gate(&l, ret, d) || *ret != LEDGER_CURRENT)
		return true;
	return !replay_log || compare_outside(c, replay_log, &l, ret, d);
}

static bool refuse_state(struct conn *c, enum ledger_state state, struct diag *d)
{
	switch (state) {
	case LEDGER_CURRENT:
		return true;
	case LEDGER_FOREIGN:
		return false;
	case LEDGER_ABSENT:
		diag_fail(d, DIAG_GUARD, "database %s has no ledger", PQdb(c->pg));
		diag_hint(d, "pgretain init");
		return false;
	case LEDGER_OLD:
		diag_fail(d, DIAG_GUARD, "the ledger's schema is older than this program (version %d)",
			  ledger_version());
		diag_hint(d, "pgretain init");
		return false;
	case LEDGER_NEWER:
		diag_fail(d, DIAG_GUARD, "the ledger's schema is newer than this program (version %d)",
			  ledger_version());
		diag_hint(d, "use the newer pgretain that wrote it");
		return false;
	}
	BUG_ON(true);
}

bool ledger_require(struct conn *c, const char *replay_log, struct diag *d)
{
	enum ledger_state state;

	return ledger_probe(c, replay_log, &state, d) && refuse_state(c, state, d);
}

bool ledger_readable(struct conn *c, struct diag *d)
{
	enum ledger_state state;

	return ledger_probe(c, NULL, &state, d) && (state == LEDGER_FOREIGN || refuse_state(c, state, d));
}

static bool adopt(struct conn *c, const char *actor, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char text[LOG_UUID];
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, text);
	return conn_query_text(c, sqltext_get("query/ledger_adopt"), &res, d, text, actor);
}

static bool init_locked(struct conn *c, const struct ledger_init *how, int *applied, struct diag *d)
{
	struct lineage l;

	if (!migrate_all(c, applied, d) || !lineage_read(c, &l, d))
		return false;
	return (*l.uuid && !how->adopt) || adopt(c, how->actor, d);
}

bool ledger_init(struct conn *c, const struct ledger_init *how, int *applied, struct diag *d)
{
	struct diag unlock = DIAG_INIT;
	bool ok;

	if (!conn_do(c, "SELECT " INIT_LOCK, NO_PARAMS, d))
		return false;
	ok = init_locked(c, how, applied, d);
	/* A lost connection has let the lock go by itself. */
	if (!conn_do(c, "SELECT " INIT_UNLOCK, NO_PARAMS, &unlock) && ok)
		*d = unlock;
	return ok;
}
