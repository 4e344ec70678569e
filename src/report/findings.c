#include "report/findings.h"

#include <stdio.h>

static const char *const words[] = { "error", "warning", "info" };
static const enum tone tones[] = { TONE_BAD, TONE_WARN, TONE_FAINT };

void findings_add(struct findings *f, const struct finding *finding)
{
	struct finding *own = vec_add(f->arena, &f->list);

	*own = *finding;
	own->place = arena_strdup(f->arena, finding->place);
	own->message = arena_strdup(f->arena, finding->message);
	own->why = arena_strdup(f->arena, finding->why);
	own->remedy = arena_strdup(f->arena, finding->remedy);
	own->rule = arena_strdup(f->arena, finding->rule);
}

size_t findings_count(const struct findings *f, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < f->list.n; i++)
		n += f->list.v[i].severity == severity;
	return n;
}

static json_t *one_json(const struct finding *f)
{
	json_t *o = json_object();

	json_put(o, "id", json_text(f->id));
	json_put(o, "severity", json_text(words[f->severity]));
	json_put(o, "rule", json_text(f->rule));
	json_put(o, "place", json_text(f->place));
	json_put(o, "message", json_text(f->message));
	json_put(o, "why", json_text(f->why));
	json_put(o, "remedy", json_text(f->remedy));
	return o;
}

json_t *findings_json(const struct findings *f, const char *database, int exit)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < f->list.n; i++)
		json_add(list, one_json(&f->list.v[i]));
	json_put(o, "schema", json_text("pgretain.check/1"));
	json_put(o, "database", json_text(database));
	json_put(o, "findings", list);
	json_put(o, "errors", json_count((int64_t)findings_count(f, SEVERITY_ERROR)));
	json_put(o, "warnings", json_count((int64_t)findings_count(f, SEVERITY_WARNING)));
	json_put(o, "exit", json_count(exit));
	return o;
}

static void one_text(const struct finding *f, const struct text_style *st, struct strbuf *sb)
{
	text_toned(sb, st, tones[f->severity], words[f->severity]);
	strbuf_addc(sb, ' ');
	if (f->place) {
		text_toned(sb, st, TONE_STRONG, f->place);
		strbuf_addc(sb, ' ');
	}
	strbuf_addf(sb, "[%s]\n", f->id);
	text_paragraph(sb, st, "  ", f->message);
	if (f->why)
		text_paragraph(sb, st, "  why: ", f->why);
	if (f->remedy)
		text_paragraph(sb, st, "  do:  ", f->remedy);
	strbuf_addc(sb, '\n');
}

static void add_counted(struct strbuf *sb, size_t n, const char *what)
{
	strbuf_addf(sb, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

/* Errors stand first: they are what stops a night. */
void findings_text(const struct findings *f, const char *database, const struct text_style *st, struct strbuf *sb)
{
	size_t errors = findings_count(f, SEVERITY_ERROR), warnings = findings_count(f, SEVERITY_WARNING);

	for (int severity = SEVERITY_ERROR; severity <= SEVERITY_INFO; severity++)
		for (size_t i = 0; i < f->list.n; i++)
			if (f->list.v[i].severity == (enum severity)severity)
				one_text(&f->list.v[i], st, sb);
	strbuf_adds(sb, database ? "The configuration and database " : "The configuration");
	if (database)
		text_toned(sb, st, TONE_PLAIN, database);
	strbuf_adds(sb, ": ");
	if (!errors && !warnings) {
		text_toned(sb, st, TONE_GOOD, "no errors, no warnings");
	} else {
		add_counted(sb, errors, "error");
		strbuf_adds(sb, ", ");
		add_counted(sb, warnings, "warning");
	}
	strbuf_addc(sb, '\n');
}
