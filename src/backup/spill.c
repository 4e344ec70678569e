#include "backup/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/var/tmp";
}

static int nameless_file(void)
{
	char path[4096];
	int fd = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	if (snprintf(path, sizeof(path), "%s/pgretain-XXXXXX", folder()) >= (int)sizeof(path))
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

/* Its blocks are taken now: a hole that can't be filled later would be a death by SIGBUS. */
static void *in_file(size_t size, struct diag *d)
{
	int fd = nameless_file(), error = fd < 0 ? errno : 0;
	void *p = MAP_FAILED;

	if (fd >= 0) {
		error = posix_fallocate(fd, 0, (off_t)size);
		if (!error)
			p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (!error && p == MAP_FAILED)
			error = errno;
		close(fd);
	}
	if (p != MAP_FAILED)
		return p;
	diag_fail(d, DIAG_STEP, "%s: what is known of the rows needs %zu MB there: %s", folder(), size >> 20, strerror(error));
	diag_hint(d, "make room, or point TMPDIR to a folder with more");
	return NULL;
}

bool spill_grow(struct spill *s, void **p, size_t old_size, size_t new_size, struct diag *d)
{
	bool beyond = s->used + new_size > s->limit;
	void *more = beyond ? in_file(new_size, d) : mmap(NULL, new_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!more)
		return false;
	if (more == MAP_FAILED)
		return diag_fail(d, DIAG_STEP, "what is known of the rows needs %zu MB of memory: %s", new_size >> 20,
				 strerror(errno));
	if (*p) {
		memcpy(more, *p, old_size);
		munmap(*p, old_size);
	}
	s->used += new_size - old_size;
	*p = more;
	return true;
}

void spill_free(struct spill *s, void **p, size_t size)
{
	if (*p)
		munmap(*p, size);
	s->used -= *p ? size : 0;
	*p = NULL;
}
