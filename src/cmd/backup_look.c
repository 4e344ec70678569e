/* What the catalogue knows: list, show. */
#include "cmd/backup_verbs.h"

#include "cmd/connect.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"

#include <stdlib.h>

#define GONE_SHOWN_MS "3024000000"	/* 35 days */

enum { L_STORE, L_NAME, L_KIND, L_STOP, L_STATE, L_REQUESTS, L_UNTIL, L_WHY, L_OPEN, L_KEPT, L_FINDINGS, L_TROUBLE, L_GONE,
       L_TYPE, L_ID };

/* ---- words ---- */

static bool is_meant(const char *const *words, const char *store, const char *set)
{
	if (!words || !*words)
		return true;
	for (; *words; words++)
		if (streq(*words, store) || streq(*words, set))
			return true;
	return false;
}

static bool word_known(struct ctx *ctx, const PGresult *res, const char *word)
{
	for (size_t i = 0; i < ctx->policy->nbackups; i++)
		if (streq(ctx->policy->backups[i].name, word))
			return true;
	for (int i = 0; i < PQntuples(res); i++)
		if (streq(word, res_text(res, i, L_STORE)) ||
		    streq(word, arena_printf(ctx->arena, "%s/%s", res_text(res, i, L_STORE), res_text(res, i, L_NAME))))
			return true;
	return false;
}

static bool words_known(struct ctx *ctx, const PGresult *res, const char *const *words, struct diag *d)
{
	for (; words && *words; words++) {
		if (word_known(ctx, res, *words))
			continue;
		diag_fail(d, DIAG_USAGE, "there is no backup \"%s\"", *words);
		diag_hint(d, "pgretain backup list shows the sets; pgretain backup scan looks for new ones");
		return false;
	}
	return true;
}

/* ---- list ---- */

static const char *copy(struct ctx *ctx, const PGresult *res, int row, int column)
{
	return arena_strdup(ctx->arena, res_text_null(res, row, column));
}

static const char *reason(struct ctx *ctx, const PGresult *res, int row)
{
	const char *why = res_text(res, row, L_WHY), *trouble = res_text_null(res, row, L_TROUBLE);

	if (res_text_null(res, row, L_GONE))
		return arena_printf(ctx->arena, "no longer listed since %s", rfc3339(ctx->arena, res_text(res, row, L_GONE)));
	if (trouble)
		return arena_printf(ctx->arena, "can't be read, so it counts as holding everything: %s", trouble);
	if (streq(res_text(res, row, L_STATE), "cleared"))
		return "rewritten, or what held them is gone";
	return arena_strdup(ctx->arena, why);
}

static void add_row(struct ctx *ctx, const PGresult *res, int i, struct backup_view *v)
{
	struct backup_row *r = vec_add(ctx->arena, &v->sets);
	json_error_t error;

	r->set = arena_printf(ctx->arena, "%s/%s", res_text(res, i, L_STORE), res_text(res, i, L_NAME));
	r->kind = copy(ctx, res, i, L_KIND);
	r->id = copy(ctx, res, i, L_NAME);
	r->type = copy(ctx, res, i, L_TYPE);
	r->stop = rfc3339(ctx->arena, res_text_null(res, i, L_STOP));
	r->state = copy(ctx, res, i, L_STATE);
	r->requests = res_int(res, i, L_REQUESTS);
	r->runs = res_int(res, i, L_OPEN);
	r->until = rfc3339(ctx->arena, res_text_null(res, i, L_UNTIL));
	r->reason = reason(ctx, res, i);
	r->findings = json_loads(res_text(res, i, L_FINDINGS), 0, &error);
}

static struct backup_place *place_of(struct ctx *ctx, struct backup_view *v, const char *store)
{
	for (size_t i = 0; i < v->stores.n; i++)
		if (streq(v->stores.v[i].store, store))
			return &v->stores.v[i];
	struct backup_place *p = vec_add(ctx->arena, &v->stores);

	*p = (struct backup_place){ .store = store, .listing = "never", .trouble = "was never listed: pgretain backup scan" };
	return p;
}

static bool is_configured(const struct policy *p, const char *store)
{
	for (size_t i = 0; i < p->nbackups; i++)
		if (streq(p->backups[i].name, store))
			return true;
	return false;
}

static bool load_stores(struct ctx *ctx, struct conn *c, struct backup_view *v, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/backup_stores"), NO_PARAMS, &res, d))
		return false;
	for (size_t i = 0; i < ctx->policy->nbackups; i++)
		place_of(ctx, v, ctx->policy->backups[i].name);
	for (int i = 0; i < PQntuples(res); i++) {
		struct backup_place *p = place_of(ctx, v, copy(ctx, res, i, 0));

		p->listed_at = rfc3339(ctx->arena, res_text(res, i, 1));
		p->good_at = rfc3339(ctx->arena, res_text_null(res, i, 2));
		p->trouble = copy(ctx, res, i, 3);
		p->listing = p->trouble ? "failed" : "good";
		p->sets = res_int(res, i, 4);
		if (!is_configured(ctx->policy, p->store) && p->sets)
			p->trouble = "is no longer configured: its sets count as still there";
	}
	return true;
}

