/* HTML pages: whole, without scripts, nothing loaded from elsewhere. Text is escaped here. */
#ifndef PGRETAIN_REPORT_HTML_H
#define PGRETAIN_REPORT_HTML_H

#include "report/text.h"

void html_begin(struct strbuf *sb, const char *title);
void html_end(struct strbuf *sb);
/* <tag>text</tag> on a line; tag is a constant. */
void html_element(struct strbuf *sb, const char *tag, const char *text);
/* Columns without a filled cell are left out, as in text. */
void html_table(struct strbuf *sb, const struct text_table *t);

#endif
