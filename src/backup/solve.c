/* What keeps what, once every role is known: a least fixpoint, as plan/render_stays.c says it of live rows. */
#include "backup/analysis.h"

#include <stdlib.h>

struct solver {
	struct analysis *n;
	uint32_t *work;			/* records that stay, whose consequences were not drawn yet */
	size_t nwork, cap;
};

static const struct judge_role *role_of(const struct analysis *n, uint32_t record)
{
	return &n->x->judge->roles[n->rs.v[record].role];
}

/* row_goes: the whole row does; a class says nothing of columns under another one. */
static bool row_held(const struct analysis *n, uint64_t row, bool row_goes)
{
	for (uint32_t i = records_of(&n->rs, row); i; i = n->rs.v[i].next)
		if (role_of(n, i)->kind == JUDGE_HELD && (row_goes || !(n->rs.v[i].flags & RECORD_CLASS)))
			return true;
	return false;
}

static bool held(const struct analysis *n, uint32_t record)
{
	const struct judge_role *role = role_of(n, record);

	return row_held(n, n->rs.v[record].row, role->removes || role->held_class);
}

bool solve_gone(const struct analysis *n, uint32_t record)
{
	return !(n->rs.v[record].flags & RECORD_STAYS) && !held(n, record);
}

/* The row, or its key, is taken away by a rule of its own. */
static bool released(const struct analysis *n, uint32_t record)
{
	const struct judge_role *role = role_of(n, record);

	for (size_t i = 0; i < role->nrules; i++) {
		uint32_t o = records_find(&n->rs, n->rs.v[record].row, (uint16_t)role->rules[i]);

		if (o && solve_gone(n, o))
			return true;
	}
	return false;
}

/* A rule of its own that follows another keeps the row until that one's row is due. */
static bool follower_keeps(const struct analysis *n, uint32_t record)
{
	const struct judge_role *role = role_of(n, record);

	for (size_t i = 0; i < role->nrules; i++)
		if (!n->x->judge->roles[role->rules[i]].pred &&
		    !records_find(&n->rs, n->rs.v[record].row, (uint16_t)role->rules[i]))
			return true;
	return false;
}

static void stay(struct solver *s, uint32_t record)
{
	struct record *r = &s->n->rs.v[record];

	if (r->flags & RECORD_STAYS)
		return;
	r->flags |= RECORD_STAYS;
	if (s->nwork == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 1024;
		s->work = xrealloc(s->work, s->cap * sizeof(*s->work));
	}
	s->work[s->nwork++] = record;
}

static bool under_removal(const struct analysis *n, const struct record *r)
{
	return r->parent && role_of(n, r->parent)->kind == JUDGE_RULE && role_of(n, r->parent)->removes;
}

/* What is known from the row alone. */
static void begin(struct solver *s, uint32_t record)
{
	const struct analysis *n = s->n;
	const struct record *r = &n->rs.v[record];

	switch (role_of(n, record)->kind) {
	case JUDGE_RULE:
		if (under_removal(n, r) && held(n, record))
			stay(s, r->parent);
		return;
	case JUDGE_REFER:
		if (!released(n, record))
			stay(s, r->parent);
		return;
	case JUDGE_CASCADE:
		if (row_held(n, r->row, true) || r->flags & RECORD_KEPT || follower_keeps(n, record))
			stay(s, r->parent);
		return;
	case JUDGE_UNSET:
		if (row_held(n, r->row, true))
			stay(s, r->parent);
		return;
	case JUDGE_HELD:
		return;
	}
}

/* A row of a rule stays: so does its parent, what follows it, and whatever counted on its going. */
static void rule_stays(struct solver *s, uint32_t record)
{
	const struct analysis *n = s->n;
	const struct record *r = &n->rs.v[record];

	if (under_removal(n, r))
		stay(s, r->parent);
	for (uint32_t c = role_of(n, record)->removes ? r->child : 0; c; c = n->rs.v[c].sibling)
		if (role_of(n, c)->kind == JUDGE_RULE)
			stay(s, c);
	for (uint32_t o = records_of(&n->rs, r->row); o; o = n->rs.v[o].next)
		if (role_of(n, o)->kind == JUDGE_REFER && !released(n, o))
			stay(s, n->rs.v[o].parent);
}

static void follow(struct solver *s, uint32_t record)
{
	switch (role_of(s->n, record)->kind) {
	case JUDGE_RULE:
		rule_stays(s, record);
		return;
	case JUDGE_CASCADE:
		stay(s, s->n->rs.v[record].parent);
		return;
	case JUDGE_REFER: case JUDGE_UNSET: case JUDGE_HELD:
		return;
	}
}

void solve(struct analysis *n)
{
	struct solver s = { .n = n };

	for (uint32_t i = 1; i < n->rs.n; i++)
		begin(&s, i);
	while (s.nwork)
		follow(&s, s.work[--s.nwork]);
	free(s.work);
}

/* ---- verdicts ---- */

static bool keeps(const struct analysis *n, uint32_t record)
{
	switch (role_of(n, record)->kind) {
	case JUDGE_REFER:
		return !released(n, record);
	case JUDGE_CASCADE: case JUDGE_UNSET:
		return n->rs.v[record].flags & (RECORD_STAYS | RECORD_KEPT) || row_held(n, n->rs.v[record].row, true);
	case JUDGE_RULE: case JUDGE_HELD:
		return false;
	}
	return false;
}

size_t solve_blocker(const struct analysis *n, uint32_t record)
{
	for (uint32_t c = n->rs.v[record].child; c; c = n->rs.v[c].sibling)
		if (keeps(n, c))
			return ROW_ENTRY(n->rs.v[c].row);
	return SIZE_MAX;
}

bool solve_goes_with(const struct analysis *n, uint32_t record)
{
	uint32_t up = n->rs.v[record].parent;

	while (role_of(n, up)->kind == JUDGE_CASCADE) {
		if (n->rs.v[up].flags & RECORD_STAYS)
			return false;
		up = n->rs.v[up].parent;
	}
	return solve_gone(n, up);
}

struct solved solve_row(const struct analysis *n, uint64_t row)
{
	struct solved v = { false, false, false, false };

	for (uint32_t i = records_of(&n->rs, row); i; i = n->rs.v[i].next) {
		const struct judge_role *role = role_of(n, i);
		bool open = role->kind == JUDGE_RULE && !(n->rs.v[i].flags & RECORD_DONE), gone;

		if (role->kind == JUDGE_CASCADE)
			v.drop |= solve_goes_with(n, i);
		if (role->kind == JUDGE_UNSET)
			v.alter |= solve_goes_with(n, i);
		if (!open)
			continue;
		gone = solve_gone(n, i);
		v.drop |= role->removes && gone;
		v.alter |= !role->removes && gone;
		v.held |= held(n, i);
		v.blocked |= !gone && !held(n, i);
	}
	v.alter &= !v.drop;
	return v;
}
