#include "plan/hold_want.h"

#include "base/nearest.h"
#include "conf/sqlcond.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/build_parts.h"
#include "plan/hold_people.h"
#include "plan/subject_find.h"
#include "plan/width.h"

struct wanting {
	struct conn *c;
	const struct policy *policy;
	const struct database *db;
	struct arena *a;
	struct hold_want *w;
	const char *given;
	struct diag *d;
};

static bool usage(struct wanting *x, const char *what, const char *hint)
{
	diag_fail(x->d, DIAG_USAGE, "--scope: %s", what);
	diag_hint(x->d, "%s", hint);
	return false;
}

/* "A:B" at the first colon. */
static bool split(struct wanting *x, const char *text, const char *form, const char **left, const char **right)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || !colon[1])
		return usage(x, arena_printf(x->a, "%s needs both parts", form), "see pgretain hold --help");
	*left = arena_strndup(x->a, text, (size_t)(colon - text));
	*right = colon + 1;
	return true;
}

static bool unknown(struct wanting *x, const char *what, const char *name, const struct nearest *near)
{
	diag_fail(x->d, DIAG_USAGE, "there is no %s \"%s\"", what, name);
	diag_where(x->d, "%s", x->policy->main_file);
	if (near->best)
		diag_hint(x->d, "did you mean %s?", near->best);
	return false;
}

/* ---- rules and classes ---- */

static bool take_rule(struct wanting *x, const char *name, struct binder *b, struct bound **ret)
{
	struct nearest near = nearest_init(name);

	for (size_t i = 0; i < x->db->nrules; i++)
		nearest_offer(&near, x->db->rules[i].name);
	if (!policy_rule(x->db, name))
		return unknown(x, "rule", name, &near);
	if (!build_glance(x->c, x->a, x->policy, x->db, b, x->d))
		return false;
	*ret = bind_rule(b, name);
	if (!(*ret)->table) {
		*x->d = *bound_fault(*ret);
		return false;
	}
	x->w->target = (*ret)->rule->name;
	x->w->relation = (*ret)->table->sql;
	return true;
}

static bool want_table(struct wanting *x, const char *name)
{
	struct bound *r;
	struct binder b;

	return take_rule(x, name, &b, &r);
}

static bool want_class(struct wanting *x, const char *name)
{
	struct nearest near = nearest_init(name);
	const struct retention_class *cls = policy_class(x->policy, name);

	for (size_t i = 0; i < x->policy->nclasses; i++)
		nearest_offer(&near, x->policy->classes[i].name);
	if (!cls)
		return unknown(x, "class", name, &near);
	x->w->target = cls->name;
	return true;
}

/* ---- conditions ---- */

static bool condition_refused(struct wanting *x, const struct bound *r)
{
	if (x->d->cls == DIAG_LOST || streq(x->d->sqlstate, "42501"))
		return false;
	diag_fail(x->d, DIAG_USAGE, "--scope: the server refuses the condition on the rows of rule \"%s\" (SQLSTATE %s)",
		  r->rule->name, arena_strdup(x->a, x->d->sqlstate));
	diag_hint(x->d, "try it in psql on %s with search_path = pg_catalog: columns unqualified, other names with their "
		  "schema", r->table->display);
	return false;
}

static bool rollback(struct wanting *x)
{
	struct diag ignored = DIAG_INIT;

	return conn_do(x->c, "ROLLBACK", NO_PARAMS, &ignored);
}

/* The alias is one that no condition means: names must be the table's own columns, for the condition goes
 * into statements under many aliases. Nothing is written, and what would write is refused. */
static bool condition_counts(struct wanting *x, struct bound *r, const char *condition)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	strbuf_adds(&sql, "SELECT count(*) FROM ");
	render_from(&sql, r, "pgretain_hold_row");
	strbuf_addf(&sql, " WHERE (\n%s\n) AND ", condition);
	render_where(&sql, r);
	if (!conn_do(x->c, "BEGIN READ ONLY", NO_PARAMS, x->d))
		return false;
	if (!conn_query(x->c, strbuf_str(&sql), NO_PARAMS, &res, x->d)) {
		condition_refused(x, r);
		rollback(x);
		return false;
	}
	x->w->rows = res_int(res, 0, 0);
	return conn_do(x->c, "ROLLBACK", NO_PARAMS, x->d);
}

