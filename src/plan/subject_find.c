#include "plan/subject_find.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"

static bool missing(const struct subject_type *t, const struct identifier *id, struct diag *d)
{
	if (id) {
		diag_fail(d, DIAG_CONFIG, "identifier %s of subject %s: its table or column does not exist", id->name, t->name);
		diag_where(d, "%s:%d", id->loc.file, id->loc.line);
	} else {
		diag_fail(d, DIAG_CONFIG, "subject %s: %s has no column %s", t->name, t->root, t->key);
		diag_where(d, "%s:%d", t->loc.file, t->loc.line);
	}
	diag_hint(d, "pgretain check names it");
	return false;
}

bool subject_source(struct conn *c, struct arena *a, const struct subject_type *t, const struct identifier *id,
		    struct subject_source *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/subject_source"), &res, d, id && id->table ? id->table : t->root,
			     id && id->subject ? id->subject : t->key))
		return false;
	if (PQntuples(res) != 1)
		return missing(t, id, d);
	*ret = (struct subject_source){ arena_strdup(a, res_text(res, 0, 0)), arena_strdup(a, res_text(res, 0, 1)),
					arena_strdup(a, res_text(res, 0, 2)) };
	return true;
}

const char *subject_normal(struct arena *a, const struct identifier *id, const char *expr)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	subject_normalise(&sb, id, expr);
	return arena_strdup(a, strbuf_str(&sb));
}

static const char *column(struct arena *a, const char *name)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	render_column(&sb, "s", name);
	return arena_strdup(a, strbuf_str(&sb));
}

const char *subject_normal_column(struct arena *a, const struct identifier *id)
{
	return subject_normal(a, id, column(a, id->column));
}

bool subject_person(struct conn *c, struct arena *a, const struct subject_type *t, const char *key, const char **ret,
		    bool *there, struct diag *d)
{
	struct subject_source at;
	AUTO_RESULT *res = NULL;

	if (!subject_source(c, a, t, NULL, &at, d))
		return false;
	struct tmpl_var vars[] = {
		{ "key", .frag = { at.key } }, { "relation", .frag = { at.relation } }, { "type", .frag = { at.type } },
	};
	if (!conn_query_text(c, tmpl_render(a, "query/subject_person", vars, ARRAY_SIZE(vars)), &res, d, key))
		return false;
	*ret = arena_strdup(a, res_text(res, 0, 0));
	*there = res_bool(res, 0, 1);
	return true;
}

/* Was it theirs at $2? */
static const char *valid(struct arena *a, const struct identifier *id)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, "$2::timestamptz IS NOT NULL");
	if (id->valid_from)
		strbuf_addf(&sb, " AND coalesce(%s::timestamptz <= $2::timestamptz, true)", column(a, id->valid_from));
	if (id->valid_until)
		strbuf_addf(&sb, " AND coalesce(%s::timestamptz > $2::timestamptz, true)", column(a, id->valid_until));
	return arena_strdup(a, strbuf_str(&sb));
}

bool subject_bearers_of(struct conn *c, struct arena *a, const struct subject_type *t, const struct identifier *id,
			const char *value, const char *at, subject_bearers *ret, struct diag *d)
{
	struct subject_source source;
	AUTO_RESULT *res = NULL;

	if (!subject_source(c, a, t, id, &source, d))
		return false;
	struct tmpl_var vars[] = {
		{ "key", .frag = { source.key } }, { "relation", .frag = { source.relation } },
		{ "value", .frag = { subject_normal_column(a, id) } }, { "given", .frag = { subject_normal(a, id, "$1::text") } },
		{ "valid", .frag = { valid(a, id) } },
	};
	if (!conn_query_text(c, tmpl_render(a, "query/subject_bearers", vars, ARRAY_SIZE(vars)), &res, d, value, at))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		vec_push(a, ret, ((struct subject_bearer){ arena_strdup(a, res_text(res, i, 0)), res_bool(res, i, 1) }));
	return true;
}
