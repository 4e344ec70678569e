/* Requests from the plan to the items: what assess, approve, erase, the nightly step and the certificate
 * share. A batch of requests of one kind is one plan (plan/request.h); what belongs to whom is counted,
 * before and after, by one statement a rule for all of them. */
#ifndef PGRETAIN_CMD_ERASURE_H
#define PGRETAIN_CMD_ERASURE_H

#include "base/secret.h"
#include "cmd/cmd.h"
#include "model/outcome.h"
#include "model/request.h"
#include "pg/conn.h"
#include "plan/build.h"
#include "plan/request.h"

struct erasure_request {
	const char *id, *type, *key;		/* type, key: NULL: nobody is settled */
	enum request_kind kind;
	enum request_state state;
	const char *fingerprint;		/* of the frozen items; NULL: not assessed */
	const char *approved, *plan, *opened_by;
	bool executed;				/* it has begun */
	bool begun;				/* it has, and was not reopened since */
	bool grown;				/* rows beyond the plan, or under a rule that is no more */
	bool unsure;				/* somebody may be adding rows in an open transaction */
	const char *rebound;			/* its rules have become wider since it was approved; or NULL */
	bool locked;				/* this process works on it */
	int64_t residual_found;
	bool scanned;
	bool in_backups;			/* by erasure_backups(): a backup may still hold its rows */
	int64_t backup_sets;			/* that do */
	const char *backup_stores;		/* not listed since its rows went; NULL: none */
	VEC(const char *) runs;			/* that executed it */
	size_t nitems;
	struct erasure_item *items;		/* one for each of the plan's */
	VEC(struct erasure_item) orphans;	/* stored under rules that the plan has not */
};

struct erasure_ground {
	const char *code, *basis, *until;	/* basis, until: may be NULL */
};

struct erasure_item {
	const char *rule, *table, *action;
	int64_t matched, erased, anonymized, quarantined, deferred, minimised, held, retained, not_found, failed;
	int64_t live, unchanged, blocked;
	int64_t vaulted;			/* of quarantined: by other runs than the request's own */
	bool executed;
	const char *until, *wake;		/* timestamptz text */
	bool undated;				/* something of it has no date */
	VEC(struct erasure_ground) grounds;
	const char *sqlstate;
	int64_t seq;
	/* as counted now */
	int64_t now_live, now_held, now_retained, now_deferred, now_blocked, now_done, now_minimised, now_undated;
	int64_t now_vaulted;
	const char *first, *last, *purge_first, *purge_last;
	bool known;				/* stored before */
};

struct erasure {
	struct ctx *ctx;
	const struct database *db;
	struct conn *conn;
	struct arena *a;
	VEC(struct erasure_request) requests;
	struct request q;			/* people and grounds */
	struct subject_set frozen;		/* what identified them at the assessment; needs the key file */
	VEC(struct erasure_keep) grounds;
	struct plan *plan;
	bool has_key;
	struct secret_key secret;
	int64_t seq;				/* the ledger's, at the last count */
};

struct erasure_keep {
	const char *request, *rule, *code, *review;
};

/* erasure_load.c */
bool erasure_open(struct erasure *e, struct ctx *ctx, struct conn *c, struct diag *d) must_use;
/* Unknown ids are an error. */
bool erasure_load(struct erasure *e, const char *const *ids, size_t n, struct diag *d) must_use;
/* Of those that are loaded; what asks the database by erasure_ids() gets no other. */
struct erasure_request *erasure_request_of(struct erasure *e, const char *id);
/* Of the requests that are loaded (all of one kind): people, identifiers, grounds, then the plan. as_of NULL: now. */
bool erasure_plan(struct erasure *e, const char *as_of, struct diag *d) must_use;
bool erasure_replan(struct erasure *e, struct plan **ret, struct diag *d) must_use;
/* GUARD with what is possible instead. */
bool erasure_may(const struct erasure_request *r, enum request_event event, enum request_state to, struct diag *d) must_use;
/* One transition; GUARD with what is possible where it is none, or another command was quicker. */
bool erasure_move(struct erasure *e, struct erasure_request *r, enum request_event event, enum request_state to,
		  const char *set, const char *note, struct diag *d) must_use;
/* The same with a reference of the evidence. */
bool erasure_move_with(struct erasure *e, struct erasure_request *r, enum request_event event, enum request_state to,
		       const char *evidence, const char *set, const char *note, struct diag *d) must_use;
