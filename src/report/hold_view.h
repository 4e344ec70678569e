/* How wide a legal hold is, as `plan` and `hold list` show it. All text is borrowed; no person is named. */
#ifndef PGRETAIN_REPORT_HOLD_VIEW_H
#define PGRETAIN_REPORT_HOLD_VIEW_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

struct width_rule {
	const char *rule, *table;
	int64_t rows;			/* under the hold */
	int64_t outside;		/* with a rule of their own, and refer to a row under it */
	bool unknown;			/* the rule does not fit, or the server refuses the question */
};

struct hold_width {
	const char *hold;		/* UUID */
	const char *scope, *reason;
	const char *target;		/* rule or class; NULL */
	int64_t rows;			/* of all rules; a row under two rules counts with both */
	VEC(struct width_rule) rules;	/* rules with rows or outside, or unknown */
};

json_t *hold_widths_json(size_t n, const struct hold_width *w) must_use;
/* A paragraph a hold under a title; nothing for none. */
void hold_widths_text(size_t n, const struct hold_width *w, const struct text_style *st, struct strbuf *sb);

/* Keys rows, rules, outside; w NULL: not counted. */
void hold_width_put(json_t *object, const struct hold_width *w);
/* "orders 4, items 8" */
void hold_width_parts(struct strbuf *sb, const struct hold_width *w, bool outside);

#endif
