/* The vault: one table for each quarantined table, partitioned by purge date, bare of constraints and
 * indexes. Columns have the source's names and base types (no domain, enum aside, ties it to the
 * source), so that every value is kept as it was. */
#include "plan/statement.h"

#include "base/instant.h"
#include "pg/tmpl.h"


/* PostgreSQL cuts names at 63 bytes; the partition's suffix needs 9. */
#define NAME_MAX_BYTES 54

static uint32_t name_hash(const char *s)	/* FNV-1a: only to keep long names apart */
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static const char *plain_name(struct arena *a, const struct bound *r)
{
	const char *part = r->removes ? "" : ".columns";
	char *name = arena_printf(a, "%s.%s%s", r->table->schema, r->table->name, part);
	size_t n = strlen(name);

	if (n <= NAME_MAX_BYTES)
		return name;
	n = NAME_MAX_BYTES - 9;
	while (n && ((unsigned char)name[n] & 0xC0) == 0x80)	/* not inside a character */
		n--;
	return arena_printf(a, "%.*s~%08x", (int)n, name, name_hash(name));
}

static const char *qualified(struct arena *a, const char *name)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	sql_qualified(&sb, "pgretain_vault", name);
	return arena_strdup(a, strbuf_str(&sb));
}

const char *vault_name(struct arena *a, const struct bound *r)
{
	return qualified(a, plain_name(a, r));
}

static bool is_key_column(const struct bound *r, const char *name)
{
	const struct cat_index *key = cat_key(r->table);

	for (size_t i = 0; key && i < key->ncolumns; i++)
		if (streq(key->columns[i], name))
			return true;
	return false;
}

static bool is_overwritten(const struct bound *r, const char *name)
{
	for (size_t i = 0; i < r->ops.n; i++)
		if (streq(anon_column(r->ops.v[i])->name, name))
			return true;
	return false;
}

/* Whole rows: all but generated columns, which come back by themselves; else key and what is overwritten. */
static bool travels(const struct bound *r, const struct cat_column *c)
{
	if (r->removes)
		return !c->generated;
	return is_key_column(r, c->name) || is_overwritten(r, c->name);
}

void vault_columns(struct strbuf *sb, const struct bound *r, const char *prefix)
{
	bool any = false;

	for (size_t i = 0; i < r->table->columns.n; i++) {
		const struct cat_column *c = &r->table->columns.v[i];

		if (!travels(r, c))
			continue;
		strbuf_addf(sb, "%s%s", any ? ", " : "", prefix);
		sql_ident(sb, c->name);
		any = true;
	}
}

static void add_columns(struct binder *b, struct bound *r, struct plan_step *s, const char *vault)
{
	VEC(const char *) list = { s->prepare, s->nprepare, s->nprepare };

	for (size_t i = 0; i < r->table->columns.n; i++) {
		const struct cat_column *c = &r->table->columns.v[i];
		AUTO_STRBUF sb = STRBUF_INIT;

		if (!travels(r, c))
			continue;
		strbuf_addf(&sb, "ALTER TABLE %s ADD COLUMN IF NOT EXISTS ", vault);
		sql_ident(&sb, c->name);
		strbuf_addf(&sb, " %s", c->base_type);
		if (c->collation)
			strbuf_addf(&sb, " COLLATE %s", c->collation);
		vec_push(b->a, &list, arena_strdup(b->a, strbuf_str(&sb)));
	}
	s->prepare = list.v;
	s->nprepare = list.n;
}

static void prepare_add(struct binder *b, struct plan_step *s, const char *sql)
{
	VEC(const char *) list = { s->prepare, s->nprepare, s->nprepare };

	vec_push(b->a, &list, sql);
	s->prepare = list.v;
	s->nprepare = list.n;
}

static const char *comment_text(struct binder *b, struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, r->table->display);
	for (size_t i = 0; i < sb.len; i++)		/* inside a literal */
		if (sb.buf[i] == '\'' || sb.buf[i] == '\\')
			sb.buf[i] = '?';
	return arena_strdup(b->a, strbuf_str(&sb));
}

void vault_prepare(struct binder *b, struct bound *r, struct plan_step *s)
{
	const char *plain = plain_name(b->a, r), *vault = vault_name(b->a, r);
	int64_t purge = 0, year;
	int month, day;
	char day_text[16];

	BUG_ON(!instant_parse_timestamptz(r->purge_after, strlen(r->purge_after), &purge));
	instant_civil_from_days(purge / USECS_PER_DAY, &year, &month, &day);
	snprintf(day_text, sizeof(day_text), "%04d%02d%02d", (int)year, month, day);
	prepare_add(b, s, arena_printf(b->a, "CREATE TABLE IF NOT EXISTS %s ("
		"pgretain_run uuid NOT NULL, pgretain_rule text NOT NULL, pgretain_purge_after timestamptz NOT NULL"
		") PARTITION BY RANGE (pgretain_purge_after)", vault));
	prepare_add(b, s, arena_printf(b->a, "COMMENT ON TABLE %s IS 'quarantined %s of %s'", vault,
		r->removes ? "rows" : "columns", comment_text(b, r)));
	add_columns(b, r, s, vault);
	prepare_add(b, s, arena_printf(b->a, "CREATE TABLE IF NOT EXISTS %s PARTITION OF %s "
		"FOR VALUES FROM ('%s') TO ('%s'::timestamptz + interval '1 day')",
		qualified(b->a, arena_printf(b->a, "%s@%s", plain, day_text)), vault, r->purge_after, r->purge_after));
}
