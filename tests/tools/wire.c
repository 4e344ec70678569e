/* A bad wire between a program and its server: forwards a Unix socket to another one, and does on purpose what
 * networks and proxies do by accident.
 *
 *	wire LISTEN SERVER [delay=MS] [app=WORD] [lose=N] [drop=N] [each=1] [bytes=N] [times=T]
 *
 *	delay=MS	everything takes so long, each way
 *	app=WORD	only connections whose application_name ends so are disturbed
 *	lose=N		the Nth COMMIT reaches the server, its answer is eaten, then the connection is cut
 *	drop=N		the Nth COMMIT does not reach the server: the connection is cut instead of it
 *	each=1		any statement counts as COMMIT does
 *	bytes=N		connections are cut when the server has sent so many bytes
 *	times=T		so often at most; then it is a good wire. Default 1
 *
 * Says "ready" when it listens and "cut" for each cut; ends with its standard input. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAIRS 64
#define CHUNK 65536

struct bytes {			/* on its way: forwarded at `due_ms` */
	char *buf;
	size_t n;
	double due_ms;
	struct bytes *next;
};

struct scan {			/* messages of one direction, read as they pass */
	char head[8192];	/* as much of the message in hand as fits */
	size_t have, need;	/* need 0: the header is not whole yet */
	bool untyped;		/* a startup message comes first */
};

struct pair {
	int fd[2];		/* client, server */
	struct scan scan[2];
	struct bytes *way[2];	/* to the client, to the server */
	bool marked;		/* the app that was asked for */
	bool eating;		/* the answer to COMMIT goes nowhere */
	long sent;
};

static struct pair pairs[MAX_PAIRS];
static size_t npairs;
static const char *server_path, *app;
static long delay_ms, lose, drop, each, cut_bytes, times = 1, commits;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	return a;
}

static void way_free(struct bytes *b)
{
	while (b) {
		struct bytes *next = b->next;

		free(b->buf);
		free(b);
		b = next;
	}
}

static void pair_close(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		close(p->fd[i]);
		way_free(p->way[i]);
	}
	*p = pairs[--npairs];
}

static void cut(struct pair *p)
{
	times--;
	puts("cut");
	fflush(stdout);
	pair_close(p);
}

/* ---- the protocol: type, length, body; the first message of a client has no type ---- */

