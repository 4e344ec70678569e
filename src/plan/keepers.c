#include "plan/statement.h"

static bool may_keep(const struct bound *r, const struct cat_trigger *t)
{
	return (t->rule || t->before) && (r->removes ? t->on_delete : t->on_update);
}

static bool may_undo(const struct bound *r, const struct cat_trigger *t)
{
	return !r->removes && t->on_update && !t->rule && !t->before;
}

static bool acts(const struct bound *r, const struct cat_trigger *t)
{
	return r->removes ? t->on_delete : t->on_update;
}

static const char *named(struct arena *a, const struct bound *r,
			 bool (*which)(const struct bound *r, const struct cat_trigger *t))
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t l = 0; l < r->leaves.n; l++) {
		for (size_t i = 0; i < r->leaves.v[l]->triggers.n; i++) {
			const struct cat_trigger *t = &r->leaves.v[l]->triggers.v[i];

			if (which(r, t))
				strbuf_addf(&sb, "%s%s %s of %s", sb.len ? ", " : "", t->rule ? "rule" : "trigger",
					    t->name, r->leaves.v[l]->display);
		}
	}
	return sb.len ? arena_strdup(a, strbuf_str(&sb)) : NULL;
}

const char *keepers_of(struct arena *a, const struct bound *r)
{
	return named(a, r, may_keep);
}

const char *undoers_of(struct arena *a, const struct bound *r)
{
	return named(a, r, may_undo);
}

bool has_triggers(struct arena *a, const struct bound *r)
{
	return named(a, r, acts) != NULL;
}
