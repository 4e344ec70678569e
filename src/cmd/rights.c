#include "cmd/connect.h"

#include "pg/catalog.h"
#include "pg/sqltext.h"

enum { RUNNER = 1, CLERK = 2, APPROVER = 4, AUDITOR = 8 };

static const char *const roles[] = { "pgretain_runner", "pgretain_clerk", "pgretain_approver", "pgretain_auditor" };

static const struct {
	const char *command, *verb;
	unsigned roles;
} rights[] = {
#define RIGHT(command, verb, roles) { command, verb, roles },
#include "cmd/rights.def"
#undef RIGHT
};

/* 0: everybody. */
static unsigned wanted(const struct ctx *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
		if (streq(rights[i].command, ctx->command->name) &&
		    (!rights[i].verb || (ctx->verb && streq(rights[i].verb, ctx->verb->name))))
			return rights[i].roles;
	return 0;
}

static bool refuse(const struct ctx *ctx, const char *who, const char *const *may, size_t n, struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", may[i]);
	diag_fail(d, DIAG_GUARD, "role %s may not do that: pgretain %s%s%s is for members of %s", who, ctx->command->name,
		  ctx->verb ? " " : "", ctx->verb ? ctx->verb->name : "", strbuf_str(&sb));
	diag_hint(d, "GRANT %s TO the role%s, if it is to", may[0], n > 1 ? " (or another of these)" : "");
	return false;
}

static bool may(struct ctx *ctx, struct conn *c, struct diag *d)
{
	const char *names[ARRAY_SIZE(roles)];
	unsigned bits = wanted(ctx);
	AUTO_RESULT *res = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		if (bits & (1u << i))
			names[n++] = roles[i];
	if (!n)
		return true;
	if (!conn_query_text(c, sqltext_get("query/rights"), &res, d, cat_array_literal(ctx->arena, names, n)))
		return false;
	return res_bool(res, 0, 1) || refuse(ctx, res_text(res, 0, 0), names, n, d);
}

bool ctx_open(struct ctx *ctx, const struct database *db, const struct conn_settings *s, struct conn **ret, struct diag *d)
{
	AUTO_CONN *c = NULL;

	if (!conn_open(db->conninfo, s, &c, d) || !may(ctx, c, d))
		return false;
	*ret = STEAL(c);
	return true;
}
