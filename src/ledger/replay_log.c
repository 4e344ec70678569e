#include "ledger/replay_log.h"

#include "base/fault.h"
#include "ledger/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((off_t)32 * 1024 * 1024)
#define CHUNK 65536
#define CHAIN_TEXT ",\"chain\":\""
#define CHAIN_LEN (sizeof(CHAIN_TEXT) - 1 + 64 + 2)	/* with "} */

AUTO_DEFINE(FILE, fclose)
AUTO_DEFINE(json_t, json_decref)

static const char genesis[] = "0000000000000000000000000000000000000000000000000000000000000000";

static bool fail_errno(struct diag *d, const char *path, const char *what)
{
	int err = errno;

	diag_fail(d, DIAG_GUARD, "can't %s the replay log: %s", what, strerror(err));
	diag_where(d, "%s", path);
	return false;
}

static bool fail_line(struct diag *d, const char *path, int64_t line, const char *what)
{
	diag_fail(d, DIAG_GUARD, "the replay log is damaged: %s", what);
	diag_where(d, "%s:%lld", path, (long long)line);
	diag_hint(d, "put the file back from where it is shipped to");
	return false;
}

static bool fail_torn(struct diag *d, const char *path, int64_t line)
{
	fail_line(d, path, line, "its last line is cut");
	diag_hint(d, "read it; pgretain replay --repair then takes that line away");
	return false;
}

/* ---- one line ---- */

static void chain_of(const char *before, const char *text, size_t n, char into[LOG_CHAIN])
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, before);
	strbuf_add(&sb, text, n);
	seal_text(strbuf_str(&sb), into);
}

/* What the line says its chain is, and the length of the text before it; false: it is not ours. */
static bool line_chain(const char *text, size_t n, char ret[LOG_CHAIN], size_t *body)
{
	const char *at = text + n - CHAIN_LEN;

	if (n <= CHAIN_LEN || text[0] != '{' || memchr(text, '\0', n) || strncmp(at, CHAIN_TEXT, sizeof(CHAIN_TEXT) - 1) != 0 ||
	    strcmp(text + n - 2, "\"}") != 0)
		return false;
	at += sizeof(CHAIN_TEXT) - 1;
	memcpy(ret, at, LOG_CHAIN - 1);
	ret[LOG_CHAIN - 1] = '\0';
	*body = n - CHAIN_LEN;
	return strspn(ret, "0123456789abcdef") == LOG_CHAIN - 1;
}

static bool line_holds(const char *text, size_t n, const char *before)
{
	char said[LOG_CHAIN], is[LOG_CHAIN];
	size_t body;

	if (!line_chain(text, n, said, &body))
		return false;
	chain_of(before, text, body, is);
	return streq(said, is);
}

static json_t *line_parse(const char *text, size_t n)
{
	json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);

	if (o && json_is_object(o) && json_string_value(json_object_get(o, "kind")) &&
	    json_string_value(json_object_get(o, "lineage")))
		return o;
	json_decref(o);
	return NULL;
}

/* ---- from the end ---- */

struct backwards {
	const char *path;
	int fd;
	off_t end;			/* of the lines not read yet: just behind an LF, or 0 */
	struct strbuf line;		/* the one read last, without its LF */
};

static bool read_at(const struct backwards *b, char *into, size_t n, off_t at, struct diag *d)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = pread(b->fd, into + got, n - got, at + (off_t)got);

		if (r <= 0)
			return fail_errno(d, b->path, "read");
		got += (size_t)r;
	}
	return true;
}

/* Where the line that ends at `end` (its LF) begins; -1: too long. */
static bool line_start(const struct backwards *b, off_t end, off_t *ret, struct diag *d)
{
	char chunk[CHUNK];

	for (off_t hi = end; hi > 0;) {
		size_t n = hi < CHUNK ? (size_t)hi : CHUNK;
		const char *lf;

		if (!read_at(b, chunk, n, hi - (off_t)n, d))
			return false;
		lf = memrchr(chunk, '\n', n);
		if (lf) {
			*ret = hi - (off_t)n + (lf - chunk) + 1;
			return true;
		}
		hi -= (off_t)n;
		if (end - hi > LINE_MAX_BYTES) {
			*ret = -1;
			return true;
		}
	}
	*ret = 0;
	return true;
}

static int64_t line_number(const struct backwards *b, off_t at)
{
	char chunk[CHUNK];
	int64_t n = 1;

	for (off_t pos = 0; pos < at;) {
		ssize_t r = pread(b->fd, chunk, at - pos < CHUNK ? (size_t)(at - pos) : CHUNK, pos);

		if (r <= 0)
			break;
		for (ssize_t i = 0; i < r; i++)
			n += chunk[i] == '\n';
		pos += r;
	}
	return n;
}

