/* Legal holds: placing, reviewing, releasing (domain.md 5). */
#include "base/log.h"
#include "cmd/connect.h"
#include "cmd/hold_show.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "plan/hold_want.h"
#include "report/json.h"

#include <uuid/uuid.h>

/* ---- what every verb needs ---- */

static struct conn *open_to_act(struct ctx *ctx)
{
	AUTO_CONN *c = ctx_connect(ctx, false);
	struct diag d = DIAG_INIT;

	if (!c)
		return NULL;
	if (ledger_require(c, ctx_replay_log(ctx), &d))
		return STEAL(c);
	ctx_fail(ctx, &d);
	return NULL;
}

/* Nothing was done: whatever the reason, it is a refusal. */
static int refuse(struct ctx *ctx, const struct diag *d)
{
	ctx_fail(ctx, d);
	return EXIT_REFUSED;
}

struct change {
	const char *hold, *action, *state;
	const char *scope, *rule;	/* rule: of scopes table and rows; NULL */
};

/* Its entry in the ledger: which hold, never whom or why. */
static bool record(struct ctx *ctx, struct conn *c, const struct change *ch, struct diag *d)
{
	struct ledger_entry e = {
		.kind = "hold", .action = ch->action, .rule = ch->rule, .rows = -1, .actor = ctx->actor,
		.detail = arena_printf(ctx->arena, "{\"hold\": \"%s\", \"scope\": \"%s\", \"state\": \"%s\"}", ch->hold,
				       ch->scope, ch->state),
	};

	return ledger_append(c, &e, d);
}

static bool commit(struct ctx *ctx, struct conn *c, struct diag *d)
{
	return ctx_commit(ctx, c, d);
}

static int said(struct ctx *ctx, const struct change *ch, const char *text)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *root;

	log_event(LOG_LEVEL_INFO, "hold", LOG_S("action", ch->action), LOG_S("hold", ch->hold), LOG_S("state", ch->state));
	if (ctx->format == FORMAT_JSON) {
		root = json_object();
		json_put(root, "schema", json_text("pgretain.hold/1"));
		json_put(root, "database", json_text(ctx->db->name));
		json_put(root, "hold", json_text(ch->hold));
		json_put(root, "scope", json_text(ch->scope));
		json_put(root, "state", json_text(ch->state));
		json_put(root, "exit", json_count(EXIT_DONE));
		ctx_print_json(ctx, root);
		return EXIT_DONE;
	}
	strbuf_addf(&sb, "%s\n", text);
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}

/* ---- add ---- */

static bool given_value(struct ctx *ctx, const char *spec, const char **ret)
{
	*ret = hold_want_asks(spec) ? ctx_stdin_line(ctx) : NULL;
	if (*ret || !hold_want_asks(spec))
		return true;
	ctx_usage(ctx, "--scope: the identifier's value is expected on standard input, one line");
	return false;
}

static bool place(struct ctx *ctx, struct conn *c, const struct hold_want *w, const char *reason, const char *review,
		  const struct change *ch, struct diag *d)
{
	const char *const values[] = {
		ch->hold, w->scope, w->target, w->relation, w->subject_type, w->subject_key, w->condition, w->identifier,
		w->identifier_value, cat_array_literal(ctx->arena, w->subject_keys.v, w->subject_keys.n), reason, review,
		ctx->actor, ch->state,
	};

	return conn_do(c, "BEGIN", NO_PARAMS, d) &&
		conn_do(c, sqltext_get("query/hold_place"), (struct params){ ARRAY_SIZE(values), NULL, values }, d) &&
		record(ctx, c, ch, d) && commit(ctx, c, d);
}

