#include "report/backup_view.h"

bool backup_view_troubled(const struct backup_view *v)
{
	for (size_t i = 0; i < v->sets.n; i++)
		if (streq(v->sets.v[i].state, "overdue"))
			return true;
	for (size_t i = 0; v->is_scan && i < v->stores.n; i++)
		if (v->stores.v[i].trouble)
			return true;
	return false;
}

/* ---- JSON ---- */

static json_t *sets_json(const struct backup_view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->sets.n; i++) {
		const struct backup_row *r = &v->sets.v[i];
		json_t *o = json_object();

		json_put(o, "set", json_text(r->set));
		json_put(o, "kind", json_text(r->kind));
		json_put(o, "id", json_text(r->id));
		json_put(o, "type", json_text(r->type));
		json_put(o, "stop", json_text(r->stop));
		json_put(o, "state", json_text(r->state));
		json_put(o, "requests", json_count(r->requests));
		json_put(o, "runs", json_count(r->runs));
		json_put(o, "until", json_text(r->until));
		json_put(o, "reason", json_text(r->reason));
		json_put(o, "findings", json_incref(r->findings));
		json_add(list, o);
	}
	return list;
}

static json_t *stores_json(const struct backup_view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->stores.n; i++) {
		const struct backup_place *p = &v->stores.v[i];
		json_t *o = json_object();

		json_put(o, "store", json_text(p->store));
		json_put(o, "listing", json_text(p->listing));
		json_put(o, "listed_at", json_text(p->listed_at));
		json_put(o, "good_at", json_text(p->good_at));
		json_put(o, "trouble", json_text(p->trouble));
		json_put(o, "sets", json_count(p->sets));
		json_add(list, o);
	}
	return list;
}

static json_t *changes_json(const struct backup_view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->changes.n; i++) {
		const struct backup_change *ch = &v->changes.v[i];
		json_t *o = json_object();

		json_put(o, "set", json_text(ch->set));
		json_put(o, "change", json_text(ch->what));
		json_put(o, "runs", json_count(ch->runs));
		json_put(o, "requests", json_count(ch->requests));
		json_add(list, o);
	}
	return list;
}

static json_t *texts_json(size_t n, const char *const *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(list, json_text(v[i]));
	return list;
}

json_t *backup_view_json(const struct backup_view *v)
{
	json_t *o = json_object();

	json_put(o, "schema", json_text("pgretain.backups/1"));
	json_put(o, "database", json_text(v->database));
	json_put(o, "sets", sets_json(v));
	json_put(o, "stores", stores_json(v));
	if (v->is_scan) {
		json_put(o, "changes", changes_json(v));
		json_put(o, "completed", texts_json(v->completed.n, v->completed.v));
		json_put(o, "notes", texts_json(v->notes.n, v->notes.v));
	}
	json_put(o, "exit", json_count(v->exit));
	return o;
}

/* ---- text ---- */

static enum tone tone_of(const struct backup_row *r)
{
	static const struct { const char *state; enum tone tone; } tones[] = {
		{ "overdue", TONE_BAD }, { "holds", TONE_WARN }, { "isolated", TONE_STRONG }, { "cleared", TONE_GOOD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tones); i++)
		if (streq(r->state, tones[i].state))
			return tones[i].tone;
	return TONE_PLAIN;
}

static const char *count(struct arena *a, int64_t n)
{
	return n ? arena_printf(a, "%lld", (long long)n) : "";
}

static bool holds(const struct backup_row *r)
{
	return r->runs && !streq(r->state, "cleared");
}

static void head_text(const struct backup_view *v, struct strbuf *sb)
{
	int64_t n = 0, there = 0;
	const char *last = NULL;
	bool endless = false;

	for (size_t i = 0; i < v->sets.n; i++) {
		const struct backup_row *r = &v->sets.v[i];

		there++;
		if (!holds(r))
			continue;
		n++;
		endless |= !r->until;
		if (r->until && (!last || strcmp(r->until, last) > 0))
			last = r->until;
	}
	if (!there)
		strbuf_adds(sb, "No backup is known.\n");
	else if (!n)
		strbuf_adds(sb, "No backup holds a row that was erased.\n");
	else if (endless)
		strbuf_addf(sb, "%lld of %lld backups hold rows that were erased; not all of them have a known end.\n", (long long)n,
			    (long long)there);
	else
		strbuf_addf(sb, "%lld of %lld backups hold rows that were erased, the last until %s.\n", (long long)n, (long long)there,
			    last);
}

static void sets_text(const struct backup_view *v, const struct text_style *st, struct arena *a, struct strbuf *sb)
{
	static const struct text_column columns[] = {
		{ "set", false }, { "kind", false }, { "type", false }, { "complete", false }, { "state", false }, { "requests", true },
		{ "runs", true }, { "until", false }, { "why", false },
	};
	struct text_table t = { .arena = a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	for (size_t i = 0; i < v->sets.n; i++) {
		const struct backup_row *r = &v->sets.v[i];
		const char *const cells[] = { r->set, r->kind, r->type, r->stop, r->state, count(a, r->requests), count(a, r->runs),
					      r->until ? r->until : holds(r) ? "no end" : "", r->reason };

		text_table_add(&t, tone_of(r), cells);
	}
	if (t.rows.n)
		text_table_render(&t, st, sb);
}

static void places_text(const struct backup_view *v, const struct text_style *st, struct arena *a, struct strbuf *sb)
{
	for (size_t i = 0; i < v->stores.n; i++) {
		const struct backup_place *p = &v->stores.v[i];

		if (p->trouble)
			text_paragraph(sb, st, "  ", arena_printf(a, "%s: %s (last good listing: %s)", p->store, p->trouble,
								  p->good_at ? p->good_at : "never"));
	}
}

static void changes_text(const struct backup_view *v, struct strbuf *sb)
{
	for (size_t i = 0; i < v->changes.n; i++) {
		const struct backup_change *ch = &v->changes.v[i];

		strbuf_addf(sb, "  %s: %s", ch->set, ch->what);
		if (ch->runs)
			strbuf_addf(sb, ", no longer holds rows of %lld run(s), %lld request(s)", (long long)ch->runs,
				    (long long)ch->requests);
		strbuf_addc(sb, '\n');
	}
	for (size_t i = 0; i < v->completed.n; i++)
		strbuf_addf(sb, "  request %s is complete: no backup holds its rows any more\n", v->completed.v[i]);
}

void backup_view_text(const struct backup_view *v, const struct text_style *st, struct arena *a, struct strbuf *sb)
{
	head_text(v, sb);
	if (v->sets.n)
		strbuf_addc(sb, '\n');
	sets_text(v, st, a, sb);
	if (v->changes.n || v->completed.n || v->notes.n || backup_view_troubled(v))
		strbuf_addc(sb, '\n');
	places_text(v, st, a, sb);
	changes_text(v, sb);
	for (size_t i = 0; i < v->notes.n; i++)
		text_paragraph(sb, st, "  ", v->notes.v[i]);
}
