/* backup verify: reads archives from their first byte to their last. */
#include "cmd/backup_rewrite.h"

#include "base/sig.h"
#include "cmd/backup_target.h"
#include "cmd/connect.h"
#include "cmd/self.h"
#include "dump/dump.h"
#include "ledger/ledger.h"
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

struct verifying {
	struct ctx *ctx;
	json_t *said;
	int code;
};

static void say_json(struct verifying *v, const struct backup_target *t, const struct dump *dump,
		     const struct dump_count *counts, const struct diag *d)
{
	json_t *x = json_object();

	json_put(x, "set", json_text(t->set));
	json_put(x, "path", json_text(t->path));
	json_put(x, "status", json_text(dump ? "whole" : "refused"));
	json_put(x, "reason", json_text(d->cls == DIAG_OK ? NULL : d->message));
	json_put(x, "tables", tables_json(dump, counts));
	json_add(v->said, x);
}

static void say_text(struct verifying *v, const struct backup_target *t, const struct dump *dump,
		     const struct dump_count *counts)
{
	const char *name = t->set ? t->set : t->path;
	AUTO_STRBUF sb = STRBUF_INIT;
	uint64_t rows = 0;

	for (size_t i = 0; dump && i < dump->nentries; i++)
		rows += counts[i].rows_in;
	if (dump)
		strbuf_addf(&sb, "%s: whole, %s of %s, %llu row(s)\n", name, dump_format_word(dump->format),
			    *dump->dump_version ? dump->dump_version : "an unknown pg_dump", (unsigned long long)rows);
	else
		strbuf_addf(&sb, "%s: refused\n", name);
	ctx_print(v->ctx, &sb);
}

/* dump NULL: *d says why. */
static void say(struct verifying *v, const struct backup_target *t, const struct dump *dump,
		const struct dump_count *counts, const struct diag *d)
{
	if (v->ctx->format == FORMAT_JSON)
		say_json(v, t, dump, counts, d);
	else
		say_text(v, t, dump, counts);
	if (dump)
		return;
	ctx_fail(v->ctx, d);
	v->code = exit_worse(v->code, EXIT_HUMAN);
}

static void verify_one(struct verifying *v, const struct backup_target *t)
{
	AUTO(dump_free_auto) struct dump *dump = NULL;
	AUTO(auto_free) struct dump_count *counts = NULL;
	struct diag d = DIAG_INIT;
	bool ok = dump_open(t->path, NULL, &dump, &d);

	counts = xcalloc((dump ? dump->nentries : 0) + 1, sizeof(*counts));
	ok = ok && dump_verify(dump, counts, &d);
	say(v, t, ok ? dump : NULL, counts, &d);
}

static void refuse_kind(struct verifying *v, const struct backup_target *t)
{
	struct diag d = DIAG_INIT;

	diag_fail(&d, DIAG_STEP, "%s: a backup of kind %s is verified by the tool that made it", t->set, t->kind);
	say(v, t, NULL, NULL, &d);
}

static int verify_sets(struct verifying *v, const char *const *words)
{
	struct backup_targets targets = { { NULL, 0, 0 } };
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = ctx_connect(v->ctx, true);

	if (!c)
		return EXIT_REFUSED;
	if (!ledger_readable(c, &d) || !backup_targets_load(v->ctx, c, NULL, 0, &targets, &d) ||
	    (words && !backup_targets_named(v->ctx, &targets, words, &d)))
		return ctx_fail(v->ctx, &d);
	for (size_t i = 0; i < targets.all.n; i++) {
		if (sig_stop_requested())
			return EXIT_INTERRUPTED;
		if (backup_target_is_archive(&targets.all.v[i]))
			verify_one(v, &targets.all.v[i]);
		else if (words)
			refuse_kind(v, &targets.all.v[i]);
	}
	return v->code;
}

static int verify_file(struct verifying *v, const char *path)
{
	struct backup_target t = { .path = path };
	struct stat st;

	if (stat(path, &st) != 0)
		return ctx_usage(v->ctx, "%s: %s", path, strerror(errno));
	verify_one(v, &t);
	return v->code;
}

static void show(struct verifying *v)
{
	json_t *root = json_object();

	json_put(root, "schema", json_text("pgretain.backup/1"));
	json_put(root, "sets", json_incref(v->said));
	json_put(root, "exit", json_count(v->code));
	ctx_print_json(v->ctx, root);
}

int backup_verify(struct ctx *ctx, int argc, char **argv)
{
	struct verifying v = { .ctx = ctx, .said = json_array() };
	const char *path = opts_text(&ctx->opts, "file");
	int code;

	if (path && argc) {
		json_decref(v.said);
		return ctx_usage(ctx, "either --file PATH or sets of the catalogue");
	}
	code = path ? verify_file(&v, path) : verify_sets(&v, argc ? (const char *const *)argv : NULL);
	v.code = code;
	if (ctx->format == FORMAT_JSON && code != EXIT_REFUSED)
		show(&v);
	json_decref(v.said);
	return code;
}

const struct opt backup_verify_options[] = {
	{ .name = "file", .arg = "PATH", .help = "this archive" },
	{ .name = NULL },
};
