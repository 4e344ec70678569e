#include "cmd/suppress.h"

#include "base/instant.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/subject_find.h"

#include <stdlib.h>

void suppress_init(struct suppress *s, struct ctx *ctx, const struct database *db, struct conn *c,
		   const struct secret_key *file_key)
{
	*s = (struct suppress){ .ctx = ctx, .db = db, .conn = c, .a = ctx->arena };
	secret_derive(file_key, "pgretain.suppression/1", &s->key);
}

void suppress_digest(const struct suppress *s, const char *type, const char *kind, const char *name, const char *value,
		     unsigned char into[SECRET_MAC])
{
	secret_mac(&s->key, (const char *const[]){ type, kind, name, value }, 4, into);
}

void suppress_mark(const struct suppress *s, const char *type, const struct identifier *id, unsigned char into[SECRET_MAC])
{
	secret_mac(&s->key, (const char *const[]){ "made with", type, id->name, id->normalise ? id->normalise : "",
		   id->country ? id->country : "" }, 5, into);
}

/* ---- where an identifier stands ---- */

struct column {
	const char *relation, *value, *key, *since, *until;	/* SQL text */
};

struct columns {
	struct suppress *s;
	const struct subject_type *type;
	const struct identifier *id;
	VEC(struct column) list;
};

static const char *column_of(struct arena *a, const char *name)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (name)
		render_column(&sb, "s", name);
	return arena_strdup(a, name ? strbuf_str(&sb) : "NULL");
}

static void add_column(struct columns *c, const char *relation, const char *value, const char *key, const char *since,
		       const char *until)
{
	struct arena *a = c->s->a;
	const char *text = subject_normal(a, c->id, column_of(a, value));

	/* two rules may share a table and a column */
	for (size_t i = 0; i < c->list.n; i++)
		if (streq(c->list.v[i].relation, relation) && streq(c->list.v[i].value, text))
			return;
	vec_push(a, &c->list, ((struct column){ arena_strdup(a, relation), text, column_of(a, key), column_of(a, since),
						column_of(a, until) }));
}

static bool own_column(struct columns *c, struct diag *d)
{
	const struct identifier *id = c->id;
	struct subject_source at;

	if (!subject_source(c->s->conn, c->s->a, c->type, id, &at, d))
		return false;
	add_column(c, at.relation, id->column, id->subject ? id->subject : c->type->key, id->valid_from, id->valid_until);
	return true;
}

static bool rule_column(struct columns *c, const struct rule *r, const struct subject_path *p, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c->s->conn, sqltext_get("query/subject_source"), &res, d, r->table, p->column))
		return false;
	if (PQntuples(res) == 1) {
		add_column(c, res_text(res, 0, 0), p->column, NULL, p->at, p->at);
		return true;
	}
	diag_fail(d, DIAG_STEP, "rule \"%s\": %s has no column %s", r->name, r->table, p->column);
	diag_where(d, "%s:%d", p->loc.file, p->loc.line);
	return false;
}

static bool rule_columns(struct columns *c, struct diag *d)
{
	for (size_t i = 0; i < c->s->db->nrules; i++) {
		const struct rule *r = &c->s->db->rules[i];

		for (size_t k = 0; k < r->nsubjects; k++) {
			const struct subject_path *p = &r->subjects[k];

			if (p->kind == SUBJECT_IDENTIFIER && streq(p->type, c->type->name) && streq(p->identifier, c->id->name) &&
			    !rule_column(c, r, p, d))
				return false;
		}
	}
	return true;
}

/* ---- comparing ---- */

struct comparing {
	struct suppress *s;
	const char *type, *name;
	const struct column *column;
	struct suppress_entry *v;		/* of one identifier, in the order of their digests */
	size_t n;
	suppress_hit_fn *hit;
	void *arg;
};

/* A row with one instant (an order of that day) is valid then. */
static bool overlaps(const struct suppress_entry *e, const char *since, const char *until)
{
	int64_t from, to;

	BUG_ON(!instant_parse_timestamptz(since, strlen(since), &from) || !instant_parse_timestamptz(until, strlen(until), &to));
	return from < e->until && (to > e->since || from >= e->since);
}

static size_t first_of(const struct comparing *c, const unsigned char digest[SECRET_MAC])
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(c->v[mid].digest, digest, SECRET_MAC) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool compare(void *arg, const PGresult *res, struct diag *d)
{
	struct comparing *c = arg;
	const struct suppress_row row = { c->column->relation, res_text_null(res, 0, 1), res_text(res, 0, 0), res_text(res, 0, 2),
					  res_text(res, 0, 3) };
	unsigned char digest[SECRET_MAC];

	(void)d;
	suppress_digest(c->s, c->type, "identifier", c->name, row.value, digest);
	for (size_t i = first_of(c, digest); i < c->n && memcmp(c->v[i].digest, digest, SECRET_MAC) == 0; i++) {
		if (!overlaps(&c->v[i], row.since, row.until))
			continue;
		c->v[i].found = true;
		if (c->hit)
			c->hit(c->arg, &c->v[i], &row);
	}
	return true;
}

static bool scan_column(struct comparing *c, struct diag *d)
{
	struct tmpl_var vars[] = {
		{ "relation", .frag = { c->column->relation } }, { "value", .frag = { c->column->value } },
		{ "key", .frag = { c->column->key } }, { "since", .frag = { c->column->since } },
		{ "until", .frag = { c->column->until } },
	};

	return conn_each(c->s->conn, tmpl_render(c->s->a, "query/suppression_scan", vars, ARRAY_SIZE(vars)), NO_PARAMS, compare, c, d);
}

static bool scan_identifier(struct comparing *c, struct diag *d)
{
	struct columns in = { .s = c->s, .type = policy_subject(c->s->ctx->policy, c->v[0].type) };

	in.id = in.type ? subject_identifier(in.type, c->v[0].name) : NULL;
	BUG_ON(!in.id);
	if (!own_column(&in, d) || !rule_columns(&in, d))
		return false;
	c->type = in.type->name;
	c->name = in.id->name;
	for (size_t i = 0; i < in.list.n; i++) {
		c->column = &in.list.v[i];
		if (!scan_column(c, d))
			return false;
	}
	return true;
}

static bool same_identifier(const struct suppress_entry *a, const struct suppress_entry *b)
{
	return streq(a->type, b->type) && streq(a->name, b->name);
}

static int by_identifier(const void *x, const void *y)
{
	const struct suppress_entry *a = x, *b = y;
	int n = strcmp(a->type, b->type);

	n = n ? n : strcmp(a->name, b->name);
	return n ? n : memcmp(a->digest, b->digest, SECRET_MAC);
}

bool suppress_scan(struct suppress *s, suppress_hit_fn *hit, void *arg, struct diag *d)
{
	if (s->entries.n)
		qsort(s->entries.v, s->entries.n, sizeof(*s->entries.v), by_identifier);
	for (size_t i = 0, n; i < s->entries.n; i += n) {
		struct comparing c = { .s = s, .v = &s->entries.v[i], .hit = hit, .arg = arg };

		for (n = 1; i + n < s->entries.n && same_identifier(&s->entries.v[i], &s->entries.v[i + n]); n++)
			;
		c.n = n;
		if (!scan_identifier(&c, d))
			return false;
	}
	return true;
}
