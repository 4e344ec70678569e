#include "backup/catalogue.h"

#include "backup/meet.h"
#include "base/fault.h"
#include "base/strbuf.h"
#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "report/json.h"

#include <stdlib.h>

#define MOST_ROUNDS 5

bool catalogue_open(struct catalogue *k, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(k->c, sqltext_get("query/backup_lineages"), NO_PARAMS, &res, d))
		return false;
	k->nlineages = (size_t)PQntuples(res);
	k->lineages = arena_alloc(k->a, (k->nlineages + 1) * sizeof(*k->lineages));
	for (size_t i = 0; i < k->nlineages; i++)
		k->lineages[i] = arena_strdup(k->a, res_text(res, (int)i, 2));
	k->wal_segment_size = k->nlineages ? (uint64_t)res_int(res, 0, 3) : 0;
	k->dbname = k->nlineages ? arena_strdup(k->a, res_text(res, 0, 0)) : "";
	return true;
}

static bool server_now(struct catalogue *k, const char **text, int64_t *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(k->c, "SELECT pg_catalog.clock_timestamp()::text", NO_PARAMS, &res, d))
		return false;
	*text = arena_strdup(k->a, res_text(res, 0, 0));
	BUG_ON(!instant_parse_timestamptz(*text, strlen(*text), ret));
	return true;
}

/* ---- what is known ---- */

struct known_set {
	const char *id, *name, *identity;
	const char *awaited;		/* identity of what is about to take its place; or NULL */
	bool read, renamed;
};

struct work {
	struct catalogue *k;
	struct catalogue_store *s;
	const char *began;
	VEC(struct known_set) known;
	VEC(const char *) seen;		/* numbers of the sets that are listed */
};

static bool load_known(struct work *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	w->known.n = 0;
	if (!conn_query_text(w->k->c, sqltext_get("query/backup_known"), &res, d, w->s->store->name))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		vec_push(w->k->a, &w->known, ((struct known_set){
			.id = arena_strdup(w->k->a, res_text(res, i, 0)), .name = arena_strdup(w->k->a, res_text(res, i, 1)),
			.identity = arena_strdup(w->k->a, res_text(res, i, 2)), .read = res_bool(res, i, 3),
			.awaited = arena_strdup(w->k->a, res_text_null(res, i, 4)) }));
	return true;
}

static struct known_set *known_find(struct work *w, const char *name, const char *identity)
{
	for (size_t i = 0; i < w->known.n; i++)
		if ((!name || streq(w->known.v[i].name, name)) && streq(w->known.v[i].identity, identity))
			return &w->known.v[i];
	return NULL;
}

static bool is_known(void *ctx, const char *name, const char *identity)
{
	const struct known_set *s = known_find(ctx, name, identity);

	return s && s->read;
}

static bool is_listed(const struct listing *l, const char *name)
{
	for (size_t i = 0; i < l->sets.n; i++)
		if (streq(l->sets.v[i].name, name))
			return true;
	return false;
}

/* ---- taking over ---- */

static void change(struct work *w, enum catalogue_event event, const char *name, int64_t runs, int64_t requests)
{
	vec_push(w->k->a, &w->s->changes, ((struct catalogue_change){ event, w->s->store->name, name, runs, requests }));
}

/* The same file under another name, while the old name is no longer there. */
static bool rename_moved(struct work *w, const struct backup_set *s, struct diag *d)
{
	struct known_set *moved;
	AUTO_RESULT *res = NULL;

	if (!s->path || known_find(w, s->name, s->identity))
		return true;
	moved = known_find(w, NULL, s->identity);
	if (!moved || moved->renamed || is_listed(&w->s->listing, moved->name))
		return true;
	moved->renamed = true;
	change(w, SET_RENAMED, s->name, 0, 0);
	return conn_query_text(w->k->c, sqltext_get("query/backup_rename"), &res, d, moved->id, s->name);
}

/* Whoever put it there died before the catalogue knew. */
static bool finish_rewriting(struct work *w, const struct backup_set *s, struct diag *d)
{
	if (known_find(w, s->name, s->identity))
		return true;
	for (size_t i = 0; i < w->known.n; i++) {
		struct known_set *k = &w->known.v[i];
		struct meeting m = { .c = w->k->c, .a = w->k->a, .set = k->id, .skew_ms = w->k->skew_ms };

		if (!k->awaited || !streq(k->name, s->name) || !streq(k->awaited, s->identity))
			continue;
		if (!meet_finish(&m, d))
			return false;
		k->identity = k->awaited;
		change(w, SET_REWRITTEN, s->name, m.runs, m.requests);
		return true;
	}
	return true;
}

static const char *lsn_text(struct arena *a, bool has, uint64_t lsn)
{
	return has ? arena_printf(a, "%X/%X", (unsigned)(lsn >> 32), (unsigned)lsn) : NULL;
}

