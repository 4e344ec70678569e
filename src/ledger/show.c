#include "ledger/ledger.h"
#include "base/strbuf.h"
#include "pg/sqltext.h"

static void row_of(const PGresult *r, int i, struct ledger_row *row)
{
	*row = (struct ledger_row){
		.seq = res_text(r, i, 0), .kind = res_text(r, i, 1), .run = res_text_null(r, i, 2),
		.rule = res_text_null(r, i, 3), .table = res_text_null(r, i, 4), .action = res_text_null(r, i, 5),
		.rows = res_text_null(r, i, 6), .as_of = res_text_null(r, i, 7), .at = res_text(r, i, 8),
		.actor = res_text_null(r, i, 9), .login = res_text(r, i, 10), .detail = res_text(r, i, 11),
		.prev = res_text(r, i, 12), .hash = res_text(r, i, 13),
		.rule_digest = res_text_null(r, i, 14), .rule_text = res_text_null(r, i, 15),
	};
}

static bool show_all(struct conn *c, ledger_each *each, void *arg, struct diag *d)
{
	for (int n = 1; n;) {
		AUTO_RESULT *res = NULL;

		if (!conn_query(c, "FETCH 500 FROM ledger_entries", NO_PARAMS, &res, d))
			return false;
		n = PQntuples(res);
		for (int i = 0; i < n; i++) {
			struct ledger_row row;

			row_of(res, i, &row);
			if (!each(arg, &row, d))
				return false;
		}
	}
	return true;
}

/* The table as the ledger writes it, whatever way of quoting it was asked with. */
static bool table_name(struct conn *c, const char *table, PGresult **ret, struct diag *d)
{
	if (conn_query_text(c, sqltext_get("query/ledger_table_name"), ret, d, table))
		return true;
	if (streq(d->sqlstate, "22023")) {
		diag_fail(d, DIAG_USAGE, "'%s' is not a table's name", table);
		diag_hint(d, "write it as in SQL: shop.orders, shop.\"Order\"");
	}
	return false;
}

static bool show_in_snapshot(struct conn *c, const struct ledger_filter *f, ledger_each *each, void *arg,
			     struct diag *d)
{
	AUTO_RESULT *name = NULL;
	AUTO_STRBUF sql = STRBUF_INIT;
	const char *values[6] = { f->rule, NULL, f->since, f->until, f->run, f->kind };

	if (f->table && !table_name(c, f->table, &name, d))
		return false;
	values[1] = f->table ? res_text(name, 0, 0) : NULL;
	strbuf_addf(&sql, "DECLARE ledger_entries NO SCROLL CURSOR FOR %s", sqltext_get("query/ledger_show"));
	return conn_do(c, strbuf_str(&sql), (struct params){ 6, NULL, values }, d) && show_all(c, each, arg, d);
}

bool ledger_show(struct conn *c, const struct ledger_filter *f, ledger_each *each, void *arg, struct diag *d)
{
	struct diag end = DIAG_INIT;
	bool ok;

	if (!conn_do(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NO_PARAMS, d))
		return false;
	ok = show_in_snapshot(c, f, each, arg, d);
	if (!conn_do(c, "ROLLBACK", NO_PARAMS, &end) && ok) {
		*d = end;
		return false;
	}
	return ok;
}
