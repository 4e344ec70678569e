/* Rows written as INSERT statements (pg_dump --inserts, --column-inserts, --rows-per-insert). */
#include "dump/pass.h"
#include "dump/sql.h"

/* ---- values ---- */

static bool is(const char *raw, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(raw, word, n) == 0;
}

struct dump_value insert_value(const char *raw, size_t n, bool std_strings, struct bytes *scratch)
{
	char *to = scratch->buf + scratch->len, *t = to;
	const char *end = raw + n;

	if (n == 0 || is(raw, n, "NULL") || is(raw, n, "DEFAULT"))
		return (struct dump_value){ .null = true, .computed = n == 0 || *raw == 'D' };
	if (is(raw, n, "true") || is(raw, n, "false"))
		return (struct dump_value){ .bytes = raw, .len = 1 };
	if (*raw == 'B')
		return (struct dump_value){ .bytes = raw + 2, .len = n - 3 };
	if (*raw != '\'')
		return (struct dump_value){ .bytes = raw, .len = n };
	for (const char *p = raw + 1; p < end - 1; p++) {
		if (*p == '\'' || (*p == '\\' && !std_strings))
			p++;
		*t++ = *p;
	}
	scratch->len += (size_t)(t - to);
	return (struct dump_value){ .bytes = to, .len = (size_t)(t - to) };
}

void insert_literal(struct bytes *to, const char *value, size_t n, bool std_strings)
{
	bytes_add(to, "'", 1);
	for (size_t i = 0; i < n; i++) {
		if (value[i] == '\'' || (value[i] == '\\' && !std_strings))
			bytes_add(to, &value[i], 1);
		bytes_add(to, &value[i], 1);
	}
	bytes_add(to, "'", 1);
}

/* A number, or one of the words. */
static bool is_bare(const char *p, size_t n)
{
	if (is(p, n, "NULL") || is(p, n, "DEFAULT") || is(p, n, "true") || is(p, n, "false"))
		return true;
	for (size_t i = 0; i < n; i++)
		if (!p[i] || !strchr("0123456789+-.eE", p[i]))
			return false;
	return n > 0;
}

/* Behind the value at p; NULL: it is none of those that pg_dump writes. */
static const char *skip_value(const char *p, const char *end, bool std_strings)
{
	if (end - p > 1 && p[0] == 'B' && p[1] == '\'')
		p++;
	if (p < end && *p == '\'') {
		for (p++; p < end; p++) {
			if (*p == '\\' && !std_strings) {
				p++;
				if (p == end || *p != '\\')
					return NULL;
			} else if (*p == '\'') {
				if (end - p < 2 || p[1] != '\'')
					return p + 1;
				p++;
			}
		}
		return NULL;
	}
	for (const char *begin = p; p < end; p++)
		if (*p == ',' || *p == ')')
			return is_bare(begin, (size_t)(p - begin)) ? p : NULL;
	return NULL;
}

/* ---- one statement ---- */

struct statement {
	const char *text, *end;		/* from INSERT to behind the LF */
	const char *at;
	bool changed;			/* differs from what stands there */
	bool any;			/* a row of it is left */
};

/* Its list of columns: those of the table in their order, some of them (generated ones) left out. */
static bool see_columns(struct rows *r, const struct dump_names *names)
{
	const struct dump_entry *e = r->p->row.entry;
	size_t k = 0;

	for (size_t i = 0; i < e->ncolumns; i++) {
		bool there = !names->n || (k < names->n && streq(names->v[k], e->columns[i]));

		r->p->row_impl.fields[i].absent = !there;
		k += there && names->n;
	}
	return k == names->n;
}

static bool bad(struct rows *r, const char *why, struct diag *d)
{
	return dump_fail(d, r->p->dump->path, "row %llu %s", (unsigned long long)r->p->row.number + 1, why);
}

static size_t pass_absent(struct row_field *fields, size_t n, size_t most, size_t at)
{
	for (; n < most && fields[n].absent; n++)
		fields[n].begin = fields[n].end = at;
	return n;
}

/* Splits the row at s->at, sets its borders, and goes behind it. */
static bool split(struct rows *r, struct statement *s, struct diag *d)
{
	struct row_field *fields = r->p->row_impl.fields;
	const char *begin = s->at, *at = begin + 1;
	size_t n = 0, most = r->p->row_impl.nfields;

	if (*begin != '(')
		return bad(r, "is no list of values", d);
	for (;;) {
		const char *behind = skip_value(at, s->end, r->p->dump->std_strings);

		if (!behind)
			return bad(r, "holds a value that pg_dump does not write", d);
		n = pass_absent(fields, n, most, (size_t)(at - begin));
		if (n == most)
			return bad(r, "has more values than its table has columns", d);
		fields[n].begin = (size_t)(at - begin);
		fields[n++].end = (size_t)(behind - begin);
		at = behind;
		if (*at == ')')
			break;
		if (s->end - at < 2 || at[0] != ',' || at[1] != ' ')
			return bad(r, "has values that are not parted by comma and blank", d);
		at += 2;
	}
	if (pass_absent(fields, n, most, (size_t)(at - begin)) != most)
		return bad(r, "has fewer values than its table has columns", d);
	s->at = at + 1;
	return true;
}

static bool append(struct rows *r, struct statement *s, const char *head, const char *raw, size_t n,
		   bool replaced)
{
	struct bytes *to = &r->p->rendered;

	if (!s->any)
		bytes_add(to, s->text, (size_t)(head - s->text));
	else
		bytes_add(to, ",\n\t", 3);
	s->any = true;
	if (replaced)
		row_render(&r->p->row, to);
	else
		bytes_add(to, raw, n);
	return true;
}

