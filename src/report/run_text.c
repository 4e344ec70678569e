/* The text face of struct run_view: one line a rule in the order of execution, remarks below, then what
 * to type next. */
#include "report/run_view.h"
#include "report/units.h"

#include <stdio.h>

struct writer {
	const struct run_view *v;
	const struct text_style *st;
	struct strbuf *sb;
	struct arena *a;
};

/* ---- the table ---- */

enum column {
	COL_NUMBER, COL_RULE, COL_TABLE, COL_ACTION, COL_DUE, COL_ACTED, COL_HELD, COL_BLOCKED, COL_DEFERRED,
	COL_SKIPPED, COL_CHANGED, COL_FAILED, COL_BY, COL_TIME, COL_WAL, COL_STATUS, NCOLUMNS,
};

static void columns_set(struct text_column *c, bool is_run)
{
	static const struct text_column all[NCOLUMNS] = {
		[COL_NUMBER] = { "#", true }, [COL_RULE] = { "rule", false }, [COL_TABLE] = { "table", false },
		[COL_ACTION] = { "action", false }, [COL_DUE] = { "due", true }, [COL_ACTED] = { "done", true },
		[COL_HELD] = { "held", true }, [COL_BLOCKED] = { "blocked", true },
		[COL_DEFERRED] = { "deferred", true }, [COL_SKIPPED] = { "skipped", true },
		[COL_CHANGED] = { "changed", true }, [COL_FAILED] = { "failed", true }, [COL_BY] = { "by", false },
		[COL_TIME] = { "time", true }, [COL_WAL] = { "wal", true }, [COL_STATUS] = { "", false },
	};

	memcpy(c, all, sizeof(all));
	if (!is_run)
		c[COL_ACTED].title = "would do";
}

static const char *count_cell(struct arena *a, int64_t n)
{
	char buf[UNIT_TEXT];

	return n ? arena_strdup(a, unit_count(n, buf)) : NULL;
}

static enum tone rule_tone(const struct rule_view *r)
{
	if (r->status == RULE_FAILED || r->failed)
		return TONE_BAD;
	if (r->status == RULE_SKIPPED)
		return TONE_WARN;
	return r->due ? TONE_PLAIN : TONE_FAINT;
}

static void rule_costs(struct writer *w, const struct rule_view *r, const char **cells)
{
	char buf[UNIT_TEXT];

	if (r->seconds > 0)
		cells[COL_TIME] = arena_strdup(w->a, unit_duration(r->seconds, buf));
	if (r->wal_bytes > 0)
		cells[COL_WAL] = arena_strdup(w->a, unit_bytes(r->wal_bytes, buf));
}

static void rule_line(struct writer *w, struct text_table *t, size_t i)
{
	static const char *const status[] = { NULL, "SKIPPED", "FAILED" };
	const struct rule_view *r = &w->v->rules[i];
	char buf[UNIT_TEXT];
	const char *cells[NCOLUMNS] = {
		[COL_NUMBER] = arena_printf(w->a, "%zu", i + 1), [COL_RULE] = r->rule, [COL_TABLE] = r->table,
		[COL_ACTION] = action_word(r->action), [COL_DUE] = arena_strdup(w->a, unit_count(r->due, buf)),
		[COL_ACTED] = arena_strdup(w->a, unit_count(rule_view_acted(r), buf)),
		[COL_HELD] = count_cell(w->a, r->held), [COL_BLOCKED] = count_cell(w->a, r->blocked),
		[COL_DEFERRED] = count_cell(w->a, r->deferred), [COL_SKIPPED] = count_cell(w->a, r->skipped),
		[COL_CHANGED] = count_cell(w->a, r->changed), [COL_FAILED] = count_cell(w->a, r->failed),
		[COL_BY] = r->strategy, [COL_STATUS] = status[r->status],
	};

	rule_costs(w, r, cells);
	text_table_add(t, rule_tone(r), cells);
}

static void add_rules(struct writer *w)
{
	struct text_column columns[NCOLUMNS];
	struct text_table t = { .arena = w->a, .columns = columns, .ncolumns = NCOLUMNS };

	if (!w->v->nrules) {
		strbuf_adds(w->sb, "No rule was asked for.\n");
		return;
	}
	columns_set(columns, w->v->is_run);
	for (size_t i = 0; i < w->v->nrules; i++)
		rule_line(w, &t, i);
	text_table_render(&t, w->st, w->sb);
}

