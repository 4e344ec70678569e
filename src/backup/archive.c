#include "backup/archive.h"

#include "conf/sqlcond.h"
#include "pg/tmpl.h"

#include <stdarg.h>

/* ---- names ---- */

static bool plain_name(const char *s)
{
	if (!((*s >= 'a' && *s <= 'z') || *s == '_'))
		return false;
	while ((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_')
		s++;
	return !*s;
}

static void add_name(struct strbuf *sb, const char *name)
{
	if (plain_name(name))
		strbuf_adds(sb, name);
	else
		sql_ident(sb, name);
}

const char *archive_display(struct arena *a, const struct dump_entry *e)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	if (*e->schema) {
		add_name(&sb, e->schema);
		strbuf_addc(&sb, '.');
	}
	add_name(&sb, e->tag);
	return arena_strdup(a, strbuf_str(&sb));
}

static bool same_name(const struct judge_name *n, const char *schema, const char *name)
{
	return streq(n->name, name) && streq(n->schema, schema);
}

static bool named(const struct judge_name *v, size_t n, const char *schema, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (same_name(&v[i], schema, name))
			return true;
	return false;
}

/* In the archive's own past the table was a part of one that is meant. */
static bool part_of(const struct archive *x, const struct judge_table *t, const char *schema, const char *name, int depth)
{
	for (size_t i = 0; depth < 64 && i < x->schema.links.n; i++) {
		const struct dump_link *l = &x->schema.links.v[i];

		if (!streq(l->child.name, name) || !streq(l->child.schema, schema) || (t->only && !l->partition))
			continue;
		if (named(t->names, t->n, l->parent.schema, l->parent.name) ||
		    part_of(x, t, l->parent.schema, l->parent.name, depth + 1))
			return true;
	}
	return false;
}

static bool written_as(const struct archive *x, const struct judge_table *t, const struct dump_entry *e)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)x;
	sql_qualified(&sb, e->schema, e->tag);
	return t->written && sqltable_same(t->written, strbuf_str(&sb));
}

static bool concerns(const struct archive *x, const struct judge_table *t, const struct dump_entry *e)
{
	if (!t->n)
		return written_as(x, t, e);
	if (named(t->names, t->n, e->schema, e->tag) || part_of(x, t, e->schema, e->tag, 0))
		return true;
	/* by way of the root, of which only the name in COPY is left */
	return e->via_root && (named(t->names, 1, e->into_schema, e->into_table) ||
			       part_of(x, t, e->into_schema, e->into_table, 0));
}

/* ---- failures ---- */

static bool refuse(const struct archive *x, const struct judge_role *role, const struct dump_entry *e, struct diag *d,
		   const char *fmt, ...) printf_like(5, 6);

static bool refuse(const struct archive *x, const struct judge_role *role, const struct dump_entry *e, struct diag *d,
		   const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_fail(d, DIAG_STEP, "%s: %s: %s", x->dump->path, archive_display(x->arena, e), text);
	if (role->rule)
		diag_where(d, "%s:%d: rule \"%s\"", role->loc.file, role->loc.line, role->rule);
	diag_hint(d, "not touched: it counts as still holding the rows");
	return false;
}

/* ---- columns ---- */

static const char *archived_type(const struct archive *x, const struct dump_entry *e, const char *schema, const char *name,
				 const char *column, bool *not_null, int depth)
{
	const struct dump_table *t = dump_schema_table(&x->schema, e->database, schema, name);
	const char *type = NULL;

	for (size_t i = 0; t && i < t->columns.n; i++)
		if (streq(t->columns.v[i].name, column)) {
			*not_null = t->columns.v[i].not_null;
			return t->columns.v[i].type;
		}
	for (size_t i = 0; !type && depth < 64 && i < x->schema.links.n; i++) {
		const struct dump_link *l = &x->schema.links.v[i];

		if (streq(l->child.name, name) && streq(l->child.schema, schema))
			type = archived_type(x, e, l->parent.schema, l->parent.name, column, not_null, depth + 1);
	}
	return type;
}

static const char *without_schema(const char *type)
{
	const char *dot = strchr(type, '.'), *paren = strchr(type, '(');

	return dot && !(paren && paren < dot) ? dot + 1 : type;
}

static bool same_type(const struct archive *x, const char *archived, const char *now)
{
	if (!archived || !now || streq(archived, now))
		return true;
	/* up to 1.12 names stand without their schema */
	return x->dump->minor && x->dump->minor <= 12 && streq(without_schema(archived), without_schema(now));
}

static bool field_of(const struct dump_entry *e, const char *column, size_t *ret)
{
	for (size_t i = 0; i < e->ncolumns; i++)
		if (streq(e->columns[i], column)) {
			*ret = i;
			return true;
		}
	return false;
}

