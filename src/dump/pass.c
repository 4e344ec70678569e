#include "dump/pass.h"

#define WINDOW ((size_t)DUMP_BUFFER)

void pass_init(struct pass *p, struct dump *dump, const struct dump_calls *calls,
	       struct dump_count *counts, bool writing)
{
	*p = (struct pass){ .dump = dump, .calls = calls, .counts = counts, .writing = writing };
	p->treat = xcalloc(dump->nentries + 1, sizeof(*p->treat));
	memset(counts, 0, dump->nentries * sizeof(*counts));
	p->row.impl = &p->row_impl;
	p->row_impl.std_strings = dump->std_strings;
}

void pass_done(struct pass *p)
{
	free(p->treat);
	free(p->row_impl.fields);
	bytes_done(&p->window);
	bytes_done(&p->rendered);
	bytes_done(&p->row_impl.scratch);
	bytes_done(&p->row_impl.sets);
	row_split_done(&p->split);
}

bool pass_start(struct pass *p, struct diag *d)
{
	for (size_t i = 0; i < p->dump->nentries; i++) {
		const struct dump_entry *e = &p->dump->entries[i];

		p->treat[i] = DUMP_COPY;
		if (e->kind == DUMP_OTHER)
			continue;
		if (p->calls->treat)
			p->treat[i] = p->calls->treat(p->calls->ctx, e);
		else if (e->kind != DUMP_STATISTICS)
			p->treat[i] = DUMP_FILTER;
		if (p->treat[i] == DUMP_OMIT ? e->kind != DUMP_STATISTICS :
		    p->treat[i] == DUMP_FILTER && e->kind == DUMP_STATISTICS) {
			dump_fail(d, p->dump->path, "only rows and objects are filtered, only statistics are left out");
			dump_where(d, e->offset, e);
			return false;
		}
	}
	return true;
}

int pass_level(const struct pass *p)
{
	return p->calls->level;
}

bool pass_decodes(const struct pass *p, size_t i)
{
	return p->treat[i] == DUMP_FILTER || (p->deep && p->dump->entries[i].has_data);
}

/* ---- the window ---- */

/* What comes behind the row at hand; *ret false: nothing does. Keeps the bytes from p->begin on. */
static bool refill(struct pass *p, struct decoder *dec, struct source *from, bool *ret, struct diag *d)
{
	struct bytes *w = &p->window;
	size_t got;

	if (p->begin) {
		memmove(w->buf, w->buf + p->begin, w->len - p->begin);
		w->len -= p->begin;
		p->begin = 0;
	}
	if (w->len > p->dump->impl->max_row)
		return dump_fail(d, p->dump->path, "row %llu is longer than the limit of %llu bytes",
				 (unsigned long long)p->row.number + 1, (unsigned long long)p->dump->impl->max_row);
	bytes_reserve(w, w->len < WINDOW / 2 ? WINDOW : w->len + WINDOW);
	if (!decoder_read(dec, from, w->buf + w->len, w->cap - w->len, &got, d))
		return false;
	w->len += got;
	*ret = got > 0;
	return true;
}

/* ---- rows ---- */

static bool put(struct rows *r, const void *bytes, size_t n, struct diag *d)
{
	r->count->bytes_out += n;
	return !r->enc || n == 0 || encoder_put(r->enc, bytes, n, r->to, d);
}

static bool flush(struct rows *r, struct diag *d)
{
	struct pass *p = r->p;
	size_t from = r->keep;

	r->keep = p->begin;
	return put(r, p->window.buf + from, p->begin - from, d);
}

bool rows_more(struct rows *r, bool *ret, struct diag *d)
{
	if (!flush(r, d))
		return false;
	r->count->bytes_in += r->p->begin;
	r->keep = 0;
	return refill(r->p, r->dec, r->from, ret, d);
}

static bool bad_row(struct rows *r, const char *why, struct diag *d)
{
	return dump_fail(d, r->p->dump->path, "row %llu %s", (unsigned long long)r->p->row.number + 1, why);
}

static void set_borders(struct pass *p, size_t n)
{
	size_t begin = 0;

	for (size_t i = 0; i < n; i++) {
		p->row_impl.fields[i].begin = begin;
		p->row_impl.fields[i].end = p->split.ends[i];
		begin = p->split.ends[i] + 1;
	}
}

bool rows_judge(struct rows *r, const char *raw, size_t len, enum dump_verdict *verdict, struct diag *d)
{
	struct pass *p = r->p;

	*verdict = DUMP_KEEP;
	p->row.number++;
	r->count->rows_in++;
	if (!p->calls->row)
		return true;
	p->row.raw = raw;
	p->row.raw_len = len;
	row_begin(&p->row);
	if (!p->calls->row(p->calls->ctx, &p->row, verdict, d))
		return false;
	BUG_ON(*verdict == DUMP_ENOUGH && p->writing);
	return true;
}

void rows_count(struct rows *r, enum dump_verdict verdict)
{
	r->count->rows_out += verdict != DUMP_DROP;
	r->count->dropped += verdict == DUMP_DROP;
	r->count->replaced += verdict == DUMP_REPLACE;
	r->enough = verdict == DUMP_ENOUGH;
}

