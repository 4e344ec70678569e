#include "ledger/migrate.h"

#include "base/strbuf.h"
#include "ledger/ledger.h"
#include "ledger/seal.h"
#include "pg/sqltext.h"

/* The number of an embedded migration; 0 for every other text. */
static int migration_number(const struct sqltext *t)
{
	static const char prefix[] = "schema/";
	const char *s = t->name + sizeof(prefix) - 1;

	if (strncmp(t->name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	return strspn(s, "0123456789") == 4 && s[4] == '_' ? (int)strtol(s, NULL, 10) : 0;
}

int ledger_version(void)
{
	int highest = 0;

	for (const struct sqltext *t = sqltext_all; t->name; t++)
		if (migration_number(t) > highest)
			highest = migration_number(t);
	return highest;
}

static bool refuse_reader(struct conn *c, struct diag *d)
{
	diag_fail(d, DIAG_GUARD, "role %s may not read schema pgretain", PQuser(c->pg));
	diag_hint(d, "GRANT pgretain_runner TO the role (pgretain_auditor where it only reads)");
	return false;
}

bool migrate_look(struct conn *c, struct migrate_state *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	AUTO_RESULT *applied = NULL;
	struct migrate_state state = { 0 };

	if (!conn_query(c, sqltext_get("query/ledger_schema"), NO_PARAMS, &res, d))
		return false;
	state.schema = PQntuples(res) > 0;
	state.made = state.schema && res_bool(res, 0, 0);
	if (state.schema && !res_bool(res, 0, 1))
		return refuse_reader(c, d);
	if (state.made && !conn_query(c, sqltext_get("query/ledger_migrations"), NO_PARAMS, &applied, d))
		return false;
	if (applied && PQntuples(applied))
		state.version = (int)res_int(applied, PQntuples(applied) - 1, 0);
	*ret = state;
	return true;
}

/* Several statements in one text need the simple protocol; every result is read to the end. */
static bool send_text(struct conn *c, const char *text, struct diag *d)
{
	bool ok = true;

	if (!PQsendQuery(c->pg, text))
		return conn_diag(c, NULL, d);
	for (PGresult *res; (res = PQgetResult(c->pg)); PQclear(res))
		if (ok && PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
			ok = conn_diag(c, res, d);
	return ok;
}

static bool in_transaction(struct conn *c, const struct sqltext *t, const char *sha256, struct diag *d)
{
	char version[16];
	const char *const values[] = { version, t->name + strlen("schema/"), sha256 };

	snprintf(version, sizeof(version), "%d", migration_number(t));
	return conn_do(c, "BEGIN", NO_PARAMS, d) &&
		send_text(c, t->text, d) &&
		(!sha256 || conn_do(c, sqltext_get("query/ledger_migrated"),
				    (struct params){ ARRAY_SIZE(values), NULL, values }, d)) &&
		conn_do(c, "COMMIT", NO_PARAMS, d);
}

/* sha256 NULL: a text that every init runs, not remembered. */
static bool apply(struct conn *c, const struct sqltext *t, const char *sha256, struct diag *d)
{
	struct diag rollback = DIAG_INIT;

	if (in_transaction(c, t, sha256, d))
		return true;
	if (streq(d->sqlstate, "42501"))
		diag_fail(d, DIAG_GUARD, "role %s may not create or migrate schema pgretain", PQuser(c->pg));
	diag_where(d, "sql/%s.sql", t->name);
	if (!*d->hint)
		diag_hint(d, "init needs a superuser, or CREATE on the database and ownership of schema pgretain");
	if (d->cls != DIAG_LOST)
		d->cls = DIAG_GUARD;
	if (PQstatus(c->pg) == CONNECTION_OK && !conn_do(c, "ROLLBACK", NO_PARAMS, &rollback))
		d->cls = DIAG_LOST;
	return false;
}

static bool apply_named(struct conn *c, const char *name, struct diag *d)
{
	return apply(c, &(struct sqltext){ name, sqltext_get(name) }, NULL, d);
}

/* An applied file never changes: another text under the same number means another program. */
static bool same_text(const struct sqltext *t, const PGresult *applied, int row, const char *sha256, struct diag *d)
{
	const char *name = t->name + strlen("schema/");

	if (streq(res_text(applied, row, 1), name) && streq(res_text(applied, row, 2), sha256))
		return true;
	diag_fail(d, DIAG_GUARD, "migration %s was applied here with another text (%s)", name,
		  res_text(applied, row, 1));
	diag_where(d, "table pgretain.migration, version %d", migration_number(t));
	diag_hint(d, "use the pgretain that made this schema, or a later release of it");
	return false;
}

static int row_of_version(const PGresult *applied, int version)
{
	for (int i = 0; applied && i < PQntuples(applied); i++)
		if (res_int(applied, i, 0) == version)
			return i;
	return -1;
}

static bool migrate_files(struct conn *c, const PGresult *done, int *applied, struct diag *d)
{
	char sha256[SEAL_HEX];

	for (const struct sqltext *t = sqltext_all; t->name; t++) {
		int row;

		if (!migration_number(t))
			continue;
		seal_text(t->text, sha256);
		row = row_of_version(done, migration_number(t));
		if (row >= 0 ? !same_text(t, done, row, sha256, d) : !apply(c, t, sha256, d))
			return false;
		*applied += row < 0;
	}
	return true;
}

static bool check_version(const struct migrate_state *state, struct diag *d)
{
	if (state->schema && !state->made) {
		diag_fail(d, DIAG_GUARD, "there is a schema pgretain that pgretain did not make");
		diag_hint(d, "rename it: ALTER SCHEMA pgretain RENAME TO …");
		return false;
	}
	if (state->version <= ledger_version())
		return true;
	diag_fail(d, DIAG_GUARD, "schema pgretain is version %d, this program knows %d", state->version,
		  ledger_version());
	diag_hint(d, "use the newer pgretain that wrote it; there is no way back");
	return false;
}

/* Only a superuser or a role with CREATEROLE makes roles; say what to type where this is neither. */
static bool make_roles(struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	AUTO_STRBUF create = STRBUF_INIT;

	if (!conn_query(c, sqltext_get("query/ledger_roles_missing"), NO_PARAMS, &res, d))
		return false;
	if (!PQntuples(res))
		return true;
	if (res_bool(res, 0, 1))
		return apply_named(c, "schema/roles", d);
	for (const char *s = res_text(res, 0, 0); *s; s += strspn(s, " ")) {
		int n = (int)strcspn(s, " ");

		strbuf_addf(&create, "%sCREATE ROLE %.*s", create.len ? "; " : "", n, s);
		s += n;
	}
	diag_fail(d, DIAG_GUARD, "roles are missing, and %s may not create them: %s", PQuser(c->pg),
		  res_text(res, 0, 0));
	diag_hint(d, "as a superuser: %s; then init again", strbuf_str(&create));
	return false;
}

bool migrate_all(struct conn *c, int *applied, struct diag *d)
{
	struct migrate_state state;
	AUTO_RESULT *done = NULL;

	*applied = 0;
	if (!migrate_look(c, &state, d) || !check_version(&state, d))
		return false;
	if (state.made && !conn_query(c, sqltext_get("query/ledger_migrations"), NO_PARAMS, &done, d))
		return false;
	return make_roles(c, d) && migrate_files(c, done, applied, d) && apply_named(c, "schema/grants", d);
}
