/* Inside dump/: a thread that is handed bytes and does something with them, in their order, while whoever hands
 * them goes on. It takes no signals. */
#ifndef PGRETAIN_DUMP_RELAY_H
#define PGRETAIN_DUMP_RELAY_H

#include "base/diag.h"

struct relay;
typedef bool relay_fn(void *ctx, const void *bytes, size_t n, struct diag *d);

/* NULL: the system gives no thread. fn and what it uses are the thread's until relay_wait or relay_free. */
struct relay *relay_new(relay_fn *fn, void *ctx) must_use;
/* Copies them, waits where too much is on its way. False: fn has failed, on these or earlier ones, and says why;
 * it is not called any more. */
bool relay_put(struct relay *r, const void *bytes, size_t n, struct diag *d) must_use;
/* Until all that was put is done. */
bool relay_wait(struct relay *r, struct diag *d) must_use;
/* What is not done stays undone. */
void relay_free(struct relay *r);

#endif
