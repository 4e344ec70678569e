#include "plan/reborn.h"

#include "base/strbuf.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"

/* A column's value as an instant. A day or a zoneless time may be off by the zone: an erasure of the same day
 * is told apart by hours at most, and what is in doubt is spared. */
static void instant_of(struct strbuf *sb, const struct clock_column *col)
{
	static const struct { const char *before, *behind; } faces[] = {
		[UNIT_NONE] = { "t.", "::timestamptz" },
		[UNIT_S] = { "pg_catalog.to_timestamp(t.", ")" },
		[UNIT_MS] = { "pg_catalog.to_timestamp(t.", " / 1000.0)" },
		[UNIT_US] = { "pg_catalog.to_timestamp(t.", " / 1000000.0)" },
		[UNIT_YYYYMMDD] = { "t.", "::text::date::timestamptz" },
	};

	strbuf_adds(sb, faces[col->unit].before);
	sql_ident(sb, col->column);
	strbuf_adds(sb, faces[col->unit].behind);
}

static const struct rule *rule_of_root(const struct database *db, const struct subject_type *type)
{
	for (size_t i = 0; i < db->nrules; i++)
		if (streq(db->rules[i].table, type->root) && db->rules[i].start.n)
			return &db->rules[i];
	return NULL;
}

bool subject_reborn(struct conn *c, const struct database *db, const struct subject_type *type, const char *key,
		    const char *since, bool *ret, struct diag *d)
{
	const struct rule *rule = rule_of_root(db, type);
	AUTO_RESULT *place = NULL, *res = NULL;
	AUTO_STRBUF sql = STRBUF_INIT;

	*ret = false;
	if (!rule)
		return true;
	if (!conn_query_text(c, sqltext_get("query/subject_source"), &place, d, type->root, type->key))
		return false;
	if (!PQntuples(place))
		return true;
	strbuf_addf(&sql, "SELECT 1 FROM %s AS t WHERE t.%s::text = $1 AND (", res_text(place, 0, 0), res_text(place, 0, 1));
	for (size_t i = 0; i < rule->start.n; i++) {
		strbuf_adds(&sql, i ? " OR " : "");
		instant_of(&sql, &rule->start.columns[i]);
		strbuf_adds(&sql, " > $2::timestamptz");
	}
	strbuf_addc(&sql, ')');
	if (!conn_query_text(c, strbuf_str(&sql), &res, d, key, since))
		return false;
	*ret = PQntuples(res) > 0;
	return true;
}
