#include "dump/dump.h"

#include "base/instant.h"
#include "dump/files.h"
#include "dump/pass.h"
#include "dump/sniff.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ROW ((uint64_t)1 << 30)

const char *dump_format_word(enum dump_format format)
{
	static const char *const words[] = {
		[DUMP_CUSTOM] = "custom", [DUMP_DIRECTORY] = "directory", [DUMP_TAR] = "tar",
		[DUMP_PLAIN] = "plain",
	};

	return words[format];
}

const char *dump_codec_word(enum dump_codec codec)
{
	static const char *const words[] = {
		[DUMP_NONE] = "none", [DUMP_GZIP] = "gzip", [DUMP_LZ4] = "lz4", [DUMP_ZSTD] = "zstd",
	};

	return words[codec];
}

static const struct {
	bool (*open)(struct dump *dump, struct diag *d);
	bool (*walk)(struct pass *p, struct out *out, struct diag *d);	/* NULL: directory */
} formats[] = {
	[DUMP_CUSTOM] = { custom_open, custom_walk },
	[DUMP_DIRECTORY] = { directory_open, NULL },
	[DUMP_TAR] = { tar_open, tar_walk },
	[DUMP_PLAIN] = { plain_open, plain_walk },
};

static struct dump *new_dump(const char *path, const struct dump_limits *limits)
{
	struct arena *a = arena_new();
	struct dump *dump = arena_alloc(a, sizeof(*dump));

	dump->impl = arena_alloc(a, sizeof(*dump->impl));
	dump->impl->arena = a;
	dump->impl->fd = -1;
	dump->impl->max_row = limits && limits->max_row ? limits->max_row : MAX_ROW;
	dump->path = arena_strdup(a, path);
	dump->database = dump->server_version = dump->dump_version = dump->encoding = "";
	dump->created = INSTANT_MINUS_INFINITY;
	dump->level = -1;
	dump->std_strings = true;
	return dump;
}

void dump_free(struct dump *dump)
{
	toc_done(&dump->impl->toc);
	if (dump->impl->fd >= 0)
		close(dump->impl->fd);
	arena_free(dump->impl->arena);
}

/* O_NONBLOCK: a pipe of that name must not halt us. */
static bool open_path(struct dump *dump, struct diag *d)
{
	struct stat st;

	dump->impl->fd = open(dump->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (dump->impl->fd < 0 || fstat(dump->impl->fd, &st) != 0)
		return dump_fail_io(d, dump->path, "opened");
	if (S_ISDIR(st.st_mode)) {
		dump->format = DUMP_DIRECTORY;
		return true;
	}
	if (!S_ISREG(st.st_mode))
		return dump_fail(d, dump->path, "expected a file or a directory, found a device, pipe or socket");
	return sniff_file(dump, d);
}

bool dump_open(const char *path, const struct dump_limits *limits, struct dump **ret, struct diag *d)
{
	AUTO(dump_free_auto) struct dump *dump = new_dump(path, limits);

	if (!open_path(dump, d) || !formats[dump->format].open(dump, d) ||
	    !columns_complete(dump, (struct dump_entry *)(uintptr_t)dump->entries, d))
		return false;
	*ret = STEAL(dump);
	return true;
}

/* ---- passes ---- */

static bool walk(struct pass *p, struct out *out, const char *path, struct diag *d)
{
	if (!pass_start(p, d))
		return false;
	if (p->dump->format == DUMP_DIRECTORY)
		return directory_walk(p, path, d);
	return formats[p->dump->format].walk(p, out, d);
}

static bool run(struct dump *dump, const struct dump_calls *calls, struct dump_count *counts, bool deep,
		struct out *out, const char *path, struct diag *d)
{
	AUTO(auto_free) struct dump_count *own = counts ? NULL : xcalloc(dump->nentries + 1, sizeof(*own));
	struct pass p;
	bool ok;

	pass_init(&p, dump, calls, counts ? counts : own, path != NULL);
	p.deep = deep;
	ok = walk(&p, out, path, d);
	pass_done(&p);
	return ok;
}

bool dump_scan(struct dump *dump, const struct dump_calls *calls, struct dump_count *counts,
	       struct diag *d)
{
	return run(dump, calls, counts, false, NULL, NULL, d);
}

bool dump_verify(struct dump *dump, struct dump_count *counts, struct diag *d)
{
	static const struct dump_calls nothing;

	return run(dump, &nothing, counts, true, NULL, NULL, d);
}

/* ---- a new file ---- */

struct wrap {
	struct sink sink;		/* what is put here … */
	struct encoder *enc;
	struct out *file;		/* … goes here encoded */
};

static bool wrap_put(struct sink *s, const void *bytes, size_t n, struct diag *d)
{
	struct wrap *w = (struct wrap *)s;

	return encoder_put(w->enc, bytes, n, &w->file->sink, d);
}

static bool write_wrapped(struct dump *dump, const struct dump_calls *calls, struct dump_count *counts,
			  struct out *file, struct diag *d)
{
	AUTO(encoder_free_auto) struct encoder *enc = encoder_new(dump->wrapper, FRAME_WRAPPER, calls->level);
	struct wrap wrap = { { wrap_put }, enc, file };
	struct out out;

	out_sink(&out, file->path, &wrap.sink);
	return run(dump, calls, counts, false, &out, file->path, d) && encoder_end(enc, &file->sink, d);
}

static bool write_file(struct dump *dump, const char *path, int fd, const struct dump_calls *calls,
		       struct dump_count *counts, struct diag *d)
{
	struct out out;
	bool ok;

	out_file(&out, path, fd);
	ok = (dump->wrapper == DUMP_NONE ? run(dump, calls, counts, false, &out, path, d) :
	      write_wrapped(dump, calls, counts, &out, d)) && out_sync(&out, d);
	out_done(&out);
	return ok;
}

static bool write_directory(struct dump *dump, const char *out, const struct dump_calls *calls,
			    struct dump_count *counts, struct diag *d)
{
	if (mkdir(out, 0700) != 0)
		return dump_fail_io(d, out, "created");
	if (run(dump, calls, counts, false, NULL, out, d))
		return true;
	/* the first failure is what is told */
	(void)!files_remove(out, &(struct diag)DIAG_INIT);
	return false;
}

bool dump_rewrite(struct dump *dump, const char *out, const struct dump_calls *calls,
		  struct dump_count *counts, struct diag *d)
{
	int fd;
	bool ok;

	if (dump->format == DUMP_DIRECTORY)
		return write_directory(dump, out, calls, counts, d);
	fd = open(out, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return dump_fail_io(d, out, "created");
	ok = write_file(dump, out, fd, calls, counts, d);
	if (close(fd) != 0 && ok)
		ok = dump_fail_io(d, out, "written");
	if (!ok)
		unlink(out);
	return ok;
}