static bool line_before(struct backwards *b, bool *any, struct diag *d)
{
	off_t start = 0;
	char *text;

	*any = b->end > 0;
	if (!*any)
		return true;
	if (!line_start(b, b->end - 1, &start, d))
		return false;
	if (start < 0 || b->end - start > LINE_MAX_BYTES)
		return fail_line(d, b->path, line_number(b, b->end - 1), "this line is not one that pgretain wrote");
	text = xmalloc((size_t)(b->end - start));
	if (!read_at(b, text, (size_t)(b->end - 1 - start), start, d)) {
		free(text);
		return false;
	}
	strbuf_reset(&b->line);
	strbuf_add(&b->line, text, (size_t)(b->end - 1 - start));
	free(text);
	b->end = start;
	return true;
}

static bool is_ordinary(int fd, const char *path, off_t *ret_size, struct diag *d)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail_errno(d, path, "look at");
	if (!S_ISREG(st.st_mode)) {
		diag_fail(d, DIAG_GUARD, "the replay log is not an ordinary file");
		diag_where(d, "%s", path);
		return false;
	}
	*ret_size = st.st_size;
	return true;
}

/* Stands behind the last line, which must be whole. */
static bool backwards_begin(struct backwards *b, const char *path, int fd, struct diag *d)
{
	char last;

	*b = (struct backwards){ .path = path, .fd = fd };
	if (!is_ordinary(fd, path, &b->end, d))
		return false;
	if (!b->end)
		return true;
	if (!read_at(b, &last, 1, b->end - 1, d))
		return false;
	return last == '\n' ? true : fail_torn(d, path, line_number(b, b->end));
}

static bool is_head(const json_t *o, const char *lineage, struct replay_head *ret)
{
	const json_t *seq = json_object_get(o, "seq");
	const char *hash = json_string_value(json_object_get(o, "hash"));

	if (!streq(json_string_value(json_object_get(o, "kind")), "head") ||
	    !streq(json_string_value(json_object_get(o, "lineage")), lineage) || !json_is_integer(seq) || !hash ||
	    strlen(hash) >= LOG_HASH)
		return false;
	ret->found = true;
	ret->seq = json_integer_value(seq);
	snprintf(ret->hash, sizeof(ret->hash), "%s", hash);
	return true;
}

/* Each line is held against the chain of the one before it. */
static bool head_from_end(struct backwards *b, const char *lineage, struct replay_head *ret, struct diag *d)
{
	AUTO_STRBUF line = STRBUF_INIT;
	char before[LOG_CHAIN];
	size_t body;
	off_t at;
	bool any;

	if (!line_before(b, &any, d))
		return false;
	while (any) {
		AUTO(json_decref_auto) json_t *o = NULL;

		strbuf_reset(&line);
		strbuf_add(&line, strbuf_str(&b->line), b->line.len);
		at = b->end;
		if (!line_before(b, &any, d))
			return false;
		if (!any)
			memcpy(before, genesis, sizeof(before));
		else if (!line_chain(strbuf_str(&b->line), b->line.len, before, &body))
			return fail_line(d, b->path, line_number(b, b->end), "this line is not one that pgretain wrote");
		o = line_parse(strbuf_str(&line), line.len);
		if (!o || !line_holds(strbuf_str(&line), line.len, before))
			return fail_line(d, b->path, line_number(b, at), "this line is not one that pgretain wrote");
		if (is_head(o, lineage, ret))
			return true;
	}
	return true;
}

bool replay_log_head(const char *path, const char *lineage, struct replay_head *ret, struct diag *d)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct replay_head head = { 0 };
	struct backwards b;
	bool ok;

	if (fd < 0 && errno != ENOENT)
		return fail_errno(d, path, "open");
	head.exists = fd >= 0;
	if (fd < 0) {
		*ret = head;
		return true;
	}
	ok = backwards_begin(&b, path, fd, d) && head_from_end(&b, lineage, &head, d);
	strbuf_done(&b.line);
	close(fd);
	if (ok)
		*ret = head;
	return ok;
}

/* ---- appending ---- */

static bool sync_folder(const char *path, struct diag *d)
{
	AUTO(auto_free) char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		fail_errno(d, path, "make durable");
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool take_chain(struct replay_log *l, struct diag *d)
{
	struct backwards b;
	size_t body;
	bool any = false, ok = backwards_begin(&b, l->path, l->fd, d) && line_before(&b, &any, d);

	memcpy(l->chain, genesis, sizeof(l->chain));
	if (ok && any && !line_chain(strbuf_str(&b.line), b.line.len, l->chain, &body))
		ok = fail_line(d, l->path, line_number(&b, b.end), "this line is not one that pgretain wrote");
	strbuf_done(&b.line);
	return ok;
}

bool replay_log_open(struct replay_log *l, const char *path, struct diag *d)
{
	l->path = path;
	l->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return fail_errno(d, path, "open");
	if (flock(l->fd, LOCK_EX) != 0)
		return fail_errno(d, path, "lock");
	return take_chain(l, d);
}

void replay_log_add(struct replay_log *l, json_t *line)
{
	AUTO(auto_free) char *text = json_dumps(line, JSON_COMPACT);
	size_t body = strlen(text) - 1;

	chain_of(l->chain, text, body, l->chain);
	strbuf_add(&l->waiting, text, body);
	strbuf_addf(&l->waiting, CHAIN_TEXT "%s\"}\n", l->chain);
	json_decref(line);
}

static bool write_all(int fd, const char *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = write(fd, bytes + done, n - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			errno = w < 0 ? errno : ENOSPC;
			return false;
		}
		done += (size_t)w;
	}
	return true;
}

