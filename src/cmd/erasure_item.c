/* Items: what a request found in each table, and what became of it. */
#include "cmd/erasure_vault.h"

#include "base/instant.h"
#include "pg/sqltext.h"

#include <stdlib.h>

/* ---- counting ---- */

void erasure_items_alloc(struct erasure *e, struct erasure_request *r)
{
	r->nitems = e->plan->nitems;
	r->items = arena_alloc(e->a, (r->nitems + 1) * sizeof(*r->items));
	for (size_t i = 0; i < r->nitems; i++) {
		const struct plan_item *p = &e->plan->items[i];

		r->items[i].rule = p->rule->name;
		r->items[i].table = p->table;
		r->items[i].action = action_word(p->action);
		r->items[i].seq = e->seq;
	}
}

static void clear_counts(struct erasure_item *it)
{
	it->now_live = it->now_held = it->now_retained = it->now_deferred = it->now_blocked = it->now_done = 0;
	it->now_minimised = it->now_undated = 0;
	it->first = it->last = NULL;
}

static void count_take(struct erasure *e, struct erasure_item *it, const PGresult *res, int i)
{
	int64_t *const into[] = { &it->now_live, &it->now_held, &it->now_retained, &it->now_deferred, &it->now_blocked,
				  &it->now_done, &it->now_minimised };

	for (size_t k = 0; k < ARRAY_SIZE(into); k++)
		*into[k] = res_int(res, i, 2 + (int)k);
	it->first = arena_strdup(e->a, res_text_null(res, i, 9));
	it->last = arena_strdup(e->a, res_text_null(res, i, 10));
	it->now_undated = res_int(res, i, 11);
}

/* Requests are in the order of their persons: several of one person are neighbours. */
size_t erasure_first_of(const struct erasure *e, const char *type, const char *key)
{
	size_t lo = 0, hi = e->requests.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(e->requests.v[mid].type, type);

		if (!c)
			c = strcmp(e->requests.v[mid].key, key);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int by_person(const void *a, const void *b)
{
	const struct erasure_request *x = a, *y = b;
	int c = strcmp(x->type, y->type);

	return c ? c : strcmp(x->key, y->key) ? strcmp(x->key, y->key) : strcmp(x->id, y->id);
}

static bool count_item(struct erasure *e, size_t i, struct diag *d)
{
	const struct plan_item *p = &e->plan->items[i];
	AUTO_RESULT *res = NULL;

	for (size_t k = 0; k < e->requests.n; k++)
		clear_counts(&e->requests.v[k].items[i]);
	if (!p->asked)
		return true;
	if (!conn_query(e->conn, p->count.sql, (struct params){ p->count.params.n, p->count.params.types, p->count.params.values },
			&res, d)) {
		diag_where(d, "rule \"%s\"", p->rule->name);
		return false;
	}
	for (int row = 0; row < PQntuples(res); row++) {
		const char *type = res_text(res, row, 0), *key = res_text(res, row, 1);

		for (size_t k = erasure_first_of(e, type, key); k < e->requests.n && streq(e->requests.v[k].type, type) &&
		     streq(e->requests.v[k].key, key); k++)
			count_take(e, &e->requests.v[k].items[i], res, row);
	}
	return true;
}

static bool read_seq(struct erasure *e, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(e->conn, sqltext_get("query/item_seq"), NO_PARAMS, &res, d))
		return false;
	e->seq = res_int(res, 0, 0);
	return true;
}

static bool count_all(struct erasure *e, struct diag *d)
{
	if (!read_seq(e, d) || !vault_runs(e, d))
		return false;
	for (size_t k = 0; k < e->requests.n; k++)
		if (!e->requests.v[k].items || e->requests.v[k].nitems != e->plan->nitems)
			erasure_items_alloc(e, &e->requests.v[k]);
	for (size_t i = 0; i < e->plan->nitems; i++)
		if (!count_item(e, i, d) || !vault_count(e, i, d))
			return false;
	return true;
}

