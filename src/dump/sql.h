/* Inside dump/: the SQL of a dump, by PostgreSQL's lexical rules (documentation, 4.1): quoted names,
 * strings with and without escapes, dollar quotes, nested comments. */
#ifndef PGRETAIN_DUMP_SQL_H
#define PGRETAIN_DUMP_SQL_H

#include "dump/schema.h"

enum sql_kind { SQL_END, SQL_WORD, SQL_QUOTED, SQL_STRING, SQL_NUMBER, SQL_SYMBOL, SQL_BAD };

struct sql_token {
	enum sql_kind kind;		/* BAD: a quote or comment without an end */
	const char *p;			/* as it stands */
	size_t n;
};

struct sql {
	const char *p, *end;
	bool std_strings;
	struct sql_token token;		/* the one at hand */
};

void sql_begin(struct sql *s, const char *text, size_t n, bool std_strings);	/* token: the first */
void sql_next(struct sql *s);
/* Is the token this word (any case, unquoted) or symbol? accept: and goes on. */
bool sql_is(const struct sql *s, const char *word);
bool sql_accept(struct sql *s, const char *word);
/* "alter table only": all of them in turn, or nothing is consumed. */
bool sql_accept_words(struct sql *s, const char *words);
/* One name, unquoted into `a`; schema.name, where a missing schema gives `schema`; (a, b, …). */
bool sql_name(struct sql *s, struct arena *a, const char **ret);
bool sql_qualified_name(struct sql *s, struct arena *a, const char *schema, struct dump_name *ret);
bool sql_names(struct sql *s, struct arena *a, struct dump_names *ret);
/* '…' without its quotes, escapes undone; false for others. */
bool sql_string(struct sql *s, struct arena *a, const char **ret);
/* Over one balanced (…), which the token begins. */
bool sql_skip_parens(struct sql *s);
/* SET name = 'value'; */
bool sql_setting(const char *text, const char *name, struct arena *a, const char **ret);

/* Finds where statements end, in text that comes in pieces; psql's rules: a semicolon outside of quotes,
 * comments, brackets and BEGIN ATOMIC … END. */
struct sql_scan {
	size_t at;			/* bytes of the statement looked at */
	enum { SCAN_PLAIN, SCAN_LINE_COMMENT, SCAN_COMMENT, SCAN_NAME, SCAN_STRING, SCAN_ESCAPES,
	       SCAN_DOLLAR } state;
	int comments, parens, blocks;	/* depths */
	size_t tag_at, tag_n;		/* the dollar quote's tag, in the statement */
	int words;			/* how many were seen: CREATE [OR REPLACE] FUNCTION comes first */
	bool create, routine;
	bool begun;			/* something but white space and comments was seen */
	size_t begin;			/* where that is */
	const char *why;
};
enum sql_scanned { SCAN_MORE, SCAN_STATEMENT, SCAN_META, SCAN_BAD };
/* STATEMENT: at = its length with the semicolon. META: a backslash stands at `begin`, at the start of a
 * statement. BAD: a backslash elsewhere. text: of the statement, from its first byte; end: none will
 * follow `avail`. */
enum sql_scanned sql_scan(struct sql_scan *s, const char *text, size_t avail, bool std_strings, bool end);

#endif
