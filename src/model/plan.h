/* A plan is data, and it holds the SQL (architecture.md 1).
 *
 * plan/build makes it from policy + catalogue + ledger; exec sends what stands here and nothing
 * else; report shows it. Immutable once built, owned by its arena.
 *
 * Statements of a step share one parameter list ($1 … $n, the step's `params`); what a unit adds
 * comes after it: $n+1 … as said at each statement. Statements name the relation they work on by
 * PLAN_RELATION: partitions and inheritance children of a step differ in nothing else. */
#ifndef PGRETAIN_MODEL_PLAN_H
#define PGRETAIN_MODEL_PLAN_H

#include "base/diag.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "model/form.h"
#include "model/policy.h"

#define PLAN_RELATION '\2'

struct plan_stmt {
	const char *text;		/* NULL: the step has no such statement */
};
/* The statement with the relation's quoted name in its places. */
void plan_stmt_for(const struct plan_stmt *s, const char *relation, struct strbuf *sb);

struct plan_params {
	int n;
	const uint32_t *types;		/* type oids */
	const char **values;
};

enum plan_strategy { STRATEGY_PAGES, STRATEGY_INDEX, STRATEGY_PARTITION };
const char *plan_strategy_word(enum plan_strategy s);

/* Rows of one rule, counted by the server with the predicates that the run uses. */
struct plan_counts {
	int64_t due;			/* not done already */
	int64_t held, blocked, skipped;	/* parts of due that will not be acted on */
	int64_t deferred;		/* and those of people who have asked for a copy */
	int64_t already;		/* past due and in final form: not in due */
	int64_t indeterminate, future, anomalous;
};

/* Rows of tables without a rule that go, or lose their link, with rows of this one. */
struct plan_tally {
	const char *table;
	size_t step;			/* of the rule that mentions the key: the root's, or a follower's */
	bool unset;			/* the key is set to NULL; else the row is deleted */
	int64_t rows;
};

/* What the statements rely on of the schema, as the plan saw it: `append` of the plan writes no entry when it
 * is no longer so. of: the relations, an array of oids; whole: those whose children count. */
struct plan_shape {
	const char *of, *whole, *found;
};

struct plan_relation {
	uint32_t oid;
	const char *sql, *display;
	const char *root_sql;		/* of a partition: what it is a partition of */
	int64_t pages, page_bytes;	/* page_bytes: heap and TOAST bytes that one page stands for */
	enum plan_strategy strategy;
	const char *reason;		/* why that strategy */
	int64_t reads;			/* pages that are read for it: all, or by an estimate those with due rows */
	struct plan_shape shape;	/* of a unit of this relation */
};

enum plan_dep_kind {
	DEP_FOLLOW,		/* rows of a rule that follows */
	DEP_CASCADE,		/* rows of a table without a rule of its own */
	DEP_UNSET,		/* their key is set to NULL */
	DEP_UNLINK,		/* the same for rows that go themselves later in this step: not counted */
};

/* What is remembered of rows for backups from before (domain.md 7). The statement then gives for each row: is it in its
 * final form, its relation, mark, the columns that were overwritten (NULL: the row went), and the key. */
struct plan_tomb {
	const char *rule;		/* of the files; NULL: of a table without one */
	const char *action;		/* deleted, altered, moved */
	size_t n;
	const char **columns;		/* the key's */
	enum judge_form *forms;
	const char *columns_text;	/* as text[] */
	bool natural;			/* only a digest is kept */
	int64_t since;			/* rows whose start lies before it read the same in every backup */
};
#define TOMB_FINAL 0
#define TOMB_RELATION 1
#define TOMB_MARK 2
#define TOMB_COLUMNS 3
#define TOMB_KEY 4

/* What goes with a row of the step, in the same transaction, deepest first. Unit parameters: $n+1
 * tid[] = rows of the step's relation; in `limited` also $n+2 int8, the most rows it takes; in `circle`
 * $n+2 oid[]: the relation of each. */
struct plan_dependent {
	enum plan_dep_kind kind;
	size_t index;			/* FOLLOW: the follower's step; else index into tallies */
	struct plan_stmt whole, limited;	/* limited.text NULL: the table can't be cut by ctid */
	struct plan_stmt circle;		/* of a step whose circles go through several relations */
	const struct plan_tomb *tomb;		/* NULL: nothing is to be remembered */
};

/* A statement with parameters of its own. */
struct plan_query {
	const char *sql;
	struct plan_params params;
};

/* Persons that share what could single them out (operators.md 5). */
struct plan_measure {
	bool known, empty;		/* empty: no row in final form */
	int64_t k, l;			/* of the smallest group: persons, and its fewest sensitive values */
	int64_t small;			/* groups below the k wanted */
	int64_t singles;		/* rows without a subject, each counted as a person: k is at most that */
	bool linked;			/* a row refers to one that is still personal */
	int64_t suppressed;		/* rows that lost their `suppress` columns in this run */
	const char *why;		/* not known: why; NULL: nobody asked */
};

/* A row of query/anonymity: k, small, l, singles, linked. */
void plan_measure_read(const char *k, const char *small, const char *l, const char *singles, bool linked,
		       struct plan_measure *ret);

