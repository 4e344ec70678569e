#include "cmd/erasure.h"

#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "report/json.h"

#include <stdlib.h>

bool erasure_open(struct erasure *e, struct ctx *ctx, struct conn *c, struct diag *d)
{
	*e = (struct erasure){ .ctx = ctx, .db = ctx->db, .conn = c, .a = ctx->arena };
	e->has_key = ctx->policy->key_file != NULL;
	return !e->has_key || secret_load(ctx->policy->key_file, &e->secret, d);
}

/* ---- requests ---- */

static const char *copy(struct erasure *e, const PGresult *res, int row, int col)
{
	return arena_strdup(e->a, res_text_null(res, row, col));
}

static void take(struct erasure *e, const PGresult *res, int i)
{
	struct erasure_request *r = vec_add(e->a, &e->requests);

	r->id = copy(e, res, i, 0);
	BUG_ON(!request_kind_parse(res_text(res, i, 1), &r->kind) || !request_state_parse(res_text(res, i, 2), &r->state));
	r->type = copy(e, res, i, 3);
	r->key = copy(e, res, i, 4);
	r->fingerprint = copy(e, res, i, 5);
	r->approved = copy(e, res, i, 6);
	r->executed = res_bool(res, i, 7);
	r->plan = copy(e, res, i, 8);
	r->opened_by = copy(e, res, i, 10);
	r->begun = res_bool(res, i, 11);
}

static bool is_loaded(const struct erasure *e, const char *id)
{
	for (size_t i = 0; i < e->requests.n; i++)
		if (strcasecmp(e->requests.v[i].id, id) == 0)
			return true;
	return false;
}

struct erasure_request *erasure_request_of(struct erasure *e, const char *id)
{
	for (size_t k = 0; k < e->requests.n; k++)
		if (streq(e->requests.v[k].id, id))
			return &e->requests.v[k];
	bug(__FILE__, __LINE__, "a row of a request that was not asked for");
}

bool erasure_load(struct erasure *e, const char *const *ids, size_t n, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_requests"), &res, d, cat_array_literal(e->a, ids, n))) {
		if (streq(d->sqlstate, "22P02"))
			diag_fail(d, DIAG_USAGE, "not every word is a request's UUID");
		return false;
	}
	for (int i = 0; i < PQntuples(res); i++)
		take(e, res, i);
	for (size_t i = 0; e->requests.n < n && i < n; i++) {
		if (is_loaded(e, ids[i]))
			continue;
		diag_fail(d, DIAG_USAGE, "there is no request %s", ids[i]);
		diag_hint(d, "pgretain request list names them");
		return false;
	}
	return true;
}

const char *erasure_ids(struct erasure *e)
{
	const char **ids = arena_alloc(e->a, (e->requests.n + 1) * sizeof(*ids));

	for (size_t i = 0; i < e->requests.n; i++)
		ids[i] = e->requests.v[i].id;
	return cat_array_literal(e->a, ids, e->requests.n);
}

/* ---- people ---- */

static bool people(struct erasure *e, struct diag *d)
{
	subject_set_init(&e->q.all, e->a, e->ctx->policy);
	subject_set_init(&e->frozen, e->a, e->ctx->policy);
	for (size_t i = 0; i < e->requests.n; i++) {
		struct erasure_request *r = &e->requests.v[i];

		if (!r->key)
			return diag_fail(d, DIAG_GUARD, "request %s means nobody yet: verify it first", r->id);
		if (!subject_set_add(&e->q.all, r->type, r->key)) {
			diag_fail(d, DIAG_CONFIG, "request %s is of subject type \"%s\", which the configuration does not know", r->id,
				  r->type);
			return false;
		}
	}
	return subject_set_identify(e->conn, &e->q.all, d);
}

/* What led to rows when this command began still does when the table that said so is erased. */
static void remembered(struct erasure *e, const struct subject_set *was)
{
	for (size_t i = 0; i < was->n; i++)
		for (size_t k = 0; k < was->types[i].identifiers.n; k++)
			subject_set_add_identifier(&e->q.all, was->types[i].type->name, &was->types[i].identifiers.v[k]);
}

static bool unseal(struct erasure *e, const PGresult *res, int i, const char **ret, struct diag *d)
{
	if (!e->has_key) {
		diag_fail(d, DIAG_CONFIG, "identifiers are sealed, and the configuration names no key_file");
		return false;
	}
	*ret = secret_open(e->a, &e->secret, res_text(res, i, 0), res_text(res, i, 5));
	if (*ret)
		return true;
	diag_fail(d, DIAG_CONFIG, "request %s was sealed with another key", res_text(res, i, 0));
	diag_where(d, "%s", e->ctx->policy->key_file);
	return false;
}

