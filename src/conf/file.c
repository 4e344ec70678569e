#include "conf/file.h"

#include "base/digest.h"
#include "conf/utf8.h"

#include <errno.h>
#include <glob.h>
#include <sys/stat.h>

/* More than any configuration; what is larger is something else. */
#define FILE_MAX (4u * 1024 * 1024)

/* NULL, or what is wrong. */
static const char *read_text(const char *path, struct strbuf *text)
{
	char block[4096];
	struct stat st;
	size_t n;
	FILE *f = fopen(path, "re");
	const char *why = NULL;

	if (!f)
		return strerror(errno);
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
		why = "it is a folder";
	while (!why && (n = fread(block, 1, sizeof(block), f)) > 0) {
		strbuf_add(text, block, n);
		if (text->len > FILE_MAX)
			why = "it is larger than 4 MB";
	}
	if (!why && ferror(f))
		why = strerror(errno);
	fclose(f);
	if (!why && strlen(strbuf_str(text)) != text->len)
		why = "it holds a zero byte, so it is no text";
	return why;
}

static void report_faults(struct conf_reader *r, const struct conf_file *f)
{
	for (size_t i = 0; i < f->src.faults.n; i++) {
		const struct source_fault *fault = &f->src.faults.v[i];

		conf_wrong(r, (struct srcloc){ f->path, fault->line }, fault->hint, "%s",
			   fault->message);
	}
}

static void report_syntax(struct conf_reader *r, const struct conf_file *f)
{
	const char *text = config_error_text(&f->cfg);
	const char *hint = "look at this line and the one above: a missing ;, =, quote or bracket";

	if (text && strstr(text, "mismatched"))
		hint = "an [ array ] holds values of one kind; write a ( list )";
	conf_wrong(r, (struct srcloc){ f->path, config_error_line(&f->cfg) }, hint,
		   "%s, the rest of the file was not read", text ? text : "syntax error");
}

static void parse(struct conf_reader *r, struct conf_file *f, const char *text)
{
	source_scan(&f->src, r->arena, f->path, text);
	report_faults(r, f);
	if (f->src.unreadable)
		return;
	if (config_read_string(&f->cfg, strbuf_str(&f->src.text)) != CONFIG_TRUE)
		report_syntax(r, f);
	else if (!source_attach(&f->src, config_root_setting(&f->cfg)))
		conf_wrong(r, (struct srcloc){ f->path, 0 }, NULL, "it can't be read reliably");
	else
		f->loaded = true;
}

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(a, path, (size_t)(slash - path) + 1) : "";
}

/* Names without their folders: the same files elsewhere are the same configuration. */
static void count_in(struct conf_reader *r, const char *path, const struct strbuf *text)
{
	const char *slash = strrchr(path, '/');
	char digest[DIGEST_TEXT];
	AUTO_STRBUF sb = STRBUF_INIT;

	digest_text(strbuf_str(text), text->len, digest);
	strbuf_addf(&sb, "%s%s %s\n", r->policy->digest ? r->policy->digest : "", slash ? slash + 1 : path, digest);
	digest_text(strbuf_str(&sb), sb.len, digest);
	r->policy->digest = arena_strdup(r->arena, digest);
}

static struct conf_file *file_known(const struct conf_reader *r, const char *path,
				    const struct stat *st)
{
	for (size_t i = 0; i < r->files.n; i++) {
		struct conf_file *f = r->files.v[i];

		if (streq(f->path, path) ||
		    (st->st_ino && f->inode == st->st_ino && f->device == st->st_dev))
			return f;
	}
	return NULL;
}

struct conf_file *conf_file_open(struct conf_reader *r, const char *path,
				 const config_setting_t *by)
{
	AUTO_STRBUF text = STRBUF_INIT;
	struct conf_file *f;
	struct stat st = { 0 };
	const char *why;

	if (stat(path, &st) != 0)
		st = (struct stat){ 0 };
	f = file_known(r, path, &st);
	if (f)
		return f;
	f = arena_alloc(r->arena, sizeof(*f));
	f->path = arena_strdup(r->arena, path);
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->dir = folder_of(r->arena, f->path);
	config_init(&f->cfg);
	vec_push(r->arena, &r->files, f);
	why = read_text(path, &text);
	if (!why) {
		count_in(r, f->path, &text);
		parse(r, f, strbuf_str(&text));
	} else if (by) {
		conf_bad(r, by, NULL, "%s can't be read: %s", path, why);
	} else {
		conf_wrong(r, (struct srcloc){ f->path, 0 },
			   "name it with --config FILE or $PGRETAIN_CONFIG",
			   "the configuration can't be read: %s", why);
	}
	return f;
}

void conf_files_done(struct conf_reader *r)
{
	for (size_t i = 0; i < r->files.n; i++) {
		config_destroy(&r->files.v[i]->cfg);
		source_done(&r->files.v[i]->src);
	}
}

/* ---- folders and patterns ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted by bytes: the order must not depend on the locale. */
static bool expand_pattern(struct conf_reader *r, const char *pattern, struct conf_paths *ret)
{
	glob_t g;
	int rc = glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &g);

	for (size_t i = 0; rc == 0 && i < g.gl_pathc; i++)
		vec_push(r->arena, ret, arena_strdup(r->arena, g.gl_pathv[i]));
	globfree(&g);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return rc == 0 || rc == GLOB_NOMATCH;
}

/* A folder's own name is no pattern. */
static const char *folder_pattern(struct conf_reader *r, const char *folder)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (const char *p = folder; *p; p++) {
		if (strchr("*?[\\", *p))
			strbuf_addc(&sb, '\\');
		strbuf_addc(&sb, *p);
	}
	strbuf_adds(&sb, folder[strlen(folder) - 1] == '/' ? "*.cfg" : "/*.cfg");
	return arena_strdup(r->arena, strbuf_str(&sb));
}

bool conf_paths_expand(struct conf_reader *r, const struct conf_wanted *want,
		       struct conf_paths *ret)
{
	struct stat st;
	bool there = stat(want->path, &st) == 0, ok = true;

	*ret = (struct conf_paths){ NULL, 0, 0 };
	r->file = want->file;
	if (there && S_ISDIR(st.st_mode)) {
		ok = expand_pattern(r, folder_pattern(r, want->path), ret);
	} else if (!there && strpbrk(want->path, "*?[")) {
		ok = expand_pattern(r, want->path, ret);
		if (ok && !ret->n)
			return conf_bad(r, want->by, "a file, a folder or a pattern",
					"no file matches %s", want->path);
	} else {
		vec_push(r->arena, ret, want->path);
	}
	return ok || conf_bad(r, want->by, "a file, a folder or a pattern", "%s can't be listed",
			      want->path);
}
