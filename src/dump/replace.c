#include "dump/replace.h"

#include "dump/files.h"
#include "dump/io.h"
#include "dump/sidefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct dump_replace_impl {
	struct stat old;
	struct sidefiles side;
};

/* ---- begin ---- */

static const char *const signatures[] = { ".asc", ".sig", ".gpg", ".minisig", ".p7s" };

static bool refuse_beside(const char *path, const char *suffix, const char *what, struct diag *d)
{
	AUTO(auto_free) char *name = NULL;
	struct stat st;

	BUG_ON(asprintf(&name, "%s%s", path, suffix) < 0);
	if (lstat(name, &st) == 0)
		return dump_fail(d, path, "%s lies beside it (%s); not touched", what, name);
	return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG || dump_fail_io(d, name, "looked at");
}

static bool is_signature(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		size_t m = strlen(signatures[i]);

		if (n > m && streq(name + n - m, signatures[i]))
			return true;
	}
	return false;
}

/* In an archive's directory: what speaks of its files would be wrong afterwards. */
static bool refuse_inside(const char *path, struct diag *d)
{
	DIR *dir = opendir(path);
	struct dirent *de;
	bool ok = true;

	if (!dir)
		return dump_fail_io(d, path, "read");
	while (ok && (errno = 0, de = readdir(dir))) {
		size_t n = strlen(de->d_name);

		if (is_signature(de->d_name))
			ok = dump_fail(d, path, "a signature lies in it (%s); not touched", de->d_name);
		else if (strstr(de->d_name, ".sha") || strstr(de->d_name, ".md5") ||
			 (n > 4 && streq(de->d_name + n - 4, "SUMS")))
			ok = dump_fail(d, path, "a checksum file lies in it (%s), which would no longer fit; not touched",
				       de->d_name);
	}
	closedir(dir);
	return ok;
}

static bool refuse_signed(const char *path, bool folder, struct diag *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++)
		if (!refuse_beside(path, signatures[i], "a signature, which would no longer fit,", d))
			return false;
	if (!refuse_beside(path, ".lock", "a lock", d) || !refuse_beside(path, ".lck", "a lock", d))
		return false;
	return !folder || refuse_inside(path, d);
}

static bool take_lock(struct dump_replace *r, struct diag *d)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct stat *st = &r->impl->old;

	r->lock = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (r->lock < 0 || fstat(r->lock, st) != 0)
		return dump_fail_io(d, r->path, "opened");
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return dump_fail(d, r->path, "expected a file or a directory, found a device, pipe or socket");
	if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ?
		       dump_fail(d, r->path, "somebody holds a lock on it; not touched") :
		       dump_fail_io(d, r->path, "locked");
	if (S_ISREG(st->st_mode) && fcntl(r->lock, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		return dump_fail(d, r->path, "somebody holds a lock on it; not touched");
	if (S_ISREG(st->st_mode) && st->st_nlink > 1)
		return dump_fail(d, r->path, "it has %ld names (hard links): the other ones would keep what is in it; "
				 "not touched", (long)st->st_nlink);
	return true;
}

static bool begin(struct dump_replace *r, const char *path, struct diag *d)
{
	bool folder;

	r->path = realpath(path, NULL);
	if (!r->path)
		return dump_fail_io(d, path, "opened");
	r->impl = xcalloc(1, sizeof(*r->impl));
	if (!take_lock(r, d))
		return false;
	folder = S_ISDIR(r->impl->old.st_mode);
	if (!refuse_signed(r->path, folder, d) ||
	    (!folder && !sidefiles_find(&r->impl->side, r->path, r->lock, d)))
		return false;
	r->temp = dump_temp_name(r->path);
	return files_remove(r->temp, d);
}

bool dump_replace_begin(struct dump_replace *r, const char *path, struct diag *d)
{
	if (begin(r, path, d))
		return true;
	/* what lies there may be another's: only one's own is cleared */
	free(r->temp);
	r->temp = NULL;
	dump_replace_done(r);
	return false;
}

/* ---- commit ---- */

static bool check_unchanged(const struct dump_replace *r, struct diag *d)
{
	const struct stat *old = &r->impl->old;
	struct stat st;

	if (stat(r->path, &st) != 0)
		return dump_fail_io(d, r->path, "looked at");
	if (st.st_dev != old->st_dev || st.st_ino != old->st_ino || st.st_size != old->st_size ||
	    st.st_mtim.tv_sec != old->st_mtim.tv_sec || st.st_mtim.tv_nsec != old->st_mtim.tv_nsec)
		return dump_fail(d, r->path, "it has changed since it was read; not touched");
	return true;
}

/* Where two names cannot be exchanged at once, nothing is done: there would be an instant with none. */
static bool exchange(struct dump_replace *r, struct diag *d)
{
	if (renameat2(AT_FDCWD, r->temp, AT_FDCWD, r->path, RENAME_EXCHANGE) != 0)
		return dump_fail_io(d, r->path, "exchanged with the new directory");
	return files_sync_folder_of(r->path, d) && files_remove(r->temp, d);
}

static bool put_in_place(struct dump_replace *r, struct diag *d)
{
	if (S_ISDIR(r->impl->old.st_mode))
		return exchange(r, d);
	if (rename(r->temp, r->path) != 0)
		return dump_fail_io(d, r->path, "replaced");
	return files_sync_folder_of(r->path, d) && sidefiles_rename(&r->impl->side, d) &&
	       files_sync_folder_of(r->path, d);
}

static bool commit(struct dump_replace *r, int fd, struct diag *d)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return dump_fail_io(d, r->temp, "looked at");
	if (S_ISDIR(st.st_mode) != S_ISDIR(r->impl->old.st_mode))
		return dump_fail(d, r->temp, "a file is no replacement for a directory");
	if (!check_unchanged(r, d) || !files_copy_attributes(r->lock, fd, r->temp, d))
		return false;
	if (fsync(fd) != 0)
		return dump_fail_io(d, r->temp, "made durable");
	return sidefiles_write(&r->impl->side, fd, d) && check_unchanged(r, d) && put_in_place(r, d);
}

