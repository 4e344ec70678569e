#include "dump/schema.h"

#include "dump/pass.h"
#include "dump/sql.h"

struct reader {
	const struct dump *dump;
	const struct dump_entry *e;
	struct arena *a;
	struct dump_schema *to;
	struct sql s;
};

/* ---- tables ---- */

/* Words that end a column's type (outside of brackets). */
static bool ends_type(const struct sql *s)
{
	static const char *const words[] = {
		"DEFAULT", "NOT", "NULL", "COLLATE", "CONSTRAINT", "GENERATED", "CHECK", "PRIMARY", "UNIQUE",
		"REFERENCES", "OPTIONS", "STORAGE", "COMPRESSION",
	};

	if (s->token.kind == SQL_END || s->token.kind == SQL_BAD || sql_is(s, ",") || sql_is(s, ")"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (sql_is(s, words[i]))
			return true;
	return false;
}

static bool read_type(struct reader *r, const char **ret)
{
	const char *begin = r->s.token.p, *end = begin;

	while (!ends_type(&r->s)) {
		if (sql_is(&r->s, "(")) {
			if (!sql_skip_parens(&r->s))
				return false;
			/* the bracket stands just before what follows, blanks aside */
			end = r->s.token.p;
			while (end > begin && (end[-1] == ' ' || end[-1] == '\n'))
				end--;
			continue;
		}
		end = r->s.token.p + r->s.token.n;
		sql_next(&r->s);
	}
	*ret = arena_strndup(r->a, begin, (size_t)(end - begin));
	return end > begin;
}

/* Up to the comma or bracket that ends the column. */
static bool read_constraints(struct reader *r, struct dump_column *c)
{
	while (!sql_is(&r->s, ",") && !sql_is(&r->s, ")")) {
		if (sql_is(&r->s, "(")) {
			if (!sql_skip_parens(&r->s))
				return false;
			continue;
		}
		if (r->s.token.kind == SQL_END || r->s.token.kind == SQL_BAD)
			return false;
		if (sql_accept_words(&r->s, "NOT NULL"))
			c->not_null = true;
		else if (sql_accept_words(&r->s, "GENERATED ALWAYS AS ("))
			c->generated = true;
		else
			sql_next(&r->s);
		/* of the opening bracket that was taken above */
		for (int depth = c->generated && r->s.token.p[-1] == '(' ? 1 : 0; depth > 0; sql_next(&r->s)) {
			if (r->s.token.kind == SQL_END || r->s.token.kind == SQL_BAD)
				return false;
			depth += sql_is(&r->s, "(") - sql_is(&r->s, ")");
		}
	}
	return true;
}

static bool read_column(struct reader *r, struct dump_table *t)
{
	struct dump_column c = { NULL, "", false, false };

	if (!sql_name(&r->s, r->a, &c.name))
		return false;
	/* a partition or typed table: `name WITH OPTIONS …`; its type stands elsewhere */
	if (!sql_accept_words(&r->s, "WITH OPTIONS") && !ends_type(&r->s) && !read_type(r, &c.type))
		return false;
	if (!read_constraints(r, &c))
		return false;
	vec_push(r->a, &t->columns, c);
	return true;
}

static bool is_constraint(const struct sql *s)
{
	return sql_is(s, "CONSTRAINT") || sql_is(s, "CHECK") || sql_is(s, "PRIMARY") || sql_is(s, "UNIQUE") ||
	       sql_is(s, "FOREIGN") || sql_is(s, "EXCLUDE") || sql_is(s, "LIKE");
}

static bool skip_constraint(struct reader *r)
{
	while (!sql_is(&r->s, ",") && !sql_is(&r->s, ")")) {
		if (r->s.token.kind == SQL_END || r->s.token.kind == SQL_BAD)
			return false;
		if (sql_is(&r->s, "(") ? !sql_skip_parens(&r->s) : (sql_next(&r->s), false))
			return false;
	}
	return true;
}

static bool read_columns(struct reader *r, struct dump_table *t)
{
	if (!sql_accept(&r->s, "("))
		return true;
	if (sql_accept(&r->s, ")"))
		return true;
	do
		if (!(is_constraint(&r->s) ? skip_constraint(r) : read_column(r, t)))
			return false;
	while (sql_accept(&r->s, ","));
	return sql_accept(&r->s, ")");
}

static bool add_link(struct reader *r, struct dump_name child, bool partition)
{
	struct dump_link link = { .child = child, .partition = partition };

	if (!sql_qualified_name(&r->s, r->a, r->e->schema, &link.parent))
		return false;
	vec_push(r->a, &r->to->links, link);
	return true;
}

static bool read_parents(struct reader *r, struct dump_table *t)
{
	if (!sql_accept_words(&r->s, "INHERITS ("))
		return true;
	do
		if (!add_link(r, t->name, false))
			return false;
	while (sql_accept(&r->s, ","));
	return sql_accept(&r->s, ")");
}

/* CREATE [UNLOGGED] TABLE name [OF type | PARTITION OF parent] [(columns)] [INHERITS (…)] …; */
static bool read_table(struct reader *r)
{
	struct dump_table t = { .database = r->e->database };
	struct dump_name of;

	/* of a server that is binary-upgraded, and of foreign tables, views: not ours */
	if (!sql_accept_words(&r->s, "CREATE"))
		return true;
	if (!sql_accept(&r->s, "UNLOGGED") && !sql_is(&r->s, "TABLE"))
		return true;
	if (!sql_accept(&r->s, "TABLE") || !sql_qualified_name(&r->s, r->a, r->e->schema, &t.name))
		return false;
	if (sql_accept(&r->s, "OF") && !sql_qualified_name(&r->s, r->a, r->e->schema, &of))
		return false;
	if (sql_accept_words(&r->s, "PARTITION OF") && !add_link(r, t.name, true))
		return false;
	if (!read_columns(r, &t) || !read_parents(r, &t))
		return false;
	/* bounds of PARTITION OF stand between */
	while (r->s.token.kind != SQL_END && r->s.token.kind != SQL_BAD && !sql_is(&r->s, ";")) {
		if (sql_accept_words(&r->s, "PARTITION BY"))
			t.partitioned = true;
		else
			sql_next(&r->s);
	}
	vec_push(r->a, &r->to->tables, t);
	return true;
}

/* ALTER TABLE ONLY parent ATTACH PARTITION child FOR VALUES …; */
static bool read_attach(struct reader *r)
{
	struct dump_link link = { .partition = true };

	if (!sql_accept_words(&r->s, "ALTER TABLE"))
		return false;
	sql_accept(&r->s, "ONLY");
	if (!sql_qualified_name(&r->s, r->a, r->e->schema, &link.parent) ||
	    !sql_accept_words(&r->s, "ATTACH PARTITION") ||
	    !sql_qualified_name(&r->s, r->a, r->e->schema, &link.child))
		return false;
	vec_push(r->a, &r->to->links, link);
	return true;
}

/* ---- constraints ---- */

static bool begin_constraint(struct reader *r, struct dump_name *table, const char **name)
{
	if (!sql_accept_words(&r->s, "ALTER TABLE"))
		return false;
	sql_accept(&r->s, "ONLY");
	return sql_qualified_name(&r->s, r->a, r->e->schema, table) && sql_accept_words(&r->s, "ADD CONSTRAINT") &&
	       sql_name(&r->s, r->a, name);
}

static bool read_key(struct reader *r)
{
	struct dump_key key = { .primary = false };

	if (!begin_constraint(r, &key.table, &key.name))
		return false;
	key.primary = sql_accept_words(&r->s, "PRIMARY KEY");
	if (!key.primary && !sql_accept(&r->s, "UNIQUE"))
		return true;
	sql_accept_words(&r->s, "NULLS NOT DISTINCT");
	if (!sql_names(&r->s, r->a, &key.columns))
		return true;			/* WITHOUT OVERLAPS and the like: no key of equality */
	vec_push(r->a, &r->to->keys, key);
	return true;
}

static bool read_on_delete(struct reader *r, struct dump_fkey *f)
{
	static const struct {
		const char *words;
		enum dump_on_delete what;
	} known[] = {
		{ "NO ACTION", DUMP_NO_ACTION }, { "RESTRICT", DUMP_RESTRICT }, { "CASCADE", DUMP_CASCADE },
		{ "SET NULL", DUMP_SET_NULL }, { "SET DEFAULT", DUMP_SET_DEFAULT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!sql_accept_words(&r->s, known[i].words))
			continue;
		f->on_delete = known[i].what;
		return !sql_is(&r->s, "(") || sql_names(&r->s, r->a, &f->set_columns);
	}
	return false;
}

/* … FOREIGN KEY (a) REFERENCES t(b) [MATCH …] [ON UPDATE …] [ON DELETE …] … */
static bool read_fkey(struct reader *r)
{
	struct dump_fkey f = { .on_delete = DUMP_NO_ACTION };

	if (!begin_constraint(r, &f.table, &f.name) || !sql_accept_words(&r->s, "FOREIGN KEY") ||
	    !sql_names(&r->s, r->a, &f.columns) || !sql_accept(&r->s, "REFERENCES") ||
	    !sql_qualified_name(&r->s, r->a, r->e->schema, &f.parent) || !sql_names(&r->s, r->a, &f.parent_columns))
		return false;
	while (!sql_is(&r->s, ";")) {
		if (r->s.token.kind == SQL_END || r->s.token.kind == SQL_BAD)
			return false;
		if (!sql_accept_words(&r->s, "ON DELETE"))
			sql_next(&r->s);
		else if (!read_on_delete(r, &f))
			return false;
	}
	vec_push(r->a, &r->to->fkeys, f);
	return true;
}

/* ---- */

static const struct {
	const char *desc;
	bool (*read)(struct reader *r);
} readers[] = {
	{ "TABLE", read_table },
	{ "TABLE ATTACH", read_attach },
	{ "CONSTRAINT", read_key },
	{ "FK CONSTRAINT", read_fkey },
};

static bool read_one(struct reader *r, struct diag *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (!streq(r->e->desc, readers[i].desc))
			continue;
		sql_begin(&r->s, r->e->defn, strlen(r->e->defn), r->dump->std_strings);
		if (readers[i].read(r))
			return true;
		dump_fail(d, r->dump->path, "the definition of %s %s.%s reads otherwise than pg_dump writes it",
			  r->e->desc, r->e->schema, r->e->tag);
		dump_where(d, r->e->offset, r->e);
		return false;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct dump_table *x = *(const struct dump_table *const *)a, *y = *(const struct dump_table *const *)b;
	int c = strcmp(x->name.name, y->name.name);

	c = c ? c : strcmp(x->name.schema, y->name.schema);
	if (c || !x->database || !y->database)
		return c ? c : (x->database != NULL) - (y->database != NULL);
	return strcmp(x->database, y->database);
}

static void index_tables(struct dump_schema *s, struct arena *a)
{
	s->by_name = arena_alloc(a, (s->tables.n + 1) * sizeof(*s->by_name));
	for (size_t i = 0; i < s->tables.n; i++)
		s->by_name[i] = &s->tables.v[i];
	qsort(s->by_name, s->tables.n, sizeof(*s->by_name), by_name);
}

bool dump_schema_read(const struct dump *dump, struct arena *a, struct dump_schema *ret, struct diag *d)
{
	struct reader r = { .dump = dump, .a = a, .to = ret };

	*ret = (struct dump_schema){ .tables = { NULL, 0, 0 } };
	for (size_t i = 0; i < dump->nentries; i++) {
		r.e = &dump->entries[i];
		if (!read_one(&r, d))
			return false;
	}
	index_tables(ret, a);
	return true;
}

const struct dump_table *dump_schema_table(const struct dump_schema *s, const char *database,
					   const char *schema, const char *name)
{
	struct dump_table key = { .name = { schema, name }, .database = database };
	const struct dump_table *p = &key, **found;

	found = s->tables.n ? bsearch(&p, s->by_name, s->tables.n, sizeof(*s->by_name), by_name) : NULL;
	return found ? *found : NULL;
}

/* ---- columns of INSERTs ---- */

static bool has_column(const struct dump_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (streq(names->v[i], name))
			return true;
	return false;
}

struct columns {
	const struct dump_schema *s;
	struct arena *a;
	VEC(const char *) names;
	int depth;
};

/* Those of the parents come first, then what the definition adds. */
static bool add_columns(struct columns *c, const char *database, const struct dump_name *name)
{
	const struct dump_table *t = dump_schema_table(c->s, database, name->schema, name->name);

	if (!t || c->depth > 64)
		return false;
	c->depth++;
	for (size_t i = 0; i < c->s->links.n; i++) {
		const struct dump_link *l = &c->s->links.v[i];

		if (!l->partition && streq(l->child.name, name->name) && streq(l->child.schema, name->schema) &&
		    !add_columns(c, database, &l->parent))
			return false;
	}
	c->depth--;
	for (size_t i = 0; i < t->columns.n; i++)
		if (!has_column(&(struct dump_names){ c->names.v, c->names.n }, t->columns.v[i].name))
			vec_push(c->a, &c->names, t->columns.v[i].name);
	return true;
}

/* The comment that stands for a definition says so when the rows go through the root of a partition. */
static void set_into(struct dump_entry *e, const struct dump *dump)
{
	static const char via[] = "-- load via partition root ";
	struct dump_name root = { e->schema, e->tag };
	struct sql s;

	if (strncmp(e->defn, via, sizeof(via) - 1) == 0) {
		sql_begin(&s, e->defn + sizeof(via) - 1, strlen(e->defn) - (sizeof(via) - 1), dump->std_strings);
		e->via_root = sql_qualified_name(&s, dump->impl->arena, e->schema, &root);
	}
	e->into_schema = root.schema;
	e->into_table = root.name;
}

bool columns_complete(struct dump *dump, struct dump_entry *entries, struct diag *d)
{
	struct dump_schema s = { .tables = { NULL, 0, 0 } };
	bool read = false;

	for (size_t i = 0; i < dump->nentries; i++) {
		struct dump_entry *e = &entries[i];
		struct columns c = { .s = &s, .a = dump->impl->arena };

		if (e->kind != DUMP_ROWS || e->columns_known)
			continue;
		if (!read && !dump_schema_read(dump, dump->impl->arena, &s, d))
			return false;
		read = true;
		if (!e->into_table)
			set_into(e, dump);
		if (!add_columns(&c, e->database, &(struct dump_name){ e->schema, e->tag }))
			continue;
		e->columns = c.names.v;
		e->ncolumns = c.names.n;
		e->columns_known = true;
	}
	return true;
}
