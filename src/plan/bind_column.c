/* Columns that a rule overwrites: which operator fits which column (operators.md 4). */
#include "plan/bind.h"

static void key_columns(struct binder *b, const struct cat_table *t, struct anon_column *c)
{
	const struct cat_index *key = cat_primary(t);
	size_t n = key ? key->ncolumns : 0;
	struct anon_key *keys = arena_alloc(b->a, (n + 1) * sizeof(*keys));

	for (size_t i = 0; i < n; i++) {
		keys[i].name = key->columns[i];
		keys[i].base = cat_column(t, key->columns[i])->base;
	}
	c->nkeys = n;
	c->keys = keys;
}

static void column_describe(struct binder *b, const struct cat_table *t, const struct cat_column *c,
			    struct anon_column *ret)
{
	*ret = (struct anon_column){
		.name = c->name, .type = c->type, .base = c->base, .category = c->category,
		.typtype = c->typtype, .basetyptype = c->basetyptype, .not_null = c->not_null,
		.encoding = ANON_UTF8,
	};
	anon_column_modifiers(ret, c->base_type);
	key_columns(b, t, ret);
}

/* What no operator may touch. */
static const char *untouchable(const struct bound *r, const struct cat_column *c)
{
	const struct cat_index *pk = cat_primary(r->table);

	if (c->generated)
		return "a generated column";
	if (c->identity)
		return "an identity column";
	if (streq(c->base, "oid"))
		return "an oid";
	for (size_t i = 0; pk && i < pk->ncolumns; i++)
		if (streq(pk->columns[i], c->name))
			return "part of the primary key";
	for (size_t i = 0; i < r->table->referenced.n; i++)
		for (size_t k = 0; k < r->table->referenced.v[i]->n; k++)
			if (streq(r->table->referenced.v[i]->parent_columns[k], c->name))
				return "the target of a foreign key";
	for (const struct cat_table *t = r->table; t; t = t->parent)
		if (t->range_key && streq(t->range_key, c->name))
			return "a partition key";
	return NULL;
}

static bool clock_has(const struct clock *k, const char *column)
{
	for (size_t i = 0; i < k->n; i++)
		if (streq(k->columns[i].column, column))
			return true;
	return false;
}

static bool is_clock_column(const struct rule *rule, const char *column, bool *start)
{
	*start = clock_has(&rule->start, column);
	if (*start)
		return true;
	for (size_t i = 0; i < rule->nevents; i++)
		if (clock_has(&rule->events[i].clock, column))
			return true;
	return false;
}

static bool is_fkey_child(const struct cat_table *t, const char *column)
{
	for (size_t i = 0; i < t->refers.n; i++)
		for (size_t k = 0; k < t->refers.v[i]->n; k++)
			if (streq(t->refers.v[i]->child_columns[k], column))
				return true;
	return false;
}

static void column_where(struct bound *r, const struct column_op *op)
{
	diag_where(&r->diag, "%s:%d: rule \"%s\", column %s of %s", op->loc.file, op->loc.line, r->rule->name,
		   op->column, r->table->display);
}

static bool column_refuse(struct bound *r, const struct column_op *op, const char *what, const char *allowed)
{
	bound_fail(r, DIAG_CATALOG, "column %s of %s is %s: operator %s does not fit", op->column,
		   r->table->display, what, op->op);
	column_where(r, op);
	diag_hint(&r->diag, "allowed: %s", allowed);
	return false;
}

/* The index that forbids equal values (or conflicting ones) of the column, if any. */
static const struct cat_index *unique_on(const struct cat_table *t, const char *column, bool exclusion)
{
	for (size_t i = 0; i < t->indexes.n; i++) {
		const struct cat_index *ix = &t->indexes.v[i];

		if (!(exclusion ? ix->exclusion : ix->unique))
			continue;
		for (size_t k = 0; k < ix->ntouched; k++)
			if (streq(ix->touched[k], column))
				return ix;
	}
	return NULL;
}

static bool unique_fits(const struct cat_index *ix, const char *op)
{
	if (streq(op, "tombstone"))
		return !ix->expressions || strstr(ix->definition, "lower(") || strstr(ix->definition, "upper(");
	return streq(op, "null") && !ix->nulls_not_distinct;
}

static bool unique_check(struct bound *r, const struct column_op *op)
{
	const struct cat_index *ix = unique_on(r->table, op->column, false);

	if (!ix || unique_fits(ix, op->op))
		return true;
	bound_fail(r, DIAG_CATALOG, "column %s of %s is under the unique index %s: operator %s can give equal values",
		   op->column, r->table->display, ix->name, op->op);
	column_where(r, op);
	diag_hint(&r->diag, "allowed: tombstone%s", ix->nulls_not_distinct ? "" : ", null");
	return false;
}

static bool column_fits(struct bound *r, const struct column_op *op, const struct cat_column *c)
{
	const char *what = untouchable(r, c);
	bool start, clock = is_clock_column(r->rule, c->name, &start);

	if (streq(op->op, "keep"))
		return true;
	if (what)
		return column_refuse(r, op, what, "keep");
	if (clock && !(start && streq(op->op, "trunc")))
		return column_refuse(r, op, start ? "a start column" : "an event column", start ? "keep, trunc" : "keep");
	if (is_fkey_child(r->table, c->name) && !streq(op->op, "null"))
		return column_refuse(r, op, "a foreign key", "keep, null");
	if (!unique_check(r, op))
		return false;
	if (unique_on(r->table, c->name, true) && !streq(op->op, "null"))
		return column_refuse(r, op, "under an exclusion constraint", "keep, null");
	return true;
}

static bool bind_column(struct binder *b, struct bound *r, const struct column_op *op)
{
	const struct cat_column *c = cat_column(r->table, op->column);
	struct anon_column *described = arena_alloc(b->a, sizeof(*described));
	struct diag d = DIAG_INIT;
	struct anon *an;

	if (!c) {
		bound_fail(r, DIAG_CATALOG, "column %s does not exist in %s", op->column, r->table->display);
		column_where(r, op);
		diag_hint(&r->diag, "columns are the catalogue's own names, unquoted");
		return false;
	}
	if (!column_fits(r, op, c))
		return false;
	column_describe(b, r->table, c, described);
	if (!anon_bind(b->a, op, described, &an, &d)) {
		bound_fail(r, DIAG_CATALOG, "%s", d.message);
		column_where(r, op);
		diag_hint(&r->diag, "%s", d.hint);
		return false;
	}
	if (anon_face(an) != ANON_KEEPS)
		vec_push(b->a, &r->ops, an);
	return true;
}

bool bind_columns(struct binder *b, struct bound *r)
{
	const struct rule *rule = r->rule;
	bool part = rule->action == ACTION_QUARANTINE && rule->ncolumns;
	bool ok = true;

	r->stage = FINDING_COLUMNS;
	r->removes = rule->action == ACTION_DELETE || (rule->action == ACTION_QUARANTINE && !part);
	for (size_t i = 0; i < rule->ncolumns; i++)
		ok &= bind_column(b, r, &rule->columns[i]);
	if (!ok)
		return false;
	if ((rule->action == ACTION_ANONYMIZE || part) && !r->ops.n)
		return bound_fail(r, DIAG_CATALOG, "action %s overwrites no column: every one is kept",
				  action_word(rule->action));
	if (part && !cat_key(r->table))
		return bound_fail(r, DIAG_CATALOG, "%s has no key: single columns could not be released again",
				  r->table->display);
	return true;
}
