/* A pass over a plain dump, by the places that opening has noted. */
#include "dump/pass.h"
#include "dump/sniff.h"
#include "dump/sql.h"

struct walk {
	struct pass *p;
	struct unwrapped u;
	struct out *out;
	struct decoder *dec;
	struct encoder *enc;
};

static bool copy_to(struct walk *w, uint64_t end, struct diag *d)
{
	const uint8_t *p;
	size_t n;

	if (!w->out)
		return in_skip(&w->u.in, end - w->u.in.pos, "the dump", d);
	while (w->u.in.pos < end) {
		if (!in_piece(&w->u.in, end - w->u.in.pos < SIZE_MAX ? (size_t)(end - w->u.in.pos) : SIZE_MAX, &p,
			      &n, d))
			return false;
		if (!n)
			return in_fail(&w->u.in, d, "the file has become shorter since it was opened");
		if (!out_put(w->out, p, n, d))
			return false;
	}
	return true;
}

static bool copy_rest(struct walk *w, struct diag *d)
{
	const uint8_t *p;
	size_t n = 1;

	while (n)
		if (!in_piece(&w->u.in, SIZE_MAX, &p, &n, d) || (w->out && n && !out_put(w->out, p, n, d)))
			return false;
	return true;
}

static bool filter_rows(struct walk *w, size_t i, struct diag *d)
{
	struct part part;
	bool enough;

	part_init(&part, &w->u.in, w->p->dump->entries[i].bytes, "the rows of a table");
	decoder_reset(w->dec);
	return pass_rows(w->p, i, w->dec, &part.source, TAIL_SCRIPT, w->out ? w->enc : NULL,
			 w->out ? &w->out->sink : NULL, &enough, d) &&
	       (!enough || part_skip(&part, d));
}

/* ---- large objects ---- */

struct object {
	uint32_t oid;
	bool open, keep;
};

/* One statement of theirs: lo_open begins an object, lowrite is its bytes. *ret: it stays. */
static bool object_statement(struct walk *w, size_t i, struct object *o, const char *text, size_t n, bool *ret,
			     struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const char *oid = NULL;
	struct sql q;

	*ret = true;
	sql_begin(&q, text, n, true);
	if (!sql_accept_words(&q, "SELECT pg_catalog ."))
		return dump_fail(d, w->p->dump->path, "expected the statements of large objects, found another one");
	if (sql_accept_words(&q, "lowrite (")) {
		*ret = o->open && o->keep;
		return o->open || dump_fail(d, w->p->dump->path, "bytes of a large object stand outside of one");
	}
	o->open = false;
	if (!sql_accept_words(&q, "lo_open ("))
		return true;
	o->open = true;
	if (!sql_string(&q, a, &oid))
		return dump_fail(d, w->p->dump->path, "expected lo_open('oid', …), found another statement");
	o->oid = (uint32_t)strtoul(oid, NULL, 10);
	return pass_object(w->p, i, o->oid, &o->keep, d);
}

/* The text in [from, to) of the window, which is one statement with what stands before it. */
static bool put_statement(struct walk *w, size_t i, struct object *o, struct bytes *window,
			  const struct sql_scan *scan, size_t begin, struct diag *d)
{
	const char *text = window->buf + begin;
	bool keep;

	if (!object_statement(w, i, o, text + scan->begin, scan->at - scan->begin, &keep, d))
		return false;
	w->p->counts[i].bytes_in += scan->at;
	if (!keep)
		return true;
	w->p->counts[i].bytes_out += scan->at;
	return !w->out || out_put(w->out, text, scan->at, d);
}

static bool filter_objects(struct walk *w, size_t i, struct diag *d)
{
	struct object o = { 0, false, true };
	struct bytes window = { NULL, 0, 0 };
	struct sql_scan scan = { .at = 0 };
	struct part part;
	size_t begin = 0;
	bool ok = true, end = false;

	w->p->counts[i].decoded = true;
	part_init(&part, &w->u.in, w->p->dump->entries[i].bytes, "large objects");
	bytes_reserve(&window, 1);
	while (ok && !end) {
		const uint8_t *p;
		size_t n;

		if (sql_scan(&scan, window.buf + begin, window.len - begin, true, false) == SCAN_STATEMENT) {
			ok = put_statement(w, i, &o, &window, &scan, begin, d);
			begin += scan.at;
			scan = (struct sql_scan){ .at = 0 };
			continue;
		}
		memmove(window.buf, window.buf + begin, window.len - begin);
		window.len -= begin;
		begin = 0;
		ok = window.len <= w->p->dump->impl->max_row ?
		     part.source.next(&part.source, &p, &n, d) :
		     dump_fail(d, w->p->dump->path, "a statement is longer than the limit");
		end = ok && n == 0;
		if (ok && n)
			bytes_add(&window, p, n);
	}
	if (ok && window.len > begin)
		ok = dump_fail(d, w->p->dump->path, "the large objects end inside a statement");
	bytes_done(&window);
	return ok;
}

/* ---- */

static bool walk_entry(struct walk *w, size_t i, struct diag *d)
{
	const struct dump_entry *e = &w->p->dump->entries[i];

	if (w->p->treat[i] == DUMP_OMIT)
		return in_skip(&w->u.in, e->bytes, "statistics", d);
	if (pass_decodes(w->p, i) && e->kind == DUMP_ROWS)
		return filter_rows(w, i, d);
	if (pass_decodes(w->p, i) && e->kind == DUMP_BLOBS)
		return filter_objects(w, i, d);
	return copy_to(w, e->offset + e->bytes, d);
}

static bool walk(struct walk *w, struct diag *d)
{
	const struct dump *dump = w->p->dump;

	for (size_t i = 0; i < dump->nentries; i++) {
		const struct dump_entry *e = &dump->entries[i];

		if (!e->has_data)
			continue;
		if (!copy_to(w, e->offset, d) || !walk_entry(w, i, d)) {
			dump_where(d, w->u.in.pos, e);
			return false;
		}
	}
	return copy_rest(w, d);
}

bool plain_walk(struct pass *p, struct out *out, struct diag *d)
{
	struct walk w = { .p = p, .out = out };
	bool ok;

	unwrap(&w.u, p->dump, p->dump->impl->fd);
	w.u.in.calls = p->calls;
	w.dec = decoder_new(p->dump->path, DUMP_NONE, FRAME_FILE);
	w.enc = encoder_new(DUMP_NONE, FRAME_FILE, 0);
	ok = walk(&w, d);
	decoder_free(w.dec);
	encoder_free(w.enc);
	unwrap_done(&w.u);
	return ok;
}
