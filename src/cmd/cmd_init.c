#include "cmd/connect.h"
#include "cmd/erasure.h"

#include "ledger/ledger.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "pg/tmpl.h"
#include "report/json.h"

/* What was done, and what somebody else has to do. */
struct setup {
	struct ctx *ctx;
	struct conn *c;
	int applied;
	bool try;			/* give what is missing; else note it */
	int64_t granted;
	VEC(const char *) grants;	/* statements that this role may not run */
	VEC(const char *) absent;	/* ruled tables that are not there */
};

static const char *privileges(enum action action)
{
	switch (action) {
	case ACTION_NONE:
		return "SELECT";
	case ACTION_DELETE:
		return "SELECT UPDATE DELETE";		/* UPDATE: SELECT … FOR UPDATE */
	case ACTION_ANONYMIZE:
		return "SELECT UPDATE";
	case ACTION_QUARANTINE:
		return "SELECT INSERT UPDATE DELETE";	/* INSERT: release */
	}
	BUG_ON(true);
}

static void add_missing(struct setup *to, const char *sql)
{
	to->granted--;
	for (size_t i = 0; i < to->grants.n; i++)
		if (streq(to->grants.v[i], sql))
			return;
	vec_push(to->ctx->arena, &to->grants, arena_strdup(to->ctx->arena, sql));
}

/* A GRANT that is refused is not an error of init: the table's owner can run it. Some are refused by a
 * mere warning; therefore what is missing is asked again afterwards. */
static bool grant(struct setup *to, const struct strbuf *sql, struct diag *d)
{
	if (!to->try) {
		add_missing(to, strbuf_str(sql));
		return true;
	}
	to->granted++;
	return conn_do(to->c, strbuf_str(sql), NO_PARAMS, d) || streq(d->sqlstate, "42501");
}

static bool grant_usage(struct setup *to, const char *schema, const char *role, struct diag *d)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_adds(&sql, "GRANT USAGE ON SCHEMA ");
	sql_ident(&sql, schema);
	strbuf_addf(&sql, " TO %s", role);
	return grant(to, &sql, d);
}

/* what: privileges, or privileges on columns. */
static bool grant_on(struct setup *to, const char *what, const char *schema, const char *table, const char *role,
		     struct diag *d)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "GRANT %s ON ", what);
	sql_qualified(&sql, schema, table);
	strbuf_addf(&sql, " TO %s", role);
	return grant(to, &sql, d);
}

/* From column `at` on: schema, table, whether USAGE is missing, privileges that are. */
static bool grant_relation(struct setup *to, const PGresult *res, int row, int at, struct diag *d)
{
	const char *schema = res_text(res, row, at), *missing = res_text_null(res, row, at + 3);

	if (res_bool(res, row, at + 2) && !grant_usage(to, schema, "pgretain_runner", d))
		return false;
	return !missing || grant_on(to, missing, schema, res_text(res, row, at + 1), "pgretain_runner", d);
}

/* child: as the rule's `children` name it; "": the rule's own table. */
static bool grant_table(struct setup *to, const struct rule *rule, const char *child, const char *rights,
			struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(to->c, sqltext_get("query/ledger_grants_missing"), &res, d, rule->table, rights, child))
		return false;
	if (!PQntuples(res) && to->try && !*child)
		vec_push(to->ctx->arena, &to->absent, rule->table);
	for (int i = 0; i < PQntuples(res); i++)
		if (!grant_relation(to, res, i, 0, d))
			return false;
	return true;
}

static const char *child_privileges(enum child_mode mode)
{
	switch (mode) {
	case CHILD_RULE:
		return "SELECT";
	case CHILD_CASCADE:
		return "SELECT UPDATE DELETE";
	case CHILD_SET_NULL:
		return "SELECT UPDATE";
	}
	BUG_ON(true);
}

static bool grant_rule(struct setup *to, const struct rule *rule, struct diag *d)
{
	if (!grant_table(to, rule, "", privileges(rule->action), d))
		return false;
	for (size_t i = 0; i < rule->nchildren; i++) {
		const struct child *child = &rule->children[i];

		if (!grant_table(to, rule, child->table, child_privileges(child->mode), d))
			return false;
	}
	return true;
}

/* ---- people are found by clerks and approvers, who see nothing else of the tables ---- */

static bool grant_search(struct setup *to, const PGresult *res, int row, struct diag *d)
{
	const char *role = res_text(res, row, 0), *schema = res_text(res, row, 1), *missing = res_text_null(res, row, 4);

	if (res_bool(res, row, 3) && !grant_usage(to, schema, role, d))
		return false;
	return !missing ||
		grant_on(to, arena_printf(to->ctx->arena, "SELECT (%s)", missing), schema, res_text(res, row, 2), role, d);
}

static bool grant_columns(struct setup *to, const char *table, const char *const *columns, size_t n, struct diag *d)
{
	VEC(const char *) named = { NULL, 0, 0 };
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < n; i++)
		if (columns[i])
			vec_push(to->ctx->arena, &named, columns[i]);
	if (!conn_query_text(to->c, sqltext_get("query/ledger_people_missing"), &res, d, table,
			     cat_array_literal(to->ctx->arena, named.v, named.n)))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (!grant_search(to, res, i, d))
			return false;
	return true;
}

