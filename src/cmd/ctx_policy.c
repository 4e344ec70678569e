/* The configuration and the database that a command works on. */
#include "cmd/cmd.h"

#include "base/log.h"
#include "base/nearest.h"
#include "conf/load.h"

static void print_error(struct ctx *ctx, const struct conf_error *e, enum log_level level)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (ctx->log_json) {
		log_event(level, "config", LOG_S("file", e->file), LOG_I("line", e->line),
			  LOG_S("message", e->message), LOG_S("do", e->hint));
		return;
	}
	conf_error_text(e, &sb);
	ctx_complain(ctx, level == LOG_LEVEL_WARN ? "warning: " : "", strbuf_str(&sb));
}

const struct policy *ctx_policy(struct ctx *ctx)
{
	AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
	bool ok;

	if (ctx->policy)
		return ctx->policy;
	ok = conf_load(ctx->config_path, &ctx->policy, &errs);
	for (size_t i = 0; i < errs.errors.n; i++)
		print_error(ctx, &errs.errors.v[i], LOG_LEVEL_ERROR);
	for (size_t i = 0; i < errs.warnings.n; i++)
		print_error(ctx, &errs.warnings.v[i], LOG_LEVEL_WARN);
	return ok ? ctx->policy : NULL;
}

static bool fail_which(const struct policy *p, struct diag *d)
{
	AUTO_STRBUF all = STRBUF_INIT;

	for (size_t i = 0; i < p->ndatabases; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", p->databases[i].name);
	if (p->ndatabases) {
		diag_fail(d, DIAG_USAGE, "the configuration has %zu databases: %s", p->ndatabases, strbuf_str(&all));
		diag_hint(d, "say which one, e.g. --database %s", p->databases[0].name);
	} else {
		diag_fail(d, DIAG_CONFIG, "the configuration names no database");
		diag_hint(d, "add one under databases");
	}
	diag_where(d, "%s", p->main_file);
	return false;
}

static bool fail_unknown(const struct policy *p, const char *name, struct diag *d)
{
	struct nearest near = nearest_init(name);
	AUTO_STRBUF all = STRBUF_INIT;

	for (size_t i = 0; i < p->ndatabases; i++) {
		nearest_offer(&near, p->databases[i].name);
		strbuf_addf(&all, "%s%s", i ? ", " : "", p->databases[i].name);
	}
	diag_fail(d, DIAG_USAGE, "the configuration has no database %s", name);
	diag_where(d, "%s", p->main_file);
	if (near.best)
		diag_hint(d, "did you mean --database %s?", near.best);
	else
		diag_hint(d, "it has: %s", strbuf_str(&all));
	return false;
}

const struct database *ctx_database(struct ctx *ctx)
{
	const struct policy *p = ctx_policy(ctx);
	struct diag d = DIAG_INIT;

	if (!p || ctx->db)
		return ctx->db;
	ctx->db = policy_database(p, ctx->database_name);
	if (ctx->db)
		return ctx->db;
	if (ctx->database_name)
		fail_unknown(p, ctx->database_name, &d);
	else
		fail_which(p, &d);
	ctx_fail(ctx, &d);
	return NULL;
}
