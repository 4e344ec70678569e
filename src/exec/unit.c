#include "exec/unit.h"

#define MAX_OFFSET 2048			/* more line pointers than a page of any block size has here */
#define UNIT_BYTES (64.0 * 1024 * 1024)	/* units follow bytes as well as rows (domain.md 3) */

void unit_queue_init(struct unit_queue *q, const struct plan_step *step, double target_ms)
{
	double part = target_ms < 100 ? target_ms / 100 : 1;

	*q = (struct unit_queue){ .step = step, .pages = 64 * part, .rows = 2000 * part,
				   .max_pages = 8192 };
	for (size_t i = 0; i < step->nrelations; i++) {
		double fits = UNIT_BYTES / (double)(step->relations[i].page_bytes ? step->relations[i].page_bytes : 8192);

		if (fits < q->max_pages)
			q->max_pages = fits < 1 ? 1 : fits;
	}
	if (q->pages > q->max_pages)
		q->pages = q->max_pages;
	q->dropped = xcalloc(step->nrelations, sizeof(*q->dropped));
}

int64_t unit_pages_all(const struct unit_queue *q)
{
	int64_t pages = 0;

	for (size_t i = 0; i < q->step->nrelations; i++) {
		if (q->step->relations[i].strategy == STRATEGY_INDEX)
			return 0;
		pages += q->dropped[i] ? 0 : q->step->relations[i].pages;
	}
	return pages;
}

void unit_free(struct unit *u)
{
	free(u->tids);
	free(u->oids);
	u->tids = NULL;
	u->oids = NULL;
}

void unit_queue_done(struct unit_queue *q)
{
	for (size_t i = 0; i < q->nagain; i++)
		unit_free(&q->again[i]);
	free(q->again);
	free(q->dropped);
	q->dropped = NULL;
	q->again = NULL;
	q->nagain = q->cap = 0;
}

void unit_sweep(struct unit_queue *q)
{
	q->sweeping = true;
	q->relation = 0;
	q->next_page = 0;
}

void unit_again(struct unit_queue *q, struct unit *u)
{
	if (q->nagain == q->cap) {
		q->cap = q->cap ? q->cap * 2 : 16;
		q->again = xrealloc(q->again, q->cap * sizeof(*q->again));
	}
	q->again[q->nagain++] = *u;
	u->tids = NULL;
	u->oids = NULL;
}

static struct tid *tids_copy(const struct tid *tids, size_t n)
{
	struct tid *copy = xmalloc(n * sizeof(*copy));

	memcpy(copy, tids, n * sizeof(*copy));
	return copy;
}

void unit_add_tids(struct unit_queue *q, size_t relation, const struct tid *tids, size_t n)
{
	size_t size = q->rows < 1 ? 1 : (size_t)q->rows;

	for (size_t at = 0; at < n; at += size) {
		size_t take = n - at < size ? n - at : size;
		struct unit u = { .kind = UNIT_TIDS, .relation = relation, .n = take, .tids = tids_copy(tids + at, take) };

		unit_again(q, &u);
	}
}

void unit_add_circle(struct unit_queue *q, size_t relation, const struct tid *tids, const uint32_t *oids, size_t n)
{
	struct unit u = { .kind = UNIT_TIDS, .relation = relation, .n = n, .tids = tids_copy(tids, n), .circle = true };

	if (oids) {
		u.oids = xmalloc(n * sizeof(*oids));
		memcpy(u.oids, oids, n * sizeof(*oids));
	}
	unit_again(q, &u);
}

static bool sweep_next(struct unit_queue *q, struct unit *ret)
{
	while (q->relation < q->step->nrelations) {
		const struct plan_relation *r = &q->step->relations[q->relation];
		int64_t take = q->pages < 1 ? 1 : (int64_t)q->pages;

		if (q->dropped[q->relation] || r->strategy == STRATEGY_INDEX || q->next_page >= r->pages) {
			q->relation++;
			q->next_page = 0;
			continue;
		}
		if (take > r->pages - q->next_page)
			take = r->pages - q->next_page;
		*ret = (struct unit){ .kind = UNIT_RANGE, .relation = q->relation,
				      .lo = { (uint32_t)q->next_page, 0 }, .hi = { (uint32_t)(q->next_page + take), 0 } };
		q->next_page += take;
		return true;
	}
	q->sweeping = false;
	return false;
}

