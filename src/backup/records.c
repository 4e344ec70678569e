#include "backup/records.h"

struct keyslot {
	struct rowkey key;
	uint32_t value;
};

void records_init(struct records *rs, size_t memory)
{
	*rs = (struct records){ .spill = { .limit = memory }, .n = 1 };
	rowkey_seed(rs->seed);
}

void records_done(struct records *rs)
{
	void *v = rs->v, *keys = rs->keys, *rows = rs->rows;

	spill_free(&rs->spill, &v, rs->cap * sizeof(*rs->v));
	spill_free(&rs->spill, &keys, rs->capkeys * sizeof(*rs->keys));
	spill_free(&rs->spill, &rows, rs->caprows * sizeof(*rs->rows));
}

/* ---- keys ---- */

static struct keyslot *key_slot(const struct records *rs, const struct rowkey *k)
{
	size_t mask = rs->capkeys - 1, i = k->a & mask;

	while (rs->keys[i].value && (rs->keys[i].key.a != k->a || rs->keys[i].key.b != k->b))
		i = (i + 1) & mask;
	return &rs->keys[i];
}

static bool keys_grow(struct records *rs, struct diag *d)
{
	size_t old = rs->capkeys, cap = old ? old * 2 : 4096;
	struct keyslot *was = rs->keys;
	void *p = NULL;

	if (!spill_grow(&rs->spill, &p, 0, cap * sizeof(*was), d))
		return false;
	rs->keys = p;
	rs->capkeys = cap;
	for (size_t i = 0; i < old; i++)
		if (was[i].value)
			*key_slot(rs, &was[i].key) = was[i];
	p = was;
	spill_free(&rs->spill, &p, old * sizeof(*was));
	return true;
}

bool records_put(struct records *rs, const struct rowkey *k, uint32_t value, struct diag *d)
{
	struct keyslot *s;

	if (rs->nkeys * 4 >= rs->capkeys * 3 && !keys_grow(rs, d))
		return false;
	s = key_slot(rs, k);
	if (!s->value) {
		*s = (struct keyslot){ *k, value };
		rs->nkeys++;
	}
	return true;
}

uint32_t records_get(const struct records *rs, const struct rowkey *k)
{
	return rs->capkeys ? key_slot(rs, k)->value : 0;
}

/* ---- rows ---- */

static uint32_t *row_slot(const struct records *rs, uint64_t row)
{
	size_t mask = rs->caprows - 1, i = rowkey_mix(row ^ rs->seed[0], 0x9fb21c651e98df25u) & mask;

	while (rs->rows[i] && rs->v[rs->rows[i]].row != row)
		i = (i + 1) & mask;
	return &rs->rows[i];
}

static bool rows_grow(struct records *rs, struct diag *d)
{
	size_t old = rs->caprows, cap = old ? old * 2 : 4096;
	uint32_t *was = rs->rows;
	void *p = NULL;

	if (!spill_grow(&rs->spill, &p, 0, cap * sizeof(*was), d))
		return false;
	rs->rows = p;
	rs->caprows = cap;
	for (size_t i = 0; i < old; i++)
		if (was[i])
			*row_slot(rs, rs->v[was[i]].row) = was[i];
	p = was;
	spill_free(&rs->spill, &p, old * sizeof(*was));
	return true;
}

static bool records_grow(struct records *rs, struct diag *d)
{
	size_t cap = rs->cap ? rs->cap * 2 : 4096;
	void *p = rs->v;

	if (rs->n >= UINT32_MAX)
		return diag_fail(d, DIAG_STEP, "more than %u rows of this archive hang together", UINT32_MAX);
	if (!spill_grow(&rs->spill, &p, rs->cap * sizeof(*rs->v), cap * sizeof(*rs->v), d))
		return false;
	rs->v = p;
	rs->cap = cap;
	return true;
}

uint32_t records_of(const struct records *rs, uint64_t row)
{
	return rs->caprows ? *row_slot(rs, row) : 0;
}

uint32_t records_find(const struct records *rs, uint64_t row, uint16_t role)
{
	uint32_t i = records_of(rs, row);

	while (i && rs->v[i].role != role)
		i = rs->v[i].next;
	return i;
}

bool records_add(struct records *rs, uint64_t row, uint16_t role, uint32_t parent, uint32_t *ret, struct diag *d)
{
	struct record *r;
	uint32_t *slot;

	if ((rs->n == rs->cap || !rs->cap) && !records_grow(rs, d))
		return false;
	if (rs->nrows * 4 >= rs->caprows * 3 && !rows_grow(rs, d))
		return false;
	slot = row_slot(rs, row);
	*ret = (uint32_t)rs->n++;
	r = &rs->v[*ret];
	*r = (struct record){ .row = row, .parent = parent, .role = role, .next = *slot };
	rs->nrows += !*slot;
	*slot = *ret;
	if (parent) {
		r->sibling = rs->v[parent].child;
		rs->v[parent].child = *ret;
	}
	return true;
}
