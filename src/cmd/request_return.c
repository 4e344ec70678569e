/* request reopen, request admit: what people decide about an erased person who is in the tables again. */
#include "cmd/request_verbs.h"

#include "cmd/connect.h"
#include "cmd/recurrence_reopen.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "report/json.h"

/* A second writer of the id: as the database spells it. */
static bool known(struct erasure *e, struct ctx *ctx, struct conn *c, const char *id, struct diag *d)
{
	return ledger_require(c, ctx_replay_log(ctx), d) && erasure_open(e, ctx, c, d) && erasure_load(e, &id, 1, d);
}

/* ---- reopen ---- */

struct returned {
	struct suppress s;
	struct recurrence_view v;
	struct recurrence_person person;
	struct recurrences counts;
};

static void on_hit(void *arg, struct suppress_entry *e, const struct suppress_row *row)
{
	struct returned *r = arg;
	unsigned char key[SECRET_MAC];

	r->v.rows++;
	recurrence_person_add(&r->person, r->s.a, e, row);
	r->v.people = (int64_t)r->person.keys.n;
	if (!row->key || !e->has_key)
		return;
	suppress_digest(&r->s, e->type, "key", e->type, row->key, key);
	r->v.same_key = r->v.same_key || memcmp(key, e->key, SECRET_MAC) == 0;
}

static bool reopen(struct returned *r, const char *evidence, struct diag *d)
{
	if (!r->v.rows) {
		diag_fail(d, DIAG_GUARD, "no identifier of the person whom request %s erased is in the tables", r->v.request);
		if (r->counts.incomparable)
			diag_hint(d, "%lld digest(s) were made with another key_file or normalisation and can't be compared",
				  (long long)r->counts.incomparable);
		return false;
	}
	if (!recurrence_reopen(&r->s, &r->v, &r->person, evidence, d))
		return false;
	return r->v.reopened || diag_fail(d, DIAG_GUARD, "request %s is not reopened: %s", r->v.request, r->v.why_not);
}

int request_reopen(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = NULL;
	struct diag d = DIAG_INIT;
	struct returned r = { .s = { .ctx = ctx } };
	const char *evidence;
	struct erasure e;
	enum request_state to;

	(void)argc;
	if (!ctx_reference(ctx, "evidence", REQUEST_EVIDENCE, &evidence))
		return EXIT_REFUSED;
	c = ctx_connect(ctx, false);
	if (!c)
		return EXIT_REFUSED;
	if (!known(&e, ctx, c, argv[0], &d))
		return ctx_fail(ctx, &d);
	r.v.request = e.requests.v[0].id;
	if (!request_next(e.requests.v[0].kind, e.requests.v[0].state, REQUEST_ON_REOPEN, &to))
		to = REQUEST_STATES;
	if (!erasure_may(&e.requests.v[0], REQUEST_ON_REOPEN, to, &d) ||
	    !recurrence_look(&r.s, ctx, ctx->db, c, r.v.request, &r.counts, on_hit, &r, &d) || !reopen(&r, evidence, &d))
		return ctx_fail(ctx, &d);
	e.requests.v[0].state = REQUEST_REOPENED;
	return request_said(ctx, &e.requests.v[0], "assess it again");
}

/* ---- admit ---- */

int request_admit(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = NULL;
	AUTO_RESULT *res = NULL;
	struct diag d = DIAG_INIT;
	const char *evidence;
	struct erasure e;

	(void)argc;
	if (!ctx_reference(ctx, "evidence", REQUEST_EVIDENCE, &evidence))
		return EXIT_REFUSED;
	c = ctx_connect(ctx, false);
	if (!c)
		return EXIT_REFUSED;
	if (!known(&e, ctx, c, argv[0], &d) ||
	    !conn_query_text(c, sqltext_get("query/suppression_drop"), &res, &d, e.requests.v[0].id, evidence, ctx->actor))
		return ctx_fail(ctx, &d);
	return request_said(ctx, &e.requests.v[0],
			    arena_printf(ctx->arena, "%lld digest(s) are gone", (long long)res_int(res, 0, 0)));
}
