/* The same plan for an erasure: what a request ends, whose rows are looked at, what is done to each.
 *
 * request_variant() gives the policy as the requests of one kind see it. Every rule that leads to
 * people stays what it is, but asks further: terms that the request ends are not looked at, and the row
 * must be one of these people's. Beside it stand rules that no file holds (enum rule_effect): for
 * rows of a person under another's parent, for columns that a floor does not need, for rows that are other
 * people's too. Ceilings, keep_newest and confirmations do not apply: somebody has approved the items. */
#ifndef PGRETAIN_PLAN_REQUEST_H
#define PGRETAIN_PLAN_REQUEST_H

#include "model/ground.h"
#include "plan/subject.h"

/* An approved ground that keeps rows of these people until its review. */
struct request_kept {
	const struct ground *ground;
	const char *rule;		/* NULL: every rule */
	struct subject_set set;
};

struct request {
	bool withdrawal;		/* of consent: consent-bound standards end, nothing else */
	struct subject_set all;
	VEC(struct request_kept) kept;
};

/* Adds these people to those of the ground `code` on `rule`; NULL: there is no such type of people. */
struct request_kept *request_keep(struct request *q, struct arena *a, const struct policy *policy, const char *rule,
				  const char *code, const char *type, const char *key);
/* It is about rows of the rule: of the rule itself, or of one that it follows. */
bool request_covers(const struct request_kept *k, const struct bound *r);
/* The codes of the grounds that keep rows of a request, or of every plan, as an array's text. */
const char *request_keeping_codes(struct arena *a, bool (*which)(const struct ground *g));

/* Everything lives in arena a; *rules: the rules that take part. */
void request_variant(struct arena *a, const struct policy *policy, const struct database *db,
		     const struct request *q, struct policy **ret_policy, struct database **ret_db,
		     const char *const **rules, size_t *nrules);

/* The set that a derived rule is about: everybody, or those under its ground. */
struct subject_set *request_set(const struct request *q, const struct bound *r);
/* Some ground keeps the row from its rule's action. G7 and G8 too: their own rules deal with it. */
bool render_kept(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* G7 left out: its rows are dealt with. */
bool render_retained(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
enum pred_mode request_mode(const struct binder *b);
/* render_due() of a request's plan. */
void render_request_due(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* The row's start as an instant; NULL: none, or one that makes no sense. No followers. */
void render_start_instant(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* The instant at which the row's last term ends that counts; NULL where there is none. */
void render_until(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* The rule's own start, an instant, as far as it is plausible; false: it has none, or one that moves. */
bool render_start(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);
/* The row still shows the person: a column of `links` does. */
bool render_linked(struct render *x, struct strbuf *sb, struct bound *r, const char *alias);

/* plan->items, of the rules that lead to people. */
bool request_items(struct binder *b, struct diag *d) must_use;

#endif
