#include "cmd/certificate.h"

#include "base/digest.h"
#include "base/log.h"
#include "cmd/connect.h"
#include "cmd/erasure.h"
#include "cmd/erasure_backup.h"
#include "cmd/notice.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "plan/coverage.h"
#include "report/json.h"

/* ---- what it says ---- */

/* Items that do not balance, in themselves or against the ledger. */
static bool faults(struct erasure *e, const struct erasure_request *r, json_t **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_faults"), &res, d, r->id))
		return false;
	*ret = json_array();
	for (int i = 0; i < PQntuples(res); i++) {
		json_t *o = json_object();

		json_put(o, "rule", json_text(res_text(res, i, 0)));
		json_put(o, "why", json_text(res_text(res, i, 1)));
		json_add(*ret, o);
		log_event(LOG_LEVEL_WARN, "certificate.void", LOG_S("request", r->id), LOG_S("rule", res_text(res, i, 0)),
			  LOG_S("why", res_text(res, i, 1)));
	}
	return true;
}

/* Columns of tables with rows of the person that look personal, and that nobody has decided about. */
static bool skipped(struct erasure *e, const struct erasure_request *r, json_t **ret, struct diag *d)
{
	struct coverage_view v;
	json_t *all;

	if (!coverage_look(e->conn, e->ctx->policy, e->db, false, e->a, &v, d))
		return false;
	all = json_array();
	for (size_t t = 0; t < v.tables.n; t++)
		for (size_t i = 0; i < r->nitems; i++) {
			const struct coverage_table *ct = &v.tables.v[t];

			if (!r->items[i].matched || !streq(r->items[i].table, ct->table))
				continue;
			for (size_t c = 0; c < ct->open.n; c++)
				json_add(all, json_text(arena_printf(e->a, "%s.%s", ct->table, ct->open.v[c])));
			break;
		}
	*ret = all;
	return true;
}

/* Nothing is kept, but what an approved ground keeps or a shared row has for others. */
static bool nothing_kept(const struct erasure_request *r)
{
	for (size_t i = 0; i < r->nitems; i++) {
		const struct erasure_item *it = &r->items[i];

		if (it->deferred || it->held || it->quarantined || it->failed || (it->retained > it->unchanged && !it->grounds.n))
			return false;
	}
	return true;
}

/* Final: completed, the search has found nothing, no column was skipped, nothing is kept, and every count balances. */
static const char *standing_of(const struct erasure_request *r, const json_t *wrong, const json_t *columns)
{
	if (json_array_size(wrong))
		return "void";
	return r->state == REQUEST_COMPLETED && !json_array_size(columns) && nothing_kept(r) ? "final" : "interim";
}

