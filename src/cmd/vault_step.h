/* Vault work that commands and jobs share. */
#ifndef PGRETAIN_CMD_VAULT_STEP_H
#define PGRETAIN_CMD_VAULT_STEP_H

#include "cmd/cmd.h"
#include "pg/conn.h"
#include "vault/vault.h"

/* Purges what is past its date (before NULL: now) over an open connection whose ledger was required;
 * this is the step "purge" of a job. ret->arena is set here. Exit code: 0, 2 (notes), 4. False: *d. */
bool vault_step_purge(struct ctx *ctx, struct conn *c, const struct database *db, const char *before,
		      struct vault_outcome *ret, struct diag *d) must_use;
int vault_exit(const struct vault_outcome *o);

#endif
