#include "dump/row.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

void row_split_init(struct row_split *s, size_t max)
{
	*s = (struct row_split){ .max = max, .ends = xmalloc((max + 1) * sizeof(*s->ends)) };
}

void row_split_done(struct row_split *s)
{
	free(s->ends);
	s->ends = NULL;
}

void row_split_next(struct row_split *s)
{
	s->at = s->begin = s->nfields = 0;
	s->mark = 0;
}

/* First byte at or behind `at` that means something: up to CR, or a backslash; n when there is none. */
static size_t find_special(const char *p, size_t at, size_t n)
{
#ifdef __SSE2__
	const __m128i low = _mm_set1_epi8(0x0d), back = _mm_set1_epi8('\\');

	for (; at < n; at += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(x, low), x), _mm_cmpeq_epi8(x, back));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		if (mask) {
			at += (size_t)__builtin_ctz(mask);
			return at < n ? at : n;
		}
	}
	return n;
#else
	while (at < n && (unsigned char)p[at] > 0x0d && p[at] != '\\')
		at++;
	return at;
#endif
}

static enum row_found bad(struct row_split *s, const char *why)
{
	s->why = why;
	return ROW_BAD;
}

static bool end_field(struct row_split *s, size_t pos, char border)
{
	if (s->mark && pos - s->begin != 2) {
		s->why = s->mark == 'N' ? "holds \\N inside a value" : "holds \\. inside a value";
		return false;
	}
	if (s->mark == '.' && border != '\n') {
		s->why = "begins with \\.";
		return false;
	}
	if (s->nfields < s->max)
		s->ends[s->nfields] = pos;
	if (++s->nfields > s->max && !(s->max == 0 && pos == 0 && border == '\n') && s->mark != '.') {
		s->why = "has more fields than its table has columns";
		return false;
	}
	s->begin = pos + 1;
	if (border == '\t')
		s->mark = 0;
	return true;
}

static enum row_found end_row(struct row_split *s, size_t pos)
{
	if (!end_field(s, pos, '\n'))
		return ROW_BAD;
	s->at = pos + 1;
	if (s->mark == '.')
		return ROW_END;
	if (s->nfields < s->max)
		return bad(s, "has fewer fields than its table has columns");
	s->nfields = s->max;
	return ROW_DONE;
}

/* What follows a backslash; false: nothing that COPY TO writes. */
static bool escape(struct row_split *s, size_t pos, char c)
{
	if (c == 'N' || c == '.') {
		s->why = c == 'N' ? "holds \\N inside a value" : "holds \\. inside a value";
		if (s->mark || (c == 'N' ? pos != s->begin : pos != 0))
			return false;
		s->mark = c;
		return true;
	}
	s->why = "holds an escape that COPY TO does not write";
	return c && strchr("bfnrtv\\", c) != NULL;
}

enum row_found row_split(struct row_split *s, const char *row, size_t avail)
{
	for (;;) {
		size_t pos = find_special(row, s->at, avail);

		s->at = pos;
		if (pos >= avail)
			return ROW_MORE;
		switch (row[pos]) {
		case '\t':
			if (!end_field(s, pos, '\t'))
				return ROW_BAD;
			break;
		case '\n':
			return end_row(s, pos);
		case '\\':
			if (pos + 1 >= avail)
				return ROW_MORE;
			if (!escape(s, pos, row[pos + 1]))
				return ROW_BAD;
			s->at++;
			break;
		case '\0': case '\b': case '\v': case '\f': case '\r':
			return bad(s, row[pos] == '\r' ? "holds a raw carriage return, which COPY TO escapes" :
				   "holds a raw control character, which COPY TO escapes");
		}
		s->at++;
	}
}

/* ---- fields ---- */

static const char escapes[] = "b\bf\fn\nr\rt\tv\v\\\\";

static char unescaped(char c)
{
	for (const char *e = escapes; *e; e += 2)
		if (*e == c)
			return e[1];
	return 0;
}

bool row_unescape(const char *raw, size_t n, char *to, size_t *ret_n)
{
	const char *end = raw + n;
	char *t = to;

	while (raw < end) {
		const char *back = memchr(raw, '\\', (size_t)(end - raw));
		size_t plain = (size_t)((back ? back : end) - raw);

		memcpy(t, raw, plain);
		t += plain;
		raw += plain;
		if (!back)
			break;
		if (end - raw < 2 || !(*t = unescaped(raw[1])))
			return false;
		t++;
		raw += 2;
	}
	*ret_n = (size_t)(t - to);
	return true;
}

