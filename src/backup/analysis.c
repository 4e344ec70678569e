#include "backup/analysis.h"

#include <stdlib.h>

struct entry_state {
	bool chosen, scanned, begun, insisted;
	uint64_t seen;			/* rows of roles above, when its own were looked at */
};

void analysis_init(struct analysis *n, struct archive *x, struct conn *c, size_t memory)
{
	size_t widest = 1;

	*n = (struct analysis){ .x = x, .conn = c };
	records_init(&n->rs, memory);
	for (size_t i = 0; i < x->dump->nentries; i++)
		if (x->dump->entries[i].ncolumns > widest)
			widest = x->dump->entries[i].ncolumns;
	n->taken = xcalloc(x->judge->nroles + 1, sizeof(*n->taken));
	n->tallies = xcalloc(x->dump->nentries + 1, sizeof(*n->tallies));
	n->unmet = xcalloc(x->judge->nbatches + 1, sizeof(*n->unmet));
	n->states = xcalloc(x->dump->nentries + 1, sizeof(*n->states));
	n->values = xcalloc(1, sizeof(*n->values));
	n->values->fields = xcalloc(widest, sizeof(*n->values->fields));
	n->values->lens = xcalloc(widest, sizeof(*n->values->lens));
}

void analysis_done(struct analysis *n)
{
	take_done(n);
	records_done(&n->rs);
	free(n->taken);
	free(n->tallies);
	free(n->unmet);
	free(n->states);
	if (n->values) {
		free(n->values->fields);
		free(n->values->lens);
		strbuf_done(&n->values->out);
	}
	free(n->values);
	*n = (struct analysis){ .x = NULL };
}

/* ---- rows that stand alone ---- */

static bool due(struct analysis *n, const struct seat *s, bool *ret, struct diag *d)
{
	enum row_state state = ROW_KEPT;
	uint32_t batch = 0;

	if (s->pred && !row_state(n->values, n->x, s, s->pred, PRED_PASSIVE, &state, d))
		return false;
	*ret = state == ROW_DUE;
	if (*ret || !s->ntests)
		return true;
	if (!tombs_cover(n, s, &batch, d))
		return false;
	*ret = batch != 0;
	return true;
}

/* set: the new values go into the row. */
static bool judge_alone(struct analysis *n, const struct place *p, bool set, enum dump_verdict *ret, struct diag *d)
{
	bool yes, altered = false;

	for (size_t i = 0; i < p->nseats; i++) {
		if (!p->seats[i].role->removes)
			continue;
		if (!due(n, &p->seats[i], &yes, d))
			return false;
		if (yes) {
			*ret = DUMP_DROP;
			return true;
		}
	}
	for (size_t i = 0; i < p->nseats; i++) {
		if (p->seats[i].role->removes)
			continue;
		if (!due(n, &p->seats[i], &yes, d) || (yes && !row_overwrite(n->values, &p->seats[i], set, &altered, d)))
			return false;
	}
	*ret = altered ? DUMP_REPLACE : DUMP_KEEP;
	return true;
}

/* Of these every row is looked at: which of them can't be told is said. */
static bool has_tests(const struct place *p)
{
	for (size_t i = 0; i < p->nseats; i++)
		if (p->seats[i].ntests)
			return true;
	return false;
}

static bool scan_alone(struct analysis *n, size_t entry, enum dump_verdict *ret, struct diag *d)
{
	struct tally *t = &n->tallies[entry];
	enum dump_verdict verdict;

	if (!judge_alone(n, &n->x->places[entry], false, &verdict, d))
		return false;
	t->dropped += verdict == DUMP_DROP;
	t->altered += verdict == DUMP_REPLACE;
	if (verdict != DUMP_KEEP && n->first_only && !has_tests(&n->x->places[entry]))
		*ret = DUMP_ENOUGH;
	return true;
}

/* ---- passes ---- */

static uint64_t inputs(const struct analysis *n, size_t entry)
{
	const struct place *p = &n->x->places[entry];
	uint64_t sum = 0;

	for (size_t i = 0; i < p->nseats; i++)
		for (size_t k = 0; k < p->seats[i].nways; k++)
			sum += n->taken[p->seats[i].ways[k].way->upper];
	return sum;
}

static bool self_sufficient(const struct place *p)
{
	for (size_t i = 0; i < p->nseats; i++)
		if (p->seats[i].pred || p->seats[i].ntests)
			return true;
	return false;
}

static bool choose(struct analysis *n)
{
	bool any = false;

	for (size_t i = 0; i < n->x->dump->nentries; i++) {
		const struct place *p = &n->x->places[i];
		struct entry_state *s = &n->states[i];

		s->chosen = s->scanned ? inputs(n, i) != s->seen : p->ruled || s->insisted || (p->nseats && (self_sufficient(p) || inputs(n, i)));
		s->begun = false;
		any |= s->chosen;
		if (s->chosen)
			s->seen = inputs(n, i);
	}
	return any;
}

static enum dump_treat treat(void *ctx, const struct dump_entry *e)
{
	const struct analysis *n = ctx;

