#include "dump/sql.h"

#include <strings.h>

static bool is_word_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_word(unsigned char c)
{
	return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool word_is(const char *p, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp(p, word, n) == 0;
}

/* CREATE [OR REPLACE] FUNCTION|PROCEDURE: the words that make BEGIN … END a block (psqlscan.l). */
static void see_word(struct sql_scan *s, const char *p, size_t n)
{
	int nth = s->words++;

	if (nth == 0)
		s->create = word_is(p, n, "CREATE");
	else if (s->create && !s->routine && (nth == 1 || nth == 3))
		s->routine = word_is(p, n, "FUNCTION") || word_is(p, n, "PROCEDURE");
	if (!s->routine || s->parens)
		return;
	if (word_is(p, n, "BEGIN") || (word_is(p, n, "CASE") && s->blocks))
		s->blocks++;
	else if (word_is(p, n, "END") && s->blocks)
		s->blocks--;
}

/* The end of the word at `at`; SIZE_MAX: it may go on. */
static size_t word_end(const char *text, size_t at, size_t avail, bool end)
{
	while (at < avail && is_word((unsigned char)text[at]))
		at++;
	return at < avail || end ? at : SIZE_MAX;
}

/* Length of `$tag$` at `at`; 0: none; SIZE_MAX: cannot be told yet. */
static size_t tag_length(const char *text, size_t at, size_t avail, bool end)
{
	size_t q = at + 1;

	while (q < avail && text[q] != '$' && is_word((unsigned char)text[q]) &&
	       (q > at + 1 || is_word_start((unsigned char)text[q])))
		q++;
	if (q >= avail)
		return end ? 0 : SIZE_MAX;
	return text[q] == '$' ? q + 1 - at : 0;
}

static void mark_begin(struct sql_scan *s)
{
	if (!s->begun) {
		s->begun = true;
		s->begin = s->at;
	}
}

/* In a quote: past its end. false: more is needed. */
static bool scan_quoted(struct sql_scan *s, const char *text, size_t avail, bool end)
{
	char quote = s->state == SCAN_NAME ? '"' : '\'';

	while (s->at < avail) {
		const char *p = text + s->at, *q = memchr(p, quote, avail - s->at);
		const char *back = s->state == SCAN_ESCAPES ?
				   memchr(p, '\\', (q ? (size_t)(q - p) : avail - s->at)) : NULL;

		if (back) {
			if ((size_t)(back - text) + 1 >= avail) {
				s->at = (size_t)(back - text);
				return false;
			}
			s->at = (size_t)(back - text) + 2;
			continue;
		}
		if (!q) {
			s->at = avail;
			return false;
		}
		s->at = (size_t)(q - text);
		if (s->at + 1 >= avail && !end)
			return false;
		if (s->at + 1 < avail && text[s->at + 1] == quote) {
			s->at += 2;
			continue;
		}
		s->at++;
		s->state = SCAN_PLAIN;
		return true;
	}
	return false;
}

static bool scan_dollar(struct sql_scan *s, const char *text, size_t avail)
{
	const char *tag = text + s->tag_at;
	const char *p = s->at < avail ? memmem(text + s->at, avail - s->at, tag, s->tag_n) : NULL;

	if (p) {
		s->at = (size_t)(p - text) + s->tag_n;
		s->state = SCAN_PLAIN;
		return true;
	}
	/* its last bytes may be the tag's first */
	if (avail - s->at >= s->tag_n)
		s->at = avail - s->tag_n + 1;
	return false;
}

static bool scan_comment(struct sql_scan *s, const char *text, size_t avail)
{
	if (s->state == SCAN_LINE_COMMENT) {
		const char *lf = memchr(text + s->at, '\n', avail - s->at);

		s->at = lf ? (size_t)(lf - text) + 1 : avail;
		s->state = lf ? SCAN_PLAIN : SCAN_LINE_COMMENT;
		return lf != NULL;
	}
	for (; s->at + 1 < avail; s->at++) {
		const char *p = text + s->at;
		int step = p[0] == '/' && p[1] == '*' ? 1 : p[0] == '*' && p[1] == '/' ? -1 : 0;

		if (!step)
			continue;
		s->at++;
		s->comments += step;
		if (s->comments == 0) {
			s->at++;
			s->state = SCAN_PLAIN;
			return true;
		}
	}
	return false;
}

static void begin_string(struct sql_scan *s, const char *text, bool std_strings)
{
	bool e = s->at && (text[s->at - 1] == 'e' || text[s->at - 1] == 'E') &&
		 (s->at == 1 || !is_word((unsigned char)text[s->at - 2]));

	mark_begin(s);
	s->state = e || !std_strings ? SCAN_ESCAPES : SCAN_STRING;
	s->at++;
}

/* Two characters at once, comments and dollar quotes. 1: treated, 0: not such, -1: more is needed. */
static int scan_pair(struct sql_scan *s, const char *text, size_t avail, bool end)
{
	char c = text[s->at], next = s->at + 1 < avail ? text[s->at + 1] : 0;
	size_t tag;

	if ((c == '-' || c == '/') && s->at + 1 >= avail && !end)
		return -1;
	if (c == '-' && next == '-') {
		s->state = SCAN_LINE_COMMENT;
		s->at += 2;
		return 1;
	}
	if (c == '/' && next == '*') {
		s->state = SCAN_COMMENT;
		s->comments = 1;
		s->at += 2;
		return 1;
	}
	if (c != '$')
		return 0;
	tag = tag_length(text, s->at, avail, end);
	if (tag == SIZE_MAX)
		return -1;
	mark_begin(s);
	if (tag) {
		s->state = SCAN_DOLLAR;
		s->tag_at = s->at;
		s->tag_n = tag;
		s->at += tag;
		return 1;
	}
	return 0;
}

/* One step outside of quotes and comments. */
static enum sql_scanned scan_plain(struct sql_scan *s, const char *text, size_t avail, bool std_strings,
				   bool end, bool *more)
{
	char c = text[s->at];
	int pair;
	size_t stop;

	if (c == ' ' || (c >= '\t' && c <= '\r')) {
		s->at++;
		return SCAN_MORE;
	}
	if (c == '\\') {
		s->why = "a backslash stands outside of quotes";
		if (s->begun)
			return SCAN_BAD;
		mark_begin(s);
		return SCAN_META;
	}
	if (is_word_start((unsigned char)c)) {
		mark_begin(s);
		stop = word_end(text, s->at, avail, end);
		*more = stop == SIZE_MAX;
		if (*more)
			return SCAN_MORE;
		see_word(s, text + s->at, stop - s->at);
		s->at = stop;
		return SCAN_MORE;
	}
	pair = scan_pair(s, text, avail, end);
	*more = pair < 0;
	if (pair)
		return SCAN_MORE;
	if (c == '\'') {
		begin_string(s, text, std_strings);
		return SCAN_MORE;
	}
	mark_begin(s);
	if (c == '"')
		s->state = SCAN_NAME;
	s->parens += (c == '(') - (c == ')');
	s->at++;
	return c == ';' && s->parens == 0 && s->blocks == 0 ? SCAN_STATEMENT : SCAN_MORE;
}

enum sql_scanned sql_scan(struct sql_scan *s, const char *text, size_t avail, bool std_strings, bool end)
{
	enum sql_scanned found;
	bool more = false;

	while (s->at < avail) {
		switch (s->state) {
		case SCAN_PLAIN:
			found = scan_plain(s, text, avail, std_strings, end, &more);
			if (found != SCAN_MORE || more)
				return found;
			break;
		case SCAN_LINE_COMMENT: case SCAN_COMMENT:
			if (!scan_comment(s, text, avail))
				return SCAN_MORE;
			break;
		case SCAN_NAME: case SCAN_STRING: case SCAN_ESCAPES:
			if (!scan_quoted(s, text, avail, end))
				return SCAN_MORE;
			break;
		case SCAN_DOLLAR:
			if (!scan_dollar(s, text, avail))
				return SCAN_MORE;
			break;
		}
	}
	return SCAN_MORE;
}
