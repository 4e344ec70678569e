/* Instants and calendar values as PostgreSQL stores them.
 *
 * struct-less on purpose: int64 microseconds since 2000-01-01 00:00 (timestamptz: UTC; timestamp:
 * local, zoneless) and int64 days since 2000-01-01 (date), with INT64_MAX / INT64_MIN for infinity /
 * -infinity. Text is what PostgreSQL prints with DateStyle ISO: `2024-05-01 03:00:00.5+08`,
 * `0044-03-15 BC`, offsets of +HH, +HH:MM, +HH:MM:SS (PostgreSQL documentation, 8.5.2). */
#ifndef PGRETAIN_BASE_INSTANT_H
#define PGRETAIN_BASE_INSTANT_H

#include "base/util.h"

#define INSTANT_INFINITY INT64_MAX
#define INSTANT_MINUS_INFINITY INT64_MIN
#define USECS_PER_DAY INT64_C(86400000000)
#define USECS_PER_SEC INT64_C(1000000)

/* Parse PostgreSQL's ISO output; false for anything else. n = length of s. */
bool instant_parse_timestamptz(const char *s, size_t n, int64_t *ret) must_use;
bool instant_parse_timestamp(const char *s, size_t n, int64_t *ret) must_use;
bool instant_parse_date(const char *s, size_t n, int64_t *ret) must_use;

/* What people write for --as-of: RFC 3339 (`2026-11-24T17:30:00Z`, offset required unless only a
 * date is given, which is that day's start in UTC). */
bool instant_parse_rfc3339(const char *s, int64_t *ret) must_use;

/* RFC 3339 in UTC: 2026-11-24T17:30:00Z, with a fraction only where there is one; infinities as
 * "infinity", "-infinity"; years below 1 as "0044-03-15T00:00:00Z BC". buf >= INSTANT_TEXT bytes. */
#define INSTANT_TEXT 48
const char *instant_format(int64_t usecs, char *buf);

/* Proleptic Gregorian calendar. Year 0 is 1 BC. */
int64_t instant_days_from_civil(int64_t year, int month, int day);
void instant_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

/* The wall clock of this host, for the skew test and for log lines only: never for what is due. */
int64_t instant_host_now(void);

/* Monotonic milliseconds, for measuring and for waiting. */
double clock_ms(void);

#endif
