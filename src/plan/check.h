/* What would fail or surprise, found before the first write (domain.md 3, operators.md 4 and 6). */
#ifndef PGRETAIN_PLAN_CHECK_H
#define PGRETAIN_PLAN_CHECK_H

#include "model/policy.h"
#include "pg/conn.h"
#include "plan/finding.h"

/* Adds a finding that belongs to no rule; place, message, remedy as in struct finding. */
void finding_note(struct findings *f, enum finding_id id, const char *place, const char *message,
		  const char *remedy);

/* Looks at every rule of the database over one read-only session; what it finds is appended. False:
 * the session ended, and the diag says why; what was found till then stays. */
bool check_database(struct conn *c, const struct policy *policy, const struct database *db,
		    const char *replay_log, struct findings *f, struct diag *d) must_use;

#endif
