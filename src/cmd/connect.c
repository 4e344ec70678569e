#include "cmd/connect.h"

#include "ledger/ledger.h"
#include "ledger/replay_log.h"
#include "model/tomb.h"

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

bool ctx_tomb_secret(struct ctx *ctx, const struct secret_key **ret, struct diag *d)
{
	const struct policy *p = ctx->policy;
	struct secret_key file, *own;

	*ret = NULL;
	if (!p->key_file || !p->nbackups)
		return true;
	if (!secret_load(p->key_file, &file, d))
		return false;
	own = arena_alloc(ctx->arena, sizeof(*own));
	tomb_secret(&file, own);
	*ret = own;
	return true;
}

bool ctx_replay_place(struct ctx *ctx, const char *log, const struct replay_place **ret, struct diag *d)
{
	struct secret_key *key = NULL;
	struct replay_place *p;

	*ret = NULL;
	if (!log)
		return true;
	if (ctx->policy->key_file) {
		key = arena_alloc(ctx->arena, sizeof(*key));
		if (!secret_load(ctx->policy->key_file, key, d))
			return false;
	}
	p = arena_alloc(ctx->arena, sizeof(*p));
	*p = (struct replay_place){ log, key };
	*ret = p;
	return true;
}

bool ctx_export_of(struct ctx *ctx, const char *log, struct conn *c, struct diag *d)
{
	const struct replay_place *place;

	return ctx_replay_place(ctx, log, &place, d) && ledger_export(c, place, d);
}

bool ctx_export(struct ctx *ctx, struct conn *c, struct diag *d)
{
	return ctx_export_of(ctx, ctx_replay_log(ctx), c, d);
}

bool ctx_commit(struct ctx *ctx, struct conn *c, struct diag *d)
{
	return conn_do(c, "COMMIT", NO_PARAMS, d) && ctx_export(ctx, c, d);
}
