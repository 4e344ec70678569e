/* What erase and the nightly step tell: one object, or one text, however many batches were worked on. */
#ifndef PGRETAIN_CMD_ERASURE_REPORT_H
#define PGRETAIN_CMD_ERASURE_REPORT_H

#include "cmd/erasure_run.h"
#include "report/notice_view.h"
#include "report/recurrence_view.h"

struct erasure_report {
	struct ctx *ctx;
	const char *database, *as_of;		/* as_of: RFC 3339 */
	const char *run, *fingerprint;		/* of the first batch; NULL: none, a dry run */
	VEC(struct rule_view) rules;
	json_t *requests;
	struct strbuf text;
	const struct recurrences *recurrences;	/* NULL: nobody has looked */
	const struct notices *notices;		/* NULL: none were delivered */
	double seconds;
	bool interrupted;
	bool printed;				/* the text's beginning */
	bool silent;				/* set by the caller: nothing is gathered of single requests, nothing printed */
};

void erasure_report_init(struct erasure_report *t, struct ctx *ctx, const struct database *db);
/* A batch that was carried out, or in a dry run what would be. */
void erasure_report_add(struct erasure_report *t, struct erasure *e, const struct erasure_run *r);
/* Prints it, and is done with it. A text with nothing to tell is not printed; a long one is printed as it grows. */
void erasure_report_print(struct erasure_report *t, int exit);

#endif
