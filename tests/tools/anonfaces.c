/* anonfaces list			the names of all cases, one a line
 * anonfaces case NAME...			runs them against the server of PGHOST, PGDATABASE: "ok NAME" or "failed NAME"
 *
 * Both faces of an operator over the same rows: the law's vectors, or random values that the server
 * makes. A case holds when every row that SQL wrote equals what C made of its COPY text, when both
 * recognise the same rows as final, and when nothing is left to do for either face afterwards. */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/anon_cases.h"
#include "faces_values.h"
#include "pg/catalog.h"

#define ROWS "10000"
#define ZONE "Pacific/Chatham"		/* +12:45, and +12:13:48 before 1868 */

struct test {
	struct conn *conn;
	struct arena *arena;
	struct anon *an;
	struct anon_column col;
	int failures;
};

/* Types whose own `=` compares values (operators.md 1); all others are compared as text. */
static const char *value_cast(const struct test *t)
{
	static const char *const native[] = {
		"int2", "int4", "int8", "numeric", "float8", "bool", "date", "timestamp", "timestamptz",
		"uuid", "inet", "cidr", "bytea", "jsonb"
	};

	for (size_t i = 0; i < ARRAY_SIZE(native); i++)
		if (streq(t->col.base, native[i]))
			return "";
	return "::text COLLATE \"C\"";
}

static void die(const char *what, const struct diag *d)
{
	fprintf(stderr, "%s: %s %s\n", what, d ? d->message : "", d ? d->sqlstate : "");
	exit(2);
}

static void run_sql(struct test *t, const char *sql)
{
	struct diag d = DIAG_INIT;

	if (!conn_do(t->conn, sql, NO_PARAMS, &d))
		die(sql, &d);
}

static void check(struct test *t, bool holds, const char *what, long n)
{
	if (holds)
		return;
	t->failures++;
	fprintf(stderr, "%s: %ld\n", what, n);
}

/* ---- statements with parameters, as plans make them ---- */

struct statement {
	struct strbuf sb;
	int n;
	const char *values[64];
};

static void add_param(void *ctx, struct strbuf *sb, const char *text, const char *type)
{
	struct statement *s = ctx;

	BUG_ON(s->n == (int)ARRAY_SIZE(s->values));
	s->values[s->n++] = text;
	strbuf_addf(sb, "$%d::%s", s->n, type);
}

static void add_ident(void *ctx, struct strbuf *sb, const char *name)
{
	(void)ctx;
	strbuf_addf(sb, "\"%s\"", name);
}

static void add_face(struct test *t, struct statement *s, bool value)
{
	struct anon_sql r = { .alias = "t", .param = add_param, .ident = add_ident, .ctx = s };

	if (value)
		anon_sql_value(t->an, &r, &s->sb);
	else
		anon_sql_not_done(t->an, &r, &s->sb);
}

static PGresult *run_statement(struct test *t, struct statement *s)
{
	struct diag d = DIAG_INIT;
	PGresult *res = NULL;

	if (!conn_query(t->conn, strbuf_str(&s->sb), (struct params){ s->n, NULL, s->values }, &res, &d))
		die(strbuf_str(&s->sb), &d);
	return res;
}

static void run_and_done(struct test *t, struct statement *s)
{
	PQclear(run_statement(t, s));
	strbuf_done(&s->sb);
}

static long count_rows(struct test *t, const char *sql)
{
	struct statement s = { .sb = STRBUF_INIT };
	PGresult *res;
	long n;

	strbuf_adds(&s.sb, sql);
	res = run_statement(t, &s);
	n = (long)res_int(res, 0, 0);
	PQclear(res);
	strbuf_done(&s.sb);
	return n;
}

static long count_not_done(struct test *t, const char *table)
{
	struct statement s = { .sb = STRBUF_INIT };
	PGresult *res;
	long n;

	strbuf_addf(&s.sb, "SELECT count(*) FROM faces.%s t WHERE ", table);
	add_face(t, &s, false);
	res = run_statement(t, &s);
	n = (long)res_int(res, 0, 0);
	PQclear(res);
	strbuf_done(&s.sb);
	return n;
}

