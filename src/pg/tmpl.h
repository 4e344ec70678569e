/* SQL templates, a strict subset of psql's variable grammar, so that a statement in sql/query can be
 * tried in psql:
 *	:"name"		an identifier, quoted here from the catalogue's own name
 *	:name		a fragment rendered by this program (predicate, relation); never a plain string
 *	$n::type	a value
 * `::` is a cast, `:'x'` and E'' are refused, so are names without a value. Literals, quoted
 * identifiers, dollar quotes and comments are copied as they are. */
#ifndef PGRETAIN_PG_TMPL_H
#define PGRETAIN_PG_TMPL_H

#include "base/arena.h"
#include "base/strbuf.h"

/* SQL text that came from a template or from the renderer: a char * can't become one by accident. */
struct sqlfrag {
	const char *sql;
};

struct tmpl_var {
	const char *name;
	const char *ident;	/* for :"name" */
	struct sqlfrag frag;	/* for :name */
};

/* Renders the embedded file `name` into the arena. A template that does not fit its variables is a
 * bug in the program: aborts. */
const char *tmpl_render(struct arena *a, const char *name, const struct tmpl_var *vars, size_t n) must_use;

/* "name" quoted, always. Names hold no NUL. */
void sql_ident(struct strbuf *sb, const char *name);
/* schema.name, both quoted. */
void sql_qualified(struct strbuf *sb, const char *schema, const char *name);

#endif
