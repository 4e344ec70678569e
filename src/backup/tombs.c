/* Rows that were erased after the archive was made. */
#include "backup/analysis.h"

static void key_values(struct analysis *n, const struct seat_test *t)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		struct dump_value v = dump_row_value(n->values->row, t->columns.fields[i]);

		t->values[i] = (struct tomb_value){ v.null ? NULL : v.bytes, v.len };
	}
}

/* *column NULL: the row shows no start. */
static bool start_of(struct analysis *n, const struct seat *s, const struct pred_column **column, int64_t *raw,
		     struct diag *d)
{
	size_t bad;

	*column = NULL;
	if (!s->start)
		return true;
	row_fields(n->values, s->start);
	if (pred_start(s->start, n->values->fields, n->values->lens, column, raw, &bad))
		return true;
	return row_unreadable(n->values, n->x, s, bad, d);
}

static bool contained(const struct analysis *n, const struct tomb *t)
{
	return t->batch == TOMB_REVOKED || n->x->contains[t->batch];
}

/* Where both tell a start it decides. Where not, an archive that lacks the entry was made before the erasure, so the
 * row is the one of that time; without a ledger nothing says when it was made. */
static enum tomb_says judge_tomb(const struct analysis *n, const struct tomb *t, const struct pred_column *column,
				 int64_t raw)
{
	if (contained(n, t))
		return TOMB_NONE;
	if (column && t->at != NO_TOMB_MARK)
		return tomb_began(t, column, raw) ? TOMB_ERASED : TOMB_OTHER;
	return n->x->has_ledger ? TOMB_ERASED : TOMB_UNTOLD;
}

struct said {
	enum tomb_says most;
	uint32_t batch;			/* of the one that said it */
};

static void hear(struct said *s, enum tomb_says one, uint32_t batch)
{
	if (one > s->most)
		*s = (struct said){ one, batch };
}

/* Nothing says which row it is: none of those batches is met, as the first row of the table says for all. */
static void hear_nameless(struct analysis *n, const struct tombs *tombs, struct said *s)
{
	bool all = n->counting && n->values->row->number <= 1;

	for (size_t i = 0; i < tombs->n && (all || !s->most); i++) {
		if (contained(n, &tombs->v[i]))
			continue;
		hear(s, TOMB_UNTOLD, tombs->v[i].batch);
		n->unmet[tombs->v[i].batch] += all;
	}
}

static bool say(struct analysis *n, const struct seat *s, const struct seat_test *t, struct said *ret, struct diag *d)
{
	const struct tombs *tombs = t->test->tombs;
	const struct pred_column *column;
	const struct tomb *tomb;
	struct rowkey key;
	int64_t raw;

	if (tombs->nameless) {
		hear_nameless(n, tombs, ret);
		return true;
	}
	key_values(n, t);
	tomb = tombs_key(tombs, t->values, &key) ? tombs_find(tombs, &key) : NULL;
	if (!tomb)
		return true;
	if (!start_of(n, s, &column, &raw, d))
		return false;
	for (; tomb; tomb = tombs_next(tombs, tomb)) {
		enum tomb_says one = judge_tomb(n, tomb, column, raw);

		if (one == TOMB_UNTOLD)
			n->unmet[tomb->batch] += n->counting;
		hear(ret, one, tomb->batch);
	}
	return true;
}

bool tombs_cover(struct analysis *n, const struct seat *s, uint32_t *ret, struct diag *d)
{
	struct tally *tally = &n->tallies[n->values->row->entry - n->x->dump->entries];
	struct said said = { TOMB_NONE, 0 };

	for (size_t i = 0; i < s->ntests; i++)
		if (s->tests[i].test->kind == JUDGE_TEST_TOMBS && !say(n, s, &s->tests[i], &said, d))
			return false;
	*ret = said.most == TOMB_ERASED ? said.batch + 1 : 0;
	tally->other += n->counting && said.most == TOMB_OTHER;
	tally->untold += n->counting && said.most == TOMB_UNTOLD;
	return true;
}

void tombs_batch_key(const struct analysis *n, uint64_t row, uint16_t role, struct rowkey *ret)
{
	rowkey_begin(n->rs.seed, ret, UINT32_MAX - UINT16_MAX);
	rowkey_add(ret, (const char *)&row, sizeof(row));
	rowkey_add(ret, (const char *)&role, sizeof(role));
}
