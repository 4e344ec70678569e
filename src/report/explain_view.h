/* Why one row is kept or due (interface.md 4, "pgretain.explain/1"). The only report that shows values:
 * the key and the dates that were asked about. All text is borrowed. */
#ifndef PGRETAIN_REPORT_EXPLAIN_VIEW_H
#define PGRETAIN_REPORT_EXPLAIN_VIEW_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

struct key_value {
	const char *column, *value;	/* value NULL: SQL NULL */
};

struct term_view {
	const char *term;		/* "floor" or "standard" */
	const char *name;		/* standards; else NULL */
	const char *basis;		/* floors: the law; else NULL */
	const char *start_column;	/* the column that was used; NULL: none had a value */
	const char *start;		/* its instant; NULL */
	const char *keep;		/* "3 years"; NULL for an until-column */
	const char *end;		/* NULL: not known */
	const char *remark;		/* e.g. "no start event yet"; NULL */
	const char *purpose;		/* standards; NULL */
	bool wins;			/* the latest end: this one decides */
};

struct hold_view {
	const char *hold;		/* UUID */
	const char *scope;		/* "table", "subject", … */
	const char *reason;
};

struct explain_view {
	const char *rule, *table, *class_name, *action, *zone;
	size_t nkeys, nterms, nholds, nnotes;
	const struct key_value *keys;
	const char *as_of;
	const char *state;		/* kept due indeterminate future anomalous held blocked already outside */
	bool waits;			/* kept by a request or an approved ground alone: the notes say which */
	const char *due;		/* NULL */
	const char *due_local;		/* the same as the zone's clocks show it; NULL */
	const char *winner;		/* "floor:E-commerce Law …", "standard:complaints"; NULL */
	const struct term_view *terms;
	const struct hold_view *holds;
	const char *const *notes;	/* what would happen tonight, remarks */
};

json_t *explain_view_json(const struct explain_view *v) must_use;
void explain_view_text(const struct explain_view *v, const struct text_style *st, struct strbuf *sb);

#endif
