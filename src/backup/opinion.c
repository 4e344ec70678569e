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

/* 0: it is content. -1: time is up. */
static int wait_for(pid_t pid, int seconds)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), status = 0, late = 0;
	struct pollfd p = { fd, POLLIN, 0 };

	if (fd >= 0) {
		do {
			late = poll(&p, 1, seconds * 1000);
		} while (late < 0 && errno == EINTR);
		close(fd);
		if (late == 0)
			kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0 && late == 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int ask(const char *program, const char *archive, int seconds)
{
	pid_t pid = start(program, archive);

	return pid < 0 ? -2 : wait_for(pid, seconds);
}

enum opinion opinion_ask(const char *archive, const char *old, uint64_t bytes, struct diag *d)
{
	int seconds = 60 + (int)(bytes >> 20) / 2, code;
	char program[4096];

	if (!find(program, sizeof(program)))
		return OPINION_NONE;
	code = ask(program, archive, seconds);
	if (code == 0)
		return OPINION_GOOD;
	if (code == -2 || (old && ask(program, old, seconds) != 0))
		return OPINION_NONE;
	if (code == -1)
		diag_fail(d, DIAG_STEP, "%s: pg_restore did not come to an end with the new archive in %d s", archive, seconds);
	else
		diag_fail(d, DIAG_STEP, "%s: pg_restore refuses the new archive (exit %d)", archive, code);
	return OPINION_BAD;
}
