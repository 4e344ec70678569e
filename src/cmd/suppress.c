/* Placing digests: what remains of a person when the erasure is done. */
#include "cmd/suppress.h"

#include "base/instant.h"
#include "pg/sqltext.h"
#include "report/json.h"

bool suppress_usable(const struct identifier *id, const char *value)
{
	size_t digits = strspn(value + (*value == '+'), "0123456789");

	if (id->normalise && streq(id->normalise, "email"))
		return strchr(value, '@') != NULL;
	if (id->normalise && streq(id->normalise, "e164"))
		return digits >= 5 && !value[digits + (*value == '+')];
	return *value;
}

static int64_t instant_of(const char *timestamptz, int64_t none)
{
	int64_t t = none;

	BUG_ON(timestamptz && !instant_parse_timestamptz(timestamptz, strlen(timestamptz), &t));
	return t;
}

static void add_entry(struct suppress *s, const struct erasure_request *r, const struct identifier *id,
		      const struct subject_identifier *value, int64_t now)
{
	struct suppress_entry *e;
	int64_t until = instant_of(value->until, INSTANT_INFINITY);

	if (!suppress_usable(id, value->value))
		return;
	e = vec_add(s->a, &s->entries);
	*e = (struct suppress_entry){ .request = r->id, .type = r->type, .name = id->name,
				      .since = instant_of(value->since, INSTANT_MINUS_INFINITY), .until = until < now ? until : now };
	suppress_digest(s, r->type, "identifier", id->name, value->value, e->digest);
}

static void add_person(struct suppress *s, const struct erasure *e, const struct erasure_request *r, int64_t now)
{
	for (size_t i = 0; i < e->frozen.n; i++) {
		const struct subject_keys *k = &e->frozen.types[i];

		for (size_t j = 0; streq(k->type->name, r->type) && j < k->identifiers.n; j++) {
			const struct identifier *id = subject_identifier(k->type, k->identifiers.v[j].name);

			if (id && streq(k->identifiers.v[j].key, r->key))
				add_entry(s, r, id, &k->identifiers.v[j], now);
		}
	}
}

bool suppress_prepare(struct suppress *s, struct erasure *e, struct erasure_request **whose, size_t n, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	int64_t now;

	suppress_init(s, e->ctx, e->db, e->conn, &e->secret);
	if (!e->has_key || !n)
		return true;
	if (!conn_query(e->conn, "SELECT pg_catalog.clock_timestamp()::text", NO_PARAMS, &res, d))
		return false;
	now = instant_of(res_text(res, 0, 0), 0);
	for (size_t i = 0; i < n; i++)
		if (whose[i]->kind == REQUEST_KIND_ERASURE)
			add_person(s, e, whose[i], now);
	return suppress_scan(s, NULL, NULL, d);
}

/* ---- into the database ---- */

static void add_row(json_t *rows, const struct suppress_entry *e, const char *kind, const char *name, const unsigned char digest[],
		    const unsigned char mark[])
{
	char hex[SECRET_MAC_TEXT], instant[INSTANT_TEXT];
	json_t *o = json_object();

	secret_mac_text(digest, hex);
	json_put(o, "subject_type", json_text(e->type));
	json_put(o, "kind", json_text(kind));
	json_put(o, "name", json_text(name));
	json_put(o, "digest", json_text(hex));
	secret_mac_text(mark, hex);
	json_put(o, "made_with", json_text(hex));
	json_put(o, "since", json_text(instant_format(e->since, instant)));
	json_put(o, "until", json_text(instant_format(e->until, instant)));
	json_add(rows, o);
}

static json_t *rows_of(struct suppress *s, struct erasure *e, const struct erasure_request *r)
{
	const struct subject_type *t = policy_subject(e->ctx->policy, r->type);
	unsigned char mark[SECRET_MAC], key[SECRET_MAC];
	const struct suppress_entry *last = NULL;
	json_t *rows = json_array();

	for (size_t i = 0; i < s->entries.n; i++) {
		const struct suppress_entry *own = &s->entries.v[i];

		if (own->request != r->id || own->found)
			continue;
		suppress_mark(s, t->name, subject_identifier(t, own->name), mark);
		add_row(rows, own, "identifier", own->name, own->digest, mark);
		last = own;
	}
	if (!last)
		return rows;
	suppress_digest(s, t->name, "key", t->name, r->key, key);
	suppress_mark(s, t->name, &(struct identifier){ .name = "" }, mark);
	add_row(rows, &(struct suppress_entry){ .type = t->name, .since = INSTANT_MINUS_INFINITY, .until = last->until }, "key", t->name,
		key, mark);
	return rows;
}

bool suppress_place(struct suppress *s, struct erasure *e, const struct erasure_request *const *whose, size_t n,
		    struct diag *d)
{
	AUTO_RESULT *res = NULL;
	json_t *all;
	char *text;
	bool ok;

	if (!s->entries.n || !n)
		return true;
	all = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		json_put(o, "request", json_text(whose[i]->id));
		json_put(o, "rows", rows_of(s, e, whose[i]));
		json_add(all, o);
	}
	text = json_dumps(all, JSON_COMPACT);
	ok = conn_query_text(e->conn, sqltext_get("query/suppression_put"), &res, d, text, e->ctx->actor);
	free(text);
	json_decref(all);
	return ok;
}