static int add(struct ctx *ctx, int argc, char **argv)
{
	const char *spec = opts_text(&ctx->opts, "scope"), *reason, *given, *review;
	struct change ch = { .action = "add", .state = opts_flag(&ctx->opts, "draft") ? "draft" : "active" };
	struct diag d = DIAG_INIT;
	struct hold_want w;
	AUTO_CONN *c = NULL;
	char text[UUID_TEXT];

	(void)argc;
	(void)argv;
	if (!spec)
		return ctx_usage(ctx, "--scope is missing: what is to be held? see pgretain hold --help");
	if (!ctx_instant(ctx, "review", &review) ||
	    !ctx_reference(ctx, "reason", "the reference of the case that this hold is for", &reason) ||
	    !given_value(ctx, spec, &given))
		return EXIT_REFUSED;
	c = open_to_act(ctx);
	if (!c)
		return EXIT_REFUSED;
	if (!hold_want_read(c, ctx->policy, ctx->db, ctx->arena, spec, given, &w, &d))
		return refuse(ctx, &d);
	new_uuid(text);
	ch.hold = text;
	ch.scope = w.scope;
	ch.rule = w.relation ? w.target : NULL;
	if (!place(ctx, c, &w, reason, review, &ch, &d))
		return refuse(ctx, &d);
	if (w.rows == 0)
		ctx_complain(ctx, "", "the condition matches no row now; rows that match it later will be held");
	if (w.subject_keys.n > 1)
		ctx_complain(ctx, "", arena_printf(ctx->arena, "the identifier was %zu people's over time: the hold is on each of "
						   "them", w.subject_keys.n));
	return said(ctx, &ch, text);
}

/* ---- one hold ---- */

struct held {
	char uuid[UUID_TEXT];
	const char *state, *asked_by, *cool_until;
	bool cooled;
	struct change ch;
};

static const char *cool_down(const struct policy *p, char *buf)
{
	struct period period;
	const char *why;

	if (!p->cool_down || !period_parse(p->cool_down, &period, &why))
		return "0 s";
	return period_interval(&period, buf);
}

static bool find(struct ctx *ctx, struct conn *c, const char *word, struct held *ret, struct diag *d)
{
	char interval[PERIOD_TEXT];
	AUTO_RESULT *res = NULL;
	uuid_t id;

	if (uuid_parse(word, id) != 0) {
		diag_fail(d, DIAG_USAGE, "\"%s\" is no UUID", word);
		diag_hint(d, "pgretain hold list shows them");
		return false;
	}
	uuid_unparse_lower(id, ret->uuid);
	if (!conn_query_text(c, sqltext_get("query/hold_state"), &res, d, ret->uuid, cool_down(ctx->policy, interval)))
		return false;
	if (!PQntuples(res)) {
		diag_fail(d, DIAG_USAGE, "there is no hold %s", ret->uuid);
		diag_hint(d, "pgretain hold list shows them");
		return false;
	}
	ret->state = arena_strdup(ctx->arena, res_text(res, 0, 0));
	ret->asked_by = arena_strdup(ctx->arena, res_text_null(res, 0, 1));
	ret->cooled = res_bool(res, 0, 2);
	ret->cool_until = arena_strdup(ctx->arena, res_text_null(res, 0, 3));
	ret->ch = (struct change){ .hold = ret->uuid, .scope = arena_strdup(ctx->arena, res_text(res, 0, 4)),
				   .rule = arena_strdup(ctx->arena, res_text_null(res, 0, 5)) };
	return true;
}

/* The connection, with the hold that the first word names. NULL: printed. */
static struct conn *open_hold(struct ctx *ctx, char **argv, struct held *ret)
{
	AUTO_CONN *c = open_to_act(ctx);
	struct diag d = DIAG_INIT;

	if (!c)
		return NULL;
	if (find(ctx, c, argv[0], ret, &d))
		return STEAL(c);
	refuse(ctx, &d);
	return NULL;
}

/* Sends the change and its entry. Somebody else may have been faster: then nothing is done. */
static bool change(struct ctx *ctx, struct conn *c, const struct held *h, const char *query, size_t n,
		   const char *const *values, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_do(c, "BEGIN", NO_PARAMS, d) ||
	    !conn_query(c, sqltext_get(query), (struct params){ (int)n, NULL, values }, &res, d))
		return false;
	if (res_affected(res) != 1) {
		diag_fail(d, DIAG_GUARD, "hold %s has changed meanwhile: nothing was done", h->uuid);
		diag_hint(d, "look at it again: pgretain hold list");
		return false;
	}
	return record(ctx, c, &h->ch, d) && commit(ctx, c, d);
}

