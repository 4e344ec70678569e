#include "vault/look.h"

#include "ledger/ledger.h"

bool look_query(struct conn *c, const struct plan_query *q, size_t n, const char *const *more, PGresult **ret,
		struct diag *d)
{
	size_t own = (size_t)q->params.n;
	AUTO(auto_free) Oid *types = xcalloc(own + n + 1, sizeof(*types));
	AUTO(auto_free) const char **values = xcalloc(own + n + 1, sizeof(*values));

	for (size_t i = 0; i < own + n; i++) {
		types[i] = i < own && q->params.types ? q->params.types[i] : 0;
		values[i] = i < own ? q->params.values[i] : more[i - own];
	}
	return conn_query(c, q->sql, (struct params){ (int)(own + n), types, values }, ret, d);
}

bool look_misfit(const struct diag *d)
{
	return (strncmp(d->sqlstate, "42", 2) == 0 && !streq(d->sqlstate, "42501")) || strncmp(d->sqlstate, "22", 2) == 0;
}

bool look_rollback(struct conn *c, struct diag *d)
{
	return conn_do(c, "ROLLBACK", NO_PARAMS, d);
}

bool look_groups(struct conn *c, const struct vault_store *s, const char *lo, const char *hi, const char *before,
		 PGresult **ret, bool *unsure, struct diag *d)
{
	const char *const more[] = { lo, hi, before };
	bool inside = PQtransactionStatus(c->pg) == PQTRANS_INTRANS;

	*unsure = false;
	if (inside && !conn_do(c, "SAVEPOINT pgretain_look", NO_PARAMS, d))
		return false;
	if (look_query(c, &s->groups, ARRAY_SIZE(more), more, ret, d))
		return true;
	if (!s->has_holds || !look_misfit(d))
		return false;
	*unsure = true;
	return (!inside || conn_do(c, "ROLLBACK TO SAVEPOINT pgretain_look", NO_PARAMS, d)) &&
		look_query(c, &s->groups_held, ARRAY_SIZE(more), more, ret, d);
}

struct vault_entry *look_entry(struct vault_outcome *o, const char *rule, const char *table, const char *run,
			       const char *purge_after)
{
	for (size_t i = 0; i < o->entries.n; i++) {
		struct vault_entry *e = &o->entries.v[i];

		if (streq(e->rule, rule) && streq(e->table, table) && streq(e->run, run) &&
		    (!purge_after || streq(e->purge_after, purge_after)))
			return e;
	}
	struct vault_entry *e = vec_add(o->arena, &o->entries);

	*e = (struct vault_entry){ .rule = arena_strdup(o->arena, rule), .table = arena_strdup(o->arena, table),
				   .run = arena_strdup(o->arena, run), .purge_after = arena_strdup(o->arena, purge_after) };
	return e;
}

bool look_evidence(struct conn *c, const struct vault_options *o, const char *action, const char *rule,
		   const char *table, const char *run, int64_t rows, const char *detail, struct diag *d)
{
	struct ledger_entry e = { .kind = "quarantine", .run = run, .rule = rule, .table = table, .action = action,
				  .rows = rows, .actor = o->actor, .detail = detail };

	return ledger_append(c, &e, d);
}

static void note_unsure(const struct vault_store *s, struct vault_outcome *ret)
{
	vec_push(ret->arena, &ret->notes, arena_printf(ret->arena, "a hold can't be tested on the quarantined rows of %s "
		"(vault table %s): all of them count as held", s->table, s->name));
}

bool vault_list(struct conn *c, const struct vault_plan *p, struct vault_outcome *ret, struct diag *d)
{
	for (size_t k = 0; k < p->nstores; k++) {
		const struct vault_store *s = &p->stores[k];
		AUTO_RESULT *res = NULL;
		bool unsure;

		if (!look_groups(c, s, "-infinity", "infinity", "-infinity", &res, &unsure, d))
			return false;
		for (int i = 0; i < PQntuples(res); i++) {
			struct vault_entry *e = look_entry(ret, res_text(res, i, 0), s->table, res_text(res, i, 1),
							   res_text(res, i, 2));

			e->rows += res_int(res, i, 3);
			e->held += res_int(res, i, 4);
		}
		if (unsure && PQntuples(res))
			note_unsure(s, ret);
	}
	return true;
}
