#include "cmd/connect.h"

#include "base/instant.h"
#include "ledger/ledger.h"
#include "report/json.h"

#include <ctype.h>
#include <uuid/uuid.h>

AUTO_DEFINE(json_t, json_decref)

/* NULL: printed. */
static struct conn *open_ledger(struct ctx *ctx)
{
	AUTO_CONN *c = ctx_connect(ctx, true);
	struct diag d = DIAG_INIT;

	if (!c)
		return NULL;
	if (ledger_readable(c, &d))
		return STEAL(c);
	ctx_fail(ctx, &d);
	return NULL;
}

/* ---- verify ---- */

static void verify_json(struct ctx *ctx, const struct ledger_check *check, int code)
{
	json_t *root = json_object(), *broken = json_null();

	if (!check->whole) {
		broken = json_object();
		json_put(broken, "seq", json_count(check->broken_seq));
		json_put(broken, "why", json_text(check->why));
	}
	json_put(root, "schema", json_text("pgretain.ledger_verify/1"));
	json_put(root, "database", json_text(ctx->db->name));
	json_put(root, "whole", json_boolean(check->whole));
	json_put(root, "entries", json_count(check->entries));
	json_put(root, "head", json_text(check->head));
	json_put(root, "broken", broken);
	json_put(root, "exit", json_count(code));
	ctx_print_json(ctx, root);
}

static void verify_text(struct ctx *ctx, const struct ledger_check *check)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (check->whole)
		strbuf_addf(&sb, "The ledger is whole: %lld entries, the newest is %s\n",
			    (long long)check->entries, check->head);
	else
		strbuf_addf(&sb, "The ledger is broken at entry %lld: %s\n%lld entries before it are whole, up to %s\n",
			    (long long)check->broken_seq, check->why, (long long)check->entries, check->head);
	ctx_print(ctx, &sb);
}

static int verify(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = open_ledger(ctx);
	struct diag d = DIAG_INIT;
	struct ledger_check check;
	int code;

	(void)argc;
	(void)argv;
	if (!c)
		return EXIT_REFUSED;
	if (!ledger_verify(c, ctx_replay_log(ctx), &check, &d))
		return ctx_fail(ctx, &d);
	code = check.whole ? EXIT_DONE : EXIT_HUMAN;
	if (ctx->format == FORMAT_JSON)
		verify_json(ctx, &check, code);
	else
		verify_text(ctx, &check);
	return code;
}

/* ---- show, export ---- */

static json_t *number(const char *text)
{
	return text ? json_count(strtoll(text, NULL, 10)) : json_null();
}

static void put_common(json_t *o, const struct ledger_row *r)
{
	json_put(o, "seq", number(r->seq));
	json_put(o, "kind", json_text(r->kind));
	json_put(o, "run", json_text(r->run));
	json_put(o, "rule", json_text(r->rule));
	json_put(o, "table", json_text(r->table));
	json_put(o, "action", json_text(r->action));
	json_put(o, "rows", number(r->rows));
	json_put(o, "as_of", json_text(r->as_of));
	json_put(o, "at", json_text(r->at));
	json_put(o, "actor", json_text(r->actor));
	json_put(o, "login", json_text(r->login));
}

/* One line an entry; detail as its exact text, because that is what the hash covers. */
static bool export_row(void *arg, const struct ledger_row *r, struct diag *d)
{
	AUTO(json_decref_auto) json_t *o = json_object();
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)d;
	put_common(o, r);
	json_put(o, "detail", json_text(r->detail));
	json_put(o, "prev", json_text(r->prev));
	json_put(o, "hash", json_text(r->hash));
	json_render(&sb, o, false);
	ctx_print(arg, &sb);
	return true;
}

static int export(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = open_ledger(ctx);
	struct diag d = DIAG_INIT;

	(void)argc;
	(void)argv;
	if (!c)
		return EXIT_REFUSED;
	return ledger_show(c, &(struct ledger_filter){ 0 }, export_row, ctx, &d) ? EXIT_DONE : ctx_fail(ctx, &d);
}

struct rule_seen {
	const char *rule, *digest, *text, *since;
};

struct show {
	struct ctx *ctx;
	int64_t shown;
	VEC(struct rule_seen) rules;
};

