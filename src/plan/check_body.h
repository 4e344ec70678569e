/* What the text of a function writes, told from its words (domain.md 3: copies that the database makes
 * by itself). No parser of PL/pgSQL: a text that hides what it does is said to be unknown. */
#ifndef PGRETAIN_PLAN_CHECK_BODY_H
#define PGRETAIN_PLAN_CHECK_BODY_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "pg/conn.h"

struct body_relation {
	Oid oid, root;			/* root: of a partition; else oid */
	const char *schema, *name, *display;
};

struct body_function {
	Oid oid;
	const char *schema, *name, *language, *body;
};

/* Names that a text may mean; all of the database. */
struct body_catalog {
	VEC(struct body_relation) relations;
	VEC(struct body_function) functions;
};

bool body_catalog_load(struct conn *c, struct arena *a, struct body_catalog **ret, struct diag *d) must_use;

struct body {
	VEC(const struct body_relation *) writes;	/* each once */
	const char *unknown;		/* it writes to something that its text does not tell: how it is written */
	bool raises;			/* RAISE EXCEPTION somewhere */
	bool returns_null;		/* RETURN NULL somewhere, in the text itself */
	bool branches;			/* has conditions */
};

/* home: schema whose tables unqualified names mean first. Functions that the text calls are read too. */
void body_read(const struct body_catalog *cat, struct arena *a, const char *home, const char *language,
	       const char *text, struct body *ret);
/* A relation of that name, by schema.name or name alone, in any case; NULL: none. */
const struct body_relation *body_relation_named(const struct body_catalog *cat, const char *home, const char *text);

/* Words of a condition, outside of quotes and comments, in lower case. */
typedef VEC(const char *) body_words;
void body_words_of(struct arena *a, const char *text, body_words *ret);

#endif
