/* Groups of rows in one vault table. Internal to vault/. */
#ifndef PGRETAIN_VAULT_LOOK_H
#define PGRETAIN_VAULT_LOOK_H

#include "vault/vault.h"

/* One of the query's statements with unit parameters behind its own. */
bool look_query(struct conn *c, const struct plan_query *q, size_t n, const char *const *more, PGresult **ret,
		struct diag *d) must_use;
/* Statement and catalogue do not fit, or a value does not: about these rows, not about the server. */
bool look_misfit(const struct diag *d);
/* The groups of the purge days [lo, hi); columns as in query/vault_groups. *unsure: holds could not be
 * tested, and all rows count as held. */
bool look_groups(struct conn *c, const struct vault_store *s, const char *lo, const char *hi, const char *before,
		 PGresult **ret, bool *unsure, struct diag *d) must_use;
struct vault_entry *look_entry(struct vault_outcome *o, const char *rule, const char *table, const char *run,
			       const char *purge_after);
bool look_evidence(struct conn *c, const struct vault_options *o, const char *action, const char *rule,
		   const char *table, const char *run, int64_t rows, const char *detail, struct diag *d) must_use;
bool look_rollback(struct conn *c, struct diag *d) must_use;

#endif
