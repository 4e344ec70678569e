#include "dump/sql.h"

#include "dump/toc.h"

#include <strings.h>

static bool is_word_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_word(unsigned char c)
{
	return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Behind a nested comment; NULL when it has no end. */
static const char *skip_comment(const char *p, const char *end)
{
	int depth = 0;

	for (; end - p >= 2; p++) {
		if (p[0] == '/' && p[1] == '*') {
			depth++;
			p++;
		} else if (p[0] == '*' && p[1] == '/') {
			p++;
			if (--depth == 0)
				return p + 1;
		}
	}
	return NULL;
}

static const char *skip_blank(const char *p, const char *end)
{
	while (p < end) {
		if (is_space(*p)) {
			p++;
		} else if (end - p >= 2 && p[0] == '-' && p[1] == '-') {
			const char *lf = memchr(p, '\n', (size_t)(end - p));

			p = lf ? lf + 1 : end;
		} else if (end - p >= 2 && p[0] == '/' && p[1] == '*') {
			p = skip_comment(p, end);
			if (!p)
				return NULL;
		} else {
			break;
		}
	}
	return p;
}

/* Behind the closing quote; a doubled one is none. */
static const char *skip_quoted(const char *p, const char *end, char quote, bool escapes)
{
	for (p++; p < end; p++) {
		if (escapes && *p == '\\')
			p++;
		else if (*p == quote && (end - p < 2 || p[1] != quote))
			return p + 1;
		else if (*p == quote)
			p++;
	}
	return NULL;
}

/* Length of `$tag$` at p, 0 when there is none. */
static size_t dollar_tag(const char *p, const char *end)
{
	const char *q = p + 1;

	if (q < end && !is_word_start((unsigned char)*q) && *q != '$')
		return 0;
	while (q < end && *q != '$' && is_word((unsigned char)*q))
		q++;
	return q < end && *q == '$' ? (size_t)(q + 1 - p) : 0;
}

static const char *skip_dollar(const char *p, const char *end, size_t tag)
{
	const char *close = memmem(p + tag, (size_t)(end - p) - tag, p, tag);

	return close ? close + tag : NULL;
}

static void found(struct sql *s, enum sql_kind kind, const char *p, const char *behind)
{
	s->token.kind = behind ? kind : SQL_BAD;
	s->token.p = p;
	s->p = behind ? behind : s->end;
	s->token.n = (size_t)(s->p - p);
}

static void word_token(struct sql *s, const char *p)
{
	const char *q = p;

	/* E'…', B'…', X'…', N'…' */
	if (s->end - p >= 2 && p[1] == '\'' && strchr("eEbBxXnN", *p)) {
		found(s, SQL_STRING, p, skip_quoted(p + 1, s->end, '\'', *p == 'e' || *p == 'E'));
		return;
	}
	if (s->end - p >= 3 && strchr("uU", *p) && p[1] == '&' && (p[2] == '\'' || p[2] == '"')) {
		found(s, SQL_BAD, p, NULL);
		return;
	}
	while (q < s->end && is_word((unsigned char)*q))
		q++;
	found(s, SQL_WORD, p, q);
}

static void number_token(struct sql *s, const char *p)
{
	const char *q = p;

	while (q < s->end && ((*q >= '0' && *q <= '9') || *q == '.' ||
			      ((*q == 'e' || *q == 'E') && q > p) ||
			      ((*q == '+' || *q == '-') && q > p && (q[-1] == 'e' || q[-1] == 'E'))))
		q++;
	found(s, SQL_NUMBER, p, q);
}

void sql_next(struct sql *s)
{
	const char *p = skip_blank(s->p, s->end);
	size_t tag;

	if (!p)
		found(s, SQL_BAD, s->p, NULL);
	else if (p == s->end)
		found(s, SQL_END, p, p);
	else if (is_word_start((unsigned char)*p))
		word_token(s, p);
	else if (*p == '"')
		found(s, SQL_QUOTED, p, skip_quoted(p, s->end, '"', false));
	else if (*p == '\'')
		found(s, SQL_STRING, p, skip_quoted(p, s->end, '\'', !s->std_strings));
	else if (*p == '$' && (tag = dollar_tag(p, s->end)) != 0)
		found(s, SQL_STRING, p, skip_dollar(p, s->end, tag));
	else if (*p >= '0' && *p <= '9')
		number_token(s, p);
	else
		found(s, SQL_SYMBOL, p, p + 1);
}

void sql_begin(struct sql *s, const char *text, size_t n, bool std_strings)
{
	*s = (struct sql){ .p = text, .end = text + n, .std_strings = std_strings };
	sql_next(s);
}

bool sql_is(const struct sql *s, const char *word)
{
	return (s->token.kind == SQL_WORD || s->token.kind == SQL_SYMBOL) && strlen(word) == s->token.n &&
	       strncasecmp(s->token.p, word, s->token.n) == 0;
}

bool sql_accept(struct sql *s, const char *word)
{
	if (!sql_is(s, word))
		return false;
	sql_next(s);
	return true;
}

bool sql_accept_words(struct sql *s, const char *words)
{
	struct sql before = *s;

	while (*words) {
		size_t n = strcspn(words, " ");
		char word[32] = "";

		BUG_ON(n >= sizeof(word));
		memcpy(word, words, n);
		if (!sql_accept(s, word)) {
			*s = before;
			return false;
		}
		words += n + strspn(words + n, " ");
	}
	return true;
}

/* Without quotes; doubled ones become one. */
static const char *unquote(struct arena *a, const char *p, size_t n)
{
	char *to = arena_alloc(a, n), *t = to;

	for (size_t i = 1; i + 1 < n; i++) {
		*t++ = p[i];
		if (p[i] == p[0])
			i++;
	}
	*t = '\0';
	return to;
}

bool sql_name(struct sql *s, struct arena *a, const char **ret)
{
	if (s->token.kind == SQL_QUOTED) {
		*ret = unquote(a, s->token.p, s->token.n);
	} else if (s->token.kind == SQL_WORD) {
		char *name = arena_strndup(a, s->token.p, s->token.n);

		for (char *c = name; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c + 'a' - 'A');
		*ret = name;
	} else {
		return false;
	}
	sql_next(s);
	return true;
}

bool sql_qualified_name(struct sql *s, struct arena *a, const char *schema, struct dump_name *ret)
{
	ret->schema = schema;
	if (!sql_name(s, a, &ret->name))
		return false;
	if (!sql_accept(s, "."))
		return true;
	ret->schema = ret->name;
	return sql_name(s, a, &ret->name);
}

bool sql_names(struct sql *s, struct arena *a, struct dump_names *ret)
{
	VEC(const char *) names = { NULL, 0, 0 };

	if (!sql_accept(s, "("))
		return false;
	do
		if (!sql_name(s, a, vec_add(a, &names)))
			return false;
	while (sql_accept(s, ","));
	*ret = (struct dump_names){ names.v, names.n };
	return sql_accept(s, ")");
}

bool sql_string(struct sql *s, struct arena *a, const char **ret)
{
	if (s->token.kind != SQL_STRING || *s->token.p != '\'' ||
	    (!s->std_strings && memchr(s->token.p, '\\', s->token.n)))
		return false;
	*ret = unquote(a, s->token.p, s->token.n);
	sql_next(s);
	return true;
}

bool sql_skip_parens(struct sql *s)
{
	int depth = 0;

	do {
		if (s->token.kind == SQL_END || s->token.kind == SQL_BAD)
			return false;
		depth += sql_is(s, "(") - sql_is(s, ")");
		sql_next(s);
	} while (depth > 0);
	return true;
}

bool sql_setting(const char *text, const char *name, struct arena *a, const char **ret)
{
	struct sql s;

	sql_begin(&s, text, strlen(text), true);
	if (!sql_accept(&s, "SET") || !sql_accept(&s, name) || (!sql_accept(&s, "=") && !sql_accept(&s, "TO")))
		return false;
	/* plain dumps write SET standard_conforming_strings = on */
	if (s.token.kind == SQL_WORD)
		return sql_name(&s, a, ret) && sql_is(&s, ";");
	return sql_string(&s, a, ret) && sql_is(&s, ";");
}

/* ---- COPY ---- */

bool copy_statement(const char *path, const char *text, struct dump_entry *e, struct arena *a,
		    struct diag *d)
{
	struct dump_names columns = { NULL, 0 };
	struct dump_name into;
	struct sql s;

	sql_begin(&s, text, strlen(text), true);
	if (!sql_accept(&s, "COPY") || !sql_qualified_name(&s, a, e->schema, &into) ||
	    (sql_is(&s, "(") && !sql_names(&s, a, &columns)))
		return dump_fail(d, path, "expected COPY table (columns) FROM stdin, found another statement");
	if (sql_is(&s, "WITH"))
		return dump_fail(d, path, "the rows of a table have OIDs (COPY … WITH OIDS); such archives cannot be "
				 "treated");
	if (!sql_accept_words(&s, "FROM stdin") || !sql_accept(&s, ";") || s.token.kind != SQL_END)
		return dump_fail(d, path, "expected FROM stdin; behind the columns of COPY, found something else");
	e->columns = columns.v;
	e->ncolumns = columns.n;
	e->into_schema = into.schema;
	e->into_table = into.name;
	e->via_root = *e->tag && (!streq(into.name, e->tag) || !streq(into.schema, e->schema));
	e->form = DUMP_COPY_TEXT;
	e->columns_known = true;
	return true;
}

bool encoding_is_safe(const char *encoding)
{
	static const char *const unsafe[] = {
		"SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004", "SHIFTJIS", "SHIFT_JIS",
		"MSKANJI", "WIN932", "WINDOWS932", "WIN936", "WINDOWS936", "WIN949", "WINDOWS949", "WIN950",
		"WINDOWS950",
	};

	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
		if (strcasecmp(encoding, unsafe[i]) == 0)
			return false;
	return true;
}