/* ---- release ---- */

static bool may_confirm(struct ctx *ctx, const struct held *h, struct diag *d)
{
	if (h->asked_by && streq(h->asked_by, ctx->actor)) {
		diag_fail(d, DIAG_GUARD, "%s has asked for the release of hold %s and can't confirm it too", ctx->actor,
			  h->uuid);
		diag_hint(d, "second_person: somebody else runs the same command, or names himself by --actor");
		return false;
	}
	if (h->cooled)
		return true;
	diag_fail(d, DIAG_GUARD, "the release of hold %s can be confirmed from %s on: cool_down = %s", h->uuid,
		  h->cool_until, ctx->policy->cool_down);
	diag_hint(d, "wait, or keep the hold: pgretain hold review %s", h->uuid);
	return false;
}

static int ask(struct ctx *ctx, struct conn *c, struct held *h, struct diag *d)
{
	const char *const values[] = { h->uuid, ctx->actor };

	h->ch.action = "ask";
	h->ch.state = "release_pending";
	if (!change(ctx, c, h, "query/hold_ask", ARRAY_SIZE(values), values, d))
		return refuse(ctx, d);
	return said(ctx, &h->ch, arena_printf(ctx->arena,
		"Hold %s goes on holding until a second person confirms its release.", h->uuid));
}

static int release_now(struct ctx *ctx, struct conn *c, struct held *h, struct diag *d)
{
	const char *const values[] = { h->uuid, ctx->actor, h->state, h->asked_by };

	h->ch.action = "release";
	h->ch.state = "released";
	if (!change(ctx, c, h, "query/hold_release", ARRAY_SIZE(values), values, d))
		return refuse(ctx, d);
	return said(ctx, &h->ch, arena_printf(ctx->arena,
		"Hold %s is released. Nothing is deleted by that; the next run looks at its rows again.", h->uuid));
}

static int release(struct ctx *ctx, int argc, char **argv)
{
	struct diag d = DIAG_INIT;
	struct held h;
	AUTO_CONN *c = open_hold(ctx, argv, &h);

	(void)argc;
	if (!c)
		return EXIT_REFUSED;
	if (streq(h.state, "released")) {
		diag_fail(&d, DIAG_GUARD, "hold %s is released already", h.uuid);
		return refuse(ctx, &d);
	}
	if (!policy_second_person(ctx->policy, "hold release") || streq(h.state, "draft"))
		return release_now(ctx, c, &h, &d);
	if (!streq(h.state, "release_pending"))
		return ask(ctx, c, &h, &d);
	return may_confirm(ctx, &h, &d) ? release_now(ctx, c, &h, &d) : refuse(ctx, &d);
}

/* ---- review, activate ---- */

static int review(struct ctx *ctx, int argc, char **argv)
{
	struct diag d = DIAG_INIT;
	struct held h;
	AUTO_CONN *c = NULL;
	const char *next;

	(void)argc;
	if (!ctx_instant(ctx, "review", &next))
		return EXIT_REFUSED;
	c = open_hold(ctx, argv, &h);
	if (!c)
		return EXIT_REFUSED;
	if (streq(h.state, "released") || streq(h.state, "draft")) {
		diag_fail(&d, DIAG_GUARD, "hold %s is %s: there is nothing to review", h.uuid, h.state);
		return refuse(ctx, &d);
	}
	h.ch.action = "review";
	h.ch.state = "active";
	if (!change(ctx, c, &h, "query/hold_review", 3, (const char *const[]){ h.uuid, ctx->actor, next }, &d))
		return refuse(ctx, &d);
	return said(ctx, &h.ch, arena_printf(ctx->arena, "Hold %s is kept.", h.uuid));
}

