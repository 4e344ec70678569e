#include "base/sig.h"

#include "base/instant.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define HEELS_MS 150

static volatile sig_atomic_t requests;
static double last_ms;			/* of the newest signal; used by the handler alone */
static int wake[2] = { -1, -1 };

/* A storm of them, however long, is one request. */
static bool on_heels(void)
{
	double before = last_ms;

	last_ms = clock_ms();
	return requests && last_ms - before < HEELS_MS;
}

static void on_stop(int signo)
{
	int saved = errno;

	/* Whoever asks a third time does not want to wait for us. */
	if (!on_heels() && ++requests > 2) {
		signal(signo, SIG_DFL);
		raise(signo);
	}
	if (wake[1] >= 0 && write(wake[1], "", 1) < 0)
		(void)errno;	/* full: it is readable already */
	errno = saved;
}

void sig_ignore_pipe(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* No SA_RESTART: a poll() that waits for the server must return. */
static void catch_one(int signo)
{
	struct sigaction sa = { .sa_handler = on_stop };

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGINT);
	sigaddset(&sa.sa_mask, SIGTERM);
	sigaddset(&sa.sa_mask, SIGHUP);
	sigaction(signo, &sa, NULL);
}

/* nohup means what it says. SIGINT is caught even where a shell started us in the background with it
 * ignored: who sends it to a run wants the run to stop. */
static bool is_ignored(int signo)
{
	struct sigaction old;

	return sigaction(signo, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

void sig_catch_stop(void)
{
	if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
		wake[0] = wake[1] = -1;
	catch_one(SIGINT);
	catch_one(SIGTERM);
	if (!is_ignored(SIGHUP))
		catch_one(SIGHUP);
}

int sig_stop_requested(void)
{
	return requests > 2 ? 2 : requests;
}

int sig_stop_fd(void)
{
	return wake[0];
}
