/* Files replaced as a whole: a reader sees the old one or the new one, after a crash too. */
#ifndef PGRETAIN_BASE_FS_H
#define PGRETAIN_BASE_FS_H

#include "base/diag.h"

/* A file being written beside its destination; nothing of it is seen under `path` before commit. */
struct fs_new {
	int fd;			/* -1: none */
	char *path, *temp;	/* temp NULL: the destination is a device or pipe, written directly */
};
#define FS_NEW_INIT { -1, NULL, NULL }

/* A symbolic link is followed and stays; an existing file keeps its mode, a new one gets `mode` less
 * the umask. */
bool fs_new_open(struct fs_new *f, const char *path, unsigned mode, struct diag *d) must_use;
bool fs_new_write(struct fs_new *f, const void *bytes, size_t n, struct diag *d) must_use;
/* fsync, rename, fsync of the directory. On failure the old file stands. */
bool fs_new_commit(struct fs_new *f, struct diag *d) must_use;
/* Removes what was not committed. */
void fs_new_done(struct fs_new *f);
#define AUTO_FS_NEW __attribute__((cleanup(fs_new_done))) struct fs_new

/* All of the above in one. */
bool fs_replace(const char *path, const void *bytes, size_t n, unsigned mode, struct diag *d) must_use;

/* Opens /dev/null in the place of a closed stdin, stdout or stderr, the wrong way round: no later file
 * or socket can take its number, and writing to it is an error. */
void fs_guard_standard(void);

#endif
