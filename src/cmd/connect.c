#include "cmd/connect.h"

struct conn *ctx_connect(struct ctx *ctx, bool read_only)
{
	const struct database *db = ctx_database(ctx);
	struct conn_settings settings = { .read_only = read_only };
	struct diag d = DIAG_INIT;
	struct conn *c;

	if (!db)
		return NULL;
	settings.application = arena_printf(ctx->arena, "pgretain %s", ctx->command->name);
	if (ctx_open(ctx, db, &settings, &c, &d)) {
		c->stop = ctx->command->flags & CMD_STOPS ? STOP_SENDING : STOP_NEVER;
		return c;
	}
	diag_where(&d, "database %s", db->name);
	ctx_fail(ctx, &d);
	return NULL;
}

const char *ctx_replay_log(const struct ctx *ctx)
{
	return ctx->db && ctx->db->replay_log ? ctx->db->replay_log : ctx->policy->replay_log;
}
