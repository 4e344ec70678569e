/* Text and HTML of struct period_view: the same tables, drawn by one of two hands. */
#include "report/html.h"
#include "report/period_view.h"
#include "report/units.h"

/* Exactly one of text and html is drawn on. */
struct hand {
	struct strbuf *sb;
	const struct text_style *text;	/* NULL: HTML */
	struct arena *a;
};

static void draw_title(struct hand *h, const char *title)
{
	if (!h->text) {
		html_element(h->sb, "h2", title);
		return;
	}
	strbuf_addc(h->sb, '\n');
	text_toned(h->sb, h->text, TONE_STRONG, title);
	strbuf_addc(h->sb, '\n');
}

static void draw_line(struct hand *h, const char *sentence)
{
	if (h->text)
		text_paragraph(h->sb, h->text, "", sentence);
	else
		html_element(h->sb, "p", sentence);
}

static void draw_table(struct hand *h, const struct text_table *t)
{
	if (h->text)
		text_table_render(t, h->text, h->sb);
	else
		html_table(h->sb, t);
}

static const char *count(struct hand *h, int64_t n)
{
	char buf[UNIT_TEXT];

	return arena_strdup(h->a, unit_count(n, buf));
}

/* People need no microseconds. */
static const char *to_second(struct hand *h, const char *instant)
{
	size_t n = instant ? strcspn(instant, ".") : 0;

	if (!instant || !instant[n])
		return instant;
	return arena_printf(h->a, "%.*sZ", (int)n, instant);
}

