/* Custom archives: header, table of contents, then blocks of chunks to the end of the file. */
#include "dump/pass.h"

#include <unistd.h>

/* The chunks of one stream; the chunk of length 0 is its end and is read too. */
struct chunks {
	struct source source;
	struct in *in;
	uint64_t left;			/* of the chunk at hand */
	bool end;
};

struct chunk_sink {
	struct sink sink;
	struct out *out;
};

struct walk {
	struct pass *p;
	struct in in;
	struct out *out;		/* NULL: read only */
	const struct toc *toc;
	bool *met;
	uint64_t *fields, *positions;	/* of each entry: its offset field and its block in `out` */
	struct decoder *dec;
	struct encoder *enc;
	struct chunk_sink sink;
};

static bool chunk_next(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	struct chunks *c = (struct chunks *)s;
	int64_t n;

	*ret_n = 0;
	if (c->left == 0 && !c->end) {
		if (!toc_get_int(c->in, &n, "a data block", d))
			return false;
		if (n < 0)
			return in_fail(c->in, d, "expected the length of a chunk, found %lld", (long long)n);
		c->left = (uint64_t)n;
		c->end = n == 0;
	}
	if (c->end)
		return true;
	if (!in_piece(c->in, (size_t)c->left, ret, ret_n, d))
		return false;
	if (!*ret_n)
		return in_fail(c->in, d, "the file ends inside a data block; it is cut off");
	c->left -= *ret_n;
	return true;
}

static bool chunk_put(struct sink *s, const void *bytes, size_t n, struct diag *d)
{
	struct chunk_sink *c = (struct chunk_sink *)s;
	uint8_t length[TOC_INT];

	toc_put_int(length, (uint32_t)n);
	return out_put(c->out, length, sizeof(length), d) && out_put(c->out, bytes, n, d);
}

static bool put_int(struct walk *w, uint32_t n, struct diag *d)
{
	uint8_t b[TOC_INT];

	toc_put_int(b, n);
	return !w->out || out_put(w->out, b, sizeof(b), d);
}

/* The chunks as they are, or past them. */
static bool copy_chunks(struct walk *w, struct diag *d)
{
	for (;;) {
		int64_t n;

		if (!toc_get_int(&w->in, &n, "a data block", d))
			return false;
		if (n < 0)
			return in_fail(&w->in, d, "expected the length of a chunk, found %lld", (long long)n);
		if (!put_int(w, (uint32_t)n, d))
			return false;
		if (n == 0)
			return true;
		if (!w->out && !in_skip(&w->in, (uint64_t)n, "a data block", d))
			return false;
		while (w->out && n) {
			const uint8_t *p;
			size_t got;

			if (!in_piece(&w->in, (size_t)n, &p, &got, d))
				return false;
			if (!got)
				return in_fail(&w->in, d, "the file ends inside a data block; it is cut off");
			if (!out_put(w->out, p, got, d))
				return false;
			n -= (int64_t)got;
		}
	}
}

static bool skip_rest(struct chunks *c, struct diag *d)
{
	const uint8_t *p;
	size_t n = 1;

	while (n) {
		if (c->left && !in_skip(c->in, c->left, "a data block", d))
			return false;
		c->left = 0;
		if (!chunk_next(&c->source, &p, &n, d))
			return false;
	}
	return true;
}

static bool walk_rows(struct walk *w, size_t i, struct diag *d)
{
	struct chunks c = { .source = { chunk_next }, .in = &w->in };
	bool enough;

	if (!pass_decodes(w->p, i))
		return copy_chunks(w, d);
	decoder_reset(w->dec);
	if (w->p->dump->entries[i].kind != DUMP_ROWS)
		return pass_drain(w->p, i, w->dec, &c.source, d);
	if (!pass_rows(w->p, i, w->dec, &c.source, TAIL_ARCHIVE, w->out ? w->enc : NULL, &w->sink.sink,
		       &enough, d))
		return false;
	if (enough && !skip_rest(&c, d))
		return false;
	return put_int(w, 0, d);
}

static bool walk_object(struct walk *w, size_t i, uint32_t oid, struct diag *d)
{
	struct chunks c = { .source = { chunk_next }, .in = &w->in };
	bool keep;

	if (!pass_object(w->p, i, oid, &keep, d))
		return false;
	if (pass_decodes(w->p, i) && !w->out) {
		decoder_reset(w->dec);
		return pass_drain(w->p, i, w->dec, &c.source, d);
	}
	if (keep)
		return copy_chunks(w, d);
	return skip_rest(&c, d) && encoder_end(w->enc, &w->sink.sink, d) && put_int(w, 0, d);
}

static bool walk_objects(struct walk *w, size_t i, struct diag *d)
{
	for (;;) {
		int64_t n;
		uint8_t raw[TOC_INT];

		if (!in_get(&w->in, raw, sizeof(raw), "a block of large objects", d))
			return false;
		if (!toc_int_value(raw, &n))
			return in_fail(&w->in, d, "expected the oid of a large object, found the sign byte %d", raw[0]);
		if (w->out && !out_put(w->out, raw, sizeof(raw), d))
			return false;
		if (n == 0)
			return true;
		/* an oid goes through a signed int */
		if (!walk_object(w, i, (uint32_t)n, d))
			return false;
	}
}

