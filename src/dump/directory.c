/* Directory archives: toc.dat, one file for each entry with data, lists of large objects and one file
 * for each of them. */
#include "dump/pass.h"

#include "dump/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct dir_file {
	const char *name;
	bool known;
};

static const struct {
	const char *suffix;
	enum dump_codec codec;
} suffixes[] = {
	{ "", DUMP_NONE }, { ".gz", DUMP_GZIP }, { ".lz4", DUMP_LZ4 }, { ".zst", DUMP_ZSTD },
};

/* ---- names ---- */

static int by_name(const void *a, const void *b)
{
	const struct dir_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct dir_file *find(const struct dump *dump, const char *name)
{
	struct dir_file key = { name, false };

	return dump->impl->nfiles ? bsearch(&key, dump->impl->files, dump->impl->nfiles, sizeof(key), by_name) :
	       NULL;
}

/* The file that `bare` stands for, and its codec. */
static bool resolve(const struct dump *dump, const char *bare, struct dir_file **ret, enum dump_codec *codec,
		    struct diag *d)
{
	*ret = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char name[512];
		struct dir_file *f;

		if (snprintf(name, sizeof(name), "%s%s", bare, suffixes[i].suffix) >= (int)sizeof(name))
			break;
		f = find(dump, name);
		if (f && *ret)
			return dump_fail(d, dump->path, "expected one file for %s, found %s and %s", bare, (*ret)->name,
					 f->name);
		if (f) {
			*ret = f;
			*codec = suffixes[i].codec;
		}
	}
	return *ret || dump_fail(d, dump->path, "expected the file %s (or .gz, .lz4, .zst), found none: the archive "
				 "is not whole", bare);
}

static bool list_one(struct dump *dump, int fd, const char *name, struct diag *d)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return dump_fail_io(d, dump->path, "read");
	return S_ISREG(st.st_mode) ||
	       dump_fail(d, dump->path, "expected files, found the folder, link or device %s", name);
}