#define SHOW_OPEN "{\"schema\": \"pgretain.ledger/1\", \"entries\": ["

static bool show_json(void *arg, const struct ledger_row *r, struct diag *d)
{
	struct show *show = arg;
	AUTO(json_decref_auto) json_t *o = json_object();
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)d;
	put_common(o, r);
	json_put(o, "detail", json_loads(r->detail, 0, NULL));
	json_put(o, "rule_digest", json_text(r->rule_digest));
	json_put(o, "rule_text", json_text(r->rule_text));
	json_put(o, "hash", json_text(r->hash));
	strbuf_adds(&sb, show->shown++ ? ",\n" : SHOW_OPEN "\n");
	json_render(&sb, o, false);
	sb.buf[--sb.len] = '\0';		/* the newline: a comma may follow */
	ctx_print(show->ctx, &sb);
	return true;
}

static void remember_rule(struct show *show, const struct ledger_row *r)
{
	struct arena *a = show->ctx->arena;

	if (!r->rule_text || !r->rule)
		return;
	for (size_t i = 0; i < show->rules.n; i++)
		if (streq(show->rules.v[i].digest, r->rule_digest) && streq(show->rules.v[i].rule, r->rule))
			return;
	vec_push(a, &show->rules, ((struct rule_seen){ arena_strdup(a, r->rule), arena_strdup(a, r->rule_digest),
						       arena_strdup(a, r->rule_text), arena_strdup(a, r->seq) }));
}

/* A terminal must not obey what a name holds. Gives the number of characters. */
static int add_name(struct strbuf *sb, const char *text)
{
	int n = 0;

	for (const char *s = text ? text : ""; *s; s++) {
		strbuf_addc(sb, iscntrl((unsigned char)*s) ? '?' : *s);
		n += ((unsigned char)*s & 0xc0) != 0x80;
	}
	return n;
}

static void add_cell(struct strbuf *sb, const char *text, int width)
{
	int n = add_name(sb, text);

	strbuf_addf(sb, "%*s  ", n < width ? width - n : 0, "");
}

/* What happened, where no action says so: runs begin and end. */
static void add_action(struct strbuf *sb, const struct ledger_row *r)
{
	AUTO(json_decref_auto) json_t *detail = json_loads(r->detail, 0, NULL);

	add_cell(sb, r->action ? r->action : json_string_value(json_object_get(detail, "event")), 11);
}

static void add_line(struct strbuf *sb, const struct ledger_row *r)
{
	const char *fraction = strchr(r->at, '.');
	AUTO_STRBUF at = STRBUF_INIT;

	strbuf_add(&at, r->at, fraction ? (size_t)(fraction - r->at) : strlen(r->at));
	strbuf_adds(&at, fraction ? "Z" : "");
	strbuf_addf(sb, "%6s  ", r->seq);
	add_cell(sb, strbuf_str(&at), 20);
	add_cell(sb, r->kind, 9);
	add_cell(sb, r->rule, 16);
	add_cell(sb, r->table, 22);
	add_action(sb, r);
	strbuf_addf(sb, "%9s  ", r->rows ? r->rows : "");
	add_name(sb, r->actor);
	if (!streq_null(r->actor, r->login)) {
		strbuf_adds(sb, r->actor ? " as " : "as ");
		add_name(sb, r->login);
	}
	strbuf_addc(sb, '\n');
}

static bool show_text(void *arg, const struct ledger_row *r, struct diag *d)
{
	struct show *show = arg;
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)d;
	if (!show->shown++)
		add_line(&sb, &(struct ledger_row){ .seq = "entry", .at = "at", .kind = "kind", .rule = "rule",
						    .table = "table", .action = "action", .rows = "rows",
						    .actor = "by", .login = "by", .detail = "{}" });
	add_line(&sb, r);
	remember_rule(show, r);
	ctx_print(show->ctx, &sb);
	return true;
}

static void print_rules(struct show *show)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (!show->shown)
		strbuf_adds(&sb, "No entry fits.\n");
	for (size_t i = 0; i < show->rules.n; i++) {
		const struct rule_seen *r = &show->rules.v[i];

		strbuf_adds(&sb, i ? "\n" : "\nThe rules as they were\n\n");
		add_cell(&sb, r->rule, 0);
		strbuf_addf(&sb, "from entry %s on, %s\n", r->since, r->digest);
		for (const char *s = r->text; *s; s += *s == '\n') {
			int n = (int)strcspn(s, "\n");

			strbuf_addf(&sb, "    %.*s\n", n, s);
			s += n;
		}
	}
	ctx_print(show->ctx, &sb);
}