bool backup_load(struct ctx *ctx, struct conn *c, const char *const *words, struct backup_view *v, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	v->database = ctx->db->name;
	if (!conn_query_text(c, sqltext_get("query/backup_list"), &res, d, GONE_SHOWN_MS) || !words_known(ctx, res, words, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (is_meant(words, res_text(res, i, L_STORE),
			     arena_printf(ctx->arena, "%s/%s", res_text(res, i, L_STORE), res_text(res, i, L_NAME))))
			add_row(ctx, res, i, v);
	return load_stores(ctx, c, v, d);
}

void backup_print(struct ctx *ctx, const struct backup_view *v)
{
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->format == FORMAT_JSON) {
		ctx_print_json(ctx, backup_view_json(v));
	} else {
		backup_view_text(v, &style, ctx->arena, &sb);
		ctx_print(ctx, &sb);
	}
	for (size_t i = 0; i < v->sets.n; i++)
		json_decref(v->sets.v[i].findings);
}

static struct conn *open_to_look(struct ctx *ctx, struct diag *d)
{
	AUTO_CONN *c = ctx_connect(ctx, true);

	if (!c)
		return NULL;
	if (ledger_readable(c, d))
		return STEAL(c);
	ctx_fail(ctx, d);
	return NULL;
}

int backup_list(struct ctx *ctx, int argc, char **argv)
{
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = open_to_look(ctx, &d);
	struct backup_view v = { 0 };

	if (!c)
		return EXIT_REFUSED;
	if (!backup_load(ctx, c, argc ? (const char *const *)argv : NULL, &v, &d))
		return ctx_fail(ctx, &d);
	v.exit = backup_view_troubled(&v) ? EXIT_HUMAN : EXIT_DONE;
	backup_print(ctx, &v);
	return v.exit;
}

/* ---- show ---- */

static const struct { const char *name; enum { F_TEXT, F_INSTANT, F_COUNT, F_BOOL, F_JSON } form; } fields[] = {
	{ "store", F_TEXT }, { "id", F_TEXT }, { "kind", F_TEXT }, { "type", F_TEXT }, { "state", F_TEXT }, { "path", F_TEXT },
	{ "size", F_COUNT }, { "system_identifier", F_TEXT }, { "timeline", F_COUNT }, { "start_lsn", F_TEXT },
	{ "stop_lsn", F_TEXT }, { "start", F_INSTANT }, { "stop", F_INSTANT }, { "ledger_seq", F_COUNT },
	{ "clean_seq", F_COUNT }, { "depends_on", F_JSON }, { "kept", F_BOOL }, { "encrypted", F_BOOL }, { "closed", F_BOOL },
	{ "annotations", F_JSON }, { "until", F_INSTANT }, { "reason", F_TEXT }, { "findings", F_JSON }, { "trouble", F_TEXT },
	{ "first_seen", F_INSTANT }, { "last_seen", F_INSTANT }, { "gone_at", F_INSTANT }, { "requests", F_COUNT },
	{ "rewritten_at", F_INSTANT }, { "residue", F_COUNT },
};

static json_t *field_json(struct ctx *ctx, const PGresult *res, int row, int i)
{
	const char *text = res_text_null(res, row, i);

	if (!text)
		return json_null();
	switch (fields[i].form) {
	case F_TEXT: return json_text(text);
	case F_INSTANT: return json_text(rfc3339(ctx->arena, text));
	case F_COUNT: return json_count(res_int(res, row, i));
	case F_BOOL: return json_boolean(res_bool(res, row, i));
	case F_JSON: return json_loads(text, JSON_DECODE_ANY, NULL);
	}
	return NULL;
}

static json_t *obligation_json(struct ctx *ctx, const PGresult *res, int i)
{
	json_t *o = json_object();

	json_put(o, "run", json_text(res_text(res, i, 0)));
	json_put(o, "rows", json_count(res_int(res, i, 1)));
	json_put(o, "erased_at", json_text(rfc3339(ctx->arena, res_text(res, i, 2))));
	json_put(o, "lsn", json_text(res_text(res, i, 3)));
	json_put(o, "requests", json_loads(res_text(res, i, 4), 0, NULL));
	json_put(o, "since", json_text(rfc3339(ctx->arena, res_text(res, i, 5))));
	json_put(o, "cleared_at", json_text(rfc3339(ctx->arena, res_text_null(res, i, 6))));
	json_put(o, "how", json_text(res_text_null(res, i, 7)));
	json_put(o, "evidence", json_loads(res_text(res, i, 8), JSON_DECODE_ANY, NULL));
	json_put(o, "unmet", json_text(res_text_null(res, i, 9)));
	return o;
}

static bool set_json(struct ctx *ctx, struct conn *c, const char *id, json_t *list, struct diag *d)
{
	AUTO_RESULT *res = NULL, *duties = NULL;
	json_t *o, *all;

	if (!conn_query_text(c, sqltext_get("query/backup_show"), &res, d, id) ||
	    !conn_query_text(c, sqltext_get("query/backup_obligations"), &duties, d, id))
		return false;
	o = json_object();
	all = json_array();
	json_put(o, "set", json_text(arena_printf(ctx->arena, "%s/%s", res_text(res, 0, 0), res_text(res, 0, 1))));
	for (int i = 0; i < (int)ARRAY_SIZE(fields); i++)
		json_put(o, fields[i].name, field_json(ctx, res, 0, i));
	for (int i = 0; i < PQntuples(duties); i++)
		json_add(all, obligation_json(ctx, duties, i));
	json_put(o, "obligations", all);
	json_add(list, o);
	return true;
}

static void value_text(struct strbuf *sb, const char *name, const json_t *value)
{
	char *text = NULL;

	if (json_is_null(value) || (json_is_array(value) && !json_array_size(value)) ||
	    (json_is_object(value) && !json_object_size(value)))
		return;
	if (!json_is_string(value))
		text = json_dumps(value, JSON_ENCODE_ANY);
	strbuf_addf(sb, "%-18s %s\n", name, text ? text : json_string_value(value));
	free(text);
}

static void obligations_text(struct ctx *ctx, const json_t *all, struct strbuf *sb)
{
	static const struct text_column columns[] = {
		{ "erased at", false }, { "rows", true }, { "requests", true }, { "run", false }, { "cleared", false }, { "how", false },
		{ "not ended by its rewriting", false },
	};
	struct text_table t = { .arena = ctx->arena, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	struct text_style style = ctx_style(ctx);

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *o = json_array_get(all, i), *cleared = json_object_get(o, "cleared_at");
		const char *const cells[] = {
			json_string_value(json_object_get(o, "erased_at")),
			arena_printf(ctx->arena, "%lld", (long long)json_integer_value(json_object_get(o, "rows"))),
			arena_printf(ctx->arena, "%zu", json_array_size(json_object_get(o, "requests"))),
			json_string_value(json_object_get(o, "run")), json_is_null(cleared) ? "holds" : json_string_value(cleared),
			json_string_value(json_object_get(o, "how")),
			json_is_null(cleared) ? json_string_value(json_object_get(o, "unmet")) : NULL,
		};

		text_table_add(&t, json_is_null(cleared) ? TONE_WARN : TONE_GOOD, cells);
	}
	if (!t.rows.n)
		return;
	strbuf_adds(sb, "\nErased rows that it holds, or held:\n");
	text_table_render(&t, &style, sb);
}

static void show_text(struct ctx *ctx, const json_t *list, struct strbuf *sb)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *name;
		json_t *value;

		strbuf_adds(sb, i ? "\n" : "");
		json_object_foreach((json_t *)(uintptr_t)o, name, value)
			if (!streq(name, "obligations"))
				value_text(sb, name, value);
		obligations_text(ctx, json_object_get(o, "obligations"), sb);
	}
}

