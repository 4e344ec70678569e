/* The rules as they are now, for rows of archives: the same binder, predicates, operators, edges and holds as
 * a run's, put into data that needs no server. */
#ifndef PGRETAIN_PLAN_JUDGE_H
#define PGRETAIN_PLAN_JUDGE_H

#include "model/judge.h"
#include "pg/conn.h"

/* Free with judge_free. A rule that does not fit, was never confirmed, or has a free `where` is in it with the
 * refusal of every archive that holds its rows. ledger: schema pgretain is there; without it every rule waits
 * for its confirmation. */
bool judge_build(struct conn *c, const struct policy *policy, const struct database *db, struct judge **ret,
		 struct diag *d) must_use;
void judge_free(struct judge *j);
AUTO_DEFINE(struct judge, judge_free)

#endif
