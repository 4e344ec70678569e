/* Names in the configuration that binding does not touch: columns of later commands, exemptions, mentions
 * of foreign keys, conditions. */
#include "plan/check_parts.h"

#include "pg/tmpl.h"

/* ---- columns ---- */

static void need_column(struct checker *k, struct bound *r, const struct srcloc *loc, const char *key,
			const char *column)
{
	if (!column || cat_column(r->table, column))
		return;
	check_note(k, &(struct note){ .id = FINDING_NAME_MISSING, .rule = r, .loc = loc,
		.remedy = "columns are the catalogue's own names, unquoted" },
		"%s: column %s does not exist in %s", key, column, r->table->display);
}

static void need_columns(struct checker *k, struct bound *r, const struct srcloc *loc, const char *key,
			 const char *const *columns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		need_column(k, r, loc, key, columns[i]);
}

static void look_at_columns(struct checker *k, struct bound *r)
{
	const struct anonymity *an = &r->rule->anonymity;

	for (size_t i = 0; i < r->rule->nsubjects; i++) {
		const struct subject_path *p = &r->rule->subjects[i];

		need_column(k, r, &p->loc, "subject", p->column);
		need_column(k, r, &p->loc, "subject", p->at);
	}
	need_column(k, r, &an->loc, "anonymity", an->subject);
	need_columns(k, r, &an->loc, "anonymity: quasi", an->quasi, an->nquasi);
	need_columns(k, r, &an->loc, "anonymity: suppress", an->suppress, an->nsuppress);
	need_columns(k, r, &an->loc, "anonymity: sensitive", an->sensitive, an->nsensitive);
}

/* ---- conditions ---- */

static bool probe_condition(struct checker *k, struct bound *r, const struct srcloc *loc, const char *key,
			    const char *condition, struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	bool refused;

	if (!condition)
		return true;
	strbuf_adds(&sb, "SELECT 1 FROM ");
	render_from(&sb, r, "t");
	strbuf_addf(&sb, " WHERE (\n%s\n) LIMIT 0", condition);
	if (check_probe(k, strbuf_str(&sb), NO_PARAMS, &res, &refused, d))
		return true;
	/* a missing right is told by what looks at rights */
	if (refused && !streq(d->sqlstate, "42501"))
		check_note(k, &(struct note){ .id = FINDING_WHERE, .rule = r, .loc = loc,
			.remedy = "try it in psql with search_path = pg_catalog: other names need their schema" },
			"the server refuses %s of rule \"%s\" (%s)", key, r->rule->name, d->message);
	return refused;
}

bool check_where(struct checker *k, struct bound *r, struct diag *d)
{
	look_at_columns(k, r);
	if (!probe_condition(k, r, NULL, "`where`", r->rule->where, d))
		return false;
	for (size_t i = 0; i < r->rule->nsubjects; i++)
		if (!probe_condition(k, r, &r->rule->subjects[i].loc, "`when`", r->rule->subjects[i].when, d))
			return false;
	return true;
}

/* ---- mentions of children ---- */

static bool mentions(const struct child *m, const struct bound *r, const struct cat_fkey *f)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (m->constraint && !streq(m->constraint, f->name))
		return false;
	strbuf_addf(&sb, "%s.%s", f->child->schema, f->child->name);
	return streq(m->table, f->child->display) || streq(m->table, strbuf_str(&sb)) ||
		(streq(m->table, f->child->name) && streq(f->child->schema, r->table->schema));
}

static bool mentioned_in(const struct child *m, const struct bound *r, const edge_vec *edges)
{
	for (size_t i = 0; i < edges->n; i++)
		if (mentions(m, r, edges->v[i].fkey) || mentioned_in(m, r, &edges->v[i].sub))
			return true;
	return false;
}