/* What was theirs at the assessment still leads to their rows when the table that said so is erased. */
static bool frozen(struct erasure *e, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_frozen"), &res, d, erasure_ids(e)))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		struct subject_identifier id = { copy(e, res, i, 2), NULL, copy(e, res, i, 3), copy(e, res, i, 4),
			copy(e, res, i, 7), res_bool(res, i, 8) };

		if (!streq(res_text(res, i, 1), "identifier"))
			continue;
		if (!unseal(e, res, i, &id.value, d))
			return false;
		subject_set_add_identifier(&e->q.all, res_text(res, i, 6), &id);
		subject_set_add_identifier(&e->frozen, res_text(res, i, 6), &id);
	}
	return true;
}

static void copy_identifiers(struct erasure *e, struct subject_set *into, const char *type, const char *key)
{
	for (size_t i = 0; i < e->q.all.n; i++)
		for (size_t k = 0; k < e->q.all.types[i].identifiers.n; k++)
			if (streq(e->q.all.types[i].type->name, type) && streq(e->q.all.types[i].identifiers.v[k].key, key))
				subject_set_add_identifier(into, type, &e->q.all.types[i].identifiers.v[k]);
}

static bool grounds(struct erasure *e, const char *as_of, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_grounds"), &res, d, erasure_ids(e), as_of,
			     request_keeping_codes(e->a, ground_keeps)))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		const char *rule = copy(e, res, i, 1), *code = copy(e, res, i, 2), *type = copy(e, res, i, 4), *key = copy(e, res, i, 5);
		struct request_kept *k = request_keep(&e->q, e->a, e->ctx->policy, rule, code, type, key);

		vec_push(e->a, &e->grounds, ((struct erasure_keep){ copy(e, res, i, 0), rule, code, copy(e, res, i, 3) }));
		if (k)
			copy_identifiers(e, &k->set, type, key);
	}
	return true;
}

/* ---- the plan ---- */

static bool now(struct erasure *e, const char **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (*ret)
		return true;
	if (!conn_query(e->conn, "SELECT pg_catalog.clock_timestamp()::text", NO_PARAMS, &res, d))
		return false;
	*ret = copy(e, res, 0, 0);
	return true;
}

static bool build(struct erasure *e, const char *as_of, struct plan **ret, struct diag *d)
{
	struct plan_options o = { .as_of = as_of, .request = &e->q };

	return plan_build(e->conn, e->ctx->policy, e->db, &o, ret, d);
}

bool erasure_plan(struct erasure *e, const char *as_of, struct diag *d)
{
	struct subject_set was = e->q.all;

	BUG_ON(!e->requests.n);
	memset(&e->q, 0, sizeof(e->q));
	e->grounds.n = 0;
	e->q.withdrawal = e->requests.v[0].kind == REQUEST_KIND_WITHDRAWAL;
	if (!now(e, &as_of, d) || !people(e, d))
		return false;
	remembered(e, &was);
	return frozen(e, d) && grounds(e, as_of, d) && build(e, as_of, &e->plan, d);
}

bool erasure_replan(struct erasure *e, struct plan **ret, struct diag *d)
{
	return build(e, e->plan->as_of, ret, d);
}

/* ---- transitions ---- */

bool erasure_may(const struct erasure_request *r, enum request_event event, enum request_state to, struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	bool late = r->begun && request_unbegun(event);

	if (!late && request_leads(r->kind, r->state, event, to))
		return true;
	request_possible(&sb, r->kind, r->state, r->begun);
	diag_fail(d, DIAG_GUARD, "request %s is %s: %s is not possible%s", r->id, request_state_word(r->state),
		  request_event_word(event), late ? " once its execution has begun" : "");
	diag_hint(d, "possible now: %s", strbuf_str(&sb));
	return false;
}

/* NULL: it moved; else what it is now. A replay gives back what the request was before: not always what the event leads to. */
static const char *moved(struct erasure *e, struct erasure_request *r, const PGresult *res, int row)
{
	if (!res_bool(res, row, 0))
		return arena_strdup(e->a, res_text_null(res, row, 1));
	BUG_ON(!request_state_parse(res_text(res, row, 1), &r->state));
	return NULL;
}

static bool too_late(const struct erasure_request *r, const char *now, struct diag *d)
{
	return !now || diag_fail(d, DIAG_GUARD, "another command was quicker: request %s is %s now", r->id, now);
}

bool erasure_move_with(struct erasure *e, struct erasure_request *r, enum request_event event, enum request_state to,
		       const char *evidence, const char *set, const char *note, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!erasure_may(r, event, to, d))
		return false;
	if (!conn_query_text(e->conn, sqltext_get("query/item_move"), &res, d, r->id, request_state_word(r->state),
			     request_event_word(event), request_state_word(to), e->ctx->actor, evidence, set, note))
		return false;
	return too_late(r, moved(e, r, res, 0), d);
}

bool erasure_move(struct erasure *e, struct erasure_request *r, enum request_event event, enum request_state to,
		  const char *set, const char *note, struct diag *d)
{
	return erasure_move_with(e, r, event, to, NULL, set, note, d);
}

