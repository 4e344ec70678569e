/* Runs the two faces of the expiry predicate for tests/pg/two-faces.t (a tool of the tests, not
 * installed).
 *
 *	twofaces random CONNINFO TABLE SEED COUNT
 *		COUNT random predicates over TABLE; the state of each row by the SQL face and by the
 *		C face over `COPY … TO STDOUT`. Prints a line per predicate and the totals; exit 1 at
 *		the first difference.
 *	twofaces expr CONNINFO ZONE STORED KEEP AS_OF...
 *		for each AS_OF and each kind of column: AS_OF, kind, the expressions due,
 *		indeterminate, future, anomalous over t."kind" with literal constants; tabs between.
 *		Kinds: timestamptz timestamp date s ms us yyyymmdd
 *	twofaces cutoff CONNINFO WHAT AS_OF KEEP ZONE STORED DATE
 *		the constants; WHAT: period until now plausible far; "-" for what is not given
 *	twofaces end CONNINFO START KIND KEEP ZONE STORED
 *		start and end, RFC 3339 */
#include "base/instant.h"
#include "plan/cutoff.h"

#include <stdio.h>
#include <stdlib.h>

#define DIE(...) do { fprintf(stderr, "twofaces: " __VA_ARGS__); fputc('\n', stderr); exit(2); } while (0)

struct kind {
	const char *name;
	enum pred_type type;
	enum clock_unit unit;
	const char *cast;
};

static const struct kind kinds[] = {
	{ "timestamptz", PRED_TIMESTAMPTZ, UNIT_NONE, "timestamptz" },
	{ "timestamp", PRED_TIMESTAMP, UNIT_NONE, "timestamp" },
	{ "date", PRED_DATE, UNIT_NONE, "date" },
	{ "s", PRED_INT, UNIT_S, "bigint" },
	{ "ms", PRED_INT, UNIT_MS, "bigint" },
	{ "us", PRED_INT, UNIT_US, "bigint" },
	{ "yyyymmdd", PRED_INT_YYYYMMDD, UNIT_YYYYMMDD, "bigint" },
};

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (streq(kinds[i].name, name))
			return &kinds[i];
	DIE("no kind '%s'", name);
}

static const char *cast_of(enum pred_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == type)
			return kinds[i].cast;
	DIE("no cast");
}

static struct conn *connect_to(const char *conninfo)
{
	const struct conn_settings s = { .application = "twofaces" };
	struct diag d = DIAG_INIT;
	struct conn *c;

	if (!conn_open(conninfo, &s, &c, &d))
		DIE("%s", d.message);
	return c;
}

static PGresult *query(struct conn *c, const char *sql, struct params p)
{
	PGresult *res = PQexecParams(c->pg, sql, p.n, p.types, p.values, NULL, NULL, 0);

	if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COPY_OUT)
		DIE("%s\n%s", PQerrorMessage(c->pg), sql);
	return res;
}

static struct period *parse_keep(struct arena *a, const char *text)
{
	struct period *p = arena_alloc(a, sizeof(*p));
	const char *why;

	if (!period_parse(text, p, &why))
		DIE("'%s': %s", text, why);
	return p;
}

static struct cutoff compute(struct conn *c, struct arena *a, const char *as_of, struct cutoff_request r)
{
	struct diag d = DIAG_INIT;
	struct cutoff k;

	if (!cutoff_compute(c, as_of, a, &r, &k, &d)) {
		printf("%s: %s\n", diag_word(d.cls), d.message);
		exit(1);
	}
	return k;
}

/* ---- literals, identifiers ---- */

static void param_literal(void *ctx, struct strbuf *sb, const struct pred_bound *b, enum pred_type type)
{
	(void)ctx;
	strbuf_addf(sb, "'%s'::%s", b->text, cast_of(type));
}

struct param_list {
	struct arena *a;
	VEC(const char *) values;
};

static void param_number(void *ctx, struct strbuf *sb, const struct pred_bound *b, enum pred_type type)
{
	struct param_list *l = ctx;

	vec_push(l->a, &l->values, b->text);
	strbuf_addf(sb, "$%zu::%s", l->values.n, cast_of(type));
}

static void ident(void *ctx, struct strbuf *sb, const char *name)
{
	(void)ctx;
	strbuf_addf(sb, "\"%s\"", name);
}

