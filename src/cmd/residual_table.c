#include "cmd/residual.h"

#include "pg/catalog.h"
#include "pg/tmpl.h"
#include "report/json.h"

#include <stdlib.h>

#define FETCH "FETCH 4096 FROM residual"
#define SEEN_AT_ONCE 8192	/* that are judged */
#define SOUGHT 6		/* parameters of query/residual; three more say which rows */
#define SEEN 3
#define ROWS_ALL "%s AS t"
#define ROWS_SEEN \
	"unnest($7::oid[], $8::tid[], $9::int[]) AS h(rel, tid, n) JOIN %s AS t ON t.ctid = h.tid AND t.tableoid = h.rel"

/* A row in which the sieve saw somebody. */
struct seen {
	uint32_t table, block, line, n;
};

struct work {
	struct residual *s;
	const struct residual_table *t;
	int64_t *found, *others;	/* in this table, of each who is looked for */
	struct seen at, *seen;
	size_t nseen, cap, rows;
};

/* ---- whose a row is, where it says so ---- */

static const struct rule *rule_on(const struct residual *s, const char *table, size_t *from)
{
	for (; *from < s->e->plan->nitems; (*from)++)
		if (streq(s->e->plan->items[*from].table, table))
			return s->e->plan->items[(*from)++].rule;
	return NULL;
}

static void other_by(struct strbuf *sb, const struct subject_path *p)
{
	AUTO_STRBUF column = STRBUF_INIT;

	if (p->kind == SUBJECT_COLUMN) {
		render_column(&column, "t", p->column);
		strbuf_addf(sb, " WHEN %s IS NOT NULL THEN %s::text <> v.key", strbuf_str(&column), strbuf_str(&column));
	} else if (p->kind == SUBJECT_IDENTIFIER && p->at) {
		render_column(&column, "t", p->at);
		strbuf_addf(sb, " WHEN %s IS NOT NULL THEN NOT (%s >= v.since AND %s < v.until)", strbuf_str(&column),
			    strbuf_str(&column), strbuf_str(&column));
	}
}

/* Identifiers that stand in a table of their own say whose they are. */
static void other_by_identifier(const struct residual *s, struct strbuf *sb, const char *table)
{
	const struct policy *p = s->e->ctx->policy;

	for (size_t i = 0; i < p->nsubjects; i++)
		for (size_t k = 0; k < p->subjects[i].nidentifiers; k++) {
			const struct identifier *id = &p->subjects[i].identifiers[k];
			AUTO_STRBUF column = STRBUF_INIT;

			if (!id->table || !streq(id->table, table))
				continue;
			render_column(&column, "t", id->subject);
			strbuf_addf(sb, " WHEN %s IS NOT NULL THEN %s::text <> v.key", strbuf_str(&column), strbuf_str(&column));
			return;
		}
}

static void other(const struct residual *s, struct strbuf *sb, const char *table)
{
	const struct rule *r;
	size_t from = 0;

	strbuf_adds(sb, "CASE");
	while ((r = rule_on(s, table, &from)))
		for (size_t i = 0; i < r->nsubjects; i++)
			if (!r->subjects[i].when)
				other_by(sb, &r->subjects[i]);
	other_by_identifier(s, sb, table);
	strbuf_adds(sb, sb->len == 4 ? " WHEN true THEN v.elsewhere END" : " ELSE v.elsewhere END");
}

/* ---- its columns ---- */

static bool named(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(names[i], name))
			return true;
	return false;
}

