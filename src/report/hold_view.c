#include "report/hold_view.h"

static json_t *parts_json(const struct hold_width *w, bool outside)
{
	json_t *list = json_array();

	for (size_t i = 0; w && i < w->rules.n; i++) {
		const struct width_rule *r = &w->rules.v[i];
		json_t *o;

		if (outside ? !r->outside : !r->rows && !r->unknown)
			continue;
		o = json_object();
		json_put(o, "rule", json_text(r->rule));
		json_put(o, "table", json_text(r->table));
		json_put(o, "rows", r->unknown ? json_null() : json_count(outside ? r->outside : r->rows));
		json_add(list, o);
	}
	return list;
}

void hold_width_put(json_t *o, const struct hold_width *w)
{
	json_put(o, "rows", w ? json_count(w->rows) : json_null());
	json_put(o, "rules", parts_json(w, false));
	json_put(o, "outside", parts_json(w, true));
}

json_t *hold_widths_json(size_t n, const struct hold_width *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		json_put(o, "hold", json_text(w[i].hold));
		json_put(o, "scope", json_text(w[i].scope));
		json_put(o, "target", json_text(w[i].target));
		json_put(o, "reason", json_text(w[i].reason));
		hold_width_put(o, &w[i]);
		json_add(list, o);
	}
	return list;
}

void hold_width_parts(struct strbuf *sb, const struct hold_width *w, bool outside)
{
	size_t before = sb->len;

	for (size_t i = 0; i < w->rules.n; i++) {
		const struct width_rule *r = &w->rules.v[i];

		if (outside ? !r->outside : !r->rows && !r->unknown)
			continue;
		if (r->unknown)
			strbuf_addf(sb, "%s%s unknown", sb->len > before ? ", " : "", r->rule);
		else
			strbuf_addf(sb, "%s%s %lld", sb->len > before ? ", " : "", r->rule,
				    (long long)(outside ? r->outside : r->rows));
	}
}

static void width_text(struct strbuf *sb, const struct hold_width *w)
{
	AUTO_STRBUF outside = STRBUF_INIT;

	strbuf_addf(sb, "%lld row(s)", (long long)w->rows);
	if (w->rules.n) {
		AUTO_STRBUF inside = STRBUF_INIT;

		hold_width_parts(&inside, w, false);
		strbuf_addf(sb, "%s%s", inside.len ? ": " : "", strbuf_str(&inside));
	}
	hold_width_parts(&outside, w, true);
	if (outside.len)
		strbuf_addf(sb, "; outside, by a rule of their own: %s", strbuf_str(&outside));
}

void hold_widths_text(size_t n, const struct hold_width *w, const struct text_style *st, struct strbuf *sb)
{
	if (n)
		strbuf_adds(sb, "\nLegal holds\n");
	for (size_t i = 0; i < n; i++) {
		AUTO_STRBUF width = STRBUF_INIT, lead = STRBUF_INIT;

		width_text(&width, &w[i]);
		strbuf_addf(&lead, "  %s (%s): ", w[i].hold, w[i].scope);
		text_paragraph(sb, st, strbuf_str(&lead), strbuf_str(&width));
	}
}