/* ---- one column, one period ---- */

struct constants {
	struct cutoff lo, now, hi;
};

static struct constants constants(struct conn *c, struct arena *a, const char *as_of, const char *zone,
				  const char *stored)
{
	struct cutoff_request r = { .zone = zone, .stored_zone = stored };
	struct constants k;

	r.kind = CUTOFF_PLAUSIBLE_LO;
	k.lo = compute(c, a, as_of, r);
	r.kind = CUTOFF_NOW;
	k.now = compute(c, a, as_of, r);
	r.kind = CUTOFF_HI;
	k.hi = compute(c, a, as_of, r);
	return k;
}

static void limit_column(struct pred_column *col, const struct constants *k, const struct kind *kind)
{
	col->type = kind->type;
	col->lo = *cutoff_bound(&k->lo, kind->type, kind->unit);
	col->now = *cutoff_bound(&k->now, kind->type, kind->unit);
	col->hi = *cutoff_bound(&k->hi, kind->type, kind->unit);
}

static void print_expressions(const struct pred *p)
{
	static const enum row_state states[] = { ROW_INDETERMINATE, ROW_FUTURE, ROW_ANOMALOUS };
	const struct pred_sql r = { "t", param_literal, ident, NULL };
	AUTO_STRBUF sb = STRBUF_INIT;

	pred_sql_due(p, PRED_PASSIVE, &r, &sb);
	for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
		strbuf_addc(&sb, '\t');
		pred_sql_state(p, PRED_PASSIVE, states[s], &r, &sb);
	}
	puts(strbuf_str(&sb));
}

static void print_kinds(const char *as_of, const struct cutoff *cut, const struct constants *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct term term = { .kind = TERM_FLOOR };
		struct pred_column col = { .name = kinds[i].name };
		struct pred_clock clock = { .event = "start", .n = 1, .columns = &col };
		struct pred_bound bound = *cutoff_bound(cut, kinds[i].type, kinds[i].unit);
		struct pred_term t = { .kind = PRED_PERIOD, .term = &term, .cut = &bound };
		struct pred p = { .nclocks = 1, .nterms = 1, .clocks = &clock, .terms = &t };

		limit_column(&col, k, &kinds[i]);
		printf("%s\t%s\t", as_of, kinds[i].name);
		print_expressions(&p);
	}
}

static int cmd_expr(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct conn *c = connect_to(argv[0]);
	struct cutoff_request req = { .kind = CUTOFF_PERIOD, .period = parse_keep(a, argv[3]),
				      .zone = argv[1], .stored_zone = argv[2] };

	for (int i = 4; i < argc; i++) {
		struct cutoff cut = compute(c, a, argv[i], req);
		struct constants k = constants(c, a, argv[i], argv[1], argv[2]);

		print_kinds(argv[i], &cut, &k);
	}
	conn_close(c);
	arena_free(a);
	return 0;
}

static const char *given(const char *arg)
{
	return streq(arg, "-") ? NULL : arg;
}

static int cmd_cutoff(int argc, char **argv)
{
	static const char *const whats[] = { "period", "until", "now", "plausible", "far" };
	struct arena *a = arena_new();
	struct conn *c = connect_to(argv[0]);
	struct cutoff_request r = { .zone = argv[4], .stored_zone = given(argv[5]), .date = given(argv[6]) };
	char buf[INSTANT_TEXT];
	struct cutoff k;
	size_t what = 0;

	(void)argc;
	while (what < ARRAY_SIZE(whats) && !streq(whats[what], argv[1]))
		what++;
	if (what == ARRAY_SIZE(whats))
		DIE("what is '%s'?", argv[1]);
	r.kind = (enum cutoff_kind)what;
	r.period = given(argv[3]) ? parse_keep(a, argv[3]) : NULL;
	k = compute(c, a, argv[2], r);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		printf("%s=%s\n", kinds[i].name, cutoff_bound(&k, kinds[i].type, kinds[i].unit)->text);
	printf("display=%s\n", instant_format(k.display, buf));
	conn_close(c);
	arena_free(a);
	return 0;
}