/* ---- COPY ---- */

static void copy_in(struct test *t, const char *sql, const struct strbuf *rows)
{
	PGresult *res = PQexecParams(t->conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0);

	if (PQresultStatus(res) != PGRES_COPY_IN)
		die(PQerrorMessage(t->conn->pg), NULL);
	PQclear(res);
	if ((rows->len && PQputCopyData(t->conn->pg, rows->buf, (int)rows->len) != 1) ||
	    PQputCopyEnd(t->conn->pg, NULL) != 1)
		die("COPY", NULL);
	res = PQgetResult(t->conn->pg);
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		die(PQerrorMessage(t->conn->pg), NULL);
	PQclear(res);
	while ((res = PQgetResult(t->conn->pg)))
		PQclear(res);
}

static void add_escaped(struct strbuf *sb, const char *s, size_t n)
{
	static const char special[] = "\b\f\n\r\t\v\\", codes[] = "bfnrtv\\";

	for (size_t i = 0; i < n; i++) {
		const char *found = s[i] ? memchr(special, s[i], sizeof(special) - 1) : NULL;

		if (found) {
			strbuf_addc(sb, '\\');
			strbuf_addc(sb, codes[found - special]);
		} else {
			strbuf_addc(sb, s[i]);
		}
	}
}

struct faced {
	struct strbuf rows;		/* COPY text: id, value, recognised */
	long n, same;
};

/* f(f(x)) = f(x) for the text that the C face itself wrote. */
static void check_again(struct test *t, const struct strbuf *x, const struct anon_field *keys,
			enum anon_result first)
{
	AUTO_STRBUF out = STRBUF_INIT;
	struct anon_field value = { strbuf_str(x), x->len };
	struct diag d = DIAG_INIT;
	enum anon_result r = ANON_NULLED;

	if (first != ANON_CHANGED)
		return;
	if (anon_apply(t->an, value, keys, &out, &r, &d) && r == ANON_SAME)
		return;
	t->failures++;
	fprintf(stderr, "not a fixed point: %s -> %s %s\n", value.text, strbuf_str(&out), d.message);
}

/* One line of COPY (SELECT id, c, key columns): id, value, keys. */
static void apply_line(struct test *t, char *line, struct faced *f)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	AUTO_STRBUF out = STRBUF_INIT;
	const char *id = strsep(&line, "\t"), *raw = strsep(&line, "\t");
	struct anon_field keys[4];
	struct diag d = DIAG_INIT;
	enum anon_result r = ANON_SAME;

	for (size_t i = 0; i < t->col.nkeys; i++) {
		keys[i].text = strsep(&line, "\t\n");
		keys[i].len = strlen(keys[i].text);
	}
	if (!anon_apply(t->an, copy_unescape(a, raw, strlen(raw)), keys, &out, &r, &d)) {
		t->failures++;
		fprintf(stderr, "%s: %s\n", d.message, raw);
		return;
	}
	check_again(t, &out, keys, r);
	strbuf_addf(&f->rows, "%s\t", id);
	if (r == ANON_CHANGED)
		add_escaped(&f->rows, strbuf_str(&out), out.len);
	else
		strbuf_adds(&f->rows, r == ANON_NULLED ? "\\N" : raw);
	strbuf_addf(&f->rows, "\t%c\n", r == ANON_SAME ? 't' : 'f');
	f->n++;
	f->same += r == ANON_SAME;
}

static void apply_table(struct test *t, const char *table, struct faced *f)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	PGresult *res;
	char *line;

	strbuf_addf(&sql, "COPY (SELECT id, c");
	for (size_t i = 0; i < t->col.nkeys; i++)
		strbuf_addf(&sql, ", %s", t->col.keys[i].name);
	strbuf_addf(&sql, " FROM faces.%s ORDER BY id) TO STDOUT", table);
	res = PQexecParams(t->conn->pg, strbuf_str(&sql), 0, NULL, NULL, NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_COPY_OUT)
		die(PQerrorMessage(t->conn->pg), NULL);
	PQclear(res);
	while (PQgetCopyData(t->conn->pg, &line, 0) > 0) {
		apply_line(t, line, f);
		PQfreemem(line);
	}
	while ((res = PQgetResult(t->conn->pg)))
		PQclear(res);
}