/* False: printed. *ret stays NULL where the option was not given. */
static bool take_instant(struct ctx *ctx, const char *option, const char **ret)
{
	const char *text = opts_text(&ctx->opts, option);
	int64_t instant;

	if (!text)
		return true;
	if (!instant_parse_rfc3339(text, &instant)) {
		ctx_usage(ctx, "--%s is %s, which is no instant; write 2026-03-01 or 2026-03-01T00:00:00Z", option,
			  text);
		return false;
	}
	*ret = instant_format(instant, arena_alloc(ctx->arena, INSTANT_TEXT));
	return true;
}

static bool take_filter(struct ctx *ctx, struct ledger_filter *f)
{
	uuid_t uuid;

	*f = (struct ledger_filter){
		.rule = opts_text(&ctx->opts, "rule"), .table = opts_text(&ctx->opts, "table"),
		.run = opts_text(&ctx->opts, "run"), .kind = opts_text(&ctx->opts, "kind"),
	};
	if (f->run && uuid_parse(f->run, uuid) != 0) {
		ctx_usage(ctx, "--run is %s, which is no UUID", f->run);
		return false;
	}
	return take_instant(ctx, "since", &f->since) && take_instant(ctx, "until", &f->until);
}

static void print_plain(struct ctx *ctx, const char *text)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, text);
	ctx_print(ctx, &sb);
}

static int show(struct ctx *ctx, int argc, char **argv)
{
	struct show to = { .ctx = ctx };
	bool json = ctx->format == FORMAT_JSON;
	struct diag d = DIAG_INIT;
	struct ledger_filter filter;
	AUTO_CONN *c = NULL;

	(void)argc;
	(void)argv;
	if (!take_filter(ctx, &filter) || !(c = open_ledger(ctx)))
		return EXIT_REFUSED;
	if (!ledger_show(c, &filter, json ? show_json : show_text, &to, &d))
		return ctx_fail(ctx, &d);
	if (json)
		print_plain(ctx, to.shown ? "\n]}\n" : SHOW_OPEN "]}\n");
	else
		print_rules(&to);
	return EXIT_DONE;
}

static const struct opt show_options[] = {
	{ "rule", "RULE", "only this rule's entries", 0, 0 },
	{ "table", "TABLE", "only this table's, written as in SQL", 0, 0 },
	{ "since", "TIME", "from this instant on: 2026-03-01 (UTC) or 2026-03-01T00:00:00+08:00", 0, 0 },
	{ "until", "TIME", "before this instant", 0, 0 },
	{ "run", "UUID", "only this run's", 0, 0 },
	{ "kind", "KIND", "run, step, batch, hold, confirm, lineage, …", 0, 0 },
	{ NULL, NULL, NULL, 0, 0 },
};

static const struct verb verbs[] = {
	{ "verify", "", "computes the hash chain anew and names the first broken link", NULL, 0, 0, verify },
	{ "show", "[--rule R] [--table T] [--since T] [--until T] [--run UUID] [--kind K]",
	  "what was done, by which rule text, by whom", show_options, 0, 0, show },
	{ "export", "", "all entries as JSON lines, with everything that the hashes cover", NULL, 0, 0, export },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};

const struct command cmd_ledger = {
	.name = "ledger",
	.summary = "what was done, and whether the record of it is whole",
	.usage = "verify | show [...] | export",
	.help = "The ledger has an entry for every run, step and batch, written in the same transaction as the\n"
		"work. Entries are linked by hashes and hold no personal data.\n"
		"verify ends 0 when the chain is whole, 2 when it is not; with replay_log in the configuration\n"
		"the head that is kept there is compared too. show lists the oldest entry first.\n"
		"\n"
		"Example:\n"
		"  pgretain ledger show --table shop.orders --since 2026-03-01 --until 2026-04-01\n"
		"                                        what was done to the orders in March\n"
		"  pgretain ledger verify                The ledger is whole: 812 entries, the newest is sha256:…\n",
	.verbs = verbs,
};
