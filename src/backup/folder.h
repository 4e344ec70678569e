/* The entries of a folder of backups that a pattern names. */
#ifndef PGRETAIN_BACKUP_FOLDER_H
#define PGRETAIN_BACKUP_FOLDER_H

#include "backup/set.h"

#include <sys/stat.h>

struct folder_entry {
	const char *name, *path;
	struct stat st;			/* links followed */
};

/* What fnmatch() says to `pattern` (NULL: everything), without hidden names and what accompanies an archive
 * (checksums, signatures), in the order of names. An entry that can't be looked at makes the listing partial;
 * a folder that can't be read is a failure. */
bool folder_read(const struct backup_store *store, struct listing *l, size_t *n, struct folder_entry **ret,
		 struct diag *d) must_use;

/* Of a file or folder as it is now: size, inode, time of change of its bytes. */
const char *folder_identity(struct arena *a, const struct stat *st);

/* SHA-256 of a file's bytes, of a folder's files' names and digests, as text; NULL: the diag says why. */
const char *folder_digest(struct arena *a, const char *path, struct diag *d) must_use;

int64_t folder_instant(const struct timespec *t);

/* A small file as a whole, NUL-terminated; NULL: errno says why. More than `max` bytes: EFBIG. */
char *folder_slurp(struct arena *a, const char *path, size_t max, size_t *n);

#endif
