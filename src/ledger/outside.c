#include "ledger/outside.h"

#include "base/instant.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTSIDE_LINE_MAX (1u << 20)

AUTO_DEFINE(FILE, fclose)
AUTO_DEFINE(json_t, json_decref)

static bool fail_errno(struct diag *d, const char *path, const char *what)
{
	int err = errno;

	diag_fail(d, DIAG_GUARD, "can't %s the log of heads: %s", what, strerror(err));
	diag_where(d, "%s", path);
	return false;
}

static bool fail_line(struct diag *d, const char *path, int64_t line, const char *what, const char *hint)
{
	diag_fail(d, DIAG_GUARD, "the log of heads is damaged: %s", what);
	diag_where(d, "%s:%lld", path, (long long)line);
	diag_hint(d, "%s", hint);
	return false;
}

/* Takes the line's head if it is one of this lineage; false for a line that is no head although it
 * says so, or no JSON object at all. */
static bool take_line(const char *text, size_t n, const char *lineage, struct outside_head *ret)
{
	AUTO(json_decref_auto) json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	const char *kind = json_string_value(json_object_get(o, "kind"));
	const char *whose = json_string_value(json_object_get(o, "lineage"));
	const char *hash = json_string_value(json_object_get(o, "hash"));
	const json_t *seq = json_object_get(o, "seq");

	if (!kind)
		return false;
	if (!streq(kind, "head"))
		return true;
	if (!whose || !hash || strlen(hash) >= OUTSIDE_HASH || !json_is_integer(seq))
		return false;
	if (!streq(whose, lineage))
		return true;
	ret->found = true;
	ret->seq = json_integer_value(seq);
	snprintf(ret->hash, sizeof(ret->hash), "%s", hash);
	return true;
}

static bool read_lines(FILE *f, const char *path, const char *lineage, struct outside_head *ret, struct diag *d)
{
	AUTO(auto_free) char *text = NULL;
	size_t cap = 0;
	int64_t line = 1;
	ssize_t n;

	for (; (n = getline(&text, &cap, f)) >= 0; line++) {
		if (text[n - 1] != '\n')
			return fail_line(d, path, line, "its last line is cut",
					 "read it, remove that line, and try again");
		if (n > OUTSIDE_LINE_MAX || !take_line(text, (size_t)n, lineage, ret))
			return fail_line(d, path, line, "this line is not one that pgretain wrote",
					 "put the file back from where it is shipped to");
	}
	return ferror(f) ? fail_errno(d, path, "read") : true;
}

bool outside_read(const char *path, const char *lineage, struct outside_head *ret, struct diag *d)
{
	AUTO(fclose_auto) FILE *f = fopen(path, "re");
	struct outside_head head = { 0 };
	struct stat st;

	if (!f && errno != ENOENT)
		return fail_errno(d, path, "open");
	head.exists = f != NULL;
	if (f && (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))) {
		diag_fail(d, DIAG_GUARD, "the log of heads is not an ordinary file");
		diag_where(d, "%s", path);
		return false;
	}
	if (f && !read_lines(f, path, lineage, &head, d))
		return false;
	*ret = head;
	return true;
}

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

/* A line is in the file whole and durable, or not at all. */
static bool write_line(int fd, const char *path, const struct strbuf *line, struct diag *d)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return fail_errno(d, path, "look at");
	n = write(fd, line->buf, line->len);
	if (n == (ssize_t)line->len && fsync(fd) == 0)
		return st.st_size ? true : sync_folder(path, d);
	if (n >= 0 && n < (ssize_t)line->len)
		errno = ENOSPC;
	fail_errno(d, path, "append to");
	if (ftruncate(fd, st.st_size) != 0)
		diag_hint(d, "its last line is cut: remove it");
	return false;
}

static bool append_locked(int fd, const char *path, const char *lineage, int64_t seq, const char *hash,
			  struct diag *d)
{
	struct outside_head head;
	AUTO_STRBUF line = STRBUF_INIT;
	char at[INSTANT_TEXT];

	if (!outside_read(path, lineage, &head, d))
		return false;
	if (head.found && head.seq == seq && streq(head.hash, hash))
		return true;
	if (head.found && head.seq >= seq) {
		diag_fail(d, DIAG_GUARD, "the log knows ledger entry %lld, the database's ledger ends at %lld",
			  (long long)head.seq, (long long)seq);
		diag_where(d, "%s", path);
		diag_hint(d, "the database is older than its log: replay first");
		return false;
	}
	strbuf_addf(&line, "{\"kind\":\"head\",\"lineage\":\"%s\",\"seq\":%lld,\"hash\":\"%s\",\"at\":\"%s\"}\n",
		    lineage, (long long)seq, hash, instant_format(instant_host_now(), at));
	return write_line(fd, path, &line, d);
}

bool outside_append(const char *path, const char *lineage, int64_t seq, const char *hash, struct diag *d)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return fail_errno(d, path, "open");
	ok = flock(fd, LOCK_EX) == 0 ? append_locked(fd, path, lineage, seq, hash, d) :
		fail_errno(d, path, "lock");
	close(fd);
	return ok;
}