static bool fill(struct erasure *e, struct erasure_request *r, json_t **ret, struct diag *d)
{
	static const char *const steps[] = { "opened", "verified", "assessed", "approved", "executed", "finished" };
	AUTO_RESULT *res = NULL;
	json_t *o, *columns, *wrong = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_certificate"), &res, d, r->id) || !skipped(e, r, &columns, d))
		return false;
	if (!faults(e, r, &wrong, d) || !erasure_show(e, r, &o, d)) {
		json_decref(columns);
		json_decref(wrong);
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		json_put(o, steps[i], json_text(rfc3339(e->a, res_text_null(res, 0, (int)i))));
	json_put(o, "certificate", json_text(standing_of(r, wrong, columns)));
	json_put(o, "final", json_boolean(streq(standing_of(r, wrong, columns), "final")));
	json_put(o, "void", wrong);
	json_put(o, "columns_skipped", columns);
	json_put(o, "backups_state", json_text(erasure_backups_word(e, r)));
	json_put(o, "plan", json_text(res_text_null(res, 0, 6)));
	json_put(o, "config", json_text(res_text_null(res, 0, 7)));
	json_put(o, "approved_fingerprint", json_text(res_text_null(res, 0, 8)));
	json_put(o, "claims", json_text("logical erasure: no statement reads these rows any more; dead versions, WAL and backups "
					"are named apart"));
	*ret = o;
	return true;
}

/* ---- text ---- */

static const char *text_at(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static void backups_text(struct erasure *e, const json_t *all, struct strbuf *sb)
{
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *o = json_array_get(all, i);
		bool cleared = streq(text_at(o, "state"), "cleared");
		const char *until = json_string_value(json_object_get(o, "until"));

		strbuf_addf(sb, "%-21s %s: %s%s\n", i ? "" : "backups", text_at(o, "set"), text_at(o, "state"),
			    cleared ? arena_printf(e->a, " %s (%s)", text_at(o, "cleared_at"), text_at(o, "reason"))
				    : until ? arena_printf(e->a, " until %s (%s)", until, text_at(o, "reason"))
					    : arena_printf(e->a, ", no end is known (%s)", text_at(o, "reason")));
	}
}

/* A document has one form, on a terminal too. */
void certificate_head(struct erasure *e, const struct erasure_request *r, const char *standing, struct strbuf *sb)
{
	struct ctx *ctx = e->ctx;
	const bool color = ctx->color;
	const int width = ctx->width;

	ctx->color = false;
	ctx->width = 0;
	strbuf_addf(sb, "CERTIFICATE OF ERASURE (%s)\n\n", standing);
	erasure_text(e, r, sb);
	strbuf_addc(sb, '\n');
	ctx->color = color;
	ctx->width = width;
}

static void as_text(struct erasure *e, const struct erasure_request *r, const json_t *o, struct strbuf *sb)
{
	static const char *const lines[] = { "received", "verified", "assessed", "approved", "executed", "finished", "deadline",
		"deadline_state", "wake_at", "fingerprint", "approved_fingerprint", "plan", "config", "backups_state", "ledger_head" };
	const json_t *residual = json_object_get(o, "residual"), *columns = json_object_get(o, "columns_skipped");
	const json_t *wrong = json_object_get(o, "void");

	certificate_head(e, r, text_at(o, "certificate"), sb);
	for (size_t i = 0; i < json_array_size(wrong); i++)
		strbuf_addf(sb, "%-21s rule %s: %s\n", i ? "" : "void", text_at(json_array_get(wrong, i), "rule"),
			    text_at(json_array_get(wrong, i), "why"));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		strbuf_addf(sb, "%-21s %s\n", lines[i], text_at(o, lines[i]));
	if (json_is_object(residual))
		strbuf_addf(sb, "%-21s %lld tables, %lld row(s) found, %lld of other people\n", "search afterwards",
			    (long long)json_integer_value(json_object_get(residual, "scanned_tables")),
			    (long long)json_integer_value(json_object_get(residual, "found")),
			    (long long)json_integer_value(json_object_get(residual, "others")));
	else
		strbuf_addf(sb, "%-21s %s\n", "search afterwards",
			    streq_null(text_at(o, "kind"), "withdrawal") ? "none: the person is still there" : "not yet: something is still kept");
	for (size_t i = 0; i < json_array_size(columns); i++)
		strbuf_addf(sb, "%-21s %s\n", i ? "" : "columns_skipped", json_string_value(json_array_get(columns, i)));
	notice_show_text(json_object_get(o, "recipients"), sb);
	backups_text(e, json_object_get(o, "backups"), sb);
	strbuf_addf(sb, "%-21s %s\n", "claims", text_at(o, "claims"));
}

/* ---- issuing ---- */

/* The ledger keeps the hash of what was handed out, how it stands, and the items as they are stored. */
static bool evidence(struct erasure *e, const struct erasure_request *r, const char *standing, const char *seen,
		     const struct strbuf *sb, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char digest[DIGEST_TEXT];

	digest_text(strbuf_str(sb), sb->len, digest);
	if (!conn_query_text(e->conn, sqltext_get("query/item_certified"), &res, d, r->id, digest, standing, seen, e->ctx->actor))
		return false;
	if (!res_bool(res, 0, 0)) {
		diag_fail(d, DIAG_GUARD, "request %s has moved on while its certificate was made", r->id);
		diag_hint(d, "another command works on it: wait for that, and ask again");
		return false;
	}
	return ctx_export(e->ctx, e->conn, d);
}

static bool seen(struct erasure *e, const char *id, const char **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_seen"), &res, d, id))
		return false;
	*ret = arena_strdup(e->a, res_text_null(res, 0, 0));
	return true;
}

static bool erasing(const struct erasure_request *r, struct diag *d)
{
	if (r->kind == REQUEST_KIND_ACCESS)
		return diag_fail(d, DIAG_GUARD, "request %s asks for a copy: there is no erasure to certify", r->id);
	if (r->executed)
		return true;
	diag_fail(d, DIAG_GUARD, "request %s is %s: nothing has been erased yet", r->id, request_state_word(r->state));
	diag_hint(d, "pgretain request show %s tells how far it is", r->id);
	return false;
}

static int issue(struct ctx *ctx, const char *id)
{
	AUTO_CONN *c = ctx_connect(ctx, false);
	AUTO_STRBUF sb = STRBUF_INIT;
	struct diag d = DIAG_INIT;
	struct erasure_request *r;
	const char *standing, *was;
	struct erasure e;
	json_t *o;

	if (!c)
		return EXIT_REFUSED;
	if (!ledger_require(c, ctx_replay_log(ctx), &d))
		return ctx_fail(ctx, &d);
	e = (struct erasure){ .ctx = ctx, .db = ctx->db, .conn = c, .a = ctx->arena };
	if (!erasure_load(&e, &id, 1, &d))
		return ctx_fail(ctx, &d);
	r = &e.requests.v[0];
	if (!erasing(r, &d) || !seen(&e, r->id, &was, &d))
		return ctx_fail(ctx, &d);
	/* again, now that it is known as what it was seen */
	e.requests.n = 0;
	if (!erasure_load(&e, &id, 1, &d) || !erasure_stored(&e, &d) || !erasure_backups(&e, false, &d) || !fill(&e, &e.requests.v[0], &o, &d))
		return ctx_fail(ctx, &d);
	if (ctx->format == FORMAT_JSON)
		json_render(&sb, o, true);
	else
		as_text(&e, r, o, &sb);
	standing = arena_strdup(e.a, json_string_value(json_object_get(o, "certificate")));
	json_decref(o);
	if (!evidence(&e, r, standing, was, &sb, &d))
		return ctx_fail(ctx, &d);
	if (!ctx_write(ctx, opts_text(&ctx->opts, "output"), &sb))
		return EXIT_REFUSED;
	return streq(standing, "void") ? EXIT_HUMAN : EXIT_DONE;
}

int request_certificate(struct ctx *ctx, int argc, char **argv)
{
	const char *path = opts_text(&ctx->opts, "verify");

	if (path)
		return certificate_verify(ctx, path, argc ? argv[0] : NULL);
	if (!argc)
		return ctx_usage(ctx, "certificate needs the request's UUID, or --verify FILE");
	return issue(ctx, argv[0]);
}
