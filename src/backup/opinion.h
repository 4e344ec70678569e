/* A second opinion on an archive: pg_restore, where it is installed, under a time limit. It accepts many
 * broken archives, and hangs on some: it proves nothing, but what it refuses was not written well. */
#ifndef PGRETAIN_BACKUP_OPINION_H
#define PGRETAIN_BACKUP_OPINION_H

#include "base/diag.h"

enum opinion { OPINION_NONE, OPINION_GOOD, OPINION_BAD };

/* NONE: no pg_restore here, or it refuses `old` as well. BAD: *d says so. old NULL: nothing to compare with. */
enum opinion opinion_ask(const char *archive, const char *old, uint64_t bytes, struct diag *d);

#endif
