#include "model/plan.h"

const char *plan_strategy_word(enum plan_strategy s)
{
	static const char *const words[] = { "pages", "index", "partition" };

	return words[s];
}

int64_t plan_step_rows(const struct plan_step *s)
{
	const struct plan_counts *c = &s->counts;

	return s->status == STEP_READY ? c->due - c->held - c->blocked - c->skipped - c->deferred : 0;
}

const struct plan_relation *plan_step_relation(const struct plan_step *s)
{
	const struct plan_relation *best = NULL;

	for (size_t i = 0; i < s->nrelations; i++) {
		const struct plan_relation *r = &s->relations[i];

		if (r->strategy == STRATEGY_PARTITION)
			return r;
		if (!best || r->pages > best->pages)
			best = r;
	}
	return best;
}

void plan_free(struct plan *p)
{
	arena_free(p->arena);
}

void plan_stmt_for(const struct plan_stmt *s, const char *relation, struct strbuf *sb)
{
	strbuf_reset(sb);
	for (const char *c = s->text; *c; c++) {
		if (*c == PLAN_RELATION)
			strbuf_adds(sb, relation);
		else
			strbuf_addc(sb, *c);
	}
}

static int64_t number(const char *text)
{
	return text ? strtoll(text, NULL, 10) : 0;
}

void plan_measure_read(const char *k, const char *small, const char *l, const char *singles, bool linked,
		       struct plan_measure *ret)
{
	*ret = (struct plan_measure){ .known = true, .empty = !k, .k = number(k), .small = number(small), .l = number(l),
				      .singles = number(singles), .linked = linked };
}