static void draw_work(struct hand *h, const struct period_view *v)
{
	static const struct text_column columns[] = {
		{ "rule", false }, { "table", false }, { "action", false }, { "rows", true }, { "runs", true },
		{ "last", false },
	};
	struct text_table t = { .arena = h->a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	draw_title(h, "What was done");
	if (!v->nwork) {
		draw_line(h, "Nothing.");
		return;
	}
	for (size_t i = 0; i < v->nwork; i++) {
		const struct past_work *w = &v->work[i];

		text_table_add(&t, TONE_PLAIN, (const char *[]){ w->rule, w->table, w->action, count(h, w->rows),
								 count(h, w->runs), to_second(h, w->last) });
	}
	draw_table(h, &t);
}

static enum tone run_tone(const struct past_run *r)
{
	if (streq(r->state, "interrupted"))
		return TONE_WARN;
	return r->exit && !streq(r->exit, "0") ? TONE_WARN : TONE_PLAIN;
}

static void draw_runs(struct hand *h, const struct period_view *v)
{
	static const struct text_column columns[] = {
		{ "started", false }, { "took", true }, { "job", false }, { "state", false }, { "exit", true },
		{ "rows", true }, { "by", false }, { "run", false },
	};
	struct text_table t = { .arena = h->a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	draw_title(h, "Runs");
	if (!v->nruns) {
		draw_line(h, "None.");
		return;
	}
	for (size_t i = 0; i < v->nruns; i++) {
		const struct past_run *r = &v->runs[i];
		char took[UNIT_TEXT] = "";

		if (r->ended)
			unit_duration(r->seconds, took);
		text_table_add(&t, run_tone(r), (const char *[]){ to_second(h, r->started), arena_strdup(h->a, took),
				r->job ? r->job : "(by hand)", r->state, r->exit, count(h, r->rows), r->actor, r->run });
	}
	draw_table(h, &t);
}

static void draw_troubles(struct hand *h, const struct period_view *v)
{
	static const struct text_column columns[] = {
		{ "when", false }, { "rule", false }, { "table", false }, { "status", false },
		{ "SQLSTATE", false }, { "reason", false },
	};
	struct text_table t = { .arena = h->a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	if (!v->ntroubles)
		return;
	draw_title(h, "What needs a human");
	for (size_t i = 0; i < v->ntroubles; i++) {
		const struct past_trouble *p = &v->troubles[i];
		enum tone tone = streq(p->status, "failed") ? TONE_BAD : TONE_WARN;

		text_table_add(&t, tone, (const char *[]){ to_second(h, p->at), p->rule, p->table, p->status, p->sqlstate,
							   p->reason });
	}
	draw_table(h, &t);
}

static void draw_jobs(struct hand *h, const struct period_view *v)
{
	static const struct text_column columns[] = {
		{ "job", false }, { "next start", false }, { "schedule", false }, { "zone", false },
	};
	struct text_table t = { .arena = h->a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	if (!v->njobs)
		return;
	draw_title(h, "What comes next");
	for (size_t i = 0; i < v->njobs; i++) {
		const struct next_job *j = &v->jobs[i];

		text_table_add(&t, TONE_PLAIN, (const char *[]){ j->job, j->start ? j->start : "never", j->schedule,
								 j->zone });
	}
	draw_table(h, &t);
}

static void draw_holds(struct hand *h, const struct period_view *v)
{
	draw_title(h, "Legal holds");
	if (!v->holds_known)
		draw_line(h, "This role may not look at them.");
	else if (!v->holds_open)
		draw_line(h, "None is open.");
	else
		draw_line(h, arena_printf(h->a, "%s open, of these %s past the date of review.",
					  count(h, v->holds_open), count(h, v->holds_overdue)));
}

static void draw_stores(struct hand *h, const struct period_view *v)
{
	static const struct text_column columns[] = {
		{ "store", false }, { "backups", true }, { "hold rows", true }, { "isolated", true }, { "overdue", true },
		{ "requests", true }, { "until", false },
	};
	struct text_table t = { .arena = h->a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	if (!v->nstores)
		return;
	draw_title(h, "Backups that hold erased rows");
	for (size_t i = 0; i < v->nstores; i++) {
		const struct store_state *s = &v->stores[i];

		text_table_add(&t, s->overdue || s->trouble ? TONE_WARN : TONE_PLAIN, (const char *[]){ s->store,
			count(h, s->sets), count(h, s->holds), count(h, s->isolated), count(h, s->overdue),
			count(h, s->requests), s->until ? to_second(h, s->until) : s->holds ? "no end" : "" });
	}
	draw_table(h, &t);
	for (size_t i = 0; i < v->nstores; i++) {
		const struct store_state *s = &v->stores[i];

		if (s->trouble)
			draw_line(h, arena_printf(h->a, "%s: %s", s->store, s->trouble));
		for (size_t k = 0; k < json_array_size(s->findings); k++)
			draw_line(h, arena_printf(h->a, "%s: %s", s->store, json_string_value(json_array_get(s->findings, k))));
	}
}

static void draw_ledger(struct hand *h, const struct period_view *v)
{
	draw_title(h, "Ledger");
	draw_line(h, arena_printf(h->a, "%s entries, head %s", count(h, v->entries), v->head));
	draw_line(h, "Proof that none was changed or removed: pgretain ledger verify");
}

static void draw(struct hand *h, const struct period_view *v)
{
	draw_work(h, v);
	draw_runs(h, v);
	draw_troubles(h, v);
	draw_holds(h, v);
	draw_stores(h, v);
	draw_jobs(h, v);
	draw_ledger(h, v);
	for (size_t i = 0; i < v->nnotes; i++)
		draw_line(h, v->notes[i]);
}

static const char *headline(struct hand *h, const struct period_view *v)
{
	return arena_printf(h->a, "Retention report for %s, %s to %s", v->database, to_second(h, v->since),
			    to_second(h, v->until));
}

void period_view_text(const struct period_view *v, const struct text_style *st, struct strbuf *sb)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct hand h = { sb, st, a };

	text_toned(sb, st, TONE_STRONG, headline(&h, v));
	strbuf_addc(sb, '\n');
	draw(&h, v);
}

void period_view_html(const struct period_view *v, struct strbuf *sb)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct hand h = { sb, NULL, a };

	html_begin(sb, headline(&h, v));
	draw(&h, v);
	html_end(sb);
}