static bool collect(struct ctx *ctx, struct conn *c, const char *const *words, json_t *list, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/backup_list"), &res, d, GONE_SHOWN_MS) || !words_known(ctx, res, words, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (is_meant(words, res_text(res, i, L_STORE),
			     arena_printf(ctx->arena, "%s/%s", res_text(res, i, L_STORE), res_text(res, i, L_NAME))) &&
		    !set_json(ctx, c, res_text(res, i, L_ID), list, d))
			return false;
	return true;
}

int backup_show(struct ctx *ctx, int argc, char **argv)
{
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = open_to_look(ctx, &d);
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *list, *root;

	(void)argc;
	if (!c)
		return EXIT_REFUSED;
	list = json_array();
	if (!collect(ctx, c, (const char *const *)argv, list, &d)) {
		json_decref(list);
		return ctx_fail(ctx, &d);
	}
	if (ctx->format == FORMAT_JSON) {
		root = json_object();
		json_put(root, "schema", json_text("pgretain.backups/1"));
		json_put(root, "database", json_text(ctx->db->name));
		json_put(root, "sets", list);
		json_put(root, "exit", json_count(EXIT_DONE));
		ctx_print_json(ctx, root);
		return EXIT_DONE;
	}
	show_text(ctx, list, &sb);
	json_decref(list);
	ctx_print(ctx, &sb);
	return EXIT_DONE;
}