bool dump_replace_commit(struct dump_replace *r, struct diag *d)
{
	int fd = open(r->temp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok;

	if (fd < 0)
		return dump_fail_io(d, r->temp, "opened");
	ok = commit(r, fd, d);
	close(fd);
	return ok;
}

void dump_replace_done(struct dump_replace *r)
{
	struct diag ignored = DIAG_INIT;

	/* a failure here leaves what the next begin or sweep clears */
	if (r->temp)
		(void)!files_remove(r->temp, &ignored);
	if (r->impl) {
		if (r->temp)
			sidefiles_remove_temps(&r->impl->side);
		sidefiles_done(&r->impl->side);
		free(r->impl);
	}
	if (r->lock >= 0)
		close(r->lock);
	free(r->temp);
	free(r->path);
	*r = (struct dump_replace)DUMP_REPLACE_INIT;
}

/* ---- sweep ---- */

/* ".NAME.pgretain-new" gives NAME. */
static char *owner_of(const char *name)
{
	size_t n = strlen(name), m = strlen(DUMP_TEMP_SUFFIX);
	char *owner;

	if (*name != '.' || n <= m + 1 || !streq(name + n - m, DUMP_TEMP_SUFFIX))
		return NULL;
	owner = xstrdup(name + 1);
	owner[n - m - 1] = '\0';
	return owner;
}

/* Is somebody at work on it? The lock is let go with the descriptor. */
static int lock_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return -2;
	}
	return fd;
}

/* A checksum file is worked on under the lock of its archive, whose name is its own without the ending. */
static int lock_owner(const char *path)
{
	char *archive = xstrdup(path);
	char *dot = strrchr(archive, '.');
	int fd = lock_path(path);

	if (fd != -2 && dot && dot > strrchr(archive, '/') &&
	    (strncmp(dot, ".sha", 4) == 0 || strncmp(dot, ".md5", 4) == 0)) {
		int other;

		*dot = '\0';
		other = lock_path(archive);
		if (other >= 0)
			close(other);
		if (other == -2) {
			if (fd >= 0)
				close(fd);
			fd = -2;
		}
	}
	free(archive);
	return fd;
}

static bool is_sidefile(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t n = strlen(name);

	return (dot && (strncmp(dot, ".sha", 4) == 0 || strncmp(dot, ".md5", 4) == 0)) ||
	       (n > 4 && streq(name + n - 4, "SUMS"));
}

static bool sweep_one(const char *folder, const char *name, size_t *cleared, struct diag *d)
{
	AUTO(auto_free) char *owner = owner_of(name);
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_free) char *temp = NULL;
	int fd;
	bool ok;

	if (!owner)
		return true;
	BUG_ON(asprintf(&path, "%s/%s", folder, owner) < 0 || asprintf(&temp, "%s/%s", folder, name) < 0);
	fd = lock_owner(path);
	if (fd == -2)
		return true;
	ok = is_sidefile(owner) ? sidefile_settle(temp, path, d) : files_remove(temp, d);
	*cleared += ok;
	if (fd >= 0)
		close(fd);
	return ok;
}

bool dump_replace_sweep(const char *folder, size_t *ret_cleared, struct diag *d)
{
	DIR *dir = opendir(folder);
	size_t cleared = 0;
	struct dirent *de;
	bool ok = true;

	if (!dir)
		return dump_fail_io(d, folder, "read");
	while (ok && (errno = 0, de = readdir(dir)))
		ok = sweep_one(folder, de->d_name, &cleared, d);
	closedir(dir);
	if (ret_cleared)
		*ret_cleared = cleared;
	return ok;
}