/* Fields of a document that are called as the rules call a person's key. */
static void add_fields(const struct residual *s, struct residual_table *t, const char *column)
{
	VEC(const char *) names = { NULL, 0, 0 };

	for (size_t i = 0; i < s->e->plan->nitems; i++) {
		const struct rule *r = s->e->plan->items[i].rule;

		for (size_t k = 0; k < r->nsubjects; k++) {
			const char *name = r->subjects[k].kind == SUBJECT_COLUMN ? r->subjects[k].column : NULL;

			/* a field called `id` is anything's */
			if (!name || strlen(name) < 3 || strpbrk(name, "\"'\\") || named(names.v, names.n, name))
				continue;
			vec_push(s->e->a, &names, name);
			strbuf_addf(&t->fields, " OR EXISTS (SELECT FROM pg_catalog.jsonb_path_query(t.%s::jsonb, "
				    "'$.**.\"%s\"') AS q(f) WHERE q.f #>> '{}' = v.key)", column, name);
			strbuf_addf(&t->shown, " || E'\\001' || coalesce((SELECT string_agg(q.f #>> '{}', E'\\001') FROM "
				    "pg_catalog.jsonb_path_query(t.%s::jsonb, '$.**.\"%s\"') AS q(f)), '') || E'\\001'", column, name);
		}
	}
}

void residual_table_done(struct residual_table *t)
{
	strbuf_done(&t->text);
	strbuf_done(&t->fields);
	strbuf_done(&t->shown);
}

void residual_table_add(struct residual *s, struct residual_table *t, const char *column, bool document)
{
	strbuf_addf(&t->text, "%scoalesce(t.%s::text, '')", t->text.len ? " || E'\\n' || " : "", column);
	if (document)
		add_fields(s, t, column);
}

static const char *folded(struct arena *a, const struct residual_table *t)
{
	return arena_printf(a, "lower((%s) COLLATE \"default\")", strbuf_str(&t->text));
}

/* ---- judging ---- */

/* What is sought of these people; all: of everybody. */
static void sought_params(const struct residual *s, struct arena *a, const bool *these, const char **into)
{
	const char **of[SOUGHT];
	size_t n = 0;

	for (int k = 0; k < SOUGHT; k++)
		of[k] = arena_alloc(a, (s->sought.n + 1) * sizeof(**of));
	for (size_t i = 0; i < s->sought.n; i++) {
		const struct sought *w = &s->sought.v[i];

		if (these && !these[w->n])
			continue;
		of[0][n] = w->value;
		of[1][n] = arena_printf(a, "%zu", w->n);
		of[2][n] = s->whose[w->n]->key;
		of[3][n] = w->since;
		of[4][n] = w->until;
		of[5][n++] = w->elsewhere ? "t" : "f";
	}
	for (int k = 0; k < SOUGHT; k++)
		into[k] = cat_array_literal(a, of[k], n);
}

static void seen_params(struct arena *a, const struct seen *v, size_t n, const char **into)
{
	const char **of[SEEN];

	for (int k = 0; k < SEEN; k++)
		of[k] = arena_alloc(a, (n + 1) * sizeof(**of));
	for (size_t i = 0; i < n; i++) {
		of[0][i] = arena_printf(a, "%u", v[i].table);
		of[1][i] = arena_printf(a, "(%u,%u)", v[i].block, v[i].line);
		of[2][i] = arena_printf(a, "%u", v[i].n);
	}
	for (int k = 0; k < SEEN; k++)
		into[k] = cat_array_literal(a, of[k], n);
}

/* seen NULL: the whole table. */
static bool judge(struct work *w, const struct seen *seen, size_t n, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	bool *these = seen ? arena_alloc(a, w->s->n) : NULL;
	const char *values[SOUGHT + SEEN];
	AUTO_STRBUF whose = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < n; i++)
		these[seen[i].n] = true;
	sought_params(w->s, a, these, values);
	if (seen)
		seen_params(a, seen, n, values + SOUGHT);
	other(w->s, &whose, w->t->relation);
	struct tmpl_var vars[] = {
		{ "other", .frag = { strbuf_str(&whose) } }, { "text", .frag = { folded(a, w->t) } },
		{ "rows", .frag = { arena_printf(a, seen ? ROWS_SEEN : ROWS_ALL, w->t->relation) } },
		{ "whose", .frag = { seen ? "v.n = h.n AND" : "" } }, { "fields", .frag = { strbuf_str(&w->t->fields) } },
	};
	if (!conn_query(w->s->e->conn, tmpl_render(a, "query/residual", vars, ARRAY_SIZE(vars)),
			(struct params){ seen ? SOUGHT + SEEN : SOUGHT, NULL, values }, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		w->found[res_int(res, i, 0)] += res_int(res, i, 1);
		w->others[res_int(res, i, 0)] += res_int(res, i, 2);
	}
	return true;
}

