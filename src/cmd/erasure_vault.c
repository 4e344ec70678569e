#include "cmd/erasure_vault.h"

#include "pg/catalog.h"
#include "pg/sqltext.h"

bool vault_runs(struct erasure *e, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_runs"), &res, d, erasure_ids(e)))
		return false;
	for (size_t k = 0; k < e->requests.n; k++)
		e->requests.v[k].runs.n = 0;
	for (int i = 0; i < PQntuples(res); i++) {
		struct erasure_request *r = erasure_request_of(e, res_text(res, i, 0));

		vec_push(e->a, &r->runs, arena_strdup(e->a, res_text(res, i, 1)));
	}
	return true;
}

bool erasure_ran(const struct erasure_request *r, const char *run)
{
	for (size_t i = 0; i < r->runs.n; i++)
		if (streq(r->runs.v[i], run))
			return true;
	return false;
}

static void take(struct erasure *e, struct erasure_item *it, const PGresult *res, int row)
{
	it->now_vaulted += res_int(res, row, 3);
	erasure_sooner(&it->purge_first, arena_strdup(e->a, res_text(res, row, 4)));
	erasure_later(&it->purge_last, arena_strdup(e->a, res_text(res, row, 5)));
}

/* Once its link is cut a shared row in the vault is found no more. It is there until the rule's rows of that time are purged. */
static bool vault_unseen(struct erasure *e, size_t i, struct diag *d)
{
	for (size_t k = 0; e->plan->items[i].shared && k < e->requests.n; k++) {
		struct erasure_item *it = &e->requests.v[k].items[i];
		AUTO_RESULT *res = NULL;

		if (!it->known || it->now_vaulted >= it->vaulted || !it->until)
			continue;
		if (!conn_query_text(e->conn, sqltext_get("query/item_vault_waits"), &res, d, it->rule, it->until))
			return false;
		if (!res_bool(res, 0, 0))
			continue;
		it->now_vaulted = it->vaulted;
		erasure_sooner(&it->purge_first, it->wake);
		erasure_later(&it->purge_last, it->until);
	}
	return true;
}

bool vault_count(struct erasure *e, size_t i, struct diag *d)
{
	const struct plan_item *p = &e->plan->items[i];
	const struct plan_params *v = &p->vaulted.params;
	AUTO_RESULT *res = NULL;

	for (size_t k = 0; k < e->requests.n; k++) {
		struct erasure_item *it = &e->requests.v[k].items[i];

		it->now_vaulted = 0;
		it->purge_first = it->purge_last = NULL;
	}
	if (!p->asked)
		return true;
	if (!p->vaulted.sql)
		return vault_unseen(e, i, d);
	if (!conn_query(e->conn, p->vaulted.sql, (struct params){ v->n, v->types, v->values }, &res, d)) {
		diag_where(d, "rule \"%s\", its rows in the vault", p->rule->name);
		return false;
	}
	for (int row = 0; row < PQntuples(res); row++)
		for (size_t k = erasure_first_of(e, res_text(res, row, 0), res_text(res, row, 1)); k < e->requests.n; k++) {
			struct erasure_request *r = &e->requests.v[k];

			if (!streq(r->type, res_text(res, row, 0)) || !streq(r->key, res_text(res, row, 1)))
				break;
			if (!erasure_ran(r, res_text(res, row, 2)))
				take(e, &r->items[i], res, row);
		}
	return vault_unseen(e, i, d);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void vault_moved(struct erasure_item *it, int64_t *gone)
{
	int64_t more = it->now_vaulted - it->vaulted, live;

	if (more > 0) {
		live = least(more, *gone > 0 ? *gone : 0);
		*gone -= live;
		it->matched += more - live;	/* not found among the person's rows before */
		it->quarantined += more;
	} else if (more < 0) {
		live = least(-more, *gone < 0 ? -*gone : 0);
		*gone += live;			/* released: they are in the live table again */
		it->quarantined += more;
		it->erased += -more - live;
	}
	it->vaulted = it->now_vaulted;
}

/* Items with rows that runs of their own request have moved into the vault. */
struct moved {
	VEC(struct erasure_item *) items;
	VEC(const char *) requests, rules;
};

static void collect_moved(struct erasure *e, struct moved *m)
{
	for (size_t k = 0; k < e->requests.n; k++)
		for (size_t i = 0; i < e->requests.v[k].nitems; i++) {
			struct erasure_item *it = &e->requests.v[k].items[i];

			if (it->quarantined == it->vaulted)
				continue;
			vec_push(e->a, &m->items, it);
			vec_push(e->a, &m->requests, e->requests.v[k].id);
			vec_push(e->a, &m->rules, it->rule);
		}
}

bool vault_purged(struct erasure *e, struct diag *d)
{
	struct moved m = { .items = { NULL, 0, 0 } };
	AUTO_RESULT *res = NULL;

	collect_moved(e, &m);
	if (!m.items.n)
		return true;
	if (!conn_query_text(e->conn, sqltext_get("query/item_vaulted"), &res, d,
			     cat_array_literal(e->a, m.requests.v, m.requests.n), cat_array_literal(e->a, m.rules.v, m.rules.n)))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		struct erasure_item *it = m.items.v[res_int(res, i, 0) - 1];

		if (res_int(res, i, 1) == 0) {
			it->erased += it->quarantined - it->vaulted;
			it->quarantined = it->vaulted;
			continue;
		}
		erasure_sooner(&it->wake, arena_strdup(e->a, res_text_null(res, i, 2)));
		erasure_later(&it->until, arena_strdup(e->a, res_text_null(res, i, 3)));
	}
	return true;
}
