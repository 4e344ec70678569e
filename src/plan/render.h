/* SQL expressions over rows of a bound rule. One vocabulary for counting, acting, explaining:
 *
 *	due	past its due date, within `where` (followers: the parent is)
 *	held	an active hold covers it (domain.md 5): it, its parent, a row that it would cascade from or
 *		is an attachment of, or another rule on the same row
 *	spared	among the keep_newest (followers: the parent is)
 *	stays	a row that refers to it will stay, so that it can't go
 *	gone	due, and not held, spared or staying: the run will take it
 *
 * Functions that give bool write nothing and give false when the answer is false for every row. */
#ifndef PGRETAIN_PLAN_RENDER_H
#define PGRETAIN_PLAN_RENDER_H

#include "plan/bind.h"

/* PREDICT: before the children's own rules have run, NOW: after; TOGETHER: after too, but rows of the
 * same table that refer to each other may go in one statement. */
enum render_when { RENDER_PREDICT, RENDER_NOW, RENDER_TOGETHER };

struct store;
typedef VEC(struct store) store_vec;

struct render {
	struct binder *b;
	struct arena *a;
	bool live;		/* false: without what varies by itself, holds and keep_newest (fingerprint) */
	bool stored;		/* rows of the vault: their tableoid says nothing */
	const store_vec *stores;	/* ways to people lead through rows of the vault too; NULL: not */
	int aliases;		/* for fresh alias names */
	const struct held_walk *walk;	/* render_held.c: what is being asked already, */
	bool classless;			/* and whether holds on classes count */
	const struct bound *alone;	/* whose rows are asked about without those that refer to each other */
	VEC(uint32_t) types;	/* parameters so far */
	VEC(const char *) values;
};

#define OID_TIMESTAMPTZ 1184u
#define OID_TEXT 25u
#define OID_TID 27u
#define OID_TID_ARRAY 1010u
#define OID_INT8 20u

const char *render_alias(struct render *x);
/* "$n::type" for a value, the same number for the same string (by address) and type. */
void render_param(struct render *x, struct strbuf *sb, const char *value, const char *type);
/* The same for a type whose oid is known. */
void render_typed(struct render *x, struct strbuf *sb, const char *value, uint32_t oid, const char *type);
/* A constant of the run's comparisons. */
void render_bound(struct render *x, struct strbuf *sb, const struct pred_bound *b, enum pred_type type);
void render_column(struct strbuf *sb, const char *alias, const char *column);
/* FROM-item: [ONLY] table AS alias */
void render_from(struct strbuf *sb, const struct bound *r, const char *alias);
/* " AND " what tells rows that a key to t can mean: of its partitions, not of what t is part of, nor of what
 * inherits from it. Nothing where all are. */
void render_key_rows(struct strbuf *sb, const struct cat_table *t, const char *alias);
/* child.fk = parent.key */
void render_keys(struct strbuf *sb, const struct cat_fkey *f, const char *child, const char *parent);
/* The same, and the parent is a row that the key can mean. Both are rows of tables. */
void render_join(struct strbuf *sb, const struct cat_fkey *f, const char *child, const char *parent);

/* EXISTS (SELECT 1 FROM the parent AS `parent` WHERE it is the row's: to be closed with ')' */
void render_exists_parent(struct strbuf *sb, struct bound *r, const char *alias, const char *parent);
/* Every term that counts in the mode has ended, within `where`; whoever the row belongs to. */
void render_past(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum pred_mode mode);
void render_due(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
bool render_held(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* The same without the parent. */
bool render_own_held(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* Of somebody who has asked for a copy and has not got it yet (followers: or the parent is). */
bool render_waits(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
bool render_own_waits(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* Only by this one hold's own words: neither by other rules nor by rows above. */
bool render_hold_matches(struct render *x, struct strbuf *sb, struct bound *r, const struct hold_entry *h,
			 const char *alias);
/* A row of a table that goes, or loses its link, with another: by any rule on it, with a rule or without.
 * `edge`: the key by which it is reached, which is not asked again. */
bool render_child_held(struct render *x, struct strbuf *sb, const struct edge *edge, const char *alias);
bool render_spared(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
bool render_stays(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum render_when w);
/* EDGE_RULE of the rule's table, or part of it, to itself. */
bool render_refers_to_itself(const struct bound *r, const struct edge *e);
/* The row is what such a key refers to in a row that stays: PREDICT or TOGETHER. */
void render_self(struct render *x, struct strbuf *sb, struct bound *r, const struct edge *e, const char *alias,
		 enum render_when w);
/* It would be gone but for such keys. */
void render_gone_alone(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, enum render_when w);
void render_gone(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* One of the rules on the table that run earlier takes the row. */
bool render_taken_before(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* The row is not in its final form (rules that overwrite columns). */
bool render_not_done(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* State of the row: ANOMALOUS, INDETERMINATE, FUTURE; followers bear their parent's. */
void render_state(struct render *x, struct strbuf *sb, struct bound *r, enum row_state s, const char *alias);
/* True at least for the rows of those three states, as ranges that an index serves. */
void render_unusual(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* Of the rule's own start alone, whatever its terms need (no followers): it is not NULL; it makes no sense. */
void render_started(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
void render_start_odd(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* The rule's own `where`, or "true". */
void render_where(struct strbuf *sb, const struct bound *r);

typedef bool render_test(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* own(r) OR EXISTS(parent: test(parent)) */
bool render_inherited(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, render_test *own,
		      render_test *test);
/* " AND (expr) IS NOT TRUE" when there is such an expression. */
void render_and_not(struct render *x, struct strbuf *sb, struct bound *r, const char *alias, render_test *test);

#endif
