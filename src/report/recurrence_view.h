/* Erased people who are in the tables again, as run, erase and the nightly step show them. All text is borrowed; no
 * person is named: the request is what leads to them. */
#ifndef PGRETAIN_REPORT_RECURRENCE_VIEW_H
#define PGRETAIN_REPORT_RECURRENCE_VIEW_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

struct recurrence_view {
	const char *request;		/* that erased them */
	VEC(const char *) identifiers;	/* names */
	VEC(const char *) tables;	/* as in SQL */
	int64_t rows, people;		/* rows that show an identifier; different keys that they name */
	bool same_key;			/* one of these is the key that was erased: the old row came back */
	bool reopened;
	const char *why_not;		/* reopening is configured, and was not possible; NULL: it was, or is not */
};

struct recurrences {
	bool checked;
	int64_t compared;		/* digests */
	int64_t incomparable;		/* made with another key or normalisation, or of an identifier that is gone */
	int64_t expired;
	int64_t waiting;		/* requests that were reopened, now or before, and not assessed yet */
	VEC(struct recurrence_view) found;
};

/* "recurrences" and "suppression" of interface "pgretain.run/1"; nothing unless checked. */
void recurrences_put(json_t *object, const struct recurrences *r);
/* Nothing where nothing was found. */
void recurrences_text(const struct recurrences *r, const struct text_style *st, struct strbuf *sb);
/* Does a human have to look? */
bool recurrences_need_human(const struct recurrences *r);

#endif
