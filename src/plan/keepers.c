#include "plan/statement.h"

const char *keepers_of(struct arena *a, const struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	for (size_t l = 0; l < r->leaves.n; l++) {
		for (size_t i = 0; i < r->leaves.v[l]->triggers.n; i++) {
			const struct cat_trigger *t = &r->leaves.v[l]->triggers.v[i];

			if ((t->rule || t->before) && (r->removes ? t->on_delete : t->on_update))
				strbuf_addf(&sb, "%s%s %s of %s", sb.len ? ", " : "", t->rule ? "rule" : "trigger",
					    t->name, r->leaves.v[l]->display);
		}
	}
	return sb.len ? arena_strdup(a, strbuf_str(&sb)) : NULL;
}