static bool view_of(struct wanting *x, const struct bound *r, const char *condition, PGresult **ret)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "CREATE TEMPORARY VIEW pgretain_hold_view AS SELECT 1 AS one "
		    "FROM %s AS pgretain_hold_row WHERE (\n%s\n)", r->table->sql, condition);
	return conn_do(x->c, "BEGIN", NO_PARAMS, x->d) && conn_do(x->c, strbuf_str(&sql), NO_PARAMS, x->d) &&
		conn_query_text(x->c, sqltext_get("query/hold_condition"), ret, x->d, "pg_temp.pgretain_hold_view");
}

/* A condition that answers differently each time holds nothing reliably. The server's own parse of it tells: a
 * view that is rolled back at once. */
static bool condition_steady(struct wanting *x, const struct bound *r, const char *condition)
{
	AUTO_RESULT *res = NULL;

	if (!view_of(x, r, condition, &res)) {
		if (streq(x->d->sqlstate, "42501"))
			diag_hint(x->d, "a condition is read by way of a temporary view: GRANT TEMPORARY ON DATABASE");
		rollback(x);
		return false;
	}
	if (PQntuples(res)) {
		diag_fail(x->d, DIAG_USAGE, "--scope: the condition uses %s, which does not always answer alike",
			  res_text(res, 0, 0));
		diag_hint(x->d, "a hold covers the same rows in every statement: compare columns with constants; a function of "
			  "your own that only reads can be marked STABLE");
		rollback(x);
		return false;
	}
	return conn_do(x->c, "ROLLBACK", NO_PARAMS, x->d);
}

static bool want_rows(struct wanting *x, const char *text)
{
	const char *rule, *condition, *why;
	struct bound *r;
	struct binder b;

	if (!split(x, text, "rows=RULE:CONDITION", &rule, &condition) || !take_rule(x, rule, &b, &r))
		return false;
	if (!sqlcond_check(condition, &why))
		return usage(x, arena_printf(x->a, "the condition: %s", why), "write one SQL condition on the rule's columns");
	x->w->condition = condition;
	return condition_counts(x, r, condition) && condition_steady(x, r, condition);
}

/* ---- people ---- */

static const struct subject_type *type_of(struct wanting *x, const char *name)
{
	struct nearest near = nearest_init(name);

	for (size_t i = 0; i < x->policy->nsubjects; i++) {
		if (streq(x->policy->subjects[i].name, name))
			return &x->policy->subjects[i];
		nearest_offer(&near, x->policy->subjects[i].name);
	}
	unknown(x, "subject", name, &near);
	return NULL;
}

/* Rows of some rule belong to a person whose own row is gone, or to a guest. */
static bool rows_of(struct wanting *x, const struct hold_entry *h, int64_t *rows)
{
	struct hold_width *width;
	size_t n;

	if (!plan_widths(x->c, x->policy, x->db, h, x->a, &n, &width, x->d))
		return false;
	*rows = width[0].rows;
	return true;
}

/* The key as the database writes it; *there: the person has a row. */
static bool canonical(struct wanting *x, const struct subject_type *t, const char *key, const char **ret, bool *there)
{
	struct subject_source at;

	if (subject_person(x->c, x->a, t, key, ret, there, x->d))
		return true;
	if (strncmp(x->d->sqlstate, "22", 2) != 0 || !subject_source(x->c, x->a, t, NULL, &at, x->d))
		return false;
	return usage(x, arena_printf(x->a, "the key of subject %s is %s, and what was given is none", t->name, at.type),
		     "write subject=TYPE:KEY with the person's key");
}

static bool want_subject(struct wanting *x, const char *text)
{
	struct hold_entry h = { .id = "", .scope = "subject" };
	const struct subject_type *t;
	const char *type, *key;
	struct binder b;
	int64_t rows;
	bool there;

	if (!split(x, text, "subject=TYPE:KEY", &type, &key))
		return false;
	t = type_of(x, type);
	if (!t || !canonical(x, t, key, &x->w->subject_key, &there))
		return false;
	x->w->subject_type = h.subject_type = t->name;
	h.subject_key = x->w->subject_key;
	if (there)
		return true;
	if (!build_glance(x->c, x->a, x->policy, x->db, &b, x->d) || !hold_people(&b, &h, x->d) || !rows_of(x, &h, &rows))
		return false;
	return rows || h.sealed || usage(x, arena_printf(x->a, "no row of subject %s has that key, and no row of any rule is theirs",
					     t->name),
			     "look the key up again: a mistyped hold would hold nothing");
}