bool rows_advance(struct rows *r, size_t size, bool changed, const char *instead, size_t n, struct diag *d)
{
	struct pass *p = r->p;

	if (!changed) {
		p->begin += size;
		return true;
	}
	if (!flush(r, d))
		return false;
	p->begin += size;
	r->keep = p->begin;
	return put(r, instead, n, d);
}

/* The row of COPY that ends at p->begin + p->split.at. */
static bool copy_row(struct rows *r, struct diag *d)
{
	struct pass *p = r->p;
	size_t size = p->split.at;
	enum dump_verdict verdict;

	if (p->calls->row)
		set_borders(p, p->row.nfields);
	if (!rows_judge(r, p->window.buf + p->begin, size - 1, &verdict, d))
		return false;
	rows_count(r, verdict);
	p->rendered.len = 0;
	if (verdict == DUMP_REPLACE) {
		row_render(&p->row, &p->rendered);
		bytes_add(&p->rendered, "\n", 1);
	}
	return rows_advance(r, size, verdict == DUMP_DROP || verdict == DUMP_REPLACE, p->rendered.buf,
			    p->rendered.len, d);
}

static bool copy_rows(struct rows *r, struct diag *d)
{
	struct pass *p = r->p;
	bool there;

	row_split_next(&p->split);
	for (;;) {
		switch (row_split(&p->split, p->window.buf + p->begin, p->window.len - p->begin)) {
		case ROW_MORE:
			if (!rows_more(r, &there, d))
				return false;
			if (!there)
				return bad_row(r, "is not there whole: the data ends without its line \\.", d);
			break;
		case ROW_DONE:
			if (!copy_row(r, d))
				return false;
			if (r->enough)
				return true;
			row_split_next(&p->split);
			break;
		case ROW_END:
			p->begin += p->split.at;
			return true;
		case ROW_BAD:
			return bad_row(r, p->split.why, d);
		}
	}
}

/* Behind the end mark: `tail`, then nothing. */
static bool check_tail(struct rows *r, const char *tail, struct diag *d)
{
	struct pass *p = r->p;
	size_t n = strlen(tail);
	bool there = true;

	while (there && p->window.len - p->begin <= n)
		if (!rows_more(r, &there, d))
			return false;
	if (p->window.len - p->begin != n || memcmp(p->window.buf + p->begin, tail, n) != 0)
		return dump_fail(d, p->dump->path, "expected %s behind the rows, found %zu other bytes",
				 n ? "two line feeds" : "nothing", p->window.len - p->begin);
	p->begin += n;
	return flush(r, d);
}

static void prepare(struct pass *p, const struct dump_entry *e)
{
	struct dump_row_impl *r = &p->row_impl;

	p->window.len = p->begin = 0;
	bytes_reserve(&p->window, WINDOW);
	row_split_done(&p->split);
	row_split_init(&p->split, e->ncolumns);
	free(r->fields);
	r->fields = xcalloc(e->ncolumns + 1, sizeof(*r->fields));
	r->nfields = e->ncolumns;
	r->form = e->form;
	p->row.entry = e;
	p->row.number = 0;
	p->row.nfields = e->ncolumns;
}

bool pass_rows(struct pass *p, size_t i, struct decoder *dec, struct source *from, enum tail tail,
	       struct encoder *enc, struct sink *to, bool *ret_enough, struct diag *d)
{
	const struct dump_entry *e = &p->dump->entries[i];
	struct rows r = { .p = p, .dec = dec, .from = from, .enc = enc, .to = to,
			  .count = &p->counts[i] };

	*ret_enough = false;
	r.count->decoded = true;
	if (!e->columns_known)
		return dump_fail(d, p->dump->path, "the archive does not say which columns the values of its INSERT "
				 "statements belong to");
	prepare(p, e);
	if (!(e->form == DUMP_INSERTS ? insert_rows(&r, d) : copy_rows(&r, d)))
		return false;
	if (r.enough) {
		*ret_enough = true;
		return true;
	}
	if (!check_tail(&r, tail == TAIL_ARCHIVE ? "\n\n" : "", d))
		return false;
	r.count->bytes_in += p->begin;
	return !enc || encoder_end(enc, to, d);
}

bool pass_drain(struct pass *p, size_t i, struct decoder *dec, struct source *from, struct diag *d)
{
	bool there = true;

	p->counts[i].decoded = true;
	while (there) {
		p->counts[i].bytes_in += p->window.len;
		p->counts[i].bytes_out += p->window.len;
		p->window.len = p->begin = 0;
		if (!refill(p, dec, from, &there, d))
			return false;
	}
	return true;
}

bool pass_object(struct pass *p, size_t i, uint32_t oid, bool *ret_keep, struct diag *d)
{
	enum dump_verdict verdict = DUMP_KEEP;

	p->counts[i].objects++;
	if (p->treat[i] == DUMP_FILTER && p->calls->object &&
	    !p->calls->object(p->calls->ctx, &p->dump->entries[i], oid, &verdict, d))
		return false;
	*ret_keep = verdict != DUMP_DROP;
	p->counts[i].emptied += !*ret_keep;
	return true;
}
