/* Which erasures an archive contains, by its own copy of the ledger: the entry's hash tells it from that of another
 * lineage under the same number. */
#include "backup/archive.h"

#include <stdlib.h>

struct inside {
	struct archive *x;
	uint32_t *order;		/* batches by seq */
	size_t seq, hash;		/* fields */
};

static bool is_ledger(const struct archive *x, const struct dump_entry *e)
{
	return archive_ours(x, e) && streq(e->into_schema, "pgretain") && streq(e->into_table, "ledger");
}

static enum dump_treat treat(void *ctx, const struct dump_entry *e)
{
	const struct inside *in = ctx;

	return is_ledger(in->x, e) ? DUMP_FILTER : DUMP_COPY;
}

static bool field(const struct dump_entry *e, const char *name, size_t *ret)
{
	for (*ret = 0; *ret < e->ncolumns; ++*ret)
		if (streq(e->columns[*ret], name))
			return true;
	return false;
}

static bool read_seq(struct dump_value v, int64_t *ret)
{
	char text[24], *end;

	if (v.null || !v.len || v.len >= sizeof(text))
		return false;
	memcpy(text, v.bytes, v.len);
	text[v.len] = '\0';
	*ret = strtoll(text, &end, 10);
	return !*end;
}

static bool read_hash(struct dump_value v, unsigned char into[SECRET_MAC])
{
	char hex[SECRET_MAC_TEXT];

	if (v.null || v.len != 2 + sizeof(hex) - 1 || memcmp(v.bytes, "\\x", 2) != 0)
		return false;
	memcpy(hex, v.bytes + 2, sizeof(hex) - 1);
	hex[sizeof(hex) - 1] = '\0';
	return secret_mac_parse(hex, into);
}

static size_t first_with(const struct inside *in, int64_t seq)
{
	const struct judge *j = in->x->judge;
	size_t lo = 0, hi = j->nbatches;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (j->batches[in->order[mid]].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool on_entry(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	struct inside *in = ctx;
	const struct judge *j = in->x->judge;
	unsigned char hash[SECRET_MAC];
	int64_t seq;

	*ret = DUMP_KEEP;
	if (!field(row->entry, "seq", &in->seq) || !field(row->entry, "hash", &in->hash) ||
	    !read_seq(dump_row_value(row, in->seq), &seq) || !read_hash(dump_row_value(row, in->hash), hash)) {
		diag_fail(d, DIAG_STEP, "%s: pgretain.ledger in it is not what this version writes", in->x->dump->path);
		diag_hint(d, "not touched: it counts as still holding the rows");
		return false;
	}
	for (size_t i = first_with(in, seq); i < j->nbatches && j->batches[in->order[i]].seq == seq; i++)
		if (memcmp(j->batches[in->order[i]].entry, hash, sizeof(hash)) == 0)
			in->x->contains[in->order[i]] = true;
	return true;
}

static int by_seq(const void *a, const void *b, void *judge)
{
	const struct tomb_batch *batches = ((const struct judge *)judge)->batches;
	int64_t x = batches[*(const uint32_t *)a].seq, y = batches[*(const uint32_t *)b].seq;

	return (x > y) - (x < y);
}

bool inside_read(struct archive *x, struct diag *d)
{
	size_t n = x->judge->nbatches;
	struct inside in = { .x = x };
	struct dump_calls calls = { .ctx = &in, .treat = treat, .row = on_entry };

	if (!n)
		return true;
	x->contains = arena_alloc(x->arena, n * sizeof(*x->contains));
	for (size_t i = 0; i < x->dump->nentries; i++)
		x->has_ledger |= is_ledger(x, &x->dump->entries[i]);
	if (!x->has_ledger)
		return true;
	in.order = arena_alloc(x->arena, n * sizeof(*in.order));
	for (size_t i = 0; i < n; i++)
		in.order[i] = (uint32_t)i;
	qsort_r(in.order, n, sizeof(*in.order), by_seq, (void *)(uintptr_t)x->judge);
	return dump_scan(x->dump, &calls, NULL, d);
}
