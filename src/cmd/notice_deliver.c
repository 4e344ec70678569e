/* Delivering notices: the operator's command, one JSON object on its standard input. */
#include "cmd/notice.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/sig.h"
#include "base/spawn.h"
#include "cmd/connect.h"
#include "cmd/words.h"
#include "exec/lane.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"

#define ANSWER_MAX (64 * 1024)
#define LEASE_MS 60000		/* beyond its time: whoever has it so long is dead */
#define BACKOFF_MAX_MS (24 * 60 * 60 * INT64_C(1000))
#define FAILURES_IN_A_ROW 3

struct delivery {
	struct ctx *ctx;
	struct conn *c;
	const char *requests;
	double deadline_ms;
	struct notices *ret;
	struct secret_key file_key, answers;
	const struct recipient *to;
};

struct attempt {
	const char *id, *request;
	int64_t n;
	struct spawn_result end;
	const char *state;
	int64_t pause_ms;
	const char *answer;		/* hex, or NULL */
};

/* ---- the object ---- */

static json_t *object_of(struct delivery *v, const PGresult *res, json_t *values)
{
	json_t *o = json_object();

	json_put(o, "schema", json_text("pgretain.notice/1"));
	json_put(o, "notice", json_text(res_text(res, 0, 0)));
	json_put(o, "request", json_text(res_text(res, 0, 1)));
	json_put(o, "recipient", json_text(v->to->name));
	json_put(o, "kind", json_text(res_text(res, 0, 2)));
	json_put(o, "subject_type", json_text(res_text(res, 0, 3)));
	json_put(o, "known_by", json_text(res_text(res, 0, 4)));
	json_put(o, "values", values);
	json_put(o, "rules", json_loads(res_text(res, 0, 6), 0, NULL));
	json_put(o, "complete", json_boolean(res_bool(res, 0, 7)));
	json_put(o, "erased_at", json_text(rfc3339(v->ctx->arena, res_text(res, 0, 8))));
	json_put(o, "attempt", json_count(res_int(res, 0, 9)));
	return o;
}

/* ---- one attempt ---- */

static void give(struct delivery *v, struct attempt *a, json_t *o)
{
	AUTO_STRBUF in = STRBUF_INIT, out = STRBUF_INIT;
	unsigned char digest[SECRET_MAC];
	char hex[SECRET_MAC_TEXT];

	json_render(&in, o, false);
	(void)!spawn_run(&(struct spawn){ v->to->argv, in.buf, in.len, v->to->timeout_ms, ANSWER_MAX, false }, &out, &a->end);
	secret_mac_bytes(&v->answers, a->id, strbuf_str(&out), out.len, digest);
	secret_mac_text(digest, hex);
	a->answer = arena_strdup(v->ctx->arena, hex);
}

