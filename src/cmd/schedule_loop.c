/* Starts jobs, each as a process of its own, and waits for them. No polling: a timer for the next
 * start, a descriptor for signals. */
#include "cmd/schedule.h"

#include "cmd/self.h"

#include "base/instant.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNIX_2000 INT64_C(946684800)
#define AGAIN (60 * USECS_PER_SEC)		/* server away, job busy: ask again then */
#define LOCKS_GO (2 * USECS_PER_SEC)		/* until the server has noticed that a run is over */
#define LOOK_MAX (6 * 3600 * USECS_PER_SEC)	/* ask at least so often: runs by hand move things */

/* Outlives a reload of the configuration: refers to nothing of it. */
struct started {
	pid_t pid;
	char *job;
	struct conn *conn;		/* holds the scheduler's lock of the job */
	int64_t scheduled, asked;	/* by the server's clock */
	int64_t began;			/* by this host's */
};

struct loop {
	struct ctx *ctx;
	bool service;
	struct arena *arena;		/* of the jobs */
	size_t n;
	struct sched_job *jobs;
	struct started *children;
	size_t nchildren;
	int signals, timer;
	sigset_t mask_before;		/* children start with it */
	bool stopping, reload;
	int code;
};

static void note_code(struct loop *l, int code)
{
	l->code = exit_worse(code, l->code);
}

/* ---- starting ---- */

static void __attribute__((noreturn)) child_exec(const struct loop *l, const char *const *argv)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	sigprocmask(SIG_SETMASK, &l->mask_before, NULL);
	self_exec(argv);
	_exit(EXIT_REFUSED);
}

static void start(struct loop *l, const char *job, struct conn *conn, const struct due *due, int64_t asked)
{
	const char *const words[] = { "run", "--job", job, NULL };
	const char *argv[SELF_ARGS];
	char at[INSTANT_TEXT];
	struct diag d = DIAG_INIT;
	pid_t pid;

	self_args(l->ctx, words, argv);
	log_event(LOG_LEVEL_INFO, "schedule.start", LOG_S("job", job),
		  LOG_S("scheduled", instant_format(due->scheduled, at)), LOG_I("missed", due->missed));
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child_exec(l, argv);
	if (pid < 0) {
		diag_fail(&d, DIAG_USAGE, "job %.60s could not be started: %s", job, strerror(errno));
		note_code(l, ctx_fail(l->ctx, &d));
		conn_close(conn);
		return;
	}
	l->children = xrealloc(l->children, (l->nchildren + 1) * sizeof(*l->children));
	l->children[l->nchildren++] = (struct started){
		.pid = pid, .job = xstrdup(job), .conn = conn, .scheduled = due->scheduled, .asked = asked,
		.began = instant_host_now(),
	};
}

static void drop(struct loop *l, const char *job, struct conn *conn, const struct due *due)
{
	char at[INSTANT_TEXT];
	struct diag d = DIAG_INIT;

	log_event(LOG_LEVEL_WARN, "schedule.missed", LOG_S("job", job),
		  LOG_S("scheduled", instant_format(due->scheduled, at)), LOG_I("missed", due->missed + 1));
	if (!schedule_record(l->ctx, conn, job, "missed", due->scheduled, due->missed + 1, &d))
		note_code(l, ctx_fail(l->ctx, &d));
	conn_close(conn);
}

/* ---- looking ---- */

static bool is_running_here(const struct loop *l, const char *job)
{
	for (size_t i = 0; i < l->nchildren; i++)
		if (streq(l->children[i].job, job))
			return true;
	return false;
}

/* The service says once that a server is away, not each minute; tick is a new process each time. */
static void cannot_ask(struct loop *l, struct sched_job *job, const struct diag *d)
{
	if (!job->failing)
		note_code(l, ctx_fail(l->ctx, d));
	job->failing = true;
}

static void act(struct loop *l, struct sched_job *job, struct conn *conn, const struct due *due, int64_t asked)
{
	const char *name = job->sched.job->name;

	switch (due->verdict) {
	case DUE_START:
		start(l, name, conn, due, asked);
		return;
	case DUE_DROP:
		drop(l, name, conn, due);
		return;
	case DUE_NO:
	case DUE_WAIT:
		break;
	}
	conn_close(conn);
}

