/* What is known of an archive once it was read from end to end and nothing in it matches any more. */
#ifndef PGRETAIN_BACKUP_PROOF_H
#define PGRETAIN_BACKUP_PROOF_H

#include "backup/analysis.h"
#include "backup/rewrite.h"

/* n: a finished analysis of the archive as it will be, of every row. */
bool proof_take(struct arena *a, const struct analysis *n, struct backup_proof *ret, struct diag *d) must_use;
/* Identity and digest of what lies at `path`. mtime: the time that it will bear; NULL: its own. */
bool proof_of_file(struct arena *a, const char *path, const struct timespec *mtime, struct backup_proof *ret,
		   struct diag *d) must_use;

#endif