bool unit_next(struct unit_queue *q, struct unit *ret)
{
	if (q->nagain) {
		*ret = q->again[--q->nagain];
		return true;
	}
	return q->sweeping && sweep_next(q, ret);
}

bool unit_next_begun(struct unit_queue *q, struct unit *ret)
{
	for (size_t i = q->nagain; i-- > 0;) {
		if (!q->again[i].begun)
			continue;
		*ret = q->again[i];
		memmove(&q->again[i], &q->again[i + 1], (--q->nagain - i) * sizeof(*q->again));
		return true;
	}
	return false;
}

static bool split_range(const struct unit *u, struct tid *mid)
{
	if (u->hi.block - u->lo.block > 1 || (u->hi.block > u->lo.block && u->hi.offset > 0)) {
		uint32_t half = (u->hi.block - u->lo.block) / 2;

		*mid = (struct tid){ u->lo.block + (half ? half : 1), 0 };
		return true;
	}
	uint16_t end = u->hi.block > u->lo.block ? MAX_OFFSET : u->hi.offset;

	if (end - u->lo.offset <= 1)
		return false;
	/* a page rarely has more than 300 rows: aim at where they are */
	*mid = (struct tid){ u->lo.block, (uint16_t)(u->lo.offset + (end == MAX_OFFSET ? 64 : (end - u->lo.offset) / 2)) };
	return true;
}

bool unit_split(struct unit_queue *q, struct unit *u)
{
	struct unit a = *u, b = *u;
	size_t half = u->n / 2;

	if (u->circle)
		return false;
	a.tries = b.tries = 0;
	if (u->kind == UNIT_RANGE) {
		if (!split_range(u, &a.hi))
			return false;
		b.lo = a.hi;
	} else {
		if (u->n <= 1)
			return false;
		a.n = half;
		a.tids = tids_copy(u->tids, half);
		b.n = u->n - half;
		b.tids = tids_copy(u->tids + half, b.n);
		unit_free(u);
	}
	unit_again(q, &b);
	unit_again(q, &a);
	return true;
}

void unit_adapt(struct unit_queue *q, const struct unit *u, double took_ms, double target_ms)
{
	double factor = took_ms < 1 ? 2 : target_ms / took_ms;

	factor = factor > 2 ? 2 : factor < 0.25 ? 0.25 : factor;
	if (u->kind == UNIT_RANGE) {
		double size = (double)(u->hi.block - u->lo.block);

		if (size >= q->pages * 0.9 || factor < 1)	/* the last range of a relation says little */
			q->pages = (size < 1 ? 1 : size) * factor;
		if (q->pages > q->max_pages)
			q->pages = q->max_pages;
	} else if ((double)u->n >= q->rows * 0.9 || factor < 1) {
		q->rows = (double)u->n * factor;
	}
	q->pages = q->pages < 1 ? 1 : q->pages;
	q->rows = q->rows < 1 ? 1 : q->rows > 20000 ? 20000 : q->rows;
}

void unit_shrink(struct unit_queue *q)
{
	q->pages = q->pages / 8 < 1 ? 1 : q->pages / 8;
	q->rows = q->rows / 8 < 1 ? 1 : q->rows / 8;
}

void unit_tid_text(struct strbuf *sb, struct tid t)
{
	strbuf_addf(sb, "(%u,%u)", t.block, t.offset);
}

void unit_tids_text(struct strbuf *sb, const struct tid *tids, size_t n)
{
	strbuf_addc(sb, '{');
	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%s\"(%u,%u)\"", i ? "," : "", tids[i].block, tids[i].offset);
	strbuf_addc(sb, '}');
}

void unit_oids_text(struct strbuf *sb, const uint32_t *oids, size_t n)
{
	strbuf_addc(sb, '{');
	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%s%u", i ? "," : "", oids[i]);
	strbuf_addc(sb, '}');
}

bool unit_tid_parse(const char *s, struct tid *ret)
{
	unsigned block, offset;

	if (sscanf(s, "(%u,%u)", &block, &offset) != 2 || offset > UINT16_MAX)
		return false;
	*ret = (struct tid){ block, (uint16_t)offset };
	return true;
}

int unit_tid_compare(const void *a, const void *b)
{
	const struct tid *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}
