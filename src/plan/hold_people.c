#include "plan/hold_people.h"

#include "plan/frozen.h"
#include "plan/subject_find.h"

static bool normalise(struct conn *c, struct arena *a, const struct identifier *id, const char *value, const char **ret,
		      struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, arena_printf(a, "SELECT %s", subject_normal(a, id, "($1::text)")), &res, d, value))
		return false;
	*ret = arena_strdup(a, res_text_null(res, 0, 0));
	if (*ret && !**ret)
		*ret = NULL;
	return true;
}

bool hold_people_find(struct conn *c, struct arena *a, const struct subject_type *t, const struct identifier *id,
		      const char *value, const char **ret_normal, size_t *n, const char ***ret_keys, struct diag *d)
{
	subject_bearers found = { NULL, 0, 0 };
	const char **keys;

	*n = 0;
	if (!normalise(c, a, id, value, ret_normal, d))
		return false;
	if (!*ret_normal)
		return true;
	if (!subject_bearers_of(c, a, t, id, value, NULL, &found, d))
		return false;
	keys = arena_alloc(a, (found.n + 1) * sizeof(*keys));
	for (size_t i = 0; i < found.n; i++)
		keys[i] = found.v[i].key;
	*n = found.n;
	*ret_keys = keys;
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
		NULL, "", false });
	return frozen_bearers(b, h->people, t, id->name, h->identifier_value, &h->sealed, d);
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
	return subject_set_identify(b->conn, h->people, d) && frozen_identify(b, h->people, &h->sealed, d);
}
