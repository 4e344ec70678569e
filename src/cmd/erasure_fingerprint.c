/* What somebody approves: hashes over items, over several requests, and over the rules behind them. */
#include "cmd/erasure.h"

#include "base/digest.h"

#include <stdlib.h>

static const char *digest(struct arena *a, const struct strbuf *sb)
{
	char text[DIGEST_TEXT];

	digest_text(strbuf_str(sb), sb->len, text);
	return arena_strdup(a, text);
}

static void field(struct strbuf *sb, const char *s)
{
	if (s)
		strbuf_addf(sb, " %zu:%s", strlen(s), s);
	else
		strbuf_adds(sb, " -");
}

/* Until when something is kept, and why, is approved as much as how many rows. */
static void item_why(struct strbuf *sb, const struct erasure_item *it)
{
	strbuf_addf(sb, " %lld", (long long)it->minimised);
	field(sb, it->until);
	for (size_t i = 0; i < it->grounds.n; i++) {
		field(sb, it->grounds.v[i].code);
		field(sb, it->grounds.v[i].basis);
		field(sb, it->grounds.v[i].until);
	}
	strbuf_addc(sb, '\n');
}

const char *erasure_fingerprint(struct erasure *e, const struct erasure_request *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "pgretain request/2\n%s\n%s\n%s\n", r->id, request_kind_word(r->kind), e->plan->fingerprint);
	for (size_t i = 0; i < r->nitems; i++) {
		const struct erasure_item *it = &r->items[i];

		strbuf_addf(&sb, "%zu %s %s %lld %lld %lld %lld %lld %lld %lld %lld", strlen(it->rule), it->rule, it->action,
			    (long long)it->matched, (long long)it->erased, (long long)it->anonymized, (long long)it->quarantined,
			    (long long)it->deferred, (long long)it->held, (long long)it->retained, (long long)it->failed);
		item_why(&sb, it);
	}
	return digest(e->a, &sb);
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct erasure_request *const *)a)->id, (*(const struct erasure_request *const *)b)->id);
}

const char *erasure_batch_fingerprint(struct erasure *e)
{
	const struct erasure_request **all = arena_alloc(e->a, (e->requests.n + 1) * sizeof(*all));
	AUTO_STRBUF sb = STRBUF_INIT;

	if (e->requests.n == 1)
		return e->requests.v[0].fingerprint;
	for (size_t i = 0; i < e->requests.n; i++)
		all[i] = &e->requests.v[i];
	qsort(all, e->requests.n, sizeof(*all), by_id);
	for (size_t i = 0; i < e->requests.n; i++)
		strbuf_addf(&sb, "%s %s\n", all[i]->id, all[i]->fingerprint ? all[i]->fingerprint : "");
	return digest(e->a, &sb);
}
