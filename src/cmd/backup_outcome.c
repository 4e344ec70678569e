#include "cmd/backup_outcome.h"

#include "base/log.h"
#include "report/json.h"

int backup_outcome_exit(const struct backup_outcome *o)
{
	switch (o->status) {
	case BACKUP_REWRITTEN: case BACKUP_WOULD_REWRITE: case BACKUP_UNCHANGED:
		return o->holds ? EXIT_HUMAN : EXIT_DONE;
	case BACKUP_REFUSED: case BACKUP_FAILED:
		return o->diag.cls == DIAG_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_HUMAN;
	}
	return EXIT_INTERNAL;
}

static const char *why(struct arena *a, const struct backup_outcome *o)
{
	if (o->diag.cls == DIAG_OK)
		return NULL;
	return *o->diag.where ? arena_printf(a, "%s (%s)", o->diag.message, o->diag.where) : arena_strdup(a, o->diag.message);
}

static json_t *tables_json(const struct backup_outcome *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->tables.n; i++) {
		const struct backup_table *t = &o->tables.v[i];
		json_t *x = meet_table_json(t);

		json_put(x, "other", json_count((int64_t)t->other));
		json_put(x, "untold", json_count((int64_t)t->untold));
		json_put(x, "left", json_count((int64_t)t->left));
		json_add(list, x);
	}
	return list;
}

static json_t *notes_json(const struct backup_outcome *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->notes.n; i++)
		json_add(list, json_text(o->notes.v[i]));
	return list;
}

json_t *backup_outcome_json(struct ctx *ctx, const struct backup_target *t, const struct backup_outcome *o,
			    const struct meeting *met)
{
	json_t *x = json_object();

	json_put(x, "set", json_text(t->set));
	json_put(x, "path", json_text(o->path));
	json_put(x, "status", json_text(backup_status_word(o->status)));
	json_put(x, "reason", json_text(why(ctx->arena, o)));
	json_put(x, "tables", tables_json(o));
	json_put(x, "notes", notes_json(o));
	json_put(x, "runs", json_count(met ? met->runs : 0));
	json_put(x, "requests", json_count(met ? met->requests : 0));
	json_put(x, "holds", json_count(met ? met->unmet : t->holds));
	return x;
}

static const char *number(struct ctx *ctx, uint64_t n)
{
	return arena_printf(ctx->arena, "%llu", (unsigned long long)n);
}

static void met_text(const struct meeting *met, struct strbuf *sb)
{
	if (met->runs)
		strbuf_addf(sb, "No longer holds rows of %lld run(s), %lld request(s).\n", (long long)met->runs,
			    (long long)met->requests);
	if (met->unmet)
		strbuf_addf(sb, "Still counts as holding rows of %lld run(s): pgretain backup show says why.\n",
			    (long long)met->unmet);
}

void backup_outcome_text(struct ctx *ctx, const struct backup_target *t, const struct backup_outcome *o,
			 const struct meeting *met)
{
	static const struct text_column columns[] = {
		{ "table", false }, { "rows", true }, { "dropped", true }, { "altered", true }, { "held", true },
		{ "blocked", true }, { "left", true },
	};
	struct text_table table = { .arena = ctx->arena, .columns = columns, .ncolumns = ARRAY_SIZE(columns) };
	struct text_style style = ctx_style(ctx);
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s: %s\n", t->set ? t->set : o->path, o->status == BACKUP_WOULD_REWRITE ? "would be rewritten" :
		    backup_status_word(o->status));
	for (size_t i = 0; i < o->tables.n; i++) {
		const struct backup_table *b = &o->tables.v[i];
		const char *const cells[] = { b->table, number(ctx, b->rows_in), number(ctx, b->dropped), number(ctx, b->altered),
			b->held ? number(ctx, b->held) : "", b->blocked ? number(ctx, b->blocked) : "", number(ctx, b->rows_out) };

		text_table_add(&table, TONE_PLAIN, cells);
	}
	if (o->tables.n)
		text_table_render(&table, &style, &sb);
	if (met)
		met_text(met, &sb);
	ctx_print(ctx, &sb);
}

void backup_outcome_complain(struct ctx *ctx, const struct backup_outcome *o)
{
	if (o->diag.cls != DIAG_OK)
		ctx_fail(ctx, &o->diag);
	for (size_t i = 0; i < o->notes.n; i++)
		log_event(LOG_LEVEL_INFO, "backup.note", LOG_S("path", o->path), LOG_S("note", o->notes.v[i]));
}