void check_mentions(struct checker *k, struct bound *r)
{
	for (size_t i = 0; r->removes && i < r->rule->nchildren; i++) {
		const struct child *m = &r->rule->children[i];

		if (!mentioned_in(m, r, &r->edges))
			check_note(k, &(struct note){ .id = FINDING_NAME_STALE, .rule = r, .loc = &m->loc,
				.remedy = "take it out of `children`, or right the name" },
				"children: no foreign key%s%s of %s refers to %s or to what cascades from it",
				m->constraint ? " " : "", m->constraint ? m->constraint : "", m->table, r->table->display);
	}
}

/* ---- exemptions and identifiers ---- */

static bool look_at_exempts(struct checker *k, struct diag *d)
{
	const struct database *db = k->b->plan->db;
	bool any;

	if (!db->nexempts)
		return true;
	if (!check_exempt(k, 0, &any, d))
		return false;
	for (size_t i = 0; any && i < db->nexempts; i++)
		if (!k->exempts.v[i])
			check_note(k, &(struct note){ .id = FINDING_NAME_STALE, .loc = &db->exempts[i].loc,
				.remedy = "take it out of `exempt`, or right the name" },
				"exempt: table %s does not exist", db->exempts[i].table);
	return true;
}

static void look_at_identifier(struct checker *k, const struct identifier *id, const struct cat_table *t,
			       const char *table)
{
	const char *const columns[] = { id->column, id->subject, id->valid_from, id->valid_until };

	if (!t)
		check_note(k, &(struct note){ .id = FINDING_NAME_MISSING, .loc = &id->loc,
			.remedy = "write it as in SQL, with its schema" },
			"identifier %s: table %s does not exist", id->name, table);
	for (size_t i = 0; t && i < ARRAY_SIZE(columns); i++)
		if (columns[i] && !cat_column(t, columns[i]))
			check_note(k, &(struct note){ .id = FINDING_NAME_MISSING, .loc = &id->loc,
				.remedy = "columns are the catalogue's own names, unquoted" },
				"identifier %s: column %s does not exist in %s", id->name, columns[i], t->display);
}

static bool look_at_subject(struct checker *k, const struct subject_type *s, struct diag *d)
{
	const char **names = arena_alloc(k->b->a, (s->nidentifiers + 2) * sizeof(*names));
	struct catalog *cat;

	for (size_t i = 0; i < s->nidentifiers; i++)
		names[i] = s->identifiers[i].table ? s->identifiers[i].table : s->root;
	names[s->nidentifiers] = s->root;
	if (!catalog_load(k->b->conn, k->b->a, names, s->nidentifiers + 1, &cat, d))
		return false;
	if (!cat->named[s->nidentifiers])
		check_note(k, &(struct note){ .id = FINDING_NAME_MISSING, .loc = &s->loc,
			.remedy = "write it as in SQL, with its schema" },
			"subject %s: table %s does not exist", s->name, s->root);
	else if (!cat_column(cat->named[s->nidentifiers], s->key))
		check_note(k, &(struct note){ .id = FINDING_NAME_MISSING, .loc = &s->loc,
			.remedy = "columns are the catalogue's own names, unquoted" },
			"subject %s: column %s does not exist in %s", s->name, s->key, s->root);
	for (size_t i = 0; cat->named[s->nidentifiers] && i < s->nidentifiers; i++)
		look_at_identifier(k, &s->identifiers[i], cat->named[i], names[i]);
	return true;
}

static bool has_subject(const struct database *db, const char *type)
{
	for (size_t i = 0; i < db->nrules; i++)
		for (size_t j = 0; j < db->rules[i].nsubjects; j++)
			if (streq(db->rules[i].subjects[j].type, type))
				return true;
	return false;
}

/* Subjects are of the whole configuration: those that no rule of this database names may live elsewhere. */
bool check_names(struct checker *k, struct diag *d)
{
	const struct policy *p = k->b->plan->policy;

	for (size_t i = 0; i < p->nsubjects; i++)
		if (has_subject(k->b->plan->db, p->subjects[i].name) && !look_at_subject(k, &p->subjects[i], d))
			return false;
	return look_at_exempts(k, d);
}