/* ---- remarks ---- */

static void remark(struct writer *w, const char *rule, const char *sentence)
{
	const char *lead = rule ? arena_printf(w->a, "  %s: ", rule) : "  ";

	text_paragraph(w->sb, w->st, lead, sentence);
}

static void remark_count(struct writer *w, const struct rule_view *r, int64_t n, const char *what)
{
	char rows[UNIT_TEXT];

	if (n)
		remark(w, r->rule, arena_printf(w->a, "%s %s", unit_rows(n, rows), what));
}

static void remark_tables(struct writer *w, const struct rule_view *r, const struct table_count *counts, size_t n,
			  const char *fmt_plan, const char *fmt_run)
{
	char rows[UNIT_TEXT];

	for (size_t i = 0; i < n; i++)
		if (counts[i].n)
			remark(w, r->rule, arena_printf(w->a, "%s of %s %s", unit_rows(counts[i].n, rows),
							counts[i].table, w->v->is_run ? fmt_run : fmt_plan));
}

static void rule_remarks(struct writer *w, const struct rule_view *r)
{
	if (r->reason)
		remark(w, r->rule, r->reason);
	remark_tables(w, r, r->cascaded, r->ncascaded, "would go with them (cascade)", "went with them (cascade)");
	remark_tables(w, r, r->unset, r->nunset, "would lose the reference (set null)",
		      "lost the reference (set null)");
	remark_count(w, r, r->blocked, "blocked by children that are still retained");
	remark_count(w, r, r->held, "under a legal hold");
	remark_count(w, r, r->indeterminate, "without a start event yet: never due (indeterminate)");
	remark_count(w, r, r->anomalous, "with an implausible start: never due (anomalous)");
	remark_count(w, r, r->future, "with a start in the future: kept");
	for (size_t i = 0; i < r->nnotes; i++)
		remark(w, r->rule, r->notes[i]);
	if (!rule_view_balances(r))
		remark(w, r->rule, "the counts do not add up to what was due; please report this as a bug");
}

static void add_remarks(struct writer *w)
{
	AUTO_STRBUF inner = STRBUF_INIT;
	struct writer into = *w;

	into.sb = &inner;
	for (size_t i = 0; i < w->v->nnotes; i++)
		remark(&into, NULL, w->v->notes[i]);
	for (size_t i = 0; i < w->v->nrules; i++)
		rule_remarks(&into, &w->v->rules[i]);
	if (!inner.len)
		return;
	strbuf_adds(w->sb, "\n");
	text_toned(w->sb, w->st, TONE_STRONG, "Remarks");
	strbuf_addc(w->sb, '\n');
	strbuf_add(w->sb, inner.buf, inner.len);
}

/* ---- the end ---- */

static void add_total(struct writer *w)
{
	int64_t due = 0, acted = 0;
	char rows[UNIT_TEXT], count[UNIT_TEXT], took[UNIT_TEXT];

	for (size_t i = 0; i < w->v->nrules; i++) {
		due += w->v->rules[i].due;
		acted += rule_view_acted(&w->v->rules[i]);
	}
	strbuf_addf(w->sb, "\n%s due, %s %s", unit_rows(due, rows), unit_count(acted, count),
		    w->v->is_run ? "done" : "would be acted on");
	if (w->v->is_run)
		strbuf_addf(w->sb, " in %s", unit_duration(w->v->seconds, took));
	strbuf_adds(w->sb, ".\n");
}

static void next(struct writer *w, const char *arguments, const char *what)
{
	const char *program = w->v->invocation ? w->v->invocation : "pgretain";

	strbuf_addf(w->sb, "  %s run%s\n      %s\n", program, arguments, what);
}

static void next_after_plan(struct writer *w)
{
	const struct run_view *v = w->v;

	if (v->over_ceiling)
		next(w, arena_printf(w->a, " --confirm %s --lift-ceilings", v->fingerprint),
		     "does all of it in this one run, above the ceilings; the ledger keeps who did so");
	if (v->needs_confirmation && !v->over_ceiling)
		next(w, arena_printf(w->a, " --confirm %s", v->fingerprint),
		     "confirms these definitions and does this; later runs need no confirmation");
	if (!v->needs_confirmation && !v->over_ceiling)
		next(w, arena_printf(w->a, " --expect %s", v->fingerprint), "does this, and nothing else");
}

