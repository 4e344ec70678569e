/* "Isolated from any further processing": what a program can check of it. */
#ifndef PGRETAIN_BACKUP_ISOLATION_H
#define PGRETAIN_BACKUP_ISOLATION_H

#include "backup/set.h"

/* Adds a finding for each thing that is not as it should be: it is marked to be kept, it is older than its
 * date. (That others can read it is noted by isolation_path; that it is not encrypted by whoever looks.) */
void isolation_check(const struct backup_store *store, int64_t now, struct arena *a, struct backup_set *s);

/* Owner and mode of a file or folder and of those above it: *closed, and a finding where group or
 * others can read it. */
void isolation_path(struct arena *a, const char *path, struct backup_set *s);

#endif
