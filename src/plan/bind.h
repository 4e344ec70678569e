/* Names to catalogue: each rule bound to its table, columns, keys and children, or refused with a
 * sentence. Internal to plan/. */
#ifndef PGRETAIN_PLAN_BIND_H
#define PGRETAIN_PLAN_BIND_H

#include "model/plan.h"
#include "model/pred.h"
#include "ops/anon.h"
#include "pg/catalog.h"
#include "plan/finding.h"

struct bound;

enum edge_kind {
	EDGE_RULE,		/* a rule of the child's own must have dealt with it */
	EDGE_FOLLOW,		/* the child follows this rule and goes in the same transaction */
	EDGE_CASCADE,		/* the child goes with the row, by mention */
	EDGE_UNSET,		/* the child's key is set to NULL, by mention */
};

struct edge;
typedef VEC(struct edge) edge_vec;
typedef VEC(struct bound *) bound_vec;

/* One foreign key that refers to a table of the rule (or of what cascades from it). */
struct edge {
	enum edge_kind kind;
	const struct cat_fkey *fkey;
	struct bound *follower;		/* FOLLOW */
	bound_vec rules;		/* rules on the child */
	edge_vec sub;			/* CASCADE: keys that refer to the child */
};

/* Why a rule does not fit. */
struct bound_fault {
	enum finding_id id;
	struct diag diag;
};

/* How a person is found from a row: a bound `subject` of the rule. */
struct bound_path {
	const struct subject_path *path;	/* NULL: given because the rule follows another */
	const struct subject_type *type;	/* NULL with it: whatever the other rule's are */
	enum subject_kind kind;
	const struct cat_column *column, *at;
	Oid array;				/* COLUMN: array type of the column's base type */
	const struct identifier *identifier;
	struct bound *upper;			/* FOLLOWS */
	const struct cat_fkey *fkey;
};

/* A column that leads to the person, and what is put there when the link is cut. */
struct bound_link {
	const struct bound_path *path;
	struct anon *op;			/* NULL: NULL */
};

struct bound {
	struct arena *a;
	const struct rule *rule;
	size_t index;			/* in file order */
	struct cat_table *table;
	bool selected;			/* takes part in this plan */
	bool failed;
	enum finding_id stage;		/* what is being bound: the kind of a fault found now */
	enum finding_id finding;	/* kind of diag */
	struct diag diag;		/* the newest fault */
	VEC(struct bound_fault) earlier;	/* those before it */

	struct pred pred;		/* not for followers */
	const char *cutoff;		/* for display, or NULL */
	struct bound *parent;		/* followers */
	const struct cat_fkey *via;
	struct bound *root;		/* end of the follows chain; itself for others */
	bound_vec followers;

	bool removes;			/* delete, or quarantine of whole rows */
	size_t place;			/* in the order of execution, by order_rules() */
	VEC(struct anon *) ops;		/* columns that are overwritten; `keep` left out */
	edge_vec edges;			/* of rules that remove */
	VEC(struct cat_table *) leaves;	/* relations with storage: the table itself or its descendants */
	bound_vec before;		/* rules on the same table that run earlier and remove rows */

	/* keep_newest: rows at or above this are spared; newest_expr NULL: nothing is */
	const char *newest_expr;	/* row expression over alias t: (t."at", t."id") */
	VEC(const char *) newest_values;
	VEC(const char *) newest_types;
	bool newest_all;		/* fewer rows than keep_newest: every row is spared */

	VEC(struct bound_path) paths;	/* `subject` */
	struct diag subject_fault;	/* a path that does not fit; DIAG_OK: none */
	struct bound *base;		/* a rule of a request's plan: the rule that it stands for; NULL: itself */
	VEC(struct bound_link) links;	/* DETACH, STRIP: beside `ops` */
	bool nothing;			/* DETACH, STRIP: there is no column to overwrite */

	const char *purge_after;	/* quarantine: timestamptz text */
	const char *vault;		/* quarantine: name of its vault table */
};

struct subject_set;

struct hold_entry {
	const char *id, *scope, *target, *subject_type, *subject_key, *condition, *reason;
	const char *identifier, *identifier_value;
	const char *subject_keys;	/* of scope identifier: array of whom it meant when it was placed */
	struct subject_set *people;	/* of scopes subject and identifier: with all that identifies them now */
	bool sealed;			/* more identifies them, and the key is not at hand: the binder glances */
	const char *relation;		/* of scopes table and rows: the rule's table when it was placed, quoted */
};

/* A table in schema pgretain_vault: pgretain's own, one that this plan will make, or a stray. */
struct vault_known {
	const char *oid, *name;
	Oid source;			/* 0: gone, or a stray */
	const char *source_sql, *display;
	bool whole;			/* rows, else columns */
	size_t nrules;
	const char **rules;		/* that have put rows there */
	const char *fits;		/* array of its columns, NULL when the source is not as it was */
};

struct subject_set;
struct request;

struct binder {
	struct plan *plan;
	struct arena *a;
	struct conn *conn;
	struct catalog *cat;
	size_t nrules;
	struct bound *rules;		/* in file order */
	VEC(struct hold_entry) holds;	/* active ones */
	VEC(struct vault_known) vaults;
	struct subject_set *waiting;	/* who has asked for a copy; NULL: nobody */
	const struct request *keeping;	/* approved grounds that keep rows from retention; NULL: none */
	const struct request *request;	/* whose erasure this plan is for; NULL: retention */
	bool has_backups;		/* retention: the catalogue has sets; a start before `steady` reads the same in all */
	int64_t steady;
	bool glance;			/* nothing goes by it: what is sealed may stay unread */
};

/* Binds every rule of the database (all of them: a rule's plan depends on its children's). Rules that
 * do not fit are marked failed; false only when nothing can be said (connection). */
bool bind_rules(struct binder *b, struct diag *d) must_use;
struct bound *bind_rule(struct binder *b, const char *name);

/* Marks the rule failed with a sentence; always false. Binding goes on where it can: check shows every
 * fault, a plan the first. */
bool bound_fail(struct bound *b, enum diag_class cls, const char *fmt, ...) printf_like(3, 4);

/* The first fault of a rule that failed. */
const struct diag *bound_fault(const struct bound *b);

/* bind_column.c: what `columns` overwrites */
bool bind_columns(struct binder *b, struct bound *r);
/* NULL into one column, whatever the rule says of it; NULL: it can't be. */
struct anon *bind_null(struct binder *b, const struct cat_table *t, const char *column, const struct column_op **op);
/* bind_pred.c: clocks, terms and their constants */
bool bind_pred(struct binder *b, struct bound *r, struct diag *d) must_use;
/* bind_edges.c: what refers to the rows */
void bind_edges(struct binder *b, struct bound *r);
/* Whether a row that the rule has acted on refers to its parent by f no more: gone, or the key NULL. */
bool bound_releases(const struct bound *o, const struct cat_fkey *f);
/* t is `above`, or a partition or inheritance child of it. */
bool table_within(const struct cat_table *t, const struct cat_table *above);

#endif