static bool take_columns(const struct archive *x, const struct dump_entry *e, const struct judge_columns *c,
			 struct seat_columns *ret, const char **missing)
{
	*ret = (struct seat_columns){ .n = c->n, .fields = arena_alloc(x->arena, (c->n + 1) * sizeof(*ret->fields)),
				      .forms = arena_alloc(x->arena, (c->n + 1) * sizeof(*ret->forms)) };
	for (size_t i = 0; i < c->n; i++) {
		ret->forms[i] = c->v[i].form;
		if (!field_of(e, c->v[i].name, &ret->fields[i])) {
			*missing = c->v[i].name;
			return false;
		}
	}
	return true;
}

/* Columns whose texts the rule reads: there, and of the type that the rule knows. */
static bool want_column(const struct archive *x, const struct judge_role *role, const struct dump_entry *e,
			const struct judge_column *c, bool *not_null, size_t *ret, struct diag *d)
{
	const char *type;

	if (!field_of(e, c->name, ret))
		return refuse(x, role, e, d, "the archive has no column %s, which the rule needs", c->name);
	type = archived_type(x, e, e->schema, e->tag, c->name, not_null, 0);
	if (!same_type(x, type, c->type))
		return refuse(x, role, e, d, "column %s is %s in the archive, and %s in the database", c->name, type, c->type);
	return true;
}

/* ---- predicates and operators ---- */

static const struct pred *pred_for(const struct archive *x, const struct judge_role *role, const struct pred *from,
				   const struct dump_entry *e, struct diag *d)
{
	struct pred *p = arena_alloc(x->arena, sizeof(*p));
	size_t c = 0;
	bool not_null;

	*p = *from;
	p->clocks = arena_alloc(x->arena, (p->nclocks + 1) * sizeof(*p->clocks));
	for (size_t i = 0; i < p->nclocks; i++) {
		struct pred_clock *k = &p->clocks[i];

		*k = from->clocks[i];
		k->columns = arena_alloc(x->arena, (k->n + 1) * sizeof(*k->columns));
		for (size_t j = 0; j < k->n; j++) {
			k->columns[j] = from->clocks[i].columns[j];
			if (!want_column(x, role, e, &role->clocks.v[c++], &not_null, &k->columns[j].field, d))
				return NULL;
		}
	}
	return p;
}

/* The same operator for text in the archive's encoding. */
static bool op_for(const struct archive *x, const struct judge_role *role, const struct judge_op *op, struct anon **ret,
		   struct diag *d)
{
	enum anon_encoding enc = anon_encoding_of(x->dump->encoding);
	struct anon_column *col;

	*ret = op->anon;
	if (enc == ANON_UTF8 || !*x->dump->encoding || !op->op)
		return true;
	col = arena_alloc(x->arena, sizeof(*col));
	*col = *anon_column(op->anon);
	col->encoding = enc;
	if (!anon_bind(x->arena, op->op, col, ret, d)) {
		diag_where(d, "%s:%d: rule \"%s\"", role->loc.file, role->loc.line, role->rule);
		diag_hint(d, "%s is in encoding %s; not touched: it counts as still holding the rows", x->dump->path,
			  x->dump->encoding);
		d->cls = DIAG_STEP;
		return false;
	}
	return true;
}

static bool take_ops(const struct archive *x, const struct dump_entry *e, struct seat *s, struct diag *d)
{
	const struct judge_role *role = s->role;
	const char *missing;

	s->nops = role->nops;
	s->ops = arena_alloc(x->arena, (s->nops + 1) * sizeof(*s->ops));
	for (size_t i = 0; i < s->nops; i++) {
		bool not_null = false;

		if (!want_column(x, role, e, &role->ops[i].column, &not_null, &s->ops[i].field, d) ||
		    !op_for(x, role, &role->ops[i], &s->ops[i].anon, d))
			return false;
		if (not_null && streq(anon_op(s->ops[i].anon), "null"))
			return refuse(x, role, e, d, "column %s is NOT NULL in the archive", role->ops[i].column.name);
		if (anon_uses_key(s->ops[i].anon) && !take_columns(x, e, &role->key, &s->key, &missing))
			return refuse(x, role, e, d, "the archive has no column %s, which operator %s needs", missing,
				      anon_op(s->ops[i].anon));
	}
	return true;
}

/* ---- seats ---- */

static bool same_columns(const struct judge_columns *a, const struct judge_columns *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!streq(a->v[i].name, b->v[i].name) || a->v[i].form != b->v[i].form)
			return false;
	return true;
}

/* Number of the list of keys that a way leads to: the first way's with the same ones. */
static uint32_t list_of(const struct judge *j, const struct judge_way *way)
{
	uint32_t n = 0;

	for (size_t i = 0; i < j->nroles; i++)
		for (size_t k = 0; k < j->roles[i].nways; k++) {
			const struct judge_way *w = &j->roles[i].ways[k];

			n++;
			if (w->upper == way->upper && same_columns(&w->parent, &way->parent))
				return n;
		}
	return 0;
}

