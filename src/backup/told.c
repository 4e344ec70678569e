#include "backup/told.h"

#define NOTE(out, ...) vec_push((out)->arena, &(out)->notes, arena_printf((out)->arena, __VA_ARGS__))

static void tell_left(const struct analysis *n, const struct tally *t, const char *table, struct backup_outcome *out)
{
	const struct dump_entry *e = n->x->dump->entries;
	unsigned long long left = t->left;

	if (t->blocker)
		NOTE(out, "%s: %llu erased row(s) stay: rows of %s that refer to them do", table, left,
		     archive_display(n->x->arena, &e[t->blocker - 1]));
	else
		NOTE(out, "%s: %llu erased row(s) stay: a hold covers them, or what they go with", table, left);
}

static const char *why_untold(const struct place *p)
{
	for (size_t i = 0; i < p->nseats; i++)
		for (size_t k = 0; k < p->seats[i].ntests; k++) {
			const struct judge_test *t = p->seats[i].tests[k].test;

			if (t->kind == JUDGE_TEST_TOMBS && t->tombs->nameless)
				return t->tombs->nameless;
		}
	return "neither a start nor a ledger in the archive says whether it was made before";
}

void told_kept(const struct analysis *n, struct backup_outcome *out)
{
	for (size_t i = 0; i < n->x->dump->nentries; i++) {
		const struct tally *t = &n->tallies[i];
		const char *table = archive_display(n->x->arena, &n->x->dump->entries[i]);

		if (t->untold)
			NOTE(out, "%s: %llu row(s) may be erased ones, and stay: %s", table, (unsigned long long)t->untold,
			     why_untold(&n->x->places[i]));
		if (t->other)
			NOTE(out, "%s: %llu row(s) under the keys of erased ones began at another time, and stay", table,
			     (unsigned long long)t->other);
		if (t->left)
			tell_left(n, t, table, out);
	}
}
