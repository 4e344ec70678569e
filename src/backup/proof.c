#include "backup/proof.h"

#include "backup/folder.h"

#include <errno.h>

static void count_left(const struct analysis *n, struct role_left *left)
{
	for (size_t i = 0; i < n->x->dump->nentries; i++) {
		const struct place *p = &n->x->places[i];

		for (size_t k = 0; k < p->nseats; k++)
			left[p->seats[k].index].rows += n->tallies[i].held + n->tallies[i].blocked;
	}
	for (size_t r = 0; r < n->x->judge->nroles; r++)
		left[r].present = n->x->present[r];
}

static bool is_own(const struct dump_entry *e)
{
	return streq(e->schema, "pgretain") || streq(e->schema, "pgretain_vault");
}

static void unruled_tables(struct arena *a, const struct analysis *n, struct backup_proof *ret)
{
	VEC(struct judge_name) names = { NULL, 0, 0 };

	for (size_t i = 0; i < n->x->dump->nentries; i++) {
		const struct dump_entry *e = &n->x->dump->entries[i];

		if (e->kind == DUMP_ROWS && !n->x->places[i].ruled && !is_own(e))
			vec_push(a, &names, ((struct judge_name){ arena_strdup(a, e->schema), arena_strdup(a, e->tag) }));
	}
	ret->ntables = names.n;
	ret->tables = names.v;
}

/* ---- rows of the vault ---- */

static bool is_vault(const struct dump_entry *e)
{
	return e->kind == DUMP_ROWS && e->has_data && streq(e->schema, "pgretain_vault");
}

static enum dump_treat treat_vault(void *ctx, const struct dump_entry *e)
{
	(void)ctx;
	return is_vault(e) ? DUMP_FILTER : DUMP_COPY;
}

static bool see_vault(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	(void)row;
	(void)d;
	*(bool *)ctx = true;
	*ret = DUMP_ENOUGH;
	return true;
}

static bool vault_rows(struct dump *dump, bool *ret, struct diag *d)
{
	struct dump_calls calls = { .ctx = ret, .treat = treat_vault, .row = see_vault };

	*ret = false;
	for (size_t i = 0; i < dump->nentries; i++)
		if (is_vault(&dump->entries[i]))
			return dump_scan(dump, &calls, NULL, d);
	return true;
}

bool proof_take(struct arena *a, const struct analysis *n, struct backup_proof *ret, struct diag *d)
{
	struct role_left *left = arena_alloc(a, (n->x->judge->nroles + 1) * sizeof(*left));
	uint64_t *unmet = arena_alloc(a, (n->x->judge->nbatches + 1) * sizeof(*unmet));

	memcpy(unmet, n->unmet, n->x->judge->nbatches * sizeof(*unmet));
	count_left(n, left);
	unruled_tables(a, n, ret);
	ret->judge = n->x->judge;
	ret->left = left;
	ret->unmet = unmet;
	ret->nleft = n->x->judge->nroles;
	return vault_rows(n->x->dump, &ret->vault, d);
}

bool proof_of_file(struct arena *a, const char *path, const struct timespec *mtime, struct backup_proof *ret,
		   struct diag *d)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return diag_fail(d, DIAG_STEP, "%s can't be looked at: %s", path, strerror(errno));
	if (mtime)
		st.st_mtim = *mtime;
	ret->size = S_ISREG(st.st_mode) ? st.st_size : -1;
	ret->identity = folder_identity(a, &st);
	ret->sha256 = folder_digest(a, path, d);
	return ret->sha256 != NULL;
}