/* ---- a case ---- */

/* source: the rows; sql: what SQL made of them; c: what C made of them. */
static void make_tables(struct test *t, const char *type)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	run_sql(t, "DROP TABLE IF EXISTS faces.source, faces.sql, faces.c, faces.want");
	strbuf_addf(&sb, "CREATE UNLOGGED TABLE faces.source (id bigint PRIMARY KEY, tenant integer NOT NULL, "
		    "mark uuid NOT NULL, c %s)", type);
	run_sql(t, strbuf_str(&sb));
	strbuf_reset(&sb);
	strbuf_addf(&sb, "CREATE UNLOGGED TABLE faces.c (id bigint PRIMARY KEY, c %s, same boolean NOT NULL)", type);
	run_sql(t, strbuf_str(&sb));
}

static const struct anon_key all_keys[] = { { "tenant", "int4" }, { "id", "int8" }, { "mark", "uuid" } };

static void describe_column(struct test *t, const char *key)
{
	struct diag d = DIAG_INIT;
	struct catalog *cat;
	const struct cat_column *c;

	if (!catalog_load(t->conn, t->arena, (const char *[]){ "faces.source" }, 1, &cat, &d))
		die("catalogue", &d);
	c = cat_column(cat->named[0], "c");
	t->col = (struct anon_column){
		.name = c->name, .type = c->type, .base = c->base, .category = c->category,
		.typtype = c->typtype, .basetyptype = c->basetyptype, .not_null = c->not_null,
	};
	anon_column_modifiers(&t->col, c->base_type);
	t->col.nkeys = streq(key, "tenant,id") ? 2 : 1;
	t->col.keys = streq(key, "id") ? all_keys + 1 : streq(key, "mark") ? all_keys + 2 : all_keys;
}

/* The server's text of a constant, for types that are not text. */
static void ask_constant(struct test *t)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	struct diag d = DIAG_INIT;
	PGresult *res;

	if (!anon_constant_text(t->an))
		return;
	strbuf_addf(&sql, "SELECT $1::%s", t->col.type);
	if (!conn_query_text(t->conn, strbuf_str(&sql), &res, &d, anon_constant_text(t->an)))
		die("constant", &d);
	anon_constant_set(t->an, arena_strdup(t->arena, res_text(res, 0, 0)));
	PQclear(res);
}

static void bind_case(struct test *t, const char *op, const char *params, const char *key)
{
	struct diag d = DIAG_INIT;

	describe_column(t, key);
	if (!anon_bind(t->arena, op_of(t->arena, op, params), &t->col, &t->an, &d))
		die("bind", &d);
	ask_constant(t);
}

static void run_sql_face(struct test *t)
{
	struct statement s = { .sb = STRBUF_INIT };

	run_sql(t, "CREATE UNLOGGED TABLE faces.sql AS SELECT *, false AS not_done FROM faces.source");
	run_sql(t, "ALTER TABLE faces.sql ALTER not_done SET NOT NULL");
	strbuf_adds(&s.sb, "UPDATE faces.sql t SET not_done = ");
	add_face(t, &s, false);
	strbuf_adds(&s.sb, ", c = ");
	add_face(t, &s, true);
	run_and_done(t, &s);
}

static void run_c_face(struct test *t)
{
	struct faced f = { .rows = STRBUF_INIT };

	apply_table(t, "source", &f);
	copy_in(t, "COPY faces.c FROM STDIN", &f.rows);
	strbuf_done(&f.rows);
}

