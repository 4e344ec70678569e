/* request list, request show. */
#include "cmd/request_verbs.h"

#include "cmd/connect.h"
#include "cmd/erasure.h"
#include "cmd/notice.h"
#include "cmd/request_assess.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "report/json.h"

/* ---- list ---- */

static json_t *row_json(struct ctx *ctx, const PGresult *res, int i)
{
	json_t *o = json_object();

	json_put(o, "request", json_text(res_text(res, i, 0)));
	json_put(o, "kind", json_text(res_text(res, i, 1)));
	json_put(o, "state", json_text(res_text(res, i, 2)));
	json_put(o, "subject_type", json_text(res_text(res, i, 3)));
	json_put(o, "jurisdiction", json_text(res_text_null(res, i, 4)));
	json_put(o, "received", json_text(rfc3339(ctx->arena, res_text(res, i, 5))));
	json_put(o, "deadline", json_text(rfc3339(ctx->arena, res_text(res, i, 6))));
	json_put(o, "deadline_state", json_text(res_text(res, i, 7)));
	json_put(o, "wake_at", json_text(rfc3339(ctx->arena, res_text_null(res, i, 8))));
	json_put(o, "duplicate_of", json_text(res_text_null(res, i, 10)));
	return o;
}

static void list_json(struct ctx *ctx, const PGresult *res)
{
	json_t *root = json_object(), *all = json_array();

	for (int i = 0; i < PQntuples(res); i++)
		json_add(all, row_json(ctx, res, i));
	json_put(root, "schema", json_text("pgretain.requests/1"));
	json_put(root, "database", json_text(ctx->db->name));
	json_put(root, "requests", all);
	json_put(root, "exit", json_count(EXIT_DONE));
	ctx_print_json(ctx, root);
}

static enum tone tone_of(const char *deadline)
{
	return streq(deadline, "breached") ? TONE_BAD : streq(deadline, "at_risk") ? TONE_WARN : TONE_PLAIN;
}

