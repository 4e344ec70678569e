/* Where people and their identifiers stand, and who they are: one way for requests, holds and the search
 * afterwards. */
#ifndef PGRETAIN_PLAN_SUBJECT_FIND_H
#define PGRETAIN_PLAN_SUBJECT_FIND_H

#include "plan/subject.h"

/* Quoted names of the table and of its column with the subject's key, and that column's type. */
struct subject_source {
	const char *relation, *key, *type;
};

/* Of the identifier; of the root for NULL. CONFIG when there is no such table or column. */
bool subject_source(struct conn *c, struct arena *a, const struct subject_type *t, const struct identifier *id,
		    struct subject_source *ret, struct diag *d) must_use;

/* SQL text: `expr`, or the identifier's own column of alias s, in the form in which two are compared. */
const char *subject_normal(struct arena *a, const struct identifier *id, const char *expr);
const char *subject_normal_column(struct arena *a, const struct identifier *id);

/* The key as the database writes it; *there: the root has that person. A text that is no key of the type fails
 * with an SQLSTATE of class 22. */
bool subject_person(struct conn *c, struct arena *a, const struct subject_type *t, const char *key, const char **ret,
		    bool *there, struct diag *d) must_use;

struct subject_bearer {
	const char *key;
	bool here;			/* theirs at that instant; false: at another time */
};
typedef VEC(struct subject_bearer) subject_bearers;

/* Everybody whose identifier this value is or was, in the order of their keys. at: timestamptz text. */
bool subject_bearers_of(struct conn *c, struct arena *a, const struct subject_type *t, const struct identifier *id,
			const char *value, const char *at, subject_bearers *ret, struct diag *d) must_use;

#endif
