#include "backup/folder.h"

#include "base/digest.h"
#include "base/strbuf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#define UNIX_EPOCH (INT64_C(-946684800) * USECS_PER_SEC)	/* 1970 as an instant, which counts from 2000 */

int64_t folder_instant(const struct timespec *t)
{
	return UNIX_EPOCH + (int64_t)t->tv_sec * USECS_PER_SEC + t->tv_nsec / 1000;
}

const char *folder_identity(struct arena *a, const struct stat *st)
{
	return arena_printf(a, "size %lld inode %llu time %lld.%09ld", (long long)st->st_size, (unsigned long long)st->st_ino,
			    (long long)st->st_mtim.tv_sec, (long)st->st_mtim.tv_nsec);
}

static bool is_companion(const char *name)
{
	static const char *const ends[] = { ".sha256", ".sha512", ".sha1", ".md5", ".asc", ".sig", ".minisig", ".lock" };
	static const char *const whole[] = { "SHA256SUMS", "SHA512SUMS", "SHA1SUMS", "MD5SUMS" };
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (n > strlen(ends[i]) && streq(name + n - strlen(ends[i]), ends[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (streq(name, whole[i]))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct folder_entry *)a)->name, ((const struct folder_entry *)b)->name);
}

static void take(const struct backup_store *store, struct listing *l, const char *name, size_t *n, size_t *cap,
		 struct folder_entry **v)
{
	struct folder_entry e = { .name = arena_strdup(l->a, name) };

	e.path = arena_printf(l->a, "%s/%s", store->path, name);
	if (stat(e.path, &e.st) != 0) {
		if (errno != ENOENT)	/* it went while we looked */
			listing_partial(l, arena_printf(l->a, "%s can't be looked at: %s", e.path, strerror(errno)));
		return;
	}
	if (!S_ISREG(e.st.st_mode) && !S_ISDIR(e.st.st_mode))
		return;
	vec_grow(l->a, (void **)v, n, cap, sizeof(**v));
	(*v)[*n - 1] = e;
}

static void digest_of(struct listing *l, size_t n, const struct folder_entry *v)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	char text[DIGEST_TEXT];

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%s\t%s\n", v[i].name, folder_identity(l->a, &v[i].st));
	digest_text(strbuf_str(&sb), sb.len, text);
	l->digest = arena_strdup(l->a, text);
}

bool folder_read(const struct backup_store *store, struct listing *l, size_t *n, struct folder_entry **ret, struct diag *d)
{
	DIR *dir = opendir(store->path);
	struct dirent *entry;
	size_t cap = 0;

	*n = 0;
	*ret = NULL;
	if (!dir)
		return diag_fail(d, DIAG_STEP, "folder %s can't be read: %s", store->path, strerror(errno));
	for (errno = 0; (entry = readdir(dir)); errno = 0)
		if (entry->d_name[0] != '.' && !is_companion(entry->d_name) &&
		    (!store->pattern || fnmatch(store->pattern, entry->d_name, FNM_PERIOD) == 0))
			take(store, l, entry->d_name, n, &cap, ret);
	if (errno) {
		diag_fail(d, DIAG_STEP, "folder %s can't be read to its end: %s", store->path, strerror(errno));
		closedir(dir);
		return false;
	}
	closedir(dir);
	if (*n)
		qsort(*ret, *n, sizeof(**ret), by_name);
	digest_of(l, *n, *ret);
	return true;
}

static bool digest_one(const char *path, char text[DIGEST_TEXT], struct diag *d)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;
	bool ok = fd >= 0 && digest_file(fd, text);

	error = errno;
	if (fd >= 0)
		close(fd);
	return ok || diag_fail(d, DIAG_STEP, "%s can't be read: %s", path, strerror(error));
}

static bool digest_all(const char *path, struct strbuf *sb, struct diag *d)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	bool ok = n >= 0 || diag_fail(d, DIAG_STEP, "%s can't be read: %s", path, strerror(errno));

	for (int i = 0; i < n; i++) {
		AUTO(auto_free) char *file = NULL;
		char text[DIGEST_TEXT];

		BUG_ON(asprintf(&file, "%s/%s", path, names[i]->d_name) < 0);
		if (names[i]->d_name[0] != '.' && ok) {
			ok = digest_one(file, text, d);
			strbuf_addf(sb, "%s\t%s\n", names[i]->d_name, ok ? text : "");
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return ok;
}

const char *folder_digest(struct arena *a, const char *path, struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	char text[DIGEST_TEXT];
	struct stat st;

	if (stat(path, &st) != 0) {
		diag_fail(d, DIAG_STEP, "%s can't be looked at: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISDIR(st.st_mode))
		return digest_one(path, text, d) ? arena_strdup(a, text) : NULL;
	if (!digest_all(path, &sb, d))
		return NULL;
	digest_text(strbuf_str(&sb), sb.len, text);
	return arena_strdup(a, text);
}

char *folder_slurp(struct arena *a, const char *path, size_t max, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	struct stat st;
	char *bytes;
	ssize_t got;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || (uint64_t)st.st_size > max) {
		error = errno ? errno : EFBIG;
		close(fd);
		errno = error;
		return NULL;
	}
	bytes = arena_alloc(a, (size_t)st.st_size + 1);
	for (*n = 0; *n < (size_t)st.st_size; *n += (size_t)got) {
		got = read(fd, bytes + *n, (size_t)st.st_size - *n);
		if (got <= 0) {
			error = got ? errno : EIO;
			break;
		}
	}
	close(fd);
	errno = error;
	return error ? NULL : bytes;
}
