/* Notices to recipients, as erase, the nightly step and `request notify` tell of them. All text is borrowed. */
#ifndef PGRETAIN_REPORT_NOTICE_VIEW_H
#define PGRETAIN_REPORT_NOTICE_VIEW_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

struct notice_view {
	const char *notice, *request;	/* UUIDs */
	const char *recipient, *state;
	const char *reason;		/* why the command came to no end of its own; NULL */
	int64_t attempts, exit;		/* exit -1: none */
};

struct notices {
	VEC(struct notice_view) tried;
	int64_t failed;			/* of all that were asked about: a human has to look */
};

json_t *notices_json(const struct notices *n) must_use;
/* Nothing where nothing was tried and nothing failed. */
void notices_text(const struct notices *n, const struct text_style *st, struct strbuf *sb);

#endif