static bool list(struct dump *dump, struct diag *d)
{
	VEC(struct dir_file) files = { NULL, 0, 0 };
	int fd = openat(dump->impl->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;
	bool ok = true;

	if (!dir)
		return dump_fail_io(d, dump->path, "read");
	while (ok && (errno = 0, de = readdir(dir))) {
		if (streq(de->d_name, ".") || streq(de->d_name, ".."))
			continue;
		vec_push(dump->impl->arena, &files,
			 ((struct dir_file){ arena_strdup(dump->impl->arena, de->d_name), false }));
		if (streq(de->d_name, "toc.glo") || streq(de->d_name, "map.dat"))
			ok = dump_fail(d, dump->path, "expected an archive of one database, found one of a whole cluster "
				       "(pg_dumpall); not touched");
		else
			ok = list_one(dump, fd, de->d_name, d);
	}
	if (ok && errno)
		ok = dump_fail_io(d, dump->path, "read");
	closedir(dir);
	dump->impl->files = files.v;
	dump->impl->nfiles = files.n;
	if (files.n)
		qsort(files.v, files.n, sizeof(*files.v), by_name);
	return ok;
}

static int open_file(const struct dump *dump, const char *name, struct diag *d)
{
	int fd = openat(dump->impl->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		dump_fail(d, dump->path, "%s could not be opened: %s", name, strerror(errno));
	return fd;
}

/* ---- large objects ---- */

typedef bool each_object(void *ctx, uint32_t oid, const char *bare, struct diag *d);

/* One line: OID blob_OID.dat */
static bool object_line(const struct dump *dump, char *line, each_object *fn, void *ctx, struct diag *d)
{
	char want[40], *end;
	unsigned long oid;

	errno = 0;
	oid = *line >= '1' && *line <= '9' ? strtoul(line, &end, 10) : 0;
	snprintf(want, sizeof(want), "blob_%lu.dat", oid);
	if (oid == 0 || errno || oid > UINT32_MAX || *end != ' ' || !streq(end + 1, want))
		return dump_fail(d, dump->path, "expected lines like \"16384 blob_16384.dat\" in the list of large "
				 "objects, found another one");
	return fn(ctx, (uint32_t)oid, want, d);
}

static bool each_line(const struct dump *dump, int fd, each_object *fn, void *ctx, struct diag *d)
{
	struct in in;
	char line[64];
	size_t n = 0;
	bool ok = true, end = false;

	in_file(&in, dump->path, fd);
	while (ok && (ok = in_at_end(&in, &end, d)) && !end) {
		ok = in_get(&in, &line[n], 1, "a list of large objects", d);
		if (ok && line[n] == '\n') {
			line[n] = '\0';
			n = 0;
			ok = object_line(dump, line, fn, ctx, d);
		} else if (ok && ++n == sizeof(line) - 1) {
			ok = dump_fail(d, dump->path, "a line in the list of large objects is too long");
		}
	}
	if (ok && n)
		ok = dump_fail(d, dump->path, "the list of large objects ends inside a line; it is cut off");
	in_done(&in);
	return ok;
}

/* Up to 1.15 the list is blobs.toc whatever the entry says. */
static const char *list_name(const struct dump *dump, const struct dump_entry *e)
{
	return dump->minor >= 16 ? e->file : "blobs.toc";
}

static bool each_object_of(const struct dump *dump, const struct dump_entry *e, each_object *fn, void *ctx,
			   struct diag *d)
{
	int fd = open_file(dump, list_name(dump, e), d);
	bool ok = fd >= 0 && each_line(dump, fd, fn, ctx, d);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* ---- opening ---- */

static bool mark(struct dump *dump, const char *bare, struct diag *d)
{
	struct dir_file *f;
	enum dump_codec codec;

	if (!resolve(dump, bare, &f, &codec, d))
		return false;
	if (f->known)
		return dump_fail(d, dump->path, "two entries name the file %s", bare);
	f->known = true;
	return true;
}

static bool mark_object(void *ctx, uint32_t oid, const char *bare, struct diag *d)
{
	(void)oid;
	return mark(ctx, bare, d);
}

static bool mark_entry(struct dump *dump, const struct dump_entry *e, struct diag *d)
{
	struct dir_file *f;

	if (e->kind != DUMP_BLOBS)
		return mark(dump, e->file, d);
	f = find(dump, list_name(dump, e));
	if (!f || f->known)
		return dump_fail(d, dump->path, f ? "two entries name the file %s" :
				 "expected the file %s, found none: the archive is not whole", list_name(dump, e));
	f->known = true;
	return each_object_of(dump, e, mark_object, dump, d);
}

static void collect_extras(struct dump *dump)
{
	VEC(const char *) extras = { NULL, 0, 0 };

	for (size_t i = 0; i < dump->impl->nfiles; i++)
		if (!dump->impl->files[i].known)
			vec_push(dump->impl->arena, &extras, dump->impl->files[i].name);
	dump->extras = extras.v;
	dump->nextras = extras.n;
}

static bool read_toc(struct dump *dump, struct diag *d)
{
	struct dir_file *f = find(dump, "toc.dat");
	struct in in;
	bool ok, end;
	int fd;

	if (!f)
		return dump_fail(d, dump->path, "expected a directory archive of pg_dump, found no toc.dat; not touched");
	f->known = true;
	fd = open_file(dump, "toc.dat", d);
	if (fd < 0)
		return false;
	in_file(&in, arena_printf(dump->impl->arena, "%s/toc.dat", dump->path), fd);
	ok = toc_read(&dump->impl->toc, &in, false, dump, dump->impl->arena, d) && in_at_end(&in, &end, d) &&
	     (end || in_fail(&in, d, "bytes stand behind the table of contents"));
	in_done(&in);
	close(fd);
	return ok;
}

bool directory_open(struct dump *dump, struct diag *d)
{
	if (!list(dump, d) || !read_toc(dump, d))
		return false;
	for (size_t i = 0; i < dump->nentries; i++) {
		const struct dump_entry *e = &dump->entries[i];

		if (e->has_data && !mark_entry(dump, e, d)) {
			dump_where(d, 0, e);
			return false;
		}
	}
	collect_extras(dump);
	return true;
}

/* ---- a pass ---- */

struct walk {
	struct pass *p;
	const char *path;		/* of the new directory; NULL: read only */
	int to;				/* its descriptor */
	size_t i;			/* entry at hand */
};

static bool link_file(struct walk *w, const char *name, struct diag *d)
{
	return !w->path || files_link(w->p->dump->impl->fd, name, w->to, w->path, d);
}

/* What becomes of one file: `from` decoded, the new one in `out`. */
typedef bool treat_file(struct walk *w, struct decoder *dec, struct source *from, struct encoder *enc,
			struct sink *to, struct diag *d);

static bool treat_rows(struct walk *w, struct decoder *dec, struct source *from, struct encoder *enc,
		       struct sink *to, struct diag *d)
{
	bool enough;

	return pass_rows(w->p, w->i, dec, from, TAIL_ARCHIVE, enc, to, &enough, d);
}

static bool treat_object(struct walk *w, struct decoder *dec, struct source *from, struct encoder *enc,
			 struct sink *to, struct diag *d)
{
	return enc ? encoder_end(enc, to, d) : pass_drain(w->p, w->i, dec, from, d);
}

static bool in_next(struct source *s, const uint8_t **ret, size_t *ret_n, struct diag *d)
{
	struct part *p = (struct part *)s;

	return in_piece(p->in, SIZE_MAX, ret, ret_n, d);
}

static bool convert(struct walk *w, int from, int to, const char *path, enum dump_codec codec, treat_file *fn,
		    struct diag *d)
{
	struct decoder *dec = decoder_new(path, codec, FRAME_FILE);
	struct encoder *enc = to < 0 ? NULL : encoder_new(codec, FRAME_FILE, pass_level(w->p));
	struct part part = { .source = { in_next } };
	struct in in;
	struct out out;
	bool ok;

	in_file(&in, path, from);
	in.calls = w->p->calls;
	part.in = &in;
	out_file(&out, path, to);
	ok = fn(w, dec, &part.source, enc, &out.sink, d) && (!enc || out_sync(&out, d));
	if (!ok)
		dump_where(d, in.pos, &w->p->dump->entries[w->i]);
	if (enc)
		encoder_free(enc);
	out_done(&out);
	in_done(&in);
	decoder_free(dec);
	return ok;
}

static bool treat(struct walk *w, const char *bare, treat_file *fn, struct diag *d)
{
	const struct dump *dump = w->p->dump;
	AUTO(auto_free) char *path = NULL;
	struct dir_file *f;
	enum dump_codec codec;
	int from, to = -1;
	bool ok;

	if (!resolve(dump, bare, &f, &codec, d) || (from = open_file(dump, f->name, d)) < 0)
		return false;
	if (asprintf(&path, "%s/%s", dump->path, f->name) < 0)
		BUG_ON("out of memory");
	if (w->path)
		to = openat(w->to, f->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = (!w->path || to >= 0 || dump_fail_io(d, path, "created")) &&
	     convert(w, from, to, path, codec, fn, d) &&
	     (to < 0 || files_copy_attributes(from, to, path, d));
	close(from);
	if (to >= 0)
		close(to);
	return ok;
}

static bool link_bare(struct walk *w, const char *bare, struct diag *d)
{
	struct dir_file *f;
	enum dump_codec codec;

	return resolve(w->p->dump, bare, &f, &codec, d) && link_file(w, f->name, d);
}

static bool one_object(void *ctx, uint32_t oid, const char *bare, struct diag *d)
{
	struct walk *w = ctx;
	bool keep;

	if (!pass_object(w->p, w->i, oid, &keep, d))
		return false;
	if (!w->path)
		return !pass_decodes(w->p, w->i) || treat(w, bare, treat_object, d);
	return keep ? link_bare(w, bare, d) : treat(w, bare, treat_object, d);
}

static bool walk_entry(struct walk *w, const struct dump_entry *e, struct diag *d)
{
	if (e->kind == DUMP_BLOBS)
		return link_file(w, list_name(w->p->dump, e), d) &&
		       each_object_of(w->p->dump, e, one_object, w, d);
	if (!pass_decodes(w->p, w->i))
		return link_bare(w, e->file, d);
	return treat(w, e->file, e->kind == DUMP_ROWS ? treat_rows : treat_object, d);
}

static bool write_toc(struct walk *w, struct diag *d)
{
	const struct dump *dump = w->p->dump;
	bool omit = false, ok;
	struct out out;
	int from, to;

	for (size_t i = 0; i < dump->nentries; i++)
		omit |= w->p->treat[i] == DUMP_OMIT;
	if (!omit)
		return link_file(w, "toc.dat", d);
	from = open_file(dump, "toc.dat", d);
	if (from < 0)
		return false;
	to = openat(w->to, "toc.dat", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	out_file(&out, w->path, to);
	ok = (to >= 0 || dump_fail_io(d, w->path, "written")) &&
	     toc_write(&dump->impl->toc, dump, w->p->treat, &out, NULL, d) && out_sync(&out, d) &&
	     files_copy_attributes(from, to, w->path, d);
	out_done(&out);
	close(from);
	if (to >= 0)
		close(to);
	return ok;
}

static bool walk(struct walk *w, struct diag *d)
{
	const struct dump *dump = w->p->dump;

	for (w->i = 0; w->i < dump->nentries; w->i++)
		if (dump->entries[w->i].has_data && !walk_entry(w, &dump->entries[w->i], d)) {
			dump_where(d, 0, &dump->entries[w->i]);
			return false;
		}
	if (!w->path)
		return true;
	for (size_t i = 0; i < dump->nextras; i++)
		if (!link_file(w, dump->extras[i], d))
			return false;
	return write_toc(w, d) && (fsync(w->to) == 0 || dump_fail_io(d, w->path, "written"));
}

bool directory_walk(struct pass *p, const char *out, struct diag *d)
{
	struct walk w = { .p = p, .path = out, .to = -1 };
	bool ok;

	if (out) {
		w.to = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (w.to < 0)
			return dump_fail_io(d, out, "opened");
	}
	ok = walk(&w, d);
	if (w.to >= 0)
		close(w.to);
	return ok;
}
