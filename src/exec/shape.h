/* The schema that the plan relies on, compared before anything is committed. Internal to exec/.
 *
 * What a transaction works on is locked by its own statements until it ends, so a comparison after them holds
 * for the whole of it: DDL that matters waits for those locks, or had been committed before. */
#ifndef PGRETAIN_EXEC_SHAPE_H
#define PGRETAIN_EXEC_SHAPE_H

#include "ledger/ledger.h"
#include "model/plan.h"

#define SHAPE_PARAMS (LEDGER_APPEND_PARAMS + 3)

/* Parameters of the plan's `append`. */
void shape_values(const struct ledger_entry *e, const struct plan_shape *s, char rows[LEDGER_ROWS_TEXT],
		  const char *values[SHAPE_PARAMS]);
/* Appends the entry; *same false: there is none, and the caller rolls back. */
bool shape_append(struct conn *c, const struct plan *p, const struct plan_shape *s, const struct ledger_entry *e,
		  bool *same, struct diag *d) must_use;
bool shape_same(struct conn *c, const struct plan *p, const struct plan_shape *s, bool *same, struct diag *d) must_use;

/* Is there a relation below the step's table that the plan does not know? */
bool shape_strangers(struct conn *c, const struct plan_step *s, bool *ret, struct diag *d) must_use;

/* A plan made anew can take the place of the one in hand: steps and what is counted are the same. False: d
 * says what differs. */
bool shape_replaces(const struct plan *was, const struct plan *fresh, size_t step, struct diag *d) must_use;

#endif
