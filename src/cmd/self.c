#include "cmd/self.h"

#include "base/instant.h"
#include "base/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

/* From a terminal it has the signal already; two on each other's heels are one. */
static void pass_on(pid_t pid, int *passed)
{
	for (int stops = sig_stop_requested(); *passed < stops; ++*passed)
		kill(pid, SIGTERM);
}

static void on_child(int signo)
{
	(void)signo;
}

/* False: the time is up. Signals are let in only here: none can slip by between the look and the sleep. */
static bool sleep_until(double deadline_ms, const sigset_t *open)
{
	double left = deadline_ms - clock_ms();
	struct timespec t;

	if (deadline_ms > 0 && left <= 0)
		return false;
	t = (struct timespec){ (time_t)(left / 1e3), (long)((left - (double)(time_t)(left / 1e3) * 1e3) * 1e6) };
	ppoll(NULL, 0, deadline_ms > 0 ? &t : NULL, open);
	return true;
}

static bool wait_for(pid_t pid, int passed, double deadline_ms, int *status)
{
	struct sigaction child = { .sa_handler = on_child }, old;
	sigset_t closed, open;
	pid_t got;

	sigfillset(&closed);
	sigprocmask(SIG_BLOCK, &closed, &open);
	sigaction(SIGCHLD, &child, &old);
	while ((got = waitpid(pid, status, WNOHANG)) == 0) {
		pass_on(pid, &passed);
		if (!sleep_until(deadline_ms, &open)) {
			kill(pid, SIGTERM);
			deadline_ms = 0;
		}
	}
	sigaction(SIGCHLD, &old, NULL);
	sigprocmask(SIG_SETMASK, &open, NULL);
	return got == pid;
}

/* One that does not catch them has been stopped all the same. */
static int stopped_by(int signo)
{
	return signo == SIGTERM || signo == SIGINT || signo == SIGHUP ? EXIT_INTERRUPTED : EXIT_INTERNAL;
}

int self_run(const struct ctx *ctx, const char *const *words, bool quiet)
{
	return self_run_until(ctx, words, quiet, 0);
}

int self_run_until(const struct ctx *ctx, const char *const *words, bool quiet, double deadline_ms)
{
	const char *argv[SELF_ARGS];
	int status, passed = sig_stop_requested();
	pid_t pid;

	self_args(ctx, words, argv);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(argv, quiet);
	if (pid < 0)
		return EXIT_REFUSED;
	if (!wait_for(pid, passed, deadline_ms, &status))
		return EXIT_INTERNAL;
	return WIFEXITED(status) ? WEXITSTATUS(status) : stopped_by(WTERMSIG(status));
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
