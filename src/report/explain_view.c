#include "report/explain_view.h"

#include "base/instant.h"

static json_t *keys_json(const struct explain_view *v)
{
	json_t *o = json_object();

	for (size_t i = 0; i < v->nkeys; i++)
		json_put(o, v->keys[i].column, json_text(v->keys[i].value));
	return o;
}

static json_t *term_json(const struct term_view *t)
{
	json_t *o = json_object();

	json_put(o, "term", json_text(t->term));
	json_put(o, "name", json_text(t->name));
	json_put(o, "basis", json_text(t->basis));
	json_put(o, "start_column", json_text(t->start_column));
	json_put(o, "start", json_text(t->start));
	json_put(o, "keep", json_text(t->keep));
	json_put(o, "end", json_text(t->end));
	json_put(o, "remark", json_text(t->remark));
	json_put(o, "purpose", json_text(t->purpose));
	json_put(o, "wins", json_boolean(t->wins));
	return o;
}

static json_t *hold_json(const struct hold_view *h)
{
	json_t *o = json_object();

	json_put(o, "hold", json_text(h->hold));
	json_put(o, "scope", json_text(h->scope));
	json_put(o, "reason", json_text(h->reason));
	return o;
}

json_t *explain_view_json(const struct explain_view *v)
{
	json_t *o = json_object(), *terms = json_array(), *holds = json_array(), *notes = json_array();

	for (size_t i = 0; i < v->nterms; i++)
		json_add(terms, term_json(&v->terms[i]));
	for (size_t i = 0; i < v->nholds; i++)
		json_add(holds, hold_json(&v->holds[i]));
	for (size_t i = 0; i < v->nnotes; i++)
		json_add(notes, json_text(v->notes[i]));
	json_put(o, "schema", json_text("pgretain.explain/1"));
	json_put(o, "rule", json_text(v->rule));
	json_put(o, "table", json_text(v->table));
	json_put(o, "key", keys_json(v));
	json_put(o, "state", json_text(v->state));
	json_put(o, "due", json_text(v->due));
	json_put(o, "winner", json_text(v->winner));
	json_put(o, "terms", terms);
	json_put(o, "holds", holds);
	json_put(o, "class", json_text(v->class_name));
	json_put(o, "action", json_text(v->action));
	json_put(o, "zone", json_text(v->zone));
	json_put(o, "as_of", json_text(v->as_of));
	json_put(o, "notes", notes);
	return o;
}

/* ---- text ---- */

/* Kept though its time is over: a guard spares it, the notes say which. */
static bool is_spared(const struct explain_view *v)
{
	int64_t due, as_of;

	return streq(v->state, "kept") && v->due && instant_parse_rfc3339(v->due, &due) &&
		instant_parse_rfc3339(v->as_of, &as_of) && due <= as_of;
}

static const char *state_sentence(const char *state)
{
	static const struct { const char *state, *sentence; } all[] = {
		{ "kept", "kept: its time is not over" },
		{ "due", "due: the next run acts on it" },
		{ "indeterminate", "kept: an event that the class needs has not happened yet (indeterminate)" },
		{ "future", "kept: it starts in the future" },
		{ "anomalous", "kept: its start is implausible (anomalous), a human must look" },
		{ "held", "kept: a legal hold is on it" },
		{ "blocked", "kept: rows that refer to it are still retained (blocked)" },
		{ "already", "in its final state already" },
		{ "outside", "outside the rule's where condition: the rule does not concern it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (streq(all[i].state, state))
			return all[i].sentence;
	return state;
}

static const char *because(struct arena *a, const struct term_view *t)
{
	if (t->basis)
		return t->basis;
	return t->name && t->purpose ? arena_printf(a, "%s: %s", t->name, t->purpose) : t->name;
}

static void add_terms(const struct explain_view *v, const struct text_style *st, struct arena *a, struct strbuf *sb)
{
	static const struct text_column columns[] = {
		{ "", false }, { "term", false }, { "from", false }, { "start", false }, { "keep", false },
		{ "ends", false }, { "", false }, { "because", false },
	};
	struct text_table t = { .arena = a, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };

	for (size_t i = 0; i < v->nterms; i++) {
		const struct term_view *term = &v->terms[i];
				const char *cells[] = { term->wins ? "*" : " ", term->term, term->start_column, term->start, term->keep,
					term->end, term->remark, because(a, term) };

		text_table_add(&t, term->wins ? TONE_STRONG : TONE_PLAIN, cells);
	}
	if (v->nterms) {
		strbuf_addc(sb, '\n');
		text_table_render(&t, st, sb);
	}
}

static void add_head(const struct explain_view *v, const struct text_style *st, struct strbuf *sb)
{
	AUTO_STRBUF line = STRBUF_INIT;

	strbuf_addf(&line, "%s (%s), the row with", v->rule, v->table);
	for (size_t i = 0; i < v->nkeys; i++)
		strbuf_addf(&line, "%s %s = %s", i ? "," : "", v->keys[i].column,
			    v->keys[i].value ? v->keys[i].value : "NULL");
	text_toned(sb, st, TONE_STRONG, strbuf_str(&line));
	strbuf_addc(sb, '\n');
}

static void add_field(struct strbuf *sb, const struct text_style *st, const char *lead, const char *text)
{
	if (text)
		text_paragraph(sb, st, lead, text);
}

void explain_view_text(const struct explain_view *v, const struct text_style *st, struct strbuf *sb)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	add_head(v, st, sb);
	add_field(sb, st, "  state   ", v->waits ? "kept: its time is over, but a request keeps it for now" :
		  is_spared(v) ? "kept: a guard rail spares it" : state_sentence(v->state));
	if (v->due && v->due_local)
		add_field(sb, st, "  due     ", arena_printf(a, "%s (%s)", v->due, v->due_local));
	else
		add_field(sb, st, "  due     ", v->due);
	add_field(sb, st, "  decides ", v->winner);
	add_field(sb, st, "  class   ", v->class_name);
	add_field(sb, st, "  action  ", v->action);
	add_field(sb, st, "  zone    ", v->zone);
	add_field(sb, st, "  as of   ", v->as_of);
	add_terms(v, st, a, sb);
	for (size_t i = 0; i < v->nholds; i++) {
		const char *lead = arena_printf(a, "hold %s (%s): ", v->holds[i].hold, v->holds[i].scope);

		strbuf_adds(sb, i ? "" : "\n");
		text_paragraph(sb, st, lead, v->holds[i].reason);
	}
	for (size_t i = 0; i < v->nnotes; i++) {
		strbuf_adds(sb, i ? "" : "\n");
		text_paragraph(sb, st, "", v->notes[i]);
	}
}
