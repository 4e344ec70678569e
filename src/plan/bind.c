#include "plan/bind.h"

#include "plan/anonymity.h"
#include "plan/subject.h"

#include <stdarg.h>

bool bound_fail(struct bound *b, enum diag_class cls, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (b->failed)
		vec_push(b->a, &b->earlier, ((struct bound_fault){ b->finding, b->diag }));
	b->failed = true;
	b->finding = b->stage;
	diag_fail(&b->diag, cls, "%s", text);
	diag_where(&b->diag, "%s:%d: rule \"%s\"", b->rule->loc.file, b->rule->loc.line, b->rule->name);
	return false;
}

const struct diag *bound_fault(const struct bound *b)
{
	return b->earlier.n ? &b->earlier.v[0].diag : &b->diag;
}

struct bound *bind_rule(struct binder *b, const char *name)
{
	for (size_t i = 0; i < b->nrules; i++)
		if (streq(b->rules[i].rule->name, name))
			return &b->rules[i];
	return NULL;
}

/* ---- the table ---- */

static const char *kind_word(char kind)
{
	switch (kind) {
	case 'v': return "a view";
	case 'm': return "a materialized view";
	case 'f': return "a foreign table";
	case 'S': return "a sequence";
	case 'i': case 'I': return "an index";
	case 'c': return "a composite type";
	}
	return "not a table";
}

/* Which keys, holds and rules mean its rows depends on the way by which one comes there. */
static void refuse_several(struct bound *r, const struct cat_table *t)
{
	bound_fail(r, DIAG_CATALOG, "%s inherits from several tables: no rule acts on its rows%s%s", t->display,
		   t == r->table ? "" : ", be it by way of ", t == r->table ? "" : r->table->display);
	diag_hint(&r->diag, "%sALTER TABLE … NO INHERIT … leaves it one parent",
		  table_within(r->table, t) ? "" : "only = true leaves it out; or ");
}

static void add_leaves(struct binder *b, struct bound *r, struct cat_table *t, bool descend)
{
	if (t->kind == 'f') {
		bound_fail(r, DIAG_CATALOG, "%s holds the foreign table %s", r->table->display, t->display);
		diag_hint(&r->diag, "rules act on this server's own tables: detach it, or rule on the partitions by name");
		return;
	}
	for (const struct cat_table *up = t; up; up = up->parent) {
		if (up->of_several) {
			refuse_several(r, up);
			return;
		}
	}
	if (t->kind != 'p')
		vec_push(b->a, &r->leaves, t);
	for (size_t i = 0; descend && i < t->children.n; i++)
		add_leaves(b, r, t->children.v[i], true);
}

static bool bind_table(struct binder *b, struct bound *r)
{
	r->stage = FINDING_TABLE;
	r->table = b->cat->named[r->index];
	if (!r->table) {
		bound_fail(r, DIAG_CATALOG, "table %s does not exist", r->rule->table);
		diag_hint(&r->diag, "write it as in SQL, with its schema; names with capitals in quotes");
		return false;
	}
	if (r->table->kind != 'r' && r->table->kind != 'p') {
		bound_fail(r, DIAG_CATALOG, "%s is %s", r->table->display, kind_word(r->table->kind));
		diag_hint(&r->diag, "rules act on tables: name the table that holds the rows");
		return false;
	}
	if (streq(r->table->schema, "pgretain") || streq(r->table->schema, "pgretain_vault"))
		return bound_fail(r, DIAG_CATALOG, "%s is pgretain's own: retention never touches the ledger",
				  r->table->display);
	add_leaves(b, r, r->table, r->table->kind == 'p' || !r->rule->only);
	return !r->failed;
}

/* ---- follows ---- */

static const struct cat_fkey *follow_key(struct bound *r, const struct bound *parent)
{
	const struct cat_fkey *found = NULL;

	for (size_t i = 0; i < r->table->refers.n; i++) {
		const struct cat_fkey *f = r->table->refers.v[i];

		if (f->parent != parent->table || (r->rule->via && !streq(f->name, r->rule->via)))
			continue;
		if (found) {
			bound_fail(r, DIAG_CATALOG, "%s refers to %s by several foreign keys", r->table->display,
				   parent->table->display);
			diag_hint(&r->diag, "say which: via = \"%s\" or via = \"%s\"", found->name, f->name);
			return NULL;
		}
		found = f;
	}
	if (!found) {
		bound_fail(r, DIAG_CATALOG, "%s has no foreign key%s%s to %s, the table of rule \"%s\"",
			   r->table->display, r->rule->via ? " named " : "", r->rule->via ? r->rule->via : "",
			   parent->table->display, parent->rule->name);
		diag_hint(&r->diag, "`follows` needs a foreign key of the catalogue");
	}
	return found;
}

