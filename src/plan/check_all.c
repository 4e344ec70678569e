/* One pass over a database: everything that plan would bind, then every part of check. */
#include "plan/check_parts.h"

static void note_fault(struct checker *k, struct bound *r, enum finding_id id, const struct diag *d)
{
	const struct finding_kind *kind = &finding_kinds[id];

	findings_add(k->findings, &(struct finding){ .id = kind->id, .severity = kind->severity, .place = d->where,
		.message = d->message, .why = kind->why, .remedy = finding_remedy(id, d->hint), .rule = r->rule->name });
}

static void note_faults(struct checker *k, struct bound *r)
{
	for (size_t i = 0; i < r->earlier.n; i++)
		note_fault(k, r, r->earlier.v[i].id, &r->earlier.v[i].diag);
	if (r->failed)
		note_fault(k, r, r->finding, &r->diag);
}

typedef bool rule_part(struct checker *k, struct bound *r, struct diag *d);

static rule_part *const blocking[] = {
	check_rights, check_publications, check_triggers, check_values,
};

static rule_part *const others[] = {
	check_where, check_copies, check_statistics,
};

static bool all_parts(struct checker *k, struct bound *r, rule_part *const *parts, size_t n, struct diag *d)
{
	for (size_t i = 0; i < n && (k->findings || !r->failed); i++)
		if (!parts[i](k, r, d))
			return false;
	return true;
}

bool check_rule_blocking(struct checker *k, struct bound *r, struct diag *d)
{
	return all_parts(k, r, blocking, ARRAY_SIZE(blocking), d);
}

/* A rule that failed is looked at as far as it is bound. */
static bool check_rule(struct checker *k, struct bound *r, struct diag *d)
{
	note_faults(k, r);
	if (!r->table || !r->leaves.n)
		return true;
	if (!check_rule_blocking(k, r, d) || !all_parts(k, r, others, ARRAY_SIZE(others), d))
		return false;
	check_trigger_names(k, r);
	check_mentions(k, r);
	check_unnamed(k, r);
	check_lint(k, r);
	return true;
}

static bool check_rules(struct checker *k, struct diag *d)
{
	for (size_t i = 0; i < k->b->nrules; i++)
		if (!check_rule(k, &k->b->rules[i], d))
			return false;
	check_overlap(k);
	check_keyless(k);
	return check_matviews(k, d) && check_names(k, d) && check_vault(k, d) && check_uncovered(k, d) &&
		check_backups(k, d);
}

static bool check_bound(struct checker *k, struct diag *d)
{
	size_t n;

	if (!binder_open(k->b, NULL, d))
		return false;
	for (size_t i = 0; i < k->b->nrules; i++)
		k->b->rules[i].selected = true;
	(void)order_rules(k->b, &n);
	if (!check_server(k, d))
		return false;
	return conn_do(k->b->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NO_PARAMS, d) &&
		check_rules(k, d) && conn_do(k->b->conn, "COMMIT", NO_PARAMS, d);
}

bool check_database(struct conn *c, const struct policy *policy, const struct database *db, const char *replay_log,
		    struct findings *f, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct plan *p = arena_alloc(a, sizeof(*p));
	struct binder b = { .plan = p, .a = a, .conn = c };
	struct checker k = { .b = &b, .findings = f, .replay_log = replay_log };

	*p = (struct plan){ .arena = a, .policy = policy, .db = db };
	return check_bound(&k, d);
}
