/* k and l of rules that overwrite columns, and what else stands against the word "anonymized"
 * (operators.md 5, domain.md 3). */
#ifndef PGRETAIN_PLAN_ANONYMITY_H
#define PGRETAIN_PLAN_ANONYMITY_H

#include "plan/build_parts.h"

/* Columns that `anonymity` names: there, and what is to be suppressed can be NULL. */
void bind_anonymity(struct bound *r);

/* Renders s->anonymity and measures the due rows in the form that they will have. A measure that the
 * server refuses is told in `before`; false only when the session is lost. */
bool anonymity_plan(struct binder *b, struct bound *r, struct plan_step *s, struct diag *d) must_use;

#endif
