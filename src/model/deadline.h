/* Until when a request must be answered: terms of jurisdictions ("15 working days", "1 month"). Pure: what
 * is counted are days of a calendar without a zone; whoever calls turns instants into local time and back.
 *
 * A term ends at the same time of day at which the request came in, on its last day: never later than the
 * end of that day, which is what the laws allow (GDPR 12(3) with Regulation 1182/71; PIPL 50; CCPA 1798.130).
 * A month without such a day ends on its last one. */
#ifndef PGRETAIN_MODEL_DEADLINE_H
#define PGRETAIN_MODEL_DEADLINE_H

#include "base/arena.h"
#include "base/diag.h"
#include "model/policy.h"

struct holidays {
	size_t n;
	struct holiday {
		int64_t day;		/* since 2000-01-01 */
		bool work;		/* a weekend day that is a working day; else a day off */
	} *days;
};

/* A file of lines "2026-10-01" or "2026-10-10 work"; "#" begins a comment. path NULL: weekends alone. */
bool holidays_read(const char *path, struct arena *a, struct holidays *ret, struct diag *d) must_use;
bool holidays_is_working(const struct holidays *h, int64_t day);

/* `from` and the result: microseconds of a local timestamp (base/instant.h). The day of `from` itself is not
 * counted. False: `term` is none (the loader has refused it already), or too far. */
bool deadline_after(const char *term, int64_t from, const struct holidays *h, int64_t *ret) must_use;

struct deadlines {			/* local timestamps; 0 where `has` says no */
	bool has_acknowledge, has_limit, has_extension;
	int64_t acknowledge, respond, limit, extended;
};
/* All of one jurisdiction; respond and extended never pass the limit. */
bool deadlines_of(const struct jurisdiction *j, int64_t received, struct arena *a, struct deadlines *ret,
		  struct diag *d) must_use;

#endif
