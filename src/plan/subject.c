#include "plan/subject.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/subject_find.h"

void subject_set_init(struct subject_set *s, struct arena *a, const struct policy *policy)
{
	*s = (struct subject_set){ .a = a, .n = policy->nsubjects };
	s->types = arena_alloc(a, (s->n + 1) * sizeof(*s->types));
	for (size_t i = 0; i < s->n; i++)
		s->types[i].type = &policy->subjects[i];
}

static struct subject_keys *keys_of(struct subject_set *s, const char *type)
{
	for (size_t i = 0; i < s->n; i++)
		if (streq(s->types[i].type->name, type))
			return &s->types[i];
	return NULL;
}

bool subject_set_add(struct subject_set *s, const char *type, const char *key)
{
	struct subject_keys *k = keys_of(s, type);

	if (!k)
		return false;
	/* whoever fills a large set gives the keys in order: equal ones are neighbours */
	if (!k->keys.n || !streq(k->keys.v[k->keys.n - 1], key))
		vec_push(s->a, &k->keys, arena_strdup(s->a, key));
	return true;
}

void subject_set_add_identifier(struct subject_set *s, const char *type, const struct subject_identifier *id)
{
	struct subject_keys *k = keys_of(s, type);

	BUG_ON(!k);
	*vec_add(s->a, &k->identifiers) = (struct subject_identifier){
		.name = arena_strdup(s->a, id->name), .value = arena_strdup(s->a, id->value),
		.since = arena_strdup(s->a, id->since), .until = arena_strdup(s->a, id->until),
		.key = arena_strdup(s->a, id->key), .sole = id->sole,
	};
}

bool subject_set_empty(const struct subject_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->types[i].keys.n || s->types[i].identifiers.n)
			return false;
	return true;
}

/* ---- what identifies them, as the database knows it ---- */

static const char *column_text(struct arena *a, const char *alias, const char *column, const char *other)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (column)
		render_column(&sb, alias, column);
	else
		strbuf_adds(&sb, other);
	return arena_strdup(a, strbuf_str(&sb));
}

static void take(struct subject_set *s, const struct subject_keys *k, const struct identifier *id, const PGresult *res)
{
	for (int i = 0; i < PQntuples(res); i++)
		subject_set_add_identifier(s, k->type->name, &(struct subject_identifier){ id->name, res_text(res, i, 1),
			res_text_null(res, i, 2), res_text_null(res, i, 3), res_text(res, i, 0), res_bool(res, i, 4) });
}

static bool identify(struct conn *c, struct subject_set *s, struct subject_keys *k, const struct identifier *id,
		     const char *keys, struct diag *d)
{
	struct subject_source at;
	AUTO_RESULT *res = NULL;

	if (!subject_source(c, s->a, k->type, id, &at, d))
		return false;
	struct tmpl_var vars[] = {
		{ "key", .frag = { at.key } }, { "relation", .frag = { at.relation } }, { "type", .frag = { at.type } },
		{ "value", .frag = { subject_normal_column(s->a, id) } },
		{ "since", .frag = { column_text(s->a, "s", id->valid_from, "NULL") } },
		{ "until", .frag = { column_text(s->a, "s", id->valid_until, "NULL") } },
		/* without a time nothing is asked of it, and others are not looked for */
		{ "timed", .frag = { id->valid_from || id->valid_until ? "true" : "false" } },
	};
	if (!conn_query_text(c, tmpl_render(s->a, "query/subject_identifiers", vars, ARRAY_SIZE(vars)), &res, d, keys))
		return false;
	take(s, k, id, res);
	return true;
}

bool subject_set_identify(struct conn *c, struct subject_set *s, struct diag *d)
{
	for (size_t i = 0; i < s->n; i++) {
		struct subject_keys *k = &s->types[i];
		const char *keys = cat_array_literal(s->a, k->keys.v, k->keys.n);

		for (size_t j = 0; k->keys.n && j < k->type->nidentifiers; j++)
			if (!identify(c, s, k, &k->type->identifiers[j], keys, d))
				return false;
	}
	return true;
}