static void list_text(struct ctx *ctx, const PGresult *res)
{
	static const struct text_column columns[] = {
		{ "request", false }, { "kind", false }, { "state", false }, { "law", false }, { "received", false },
		{ "deadline", false }, { "", false }, { "goes on at", false },
	};
	struct text_table t = { .arena = ctx->arena, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	for (int i = 0; i < PQntuples(res); i++) {
		const char *deadline = res_text(res, i, 7), *reason = res_text_null(res, i, 9);
		const char *const cells[] = {
			res_text(res, i, 0), res_text(res, i, 1), res_text(res, i, 2), res_text(res, i, 4),
			rfc3339(ctx->arena, res_text(res, i, 5)), rfc3339(ctx->arena, res_text(res, i, 6)),
			reason ? arena_printf(ctx->arena, "%s (%s)", deadline, reason) : deadline, rfc3339(ctx->arena, res_text_null(res, i, 8)),
		};

		text_table_add(&t, tone_of(deadline), cells);
	}
	if (t.rows.n)
		text_table_render(&t, &style, &sb);
	else
		strbuf_adds(&sb, "There are no requests.\n");
	ctx_print(ctx, &sb);
}

int request_list(struct ctx *ctx, int argc, char **argv)
{
	const char *state = opts_text(&ctx->opts, "state");
	enum request_state parsed;
	AUTO_CONN *c = NULL;
	AUTO_RESULT *now = NULL, *res = NULL;
	struct diag d = DIAG_INIT;

	(void)argc;
	(void)argv;
	if (state && !request_state_parse(state, &parsed))
		return ctx_usage(ctx, "--state is %s, which is no state of a request", state);
	c = ctx_connect(ctx, true);
	if (!c)
		return EXIT_REFUSED;
	if (!ledger_readable(c, &d) || !conn_query(c, "SELECT clock_timestamp()::text", NO_PARAMS, &now, &d) ||
	    !conn_query_text(c, sqltext_get("query/request_list"), &res, &d, res_text(now, 0, 0), state))
		return ctx_fail(ctx, &d);
	if (ctx->format == FORMAT_JSON)
		list_json(ctx, res);
	else
		list_text(ctx, res);
	return EXIT_DONE;
}

/* ---- show ---- */

/* Surrogate keys: of whom it may mean, while that is open; a human has to choose. */
static json_t *people_json(const PGresult *who)
{
	json_t *all = json_array();

	for (int i = 0; i < PQntuples(who); i++) {
		json_t *o = json_object();

		json_put(o, "subject", json_text(res_text(who, i, 0)));
		json_put(o, "key", json_text(res_text(who, i, 1)));
		json_put(o, "settled", json_boolean(res_bool(who, i, 2)));
		json_put(o, "here", json_boolean(res_bool(who, i, 3)));
		json_add(all, o);
	}
	return all;
}

static json_t *grounds_json(struct ctx *ctx, const PGresult *why)
{
	json_t *all = json_array();

	for (int i = 0; i < PQntuples(why); i++) {
		json_t *o = json_object();

		json_put(o, "rule", json_text(res_text_null(why, i, 0)));
		json_put(o, "scope", json_text(res_text(why, i, 6)));
		json_put(o, "code", json_text(res_text(why, i, 1)));
		json_put(o, "basis", json_text(ground_find(res_text(why, i, 1))->words));
		json_put(o, "evidence", json_text(res_text(why, i, 2)));
		json_put(o, "approver", json_text(res_text(why, i, 3)));
		json_put(o, "decided", json_text(rfc3339(ctx->arena, res_text(why, i, 4))));
		json_put(o, "review", json_text(rfc3339(ctx->arena, res_text_null(why, i, 5))));
		json_add(all, o);
	}
	return all;
}

static const char *field(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void show_suppression(const json_t *o, struct strbuf *sb)
{
	if (json_is_object(o))
		strbuf_addf(sb, "%lld digest(s) tell until %s whether the person comes back%s%s\n",
			    (long long)json_integer_value(json_object_get(o, "digests")), field(o, "until"),
			    *field(o, "found") ? "; in the tables again since " : "", field(o, "found"));
}

static void show_deadlines(struct ctx *ctx, const PGresult *when, struct strbuf *sb)
{
	const char *by = res_text_null(when, 0, 10), *at = res_text_null(when, 0, 11), *reason = res_text_null(when, 0, 12);

	strbuf_addf(sb, "deadline %s: %s%s%s%s\n", rfc3339(ctx->arena, res_text(when, 0, 4)), res_text(when, 0, 8), reason ? " (" : "",
		    reason ? reason : "", reason ? ")" : "");
	if (at)
		strbuf_addf(sb, "receipt confirmed %s\n", rfc3339(ctx->arena, at));
	else if (by)
		strbuf_addf(sb, "receipt to be confirmed by %s\n", rfc3339(ctx->arena, by));
}

static void show_text(struct ctx *ctx, const PGresult *when, const PGresult *who, const PGresult *why, const json_t *suppression,
		      const json_t *recipients)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	show_deadlines(ctx, when, &sb);
	for (int i = 0; i < PQntuples(who); i++)
		strbuf_addf(&sb, "%s %s:%s%s\n", res_bool(who, i, 2) ? "means" : "may mean", res_text(who, i, 0), res_text(who, i, 1),
			    res_bool(who, i, 3) ? "" : " (formerly)");
	for (int i = 0; i < PQntuples(why); i++)
		strbuf_addf(&sb, "ground %s (%s)%s%s, evidence %s, by %s%s%s\n", res_text(why, i, 1), ground_find(res_text(why, i, 1))->words, *res_text(why, i, 0) ? " for rule " : "",
			    res_text(why, i, 0), res_text(why, i, 2), res_text(why, i, 3), *res_text(why, i, 5) ? ", until " : "",
			    *res_text(why, i, 5) ? rfc3339(ctx->arena, res_text(why, i, 5)) : "");
	show_suppression(suppression, &sb);
	notice_show_text(recipients, &sb);
	ctx_print(ctx, &sb);
}

int request_show(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, true);
	AUTO_RESULT *when = NULL, *who = NULL, *why = NULL;
	struct diag d = DIAG_INIT;
	struct erasure e;
	json_t *o, *recipients;

	if (!c)
		return EXIT_REFUSED;
	if (!ledger_readable(c, &d) || !erasure_open(&e, ctx, c, &d) || !erasure_load(&e, (const char *const *)argv, (size_t)argc, &d) ||
	    !erasure_stored(&e, &d) || !conn_query_text(c, sqltext_get("query/request_people"), &who, &d, argv[0]) ||
	    !conn_query_text(c, sqltext_get("query/request_grounds"), &why, &d, argv[0]))
		return ctx_fail(ctx, &d);
	if (ctx->format != FORMAT_JSON) {
		if (!erasure_suppression(&e, e.requests.v[0].id, &o, &d) ||
		    !notice_show(&e, e.requests.v[0].id, &recipients, &d) ||
		    !conn_query_text(c, sqltext_get("query/item_show"), &when, &d, e.requests.v[0].id) || !request_print(&e, &d))
			return ctx_fail(ctx, &d);
		show_text(ctx, when, who, why, o, recipients);
		json_decref(recipients);
		json_decref(o);
		return EXIT_DONE;
	}
	if (!erasure_show(&e, &e.requests.v[0], &o, &d))
		return ctx_fail(ctx, &d);
	json_put(o, "people", people_json(who));
	json_put(o, "grounds", grounds_json(ctx, why));
	ctx_print_json(ctx, o);
	return EXIT_DONE;
}
