/* Deadlines of one request, in the zone of its jurisdiction. */
#include "cmd/request_verbs.h"

#include "base/instant.h"
#include "model/deadline.h"
#include "pg/sqltext.h"

/* Where the configuration names no jurisdiction at all: the strictest that domain.md knows. */
static const struct jurisdiction strictest = { .name = "none", .respond = "15 working days", .limit = "30 days" };

struct instants {		/* INSTANT_INFINITY: none */
	int64_t acknowledge, respond, limit, extended;
};

static bool local_of(struct conn *c, const char *instant, const char *zone, int64_t *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/request_local"), &res, d, instant, zone))
		return false;
	BUG_ON(!instant_parse_timestamp(res_text(res, 0, 0), strlen(res_text(res, 0, 0)), ret));
	return true;
}

static const char *text_of(bool has, int64_t local, char *buf)
{
	return has ? instant_format(local, buf) : NULL;
}

static int64_t instant_of(const PGresult *res, int col)
{
	const char *text = res_text_null(res, 0, col);
	int64_t t = INSTANT_INFINITY;

	BUG_ON(text && !instant_parse_timestamptz(text, strlen(text), &t));
	return t;
}

static bool one(struct ctx *ctx, struct conn *c, const struct jurisdiction *j, const char *received, struct instants *ret,
		struct diag *d)
{
	const char *zone = j->zone ? j->zone : "UTC";
	char a[INSTANT_TEXT], r[INSTANT_TEXT], l[INSTANT_TEXT], x[INSTANT_TEXT];
	AUTO_RESULT *res = NULL;
	struct deadlines at;
	int64_t local;

	if (!local_of(c, received, zone, &local, d) || !deadlines_of(j, local, ctx->arena, &at, d) ||
	    !conn_query_text(c, sqltext_get("query/request_instants"), &res, d, text_of(at.has_acknowledge, at.acknowledge, a),
			     text_of(true, at.respond, r), text_of(at.has_limit, at.limit, l),
			     text_of(at.has_extension, at.extended, x), zone))
		return false;
	*ret = (struct instants){ instant_of(res, 0), instant_of(res, 1), instant_of(res, 2), instant_of(res, 3) };
	return true;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static const char *said(struct ctx *ctx, int64_t t)
{
	char buf[INSTANT_TEXT];

	return t == INSTANT_INFINITY ? NULL : arena_strdup(ctx->arena, instant_format(t, buf));
}

bool request_due(struct ctx *ctx, struct conn *c, const char *jurisdiction, const char *received, struct request_due *ret,
		 struct diag *d)
{
	const struct policy *p = ctx->policy;
	struct instants all = { INSTANT_INFINITY, INSTANT_INFINITY, INSTANT_INFINITY, INSTANT_INFINITY }, t;
	bool known = false, extensible = true;

	for (size_t i = 0; i < p->njurisdictions; i++)
		known = known || (jurisdiction && streq(p->jurisdictions[i].name, jurisdiction));
	for (size_t i = 0; i < (p->njurisdictions ? p->njurisdictions : 1); i++) {
		const struct jurisdiction *j = p->njurisdictions ? &p->jurisdictions[i] : &strictest;

		if (known && !streq(j->name, jurisdiction))
			continue;
		if (!one(ctx, c, j, received, &t, d))
			return false;
		extensible = extensible && t.extended != INSTANT_INFINITY;
		all = (struct instants){ least(all.acknowledge, t.acknowledge), least(all.respond, t.respond),
					 least(all.limit, t.limit), least(all.extended, t.extended) };
	}
	*ret = (struct request_due){ said(ctx, all.acknowledge), said(ctx, all.respond), said(ctx, all.limit),
				     extensible ? said(ctx, all.extended) : NULL };
	return true;
}
