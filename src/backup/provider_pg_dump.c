/* Archives of pg_dump in a folder. What an archive itself says decides: whose database it is, and which
 * entries of the ledger it contains. Its file's times say only until when it is kept. */
#include "backup/folder.h"
#include "backup/isolation.h"
#include "dump/dump.h"

#include <stdlib.h>

/* pg_dump writes the local time of a zone that it does not tell: at most 14 hours ahead of UTC. */
#define ZONE_AHEAD (INT64_C(14) * 3600 * USECS_PER_SEC)

struct inside {
	const struct provider_env *env;
	bool any_lineage, ours, has_seq;
	int64_t seq;
};

static int column_of(const struct dump_entry *e, const char *name)
{
	for (size_t i = 0; i < e->ncolumns; i++)
		if (streq(e->columns[i], name))
			return (int)i;
	return -1;
}

static bool is_table(const struct dump_entry *e, const char *name)
{
	return e->kind == DUMP_ROWS && streq(e->into_schema, "pgretain") && streq(e->into_table, name);
}

static enum dump_treat treat(void *ctx, const struct dump_entry *e)
{
	(void)ctx;
	return is_table(e, "lineage") || is_table(e, "ledger_head") ? DUMP_FILTER : DUMP_COPY;
}

static void see_lineage(struct inside *in, struct dump_value v)
{
	in->any_lineage = true;
	for (size_t i = 0; i < in->env->nlineages; i++)
		if (strlen(in->env->lineages[i]) == v.len && !memcmp(in->env->lineages[i], v.bytes, v.len))
			in->ours = true;
}

static bool see_seq(struct inside *in, struct dump_value v)
{
	char text[24], *end;

	if (!v.len || v.len >= sizeof(text))
		return false;
	memcpy(text, v.bytes, v.len);
	text[v.len] = '\0';
	in->seq = strtoll(text, &end, 10);
	in->has_seq = !*end && in->seq >= 0;
	return in->has_seq;
}

static bool row(void *ctx, struct dump_row *r, enum dump_verdict *ret, struct diag *d)
{
	struct inside *in = ctx;
	bool head = is_table(r->entry, "ledger_head");
	int column = column_of(r->entry, head ? "seq" : "lineage");
	struct dump_value v = column < 0 ? (struct dump_value){ .null = true } : dump_row_value(r, (size_t)column);

	*ret = DUMP_KEEP;
	if (v.null || (head && !see_seq(in, v)))
		return diag_fail(d, DIAG_STEP, "pgretain.%s in it is not what this version writes", r->entry->into_table);
	if (!head)
		see_lineage(in, v);
	return true;
}

static void cannot_read(struct listing *l, struct backup_set *s, const struct diag *d)
{
	s->trouble = arena_printf(l->a, "%s%s%s%s", d->message, *d->where ? " (" : "", d->where, *d->where ? ")" : "");
	vec_push(l->a, &s->findings, arena_printf(l->a, "can't be read: %s", s->trouble));
}

static const char *type_of(struct arena *a, const struct dump *dump)
{
	enum dump_codec codec = dump->wrapper != DUMP_NONE ? dump->wrapper : dump->codec;

	return codec == DUMP_NONE ? dump_format_word(dump->format)
				  : arena_printf(a, "%s, %s", dump_format_word(dump->format), dump_codec_word(codec));
}

/* Of another database, with a ledger that was never ours: its rows are none of ours. */
static bool is_foreign(const struct dump *dump, const struct inside *in)
{
	return in->any_lineage && !in->ours && *dump->database && !streq(dump->database, in->env->dbname);
}

/* False: not a set of this database. */
static bool look_inside(const struct provider_env *env, struct listing *l, struct backup_set *s)
{
	struct inside in = { .env = env };
	struct dump_calls calls = { .ctx = &in, .treat = treat, .row = row };
	AUTO(dump_free_auto) struct dump *dump = NULL;
	struct diag d = DIAG_INIT;

	if (!dump_open(s->path, NULL, &dump, &d) || !dump_scan(dump, &calls, NULL, &d)) {
		cannot_read(l, s, &d);
		return true;
	}
	if (is_foreign(dump, &in)) {
		vec_push(l->a, &l->notes, arena_printf(l->a, "%s is of database \"%s\", which has a ledger of its own: left out",
						       s->path, dump->database));
		return false;
	}
	s->type = type_of(l->a, dump);
	s->encrypted = KNOWN_NO;
	if (dump->created != INSTANT_MINUS_INFINITY)
		s->start = dump->created - ZONE_AHEAD;
	s->has_ledger_seq = in.ours && in.has_seq;
	s->ledger_seq = in.seq;
	return true;
}

static bool is_wrapped(const char *name)
{
	static const char *const ends[] = { ".gpg", ".age", ".pgp", ".enc" };
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (n > strlen(ends[i]) && streq(name + n - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

static void add(const struct provider_env *env, struct listing *l, const struct folder_entry *e)
{
	struct backup_set *s = listing_add(l, e->name, "pg_dump");

	s->path = e->path;
	s->identity = folder_identity(l->a, &e->st);
	s->stop = folder_instant(&e->st.st_mtim);
	s->size = S_ISREG(e->st.st_mode) ? e->st.st_size : -1;
	s->encrypted = is_wrapped(e->name) ? KNOWN_YES : KNOWN_NOT;
	s->unchanged = env->is_known(env->ctx, s->name, s->identity);
	isolation_path(l->a, e->path, s);
	if (!s->unchanged && !look_inside(env, l, s))
		l->sets.n--;
}

bool provider_pg_dump(const struct backup_store *store, const struct provider_env *env, struct listing *l, struct diag *d)
{
	struct folder_entry *v;
	size_t n;

	if (!folder_read(store, l, &n, &v, d))
		return false;
	for (size_t i = 0; i < n; i++)
		add(env, l, &v[i]);
	return true;
}
