#include "sched/tzif.h"

#include "base/instant.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_NAME_MAX 64
#define ZONE_FILE_MAX (1 << 20)
#define OFFSET_MAX INT64_C(93600)		/* seconds; no offset is larger (RFC 8536) */

static const struct zone utc = { .name = "UTC", .n = 0, .at = NULL, .offset = (int64_t[]){ 0 } };

/* ---- loading ---- */

static bool name_is_sane(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < ZONE_NAME_MAX && name[0] != '/' && name[n - 1] != '/' && !strstr(name, "//") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == n;
}

static bool unknown(const char *name, struct diag *d)
{
	diag_fail(d, DIAG_CONFIG, "zone \"%.60s\" is not in the time zone database (%s)", name, ZONE_DIR);
	diag_hint(d, access(ZONE_DIR "/Europe/Berlin", R_OK) == 0
			     ? "write an IANA name such as \"Europe/Berlin\" or \"UTC\""
			     : "install package tzdata");
	return false;
}

static bool read_all(int fd, char **ret, size_t *ret_n)
{
	struct stat st;
	AUTO(auto_free) char *buf = NULL;
	size_t n = 0;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > ZONE_FILE_MAX)
		return false;
	buf = xmalloc((size_t)st.st_size);
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, buf + n, (size_t)st.st_size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	*ret = STEAL(buf);
	*ret_n = n;
	return true;
}

bool zone_load(struct arena *a, const char *name, const struct zone **ret, struct diag *d)
{
	AUTO(auto_free) char *bytes = NULL;
	char path[sizeof(ZONE_DIR) + ZONE_NAME_MAX + 1];
	size_t n;
	bool ok;
	int fd;

	if (streq(name, "UTC")) {
		*ret = &utc;
		return true;
	}
	if (!name_is_sane(name))
		return unknown(name, d);
	snprintf(path, sizeof(path), "%s/%s", ZONE_DIR, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return unknown(name, d);
	ok = read_all(fd, &bytes, &n);
	close(fd);
	if (!ok)
		return unknown(name, d);
	return zone_parse(a, name, bytes, n, ret, d);
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

/* ---- asking ---- */

static int64_t to_seconds(int64_t usecs)
{
	return usecs / USECS_PER_SEC - (usecs % USECS_PER_SEC < 0);
}

static int64_t to_usecs(int64_t seconds)
{
	int64_t usecs;

	if (__builtin_mul_overflow(seconds, USECS_PER_SEC, &usecs))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return usecs;
}

struct span {
	int64_t begin, end, offset;	/* seconds */
};

/* After the last transition of the table. */
static struct span span_of_rule(const struct zone *z, int64_t s)
{
	struct span sp = { INT64_MIN, INT64_MAX, z->posix.std };
	struct tz_change changes[TZ_CHANGES];
	size_t n = tz_posix_changes(&z->posix, s, changes);

	for (size_t i = 0; i < n && sp.end == INT64_MAX; i++) {
		if (changes[i].at <= s) {
			sp.begin = changes[i].at;
			sp.offset = changes[i].offset;
		} else {
			sp.end = changes[i].at;
		}
	}
	if (z->n && sp.begin < z->at[z->n - 1])
		sp.begin = z->at[z->n - 1];
	return sp;
}

static struct span span_at(const struct zone *z, int64_t s)
{
	size_t lo = 0, hi = z->n;

	while (lo < hi) {	/* transitions not after s */
		size_t mid = lo + (hi - lo) / 2;

		if (z->at[mid] <= s)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == z->n && z->has_posix)
		return span_of_rule(z, s);
	return (struct span){
		.begin = lo ? z->at[lo - 1] : INT64_MIN,
		.end = lo < z->n ? z->at[lo] : INT64_MAX,
		.offset = z->offset[lo],
	};
}

struct zone_span zone_span_at(const struct zone *z, int64_t t)
{
	struct span sp = span_at(z, to_seconds(t));

	return (struct zone_span){
		.begin = to_usecs(sp.begin), .end = to_usecs(sp.end), .offset = sp.offset * USECS_PER_SEC,
	};
}

int64_t zone_local(const struct zone *z, int64_t t)
{
	return t + zone_span_at(z, t).offset;
}

int64_t zone_instant(const struct zone *z, int64_t local, int64_t *gap)
{
	/* No offset is larger than OFFSET_MAX: this span begins before the instant looked for. */
	struct zone_span sp = zone_span_at(z, local - OFFSET_MAX * USECS_PER_SEC), last = sp;

	if (gap)
		*gap = 0;
	while (local - sp.offset >= sp.end) {
		last = sp;
		sp = zone_span_at(z, sp.end);
	}
	if (local - sp.offset >= sp.begin)
		return local - sp.offset;
	if (gap)
		*gap = sp.offset - last.offset;
	return sp.begin;
}

bool zone_has_day(const struct zone *z, int64_t day)
{
	int64_t first = zone_instant(z, day * USECS_PER_DAY, NULL);

	return zone_local(z, first) < (day + 1) * USECS_PER_DAY;
}

const char *zone_format(const struct zone *z, int64_t t, char *buf)
{
	int64_t offset = zone_span_at(z, t).offset, local = t + offset;
	int64_t days = local / USECS_PER_DAY - (local % USECS_PER_DAY < 0);
	int64_t seconds = (local - days * USECS_PER_DAY) / USECS_PER_SEC;
	int64_t minutes = (offset < 0 ? -offset : offset) / USECS_PER_SEC / 60;
	int64_t year;
	int month, day;

	instant_civil_from_days(days, &year, &month, &day);
	snprintf(buf, ZONE_TEXT, "%04d-%02d-%02d %02d:%02d %c%02d:%02d", (int)year, month, day,
		 (int)(seconds / 3600), (int)(seconds / 60 % 60), offset < 0 ? '-' : '+', (int)(minutes / 60),
		 (int)(minutes % 60));
	return buf;
}
