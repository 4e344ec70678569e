/* The copy is a folder (0700) with one file of JSON lines a table (0600) and a list of them. It is written
 * beside its place and takes its name when it is whole; rows stream, in bounded memory. */
#include "cmd/request_export.h"

#include "base/log.h"
#include "cmd/connect.h"
#include "cmd/erasure_run.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "plan/export.h"
#include "report/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
	struct erasure e;
	struct erasure_request *r;
	const char *path, *temp;	/* temp NULL: nothing is there yet */
	int dir, fd;
	struct strbuf out;		/* of the file in hand */
	const char *file;
	int64_t rows, all;
	json_t *tables;
};

static bool io_failed(const char *what, const char *path, struct diag *d)
{
	diag_fail(d, DIAG_GUARD, "%s %s: %s", what, path, strerror(errno));
	return false;
}

/* ---- files ---- */

static bool write_all(struct copy *k, const char *bytes, size_t n, struct diag *d)
{
	while (n) {
		ssize_t w = write(k->fd, bytes, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return io_failed("can't write", k->file, d);
		bytes += w;
		n -= (size_t)w;
	}
	return true;
}

static bool file_open(struct copy *k, const char *name, struct diag *d)
{
	k->file = name;
	k->rows = 0;
	k->fd = openat(k->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return k->fd >= 0 || io_failed("can't make", name, d);
}

static bool file_close(struct copy *k, struct diag *d)
{
	bool ok = write_all(k, strbuf_str(&k->out), k->out.len, d) &&
		(fsync(k->fd) == 0 || io_failed("can't sync", k->file, d));

	strbuf_reset(&k->out);
	close(k->fd);
	k->fd = -1;
	return ok;
}

static bool row_line(void *arg, const PGresult *row, struct diag *d)
{
	struct copy *k = arg;

	if (PQgetisnull(row, 0, 0))
		return true;			/* of a shared row nothing is theirs to see */
	strbuf_add(&k->out, PQgetvalue(row, 0, 0), (size_t)PQgetlength(row, 0, 0));
	strbuf_addc(&k->out, '\n');
	k->rows++;
	if (k->out.len < 65536)
		return true;
	if (!write_all(k, strbuf_str(&k->out), k->out.len, d))
		return false;
	strbuf_reset(&k->out);
	return true;
}

/* shop.orders.jsonl, shop.orders.quarantined.jsonl; what a file's name does not take becomes _, and a number tells equal ones apart. */
static const char *file_name(struct copy *k, const struct plan_export *t, size_t i)
{
	char *name = arena_printf(k->e.a, "%s%s.jsonl", t->table, t->quarantined ? ".quarantined" : "");
	bool plain = strlen(name) < 200;

	for (char *s = name; *s; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '_' || *s == '.')
			continue;
		*s = '_';
		plain = false;
	}
	return plain ? name : arena_printf(k->e.a, "%zu-%.180s", i + 1, name);
}

static bool table_write(struct copy *k, const struct plan_export *t, size_t i, struct diag *d)
{
	const char *name = file_name(k, t, i);
	json_t *o;

	if (!file_open(k, name, d))
		return false;
	if (!conn_each(k->e.conn, t->sql, (struct params){ t->params.n, t->params.types, t->params.values }, row_line, k,
		       d)) {
		close(k->fd);
		k->fd = -1;
		return false;
	}
	if (!file_close(k, d))
		return false;
	o = json_object();
	json_put(o, "table", json_text(t->table));
	json_put(o, "quarantined", json_boolean(t->quarantined));
	json_put(o, "file", json_text(name));
	json_put(o, "rows", json_count(k->rows));
	json_add(k->tables, o);
	k->all += k->rows;
	return true;
}

static json_t *summary(struct copy *k)
{
	json_t *o = json_object();

	json_put(o, "schema", json_text("pgretain.export/1"));
	json_put(o, "request", json_text(k->r->id));
	json_put(o, "database", json_text(k->e.db->name));
	json_put(o, "rows", json_count(k->all));
	json_put(o, "tables", json_incref(k->tables));
	return o;
}

static bool list_write(struct copy *k, struct diag *d)
{
	json_t *o = summary(k);

	json_render(&k->out, o, true);
	json_decref(o);
	return file_open(k, "export.json", d) && file_close(k, d);
}

/* ---- the folder ---- */

static bool folder_open(struct copy *k, struct diag *d)
{
	struct stat st;
	size_t n = strlen(k->path);

	while (n > 1 && k->path[n - 1] == '/')
		n--;
	k->path = arena_strndup(k->e.a, k->path, n);
	if (lstat(k->path, &st) == 0) {
		diag_fail(d, DIAG_USAGE, "--output %s exists: a copy is never written over something", k->path);
		diag_hint(d, "name a folder that is not there yet");
		return false;
	}
	k->temp = arena_printf(k->e.a, "%s.part.%ld", k->path, (long)getpid());
	if (mkdir(k->temp, 0700) != 0) {
		k->temp = NULL;
		return io_failed("can't make", k->path, d);
	}
	k->dir = open(k->temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return k->dir >= 0 || io_failed("can't open", k->temp, d);
}

static void folder_drop(struct copy *k)
{
	DIR *dir = k->temp ? opendir(k->temp) : NULL;

	for (struct dirent *f; dir && (f = readdir(dir));)
		if (!streq(f->d_name, ".") && !streq(f->d_name, ".."))
			unlinkat(dirfd(dir), f->d_name, 0);
	if (dir)
		closedir(dir);
	if (k->temp)
		rmdir(k->temp);
	k->temp = NULL;
}

/* Never over something that came meanwhile: rename() would take an empty folder. */
static bool folder_commit(struct copy *k, struct diag *d)
{
	if (fsync(k->dir) != 0 || renameat2(AT_FDCWD, k->temp, AT_FDCWD, k->path, RENAME_NOREPLACE) != 0)
		return io_failed("can't put the copy in its place", k->path, d);
	k->temp = NULL;
	return true;
}

/* ---- may it be given out? ---- */

static bool verified(const struct erasure_request *r)
{
	static const enum request_state good[] = {
		REQUEST_VERIFIED, REQUEST_ASSESSED, REQUEST_AWAITING_APPROVAL, REQUEST_APPROVED, REQUEST_AWAITING_FEE,
		REQUEST_REOPENED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (r->state == good[i])
			return true;
	return r->kind == REQUEST_KIND_ACCESS && r->state == REQUEST_COMPLETED;
}

static bool unerased(struct copy *k, struct diag *d)
{
	const struct erasure_request *r = k->r;
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(k->e.conn, sqltext_get("query/export_erased"), &res, d, r->id))
		return false;
	if (PQntuples(res) || r->executed) {
		diag_fail(d, DIAG_GUARD, "request %s: the person was erased by request %s, and there is no copy after that",
			  r->id, PQntuples(res) ? res_text(res, 0, 0) : r->id);
		diag_hint(d, "pgretain request certificate tells what was done");
		return false;
	}
	return true;
}

static bool locked(struct copy *k, struct diag *d)
{
	if (!erasure_lock(&k->e, d))
		return false;
	return k->r->locked || diag_fail(d, DIAG_GUARD, "another command works on request %s", k->r->id);
}

static bool allowed(struct copy *k, struct diag *d)
{
	const struct erasure_request *r = k->r;

	if (!locked(k, d) || !unerased(k, d))
		return false;
	if (verified(r) && r->key)
		return true;
	diag_fail(d, DIAG_GUARD, "request %s is %s: a copy is given to a person who was verified", r->id,
		  request_state_word(r->state));
	diag_hint(d, "pgretain request verify %s --evidence REF", r->id);
	return false;
}

/* ---- all of it ---- */

static bool people(struct copy *k, struct subject_set *s, struct diag *d)
{
	subject_set_init(s, k->e.a, k->e.ctx->policy);
	if (!subject_set_add(s, k->r->type, k->r->key))
		return diag_fail(d, DIAG_CONFIG, "request %s is of subject type \"%s\", which the configuration does not know",
				 k->r->id, k->r->type);
	return subject_set_identify(k->e.conn, s, d);
}

static bool tables_write(struct copy *k, struct diag *d)
{
	struct plan_export *list;
	struct subject_set s;
	size_t n;

	/* an erasure has begun before its first row goes: what this snapshot does not show of it, it does not lack */
	if (!people(k, &s, d) || !plan_export(k->e.conn, k->e.a, k->e.ctx->policy, k->e.db, &s, &n, &list, d) ||
	    !conn_do(k->e.conn, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NO_PARAMS, d) || !unerased(k, d))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!table_write(k, &list[i], i, d))
			return false;
	return conn_do(k->e.conn, "COMMIT", NO_PARAMS, d) && list_write(k, d);
}

/* The entry, and where a copy was all that was asked for, the answer. The folder gets its name when they stand: there is no
 * copy that the ledger does not know. */
static bool finish(struct copy *k, struct diag *d)
{
	struct ledger_entry entry = { .kind = "request", .run = k->r->id, .action = "export", .rows = k->all,
		.actor = k->e.ctx->actor };
	bool answers = k->r->kind == REQUEST_KIND_ACCESS && k->r->state == REQUEST_VERIFIED;

	return conn_do(k->e.conn, "BEGIN", NO_PARAMS, d) && ledger_append(k->e.conn, &entry, d) &&
		(!answers || erasure_move(&k->e, k->r, REQUEST_ON_ANSWER, REQUEST_COMPLETED, NULL, NULL, d)) &&
		conn_do(k->e.conn, "COMMIT", NO_PARAMS, d) && folder_commit(k, d) &&
		ctx_export(k->e.ctx, k->e.conn, d);
}

static bool export(struct copy *k, struct diag *d)
{
	return allowed(k, d) && folder_open(k, d) && tables_write(k, d) && finish(k, d);
}

static void said(struct copy *k)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *o;

	log_event(LOG_LEVEL_INFO, "request.export", LOG_S("request", k->r->id), LOG_I("rows", k->all));
	if (k->e.ctx->format == FORMAT_JSON) {
		o = summary(k);
		json_put(o, "output", json_text(k->path));
		json_put(o, "exit", json_count(EXIT_DONE));
		ctx_print_json(k->e.ctx, o);
		return;
	}
	strbuf_addf(&sb, "%lld row(s) of %zu table(s) in %s\n", (long long)k->all, json_array_size(k->tables), k->path);
	ctx_print(k->e.ctx, &sb);
}

int request_export(struct ctx *ctx, int argc, char **argv)
{
	struct copy k = { .path = opts_text(&ctx->opts, "output"), .dir = -1, .fd = -1, .out = STRBUF_INIT };
	struct diag d = DIAG_INIT;
	AUTO_CONN *c = NULL;
	bool ok;

	if (!k.path)
		return ctx_usage(ctx, "--output is missing: the folder that the copy is written to");
	c = ctx_connect(ctx, false);
	if (!c)
		return EXIT_REFUSED;
	if (!ledger_require(c, ctx_replay_log(ctx), &d) || !erasure_open(&k.e, ctx, c, &d) ||
	    !erasure_load(&k.e, (const char *const *)argv, (size_t)argc, &d)) {
		ctx_fail(ctx, &d);
		return EXIT_REFUSED;
	}
	k.r = &k.e.requests.v[0];
	k.tables = json_array();
	ok = export(&k, &d);
	if (ok)
		said(&k);
	else
		ctx_fail(ctx, &d);
	folder_drop(&k);
	if (k.dir >= 0)
		close(k.dir);
	json_decref(k.tables);
	strbuf_done(&k.out);
	return ok ? EXIT_DONE : EXIT_REFUSED;
}