bool erasure_count(struct erasure *e, struct diag *d)
{
	struct diag ignored = DIAG_INIT;

	qsort(e->requests.v, e->requests.n, sizeof(*e->requests.v), by_person);
	if (!conn_do(e->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NO_PARAMS, d))
		return false;
	if (count_all(e, d))
		return conn_do(e->conn, "COMMIT", NO_PARAMS, d);
	if (!conn_do(e->conn, "ROLLBACK", NO_PARAMS, &ignored))
		*d = ignored;
	return false;
}

/* ---- dates and grounds ---- */

void erasure_later(const char **into, const char *t)
{
	int64_t a, b;

	if (!t || !instant_parse_timestamptz(t, strlen(t), &b))
		return;
	if (!*into || (instant_parse_timestamptz(*into, strlen(*into), &a) && b > a))
		*into = t;
}

void erasure_sooner(const char **into, const char *t)
{
	int64_t a, b;

	if (!t || !instant_parse_timestamptz(t, strlen(t), &b))
		return;
	if (!*into || (instant_parse_timestamptz(*into, strlen(*into), &a) && b < a))
		*into = t;
}

static void ground(struct erasure *e, struct erasure_item *it, const char *code, const char *basis, const char *until)
{
	for (size_t i = 0; i < it->grounds.n; i++)
		if (streq(it->grounds.v[i].code, code) && streq_null(it->grounds.v[i].basis, basis)) {
			erasure_later(&it->grounds.v[i].until, until);
			return;
		}
	vec_push(e->a, &it->grounds, ((struct erasure_ground){ code, basis, until }));
}

/* The law is the only one that the engine finds by itself. */
static void law(struct erasure *e, const struct plan_item *p, struct erasure_item *it, const char *until)
{
	if (p->basis)
		ground(e, it, "G1", p->basis, until);
	else
		ground(e, it, "standard", p->standard, until);
}

static void approved(struct erasure *e, const struct erasure_request *r, struct erasure_item *it)
{
	for (size_t i = 0; i < e->grounds.n; i++) {
		const struct erasure_keep *k = &e->grounds.v[i];

		if (!streq(k->request, r->id) || !policy_rule_within(e->db, it->rule, k->rule))
			continue;
		if (it->retained || ground_find(k->code)->effect == GROUND_DETACH)
			ground(e, it, k->code, ground_find(k->code)->words, k->review);
		if (it->retained) {
			erasure_later(&it->until, k->review);
			erasure_sooner(&it->wake, k->review);
		}
	}
}

struct erasure_item *erasure_item_of(const struct erasure_request *r, const char *rule)
{
	for (size_t i = 0; i < r->nitems; i++)
		if (streq(r->items[i].rule, rule))
			return &r->items[i];
	return NULL;
}

/* A row that waits for rows that refer to it bears their dates and their law. */
static void inherit(struct erasure *e, struct erasure_request *r, size_t i)
{
	const struct plan_item *p = &e->plan->items[i];
	struct erasure_item *it = &r->items[i];
	bool any = false;

	for (size_t k = 0; it->blocked && k < p->nchildren; k++) {
		const struct erasure_item *child = erasure_item_of(r, p->children[k]);

		if (!child || child == it || !(child->deferred || child->retained || child->held))
			continue;
		any = any || child->until;
		erasure_later(&it->until, child->until);
		it->undated |= child->undated && !child->until;
		for (size_t g = 0; g < child->grounds.n; g++)
			ground(e, it, child->grounds.v[g].code, child->grounds.v[g].basis, child->grounds.v[g].until);
	}
	it->undated |= it->blocked && !any;
}

static void dates(struct erasure *e, struct erasure_request *r)
{
	for (size_t i = 0; i < r->nitems; i++) {
		struct erasure_item *it = &r->items[i];

		it->grounds.n = 0;
		it->until = it->last;
		it->wake = it->first;
		it->undated = it->now_undated > 0;
		if (it->now_deferred)
			law(e, &e->plan->items[i], it, it->last);
		if (e->plan->items[i].shared && (it->anonymized || it->unchanged))
			ground(e, it, "G7", ground_find("G7")->words, NULL);
		approved(e, r, it);
		erasure_sooner(&it->wake, it->purge_first);
		erasure_later(&it->until, it->purge_last);
	}
	for (int round = 0; round < 4; round++)		/* an account waits for orders, which wait for payments */
		for (size_t i = 0; i < r->nitems; i++)
			inherit(e, r, i);
}