/* What SQL and C wrote; a few of the rows that differ, which are made up. */
static void check_equal(struct test *t)
{
	AUTO_STRBUF from = STRBUF_INIT, sql = STRBUF_INIT;
	const char *cast = value_cast(t);
	struct diag d = DIAG_INIT;
	PGresult *res = NULL;
	long n;

	strbuf_addf(&from, "FROM faces.sql x FULL JOIN faces.c y USING (id) "
		    "WHERE x.id IS NULL OR y.id IS NULL OR x.c%s IS DISTINCT FROM y.c%s "
		    "OR x.not_done IS NOT DISTINCT FROM y.same", cast, cast);
	strbuf_addf(&sql, "SELECT count(*) %s", strbuf_str(&from));
	n = count_rows(t, strbuf_str(&sql));
	check(t, n == 0, "rows on which the faces differ", n);
	if (!n)
		return;
	strbuf_reset(&sql);
	strbuf_addf(&sql, "SELECT concat_ws(' | ', id, (SELECT c::text FROM faces.source s WHERE s.id = x.id), "
		    "x.c::text, y.c::text, x.not_done, y.same) %s LIMIT 5", strbuf_str(&from));
	if (!conn_query(t->conn, strbuf_str(&sql), NO_PARAMS, &res, &d))
		die(strbuf_str(&sql), &d);
	for (int i = 0; i < PQntuples(res); i++)
		fprintf(stderr, "\t%s\n", res_text(res, i, 0));
	PQclear(res);
}

static void run_faces(struct test *t)
{
	struct faced again = { .rows = STRBUF_INIT };
	long left;

	run_sql_face(t);
	run_c_face(t);
	check_equal(t);
	left = count_not_done(t, "sql");
	check(t, left == 0, "SQL face: results not done", left);
	apply_table(t, "sql", &again);
	check(t, again.n == again.same, "C face: results of SQL not done", again.n - again.same);
	strbuf_done(&again.rows);
}

/* ---- random values ---- */

static void fill_source(struct test *t, const char *values)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "INSERT INTO faces.source SELECT i, i %% 97 - 48, md5(i::text)::uuid, "
		    "CASE WHEN i %% 50 = 7 THEN NULL ELSE %s END FROM generate_series(1, %s) i", values, ROWS);
	run_sql(t, "SELECT setseed(0.42)");
	run_sql(t, strbuf_str(&sql));
}

/* Random values are seldom final: some results as values. */
static void add_results(struct test *t)
{
	struct statement s = { .sb = STRBUF_INIT };

	strbuf_adds(&s.sb, "INSERT INTO faces.source SELECT id + 1000000, tenant, mark, ");
	add_face(t, &s, true);
	strbuf_adds(&s.sb, " FROM faces.source t WHERE id <= 500");
	run_and_done(t, &s);
}

static void run_random(struct test *t, const struct face_case *c)
{
	long rows, open;

	make_tables(t, c->type);
	fill_source(t, c->values);
	bind_case(t, c->op, c->params, c->key);
	add_results(t);
	run_faces(t);
	rows = count_rows(t, "SELECT count(*) FROM faces.c");
	open = count_rows(t, "SELECT count(*) FROM faces.sql WHERE not_done");
	check(t, rows == 10500, "rows, instead of 10500", rows);
	check(t, open > 1000, "rows to change, too few", open);
	check(t, rows - open >= 200, "rows that are final already, too few", rows - open);
}

/* bigint: a key below 0 would give a number that may be a living one. C's refusal: tests/unit. */
static void run_negative_key(struct test *t)
{
	struct statement s = { .sb = STRBUF_INIT };
	struct diag d = DIAG_INIT;
	PGresult *res = NULL;

	make_tables(t, "bigint");
	run_sql(t, "INSERT INTO faces.source VALUES (1, -1, '00000000-0000-0000-0000-000000000007', 5)");
	bind_case(t, "tombstone", "", "tenant");
	strbuf_adds(&s.sb, "UPDATE faces.source t SET c = ");
	add_face(t, &s, true);
	if (conn_query(t->conn, strbuf_str(&s.sb), (struct params){ s.n, NULL, s.values }, &res, &d))
		check(t, false, "rows that took a negative key", (long)res_affected(res));
	else
		check(t, streq(d.sqlstate, "22003"), d.sqlstate, 0);
	PQclear(res);
	strbuf_done(&s.sb);
}

