/* The ways from rows to people, bound to columns and foreign keys. */
#include "plan/subject.h"

#include "pg/sqltext.h"

static bool fault(struct bound *r, const struct subject_path *p, const char *what, const char *name)
{
	if (r->subject_fault.cls != DIAG_OK)
		return false;
	diag_fail(&r->subject_fault, DIAG_CATALOG, "subject: %s %s of %s", what, name, r->table->display);
	diag_where(&r->subject_fault, "%s:%d: rule \"%s\"", p ? p->loc.file : r->rule->loc.file,
		   p ? p->loc.line : r->rule->loc.line, r->rule->name);
	diag_hint(&r->subject_fault, "pgretain check names what does not fit");
	return false;
}

/* The rule's own key where it follows that rule, else the only one between the tables. */
static const struct cat_fkey *key_to(struct bound *r, const struct bound *upper)
{
	const struct cat_fkey *found = NULL;

	if (r->parent == upper)
		return r->via;
	for (size_t i = 0; i < r->table->refers.n; i++) {
		const struct cat_fkey *f = r->table->refers.v[i];

		if (f->parent != upper->table || (r->rule->via && !streq(f->name, r->rule->via)))
			continue;
		if (found)
			return NULL;
		found = f;
	}
	return found;
}

static bool bind_upper(struct binder *b, struct bound *r, const char *name, struct bound_path *ret)
{
	ret->upper = bind_rule(b, name);
	if (!ret->upper || !ret->upper->table)
		return fault(r, ret->path, "there is no table behind", name);
	ret->fkey = key_to(r, ret->upper);
	return ret->fkey || fault(r, ret->path, "there is not one foreign key to the table of rule", name);
}

static bool zoned(const struct cat_column *c)
{
	return streq(c->base, "timestamptz") || streq(c->base, "timestamp") || streq(c->base, "date");
}

static bool bind_columns_of(struct bound *r, struct bound_path *ret)
{
	const struct subject_path *p = ret->path;

	ret->column = cat_column(r->table, p->column);
	if (!ret->column)
		return fault(r, p, "there is no column", p->column);
	if (!p->identifier)
		return true;
	ret->identifier = subject_identifier(ret->type, p->identifier);
	if (!ret->identifier)
		return fault(r, p, "there is no identifier", p->identifier);
	ret->at = p->at ? cat_column(r->table, p->at) : NULL;
	if (p->at && (!ret->at || !zoned(ret->at)))
		return fault(r, p, "no instant is in column", p->at);
	return true;
}

static void bind_path(struct binder *b, struct bound *r, const struct subject_path *p)
{
	struct bound_path bp = { .path = p, .type = policy_subject(b->plan->policy, p->type), .kind = p->kind };
	bool ok = bp.type != NULL || fault(r, p, "there is no type", p->type);

	ok = ok && (p->kind == SUBJECT_FOLLOWS ? bind_upper(b, r, p->follows, &bp) : bind_columns_of(r, &bp));
	if (ok)
		vec_push(b->a, &r->paths, bp);
}

static bool leads_through(const struct bound *r, const struct bound *upper)
{
	for (size_t i = 0; i < r->paths.n; i++)
		if (r->paths.v[i].upper == upper)
			return true;
	return false;
}

/* A rule that follows another is about the same people, said or not. */
static void bind_implied(struct binder *b, struct bound *r)
{
	if (r->parent && r->parent->table && !leads_through(r, r->parent))
		vec_push(b->a, &r->paths, ((struct bound_path){ .kind = SUBJECT_FOLLOWS, .upper = r->parent, .fkey = r->via }));
}

/* Two rules that lead to each other lead nowhere. */
static bool leads_back(const struct bound *r, const struct bound *to, int depth)
{
	for (size_t i = 0; i < r->paths.n; i++) {
		const struct bound *u = r->paths.v[i].upper;

		if (u && (u == to || depth > 20 || leads_back(u, to, depth + 1)))
			return true;
	}
	return false;
}

