/* The search after an erasure: for what was frozen, in every text and json column of the schemas that rules touch.
 * It does not use the subject map that the deleter uses, only, where a row was found, to see whose it is. */
#include "cmd/erasure.h"

#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/calling.h"
#include "plan/subject_find.h"
#include "report/json.h"

#include <ctype.h>
#include <stdlib.h>

#define LEAST_LENGTH 5		/* shorter values are part of any text */
#define LONG_KEY 12		/* a uuid may stand in a text; 42 may mean anything */

struct scan {
	struct erasure *e;
	struct erasure_request **whose;
	size_t n;
	VEC(const char *) values, numbers, keys, since, until, elsewhere;
	int64_t *found, *others;
	json_t **places;
	int64_t tables;
};

/* ---- what is looked for ---- */

/* A number is written with and without its country. */
static const char *needle(struct arena *a, const struct identifier *id, const char *value)
{
	const char *code = id->country ? calling_code(id->country) : NULL;
	char *text = arena_strdup(a, value);

	if (id->normalise && streq(id->normalise, "e164") && *value == '+') {
		text++;
		if (code && strncmp(text, code, strlen(code)) == 0)
			text += strlen(code);
	}
	for (char *s = text; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	return text;
}

static void look_for(struct scan *s, size_t n, const char *value, const char *since, const char *until, bool elsewhere)
{
	struct arena *a = s->e->a;

	if (strlen(value) < LEAST_LENGTH)
		return;
	vec_push(a, &s->values, value);
	vec_push(a, &s->numbers, arena_printf(a, "%zu", n));
	vec_push(a, &s->keys, s->whose[n]->key);
	vec_push(a, &s->since, since ? since : "-infinity");
	vec_push(a, &s->until, until ? until : "infinity");
	vec_push(a, &s->elsewhere, elsewhere ? "t" : "f");
}

/* Another person bears it now: what can't be told apart is reported, not counted. */
static bool borne_elsewhere(struct scan *s, const struct subject_type *t, const struct identifier *id,
			    const struct subject_identifier *v, bool *ret, struct diag *d)
{
	struct arena *a = s->e->a;
	struct subject_source at;
	AUTO_RESULT *res = NULL;

	*ret = false;
	if (!subject_source(s->e->conn, a, t, id, &at, d))
		return false;
	struct tmpl_var vars[] = {
		{ "key", .frag = { at.key } }, { "relation", .frag = { at.relation } },
		{ "value", .frag = { subject_normal_column(a, id) } },
	};
	if (!conn_query_text(s->e->conn, tmpl_render(a, "query/subject_owners", vars, ARRAY_SIZE(vars)), &res, d,
			     cat_array_literal(a, &v->value, 1)))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		*ret = *ret || !streq(res_text(res, i, 1), v->key);
	return true;
}

/* What identifies them now may be what the erasure has left there: a tombstone is not looked for. */
static bool look_for_all(struct scan *s, struct diag *d)
{
	const struct subject_set *all = s->e->has_key ? &s->e->frozen : &s->e->q.all;

	for (size_t n = 0; n < s->n; n++)
		for (size_t i = 0; i < all->n; i++) {
			const struct subject_keys *k = &all->types[i];

			if (!streq(k->type->name, s->whose[n]->type))
				continue;
			if (strlen(s->whose[n]->key) >= LONG_KEY)
				look_for(s, n, s->whose[n]->key, NULL, NULL, false);
			for (size_t j = 0; j < k->identifiers.n; j++) {
				const struct subject_identifier *v = &k->identifiers.v[j];
				const struct identifier *id = subject_identifier(k->type, v->name);
				bool elsewhere;

				if (!id || !streq(v->key, s->whose[n]->key))
					continue;
				if (!borne_elsewhere(s, k->type, id, v, &elsewhere, d))
					return false;
				look_for(s, n, needle(s->e->a, id, v->value), v->since, v->until, elsewhere);
			}
		}
	return true;
}

/* ---- whose a row is, where it says so ---- */

static const struct rule *rule_on(const struct scan *s, const char *table, size_t *from)
{
	for (; *from < s->e->plan->nitems; (*from)++)
		if (streq(s->e->plan->items[*from].table, table))
			return s->e->plan->items[(*from)++].rule;
	return NULL;
}

static void other_by(struct strbuf *sb, const struct subject_path *p)
{
	AUTO_STRBUF column = STRBUF_INIT;

	if (p->kind == SUBJECT_COLUMN) {
		render_column(&column, "t", p->column);
		strbuf_addf(sb, " WHEN %s IS NOT NULL THEN %s::text <> v.key", strbuf_str(&column), strbuf_str(&column));
	} else if (p->kind == SUBJECT_IDENTIFIER && p->at) {
		render_column(&column, "t", p->at);
		strbuf_addf(sb, " WHEN %s IS NOT NULL THEN NOT (%s >= v.since AND %s < v.until)", strbuf_str(&column),
			    strbuf_str(&column), strbuf_str(&column));
	}
}

/* Identifiers that stand in a table of their own say whose they are. */
static void other_by_identifier(const struct scan *s, struct strbuf *sb, const char *table)
{
	const struct policy *p = s->e->ctx->policy;

	for (size_t i = 0; i < p->nsubjects; i++)
		for (size_t k = 0; k < p->subjects[i].nidentifiers; k++) {
			const struct identifier *id = &p->subjects[i].identifiers[k];
			AUTO_STRBUF column = STRBUF_INIT;

			if (!id->table || !streq(id->table, table))
				continue;
			render_column(&column, "t", id->subject);
			strbuf_addf(sb, " WHEN %s IS NOT NULL THEN %s::text <> v.key", strbuf_str(&column), strbuf_str(&column));
			return;
		}
}

static void other(const struct scan *s, struct strbuf *sb, const char *table)
{
	const struct rule *r;
	size_t from = 0;

	strbuf_adds(sb, "CASE");
	while ((r = rule_on(s, table, &from)))
		for (size_t i = 0; i < r->nsubjects; i++)
			if (!r->subjects[i].when)
				other_by(sb, &r->subjects[i]);
	other_by_identifier(s, sb, table);
	strbuf_adds(sb, sb->len == 4 ? " WHEN true THEN v.elsewhere END" : " ELSE v.elsewhere END");
}

/* ---- one table ---- */

static bool named(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(names[i], name))
			return true;
	return false;
}

