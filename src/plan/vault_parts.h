/* What plan/vault_plan.c and plan/vault_want.c share. */
#ifndef PGRETAIN_PLAN_VAULT_PARTS_H
#define PGRETAIN_PLAN_VAULT_PARTS_H

#include "pg/tmpl.h"
#include "plan/build_parts.h"
#include "plan/vault_plan.h"
#include "plan/vault_store.h"

#define FRAG(text) ((struct sqlfrag){ text })

struct planner {
	struct binder b;
	struct arena *a;
	const struct vault_want *want;
	struct vault_plan *out;
	store_vec stores;
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

/* vault_want.c: the parts of a release. */
bool vault_parts_render(struct planner *w, struct diag *d) must_use;

#endif