/* NAME, or TYPE.NAME where several types have one of that name. */
static const struct identifier *identifier_named(struct wanting *x, const char *name, const struct subject_type **type)
{
	const char *dot = strchr(name, '.');
	const struct identifier *found = NULL;
	struct nearest near = nearest_init(name);

	for (size_t i = 0; i < x->policy->nsubjects; i++) {
		const struct subject_type *t = &x->policy->subjects[i];
		bool this = dot && strlen(t->name) == (size_t)(dot - name) && strncmp(t->name, name, strlen(t->name)) == 0;

		for (size_t k = 0; k < t->nidentifiers; k++) {
			nearest_offer(&near, t->identifiers[k].name);
			if (!streq(t->identifiers[k].name, this ? dot + 1 : name))
				continue;
			if (found) {
				usage(x, arena_printf(x->a, "several subjects have an identifier %s", name), "write TYPE.NAME:VALUE");
				return NULL;
			}
			found = &t->identifiers[k];
			*type = t;
		}
	}
	if (!found)
		unknown(x, "identifier", name, &near);
	return found;
}

/* A number may have been several people's over time: the hold is on each of them, and says so. */
static bool want_identifier(struct wanting *x, const char *text)
{
	const struct subject_type *t = NULL;
	const struct identifier *id;
	const char *name, *value, **keys;
	struct hold_entry h = { .id = "", .scope = "identifier", .subject_keys = "{}" };
	struct binder b;
	int64_t rows;
	size_t n;

	if (!split(x, text, "identifier=NAME:VALUE", &name, &value))
		return false;
	id = identifier_named(x, name, &t);
	if (!id || !hold_people_find(x->c, x->a, t, id, x->given ? x->given : value, &x->w->identifier_value, &n, &keys, x->d))
		return false;
	if (!x->w->identifier_value)
		return usage(x, arena_printf(x->a, "the value given says nothing as %s", id->name), "write the whole of it");
	x->w->subject_type = h.subject_type = t->name;
	x->w->identifier = h.identifier = id->name;
	h.identifier_value = x->w->identifier_value;
	for (size_t i = 0; i < n; i++)
		vec_push(x->a, &x->w->subject_keys, keys[i]);
	if (n)
		return true;
	if (!build_glance(x->c, x->a, x->policy, x->db, &b, x->d) || !hold_people(&b, &h, x->d) || !rows_of(x, &h, &rows))
		return false;
	return rows || h.sealed || usage(x, arena_printf(x->a, "nobody has that %s, and no row of any rule bears it", id->name),
			     "look it up again: a mistyped hold would hold nothing");
}

/* ---- all ---- */

static bool want_all(struct wanting *x, const char *text)
{
	(void)text;
	(void)x;
	return true;
}

static const struct {
	const char *word;
	bool (*read)(struct wanting *x, const char *text);
} scopes[] = {
	{ "subject", want_subject }, { "identifier", want_identifier }, { "table", want_table }, { "class", want_class },
	{ "rows", want_rows }, { "all", want_all },
};

bool hold_want_read(struct conn *c, const struct policy *policy, const struct database *db, struct arena *a,
		    const char *spec, const char *given, struct hold_want *ret, struct diag *d)
{
	struct wanting x = { .c = c, .policy = policy, .db = db, .a = a, .w = ret, .given = given, .d = d };
	size_t n = strcspn(spec, "=");

	*ret = (struct hold_want){ .rows = -1 };
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		bool all = streq(scopes[i].word, "all");

		if (strlen(scopes[i].word) != n || strncmp(spec, scopes[i].word, n) != 0 || all == (spec[n] == '='))
			continue;
		ret->scope = scopes[i].word;
		if (!all && !spec[n + 1])
			break;
		return scopes[i].read(&x, all ? "" : spec + n + 1);
	}
	return usage(&x, "not one of the scopes", "allowed: subject=TYPE:KEY, identifier=NAME:VALUE, table=RULE, "
		     "class=CLASS, rows=RULE:CONDITION, all");
}

bool hold_want_asks(const char *spec)
{
	size_t n = strlen(spec);

	return strncmp(spec, "identifier=", 11) == 0 && n > 13 && streq(spec + n - 2, ":-");
}
