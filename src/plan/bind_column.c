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

static bool has(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(names[i], name))
			return true;
	return false;
}

/* What no operator may touch. */
static const char *untouchable(const struct cat_table *table, const struct cat_column *c)
{
	const struct cat_index *pk = cat_primary(table);

	if (c->generated)
		return "a generated column";
	if (c->identity)
		return "an identity column";
	if (streq(c->base, "oid"))
		return "an oid";
	if (pk && has(pk->columns, pk->ncolumns, c->name))
		return "part of the primary key";
	for (size_t i = 0; i < table->referenced.n; i++)
		if (has(table->referenced.v[i]->parent_columns, table->referenced.v[i]->n, c->name))
			return "the target of a foreign key";
	for (const struct cat_table *t = table; t; t = t->parent)
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
		if (has(t->refers.v[i]->child_columns, t->refers.v[i]->n, column))
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

/* An index that forbids equal values (or conflicting ones) and is touched by the column. */
static bool concerns(const struct cat_index *ix, const char *column, bool exclusion)
{
	bool payload = !ix->partial && !ix->expressions && has(ix->included, ix->nincluded, column);

	return (exclusion ? ix->exclusion : ix->unique) && !payload && has(ix->touched, ix->ntouched, column);
}

static bool is_excluded(const struct cat_table *t, const char *column)
{
	for (size_t i = 0; i < t->indexes.n; i++)
		if (concerns(&t->indexes.v[i], column, true))
			return true;
	return false;
}

/* The column as such, or folded, is a key column: what differs from row to row, or is NULL, can't meet.
 * Other expressions, and a WHERE that lets rows in, say nothing of the kind. */
static bool unique_fits(const struct cat_index *ix, const char *column, const char *op)
{
	bool key = has(ix->columns, ix->ncolumns, column) || has(ix->folded, ix->nfolded, column);

	return key && (streq(op, "tombstone") || (streq(op, "null") && !ix->nulls_not_distinct));
}

static bool unique_check(struct bound *r, const struct cat_table *t, const struct column_op *op)
{
	for (size_t i = 0; i < t->indexes.n; i++) {
		const struct cat_index *ix = &t->indexes.v[i];

		if (!concerns(ix, op->column, false) || unique_fits(ix, op->column, op->op))
			continue;
		bound_fail(r, DIAG_CATALOG, "column %s of %s is under the unique index %s: operator %s can give equal values",
			   op->column, t->display, ix->name, op->op);
		column_where(r, op);
		diag_hint(&r->diag, "allowed: keep%s%s", unique_fits(ix, op->column, "tombstone") ? ", tombstone" : "",
			  unique_fits(ix, op->column, "null") ? ", null" : "");
		return false;
	}
	return true;
}

static bool column_fits(struct bound *r, const struct cat_table *t, const struct column_op *op,
			const struct cat_column *c)
{
	const char *what = untouchable(t, c);
	bool start, clock = is_clock_column(r->rule, c->name, &start);

	if (streq(op->op, "keep"))
		return true;
	if (what)
		return column_refuse(r, op, what, "keep");
	if (clock && !(start && streq(op->op, "trunc")))
		return column_refuse(r, op, start ? "a start column" : "an event column", start ? "keep, trunc" : "keep");
	if (is_fkey_child(t, c->name) && !streq(op->op, "null"))
		return column_refuse(r, op, "a foreign key", "keep, null");
	if (!unique_check(r, t, op))
		return false;
	if (is_excluded(t, c->name) && !streq(op->op, "null"))
		return column_refuse(r, op, "under an exclusion constraint", "keep, null");
	return true;
}

/* A partition or an inheritance child may be stricter than the table that the rule names. */
static bool leaves_fit(struct binder *b, struct bound *r, const struct column_op *op)
{
	for (size_t i = 0; i < r->leaves.n; i++) {
		const struct cat_table *t = r->leaves.v[i];
		const struct cat_column *c = cat_column(t, op->column);

		if (t == r->table || !c)
			continue;
		if (!column_fits(r, t, op, c))
			return false;
		if (c->not_null && streq(op->op, "null"))
			return column_refuse(r, op, arena_printf(b->a, "NOT NULL in %s", t->display), "another operator");
	}
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
	if (!column_fits(r, r->table, op, c) || !leaves_fit(b, r, op))
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
	if (rule->effect != EFFECT_CLASS && rule->effect != EFFECT_OWN)
		return true;		/* links come to it, by bind_subjects */
	if ((rule->action == ACTION_ANONYMIZE || part) && !r->ops.n)
		bound_fail(r, DIAG_CATALOG, "action %s overwrites no column: every one is kept", action_word(rule->action));
	else if (part && !cat_key(r->table))
		bound_fail(r, DIAG_CATALOG, "%s has no key: single columns could not be released again", r->table->display);
	else
		return true;
	diag_hint(&r->diag, r->ops.n ? "give the table a primary key, or quarantine whole rows: leave `columns` out" :
		  "give a column another operator than keep, or let the rule delete");
	return false;
}

struct anon *bind_null(struct binder *b, const struct cat_table *t, const char *column, const struct column_op **op)
{
	const struct cat_column *c = cat_column(t, column);
	struct anon_column *described = arena_alloc(b->a, sizeof(*described));
	struct column_op *own = arena_alloc(b->a, sizeof(*own));
	struct diag ignored = DIAG_INIT;
	struct anon *an;

	if (!c)
		return NULL;
	*own = (struct column_op){ .column = c->name, .op = "null" };
	*op = own;
	column_describe(b, t, c, described);
	return anon_bind(b->a, own, described, &an, &ignored) ? an : NULL;
}
