/* What is said of rows that were erased, and are still in an archive. */
#ifndef PGRETAIN_BACKUP_TOLD_H
#define PGRETAIN_BACKUP_TOLD_H

#include "backup/analysis.h"
#include "backup/rewrite.h"

/* Notes, one a table: rows that stay, that may be erased ones, that are others under the same keys. */
void told_kept(const struct analysis *n, struct backup_outcome *out);

#endif
