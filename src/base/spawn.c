#include "base/spawn.h"

#include "base/instant.h"
#include "base/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 20		/* where the kernel has no pidfd */
#define PIECE 4096
#define SAID_MAX 65536

struct spawned {
	pid_t pid;
	int in, out, err, fault, end;	/* pipes; end: readable when it has ended, -1: look */
	const struct spawn *what;
	size_t fed;			/* bytes of its input */
	struct strbuf *text, said;
	size_t before;			/* length of text */
	struct spawn_result *ret;
	int status;
	bool ended;
};

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- the child ---- */

/* Signals that we catch or ignore mean to it what they mean to everybody. */
static void plain_signals(void)
{
	static const int ours[] = { SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		signal(ours[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) become(const struct spawn *w, int in, int out, int err, int fault)
{
	/* copies never are descriptors 0 to 2 that a later dup2 would close: pipes were made above them */
	if (setpgid(0, 0) == 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0 && (!w->as_tool || setenv("LC_ALL", "C", 1) == 0)) {
		plain_signals();
		execvp(w->argv[0], (char *const *)(uintptr_t)w->argv);
	}
	if (write(fault, "x", 1) < 0)
		_exit(126);
	_exit(127);
}

/* ---- pipes ---- */

/* Both ends above standard error, closed on exec. */
static bool pipe_new(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) != 0) {
		ends[0] = ends[1] = -1;
		return false;
	}
	for (int i = 0; i < 2; i++)
		if (ends[i] <= STDERR_FILENO) {
			int fd = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

			close(ends[i]);
			ends[i] = fd;
		}
	return ends[0] >= 0 && ends[1] >= 0;
}

static void set_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static bool start(struct spawned *s)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, fault[2] = { -1, -1 };
	bool ok = pipe_new(in) && pipe_new(out) && pipe_new(err) && pipe_new(fault);

	s->pid = ok ? fork() : -1;
	if (s->pid == 0)
		become(s->what, in[0], out[1], err[1], fault[1]);
	shut(&in[0]);
	shut(&out[1]);
	shut(&err[1]);
	shut(&fault[1]);
	s->in = in[1];
	s->out = out[0];
	s->err = err[0];
	s->fault = fault[0];
	s->end = -1;
	if (s->pid < 0)
		return false;
	setpgid(s->pid, s->pid);	/* whoever of us is first */
	set_nonblocking(s->in);
	set_nonblocking(s->out);
	set_nonblocking(s->err);
#ifdef SYS_pidfd_open
	s->end = (int)syscall(SYS_pidfd_open, s->pid, 0);
#endif
	return true;
}

/* ---- while it runs ---- */

static void feed(struct spawned *s)
{
	size_t left = s->what->nin - s->fed;
	ssize_t n = left ? write(s->in, (const char *)s->what->in + s->fed, left) : 0;

	if (n > 0)
		s->fed += (size_t)n;
	/* it need not read what it is given: its status decides */
	if (s->fed == s->what->nin || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(&s->in);
}

/* One piece of what it printed; 0: there is none now, or none any more. */
static size_t piece(int *fd, char *into)
{
	ssize_t n = *fd >= 0 ? read(*fd, into, PIECE) : -1;

	if (n > 0)
		return (size_t)n;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		shut(fd);
	return 0;
}

static void take(struct spawned *s)
{
	char buf[PIECE];
	size_t n;

	while (!s->ret->why && (n = piece(&s->out, buf)) > 0) {
		if (s->text->len + n - s->before > s->what->max_out)
			s->ret->why = "it printed too much";
		else
			strbuf_add(s->text, buf, n);
	}
}

/* Of its complaints the end is kept. */
static void listen(struct spawned *s)
{
	char buf[PIECE];
	size_t n;

	while ((n = piece(&s->err, buf)) > 0) {
		if (!s->what->as_tool)
			continue;
		if (s->said.len + n > SAID_MAX)
			strbuf_reset(&s->said);
		strbuf_add(&s->said, buf, n);
	}
}

static void look(struct spawned *s)
{
	pid_t pid = s->ended ? 0 : waitpid(s->pid, &s->status, WNOHANG);

	s->ended = s->ended || pid == s->pid || (pid < 0 && errno != EINTR);
}

static void wait_for(struct spawned *s, int64_t ms)
{
	/* a negative descriptor is left out */
	struct pollfd fds[] = { { .fd = s->in, .events = POLLOUT }, { .fd = s->out, .events = POLLIN },
				{ .fd = s->err, .events = POLLIN }, { .fd = s->end, .events = POLLIN } };

	if (s->end < 0 && ms > LOOK_MS)
		ms = LOOK_MS;
	if (poll(fds, ARRAY_SIZE(fds), (int)ms) <= 0)
		return;
	if (fds[0].revents)
		feed(s);
	if (fds[1].revents)
		take(s);
	if (fds[2].revents)
		listen(s);
}

static void run(struct spawned *s)
{
	double until = clock_ms() + (double)s->what->timeout_ms, left;

	while (look(s), !s->ended && !s->ret->why) {
		left = until - clock_ms();
		if (sig_stop_requested() >= 2)
			s->ret->why = "interrupted";
		else if (left <= 0)
			s->ret->why = "it took too long";
		else
			wait_for(s, left < 1000 ? (int64_t)left + 1 : 1000);
	}
	if (!s->ended) {
		kill(-s->pid, SIGKILL);
		while (waitpid(s->pid, &s->status, 0) < 0 && errno == EINTR)
			;
		return;
	}
	take(s);
	listen(s);
}

static int status_of(const struct spawned *s)
{
	if (WIFEXITED(s->status))
		return WEXITSTATUS(s->status);
	return WIFSIGNALED(s->status) ? 128 + WTERMSIG(s->status) : -1;
}

/* The last line with something in it. */
static void last_words(const struct strbuf *said, char *into, size_t size)
{
	const char *text = strbuf_str(said), *end = text + said->len, *line;
	size_t n = 0;

	while (end > text && (unsigned char)end[-1] <= ' ')
		end--;
	for (line = end; line > text && line[-1] != '\n';)
		line--;
	for (; line < end && n + 1 < size; line++)
		into[n++] = (unsigned char)*line < 0x20 || *line == 0x7f ? '?' : *line;
	into[n] = '\0';
}

bool spawn_run(const struct spawn *what, struct strbuf *out, struct spawn_result *ret)
{
	struct spawned s = { .what = what, .text = out, .before = out->len, .ret = ret,
			     .in = -1, .out = -1, .err = -1, .fault = -1, .end = -1, .said = STRBUF_INIT };
	char fault;

	*ret = (struct spawn_result){ .exit = -1 };
	if (start(&s)) {
		run(&s);
		ret->exit = ret->why ? -1 : status_of(&s);
		if (read(s.fault, &fault, 1) == 1) {
			ret->exit = -1;
			ret->why = "it could not be started";
		}
	} else {
		ret->why = "it could not be started";
	}
	last_words(&s.said, ret->said, sizeof(ret->said));
	strbuf_done(&s.said);
	shut(&s.in);
	shut(&s.out);
	shut(&s.err);
	shut(&s.fault);
	shut(&s.end);
	return ret->exit == 0;
}