/* Of a rule that overwrites columns. Statements take `params`. */
struct plan_anonymity {
	bool applies;
	int k, l;			/* wanted; 0: not asked for */
	bool subject_goes;		/* the subject's column is overwritten: only before can persons be told apart */
	struct plan_measure before;	/* the dry run's: of the due rows in the form they will have */
	struct plan_params params;
	const char *measure;		/* of the rows in final form; NULL: not asked for */
	struct plan_stmt small_rows;	/* ctids of a relation's rows in small groups; text NULL: nothing to suppress */
	struct plan_stmt suppress;	/* sets the columns of the rows $n+1 tid[] to NULL */
	size_t nopen;
	const char **open;		/* what keeps it from being anonymized whatever k is */
};

enum step_status { STEP_READY, STEP_SKIPPED, STEP_FAILED };

struct plan_step {
	const struct rule *rule;
	const char *table;		/* display */
	const char *cutoff;		/* RFC 3339 or NULL */
	enum step_status status;
	bool over_ceiling;
	const char *reason;		/* of skipped or failed, or a note (keep_newest) */
	struct diag diag;		/* of failed */
	struct plan_counts counts;
	size_t root;			/* step whose units do this step's work (itself, or its chain's root) */
	struct plan_query recount;	/* due, held, skipped, blocked, already: as it is after the step */
	struct plan_shape shape;	/* of all its relations; of NULL: nothing is to be done */
	uint32_t below;			/* the table below which all relations are the step's; 0: not asked */

	struct plan_params params;
	/* unit parameters: range: $n+1 tid >= , $n+2 tid < ; tids: $n+1 tid[] ; collect: $n+1 int8 limit */
	struct plan_stmt apply_range, apply_tids;	/* the effect; the command tag counts */
	struct plan_stmt lock_range, lock_tids;		/* SELECT ctid … FOR UPDATE: rows ready to go */
	/* self-references: rows that can go only together, in one statement; circle_across: over all relations
	 * at once: $n+1 tid[], $n+2 oid[], collect and lock give both */
	bool circle_across;
	struct plan_stmt circle_collect, circle_lock, circle_apply;
	struct plan_stmt free_range, free_tids;		/* the same, SKIP LOCKED */
	const struct plan_tomb *tomb;			/* of apply and circle_apply; NULL: nothing is to be remembered */
	struct plan_stmt collect;			/* SELECT ctid of rows ready to go, at most $n+1 */
	struct plan_stmt drop_check;			/* all rows, rows that may not go: under the lock */
	const char *keepers;				/* triggers and rules that may keep rows, or NULL */
	const char *undoers;				/* triggers that may write a row again once it is done */
	bool triggered;					/* triggers or rules run beside the step's own writes */
	bool self_reference;				/* sweeps repeat until nothing more goes */

	size_t nrelations, ndependents, ntallies, nanalyze, ncosts;
	struct plan_relation *relations;
	struct plan_dependent *dependents;
	struct plan_tally *tallies;
	const struct plan_query *prepare;	/* before the first write: the vault; NULL: nothing. The last value is
					 * the purge date, which the fingerprint leaves out */
	const char **analyze;		/* quoted names to ANALYZE after the step */
	const char **costs;		/* what it asks of the server, a sentence each */

	struct plan_anonymity anonymity;

	bool needs_confirmation, is_new, definition_known;	/* new: never confirmed; known: exactly as it is */
	const char *confirmation_why;
	const char *definition;		/* canonical JSON, for ledger/confirmed */
	const char *rule_text;		/* the rule as a person reads it, for the ledger */
};

/* What one rule means for the people of a request. */
struct plan_item {
	const struct rule *rule;	/* of the files */
	const char *table;
	enum action action;		/* what happens to rows that are due; shared ones are anonymized */
	bool shared, minimises, asked;	/* asked: its statement stands */
	const char *basis;		/* of the class's floors; NULL: it has none */
	const char *standard;		/* without a floor: what survives */
	struct plan_query count;	/* query/request_count */
	struct plan_query vaulted;	/* query/request_vaulted; sql NULL: none of its rows ever went there */
	size_t nchildren;
	const char **children;		/* rules whose rows refer to these, and may keep them */
	struct diag diag;		/* not asked: why */
};

struct hold_width;

struct plan {
	struct arena *arena;
	const struct policy *policy;
	const struct database *db;
	const char *as_of;		/* PostgreSQL text, UTC */
	int64_t as_of_usecs;
	bool future;			/* as_of lies ahead of the server's clock */
	char fingerprint[DIGEST_TEXT];	/* "sha256:…" */
	int64_t hold_epoch;
	const char *same;		/* query/exec_same: $1 to $3 are a plan_shape */
	const char *append;		/* query/exec_append: after the entry's nine a plan_shape */
	size_t nholds;			/* counted only where asked for */
	struct hold_width *holds;	/* report/hold_view.h */
	size_t nsteps;
	struct plan_step *steps;	/* in the order of execution */
	size_t nitems;
	struct plan_item *items;	/* of a request's plan, in the order of the files */
};

/* Rows that the step will act on. */
int64_t plan_step_rows(const struct plan_step *s);

/* The relation that speaks for the step: one that is dropped whole, else the largest; NULL: none. */
const struct plan_relation *plan_step_relation(const struct plan_step *s);

void plan_free(struct plan *p);
AUTO_DEFINE(struct plan, plan_free)

#endif
