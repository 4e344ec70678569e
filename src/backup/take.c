/* A row's roles. */
#include "backup/analysis.h"

#include "base/strbuf.h"

#include <stdlib.h>

#define ASK_ROWS 500

/* Rows about which the server has to be asked, until there are enough of them. */
struct pending {
	uint64_t row;
	size_t first_key;		/* digests of its keys, in `keys` */
};

struct asking {
	const struct seat *seat;	/* NULL: none */
	size_t test;
	size_t n;
	struct pending rows[ASK_ROWS];
	struct strbuf numbers, *texts;
	VEC(struct rowkey) keys;
	VEC(bool) known;
	struct arena *arena;
};

/* ---- a role that is taken ---- */

static bool put_keys(struct analysis *n, const struct seat *s, uint32_t record, struct diag *d)
{
	struct rowkey k;

	for (size_t i = 0; i < s->nkeys; i++)
		if (row_key(n->values, &n->rs, &s->keys[i].columns, s->keys[i].list, &k) &&
		    !records_put(&n->rs, &k, record, d))
			return false;
	return true;
}

/* The law's own terms, of a row that would go by mention. */
static bool kept_by_rule(struct analysis *n, const struct seat *s, bool *ret, struct diag *d)
{
	enum row_state state;

	for (size_t i = 0; i < s->nkept; i++) {
		if (!s->kept[i].pred)
			continue;
		if (!row_state(n->values, n->x, s, s->kept[i].pred, PRED_FLOOR, &state, d))
			return false;
		*ret |= state != ROW_DUE;
	}
	return true;
}

static bool put_batch(struct analysis *n, uint64_t row, uint16_t role, uint32_t batch, struct diag *d)
{
	struct rowkey k;

	tombs_batch_key(n, row, role, &k);
	return records_put(&n->rs, &k, batch, d);
}

/* batch: of the tombstone that names it, from 1; 0: none does. */
static bool take_role(struct analysis *n, const struct seat *s, uint64_t row, uint32_t parent, bool class_only,
		      uint32_t batch, struct diag *d)
{
	uint32_t record;
	bool open = false, kept = false;

	if (s->role->kind == JUDGE_RULE && !s->role->removes && !row_overwrite(n->values, s, false, &open, d))
		return false;
	if (s->role->kind == JUDGE_CASCADE && !kept_by_rule(n, s, &kept, d))
		return false;
	if (!records_add(&n->rs, row, s->index, s->role->kind == JUDGE_HELD ? 0 : parent, &record, d))
		return false;
	n->taken[s->index]++;
	n->rs.v[record].flags |= s->role->kind == JUDGE_RULE && !s->role->removes && !open ? RECORD_DONE : 0;
	n->rs.v[record].flags |= kept ? RECORD_KEPT : 0;
	n->rs.v[record].flags |= class_only ? RECORD_CLASS : 0;
	n->rs.v[record].flags |= batch ? RECORD_TOMB : 0;
	if (batch && !put_batch(n, row, s->index, batch, d))
		return false;
	return put_keys(n, s, record, d);
}

/* ---- ways in ---- */

static bool in_part(const struct analysis *n, const struct judge_table *part, uint32_t record)
{
	const struct dump_entry *e = &n->x->dump->entries[ROW_ENTRY(n->rs.v[record].row)];

	for (size_t i = 0; i < part->n; i++)
		if (streq(part->names[i].name, e->tag) && streq(part->names[i].schema, e->schema))
			return true;
	return false;
}

static uint32_t upper_of(struct analysis *n, const struct seat_way *w)
{
	struct rowkey k;
	uint32_t record;

	if (!row_key(n->values, &n->rs, &w->child, w->list, &k))
		return 0;
	record = records_get(&n->rs, &k);
	return record && w->way->part && !in_part(n, w->way->part, record) ? 0 : record;
}

/* ---- tests of holds ---- */

bool take_tests_keys(struct analysis *n, struct diag *d)
{
	struct rowkey k;

	for (size_t i = 0; i < n->x->dump->nentries; i++)
		for (size_t s = 0; s < n->x->places[i].nseats; s++)
			for (size_t t = 0; t < n->x->places[i].seats[s].ntests; t++) {
				const struct seat_test *test = &n->x->places[i].seats[s].tests[t];
				size_t width = test->columns.n;

				for (size_t key = 0; test->test->kind == JUDGE_TEST_KEYS && key < test->test->nkeys; key++) {
					text_key(&n->rs, &test->columns, test->test->keys + key * width, test->list, &k);
					if (!records_put(&n->rs, &k, 1, d))
						return false;
				}
			}
	return true;
}

void text_array_add(struct strbuf *sb, const struct dump_value *v)
{
	strbuf_adds(sb, sb->len ? "," : "{");
	if (v->null) {
		strbuf_adds(sb, "NULL");
		return;
	}
	strbuf_addc(sb, '"');
	for (size_t i = 0; i < v->len; i++) {
		if (v->bytes[i] == '"' || v->bytes[i] == '\\')
			strbuf_addc(sb, '\\');
		strbuf_addc(sb, v->bytes[i]);
	}
	strbuf_addc(sb, '"');
}

static bool ask(struct analysis *n, PGresult **res, struct diag *d)
{
	struct asking *a = n->asking;
	const struct judge_ask *q = &a->seat->tests[a->test].test->ask;
	const char **values = xmalloc(((size_t)q->params.n + 1) * sizeof(*values));
	bool ok;

	memcpy(values, q->params.values, (size_t)q->params.n * sizeof(*values));
	strbuf_addc(&a->numbers, '}');
	values[0] = strbuf_str(&a->numbers);
	for (size_t i = 0; i < q->columns.n; i++) {
		strbuf_addc(&a->texts[i], '}');
		values[i + 1] = strbuf_str(&a->texts[i]);
	}
	ok = conn_query(n->conn, q->sql, (struct params){ q->params.n, q->params.types, values }, res, d);
	free(values);
	if (!ok && d->cls != DIAG_LOST) {
		diag_where(d, "%s: a hold's condition on rows of rule \"%s\"", n->x->dump->path, a->seat->role->rule);
		d->cls = DIAG_STEP;
	}
	return ok;
}

