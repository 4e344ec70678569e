/* Anonymization operators (operators.md): one function, two faces, one file each, one row in anon.def.
 *
 * Laws: pure; f(f(x)) = f(x); NULL stays NULL; a value f can't read fails closed. */
#ifndef PGRETAIN_OPS_ANON_H
#define PGRETAIN_OPS_ANON_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/policy.h"

/* What the column is, from the catalogue (or from an archive's own TABLE entry). */
struct anon_column {
	const char *name;		/* catalogue's own */
	const char *type;		/* format_type(): "character varying(40)", "shop.mood" */
	const char *base;		/* base type's name without modifiers, domains resolved: "varchar",
					 * "timestamptz", "int4" (pg_type.typname) */
	char category;			/* pg_type.typcategory of the base type: 'S', 'N', 'D', 'E', … */
	char typtype;			/* of the column's own type: b c d e p r m */
	char basetyptype;		/* after domains */
	int length;			/* varchar(n), char(n): n; else -1 */
	bool not_null;			/* by the column or its domain */
	/* the key that `tombstone` names: one integer or uuid column; NULL: the table has none such */
	const char *key_name;
	const char *key_base;		/* "int8", "uuid" */
};

struct anon;				/* one operator bound to one column */

enum anon_face { ANON_WIPES, ANON_GENERALIZES, ANON_PSEUDONYM, ANON_KEEPS };

/* Binds op and parameters to a column: checks type, parameters, length, NOT NULL (operators.md 2, 4).
 * The diag says what does not fit and what is allowed; class CATALOG. `keep` binds to ANON_KEEPS. */
bool anon_bind(struct arena *a, const struct column_op *op, const struct anon_column *col,
	       struct anon **ret, struct diag *d) must_use;

enum anon_face anon_face(const struct anon *an);
const char *anon_op(const struct anon *an);
const struct anon_column *anon_column(const struct anon *an);

/* SQL face over column `name` of `alias`. Parameters are values: `param` appends "$n::type" for a text. */
struct anon_sql {
	const char *alias;
	void (*param)(void *ctx, struct strbuf *sb, const char *text, const char *type);
	void (*ident)(void *ctx, struct strbuf *sb, const char *name);
	void *ctx;
};
/* f(c), fit for SET c = …: assignment cast, no truncation. */
void anon_sql_value(const struct anon *an, const struct anon_sql *r, struct strbuf *sb);
/* TRUE when c is not in its final state: c IS DISTINCT FROM f(c), compared as operators.md 1 demands. */
void anon_sql_not_done(const struct anon *an, const struct anon_sql *r, struct strbuf *sb);

/* C face over one unescaped COPY field (value NULL = SQL NULL). `key` is the row's key field. */
enum anon_result { ANON_SAME, ANON_CHANGED, ANON_NULLED };
bool anon_apply(const struct anon *an, const char *value, size_t len, const char *key, size_t key_len,
		struct strbuf *out, enum anon_result *ret, struct diag *d) must_use;

/* The operators' names, for messages: "null, constant, …". */
const char *anon_names(void);

#endif
