#include "dump/files.h"

#include "dump/io.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool copy_one_xattr(int from, int to, const char *name)
{
	ssize_t n = fgetxattr(from, name, NULL, 0);
	char *value;
	bool ok;

	if (n < 0)
		return false;
	value = xmalloc((size_t)n + 1);
	n = fgetxattr(from, name, value, (size_t)n);
	ok = n >= 0 && fsetxattr(to, name, value, (size_t)n, 0) == 0;
	free(value);
	return ok;
}

/* Labels that only the kernel or root may set are given by the system anew. */
static bool copy_xattrs(int from, int to)
{
	char names[65536];
	ssize_t n = flistxattr(from, names, sizeof(names));

	if (n < 0)
		return errno == ENOTSUP;
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		if (!copy_one_xattr(from, to, name) && strncmp(name, "security.", 9) != 0 &&
		    strncmp(name, "trusted.", 8) != 0)
			return false;
	return true;
}

bool files_copy_attributes(int from, int to, const char *path, struct diag *d)
{
	struct stat st, now;

	if (fstat(from, &st) != 0 || fstat(to, &now) != 0)
		return dump_fail_io(d, path, "looked at");
	if ((st.st_uid != now.st_uid || st.st_gid != now.st_gid) && fchown(to, st.st_uid, st.st_gid) != 0)
		return dump_fail_io(d, path, "given its owner");
	if (fchmod(to, st.st_mode & 07777) != 0)
		return dump_fail_io(d, path, "given its mode");
	if (!copy_xattrs(from, to))
		return dump_fail_io(d, path, "given its extended attributes");
	if (futimens(to, (struct timespec[]){ st.st_atim, st.st_mtim }) != 0)
		return dump_fail_io(d, path, "given its time");
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

bool files_remove(const char *path, struct diag *d)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || dump_fail_io(d, path, "looked at");
	if (S_ISDIR(st.st_mode) ? nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 : unlink(path) == 0)
		return true;
	return dump_fail_io(d, path, "removed");
}

static bool copy_bytes(int from, int to, const char *path, struct diag *d)
{
	struct in in;
	struct out out;
	const uint8_t *p;
	size_t n = 1;
	bool ok = true;

	in_file(&in, path, from);
	out_file(&out, path, to);
	while (ok && n)
		ok = in_piece(&in, SIZE_MAX, &p, &n, d) && out_put(&out, p, n, d);
	ok = ok && out_sync(&out, d);
	in_done(&in);
	out_done(&out);
	return ok;
}

bool files_link(int from_dir, const char *name, int to_dir, const char *path, struct diag *d)
{
	int from, to;
	bool ok;

	if (linkat(from_dir, name, to_dir, name, 0) == 0)
		return true;
	from = openat(from_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0)
		return dump_fail_io(d, path, "opened");
	to = openat(to_dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	ok = (to >= 0 || dump_fail_io(d, path, "copied")) && copy_bytes(from, to, path, d) &&
	     files_copy_attributes(from, to, path, d);
	close(from);
	if (to >= 0)
		close(to);
	return ok;
}

bool files_sync_folder_of(const char *path, struct diag *d)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		dump_fail_io(d, path, "made durable");
	free(copy);
	if (fd >= 0)
		close(fd);
	return ok;
}