static bool judge_seen(struct work *w, struct diag *d)
{
	for (size_t from = 0; from < w->nseen; from += SEEN_AT_ONCE) {
		size_t n = w->nseen - from;

		if (!judge(w, w->seen + from, n < SEEN_AT_ONCE ? n : SEEN_AT_ONCE, d))
			return false;
	}
	w->nseen = 0;
	return true;
}

/* ---- sieving ---- */

static void on_needle(void *arg, uint32_t n)
{
	struct work *w = arg;

	if (w->s->last[n] == w->s->row)
		return;
	w->s->last[n] = w->s->row;
	if (w->nseen == w->cap) {
		w->cap = w->cap ? w->cap * 2 : SEEN_AT_ONCE * 2;
		w->seen = xrealloc(w->seen, w->cap * sizeof(*w->seen));
	}
	w->at.n = n;
	w->seen[w->nseen++] = w->at;
}

static bool on_row(void *arg, const PGresult *row, struct diag *d)
{
	struct work *w = arg;
	char *end;

	(void)d;
	w->at.table = (uint32_t)strtoul(res_text(row, 0, 0), NULL, 10);
	w->at.block = (uint32_t)strtoul(res_text(row, 0, 1) + 1, &end, 10);	/* (block,line) */
	w->at.line = (uint32_t)strtoul(end + 1, NULL, 10);
	w->rows++;
	w->s->row++;
	needles_find(w->s->needles, res_text(row, 0, 2), (size_t)PQgetlength(row, 0, 2), on_needle, w);
	return true;
}

/* In one snapshot, in which a row's address means the row. */
static bool read_all(struct work *w, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct conn *c = w->s->e->conn;
	struct tmpl_var vars[] = {
		{ "text", .frag = { folded(a, w->t) } }, { "shown", .frag = { strbuf_str(&w->t->shown) } },
		{ "relation", .frag = { w->t->relation } },
	};

	if (!conn_do(c, tmpl_render(a, "query/residual_rows", vars, ARRAY_SIZE(vars)), NO_PARAMS, d))
		return false;
	do {
		w->rows = 0;
		if (!conn_each(c, FETCH, NO_PARAMS, on_row, w, d) || (w->nseen >= SEEN_AT_ONCE && !judge_seen(w, d)))
			return false;
	} while (w->rows);
	return judge_seen(w, d);
}

static bool read_and_judge(struct work *w, struct diag *d)
{
	struct conn *c = w->s->e->conn;
	struct diag ignored = DIAG_INIT;

	if (!conn_do(c, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NO_PARAMS, d))
		return false;
	if (read_all(w, d))
		return conn_do(c, "COMMIT", NO_PARAMS, d);
	if (!conn_do(c, "ROLLBACK", NO_PARAMS, &ignored))
		*d = ignored;
	return false;
}

/* ---- one table ---- */

static void put_place(struct residual *s, const struct work *w, size_t n)
{
	json_t *place = json_object();

	s->found[n] += w->found[n];
	s->others[n] += w->others[n];
	json_put(place, "table", json_text(w->t->relation));
	json_put(place, "found", json_count(w->found[n]));
	json_put(place, "others", json_count(w->others[n]));
	json_add(s->places[n], place);
}

bool residual_table_search(struct residual *s, struct residual_table *t, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct work w = { .s = s, .t = t };
	bool ok;

	w.found = arena_alloc(a, s->n * sizeof(*w.found));
	w.others = arena_alloc(a, s->n * sizeof(*w.others));
	ok = s->needles ? read_and_judge(&w, d) : judge(&w, NULL, 0, d);
	free(w.seen);
	if (!ok) {
		diag_where(d, "%s, in the search after the erasure", t->relation);
		if (streq(d->sqlstate, "42501"))
			diag_hint(d, "pgretain init gives the runner the right to read it");
		return false;
	}
	for (size_t n = 0; n < s->n; n++)
		if (w.found[n] || w.others[n])
			put_place(s, &w, n);
	return true;
}