static bool grant_subject(struct setup *to, const struct subject_type *t, struct diag *d)
{
	if (!grant_columns(to, t->root, &t->key, 1, d))
		return false;
	for (size_t i = 0; i < t->nidentifiers; i++) {
		const struct identifier *id = &t->identifiers[i];
		const char *const columns[] = { id->column, id->subject, id->valid_from, id->valid_until };

		if (!grant_columns(to, id->table ? id->table : t->root, columns, ARRAY_SIZE(columns), d))
			return false;
	}
	return true;
}

/* The search after an erasure reads tables without a rule as well. */
static bool grant_residual(struct setup *to, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!residual_tables(to->c, to->ctx->db, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if ((!i || !streq(res_text(res, i, 0), res_text(res, i - 1, 0))) && !grant_relation(to, res, i, 4, d))
			return false;
	return true;
}

static bool grant_rules(struct setup *to, bool try, struct diag *d)
{
	const struct database *db = to->ctx->db;

	to->try = try;
	for (size_t i = 0; i < to->ctx->policy->nsubjects; i++)
		if (!grant_subject(to, &to->ctx->policy->subjects[i], d)) {
			diag_where(d, "subject %s", to->ctx->policy->subjects[i].name);
			return false;
		}
	for (size_t i = 0; i < db->nrules; i++)
		if (!grant_rule(to, &db->rules[i], d)) {
			diag_where(d, "rule %s, table %s", db->rules[i].name, db->rules[i].table);
			return false;
		}
	return !to->ctx->policy->nsubjects || grant_residual(to, d);
}

static json_t *texts(const char *const *v, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(array, json_text(v[i]));
	return array;
}

static void print_json(const struct setup *to, int code)
{
	json_t *root = json_object();

	json_put(root, "schema", json_text("pgretain.init/1"));
	json_put(root, "database", json_text(to->ctx->db->name));
	json_put(root, "version", json_count(ledger_version()));
	json_put(root, "applied", json_count(to->applied));
	json_put(root, "granted", json_count(to->granted));
	json_put(root, "grants_missing", texts(to->grants.v, to->grants.n));
	json_put(root, "tables_missing", texts(to->absent.v, to->absent.n));
	json_put(root, "exit", json_count(code));
	ctx_print_json(to->ctx, root);
}

static void print_text(const struct setup *to)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "Database %s: schema pgretain is at version %d, %d migrations applied, %lld grants given.\n",
		    to->ctx->db->name, ledger_version(), to->applied, (long long)to->granted);
	if (!to->applied && !to->granted && !to->grants.n)
		strbuf_adds(&sb, "There was nothing to do.\n");
	for (size_t i = 0; i < to->absent.n; i++)
		strbuf_addf(&sb, "Not there yet: table %s. pgretain check says more; init again when it is.\n",
			    to->absent.v[i]);
	if (to->grants.n)
		strbuf_adds(&sb, "\nThis role may not give these rights; their owner or a superuser can:\n");
	for (size_t i = 0; i < to->grants.n; i++)
		strbuf_addf(&sb, "    %s;\n", to->grants.v[i]);
	ctx_print(to->ctx, &sb);
}

static bool init_all(struct setup *to, struct diag *d)
{
	const struct ledger_init how = { opts_flag(&to->ctx->opts, "adopt"), to->ctx->actor };
	const char *log = ctx_replay_log(to->ctx);

	return ledger_init(to->c, &how, &to->applied, d) &&
		ledger_require(to->c, log, d) &&
		grant_rules(to, true, d) && grant_rules(to, false, d) &&
		ctx_export(to->ctx, to->c, d);
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, false);
	struct setup to = { .ctx = ctx, .c = c };
	struct diag d = DIAG_INIT;
	int code;

	(void)argc;
	(void)argv;
	if (!c)
		return EXIT_REFUSED;
	if (!init_all(&to, &d))
		return ctx_fail(ctx, &d);
	code = to.grants.n ? EXIT_HUMAN : EXIT_DONE;
	if (ctx->format == FORMAT_JSON)
		print_json(&to, code);
	else
		print_text(&to);
	return code;
}

static const struct opt options[] = {
	{ "adopt", NULL, "this clone goes its own way: its ledger gets a lineage of its own", 0, 0 },
	{ NULL, NULL, NULL, 0, 0 },
};

const struct command cmd_init = {
	.name = "init",
	.summary = "create or migrate the schema pgretain and its roles",
	.usage = "[--adopt]",
	.help = "Creates schema pgretain (ledger, holds, confirmations), the roles pgretain_runner,\n"
		"pgretain_clerk, pgretain_approver and pgretain_auditor, and gives pgretain_runner the rights\n"
		"that the rules need. A second time it does what is missing, else nothing. A restored or cloned\n"
		"database is refused: replay it, or --adopt it.\n"
		"Ends 2 when somebody else has to give a right; the statement is shown.\n"
		"\n"
		"Example:\n"
		"  pgretain init         Database shop: schema pgretain is at version 4, 4 migrations applied, …\n"
		"  psql -c 'GRANT pgretain_runner TO night'      lets the login of the nightly job run the rules\n",
	.options = options,
	.run = run,
};
