/* The configuration as data: what must happen to which rows (interface.md 1, domain.md 1 and 2).
 *
 * Built by conf/, owned by the policy's arena, never changed afterwards. Names of tables are as
 * written ("shop.\"Order\""); plan/bind resolves them. Every struct keeps its place for errors. */
#ifndef PGRETAIN_MODEL_POLICY_H
#define PGRETAIN_MODEL_POLICY_H

#include "base/arena.h"
#include "base/period.h"

struct srcloc {
	const char *file;	/* as the user named it */
	int line;
};

enum action { ACTION_NONE, ACTION_DELETE, ACTION_ANONYMIZE, ACTION_QUARANTINE };
const char *action_word(enum action action);	/* "delete", …; NONE: "none" */

/* ---- retention classes ---- */

enum term_kind { TERM_FLOOR, TERM_STANDARD };

/* One reason to keep. Either `keep` (from an event) or `until` (a column). */
struct term {
	enum term_kind kind;
	const char *name;		/* standards; NULL for a floor */
	const char *basis;		/* floors: the law */
	const char *purpose;		/* standards; may be NULL */
	bool has_keep;
	struct period keep;
	const char *keep_text;		/* as written */
	const char *from;		/* event that starts it; NULL: the rule's own start */
	const char *until;		/* event name of an until-column; NULL with has_keep */
	bool consent;			/* ends when consent is withdrawn */
	bool survives_erasure;		/* counts in ACTIVE too (floors always do) */
	bool ignore_null;		/* on_null = "ignore": a NULL event is no term */
	struct srcloc loc;
};

#define PLAUSIBLE_FROM "1970-01-02"

struct retention_class {
	const char *name, *title;
	size_t nterms;
	struct term *terms;		/* floors first, then standards, each in file order */
	const char *zone;		/* IANA name; NULL: none declared */
	enum action action;		/* NONE: the rule must say */
	int k;				/* 0: not measured */
	bool has_vault, has_cap;
	struct period vault, cap;
	const char *vault_text, *cap_text;
	const char *plausible_from;	/* date text YYYY-MM-DD, or NULL: PLAUSIBLE_FROM */
	struct srcloc loc;
};

/* ---- rules ---- */

enum clock_mode { CLOCK_FIRST, CLOCK_LATEST };
enum clock_unit { UNIT_NONE, UNIT_S, UNIT_MS, UNIT_US, UNIT_YYYYMMDD };

struct clock_column {
	const char *column;
	enum clock_unit unit;
	struct srcloc loc;
};

struct clock {
	enum clock_mode mode;
	size_t n;			/* 0: the rule has no start of its own */
	struct clock_column *columns;
	struct srcloc loc;
};

struct event {
	const char *name;
	struct clock clock;
};

/* Parameters of an operator: every value is text; `pairs = ( ["a","b"], … )` is flattened to
 * a, b, …; a scalar is a list of one. */
struct op_param {
	const char *name;
	size_t n;
	const char **values;
};

struct column_op {
	const char *column;
	const char *op;			/* a row of ops/anon.def, or "keep" */
	size_t nparams;
	struct op_param *params;
	struct srcloc loc;
};

struct anonymity {
	bool set;
	int k;				/* 0: the class's */
	int l;				/* 0: none */
	const char *subject;
	size_t nquasi, nsuppress, nsensitive;
	const char **quasi, **suppress, **sensitive;
	struct srcloc loc;
};

enum child_mode { CHILD_RULE, CHILD_CASCADE, CHILD_SET_NULL };

struct child {
	const char *table;		/* as written: with or without schema */
	const char *constraint;		/* NULL: every key of that table */
	enum child_mode mode;
	struct srcloc loc;
};

enum subject_kind { SUBJECT_COLUMN, SUBJECT_FOLLOWS, SUBJECT_IDENTIFIER };

struct subject_path {
	const char *type;		/* "account" */
	enum subject_kind kind;
	const char *column;		/* COLUMN, IDENTIFIER */
	const char *when;		/* optional condition */
	const char *follows;		/* FOLLOWS: a rule's name */
	const char *identifier, *at;	/* IDENTIFIER */
	struct srcloc loc;
};

/* -1 = not set here. Resolved by policy_limits(): rule over database over global over default. */
struct limits {
	int64_t max_rows;
	double max_percent;
	int64_t keep_newest;
	int64_t lock_timeout_ms, statement_timeout_ms, transaction_target_ms, max_clock_skew_ms;
	int lanes;
	struct srcloc loc;
};
#define LIMITS_UNSET { -1, -1.0, -1, -1, -1, -1, -1, -1, { NULL, 0 } }

/* What a rule of a request's plan does to rows (plan/request.h); files give CLASS alone. */
enum rule_effect {
	EFFECT_CLASS,		/* the rule's action on rows that are due */
	EFFECT_OWN,		/* the same on rows that are the person's but their parents are not */
	EFFECT_DETACH,		/* link and named columns go, the row stays */
	EFFECT_MINIMISE,	/* what the floor does not need, of rows that stay */
	EFFECT_STRIP,		/* identifiers and named columns, of rows under ground G8 */
};

