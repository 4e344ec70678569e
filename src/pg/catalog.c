#include "pg/catalog.h"

#include "pg/sqltext.h"
#include "pg/tmpl.h"

/* ---- PostgreSQL arrays of text ---- */

static const char *array_item(struct arena *a, const char **s)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	bool quoted = **s == '"';

	if (quoted)
		(*s)++;
	while (**s && (quoted ? **s != '"' : **s != ',' && **s != '}')) {
		if (**s == '\\')
			(*s)++;
		strbuf_addc(&sb, *(*s)++);
	}
	if (quoted)
		(*s)++;
	if (!quoted && streq(strbuf_str(&sb), "NULL"))
		return "";
	return arena_strdup(a, strbuf_str(&sb));
}

const char **cat_array(struct arena *a, const char *text, size_t *n)
{
	VEC(const char *) items = { NULL, 0, 0 };
	const char *s = text + 1;

	BUG_ON(text[0] != '{');
	while (*s && *s != '}') {
		vec_push(a, &items, array_item(a, &s));
		if (*s == ',')
			s++;
	}
	*n = items.n;
	return items.v;
}

const char *cat_array_literal(struct arena *a, const char *const *items, size_t n)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addc(&sb, '{');
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&sb, i ? ",\"" : "\"");
		for (const char *s = items[i]; *s; s++) {
			if (*s == '"' || *s == '\\')
				strbuf_addc(&sb, '\\');
			strbuf_addc(&sb, *s);
		}
		strbuf_addc(&sb, '"');
	}
	strbuf_addc(&sb, '}');
	return arena_strdup(a, strbuf_str(&sb));
}

/* ---- look-ups ---- */

struct cat_table *catalog_table(const struct catalog *cat, Oid oid)
{
	for (size_t i = 0; i < cat->tables.n; i++)
		if (cat->tables.v[i].oid == oid)
			return &cat->tables.v[i];
	return NULL;
}

const struct cat_column *cat_column(const struct cat_table *t, const char *name)
{
	for (size_t i = 0; i < t->columns.n; i++)
		if (streq(t->columns.v[i].name, name))
			return &t->columns.v[i];
	return NULL;
}

const struct cat_index *cat_primary(const struct cat_table *t)
{
	for (size_t i = 0; i < t->indexes.n; i++)
		if (t->indexes.v[i].primary)
			return &t->indexes.v[i];
	return NULL;
}

static bool is_key(const struct cat_table *t, const struct cat_index *ix)
{
	if (!ix->unique || !ix->valid || ix->partial || ix->expressions)
		return false;
	for (size_t i = 0; i < ix->ncolumns; i++) {
		const struct cat_column *c = cat_column(t, ix->columns[i]);

		if (!c || !c->not_null)
			return false;
	}
	return true;
}

const struct cat_index *cat_key(const struct cat_table *t)
{
	for (size_t i = 0; i < t->indexes.n; i++)	/* the primary key comes first */
		if (is_key(t, &t->indexes.v[i]))
			return &t->indexes.v[i];
	return NULL;
}

const struct cat_index *cat_index_on(const struct cat_table *t, const char *column)
{
	for (size_t i = 0; i < t->indexes.n; i++) {
		const struct cat_index *ix = &t->indexes.v[i];

		if (ix->valid && !ix->partial && ix->ncolumns && streq(ix->columns[0], column) &&
		    (streq(ix->method, "btree") || streq(ix->method, "brin")))
			return ix;
	}
	return NULL;
}

/* ---- loading ---- */

struct loader {
	struct conn *conn;
	struct arena *a;
	struct catalog *cat;
	const char *oids;	/* array literal of every loaded table */
};

static const char *text(struct loader *l, const PGresult *r, int row, int col)
{
	return arena_strdup(l->a, res_text(r, row, col));
}

static Oid oid(const PGresult *r, int row, int col)
{
	return (Oid)res_int(r, row, col);
}

static bool query(struct loader *l, const char *name, const char *arg, PGresult **ret, struct diag *d)
{
	return conn_query_text(l->conn, sqltext_get(name), ret, d, arg);
}

