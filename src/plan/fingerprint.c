/* The plan's fingerprint: rules, catalogue and rendered statements; not as_of, not counts, not holds,
 * not today's partitions (interface.md 1): the evening's plan and the night's run have the same one. */
#include "plan/build_parts.h"

#include "base/digest.h"

static void line(struct strbuf *sb, const char *key, const char *value)
{
	if (value)
		strbuf_addf(sb, "%s %zu %s\n", key, strlen(value), value);
}

static void add_stmts(struct strbuf *sb, const struct plan_step *s)
{
	const struct plan_stmt *all[] = {
		&s->apply_range, &s->apply_tids, &s->lock_range, &s->lock_tids, &s->collect, &s->drop_check,
		&s->circle_lock, &s->circle_apply,
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		line(sb, "statement", all[i]->text);
	for (size_t i = 0; i < s->ndependents; i++)
		line(sb, "dependent", s->dependents[i].whole.text);
	for (int i = 0; s->prepare && i < s->prepare->params.n - 1; i++)
		line(sb, "vault", s->prepare->params.values[i]);
}

static void number(struct strbuf *sb, const char *key, double n)
{
	char text[48];

	snprintf(text, sizeof(text), "%.15g", n);
	line(sb, key, n < 0 ? NULL : text);
}

/* What bounds a step, and of whose groups it makes more: no confirmation is asked for them, but a plan with
 * others is another one. */
static void add_bounds(struct strbuf *sb, const struct plan *p, const struct bound *r)
{
	struct limits l = policy_limits(p->policy, p->db, r->rule);
	const struct retention_class *cls = r->root->rule->cls;
	const struct anonymity *an = &r->rule->anonymity;

	number(sb, "max_rows", (double)l.max_rows);
	number(sb, "max_percent", l.max_percent);
	number(sb, "keep_newest", (double)l.keep_newest);
	number(sb, "k", an->k ? an->k : cls ? cls->k : 0);
	number(sb, "l", an->l);
	line(sb, "subject", an->subject);
	for (size_t i = 0; i < an->nquasi; i++)
		line(sb, "quasi", an->quasi[i]);
	for (size_t i = 0; i < an->nsensitive; i++)
		line(sb, "sensitive", an->sensitive[i]);
}

static void add_rule(struct strbuf *sb, struct binder *b, struct bound *r, const struct plan_step *s)
{
	line(sb, "rule", r->rule->name);
	line(sb, "definition", s->definition);
	add_bounds(sb, b->plan, r);
	for (size_t i = 0; i < r->rule->anonymity.nsuppress; i++)
		line(sb, "suppress", r->rule->anonymity.suppress[i]);
	line(sb, "failed", r->failed ? bound_fault(r)->message : NULL);
	for (size_t i = 0; r->table && i < r->table->columns.n; i++) {
		line(sb, "column", r->table->columns.v[i].name);
		line(sb, "type", r->table->columns.v[i].type);
	}
	if (!r->failed && r->root == r) {
		struct plan_step plain = { .rule = r->rule };

		plain.prepare = s->prepare;
		statement_render(b, r, false, &plain, NULL, NULL);
		add_stmts(sb, &plain);
	}
}

void fingerprint_plan(struct plan *p, struct bound **order, struct binder *b)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	line(&sb, "pgretain", "plan/2");
	for (size_t i = 0; i < p->nsteps; i++)
		add_rule(&sb, b, order[i], &p->steps[i]);
	digest_text(strbuf_str(&sb), sb.len, p->fingerprint);
}
