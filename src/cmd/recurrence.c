#include "cmd/recurrence.h"

#include "base/fault.h"
#include "base/instant.h"
#include "base/log.h"
#include "cmd/connect.h"
#include "cmd/recurrence_reopen.h"
#include "cmd/suppress.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"

#define KEEP "3 years"

const char *recurrence_keep(const struct ctx *ctx)
{
	const char *why, *text = ctx->policy->suppression ? ctx->policy->suppression : KEEP;
	char buf[PERIOD_TEXT];
	struct period p;

	BUG_ON(!period_parse(text, &p, &why));
	return arena_strdup(ctx->arena, period_interval(&p, buf));
}

/* ---- what is looked for ---- */

struct loading {
	struct suppress *s;
	struct recurrences *ret;
};

static const struct identifier *comparable(const struct suppress *s, const char *type, const char *name, const char *mark,
					   const char **known_type)
{
	const struct subject_type *t = policy_subject(s->ctx->policy, type);
	const struct identifier *id = t ? subject_identifier(t, name) : NULL;
	unsigned char ours[SECRET_MAC], theirs[SECRET_MAC];

	if (!id || !secret_mac_parse(mark, theirs))
		return NULL;
	suppress_mark(s, type, id, ours);
	*known_type = t->name;
	return memcmp(ours, theirs, SECRET_MAC) == 0 ? id : NULL;
}

static bool load_one(void *arg, const PGresult *res, struct diag *d)
{
	struct loading *l = arg;
	const char *since = res_text(res, 0, 5), *until = res_text(res, 0, 6), *key = res_text_null(res, 0, 7), *type = NULL;
	const struct identifier *id = comparable(l->s, res_text(res, 0, 1), res_text(res, 0, 2), res_text(res, 0, 4), &type);
	struct suppress_entry *e;

	(void)d;
	if (!id) {
		l->ret->incomparable++;
		return true;
	}
	l->ret->compared++;
	e = vec_add(l->s->a, &l->s->entries);
	*e = (struct suppress_entry){ .request = arena_strdup(l->s->a, res_text(res, 0, 0)), .type = type, .name = id->name };
	e->has_key = key && secret_mac_parse(key, e->key);
	BUG_ON(!secret_mac_parse(res_text(res, 0, 3), e->digest) || !instant_parse_timestamptz(since, strlen(since), &e->since) ||
	       !instant_parse_timestamptz(until, strlen(until), &e->until));
	return true;
}

static bool all_incomparable(void *arg, const PGresult *res, struct diag *d)
{
	struct recurrences *ret = arg;

	(void)res;
	(void)d;
	ret->incomparable++;
	return true;
}

bool recurrence_look(struct suppress *s, struct ctx *ctx, const struct database *db, struct conn *c, const char *request,
		     struct recurrences *ret, suppress_hit_fn *hit, void *arg, struct diag *d)
{
	const struct params p = { 1, NULL, &request };
	struct secret_key file_key;

	if (!ctx->policy->key_file)
		return conn_each(c, sqltext_get("query/suppression_open"), p, all_incomparable, ret, d);
	if (!secret_load(ctx->policy->key_file, &file_key, d))
		return false;
	suppress_init(s, ctx, db, c, &file_key);
	return conn_each(c, sqltext_get("query/suppression_open"), p, load_one, &(struct loading){ s, ret }, d) &&
		suppress_scan(s, hit, arg, d);
}

/* ---- what was found ---- */

struct looking {
	struct suppress s;
	struct recurrences *ret;
	VEC(struct recurrence_person *) people;		/* one for each of ret->found */
};

static size_t of_request(struct looking *f, const char *request)
{
	for (size_t i = 0; i < f->ret->found.n; i++)
		if (streq(f->ret->found.v[i].request, request))
			return i;
	vec_add(f->s.a, &f->ret->found)->request = request;
	vec_push(f->s.a, &f->people, arena_alloc(f->s.a, sizeof(struct recurrence_person)));
	return f->ret->found.n - 1;
}

#define ADD_ONCE(a, vec, text) do { \
		size_t n_ = 0; \
		while (n_ < (vec)->n && !streq((vec)->v[n_], (text))) \
			n_++; \
		if (n_ == (vec)->n) \
			vec_push((a), (vec), arena_strdup((a), (text))); \
	} while (0)

static void on_hit(void *arg, struct suppress_entry *e, const struct suppress_row *row)
{
	struct looking *f = arg;
	struct arena *a = f->s.a;
	size_t i = e->owner ? (size_t)(uintptr_t)e->owner - 1 : of_request(f, e->request);
	struct recurrence_view *v = &f->ret->found.v[i];
	unsigned char key[SECRET_MAC];

	e->owner = (void *)(uintptr_t)(i + 1);
	v->rows++;
	ADD_ONCE(a, &v->identifiers, e->name);
	ADD_ONCE(a, &v->tables, row->table);
	recurrence_person_add(f->people.v[i], a, e, row);
	v->people = (int64_t)f->people.v[i]->keys.n;
	if (!row->key || !e->has_key)
		return;
	suppress_digest(&f->s, e->type, "key", e->type, row->key, key);
	v->same_key = v->same_key || memcmp(key, e->key, SECRET_MAC) == 0;
}

/* ---- what is news ---- */

