#include "conf/sqlcond.h"

#include <ctype.h>
#include <strings.h>

struct lexer {
	const char *p;
	const char *why;		/* set: stop */
	char open[64];			/* parentheses and brackets that are open */
	size_t depth;
	bool any;			/* something but blanks and comments was seen */
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Behind a quote that began at s; a doubled quote stands for itself, with `escapes` a backslash
 * takes the next byte. NULL: not closed. */
static const char *skip_quoted(const char *s, char quote, bool escapes)
{
	for (s++; *s; s++) {
		if (escapes && *s == '\\' && s[1])
			s++;
		else if (*s == quote && s[1] == quote)
			s++;
		else if (*s == quote)
			return s + 1;
	}
	return NULL;
}

static void skip_quotes(struct lexer *lx, char quote, bool escapes)
{
	const char *end = skip_quoted(lx->p, quote, escapes);

	if (end)
		lx->p = end;
	else
		lx->why = quote == '"' ? "a quoted name is not closed" : "a quoted string is not closed";
}

/* Block comments nest, as in PostgreSQL. */
static void skip_block(struct lexer *lx)
{
	int depth = 0;

	for (; *lx->p; lx->p++) {
		if (lx->p[0] == '/' && lx->p[1] == '*') {
			depth++;
			lx->p++;
		} else if (lx->p[0] == '*' && lx->p[1] == '/') {
			lx->p++;
			if (--depth == 0) {
				lx->p++;
				return;
			}
		}
	}
	lx->why = "a /* comment is not closed";
}

static void skip_dashes(struct lexer *lx)
{
	lx->p += strcspn(lx->p, "\n");
	if (!*lx->p)
		lx->why = "a -- comment does not end before the condition does";
}

/* $$…$$ and $tag$…$tag$. */
static void skip_dollar(struct lexer *lx)
{
	size_t n = 1;

	if (isdigit((unsigned char)lx->p[1])) {
		lx->why = "$ with a number is a parameter, and there are none here";
		return;
	}
	while (lx->p[n] != '$' && is_word(lx->p[n]))
		n++;
	if (lx->p[n] != '$') {
		lx->p++;
		return;
	}
	n++;
	for (const char *s = lx->p + n; *s; s++) {
		if (strncmp(s, lx->p, n) == 0) {
			lx->p = s + n;
			return;
		}
	}
	lx->why = "a dollar quote is not closed";
}

static void skip_word(struct lexer *lx)
{
	bool escapes = tolower((unsigned char)*lx->p) == 'e' && lx->p[1] == '\'';

	while (is_word(*lx->p))
		lx->p++;
	if (escapes)
		skip_quotes(lx, '\'', true);
}

static void open_mark(struct lexer *lx, char c)
{
	if (lx->depth == sizeof(lx->open)) {
		lx->why = "parentheses are nested too deeply";
		return;
	}
	lx->open[lx->depth++] = c == '(' ? ')' : ']';
	lx->p++;
}

static void close_mark(struct lexer *lx, char c)
{
	if (!lx->depth || lx->open[lx->depth - 1] != c)
		lx->why = "a closing parenthesis or bracket has no opening one";
	lx->depth -= lx->depth > 0;
	lx->p++;
}

static bool skip_comment(struct lexer *lx)
{
	if (lx->p[0] == '-' && lx->p[1] == '-')
		skip_dashes(lx);
	else if (lx->p[0] == '/' && lx->p[1] == '*')
		skip_block(lx);
	else if (isspace((unsigned char)*lx->p))
		lx->p++;
	else
		return false;
	return true;
}

static void step(struct lexer *lx)
{
	char c = *lx->p;

	if (skip_comment(lx))
		return;
	lx->any = true;
	if (c == '\'' || c == '"')
		skip_quotes(lx, c, false);
	else if (c == '$')
		skip_dollar(lx);
	else if (is_word(c))
		skip_word(lx);
	else if (c == '(' || c == '[')
		open_mark(lx, c);
	else if (c == ')' || c == ']')
		close_mark(lx, c);
	else if (c == ';')
		lx->why = "a ; ends a statement, and a condition is none";
	else
		lx->p++;
}

bool sqlcond_check(const char *text, const char **why)
{
	struct lexer lx = { .p = text };

	while (*lx.p && !lx.why)
		step(&lx);
	if (!lx.why && lx.depth)
		lx.why = "a parenthesis or bracket is not closed";
	if (!lx.why && !lx.any)
		lx.why = "empty";
	*why = lx.why;
	return !lx.why;
}

/* ---- names of tables ---- */

#define NAME_MAX_BYTES 63

struct table_name {
	char schema[NAME_MAX_BYTES + 1], table[NAME_MAX_BYTES + 1];	/* folded,
		unquoted; schema "" = none */
};

static bool take(char *out, size_t *n, char c)
{
	if (*n == NAME_MAX_BYTES)
		return false;
	out[(*n)++] = c;
	return true;
}

/* One identifier into out; *s is moved behind it. Returns what is wrong, or NULL. */
static const char *read_identifier(const char **s, char *out)
{
	const char *p = *s, *end;
	size_t n = 0;

	if (*p == '"') {
		end = skip_quoted(p, '"', false);
		if (!end)
			return "a quoted name is not closed";
		for (p++; p < end - 1; p += 1 + (*p == '"'))
			if (!take(out, &n, *p))
				return "a name is longer than 63 bytes";
	} else {
		for (end = p; is_word(*end); end++)
			if (!take(out, &n, (char)tolower((unsigned char)*end)))
				return "a name is longer than 63 bytes";
		if (isdigit((unsigned char)*p) || *p == '$')
			return "a name that begins so must be quoted";
	}
	if (!n)
		return "a name is empty or needs quotes";
	out[n] = '\0';
	*s = end;
	return NULL;
}

static const char *read_table_name(const char *text, struct table_name *ret)
{
	const char *s = text, *why = read_identifier(&s, ret->table);

	ret->schema[0] = '\0';
	if (why || !*s)
		return why;
	if (*s != '.')
		return "a name with other characters than letters, digits, _ must be quoted";
	memcpy(ret->schema, ret->table, sizeof(ret->schema));
	s++;
	why = read_identifier(&s, ret->table);
	if (why || !*s)
		return why;
	return *s == '.' ? "more than schema and table" :
			   "a name with other characters than letters, digits, _ must be quoted";
}

static const char *refuse_schema(const char *schema)
{
	if (streq(schema, "pgretain"))
		return "the ledger's own schema: retention on the ledger would tear its chain";
	if (strncmp(schema, "pg_", 3) == 0 || streq(schema, "information_schema"))
		return "a schema of the system";
	return NULL;
}

bool sqltable_check_short(const char *text, const char **why)
{
	struct table_name name;

	*why = read_table_name(text, &name);
	if (!*why)
		*why = refuse_schema(name.schema);
	return !*why;
}

bool sqltable_check(const char *text, const char **why)
{
	struct table_name name;

	*why = read_table_name(text, &name);
	if (!*why && !*name.schema)
		*why = "the schema is missing, write schema.table";
	if (!*why)
		*why = refuse_schema(name.schema);
	return !*why;
}

bool sqltable_same(const char *a, const char *b)
{
	struct table_name x, y;

	return !read_table_name(a, &x) && !read_table_name(b, &y) && streq(x.schema, y.schema) &&
	       streq(x.table, y.table);
}
