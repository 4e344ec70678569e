/* request verify, refuse, withdraw, extend: what people decide about a request. */
#include "cmd/request_verbs.h"

#include "cmd/connect.h"
#include "cmd/erasure.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "model/ground.h"
#include "pg/sqltext.h"
#include "report/json.h"

/* The request in hand, in a transaction. NULL: printed. */
static struct conn *take(struct ctx *ctx, struct erasure *e, const char *id)
{
	struct diag d = DIAG_INIT;
	struct conn *c = ctx_connect(ctx, false);

	if (!c)
		return NULL;
	if (ledger_require(c, ctx_replay_log(ctx), &d) && erasure_open(e, ctx, c, &d) && erasure_load(e, &id, 1, &d) &&
	    conn_do(c, "BEGIN", NO_PARAMS, &d))
		return c;
	ctx_fail(ctx, &d);
	conn_close(c);
	return NULL;
}

int request_said(struct ctx *ctx, const struct erasure_request *r, const char *more)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *o;

	if (ctx->format == FORMAT_JSON) {
		o = json_object();
		json_put(o, "schema", json_text("pgretain.request/1"));
		json_put(o, "request", json_text(r->id));
		json_put(o, "kind", json_text(request_kind_word(r->kind)));
		json_put(o, "state", json_text(request_state_word(r->state)));
		json_put(o, "exit", json_count(EXIT_DONE));
		ctx_print_json(ctx, o);
		return EXIT_DONE;
	}
	strbuf_addf(&sb, "request %s: %s%s%s\n", r->id, request_state_word(r->state), more ? ", " : "", more ? more : "");
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}

/* One event with one state behind it. */
static bool happens(struct erasure *e, struct erasure_request *r, enum request_event event, const char *evidence,
		    const char *set, const char *note, struct diag *d)
{
	enum request_state to = r->state;

	if (!request_next(r->kind, r->state, event, &to))
		to = REQUEST_STATES;		/* erasure_move says what is possible */
	return erasure_move_with(e, r, event, to, evidence, set, note, d);
}

static const char *object_text(struct erasure *e, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	const char *copy = arena_strdup(e->a, text);

	free(text);
	json_decref(o);
	return copy;
}

/* ---- verify ---- */

static bool whom(struct erasure *e, struct erasure_request *r, struct diag *d)
{
	const char *spec = opts_text(&e->ctx->opts, "subject");
	AUTO_RESULT *res = NULL;

	if (!spec && r->key)
		return true;
	if (!spec) {
		diag_fail(d, DIAG_GUARD, "request %s may mean several people, or nobody was found", r->id);
		diag_hint(d, "pgretain request show names them; verify --subject TYPE:KEY settles whom it means");
		return false;
	}
	if (!request_person(e->ctx, e->conn, spec, &r->type, &r->key, d))
		return false;
	if (!r->key)
		return diag_fail(d, DIAG_USAGE, "--subject: there is no such person");
	return conn_query_text(e->conn, "SELECT pgretain.request_settle_subject($1::uuid, $2::text, $3::text)", &res, d, r->id, r->type,
			       r->key);
}

/* Another one of the same person is verified already: this one points at it. */
static bool duplicate_of(struct erasure *e, const struct erasure_request *r, const char **other, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	*other = NULL;
	if (!conn_query_text(e->conn, sqltext_get("query/request_other"), &res, d, r->id, request_kind_word(r->kind), r->type, r->key))
		return false;
	if (PQntuples(res))
		*other = arena_strdup(e->a, res_text(res, 0, 0));
	return true;
}

static bool verified(struct erasure *e, struct erasure_request *r, const char *evidence, struct diag *d)
{
	enum request_state to;
	const char *other;

	if (!request_next(r->kind, r->state, REQUEST_ON_VERIFY, &to))
		return happens(e, r, REQUEST_ON_VERIFY, evidence, NULL, NULL, d);
	if (!whom(e, r, d) || !duplicate_of(e, r, &other, d))
		return false;
	if (other)
		return happens(e, r, REQUEST_ON_DUPLICATE, evidence, object_text(e, json_pack("{ss}", "duplicate_of", other)), NULL, d);
	return happens(e, r, REQUEST_ON_VERIFY, evidence, NULL, NULL, d);
}

