/* The statements of a step, rendered from its bound rule. */
#ifndef PGRETAIN_PLAN_STATEMENT_H
#define PGRETAIN_PLAN_STATEMENT_H

#include "plan/render.h"

/* A way from a table's rows up to a row of the chain's root. */
struct hop {
	const struct cat_fkey *fkey;
	struct bound *rule;		/* of the upper end; NULL: it has none */
	const struct hop *up;		/* NULL: the upper end is the root */
};

/* Renders everything that the run sends for a chain's root; counts stay untouched. live false: the form
 * that the fingerprint covers. step_of: index of a follower's step; NULL where nobody asks. */
void statement_render(struct binder *b, struct bound *root, bool live, struct plan_step *step,
		      size_t (*step_of)(void *ctx, const struct bound *r), void *ctx);

/* step->recount: what is still due after the step, and why. */
void statement_recount(struct binder *b, struct bound *r, struct plan_step *step);

/* Statements that count (executed while planning). */
const char *statement_count(struct render *x, struct bound *r, enum render_when w);
const char *statement_count_states(struct render *x, struct bound *r);
/* Rows within `where`: all, those whose start is not NULL, those whose start makes no sense. */
enum count_of { COUNT_ROWS, COUNT_STARTS, COUNT_ODD_STARTS };
const char *statement_count_capped(struct render *x, struct bound *r, enum count_of of, int64_t limit);

/* Dependents of a root that have no rule of their own, for counting: calls each(…) with statement and
 * parameters' renderer. Order equals the order of the step's tallies. */
struct tally_stmt {
	const char *table;
	bool unset;
	const char *sql;
	const struct render *x;
};
size_t statement_tallies(struct binder *b, struct bound *root, struct tally_stmt **ret);

/* keepers.c: triggers and rules that may keep a row, named when rows did not go; NULL: none. */
const char *keepers_of(struct arena *a, const struct bound *r);
/* Triggers that may write a row again once it is done; NULL: none. */
const char *undoers_of(struct arena *a, const struct bound *r);
/* Any at all that its writes set off. */
bool has_triggers(struct arena *a, const struct bound *r);

/* vault.c: quarantine */
const char *vault_name(struct arena *a, const struct bound *r);
const char *vault_qualified(struct arena *a, const char *name);
/* What is in the vault (needs the ledger's schema). */
bool vault_load(struct binder *b, struct diag *d) must_use;
/* A rule whose rows a vault table can't hold fails. */
bool vault_fits(struct bound *r);
/* Names each quarantining rule's vault table. */
void vault_assign_all(struct binder *b);
void vault_prepare(struct binder *b, struct bound *r, struct plan_step *step);
/* Columns that travel: quoted, comma separated; prefix is put before each ("t.", "moved."). */
void vault_columns(struct strbuf *sb, const struct bound *r, const char *prefix);

#endif
