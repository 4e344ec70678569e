/* A certificate that somebody shows: its digest must be in the ledger, and what it says must be what its entry has,
 * which the server read from the items themselves. A digest alone can be brought there by whoever may draw one. */
#include "cmd/certificate.h"

#include "base/digest.h"
#include "cmd/connect.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "report/json.h"

#include <errno.h>
#include <stdlib.h>

#define CERTIFICATE_MAX (16u * 1024 * 1024)

struct shown {
	const char *path;
	char *bytes;
	size_t n;
	/* of its entry */
	const char *request, *seq, *at, *standing, *state;
	bool has_items;
	bool stored_so;		/* its items are stored as they were then, or the request has moved on */
};

static bool file_read(struct shown *s, struct diag *d)
{
	FILE *f = fopen(s->path, "re");
	bool ok;

	if (!f) {
		diag_fail(d, DIAG_USAGE, "the certificate can't be read: %s", strerror(errno));
		diag_where(d, "%s", s->path);
		return false;
	}
	s->bytes = xmalloc(CERTIFICATE_MAX);
	s->n = fread(s->bytes, 1, CERTIFICATE_MAX, f);
	ok = !ferror(f) && s->n < CERTIFICATE_MAX;
	fclose(f);
	return ok || diag_fail(d, DIAG_USAGE, "%s is no certificate", s->path);
}

static bool refused(const struct shown *s, struct diag *d, const char *why)
{
	diag_fail(d, DIAG_STEP, "%s", why);
	diag_where(d, "%s", s->path);
	return false;
}

/* ---- its entry ---- */

static bool entry_find(struct erasure *e, struct shown *s, const char *id, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char digest[DIGEST_TEXT];

	digest_text(s->bytes, s->n, digest);
	if (!conn_query_text(e->conn, sqltext_get("query/item_certificate_known"), &res, d, digest))
		return false;
	if (PQntuples(res) == 0 || (id && strcasecmp(id, res_text(res, 0, 0)) != 0))
		return refused(s, d, arena_printf(e->a, "the ledger knows no such certificate%s: it is altered, or was not issued here",
						  id ? " of that request" : ""));
	s->request = arena_strdup(e->a, res_text(res, 0, 0));
	s->seq = arena_strdup(e->a, res_text(res, 0, 1));
	s->at = arena_strdup(e->a, res_text(res, 0, 2));
	s->standing = arena_strdup(e->a, res_text(res, 0, 3));
	s->state = arena_strdup(e->a, res_text_null(res, 0, 4));
	s->has_items = res_bool(res, 0, 5);
	s->stored_so = res_bool(res, 0, 6);
	return true;
}

static bool ledger_whole(struct erasure *e, struct diag *d)
{
	struct ledger_check check;

	if (!ledger_verify(e->conn, ctx_replay_log(e->ctx), &check, d))
		return false;
	return check.whole || diag_fail(d, DIAG_STEP, "the ledger itself is broken at entry %lld: %s", (long long)check.broken_seq,
					check.why);
}

/* ---- what it says ---- */

static bool says(const json_t *o, const char *key, const char *value)
{
	return streq_null(json_string_value(json_object_get(o, key)), value);
}

static bool json_agrees(struct erasure *e, const struct shown *s, const struct erasure_request *r)
{
	json_t *o = json_loadb(s->bytes, s->n, JSON_REJECT_DUPLICATES, NULL), *items = erasure_items_json(e, r);
	bool ok = says(o, "request", s->request) && says(o, "certificate", s->standing) && says(o, "state", s->state) &&
		json_boolean_value(json_object_get(o, "final")) == streq(s->standing, "final") &&
		json_equal(json_object_get(o, "items"), items);

	json_decref(items);
	json_decref(o);
	return ok;
}

static bool text_agrees(struct erasure *e, const struct shown *s, const struct erasure_request *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	certificate_head(e, r, s->standing, &sb);
	return s->n >= sb.len && memcmp(s->bytes, strbuf_str(&sb), sb.len) == 0;
}

static bool agrees(struct erasure *e, const struct shown *s, struct diag *d)
{
	struct erasure_request *r;

	if (!s->has_items)		/* its entry is from before they were kept */
		return true;
	if (!erasure_load(e, &s->request, 1, d))
		return false;
	r = &e->requests.v[0];
	if (!request_state_parse(s->state, &r->state) || !erasure_certified(e, s->seq, d))
		return false;
	if (!(s->n && *s->bytes == '{' ? json_agrees : text_agrees)(e, s, r))
		return refused(s, d, arena_printf(e->a, "it says something else than entry %s of the ledger: it was not made by pgretain", s->seq));
	return s->stored_so || refused(s, d, arena_printf(e->a, "the items of request %s are no longer what it was made from, and the ledger "
							"has no entry that changed them", s->request));
}

/* ---- the answer ---- */

static void answer(struct ctx *ctx, const struct shown *s)
{
	AUTO_STRBUF out = STRBUF_INIT;
	json_t *o;

	if (ctx->format != FORMAT_JSON) {
		strbuf_addf(&out, "%s: %s certificate of request %s, entry %s of the ledger, issued %s\n", s->path, s->standing, s->request,
			    s->seq, s->at);
		if (streq(s->standing, "void"))
			strbuf_adds(&out, "void: its counts did not balance when it was issued; it certifies nothing\n");
		ctx_print(ctx, &out);
		return;
	}
	o = json_object();
	json_put(o, "schema", json_text("pgretain.certificate-check/1"));
	json_put(o, "request", json_text(s->request));
	json_put(o, "valid", json_boolean(!streq(s->standing, "void")));
	json_put(o, "certificate", json_text(s->standing));
	json_put(o, "final", json_boolean(streq(s->standing, "final")));
	json_put(o, "seq", json_count(strtoll(s->seq, NULL, 10)));
	ctx_print_json(ctx, o);
}

int certificate_verify(struct ctx *ctx, const char *path, const char *id)
{
	AUTO_CONN *c = ctx_connect(ctx, true);
	struct erasure e = { .ctx = ctx, .db = ctx->db, .conn = c, .a = ctx->arena };
	struct shown s = { .path = path };
	struct diag d = DIAG_INIT;
	bool ok;

	if (!c)
		return EXIT_REFUSED;
	ok = file_read(&s, &d) && ledger_readable(c, &d) && ledger_whole(&e, &d) && entry_find(&e, &s, id, &d) && agrees(&e, &s, &d);
	free(s.bytes);
	if (!ok)
		return ctx_fail(ctx, &d);
	answer(ctx, &s);
	return streq(s.standing, "void") ? EXIT_HUMAN : EXIT_DONE;
}
