/* Plain dumps: a script for psql. Opening reads it once and notes where the rows of each COPY or run of
 * INSERTs stand, large objects and statistics too; a pass then copies what lies between. */
#include "dump/pass.h"
#include "dump/sniff.h"
#include "dump/sql.h"

#define STEP ((size_t)DUMP_BUFFER)

struct script {
	struct dump *dump;
	struct arena *a;
	struct unwrapped u;
	struct bytes window;
	size_t begin;			/* of the statement at hand, in window */
	uint64_t base;			/* place in the script of the window's first byte */
	bool ended;			/* nothing comes behind the window */
	bool complete;			/* the closing comment was the last thing that was said */
	const char *schema;		/* where an unqualified name belongs */
	const char *database;
	VEC(struct dump_entry) entries;
	struct dump_entry *run;		/* the run of INSERTs or of large objects that may go on, or NULL */
};

/* ---- the window ---- */

static uint64_t place(const struct script *s)
{
	return s->base + s->begin;
}

static bool fail_at(struct script *s, struct diag *d, const char *text)
{
	dump_fail(d, s->dump->path, "%s", text);
	diag_where(d, "byte %llu", (unsigned long long)place(s));
	return false;
}

static bool refill(struct script *s, struct diag *d)
{
	struct bytes *w = &s->window;
	const uint8_t *p;
	size_t n;

	if (s->begin) {
		memmove(w->buf, w->buf + s->begin, w->len - s->begin);
		w->len -= s->begin;
		s->base += s->begin;
		s->begin = 0;
	}
	if (w->len > s->dump->impl->max_row)
		return fail_at(s, d, "a statement is longer than the limit");
	if (!in_piece(&s->u.in, STEP, &p, &n, d))
		return false;
	bytes_reserve(w, w->len + n < 2 * STEP ? 2 * STEP : w->len + n);
	bytes_add(w, p, n);
	s->ended = n == 0;
	return true;
}

/* ---- entries ---- */

static struct dump_entry *add_entry(struct script *s, enum dump_kind kind, const char *desc,
				    const struct dump_name *name)
{
	struct dump_entry *e = vec_add(s->a, &s->entries);

	e->id = (int)s->entries.n;
	e->kind = kind;
	e->has_data = kind != DUMP_OTHER;
	e->desc = desc;
	e->schema = name->schema;
	e->tag = name->name;
	e->owner = e->defn = e->file = "";
	e->section = 1;
	e->database = s->database;
	e->position = kind == DUMP_OTHER ? DUMP_NO_DATA : DUMP_RECORDED;
	e->offset = place(s);
	return e;
}

struct statement {
	const char *text;
	size_t n, skip;			/* with its semicolon; skip: blanks and comments before it */
	struct sql q;			/* at its second word */
};

static bool note_table(struct script *s, struct statement *st, struct diag *d)
{
	struct dump_name name;

	(void)d;
	if (!sql_accept(&st->q, "UNLOGGED") && !sql_is(&st->q, "TABLE"))
		return true;
	if (sql_accept(&st->q, "TABLE") && sql_qualified_name(&st->q, s->a, s->schema, &name))
		add_entry(s, DUMP_OTHER, "TABLE", &name)->defn = arena_strndup(s->a, st->text, st->n);
	return true;
}

/* ALTER TABLE [ONLY] t ADD CONSTRAINT … | ATTACH PARTITION … */
static bool note_alter(struct script *s, struct statement *st, struct diag *d)
{
	struct dump_name name;
	const char *desc = NULL, *constraint;

	(void)d;
	if (!sql_accept(&st->q, "TABLE"))
		return true;
	sql_accept(&st->q, "ONLY");
	if (!sql_qualified_name(&st->q, s->a, s->schema, &name))
		return true;
	if (sql_accept_words(&st->q, "ATTACH PARTITION"))
		desc = "TABLE ATTACH";
	else if (sql_accept_words(&st->q, "ADD CONSTRAINT") && sql_name(&st->q, s->a, &constraint))
		desc = sql_is(&st->q, "FOREIGN") ? "FK CONSTRAINT" : "CONSTRAINT";
	if (desc)
		add_entry(s, DUMP_OTHER, desc, &name)->defn = arena_strndup(s->a, st->text, st->n);
	return true;
}

/* ---- settings ---- */

static bool note_path(struct script *s, struct sql *q)
{
	if (q->token.kind == SQL_STRING)
		return sql_string(q, s->a, &s->schema);
	return sql_name(q, s->a, &s->schema);
}

