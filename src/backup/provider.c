#include "backup/forecast.h"
#include "backup/isolation.h"
#include "backup/set.h"

static const struct provider providers[] = {
#define PROVIDER(kind) { #kind, provider_##kind },
#include "backup/providers.def"
#undef PROVIDER
};

const struct provider *provider_of(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
		if (streq(providers[i].kind, kind))
			return &providers[i];
	return NULL;
}

const char *listing_word(enum listing_state state)
{
	static const char *const words[] = { "good", "empty", "partial", "failed" };

	return words[state];
}

struct backup_set *listing_add(struct listing *l, const char *name, const char *kind)
{
	struct backup_set *s = vec_add(l->a, &l->sets);

	s->name = name;
	s->kind = kind;
	s->identity = "";
	s->start = s->stop = s->expires = s->until = NO_INSTANT;
	s->size = -1;
	s->annotations = "{}";
	s->until_why = "";
	return s;
}

bool listing_partial(struct listing *l, const char *why)
{
	if (l->state == LISTING_GOOD) {
		l->state = LISTING_PARTIAL;
		l->trouble = why;
	}
	return true;
}

/* The same name and identity twice would be one set: the tool contradicts itself. */
static void refuse_twins(struct listing *l)
{
	for (size_t i = 0; i < l->sets.n; i++)
		for (size_t j = 0; j < i; j++)
			if (streq(l->sets.v[i].name, l->sets.v[j].name) && streq(l->sets.v[i].identity, l->sets.v[j].identity)) {
				l->state = LISTING_FAILED;
				l->trouble = arena_printf(l->a, "\"%s\" is listed twice", l->sets.v[i].name);
				l->sets.n = 0;
				return;
			}
}

void provider_run(const struct backup_store *store, const struct provider_env *env, struct listing *l)
{
	const struct provider *p = provider_of(store->kind);
	struct diag d = DIAG_INIT;
	bool ok = p ? p->list(store, env, l, &d)
		    : diag_fail(&d, DIAG_STEP, "backups of kind \"%s\" can't be listed by this version", store->kind);

	if (!ok) {
		l->state = LISTING_FAILED;
		l->trouble = arena_printf(l->a, "%s%s%s%s%s", d.message, *d.where ? " (" : "", d.where, *d.where ? ")" : "",
					  *d.hint ? arena_printf(l->a, "; %s", d.hint) : "");
		l->sets.n = 0;
		return;
	}
	refuse_twins(l);
	if (l->state == LISTING_GOOD && !l->sets.n) {
		l->state = LISTING_EMPTY;
		l->trouble = "nothing is listed: that clears nothing";
	}
	forecast(store, env->now, l);
	for (size_t i = 0; i < l->sets.n; i++)
		isolation_check(store, env->now, l->a, &l->sets.v[i]);
}
