#include "plan/tombstone.h"

#include "base/instant.h"
#include "conf/sqlcond.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "plan/request.h"
#include "plan/statement_parts.h"

#define UNIX_EPOCH (-INT64_C(946684800) * USECS_PER_SEC)	/* as an instant */
#define SLACK (2 * USECS_PER_DAY)		/* zones */

bool tombstone_load(struct binder *b, struct diag *d)
{
	const struct policy *p = b->plan->policy;
	const char **stores = arena_alloc(b->a, (p->nbackups + 1) * sizeof(*stores));
	AUTO_RESULT *res = NULL;
	const char *since;

	if (!p->nbackups || b->request)
		return true;
	for (size_t i = 0; i < p->nbackups; i++)
		stores[i] = p->backups[i].name;
	if (!conn_query_text(b->conn, sqltext_get("query/tombstone_since"), &res, d,
			     cat_array_literal(b->a, stores, p->nbackups)))
		return false;
	since = res_text_null(res, 0, 0);
	b->has_backups = since != NULL;
	BUG_ON(since && !instant_parse_timestamptz(since, strlen(since), &b->steady));
	return true;
}

/* ---- the key ---- */

/* Numbers that a program made up point at nobody once the row is gone; everything else may be a name. */
static bool is_surrogate(const struct cat_column *c)
{
	static const char *const bases[] = { "int2", "int4", "int8", "numeric", "uuid", "oid", "bool", "date", "timestamp",
		"timestamptz" };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		if (streq(c->base, bases[i]))
			return true;
	return c->basetyptype == 'e';
}

static bool in_map(const struct policy *p, const struct cat_table *t, const char *column)
{
	for (size_t i = 0; i < p->nsubjects; i++)
		for (size_t k = 0; k < p->subjects[i].nidentifiers; k++) {
			const struct identifier *id = &p->subjects[i].identifiers[k];

			if (id->table && sqltable_same(id->table, t->sql) && streq(id->column, column))
				return true;
		}
	return false;
}

static bool found_by(const struct binder *b, const struct cat_table *t, const char *column)
{
	for (size_t i = 0; i < b->nrules; i++) {
		const struct rule *r = b->rules[i].rule;

		for (size_t k = 0; b->rules[i].table == t && k < r->nsubjects; k++)
			if (r->subjects[k].kind == SUBJECT_IDENTIFIER && streq(r->subjects[k].column, column))
				return true;
	}
	return false;
}

void tombstone_key_of(struct binder *b, const struct cat_table *t, struct tombstone_key *ret)
{
	const struct cat_index *key = cat_primary(t);

	ret->natural = !key;
	if (!key)
		key = cat_key(t);
	ret->whole = !key;
	ret->n = 0;
	ret->columns = arena_alloc(b->a, (t->columns.n + 1) * sizeof(*ret->columns));
	for (size_t i = 0; key && i < key->ncolumns; i++)
		ret->columns[ret->n++] = key->columns[i];
	for (size_t i = 0; !key && i < t->columns.n; i++)
		if (!t->columns.v[i].generated)
			ret->columns[ret->n++] = t->columns.v[i].name;
	for (size_t i = 0; i < ret->n; i++)
		ret->natural |= !is_surrogate(cat_column(t, ret->columns[i])) || in_map(b->plan->policy, t, ret->columns[i]) ||
			found_by(b, t, ret->columns[i]);
}

static struct plan_tomb *tomb_new(struct render *x, const struct cat_table *t)
{
	struct plan_tomb *tomb = arena_alloc(x->a, sizeof(*tomb));
	struct tombstone_key key;

	tombstone_key_of(x->b, t, &key);
	*tomb = (struct plan_tomb){ .n = key.n, .columns = key.columns, .natural = key.natural, .action = "deleted",
				    .forms = arena_alloc(x->a, (key.n + 1) * sizeof(*tomb->forms)),
				    .columns_text = cat_array_literal(x->a, key.columns, key.n),
				    .since = INSTANT_MINUS_INFINITY };
	for (size_t i = 0; i < key.n; i++)
		tomb->forms[i] = form_of_base(cat_column(t, key.columns[i])->base);
	return tomb;
}

/* ---- whether ---- */

static double instant_of_raw(const struct pred_column *c, int64_t raw)
{
	static const double units[] = { [UNIT_S] = 1e6, [UNIT_MS] = 1e3, [UNIT_US] = 1 };

	switch (c->type) {
	case PRED_TIMESTAMPTZ: case PRED_TIMESTAMP:
		return (double)raw;
	case PRED_DATE:
		return (double)raw * (double)USECS_PER_DAY;
	case PRED_INT:
		return (double)raw * units[c->unit] + (double)UNIX_EPOCH;
	case PRED_INT_YYYYMMDD:
		return (double)USECS_PER_DAY *
			(double)instant_days_from_civil(raw / 10000, (int)(raw / 100 % 100), (int)(raw % 100));
	}
	bug(__FILE__, __LINE__, "type of a clock column");
}