static void table_read(struct loader *l, const PGresult *r, int i)
{
	struct cat_table *t = vec_add(l->a, &l->cat->tables);
	AUTO_STRBUF sb = STRBUF_INIT;

	t->oid = oid(r, i, 0);
	t->schema = text(l, r, i, 1);
	t->name = text(l, r, i, 2);
	t->display = text(l, r, i, 3);
	t->kind = res_text(r, i, 4)[0];
	t->persistence = res_text(r, i, 5)[0];
	t->is_partition = res_bool(r, i, 6);
	t->rls = res_bool(r, i, 7);
	t->force_rls = res_bool(r, i, 8);
	t->replident = res_text(r, i, 9)[0];
	t->owner = text(l, r, i, 10);
	t->tuples = res_int(r, i, 11);
	t->pages = res_int(r, i, 12);
	t->toast_bytes = res_int(r, i, 13);
	t->bound = arena_strdup(l->a, res_text_null(r, i, 15));
	t->range_key = arena_strdup(l->a, res_text_null(r, i, 16));
	t->is_owner = res_bool(r, i, 17);
	t->published = res_bool(r, i, 18);
	sql_qualified(&sb, t->schema, t->name);
	t->sql = arena_strdup(l->a, strbuf_str(&sb));
}

static void link_parents(struct loader *l, struct cat_table *t, const char *oids)
{
	size_t n;
	const char **of = cat_array(l->a, oids, &n);

	for (size_t i = 0; i < n; i++) {
		struct cat_table *parent = catalog_table(l->cat, (Oid)strtoul(of[i], NULL, 10));

		if (!t->parent)
			t->parent = parent;
		if (parent)
			vec_push(l->a, &parent->children, t);
	}
	t->of_several = n > 1;
}

