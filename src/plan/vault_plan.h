/* Reads the vault's registry, the holds and the rules into a plan for looking, purging and releasing. */
#ifndef PGRETAIN_PLAN_VAULT_PLAN_H
#define PGRETAIN_PLAN_VAULT_PLAN_H

#include "model/vault.h"
#include "pg/conn.h"

/* What is to be released: rows of `rule` and of what follows it. */
struct vault_want {
	const char *rule;
	const char *run;		/* UUID: only what that run has moved; or NULL */
	size_t npairs;			/* only rows with these values; columns as they are named now */
	const char **columns, **values;
};

/* released_since: as in struct plan_options. want NULL: looking and purging only. Free with arena_free(plan->arena). A rule that neither the
 * configuration nor the vault knows, a column that no vault table has: USAGE. */
bool vault_plan_build(struct conn *c, const struct policy *policy, const struct database *db,
		      const struct vault_want *want, const char *released_since, struct vault_plan **ret, struct diag *d) must_use;

#endif
