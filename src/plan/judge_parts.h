/* What plan/judge.c and plan/judge_hold.c share. */
#ifndef PGRETAIN_PLAN_JUDGE_PARTS_H
#define PGRETAIN_PLAN_JUDGE_PARTS_H

#include "plan/build_parts.h"
#include "plan/judge.h"

#define OID_TEXT_ARRAY 1009u

struct judging {
	struct binder b;
	struct arena *a;
	struct judge *j;
	VEC(struct judge_table) tables;
	VEC(struct judge_role) roles;	/* that of rule i is the i-th */
	size_t *held;			/* of rule i: its HELD role */
	size_t batches;			/* room in j->batches */
};

size_t judging_table(struct judging *g, const struct cat_table *t, bool only);
struct judge_column judging_column(const struct cat_table *t, const char *name);
/* Of a key to a partition or an inheritance child: that relation alone; else 0. */
static inline Oid judging_part(const struct cat_fkey *f)
{
	return f->parent->parent ? f->parent->oid : 0;
}

struct judge_way judging_way(struct judging *g, size_t upper, const struct cat_fkey *f, Oid part);

/* The columns of the rule's clocks. */
void judging_clocks(struct judging *g, const struct bound *r, struct judge_role *role);
/* Roles of what refers to rows of `upper`. */
void judging_edges(struct judging *g, size_t upper, const edge_vec *edges);

/* judge_tomb.c: rows that were erased, as tests of the rules' roles and as roles of their own. */
bool judging_tombs(struct judging *g, bool ledger, struct diag *d) must_use;

/* judge_hold.c: the HELD roles. */
bool judging_holds(struct judging *g, struct diag *d) must_use;

#endif