void row_escape(struct bytes *to, const char *value, size_t n)
{
	const char *end = value + n;

	while (value < end) {
		size_t plain = find_special(value, 0, (size_t)(end - value));
		char pair[2] = { '\\' };

		bytes_add(to, value, plain);
		value += plain;
		if (value == end)
			return;
		for (const char *e = escapes; *e; e += 2)
			if (e[1] == *value)
				pair[1] = *e;
		bytes_add(to, pair[1] ? pair : value, pair[1] ? 2 : 1);
		value++;
	}
}

/* ---- the row of a callback ---- */

void row_begin(struct dump_row *row)
{
	struct dump_row_impl *r = row->impl;

	r->turn++;
	r->scratch.len = 0;
	r->sets.len = 0;
	if (r->any_set)
		for (size_t i = 0; i < r->nfields; i++)
			r->fields[i].set = false;
	r->any_set = false;
}

static struct dump_value copy_value(struct dump_row_impl *r, const char *raw, size_t n)
{
	size_t len = 0;
	char *to;

	if (n == 2 && raw[0] == '\\' && raw[1] == 'N')
		return (struct dump_value){ .null = true };
	if (!n || !memchr(raw, '\\', n))
		return (struct dump_value){ .bytes = raw, .len = n };
	to = r->scratch.buf + r->scratch.len;
	/* split() has seen every escape */
	BUG_ON(!row_unescape(raw, n, to, &len));
	r->scratch.len += len;
	return (struct dump_value){ .bytes = to, .len = len };
}

struct dump_value dump_row_value(struct dump_row *row, size_t field)
{
	struct dump_row_impl *r = row->impl;
	struct row_field *f = &r->fields[field];
	const char *raw = row->raw + f->begin;

	BUG_ON(field >= row->nfields);
	if (f->known == r->turn)
		return f->value;
	/* once for all fields of the row: what was given out does not move */
	if (r->scratch.len == 0)
		bytes_reserve(&r->scratch, row->raw_len + 1);
	f->known = r->turn;
	f->value = r->form == DUMP_COPY_TEXT ? copy_value(r, raw, f->end - f->begin) :
		   insert_value(raw, f->end - f->begin, r->std_strings, &r->scratch);
	return f->value;
}

static struct row_field *set_field(struct dump_row *row, size_t field)
{
	struct dump_row_impl *r = row->impl;

	BUG_ON(field >= row->nfields || r->fields[field].absent);
	r->any_set = true;
	r->fields[field].set = true;
	return &r->fields[field];
}

void dump_row_set(struct dump_row *row, size_t field, const char *bytes, size_t len)
{
	struct row_field *f = set_field(row, field);

	BUG_ON(len && memchr(bytes, '\0', len));
	f->set_null = false;
	f->set_at = row->impl->sets.len;
	f->set_len = len;
	bytes_add(&row->impl->sets, bytes, len);
}

void dump_row_set_null(struct dump_row *row, size_t field)
{
	set_field(row, field)->set_null = true;
}

static void render_field(struct dump_row *row, const struct row_field *f, struct bytes *to)
{
	struct dump_row_impl *r = row->impl;
	const char *value = r->sets.buf + f->set_at;
	bool copy = r->form == DUMP_COPY_TEXT;

	if (!f->set)
		bytes_add(to, row->raw + f->begin, f->end - f->begin);
	else if (f->set_null)
		bytes_add(to, copy ? "\\N" : "NULL", copy ? 2 : 4);
	else if (copy)
		row_escape(to, value, f->set_len);
	else
		insert_literal(to, value, f->set_len, r->std_strings);
}

void row_render(struct dump_row *row, struct bytes *to)
{
	size_t at = 0;

	for (size_t i = 0; i < row->nfields; i++) {
		const struct row_field *f = &row->impl->fields[i];

		bytes_add(to, row->raw + at, f->begin - at);
		render_field(row, f, to);
		at = f->end;
	}
	bytes_add(to, row->raw + at, row->raw_len - at);
}