/* No due row has an event later than this. */
static double latest_due(const struct pred *p, size_t clock)
{
	double least = (double)INT64_MAX;

	for (size_t i = 0; i < p->nterms; i++) {
		const struct pred_term *t = &p->terms[i];
		double most = (double)INT64_MIN;

		for (size_t k = 0; t->clock == clock && t->kind == PRED_PERIOD && k < p->clocks[clock].n; k++) {
			double cut = instant_of_raw(&p->clocks[clock].columns[k], t->cut[k].raw);

			most = cut > most ? cut : most;
		}
		if (t->clock == clock && t->kind == PRED_PERIOD && !t->cap && most < least)
			least = most;
	}
	return least;
}

static bool may_be_null(const struct bound *r, const struct pred_clock *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (!cat_column(r->table, k->columns[i].name)->not_null)
			return true;
	return false;
}

/* Some backup may show the row before that event came. */
static bool unsteady(const struct render *x, const struct bound *r, size_t clock)
{
	return pred_clock_use(&r->pred, PRED_PASSIVE, clock) != PRED_UNUSED && may_be_null(r, &r->pred.clocks[clock]) &&
		latest_due(&r->pred, clock) + (double)SLACK > (double)x->b->steady;
}

/* Of retention: what follows a row goes with it in a backup, too. */
static bool is_needed(const struct render *x, const struct bound *r, int64_t *since)
{
	bool other = false;

	*since = INSTANT_MINUS_INFINITY;
	if (x->b->request)
		return x->b->plan->policy->nbackups > 0;
	if (!x->b->has_backups || r->parent || !r->pred.nclocks)
		return false;
	for (size_t i = 1; i < r->pred.nclocks; i++)
		other = other || unsteady(x, r, i);
	if (!other)
		*since = x->b->steady;
	return other || unsteady(x, r, 0);
}

const struct plan_tomb *tombstone_of_rule(struct render *x, const struct bound *r)
{
	bool part = r->rule->action == ACTION_QUARANTINE && !r->removes;	/* they stay in the live row */
	struct plan_tomb *tomb;
	int64_t since;

	if (!x->live || part || !is_needed(x, r, &since))
		return NULL;
	tomb = tomb_new(x, r->table);
	tomb->rule = rule_name(r->rule);
	tomb->since = since;
	if (r->rule->action == ACTION_QUARANTINE)
		tomb->action = "moved";
	if (!r->removes)
		tomb->action = "altered";
	return tomb;
}

const struct plan_tomb *tombstone_of_table(struct render *x, const struct cat_table *t)
{
	return x->live && x->b->request && x->b->plan->policy->nbackups ? tomb_new(x, t) : NULL;
}

/* ---- what is told ---- */

void tombstone_column(struct strbuf *sb, const char *alias, const char *column)
{
	AUTO_STRBUF c = STRBUF_INIT;

	render_column(&c, alias, column);
	strbuf_addf(sb, "CASE WHEN %s IS NOT NULL THEN pg_catalog.format('%%s', %s) END", strbuf_str(&c), strbuf_str(&c));
}

static void add_literal(struct strbuf *sb, const char *s)
{
	strbuf_addc(sb, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			strbuf_addc(sb, '\'');
		strbuf_addc(sb, *s);
	}
	strbuf_addc(sb, '\'');
}

/* A column that two people may stand in is overwritten for one of them. */
static void add_links(struct render *x, struct strbuf *sb, struct bound *r)
{
	for (size_t i = 0; i < r->links.n; i++) {
		const struct bound_path *p = r->links.v[i].path;

		strbuf_adds(sb, ", CASE WHEN ");
		render_path(x, sb, r, p, "t", request_set(x->b->request, r));
		strbuf_adds(sb, " THEN ");
		add_literal(sb, p->column->name);
		strbuf_adds(sb, " END");
	}
}

static void add_overwritten(struct render *x, struct strbuf *sb, struct bound *r)
{
	strbuf_adds(sb, "pg_catalog.array_remove(ARRAY[NULL::text");
	for (size_t i = 0; i < r->ops.n; i++) {
		strbuf_adds(sb, ", ");
		add_literal(sb, anon_column(r->ops.v[i])->name);
	}
	add_links(x, sb, r);
	strbuf_adds(sb, "], NULL)");
}

const char *tombstone_told(struct render *x, const struct plan_tomb *tomb, struct bound *r)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, "t.tableoid AS pgretain_relation, ");
	if (!r || !render_start(x, &sb, r, "t"))
		strbuf_adds(&sb, "NULL::timestamptz");
	strbuf_adds(&sb, " AS pgretain_mark, ");
	if (r && !r->removes)
		add_overwritten(x, &sb, r);
	else
		strbuf_adds(&sb, "NULL::text[]");
	strbuf_adds(&sb, " AS pgretain_columns");
	for (size_t i = 0; i < tomb->n; i++) {
		strbuf_adds(&sb, ", ");
		tombstone_column(&sb, "t", tomb->columns[i]);
		strbuf_addf(&sb, " AS pgretain_k%zu", i);
	}
	return statement_text(x, &sb);
}

const char *tombstone_tale(struct render *x, const struct plan_tomb *tomb)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_adds(&sb, "picked.pgretain_relation, picked.pgretain_mark, picked.pgretain_columns");
	for (size_t i = 0; i < tomb->n; i++)
		strbuf_addf(&sb, ", picked.pgretain_k%zu", i);
	return statement_text(x, &sb);
}
