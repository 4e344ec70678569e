#include "backup/opinion.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The newest of Debian's, else the one in PATH. */
static bool find(char *path, size_t n)
{
	const char *dirs = getenv("PATH");
	glob_t g = { .gl_pathc = 0 };
	int best = 0;

	for (const char *p = dirs; p && *p; p = *p ? p + 1 : p) {
		size_t len = strcspn(p, ":");

		if (len && snprintf(path, n, "%.*s/pg_restore", (int)len, p) < (int)n && access(path, X_OK) == 0)
			best = 1;
		p += len;
		if (best || !*p)
			break;
	}
	if (glob("/usr/lib/postgresql/*/bin/pg_restore", 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++) {
			int version = (int)strtol(g.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);

			if (version > best && access(g.gl_pathv[i], X_OK) == 0 && snprintf(path, n, "%s", g.gl_pathv[i]) < (int)n)
				best = version;
		}
	globfree(&g);
	return best > 0;
}

static pid_t start(const char *program, const char *archive)
{
	char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)"-f", (char *)(uintptr_t)"/dev/null",
			 (char *)(uintptr_t)archive, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	/* its messages may quote what stands in the archive */
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, program, &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

void opinion_begin(struct opinion_asked *o, const char *archive, uint64_t bytes)
{
	char program[4096];

	*o = (struct opinion_asked){ .archive = archive, .seconds = 60 + (int)(bytes >> 20) / 2, .fd = -1 };
	clock_gettime(CLOCK_MONOTONIC, &o->begun);
	if (!find(program, sizeof(program)) || (o->pid = start(program, archive)) < 0)
		o->pid = 0;
	if (o->pid)
		o->fd = (int)syscall(SYS_pidfd_open, o->pid, 0);
}

void opinion_drop(struct opinion_asked *o)
{
	if (o->pid) {
		kill(o->pid, SIGKILL);
		while (waitpid(o->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (o->fd >= 0)
		close(o->fd);
	o->pid = 0;
	o->fd = -1;
}

static int left_ms(const struct opinion_asked *o)
{
	struct timespec now;
	int64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (int64_t)o->seconds * 1000 - (now.tv_sec - o->begun.tv_sec) * 1000 - (now.tv_nsec - o->begun.tv_nsec) / 1000000;
	return ms > 0 ? (int)ms : 0;
}

enum { UNABLE = -2, LATE = -1 };

/* 0: it is content. */
static int wait_for(struct opinion_asked *o)
{
	struct pollfd p = { o->fd, POLLIN, 0 };
	int status = 0, found = 1;

	if (!o->pid)
		return UNABLE;
	if (o->fd >= 0) {
		do {
			found = poll(&p, 1, left_ms(o));
		} while (found < 0 && errno == EINTR);
		if (found == 0) {
			opinion_drop(o);
			return LATE;
		}
	}
	while (waitpid(o->pid, &status, 0) < 0 && errno == EINTR)
		;
	o->pid = 0;
	opinion_drop(o);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static bool is_content(const struct opinion_asked *as, const char *archive)
{
	struct opinion_asked o;

	opinion_begin(&o, archive, 0);
	o.seconds = as->seconds;
	return wait_for(&o) == 0;
}

enum opinion opinion_end(struct opinion_asked *o, const char *old, struct diag *d)
{
	int code = wait_for(o);

	if (code == 0)
		return OPINION_GOOD;
	if (code == UNABLE || (old && !is_content(o, old)))
		return OPINION_NONE;
	if (code == LATE)
		diag_fail(d, DIAG_STEP, "%s: pg_restore did not come to an end with the new archive in %d s", o->archive, o->seconds);
	else
		diag_fail(d, DIAG_STEP, "%s: pg_restore refuses the new archive (exit %d)", o->archive, code);
	return OPINION_BAD;
}
