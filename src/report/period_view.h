/* What was done in a stretch of time, as the ledger tells it ("pgretain.report/1"), in text, JSON and
 * HTML. All text is borrowed; instants are RFC 3339 in UTC. */
#ifndef PGRETAIN_REPORT_PERIOD_VIEW_H
#define PGRETAIN_REPORT_PERIOD_VIEW_H

#include "base/arena.h"
#include "report/json.h"
#include "report/text.h"

struct past_run {
	const char *run;		/* UUID */
	const char *job;		/* NULL: started by hand */
	const char *started;
	const char *ended;		/* NULL: has not ended */
	const char *state;		/* "done", "interrupted", "running" */
	const char *exit;		/* number as text; NULL: not known */
	const char *as_of, *actor;	/* NULL: not known */
	int64_t rows;			/* of its batches */
	double seconds;			/* until it ended; 0 if it has not */
};

struct past_work {
	const char *rule, *table, *action;	/* rule NULL: none */
	int64_t rows, runs;
	const char *last;		/* instant of the newest entry */
};

struct past_trouble {
	const char *run, *rule, *table, *at;
	const char *status;		/* "failed" or "skipped" */
	const char *sqlstate, *reason;	/* NULL: none */
};

struct next_job {
	const char *job, *schedule, *zone;
	const char *start;		/* NULL: never */
};

struct store_state {			/* backups, as they were listed last */
	const char *store;
	int64_t sets, holds, isolated, overdue, requests;
	const char *until;		/* when the last of those that hold something is expected to go */
	const char *trouble;		/* of the last listing */
	const json_t *findings;		/* array of sentences; borrowed */
};

struct period_view {
	const char *database, *since, *until;
	int64_t entries;		/* of the whole ledger */
	const char *head;		/* "sha256:…" */
	bool holds_known;		/* false: this role may not look at holds */
	int64_t holds_open, holds_overdue;	/* overdue: the review date has passed */
	size_t nruns, nwork, ntroubles, njobs, nnotes, nstores;
	const struct past_run *runs;
	const struct past_work *work;
	const struct past_trouble *troubles;
	const struct next_job *jobs;
	const struct store_state *stores;
	const char *const *notes;
};

json_t *period_view_json(const struct period_view *v) must_use;
void period_view_text(const struct period_view *v, const struct text_style *st, struct strbuf *sb);
/* A page of its own, without scripts and without anything loaded from elsewhere. */
void period_view_html(const struct period_view *v, struct strbuf *sb);

#endif
