#include "plan/check_parts.h"

#include "base/instant.h"
#include "ledger/ledger.h"
#include "pg/sqltext.h"
#include "plan/anonymity.h"
#include "plan/frozen.h"
#include "plan/hold_people.h"
#include "plan/request.h"
#include "plan/tombstone.h"
#include "plan/width.h"

struct builder {
	struct binder b;
	struct plan *plan;
	const struct plan_options *o;
	struct bound **order;
	size_t n;
	size_t nconfirmed;
	struct confirmation *confirmed;
	bool ledger;			/* schema pgretain is there and current */
};

/* ---- what stands at the beginning ---- */

static bool take_now(struct binder *b, const char *as_of, struct diag *d)
{
	struct plan *p = b->plan;
	AUTO_RESULT *r = NULL;

	if (!conn_query_text(b->conn, sqltext_get("query/plan_now"), &r, d, as_of))
		return false;
	p->as_of = arena_strdup(p->arena, res_text(r, 0, 0));
	p->future = res_bool(r, 0, 1);
	return instant_parse_timestamptz(p->as_of, strlen(p->as_of), &p->as_of_usecs) ||
		diag_fail(d, DIAG_USAGE, "--as-of is out of range");
}

static bool purge_day(struct binder *b, struct bound *r, struct diag *d)
{
	const struct retention_class *cls = r->root->rule->cls;
	char period[PERIOD_TEXT];
	AUTO_RESULT *res = NULL;

	if (r->rule->action != ACTION_QUARANTINE)
		return true;
	r->stage = FINDING_VAULT;
	if (!cls->has_vault) {
		bound_fail(r, DIAG_CATALOG, "class \"%s\" has no `vault`: when would quarantined rows be purged?", cls->name);
		diag_hint(&r->diag, "write vault = \"30 days\"; in class \"%s\"", cls->name);
		return false;
	}
	if (!conn_query_text(b->conn, sqltext_get("query/plan_purge"), &res, d, b->plan->as_of,
			     period_interval(&cls->vault, period), cls->zone ? cls->zone : "UTC"))
		return false;
	r->purge_after = arena_strdup(b->a, res_text(res, 0, 0));
	return true;
}

/* A table that another session rewrites (ACCESS EXCLUSIVE) is waited for, and not for ever. local: in this
 * transaction; else in the session, until it is set back. */
static bool wait_for_locks(struct binder *b, int64_t ms, bool local, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return conn_query_text(b->conn, "SELECT pg_catalog.set_config('lock_timeout', $1, $2::bool)", &res, d,
			       arena_printf(b->a, "%lld", (long long)ms), local ? "t" : "f");
}

static int64_t patience(const struct binder *b)
{
	return policy_patience_ms(b->plan->policy, b->plan->db);
}

/* Which tables they are that could not be looked at. Always false. */
static bool locked_away(struct binder *b, struct diag *d)
{
	struct diag why = *d, ignored = DIAG_INIT;
	AUTO_RESULT *res = NULL;

	if (!conn_query(b->conn, sqltext_get("query/plan_locked"), NO_PARAMS, &res, &ignored) || PQgetisnull(res, 0, 0))
		return false;
	diag_fail(d, why.cls, "another session keeps %s under ACCESS EXCLUSIVE (ALTER TABLE, VACUUM FULL): nothing was changed",
		  res_text(res, 0, 0));
	snprintf(d->sqlstate, sizeof(d->sqlstate), "%s", why.sqlstate);
	diag_hint(d, "try again when it is through; pg_locks says who it is");
	return false;
}

static bool bind_in_time(struct binder *b, struct diag *d)
{
	struct diag ignored = DIAG_INIT;
	bool ok;

	if (!wait_for_locks(b, patience(b), false, d))
		return false;
	ok = bind_rules(b, d);
	if (!wait_for_locks(b, b->conn->settings.lock_timeout_ms, false, ok ? d : &ignored))
		return false;
	return ok || (streq(d->sqlstate, "55P03") && locked_away(b, d));
}