static const char *instant_text(struct arena *a, int64_t t)
{
	char buf[INSTANT_TEXT];

	return t == NO_INSTANT ? NULL : arena_strdup(a, instant_format(t, buf));
}

static const char *known_text(enum known k)
{
	return k == KNOWN_NOT ? NULL : k == KNOWN_YES ? "t" : "f";
}

static const char *number(struct arena *a, bool has, int64_t n)
{
	return has ? arena_printf(a, "%lld", (long long)n) : NULL;
}

/* Nobody but its owner can read it, or nobody without its key. */
static bool is_isolated(const struct backup_set *s)
{
	return s->closed == KNOWN_YES || s->encrypted == KNOWN_YES;
}

static bool put_set(struct work *w, struct backup_set *s, struct diag *d)
{
	struct arena *a = w->k->a;
	AUTO_RESULT *res = NULL;

	if (!finish_rewriting(w, s, d) || !rename_moved(w, s, d))
		return false;
	if (!conn_query_text(w->k->c, sqltext_get("query/backup_put"), &res, d,
			     w->s->store->name, s->name, s->identity, s->kind, s->type, s->path, s->system_identifier,
			     number(a, s->timeline, s->timeline), lsn_text(a, s->has_start_lsn, s->start_lsn),
			     lsn_text(a, s->has_stop_lsn, s->stop_lsn), instant_text(a, s->start), instant_text(a, s->stop),
			     number(a, s->has_ledger_seq, s->ledger_seq),
			     cat_array_literal(a, s->depends_on.v, s->depends_on.n), s->kept ? "t" : "f", known_text(s->encrypted),
			     is_isolated(s) ? "t" : "f", s->annotations, number(a, s->size >= 0, s->size),
			     instant_text(a, s->until), s->until_why, cat_array_literal(a, s->findings.v, s->findings.n), s->trouble,
			     s->unchanged ? "t" : "f"))
		return false;
	vec_push(a, &w->seen, arena_strdup(a, res_text(res, 0, 0)));
	if (!known_find(w, s->name, s->identity))
		change(w, SET_NEW, s->name, 0, 0);
	return true;
}

/* ---- clearing ---- */

static const char *listing_evidence(struct work *w)
{
	json_t *o = json_object();
	char *text;
	const char *ret;

	json_put(o, "store", json_text(w->s->store->name));
	json_put(o, "listed_at", json_text(w->began));
	json_put(o, "listing", json_text(w->s->listing.digest));
	json_put(o, "sets", json_count((int64_t)w->s->listing.sets.n));
	text = json_dumps(o, JSON_COMPACT);
	ret = arena_strdup(w->k->a, text);
	free(text);
	json_decref(o);
	return ret;
}

static bool clear(struct work *w, const char *const *ids, size_t n, bool contained, PGresult **ret, struct diag *d)
{
	return conn_query_text(w->k->c, sqltext_get("query/backup_clear"), ret, d, cat_array_literal(w->k->a, ids, n), "expired",
			       listing_evidence(w), contained ? "t" : "f", number(w->k->a, true, w->k->skew_ms));
}

static void count_cleared(const PGresult *cleared, const char *id, int64_t *runs, int64_t *requests)
{
	*runs = *requests = 0;
	for (int i = 0; i < PQntuples(cleared); i++)
		if (streq(res_text(cleared, i, 0), id)) {
			*runs = res_int(cleared, i, 1);
			*requests = res_int(cleared, i, 2);
		}
}

static bool clear_gone(struct work *w, struct diag *d)
{
	const char *seen = cat_array_literal(w->k->a, w->seen.v, w->seen.n);
	AUTO_RESULT *gone = NULL, *cleared = NULL;
	VEC(const char *) ids = { NULL, 0, 0 };

	if (!conn_query_text(w->k->c, sqltext_get("query/backup_gone"), &gone, d, w->s->store->name, seen))
		return false;
	for (int i = 0; i < PQntuples(gone); i++)
		vec_push(w->k->a, &ids, arena_strdup(w->k->a, res_text(gone, i, 0)));
	if (!clear(w, ids.v, ids.n, false, &cleared, d))
		return false;
	for (int i = 0; i < PQntuples(gone); i++) {
		int64_t runs, requests;

		count_cleared(cleared, res_text(gone, i, 0), &runs, &requests);
		change(w, SET_GONE, arena_strdup(w->k->a, res_text(gone, i, 1)), runs, requests);
	}
	return true;
}

/* The archive of the WAL is one set that moves on: what lay in the segments that are gone is gone. */
static bool clear_moved(struct work *w, struct diag *d)
{
	VEC(const char *) ids = { NULL, 0, 0 };
	AUTO_RESULT *cleared = NULL;

	for (size_t i = 0; i < w->s->listing.sets.n; i++)
		if (streq(w->s->listing.sets.v[i].kind, "wal"))
			vec_push(w->k->a, &ids, w->seen.v[i]);
	return !ids.n || clear(w, ids.v, ids.n, true, &cleared, d);
}

