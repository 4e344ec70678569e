/* Which tables the rules are about, and which personal-looking columns nobody decided about
 * ("pgretain.coverage/1"). Names only. All text is borrowed. */
#ifndef PGRETAIN_REPORT_COVERAGE_VIEW_H
#define PGRETAIN_REPORT_COVERAGE_VIEW_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

enum coverage_state { COVERAGE_RULED, COVERAGE_EXEMPT, COVERAGE_UNCOVERED };

struct coverage_rule {
	const char *rule, *action;
	bool whole;			/* the row goes; else `columns` are decided about */
	bool cascade;			/* with rows of another table, by that rule's `children` */
	bool failed;			/* does not fit the catalogue: covers nothing */
	bool subject;			/* leads from rows to people, or says why none can */
	size_t ncolumns;
	const char **columns;
};

struct coverage_table {
	const char *table;
	enum coverage_state state;
	const char *reason;		/* of an exempt one */
	VEC(struct coverage_rule) rules;
	VEC(const char *) personal;	/* columns that look personal */
	VEC(const char *) open;		/* those of them that nobody decided about */
};

struct coverage_view {
	const char *database;
	VEC(const char *) schemas;
	VEC(struct coverage_table) tables;
	int exit;
};

/* Columns that look personal, and those of them that are open. */
void coverage_columns(const struct coverage_view *v, int64_t *personal, int64_t *open);

json_t *coverage_view_json(const struct coverage_view *v) must_use;
void coverage_view_text(const struct coverage_view *v, const struct text_style *st, struct strbuf *sb);

#endif