static int cmd_end(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct conn *c = connect_to(argv[0]);
	const struct kind *k = kind_find(argv[2]);
	const struct cutoff_start s = { argv[1], k->type, k->unit };
	char start[INSTANT_TEXT], end[INSTANT_TEXT];
	struct diag d = DIAG_INIT;
	int64_t from, to;

	(void)argc;
	if (!cutoff_end(c, &s, parse_keep(a, argv[3]), argv[4], given(argv[5]), &from, &to, &d)) {
		printf("%s: %s\n", diag_word(d.cls), d.message);
		return 1;
	}
	printf("%s %s\n", instant_format(from, start), instant_format(to, end));
	conn_close(c);
	arena_free(a);
	return 0;
}

/* ---- random predicates ---- */

/* Columns of the test table, in the order of COPY; each type of clock column twice. */
static const struct { const char *name, *kind; } columns[] = {
	{ "z1", "timestamptz" }, { "z2", "timestamptz" }, { "t1", "timestamp" }, { "t2", "timestamp" },
	{ "d1", "date" }, { "d2", "date" }, { "s1", "s" }, { "s2", "s" }, { "ms1", "ms" }, { "us1", "us" },
	{ "ymd1", "yyyymmdd" }, { "ymd2", "yyyymmdd" },
};
#define NCOLUMNS ARRAY_SIZE(columns)

static const char *const keeps[] = { "1 month", "3 years", "90 days", "36 hours", "1 year 6 months",
				     "7 days", "30 minutes", "20 years" };
static const char *const zones[] = { "UTC", "Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo" };
static const char *const as_ofs[] = { "2024-02-29 15:59:59.999999+00", "2024-03-01 00:00:00+00",
				      "2021-07-01 12:34:56.789012+00", "2023-10-29 00:30:00+00" };

static uint64_t dice;

static size_t roll(size_t n)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(dice >> 33) % n;
}
#define PICK(list) ((list)[roll(ARRAY_SIZE(list))])

struct world {
	struct conn *c;
	struct arena *a;
	const char *as_of, *zone, *stored;
	struct constants k;
};

static struct pred_bound *clock_bounds(struct world *w, const struct pred_clock *k, enum cutoff_kind kind)
{
	struct cutoff_request r = { .kind = kind, .zone = w->zone, .stored_zone = w->stored };
	struct pred_bound *b = arena_alloc(w->a, k->n * sizeof(*b));
	struct cutoff got;

	if (kind == CUTOFF_PERIOD)
		r.period = parse_keep(w->a, PICK(keeps));
	/* Now and then another as_of: a cut beyond `now` must not make the faces differ. */
	got = compute(w->c, w->a, roll(8) ? w->as_of : PICK(as_ofs), r);
	for (size_t i = 0; i < k->n; i++) {
		const struct kind *kd = kind_find(columns[k->columns[i].field].kind);

		b[i] = *cutoff_bound(&got, kd->type, kd->unit);
	}
	return b;
}

static void random_clock(struct world *w, struct pred_clock *k)
{
	k->event = "start";
	k->mode = roll(2) ? CLOCK_FIRST : CLOCK_LATEST;
	k->n = 1 + roll(3);
	k->columns = arena_alloc(w->a, k->n * sizeof(*k->columns));
	for (size_t i = 0; i < k->n; i++) {
		struct pred_column *col = &k->columns[i];
		const struct kind *kd;

		col->field = roll(NCOLUMNS);
		kd = kind_find(columns[col->field].kind);
		col->name = columns[col->field].name;
		limit_column(col, &w->k, kd);
	}
}

static void random_term(struct world *w, const struct pred *p, struct pred_term *t)
{
	struct term *term = arena_alloc(w->a, sizeof(*term));

	term->kind = roll(3) ? TERM_STANDARD : TERM_FLOOR;
	term->survives_erasure = term->kind == TERM_STANDARD && roll(2);
	t->kind = term->kind == TERM_STANDARD && roll(3) == 0 ? PRED_UNTIL : PRED_PERIOD;
	term->ignore_null = term->kind == TERM_STANDARD && t->kind == PRED_PERIOD && roll(2);
	t->term = term;
	t->clock = roll(p->nclocks);
	if (!p->clocks[t->clock].n && roll(8))
		t->clock = p->nclocks - 1;
	t->cut = clock_bounds(w, &p->clocks[t->clock], t->kind == PRED_UNTIL ? CUTOFF_UNTIL : CUTOFF_PERIOD);
	if (term->kind == TERM_STANDARD && roll(3) == 0)
		t->cap = clock_bounds(w, &p->clocks[0], CUTOFF_PERIOD);
}

