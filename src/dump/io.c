#include "dump/io.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#define IO_BUFFER (2 * DUMP_BUFFER)
#define GROW_STEP ((size_t)16 * 1024 * 1024)

__attribute__((format(printf, 3, 0)))
static void fail_va(struct diag *d, const char *path, const char *fmt, va_list ap)
{
	char text[sizeof(d->message)];

	vsnprintf(text, sizeof(text), fmt, ap);
	diag_fail(d, DIAG_STEP, "%s: %s", path, text);
}

bool dump_fail(struct diag *d, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_va(d, path, fmt, ap);
	va_end(ap);
	return false;
}

bool dump_fail_io(struct diag *d, const char *path, const char *what)
{
	const char *why = strerror(errno);

	return dump_fail(d, path, "could not be %s: %s", what, why);
}

void dump_where(struct diag *d, uint64_t pos, const struct dump_entry *e)
{
	unsigned long long at = pos;

	if (d->where[0] && sscanf(d->where, "byte %llu", &at) != 1)
		return;
	if (strstr(d->where, "entry "))
		return;
	diag_where(d, "byte %llu, entry %d %s %s%s%s", at, e->id, e->desc, e->schema, *e->schema ? "." : "",
		   e->tag);
}

/* ---- bytes ---- */

void bytes_reserve(struct bytes *b, size_t cap)
{
	if (cap <= b->cap)
		return;
	if (cap < 2 * b->cap && b->cap <= GROW_STEP)
		cap = 2 * b->cap;
	else if (cap > GROW_STEP)
		cap = (cap + GROW_STEP - 1) / GROW_STEP * GROW_STEP;
	else if (cap < 256)
		cap = 256;
	b->buf = xrealloc(b->buf, cap + BYTES_SLACK);
	b->cap = cap;
	memset(b->buf + cap, 0, BYTES_SLACK);
}

void bytes_add(struct bytes *b, const void *p, size_t n)
{
	bytes_reserve(b, b->len + n);
	if (n)
		memcpy(b->buf + b->len, p, n);
	b->len += n;
}

void bytes_done(struct bytes *b)
{
	free(b->buf);
	*b = (struct bytes){ NULL, 0, 0 };
}

/* ---- in ---- */

void in_file(struct in *in, const char *path, int fd)
{
	*in = (struct in){ .path = path, .fd = fd, .buf = xmalloc(IO_BUFFER) };
}

void in_source(struct in *in, const char *path, struct source *from)
{
	*in = (struct in){ .path = path, .fd = -1, .from = from };
}

void in_done(struct in *in)
{
	free(in->buf);
	in->buf = NULL;
	in->left = 0;
}

bool in_fail(struct in *in, struct diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_va(d, in->path, fmt, ap);
	va_end(ap);
	diag_where(d, "byte %llu", (unsigned long long)in->pos);
	return false;
}

static bool tick(struct in *in, struct diag *d)
{
	if (!in->calls || !in->calls->tick || in->pos < in->ticked)
		return true;
	in->ticked = in->pos + IO_BUFFER;
	return in->calls->tick(in->calls->ctx, in->pos, d);
}

/* Fills an empty buffer; nothing left afterwards: the end. */
static bool fill(struct in *in, struct diag *d)
{
	ssize_t n;

	if (!tick(in, d))
		return false;
	if (in->from)
		return in->from->next(in->from, &in->p, &in->left, d);
	do
		n = pread(in->fd, in->buf, IO_BUFFER, (off_t)in->pos);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return dump_fail_io(d, in->path, "read");
	in->p = in->buf;
	in->left = (size_t)n;
	return true;
}

bool in_piece(struct in *in, size_t max, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	if (!in->left && !fill(in, d))
		return false;
	*ret = in->p;
	*ret_n = in->left < max ? in->left : max;
	in->p += *ret_n;
	in->left -= *ret_n;
	in->pos += *ret_n;
	return true;
}

bool in_at_end(struct in *in, bool *ret, struct diag *d)
{
	if (!in->left && !fill(in, d))
		return false;
	*ret = in->left == 0;
	return true;
}

static bool fail_end(struct in *in, const char *what, struct diag *d)
{
	return in_fail(in, d, "the file ends inside %s; it is cut off", what);
}

bool in_get(struct in *in, void *buf, size_t n, const char *what, struct diag *d)
{
	uint8_t *to = buf;

	if (n <= in->left) {
		memcpy(buf, in->p, n);
		in->p += n;
		in->left -= n;
		in->pos += n;
		return true;
	}
	while (n) {
		const uint8_t *p;
		size_t got;

		if (!in_piece(in, n, &p, &got, d))
			return false;
		if (!got)
			return fail_end(in, what, d);
		memcpy(to, p, got);
		to += got;
		n -= got;
	}
	return true;
}

