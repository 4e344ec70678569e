#include "cmd/self.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

void self_args(const struct ctx *ctx, const char *const *words, const char *argv[SELF_ARGS])
{
	static const char *const passed[] = { "database", "format", "actor", "log-level", "log-format" };
	static const char *const dashed[] = { "--database", "--format", "--actor", "--log-level", "--log-format" };
	size_t n = 0;

	argv[n++] = "pgretain";
	argv[n++] = "--config";
	argv[n++] = ctx->config_path;
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
		const char *value = opts_text(&ctx->opts, passed[i]);

		if (value) {
			argv[n++] = dashed[i];
			argv[n++] = value;
		}
	}
	if (!ctx->progress_live)
		argv[n++] = "--no-progress";
	for (; *words; words++) {
		BUG_ON(n + 1 >= SELF_ARGS);
		argv[n++] = *words;
	}
	argv[n] = NULL;
}

void self_exec(const char *const *argv)
{
	execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
}

static void __attribute__((noreturn)) child(const char *const *argv, bool quiet)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		if (quiet)
			dup2(null, STDOUT_FILENO);
	}
	self_exec(argv);
	_exit(EXIT_REFUSED);
}

int self_run(const struct ctx *ctx, const char *const *words, bool quiet)
{
	const char *argv[SELF_ARGS];
	int status;
	pid_t pid;

	self_args(ctx, words, argv);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(argv, quiet);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_INTERNAL;
	if (pid < 0)
		return EXIT_REFUSED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
}

static int severity(int code)
{
	static const int order[] = { EXIT_DONE, EXIT_INTERRUPTED, EXIT_HUMAN, EXIT_FINGERPRINT, EXIT_REFUSED };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i] == code)
			return (int)i;
	return (int)ARRAY_SIZE(order);
}

int exit_worse(int a, int b)
{
	return severity(a) > severity(b) ? a : b;
}
