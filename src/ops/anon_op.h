/* What an operator's file and anon.c know of each other. */
#ifndef PGRETAIN_OPS_ANON_OP_H
#define PGRETAIN_OPS_ANON_OP_H

#include "ops/anon.h"

struct anon_param_spec {
	const char *name;
	bool required;
	bool list;			/* else exactly one value */
	const char *allowed;		/* for messages: "day, month or year" */
};
#define ANON_PARAMS_MAX 3

struct anon {
	const struct anon_operator *op;
	struct anon_column col;
	struct srcloc loc;
	const char *type;		/* the column's type without length, for $n::type */
	const void *bound;		/* the operator's own parameters */
	const char *constant;		/* as configured */
	const char *constant_text;	/* as the server prints it; NULL: not asked yet */
	const char *const *outputs;
	size_t noutputs;
};

struct anon_operator {
	const char *name;
	enum anon_face face;
	const char *types;		/* for messages: "date, timestamp or timestamptz" */
	bool uses_key;
	struct anon_param_spec params[ANON_PARAMS_MAX + 1];	/* ended by a NULL name */
	bool (*accepts)(const struct anon_column *col);
	bool (*bind)(struct arena *a, const struct column_op *op, struct anon *an, struct diag *d);
	/* f(c) for a c that is not NULL. NULL: the value is NULL. */
	void (*sql)(const struct anon *an, const struct anon_sql *r, struct strbuf *sb);
	/* The same over text; char(n) comes without its trailing blanks and gets them back afterwards.
	 * Appends to out; sets *same when the value is equal however its text differs. */
	bool (*apply)(const struct anon *an, struct anon_field value, const struct anon_field *keys,
		      struct strbuf *out, bool *same, struct diag *d);
};

#define ANON(name) extern const struct anon_operator anon_op_##name;
#include "ops/anon.def"
#undef ANON

/* Parameters. NULL: not given. */
const struct op_param *anon_param(const struct column_op *op, const char *name);
const char *anon_param_text(const struct column_op *op, const char *name);
/* A whole number lo..hi; *ret keeps its value when the parameter is not given. */
bool anon_param_int(const struct anon *an, const struct column_op *op, const char *name, int lo, int hi,
		    int *ret, struct diag *d) must_use;

/* Failures; always false. refuse: at bind, with the place in the configuration. unreadable: a value
 * that the operator can't read (the value itself is never told). */
bool anon_refuse(const struct anon *an, struct diag *d, const char *fmt, ...) printf_like(3, 4);
bool anon_unreadable(const struct anon *an, struct diag *d);

/* A text that is to be stored: it must fit char(n), varchar(n), name, and the archive's encoding. */
bool anon_check_text(const struct anon *an, const char *what, const char *text, struct diag *d) must_use;

/* Types (anon_type.c). */
bool anon_is_text(const struct anon_column *col);
bool anon_is_any(const struct anon_column *col);
bool anon_is_enum(const struct anon_column *col);
bool anon_is_blank_padded(const struct anon_column *col);
/* base is one of the names; ended by NULL */
bool anon_base_in(const struct anon_column *col, const char *const *names);
bool anon_compares_natively(const struct anon_column *col);
/* "character varying(40)" -> "character varying"; a bare `character` or `bit` would mean length 1. */
const char *anon_type_unlimited(struct arena *a, const struct anon_column *col);

/* Characters of a text in the column's encoding. */
size_t anon_char_count(enum anon_encoding e, const char *s, size_t n);
/* Bytes of the first `chars` characters. */
size_t anon_char_offset(enum anon_encoding e, const char *s, size_t n, size_t chars);
bool anon_is_ascii(const char *s);
/* s without the blanks at its end. */
const char *anon_rtrim(struct arena *a, const char *s);
/* {"a","b"}: the text of a text[]. */
const char *anon_array_literal(struct arena *a, const char *const *items, size_t n);

/* SQL fragments. */
void anon_sql_column(const struct anon *an, const struct anon_sql *r, struct strbuf *sb);

#endif