static size_t be32(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	return (size_t)u[0] << 24 | (size_t)u[1] << 16 | (size_t)u[2] << 8 | u[3];
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void read_startup(struct pair *p, const struct scan *s)
{
	size_t at = 8;

	while (at < s->have && s->head[at]) {
		const char *name = s->head + at, *value = name + strlen(name) + 1;

		if (value >= s->head + s->have)
			return;
		if (app && strcmp(name, "application_name") == 0)
			p->marked = ends_with(value, app);
		at = (size_t)(value - s->head) + strlen(value) + 1;
	}
}

/* A simple query, or a Parse (statement name, text). */
static bool counts(const struct scan *s)
{
	const char *text = s->head + 5;

	if (s->head[0] == 'P')
		text += strlen(text) + 1;
	return (s->head[0] == 'Q' || s->head[0] == 'P') && (each || strcmp(text, "COMMIT") == 0);
}

enum verdict { GO_ON, CUT_BEFORE, CUT_AFTER };

static enum verdict message(struct pair *p, int from, struct scan *s)
{
	s->head[s->have < sizeof(s->head) ? s->have : sizeof(s->head) - 1] = '\0';
	if (from == 0 && s->untyped) {
		read_startup(p, s);
		s->untyped = be32(s->head + 4) != 196608;	/* SSLRequest and its like: another one follows */
		return GO_ON;
	}
	if (from == 1)
		return p->eating && s->head[0] == 'Z' ? CUT_AFTER : GO_ON;
	if (times <= 0 || !p->marked || !counts(s))
		return GO_ON;
	commits++;
	if (drop && commits == drop)
		return CUT_BEFORE;
	p->eating = lose && commits == lose;
	return GO_ON;
}

/* Byte by byte: these are tests. */
static enum verdict scan(struct pair *p, int from, const char *buf, size_t n)
{
	struct scan *s = &p->scan[from];

	for (size_t i = 0; i < n; i++) {
		size_t head = s->untyped ? 4 : 5;
		enum verdict v;

		if (s->have < sizeof(s->head))
			s->head[s->have] = buf[i];
		s->have++;
		if (s->have == head)
			s->need = be32(s->head + head - 4) + head - 4;
		if (!s->need || s->have < s->need)
			continue;
		v = message(p, from, s);
		s->have = s->need = 0;
		if (v != GO_ON)
			return v;
	}
	return GO_ON;
}

/* ---- forwarding ---- */

static void put_on_way(struct pair *p, int to, const char *buf, size_t n)
{
	struct bytes *b = malloc(sizeof(*b)), **last = &p->way[to];

	if (!b || !(b->buf = malloc(n)))
		die("memory");
	memcpy(b->buf, buf, n);
	b->n = n;
	b->due_ms = now_ms() + (double)delay_ms;
	b->next = NULL;
	while (*last)
		last = &(*last)->next;
	*last = b;
}

/* False: the pair is gone. */
static bool take(struct pair *p, int from)
{
	static char buf[CHUNK];
	ssize_t n = read(p->fd[from], buf, sizeof(buf));
	enum verdict v;

	if (n <= 0) {
		pair_close(p);
		return false;
	}
	v = scan(p, from, buf, (size_t)n);
	if (v != GO_ON) {
		cut(p);
		return false;
	}
	if (from == 1 && p->eating)
		return true;
	put_on_way(p, !from, buf, (size_t)n);
	p->sent += from == 1 ? n : 0;
	if (cut_bytes && times > 0 && p->marked && p->sent >= cut_bytes) {
		cut(p);
		return false;
	}
	return true;
}

static bool deliver(struct pair *p, int to)
{
	while (p->way[to] && p->way[to]->due_ms <= now_ms()) {
		struct bytes *b = p->way[to];
		size_t done = 0;

		while (done < b->n) {
			ssize_t n = write(p->fd[to], b->buf + done, b->n - done);

			if (n <= 0) {
				pair_close(p);
				return false;
			}
			done += (size_t)n;
		}
		p->way[to] = b->next;
		free(b->buf);
		free(b);
	}
	return true;
}

static void join(int listener)
{
	struct sockaddr_un a = address(server_path);
	struct pair *p = &pairs[npairs];
	int client = accept(listener, NULL, NULL), server;

	if (client < 0)
		return;
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (npairs == MAX_PAIRS || server < 0 || connect(server, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(client);
		if (server >= 0)
			close(server);
		return;
	}
	memset(p, 0, sizeof(*p));
	p->fd[0] = client;
	p->fd[1] = server;
	p->scan[0].untyped = true;
	p->marked = !app;
	npairs++;
}

static void each_pair(const struct pollfd *fds, size_t n)
{
	for (size_t i = n; i-- > 0;) {		/* backwards: one that goes is replaced by the last */
		bool there = true;

		for (int k = 0; k < 2 && there; k++) {
			if (fds[2 + 2 * i + (size_t)k].revents)
				there = take(&pairs[i], k);
			for (int to = 0; to < 2 && there; to++)
				there = deliver(&pairs[i], to);
		}
	}
}

static int serve(int listener)
{
	struct pollfd fds[2 + 2 * MAX_PAIRS];

	for (;;) {
		size_t n = npairs;

		fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
		for (size_t i = 0; i < 2 * n; i++)
			fds[2 + i] = (struct pollfd){ .fd = pairs[i / 2].fd[i % 2], .events = POLLIN };
		if (poll(fds, 2 + 2 * (nfds_t)n, delay_ms ? 1 : 1000) < 0 && errno != EINTR)
			die("poll");
		if (fds[1].revents)
			return 0;
		each_pair(fds, n);
		if (fds[0].revents)
			join(listener);
	}
}

static bool option(const char *arg)
{
	static const struct { const char *name; long *value; } numbers[] = {
		{ "delay=", &delay_ms }, { "lose=", &lose }, { "drop=", &drop }, { "each=", &each }, { "bytes=", &cut_bytes }, { "times=", &times },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		size_t n = strlen(numbers[i].name);

		if (strncmp(arg, numbers[i].name, n) == 0) {
			*numbers[i].value = strtol(arg + n, NULL, 10);
			return true;
		}
	}
	app = strncmp(arg, "app=", 4) == 0 ? arg + 4 : app;
	return strncmp(arg, "app=", 4) == 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a;
	int listener;

	if (argc < 3)
		return fprintf(stderr, "usage: wire LISTEN SERVER [OPTION=N...]\n"), 1;
	for (int i = 3; i < argc; i++)
		if (!option(argv[i]))
			return fprintf(stderr, "wire: %s?\n", argv[i]), 1;
	signal(SIGPIPE, SIG_IGN);
	server_path = argv[2];
	unlink(argv[1]);
	a = address(argv[1]);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(listener, 16) != 0)
		die(argv[1]);
	puts("ready");
	fflush(stdout);
	return serve(listener);
}
