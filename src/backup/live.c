/* Quarantine: a row may leave an archive when the live table no longer has it, for then the vault has it or it
 * was purged from there. */
#include "backup/analysis.h"

#include <stdlib.h>

#define ASK_ROWS 1000

struct live {
	struct analysis *n;
	const struct seat *seat;	/* whose rows are being gathered */
	struct strbuf *texts;
	size_t rows;
	uint64_t found;
};

static const struct seat *quarantine_of(const struct place *p)
{
	for (size_t i = 0; i < p->nseats; i++)
		if (p->seats[i].role->live.sql)
			return &p->seats[i];
	return NULL;
}

static enum dump_treat treat(void *ctx, const struct dump_entry *e)
{
	const struct live *l = ctx;
	size_t entry = (size_t)(e - l->n->x->dump->entries);

	return analysis_touches(l->n, entry) && quarantine_of(&l->n->x->places[entry]) ? DUMP_FILTER : DUMP_COPY;
}

static bool ask(struct live *l, struct diag *d)
{
	const struct judge_ask *q = &l->seat->role->live;
	const char **values = xmalloc(((size_t)q->params.n + 1) * sizeof(*values));
	AUTO_RESULT *res = NULL;
	bool ok;

	memcpy(values, q->params.values, (size_t)q->params.n * sizeof(*values));
	for (size_t i = 0; i < q->columns.n; i++) {
		strbuf_addc(&l->texts[i], '}');
		values[i] = strbuf_str(&l->texts[i]);
	}
	ok = conn_query(l->n->conn, q->sql, (struct params){ q->params.n, q->params.types, values }, &res, d);
	free(values);
	if (ok)
		l->found += (uint64_t)res_int(res, 0, 0);
	for (size_t i = 0; i < q->columns.n; i++)
		strbuf_reset(&l->texts[i]);
	l->rows = 0;
	return ok;
}

static void drop_texts(struct live *l)
{
	for (size_t i = 0; l->seat && i < l->seat->live.n; i++)
		strbuf_done(&l->texts[i]);
	free(l->texts);
	l->texts = NULL;
}

static bool turn_to(struct live *l, const struct seat *s, struct diag *d)
{
	if (l->seat == s)
		return true;
	if (l->rows && !ask(l, d))
		return false;
	drop_texts(l);
	l->seat = s;
	l->texts = xcalloc(s->live.n + 1, sizeof(*l->texts));
	return true;
}

static bool on_row(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	struct live *l = ctx;
	size_t entry = (size_t)(row->entry - l->n->x->dump->entries);
	const struct seat *s = quarantine_of(&l->n->x->places[entry]);
	enum dump_verdict verdict = DUMP_KEEP;

	if (!turn_to(l, s, d) || !analysis_verdict(l->n, row, &verdict, d))
		return false;
	*ret = DUMP_KEEP;
	if (verdict == DUMP_KEEP)
		return true;
	for (size_t i = 0; i < s->live.n; i++) {
		struct dump_value v = dump_row_value(row, s->live.fields[i]);

		text_array_add(&l->texts[i], &v);
	}
	return ++l->rows < ASK_ROWS || ask(l, d);
}

static bool any_quarantine(const struct analysis *n)
{
	for (size_t i = 0; i < n->x->dump->nentries; i++)
		if (analysis_touches(n, i) && quarantine_of(&n->x->places[i]))
			return true;
	return false;
}

bool live_check(struct analysis *n, struct diag *d)
{
	struct live l = { .n = n };
	struct dump_calls calls = { .ctx = &l, .treat = treat, .row = on_row };
	bool ok;

	if (!any_quarantine(n))
		return true;
	ok = dump_scan(n->x->dump, &calls, NULL, d) && (!l.rows || ask(&l, d));
	drop_texts(&l);
	if (!ok || !l.found)
		return ok;
	diag_fail(d, DIAG_STEP, "%s: %llu row(s) for quarantine are not in the vault yet", n->x->dump->path,
		  (unsigned long long)l.found);
	if (l.seat)
		diag_where(d, "%s:%d: rule \"%s\"", l.seat->role->loc.file, l.seat->role->loc.line, l.seat->role->rule);
	diag_hint(d, "pgretain run moves them there; then the archive can be rewritten");
	return false;
}
