#include "dump/sidefile.h"

#include "dump/files.h"
#include "dump/io.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_TEXT (1024 * 1024)

static const struct {
	const char *algorithm, *suffix, *list;
} kinds[] = {
	{ "sha256", ".sha256", "SHA256SUMS" }, { "sha256", ".sha256sum", NULL },
	{ "sha512", ".sha512", "SHA512SUMS" }, { "sha512", ".sha512sum", NULL },
	{ "sha1", ".sha1", "SHA1SUMS" }, { "sha1", ".sha1sum", NULL },
	{ "md5", ".md5", "MD5SUMS" }, { "md5", ".md5sum", NULL },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *dump_temp_name(const char *path)
{
	const char *base = base_name(path);
	char *name = NULL;

	BUG_ON(asprintf(&name, "%.*s.%s%s", (int)(base - path), path, base, DUMP_TEMP_SUFFIX) < 0);
	return name;
}

void sidefiles_done(struct sidefiles *s)
{
	for (size_t i = 0; i < s->files.n; i++)
		free(s->files.v[i].text);
	if (s->arena)
		arena_free(s->arena);
	*s = (struct sidefiles){ .arena = NULL };
}

/* ---- checksums ---- */

#define HEX (2 * EVP_MAX_MD_SIZE + 1)

static bool digest(const char *path, int fd, const char *algorithm, char *hex, struct diag *d)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct in in;
	const uint8_t *p;
	size_t n = 1;
	bool ok;

	in_file(&in, path, fd);
	ok = ctx && EVP_DigestInit_ex(ctx, EVP_get_digestbyname(algorithm), NULL) == 1;
	if (!ok)
		dump_fail(d, path, "the checksum %s cannot be computed here", algorithm);
	while (ok && n)
		ok = in_piece(&in, SIZE_MAX, &p, &n, d) && EVP_DigestUpdate(ctx, p, n) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, sum, &len) == 1;
	for (unsigned i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	EVP_MD_CTX_free(ctx);
	in_done(&in);
	return ok;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Does this line hold a sum of `digits` for `name`? "SUM", "SUM  NAME", "SUM *./NAME", "ALGO (NAME) = SUM". */
static bool find_in_line(struct sidefile *f, size_t begin, size_t end, const char *name, bool list)
{
	size_t n = strlen(name), run = 0;
	const char *line = f->text + begin, *at = memmem(line, end - begin, name, n);
	char before = at && at > line ? at[-1] : ' ', after = at && at + n < f->text + end ? at[n] : ' ';

	if (at && (!strchr(" *(/", before) || !strchr(" )\r", after)))
		at = NULL;
	for (size_t i = begin; i <= end; i++) {
		if (i < end && is_hex(f->text[i])) {
			run++;
			continue;
		}
		/* a name may be hexadecimal too, but is not that long and alone */
		if (run == f->digits && (at || (!list && run == end - begin))) {
			f->at = i - run;
			return true;
		}
		run = 0;
	}
	return false;
}

static bool find_sum(struct sidefile *f, const char *name, bool list)
{
	for (size_t begin = 0; begin < f->n;) {
		const char *lf = memchr(f->text + begin, '\n', f->n - begin);
		size_t end = lf ? (size_t)(lf - f->text) : f->n;

		if (find_in_line(f, begin, end, name, list))
			return true;
		begin = end + 1;
	}
	return false;
}

static bool same_sum(const struct sidefile *f, const char *hex)
{
	for (size_t i = 0; i < f->digits; i++) {
		char c = f->text[f->at + i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c + 'a' - 'A');
		if (c != hex[i])
			return false;
	}
	return strlen(hex) == f->digits;
}

/* *ret false: there is none. */
static bool read_text(const char *path, struct sidefile *f, bool *ret, struct diag *d)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct bytes text = { NULL, 0, 0 };
	struct in in;
	struct stat st;
	bool ok;

	*ret = fd >= 0;
	if (fd < 0)
		return errno == ENOENT || dump_fail_io(d, path, "opened");
	in_file(&in, path, fd);
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < MOST_TEXT ?
	     in_append(&in, &text, (uint64_t)st.st_size, "a checksum file", d) :
	     dump_fail(d, path, "expected a checksum file, found something else");
	in_done(&in);
	close(fd);
	bytes_reserve(&text, text.len + 1);
	f->text = text.buf;
	f->n = text.len;
	return ok;
}

static bool add(struct sidefiles *s, const char *side, size_t kind, bool list, const char *path, int fd,
		struct diag *d)
{
	struct sidefile f = { .path = side, .algorithm = kinds[kind].algorithm };
	char hex[HEX] = "";
	AUTO(auto_free) char *temp = dump_temp_name(side);
	bool there, ok;

	f.temp = arena_strdup(s->arena, temp);
	f.digits = 2 * (size_t)EVP_MD_size(EVP_get_digestbyname(f.algorithm));
	ok = read_text(side, &f, &there, d);
	if (!ok || !there || (!find_sum(&f, base_name(path), list) && list)) {
		free(f.text);
		return ok;
	}
	vec_push(s->arena, &s->files, f);
	if (!find_sum(&f, base_name(path), list))
		return dump_fail(d, side, "expected the %s checksum of the archive, found none; the archive is not touched",
				 f.algorithm);
	s->files.v[s->files.n - 1].at = f.at;
	return digest(path, fd, f.algorithm, hex, d) &&
	       (same_sum(&f, hex) || dump_fail(d, side, "the checksum does not fit the archive as it is now; the "
					       "archive is not touched"));
}

