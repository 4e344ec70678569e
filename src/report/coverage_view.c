#include "report/coverage_view.h"

static const char *const words[] = { "ruled", "exempt", "uncovered" };

void coverage_columns(const struct coverage_view *v, int64_t *personal, int64_t *open)
{
	*personal = *open = 0;
	for (size_t i = 0; i < v->tables.n; i++) {
		*personal += (int64_t)v->tables.v[i].personal.n;
		*open += (int64_t)v->tables.v[i].open.n;
	}
}

static int64_t tables_in(const struct coverage_view *v, enum coverage_state s)
{
	int64_t n = 0;

	for (size_t i = 0; i < v->tables.n; i++)
		n += v->tables.v[i].state == s;
	return n;
}

/* Nothing of nothing is whole. */
static double percent(int64_t part, int64_t all)
{
	return all ? (double)part * 100.0 / (double)all : 100.0;
}

/* ---- JSON ---- */

static json_t *names_json(const char *const *names, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(array, json_text(names[i]));
	return array;
}

static json_t *rule_json(const struct coverage_rule *r)
{
	json_t *o = json_object();

	json_put(o, "rule", json_text(r->rule));
	json_put(o, "action", json_text(r->action));
	json_put(o, "columns", r->whole ? json_null() : names_json(r->columns, r->ncolumns));
	json_put(o, "cascade", json_boolean(r->cascade));
	json_put(o, "failed", json_boolean(r->failed));
	return o;
}

static json_t *table_json(const struct coverage_table *t)
{
	json_t *o = json_object(), *rules = json_array();

	for (size_t i = 0; i < t->rules.n; i++)
		json_add(rules, rule_json(&t->rules.v[i]));
	json_put(o, "table", json_text(t->table));
	json_put(o, "state", json_text(words[t->state]));
	json_put(o, "reason", json_text(t->reason));
	json_put(o, "rules", rules);
	json_put(o, "personal", names_json(t->personal.v, t->personal.n));
	json_put(o, "open", names_json(t->open.v, t->open.n));
	return o;
}

static json_t *totals_json(const struct coverage_view *v)
{
	int64_t uncovered = tables_in(v, COVERAGE_UNCOVERED), all = (int64_t)v->tables.n, personal, open;
	json_t *o = json_object();

	coverage_columns(v, &personal, &open);
	json_put(o, "tables", json_count(all));
	json_put(o, "ruled", json_count(tables_in(v, COVERAGE_RULED)));
	json_put(o, "exempt", json_count(tables_in(v, COVERAGE_EXEMPT)));
	json_put(o, "uncovered", json_count(uncovered));
	json_put(o, "tables_percent", json_decimal(percent(all - uncovered, all), 1));
	json_put(o, "personal_columns", json_count(personal));
	json_put(o, "open_columns", json_count(open));
	json_put(o, "personal_percent", json_decimal(percent(personal - open, personal), 1));
	return o;
}

json_t *coverage_view_json(const struct coverage_view *v)
{
	json_t *o = json_object(), *tables = json_array();

	for (size_t i = 0; i < v->tables.n; i++)
		json_add(tables, table_json(&v->tables.v[i]));
	json_put(o, "schema", json_text("pgretain.coverage/1"));
	json_put(o, "database", json_text(v->database));
	json_put(o, "schemas", names_json(v->schemas.v, v->schemas.n));
	json_put(o, "tables", tables);
	json_put(o, "totals", totals_json(v));
	json_put(o, "exit", json_count(v->exit));
	return o;
}

/* ---- text ---- */

static const char *joined(struct arena *a, const char *const *names, size_t n)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : "", names[i]);
	return arena_strdup(a, strbuf_str(&sb));
}

static const char *rule_text(struct arena *a, const struct coverage_rule *r)
{
	return arena_printf(a, "%s: %s %s%s%s", r->rule, r->action,
			    r->whole ? "rows" : joined(a, r->columns, r->ncolumns),
			    r->cascade ? ", with the rows they refer to" : "",
			    r->failed ? " (does not fit the catalogue: see pgretain check)" : "");
}

static const char *how(struct arena *a, const struct coverage_table *t)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (t->reason)
		strbuf_adds(&sb, t->reason);
	for (size_t i = 0; i < t->rules.n; i++)
		strbuf_addf(&sb, "%s%s", sb.len ? "; " : "", rule_text(a, &t->rules.v[i]));
	return arena_strdup(a, strbuf_str(&sb));
}

static void add_tables(const struct coverage_view *v, const struct text_style *st, struct arena *a, struct strbuf *sb)
{
	static const struct text_column columns[] = {
		{ "table", false }, { "", false }, { "undecided columns", false }, { "by", false },
	};
	struct text_table table = { .arena = a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	for (size_t i = 0; i < v->tables.n; i++) {
		const struct coverage_table *t = &v->tables.v[i];
		const char *cells[] = { t->table, words[t->state], joined(a, t->open.v, t->open.n), how(a, t) };

		text_table_add(&table, t->open.n ? TONE_BAD : t->state == COVERAGE_UNCOVERED ? TONE_WARN : TONE_PLAIN,
			       cells);
	}
	text_table_render(&table, st, sb);
}

void coverage_view_text(const struct coverage_view *v, const struct text_style *st, struct strbuf *sb)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	int64_t uncovered = tables_in(v, COVERAGE_UNCOVERED), all = (int64_t)v->tables.n, personal, open;

	coverage_columns(v, &personal, &open);
	text_toned(sb, st, TONE_STRONG, arena_printf(a, "Coverage of %s, schemas %s", v->database,
						     joined(a, v->schemas.v, v->schemas.n)));
	strbuf_adds(sb, "\n\n");
	if (all)
		add_tables(v, st, a, sb);
	strbuf_addf(sb, "\n%lld of %lld tables have a rule or an exemption (%.1f %%).\n", (long long)(all - uncovered),
		    (long long)all, percent(all - uncovered, all));
	strbuf_addf(sb, "%lld of %lld columns that look personal are decided about (%.1f %%).\n",
		    (long long)(personal - open), (long long)personal, percent(personal - open, personal));
	if (open)
		text_paragraph(sb, st, "", "For each undecided column: name it in `columns` of a rule (\"keep\" is a decision "
			       "too), give its table a rule that removes rows, or exempt the table with its reason.");
}
