/* request open: whom a letter means, and until when it must be answered. */
#include "cmd/request_verbs.h"

#include "base/secret.h"
#include "cmd/connect.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "model/request.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "plan/subject_find.h"
#include "report/json.h"

#include <uuid/uuid.h>

struct opening {
	struct ctx *ctx;
	struct conn *c;
	const char *id, *type, *received;
	enum request_kind kind;
	bool has_key;
	struct secret_key secret;
	VEC(const char *) types, keys, here;		/* whom it may mean */
	VEC(const char *) names, sealed;		/* by what they were named */
};

/* ---- people ---- */

bool request_person(struct ctx *ctx, struct conn *c, const char *spec, const char **type, const char **key, struct diag *d)
{
	const char *colon = strchr(spec, ':');
	const struct subject_type *t;
	bool there = false;

	*key = NULL;
	if (!colon)
		return diag_fail(d, DIAG_USAGE, "--subject is TYPE:KEY, such as account:4711");
	t = policy_subject(ctx->policy, arena_strndup(ctx->arena, spec, (size_t)(colon - spec)));
	if (!t)
		return diag_fail(d, DIAG_USAGE, "the configuration knows no subject type %.*s", (int)(colon - spec), spec);
	*type = t->name;
	if (!subject_person(c, ctx->arena, t, colon + 1, key, &there, d)) {
		if (strncmp(d->sqlstate, "22", 2) == 0)
			diag_fail(d, DIAG_USAGE, "--subject: that is no key of a %s", t->name);
		return false;
	}
	if (!there)
		*key = NULL;
	return true;
}

static void may_mean(struct opening *o, const char *type, const char *key, bool here)
{
	struct arena *a = o->ctx->arena;

	for (size_t i = 0; i < o->keys.n; i++) {
		if (!streq(o->types.v[i], type) || !streq(o->keys.v[i], key))
			continue;
		if (here)
			o->here.v[i] = "t";
		return;
	}
	vec_push(a, &o->types, type);
	vec_push(a, &o->keys, arena_strdup(a, key));
	vec_push(a, &o->here, here ? "t" : "f");
}

static bool by_subject(struct opening *o, const char *spec, struct diag *d)
{
	const char *type, *key;

	if (!request_person(o->ctx, o->c, spec, &type, &key, d))
		return false;
	o->type = type;
	if (key)
		may_mean(o, type, key, true);
	return true;
}

/* ---- identifiers ---- */

static bool identifier_named(struct opening *o, const char *name, const struct subject_type **type,
			     const struct identifier **ret, struct diag *d)
{
	const struct policy *p = o->ctx->policy;

	*ret = NULL;
	for (size_t i = 0; i < p->nsubjects; i++)
		for (size_t k = 0; k < p->subjects[i].nidentifiers; k++) {
			if (!streq(p->subjects[i].identifiers[k].name, name))
				continue;
			if (*ret)
				return diag_fail(d, DIAG_USAGE, "%s and %s both have an identifier %s: open by --subject instead",
						 (*type)->name, p->subjects[i].name, name);
			*type = &p->subjects[i];
			*ret = &p->subjects[i].identifiers[k];
		}
	return *ret || diag_fail(d, DIAG_USAGE, "the configuration knows no identifier %s", name);
}

static bool value_read(struct opening *o, const char *given, const char **ret, struct diag *d)
{
	*ret = streq(given, "-") ? ctx_stdin_line(o->ctx) : given;
	return *ret || diag_fail(d, DIAG_USAGE, "--identifier: the value is expected on standard input, one line");
}

/* A value that normalises to nothing would equal whatever does too. */
static bool usable(struct opening *o, const struct identifier *id, const char *value, struct diag *d)
{
	bool number = id->normalise && streq(id->normalise, "e164");
	AUTO_RESULT *res = NULL;
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "SELECT %s ~ '%s'", subject_normal(o->ctx->arena, id, "$1::text"), number ? "^[+]?[0-9]{5,15}$" : ".");
	if (!conn_query_text(o->c, strbuf_str(&sql), &res, d, value))
		return false;
	return res_bool(res, 0, 0) || diag_fail(d, DIAG_USAGE, "--identifier: that value is no %s", id->name);
}

