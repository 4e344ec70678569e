/* What works, and surprises: told from configuration and catalogue alone. */
#include "plan/check_body.h"
#include "plan/check_parts.h"

#include "pg/tmpl.h"

/* ---- foreign keys without an index ---- */

static void note_unindexed(struct checker *k, struct bound *r, const struct cat_fkey *f)
{
	AUTO_STRBUF columns = STRBUF_INIT;
	AUTO_STRBUF remedy = STRBUF_INIT;

	if (f->indexed)
		return;
	for (size_t i = 0; i < f->n; i++) {
		strbuf_adds(&columns, i ? ", " : "");
		sql_ident(&columns, f->child_columns[i]);
	}
	strbuf_addf(&remedy, "CREATE INDEX %sON %s (%s)", f->child->kind == 'p' ? "" : "CONCURRENTLY ",
		    f->child->display, strbuf_str(&columns));
	check_note(k, &(struct note){ .id = FINDING_FK_UNINDEXED, .rule = r, .object = f->child->display,
		.remedy = strbuf_str(&remedy) },
		"foreign key %s of %s to %s has no index on (%s)", f->name, f->child->display, f->parent->display,
		strbuf_str(&columns));
}

static void lint_edges(struct checker *k, struct bound *r, const edge_vec *edges)
{
	for (size_t i = 0; i < edges->n; i++) {
		note_unindexed(k, r, edges->v[i].fkey);
		lint_edges(k, r, &edges->v[i].sub);
	}
}

static void lint_keys(struct checker *k, struct bound *r)
{
	lint_edges(k, r, &r->edges);
	for (size_t i = 0; !r->removes && i < r->followers.n; i++)
		note_unindexed(k, r, r->followers.v[i]->via);
}

/* ---- the start event ---- */

static const char *plain(char *buf, size_t size, const char *name)
{
	size_t n = 0;

	for (; *name && n + 1 < size; name++)
		if (*name != '_' && *name != ' ' && *name != '-')
			buf[n++] = *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name;
	buf[n] = '\0';
	return buf;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && streq(s + n - m, suffix);
}

/* A name that says "this changes with the row". */
static bool looks_mutable(const char *column)
{
	static const char *const starts[] = { "updated", "modified", "lastmod", "lastupdate", "lastchange", "update" };
	static const char *const ends[] = { "updated", "modified" };
	static const char *const whole[] = { "changed", "mtime", "touchedat", "modifytime", "updatetime", "modts" };
	char buf[64];
	const char *p = plain(buf, sizeof(buf), column);

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (has_prefix(p, starts[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (has_suffix(p, ends[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (streq(p, whole[i]))
			return true;
	return has_prefix(column, "last_") || has_prefix(column, "Last") || has_prefix(column, "last ");
}

static void lint_start(struct checker *k, struct bound *r)
{
	const struct clock *start = &r->rule->start;

	for (size_t i = 0; i < start->n && !r->rule->mutable_start; i++) {
		const char *column = start->columns[i].column;

		if (looks_mutable(column))
			check_note(k, &(struct note){ .id = FINDING_MUTABLE_START, .rule = r, .loc = &start->columns[i].loc,
				.object = arena_printf(k->b->a, "column %s of %s", column, r->table->display),
				.remedy = "start at an event that happens once; if this one does: mutable_start = true" },
				"start column %s of %s looks as if it changed with the row", column, r->table->display);
	}
}

/* ---- the condition ---- */

static void lint_where(struct checker *k, struct bound *r)
{
	static const char *const moving[] = {
		"now", "random", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday",
		"current_timestamp", "current_date", "current_time", "localtimestamp", "localtime", "nextval",
		"gen_random_uuid", "current_user", "session_user", "current_setting", "txid_current",
	};
	body_words words = { NULL, 0, 0 };

	if (!r->rule->where)
		return;
	body_words_of(k->b->a, r->rule->where, &words);
	for (size_t i = 0; i < words.n; i++)
		for (size_t j = 0; j < ARRAY_SIZE(moving); j++)
			if (streq(words.v[i], moving[j])) {
				check_note(k, &(struct note){ .id = FINDING_WHERE_VOLATILE, .rule = r,
					.remedy = "leave time to the class: start and keep" },
					"`where` of rule \"%s\" uses %s", r->rule->name, moving[j]);
				return;
			}
}

/* ---- the rest ---- */

static void lint_placeholders(struct checker *k, struct bound *r)
{
	for (size_t i = 0; i < r->ops.n; i++)
		if (anon_looks_personal(r->ops.v[i]))
			check_note(k, &(struct note){ .id = FINDING_PLACEHOLDER, .rule = r,
				.object = arena_printf(k->b->a, "column %s of %s", anon_column(r->ops.v[i])->name, r->table->display),
				.remedy = "write a constant that says nothing, or use tombstone for values that must differ" },
				"the constant for column %s of %s looks like a template", anon_column(r->ops.v[i])->name,
				r->table->display);
}

static void lint_unlogged(struct checker *k, struct bound *r)
{
	for (size_t i = 0; i < r->leaves.n; i++)
		if (r->leaves.v[i]->persistence == 'u')
			check_note(k, &(struct note){ .id = FINDING_UNLOGGED, .rule = r, .object = r->leaves.v[i]->display },
				"%s is unlogged", r->leaves.v[i]->display);
}

void check_lint(struct checker *k, struct bound *r)
{
	lint_keys(k, r);
	lint_start(k, r);
	lint_where(k, r);
	lint_placeholders(k, r);
	lint_unlogged(k, r);
}

/* ---- several rules on one table ---- */

static void note_overlap(struct checker *k, struct bound *r, struct bound *o)
{
	bool partly = r->rule->where || o->rule->where;

	if (r->rule->where && o->rule->where)
		return;
	check_note(k, &(struct note){ .id = partly ? FINDING_OVERLAP_PARTLY : FINDING_OVERLAP, .rule = r,
		.object = r->table->display, .remedy = "give each a `where` that leaves the other's rows alone, or keep one" },
		r->table == o->table ? "rules \"%s\" and \"%s\" both remove rows of %s" :
		"rules \"%s\" and \"%s\" both remove rows of %s, which is part of the other's table",
		r->rule->name, o->rule->name, r->table->display);
}

/* The table of r is o's, or part of it. */
void check_overlap(struct checker *k)
{
	for (size_t i = 0; i < k->b->nrules; i++) {
		struct bound *r = &k->b->rules[i];

		for (size_t j = 0; j < k->b->nrules; j++) {
			struct bound *o = &k->b->rules[j];

			if (!r->table || !o->table || r == o || !r->removes || !o->removes)
				continue;
			if (!table_within(r->table, o->table) || (r->table == o->table && i < j))
				continue;
			if (r->table != o->table && o->table->kind == 'r' && o->rule->only)
				continue;
			note_overlap(k, r, o);
		}
	}
}
