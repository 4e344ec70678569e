#include "report/html.h"

static const char style[] =
	"body { font: 15px/1.5 sans-serif; color: #222; margin: 2em auto; max-width: 70em; padding: 0 1em }\n"
	"h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin: 2em 0 .5em }\n"
	"table { border-collapse: collapse } th, td { padding: .25em 1em .25em 0; text-align: left;\n"
	"vertical-align: top; border-bottom: 1px solid #ddd } .n { text-align: right }\n"
	".warn { color: #8a5a00 } .bad { color: #b00020 }\n"
	"@media print { body { margin: 0; max-width: none } }\n";

/* Control characters are not allowed in HTML, escaped or not. */
static void add_escaped(struct strbuf *sb, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
			strbuf_addf(sb, "&#%d;", c);
		else
			strbuf_addc(sb, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
}

void html_begin(struct strbuf *sb, const char *title)
{
	strbuf_adds(sb, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	html_element(sb, "title", title);
	strbuf_addf(sb, "<style>\n%s</style>\n</head>\n<body>\n", style);
	html_element(sb, "h1", title);
}

void html_end(struct strbuf *sb)
{
	strbuf_adds(sb, "</body>\n</html>\n");
}

void html_element(struct strbuf *sb, const char *tag, const char *text)
{
	strbuf_addf(sb, "<%s>", tag);
	add_escaped(sb, text);
	strbuf_addf(sb, "</%s>\n", tag);
}

/* Which columns have a filled cell. */
static const bool *shown_columns(const struct text_table *t)
{
	bool *shown = arena_alloc(t->arena, t->ncolumns * sizeof(bool));

	for (size_t i = 0; i < t->rows.n; i++)
		for (size_t c = 0; c < t->ncolumns; c++)
			shown[c] |= *t->rows.v[i].cells[c] != '\0';
	return shown;
}

/* row NULL: the titles. */
static void add_row(struct strbuf *sb, const struct text_table *t, const bool *shown, const char *tone,
		    const struct text_row *row)
{
	const char *tag = row ? "td" : "th";

	strbuf_addf(sb, "<tr%s>", tone);
	for (size_t c = 0; c < t->ncolumns; c++) {
		if (!shown[c])
			continue;
		strbuf_addf(sb, "<%s%s>", tag, t->columns[c].right ? " class=\"n\"" : "");
		add_escaped(sb, row ? row->cells[c] : t->columns[c].title);
		strbuf_addf(sb, "</%s>", tag);
	}
	strbuf_adds(sb, "</tr>\n");
}

void html_table(struct strbuf *sb, const struct text_table *t)
{
	const bool *shown = shown_columns(t);

	strbuf_adds(sb, "<table>\n");
	add_row(sb, t, shown, "", NULL);
	for (size_t i = 0; i < t->rows.n; i++) {
		enum tone tone = t->rows.v[i].tone;

		add_row(sb, t, shown, tone == TONE_BAD ? " class=\"bad\"" : tone == TONE_WARN ? " class=\"warn\"" : "",
			&t->rows.v[i]);
	}
	strbuf_adds(sb, "</table>\n");
}
