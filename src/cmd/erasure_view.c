#include "cmd/erasure.h"
#include "cmd/erasure_backup.h"
#include "cmd/notice.h"
#include "cmd/recurrence.h"

#include "cmd/words.h"
#include "pg/sqltext.h"
#include "report/json.h"

static json_t *grounds_json(struct erasure *e, const struct erasure_item *it)
{
	json_t *all = json_array();

	for (size_t i = 0; i < it->grounds.n; i++) {
		json_t *g = json_object();

		json_put(g, "code", json_text(it->grounds.v[i].code));
		json_put(g, "basis", json_text(it->grounds.v[i].basis));
		json_put(g, "until", json_text(rfc3339(e->a, it->grounds.v[i].until)));
		json_add(all, g);
	}
	return all;
}

static bool has_ground(const struct erasure_item *it, const char *code)
{
	for (size_t i = 0; i < it->grounds.n; i++)
		if (streq(it->grounds.v[i].code, code))
			return true;
	return false;
}

/* Of a request that was under way and is assessed anew, what has not been done yet is foreseen: it has not failed. */
static struct erasure_item as_shown(const struct erasure_request *r, const struct erasure_item *stored)
{
	struct erasure_item it = *stored;

	if (!r->executed ||
	    (r->state != REQUEST_ASSESSED && r->state != REQUEST_AWAITING_APPROVAL && r->state != REQUEST_APPROVED))
		return it;
	if (streq(it.action, "anonymize") || has_ground(&it, "G7"))
		it.anonymized += it.failed;
	else if (streq(it.action, "quarantine"))
		it.quarantined += it.failed;
	else
		it.erased += it.failed;
	it.failed = 0;
	return it;
}

json_t *erasure_items_json(struct erasure *e, const struct erasure_request *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->nitems; i++) {
		const struct erasure_item shown = as_shown(r, &r->items[i]), *it = &shown;
		const struct { const char *name; int64_t n; } counts[] = {
			{ "matched", it->matched }, { "erased", it->erased }, { "anonymized", it->anonymized },
			{ "quarantined", it->quarantined }, { "deferred", it->deferred }, { "minimised", it->minimised },
			{ "held", it->held }, { "retained", it->retained }, { "not_found", it->not_found }, { "failed", it->failed },
		};
		json_t *o = json_object();

		json_put(o, "rule", json_text(it->rule));
		json_put(o, "table", json_text(it->table));
		json_put(o, "action", json_text(it->action));
		for (size_t k = 0; k < ARRAY_SIZE(counts); k++)
			json_put(o, counts[k].name, json_count(counts[k].n));
		json_put(o, "until", json_text(rfc3339(e->a, it->until)));
		json_put(o, "grounds", grounds_json(e, it));
		json_put(o, "sqlstate", json_text(it->failed ? it->sqlstate : NULL));
		json_add(all, o);
	}
	return all;
}

static json_t *residual_json(struct erasure *e, const char *id, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	json_t *o;

	if (!conn_query_text(e->conn, sqltext_get("query/item_residual"), &res, d, id))
		return NULL;
	if (PQntuples(res) == 0)
		return json_null();
	o = json_object();
	json_put(o, "scanned_tables", json_count(res_int(res, 0, 1)));
	json_put(o, "found", json_count(res_int(res, 0, 2)));
	json_put(o, "others", json_count(res_int(res, 0, 3)));
	json_put(o, "scanned_at", json_text(rfc3339(e->a, res_text(res, 0, 0))));
	json_put(o, "places", json_loads(res_text(res, 0, 4), 0, NULL));
	return o;
}

bool erasure_suppression(struct erasure *e, const char *id, json_t **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	json_t *o;

	if (!conn_query_text(e->conn, sqltext_get("query/suppression_show"), &res, d, id, recurrence_keep(e->ctx)))
		return false;
	*ret = json_null();
	if (!res_int(res, 0, 0))
		return true;
	o = json_object();
	json_put(o, "digests", json_count(res_int(res, 0, 0)));
	json_put(o, "placed", json_text(rfc3339(e->a, res_text(res, 0, 1))));
	json_put(o, "until", json_text(rfc3339(e->a, res_text(res, 0, 2))));
	json_put(o, "found", json_text(rfc3339(e->a, res_text_null(res, 0, 3))));
	*ret = o;
	return true;
}

static const char *deadline_state(const PGresult *res)
{
	return res_text(res, 0, 8);
}