static int64_t backoff(const struct recipient *to, int64_t attempts)
{
	int64_t ms = to->backoff_ms;

	for (int64_t i = 1; i < attempts && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static void judge(const struct delivery *v, struct attempt *a)
{
	a->state = a->end.exit == 0 ? "delivered" : a->n > v->to->retries ? "failed" : "waiting";
	a->pause_ms = backoff(v->to, a->n);
}

static bool keep(struct delivery *v, const struct attempt *a, struct diag *d)
{
	struct arena *mem = v->ctx->arena;
	const char *status = a->end.exit < 0 ? NULL : arena_printf(mem, "%d", a->end.exit);
	json_t *detail = json_pack("{ss ss sI ss}", "notice", a->id, "recipient", v->to->name, "attempt", (json_int_t)a->n,
				   "state", a->state);
	AUTO_RESULT *res = NULL;

	json_put(detail, "exit", status ? json_count(a->end.exit) : json_null());
	if (a->end.why)
		json_put(detail, "reason", json_text(a->end.why));
	json_put(detail, "answer", json_text(a->answer ? arena_printf(mem, "hmac-sha256:%s", a->answer) : NULL));
	if (conn_do(v->c, "BEGIN", NO_PARAMS, d) &&
	    conn_query_text(v->c, sqltext_get("query/notice_settle"), &res, d, a->id, a->state, status, a->end.why, a->answer,
			    arena_printf(mem, "%lld", (long long)a->pause_ms)))
		return notice_record(v->c, a->request, "deliver", v->ctx->actor, detail, d) && ctx_commit(v->ctx, v->c, d);
	json_decref(detail);
	return false;
}

static void tell(struct delivery *v, const struct attempt *a)
{
	log_event(streq(a->state, "delivered") ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "notice", LOG_S("notice", a->id),
		  LOG_S("request", a->request), LOG_S("recipient", v->to->name), LOG_S("state", a->state), LOG_I("attempt", a->n),
		  LOG_I("exit", a->end.exit), LOG_S("reason", a->end.why ? a->end.why : ""));
	vec_push(v->ctx->arena, &v->ret->tried, ((struct notice_view){
		.notice = a->id, .request = a->request, .recipient = v->to->name, .state = a->state, .reason = a->end.why,
		.attempts = a->n, .exit = a->end.exit }));
}

static bool try_one(struct delivery *v, const PGresult *res, struct attempt *a, struct diag *d)
{
	struct arena *mem = v->ctx->arena;
	const char *values;
	json_t *o;

	*a = (struct attempt){ .id = arena_strdup(mem, res_text(res, 0, 0)), .request = arena_strdup(mem, res_text(res, 0, 1)),
			       .n = res_int(res, 0, 9), .end = { .exit = -1 } };
	FAULT_POINT(notice_claimed);
	values = secret_open(mem, &v->file_key, a->id, res_text(res, 0, 5));
	if (values) {
		o = object_of(v, res, json_loads(values, 0, NULL));
		give(v, a, o);
		json_decref(o);
		judge(v, a);
	} else {
		a->end.why = "it was sealed with another key_file";
		a->state = "failed";
	}
	FAULT_POINT(notice_sent);
	if (!keep(v, a, d))
		return false;
	tell(v, a);
	return true;
}

/* ---- all that are due ---- */

static bool go_on(const struct delivery *v)
{
	return !sig_stop_requested() && (v->deadline_ms <= 0 || clock_ms() < v->deadline_ms);
}

static bool to_recipient(struct delivery *v, struct diag *d)
{
	const char *lease = arena_printf(v->ctx->arena, "%lld", (long long)v->to->timeout_ms + LEASE_MS);
	int failures = 0;

	while (failures < FAILURES_IN_A_ROW && go_on(v)) {
		AUTO_RESULT *res = NULL;
		struct attempt a;

		if (!conn_query_text(v->c, sqltext_get("query/notice_claim"), &res, d, v->to->name, lease, v->requests))
			return false;
		if (!PQntuples(res))
			return true;
		if (!try_one(v, res, &a, d))
			return false;
		failures = streq(a.state, "delivered") ? 0 : failures + 1;
	}
	return true;
}

static bool orphans(struct delivery *v, struct diag *d)
{
	const struct policy *p = v->ctx->policy;
	VEC(const char *) names = { NULL, 0, 0 };
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < p->nrecipients; i++)
		vec_push(v->ctx->arena, &names, p->recipients[i].name);
	if (!conn_do(v->c, "BEGIN", NO_PARAMS, d) ||
	    !conn_query_text(v->c, sqltext_get("query/notice_orphans"), &res, d, cat_array_literal(v->ctx->arena, names.v, names.n)))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (!notice_record(v->c, res_text(res, i, 1), "give up", v->ctx->actor, json_pack("{ss ss}", "notice", res_text(res, i, 0),
				   "recipient", res_text(res, i, 2)), d))
			return false;
	return ctx_commit(v->ctx, v->c, d);
}

static bool count_failed(struct delivery *v, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(v->c, sqltext_get("query/notice_failed"), &res, d, v->requests))
		return false;
	v->ret->failed = res_int(res, 0, 0);
	return true;
}

bool notice_deliver(struct ctx *ctx, struct conn *c, const char *requests, double deadline_ms, struct notices *ret, struct diag *d)
{
	const struct policy *p = ctx->policy;
	struct delivery v = { .ctx = ctx, .c = c, .requests = requests, .deadline_ms = deadline_ms, .ret = ret };

	if (p->nrecipients && !secret_load(p->key_file, &v.file_key, d))
		return false;
	secret_derive(&v.file_key, "pgretain.notice/1", &v.answers);
	if (!orphans(&v, d))
		return false;
	for (size_t i = 0; i < p->nrecipients; i++) {
		v.to = &p->recipients[i];
		if (!to_recipient(&v, d))
			return false;
	}
	return count_failed(&v, d);
}

int notice_step(struct ctx *ctx, struct conn *c, const char *requests, double deadline_ms, struct notices *ret)
{
	struct diag d = DIAG_INIT;

	if (notice_deliver(ctx, c, requests, deadline_ms, ret, &d))
		return ret->failed ? EXIT_HUMAN : EXIT_DONE;
	diag_where(&d, "%s", *d.where ? d.where : "notices to recipients");
	ctx_fail(ctx, &d);
	d = (struct diag)DIAG_INIT;
	(void)!conn_do(c, "ROLLBACK", NO_PARAMS, &d);
	return EXIT_HUMAN;
}
