/* The search after an erasure: for what was frozen, in every text and json column of the schemas that rules touch.
 * It does not use the subject map that the deleter uses, only, where a row was found, to see whose it is.
 *
 * One statement judges (query/residual). For few it is asked of whole tables. For many, their texts are read once and
 * sieved here (base/needles.h), and it is asked of the rows in which the sieve saw somebody: it sees all that the
 * statement finds, and what it sees besides costs no more than a look at that row. */
#include "cmd/residual.h"

#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/calling.h"
#include "plan/subject_find.h"
#include "report/json.h"

#include <stdlib.h>

#define LEAST_LENGTH 5		/* shorter values are part of any text */
#define LONG_KEY 12		/* a uuid may stand in a text; 42 may mean anything */
#define FEW 16			/* so many searches of a text by the server cost as much as sending it */
#define NO_TEXT "\001no text"	/* a document's field may hold the key though no identifier is known */

/* ---- what is looked for ---- */

/* A number is written with and without its country. */
static const char *needle(const struct identifier *id, const char *value)
{
	const char *code = id->country ? calling_code(id->country) : NULL;

	if (id->normalise && streq(id->normalise, "e164") && *value == '+') {
		value++;
		if (code && strncmp(value, code, strlen(code)) == 0)
			value += strlen(code);
	}
	return value;
}

static void look_for(struct residual *s, size_t n, const char *value, const char *since, const char *until,
		     bool elsewhere)
{
	if (strlen(value) >= LEAST_LENGTH)
		vec_push(s->e->a, &s->sought, ((struct sought){ value, since ? since : "-infinity",
								until ? until : "infinity", n, elsewhere }));
}

/* Place in whose of the person with this key; several requests of one person follow each other. */
static size_t person(const struct residual *s, const char *type, const char *key, size_t *request)
{
	const struct erasure_request *r;

	for (; *request < s->e->requests.n; (*request)++) {
		r = &s->e->requests.v[*request];
		if (!streq(r->type, type) || !streq(r->key, key))
			break;
		if (s->of_request[*request])
			return s->of_request[(*request)++];
	}
	return 0;
}

/* Those of k's identifiers that are called so and are somebody's who is looked for. */
static size_t called(const struct residual *s, const struct subject_keys *k, const char *name,
		     const struct subject_identifier **into)
{
	size_t n = 0;

	for (size_t j = 0; j < k->identifiers.n; j++) {
		size_t at = erasure_first_of(s->e, k->type->name, k->identifiers.v[j].key);

		if (streq(k->identifiers.v[j].name, name) && person(s, k->type->name, k->identifiers.v[j].key, &at))
			into[n++] = &k->identifiers.v[j];
	}
	return n;
}

/* Another person bears it now: what can't be told apart is reported, not counted. */
static bool borne_elsewhere(const struct residual *s, struct arena *a, const struct subject_type *t,
			    const struct identifier *id, const struct subject_identifier *const *v, size_t n,
			    bool *ret, struct diag *d)
{
	const char **values = arena_alloc(a, (n + 1) * sizeof(*values));
	const char **keys = arena_alloc(a, (n + 1) * sizeof(*keys));
	struct subject_source at;
	AUTO_RESULT *res = NULL;

	if (!subject_source(s->e->conn, a, t, id, &at, d))
		return false;
	for (size_t i = 0; i < n; i++) {
		values[i] = v[i]->value;
		keys[i] = v[i]->key;
	}
	struct tmpl_var vars[] = {
		{ "key", .frag = { at.key } }, { "relation", .frag = { at.relation } },
		{ "value", .frag = { subject_normal_column(a, id) } },
	};
	if (!conn_query_text(s->e->conn, tmpl_render(a, "query/subject_owners", vars, ARRAY_SIZE(vars)), &res, d,
			     cat_array_literal(a, values, n), cat_array_literal(a, keys, n)))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		ret[res_int(res, i, 0) - 1] = true;
	return true;
}

static bool look_for_identifier(struct residual *s, const struct subject_keys *k, const struct identifier *id,
				struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const struct subject_identifier **v = arena_alloc(a, (k->identifiers.n + 1) * sizeof(*v));
	size_t n = called(s, k, id->name, v), at, whose;
	bool *elsewhere = arena_alloc(a, n + 1);

	if (!n)
		return true;
	if (!borne_elsewhere(s, a, k->type, id, v, n, elsewhere, d))
		return false;
	for (size_t i = 0; i < n; i++) {
		at = erasure_first_of(s->e, k->type->name, v[i]->key);
		while ((whose = person(s, k->type->name, v[i]->key, &at)))
			look_for(s, whose - 1, needle(id, v[i]->value), v[i]->since, v[i]->until, elsewhere[i]);
	}
	return true;
}