bool erasure_move_some(struct erasure *e, enum request_event event, struct erasure_step *steps, size_t n,
		      struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const char **of[5];
	AUTO_RESULT *res = NULL;

	for (size_t k = 0; k < ARRAY_SIZE(of); k++)
		of[k] = arena_alloc(a, (n + 1) * sizeof(**of));
	for (size_t i = 0; i < n; i++) {
		if (!erasure_may(steps[i].r, event, steps[i].to, d))
			return false;
		of[0][i] = steps[i].r->id;
		of[1][i] = request_state_word(steps[i].r->state);
		of[2][i] = request_state_word(steps[i].to);
		of[3][i] = steps[i].set ? steps[i].set : "";
		of[4][i] = steps[i].note ? steps[i].note : "";
	}
	if (!conn_query_text(e->conn, sqltext_get("query/item_move_all"), &res, d, cat_array_literal(a, of[0], n),
			     cat_array_literal(a, of[1], n), cat_array_literal(a, of[2], n), cat_array_literal(a, of[3], n),
			     cat_array_literal(a, of[4], n), request_event_word(event), e->ctx->actor))
		return false;
	for (size_t i = 0; i < n; i++)
		steps[i].now = moved(e, steps[i].r, res, (int)i);
	return true;
}

bool erasure_move_all(struct erasure *e, enum request_event event, struct erasure_step *steps, size_t n, struct diag *d)
{
	bool ok = erasure_move_some(e, event, steps, n, d);

	for (size_t i = 0; i < n && ok; i++)
		ok = too_late(steps[i].r, steps[i].now, d);
	return ok;
}


/* ---- freezing ---- */

struct freezing {
	struct erasure *e;
	VEC(const struct subject_identifier *) *of;	/* of each request */
	json_t *rows;
};

static json_t *frozen_json(struct freezing *f, const struct erasure_request *r, int n, const char *kind, const char *name,
			   const struct subject_identifier *id, const char *value)
{
	json_t *o = json_object();

	json_put(o, "request", json_text(r->id));
	json_put(o, "n", json_count(n));
	json_put(o, "kind", json_text(kind));
	json_put(o, "name", json_text(name));
	json_put(o, "since", json_text(id ? id->since : NULL));
	json_put(o, "until", json_text(id ? id->until : NULL));
	json_put(o, "sealed", json_text(secret_seal(f->e->a, &f->e->secret, r->id, value)));
	json_put(o, "sole", json_boolean(id && id->sole));
	return o;
}

static bool same_identifier(const struct subject_identifier *a, const struct subject_identifier *b)
{
	return streq(a->name, b->name) && streq(a->value, b->value) && streq_null(a->since, b->since) &&
		streq_null(a->until, b->until);
}

/* Known now, and frozen before: once is enough. */
static void add_identifier(struct freezing *f, size_t k, const struct subject_identifier *id)
{
	for (size_t i = 0; i < f->of[k].n; i++)
		if (same_identifier(f->of[k].v[i], id))
			return;
	vec_push(f->e->a, &f->of[k], id);
}

static void to_requests(struct freezing *f, const struct subject_keys *keys)
{
	struct erasure *e = f->e;

	for (size_t j = 0; j < keys->identifiers.n; j++) {
		const struct subject_identifier *id = &keys->identifiers.v[j];
		size_t k = erasure_first_of(e, keys->type->name, id->key);

		for (; k < e->requests.n && streq(e->requests.v[k].type, keys->type->name) &&
		     streq(e->requests.v[k].key, id->key); k++)
			add_identifier(f, k, id);
	}
}

static void add_rows(struct freezing *f, size_t k)
{
	const struct erasure_request *r = &f->e->requests.v[k];
	int n = 1;

	json_add(f->rows, frozen_json(f, r, n++, "key", r->type, NULL, r->key));
	for (size_t i = 0; i < f->of[k].n; i++)
		json_add(f->rows, frozen_json(f, r, n++, "identifier", f->of[k].v[i]->name, f->of[k].v[i], f->of[k].v[i]->value));
}

bool erasure_freeze(struct erasure *e, struct diag *d)
{
	struct freezing f = { .e = e };
	AUTO_RESULT *cleared = NULL;
	AUTO_RESULT *res = NULL;
	char *text;
	bool ok;

	if (!e->has_key)
		return true;
	if (!conn_query_text(e->conn, sqltext_get("query/item_frozen_clear"), &cleared, d, erasure_ids(e)))
		return false;
	f.of = arena_alloc(e->a, (e->requests.n + 1) * sizeof(*f.of));
	for (size_t i = 0; i < e->q.all.n; i++)
		to_requests(&f, &e->q.all.types[i]);
	f.rows = json_array();
	for (size_t k = 0; k < e->requests.n; k++)
		add_rows(&f, k);
	text = json_dumps(f.rows, JSON_COMPACT);
	ok = conn_query_text(e->conn, sqltext_get("query/item_frozen_put"), &res, d, text);
	free(text);
	json_decref(f.rows);
	return ok;
}
