/* Memory that grows beyond a limit in a temporary file, which has no name and is gone with the process: the
 * system may put it out of the way, and the process is not killed for it. */
#ifndef PGRETAIN_BACKUP_SPILL_H
#define PGRETAIN_BACKUP_SPILL_H

#include "base/diag.h"

struct spill {
	size_t limit, used;		/* bytes in memory */
};

/* From old_size to new_size bytes (both as asked for before), zeroed behind the old ones; what was at *p moves.
 * TMPDIR, else /var/tmp, takes what is beyond the limit; a full disk is a failure of class STEP. */
bool spill_grow(struct spill *s, void **p, size_t old_size, size_t new_size, struct diag *d) must_use;
void spill_free(struct spill *s, void **p, size_t size);

#endif
