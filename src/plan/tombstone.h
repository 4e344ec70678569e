/* What a run has to remember of the rows that it takes, so that they are found in backups from before (domain.md 7):
 * of a request every one; of retention those whose start some backup may show otherwise. */
#ifndef PGRETAIN_PLAN_TOMBSTONE_H
#define PGRETAIN_PLAN_TOMBSTONE_H

#include "plan/render.h"

/* Of retention: b->steady, from the catalogue of backups. Needs the ledger's schema. */
bool tombstone_load(struct binder *b, struct diag *d) must_use;

/* NULL: nothing is to be remembered of the rule's rows; of rows of t that go with them by mention. */
const struct plan_tomb *tombstone_of_rule(struct render *x, const struct bound *r);
const struct plan_tomb *tombstone_of_table(struct render *x, const struct cat_table *t);

/* The output columns from TOMB_RELATION on: of rows `t`, named; r NULL: of a table without a rule. */
const char *tombstone_told(struct render *x, const struct plan_tomb *tomb, struct bound *r);
/* The same columns of `picked`. */
const char *tombstone_tale(struct render *x, const struct plan_tomb *tomb);

/* ---- for whoever reads them again ---- */

struct tombstone_key {
	bool natural, whole;		/* whole: the table has no key, all of the row is one */
	size_t n;
	const char **columns;
};
void tombstone_key_of(struct binder *b, const struct cat_table *t, struct tombstone_key *ret);
/* A column as COPY writes it. */
void tombstone_column(struct strbuf *sb, const char *alias, const char *column);

#endif
