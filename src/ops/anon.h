/* Anonymization operators (operators.md): one function, two faces, one file each, one row in anon.def.
 *
 * Laws: pure; f(f(x)) = f(x); NULL stays NULL; a value f can't read fails closed. */
#ifndef PGRETAIN_OPS_ANON_H
#define PGRETAIN_OPS_ANON_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/policy.h"

/* How the text of the C face is encoded. Live rows are always ANON_UTF8 (client_encoding). */
enum anon_encoding {
	ANON_UTF8,
	ANON_ONE_BYTE,			/* LATIN1, WIN1252, SQL_ASCII, …: a byte is a character */
	ANON_MULTIBYTE			/* EUC_*, SJIS, GB18030, …: operators that cut text refuse */
};
/* PostgreSQL's name of an encoding, as in an archive's ENCODING entry. Unknown: ANON_MULTIBYTE. */
enum anon_encoding anon_encoding_of(const char *name);

struct anon_key {
	const char *name;		/* catalogue's own */
	const char *base;		/* "int8", "uuid", … */
};

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
	int precision, scale;		/* numeric(p, s); precision 0: any number of digits */
	bool not_null;			/* by the column or its domain */
	enum anon_encoding encoding;
	/* The row's key, all its columns in the key's order. `tombstone` names it. */
	size_t nkeys;
	const struct anon_key *keys;
};

/* Fills length, precision and scale from a format_type() text: of the column, or of the domain's base
 * type with the domain's modifiers ("numeric(10,2)"). */
void anon_column_modifiers(struct anon_column *col, const char *type);

struct anon;				/* one operator bound to one column */

enum anon_face { ANON_WIPES, ANON_GENERALIZES, ANON_PSEUDONYM, ANON_KEEPS };

/* Binds op and parameters to a column: checks type, parameters, length, NOT NULL (operators.md 2, 4).
 * The diag says what does not fit and what is allowed; class CATALOG. `keep` binds to ANON_KEEPS.
 * Strings of op and col are kept by reference; they must live as long as the arena. */
bool anon_bind(struct arena *a, const struct column_op *op, const struct anon_column *col,
	       struct anon **ret, struct diag *d) must_use;

enum anon_face anon_face(const struct anon *an);
const char *anon_op(const struct anon *an);
const struct anon_column *anon_column(const struct anon *an);
/* Whether the value depends on the row's key (then anon_apply needs `keys`). */
bool anon_uses_key(const struct anon *an);

/* The texts that will stand in the column as they are (constant: its value; map: every `to` and the
 * default), for the server's probe SELECT $1::type::text = $1. *n = 0: none. */
const char *const *anon_outputs(const struct anon *an, size_t *n);
/* constant's value as configured; NULL for every other operator. */
const char *anon_constant_text(const struct anon *an);
/* The server's text of it, SELECT $1::<column type>, for the C face of types that are not text. */
void anon_constant_set(struct anon *an, const char *text);
/* A constant that looks like an unfilled template ("user-${id}@…"): worth a warning. */
bool anon_looks_personal(const struct anon *an);

/* SQL face over column `name` of `alias`. Parameters are values: `param` appends "$n::type" for a text. */
struct anon_sql {
	const char *alias;
	void (*param)(void *ctx, struct strbuf *sb, const char *text, const char *type);
	void (*ident)(void *ctx, struct strbuf *sb, const char *name);
	void *ctx;
};
/* f(c), fit for SET c = …: assignment cast, no truncation. */
void anon_sql_value(const struct anon *an, const struct anon_sql *r, struct strbuf *sb);
/* TRUE when c is not in its final state: c IS DISTINCT FROM f(c), compared as operators.md 1 demands.
 * Parenthesised, never NULL. */
void anon_sql_not_done(const struct anon *an, const struct anon_sql *r, struct strbuf *sb);

/* C face over one unescaped COPY field. text NULL = SQL NULL. `keys`: the row's key fields in the order
 * of anon_column.keys. CHANGED: the new text is appended to `out`; otherwise `out` is as it was. */
struct anon_field {
	const char *text;
	size_t len;
};
enum anon_result { ANON_SAME, ANON_CHANGED, ANON_NULLED };
bool anon_apply(const struct anon *an, struct anon_field value, const struct anon_field *keys,
		struct strbuf *out, enum anon_result *ret, struct diag *d) must_use;

/* The operators' names, for messages: "null, constant, …". */
const char *anon_names(void);

#endif
