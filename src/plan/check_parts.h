/* What check is made of. Each part looks at one rule, or at the database, and notes what it finds.
 * The same parts serve a plan: there `findings` is NULL, and what blocks fails its rule. */
#ifndef PGRETAIN_PLAN_CHECK_PARTS_H
#define PGRETAIN_PLAN_CHECK_PARTS_H

#include "plan/build_parts.h"
#include "plan/check.h"

struct body_catalog;
struct rights;
struct triggers;

struct checker {
	struct binder *b;
	struct findings *findings;		/* NULL: planning */
	const char *replay_log;
	struct body_catalog *bodies;		/* check_body.c; loaded when a trigger is first read */
	struct rights *rights;			/* check_rights.c; loaded when first asked */
	struct triggers *triggers;		/* check_trigger.c; likewise */
	VEC(Oid) exempts;			/* tables and views that the configuration exempts */
	bool exempts_known;
};

struct note {
	enum finding_id id;
	struct bound *rule;			/* NULL: of the database */
	const struct srcloc *loc;		/* NULL: the rule's own */
	const char *object;			/* appended to the place; may be NULL */
	const char *remedy;			/* may be NULL for INFO only */
	const char *sqlstate;			/* what the server would say; NULL: not foreseen */
};
void check_note(struct checker *k, const struct note *n, const char *fmt, ...) printf_like(3, 4);

/* A statement that the server may refuse, under a savepoint of its own. False with *refused: the diag
 * says why and the transaction goes on. */
bool check_probe(struct checker *k, const char *sql, struct params p, PGresult **ret, bool *refused,
		 struct diag *d) must_use;
/* A query of the catalogue over relations; $1 = their oids. */
bool check_ask(struct checker *k, const char *name, const char *arg, PGresult **ret, struct diag *d) must_use;

/* Oids as an array literal: of everything that any rule can reach; of the rule's table and leaves. */
const char *check_all_oids(struct checker *k);
const char *check_oids(struct checker *k, const struct bound *r);
bool check_exempt(struct checker *k, Oid oid, bool *ret, struct diag *d) must_use;
/* Some rule is about the table. */
bool check_ruled(const struct binder *b, const struct cat_table *t);
/* "copies" of a rule on the table name it. */
bool check_accepted(const struct bound *r, const char *name);
/* The rule writes the column: named with an operator, or the whole row goes. */
bool check_overwrites(const struct bound *r, const char *column);

/* Blocking parts: false only when the session is lost. */
bool check_values(struct checker *k, struct bound *r, struct diag *d) must_use;
bool check_triggers(struct checker *k, struct bound *r, struct diag *d) must_use;
bool check_rights(struct checker *k, struct bound *r, struct diag *d) must_use;
bool check_publications(struct checker *k, struct bound *r, struct diag *d) must_use;

/* For plan: all of the above. r->failed says whether the rule may stand. */
bool check_rule_blocking(struct checker *k, struct bound *r, struct diag *d) must_use;

/* The others. */
bool check_where(struct checker *k, struct bound *r, struct diag *d) must_use;
void check_mentions(struct checker *k, struct bound *r);
void check_unnamed(struct checker *k, struct bound *r);
void check_trigger_names(struct checker *k, struct bound *r);
bool check_matviews(struct checker *k, struct diag *d) must_use;
bool check_copies(struct checker *k, struct bound *r, struct diag *d) must_use;
bool check_statistics(struct checker *k, struct bound *r, struct diag *d) must_use;
bool check_vault(struct checker *k, struct diag *d) must_use;
bool check_uncovered(struct checker *k, struct diag *d) must_use;
bool check_server(struct checker *k, struct diag *d) must_use;
bool check_backups(struct checker *k, struct diag *d) must_use;
bool check_names(struct checker *k, struct diag *d) must_use;
void check_lint(struct checker *k, struct bound *r);
void check_overlap(struct checker *k);
void check_keyless(struct checker *k);

#endif