bool in_append(struct in *in, struct bytes *b, uint64_t n, const char *what, struct diag *d)
{
	while (n) {
		const uint8_t *p;
		size_t got;

		if (!in_piece(in, n < IO_BUFFER ? (size_t)n : IO_BUFFER, &p, &got, d))
			return false;
		if (!got)
			return fail_end(in, what, d);
		bytes_add(b, p, got);
		n -= got;
	}
	return true;
}

bool in_seek(struct in *in, uint64_t pos, struct diag *d)
{
	if (pos >= in->pos && pos - in->pos <= in->left) {
		in->p += pos - in->pos;
		in->left -= pos - in->pos;
		in->pos = pos;
		return true;
	}
	if (in->from)
		return in_skip(in, pos - in->pos, "data", d);
	in->left = 0;
	in->pos = pos;
	return true;
}

bool in_skip(struct in *in, uint64_t n, const char *what, struct diag *d)
{
	const uint8_t *p;
	size_t got;

	/* A seek goes past the end unseen: the last byte is read in any case. */
	if (in->fd >= 0 && n > in->left + IO_BUFFER) {
		uint64_t far = n - 1;

		if (!in_seek(in, in->pos + far, d))
			return false;
		n = 1;
	}
	while (n) {
		if (!in_piece(in, n < IO_BUFFER ? (size_t)n : IO_BUFFER, &p, &got, d))
			return false;
		if (!got)
			return fail_end(in, what, d);
		n -= got;
	}
	return true;
}

/* ---- part ---- */

static bool part_next(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	struct part *p = (struct part *)s;

	if (!p->left) {
		*ret_n = 0;
		return true;
	}
	if (!in_piece(p->in, p->left < SIZE_MAX ? (size_t)p->left : SIZE_MAX, ret, ret_n, d))
		return false;
	if (!*ret_n)
		return fail_end(p->in, p->what, d);
	p->left -= *ret_n;
	return true;
}

void part_init(struct part *p, struct in *in, uint64_t n, const char *what)
{
	*p = (struct part){ { part_next }, in, n, what };
}

bool part_skip(struct part *p, struct diag *d)
{
	uint64_t n = p->left;

	p->left = 0;
	return in_skip(p->in, n, p->what, d);
}

/* ---- out ---- */

static bool out_sink_put(struct sink *s, const void *bytes, size_t n, struct diag *d)
{
	return out_put((struct out *)s, bytes, n, d);
}

void out_file(struct out *o, const char *path, int fd)
{
	*o = (struct out){ .sink = { out_sink_put }, .path = path, .fd = fd, .buf = xmalloc(IO_BUFFER) };
}

void out_sink(struct out *o, const char *path, struct sink *to)
{
	*o = (struct out){ .sink = { out_sink_put }, .path = path, .fd = -1, .to = to };
}

void out_done(struct out *o)
{
	free(o->buf);
	o->buf = NULL;
}

static bool write_all(struct out *o, const uint8_t *p, size_t n, struct diag *d)
{
	while (n) {
		ssize_t w = write(o->fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return dump_fail_io(d, o->path, "written");
		p += w;
		n -= (size_t)w;
	}
	return true;
}

bool out_flush(struct out *o, struct diag *d)
{
	size_t n = o->len;

	o->len = 0;
	return o->to || write_all(o, o->buf, n, d);
}

bool out_put(struct out *o, const void *bytes, size_t n, struct diag *d)
{
	o->pos += n;
	if (o->to)
		return o->to->put(o->to, bytes, n, d);
	if (n > IO_BUFFER - o->len && !out_flush(o, d))
		return false;
	if (n >= IO_BUFFER)
		return write_all(o, bytes, n, d);
	memcpy(o->buf + o->len, bytes, n);
	o->len += n;
	return true;
}

bool out_patch(struct out *o, uint64_t pos, const void *bytes, size_t n, struct diag *d)
{
	BUG_ON(o->to);
	if (!out_flush(o, d))
		return false;
	if (pwrite(o->fd, bytes, n, (off_t)pos) != (ssize_t)n)
		return dump_fail_io(d, o->path, "written");
	return true;
}

bool out_sync(struct out *o, struct diag *d)
{
	if (!out_flush(o, d))
		return false;
	return o->to || fsync(o->fd) == 0 || dump_fail_io(d, o->path, "written");
}