static void look(struct loop *l, struct sched_job *job)
{
	struct diag d = DIAG_INIT;
	struct conn *conn = NULL;
	struct due due;
	int64_t asked, host = instant_host_now(), wait;

	job->look = host + AGAIN;
	switch (schedule_ask(l->ctx, job, &conn, &due, &asked, &d)) {
	case SCHEDULE_FAILED:
		cannot_ask(l, job, &d);
		return;
	case SCHEDULE_BUSY:
		log_event(LOG_LEVEL_DEBUG, "schedule.busy", LOG_S("job", job->sched.job->name));
		return;
	case SCHEDULE_ASKED:
		break;
	}
	job->failing = false;
	wait = due.next == INSTANT_INFINITY || due.next - asked > LOOK_MAX ? LOOK_MAX : due.next - asked;
	job->look = instant_host_now() + wait;
	act(l, job, conn, &due, asked);
}

static void look_at_all(struct loop *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct sched_job *job = &l->jobs[i];

		if (job->look <= instant_host_now() && !is_running_here(l, job->sched.job->name))
			look(l, job);
	}
}

static void look_again(struct loop *l, const char *job, int64_t at)
{
	for (size_t i = 0; i < l->n; i++)
		if (!job || streq(l->jobs[i].sched.job->name, job))
			l->jobs[i].look = at;
}

/* ---- ending ---- */

static int code_of(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	switch (WTERMSIG(status)) {
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
	case SIGKILL:
		return EXIT_INTERRUPTED;
	}
	return EXIT_INTERNAL;
}

/* A run that was refused before it left a trace would be due again at once. In time that is right: the
 * cause may pass. After that one entry ends it until the next start. */
static void settle_refused(struct loop *l, struct started *c)
{
	struct diag d = DIAG_INIT;
	int64_t last, now, since;
	bool running;

	if (!schedule_last(c->conn, c->job, &last, &now, &since, &running, &d))
		return;		/* the server is away: the next look will say so */
	if (last >= c->asked || now - c->scheduled < DUE_LATE)
		return;
	if (!schedule_record(l->ctx, c->conn, c->job, "refused", c->scheduled, 0, &d))
		note_code(l, ctx_fail(l->ctx, &d));
}

static void child_ended(struct loop *l, struct started *c, int status)
{
	int code = code_of(status);

	log_event(code == EXIT_DONE ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "schedule.end", LOG_S("job", c->job),
		  LOG_I("exit", code), LOG_I("seconds", (instant_host_now() - c->began) / USECS_PER_SEC));
	note_code(l, code);
	if (code != EXIT_DONE)
		settle_refused(l, c);
	look_again(l, c->job, instant_host_now() + (code == EXIT_DONE ? LOCKS_GO : AGAIN));
	conn_close(c->conn);
	free(c->job);
}

static void reap(struct loop *l)
{
	for (size_t i = 0; i < l->nchildren;) {
		struct started c = l->children[i];
		int status;

		if (waitpid(c.pid, &status, WNOHANG) != c.pid) {
			i++;
			continue;
		}
		l->children[i] = l->children[--l->nchildren];
		child_ended(l, &c, status);
	}
}

/* ---- waiting ---- */

/* A terminal sends SIGINT to the whole group: the children have it already. */
static void stop(struct loop *l, const struct signalfd_siginfo *si)
{
	if (l->service && !l->stopping)
		l->code = EXIT_DONE;	/* what counts is how the runs end that are stopped now */
	l->stopping = true;
	if (si->ssi_code == SI_KERNEL)
		return;
	for (size_t i = 0; i < l->nchildren; i++)
		kill(l->children[i].pid, SIGTERM);
}

