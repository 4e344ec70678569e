#include "report/recurrence_view.h"

#define SHOWN 20

static json_t *texts(const char *const *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(list, json_text(v[i]));
	return list;
}

static json_t *one_json(const struct recurrence_view *v)
{
	json_t *o = json_object();

	json_put(o, "request", json_text(v->request));
	json_put(o, "identifiers", texts(v->identifiers.v, v->identifiers.n));
	json_put(o, "tables", texts(v->tables.v, v->tables.n));
	json_put(o, "rows", json_count(v->rows));
	json_put(o, "people", json_count(v->people));
	json_put(o, "same_key", json_boolean(v->same_key));
	json_put(o, "action", json_text(v->reopened ? "reopened" : "reported"));
	json_put(o, "reason", json_text(v->why_not));
	return o;
}

void recurrences_put(json_t *object, const struct recurrences *r)
{
	json_t *list, *o;

	if (!r->checked)
		return;
	list = json_array();
	for (size_t i = 0; i < r->found.n; i++)
		json_add(list, one_json(&r->found.v[i]));
	o = json_object();
	json_put(o, "compared", json_count(r->compared));
	json_put(o, "incomparable", json_count(r->incomparable));
	json_put(o, "expired", json_count(r->expired));
	json_put(o, "reopened", json_count(r->waiting));
	json_put(object, "recurrences", list);
	json_put(object, "suppression", o);
}

bool recurrences_need_human(const struct recurrences *r)
{
	return r->found.n || r->incomparable || r->waiting;
}

static void joined(struct strbuf *sb, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%s%s", i ? ", " : "", v[i]);
}

static void one_text(const struct recurrence_view *v, struct strbuf *sb)
{
	strbuf_addf(sb, "  request %s: ", v->request);
	joined(sb, v->identifiers.v, v->identifiers.n);
	strbuf_adds(sb, " in ");
	joined(sb, v->tables.v, v->tables.n);
	strbuf_addf(sb, ", %lld row(s) of %lld key(s)%s; %s%s%s\n", (long long)v->rows, (long long)v->people,
		    v->same_key ? ", the erased one among them" : "", v->reopened ? "reopened" : "reported",
		    v->why_not ? ", not reopened: " : "", v->why_not ? v->why_not : "");
}

void recurrences_text(const struct recurrences *r, const struct text_style *st, struct strbuf *sb)
{
	if (!recurrences_need_human(r))
		return;
	strbuf_addc(sb, '\n');
	text_toned(sb, st, TONE_BAD, r->found.n ? "Erased people are in the tables again" : "Suppression");
	strbuf_addc(sb, '\n');
	for (size_t i = 0; i < r->found.n && i < SHOWN; i++)
		one_text(&r->found.v[i], sb);
	if (r->found.n > SHOWN)
		strbuf_addf(sb, "  and %zu more\n", r->found.n - SHOWN);
	if (r->found.n)
		strbuf_adds(sb, "  what to do: pgretain request reopen UUID erases them again; where they came back of their own will,\n"
			    "  pgretain request admit UUID\n");
	if (r->waiting)
		strbuf_addf(sb, "  %lld reopened request(s) wait for pgretain request assess\n", (long long)r->waiting);
	if (r->incomparable)
		strbuf_addf(sb, "  %lld digest(s) were made with another key_file or normalisation: whom they mean would not be noticed\n",
			    (long long)r->incomparable);
}