static struct pred *random_pred(struct world *w)
{
	struct pred *p = arena_alloc(w->a, sizeof(*p));

	p->nclocks = 1 + roll(3);
	p->clocks = arena_alloc(w->a, p->nclocks * sizeof(*p->clocks));
	for (size_t i = 0; i < p->nclocks; i++)
		if (i || p->nclocks == 1 || roll(3))		/* else: a rule without a start of its own */
			random_clock(w, &p->clocks[i]);
	p->nterms = 1 + roll(4);
	p->terms = arena_alloc(w->a, p->nterms * sizeof(*p->terms));
	for (size_t i = 0; i < p->nterms; i++)
		random_term(w, p, &p->terms[i]);
	return p;
}

/* ---- the two faces over one table ---- */

/* 't', 'f' or '?' (NULL) of due, indeterminate, future, anomalous, for each row in the order of id. */
static PGresult *sql_states(struct world *w, const struct pred *p, enum pred_mode mode, const char *table,
			    struct strbuf *sql)
{
	static const enum row_state states[] = { ROW_INDETERMINATE, ROW_FUTURE, ROW_ANOMALOUS };
	struct param_list l = { .a = w->a };
	const struct pred_sql r = { "t", param_number, ident, &l };

	strbuf_adds(sql, "SELECT CASE WHEN ");
	pred_sql_due(p, mode, &r, sql);
	strbuf_adds(sql, " THEN 't' ELSE 'f' END");
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		strbuf_adds(sql, " || coalesce(CASE ");
		pred_sql_state(p, mode, states[i], &r, sql);
		strbuf_adds(sql, " WHEN true THEN 't' WHEN false THEN 'f' END, '?')");
	}
	strbuf_addf(sql, " FROM %s AS t ORDER BY id", table);
	return query(w->c, strbuf_str(sql), (struct params){ (int)l.values.n, NULL, l.values.v });
}

/* What the SQL face must say of a row in that state. */
static const char *expected_flags(enum row_state s)
{
	static const char *const flags[] = {
		[ROW_KEPT] = "ffff", [ROW_DUE] = "tfff", [ROW_INDETERMINATE] = "ftff",
		[ROW_FUTURE] = "fftf", [ROW_ANOMALOUS] = "ffft",
	};

	return flags[s];
}

struct copied {
	size_t n;
	char **lines;
};

static struct copied copy_out(struct conn *c, struct arena *a, const char *table)
{
	VEC(char *) lines = { NULL, 0, 0 };
	struct strbuf sql = STRBUF_INIT;
	char *line;
	int n;

	strbuf_adds(&sql, "COPY (SELECT ");
	for (size_t i = 0; i < NCOLUMNS; i++)
		strbuf_addf(&sql, "%s%s", i ? ", " : "", columns[i].name);
	strbuf_addf(&sql, " FROM %s ORDER BY id) TO STDOUT", table);
	PQclear(query(c, strbuf_str(&sql), NO_PARAMS));
	while ((n = PQgetCopyData(c->pg, &line, 0)) > 0) {
		vec_push(a, &lines, arena_strndup(a, line, (size_t)n - 1));
		PQfreemem(line);
	}
	PQclear(PQgetResult(c->pg));
	PQclear(PQgetResult(c->pg));
	strbuf_done(&sql);
	return (struct copied){ lines.n, lines.v };
}

/* No value here needs unescaping: dates and numbers hold no backslash but that of \N. */
static void split(char *line, const char **fields, size_t *lens)
{
	for (size_t i = 0; i < NCOLUMNS; i++) {
		size_t n = strcspn(line, "\t");

		fields[i] = n == 2 && memcmp(line, "\\N", 2) == 0 ? NULL : line;
		lens[i] = n;
		line += n + (line[n] != '\0');
	}
}

static void set_zone(struct conn *c, const char *zone)
{
	struct diag d = DIAG_INIT;
	PGresult *res = NULL;

	if (!conn_query_text(c, "SELECT set_config('TimeZone', $1, false)", &res, &d, zone))
		DIE("%s", d.message);
	PQclear(res);
}

