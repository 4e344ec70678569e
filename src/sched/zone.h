/* Time zones of the IANA database, read from the TZif files of the system (RFC 8536: version 2 or
 * later, with its footer) and kept as data. The C library's own zone functions answer for one zone
 * per process, the process's TZ; a job's zone has nothing to do with that.
 *
 * A zone never changes once loaded. Instants are microseconds since 2000-01-01 UTC, wall-clock times
 * (`local`) microseconds since 2000-01-01 00:00 on that wall, as in base/instant.h. */
#ifndef PGRETAIN_SCHED_ZONE_H
#define PGRETAIN_SCHED_ZONE_H

#include "base/arena.h"
#include "base/diag.h"

#define ZONE_DIR "/usr/share/zoneinfo"

struct zone;

/* "Europe/Berlin"; "UTC" needs no file. Unknown names, absolute paths and `..` are CONFIG errors. */
bool zone_load(struct arena *a, const char *name, const struct zone **ret, struct diag *d) must_use;
/* The same from the bytes of a TZif file; a malformed one is refused, never half read. */
bool zone_parse(struct arena *a, const char *name, const void *bytes, size_t n, const struct zone **ret,
		struct diag *d) must_use;

const char *zone_name(const struct zone *z);

/* A stretch of time with one offset: begin <= t < end; INT64_MIN and INT64_MAX where it has no end. */
struct zone_span {
	int64_t begin, end;	/* instants */
	int64_t offset;		/* microseconds east of UTC */
};
struct zone_span zone_span_at(const struct zone *z, int64_t t);

int64_t zone_local(const struct zone *z, int64_t t);

/* The instant at which the wall shows `local`: of two the first. When the wall never shows it (clocks
 * go forward), the first instant after the jump, and *gap (if not NULL) is the jump's length, else 0. */
int64_t zone_instant(const struct zone *z, int64_t local, int64_t *gap);

/* Does the zone have this day (days since 2000-01-01) at all? Samoa had no 2011-12-30. */
bool zone_has_day(const struct zone *z, int64_t day) must_use;

/* 2026-03-29 03:00 +02:00. buf >= ZONE_TEXT bytes. */
#define ZONE_TEXT 48
const char *zone_format(const struct zone *z, int64_t t, char *buf);

#endif