static bool take_keys(const struct archive *x, const struct dump_entry *e, struct seat *s, struct diag *d)
{
	const struct judge *j = x->judge;
	VEC(struct seat_key) keys = { NULL, 0, 0 };
	const char *missing;

	for (size_t i = 0; i < j->nroles; i++)
		for (size_t k = 0; x->present[i] && k < j->roles[i].nways; k++) {
			const struct judge_way *w = &j->roles[i].ways[k];
			struct seat_key key = { .list = list_of(j, w) };
			bool known = false;

			for (size_t n = 0; n < keys.n; n++)
				known |= keys.v[n].list == key.list;
			if (w->upper != s->index || known)
				continue;
			if (!take_columns(x, e, &w->parent, &key.columns, &missing))
				return refuse(x, s->role, e, d, "the archive has no column %s, to which %s refers", missing,
					      w->fkey);
			vec_push(x->arena, &keys, key);
		}
	s->keys = keys.v;
	s->nkeys = keys.n;
	return true;
}

/* A script of INSERTs has nothing of a table without rows but its definition. */
static bool may_be_empty(const struct archive *x, const struct dump_entry *e, size_t role)
{
	const struct judge_table *t = &x->judge->tables[x->judge->roles[role].table];

	return x->dump->format == DUMP_PLAIN && e->form == DUMP_INSERTS && t->n &&
		dump_schema_table(&x->schema, e->database, t->names[0].schema, t->names[0].name);
}

static bool take_way(const struct archive *x, const struct dump_entry *e, struct seat *s, const struct judge_way *w,
		     struct diag *d)
{
	struct seat_way *way = &s->ways[s->nways];
	const char *missing;

	if (!x->present[w->upper] && (s->role->kind != JUDGE_RULE || may_be_empty(x, e, w->upper)))
		return true;
	if (!x->present[w->upper])
		return refuse(x, s->role, e, d, "the archive has no rows of rule \"%s\", which rule \"%s\" follows",
			      x->judge->roles[w->upper].rule, s->role->rule);
	if (!w->comparable)
		return refuse(x, s->role, e, d, "values of the columns of foreign key %s can't be compared without a server",
			      w->fkey);
	if (!take_columns(x, e, &w->child, &way->child, &missing)) {
		if (s->role->kind == JUDGE_RULE)
			return refuse(x, s->role, e, d, "the archive has no column %s, by which the rule follows \"%s\"", missing,
				      x->judge->roles[w->upper].rule);
		return true;		/* then no row refers to anything by it */
	}
	way->way = w;
	way->list = list_of(x->judge, w);
	s->nways++;
	return true;
}

/* A table without a key is compared by all its columns: rows that lack one can't be. */
static bool take_tombs(const struct archive *x, const struct dump_entry *e, struct seat_test *t, const char **missing)
{
	const struct tombs *tombs = t->test->tombs;

	t->idle = true;
	for (size_t i = 0; t->idle && i < tombs->n; i++)
		t->idle = tombs->v[i].batch == TOMB_REVOKED || x->contains[tombs->v[i].batch];
	t->values = arena_alloc(x->arena, (tombs->ncolumns + 1) * sizeof(*t->values));
	return t->idle || tombs->nameless || take_columns(x, e, &t->test->columns, &t->columns, missing);
}

static bool take_tests(struct archive *x, const struct dump_entry *e, struct seat *s, struct diag *d)
{
	s->tests = arena_alloc(x->arena, (s->role->ntests + 1) * sizeof(*s->tests));
	for (size_t i = 0; i < s->role->ntests; i++) {
		const struct judge_test *t = &s->role->tests[i];
		struct seat_test *mine = &s->tests[s->ntests];
		const char *missing;

		mine->test = t;
		mine->list = UINT32_MAX - (uint32_t)(s->index * 1024u + i);
		if (t->kind == JUDGE_TEST_TOMBS && !take_tombs(x, e, mine, &missing))
			return refuse(x, s->role, e, d, "the archive has no column %s, by which rows that were erased are found", missing);
		if (t->kind != JUDGE_TEST_TOMBS && !take_columns(x, e, t->kind == JUDGE_TEST_ASK ? &t->ask.columns : &t->columns, &mine->columns, &missing))
			return refuse(x, s->role, e, d, "the archive has no column %s, by which a hold finds its rows", missing);
		s->ntests += !mine->idle;
	}
	return true;
}