/* All rows of the statement, whose first begins at s->at. */
static bool each_row(struct rows *r, struct statement *s, struct diag *d)
{
	const char *head = s->at;

	r->p->rendered.len = 0;
	for (;;) {
		const char *raw = s->at;
		enum dump_verdict verdict;

		if (!split(r, s, d) || !rows_judge(r, raw, (size_t)(s->at - raw), &verdict, d))
			return false;
		rows_count(r, verdict);
		if (r->enough)
			return true;
		s->changed |= verdict != DUMP_KEEP;
		if (verdict != DUMP_DROP)
			append(r, s, head, raw, (size_t)(s->at - raw), verdict == DUMP_REPLACE);
		if (s->end - s->at < 3 || memcmp(s->at, ",\n\t", 3) != 0)
			break;
		s->at += 3;
	}
	bytes_add(&r->p->rendered, s->at, (size_t)(s->end - s->at));
	return true;
}

/* INSERT INTO table DEFAULT VALUES; is a row of a table without columns. */
static bool default_row(struct rows *r, struct statement *s, struct diag *d)
{
	enum dump_verdict verdict;

	if (r->p->row_impl.nfields)
		return bad(r, "has no values", d);
	if (!rows_judge(r, s->text, (size_t)(s->end - s->text) - 2, &verdict, d))
		return false;
	rows_count(r, verdict);
	s->changed = verdict == DUMP_DROP;
	s->any = !s->changed;
	return true;
}

/* Up to the first row: INSERT INTO t [(columns)] [OVERRIDING … VALUE] VALUES; or DEFAULT VALUES. */
static bool begin(struct rows *r, struct statement *s, bool *no_values, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const struct dump_entry *e = r->p->row.entry;
	struct dump_name into;
	struct dump_names columns = { NULL, 0 };
	struct sql q;

	sql_begin(&q, s->text, (size_t)(s->end - s->text), r->p->dump->std_strings);
	if (!sql_accept_words(&q, "INSERT INTO") || !sql_qualified_name(&q, a, e->schema, &into) ||
	    (sql_is(&q, "(") && !sql_names(&q, a, &columns)))
		return bad(r, "is no INSERT statement", d);
	if (!streq(into.name, e->into_table) || !streq(into.schema, e->into_schema))
		return bad(r, "goes into another table than the rows before", d);
	if (!see_columns(r, &columns))
		return bad(r, "lists other columns than its table has", d);
	*no_values = sql_accept_words(&q, "DEFAULT VALUES");
	if (*no_values)
		return sql_is(&q, ";") || sql_is(&q, "ON") || bad(r, "is no INSERT statement", d);
	sql_accept_words(&q, "OVERRIDING SYSTEM VALUE");
	sql_accept_words(&q, "OVERRIDING USER VALUE");
	if (!sql_is(&q, "VALUES"))
		return bad(r, "is no INSERT statement", d);
	s->at = q.p;
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t'))
		s->at++;
	return s->at < s->end || bad(r, "has no values", d);
}

/* ON CONFLICT DO NOTHING; or ; */
static bool check_end(struct rows *r, const struct statement *s, struct diag *d)
{
	static const char conflict[] = " ON CONFLICT DO NOTHING";
	size_t n = sizeof(conflict) - 1, left = (size_t)(s->end - s->at);

	if (left == 2 || (left == n + 2 && memcmp(s->at, conflict, n) == 0))
		return true;
	return bad(r, "is followed by something else than the end of its statement", d);
}

static bool one_statement(struct rows *r, struct statement *s, struct diag *d)
{
	bool no_values = false;

	if (!begin(r, s, &no_values, d))
		return false;
	if (no_values)
		return default_row(r, s, d);
	return each_row(r, s, d) && (r->enough || check_end(r, s, d));
}

/* ---- the entry ---- */

/* A whole statement with its LF at p->begin, `n` bytes; n 0: none is left. */
static bool next_statement(struct rows *r, size_t *n, size_t *skip, struct diag *d)
{
	struct pass *p = r->p;
	struct sql_scan scan = { .at = 0 };
	bool there = true;

	for (;;) {
		const char *text = p->window.buf + p->begin;
		size_t avail = p->window.len - p->begin;

		switch (sql_scan(&scan, text, avail, p->dump->std_strings, !there)) {
		case SCAN_STATEMENT:
			if (scan.at < avail) {
				*n = scan.at + 1;
				*skip = scan.begin;
				return text[scan.at] == '\n' || bad(r, "is not followed by a line feed", d);
			}
			scan.at--;
			break;
		case SCAN_META: case SCAN_BAD:
			return bad(r, "is no INSERT statement", d);
		case SCAN_MORE:
			break;
		}
		if (!there) {
			*n = 0;
			return !scan.begun || bad(r, "is not there whole: the data is cut off", d);
		}
		if (!rows_more(r, &there, d))
			return false;
	}
}

bool insert_rows(struct rows *r, struct diag *d)
{
	struct pass *p = r->p;
	size_t n = 0, skip = 0;

	for (;;) {
		struct statement s = { .changed = false };

		if (!next_statement(r, &n, &skip, d))
			return false;
		if (n == 0)
			return true;
		s.text = p->window.buf + p->begin + skip;
		s.end = p->window.buf + p->begin + n;
		if (skip)
			return bad(r, "is parted from the one before by more than a line feed", d);
		if (!one_statement(r, &s, d))
			return false;
		if (r->enough)
			return true;
		if (!rows_advance(r, n, s.changed, s.any ? p->rendered.buf : NULL, s.any ? p->rendered.len : 0, d))
			return false;
	}
}
