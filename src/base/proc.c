#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAID_MAX 4096

struct child {
	pid_t pid;
	int out, err;			/* our ends; -1: at its end */
	int fail;			/* errno of a failed start comes here */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void __attribute__((noreturn)) become(const char *const *argv, int out, int err, int fail)
{
	int null = open("/dev/null", O_RDONLY), error;
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setenv("LC_ALL", "C", 1);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
	error = errno;
	_exit(write(fail, &error, sizeof(error)) == (ssize_t)sizeof(error) ? 127 : 126);
}

static bool start(const char *const *argv, struct child *c, struct diag *d)
{
	int out[2], err[2], fail[2];

	if (pipe2(out, O_CLOEXEC) != 0)
		return diag_fail(d, DIAG_STEP, "%s can't be started: %s", argv[0], strerror(errno));
	if (pipe2(err, O_CLOEXEC) != 0) {
		close(out[0]);
		close(out[1]);
		return diag_fail(d, DIAG_STEP, "%s can't be started: %s", argv[0], strerror(errno));
	}
	if (pipe2(fail, O_CLOEXEC) != 0) {
		for (int i = 0; i < 2; i++) {
			close(out[i]);
			close(err[i]);
		}
		return diag_fail(d, DIAG_STEP, "%s can't be started: %s", argv[0], strerror(errno));
	}
	c->pid = fork();
	if (c->pid == 0)
		become(argv, out[1], err[1], fail[1]);
	close(out[1]);
	close(err[1]);
	close(fail[1]);
	*c = (struct child){ c->pid, out[0], err[0], fail[0] };
	return true;
}

/* What is ready on one end; past `max` it is too much. */
static bool take(int *fd, struct strbuf *into, size_t max, bool drop_rest)
{
	char buf[65536];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return true;
	}
	if (into->len + (size_t)n <= max) {
		strbuf_add(into, buf, (size_t)n);
		return true;
	}
	if (drop_rest)
		strbuf_add(into, buf, max - into->len);
	return drop_rest;
}

static bool read_all(const char *name, struct child *c, const struct proc_limits *l, struct strbuf *out, struct strbuf *said,
		     struct diag *d)
{
	int64_t until = now_ms() + l->timeout_ms;

	while (c->out >= 0 || c->err >= 0) {
		struct pollfd p[] = { { c->out, POLLIN, 0 }, { c->err, POLLIN, 0 } };
		int64_t left = until - now_ms();
		int ready = left > 0 ? poll(p, 2, (int)(left > 1000 ? 1000 : left)) : 0;

		if (left <= 0)
			return diag_fail(d, DIAG_STEP, "%s did not end within %lld s", name, (long long)l->timeout_ms / 1000);
		if (ready < 0 && errno != EINTR)
			return diag_fail(d, DIAG_STEP, "%s can't be read from: %s", name, strerror(errno));
		if (ready > 0 && p[0].revents && !take(&c->out, out, l->max_bytes, false))
			return diag_fail(d, DIAG_STEP, "%s printed more than %zu bytes", name, l->max_bytes);
		if (ready > 0 && p[1].revents && !take(&c->err, said, SAID_MAX, true))
			return diag_fail(d, DIAG_STEP, "%s can't be read from", name);
	}
	return true;
}

/* Closed its output, but goes on. */
static bool wait_end(const char *name, struct child *c, int64_t until, int *status, struct diag *d)
{
	const struct timespec nap = { 0, 5 * 1000 * 1000 };
	pid_t got;

	while ((got = waitpid(c->pid, status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		if (now_ms() > until)
			return diag_fail(d, DIAG_STEP, "%s closed its output and did not end", name);
		nanosleep(&nap, NULL);
	}
	c->pid = 0;
	return got > 0 || diag_fail(d, DIAG_STEP, "%s: how it ended is not known", name);
}

/* The last line with something in it, printable, not too long. */
static const char *last_words(struct strbuf *said, char *into, size_t size)
{
	char *end = said->buf ? said->buf + said->len : NULL, *line;
	size_t n = 0;

	while (end && end > said->buf && (end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\r'))
		end--;
	for (line = end; line && line > said->buf && line[-1] != '\n';)
		line--;
	for (; line && line < end && n + 1 < size; line++)
		into[n++] = (unsigned char)*line < 0x20 || *line == 0x7f ? '?' : *line;
	into[n] = '\0';
	return into;
}

static bool verdict(const char *name, int status, struct strbuf *said, struct diag *d)
{
	char words[300];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status))
		diag_fail(d, DIAG_STEP, "%s died of signal %d", name, WTERMSIG(status));
	else
		diag_fail(d, DIAG_STEP, "%s ended with code %d%s%s", name, WEXITSTATUS(status), said->len ? ": " : "",
			  last_words(said, words, sizeof(words)));
	return false;
}

static void end(struct child *c)
{
	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (c->out >= 0)
		close(c->out);
	if (c->err >= 0)
		close(c->err);
	close(c->fail);
}

bool proc_read(const char *const *argv, const struct proc_limits *l, struct strbuf *out, struct diag *d)
{
	struct child c = { .pid = 0, .out = -1, .err = -1, .fail = -1 };
	AUTO_STRBUF said = STRBUF_INIT;
	int status = 0, error;
	bool ok;

	if (!start(argv, &c, d))
		return false;
	if (c.pid < 0) {
		diag_fail(d, DIAG_STEP, "%s can't be started: %s", argv[0], strerror(errno));
		end(&c);
		return false;
	}
	if (read(c.fail, &error, sizeof(error)) == (ssize_t)sizeof(error)) {
		diag_fail(d, DIAG_STEP, "%s can't be started: %s", argv[0], strerror(error));
		diag_hint(d, "install it, or name it with key \"program\"");
		end(&c);
		return false;
	}
	ok = read_all(argv[0], &c, l, out, &said, d) && wait_end(argv[0], &c, now_ms() + l->timeout_ms, &status, d) &&
		verdict(argv[0], status, &said, d);
	end(&c);
	return ok;
}