/* Fields of a document that are called as the rules call a person's key. */
static void add_fields(const struct scan *s, struct strbuf *hit, const char *column)
{
	VEC(const char *) names = { NULL, 0, 0 };

	for (size_t i = 0; i < s->e->plan->nitems; i++) {
		const struct rule *r = s->e->plan->items[i].rule;

		for (size_t k = 0; k < r->nsubjects; k++) {
			const char *name = r->subjects[k].kind == SUBJECT_COLUMN ? r->subjects[k].column : NULL;

			/* a field called `id` is anything's */
			if (!name || strlen(name) < 3 || strpbrk(name, "\"'\\") || named(names.v, names.n, name))
				continue;
			vec_push(s->e->a, &names, name);
			strbuf_addf(hit, " OR EXISTS (SELECT FROM pg_catalog.jsonb_path_query(t.%s::jsonb, '$.**.\"%s\"') AS q(f) "
				    "WHERE q.f #>> '{}' = v.key)", column, name);
		}
	}
}

static bool search(struct scan *s, const char *relation, const struct strbuf *text, const struct strbuf *fields, struct diag *d)
{
	struct arena *a = s->e->a;
	AUTO_STRBUF whose = STRBUF_INIT, hit = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	other(s, &whose, relation);
	strbuf_addf(&hit, "strpos(lower(%s), v.value) > 0%s", strbuf_str(text), strbuf_str(fields));
	struct tmpl_var vars[] = {
		{ "relation", .frag = { relation } }, { "other", .frag = { strbuf_str(&whose) } },
		{ "hit", .frag = { strbuf_str(&hit) } },
	};
	if (!conn_query_text(s->e->conn, tmpl_render(a, "query/residual", vars, ARRAY_SIZE(vars)), &res, d,
			     cat_array_literal(a, s->values.v, s->values.n), cat_array_literal(a, s->numbers.v, s->numbers.n),
			     cat_array_literal(a, s->keys.v, s->keys.n), cat_array_literal(a, s->since.v, s->since.n),
			     cat_array_literal(a, s->until.v, s->until.n), cat_array_literal(a, s->elsewhere.v, s->elsewhere.n))) {
		diag_where(d, "%s, in the search after the erasure", relation);
		if (streq(d->sqlstate, "42501"))
			diag_hint(d, "pgretain init gives the runner the right to read it");
		return false;
	}
	s->tables++;
	for (int i = 0; i < PQntuples(res); i++) {
		int64_t n = res_int(res, i, 0);
		json_t *place = json_object();

		s->found[n] += res_int(res, i, 1);
		s->others[n] += res_int(res, i, 2);
		json_put(place, "table", json_text(relation));
		json_put(place, "found", json_count(res_int(res, i, 1)));
		json_put(place, "others", json_count(res_int(res, i, 2)));
		json_add(s->places[n], place);
	}
	return true;
}