bool binder_open(struct binder *b, const char *as_of, struct diag *d)
{
	if (!take_now(b, as_of, d) || !bind_in_time(b, d))
		return false;
	for (size_t i = 0; i < b->nrules; i++) {
		struct bound *r = &b->rules[i];

		if (!r->failed && r->rule->action == ACTION_QUARANTINE && vault_fits(r) && !purge_day(b, r, d) && !r->failed)
			return false;
	}
	return true;
}

static bool load_holds(struct builder *w, struct diag *d)
{
	/* as of now: what is released between this instant and the reading still holds */
	const char *since = w->o->released_since || w->o->as_of ? w->o->released_since : w->plan->as_of;
	AUTO_RESULT *r = NULL, *e = NULL;

	if (!conn_query(w->b.conn, sqltext_get("query/plan_epoch"), NO_PARAMS, &e, d) ||
	    !conn_query_text(w->b.conn, sqltext_get("query/plan_holds"), &r, d, since))
		return false;
	w->plan->hold_epoch = res_int(e, 0, 0);
	for (int i = 0; i < PQntuples(r); i++) {
		struct hold_entry *h = vec_add(w->b.a, &w->b.holds);
		const char **fields[] = { &h->id, &h->scope, &h->target, &h->subject_type, &h->subject_key, &h->condition,
					  &h->reason, &h->relation, &h->identifier, &h->identifier_value, &h->subject_keys };

		for (size_t k = 0; k < ARRAY_SIZE(fields); k++)
			*fields[k] = arena_strdup(w->b.a, res_text_null(r, i, (int)k));
		if (h->subject_type && !hold_people(&w->b, h, d))
			return false;
	}
	return true;
}

static bool identify(struct builder *w, struct subject_set *people, struct diag *d)
{
	bool sealed = false;

	return subject_set_identify(w->b.conn, people, d) && frozen_identify(&w->b, people, &sealed, d);
}

/* An erasure that was approved is no run of retention: it does not wait for a copy. */
static bool load_waiting(struct builder *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct subject_set *set;

	if (w->b.request || !w->plan->policy->nsubjects)
		return true;
	if (!conn_query_text(w->b.conn, sqltext_get("query/plan_waiting"), &res, d, w->plan->as_of))
		return false;
	if (PQntuples(res) == 0)
		return true;
	set = arena_alloc(w->b.a, sizeof(*set));
	subject_set_init(set, w->b.a, w->plan->policy);
	for (int i = 0; i < PQntuples(res); i++)	/* of a type that is no more in the configuration no row is known */
		(void)subject_set_add(set, res_text(res, i, 0), res_text(res, i, 1));
	w->b.waiting = set;
	return identify(w, set, d);
}

/* Approved grounds keep rows of retention too, until somebody looks again. */
static bool load_kept(struct builder *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct request *q;

	if (w->b.request || !w->plan->policy->nsubjects)
		return true;
	if (!conn_query_text(w->b.conn, sqltext_get("query/plan_kept"), &res, d,
			     request_keeping_codes(w->b.a, ground_extends), w->plan->as_of))
		return false;
	if (PQntuples(res) == 0)
		return true;
	q = arena_alloc(w->b.a, sizeof(*q));
	for (int i = 0; i < PQntuples(res); i++)
		(void)request_keep(q, w->b.a, w->plan->policy, res_text(res, i, 0), res_text(res, i, 1), res_text(res, i, 2),
				   res_text(res, i, 3));
	for (size_t i = 0; i < q->kept.n; i++)
		if (!identify(w, &q->kept.v[i].set, d))
			return false;
	w->b.keeping = q;
	return true;
}

/* A plan can be made before `init`: then there are no holds, and every rule is new. */
static bool load_ledger(struct builder *w, struct diag *d)
{
	enum ledger_state state;
	struct diag why = DIAG_INIT;

	if (!ledger_probe(w->b.conn, NULL, &state, &why)) {
		*d = why;
		return false;
	}
	w->ledger = state == LEDGER_CURRENT || state == LEDGER_FOREIGN;
	if (!w->ledger)
		return true;
	return load_holds(w, d) && load_waiting(w, d) && load_kept(w, d) && vault_load(&w->b, d) && tombstone_load(&w->b, d) &&
		ledger_confirmations(w->b.conn, w->b.a, &w->nconfirmed, &w->confirmed, d);
}

