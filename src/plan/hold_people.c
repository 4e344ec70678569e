#include "plan/hold_people.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"

static const char *normal(struct arena *a, const struct identifier *id, const char *expr)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	subject_normalise(&sb, id, expr);
	return arena_strdup(a, strbuf_str(&sb));
}

static bool normalise(struct conn *c, struct arena *a, const struct identifier *id, const char *value, const char **ret,
		      struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, arena_printf(a, "SELECT %s", normal(a, id, "($1::text)")), &res, d, value))
		return false;
	*ret = arena_strdup(a, res_text_null(res, 0, 0));
	if (*ret && !**ret)
		*ret = NULL;
	return true;
}

bool hold_people_find(struct conn *c, struct arena *a, const struct subject_type *t, const struct identifier *id,
		      const char *value, const char **ret_normal, size_t *n, const char ***ret_keys, struct diag *d)
{
	AUTO_STRBUF column = STRBUF_INIT;
	AUTO_RESULT *at = NULL, *res = NULL;
	VEC(const char *) keys = { NULL, 0, 0 };

	*n = 0;
	if (!normalise(c, a, id, value, ret_normal, d))
		return false;
	if (!*ret_normal)
		return true;
	if (!conn_query_text(c, sqltext_get("query/subject_source"), &at, d, id->table ? id->table : t->root,
			     id->table ? id->subject : t->key))
		return false;
	if (PQntuples(at) != 1) {
		diag_fail(d, DIAG_CONFIG, "identifier %s of subject %s: its table or column does not exist", id->name, t->name);
		diag_where(d, "%s:%d", id->loc.file, id->loc.line);
		diag_hint(d, "pgretain check names it");
		return false;
	}
	render_column(&column, "s", id->column);
	struct tmpl_var vars[] = {
		{ "key", .frag = { res_text(at, 0, 1) } }, { "relation", .frag = { res_text(at, 0, 0) } },
		{ "value", .frag = { normal(a, id, strbuf_str(&column)) } }, { "wanted", .frag = { normal(a, id, "($1::text)") } },
	};
	if (!conn_query_text(c, tmpl_render(a, "query/subject_find", vars, ARRAY_SIZE(vars)), &res, d, value))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		vec_push(a, &keys, arena_strdup(a, res_text(res, i, 0)));
	*n = keys.n;
	*ret_keys = keys.v;
	return true;
}

/* ---- of a hold ---- */

static bool names_nobody(const struct hold_entry *h, struct diag *d)
{
	diag_fail(d, DIAG_CONFIG, "hold %s is on identifier %s of subject %s, which the configuration does not have", h->id,
		  h->identifier, h->subject_type);
	diag_hint(d, "put it back into subjects = { … }, or release the hold: nothing can be done before, for its rows could not "
		  "be told from others");
	return false;
}

/* Whoever bears the number holds it, at any time: a guest has no key. */
static bool by_identifier(struct binder *b, struct hold_entry *h, const struct subject_type *t,
			  const struct identifier *id, struct diag *d)
{
	const char *value, **keys, **frozen;
	size_t n, nfrozen;

	if (!hold_people_find(b->conn, b->a, t, id, h->identifier_value, &value, &n, &keys, d))
		return false;
	frozen = cat_array(b->a, h->subject_keys, &nfrozen);
	for (size_t i = 0; i < nfrozen; i++)
		subject_set_add(h->people, t->name, frozen[i]);
	for (size_t i = 0; i < n; i++)
		subject_set_add(h->people, t->name, keys[i]);
	subject_set_add_identifier(h->people, t->name, &(struct subject_identifier){ id->name, h->identifier_value, NULL,
		NULL, "" });
	return true;
}

bool hold_people(struct binder *b, struct hold_entry *h, struct diag *d)
{
	const struct subject_type *t = policy_subject(b->plan->policy, h->subject_type);
	const struct identifier *id = t && h->identifier ? subject_identifier(t, h->identifier) : NULL;

	if (h->identifier && !id)
		return names_nobody(h, d);
	if (!t)
		return true;		/* rules may lead to such people all the same, by a column */
	h->people = arena_alloc(b->a, sizeof(*h->people));
	subject_set_init(h->people, b->a, b->plan->policy);
	if (id && h->identifier_value && !by_identifier(b, h, t, id, d))
		return false;
	if (!id)
		subject_set_add(h->people, t->name, h->subject_key);
	return subject_set_identify(b->conn, h->people, d);
}
