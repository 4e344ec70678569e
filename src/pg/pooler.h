/* A connection pooler between us and the server. In session mode it gives a client one backend until the
 * client leaves, which is all that we need. In transaction or statement mode each transaction goes to any
 * backend: session settings, advisory locks and the one-run guard would lie. */
#ifndef PGRETAIN_PG_POOLER_H
#define PGRETAIN_PG_POOLER_H

#include "pg/conn.h"

/* Is the session of c, behind a pooler, its own? False: refused. */
bool pooler_keeps_session(struct conn *c, struct diag *d) must_use;
/* Always false. */
bool pooler_refused(struct diag *d);

#endif
