/* The server, its clock, the ledger. */
#include "plan/check_parts.h"

#include "base/instant.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"

/* Below this the images of whole pages don't matter. */
#define WAL_MATTERS (1024LL * 1024 * 1024)

static void note_skew(struct checker *k, int64_t before, int64_t server, int64_t after)
{
	struct limits l = policy_limits(k->b->plan->policy, k->b->plan->db, NULL);
	int64_t off = server < before ? before - server : server > after ? server - after : 0;
	char ours[INSTANT_TEXT], theirs[INSTANT_TEXT];

	if (off <= l.max_clock_skew_ms * 1000)
		return;
	check_note(k, &(struct note){ .id = FINDING_CLOCK_SKEW, .remedy = "set both clocks right (NTP)" },
		"the clocks differ: this host says %s, the server %s; max_clock_skew is %lld ms",
		instant_format(after, ours), instant_format(server, theirs), (long long)l.max_clock_skew_ms);
}

static const char *ruled_oids(struct checker *k)
{
	struct arena *a = k->b->a;
	VEC(const char *) oids = { NULL, 0, 0 };

	for (size_t i = 0; i < k->b->nrules; i++)
		for (size_t j = 0; j < k->b->rules[i].leaves.n; j++)
			vec_push(a, &oids, arena_printf(a, "%u", k->b->rules[i].leaves.v[j]->oid));
	return cat_array_literal(a, oids.v, oids.n);
}

static void note_wal(struct checker *k, const PGresult *r)
{
	bool lz4 = res_bool(r, 0, 4);

	if (!res_bool(r, 0, 2) || res_int(r, 0, 3) < WAL_MATTERS)
		return;
	check_note(k, &(struct note){ .id = FINDING_WAL_COMPRESSION,
		.remedy = lz4 ? "ALTER SYSTEM SET wal_compression = lz4, or GRANT SET ON PARAMETER wal_compression and "
				"ALTER ROLE … SET wal_compression = lz4" : "ALTER SYSTEM SET wal_compression = on" },
		"wal_compression is off, and the ruled tables have %lld MB", (long long)(res_int(r, 0, 3) >> 20));
}

static bool look_at_server(struct checker *k, struct diag *d)
{
	int64_t before = instant_host_now(), after, server = 0;
	AUTO_RESULT *r = NULL;

	if (!check_ask(k, "query/check_server", ruled_oids(k), &r, d))
		return false;
	after = instant_host_now();
	BUG_ON(!instant_parse_timestamptz(res_text(r, 0, 0), strlen(res_text(r, 0, 0)), &server));
	note_skew(k, before, server, after);
	if (res_bool(r, 0, 1))
		check_note(k, &(struct note){ .id = FINDING_STANDBY,
			.remedy = "give conninfo the primary: target_session_attrs=read-write" },
			"the server is a standby in recovery");
	note_wal(k, r);
	return true;
}

/* ---- the ledger ---- */

static const char *const init_first = "run pgretain init";

static void note_ledger(struct checker *k, enum finding_id id, const struct diag *d, const char *fallback)
{
	check_note(k, &(struct note){ .id = id, .remedy = *d->hint ? d->hint : init_first }, "%s",
		*d->message ? d->message : fallback);
}

static bool look_at_ledger(struct checker *k, struct diag *d)
{
	struct diag why = DIAG_INIT;
	enum ledger_state state;

	if (!ledger_probe(k->b->conn, k->replay_log, &state, &why)) {
		if (why.cls == DIAG_LOST) {
			*d = why;
			return false;
		}
		note_ledger(k, FINDING_LEDGER, &why, "");
		return true;
	}
	switch (state) {
	case LEDGER_CURRENT:
		break;
	case LEDGER_ABSENT:
		note_ledger(k, FINDING_LEDGER_ABSENT, &why, "there is no schema pgretain yet");
		break;
	case LEDGER_OLD:
		note_ledger(k, FINDING_LEDGER_OLD, &why, "schema pgretain is of an older pgretain");
		break;
	case LEDGER_NEWER:
		snprintf(why.hint, sizeof(why.hint), "use that version of pgretain");
		note_ledger(k, FINDING_LEDGER, &why, "schema pgretain was made by a newer pgretain");
		break;
	case LEDGER_FOREIGN:
		if (!*why.hint)
			snprintf(why.hint, sizeof(why.hint), "replay first; a clone that goes its own way: pgretain init --adopt");
		note_ledger(k, FINDING_LEDGER, &why, "the ledger tells another database's past");
		break;
	}
	return true;
}

static bool quarantines(const struct binder *b)
{
	for (size_t i = 0; i < b->nrules; i++)
		if (b->rules[i].rule->action == ACTION_QUARANTINE)
			return true;
	return false;
}

static bool look_at_rights(struct checker *k, struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!check_ask(k, "query/check_rights_ledger", quarantines(k->b) ? "true" : "false", &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++) {
		const char *what = res_text(r, i, 0), *role = res_text(r, i, 1);

		const char *vault = "GRANT USAGE, CREATE ON SCHEMA pgretain_vault", *runner = "GRANT pgretain_runner";

		check_note(k, &(struct note){ .id = FINDING_PRIVILEGE_LEDGER,
			.remedy = arena_printf(k->b->a, "%s TO %s", strstr(what, "vault") ? vault : runner, role) },
			"role %s lacks %s", role, what);
	}
	return true;
}

bool check_server(struct checker *k, struct diag *d)
{
	return look_at_server(k, d) && look_at_ledger(k, d) && look_at_rights(k, d);
}
