/* Verbs of `backup` that read and write archives. */
#ifndef PGRETAIN_CMD_BACKUP_REWRITE_H
#define PGRETAIN_CMD_BACKUP_REWRITE_H

#include "backup/rewrite.h"
#include "cmd/cmd.h"

command_fn backup_rewrite, backup_verify;
extern const struct opt backup_rewrite_options[], backup_verify_options[];

/* A connection's rules for archives, read anew when asked. Free with backup_rules_done. */
struct backup_rules {
	struct ctx *ctx;
	struct conn *c;
	const struct database *db;
	struct judge *judge;
};
bool backup_rules_read(void *rules, const struct judge **ret, struct diag *d) must_use;
void backup_rules_done(struct backup_rules *r);

#endif