bool residual_tables(struct conn *c, const struct database *db, PGresult **ret, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const char **tables = arena_alloc(a, (db->nrules + 1) * sizeof(*tables));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < db->nrules; i++)
		tables[i] = db->rules[i].table;
	return conn_query_text(c, sqltext_get("query/residual_schemas"), &res, d, cat_array_literal(a, tables, db->nrules)) &&
		conn_query_text(c, sqltext_get("query/residual_tables"), ret, d, res_text(res, 0, 0));
}

static bool search_all(struct scan *s, struct diag *d)
{
	AUTO_STRBUF text = STRBUF_INIT, fields = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	if (!residual_tables(s->e->conn, s->e->db, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		bool last = i + 1 == PQntuples(res) || !streq(res_text(res, i, 0), res_text(res, i + 1, 0));

		strbuf_addf(&text, "%scoalesce(t.%s::text, '')", text.len ? " || E'\\n' || " : "", res_text(res, i, 2));
		if (res_bool(res, i, 3))
			add_fields(s, &fields, res_text(res, i, 2));
		if (!last)
			continue;
		if (s->values.n && !search(s, res_text(res, i, 1), &text, &fields, d))
			return false;
		s->tables += !s->values.n;
		strbuf_reset(&text);
		strbuf_reset(&fields);
	}
	return true;
}

static bool keep(struct scan *s, size_t n, struct diag *d)
{
	char *places = json_dumps(s->places[n], JSON_COMPACT);
	AUTO_RESULT *res = NULL;
	bool ok;

	ok = conn_query_text(s->e->conn, sqltext_get("query/item_residual_put"), &res, d, s->whose[n]->id,
			     arena_printf(s->e->a, "%lld", (long long)s->tables),
			     arena_printf(s->e->a, "%lld", (long long)s->found[n]),
			     arena_printf(s->e->a, "%lld", (long long)s->others[n]), places);
	free(places);
	s->whose[n]->scanned = true;
	s->whose[n]->residual_found = s->found[n];
	return ok;
}

bool residual_scan(struct erasure *e, struct erasure_request **whose, size_t n, struct diag *d)
{
	struct scan s = { .e = e, .whose = whose, .n = n };
	bool ok;

	if (!n)
		return true;
	s.found = arena_alloc(e->a, n * sizeof(*s.found));
	s.others = arena_alloc(e->a, n * sizeof(*s.others));
	s.places = arena_alloc(e->a, n * sizeof(*s.places));
	for (size_t i = 0; i < n; i++)
		s.places[i] = json_array();
	ok = look_for_all(&s, d);
	/* a document's field may hold the key though no identifier is known */
	for (size_t i = 0; ok && i < n; i++)
		look_for(&s, i, arena_printf(e->a, "\001%s", "no text"), NULL, NULL, false);
	ok = ok && search_all(&s, d);
	for (size_t i = 0; i < n; i++) {
		ok = ok && keep(&s, i, d);
		json_decref(s.places[i]);
	}
	return ok;
}
