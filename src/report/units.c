#include "report/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const char *unit_count(int64_t n, char *buf)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n < 0 ? -(uint64_t)n : (uint64_t)n);
	char *out = buf;

	if (n < 0)
		*out++ = '-';
	for (size_t i = 0; i < len; i++) {
		if (i && len > 4 && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

const char *unit_rows(int64_t n, char *buf)
{
	char count[UNIT_TEXT];

	snprintf(buf, UNIT_TEXT, "%s row%s", unit_count(n, count), n == 1 ? "" : "s");
	return buf;
}

const char *unit_bytes(int64_t n, char *buf)
{
	static const char *const names[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double x = (double)n / 1024;
	size_t i = 0;

	if (n < 1024) {
		snprintf(buf, UNIT_TEXT, "%" PRId64 " byte%s", n, n == 1 ? "" : "s");
		return buf;
	}
	while (x >= 1023.5 && i + 1 < ARRAY_SIZE(names)) {
		x /= 1024;
		i++;
	}
	snprintf(buf, UNIT_TEXT, x < 9.95 ? "%.1f %s" : "%.0f %s", x, names[i]);
	return buf;
}

const char *unit_duration(double seconds, char *buf)
{
	int64_t s = (int64_t)llround(seconds);

	if (seconds < 0.9995)
		snprintf(buf, UNIT_TEXT, "%.0f ms", seconds * 1000);
	else if (seconds < 59.95)
		snprintf(buf, UNIT_TEXT, "%.1f s", seconds);
	else if (s < 3600)
		snprintf(buf, UNIT_TEXT, "%" PRId64 "m %" PRId64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, UNIT_TEXT, "%" PRId64 "h %" PRId64 "m", s / 3600, s % 3600 / 60);
	else
		snprintf(buf, UNIT_TEXT, "%" PRId64 "d %" PRId64 "h", s / 86400, s % 86400 / 3600);
	return buf;
}
