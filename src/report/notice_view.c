#include "report/notice_view.h"

#define SHOWN 20

static json_t *one_json(const struct notice_view *v)
{
	json_t *o = json_object();

	json_put(o, "notice", json_text(v->notice));
	json_put(o, "request", json_text(v->request));
	json_put(o, "recipient", json_text(v->recipient));
	json_put(o, "state", json_text(v->state));
	json_put(o, "attempts", json_count(v->attempts));
	json_put(o, "exit", v->exit < 0 ? json_null() : json_count(v->exit));
	json_put(o, "reason", json_text(v->reason));
	return o;
}

json_t *notices_json(const struct notices *n)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < n->tried.n; i++)
		json_add(list, one_json(&n->tried.v[i]));
	json_put(o, "tried", list);
	json_put(o, "failed", json_count(n->failed));
	return o;
}

static void one_text(const struct notice_view *v, struct strbuf *sb)
{
	strbuf_addf(sb, "  %s for request %s: %s after %lld attempt(s)", v->recipient, v->request, v->state, (long long)v->attempts);
	if (v->exit > 0)
		strbuf_addf(sb, ", exit status %lld", (long long)v->exit);
	strbuf_addf(sb, "%s%s\n", v->reason ? ", " : "", v->reason ? v->reason : "");
}

void notices_text(const struct notices *n, const struct text_style *st, struct strbuf *sb)
{
	if (!n->tried.n && !n->failed)
		return;
	strbuf_addc(sb, '\n');
	text_toned(sb, st, n->failed ? TONE_BAD : TONE_STRONG, "Recipients");
	strbuf_addc(sb, '\n');
	for (size_t i = 0; i < n->tried.n && i < SHOWN; i++)
		one_text(&n->tried.v[i], sb);
	if (n->tried.n > SHOWN)
		strbuf_addf(sb, "  and %zu more\n", n->tried.n - SHOWN);
	if (n->failed)
		strbuf_addf(sb, "  %lld notice(s) have failed: pgretain request notify UUID tries again, or says with --evidence that they were\n"
			    "  told in another way\n", (long long)n->failed);
}