static bool bearers(struct opening *o, const struct subject_type *t, const struct identifier *id, const char *value,
		    struct diag *d)
{
	subject_bearers found = { NULL, 0, 0 };

	if (!subject_bearers_of(o->c, o->ctx->arena, t, id, value, o->received, &found, d))
		return false;
	for (size_t i = 0; i < found.n; i++)
		may_mean(o, t->name, found.v[i].key, found.v[i].here);
	return true;
}

static bool by_identifier(struct opening *o, const char *spec, struct diag *d)
{
	struct arena *a = o->ctx->arena;
	const char *name, *given, *value;
	const struct subject_type *t = NULL;
	const struct identifier *id;

	if (!ctx_split_pair(o->ctx, spec, &name, &given))
		return diag_fail(d, DIAG_USAGE, "--identifier is NAME=VALUE, or NAME=- to read the value from standard input");
	if (!identifier_named(o, name, &t, &id, d) || !value_read(o, given, &value, d) || !usable(o, id, value, d) ||
	    !bearers(o, t, id, value, d))
		return false;
	o->type = t->name;
	vec_push(a, &o->names, id->name);
	vec_push(a, &o->sealed, o->has_key ? arena_printf(a, "\\x%s", secret_seal(a, &o->secret, o->id, value)) : NULL);
	return true;
}

static bool people(struct opening *o, struct diag *d)
{
	const char *subject = opts_text(&o->ctx->opts, "subject"), *spec;
	size_t n = 0;

	if (subject && !by_subject(o, subject, d))
		return false;
	for (; (spec = opts_nth(&o->ctx->opts, "identifier", n)); n++)
		if (!by_identifier(o, spec, d))
			return false;
	if (subject && n)
		return diag_fail(d, DIAG_USAGE, "--subject and --identifier exclude each other");
	return o->type || diag_fail(d, DIAG_USAGE, "whom is it about? give --subject TYPE:KEY or --identifier NAME=VALUE");
}

/* ---- entering it ---- */

static bool identity(struct opening *o, struct diag *d)
{
	const char *given = opts_text(&o->ctx->opts, "id");
	char text[UUID_TEXT];
	uuid_t id;

	if (!given)
		new_uuid(text);
	else if (uuid_parse(given, id) != 0)
		return diag_fail(d, DIAG_USAGE, "--id is no UUID");
	else
		uuid_unparse_lower(id, text);
	o->id = arena_strdup(o->ctx->arena, text);
	return true;
}

static bool kind(struct opening *o, struct diag *d)
{
	const char *word = opts_text(&o->ctx->opts, "kind");

	o->kind = REQUEST_KIND_ERASURE;
	return !word || request_kind_parse(word, &o->kind) ||
		diag_fail(d, DIAG_USAGE, "--kind is %s; allowed: erasure, access, withdrawal", word);
}

/* The server's clock, or what was given, which is not in its future. */
static bool received(struct opening *o, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	const char *given = o->received;

	if (!conn_query_text(o->c, "SELECT coalesce($1::timestamptz, clock_timestamp())::text, $1::timestamptz > clock_timestamp()",
			     &res, d, given))
		return false;
	if (given && res_bool(res, 0, 1))
		return diag_fail(d, DIAG_USAGE, "--received-at is in the future");
	o->received = arena_strdup(o->ctx->arena, res_text(res, 0, 0));
	return true;
}

static json_t *described(struct opening *o, const struct request_due *due)
{
	json_t *p = json_object();

	json_put(p, "id", json_text(o->id));
	json_put(p, "kind", json_text(request_kind_word(o->kind)));
	json_put(p, "subject_type", json_text(o->type));
	json_put(p, "jurisdiction", json_text(opts_text(&o->ctx->opts, "jurisdiction")));
	json_put(p, "received_at", json_text(o->received));
	json_put(p, "acknowledge_by", json_text(due->acknowledge));
	json_put(p, "respond_by", json_text(due->respond));
	json_put(p, "limit_by", json_text(due->limit));
	json_put(p, "opened_by", json_text(o->ctx->actor));
	return p;
}

