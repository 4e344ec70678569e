/* What the server's catalogue says of the tables that rules name, and of every table that a rule's
 * action can reach. Names are the catalogue's own; loaded once a plan, in one snapshot. */
#ifndef PGRETAIN_PG_CATALOG_H
#define PGRETAIN_PG_CATALOG_H

#include "base/arena.h"
#include "pg/conn.h"

struct cat_column {
	const char *name;
	int attnum;
	Oid type_oid;
	const char *type;		/* format_type: "character varying(40)" */
	const char *base;		/* typname of the base type */
	const char *base_type;		/* format_type of the base type */
	const char *collation;		/* NULL where the type has none */
	char category, typtype, basetyptype;
	int length;			/* char(n), varchar(n); else -1 */
	bool not_null, generated;
	char identity;			/* 'a', 'd', or '\0' */
	double n_distinct, correlation;
};

struct cat_index {
	const char *name, *method, *definition;
	bool unique, primary, valid, partial, expressions, exclusion, nulls_not_distinct;
	size_t ncolumns;
	const char **columns;		/* "" stands for an expression */
	size_t ntouched;
	const char **touched;
	size_t nfolded;			/* key columns lower(c), upper(c) */
	const char **folded;
	size_t nincluded;
	const char **included;
};

struct cat_trigger {
	const char *name, *function, *body;
	bool rule, before, each_row, on_delete, on_update, instead;
};

struct cat_table;

struct cat_fkey {
	const char *name;
	struct cat_table *child, *parent;
	size_t n;
	const char **child_columns, **parent_columns;
	char on_delete;			/* a r c n d */
	bool deferrable, deferred, indexed;
	bool validated;			/* else rows may refer to nothing */
};

struct cat_table {
	Oid oid;
	const char *schema, *name;
	const char *display;		/* as in SQL, quoted where needed: shop."Order" */
	const char *sql;		/* both parts quoted, for statements */
	char kind, persistence, replident;
	bool is_partition, rls, force_rls, is_owner, published;
	bool of_several;		/* inherits from several tables, of which `parent` is the first */
	const char *owner, *bound, *range_key;
	const char *shape, *below;	/* query/cat_shape: differ when the schema does; below NULL: has no children */
	int64_t tuples, pages, toast_bytes;
	struct cat_table *parent;	/* partition or inheritance parent */
	VEC(struct cat_column) columns;
	VEC(struct cat_index) indexes;
	VEC(struct cat_trigger) triggers;
	VEC(struct cat_fkey *) refers;		/* this table is the child */
	VEC(struct cat_fkey *) referenced;	/* this table is the parent */
	VEC(struct cat_table *) children;	/* partitions, inheritance children: direct */
};

struct catalog {
	VEC(struct cat_table) tables;
	VEC(struct cat_fkey *) fkeys;
	size_t nnamed;
	struct cat_table **named;	/* one for each name asked for; NULL: there is none */
};

/* names: as written in SQL. One snapshot. */
bool catalog_load(struct conn *c, struct arena *a, const char *const *names, size_t n,
		  struct catalog **ret, struct diag *d) must_use;

struct cat_table *catalog_table(const struct catalog *cat, Oid oid);
const struct cat_column *cat_column(const struct cat_table *t, const char *name);
const struct cat_index *cat_primary(const struct cat_table *t);
/* The best key: primary key, else a valid whole unique index on NOT NULL columns; NULL: none. */
const struct cat_index *cat_key(const struct cat_table *t);
/* A valid btree or brin index whose first column is `column`. */
const struct cat_index *cat_index_on(const struct cat_table *t, const char *column);

/* {a,"b c"} as PostgreSQL prints a text[]; NULL elements become "". */
const char **cat_array(struct arena *a, const char *text, size_t *n);
/* The other way, for parameters. */
const char *cat_array_literal(struct arena *a, const char *const *items, size_t n);

#endif
