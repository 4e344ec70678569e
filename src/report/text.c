#include "report/text.h"

#define GAP 2
#define NARROWEST 20		/* a last column is never wrapped to less */

static const char *const tone_codes[] = {
	[TONE_PLAIN] = "", [TONE_STRONG] = "\033[1m", [TONE_GOOD] = "\033[32m",
	[TONE_WARN] = "\033[33m", [TONE_BAD] = "\033[31m", [TONE_FAINT] = "\033[2m",
};

/* ---- width of characters ---- */

/* Decodes one character; bytes that are no UTF-8 count as one character each. */
static uint32_t next_char(const unsigned char **s)
{
	const unsigned char *p = *s;
	int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
	uint32_t c = more ? *p & (0x3f >> more) : *p;

	p++;
	for (; more && (*p & 0xc0) == 0x80; more--)
		c = c << 6 | (*p++ & 0x3f);
	*s = p;
	return c;
}

/* East Asian Width W and F (Unicode TR11), and the combining marks that take no column. */
static int char_width(uint32_t c)
{
	static const struct { uint32_t from, to; int width; } ranges[] = {
		{ 0x0300, 0x036f, 0 }, { 0x1100, 0x115f, 2 }, { 0x200b, 0x200f, 0 }, { 0x2e80, 0x303e, 2 },
		{ 0x3041, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 }, { 0xfe00, 0xfe0f, 0 },
		{ 0xfe30, 0xfe6f, 2 }, { 0xff00, 0xff60, 2 }, { 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1f64f, 2 },
		{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return ranges[i].width;
	return 1;
}

int text_width(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	int width = 0;

	while (*p)
		width += char_width(next_char(&p));
	return width;
}

/* ---- pieces ---- */

static void add_safe(struct strbuf *sb, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addc(sb, (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i]);
}

static void add_spaces(struct strbuf *sb, int n)
{
	for (; n > 0; n--)
		strbuf_addc(sb, ' ');
}

static void tone_on(struct strbuf *sb, const struct text_style *st, enum tone tone)
{
	if (st->color)
		strbuf_adds(sb, tone_codes[tone]);
}

static void tone_off(struct strbuf *sb, const struct text_style *st, enum tone tone)
{
	if (st->color && tone != TONE_PLAIN)
		strbuf_adds(sb, "\033[0m");
}

void text_toned(struct strbuf *sb, const struct text_style *st, enum tone tone, const char *s)
{
	tone_on(sb, st, tone);
	add_safe(sb, s, strlen(s));
	tone_off(sb, st, tone);
}

/* Words of s from column `at` on; lines after the first begin at column `indent`. */
static void add_wrapped(struct strbuf *sb, const struct text_style *st, const char *s, int indent)
{
	int limit = st->width <= 0 ? 0 : st->width - indent < NARROWEST ? NARROWEST : st->width - indent;
	int used = 0;

	while (*s) {
		size_t n = strcspn(s, " \n");
		AUTO_STRBUF word = STRBUF_INIT;
		int w;

		strbuf_add(&word, s, n);
		w = text_width(strbuf_str(&word));
		if (used && limit && used + 1 + w > limit) {
			strbuf_addc(sb, '\n');
			add_spaces(sb, indent);
			used = 0;
		} else if (used) {
			strbuf_addc(sb, ' ');
			used++;
		}
		add_safe(sb, s, n);
		used += w;
		s += n + (s[n] != '\0');
	}
}

void text_paragraph(struct strbuf *sb, const struct text_style *st, const char *lead, const char *s)
{
	strbuf_adds(sb, lead);
	add_wrapped(sb, st, s, text_width(lead));
	strbuf_addc(sb, '\n');
}

/* ---- tables ---- */

void text_table_add(struct text_table *t, enum tone tone, const char *const *cells)
{
	struct text_row *row = vec_add(t->arena, &t->rows);

	row->tone = tone;
	row->cells = arena_alloc(t->arena, t->ncolumns * sizeof(*cells));
	for (size_t i = 0; i < t->ncolumns; i++)
		row->cells[i] = cells[i] ? cells[i] : "";
}

/* 0 for a column without a single filled cell. */
static int column_width(const struct text_table *t, size_t column)
{
	int width = 0, title = text_width(t->columns[column].title);

	for (size_t i = 0; i < t->rows.n; i++) {
		int w = text_width(t->rows.v[i].cells[column]);

		width = w > width ? w : width;
	}
	return width && width < title ? title : width;
}

struct layout {
	int *widths;
	size_t last;		/* the last column shown */
};

static void add_cell(struct strbuf *sb, const struct text_table *t, const struct layout *l,
		     const struct text_style *st, size_t column, const char *cell, int at)
{
	int pad = l->widths[column] - text_width(cell);

	if (t->columns[column].right)
		add_spaces(sb, pad);
	if (column == l->last && !t->columns[column].right)
		add_wrapped(sb, st, cell, at);
	else
		add_safe(sb, cell, strlen(cell));
	if (!t->columns[column].right && column != l->last)
		add_spaces(sb, pad);
}

static void trim_end(struct strbuf *sb)
{
	while (sb->len && sb->buf[sb->len - 1] == ' ')
		sb->buf[--sb->len] = '\0';
}

/* cells NULL: the titles. */
static void add_line(struct strbuf *sb, const struct text_table *t, const struct layout *l,
		     const struct text_style *st, const struct text_row *row)
{
	enum tone tone = row ? row->tone : TONE_STRONG;
	int at = 0;

	tone_on(sb, st, tone);
	for (size_t c = 0; c < t->ncolumns; c++) {
		if (!l->widths[c])
			continue;
		if (at) {
			add_spaces(sb, GAP);
			at += GAP;
		}
		add_cell(sb, t, l, st, c, row ? row->cells[c] : t->columns[c].title, at);
		at += l->widths[c];
	}
	trim_end(sb);
	tone_off(sb, st, tone);
	strbuf_addc(sb, '\n');
}

void text_table_render(const struct text_table *t, const struct text_style *st, struct strbuf *sb)
{
	struct layout l = { arena_alloc(t->arena, t->ncolumns * sizeof(int)), 0 };

	for (size_t c = 0; c < t->ncolumns; c++) {
		l.widths[c] = column_width(t, c);
		if (l.widths[c])
			l.last = c;
	}
	add_line(sb, t, &l, st, NULL);
	for (size_t i = 0; i < t->rows.n; i++)
		add_line(sb, t, &l, st, &t->rows.v[i]);
}