static bool array_types(struct binder *b, struct diag *d)
{
	VEC(const char *) names = { NULL, 0, 0 };
	VEC(struct bound_path *) paths = { NULL, 0, 0 };
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < b->nrules; i++)
		for (size_t k = 0; k < b->rules[i].paths.n; k++) {
			struct bound_path *p = &b->rules[i].paths.v[k];

			if (p->kind != SUBJECT_COLUMN)
				continue;
			vec_push(b->a, &names, p->column->base_type);
			vec_push(b->a, &paths, p);
		}
	if (!names.n)
		return true;
	if (!conn_query_text(b->conn, sqltext_get("query/subject_array_types"), &res, d,
			     cat_array_literal(b->a, names.v, names.n)))
		return false;
	for (size_t i = 0; i < paths.n; i++)
		paths.v[i]->array = (Oid)res_int(res, (int)i, 0);
	return true;
}

/* A path that has no array type can't be asked for. */
static void drop_untyped(struct bound *r)
{
	for (size_t k = 0; k < r->paths.n; k++)
		if (r->paths.v[k].kind == SUBJECT_COLUMN && !r->paths.v[k].array)
			fault(r, r->paths.v[k].path, "keys can't be compared with column", r->paths.v[k].column->name);
}

/* ---- what a request cuts ---- */

static struct anon *take_op(struct bound *r, const char *column)
{
	for (size_t i = 0; i < r->ops.n; i++) {
		struct anon *op = r->ops.v[i];

		if (!streq(anon_column(op)->name, column))
			continue;
		r->ops.v[i] = r->ops.v[--r->ops.n];
		return op;
	}
	return NULL;
}

static struct anon *op_of_link(const struct bound *r, const struct bound_path *p)
{
	for (size_t i = 0; i < r->links.n; i++)
		if (r->links.v[i].path->column == p->column)
			return r->links.v[i].op;
	return NULL;
}

static bool is_key(const struct bound *r, const struct cat_column *c)
{
	const struct cat_index *key = cat_primary(r->table);

	for (size_t i = 0; key && i < key->ncolumns; i++)
		if (streq(key->columns[i], c->name))
			return true;
	return false;
}

/* Only the link of whoever asked is cut: the other party's column of a shared row stays. */
static void bind_links(struct binder *b, struct bound *r)
{
	if (r->rule->effect != EFFECT_DETACH && r->rule->effect != EFFECT_STRIP)
		return;
	for (size_t i = 0; i < r->paths.n; i++) {
		const struct bound_path *p = &r->paths.v[i];
		struct bound_link link = { .path = p };

		if (p->kind == SUBJECT_FOLLOWS)
			continue;
		link.op = take_op(r, p->column->name);
		if (!link.op)
			link.op = op_of_link(r, p);
		if (r->rule->effect == EFFECT_STRIP && p->kind == SUBJECT_COLUMN)
			continue;		/* the row stays theirs, by its surrogate key */
		if (link.op || !(p->column->not_null || p->column->generated || is_key(r, p->column)))
			vec_push(b->a, &r->links, link);
	}
	r->nothing = !r->ops.n && !r->links.n;
}

bool bind_subjects(struct binder *b, struct diag *d)
{
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		for (size_t k = 0; b->plan->policy->nsubjects && r->table && k < r->rule->nsubjects; k++)
			bind_path(b, r, &r->rule->subjects[k]);
		if (r->table)
			bind_implied(b, r);
	}
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		if (leads_back(r, r, 0)) {
			fault(r, NULL, "its ways lead back to rows", "");
			r->paths.n = 0;
		}
	}
	if (!array_types(b, d))
		return false;
	for (size_t i = 0; i < b->nrules; i++) {
		drop_untyped(&b->rules[i]);
		bind_links(b, &b->rules[i]);
	}
	return true;
}

bool bound_has_subject(const struct bound *r)
{
	for (size_t i = 0; i < r->paths.n; i++)
		if (!r->paths.v[i].upper || bound_has_subject(r->paths.v[i].upper))
			return true;
	return false;
}
