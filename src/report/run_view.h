/* What a plan would do, or a run did: one struct, two faces (interface.md 4, "pgretain.run/1").
 * Filled by cmd/ from the plan and its outcome; all text is borrowed. */
#ifndef PGRETAIN_REPORT_RUN_VIEW_H
#define PGRETAIN_REPORT_RUN_VIEW_H

#include "base/arena.h"
#include "model/policy.h"
#include "report/hold_view.h"
#include "report/json.h"
#include "report/recurrence_view.h"
#include "report/text.h"

enum rule_status { RULE_DONE, RULE_SKIPPED, RULE_FAILED };

struct table_count {
	const char *table;
	int64_t n;
};

struct rule_view {
	const char *rule;
	const char *table;		/* as in SQL, quoted where needed */
	const char *class_name;		/* NULL: none */
	enum action action;
	const char *cutoff;		/* RFC 3339; NULL where several terms or types decide */
	/* due is the sum of the nine below it, in a plan (what would happen) and in a run alike. */
	int64_t due;
	int64_t deleted, anonymized, quarantined, held, blocked, deferred, failed, skipped, changed;
	int64_t indeterminate, future, anomalous;	/* not due */
	int64_t already;				/* in their final state before: not due any more */
	size_t ncascaded, nunset, nnotes;
	const struct table_count *cascaded, *unset;	/* a table named twice is added up */
	const char *const *notes;			/* warnings and remarks, one sentence each */
	/* rules that overwrite columns; the keys are null for others */
	const char *result;		/* "anonymized", "pseudonymized"; NULL: no row is concerned */
	bool measured, k_at_most;	/* at most: rows without a subject count as a person each */
	int64_t k, small, l, suppressed;	/* l -1: not asked for */
	size_t nreasons;
	const char *const *reasons;	/* why it is only pseudonymized */
	const char *strategy;		/* "pages", "index", "partition"; NULL: nothing to do */
	const char *strategy_reason;	/* NULL: none */
	enum rule_status status;
	const char *reason;		/* why it was skipped or failed; NULL when done */
	double seconds;
	int64_t wal_bytes, transactions;
};

/* `simulate`: what a plan under other periods is compared with. */
struct simulated_class {
	const char *class_name;
	const char *standard;		/* NULL: the class's floors, or its standards where it has no floor */
	const char *keep, *was;		/* "2 years", "3 years" */
};

struct simulated_rule {
	const char *rule;
	int64_t due, acted;		/* under the present configuration */
	bool shorter;			/* a run of it would need a confirmation, which the present one does not */
};

struct simulated_view {
	size_t nclasses;
	const struct simulated_class *classes;
	const struct simulated_rule *rules;	/* as many as the plan has, in its order */
};

struct run_view {
	bool is_run;			/* else a plan */
	const char *run;		/* UUID; NULL in a plan */
	const char *database;
	const char *as_of;		/* RFC 3339 in UTC */
	const char *fingerprint;	/* "sha256:…" */
	size_t nrules, nnotes;
	const struct rule_view *rules;	/* in the order of execution */
	const char *const *notes;	/* of the whole run */
	bool needs_confirmation;	/* a first run, or a class that became shorter */
	bool over_ceiling;		/* max_rows, max_percent or keep_newest stopped a rule */
	bool interrupted;
	const char *invocation;		/* "pgretain --config …", for what to type next; NULL: "pgretain" */
	size_t nholds;
	const struct hold_width *holds;	/* in a plan: the holds in force */
	const struct simulated_view *simulated;		/* NULL: the configuration as it is */
	const struct recurrences *recurrences;		/* NULL: nobody has looked */
	double seconds;
	int exit;
};

bool rule_view_balances(const struct rule_view *r);
/* deleted + anonymized + quarantined */
int64_t rule_view_acted(const struct rule_view *r);

json_t *run_view_json(const struct run_view *v) must_use;
void run_view_text(const struct run_view *v, const struct text_style *st, struct strbuf *sb);

#endif