/* Many by one event, in one statement. False: at least one did not move. */
struct erasure_step {
	struct erasure_request *r;
	enum request_state to;
	const char *set, *note;		/* may be NULL */
	const char *now;		/* erasure_move_some: NULL: moved; else what it is now: another command was quicker */
};
/* The same; each says whether it did. */
bool erasure_move_some(struct erasure *e, enum request_event event, struct erasure_step *steps, size_t n,
		       struct diag *d) must_use;
bool erasure_move_all(struct erasure *e, enum request_event event, struct erasure_step *steps, size_t n,
		      struct diag *d) must_use;
const char *erasure_ids(struct erasure *e);
/* Keys and identifiers of the requests that are counted, as they are known now, under the key file. */
bool erasure_freeze(struct erasure *e, struct diag *d) must_use;

/* erasure_binding.c */
/* Keeps the rules of the plan as they are: what requests assessed with it are bound to. */
bool erasure_define(struct erasure *e, struct diag *d) must_use;
/* What has become of the rules of requests that have begun, and wait for the end of a floor: why one takes more, or
 * sooner, than what was approved, in `rebound`. */
bool erasure_compare(struct erasure *e, struct diag *d) must_use;

/* erasure_writers.c */
/* Waits for those who were writing to the plan's tables; where they don't end in time, `unsure` is set. */
bool erasure_await_writers(struct erasure *e, struct diag *d) must_use;

/* erasure_item.c */
/* Counts every item of every request in one snapshot; false only when the session is lost. */
bool erasure_count(struct erasure *e, struct diag *d) must_use;
/* What would happen: from the counts. */
void erasure_foresee(struct erasure *e);
/* The same of requests that are under way, once they are settled: `failed` is what would go now. */
void erasure_foresee_rest(struct erasure *e);
/* What has happened since the items were stored: from the counts and the ledger. */
bool erasure_settle(struct erasure *e, const struct outcome *out, struct diag *d) must_use;
/* The first request of a person: several of one are neighbours once they are counted. */
size_t erasure_first_of(const struct erasure *e, const char *type, const char *key);
/* *into becomes t (timestamptz text, may be NULL) where that is later, sooner. */
void erasure_later(const char **into, const char *t);
void erasure_sooner(const char **into, const char *t);
/* When the first of what is deferred falls due; NULL: nothing has a date. */
const char *erasure_wake(const struct erasure_request *r);

/* One empty item for each of the plan's. */
void erasure_items_alloc(struct erasure *e, struct erasure_request *r);
struct erasure_item *erasure_item_of(const struct erasure_request *r, const char *rule);

/* erasure_store.c */
bool erasure_stored(struct erasure *e, struct diag *d) must_use;
/* Those that a certificate's entry of the ledger has. */
bool erasure_certified(struct erasure *e, const char *seq, struct diag *d) must_use;
bool erasure_store(struct erasure *e, struct diag *d) must_use;

/* erasure_fingerprint.c */
/* "sha256:…" over the request's items and the plan's rules. */
const char *erasure_fingerprint(struct erasure *e, const struct erasure_request *r);
/* Of all that are loaded: one's own, or a hash over all of theirs. */
const char *erasure_batch_fingerprint(struct erasure *e);

/* erasure_view.c */
json_t *erasure_items_json(struct erasure *e, const struct erasure_request *r) must_use;
/* request show's object, from what is stored. */
bool erasure_show(struct erasure *e, struct erasure_request *r, json_t **ret, struct diag *d) must_use;
/* What remains of the person, to notice that they come back; null: nothing. */
bool erasure_suppression(struct erasure *e, const char *id, json_t **ret, struct diag *d) must_use;
void erasure_text(struct erasure *e, const struct erasure_request *r, struct strbuf *sb);

/* cmd_erase.c: the job step "requests". rules_follow: the same job looks for people who came back, and prints the JSON,
 * when its rules have run. */
int erasure_nightly(struct ctx *ctx, const struct database *db, double deadline_ms, bool rules_follow);
/* Of a replay: requests that wait are worked on, without a report or a look at deadlines and returned people. */
int erasure_again(struct ctx *ctx, const struct database *db);

/* residual.c: looks for what was frozen, in every text and json column; not by the subject map. */
/* The tables that it reads (query/residual_tables). */
bool residual_tables(struct conn *c, const struct database *db, PGresult **ret, struct diag *d) must_use;
bool residual_scan(struct erasure *e, struct erasure_request **whose, size_t n, struct diag *d) must_use;

#endif
