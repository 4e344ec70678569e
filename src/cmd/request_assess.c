/* request assess, request approve: the items are frozen, and their hash is what somebody approves. */
#include "cmd/request_assess.h"

#include "base/sig.h"
#include "cmd/connect.h"
#include "cmd/erasure.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "plan/coverage.h"
#include "report/json.h"

static bool open_all(struct ctx *ctx, struct erasure *e, struct conn *c, int argc, char **argv, struct diag *d)
{
	return ledger_require(c, ctx_replay_log(ctx), d) && erasure_open(e, ctx, c, d) &&
		erasure_load(e, (const char *const *)argv, (size_t)argc, d);
}

/* ---- printing ---- */

static bool print_json(struct erasure *e, struct diag *d)
{
	json_t *all = json_array(), *one;

	for (size_t i = 0; i < e->requests.n; i++) {
		if (!erasure_show(e, &e->requests.v[i], &one, d)) {
			json_decref(all);
			return false;
		}
		json_add(all, one);
	}
	if (e->requests.n == 1) {
		ctx_print_json(e->ctx, json_incref(json_array_get(all, 0)));
		json_decref(all);
		return true;
	}
	one = json_object();
	json_put(one, "schema", json_text("pgretain.requests/1"));
	json_put(one, "fingerprint", json_text(erasure_batch_fingerprint(e)));
	json_put(one, "requests", all);
	ctx_print_json(e->ctx, one);
	return true;
}

bool request_print(struct erasure *e, struct diag *d)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (e->ctx->format == FORMAT_JSON)
		return print_json(e, d);
	for (size_t i = 0; i < e->requests.n; i++) {
		strbuf_adds(&sb, i ? "\n" : "");
		erasure_text(e, &e->requests.v[i], &sb);
		if (e->requests.v[i].fingerprint)
			strbuf_addf(&sb, "\nfingerprint %s\n", e->requests.v[i].fingerprint);
	}
	if (e->requests.n > 1 && erasure_batch_fingerprint(e))
		strbuf_addf(&sb, "\nfingerprint of all of them %s\n", erasure_batch_fingerprint(e));
	ctx_print(e->ctx, &sb);
	return true;
}

/* ---- assess ---- */

static bool one_kind(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->requests.n; i++) {
		struct erasure_request *r = &e->requests.v[i];

		if (r->kind == REQUEST_KIND_ACCESS)
			return diag_fail(d, DIAG_GUARD, "request %s asks for a copy: there is nothing to erase (request export)", r->id);
		if (r->kind != e->requests.v[0].kind)
			return diag_fail(d, DIAG_USAGE, "erasures and withdrawals are assessed apart: give requests of one kind");
	}
	return true;
}

static bool assessable(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->requests.n; i++)
		if (!erasure_may(&e->requests.v[i], REQUEST_ON_ASSESS, REQUEST_ASSESSED, d))
			return false;
	return one_kind(e, d);
}

static bool keep_plan(struct erasure *e, struct diag *d)
{
	const char **fingerprints = arena_alloc(e->a, (e->requests.n + 1) * sizeof(*fingerprints));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < e->requests.n; i++)
		fingerprints[i] = e->requests.v[i].fingerprint;
	return conn_query_text(e->conn, sqltext_get("query/item_plan_put"), &res, d, erasure_ids(e),
			       cat_array_literal(e->a, fingerprints, e->requests.n), e->plan->fingerprint, e->ctx->policy->digest) &&
		erasure_define(e, d);
}

/* column: NULL, or the one that is set to the request's fingerprint. */
static bool move_all(struct erasure *e, enum request_event event, enum request_state to, const char *column, struct diag *d)
{
	struct erasure_step *steps = arena_alloc(e->a, (e->requests.n + 1) * sizeof(*steps));

	for (size_t i = 0; i < e->requests.n; i++) {
		struct erasure_request *r = &e->requests.v[i];

		steps[i] = (struct erasure_step){ .r = r, .to = to };
		if (column && r->fingerprint)
			steps[i].set = arena_printf(e->a, "{\"%s\": \"%s\"}", column, r->fingerprint);
	}
	return erasure_move_all(e, event, steps, e->requests.n, d);
}

