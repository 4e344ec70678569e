#include "cmd/recurrence_reopen.h"
#include "cmd/connect.h"

#include "base/instant.h"
#include "pg/sqltext.h"
#include "report/json.h"

/* More than one is more than can be reopened: nobody needs to remember them all. */
#define KEYS_KEPT 1000

static void add_key(struct recurrence_person *p, struct arena *a, const char *key)
{
	for (size_t i = 0; i < p->keys.n; i++)
		if (streq(p->keys.v[i], key))
			return;
	if (p->keys.n < KEYS_KEPT)
		vec_push(a, &p->keys, arena_strdup(a, key));
}

void recurrence_person_add(struct recurrence_person *p, struct arena *a, const struct suppress_entry *e,
			   const struct suppress_row *row)
{
	char since[INSTANT_TEXT], until[INSTANT_TEXT];

	p->type = e->type;
	if (row->key)
		add_key(p, a, row->key);
	instant_format(e->since, since);
	for (size_t i = 0; i < p->values.n; i++)
		if (streq(p->values.v[i].name, e->name) && streq(p->values.v[i].value, row->value) && streq(p->values.v[i].since, since))
			return;
	vec_push(a, &p->values, ((struct subject_identifier){
		.name = e->name, .value = arena_strdup(a, row->value), .since = arena_strdup(a, since),
		.until = arena_strdup(a, instant_format(e->until, until)) }));
}

static bool other_open(struct erasure *e, const struct erasure_request *r, const char *type, const char *key, const char **ret,
		       struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/request_other"), &res, d, r->id, request_kind_word(r->kind), type, key))
		return false;
	*ret = PQntuples(res) ? arena_strdup(e->a, res_text_null(res, 0, 0)) : NULL;
	return true;
}

/* NULL: it can be reopened. */
static bool hindrance(struct erasure *e, const struct recurrence_person *p, const char **ret, struct diag *d)
{
	const struct erasure_request *r = &e->requests.v[0];
	const char *other;
	enum request_state to;

	*ret = NULL;
	if (p->keys.n > 1) {
		*ret = "several keys bear the identifiers";
		return true;
	}
	if (!request_next(r->kind, r->state, REQUEST_ON_REOPEN, &to)) {
		*ret = arena_printf(e->a, "it is %s", request_state_word(r->state));
		return true;
	}
	if (!other_open(e, r, p->type, p->keys.n ? p->keys.v[0] : r->key, &other, d))
		return false;
	if (other)
		*ret = arena_printf(e->a, "request %s of the same person is open", other);
	return true;
}

static bool settle(struct erasure *e, const struct erasure_request *r, const struct recurrence_person *p, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return !p->keys.n || streq_null(r->key, p->keys.v[0]) ||
		conn_query_text(e->conn, sqltext_get("query/suppression_settle"), &res, d, r->id, p->type, p->keys.v[0]);
}

static bool freeze(struct erasure *e, const struct erasure_request *r, const struct recurrence_person *p, struct diag *d)
{
	for (size_t i = 0; i < p->values.n; i++) {
		const struct subject_identifier *v = &p->values.v[i];
		AUTO_RESULT *res = NULL;

		if (!conn_query_text(e->conn, sqltext_get("query/suppression_freeze"), &res, d, r->id, v->name, v->since, v->until,
				     secret_seal(e->a, &e->secret, r->id, v->value)))
			return false;
	}
	return true;
}

static bool begin_anew(struct erasure *e, const struct recurrence_view *v, const struct recurrence_person *p, const char *evidence,
		       struct diag *d)
{
	struct erasure_request *r = &e->requests.v[0];
	const char *note = arena_printf(e->a, "{\"people\": %lld, \"same_key\": %s}", (long long)v->people, v->same_key ? "true" : "false");

	return conn_do(e->conn, "BEGIN", NO_PARAMS, d) &&
		erasure_move_with(e, r, REQUEST_ON_REOPEN, REQUEST_REOPENED, evidence, NULL, note, d) && settle(e, r, p, d) &&
		freeze(e, r, p, d) && ctx_commit(e->ctx, e->conn, d);
}

bool recurrence_reopen(struct suppress *s, struct recurrence_view *v, const struct recurrence_person *p, const char *evidence,
		       struct diag *d)
{
	struct erasure e;

	if (!erasure_open(&e, s->ctx, s->conn, d))
		return false;
	e.db = s->db;
	if (!erasure_load(&e, &v->request, 1, d)) {
		if (d->cls != DIAG_USAGE)
			return false;
		*d = (struct diag)DIAG_INIT;
		v->why_not = "this database has no such request";
		return true;
	}
	if (!hindrance(&e, p, &v->why_not, d))
		return false;
	v->reopened = !v->why_not;
	return v->why_not || begin_anew(&e, v, p, evidence, d);
}
