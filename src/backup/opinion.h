/* A second opinion on an archive: pg_restore, where it is installed, under a time limit. It accepts many
 * broken archives, and hangs on some: it proves nothing, but what it refuses was not written well. It works
 * beside whoever asks, from begin to end. */
#ifndef PGRETAIN_BACKUP_OPINION_H
#define PGRETAIN_BACKUP_OPINION_H

#include "base/diag.h"

#include <sys/types.h>
#include <time.h>

enum opinion { OPINION_NONE, OPINION_GOOD, OPINION_BAD };

struct opinion_asked {
	const char *archive;
	int seconds;			/* the limit, from `begun` on */
	struct timespec begun;
	pid_t pid;			/* 0: it does not run */
	int fd;				/* of the process, or -1 */
};
#define OPINION_INIT { .fd = -1 }

/* `archive` is borrowed. bytes: of its payload, from which the limit comes. */
void opinion_begin(struct opinion_asked *o, const char *archive, uint64_t bytes);
/* NONE: no pg_restore here, or it refuses `old` as well. BAD: *d says so. old NULL: nothing to compare with. */
enum opinion opinion_end(struct opinion_asked *o, const char *old, struct diag *d);
/* Nobody wants to know any more. */
void opinion_drop(struct opinion_asked *o);

#endif
