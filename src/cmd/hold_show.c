#include "cmd/hold_show.h"

#include "cmd/connect.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "plan/width.h"
#include "report/json.h"

/* Columns of query/hold_list. */
enum {
	L_ID, L_SCOPE, L_TARGET, L_PART, L_KEY, L_CONDITION, L_REASON, L_STATE, L_REVIEW, L_PLACED, L_PLACED_BY,
	L_ASKED, L_ASKED_BY, L_RELEASED, L_RELEASED_BY,
};

static const struct hold_width *width_of(size_t n, const struct hold_width *w, const char *hold)
{
	for (size_t i = 0; i < n; i++)
		if (streq(w[i].hold, hold))
			return &w[i];
	return NULL;
}

/* ---- hold list ---- */

/* What it covers, as far as this role may know. */
static const char *target_text(struct ctx *ctx, const PGresult *res, int i)
{
	const char *scope = res_text(res, i, L_SCOPE), *target = res_text_null(res, i, L_TARGET);
	const char *key = res_text_null(res, i, L_KEY), *condition = res_text_null(res, i, L_CONDITION);
	const char *part = res_text_null(res, i, L_PART);	/* the identifier, or the rule */

	if (streq(scope, "identifier"))
		return arena_printf(ctx->arena, "%s.%s", target, part);
	if (streq(scope, "subject"))
		return arena_printf(ctx->arena, "%s%s%s%s%s", target, key ? ":" : "", key ? key : "", part ? ", rule " : "",
				    part ? part : "");
	if (streq(scope, "rows"))
		return arena_printf(ctx->arena, "%s%s%s", target, condition ? ":" : "", condition ? condition : "");
	return target;
}

static void list_json(struct ctx *ctx, const PGresult *res, size_t n, const struct hold_width *w)
{
	static const struct { const char *key; int column; } texts[] = {
		{ "reason", L_REASON }, { "state", L_STATE }, { "review_at", L_REVIEW }, { "placed_at", L_PLACED },
		{ "placed_by", L_PLACED_BY }, { "release_asked_at", L_ASKED }, { "release_asked_by", L_ASKED_BY },
		{ "released_at", L_RELEASED }, { "released_by", L_RELEASED_BY },
	};
	json_t *root = json_object(), *list = json_array();

	for (int i = 0; i < PQntuples(res); i++) {
		json_t *o = json_object();

		json_put(o, "id", json_text(res_text(res, i, L_ID)));
		json_put(o, "scope", json_text(res_text(res, i, L_SCOPE)));
		json_put(o, "target", json_text(target_text(ctx, res, i)));
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			json_put(o, texts[k].key, json_text(res_text_null(res, i, texts[k].column)));
		hold_width_put(o, width_of(n, w, res_text(res, i, L_ID)));
		json_add(list, o);
	}
	json_put(root, "schema", json_text("pgretain.hold/1"));
	json_put(root, "database", json_text(ctx->db->name));
	json_put(root, "holds", list);
	json_put(root, "exit", json_count(EXIT_DONE));
	ctx_print_json(ctx, root);
}

static void list_text(struct ctx *ctx, const PGresult *res, size_t n, const struct hold_width *w)
{
	static const struct text_column columns[] = {
		{ "hold", false }, { "state", false }, { "scope", false }, { "target", false }, { "rows", true },
		{ "outside", false }, { "review", false }, { "placed", false }, { "by", false }, { "reason", false },
	};
	struct text_table t = { .arena = ctx->arena, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	for (int i = 0; i < PQntuples(res); i++) {
		const struct hold_width *hw = width_of(n, w, res_text(res, i, L_ID));
		bool due = streq(res_text(res, i, L_STATE), "review_due");
		AUTO_STRBUF outside = STRBUF_INIT;

		if (hw)
			hold_width_parts(&outside, hw, true);
		const char *const cells[] = {
			res_text(res, i, L_ID), res_text(res, i, L_STATE), res_text(res, i, L_SCOPE), target_text(ctx, res, i),
			hw ? arena_printf(ctx->arena, "%lld", (long long)hw->rows) : "",
			arena_strdup(ctx->arena, strbuf_str(&outside)), res_text_null(res, i, L_REVIEW),
			res_text(res, i, L_PLACED), res_text(res, i, L_PLACED_BY), res_text(res, i, L_REASON),
		};

		text_table_add(&t, due ? TONE_WARN : TONE_PLAIN, cells);
	}
	if (PQntuples(res))
		text_table_render(&t, &style, &sb);
	else
		strbuf_adds(&sb, "There are no holds.\n");
	ctx_print(ctx, &sb);
}

static bool load(struct ctx *ctx, struct conn *c, PGresult **ret, struct diag *d)
{
	const struct policy *p = ctx->policy;
	const char **types = arena_alloc(ctx->arena, (p->nsubjects + 1) * sizeof(*types));
	const char **roots = arena_alloc(ctx->arena, (p->nsubjects + 1) * sizeof(*roots));

	for (size_t i = 0; i < p->nsubjects; i++) {
		types[i] = p->subjects[i].name;
		roots[i] = p->subjects[i].root;
	}
	return conn_query_text(c, sqltext_get("query/hold_list"), ret, d,
			       cat_array_literal(ctx->arena, types, p->nsubjects),
			       cat_array_literal(ctx->arena, roots, p->nsubjects));
}

/* Who may see holds, but not all tables that they are about, sees them without their width. */
static bool widths(struct ctx *ctx, struct conn *c, size_t *n, struct hold_width **w, struct diag *d)
{
	*n = 0;
	*w = NULL;
	if (plan_widths(c, ctx->policy, ctx->db, NULL, ctx->arena, n, w, d))
		return true;
	if (!streq(d->sqlstate, "42501"))
		return false;
	*n = 0;
	return PQtransactionStatus(c->pg) == PQTRANS_IDLE || conn_do(c, "ROLLBACK", NO_PARAMS, d);
}

int hold_list(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, true);
	struct diag d = DIAG_INIT;
	AUTO_RESULT *res = NULL;
	struct hold_width *w;
	size_t n;

	(void)argc;
	(void)argv;
	if (!c)
		return EXIT_REFUSED;
	if (!ledger_readable(c, &d) || !widths(ctx, c, &n, &w, &d) || !load(ctx, c, &res, &d)) {
		ctx_fail(ctx, &d);
		return EXIT_REFUSED;
	}
	if (ctx->format == FORMAT_JSON)
		list_json(ctx, res, n, w);
	else
		list_text(ctx, res, n, w);
	return EXIT_DONE;
}