static bool select_rules(struct builder *w, struct diag *d)
{
	for (size_t i = 0; i < w->b.nrules; i++)
		w->b.rules[i].selected = w->o->nrules == 0 && !w->o->request;
	for (size_t i = 0; i < w->o->nrules; i++) {
		struct bound *r = bind_rule(&w->b, w->o->rules[i]);

		if (!r) {
			diag_fail(d, DIAG_USAGE, "there is no rule \"%s\" for database \"%s\"", w->o->rules[i], w->plan->db->name);
			return false;
		}
		r->root->selected = true;
	}
	for (size_t i = 0; i < w->b.nrules; i++)
		if (w->b.rules[i].root->selected)
			w->b.rules[i].selected = true;	/* a chain goes whole */
	return true;
}

/* ---- one step ---- */

static size_t step_of(void *ctx, const struct bound *r)
{
	struct builder *w = ctx;

	for (size_t i = 0; i < w->n; i++)
		if (w->order[i] == r)
			return i;
	bug(__FILE__, __LINE__, "a follower without a step");
}

static const char *confirmed_definition(const struct builder *w, const char *rule)
{
	for (size_t i = 0; i < w->nconfirmed; i++)
		if (streq(w->confirmed[i].rule, rule))
			return w->confirmed[i].definition;
	return NULL;
}

static void step_frame(struct builder *w, struct bound *r, struct plan_step *s)
{
	s->rule = r->rule;
	s->table = r->table ? r->table->display : r->rule->table;
	s->cutoff = r->root->cutoff;
	s->root = step_of(w, r->root);
	s->definition = confirm_definition(w->b.a, r);
	s->rule_text = confirm_rule_text(w->b.a, r);
	confirm_compare(s, confirmed_definition(w, r->rule->name));
}

static void step_fail(struct builder *w, struct bound *r, struct plan_step *s)
{
	s->status = STEP_FAILED;
	s->diag = *bound_fault(r);
	bool told = !*s->diag.sqlstate || strstr(s->diag.message, s->diag.sqlstate);

	s->reason = arena_printf(w->b.a, "%s (%s%s%s)", s->diag.message, s->diag.where, told ? "" : ", SQLSTATE ",
				 told ? "" : s->diag.sqlstate);
	s->counts = (struct plan_counts){ 0 };
	s->needs_confirmation = false;
}

static void step_analyze(struct builder *w, struct bound *r, struct plan_step *s)
{
	VEC(const char *) list = { NULL, 0, 0 };

	for (size_t i = 0; i < r->leaves.n; i++)
		vec_push(w->b.a, &list, r->leaves.v[i]->sql);
	if (r->table->kind == 'p')
		vec_push(w->b.a, &list, r->table->sql);
	s->analyze = list.v;
	s->nanalyze = list.n;
}

/* Counts come in two rounds: a step's ceiling is known before what hangs on it is counted. */
static bool step_count(struct builder *w, struct bound *r, struct plan_step *s, struct diag *d)
{
	const struct plan_counts *parent = r->parent ? &w->plan->steps[step_of(w, r->parent)].counts : NULL;

	if (!count_step(&w->b, r, parent, s, d) || r->failed)
		return r->failed;
	return count_guards(&w->b, r, s, w->o->lift_ceilings, d) && strategy_choose(&w->b, r, s, d);
}

static bool step_build(struct builder *w, struct bound *r, struct plan_step *s, struct diag *d)
{
	if (r->failed)
		return true;
	if (!conn_do(w->b.conn, "SAVEPOINT pgretain_step", NO_PARAMS, d))
		return false;
	if (!step_count(w, r, s, d))
		return false;
	if (!conn_do(w->b.conn, r->failed ? "ROLLBACK TO SAVEPOINT pgretain_step" : "RELEASE SAVEPOINT pgretain_step",
		     NO_PARAMS, d))
		return false;
	if (r->failed)
		return true;
	if (r->rule->action == ACTION_QUARANTINE)
		vault_prepare(&w->b, r, s);
	if (r->root == r)
		statement_render(&w->b, r, true, s, step_of, w);
	statement_recount(&w->b, r, s);
	step_analyze(w, r, s);
	return anonymity_plan(&w->b, r, s, d);
}