/* ---- what would happen ---- */

static int64_t ready(const struct erasure_item *it)
{
	return it->now_live - it->now_held - it->now_retained - it->now_deferred - it->now_blocked;
}

static int64_t *acted(struct erasure_item *it, const char *action)
{
	if (streq(action, "delete"))
		return &it->erased;
	return streq(action, "quarantine") ? &it->quarantined : &it->anonymized;
}

static bool under(const struct erasure *e, const struct erasure_request *r, const char *rule, const char *code)
{
	for (size_t i = 0; i < e->grounds.n; i++)
		if (streq(e->grounds.v[i].request, r->id) && streq(e->grounds.v[i].code, code) &&
		    policy_rule_within(e->db, rule, e->grounds.v[i].rule))
			return true;
	return false;
}

static void rest(struct erasure_item *it)
{
	it->live = it->now_live;
	it->held = it->now_held;
	it->blocked = it->now_blocked;
	it->deferred = it->now_deferred + it->now_blocked;
	it->retained = it->now_retained + it->unchanged;
}

void erasure_foresee(struct erasure *e)
{
	for (size_t k = 0; k < e->requests.n; k++) {
		struct erasure_request *r = &e->requests.v[k];

		for (size_t i = 0; i < r->nitems; i++) {
			const struct plan_item *p = &e->plan->items[i];
			struct erasure_item *it = &r->items[i];
			const char *action = under(e, r, it->rule, "G7") ? "anonymize" : it->action;

			it->erased = it->anonymized = it->quarantined = it->failed = it->not_found = 0;
			it->unchanged = p->shared ? it->now_done : 0;
			rest(it);
			*(p->asked ? acted(it, action) : &it->failed) = ready(it);
			it->minimised = p->minimises ? it->deferred : 0;
			it->vaulted = it->now_vaulted;
			it->quarantined += it->vaulted;
			it->matched = it->now_live + it->unchanged + it->vaulted;
			it->executed = false;
			it->sqlstate = NULL;
			it->seq = e->seq;
		}
		dates(e, r);
	}
}

/* What erasure_settle() takes for what an execution should have done is still to be done. */
void erasure_foresee_rest(struct erasure *e)
{
	for (size_t k = 0; k < e->requests.n; k++)
		for (size_t i = 0; i < e->requests.v[k].nitems; i++) {
			struct erasure_item *it = &e->requests.v[k].items[i];

			if (!e->plan->items[i].asked)
				continue;
			it->failed = ready(it);
			it->deferred = it->now_deferred + it->now_blocked;
			it->minimised = e->plan->items[i].minimises ? it->deferred : 0;
		}
}

/* ---- what has happened ---- */

/* What batches of the requests' own runs did since the last count, still to be laid to somebody's account. What else is
 * gone may have gone by a rule in the night or by the application's hand: nobody can tell, and nothing is claimed of it. */
struct budget {
	const char *rule, *table, *action, *run;
	int64_t rows;
};

static bool effect(const char *action)
{
	return streq(action, "delete") || streq(action, "anonymize") || streq(action, "quarantine") || streq(action, "detach") ||
		streq(action, "strip");
}

static int64_t draw(struct budget *b, int64_t wanted)
{
	int64_t n = b->rows < wanted ? b->rows : wanted;

	b->rows -= n;
	return n;
}

