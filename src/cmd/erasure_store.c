/* Items as the database has them: read, and kept. */
#include "cmd/erasure.h"

#include "base/log.h"
#include "pg/sqltext.h"
#include "report/json.h"

#include <stdlib.h>

/* ---- stored ---- */

static void parts_take(struct erasure_item *it, const PGresult *res, int i)
{
	int64_t *const into[] = { &it->matched, &it->erased, &it->anonymized, &it->quarantined, &it->deferred, &it->minimised,
				  &it->held, &it->retained, &it->not_found, &it->failed, &it->live, &it->unchanged, &it->vaulted };

	for (size_t k = 0; k < ARRAY_SIZE(into); k++)
		*into[k] = res_int(res, i, 4 + (int)k);
}

static void stored_take(struct erasure *e, struct erasure_item *it, const PGresult *res, int i)
{
	json_t *grounds, *g;
	size_t k;

	parts_take(it, res, i);
	it->known = true;
	it->executed = res_bool(res, i, 17);
	it->until = arena_strdup(e->a, res_text_null(res, i, 18));
	it->wake = arena_strdup(e->a, res_text_null(res, i, 19));
	it->sqlstate = arena_strdup(e->a, res_text_null(res, i, 21));
	it->seq = res_int(res, i, 22);
	it->grounds.n = 0;
	grounds = json_loads(res_text(res, i, 20), 0, NULL);
	json_array_foreach(grounds, k, g)
		vec_push(e->a, &it->grounds, ((struct erasure_ground){
			arena_strdup(e->a, json_string_value(json_object_get(g, "code"))),
			arena_strdup(e->a, json_string_value(json_object_get(g, "basis"))),
			arena_strdup(e->a, json_string_value(json_object_get(g, "until"))) }));
	json_decref(grounds);
}

/* Rows are in the order of their requests. */
static size_t rows_of_same(const PGresult *res, int i)
{
	size_t n = 1;

	while (i + (int)n < PQntuples(res) && streq(res_text(res, i, 0), res_text(res, i + (int)n, 0)))
		n++;
	return n;
}

/* Without a plan the items are what is stored, rules that have left the configuration too. */
static struct erasure_item *stored_item(struct erasure *e, struct erasure_request *r, const PGresult *res, int i)
{
	struct erasure_item *it;

	if (e->plan)
		return erasure_item_of(r, res_text(res, i, 1));
	if (!r->items)
		r->items = arena_alloc(e->a, rows_of_same(res, i) * sizeof(*r->items));
	it = &r->items[r->nitems++];
	it->rule = arena_strdup(e->a, res_text(res, i, 1));
	it->table = arena_strdup(e->a, res_text(res, i, 2));
	it->action = arena_strdup(e->a, res_text(res, i, 3));
	return it;
}

/* Rows of the person are kept under a rule that the configuration has no more: nobody would ever take them. */
static void orphaned(struct erasure *e, struct erasure_request *r, const PGresult *res, int i)
{
	struct erasure_item *it = vec_add(e->a, &r->orphans);

	it->rule = arena_strdup(e->a, res_text(res, i, 1));
	parts_take(it, res, i);
	if (!it->deferred && !it->held && !it->quarantined && !it->failed && it->retained == it->unchanged)
		return;
	r->grown = true;
	log_event(LOG_LEVEL_WARN, "request.orphaned", LOG_S("request", r->id), LOG_S("rule", res_text(res, i, 1)),
		  LOG_S("why", "rows are kept under a rule that left the configuration: put it back under its name"));
}

static void stored_all(struct erasure *e, const PGresult *res)
{
	struct erasure_request *r = NULL;

	for (int i = 0; i < PQntuples(res); i++) {
		struct erasure_item *it;

		if (!r || !streq(r->id, res_text(res, i, 0)))
			r = erasure_request_of(e, res_text(res, i, 0));
		it = stored_item(e, r, res, i);
		if (it)
			stored_take(e, it, res, i);
		else
			orphaned(e, r, res, i);
	}
}

bool erasure_stored(struct erasure *e, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_stored"), &res, d, erasure_ids(e)))
		return false;
	for (size_t k = 0; k < e->requests.n; k++) {
		e->requests.v[k].orphans.n = 0;
		if (e->plan)
			erasure_items_alloc(e, &e->requests.v[k]);
	}
	stored_all(e, res);
	return !e->plan || erasure_compare(e, d);
}

bool erasure_certified(struct erasure *e, const char *seq, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_certificate_items"), &res, d, seq))
		return false;
	stored_all(e, res);
	return true;
}

/* ---- storing ---- */

static json_t *stored_json(const struct erasure_request *r, const struct erasure_item *it)
{
	json_t *o = json_object(), *grounds = json_array();
	const struct { const char *name; int64_t n; } counts[] = {
		{ "matched", it->matched }, { "erased", it->erased }, { "anonymized", it->anonymized },
		{ "quarantined", it->quarantined }, { "deferred", it->deferred }, { "minimised", it->minimised },
		{ "held", it->held }, { "retained", it->retained }, { "not_found", it->not_found }, { "failed", it->failed },
		{ "live", it->live }, { "unchanged", it->unchanged }, { "vaulted", it->vaulted }, { "seq", it->seq },
	};

	json_put(o, "request", json_text(r->id));
	json_put(o, "rule", json_text(it->rule));
	json_put(o, "tbl", json_text(it->table));
	json_put(o, "action", json_text(it->action));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		json_put(o, counts[i].name, json_count(counts[i].n));
	json_put(o, "executed", json_boolean(it->executed));
	json_put(o, "until", json_text(it->until));
	json_put(o, "wake_at", json_text(it->wake));
	json_put(o, "sqlstate", json_text(it->sqlstate));
	for (size_t i = 0; i < it->grounds.n; i++) {
		json_t *g = json_object();

		json_put(g, "code", json_text(it->grounds.v[i].code));
		json_put(g, "basis", json_text(it->grounds.v[i].basis));
		json_put(g, "until", json_text(it->grounds.v[i].until));
		json_add(grounds, g);
	}
	json_put(o, "grounds", grounds);
	return o;
}

#define STORE_AT_ONCE 5000

static bool flush(struct erasure *e, json_t *all, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char *text;
	bool ok;

	if (!json_array_size(all))
		return true;
	text = json_dumps(all, JSON_COMPACT);
	ok = conn_query_text(e->conn, sqltext_get("query/item_put"), &res, d, text);
	free(text);
	json_array_clear(all);
	return ok;
}

bool erasure_store(struct erasure *e, struct diag *d)
{
	json_t *all = json_array();
	bool ok = true;

	for (size_t k = 0; ok && k < e->requests.n; k++)
		for (size_t i = 0; ok && i < e->requests.v[k].nitems; i++) {
			json_add(all, stored_json(&e->requests.v[k], &e->requests.v[k].items[i]));
			if (json_array_size(all) >= STORE_AT_ONCE)
				ok = flush(e, all, d);
		}
	ok = ok && flush(e, all, d);
	json_decref(all);
	return ok;
}
