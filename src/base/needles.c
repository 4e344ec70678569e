#include "base/needles.h"

#include <stdlib.h>

#define ROOT 0
#define DENSE 1024		/* states next to the root have a row of the table (1 KB each): most steps end there */
#define BYTES 256

struct state {
	uint32_t fail;		/* the longest end of this one that begins another needle */
	uint32_t said;		/* the longest end of this one that is a needle; 0: none */
	uint32_t owners;	/* of the needle that this one is; 0: it is none */
	uint32_t row;		/* in rows, from 1; 0: only edges */
};

struct owner {
	uint32_t who, next;
};

struct needles {
	struct state *states;
	uint32_t *parent, *depth;	/* until it is ready */
	unsigned char *byte;
	size_t n, cap;
	uint64_t *edges;		/* by hash, open: state, byte, target; 0: free */
	size_t nedges, mask;
	struct owner *owners;
	size_t nowners, owners_cap;
	uint32_t *rows;
	bool ready;
};

/* ---- edges ---- */

#define TARGET_BITS 28
#define STATES_MAX (1u << TARGET_BITS)

static uint64_t edge_key(uint32_t state, unsigned char byte)
{
	return (uint64_t)state << 8 | byte;
}

static size_t edge_slot(const struct needles *s, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15u) >> 24 & s->mask;

	while (s->edges[i] && s->edges[i] >> TARGET_BITS != key)
		i = (i + 1) & s->mask;
	return i;
}

/* 0, the root, is nobody's target. */
static uint32_t edge(const struct needles *s, uint32_t state, unsigned char byte)
{
	return s->edges[edge_slot(s, edge_key(state, byte))] & (STATES_MAX - 1);
}

static void edges_grow(struct needles *s)
{
	uint64_t *was = s->edges;
	size_t n = s->mask + 1;

	s->mask = n * 2 - 1;
	s->edges = xcalloc(n * 2, sizeof(*s->edges));
	for (size_t i = 0; i < n; i++)
		if (was[i])
			s->edges[edge_slot(s, was[i] >> TARGET_BITS)] = was[i];
	free(was);
}

/* ---- building ---- */

static void states_grow(struct needles *s)
{
	s->cap *= 2;
	s->states = xrealloc(s->states, s->cap * sizeof(*s->states));
	s->parent = xrealloc(s->parent, s->cap * sizeof(*s->parent));
	s->depth = xrealloc(s->depth, s->cap * sizeof(*s->depth));
	s->byte = xrealloc(s->byte, s->cap);
}

static uint32_t state_add(struct needles *s, uint32_t parent, unsigned char byte)
{
	uint32_t to = (uint32_t)s->n++;
	uint64_t key = edge_key(parent, byte);

	BUG_ON(to >= STATES_MAX);
	if (s->n > s->cap)
		states_grow(s);
	s->states[to] = (struct state){ 0 };
	s->parent[to] = parent;
	s->byte[to] = byte;
	s->depth[to] = s->depth[parent] + 1;
	if (++s->nedges * 2 > s->mask)
		edges_grow(s);
	s->edges[edge_slot(s, key)] = key << TARGET_BITS | to;
	return to;
}

struct needles *needles_new(void)
{
	struct needles *s = xcalloc(1, sizeof(*s));

	s->cap = 512;
	states_grow(s);
	s->states[ROOT] = (struct state){ 0 };
	s->depth[ROOT] = 0;
	s->n = 1;
	s->mask = 1023;
	s->edges = xcalloc(s->mask + 1, sizeof(*s->edges));
	s->nowners = s->owners_cap = 1;		/* 0: none */
	s->owners = xcalloc(1, sizeof(*s->owners));
	return s;
}

void needles_free(struct needles *s)
{
	free(s->states);
	free(s->parent);
	free(s->depth);
	free(s->byte);
	free(s->edges);
	free(s->owners);
	free(s->rows);
	free(s);
}

void needles_add(struct needles *s, const char *bytes, size_t n, uint32_t owner)
{
	uint32_t at = ROOT;

	BUG_ON(!n || s->ready);
	for (size_t i = 0; i < n; i++) {
		uint32_t to = edge(s, at, (unsigned char)bytes[i]);

		at = to ? to : state_add(s, at, (unsigned char)bytes[i]);
	}
	if (s->nowners == s->owners_cap) {
		s->owners_cap *= 2;
		s->owners = xrealloc(s->owners, s->owners_cap * sizeof(*s->owners));
	}
	s->owners[s->nowners] = (struct owner){ owner, s->states[at].owners };
	s->states[at].owners = (uint32_t)s->nowners++;
}

/* ---- stepping ---- */

static uint32_t step(const struct needles *s, uint32_t at, unsigned char byte)
{
	for (;;) {
		const struct state *state = &s->states[at];
		uint32_t to;

		if (state->row)
			return s->rows[(size_t)(state->row - 1) * BYTES + byte];
		to = edge(s, at, byte);
		if (to)
			return to;
		at = state->fail;
	}
}

/* Those nearest to the root first: a state's fail and its row need what is nearer. */
static uint32_t *by_depth(const struct needles *s)
{
	uint32_t *order = xmalloc(s->n * sizeof(*order)), most = 0;
	size_t *from;

	for (size_t i = 0; i < s->n; i++)
		most = s->depth[i] > most ? s->depth[i] : most;
	from = xcalloc((size_t)most + 2, sizeof(*from));
	for (size_t i = 0; i < s->n; i++)
		from[s->depth[i] + 1]++;
	for (uint32_t k = 1; k <= most; k++)
		from[k] += from[k - 1];
	for (size_t i = 0; i < s->n; i++)
		order[from[s->depth[i]]++] = (uint32_t)i;
	free(from);
	return order;
}

static void row_fill(struct needles *s, uint32_t at, uint32_t row)
{
	for (unsigned int byte = 0; byte < BYTES; byte++) {
		uint32_t to = edge(s, at, (unsigned char)byte);

		if (!to && at != ROOT)
			to = step(s, s->states[at].fail, (unsigned char)byte);
		s->rows[(size_t)row * BYTES + byte] = to;
	}
	s->states[at].row = row + 1;
}

static void make_ready(struct needles *s)
{
	AUTO(auto_free) uint32_t *order = by_depth(s);
	size_t dense = s->n < DENSE ? s->n : DENSE;

	s->rows = xmalloc(dense * BYTES * sizeof(*s->rows));
	for (size_t i = 0; i < s->n; i++) {
		struct state *state = &s->states[order[i]];

		if (s->depth[order[i]] > 1)
			state->fail = step(s, s->states[s->parent[order[i]]].fail, s->byte[order[i]]);
		state->said = state->owners ? order[i] : s->states[state->fail].said;
		if (i < dense)
			row_fill(s, order[i], (uint32_t)i);
	}
	free(STEAL(s->parent));
	free(STEAL(s->depth));
	free(STEAL(s->byte));
	s->ready = true;
}

static void say(const struct needles *s, uint32_t at, needles_found_fn *found, void *arg)
{
	for (at = s->states[at].said; at; at = s->states[s->states[at].fail].said)
		for (uint32_t o = s->states[at].owners; o; o = s->owners[o].next)
			found(arg, s->owners[o].who);
}

void needles_find(struct needles *s, const char *text, size_t n, needles_found_fn *found, void *arg)
{
	uint32_t at = ROOT;

	if (!s->ready)
		make_ready(s);
	for (size_t i = 0; i < n; i++) {
		at = step(s, at, (unsigned char)text[i]);
		if (s->states[at].said)
			say(s, at, found, arg);
	}
}
