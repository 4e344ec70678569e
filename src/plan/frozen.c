#include "plan/frozen.h"

#include "base/secret.h"
#include "pg/sqltext.h"
#include "plan/request.h"

typedef VEC(struct subject_identifier) identifiers;

static bool key_load(const struct binder *b, struct secret_key *ret, struct diag *d)
{
	const char *path = b->plan->policy->key_file;

	if (path)
		return secret_load(path, ret, d);
	diag_fail(d, DIAG_CONFIG, "identifiers of people whose requests are under way are sealed, and the configuration names no "
		  "key_file: under a hold their rows could not be told from others");
	diag_where(d, "%s", b->plan->policy->main_file);
	diag_hint(d, "put back key_file = \"PATH\", with the key that was there when the requests were assessed");
	return false;
}

static bool wrong_key(const struct binder *b, const char *request, struct diag *d)
{
	diag_fail(d, DIAG_CONFIG, "request %s was sealed with another key", request);
	diag_where(d, "%s", b->plan->policy->key_file);
	diag_hint(d, "put back the key that was there when it was assessed");
	return false;
}

static bool take(struct binder *b, const struct secret_key *k, const PGresult *res, int i, identifiers *ret, struct diag *d)
{
	struct subject_identifier *id = vec_add(b->a, ret);

	*id = (struct subject_identifier){ .name = arena_strdup(b->a, res_text(res, i, 1)),
		.value = secret_open(b->a, k, res_text(res, i, 0), res_text(res, i, 4)),
		.since = arena_strdup(b->a, res_text_null(res, i, 2)), .until = arena_strdup(b->a, res_text_null(res, i, 3)),
		.key = arena_strdup(b->a, res_text(res, i, 5)), .sole = res_bool(res, i, 6) };
	return id->value || wrong_key(b, res_text(res, i, 0), d);
}

static bool open_all(struct binder *b, const PGresult *res, identifiers *ret, struct diag *d)
{
	struct secret_key k;

	if (!key_load(b, &k, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (!take(b, &k, res, i, ret, d))
			return false;
	return true;
}

static bool load(struct binder *b, const char *type, const char *keys, const char *name, identifiers *ret, bool *sealed,
		 struct diag *d)
{
	struct diag why = DIAG_INIT;
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(b->conn, sqltext_get("query/plan_frozen"), &res, d, type, keys, name))
		return false;
	if (PQntuples(res) == 0 || open_all(b, res, ret, &why))
		return true;
	if (!b->glance) {
		*d = why;
		return false;
	}
	ret->n = 0;
	*sealed = true;
	return true;
}

static bool has_key(const struct subject_keys *k, const char *key)
{
	for (size_t i = 0; i < k->keys.n; i++)
		if (streq(k->keys.v[i], key))
			return true;
	return false;
}

/* What led to rows when this command began: the run may have erased what said so. */
static void known_to_request(const struct binder *b, struct subject_set *s, const struct subject_keys *k)
{
	const struct subject_set *all = &b->request->all;

	for (size_t i = 0; i < all->n; i++)
		for (size_t j = 0; streq(all->types[i].type->name, k->type->name) && j < all->types[i].identifiers.n; j++)
			if (has_key(k, all->types[i].identifiers.v[j].key))
				subject_set_add_identifier(s, k->type->name, &all->types[i].identifiers.v[j]);
}

static bool identify(struct binder *b, struct subject_set *s, const struct subject_keys *k, bool *sealed, struct diag *d)
{
	identifiers found = { NULL, 0, 0 };

	if (!load(b, k->type->name, cat_array_literal(b->a, k->keys.v, k->keys.n), NULL, &found, sealed, d))
		return false;
	for (size_t i = 0; i < found.n; i++)
		subject_set_add_identifier(s, k->type->name, &found.v[i]);
	if (b->request)
		known_to_request(b, s, k);
	return true;
}

bool frozen_identify(struct binder *b, struct subject_set *s, bool *sealed, struct diag *d)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->types[i].keys.n && s->types[i].type->nidentifiers && !identify(b, s, &s->types[i], sealed, d))
			return false;
	return true;
}

bool frozen_bearers(struct binder *b, struct subject_set *s, const struct subject_type *t, const char *name,
		    const char *value, bool *sealed, struct diag *d)
{
	identifiers found = { NULL, 0, 0 };

	if (!load(b, t->name, NULL, name, &found, sealed, d))
		return false;
	for (size_t i = 0; i < found.n; i++)
		if (streq(found.v[i].value, value))
			subject_set_add(s, t->name, found.v[i].key);
	return true;
}
