#include "base/spawn.h"

#include "base/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 20		/* where the kernel has no pidfd */
#define PIECE 4096

struct spawned {
	pid_t pid;
	int in, out, fault, end;	/* pipes; end: readable when it has ended, -1: look */
	const char *left;		/* of its input */
	size_t nleft, max_out;
	struct strbuf *text;
	struct spawn_result *ret;
	int status;
	bool ended;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

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
	static const int ours[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		signal(ours[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) become(const char *const *argv, int in, int out, int fault)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* copies never are descriptors 0 to 2 that a later dup2 would close: pipes were made above them */
	if (setpgid(0, 0) == 0 && null >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(null, STDERR_FILENO) >= 0) {
		plain_signals();
		execvp(argv[0], (char *const *)(uintptr_t)argv);
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

static bool start(struct spawned *s, const char *const *argv)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, fault[2] = { -1, -1 };
	bool ok = pipe_new(in) && pipe_new(out) && pipe_new(fault);

	s->pid = ok ? fork() : -1;
	if (s->pid == 0)
		become(argv, in[0], out[1], fault[1]);
	shut(&in[0]);
	shut(&out[1]);
	shut(&fault[1]);
	s->in = in[1];
	s->out = out[0];
	s->fault = fault[0];
	s->end = -1;
	if (s->pid < 0)
		return false;
	setpgid(s->pid, s->pid);	/* whoever of us is first */
	set_nonblocking(s->in);
	set_nonblocking(s->out);
#ifdef SYS_pidfd_open
	s->end = (int)syscall(SYS_pidfd_open, s->pid, 0);
#endif
	return true;
}

/* ---- while it runs ---- */

static void feed(struct spawned *s)
{
	ssize_t n = s->nleft ? write(s->in, s->left, s->nleft) : 0;

	if (n > 0) {
		s->left += n;
		s->nleft -= (size_t)n;
	}
	/* it need not read what it is given: its status decides */
	if (!s->nleft || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(&s->in);
}

static void take(struct spawned *s)
{
	char piece[PIECE];
	ssize_t n;

	while (s->out >= 0 && (n = read(s->out, piece, sizeof(piece))) != 0) {
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				shut(&s->out);
			return;
		}
		if (s->text->len + (size_t)n > s->max_out) {
			s->ret->why = "it printed too much";
			return;
		}
		strbuf_add(s->text, piece, (size_t)n);
	}
	shut(&s->out);
}

static void look(struct spawned *s)
{
	pid_t pid = s->ended ? 0 : waitpid(s->pid, &s->status, WNOHANG);

	s->ended = s->ended || pid == s->pid || (pid < 0 && errno != EINTR);
}

static void wait_for(struct spawned *s, int64_t ms)
{
	/* a negative descriptor is left out */
	struct pollfd fds[] = { { .fd = s->in, .events = POLLOUT }, { .fd = s->out, .events = POLLIN }, { .fd = s->end, .events = POLLIN } };

	if (s->end < 0 && ms > LOOK_MS)
		ms = LOOK_MS;
	if (poll(fds, ARRAY_SIZE(fds), (int)ms) <= 0)
		return;
	if (fds[0].revents)
		feed(s);
	if (fds[1].revents)
		take(s);
}

static void run(struct spawned *s, int64_t timeout_ms)
{
	int64_t until = now_ms() + timeout_ms, left;

	while (look(s), !s->ended && !s->ret->why) {
		left = until - now_ms();
		if (sig_stop_requested() >= 2)
			s->ret->why = "interrupted";
		else if (left <= 0)
			s->ret->why = "it took too long";
		else
			wait_for(s, left < 1000 ? left : 1000);
	}
	if (!s->ended) {
		kill(-s->pid, SIGKILL);
		while (waitpid(s->pid, &s->status, 0) < 0 && errno == EINTR)
			;
		return;
	}
	take(s);
}

static int status_of(const struct spawned *s)
{
	if (WIFEXITED(s->status))
		return WEXITSTATUS(s->status);
	return WIFSIGNALED(s->status) ? 128 + WTERMSIG(s->status) : -1;
}

bool spawn_filter(const char *const *argv, const void *in, size_t n, int64_t timeout_ms, size_t max_out, struct strbuf *out,
		  struct spawn_result *ret)
{
	struct spawned s = { .left = in, .nleft = n, .max_out = max_out, .text = out, .ret = ret, .in = -1, .out = -1, .fault = -1 };
	char fault;

	*ret = (struct spawn_result){ .exit = -1 };
	if (start(&s, argv)) {
		run(&s, timeout_ms);
		ret->exit = ret->why ? -1 : status_of(&s);
		if (s.fault >= 0 && read(s.fault, &fault, 1) == 1) {
			ret->exit = -1;
			ret->why = "it could not be started";
		}
	} else {
		ret->why = "it could not be started";
	}
	shut(&s.in);
	shut(&s.out);
	shut(&s.fault);
	shut(&s.end);
	return ret->exit == 0;
}