int request_verify(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = NULL;
	struct diag d = DIAG_INIT;
	const char *evidence;
	struct erasure e;

	(void)argc;
	if (!ctx_reference(ctx, "evidence", REQUEST_EVIDENCE, &evidence))
		return EXIT_REFUSED;
	c = take(ctx, &e, argv[0]);
	if (!c)
		return EXIT_REFUSED;
	if (!verified(&e, &e.requests.v[0], evidence, &d) || !ctx_commit(ctx, c, &d))
		return ctx_fail(ctx, &d);
	return request_said(ctx, &e.requests.v[0], NULL);
}

/* ---- refuse ---- */

static bool ground_given(struct ctx *ctx, const char *code, const char *rule, const char *review, struct diag *d)
{
	const struct ground *g = ground_find(code);

	if (!g)
		return diag_fail(d, DIAG_USAGE, "--ground is one of G2 .. G8 (the policy's grounds) and P1 .. P7 (procedural)");
	if (g->effect == GROUND_NONE && !g->whole)
		return diag_fail(d, DIAG_USAGE, "--ground %s: the engine applies it by itself, where a floor says so", code);
	if (!rule)
		return true;
	if (g->effect == GROUND_NONE)
		return diag_fail(d, DIAG_USAGE, "--ground %s refuses a whole request: leave --rule out", code);
	if (!policy_rule(ctx->db, rule))
		return diag_fail(d, DIAG_USAGE, "--rule: there is no rule %s", rule);
	if (review || (g->effect != GROUND_KEEP && g->effect != GROUND_STRIP))
		return true;
	diag_fail(d, DIAG_USAGE, "--ground %s keeps the rows of rule %s, and nobody has said until when", code, rule);
	diag_hint(d, "--review TIME: they are kept until then, and go by the same request after it");
	return false;
}

/* A court's interest becomes a hold on the person, or on what is theirs under one rule (domain.md 4). */
static bool becomes_hold(struct erasure *e, const struct erasure_request *r, const char *rule, const char *evidence,
			 const char *review, struct diag *d)
{
	char text[UUID_TEXT];
	AUTO_RESULT *res = NULL;
	struct ledger_entry entry = { .kind = "hold", .action = "add", .rows = -1, .actor = e->ctx->actor };

	if (!r->key)
		return true;
	new_uuid(text);
	entry.detail = arena_printf(e->a, "{\"hold\": \"%s\", \"scope\": \"subject\", \"state\": \"active\", \"request\": \"%s\"}",
				    text, r->id);
	return conn_query_text(e->conn, sqltext_get("query/request_hold"), &res, d, text, r->type, r->key, evidence, review,
			       e->ctx->actor, rule) && ledger_append(e->conn, &entry, d);
}

static bool refused(struct erasure *e, struct erasure_request *r, const char *code, const char *rule, const char *evidence,
		    const char *review, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	enum request_state to;
	enum request_event event = rule ? REQUEST_ON_GROUND : REQUEST_ON_REFUSE;
	json_t *note = json_pack("{ss}", "ground", code);

	if (!rule && streq(code, "P5") && request_next(r->kind, r->state, REQUEST_ON_DENY, &to))
		event = REQUEST_ON_DENY;
	if (rule)
		json_put(note, "rule", json_text(rule));
	if (!happens(e, r, event, evidence, NULL, object_text(e, note), d) ||
	    !conn_query_text(e->conn, "SELECT pgretain.request_ground_put($1::uuid, $2::text, $3::text, $4::text, $5::text, "
			     "$6::timestamptz)", &res, d, r->id, rule, code, evidence, e->ctx->actor, review))
		return false;
	return !streq(code, "G4") || becomes_hold(e, r, rule, evidence, review, d);
}

int request_refuse(struct ctx *ctx, int argc, char **argv)
{
	const char *code = opts_text(&ctx->opts, "ground"), *rule = opts_text(&ctx->opts, "rule"), *evidence, *review;
	AUTO_CONN *c = NULL;
	struct diag d = DIAG_INIT;
	struct erasure e;

	(void)argc;
	if (!ctx_reference(ctx, "evidence", REQUEST_EVIDENCE, &evidence) || !ctx_instant(ctx, "review", &review) || !ctx_database(ctx))
		return EXIT_REFUSED;
	if (!ground_given(ctx, code, rule, review, &d))
		return ctx_fail(ctx, &d);
	c = take(ctx, &e, argv[0]);
	if (!c)
		return EXIT_REFUSED;
	if (!refused(&e, &e.requests.v[0], code, rule, evidence, review, &d) || !ctx_commit(ctx, c, &d))
		return ctx_fail(ctx, &d);
	return request_said(ctx, &e.requests.v[0], streq(code, "G4") ? rule ? "a hold was placed on these rows of the person" : "a hold was placed on the person" : NULL);
}

