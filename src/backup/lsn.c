#include "backup/lsn.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static bool all_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return n > 0;
}

static bool number(const char *s, size_t n, int base, uint64_t *ret)
{
	char text[32], *end;

	if (!n || n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	errno = 0;
	*ret = strtoull(text, &end, base);
	return !errno && !*end;
}

static bool halves(const char *s, uint64_t *ret)
{
	const char *slash = strchr(s, '/');
	size_t high = (size_t)(slash - s), low = strlen(slash + 1);
	uint64_t a, b;

	if (high > 8 || low > 8 || !all_hex(s, high) || !all_hex(slash + 1, low) || !number(s, high, 16, &a) ||
	    !number(slash + 1, low, 16, &b))
		return false;
	*ret = a << 32 | b;
	return true;
}

static bool digits(const char *s, enum lsn_form form, uint64_t *ret)
{
	size_t n = strlen(s);
	bool decimal = strspn(s, "0123456789") == n;

	return all_hex(s, n) && number(s, n, form == LSN_DECIMAL && decimal ? 10 : 16, ret);
}

enum lsn_found lsn_read(const json_t *v, enum lsn_form form, uint64_t *ret)
{
	const char *s = json_string_value(v);

	if (!v || json_is_null(v) || (s && !*s))
		return LSN_ABSENT;
	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		*ret = (uint64_t)json_integer_value(v);
		return LSN_READ;
	}
	if (!s || !(strchr(s, '/') ? halves(s, ret) : digits(s, form, ret)))
		return LSN_WRONG;
	return LSN_READ;
}

bool lsn_segment(const char *name, uint64_t segment_size, int64_t *timeline, uint64_t *start)
{
	uint64_t tli, log, seg;

	if (strnlen(name, 24) < 24 || !all_hex(name, 24) || isxdigit((unsigned char)name[24]) || !segment_size ||
	    !number(name, 8, 16, &tli) || !number(name + 8, 8, 16, &log) || !number(name + 16, 8, 16, &seg) || !tli ||
	    seg >= (UINT64_C(1) << 32) / segment_size)
		return false;
	*timeline = (int64_t)tli;
	*start = (log << 32) + seg * segment_size;
	return true;
}