static void forget(struct asking *a)
{
	for (size_t i = 0; a->seat && i < a->seat->tests[a->test].test->ask.columns.n; i++)
		strbuf_done(&a->texts[i]);
	strbuf_reset(&a->numbers);
	a->keys.n = a->known.n = a->n = 0;
	a->seat = NULL;
}

static bool answer(struct analysis *n, const struct pending *p, struct diag *d)
{
	struct asking *a = n->asking;
	uint32_t record = records_find(&n->rs, p->row, a->seat->index);

	if (record)
		n->rs.v[record].flags &= (uint16_t)~RECORD_CLASS;
	else if (!records_add(&n->rs, p->row, a->seat->index, 0, &record, d))
		return false;
	n->taken[a->seat->index]++;
	for (size_t i = 0; i < a->seat->nkeys; i++)
		if (a->known.v[p->first_key + i] && !records_put(&n->rs, &a->keys.v[p->first_key + i], record, d))
			return false;
	return true;
}

bool take_asked(struct analysis *n, struct diag *d)
{
	struct asking *a = n->asking;
	AUTO_RESULT *res = NULL;
	bool ok = true;

	if (!a || !a->seat)
		return true;
	ok = ask(n, &res, d);
	for (int i = 0; ok && i < PQntuples(res); i++)
		ok = answer(n, &a->rows[res_int(res, i, 0)], d);
	forget(a);
	return ok;
}

static bool put_off(struct analysis *n, const struct seat *s, size_t test, uint64_t row, struct diag *d)
{
	const struct seat_test *t = &s->tests[test];
	struct asking *a = n->asking;

	if (!a) {
		a = n->asking = xcalloc(1, sizeof(*a));
		a->arena = arena_new();
	}
	if ((a->seat && (a->seat != s || a->test != test)) || a->n == ASK_ROWS)
		if (!take_asked(n, d))
			return false;
	if (!a->seat)
		a->texts = arena_alloc(a->arena, (t->columns.n + 1) * sizeof(*a->texts));
	a->seat = s;
	a->test = test;
	strbuf_addf(&a->numbers, "%s%zu", a->n ? "," : "{", a->n);
	a->rows[a->n++] = (struct pending){ row, a->keys.n };
	for (size_t i = 0; i < t->columns.n; i++) {
		struct dump_value v = dump_row_value(n->values->row, t->columns.fields[i]);

		text_array_add(&a->texts[i], &v);
	}
	for (size_t i = 0; i < s->nkeys; i++) {
		struct rowkey k;

		vec_push(a->arena, &a->known, row_key(n->values, &n->rs, &s->keys[i].columns, s->keys[i].list, &k));
		vec_push(a->arena, &a->keys, k);
	}
	return true;
}

void take_done(struct analysis *n)
{
	if (!n->asking)
		return;
	forget(n->asking);
	strbuf_done(&n->asking->numbers);
	arena_free(n->asking->arena);
	free(n->asking);
	n->asking = NULL;
}

/* all: covers the row; class_only: nothing else does. */
static bool tests_cover(struct analysis *n, const struct seat *s, uint64_t row, bool *ret, bool *class_only, struct diag *d)
{
	struct rowkey k;

	*ret = *class_only = false;
	for (size_t i = 0; i < s->ntests; i++) {
		const struct seat_test *t = &s->tests[i];
		bool yes = t->test->kind == JUDGE_TEST_ALL;

		if (*ret && !*class_only)
			return true;
		if (t->test->kind == JUDGE_TEST_KEYS)
			yes = row_key(n->values, &n->rs, &t->columns, t->list, &k) && records_get(&n->rs, &k);
		if (t->test->kind == JUDGE_TEST_ASK && !put_off(n, s, i, row, d))
			return false;
		if (!yes)
			continue;
		*class_only = t->test->class_only && (!*ret || *class_only);
		*ret = true;
	}
	return true;
}

/* ---- the row ---- */

static bool take_seat(struct analysis *n, const struct seat *s, uint64_t row, struct diag *d)
{
	enum row_state state = ROW_KEPT;
	bool covered = false, class_only = false;
	uint32_t upper = 0, batch = 0;

	if (records_find(&n->rs, row, s->index))
		return true;
	if (s->pred && !row_state(n->values, n->x, s, s->pred, PRED_PASSIVE, &state, d))
		return false;
	for (size_t i = 0; !upper && i < s->nways; i++)
		upper = upper_of(n, &s->ways[i]);
	if (s->ntests && s->role->kind == JUDGE_RULE && !tombs_cover(n, s, &batch, d))
		return false;
	if (!upper && s->ntests && s->role->kind == JUDGE_HELD && !tests_cover(n, s, row, &covered, &class_only, d))
		return false;
	if (state != ROW_DUE && !upper && !covered && !batch)
		return true;
	return take_role(n, s, row, upper, class_only, batch, d);
}

bool take_row(struct analysis *n, size_t entry, struct dump_row *row, struct diag *d)
{
	const struct place *p = &n->x->places[entry];

	for (size_t i = 0; i < p->nseats; i++)
		if (!take_seat(n, &p->seats[i], ROW_ID(entry, row->number), d))
			return false;
	return true;
}