static bool note_setting(struct script *s, struct statement *st, struct diag *d)
{
	const char *value;

	if (sql_setting(arena_strndup(s->a, st->text, st->n), "client_encoding", s->a, &value)) {
		if (*s->dump->encoding && !streq(s->dump->encoding, value))
			return fail_at(s, d, "expected one client_encoding, found two");
		if (!encoding_is_safe(value))
			return fail_at(s, d, "its encoding has characters that hold a backslash byte; such dumps cannot be "
				       "treated");
		s->dump->encoding = value;
	} else if (sql_setting(arena_strndup(s->a, st->text, st->n), "standard_conforming_strings", s->a, &value)) {
		s->dump->std_strings = streq(value, "on");
	} else if (sql_accept(&st->q, "search_path") && (sql_accept(&st->q, "=") || sql_accept(&st->q, "TO"))) {
		return note_path(s, &st->q) || fail_at(s, d, "expected SET search_path = schema, found another list");
	}
	return true;
}

static bool is_ours(struct sql *q, const char *function)
{
	struct sql before = *q;

	if (sql_accept_words(q, "pg_catalog .") && sql_accept(q, function) && sql_accept(q, "("))
		return true;
	*q = before;
	return false;
}

/* ---- statistics, large objects ---- */

/* 'schemaname', 'x', 'relname', 'y' among the arguments. */
static bool note_statistics(struct script *s, struct statement *st, struct diag *d)
{
	struct dump_name name = { NULL, NULL };
	struct dump_entry *e;

	while (st->q.token.kind != SQL_END && st->q.token.kind != SQL_BAD) {
		const char *word;

		if (!sql_string(&st->q, s->a, &word)) {
			sql_next(&st->q);
			continue;
		}
		if (streq(word, "schemaname") || streq(word, "relname")) {
			if (!sql_accept(&st->q, ",") ||
			    !sql_string(&st->q, s->a, *word == 's' ? &name.schema : &name.name))
				return fail_at(s, d, "expected the name of a table in its statistics");
		}
	}
	if (!name.schema || !name.name)
		return fail_at(s, d, "expected schemaname and relname in statistics");
	e = add_entry(s, DUMP_STATISTICS, "STATISTICS DATA", &name);
	e->offset = place(s) + st->skip;
	e->bytes = st->n;
	return true;
}

/* One entry for all objects that follow each other. */
static bool note_object(struct script *s, struct statement *st)
{
	static const struct dump_name none = { "", "" };
	uint64_t end = place(s) + st->skip + st->n;

	if (!s->run) {
		s->run = add_entry(s, DUMP_BLOBS, "BLOBS", &none);
		s->run->offset = place(s) + st->skip;
	}
	s->run->bytes = end - s->run->offset;
	return true;
}

static bool note_select(struct script *s, struct statement *st, struct diag *d)
{
	struct dump_entry *run = s->run;
	const char *name;

	s->run = NULL;
	if (is_ours(&st->q, "set_config")) {
		if (sql_string(&st->q, s->a, &name) && streq(name, "search_path") && sql_accept(&st->q, ","))
			return note_path(s, &st->q) || fail_at(s, d, "expected a search_path, found another text");
		return true;
	}
	if (is_ours(&st->q, "lo_open") || is_ours(&st->q, "lowrite") || is_ours(&st->q, "lo_close")) {
		s->run = run;
		return note_object(s, st);
	}
	sql_accept_words(&st->q, "* FROM");
	if (is_ours(&st->q, "pg_restore_attribute_stats") || is_ours(&st->q, "pg_restore_relation_stats"))
		return note_statistics(s, st, d);
	return true;
}

/* ---- rows ---- */

static bool note_insert(struct script *s, struct statement *st, struct diag *d)
{
	struct dump_name into;
	struct dump_names columns = { NULL, 0 };
	uint64_t begin = place(s) + st->skip;
	struct dump_entry *e = s->run;

	if (!sql_accept(&st->q, "INTO") || !sql_qualified_name(&st->q, s->a, s->schema, &into) ||
	    (sql_is(&st->q, "(") && !sql_names(&st->q, s->a, &columns)))
		return fail_at(s, d, "expected INSERT INTO table, found another statement");
	/* a run: nothing but the line feed between */
	if (!e || e->kind != DUMP_ROWS || !streq(e->tag, into.name) || !streq(e->schema, into.schema) ||
	    e->offset + e->bytes != begin) {
		e = add_entry(s, DUMP_ROWS, "TABLE DATA", &into);
		e->form = DUMP_INSERTS;
		e->into_schema = into.schema;
		e->into_table = into.name;
		e->offset = begin;
		e->columns = columns.v;
		e->ncolumns = columns.n;
		e->columns_known = columns.n > 0;
	}
	s->run = e;
	e->bytes = begin + st->n + 1 - e->offset;
	return true;
}

