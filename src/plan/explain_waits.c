/* Why a row whose time is over is left by the nightly run for now: somebody waits for a copy, or an approved
 * ground keeps it (domain.md 4). */
#include "base/instant.h"
#include "model/ground.h"
#include "pg/tmpl.h"
#include "plan/explain_parts.h"
#include "plan/request.h"

/* SELECT rule, code, type, key of the people of one set whose row it is; nothing where no way leads to people. */
static void add_people(struct explainer *e, struct render *x, struct strbuf *sb, const struct request_kept *k,
		       struct subject_set *set)
{
	AUTO_STRBUF whose = STRBUF_INIT;

	if (!render_subjects_of(x, &whose, e->r, "t", set, false))
		return;
	strbuf_adds(sb, sb->len ? " UNION ALL SELECT " : "SELECT ");
	if (k) {
		render_param(x, sb, k->rule, "text");
		strbuf_adds(sb, ", ");
		render_param(x, sb, k->ground->code, "text");
	} else {
		strbuf_adds(sb, "NULL::text, NULL::text");
	}
	strbuf_addf(sb, ", pgretain_type, pgretain_key FROM (%s) AS %s", strbuf_str(&whose), render_alias(x));
}

static const char *people(struct explainer *e, struct render *x)
{
	const struct request *q = e->b.keeping;
	AUTO_STRBUF sb = STRBUF_INIT;

	if (e->b.waiting)
		add_people(e, x, &sb, NULL, e->b.waiting);
	for (size_t i = 0; q && i < q->kept.n; i++)
		if (request_covers(&q->kept.v[i], e->r))
			add_people(e, x, &sb, &q->kept.v[i], &q->kept.v[i].set);
	return arena_strdup(e->a, strbuf_str(&sb));
}

static const char *until_text(struct explainer *e, const PGresult *res, int i)
{
	const char *until = res_text_null(res, i, 2);
	char text[INSTANT_TEXT];
	int64_t at;

	return until && instant_parse_timestamptz(until, strlen(until), &at) ?
		arena_strdup(e->a, instant_format(at, text)) : NULL;
}

static void add_note(struct explainer *e, const PGresult *res, int i)
{
	const char *id = res_text(res, i, 0), *code = res_text(res, i, 1), *until = until_text(e, res, i);
	const struct ground *g = ground_find(code);

	vec_push(e->a, &e->notes, g ?
		arena_printf(e->a, "Its time is over, but ground %s (%s) of request %s keeps it%s%s.", code, g->words, id,
			     until ? " until its review on " : ", and no review is set", until ? until : "") :
		arena_printf(e->a, "Its time is over, but its person has asked for a copy by request %s: it stays until that is "
			     "answered%s%s.", id, until ? ", at the latest until " : "", until ? until : ""));
}

bool explain_waits(struct explainer *e, const char *from, explain_key *key, struct diag *d)
{
	struct render x = { .b = &e->b, .a = e->a, .live = true };
	const char *who = people(e, &x);
	AUTO_STRBUF as_of = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	struct tmpl_var vars[4];

	if (!*who)
		return true;
	render_param(&x, &as_of, e->b.plan->as_of, "timestamptz");
	vars[0] = (struct tmpl_var){ "from", .frag = { from } };
	vars[1] = (struct tmpl_var){ "people", .frag = { who } };
	vars[2] = (struct tmpl_var){ "as_of", .frag = { strbuf_str(&as_of) } };
	vars[3] = (struct tmpl_var){ "key", .frag = { key(e, &x) } };
	if (!conn_query(e->b.conn, tmpl_render(e->a, "query/explain_waits", vars, 4),
			(struct params){ (int)x.values.n, x.types.v, x.values.v }, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		add_note(e, res, i);
	return true;
}
