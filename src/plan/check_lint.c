/* What works, and surprises: told from configuration and catalogue alone. */
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

void check_lint(struct checker *k, struct bound *r)
{
	lint_keys(k, r);
}