static bool any_executed(const struct erasure *e)
{
	for (size_t i = 0; i < e->requests.n; i++)
		if (e->requests.v[i].executed)
			return true;
	return false;
}

/* One that is under way keeps what it has done, and takes in what has come since. */
static bool reckon(struct erasure *e, struct diag *d)
{
	if (!any_executed(e)) {
		if (!erasure_count(e, d))
			return false;
		erasure_foresee(e);
		return true;
	}
	if (!erasure_stored(e, d) || !erasure_count(e, d) || !erasure_settle(e, NULL, d))
		return false;
	erasure_foresee_rest(e);
	return true;
}

static bool keep_all(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->requests.n; i++)
		e->requests.v[i].fingerprint = erasure_fingerprint(e, &e->requests.v[i]);
	return conn_do(e->conn, "BEGIN", NO_PARAMS, d) &&
		move_all(e, REQUEST_ON_ASSESS, REQUEST_ASSESSED, "fingerprint", d) && erasure_freeze(e, d) && keep_plan(e, d) &&
		move_all(e, REQUEST_ON_SUBMIT, REQUEST_AWAITING_APPROVAL, NULL, d) && erasure_store(e, d) &&
		ctx_commit(e->ctx, e->conn, d);
}

static bool asks_of(const struct erasure *e, const char *type)
{
	for (size_t i = 0; i < e->requests.n; i++)
		if (streq_null(e->requests.v[i].type, type))
			return true;
	return false;
}

static bool keyless(const struct rule *rule, const struct subject_path *p, struct diag *d)
{
	diag_fail(d, DIAG_CONFIG, "rule \"%s\" finds rows of a person by identifier \"%s\", and there is no key_file to seal it "
		  "with: rows that must wait would be lost sight of when the table that says whose it is is erased",
		  rule->name, p->identifier);
	diag_where(d, "%s:%d", p->loc.file, p->loc.line);
	diag_hint(d, "head -c 32 /dev/urandom > PATH && chmod 0400 PATH; then key_file = \"PATH\"");
	return false;
}

/* What leads to rows must outlive the table that says so, until the last of them is gone. */
static bool sealable(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; !e->has_key && i < e->db->nrules; i++) {
		const struct rule *rule = &e->db->rules[i];

		for (size_t k = 0; k < rule->nsubjects; k++)
			if (rule->subjects[k].kind == SUBJECT_IDENTIFIER && asks_of(e, rule->subjects[k].type))
				return keyless(rule, &rule->subjects[k], d);
	}
	return true;
}

static bool rules_fit(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->plan->nitems; i++) {
		if (e->plan->items[i].asked)
			continue;
		*d = e->plan->items[i].diag;
		d->cls = DIAG_GUARD;
		return false;
	}
	return true;
}

int request_assess(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, false);
	struct diag d = DIAG_INIT;
	struct erasure e;

	if (!c)
		return EXIT_REFUSED;
	sig_catch_stop();		/* of much data: a stop leaves it as it was */
	c->stop = STOP_SENDING;
	if (!open_all(ctx, &e, c, argc, argv, &d) || !assessable(&e, &d) || !sealable(&e, &d) || !erasure_plan(&e, NULL, &d) || !rules_fit(&e, &d) ||
	    !reckon(&e, &d) || !keep_all(&e, &d) || !request_print(&e, &d))
		return ctx_fail(ctx, &d);
	return EXIT_DONE;
}

/* ---- approve ---- */

static bool second_person(struct erasure *e, struct diag *d)
{
	const struct policy *p = e->ctx->policy;

	if (!policy_second_person(p, "approve"))
		return true;
	for (size_t i = 0; i < e->requests.n; i++) {
		if (!streq_null(e->requests.v[i].opened_by, e->ctx->actor))
			continue;
		diag_fail(d, DIAG_GUARD, "request %s was opened by %s: somebody else must approve it", e->requests.v[i].id,
			  e->ctx->actor);
		diag_hint(d, "second_person in %s says so", p->main_file);
		return false;
	}
	return true;
}