static bool load_tables(struct loader *l, const char *named, struct diag *d)
{
	AUTO_RESULT *r = NULL;
	VEC(const char *) oids = { NULL, 0, 0 };

	if (!query(l, "query/cat_tables", named, &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++) {
		table_read(l, r, i);
		vec_push(l->a, &oids, text(l, r, i, 0));
	}
	l->oids = cat_array_literal(l->a, oids.v, oids.n);
	for (size_t i = 0; i < l->cat->tables.n; i++) {		/* addresses are final from here on */
		struct cat_table *t = &l->cat->tables.v[i];

		link_parents(l, t, res_text(r, (int)i, 14));
	}
	return true;
}

static bool load_columns(struct loader *l, struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!query(l, "query/cat_columns", l->oids, &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++) {
		struct cat_column *c = vec_add(l->a, &catalog_table(l->cat, oid(r, i, 0))->columns);

		c->name = text(l, r, i, 1);
		c->attnum = (int)res_int(r, i, 2);
		c->type_oid = oid(r, i, 3);
		c->type = text(l, r, i, 4);
		c->base = text(l, r, i, 5);
		c->category = res_text(r, i, 6)[0];
		c->typtype = res_text(r, i, 7)[0];
		c->basetyptype = res_text(r, i, 8)[0];
		c->length = PQgetisnull(r, i, 9) ? -1 : (int)res_int(r, i, 9);
		c->not_null = res_bool(r, i, 10);
		c->identity = res_text(r, i, 11)[0];
		c->generated = res_text(r, i, 12)[0] != '\0';
		c->base_type = text(l, r, i, 13);
		c->n_distinct = strtod(res_text(r, i, 14), NULL);
		c->correlation = strtod(res_text(r, i, 15), NULL);
		c->collation = arena_strdup(l->a, res_text_null(r, i, 16));
	}
	return true;
}

static bool load_indexes(struct loader *l, struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!query(l, "query/cat_indexes", l->oids, &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++) {
		struct cat_index *ix = vec_add(l->a, &catalog_table(l->cat, oid(r, i, 0))->indexes);

		ix->name = text(l, r, i, 1);
		ix->unique = res_bool(r, i, 2);
		ix->primary = res_bool(r, i, 3);
		ix->valid = res_bool(r, i, 4);
		ix->partial = res_bool(r, i, 5);
		ix->expressions = res_bool(r, i, 6);
		ix->method = text(l, r, i, 7);
		ix->exclusion = res_bool(r, i, 8);
		ix->nulls_not_distinct = res_bool(r, i, 9);
		ix->columns = cat_array(l->a, res_text(r, i, 10), &ix->ncolumns);
		ix->touched = cat_array(l->a, res_text(r, i, 11), &ix->ntouched);
		ix->definition = text(l, r, i, 12);
		ix->folded = cat_array(l->a, res_text(r, i, 13), &ix->nfolded);
		ix->included = cat_array(l->a, res_text(r, i, 14), &ix->nincluded);
	}
	return true;
}

static bool load_fkeys(struct loader *l, struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!query(l, "query/cat_fkeys", l->oids, &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++) {
		struct cat_fkey *f = arena_alloc(l->a, sizeof(*f));

		f->name = text(l, r, i, 0);
		f->child = catalog_table(l->cat, oid(r, i, 1));
		f->parent = catalog_table(l->cat, oid(r, i, 2));
		f->on_delete = res_text(r, i, 3)[0];
		f->deferrable = res_bool(r, i, 4);
		f->deferred = res_bool(r, i, 5);
		f->child_columns = cat_array(l->a, res_text(r, i, 6), &f->n);
		f->parent_columns = cat_array(l->a, res_text(r, i, 7), &f->n);
		f->indexed = res_bool(r, i, 8);
		f->validated = res_bool(r, i, 9);
		if (!f->child || !f->parent)
			continue;	/* leads out of what any rule can reach */
		vec_push(l->a, &l->cat->fkeys, f);
		vec_push(l->a, &f->child->refers, f);
		vec_push(l->a, &f->parent->referenced, f);
	}
	return true;
}

static bool load_triggers(struct loader *l, struct diag *d)
{
	AUTO_RESULT *r = NULL;

	if (!query(l, "query/cat_triggers", l->oids, &r, d))
		return false;
	for (int i = 0; i < PQntuples(r); i++) {
		struct cat_trigger *t = vec_add(l->a, &catalog_table(l->cat, oid(r, i, 0))->triggers);

		t->name = text(l, r, i, 1);
		t->rule = streq(res_text(r, i, 2), "rule");
		t->before = res_bool(r, i, 3);
		t->each_row = res_bool(r, i, 4);
		t->on_delete = res_bool(r, i, 5);
		t->on_update = res_bool(r, i, 6);
		t->body = text(l, r, i, 7);
		t->function = text(l, r, i, 8);
		t->instead = res_bool(r, i, 9);
	}
	return true;
}

/* Oids of the named tables; "0" where a name means nothing. */
static bool resolve(struct loader *l, const char *const *names, size_t n, Oid *oids, const char **literal,
		    struct diag *d)
{
	AUTO_RESULT *r = NULL;
	VEC(const char *) found = { NULL, 0, 0 };

	if (!query(l, "query/cat_resolve", cat_array_literal(l->a, names, n), &r, d))
		return false;
	for (size_t i = 0; i < n; i++) {
		oids[i] = oid(r, (int)i, 1);
		if (oids[i])
			vec_push(l->a, &found, text(l, r, (int)i, 1));
	}
	*literal = cat_array_literal(l->a, found.v, found.n);
	return true;
}

static bool load_shapes(struct loader *l, struct diag *d)
{
	const struct tmpl_var oids = { "oids", .frag = { "$1::oid[]" } };
	AUTO_RESULT *r = NULL;

	if (!conn_query_text(l->conn, tmpl_render(l->a, "query/cat_shape", &oids, 1), &r, d, l->oids))
		return false;
	for (int i = 0; i < PQntuples(r); i++) {
		struct cat_table *t = catalog_table(l->cat, oid(r, i, 0));

		t->shape = text(l, r, i, 1);
		t->below = arena_strdup(l->a, res_text_null(r, i, 2));
	}
	return true;
}

static bool load(struct loader *l, const char *const *names, size_t n, Oid *oids, struct diag *d)
{
	const char *literal;

	return resolve(l, names, n, oids, &literal, d) && load_tables(l, literal, d) && load_columns(l, d) &&
		load_indexes(l, d) && load_fkeys(l, d) && load_triggers(l, d) && load_shapes(l, d);
}

/* A schema that changes while it is read must not be taken for the one that `shape` stands for. */
static bool load_at_once(struct loader *l, const char *const *names, size_t n, Oid *oids, struct diag *d)
{
	struct diag ignored = DIAG_INIT;

	if (PQtransactionStatus(l->conn->pg) != PQTRANS_IDLE)
		return load(l, names, n, oids, d);
	if (!conn_do(l->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NO_PARAMS, d))
		return false;
	if (load(l, names, n, oids, d))
		return conn_do(l->conn, "COMMIT", NO_PARAMS, d);
	if (!conn_do(l->conn, "ROLLBACK", NO_PARAMS, &ignored))
		*d = ignored;
	return false;
}

bool catalog_load(struct conn *c, struct arena *a, const char *const *names, size_t n,
		  struct catalog **ret, struct diag *d)
{
	struct catalog *cat = arena_alloc(a, sizeof(*cat));
	struct loader l = { .conn = c, .a = a, .cat = cat };
	Oid *oids = arena_alloc(a, n * sizeof(*oids));

	if (!load_at_once(&l, names, n, oids, d))
		return false;
	cat->nnamed = n;
	cat->named = arena_alloc(a, n * sizeof(*cat->named));
	for (size_t i = 0; i < n; i++)
		cat->named[i] = oids[i] ? catalog_table(cat, oids[i]) : NULL;
	*ret = cat;
	return true;
}