/* Past the line \. of the rows that begin at s->begin. */
static bool skip_rows(struct script *s, struct dump_entry *e, struct diag *d)
{
	static const char end[] = "\n\\.\n";
	bool first = true;

	e->offset = place(s);
	for (;;) {
		size_t avail = s->window.len - s->begin;
		const char *text = s->window.buf + s->begin;
		const char *found = first && avail >= 3 && memcmp(text, end + 1, 3) == 0 ? text - 1 :
				    memmem(text, avail, end, 4);

		if (found) {
			s->begin += (size_t)(found + 4 - text);
			e->bytes = place(s) - e->offset;
			return true;
		}
		if (s->ended) {
			fail_at(s, d, "the dump ends inside the rows of a table; it is cut off");
			dump_where(d, place(s), e);
			return false;
		}
		/* its last bytes may be the mark's first */
		if (avail > 3) {
			s->begin += avail - 3;
			first = false;
		}
		if (!refill(s, d))
			return false;
	}
}

static bool note_copy(struct script *s, struct statement *st, struct diag *d)
{
	struct dump_entry found = { .schema = s->schema, .tag = "" }, *e;
	char *text = arena_strndup(s->a, st->text, st->n);

	if (!copy_statement(s->dump->path, text, &found, s->a, d)) {
		diag_where(d, "byte %llu", (unsigned long long)place(s));
		return false;
	}
	s->begin += st->skip + st->n;
	while (s->begin == s->window.len && !s->ended)
		if (!refill(s, d))
			return false;
	if (s->begin == s->window.len || s->window.buf[s->begin] != '\n')
		return fail_at(s, d, "expected a line feed behind COPY … FROM stdin;");
	s->begin++;
	e = add_entry(s, DUMP_ROWS, "TABLE DATA", &(struct dump_name){ found.into_schema, found.into_table });
	e->copy = text;
	e->columns = found.columns;
	e->ncolumns = found.ncolumns;
	e->columns_known = true;
	e->into_schema = found.into_schema;
	e->into_table = found.into_table;
	return skip_rows(s, e, d);
}

/* ---- statements ---- */

static const struct {
	const char *word;
	bool (*note)(struct script *s, struct statement *st, struct diag *d);
} notes[] = {
	{ "CREATE", note_table }, { "ALTER", note_alter }, { "SET", note_setting }, { "SELECT", note_select },
	{ "INSERT", note_insert },
};

static bool holds(const char *text, size_t n, const char *line)
{
	const char *p = memmem(text, n, line, strlen(line));

	return p && (p == text || p[-1] == '\n');
}

/* Comments before a statement: the one that closes a dump counts until another statement comes. */
static void see_comments(struct script *s, const char *text, size_t n)
{
	if (holds(text, n, "-- PostgreSQL database dump complete\n") ||
	    holds(text, n, "-- PostgreSQL database cluster dump complete\n"))
		s->complete = true;
}

static bool on_statement(struct script *s, const struct sql_scan *scan, struct diag *d)
{
	struct statement st = { .skip = scan->begin, .n = scan->at - scan->begin };
	uint64_t begin = place(s);
	bool copy;

	st.text = s->window.buf + s->begin + scan->begin;
	see_comments(s, st.text - st.skip, st.skip);
	s->complete = false;
	sql_begin(&st.q, st.text, st.n, s->dump->std_strings);
	copy = sql_is(&st.q, "COPY");
	if (!copy && !sql_is(&st.q, "INSERT") && !(sql_is(&st.q, "SELECT") && s->run &&
						   s->run->kind == DUMP_BLOBS))
		s->run = NULL;
	if (copy) {
		s->run = NULL;
		return note_copy(s, &st, d);
	}
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (sql_accept(&st.q, notes[i].word)) {
			if (!notes[i].note(s, &st, d))
				return false;
			break;
		}
	BUG_ON(place(s) != begin);
	s->begin += scan->at;
	/* an INSERT goes with its line feed, so that runs have no gaps */
	if (s->run && s->run->form == DUMP_INSERTS && s->run->kind == DUMP_ROWS) {
		while (s->begin == s->window.len && !s->ended)
			if (!refill(s, d))
				return false;
		if (s->begin == s->window.len || s->window.buf[s->begin] != '\n')
			return fail_at(s, d, "expected a line feed behind INSERT");
		s->begin++;
	}
	return true;
}