/* ---- what is asked of the person, and what comes back ---- */

static const struct {
	const char *word;
	enum request_event event;
	const char *what;
} asked[] = {
	{ "identity", REQUEST_ON_ASK_IDENTITY, "the person is asked who they are" },
	{ "fee", REQUEST_ON_ASK_FEE, "the person is asked for a fee" },
};

/* What needs no more than that it has happened. */
static int simple(struct ctx *ctx, const char *id, enum request_event event, json_t *set, const char *more)
{
	AUTO_CONN *c = NULL;
	struct diag d = DIAG_INIT;
	struct erasure e;

	c = take(ctx, &e, id);
	if (!c) {
		json_decref(set);
		return EXIT_REFUSED;
	}
	if (!happens(&e, &e.requests.v[0], event, NULL, set ? object_text(&e, set) : NULL, NULL, &d) ||
	    !ctx_commit(ctx, c, &d))
		return ctx_fail(ctx, &d);
	return request_said(ctx, &e.requests.v[0], more);
}

int request_ask(struct ctx *ctx, int argc, char **argv)
{
	const char *what = opts_text(&ctx->opts, "for"), *until;

	(void)argc;
	if (!ctx_instant(ctx, "until", &until))
		return EXIT_REFUSED;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		if (streq_null(what, asked[i].word))
			return simple(ctx, argv[0], asked[i].event, until ? json_pack("{ss}", "answer_until", until) : NULL,
				      asked[i].what);
	return ctx_usage(ctx, "--for is identity or fee: what the person is asked for");
}

int request_paid(struct ctx *ctx, int argc, char **argv)
{
	(void)argc;
	return simple(ctx, argv[0], REQUEST_ON_PAID, NULL, "the fee is paid");
}

int request_acknowledge(struct ctx *ctx, int argc, char **argv)
{
	(void)argc;
	return simple(ctx, argv[0], REQUEST_ON_ACKNOWLEDGE, NULL, "the person knows that it has arrived");
}

/* ---- withdraw, extend ---- */

int request_withdraw(struct ctx *ctx, int argc, char **argv)
{
	(void)argc;
	return simple(ctx, argv[0], REQUEST_ON_WITHDRAW, NULL, NULL);
}

static bool extended(struct erasure *e, struct erasure_request *r, const char *reason, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct request_due due;

	if (!conn_query_text(e->conn, sqltext_get("query/request_terms"), &res, d, r->id) ||
	    !request_due(e->ctx, e->conn, res_text_null(res, 0, 0), res_text(res, 0, 1), &due, d))
		return false;
	if (!due.extended) {
		diag_fail(d, DIAG_GUARD, "jurisdiction %s of request %s knows no extension",
			  res_text_null(res, 0, 0) ? res_text(res, 0, 0) : "(unknown)", r->id);
		diag_hint(d, "`extension` in the jurisdictions says by how much; an unknown jurisdiction has what all of them have");
		return false;
	}
	return happens(e, r, REQUEST_ON_EXTEND, NULL,
		       object_text(e, json_pack("{ssss}", "extended_until", due.extended, "extension_reason", reason)),
		       object_text(e, json_pack("{ss}", "until", due.extended)), d);	/* why is told to the person, not to the ledger */
}

int request_extend(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = NULL;
	struct diag d = DIAG_INIT;
	const char *reason;
	struct erasure e;

	(void)argc;
	if (!ctx_reference(ctx, "reason", "why it takes longer, as the person is told", &reason))
		return EXIT_REFUSED;
	c = take(ctx, &e, argv[0]);
	if (!c)
		return EXIT_REFUSED;
	if (!extended(&e, &e.requests.v[0], reason, &d) || !ctx_commit(ctx, c, &d))
		return ctx_fail(ctx, &d);
	return request_said(ctx, &e.requests.v[0], "extended");
}
