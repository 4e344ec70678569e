/* backup verify: reads an archive from its first byte to its last. */
#include "cmd/backup_rewrite.h"

#include "dump/dump.h"
#include "report/json.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static json_t *tables_json(const struct dump *dump, const struct dump_count *counts)
{
	json_t *list = json_array();

	for (size_t i = 0; dump && i < dump->nentries; i++) {
		AUTO_STRBUF sb = STRBUF_INIT;
		json_t *x;

		if (dump->entries[i].kind != DUMP_ROWS || !counts[i].decoded)
			continue;
		strbuf_addf(&sb, "%s%s%s", dump->entries[i].schema, *dump->entries[i].schema ? "." : "", dump->entries[i].tag);
		x = json_object();
		json_put(x, "table", json_text(strbuf_str(&sb)));
		json_put(x, "rows_in", json_count((int64_t)counts[i].rows_in));
		json_add(list, x);
	}
	return list;
}

static void show(struct ctx *ctx, const char *path, const struct dump *dump, const struct dump_count *counts,
		 const struct diag *d, int code)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	uint64_t rows = 0;
	json_t *root, *sets, *x;

	for (size_t i = 0; dump && i < dump->nentries; i++)
		rows += counts[i].rows_in;
	if (ctx->format != FORMAT_JSON) {
		if (code == EXIT_DONE)
			strbuf_addf(&sb, "%s: whole, %s of %s, %llu row(s)\n", path, dump_format_word(dump->format),
				    *dump->dump_version ? dump->dump_version : "an unknown pg_dump", (unsigned long long)rows);
		else
			strbuf_addf(&sb, "%s: refused\n", path);
		ctx_print(ctx, &sb);
		return;
	}
	root = json_object();
	sets = json_array();
	x = json_object();
	json_put(x, "set", json_text(NULL));
	json_put(x, "path", json_text(path));
	json_put(x, "status", json_text(code == EXIT_DONE ? "whole" : "refused"));
	json_put(x, "reason", json_text(d->cls == DIAG_OK ? NULL : d->message));
	json_put(x, "tables", tables_json(dump, counts));
	json_add(sets, x);
	json_put(root, "schema", json_text("pgretain.backup/1"));
	json_put(root, "sets", sets);
	json_put(root, "exit", json_count(code));
	ctx_print_json(ctx, root);
}

int backup_verify(struct ctx *ctx, int argc, char **argv)
{
	const char *path = opts_text(&ctx->opts, "file");
	AUTO(dump_free_auto) struct dump *dump = NULL;
	AUTO(auto_free) struct dump_count *counts = NULL;
	struct diag d = DIAG_INIT;
	struct stat st;
	bool ok;

	(void)argv;
	if (!path || argc)
		return ctx_usage(ctx, "say which archive: pgretain backup verify --file PATH");
	if (stat(path, &st) != 0)
		return ctx_usage(ctx, "%s: %s", path, strerror(errno));
	ok = dump_open(path, NULL, &dump, &d);
	counts = xcalloc((dump ? dump->nentries : 0) + 1, sizeof(*counts));
	ok = ok && dump_verify(dump, counts, &d);
	show(ctx, path, ok ? dump : NULL, counts, &d, ok ? EXIT_DONE : EXIT_HUMAN);
	if (!ok)
		ctx_fail(ctx, &d);
	return ok ? EXIT_DONE : EXIT_HUMAN;
}

const struct opt backup_verify_options[] = {
	{ .name = "file", .arg = "PATH", .help = "this archive" },
	{ .name = NULL },
};
