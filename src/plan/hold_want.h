/* A hold as somebody asks for it (interface.md 2), read against configuration and database. */
#ifndef PGRETAIN_PLAN_HOLD_WANT_H
#define PGRETAIN_PLAN_HOLD_WANT_H

#include "plan/bind.h"

struct hold_want {
	const char *scope;		/* as in pgretain.hold */
	const char *target, *relation, *subject_type, *subject_key, *condition, *identifier, *identifier_value;
	VEC(const char *) subject_keys;	/* scope identifier: whom it means */
	int64_t rows;			/* scope rows: how many the condition matches now; else -1 */
};

/* subject=TYPE:KEY | identifier=NAME:VALUE | table=RULE | class=CLASS | rows=RULE:CONDITION | all. `given`: what
 * stands for a VALUE "-". USAGE with one sentence for what is unknown or matches nobody: a hold that was
 * mistyped would hold nothing, and nobody would know. Values are never repeated. */
bool hold_want_read(struct conn *c, const struct policy *policy, const struct database *db, struct arena *a,
		    const char *spec, const char *given, struct hold_want *ret, struct diag *d) must_use;
/* Does the value stand on standard input? */
bool hold_want_asks(const char *spec);

#endif