/* ---- everybody's tables are decided about ---- */

static bool uncovered(const struct coverage_table *t, struct diag *d)
{
	diag_fail(d, DIAG_GUARD, "%s has no rule and is not exempt, and column %s looks personal: it may hold rows of the person",
		  t->table, t->personal.v[0]);
	diag_hint(d, "give it a rule with a subject, or exempt it with the reason; then assess again");
	return false;
}

/* Rules decide when its rows go, and none says whose they are. */
static bool unled(const struct coverage_table *t, struct diag *d)
{
	diag_fail(d, DIAG_GUARD, "no rule on %s leads from its rows to people (rule \"%s\"), and column %s looks personal: it may hold "
		  "rows of the person", t->table, t->rules.v[0].rule, t->personal.v[0]);
	diag_hint(d, "give the rule a subject or, where no row can be led to a person, no_subject = \"REASON\"; then assess again");
	return false;
}

static bool undecided(const struct coverage_table *t, struct diag *d)
{
	diag_fail(d, DIAG_GUARD, "column %s of %s looks personal, and no rule says what becomes of it", t->open.v[0], t->table);
	diag_hint(d, "name it in columns of rule \"%s\", with \"keep\" where it says nothing of a person; then assess again",
		  t->rules.v[0].rule);
	return false;
}

static bool leads(const struct coverage_table *t)
{
	for (size_t i = 0; i < t->rules.n; i++)
		if (!t->rules.v[i].failed && t->rules.v[i].subject)
			return true;
	return false;
}

static bool table_covered(const struct coverage_table *t, struct diag *d)
{
	if (!t->personal.n)
		return true;
	switch (t->state) {
	case COVERAGE_EXEMPT: return true;
	case COVERAGE_UNCOVERED: return uncovered(t, d);
	case COVERAGE_RULED: return leads(t) ? !t->open.n || undecided(t, d) : unled(t, d);
	}
	return true;
}

/* On demand coverage fails closed: a table that nobody decided about may hold the person's data. */
static bool covered(struct erasure *e, struct diag *d)
{
	struct coverage_view v;

	if (!coverage_look(e->conn, e->ctx->policy, e->db, false, e->a, &v, d))
		return false;
	for (size_t i = 0; i < v.tables.n; i++)
		if (!table_covered(&v.tables.v[i], d))
			return false;
	return true;
}

static bool approvable(struct erasure *e, struct diag *d)
{
	for (size_t i = 0; i < e->requests.n; i++)
		if (!erasure_may(&e->requests.v[i], REQUEST_ON_APPROVE, REQUEST_APPROVED, d))
			return false;
	return true;
}

static bool expected(struct erasure *e, struct diag *d)
{
	const char *want = opts_text(&e->ctx->opts, "expect");

	if (!want)
		return diag_fail(d, DIAG_USAGE, "approve needs --expect FINGERPRINT: what was read is what is approved");
	if (streq_null(erasure_batch_fingerprint(e), want))
		return true;
	diag_fail(d, DIAG_FINGERPRINT, "the fingerprint is %s, not what --expect says",
		  erasure_batch_fingerprint(e) ? erasure_batch_fingerprint(e) : "none: nothing is assessed");
	diag_hint(d, "look at pgretain request show again");
	return false;
}

static bool approve_all(struct erasure *e, struct diag *d)
{
	return conn_do(e->conn, "BEGIN", NO_PARAMS, d) &&
		move_all(e, REQUEST_ON_APPROVE, REQUEST_APPROVED, "approved_fingerprint", d) && ctx_commit(e->ctx, e->conn, d);
}

int request_approve(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, false);
	struct diag d = DIAG_INIT;
	struct erasure e;

	if (!c)
		return EXIT_REFUSED;
	if (!open_all(ctx, &e, c, argc, argv, &d) || !approvable(&e, &d) || !expected(&e, &d) || !second_person(&e, &d) || !covered(&e, &d) ||
	    !approve_all(&e, &d) || !erasure_stored(&e, &d) || !request_print(&e, &d))
		return ctx_fail(ctx, &d);
	return EXIT_DONE;
}