static bool newest_all(struct builder *w, struct diag *d)
{
	for (size_t i = 0; i < w->n; i++) {
		struct bound *r = w->order[i];

		if (r->failed)
			continue;
		if (!conn_do(w->b.conn, "SAVEPOINT pgretain_step", NO_PARAMS, d) || !count_newest(&w->b, r, d) ||
		    !conn_do(w->b.conn, r->failed ? "ROLLBACK TO SAVEPOINT pgretain_step" : "RELEASE SAVEPOINT pgretain_step",
			     NO_PARAMS, d))
			return false;
	}
	return true;
}

/* A chain is stopped as one: rows of its parts go in one transaction. */
static void skip_chains(struct builder *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct plan_step *s = &w->plan->steps[i];

		if (s->status == STEP_READY)
			continue;
		for (size_t k = 0; k < w->n; k++) {
			struct plan_step *o = &w->plan->steps[k];

			if (o->root != s->root || o->status != STEP_READY)
				continue;
			o->status = STEP_SKIPPED;
			o->reason = arena_printf(w->b.a, "rule \"%s\" of the same chain is %s", s->rule->name,
						 s->status == STEP_FAILED ? "failed" : "skipped");
			o->counts.skipped = o->counts.due - o->counts.held - o->counts.blocked - o->counts.deferred;
		}
	}
}

static bool tallies_all(struct builder *w, struct diag *d)
{
	for (size_t i = 0; i < w->n; i++) {
		struct bound *r = w->order[i];

		if (r->failed || w->plan->steps[i].status != STEP_READY)
			continue;
		if (!conn_do(w->b.conn, "SAVEPOINT pgretain_step", NO_PARAMS, d) ||
		    !count_tallies(&w->b, r, &w->plan->steps[i], d) ||
		    !conn_do(w->b.conn, r->failed ? "ROLLBACK TO SAVEPOINT pgretain_step" : "RELEASE SAVEPOINT pgretain_step",
			     NO_PARAMS, d))
			return false;
	}
	return true;
}

static bool acts(const struct builder *w, size_t root)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->plan->steps[i].root == root &&
		    (plan_step_rows(&w->plan->steps[i]) > 0 || w->plan->steps[i].anonymity.suppress.text))
			return true;
	return false;
}

/* Where nothing is to be done nothing is relied on. */
static void shapes(struct builder *w)
{
	shape_statements(w->plan);
	for (size_t i = 0; i < w->n; i++)
		if (w->plan->steps[i].status == STEP_READY && acts(w, w->plan->steps[i].root))
			shape_step(&w->b, w->order[i], &w->plan->steps[i]);
}

static void fail_all(struct builder *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->order[i]->failed)
			step_fail(w, w->order[i], &w->plan->steps[i]);
}

static bool build_steps(struct builder *w, struct diag *d)
{
	struct plan *p = w->plan;

	p->steps = arena_alloc(p->arena, (w->n + 1) * sizeof(*p->steps));
	p->nsteps = w->n;
	for (size_t i = 0; i < w->n; i++)
		step_frame(w, w->order[i], &p->steps[i]);
	if (!newest_all(w, d))
		return false;
	for (size_t i = w->n; i-- > 0;)		/* parents before what follows them */
		if (!step_build(w, w->order[i], &p->steps[i], d))
			return false;
	fail_all(w);
	skip_chains(w);
	if (!tallies_all(w, d))
		return false;
	fail_all(w);
	skip_chains(w);
	shapes(w);
	for (size_t i = 0; i < w->n; i++)
		cost_step(&w->b, w->order[i], i);
	return true;
}

