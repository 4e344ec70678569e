#include "model/plan.h"

const char *plan_strategy_word(enum plan_strategy s)
{
	static const char *const words[] = { "pages", "index", "partition" };

	return words[s];
}

int64_t plan_step_rows(const struct plan_step *s)
{
	const struct plan_counts *c = &s->counts;

	return s->status == STEP_READY ? c->due - c->held - c->blocked - c->skipped : 0;
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