static int activate(struct ctx *ctx, int argc, char **argv)
{
	struct diag d = DIAG_INIT;
	struct held h;
	AUTO_CONN *c = open_hold(ctx, argv, &h);

	(void)argc;
	if (!c)
		return EXIT_REFUSED;
	if (!streq(h.state, "draft")) {
		diag_fail(&d, DIAG_GUARD, "hold %s is %s, and no draft", h.uuid, h.state);
		return refuse(ctx, &d);
	}
	h.ch.action = "activate";
	h.ch.state = "active";
	if (!change(ctx, c, &h, "query/hold_activate", 1, (const char *const[]){ h.uuid }, &d))
		return refuse(ctx, &d);
	return said(ctx, &h.ch, arena_printf(ctx->arena, "Hold %s is in force.", h.uuid));
}

/* ---- the command ---- */

static const struct opt add_options[] = {
	{ .name = "scope", .arg = "SCOPE", .help = "what is held: see above" },
	{ .name = "reason", .arg = "REF", .help = "reference of the case" },
	{ .name = "review", .arg = "TIME", .help = "when somebody must look again; nothing is released by it" },
	{ .name = "draft", .help = "keeps nothing until it is activated" },
	{ .name = NULL },
};

static const struct opt review_options[] = {
	{ .name = "review", .arg = "TIME", .help = "the next review" },
	{ .name = NULL },
};

static const struct verb verbs[] = {
	{ .name = "add", .usage = "--scope SCOPE --reason REF [--review TIME] [--draft]",
	  .summary = "places a hold and prints its UUID", .options = add_options, .run = add },
	{ .name = "list", .usage = "", .summary = "all holds: state, width, rows that stay outside", .run = hold_list },
	{ .name = "release", .usage = "UUID", .summary = "ends a hold; a second person confirms where configured",
	  .min_words = 1, .max_words = 1, .run = release },
	{ .name = "review", .usage = "UUID [--review TIME]",
	  .summary = "keeps a hold that was due for review, or to be released",
	  .options = review_options, .min_words = 1, .max_words = 1, .run = review },
	{ .name = "activate", .usage = "UUID", .summary = "puts a draft into force", .min_words = 1, .max_words = 1,
	  .run = activate },
	{ .name = NULL },
};

const struct command cmd_hold = {
	.name = "hold",
	.summary = "legal holds: rows that nothing touches until they are released",
	.usage = "add --scope SCOPE --reason REF | list | release UUID | review UUID | activate UUID",
	.help =
		"A hold keeps rows from every path: runs, erasures, the vault's purge, partition drops. It waits for\n"
		"the batches in flight, and the next one sees it. Several holds may lie on one row; it is free when\n"
		"the last is released, and what is due then goes with the next run.\n"
		"\n"
		"SCOPE is one of\n"
		"  subject=TYPE:KEY          a person, under every identifier, with all that is theirs\n"
		"  identifier=NAME:VALUE     the same by e-mail, telephone, ...; VALUE - reads standard input\n"
		"  table=RULE                every row of a rule\n"
		"  class=CLASS               every row of a retention class\n"
		"  rows=RULE:CONDITION       rows of a rule under an SQL condition on its columns\n"
		"  all                       everything\n"
		"A row under a hold keeps what follows it, what would cascade from it, and its attachments.\n"
		"\n"
		"release needs two people where second_person names \"hold release\": the first asks, another one\n"
		"confirms with the same command when cool_down is over. Until then the hold holds.\n"
		"\n"
		"Exit code: 0 done; 1 refused.\n"
		"\n"
		"Example:\n"
		"  pgretain hold add --scope \"rows=orders:order_no = 'A-17'\" --reason \"4 C 12/26\" --review 2027-06-01\n"
		"  pgretain hold list\n"
		"  pgretain hold release 5f0c2a5e-6d0e-4c57-9f0b-0a8a6f3a1c11\n",
	.verbs = verbs,
};