/* The server folds what is sought as it folds the texts. */
static bool fold(struct residual *s, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const char **values = arena_alloc(a, (s->sought.n + 1) * sizeof(*values));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < s->sought.n; i++)
		values[i] = s->sought.v[i].value;
	if (!conn_query_text(s->e->conn, sqltext_get("query/residual_folded"), &res, d,
			     cat_array_literal(a, values, s->sought.n)))
		return false;
	for (size_t i = 0; i < s->sought.n; i++)
		s->sought.v[i].value = arena_strdup(s->e->a, res_text(res, (int)i, 0));
	return true;
}

/* What identifies them now may be what the erasure has left there: a tombstone is not looked for. */
static bool look_for_all(struct residual *s, struct diag *d)
{
	const struct subject_set *all = s->e->has_key ? &s->e->frozen : &s->e->q.all;

	for (size_t n = 0; n < s->n; n++) {
		look_for(s, n, NO_TEXT, NULL, NULL, false);
		if (strlen(s->whose[n]->key) >= LONG_KEY)
			look_for(s, n, s->whose[n]->key, NULL, NULL, false);
	}
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->types[i].type->nidentifiers; k++)
			if (!look_for_identifier(s, &all->types[i], &all->types[i].type->identifiers[k], d))
				return false;
	return fold(s, d);
}

static void sieve(struct residual *s)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (s->sought.n <= FEW)
		return;
	s->needles = needles_new();
	s->last = arena_alloc(s->e->a, s->n * sizeof(*s->last));
	for (size_t i = 0; i < s->sought.n; i++)
		if (!streq(s->sought.v[i].value, NO_TEXT))
			needles_add(s->needles, s->sought.v[i].value, strlen(s->sought.v[i].value),
				    (uint32_t)s->sought.v[i].n);
	for (size_t n = 0; n < s->n; n++) {
		strbuf_reset(&sb);
		strbuf_addf(&sb, RESIDUAL_FIELD "%s" RESIDUAL_FIELD, s->whose[n]->key);
		needles_add(s->needles, sb.buf, sb.len, (uint32_t)n);
	}
}

/* ---- the tables ---- */

bool residual_tables(struct conn *c, const struct database *db, PGresult **ret, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const char **tables = arena_alloc(a, (db->nrules + 1) * sizeof(*tables));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < db->nrules; i++)
		tables[i] = db->rules[i].table;
	return conn_query_text(c, sqltext_get("query/residual_schemas"), &res, d,
			       cat_array_literal(a, tables, db->nrules)) &&
		conn_query_text(c, sqltext_get("query/residual_tables"), ret, d, res_text(res, 0, 0));
}

static bool search_all(struct residual *s, struct diag *d)
{
	AUTO(residual_table_done) struct residual_table t = { .relation = NULL };
	AUTO_RESULT *res = NULL;

	if (!residual_tables(s->e->conn, s->e->db, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		bool last = i + 1 == PQntuples(res) || !streq(res_text(res, i, 0), res_text(res, i + 1, 0));

		t.relation = res_text(res, i, 1);
		residual_table_add(s, &t, res_text(res, i, 2), res_bool(res, i, 3));
		if (!last)
			continue;
		if (!residual_table_search(s, &t, d))
			return false;
		s->tables++;
		residual_table_done(&t);
	}
	return true;
}

/* ---- the whole ---- */

static bool keep(struct residual *s, struct diag *d)
{
	json_t *all = json_array();
	AUTO_RESULT *res = NULL;
	char *text;
	bool ok;

	for (size_t n = 0; n < s->n; n++) {
		json_t *o = json_object();

		json_put(o, "request", json_text(s->whose[n]->id));
		json_put(o, "tables", json_count(s->tables));
		json_put(o, "found", json_count(s->found[n]));
		json_put(o, "others", json_count(s->others[n]));
		json_put(o, "places", json_incref(s->places[n]));
		json_add(all, o);
		s->whose[n]->scanned = true;
		s->whose[n]->residual_found = s->found[n];
	}
	text = json_dumps(all, JSON_COMPACT);
	ok = conn_query_text(s->e->conn, sqltext_get("query/item_residual_put"), &res, d, text);
	free(text);
	json_decref(all);
	return ok;
}

bool residual_scan(struct erasure *e, struct erasure_request **whose, size_t n, struct diag *d)
{
	struct residual s = { .e = e, .whose = whose, .n = n };
	bool ok;

	if (!n)
		return true;
	s.found = arena_alloc(e->a, n * sizeof(*s.found));
	s.others = arena_alloc(e->a, n * sizeof(*s.others));
	s.places = arena_alloc(e->a, n * sizeof(*s.places));
	s.of_request = arena_alloc(e->a, (e->requests.n + 1) * sizeof(*s.of_request));
	for (size_t i = 0; i < n; i++) {
		s.places[i] = json_array();
		s.of_request[whose[i] - e->requests.v] = i + 1;
	}
	ok = look_for_all(&s, d);
	if (ok)
		sieve(&s);
	ok = ok && search_all(&s, d) && keep(&s, d);
	for (size_t i = 0; i < n; i++)
		json_decref(s.places[i]);
	needles_free_auto(&s.needles);
	return ok;
}