static bool take_kept(const struct archive *x, const struct dump_entry *e, struct seat *s, struct diag *d)
{
	const struct judge_role *role = s->role;

	s->kept = arena_alloc(x->arena, (role->nrules + 1) * sizeof(*s->kept));
	for (size_t i = 0; role->kind == JUDGE_CASCADE && i < role->nrules; i++) {
		const struct judge_role *o = &x->judge->roles[role->rules[i]];
		struct seat_kept *k = &s->kept[s->nkept++];

		k->role = (uint16_t)role->rules[i];
		k->pred = o->pred ? pred_for(x, o, o->pred, e, d) : NULL;
		if (o->pred && !k->pred)
			return false;
	}
	return true;
}

static bool fill_seat(struct archive *x, const struct dump_entry *e, struct seat *s, struct diag *d)
{
	const struct judge_role *role = s->role;
	const char *missing;

	if (role->refuse.cls != DIAG_OK) {
		*d = role->refuse;
		d->cls = DIAG_STEP;
		return false;
	}
	if (role->pred) {
		s->pred = pred_for(x, role, role->pred, e, d);
		if (!s->pred)
			return false;
	}
	if (role->start) {
		s->start = role->pred ? s->pred : pred_for(x, role, role->start, e, d);
		if (!s->start)
			return false;
	}
	s->ways = arena_alloc(x->arena, (role->nways + 1) * sizeof(*s->ways));
	for (size_t i = 0; i < role->nways; i++)
		if (!take_way(x, e, s, &role->ways[i], d))
			return false;
	if (role->live.sql && !take_columns(x, e, &role->live.columns, &s->live, &missing))
		return refuse(x, role, e, d, "the archive has no column %s, by which the live table is asked", missing);
	return take_keys(x, e, s, d) && take_ops(x, e, s, d) && take_tests(x, e, s, d) && take_kept(x, e, s, d);
}

/* ---- entries ---- */

/* A plain dump that loads through a root does not say of which part a row is. */
static bool hidden_part(const struct archive *x, const struct judge_table *t, const struct dump_entry *e)
{
	const struct dump_table *own = dump_schema_table(&x->schema, e->database, e->schema, e->tag);

	return x->dump->format == DUMP_PLAIN && t->written && own && own->partitioned &&
		named(t->tops, t->ntops, e->schema, e->tag);
}

bool archive_ours(const struct archive *x, const struct dump_entry *e)
{
	return e->kind == DUMP_ROWS && e->has_data && (!e->database || streq(e->database, x->judge->database));
}

static bool seat_entry(struct archive *x, size_t i, struct diag *d)
{
	const struct dump_entry *e = &x->dump->entries[i];
	struct place *p = &x->places[i];

	for (size_t r = 0; r < x->judge->nroles; r++) {
		const struct judge_role *role = &x->judge->roles[r];
		const struct judge_table *t = &x->judge->tables[role->table];

		if (role->kind == JUDGE_RULE && hidden_part(x, t, e))
			return refuse(x, role, e, d, "rows were dumped through their root, and nothing says which of them are of %s",
				      t->display);
		if (!concerns(x, t, e))
			continue;
		p->seats = p->seats ? p->seats : arena_alloc(x->arena, (x->judge->nroles + 1) * sizeof(*p->seats));
		p->seats[p->nseats++] = (struct seat){ .role = role, .index = (uint16_t)r };
		p->ruled |= role->kind == JUDGE_RULE;
		x->present[r] = true;
	}
	return true;
}

static bool stands_alone(const struct place *p)
{
	for (size_t i = 0; i < p->nseats; i++)
		if (p->seats[i].role->kind != JUDGE_RULE || p->seats[i].nways || p->seats[i].nkeys)
			return false;
	return true;
}

/* Seats without a way in, and without a test, are never taken. */
static void drop_idle(struct place *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->nseats; i++)
		if (p->seats[i].pred || p->seats[i].nways || p->seats[i].ntests)
			p->seats[kept++] = p->seats[i];
	p->nseats = kept;
	p->simple = stands_alone(p);
}

bool archive_match(struct arena *a, struct dump *dump, const struct judge *judge, struct archive *ret, struct diag *d)
{
	*ret = (struct archive){ .arena = a, .dump = dump, .judge = judge };
	BUG_ON(judge->nroles > UINT16_MAX);
	ret->places = arena_alloc(a, (dump->nentries + 1) * sizeof(*ret->places));
	ret->present = arena_alloc(a, (judge->nroles + 1) * sizeof(*ret->present));
	if (!dump_schema_read(dump, a, &ret->schema, d))
		return false;
	if (!inside_read(ret, d))
		return false;
	for (size_t i = 0; i < dump->nentries; i++)
		if (archive_ours(ret, &dump->entries[i]) && !seat_entry(ret, i, d))
			return false;
	for (size_t i = 0; i < dump->nentries; i++) {
		for (size_t k = 0; k < ret->places[i].nseats; k++)
			if (!fill_seat(ret, &dump->entries[i], &ret->places[i].seats[k], d))
				return false;
		drop_idle(&ret->places[i]);
	}
	return true;
}