static bool record(struct looking *f, const struct recurrence_view *v, const char *run, struct diag *d)
{
	json_t *detail = json_object(), *names = json_array(), *tables = json_array();
	struct ledger_entry entry = { .kind = "request", .run = v->request, .action = "recurrence", .rows = v->rows,
				      .actor = f->s.ctx->actor };
	char *text;
	bool ok;

	for (size_t i = 0; i < v->identifiers.n; i++)
		json_add(names, json_text(v->identifiers.v[i]));
	for (size_t i = 0; i < v->tables.n; i++)
		json_add(tables, json_text(v->tables.v[i]));
	json_put(detail, "identifiers", names);
	json_put(detail, "tables", tables);
	json_put(detail, "people", json_count(v->people));
	json_put(detail, "same_key", json_boolean(v->same_key));
	if (run)
		json_put(detail, "by_run", json_text(run));
	text = json_dumps(detail, JSON_COMPACT);
	entry.detail = text;
	ok = ledger_append(f->s.conn, &entry, d);
	free(text);
	json_decref(detail);
	return ok;
}

static bool is_news(const PGresult *res, const char *request)
{
	for (int i = 0; i < PQntuples(res); i++)
		if (streq(res_text(res, i, 0), request))
			return true;
	return false;
}

static bool note(struct looking *f, const char *run, struct diag *d)
{
	VEC(const char *) requests = { NULL, 0, 0 }, names = { NULL, 0, 0 };
	struct arena *a = f->s.a;
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < f->ret->found.n; i++)
		for (size_t k = 0; k < f->ret->found.v[i].identifiers.n; k++) {
			vec_push(a, &requests, f->ret->found.v[i].request);
			vec_push(a, &names, f->ret->found.v[i].identifiers.v[k]);
		}
	if (!conn_do(f->s.conn, "BEGIN", NO_PARAMS, d) ||
	    !conn_query_text(f->s.conn, sqltext_get("query/suppression_found"), &res, d,
			     cat_array_literal(a, requests.v, requests.n), cat_array_literal(a, names.v, names.n)))
		return false;
	for (size_t i = 0; i < f->ret->found.n; i++)
		if (is_news(res, f->ret->found.v[i].request) && !record(f, &f->ret->found.v[i], run, d))
			return false;
	return ctx_commit(f->s.ctx, f->s.conn, d);
}

static bool reopen_all(struct looking *f, const char *run, struct diag *d)
{
	const char *evidence = run ? arena_printf(f->s.a, "run %s", run) : "recurrence";

	if (!streq_null(f->s.ctx->policy->recurrence, "reopen"))
		return true;
	for (size_t i = 0; i < f->ret->found.n; i++)
		if (!recurrence_reopen(&f->s, &f->ret->found.v[i], f->people.v[i], evidence, d))
			return false;
	return true;
}

static void log_all(const struct looking *f)
{
	for (size_t i = 0; i < f->ret->found.n; i++)
		log_event(LOG_LEVEL_WARN, "request.recurrence", LOG_S("request", f->ret->found.v[i].request),
			  LOG_I("rows", f->ret->found.v[i].rows), LOG_S("action", f->ret->found.v[i].reopened ? "reopened" : "reported"));
	if (f->ret->incomparable)
		log_event(LOG_LEVEL_WARN, "suppression.incomparable", LOG_I("digests", f->ret->incomparable));
}

static bool waiting(struct conn *c, struct recurrences *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/suppression_reopened"), NO_PARAMS, &res, d))
		return false;
	ret->waiting = res_int(res, 0, 0);
	return true;
}

bool recurrence_check(struct ctx *ctx, const struct database *db, struct conn *c, const char *run, struct recurrences *ret,
		      struct diag *d)
{
	struct looking f = { .ret = ret };
	AUTO_RESULT *res = NULL;

	*ret = (struct recurrences){ .checked = true };
	if (!conn_query_text(c, sqltext_get("query/suppression_expire"), &res, d, recurrence_keep(ctx), ctx->actor))
		return false;
	ret->expired = res_int(res, 0, 0);
	if (!recurrence_look(&f.s, ctx, db, c, NULL, ret, on_hit, &f, d))
		return false;
	f.s.ctx = ctx;
	f.s.conn = c;
	f.s.a = ctx->arena;
	FAULT_POINT(recurrence_seen);
	if (!note(&f, run, d) || !reopen_all(&f, run, d) || !waiting(c, ret, d))
		return false;
	log_all(&f);
	return true;
}

int recurrence_exit(struct ctx *ctx, struct conn *c, bool ok, const struct recurrences *ret, struct diag *d)
{
	struct diag ignored = DIAG_INIT;

	if (ok)
		return recurrences_need_human(ret) ? EXIT_HUMAN : EXIT_DONE;
	diag_where(d, "%s", *d->where ? d->where : "looking for erased people who came back");
	ctx_fail(ctx, d);
	(void)!conn_do(c, "ROLLBACK", NO_PARAMS, &ignored);
	return EXIT_HUMAN;
}

int recurrence_step(struct ctx *ctx, const struct database *db, struct conn *c, const char *run, struct recurrences *ret)
{
	struct diag d = DIAG_INIT;
	bool ok = recurrence_check(ctx, db, c, run, ret, &d);

	return recurrence_exit(ctx, c, ok, ret, &d);
}