/* In one piece, unless a test wants them torn. */
static bool write_lines(const struct replay_log *l)
{
	const char *bytes = strbuf_str(&l->waiting);
	size_t cut = fault_armed == FAULT_log_torn ? l->waiting.len / 2 : 0;

	FAULT_POINT(log_write);
	if (!write_all(l->fd, bytes, cut))
		return false;
	FAULT_POINT(log_torn);
	if (!write_all(l->fd, bytes + cut, l->waiting.len - cut))
		return false;
	FAULT_POINT(log_sync);
	return fsync(l->fd) == 0;
}

bool replay_log_flush(struct replay_log *l, struct diag *d)
{
	struct stat st;

	if (!l->waiting.len)
		return true;
	if (fstat(l->fd, &st) != 0)
		return fail_errno(d, l->path, "look at");
	if (write_lines(l)) {
		strbuf_reset(&l->waiting);
		return st.st_size ? true : sync_folder(l->path, d);
	}
	fail_errno(d, l->path, "append to");
	if (ftruncate(l->fd, st.st_size) != 0)
		diag_hint(d, "its last line is cut: pgretain replay --repair takes it away");
	return false;
}

void replay_log_close(struct replay_log *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	strbuf_done(&l->waiting);
}

/* ---- from the beginning ---- */

static bool each_line(FILE *f, const char *path, replay_line_fn *each, void *arg, struct diag *d)
{
	AUTO(auto_free) char *text = NULL;
	char chain[LOG_CHAIN];
	size_t cap = 0, body;
	int64_t number = 1;
	ssize_t n;

	memcpy(chain, genesis, sizeof(chain));
	for (; (n = getline(&text, &cap, f)) >= 0; number++) {
		AUTO(json_decref_auto) json_t *o = NULL;

		if (text[n - 1] != '\n')
			return fail_torn(d, path, number);
		text[--n] = '\0';
		o = line_parse(text, (size_t)n);
		if (!o || !line_holds(text, (size_t)n, chain) || !line_chain(text, (size_t)n, chain, &body))
			return fail_line(d, path, number, "this line is not one that pgretain wrote");
		if (!each(arg, o, number, d))
			return false;
	}
	if (ferror(f))
		return fail_errno(d, path, "read");
	return number > 1 ? true : fail_line(d, path, 1, "it is empty");
}

bool replay_log_each(const char *path, replay_line_fn *each, void *arg, struct diag *d)
{
	AUTO(fclose_auto) FILE *f = fopen(path, "re");
	off_t size;

	if (!f)
		return fail_errno(d, path, "open");
	return is_ordinary(fileno(f), path, &size, d) && each_line(f, path, each, arg, d);
}

/* ---- a torn last line ---- */

static bool keep_torn(const char *path, const char *bytes, size_t n, struct diag *d)
{
	AUTO_STRBUF torn = STRBUF_INIT;
	bool ok;
	int fd;

	strbuf_addf(&torn, "%s.torn", path);
	fd = open(strbuf_str(&torn), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(d, strbuf_str(&torn), "keep what was torn of");
	ok = (write_all(fd, bytes, n) && write_all(fd, "\n", 1) && fsync(fd) == 0) ||
		fail_errno(d, strbuf_str(&torn), "keep what was torn of");
	close(fd);
	return ok;
}

static bool repair(struct backwards *b, int64_t *ret, struct diag *d)
{
	AUTO(auto_free) char *bytes = NULL;
	struct stat st;
	off_t start = 0;

	if (fstat(b->fd, &st) != 0)
		return fail_errno(d, b->path, "look at");
	if (!line_start(b, st.st_size, &start, d))
		return false;
	if (start < 0)
		return fail_line(d, b->path, line_number(b, st.st_size), "this line is not one that pgretain wrote");
	*ret = st.st_size - start;
	if (!*ret)
		return true;
	bytes = xmalloc((size_t)*ret);
	return read_at(b, bytes, (size_t)*ret, start, d) && keep_torn(b->path, bytes, (size_t)*ret, d) &&
		((ftruncate(b->fd, start) == 0 && fsync(b->fd) == 0) || fail_errno(d, b->path, "shorten"));
}

bool replay_log_repair(const char *path, int64_t *ret_bytes, struct diag *d)
{
	struct backwards b = { .path = path, .fd = open(path, O_RDWR | O_CLOEXEC) };
	bool ok;

	if (b.fd < 0)
		return fail_errno(d, path, "open");
	ok = flock(b.fd, LOCK_EX) == 0 ? repair(&b, ret_bytes, d) : fail_errno(d, path, "lock");
	close(b.fd);
	return ok;
}
