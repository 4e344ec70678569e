/* The vault's tables as the registry knows them, and their rows as they would stand in the source now. */
#ifndef PGRETAIN_PLAN_VAULT_STORE_H
#define PGRETAIN_PLAN_VAULT_STORE_H

#include "plan/render.h"

struct store_column {
	const char *name, *type;			/* in the vault */
	const char *source, *source_type;		/* now; NULL: dropped */
	bool same, generated;
};

struct store {
	const struct vault_known *known;
	const char *sql;
	VEC(struct store_column) columns;
	const struct cat_table *table;			/* of the configuration's catalogue; NULL: not in it */
};

/* Of the binder's vaults (vault_load), those that exist. In the binder's arena. */
bool store_load(struct binder *b, store_vec *list, struct diag *d) must_use;
/* Name in the vault of the source's column as it is called now; NULL: not there. */
const char *store_column(const struct store *s, const char *source);
bool store_has(const struct store *s, const char *rule);
/* Equality of the source's key with the vault's; false: the key is not (wholly) there. */
bool store_key_join(const struct store *s, struct strbuf *sb, const char *live, const char *vault);
/* A FROM item with the columns' present names, pgretain_part and pgretain_tid for the row's place, and the vault's own
 * columns. Of a row whose columns were quarantined the rest is read where it still stands. */
void store_from(struct strbuf *sb, const struct store *s, const char *alias);
/* alias.pgretain_rule = rule */
void store_rule_is(struct render *x, struct strbuf *sb, const char *alias, const char *rule);

#endif