	return n->states[e - n->x->dump->entries].chosen ? DUMP_FILTER : DUMP_COPY;
}

static bool on_row(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	struct analysis *n = ctx;
	size_t entry = (size_t)(row->entry - n->x->dump->entries);
	struct entry_state *s = &n->states[entry];

	n->values->row = row;
	if (!s->begun)
		s->seen = inputs(n, entry);
	s->begun = true;
	n->counting = !s->scanned;
	if (n->x->places[entry].simple)
		return scan_alone(n, entry, ret, d);
	return take_row(n, entry, row, d);
}

static bool on_tick(void *ctx, uint64_t bytes, struct diag *d)
{
	struct analysis *n = ctx;

	return !n->tick || n->tick(n->tick_ctx, bytes, d);
}

static bool pass(struct analysis *n, struct diag *d)
{
	struct dump_calls calls = { .ctx = n, .treat = treat, .row = on_row, .tick = on_tick };
	AUTO(auto_free) struct dump_count *counts = xcalloc(n->x->dump->nentries + 1, sizeof(*counts));

	if (!dump_scan(n->x->dump, &calls, counts, d) || !take_asked(n, d))
		return false;
	for (size_t i = 0; i < n->x->dump->nentries; i++) {
		if (!n->states[i].chosen)
			continue;
		n->states[i].scanned = true;
		n->tallies[i].rows_in = counts[i].rows_in;
	}
	return true;
}

static uint32_t batch_of(const struct analysis *n, uint32_t record)
{
	struct rowkey k;

	tombs_batch_key(n, n->rs.v[record].row, n->rs.v[record].role, &k);
	return records_get(&n->rs, &k) - 1;
}

/* Erased rows that stay here. */
static void count_left(struct analysis *n, struct tally *t, uint64_t row, bool held)
{
	bool left = false;

	for (uint32_t i = records_of(&n->rs, row); i; i = n->rs.v[i].next) {
		bool stays = n->rs.v[i].flags & RECORD_TOMB && !(n->rs.v[i].flags & RECORD_DONE) && !solve_gone(n, i);
		size_t entry = stays && !held ? solve_blocker(n, i) : SIZE_MAX;

		left |= stays;
		if (stays)
			n->unmet[batch_of(n, i)]++;
		if (entry != SIZE_MAX)
			t->blocker = entry + 1;
	}
	t->left += left;
}

static void count_rows(struct analysis *n)
{
	for (size_t i = 0; i < n->rs.caprows; i++) {
		uint64_t row = n->rs.rows[i] ? n->rs.v[n->rs.rows[i]].row : 0;
		struct tally *t = &n->tallies[ROW_ENTRY(row)];
		struct solved v;

		if (!n->rs.rows[i])
			continue;
		v = solve_row(n, row);
		t->dropped += v.drop;
		t->altered += v.alter;
		t->held += v.held;
		t->blocked += v.blocked;
		count_left(n, t, row, v.held);
	}
}

void analysis_insist(struct analysis *n, size_t entry)
{
	n->states[entry].insisted = true;
}

static const struct seat *seat_of(const struct analysis *n, size_t entry, uint16_t role)
{
	const struct place *p = &n->x->places[entry];

	for (size_t i = 0; i < p->nseats; i++)
		if (p->seats[i].index == role)
			return &p->seats[i];
	bug(__FILE__, __LINE__, "a record of a role that its entry does not have");
}

bool analysis_run(struct analysis *n, struct diag *d)
{
	if (!take_tests_keys(n, d))
		return false;
	while (choose(n))
		if (!pass(n, d))
			return false;
	solve(n);
	count_rows(n);
	return live_check(n, d);
}

bool analysis_touches(const struct analysis *n, size_t entry)
{
	return n->tallies[entry].dropped || n->tallies[entry].altered;
}

/* ---- verdicts ---- */

static bool alter(struct analysis *n, size_t entry, uint64_t row, struct diag *d)
{
	bool altered = false;

	for (uint32_t i = records_of(&n->rs, row); i; i = n->rs.v[i].next) {
		const struct seat *s = seat_of(n, entry, n->rs.v[i].role);

		if (s->role->kind == JUDGE_UNSET && solve_goes_with(n, i))
			for (size_t k = 0; k < s->ways[0].child.n; k++)
				dump_row_set_null(n->values->row, s->ways[0].child.fields[k]);
		if (s->role->kind == JUDGE_RULE && !s->role->removes && solve_gone(n, i) &&
		    !row_overwrite(n->values, s, true, &altered, d))
			return false;
	}
	return true;
}

bool analysis_verdict(struct analysis *n, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	size_t entry = (size_t)(row->entry - n->x->dump->entries);
	uint64_t id = ROW_ID(entry, row->number);
	struct solved v;

	n->values->row = row;
	n->counting = false;
	if (n->x->places[entry].simple)
		return judge_alone(n, &n->x->places[entry], true, ret, d);
	v = solve_row(n, id);
	*ret = v.drop ? DUMP_DROP : v.alter ? DUMP_REPLACE : DUMP_KEEP;
	return !v.alter || alter(n, entry, id, d);
}