bool erasure_show(struct erasure *e, struct erasure_request *r, json_t **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	const char *wake;
	json_t *o, *residual, *suppression, *recipients, *backups;

	if (!conn_query_text(e->conn, sqltext_get("query/item_show"), &res, d, r->id))
		return false;
	residual = residual_json(e, r->id, d);
	if (!residual || !erasure_suppression(e, r->id, &suppression, d) || !notice_show(e, r->id, &recipients, d) ||
	    !erasure_backups_json(e, r, &backups, d))
		return false;
	o = json_object();
	json_put(o, "schema", json_text("pgretain.request/1"));
	json_put(o, "request", json_text(r->id));
	json_put(o, "kind", json_text(res_text(res, 0, 0)));
	json_put(o, "state", json_text(res_text(res, 0, 1)));
	json_put(o, "jurisdiction", json_text(res_text_null(res, 0, 2)));
	json_put(o, "received", json_text(rfc3339(e->a, res_text(res, 0, 3))));
	json_put(o, "deadline", json_text(rfc3339(e->a, res_text(res, 0, 4))));
	json_put(o, "deadline_state", json_text(deadline_state(res)));
	json_put(o, "acknowledge_by", json_text(rfc3339(e->a, res_text_null(res, 0, 10))));
	json_put(o, "acknowledged", json_text(rfc3339(e->a, res_text_null(res, 0, 11))));
	json_put(o, "fingerprint", json_text(res_text_null(res, 0, 5)));
	wake = res_text_null(res, 0, 6);
	json_put(o, "wake_at", json_text(rfc3339(e->a, wake || r->executed ? wake : erasure_wake(r))));
	json_put(o, "restricted", json_boolean(res_bool(res, 0, 9)));
	json_put(o, "items", erasure_items_json(e, r));
	json_put(o, "residual", residual);
	json_put(o, "suppression", suppression);
	json_put(o, "recipients", recipients);
	json_put(o, "backups", backups);
	json_put(o, "final", json_boolean(streq(res_text(res, 0, 1), "completed")));
	json_put(o, "ledger_head", json_text(res_text(res, 0, 7)));
	*ret = o;
	return true;
}

/* ---- text ---- */

static const char *count(struct arena *a, int64_t n)
{
	return n ? arena_printf(a, "%lld", (long long)n) : "";
}

static const char *why(struct arena *a, const struct erasure_item *it)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < it->grounds.n; i++)
		strbuf_addf(&sb, "%s%s%s%s", sb.len ? ", " : "", it->grounds.v[i].code, it->grounds.v[i].basis ? " " : "",
			    it->grounds.v[i].basis ? it->grounds.v[i].basis : "");
	if (it->failed && it->sqlstate)
		strbuf_addf(&sb, "%sSQLSTATE %s", sb.len ? ", " : "", it->sqlstate);
	return arena_strdup(a, strbuf_str(&sb));
}

void erasure_text(struct erasure *e, const struct erasure_request *r, struct strbuf *sb)
{
	static const struct text_column columns[] = {
		{ "rule", false }, { "matched", true }, { "erased", true }, { "anonymized", true }, { "quarantined", true },
		{ "deferred", true }, { "minimised", true }, { "held", true }, { "retained", true }, { "not found", true },
		{ "failed", true }, { "until", false }, { "why kept", false },
	};
	struct text_style style = ctx_style(e->ctx);
	struct text_table t = { .arena = e->a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	strbuf_addf(sb, "request %s: %s, %s\n\n", r->id, request_kind_word(r->kind), request_state_word(r->state));
	for (size_t i = 0; i < r->nitems; i++) {
		const struct erasure_item shown = as_shown(r, &r->items[i]), *it = &shown;
		const char *cells[] = { it->rule, count(e->a, it->matched), count(e->a, it->erased), count(e->a, it->anonymized),
			count(e->a, it->quarantined), count(e->a, it->deferred), count(e->a, it->minimised), count(e->a, it->held),
			count(e->a, it->retained), count(e->a, it->not_found), count(e->a, it->failed), rfc3339(e->a, it->until),
			why(e->a, it) };

		if (it->matched)
			text_table_add(&t, it->failed ? TONE_BAD : TONE_PLAIN, cells);
	}
	if (t.rows.n)
		text_table_render(&t, &style, sb);
	else
		strbuf_adds(sb, "no row of this person is left in any table\n");
}