/* The same letter entered again under its id is no second request. */
static bool same_as_before(struct opening *o, struct diag *d)
{
	AUTO_RESULT *res = NULL, *who = NULL;
	bool same;

	if (!conn_query_text(o->c, "SELECT r.kind, r.subject_type FROM pgretain.request AS r WHERE r.id = $1::uuid", &res, d, o->id) ||
	    !conn_query_text(o->c, sqltext_get("query/request_people"), &who, d, o->id))
		return false;
	same = streq(res_text(res, 0, 0), request_kind_word(o->kind)) && streq(res_text(res, 0, 1), o->type);
	for (size_t i = 0; same && i < o->keys.n; i++) {
		bool found = false;

		for (int k = 0; k < PQntuples(who); k++)
			found = found || streq(res_text(who, k, 1), o->keys.v[i]);
		same = found;
	}
	return same || diag_fail(d, DIAG_GUARD, "request %s is there already, and is another one", o->id);
}

static bool enter(struct opening *o, const char **state, struct diag *d)
{
	struct arena *a = o->ctx->arena;
	AUTO_RESULT *res = NULL;
	struct request_due due;
	json_t *p;
	char *text;
	bool ok;

	if (!request_due(o->ctx, o->c, opts_text(&o->ctx->opts, "jurisdiction"), o->received, &due, d))
		return false;
	p = described(o, &due);
	text = json_dumps(p, JSON_COMPACT);
	ok = conn_query_text(o->c, sqltext_get("query/request_open"), &res, d, text, cat_array_literal(a, o->types.v, o->types.n),
			     cat_array_literal(a, o->keys.v, o->keys.n), cat_array_literal(a, o->here.v, o->here.n),
			     cat_array_literal(a, o->names.v, o->names.n), cat_array_literal(a, o->sealed.v, o->sealed.n));
	free(text);
	json_decref(p);
	if (!ok)
		return false;
	*state = arena_strdup(a, res_text(res, 0, 0));
	return !streq(*state, "exists") || same_as_before(o, d);
}

static void said(struct opening *o, const char *state)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *root;

	if (o->keys.n == 0)
		ctx_complain(o->ctx, "", "nobody was found (P6): a human must look; verify --subject TYPE:KEY settles whom it means");
	else if (o->keys.n > 1)
		ctx_complain(o->ctx, "", arena_printf(o->ctx->arena, "it may mean %zu people: verify --subject TYPE:KEY settles whom",
						      o->keys.n));
	if (o->ctx->format == FORMAT_JSON) {
		root = json_object();
		json_put(root, "schema", json_text("pgretain.request/1"));
		json_put(root, "request", json_text(o->id));
		json_put(root, "kind", json_text(request_kind_word(o->kind)));
		json_put(root, "state", json_text(streq(state, "exists") ? NULL : state));
		json_put(root, "people", json_count((int64_t)o->keys.n));
		json_put(root, "exit", json_count(EXIT_DONE));
		ctx_print_json(o->ctx, root);
		return;
	}
	strbuf_addf(&sb, "%s\n", o->id);
	ctx_print(o->ctx, &sb);
}

int request_open(struct ctx *ctx, int argc, char **argv)
{
	struct opening o = { .ctx = ctx };
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;
	const char *state;

	(void)argc;
	(void)argv;
	if (!ctx_instant(ctx, "received-at", &o.received))
		return EXIT_REFUSED;
	c = o.c = ctx_connect(ctx, false);
	if (!c)
		return EXIT_REFUSED;
	o.has_key = ctx->policy->key_file != NULL;
	if (!ledger_require(c, ctx_replay_log(ctx), &d) || !identity(&o, &d) || !kind(&o, &d) ||
	    (o.has_key && !secret_load(ctx->policy->key_file, &o.secret, &d)) || !received(&o, &d) || !people(&o, &d) ||
	    !enter(&o, &state, &d) || !ctx_export(ctx, c, &d))
		return ctx_fail(ctx, &d);
	said(&o, state);
	return EXIT_DONE;
}