bool sidefiles_find(struct sidefiles *s, const char *path, int fd, struct diag *d)
{
	int folder = (int)(base_name(path) - path);

	s->arena = arena_new();
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!add(s, arena_printf(s->arena, "%s%s", path, kinds[k].suffix), k, false, path, fd, d))
			return false;
		if (kinds[k].list && !add(s, arena_printf(s->arena, "%.*s%s", folder, path, kinds[k].list), k, true,
					  path, fd, d))
			return false;
	}
	return true;
}

/* ---- the new ones ---- */

static bool write_one(struct sidefile *f, int fd, struct diag *d)
{
	char hex[HEX] = "";
	struct out out;
	int from, to;
	bool ok;

	if (!digest(f->path, fd, f->algorithm, hex, d) || !files_remove(f->temp, d))
		return false;
	memcpy(f->text + f->at, hex, f->digits);
	from = open(f->path, O_RDONLY | O_CLOEXEC);
	to = open(f->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	out_file(&out, f->temp, to);
	ok = (from >= 0 && to >= 0) || dump_fail_io(d, f->temp, "created");
	ok = ok && out_put(&out, f->text, f->n, d) && out_flush(&out, d) &&
	     files_copy_attributes(from, to, f->temp, d) && out_sync(&out, d);
	out_done(&out);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return ok;
}

bool sidefiles_write(struct sidefiles *s, int fd, struct diag *d)
{
	for (size_t i = 0; i < s->files.n; i++)
		if (!write_one(&s->files.v[i], fd, d))
			return false;
	return true;
}

bool sidefiles_rename(struct sidefiles *s, struct diag *d)
{
	for (size_t i = 0; i < s->files.n; i++)
		if (rename(s->files.v[i].temp, s->files.v[i].path) != 0)
			return dump_fail_io(d, s->files.v[i].path, "replaced (the archive is replaced)");
	return true;
}

void sidefiles_remove_temps(struct sidefiles *s)
{
	for (size_t i = 0; i < s->files.n; i++)
		unlink(s->files.v[i].temp);
}

/* ---- after a death ---- */

/* The archive that the new text is about: the name in its own name, or in the line that differs from the
 * old list. */
static char *named_archive(const char *path, const struct sidefile *f, size_t kind)
{
	size_t n = strlen(path), m = strlen(kinds[kind].suffix), begin = 0, end;
	struct sidefile old = { .path = path };
	char *archive = NULL;
	bool there;

	if (n > m && streq(path + n - m, kinds[kind].suffix)) {
		archive = xstrdup(path);
		archive[n - m] = '\0';
		return archive;
	}
	if (!kinds[kind].list || !streq(base_name(path), kinds[kind].list) ||
	    !read_text(path, &old, &there, &(struct diag)DIAG_INIT) || !there)
		return NULL;
	while (begin < f->n && begin < old.n && f->text[begin] == old.text[begin])
		begin++;
	free(old.text);
	while (begin < f->n && is_hex(f->text[begin]))
		begin++;
	begin += strspn(f->text + begin, " *");
	end = begin + strcspn(f->text + begin, "\r\n");
	BUG_ON(asprintf(&archive, "%.*s%.*s", (int)(base_name(path) - path), path, (int)(end - begin),
			f->text + begin) < 0);
	return archive;
}

static bool fits_archive(struct sidefile *f, const char *archive, size_t kind, bool *ret, struct diag *d)
{
	int fd = open(archive, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char hex[HEX] = "";
	bool ok;

	if (fd < 0)
		return true;
	f->digits = 2 * (size_t)EVP_MD_size(EVP_get_digestbyname(kinds[kind].algorithm));
	ok = digest(archive, fd, kinds[kind].algorithm, hex, d);
	*ret = ok && find_sum(f, base_name(archive), kinds[kind].list && streq(base_name(f->path), kinds[kind].list)) &&
	       same_sum(f, hex);
	close(fd);
	return ok;
}

static bool fits(const char *temp, const char *path, bool *ret, struct diag *d)
{
	struct sidefile f = { .path = path };
	bool there, ok;

	*ret = false;
	ok = read_text(temp, &f, &there, d);
	for (size_t k = 0; ok && there && !*ret && k < ARRAY_SIZE(kinds); k++) {
		AUTO(auto_free) char *archive = named_archive(path, &f, k);

		ok = !archive || fits_archive(&f, archive, k, ret, d);
	}
	free(f.text);
	return ok;
}

bool sidefile_settle(const char *temp, const char *path, struct diag *d)
{
	bool fit;

	if (!fits(temp, path, &fit, d))
		return false;
	if (fit)
		return rename(temp, path) == 0 || dump_fail_io(d, path, "replaced");
	return files_remove(temp, d);
}
