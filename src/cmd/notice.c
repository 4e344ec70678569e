/* Writing notices, and showing them. */
#include "cmd/notice.h"

#include "cmd/suppress.h"
#include "cmd/words.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"

/* ---- what a recipient has received ---- */

static const char *class_of(const struct database *db, const struct rule *r)
{
	while (r && !r->class_name && r->follows)
		r = policy_rule(db, r->follows);
	return r ? r->class_name : NULL;
}

static bool is_in(const char *const *v, size_t n, const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (streq(v[i], name))
			return true;
	return false;
}

static bool has_received(const struct recipient *to, const struct database *db, const struct rule *r)
{
	if (!to->nrules && !to->nclasses)
		return true;
	return is_in(to->rules, to->nrules, r->name) || is_in(to->classes, to->nclasses, class_of(db, r));
}

struct scope {
	int64_t rows, kept;
	VEC(const char *) rules;
};

static void look(struct erasure *e, const struct erasure_request *r, const struct recipient *to, struct scope *s)
{
	*s = (struct scope){ 0 };
	for (size_t i = 0; i < r->nitems; i++) {
		const struct erasure_item *it = &r->items[i];
		int64_t gone = it->erased + it->anonymized + it->minimised;

		if (!has_received(to, e->db, e->plan->items[i].rule))
			continue;
		s->rows += gone;
		s->kept += it->deferred + it->held + it->retained - it->unchanged + it->quarantined + it->failed;
		if (gone)
			vec_push(e->a, &s->rules, it->rule);
	}
}

/* ---- by what it finds the person ---- */

static json_t *values_of(const struct erasure *e, const struct erasure_request *r, const char *name)
{
	json_t *all = json_array();

	for (size_t i = 0; i < e->frozen.n; i++) {
		const struct subject_keys *k = &e->frozen.types[i];

		for (size_t j = 0; streq(k->type->name, r->type) && j < k->identifiers.n; j++) {
			const struct subject_identifier *v = &k->identifiers.v[j];
			const struct identifier *id = subject_identifier(k->type, v->name);
			bool told = false;

			if (!id || !streq(v->name, name) || !streq(v->key, r->key) || !suppress_usable(id, v->value))
				continue;
			for (size_t n = 0; n < json_array_size(all); n++)
				told = told || streq(json_string_value(json_array_get(all, n)), v->value);
			if (!told)
				json_add(all, json_text(v->value));
		}
	}
	return all;
}

/* NULL: nothing that the recipient could find them by. */
static const char *sealed(struct erasure *e, const struct erasure_request *r, const struct recipient *to, const char *notice)
{
	json_t *values = to->known_by ? values_of(e, r, to->known_by) : json_pack("[s]", r->key);
	char *text = json_dumps(values, JSON_COMPACT);
	const char *hex = json_array_size(values) ? secret_seal(e->a, &e->secret, notice, text) : NULL;

	free(text);
	json_decref(values);
	return hex;
}

/* ---- into the database ---- */

bool notice_record(struct conn *c, const char *request, const char *action, const char *actor, json_t *detail, struct diag *d)
{
	char *text = json_dumps(detail, JSON_COMPACT);
	struct ledger_entry entry = { .kind = "notice", .run = request, .action = action, .rows = -1, .actor = actor, .detail = text };
	bool ok = ledger_append(c, &entry, d);

	free(text);
	json_decref(detail);
	return ok;
}

static bool write_one(struct erasure *e, const struct erasure_request *r, const struct recipient *to, const struct scope *s,
		      struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char id[UUID_TEXT];

	new_uuid(id);
	if (!conn_query_text(e->conn, sqltext_get("query/notice_put"), &res, d, id, r->id, to->name, to->known_by ? to->known_by : "key",
			     cat_array_literal(e->a, s->rules.v, s->rules.n), arena_printf(e->a, "%lld", (long long)s->rows),
			     s->kept ? "f" : "t", sealed(e, r, to, id)))
		return false;
	return !PQntuples(res) || notice_record(e->conn, r->id, "write", e->ctx->actor,
						json_pack("{ss ss sb}", "notice", id, "recipient", to->name, "complete", s->kept == 0), d);
}

bool notice_write(struct erasure *e, const struct erasure_request *r, struct diag *d)
{
	const struct policy *p = e->ctx->policy;

	for (size_t i = 0; e->has_key && i < p->nrecipients; i++) {
		const struct recipient *to = &p->recipients[i];
		struct scope s;

		if (to->subject && !streq(to->subject, r->type))
			continue;
		look(e, r, to, &s);
		if (s.rows && !write_one(e, r, to, &s, d))
			return false;
	}
	return true;
}

/* ---- showing ---- */

static json_t *row_json(struct arena *a, const PGresult *res, int i)
{
	json_t *o = json_object();

	json_put(o, "notice", json_text(res_text(res, i, 0)));
	json_put(o, "recipient", json_text(res_text(res, i, 1)));
	json_put(o, "state", json_text(res_text(res, i, 2)));
	json_put(o, "known_by", json_text(res_text(res, i, 3)));
	json_put(o, "complete", json_boolean(res_bool(res, i, 4)));
	json_put(o, "rows", json_count(res_int(res, i, 14)));
	json_put(o, "attempts", json_count(res_int(res, i, 5)));
	json_put(o, "written", json_text(rfc3339(a, res_text(res, i, 6))));
	json_put(o, "tried", json_text(rfc3339(a, res_text_null(res, i, 7))));
	json_put(o, "next", json_text(rfc3339(a, res_text_null(res, i, 8))));
	json_put(o, "exit", res_text_null(res, i, 9) ? json_count(res_int(res, i, 9)) : json_null());
	json_put(o, "reason", json_text(res_text_null(res, i, 10)));
	json_put(o, "answer", json_text(res_text_null(res, i, 11) ? arena_printf(a, "hmac-sha256:%s", res_text(res, i, 11)) : NULL));
	json_put(o, "delivered", json_text(rfc3339(a, res_text_null(res, i, 12))));
	json_put(o, "evidence", json_text(res_text_null(res, i, 13)));
	return o;
}

bool notice_show(struct erasure *e, const char *request, json_t **ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/notice_show"), &res, d, request))
		return false;
	*ret = json_array();
	for (int i = 0; i < PQntuples(res); i++)
		json_add(*ret, row_json(e->a, res, i));
	return true;
}

static const char *field(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

void notice_show_text(const json_t *recipients, struct strbuf *sb)
{
	for (size_t i = 0; i < json_array_size(recipients); i++) {
		const json_t *o = json_array_get(recipients, i), *status = json_object_get(o, "exit");
		const char *when = field(o, "delivered"), *next = field(o, "next"), *why = field(o, "reason");

		strbuf_addf(sb, "recipient %s: %s%s%s, %lld attempt(s)", field(o, "recipient"), field(o, "state"), when ? " " : "",
			    when ? when : "", (long long)json_integer_value(json_object_get(o, "attempts")));
		if (json_integer_value(status))
			strbuf_addf(sb, ", exit status %lld", (long long)json_integer_value(status));
		strbuf_addf(sb, "%s%s%s%s\n", why ? ", " : "", why ? why : "", next ? ", next at " : "", next ? next : "");
	}
}