/* Type byte and id, checked against the table of contents. */
static bool begin_block(struct walk *w, size_t *ret, uint64_t *at, struct diag *d)
{
	const struct dump *dump = w->p->dump;
	const struct dump_entry *e;
	uint8_t head[1 + TOC_INT];
	int64_t id;

	*at = w->in.pos;
	if (!in_get(&w->in, head, sizeof(head), "the head of a data block", d))
		return false;
	if (head[0] != 1 && head[0] != 3)
		return in_fail(&w->in, d, "expected a data block (type 1 or 3) or the end of the file, found type %d",
			       head[0]);
	if (!toc_int_value(head + 1, &id) || id <= 0 || id > INT32_MAX)
		return in_fail(&w->in, d, "expected the id of a data block, found no such number");
	*ret = toc_find(w->toc, dump, (int)id);
	if (*ret == SIZE_MAX)
		return in_fail(&w->in, d, "a data block has the id %lld, which is not in the table of contents",
			       (long long)id);
	e = &dump->entries[*ret];
	if (!e->has_data || w->met[*ret])
		return in_fail(&w->in, d, "a %s data block for %s %d", w->met[*ret] ? "second" : "needless", e->desc,
			       e->id);
	if ((head[0] == 3) != (e->kind == DUMP_BLOBS))
		return in_fail(&w->in, d, "the data block of %s %d is of type %d", e->desc, e->id, head[0]);
	if (e->position == DUMP_RECORDED && e->offset != *at)
		return in_fail(&w->in, d, "the block of entry %d stands at byte %llu, and is recorded at %llu", e->id,
			       (unsigned long long)*at, (unsigned long long)e->offset);
	w->met[*ret] = true;
	if (!w->out)
		return true;
	w->positions[*ret] = w->out->pos;
	return out_put(w->out, head, sizeof(head), d);
}

static bool walk_blocks(struct walk *w, struct diag *d)
{
	const struct dump *dump = w->p->dump;
	bool end;

	for (;;) {
		uint64_t at;
		size_t i = 0;

		if (!in_at_end(&w->in, &end, d))
			return false;
		if (end)
			break;
		if (!begin_block(w, &i, &at, d))
			return false;
		if (!(dump->entries[i].kind == DUMP_BLOBS ? walk_objects(w, i, d) : walk_rows(w, i, d))) {
			dump_where(d, w->in.pos, &dump->entries[i]);
			return false;
		}
	}
	for (size_t i = 0; i < dump->nentries; i++) {
		if (!dump->entries[i].has_data || w->met[i])
			continue;
		in_fail(&w->in, d, "the file ends without the data of an entry; it is cut off");
		dump_where(d, w->in.pos, &dump->entries[i]);
		return false;
	}
	return true;
}

static bool record_positions(struct walk *w, struct diag *d)
{
	for (size_t i = 0; i < w->p->dump->nentries; i++)
		if (w->p->dump->entries[i].has_data &&
		    !toc_patch(w->toc, w->out, w->fields[i], w->positions[i], d))
			return false;
	return true;
}

static bool walk(struct walk *w, struct diag *d)
{
	struct pass *p = w->p;

	if (w->out && !toc_write(w->toc, p->dump, p->treat, w->out, w->fields, d))
		return false;
	return in_seek(&w->in, p->dump->impl->data_at, d) && walk_blocks(w, d) &&
	       (!w->out || record_positions(w, d));
}

bool custom_walk(struct pass *p, struct out *out, struct diag *d)
{
	size_t n = p->dump->nentries + 1;
	struct walk w = { .p = p, .out = out, .toc = &p->dump->impl->toc };
	bool ok;

	in_file(&w.in, p->dump->path, p->dump->impl->fd);
	w.in.calls = p->calls;
	w.met = xcalloc(n, sizeof(*w.met));
	w.fields = xcalloc(n, sizeof(*w.fields));
	w.positions = xcalloc(n, sizeof(*w.positions));
	w.dec = decoder_new(p->dump->path, p->dump->codec, FRAME_ZLIB);
	w.enc = out ? encoder_new(p->dump->codec, FRAME_ZLIB, pass_level(p)) : NULL;
	w.sink = (struct chunk_sink){ { chunk_put }, out };
	ok = walk(&w, d);
	decoder_free(w.dec);
	if (w.enc)
		encoder_free(w.enc);
	free(w.met);
	free(w.fields);
	free(w.positions);
	in_done(&w.in);
	return ok;
}

bool custom_open(struct dump *dump, struct diag *d)
{
	struct in in;
	bool ok;

	in_file(&in, dump->path, dump->impl->fd);
	ok = toc_read(&dump->impl->toc, &in, true, dump, dump->impl->arena, d);
	dump->impl->data_at = in.pos;
	in_done(&in);
	return ok;
}
