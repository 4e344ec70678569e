/* Numbers as people read them. Every function writes to buf and returns it; UNIT_TEXT bytes suffice. */
#ifndef PGRETAIN_REPORT_UNITS_H
#define PGRETAIN_REPORT_UNITS_H

#include "base/util.h"

#define UNIT_TEXT 48

/* 1234 as "1234", 1234567 as "1,234,567": grouped from five digits on. */
const char *unit_count(int64_t n, char *buf);
/* Powers of 1024 named as PostgreSQL does: "812 bytes", "1.2 GB". */
const char *unit_bytes(int64_t n, char *buf);
/* "340 ms", "1.9 s", "3m 20s", "2h 5m", "4d 3h". */
const char *unit_duration(double seconds, char *buf);
/* 1 "row", 2 "rows": unit_count and the word. */
const char *unit_rows(int64_t n, char *buf);

#endif
