/* request notify: recipients who could not be told are told anew, or were told in another way. */
#include "cmd/request_verbs.h"

#include "cmd/connect.h"
#include "cmd/notice.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"

static int tell(struct ctx *ctx, const char *id, const struct notices *n, int exit)
{
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *o;

	if (ctx->format == FORMAT_JSON) {
		o = json_object();
		json_put(o, "schema", json_text("pgretain.notices/1"));
		json_put(o, "request", json_text(id));
		json_put(o, "notices", notices_json(n));
		json_put(o, "exit", json_count(exit));
		ctx_print_json(ctx, o);
		return exit;
	}
	notices_text(n, &style, &sb);
	if (!sb.len)
		strbuf_addf(&sb, "request %s: no notice waits\n", id);
	ctx_print(ctx, &sb);
	return exit;
}

/* Begins anew whatever was not delivered; the count of attempts too. */
static int again(struct ctx *ctx, struct erasure *e, struct diag *d)
{
	struct notices n = { 0 };
	AUTO_RESULT *res = NULL;
	int exit = EXIT_DONE;

	if (!conn_query_text(e->conn, sqltext_get("query/notice_again"), &res, d, e->requests.v[0].id) ||
	    !notice_deliver(ctx, e->conn, erasure_ids(e), 0, &n, d))
		return ctx_fail(ctx, d);
	for (size_t i = 0; i < n.tried.n; i++)
		if (!streq(n.tried.v[i].state, "delivered"))
			exit = EXIT_HUMAN;
	return tell(ctx, e->requests.v[0].id, &n, n.failed ? EXIT_HUMAN : exit);
}

static int told(struct ctx *ctx, struct erasure *e, const char *evidence, struct diag *d)
{
	const char *id = e->requests.v[0].id;
	struct notices n = { 0 };
	AUTO_RESULT *res = NULL;

	if (!conn_do(e->conn, "BEGIN", NO_PARAMS, d) ||
	    !conn_query_text(e->conn, sqltext_get("query/notice_told"), &res, d, id, evidence))
		return ctx_fail(ctx, d);
	for (int i = 0; i < PQntuples(res); i++) {
		const char *notice = arena_strdup(e->a, res_text(res, i, 0)), *recipient = arena_strdup(e->a, res_text(res, i, 1));

		if (!notice_record(e->conn, id, "told", ctx->actor, json_pack("{ss ss ss}", "notice", notice, "recipient", recipient,
				   "evidence", evidence), d))
			return ctx_fail(ctx, d);
		vec_push(e->a, &n.tried, ((struct notice_view){ .notice = notice, .request = id, .recipient = recipient, .state = "told",
								.attempts = res_int(res, i, 2), .exit = -1 }));
	}
	if (!ctx_commit(ctx, e->conn, d))
		return ctx_fail(ctx, d);
	return tell(ctx, id, &n, EXIT_DONE);
}

int request_notify(struct ctx *ctx, int argc, char **argv)
{
	const char *id = argv[0], *evidence = NULL;
	AUTO_CONN *c = NULL;
	struct diag d = DIAG_INIT;
	struct erasure e;

	(void)argc;
	if (opts_text(&ctx->opts, "evidence") &&
	    !ctx_reference(ctx, "evidence", "a reference that can be found again", &evidence))
		return EXIT_REFUSED;
	c = ctx_connect(ctx, false);
	if (!c)
		return EXIT_REFUSED;
	if (!ledger_require(c, ctx_replay_log(ctx), &d) || !erasure_open(&e, ctx, c, &d) || !erasure_load(&e, &id, 1, &d))
		return ctx_fail(ctx, &d);
	return evidence ? told(ctx, &e, evidence, &d) : again(ctx, &e, &d);
}
