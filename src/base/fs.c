#include "base/fs.h"

#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail_io(struct diag *d, const char *path, const char *what)
{
	const char *why = strerror(errno);

	diag_fail(d, DIAG_USAGE, "%s could not be %s: %s", path, what, why);
	return false;
}

static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : xstrdup(path);
}

static char *temp_name(const char *path)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "%s.XXXXXX", path);
	return xstrdup(strbuf_str(&sb));
}

/* mkostemp makes 0600; the destination's own mode, or what open() would have given, comes after. */
static bool set_mode(int fd, const struct stat *old, unsigned mode)
{
	mode_t mask;

	if (old)
		return fchmod(fd, old->st_mode & 07777) == 0;
	mask = umask(0);
	umask(mask);
	return fchmod(fd, mode & ~mask) == 0;
}

bool fs_new_open(struct fs_new *f, const char *path, unsigned mode, struct diag *d)
{
	struct stat st;
	bool exists;

	f->path = resolve(path);
	exists = stat(f->path, &st) == 0;
	if (exists && S_ISDIR(st.st_mode))
		return diag_fail(d, DIAG_USAGE, "%s is a directory, not a file", path);
	if (exists && !S_ISREG(st.st_mode)) {
		f->fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return f->fd >= 0 || fail_io(d, path, "opened");
	}
	f->temp = temp_name(f->path);
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd < 0) {
		free(f->temp);
		f->temp = NULL;
		return fail_io(d, path, "created");
	}
	return set_mode(f->fd, exists ? &st : NULL, mode) || fail_io(d, path, "created");
}

bool fs_new_write(struct fs_new *f, const void *bytes, size_t n, struct diag *d)
{
	const char *p = bytes;

	while (n) {
		ssize_t w = write(f->fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return fail_io(d, f->path, "written");
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static bool sync_folder(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	free(copy);
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool close_fd(struct fs_new *f)
{
	int fd = f->fd;

	f->fd = -1;
	return close(fd) == 0;
}

bool fs_new_commit(struct fs_new *f, struct diag *d)
{
	if (!f->temp)
		return close_fd(f) || fail_io(d, f->path, "written");
	if (fsync(f->fd) != 0 || !close_fd(f))
		return fail_io(d, f->path, "written");
	if (rename(f->temp, f->path) != 0)
		return fail_io(d, f->path, "replaced");
	free(f->temp);
	f->temp = NULL;
	return sync_folder(f->path) || fail_io(d, f->path, "made durable");
}

void fs_new_done(struct fs_new *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
	*f = (struct fs_new)FS_NEW_INIT;
}

bool fs_replace(const char *path, const void *bytes, size_t n, unsigned mode, struct diag *d)
{
	AUTO_FS_NEW f = FS_NEW_INIT;

	return fs_new_open(&f, path, mode, d) && fs_new_write(&f, bytes, n, d) && fs_new_commit(&f, d);
}

void fs_guard_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free number is this one: those below are open by now. */
		if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			_exit(70);
	}
}