/* ---- vectors ---- */

static void copy_row(struct test *t, const char *target, const char *before, const char *value)
{
	AUTO_STRBUF row = STRBUF_INIT, sql = STRBUF_INIT;

	strbuf_addf(&row, "%s%s\n", before, value);
	strbuf_addf(&sql, "COPY faces.%s FROM STDIN", target);
	copy_in(t, strbuf_str(&sql), &row);
}

static void run_vector(struct test *t, const struct vector *v)
{
	bool final = streq(v->out, "=");
	AUTO_STRBUF sql = STRBUF_INIT;
	long n;

	make_tables(t, v->type);
	run_sql(t, "CREATE UNLOGGED TABLE faces.want AS SELECT id, c FROM faces.source");
	copy_row(t, "source (id, tenant, mark, c)", "42\t1\t00000000-0000-0000-0000-000000000007\t", v->in);
	copy_row(t, "want (id, c)", "42\t", final ? v->in : v->out);
	bind_case(t, v->op, v->params, "id");
	run_faces(t);
	strbuf_addf(&sql, "SELECT count(*) FROM faces.sql x JOIN faces.want y USING (id) "
		    "WHERE x.c%s IS NOT DISTINCT FROM y.c%s AND x.not_done = %s", value_cast(t), value_cast(t),
		    final ? "false" : "true");
	n = count_rows(t, strbuf_str(&sql));
	check(t, n == 1, "rows of SQL as the vector says", n);
}

/* ---- command ---- */

static void name_vector(char *buf, size_t n, size_t i)
{
	snprintf(buf, n, "vector %zu: %s %s %s", i + 1, vectors[i].op, vectors[i].params, vectors[i].type);
}

static void name_random(char *buf, size_t n, size_t i)
{
	const struct face_case *c = &face_cases[i];

	snprintf(buf, n, "%s %s on %s, key %s", c->op, c->params, c->type, c->key);
}

#define NEGATIVE_KEY "negative key: tombstone on bigint refuses"

static void list_cases(void)
{
	char name[200];

	puts(NEGATIVE_KEY);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		name_vector(name, sizeof(name), i);
		puts(name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(face_cases); i++) {
		name_random(name, sizeof(name), i);
		puts(name);
	}
}

/* False: there is no case of that name. */
static bool run_named(struct test *t, const char *wanted)
{
	char name[200];

	if (streq(wanted, NEGATIVE_KEY)) {
		run_negative_key(t);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		name_vector(name, sizeof(name), i);
		if (streq(name, wanted)) {
			run_vector(t, &vectors[i]);
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(face_cases); i++) {
		name_random(name, sizeof(name), i);
		if (streq(name, wanted)) {
			run_random(t, &face_cases[i]);
			return true;
		}
	}
	return false;
}

/* One line on stdout: ok or failed, and the case; on stderr, before it, what has failed. */
static bool run_case(struct test *t, const char *name)
{
	t->failures = 0;
	if (!run_named(t, name))
		die("no such case", NULL);
	if (t->failures)
		fprintf(stderr, "\tin %s\n", name);
	printf("%s %s\n", t->failures ? "failed" : "ok", name);
	fflush(stdout);
	return t->failures;
}

int main(int argc, char **argv)
{
	struct conn_settings settings = { .application = "anonfaces" };
	struct test t = { .arena = arena_new() };
	struct diag d = DIAG_INIT;
	int failures = 0;

	if (argc == 2 && streq(argv[1], "list")) {
		list_cases();
		return 0;
	}
	if (argc < 3 || !streq(argv[1], "case"))
		die("usage: anonfaces list | case NAME...", NULL);
	if (!conn_open("", &settings, &t.conn, &d))
		die("connect", &d);
	run_sql(&t, "SET TimeZone = '" ZONE "'");
	run_sql(&t, "SET client_min_messages = error");
	for (int i = 2; i < argc; i++)
		failures += run_case(&t, argv[i]);
	conn_close(t.conn);
	arena_free(t.arena);
	return failures ? 1 : 0;
}
