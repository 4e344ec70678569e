/* What an archive says of its own tables, as of dump time: columns and types, partitions and
 * inheritance, keys and foreign keys, read from the definitions in its table of contents. Names are
 * unquoted; a schema that a definition leaves out is that of its entry. */
#ifndef PGRETAIN_DUMP_SCHEMA_H
#define PGRETAIN_DUMP_SCHEMA_H

#include "dump/dump.h"

struct dump_name {
	const char *schema, *name;
};

struct dump_column {
	const char *name;
	const char *type;		/* as written: "timestamp with time zone", "numeric(10,2)", "text[]" */
	bool not_null, generated;	/* generated: GENERATED ALWAYS AS (…), not identity */
};

struct dump_table {
	struct dump_name name;
	const char *database;		/* as in its entry */
	VEC(struct dump_column) columns;	/* those of parents are there only as far as written there */
	bool partitioned;		/* has no rows of its own */
};

struct dump_link {
	struct dump_name child, parent;
	bool partition;			/* else INHERITS */
};

struct dump_names {
	const char *const *v;
	size_t n;
};

struct dump_key {
	struct dump_name table;
	const char *name;
	bool primary;			/* else UNIQUE */
	struct dump_names columns;
};

enum dump_on_delete { DUMP_NO_ACTION, DUMP_RESTRICT, DUMP_CASCADE, DUMP_SET_NULL, DUMP_SET_DEFAULT };

struct dump_fkey {
	struct dump_name table, parent;
	const char *name;
	struct dump_names columns, parent_columns;
	enum dump_on_delete on_delete;
	struct dump_names set_columns;	/* ON DELETE SET NULL (a, b); none: all */
};

struct dump_schema {
	VEC(struct dump_table) tables;
	const struct dump_table **by_name;	/* the same, sorted */
	VEC(struct dump_link) links;
	VEC(struct dump_key) keys;
	VEC(struct dump_fkey) fkeys;
};

/* A TABLE, TABLE ATTACH, CONSTRAINT or FK CONSTRAINT whose definition reads otherwise than pg_dump
 * writes it is refused; constraints of other kinds are left out. Everything lives in `a`. */
bool dump_schema_read(const struct dump *dump, struct arena *a, struct dump_schema *ret, struct diag *d)
	must_use;

/* Of that name (and, in a dump of several databases, that database), or NULL. */
const struct dump_table *dump_schema_table(const struct dump_schema *s, const char *database,
					   const char *schema, const char *name);

#endif
