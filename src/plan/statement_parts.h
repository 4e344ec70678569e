/* What statement.c and dependents.c share. */
#ifndef PGRETAIN_PLAN_STATEMENT_PARTS_H
#define PGRETAIN_PLAN_STATEMENT_PARTS_H

#include "plan/statement.h"

#define FRAG(text) ((struct sqlfrag){ text })

const char *statement_text(struct render *x, struct strbuf *sb);
/* The statement that acts on `relation` under `unit` for rows that are `ready`. */
const char *statement_effect(struct render *x, struct bound *r, const char *relation, const char *unit,
			     const char *ready);
/* Rows that the step may take now: of the row itself; for_followers: or for their sake. */
const char *statement_ready(struct render *x, struct bound *r, bool for_followers, render_test *stays);
bool statement_stays_now(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
bool statement_stays_together(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);

/* dependents.c */
bool statement_self_reference(const struct bound *r);
const char *statement_tids(struct render *x, const char *alias);
/* The rule's rows lie in several relations and refer to each other; a unit of those is pairs. */
bool statement_across(const struct bound *r);
const char *statement_rows_across(struct render *x, const char *alias);
const char *statement_follower_ready(struct render *x, struct bound *f, const char *alias);

struct dep_walk {
	struct render *x;
	struct plan_step *step;		/* NULL: only tallies are wanted */
	VEC(struct plan_dependent) deps;
	VEC(struct plan_tally) tallies;
	VEC(struct tally_stmt) counts;
	VEC(const struct hop *) cascades;	/* counted so far */
	struct binder *b;
	struct bound *root;
	size_t (*step_of)(void *ctx, const struct bound *r);
	void *ctx;
};

/* All that goes with rows of r, deepest first. `up`: the way from r to the root; NULL: r is the root. */
void dependents_walk(struct dep_walk *w, struct bound *r, const struct hop *up);

#endif
