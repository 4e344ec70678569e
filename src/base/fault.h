/* Failpoints: places (base/fault.def) where the process dies or halts on demand, so that tests can
 * prove what a death there leaves behind. Always compiled in; without PGRETAIN_FAULT in the environment
 * each costs one comparison.
 *
 *	PGRETAIN_FAULT=lane_commit		SIGKILL to itself, the first time it gets there
 *	PGRETAIN_FAULT=lane_commit:3		the third time
 *	PGRETAIN_FAULT=lane_commit:3:stop	SIGSTOP instead: whoever tests goes on with SIGCONT */
#ifndef PGRETAIN_BASE_FAULT_H
#define PGRETAIN_BASE_FAULT_H

#include "base/diag.h"

enum fault {
#define FAULT(name, where) FAULT_##name,
#include "base/fault.def"
#undef FAULT
	FAULT_NONE
};

/* spec as above; NULL or "": none. Unknown names and numbers that are none are refused. */
bool fault_arm(const char *spec, struct diag *d) must_use;

extern enum fault fault_armed;
void fault_reached(void);

#define FAULT_POINT(name) do { if (__builtin_expect(fault_armed == FAULT_##name, 0)) fault_reached(); } while (0)

#endif
