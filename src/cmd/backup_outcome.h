/* What is said of archives that were rewritten, or are to be ("pgretain.backup/1"). */
#ifndef PGRETAIN_CMD_BACKUP_OUTCOME_H
#define PGRETAIN_CMD_BACKUP_OUTCOME_H

#include "backup/meet.h"
#include "cmd/backup_target.h"

/* 0, 2 or 4. */
int backup_outcome_exit(const struct backup_outcome *o);

/* met: what it ended; NULL: not in the catalogue, or nothing was done. */
json_t *backup_outcome_json(struct ctx *ctx, const struct backup_target *t, const struct backup_outcome *o,
			    const struct meeting *met) must_use;
void backup_outcome_text(struct ctx *ctx, const struct backup_target *t, const struct backup_outcome *o,
			 const struct meeting *met);
/* On stderr, and in the log: why not, and notes. */
void backup_outcome_complain(struct ctx *ctx, const struct backup_outcome *o);

#endif