struct rule {
	const char *name;
	enum rule_effect effect;
	const struct rule *base;	/* the rule of the files that it stands for; NULL: itself */
	size_t ground;			/* DETACH, STRIP: which of the request's grounds, from 1; 0: everybody */
	const char *table;		/* as written in SQL */
	const char *class_name;		/* NULL when it follows */
	const struct retention_class *cls;	/* NULL when it follows */
	struct clock start;
	size_t nevents;
	struct event *events;
	const char *where;		/* SQL condition or NULL */
	enum action action;		/* resolved: its own, else its class's; never NONE after load */
	size_t ncolumns;
	struct column_op *columns;
	const char *follows, *via;	/* parent rule, constraint name */
	bool only;
	const char *stored_zone;	/* NULL: the class's zone */
	const char *plausible_from;	/* NULL: the class's */
	struct anonymity anonymity;
	size_t ntriggers;
	const char **triggers;
	size_t ncopies;
	const char **copies;		/* side copies that are dealt with: publications, materialized views, columns */
	bool mutable_start;		/* start may be a column that looks mutable */
	size_t nchildren;
	struct child *children;
	size_t nsubjects;
	struct subject_path *subjects;
	const char *no_subject;		/* why no row can be led to a person; NULL: nobody said so */
	bool shared;
	size_t nminimise;
	const char **minimise;
	struct limits limits;
	struct srcloc loc;
};

/* Its name in ledger and reports, and what it does there: "delete", …, "detach", "minimise". */
const char *rule_name(const struct rule *r);
const char *rule_action_word(const struct rule *r);

struct exempt {
	const char *table, *reason;
	struct srcloc loc;
};

struct database {
	const char *name;
	const char *conninfo;
	const char *replay_log;		/* path, or NULL (then the policy's) */
	struct limits limits;
	size_t nrules;
	struct rule *rules;		/* in file order */
	size_t nexempts;
	struct exempt *exempts;
	struct srcloc loc;
};

/* ---- when ---- */

struct throttle {
	int64_t replica_lag_ms, wal_rate_bytes;		/* -1: none */
	int64_t lock_waiters, xmin_age_ms;		/* -1: none */
	double load;					/* < 0: none */
};

struct job {
	const char *name, *schedule, *zone, *window, *database;
	size_t nsteps;
	const char **steps;		/* requests rules purge backups report */
	bool catch_up;
	struct throttle throttle;
	struct srcloc loc;
};

/* ---- who, where else (used by later commands; checked at load) ---- */

struct identifier {
	const char *name, *table, *column, *subject, *valid_from, *valid_until, *normalise, *country;
	struct srcloc loc;
};

struct subject_type {
	const char *name, *root, *key;
	size_t nidentifiers;
	struct identifier *identifiers;
	struct srcloc loc;
};

struct jurisdiction {
	const char *name;
	const char *respond, *acknowledge, *limit, *extension, *holidays;	/* as written, or NULL */
	const char *zone;		/* whose days are counted; NULL: UTC */
	struct srcloc loc;
};

struct backup_store {
	const char *name, *kind, *path, *pattern, *stanza, *server, *config, *program, *keep;
	size_t nargv;
	const char **argv;
	bool rewrite;
	struct srcloc loc;
};

/* Who else has the data, and is told of an erasure. */
struct recipient {
	const char *name, *subject, *known_by;	/* NULL: of every type; by the subject's key */
	size_t nrules, nclasses, nargv;
	const char **rules, **classes;		/* neither: all */
	const char **argv;			/* ended by NULL */
	int64_t timeout_ms, backoff_ms;
	int retries;
	struct srcloc loc;
};

struct policy {
	struct arena *arena;
	const char *main_file;
	const char *digest;		/* "sha256:…" over all files, in the order in which they were read */
	size_t nclasses, ndatabases, njobs, nsubjects, njurisdictions, nbackups, nrecipients, nsecond_person;
	struct retention_class *classes;
	struct database *databases;
	struct job *jobs;
	struct subject_type *subjects;
	struct jurisdiction *jurisdictions;
	struct backup_store *backups;
	struct recipient *recipients;
	const char **second_person;
	const char *key_file, *no_backups, *replay_log, *cool_down, *recurrence, *suppression;
	struct limits limits;
};

void policy_free(struct policy *p);
AUTO_DEFINE(struct policy, policy_free)

/* NULL when there is none of that name. name NULL: the only database, else NULL. */
const struct database *policy_database(const struct policy *p, const char *name);
const struct retention_class *policy_class(const struct policy *p, const char *name);
const struct rule *policy_rule(const struct database *db, const char *name);
/* The rule `name` is `above` or follows it, at whatever depth: what is said of a rule is said of what follows it.
 * above NULL: said of all. */
bool policy_rule_within(const struct database *db, const char *name, const char *above);
const struct job *policy_job(const struct policy *p, const char *name);
const struct subject_type *policy_subject(const struct policy *p, const char *name);
const struct identifier *subject_identifier(const struct subject_type *t, const char *name);
/* Does it take two people to do this ("approve", "hold release")? */
bool policy_second_person(const struct policy *p, const char *what);

/* Limits of a rule (NULL: of the database), defaults filled in: lock 2 s, statement 60 s, target
 * 100 ms, skew 5 s, lanes 2; max_rows, max_percent, keep_newest stay -1 when nobody set them. */
struct limits policy_limits(const struct policy *p, const struct database *db, const struct rule *rule);
/* How long what only reads waits for another session, in ms: ten times lock_timeout; 0: without end. */
int64_t policy_patience_ms(const struct policy *p, const struct database *db);

#endif
