/* People, and how a row is found to be theirs (interface.md 1, domain.md 4).
 *
 * A set of people is a few arrays: their surrogate keys, and every identifier that was theirs with the
 * time of its validity. The arrays travel as parameters, so that one statement serves any number of
 * people: by index where one leads to the rows, by one scan otherwise. */
#ifndef PGRETAIN_PLAN_SUBJECT_H
#define PGRETAIN_PLAN_SUBJECT_H

#include "plan/render.h"

/* An identifier as it is compared: normalised by the server. since, until: timestamptz text or NULL. */
struct subject_identifier {
	const char *name, *value, *since, *until, *key;
	bool sole;			/* it never was anybody else's: time says nothing more */
};

struct subject_array {
	Oid type;
	const char *literal;
};

/* Arrays of one length: value, since, until, key, sole. */
struct subject_identifiers {
	const char *name;
	const char *values, *since, *until, *keys, *sole;
};

struct subject_keys {
	const struct subject_type *type;
	VEC(const char *) keys;
	VEC(struct subject_identifier) identifiers;
	VEC(struct subject_array) arrays;	/* of keys, one for each column type */
	VEC(struct subject_identifiers) lists;	/* of identifiers, one for each name */
};

/* One for each type of the policy, in its order: the text of statements does not depend on who is in. */
struct subject_set {
	struct arena *a;
	size_t n;
	struct subject_keys *types;
};

void subject_set_init(struct subject_set *s, struct arena *a, const struct policy *policy);
/* Twice the same is once. False: there is no such type. */
bool subject_set_add(struct subject_set *s, const char *type, const char *key);
void subject_set_add_identifier(struct subject_set *s, const char *type, const struct subject_identifier *id);
/* Adds every identifier that the database knows of these people. */
bool subject_set_identify(struct conn *c, struct subject_set *s, struct diag *d) must_use;
bool subject_set_empty(const struct subject_set *s);

/* SQL text that compares two spellings of an identifier; `expr` is of any text type. */
void subject_normalise(struct strbuf *sb, const struct identifier *id, const char *expr);

/* Binds the paths of every rule; a rule whose path does not fit gets `subject_fault`. */
bool bind_subjects(struct binder *b, struct diag *d) must_use;
/* Some path leads from rows of the rule to people. */
bool bound_has_subject(const struct bound *r);

/* The row is of one of these people: by any path, or (own) by those that do not lead through the rule
 * that it follows. False: by none. */
bool render_of_subject(struct render *x, struct strbuf *sb, struct bound *r, const char *alias,
		       struct subject_set *s, bool own);
/* SELECT pgretain_type, pgretain_key of the people whose row it is; false as above. */
bool render_subjects_of(struct render *x, struct strbuf *sb, struct bound *r, const char *alias,
			struct subject_set *s, bool own);
/* One path alone. */
void render_path(struct render *x, struct strbuf *sb, struct bound *r, const struct bound_path *p,
		 const char *alias, struct subject_set *s);

#endif
