/* What plan/vault_plan.c and plan/vault_want.c share. */
#ifndef PGRETAIN_PLAN_VAULT_PARTS_H
#define PGRETAIN_PLAN_VAULT_PARTS_H

#include "pg/tmpl.h"
#include "plan/build_parts.h"
#include "plan/vault_plan.h"

#define FRAG(text) ((struct sqlfrag){ text })

struct store_column {
	const char *name, *type;			/* in the vault */
	const char *source, *source_type;		/* now; NULL: dropped */
	bool same, generated;
};

/* A vault table as the registry knows it. */
struct store {
	const struct vault_known *known;
	const char *sql;
	VEC(struct store_column) columns;
	const struct cat_table *table;			/* of the configuration's catalogue; NULL: not in it */
};

struct planner {
	struct binder b;
	struct arena *a;
	const struct vault_want *want;
	struct vault_plan *out;
	VEC(struct store) stores;
	VEC(struct vault_part) parts;
};

static inline const char *text_of(struct planner *w, const struct strbuf *sb)
{
	return arena_strdup(w->a, strbuf_str(sb));
}

static inline struct plan_query query_of(const char *sql, const struct render *x)
{
	return (struct plan_query){ sql, { .n = (int)x->values.n, .types = x->types.v, .values = x->values.v } };
}

static inline const char *unit(struct planner *w, const struct render *x, size_t i, const char *type)
{
	return arena_printf(w->a, "$%zu::%s", x->values.n + i, type);
}

static inline void add_or(struct strbuf *sb, size_t before)
{
	if (sb->len > before)
		strbuf_adds(sb, " OR ");
}

/* Name in the vault of the source's column as it is called now; NULL: not there. */
const char *store_column(const struct store *s, const char *source);
bool store_has(const struct store *s, const char *rule);
/* Equality of the source's key with the vault's; false: the key is not (wholly) there. */
bool store_key_join(const struct store *s, struct strbuf *sb, const char *live, const char *vault);
/* alias.pgretain_rule = rule */
void store_rule_is(struct render *x, struct strbuf *sb, const char *alias, const char *rule);

/* vault_want.c: the parts of a release. */
bool vault_parts_render(struct planner *w, struct diag *d) must_use;

#endif