/* ---- evidence ---- */

static bool record(struct work *w, struct diag *d)
{
	static const char *const words[] = { "new", "gone", "rewritten", "renamed" };
	const struct listing *l = &w->s->listing;
	struct ledger_entry e = { .kind = "backup", .action = "scan", .rows = -1, .actor = w->k->actor };
	json_t *o = json_object();
	char *text;
	bool ok;

	json_put(o, "store", json_text(w->s->store->name));
	json_put(o, "kind", json_text(w->s->store->kind));
	json_put(o, "listing", json_text(listing_word(l->state)));
	json_put(o, "sets", json_count((int64_t)l->sets.n));
	json_put(o, "digest", json_text(l->digest));
	for (size_t i = 0; i < w->s->changes.n; i++) {
		const struct catalogue_change *ch = &w->s->changes.v[i];
		json_t *list = json_object_get(o, words[ch->event]), *x = json_object();

		if (!list) {
			list = json_array();
			json_put(o, words[ch->event], list);
		}
		json_put(x, "set", json_text(ch->name));
		json_put(x, "runs", json_count(ch->runs));
		json_put(x, "requests", json_count(ch->requests));
		json_add(list, x);
	}
	text = json_dumps(o, JSON_COMPACT);
	e.detail = text;
	ok = ledger_append(w->k->c, &e, d);
	free(text);
	json_decref(o);
	return ok;
}

/* ---- one store ---- */

static bool put_store(struct work *w, struct diag *d)
{
	const struct listing *l = &w->s->listing;
	AUTO_RESULT *res = NULL;

	return conn_query_text(w->k->c, sqltext_get("query/backup_store_put"), &res, d, w->s->store->name, w->s->store->kind, w->began,
			       l->state == LISTING_GOOD ? "t" : "f", number(w->k->a, true, (int64_t)l->sets.n), l->digest, l->trouble);
}

/* Then the listing may have the old file, and the catalogue the new one: neither is gone. */
static bool rewritten_meanwhile(struct work *w, bool *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(w->k->c, sqltext_get("query/backup_rewritten_since"), &res, d, w->s->store->name, w->began))
		return false;
	*ret = res_bool(res, 0, 0);
	return true;
}

static bool take_over(struct work *w, bool *again, struct diag *d)
{
	if (!conn_do(w->k->c, "SELECT pgretain.backup_lock()", NO_PARAMS, d) || !rewritten_meanwhile(w, again, d))
		return false;
	if (*again)
		return true;
	if (!load_known(w, d) || !put_store(w, d))
		return false;
	for (size_t i = 0; i < w->s->listing.sets.n; i++)
		if (!put_set(w, &w->s->listing.sets.v[i], d))
			return false;
	if (w->s->listing.state == LISTING_GOOD && (!clear_gone(w, d) || !clear_moved(w, d)))
		return false;
	return record(w, d);
}

static bool list_once(struct work *w, struct provider_env *env, bool *again, struct diag *d)
{
	struct diag ignored = DIAG_INIT;

	*w->s = (struct catalogue_store){ .store = w->s->store, .listing = { .a = w->k->a } };
	w->seen.n = 0;
	if (!server_now(w->k, &w->began, &env->now, d) || !load_known(w, d))
		return false;
	provider_run(w->s->store, env, &w->s->listing);
	FAULT_POINT(backup_listed);
	if (!conn_do(w->k->c, "BEGIN", NO_PARAMS, d))
		return false;
	if (take_over(w, again, d))
		return conn_do(w->k->c, "COMMIT", NO_PARAMS, d);
	if (!conn_do(w->k->c, "ROLLBACK", NO_PARAMS, &ignored))
		*d = ignored;
	return false;
}

bool catalogue_scan(struct catalogue *k, const struct backup_store *store, struct catalogue_store *ret, struct diag *d)
{
	struct work w = { .k = k, .s = ret };
	struct provider_env env = { .dbname = k->dbname, .nlineages = k->nlineages, .lineages = k->lineages,
				    .wal_segment_size = k->wal_segment_size, .is_known = is_known, .ctx = &w };
	bool again = true;

	ret->store = store;
	for (int round = 1; again; round++) {
		if (round > MOST_ROUNDS)
			return diag_fail(d, DIAG_STEP, "archives of \"%s\" are rewritten at the same time; scan again",
					 store->name);
		if (!list_once(&w, &env, &again, d))
			return false;
	}
	return true;
}

bool catalogue_judge(struct catalogue *k, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return conn_query_text(k->c, sqltext_get("query/backup_judge"), &res, d, number(k->a, true, k->skew_ms));
}
