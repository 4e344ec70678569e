#include "cmd/erasure_backup.h"
#include "cmd/erasure_run.h"

#include "base/log.h"
#include "cmd/connect.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "report/json.h"

#define TOMBS_MARGIN "7 days"		/* an archive that was found late */

static const char *stores(const struct policy *p, struct arena *a)
{
	const char **names = arena_alloc(a, (p->nbackups + 1) * sizeof(*names));

	for (size_t i = 0; i < p->nbackups; i++)
		names[i] = p->backups[i].name;
	return cat_array_literal(a, names, p->nbackups);
}

bool erasure_tombs_settle(struct ctx *ctx, struct conn *c, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/tombstone_settle"), &res, d, stores(ctx->policy, ctx->arena), TOMBS_MARGIN, ctx->actor))
		return false;
	if (res_int(res, 0, 0))
		log_event(LOG_LEVEL_INFO, "tombstones.gone", LOG_I("rows", res_int(res, 0, 0)));
	return true;
}

static bool judge_now(struct erasure *e, struct diag *d)
{
	const char *skew = arena_printf(e->a, "%lld", (long long)policy_limits(e->ctx->policy, e->db, NULL).max_clock_skew_ms);
	AUTO_RESULT *res = NULL;

	return conn_query_text(e->conn, sqltext_get("query/backup_judge"), &res, d, skew);
}

/* A request that has erased nothing stands in no backup because of it. */
bool erasure_backups(struct erasure *e, bool judge, struct diag *d)
{
	const struct policy *p = e->ctx->policy;
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < e->requests.n; i++)
		e->requests.v[i].in_backups = !p->no_backups && !p->nbackups;
	if (!p->nbackups)
		return true;
	if ((judge && !judge_now(e, d)) ||
	    !conn_query_text(e->conn, sqltext_get("query/backup_pending"), &res, d, erasure_ids(e), stores(p, e->a)))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		struct erasure_request *r = erasure_request_of(e, res_text(res, i, 0));

		r->backup_sets = res_int(res, i, 1);
		r->backup_stores = arena_strdup(e->a, res_text_null(res, i, 2));
		r->in_backups = r->backup_sets || r->backup_stores;
	}
	return true;
}

const char *erasure_backups_word(struct erasure *e, const struct erasure_request *r)
{
	const struct policy *p = e->ctx->policy;

	if (p->no_backups)
		return arena_printf(e->a, "none: %s", p->no_backups);
	if (!p->nbackups)
		return "not catalogued";
	if (!r->in_backups)
		return "none holds these rows";
	return arena_printf(e->a, "%lld hold these rows%s%s", (long long)r->backup_sets,
			    r->backup_stores ? "; not listed since: " : "", r->backup_stores ? r->backup_stores : "");
}

bool erasure_backups_json(struct erasure *e, const struct erasure_request *r, json_t **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/backup_of_request"), &res, d, r->id))
		return false;
	*ret = json_array();
	for (int i = 0; i < PQntuples(res); i++) {
		json_t *o = json_object();

		json_put(o, "set", json_text(res_text(res, i, 0)));
		json_put(o, "kind", json_text(res_text(res, i, 1)));
		json_put(o, "state", json_text(res_text(res, i, 2)));
		json_put(o, "until", json_text(rfc3339(e->a, res_text_null(res, i, 3))));
		json_put(o, "reason", json_text(res_text(res, i, 4)));
		json_put(o, "cleared_at", json_text(rfc3339(e->a, res_text_null(res, i, 5))));
		json_add(*ret, o);
	}
	return true;
}

/* ---- the end of the waiting ---- */

static bool complete(struct erasure *e, struct erasure_request *r, struct diag *d)
{
	return conn_do(e->conn, "BEGIN", NO_PARAMS, d) &&
		erasure_move(e, r, REQUEST_ON_SETTLE, REQUEST_COMPLETED, NULL, "{\"because\":\"backups\"}", d) &&
		ctx_commit(e->ctx, e->conn, d);
}

/* Another command that works on it settles it by itself. */
static bool settle_one(struct erasure *e, struct erasure_request *r, struct erasure_done *done, struct diag *d)
{
	bool got;

	if (!ledger_job_lock(e->conn, erasure_lock_name(e->a, r->id), &got, d))
		return false;
	if (!got)
		return true;
	if (!complete(e, r, d))
		return false;
	log_event(LOG_LEVEL_INFO, "request.complete", LOG_S("request", r->id));
	vec_push(e->a, &done->ids, r->id);
	return true;
}

bool erasure_backups_settle(struct ctx *ctx, struct conn *c, struct erasure_done *done, struct diag *d)
{
	VEC(const char *) ids = { NULL, 0, 0 };
	AUTO_RESULT *res = NULL;
	struct erasure e;

	if (!conn_query(c, sqltext_get("query/backup_waiting"), NO_PARAMS, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		vec_push(ctx->arena, &ids, arena_strdup(ctx->arena, res_text(res, i, 0)));
	if (!ids.n)
		return true;
	if (!erasure_open(&e, ctx, c, d) || !erasure_load(&e, ids.v, ids.n, d) || !erasure_backups(&e, false, d))
		return false;
	for (size_t i = 0; i < e.requests.n; i++) {
		struct erasure_request *r = &e.requests.v[i];

		if (!r->in_backups && r->state == REQUEST_BACKUP_PENDING && !settle_one(&e, r, done, d))
			return false;
	}
	return true;
}
