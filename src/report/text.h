/* Text for a terminal or a mail: aligned tables, wrapped paragraphs. Names of tables and rules may hold
 * anything; control characters in them are shown as '?', so that no terminal obeys them. */
#ifndef PGRETAIN_REPORT_TEXT_H
#define PGRETAIN_REPORT_TEXT_H

#include "base/arena.h"
#include "base/strbuf.h"

struct text_style {
	bool color;
	int width;		/* columns; 0: no limit */
};

enum tone { TONE_PLAIN, TONE_STRONG, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_FAINT };

/* Columns that a terminal gives to UTF-8 text (wide characters of East Asia take two). */
int text_width(const char *s);
/* The text in a tone (plain without color). */
void text_toned(struct strbuf *sb, const struct text_style *st, enum tone tone, const char *s);
/* `lead`, then the words of s wrapped to the width, later lines indented below the first word. */
void text_paragraph(struct strbuf *sb, const struct text_style *st, const char *lead, const char *s);

struct text_column {
	const char *title;
	bool right;		/* numbers */
};

struct text_row {
	const char **cells;
	enum tone tone;
};

struct text_table {
	struct arena *arena;
	const struct text_column *columns;
	size_t ncolumns;
	VEC(struct text_row) rows;
};

/* cells[ncolumns], copied by address; NULL and "" are empty. */
void text_table_add(struct text_table *t, enum tone tone, const char *const *cells);
/* A column whose cells are all empty is left out. The last column is wrapped, where it is text. */
void text_table_render(const struct text_table *t, const struct text_style *st, struct strbuf *sb);

#endif