/* dbname='it\'s' gives it's. */
static const char *connection_value(const char *text, struct arena *a)
{
	const char *p = strchr(text, '=');
	char *to, *t;

	if (!p)
		return text;
	to = t = arena_strdup(a, p[1] == '\'' ? p + 2 : p + 1);
	for (p = to; *p && *p != '\''; p++) {
		if (*p == '\\' && p[1])
			p++;
		*t++ = *p;
	}
	*t = '\0';
	return to;
}

/* \connect database, or \connect -reuse-previous=on "dbname='data base'" */
static bool note_connect(struct script *s, const char *text, size_t n, struct diag *d)
{
	struct sql q;
	bool whole;

	sql_begin(&q, text, n, true);
	whole = sql_accept_words(&q, "- reuse - previous = on");
	if (!sql_name(&q, s->a, &s->database))
		return fail_at(s, d, "expected \\connect database, found another line");
	if (whole)
		s->database = connection_value(s->database, s->a);
	s->schema = "";
	return true;
}

/* A line for psql itself. */
static bool on_meta(struct script *s, const struct sql_scan *scan, struct diag *d)
{
	static const char *const known[] = { "\\connect ", "\\restrict ", "\\unrestrict ", "\\encoding SQL_ASCII" };
	const char *line, *lf;
	size_t known_n = 0;

	see_comments(s, s->window.buf + s->begin, scan->begin);
	while (!(lf = memchr(s->window.buf + s->begin + scan->begin, '\n',
			     s->window.len - s->begin - scan->begin)) && !s->ended)
		if (!refill(s, d))
			return false;
	if (!lf)
		return fail_at(s, d, "the dump ends inside a line for psql; it is cut off");
	line = s->window.buf + s->begin + scan->begin;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if ((size_t)(lf - line) >= strlen(known[i]) && memcmp(line, known[i], strlen(known[i])) == 0)
			known_n = strlen(known[i]);
	if (!known_n)
		return fail_at(s, d, "a line for psql (\\…) is none of those that pg_dump writes");
	if (line[1] == 'c' && !note_connect(s, line + known_n, (size_t)(lf - line) - known_n, d))
		return false;
	s->run = NULL;
	s->begin = (size_t)(lf + 1 - s->window.buf);
	return true;
}

static bool at_end(struct script *s, const struct sql_scan *scan, struct diag *d)
{
	const char *text = s->window.buf + s->begin;

	if (scan->begun || (scan->state != SCAN_PLAIN && scan->state != SCAN_LINE_COMMENT))
		return fail_at(s, d, "the dump ends inside a statement; it is cut off");
	see_comments(s, text, s->window.len - s->begin);
	return s->complete || fail_at(s, d, "the dump ends without its line \"PostgreSQL database dump complete\"; it "
				      "is cut off");
}

static bool read_script(struct script *s, struct diag *d)
{
	struct sql_scan scan = { .at = 0 };

	for (;;) {
		enum sql_scanned found = sql_scan(&scan, s->window.buf + s->begin, s->window.len - s->begin,
						  s->dump->std_strings, s->ended);

		if (found == SCAN_BAD)
			return fail_at(s, d, scan.why);
		if (found == SCAN_MORE) {
			if (s->ended)
				return at_end(s, &scan, d);
			if (!refill(s, d))
				return false;
			continue;
		}
		if (!(found == SCAN_META ? on_meta(s, &scan, d) : on_statement(s, &scan, d)))
			return false;
		scan = (struct sql_scan){ .at = 0 };
	}
}

bool plain_open(struct dump *dump, struct diag *d)
{
	struct script s = { .dump = dump, .a = dump->impl->arena, .schema = "" };
	bool ok;

	unwrap(&s.u, dump, dump->impl->fd);
	bytes_reserve(&s.window, 2 * STEP);
	ok = read_script(&s, d);
	dump->entries = s.entries.v;
	dump->nentries = s.entries.n;
	bytes_done(&s.window);
	unwrap_done(&s.u);
	return ok;
}
