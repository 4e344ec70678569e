/* "Isolated from any further processing" (domain.md 7), as far as the last listing of the backups told. */
#include "plan/check_parts.h"

#include "ledger/ledger.h"
#include "pg/sqltext.h"

static const struct backup_store *store_of(const struct checker *k, const char *name)
{
	const struct policy *p = k->b->plan->policy;

	for (size_t i = 0; i < p->nbackups; i++)
		if (streq(p->backups[i].name, name))
			return &p->backups[i];
	return NULL;
}

static void note_sets(struct checker *k, const PGresult *r, int i)
{
	const struct backup_store *s = store_of(k, res_text(r, i, 0));
	const char *object = arena_printf(k->b->a, "backups \"%s\"", res_text(r, i, 0));

	check_note(k, &(struct note){ .id = FINDING_BACKUP, .loc = s ? &s->loc : NULL, .object = object,
		.remedy = "let nobody but their owner read them, encrypt them, lift marks, let go what is too old; then pgretain "
			  "backup scan" },
		"%s backup(s), such as %s: %s", res_text(r, i, 2), res_text(r, i, 3), res_text(r, i, 1));
}

static void note_store(struct checker *k, const struct backup_store *s, const char *trouble)
{
	check_note(k, &(struct note){ .id = FINDING_BACKUP_LISTING, .loc = &s->loc,
		.object = arena_printf(k->b->a, "backups \"%s\"", s->name), .remedy = "pgretain backup scan" }, "%s", trouble);
}

static bool look_at_stores(struct checker *k, struct diag *d)
{
	const struct policy *p = k->b->plan->policy;
	AUTO_RESULT *r = NULL;

	if (!conn_query(k->b->conn, sqltext_get("query/backup_stores"), NO_PARAMS, &r, d))
		return false;
	for (size_t i = 0; i < p->nbackups; i++) {
		const char *trouble = "was never listed";

		for (int row = 0; row < PQntuples(r); row++)
			if (streq(res_text(r, row, 0), p->backups[i].name))
				trouble = res_text_null(r, row, 3);
		if (trouble)
			note_store(k, &p->backups[i], trouble);
	}
	return true;
}

/* Without a ledger there is no catalogue, and another part says so. */
static bool has_catalogue(struct checker *k, bool *ret, struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!conn_query(k->b->conn, "SELECT coalesce(has_table_privilege(to_regclass('pgretain.backup_set'), 'SELECT'), false)",
			NO_PARAMS, &r, d))
		return false;
	*ret = res_bool(r, 0, 0);
	return true;
}

bool check_backups(struct checker *k, struct diag *d)
{
	AUTO_RESULT *r = NULL;
	bool has;

	if (!has_catalogue(k, &has, d))
		return false;
	if (!has)
		return true;
	if (!look_at_stores(k, d) || !conn_query(k->b->conn, sqltext_get("query/check_backups"), NO_PARAMS, &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++)
		note_sets(k, r, i);
	return true;
}