static bool has_work(const struct run_view *v)
{
	for (size_t i = 0; i < v->nrules; i++)
		if (v->rules[i].due)
			return true;
	return false;
}

static void add_next(struct writer *w)
{
	const struct run_view *v = w->v;

	if (v->fingerprint)
		strbuf_addf(w->sb, "Fingerprint %s\n", v->fingerprint);
	if (!v->interrupted && (v->is_run ? !v->over_ceiling && !v->needs_confirmation
					  : !has_work(v) && !v->needs_confirmation))
		return;
	strbuf_addc(w->sb, '\n');
	text_toned(w->sb, w->st, TONE_STRONG, "Next");
	strbuf_addc(w->sb, '\n');
	if (v->interrupted)
		next(w, "", "goes on where this one stopped");
	else
		next_after_plan(w);
}

static void add_head(struct writer *w)
{
	const struct run_view *v = w->v;
	AUTO_STRBUF line = STRBUF_INIT;

	if (v->simulated)
		strbuf_addf(&line, "Simulation for %s as of %s: nothing is written, the configuration stays as it is",
			    v->database, v->as_of);
	else if (v->is_run)
		strbuf_addf(&line, "Run %s of %s as of %s", v->run, v->database, v->as_of);
	else
		strbuf_addf(&line, "Plan for %s as of %s: nothing is written", v->database, v->as_of);
	text_toned(w->sb, w->st, TONE_STRONG, strbuf_str(&line));
	strbuf_adds(w->sb, "\n\n");
}

/* ---- simulate ---- */

static void add_classes(struct writer *w)
{
	const struct simulated_view *s = w->v->simulated;

	for (size_t i = 0; i < s->nclasses; i++) {
		const struct simulated_class *c = &s->classes[i];

		strbuf_addf(w->sb, "  %s%s%s keeps %s instead of %s\n", c->class_name, c->standard ? "." : "",
			    c->standard ? c->standard : "", c->keep, c->was);
	}
	strbuf_addc(w->sb, '\n');
}

static const char *difference(struct arena *a, int64_t n)
{
	char buf[UNIT_TEXT];

	return arena_printf(a, "%s%s", n > 0 ? "+" : "", unit_count(n, buf));
}

static void add_comparison(struct writer *w)
{
	static const struct text_column columns[] = {
		{ "rule", false }, { "due at present", true }, { "due then", true }, { "difference", true }, { "", false },
	};
	struct text_table t = { .arena = w->a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	char before[UNIT_TEXT], then[UNIT_TEXT];

	for (size_t i = 0; i < w->v->nrules; i++) {
		const struct simulated_rule *s = &w->v->simulated->rules[i];
		int64_t due = w->v->rules[i].due;
		const char *cells[] = {
			s->rule, arena_strdup(w->a, unit_count(s->due, before)), arena_strdup(w->a, unit_count(due, then)),
			difference(w->a, due - s->due), s->shorter ? "would need a confirmation" : NULL,
		};

		text_table_add(&t, due == s->due ? TONE_FAINT : TONE_STRONG, cells);
	}
	strbuf_addc(w->sb, '\n');
	text_toned(w->sb, w->st, TONE_STRONG, "Against the present configuration");
	strbuf_addc(w->sb, '\n');
	text_table_render(&t, w->st, w->sb);
}

void run_view_text(const struct run_view *v, const struct text_style *st, struct strbuf *sb)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct writer w = { v, st, sb, a };

	add_head(&w);
	if (v->simulated)
		add_classes(&w);
	add_rules(&w);
	add_remarks(&w);
	hold_widths_text(v->nholds, v->holds, st, sb);
	add_total(&w);
	if (v->recurrences)
		recurrences_text(v->recurrences, st, sb);
	if (v->interrupted) {
		text_toned(sb, st, TONE_WARN, "Interrupted: what is listed as done is done, the rest is untouched.");
		strbuf_addc(sb, '\n');
	}
	if (v->simulated)
		add_comparison(&w);
	else
		add_next(&w);
}