/* First by the rule itself; then rows that went with rows of another table. */
static void attribute(const struct erasure_request *r, struct erasure_item *it, struct budget *b, size_t n, int64_t gone)
{
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < n && gone; i++) {
			bool own = streq_null(b[i].rule, it->rule) && streq_null(b[i].table, it->table);
			bool with = streq_null(b[i].table, it->table) && streq(b[i].action, "delete");
			int64_t got;

			if (!effect(b[i].action) || !(round ? with : own) || !erasure_ran(r, b[i].run))
				continue;
			got = draw(&b[i], gone);
			*acted(it, b[i].action) += got;
			gone -= got;
		}
	it->not_found += gone;
}

static void settle_item(struct erasure *e, const struct erasure_request *r, size_t i, struct budget *b, size_t n)
{
	const struct plan_item *p = &e->plan->items[i];
	struct erasure_item *it = &r->items[i];
	int64_t gone = it->live - it->now_live;

	if (!it->executed) {
		it->erased = it->anonymized = it->failed = it->not_found = 0;
		it->quarantined = it->vaulted;
	}
	if (!it->known) {			/* a rule that came since: its rows belong to the request from here on */
		it->unchanged = p->shared ? it->now_done : 0;
		it->matched = it->now_live + it->unchanged;
		it->vaulted = 0;
		gone = 0;
	}
	vault_moved(it, &gone);
	if (gone < 0)
		it->matched -= gone;		/* rows that came since */
	else
		attribute(r, it, b, n, gone);
	rest(it);
	it->failed = ready(it);
	it->minimised = it->now_minimised;
	if (p->minimises) {			/* what could not be stripped of a row is as much a failure */
		it->failed += it->deferred - it->minimised;
		it->deferred = it->minimised;
	}
	it->executed = it->known = true;
	it->seq = e->seq;
	if (!it->failed)
		it->sqlstate = NULL;
}

static bool load_budget(struct erasure *e, int64_t since, struct budget **ret, size_t *n, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(e->conn, sqltext_get("query/item_acted"), &res, d, arena_printf(e->a, "%lld", (long long)since),
			     erasure_ids(e)))
		return false;
	*n = (size_t)PQntuples(res);
	*ret = arena_alloc(e->a, (*n + 1) * sizeof(**ret));
	for (size_t i = 0; i < *n; i++)
		(*ret)[i] = (struct budget){ arena_strdup(e->a, res_text_null(res, (int)i, 0)),
			arena_strdup(e->a, res_text_null(res, (int)i, 1)), arena_strdup(e->a, res_text(res, (int)i, 2)),
			arena_strdup(e->a, res_text(res, (int)i, 4)), res_int(res, (int)i, 3) };
	return true;
}

static int64_t oldest_seq(const struct erasure *e)
{
	int64_t least = e->seq;

	for (size_t k = 0; k < e->requests.n; k++)
		for (size_t i = 0; i < e->requests.v[k].nitems; i++)
			if (e->requests.v[k].items[i].known && e->requests.v[k].items[i].seq < least)
				least = e->requests.v[k].items[i].seq;
	return least;
}

static void why_failed(const struct erasure *e, const struct outcome *out, struct erasure_item *it)
{
	for (size_t s = 0; it->failed && out && s < e->plan->nsteps; s++)
		if (streq(rule_name(e->plan->steps[s].rule), it->rule) && *out->steps[s].sqlstate)
			it->sqlstate = arena_strdup(e->a, out->steps[s].sqlstate);
}

/* ---- settled ---- */

bool erasure_settle(struct erasure *e, const struct outcome *out, struct diag *d)
{
	struct budget *b;
	size_t n;

	if (!load_budget(e, oldest_seq(e), &b, &n, d))
		return false;
	for (size_t k = 0; k < e->requests.n; k++) {
		struct erasure_request *r = &e->requests.v[k];

		for (size_t i = 0; i < r->nitems; i++) {
			if (e->plan->items[i].asked)
				settle_item(e, r, i, b, n);
			why_failed(e, out, &r->items[i]);
		}
		dates(e, r);
	}
	return vault_purged(e, d);
}

const char *erasure_wake(const struct erasure_request *r)
{
	const char *least = NULL;

	for (size_t i = 0; i < r->nitems; i++)
		erasure_sooner(&least, r->items[i].wake);
	return least;
}