/* What check would refuse fails here as well, before anything is counted or written. */
static bool check_all(struct builder *w, struct diag *d)
{
	struct checker k = { .b = &w->b };

	for (size_t i = 0; i < w->n; i++)
		if (!w->order[i]->failed && !check_rule_blocking(&k, w->order[i], d))
			return false;
	return true;
}

static void only_selected(struct builder *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->order[i]->selected)
			w->order[kept++] = w->order[i];
	w->n = kept;
}

/* A request fails closed: a rule that does not find its people is none that leaves them out. */
static void subject_faults(struct builder *w)
{
	for (size_t i = 0; i < w->b.nrules; i++) {
		struct bound *r = &w->b.rules[i];

		if (!w->b.request || r->subject_fault.cls == DIAG_OK || r->failed)
			continue;
		bound_fail(r, DIAG_CATALOG, "%s", r->subject_fault.message);
		r->diag = r->subject_fault;
	}
}

/* Everything but the counts; leaves one snapshot open. */
static bool begin(struct builder *w, struct diag *d)
{
	if (!binder_open(&w->b, w->o->as_of, d) || !load_ledger(w, d) || !select_rules(w, d))
		return false;
	vault_assign_all(&w->b);
	subject_faults(w);
	w->order = order_rules(&w->b, &w->n);
	only_selected(w);
	return conn_do(w->b.conn, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NO_PARAMS, d) &&
		wait_for_locks(&w->b, patience(&w->b), true, d);
}

static bool widths(struct builder *w, struct diag *d)
{
	w->plan->nholds = w->o->widths ? w->b.holds.n : 0;
	return !w->plan->nholds || width_count(&w->b, &w->plan->holds, d);
}

static bool build(struct builder *w, struct diag *d)
{
	if (!begin(w, d) || !check_all(w, d) || !build_steps(w, d) || !widths(w, d) || !conn_do(w->b.conn, "COMMIT", NO_PARAMS, d))
		return false;
	fingerprint_plan(w->plan, w->order, &w->b);
	return !w->b.request || request_items(&w->b, d);
}

static struct builder builder_of(struct conn *c, struct arena *a, const struct policy *policy,
				 const struct database *db, const struct plan_options *o)
{
	struct plan *p = arena_alloc(a, sizeof(*p));

	*p = (struct plan){ .arena = a, .policy = policy, .db = db };
	return (struct builder){ .plan = p, .o = o, .b = { .plan = p, .a = a, .conn = c, .request = o->request } };
}

static bool bind_now(struct builder *w, struct binder *ret, struct diag *d)
{
	if (!binder_open(&w->b, NULL, d) || !load_ledger(w, d))
		return false;
	*ret = w->b;
	return true;
}

bool build_bind(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
		const char *released_since, struct binder *ret, struct diag *d)
{
	struct plan_options o = { .released_since = released_since };
	struct builder w = builder_of(c, a, policy, db, &o);

	return bind_now(&w, ret, d);
}

bool build_glance(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
		  struct binder *ret, struct diag *d)
{
	struct plan_options o = { .as_of = NULL };
	struct builder w = builder_of(c, a, policy, db, &o);

	w.b.glance = true;
	return bind_now(&w, ret, d);
}

bool plan_bind(struct conn *c, struct arena *a, const struct policy *policy, const struct database *db,
	       const struct plan_options *o, struct binder *ret, struct diag *d)
{
	struct builder w = builder_of(c, a, policy, db, o);

	if (!begin(&w, d) || !newest_all(&w, d))
		return false;
	*ret = w.b;
	return true;
}

bool plan_build(struct conn *c, const struct policy *policy, const struct database *db,
		const struct plan_options *o, struct plan **ret, struct diag *d)
{
	struct arena *a = arena_new();
	struct plan_options mine = *o;
	struct builder w;

	if (o->request) {
		struct policy *p;
		struct database *own;

		request_variant(a, policy, db, o->request, &p, &own, &mine.rules, &mine.nrules);
		policy = p;
		db = own;
	}
	w = builder_of(c, a, policy, db, &mine);
	if (!build(&w, d)) {
		arena_free(a);
		return false;
	}
	*ret = w.plan;
	return true;
}