static void read_signals(struct loop *l)
{
	struct signalfd_siginfo si;

	while (read(l->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(l);
		else if (si.ssi_signo == SIGHUP && l->service)
			l->reload = true;
		else
			stop(l, &si);
	}
}

/* Somebody set the host's clock: what was computed from it is void. */
static void read_timer(struct loop *l)
{
	uint64_t n;

	if (read(l->timer, &n, sizeof(n)) < 0 && errno == ECANCELED)
		look_again(l, NULL, INSTANT_MINUS_INFINITY);
}

static void set_timer(struct loop *l)
{
	struct itimerspec when = { { 0, 0 }, { 0, 0 } };
	int64_t first = INSTANT_INFINITY;

	for (size_t i = 0; i < l->n && !l->stopping; i++)
		if (l->jobs[i].look < first && !is_running_here(l, l->jobs[i].sched.job->name))
			first = l->jobs[i].look;
	if (first != INSTANT_INFINITY) {
		int64_t now = instant_host_now();

		first = first < now ? now : first;
		when.it_value.tv_sec = (time_t)(first / USECS_PER_SEC + UNIX_2000);
		when.it_value.tv_nsec = (long)(first % USECS_PER_SEC * 1000);
	}
	timerfd_settime(l->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}

static void wait_for_something(struct loop *l)
{
	struct pollfd fds[2] = { { l->signals, POLLIN, 0 }, { l->timer, POLLIN, 0 } };

	set_timer(l);
	if (poll(fds, 2, -1) < 0)
		return;
	if (fds[0].revents)
		read_signals(l);
	if (fds[1].revents)
		read_timer(l);
}

/* A configuration with errors changes nothing: they are printed, the old one goes on. */
static void reload(struct loop *l)
{
	struct policy *old = l->ctx->policy;
	const struct database *old_db = l->ctx->db;
	struct arena *a = arena_new();
	struct sched_job *jobs;
	size_t n;

	l->reload = false;
	l->ctx->policy = NULL;
	l->ctx->db = NULL;
	if (!schedule_jobs(l->ctx, a, NULL, &n, &jobs)) {
		log_event(LOG_LEVEL_ERROR, "schedule.reload", LOG_S("configuration", "refused, the old one stays"));
		if (l->ctx->policy)
			policy_free(l->ctx->policy);
		l->ctx->policy = old;
		l->ctx->db = old_db;
		arena_free(a);
		return;
	}
	arena_free(l->arena);
	policy_free(old);
	l->arena = a;
	l->n = n;
	l->jobs = jobs;
	log_event(LOG_LEVEL_INFO, "schedule.reload", LOG_I("jobs", (int64_t)n));
}

static bool open_descriptors(struct loop *l, struct diag *d)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &mask, &l->mask_before);
	l->signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	l->timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->signals >= 0 && l->timer >= 0)
		return true;
	return diag_fail(d, DIAG_USAGE, "the scheduler got no signal and timer descriptors: %s", strerror(errno));
}

static void serve(struct loop *l)
{
	log_event(LOG_LEVEL_INFO, "schedule.ready", LOG_I("jobs", (int64_t)l->n));
	while (!l->stopping || l->nchildren) {
		if (l->reload && !l->stopping)
			reload(l);
		if (!l->stopping)
			look_at_all(l);
		if (!l->stopping || l->nchildren)
			wait_for_something(l);
	}
	log_event(LOG_LEVEL_INFO, "schedule.stopped", LOG_I("jobs", (int64_t)l->n));
}

/* While it waits for a long run it starts what else falls due: the caller may be a timer that starts
 * no second tick beside the first. */
static void tick_once(struct loop *l)
{
	look_at_all(l);
	while (l->nchildren) {
		wait_for_something(l);
		if (l->nchildren && !l->stopping)
			look_at_all(l);
	}
}

int schedule_loop(struct ctx *ctx, bool service)
{
	struct loop l = { .ctx = ctx, .service = service, .arena = arena_new(), .signals = -1, .timer = -1 };
	struct diag d = DIAG_INIT;

	if (!schedule_jobs(ctx, l.arena, NULL, &l.n, &l.jobs))
		l.code = EXIT_REFUSED;
	else if (!open_descriptors(&l, &d))
		l.code = ctx_fail(ctx, &d);
	else if (service)
		serve(&l);
	else
		tick_once(&l);
	if (l.signals >= 0)
		close(l.signals);
	if (l.timer >= 0)
		close(l.timer);
	free(l.children);
	arena_free(l.arena);
	return l.code;
}
