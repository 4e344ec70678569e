/* What plan/build.c is made of. */
#ifndef PGRETAIN_PLAN_BUILD_PARTS_H
#define PGRETAIN_PLAN_BUILD_PARTS_H

#include "plan/build.h"
#include "plan/statement.h"

/* build.c: what plan and check begin with. The instant, then every rule of the database bound or
 * failed. b: plan (with its database), a and conn are set. */
bool binder_open(struct binder *b, const char *as_of, struct diag *d) must_use;
/* build.c: the rules bound as a run at that instant would find them: holds, order, newest rows. Leaves
 * the snapshot's read-only transaction open. Everything lives in arena a. */
bool plan_bind(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
	       const struct plan_options *o, struct binder *ret, struct diag *d) must_use;
/* build.c: rules, holds and vault as they are now, nothing counted, no transaction open. released_since: as in
 * struct plan_options. */
bool build_bind(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
		const char *released_since, struct binder *ret, struct diag *d) must_use;
/* build.c: the same for somebody who only looks, or places a hold: without the key, holds on people are as wide as
 * can be told (hold_entry.sealed). */
bool build_glance(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
		  struct binder *ret, struct diag *d) must_use;

/* order.c: rules in the order of execution; chains together, followers before their root. Rules that
 * are part of an unsolvable cycle are marked failed. Fills bound.before. */
struct bound **order_rules(struct binder *b, size_t *n);

/* count.c: every number of a step. A statement that the server refuses fails the step alone. */
bool count_newest(struct binder *b, struct bound *r, struct diag *d) must_use;
/* parent: counts of the rule that this one follows, or NULL. */
bool count_step(struct binder *b, struct bound *r, const struct plan_counts *parent, struct plan_step *s,
		struct diag *d) must_use;
bool count_tallies(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d) must_use;
/* max_rows, max_percent, anomalous majority: may turn the step into a skipped one. */
bool count_guards(struct binder *b, struct bound *r, struct plan_step *s, bool lift, struct diag *d) must_use;

/* strategy.c: relations of a step with the way each is swept. */
bool strategy_choose(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d) must_use;

/* cost.c: what a step asks of the server. All tallies are counted. */
void cost_step(struct binder *b, const struct bound *r, size_t i);

/* shape.c: what a step's statements rely on of the schema; then the statements that compare it. */
void shape_step(struct binder *b, const struct bound *r, struct plan_step *s);
void shape_statements(struct plan *p);

/* confirm.c: definition of a rule as canonical JSON; whether a run needs a confirmation. */
const char *confirm_definition(struct arena *a, const struct bound *r);
const char *confirm_rule_text(struct arena *a, const struct bound *r);
void confirm_compare(struct plan_step *s, const char *confirmed);

/* Canonical text of everything that the fingerprint covers. */
void fingerprint_plan(struct plan *p, struct bound **order, struct binder *b);

#endif