/* `due` is written in PASSIVE and read in ACTIVE: what is due every night is due on request too. */
static bool compare(struct world *w, const struct pred *p, enum pred_mode mode, const char *table,
		    const struct copied *rows, bool *due, size_t counts[5])
{
	struct strbuf sql = STRBUF_INIT;
	PGresult *res = sql_states(w, p, mode, table, &sql);
	const char *fields[NCOLUMNS];
	size_t lens[NCOLUMNS], bad;
	enum row_state s;

	if ((size_t)PQntuples(res) != rows->n || rows->n == 0)
		DIE("%d rows by SQL, %zu by COPY", PQntuples(res), rows->n);
	for (size_t i = 0; i < rows->n; i++) {
		split(rows->lines[i], fields, lens);
		if (!pred_eval(p, mode, fields, lens, &s, &bad)) {
			printf("row %zu: column %s can't be read\n%s\n", i, columns[bad].name, rows->lines[i]);
			return false;
		}
		if (!streq(PQgetvalue(res, (int)i, 0), expected_flags(s))) {
			printf("row %zu: C says %s, SQL %s\n%s\n%s\n", i, row_state_word(s),
			       PQgetvalue(res, (int)i, 0), rows->lines[i], strbuf_str(&sql));
			return false;
		}
		if (mode == PRED_PASSIVE) {
			due[i] = s == ROW_DUE;
		} else if (due[i] && s != ROW_DUE) {
			printf("row %zu: due in PASSIVE, %s in ACTIVE\n%s\n", i, row_state_word(s),
			       strbuf_str(&sql));
			return false;
		}
		counts[s]++;
	}
	PQclear(res);
	strbuf_done(&sql);
	return true;
}

static void print_counts(const char *what, enum pred_mode mode, const size_t counts[5])
{
	printf("%s %s", what, mode == PRED_PASSIVE ? "passive" : "active");
	for (enum row_state s = ROW_KEPT; s <= ROW_ANOMALOUS; s++)
		printf(" %s=%zu", row_state_word(s), counts[s]);
	putchar('\n');
}

static int cmd_random(int argc, char **argv)
{
	static const char *const sessions[] = { "UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Dublin" };
	size_t total[2][5] = { { 0 } };
	struct arena *rows_arena = NULL;
	struct copied rows = { 0, NULL };
	bool *due = NULL;
	struct world w = { .c = connect_to(argv[0]) };
	size_t count = strtoul(argv[3], NULL, 10);

	(void)argc;
	dice = strtoul(argv[2], NULL, 10);
	for (size_t i = 0; i < count; i++) {
		const char *zone = sessions[i * ARRAY_SIZE(sessions) / count];
		struct pred *p;

		w.a = arena_new();
		w.as_of = PICK(as_ofs);
		w.zone = PICK(zones);
		w.stored = roll(2) ? PICK(zones) : NULL;
		set_zone(w.c, "UTC");
		w.k = constants(w.c, w.a, w.as_of, w.zone, w.stored);
		p = random_pred(&w);
		set_zone(w.c, zone);
		if (i == 0 || !streq(zone, sessions[(i - 1) * ARRAY_SIZE(sessions) / count])) {
			if (rows_arena)
				arena_free(rows_arena);
			rows_arena = arena_new();
			rows = copy_out(w.c, rows_arena, argv[1]);
			due = arena_alloc(rows_arena, rows.n * sizeof(*due));
		}
		for (enum pred_mode mode = PRED_PASSIVE; mode <= PRED_ACTIVE; mode++) {
			size_t counts[5] = { 0 };

			if (!compare(&w, p, mode, argv[1], &rows, due, counts))
				return 1;
			print_counts("predicate", mode, counts);
			for (size_t s = 0; s < 5; s++)
				total[mode][s] += counts[s];
		}
		arena_free(w.a);
	}
	print_counts("total", PRED_PASSIVE, total[PRED_PASSIVE]);
	print_counts("total", PRED_ACTIVE, total[PRED_ACTIVE]);
	conn_close(w.c);
	if (rows_arena)
		arena_free(rows_arena);
	return 0;
}

static const struct {
	const char *name;
	int least;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "random", 4, cmd_random }, { "expr", 5, cmd_expr }, { "cutoff", 7, cmd_cutoff }, { "end", 6, cmd_end },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (streq(commands[i].name, argv[1]) && argc - 2 >= commands[i].least)
			return commands[i].run(argc - 2, argv + 2);
	DIE("random | expr | cutoff | end: see tests/tools/twofaces.c");
}
