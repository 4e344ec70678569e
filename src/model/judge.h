/* What is to happen to the rows of an archive, as data (domain.md 7): made by plan/judge from the rules as
 * a run would find them now, carried out by backup/ with the C faces of predicates and operators.
 *
 * A role is a way in which a row of a table takes part. Roles hang together by links, which are foreign
 * keys read upwards: a row takes a role when it refers to a row that has the upper one.
 *
 *	RULE	a rule acts on it: by its own clock, or (follower) because its parent is due
 *	REFER	it refers to a row that a rule removes, and has to be gone before
 *	CASCADE	it goes with such a row, by mention
 *	UNSET	its key is set to NULL when such a row goes, by mention
 *	HELD	a legal hold covers it (as plan/render_held.c says of live rows)
 *
 * Rows that were erased (model/tomb.h) take the role of the rule that removed them. What overwrote some of their
 * columns, or has no rule today, is a role of its own.
 *
 * A row is gone when a rule that removes rows is due on it, no hold covers it, and nothing that refers
 * to it stays. */
#ifndef PGRETAIN_MODEL_JUDGE_H
#define PGRETAIN_MODEL_JUDGE_H

#include "base/diag.h"
#include "model/form.h"
#include "model/plan.h"
#include "model/pred.h"
#include "model/tomb.h"

struct anon;

/* A table of the live database with all that is part of it. */
struct judge_name {
	const char *schema, *name;
};

struct judge_table {
	const char *written;		/* as in the configuration; NULL for tables without a rule */
	const char *display;
	size_t n;
	struct judge_name *names;	/* itself first; then partitions and inheritance children; 0: not there */
	bool only;			/* rows of its inheritance children are not meant */
	bool leaf;			/* a part of another table */
	size_t ntops;
	struct judge_name *tops;	/* what it is a part of */
};

struct judge_column {
	const char *name;		/* catalogue's own */
	const char *type;		/* format_type(), for the comparison with the archive's own definition */
	enum judge_form form;
};

struct judge_columns {
	size_t n;
	struct judge_column *v;
};

struct judge_way {
	size_t upper;			/* role */
	const char *fkey;
	struct judge_columns child, parent;
	const struct judge_table *part;	/* refers to rows of this part of the upper table alone; or NULL */
	bool comparable;		/* false: no text says which values are equal */
};

enum judge_kind { JUDGE_RULE, JUDGE_REFER, JUDGE_CASCADE, JUDGE_UNSET, JUDGE_HELD };

struct judge_op {
	const struct column_op *op;
	struct anon *anon;
	struct judge_column column;
};

/* The server says which of these rows it is true for: $1 int8[] numbers, $2 … text[] one for each of
 * `columns`, then `params`; gives the numbers. */
struct judge_ask {
	const char *sql;
	struct judge_columns columns;
	struct plan_params params;
};

enum judge_test_kind { JUDGE_TEST_ALL, JUDGE_TEST_KEYS, JUDGE_TEST_ASK, JUDGE_TEST_TOMBS };

struct judge_test {
	enum judge_test_kind kind;
	bool class_only;		/* a hold on a class: it says nothing of columns under another one */
	struct judge_columns columns;	/* KEYS, TOMBS */
	size_t nkeys;
	const char **keys;		/* nkeys rows of columns.n texts */
	struct judge_ask ask;
	const struct tombs *tombs;
};

struct judge_role {
	enum judge_kind kind;
	const char *rule;		/* NULL: of a table without one */
	struct srcloc loc;
	size_t table;
	size_t nways;
	struct judge_way *ways;		/* RULE: one for a follower; HELD: any of them; others: one */

	/* RULE */
	bool remembered;		/* of rows that were erased alone: no rule of the files as such */
	const char *definition;		/* SHA-256 of what was confirmed, as the ledger names it; NULL: it can't be judged */
	const char *reach;		/* an interval[]: a row that was due at an instant had its events before that less the
					 * shortest of these; NULL: that can't be said (an until-column may have said more before) */
	bool removes;
	const struct pred *pred;	/* NULL: a follower */
	struct judge_columns clocks;	/* all columns of pred, or of start */
	const struct pred *start;	/* whose own start is a tombstone's mark; NULL: rows have none */
	size_t nops;
	struct judge_op *ops;		/* overwritten: rules that do not remove */
	struct judge_columns key;	/* that operators name */
	bool held_class;		/* a hold covers its class */
	/* Quarantine: of rows with these keys, how many are still in the live table as they were (then the
	 * vault does not have them): $1 … text[], one for each column. sql NULL: no quarantine. */
	struct judge_ask live;
	struct diag refuse;		/* archives with rows of its table can't be judged; DIAG_OK: they can */

	/* REFER: rules that take the row or its key away; CASCADE: rules that keep it from going */
	size_t nrules;
	size_t *rules;
	/* HELD: what it covers; RULE: rows that were erased, and are due whatever they say */
	size_t ntests;
	struct judge_test *tests;
};

struct judge {
	struct arena *arena;
	const char *database;		/* the server's own name of it */
	const char *as_of;		/* PostgreSQL text, UTC */
	int64_t hold_epoch;
	size_t ntables, nroles;
	struct judge_table *tables;
	struct judge_role *roles;
	int64_t ledger_seq;		/* what was erased up to this entry is in tombs */
	size_t nbatches, ntombs;
	struct tomb_batch *batches;	/* of all tombs, in no order */
	struct tombs **tombs;
};

#endif