static bool bind_follows(struct binder *b, struct bound *r)
{
	if (!r->rule->follows)
		return true;
	r->stage = FINDING_FOLLOWS;
	r->parent = bind_rule(b, r->rule->follows);
	if (r->parent->failed || !r->parent->table) {
		r->stage = FINDING_CHAIN;
		return bound_fail(r, DIAG_CATALOG, "it follows rule \"%s\", which failed", r->parent->rule->name);
	}
	r->via = follow_key(r, r->parent);
	if (!r->via)
		return false;
	if (r->parent->removes && !r->removes) {
		bound_fail(r, DIAG_CATALOG, "its rows stay (%s), but refer to rows of rule \"%s\" that go",
			   action_word(r->rule->action), r->parent->rule->name);
		diag_hint(&r->diag, "let this rule delete or quarantine, or give it a class and start of its own");
		return false;
	}
	r->root = r->parent->root;
	vec_push(b->a, &r->parent->followers, r);
	return true;
}

/* Parents before followers, whatever the order of the files. */
static void bind_follows_all(struct binder *b)
{
	bool *done = arena_alloc(b->a, (b->nrules + 1) * sizeof(*done));

	for (size_t round = 0; round < b->nrules; round++) {
		for (size_t i = 0; i < b->nrules; i++) {
			struct bound *r = &b->rules[i];
			struct bound *parent = r->rule->follows ? bind_rule(b, r->rule->follows) : NULL;

			if (done[i] || (parent && !done[parent->index]))
				continue;
			done[i] = true;
			if (!r->failed)
				bind_follows(b, r);
		}
	}
}

/* ---- all ---- */

static bool load_catalog(struct binder *b, struct diag *d)
{
	const char **names = arena_alloc(b->a, (b->nrules + 1) * sizeof(*names));

	for (size_t i = 0; i < b->nrules; i++)
		names[i] = b->plan->db->rules[i].table;
	return catalog_load(b->conn, b->a, names, b->nrules, &b->cat, d);
}

/* A chain stands or falls together: its rows go in one transaction. */
static void fail_chains(struct binder *b)
{
	for (size_t i = 0; i < b->nrules; i++)
		b->rules[i].stage = FINDING_CHAIN;
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		for (struct bound *p = r->parent; r->failed && p && !p->failed; p = p->parent)
			bound_fail(p, DIAG_CATALOG, "rule \"%s\", which follows it, failed", r->rule->name);
	}
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		if (!r->failed && r->root->failed)
			bound_fail(r, DIAG_CATALOG, "it follows rule \"%s\", which failed", r->root->rule->name);
	}
}

bool bind_rules(struct binder *b, struct diag *d)
{
	b->nrules = b->plan->db->nrules;
	b->rules = arena_alloc(b->a, (b->nrules + 1) * sizeof(*b->rules));
	if (!load_catalog(b, d))
		return false;
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		r->a = b->a;
		r->rule = &b->plan->db->rules[i];
		r->index = i;
		r->root = r;
		if (!bind_table(b, r))
			continue;
		if (!r->rule->follows && !(r->rule->base && r->rule->base->follows) && !bind_pred(b, r, d))
			return false;
		bind_columns(b, r);
		bind_anonymity(r);
	}
	bind_follows_all(b);
	for (size_t i = 0; i < b->nrules; i++)
		b->rules[i].base = b->rules[i].rule->base ? bind_rule(b, b->rules[i].rule->base->name) : NULL;
	if (!bind_subjects(b, d))
		return false;
	for (size_t i = 0; i < b->nrules; i++)
		if (b->rules[i].table && b->rules[i].removes)
			bind_edges(b, &b->rules[i]);
	fail_chains(b);
	return true;
}
