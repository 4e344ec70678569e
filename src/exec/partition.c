#include "exec/partition.h"

#include "base/fault.h"
#include "exec/revive.h"
#include "exec/shape.h"

static bool rollback(struct conn *c, struct diag *d)
{
	return conn_do(c, "ROLLBACK", NO_PARAMS, d);
}

static bool check(struct conn *c, const struct sweep *w, const struct plan_relation *p, int64_t *all, int64_t *kept,
		  struct diag *d)
{
	const struct plan_step *s = w->work.step;
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_RESULT *res = NULL;

	plan_stmt_for(&s->drop_check, p->sql, &sql);
	if (!conn_query(c, strbuf_str(&sql), (struct params){ s->params.n, s->params.types, s->params.values }, &res, d))
		return false;
	*all = res_int(res, 0, 0);
	*kept = res_int(res, 0, 1);
	return true;
}

static bool statement(struct conn *c, const char *fmt, const char *relation, struct diag *d)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_adds(&sql, fmt);
	strbuf_adds(&sql, relation);
	return conn_do(c, strbuf_str(&sql), NO_PARAMS, d);
}

static bool epoch_holds(struct conn *c, const struct sweep *w, bool *ok, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, "SELECT pgretain.hold_lock_shared()", NO_PARAMS, &res, d))
		return false;
	*ok = res_int(res, 0, 0) == w->plan->hold_epoch;
	return true;
}

static bool evidence(struct conn *c, struct sweep *w, int64_t rows, struct diag *d)
{
	const struct plan_step *s = w->work.step;
	char detail[96];
	struct ledger_entry e = {
		.kind = "batch", .run = w->work.run, .rule = s->rule->name, .table = s->table, .action = "delete",
		.rows = rows, .as_of = w->plan->as_of, .actor = w->work.actor, .detail = detail,
	};

	snprintf(detail, sizeof(detail), "{\"batch\": %lld, \"epoch\": %lld, \"partition\": true}", (long long)++*w->batch,
		 (long long)w->plan->hold_epoch);
	return ledger_append(c, &e, d);
}

/* In one transaction: holds' lock, the partition's lock, the schema, the count, the drop, the evidence. A schema
 * that is not the plan's is left to the units, which find the same. */
static bool drop_one(struct conn *c, struct sweep *w, const struct plan_relation *p, int64_t *rows, struct diag *d)
{
	int64_t kept;
	bool same;

	*rows = -1;
	if (!conn_do(c, "BEGIN", NO_PARAMS, d))
		return false;
	if (!epoch_holds(c, w, &same, d))
		return false;
	if (!same)
		return rollback(c, d);
	if (!statement(c, "LOCK TABLE ONLY ", p->root_sql, d) || !statement(c, "LOCK TABLE ONLY ", p->sql, d))
		return false;
	if (!shape_same(c, w->plan, &p->shape, &same, d) || !check(c, w, p, rows, &kept, d))
		return false;
	if (!same || kept || !*rows) {
		*rows = -1;
		return rollback(c, d);
	}
	FAULT_POINT(partition_begin);
	if (!statement(c, "DROP TABLE ", p->sql, d))
		return false;
	FAULT_POINT(partition_drop);
	if (!evidence(c, w, *rows, d))
		return false;
	FAULT_POINT(partition_commit);
	return conn_do(c, "COMMIT", NO_PARAMS, d);
}

static bool lock_timeout(struct conn *c, int64_t ms, struct diag *d)
{
	char text[24];
	AUTO_RESULT *res = NULL;

	snprintf(text, sizeof(text), "%lld", (long long)ms);
	return conn_query_text(c, "SELECT pg_catalog.set_config('lock_timeout', $1, false)", &res, d, text);
}

static void dropped(struct sweep *w, size_t relation, int64_t rows)
{
	w->step->acted += rows;
	w->step->transactions++;
	w->queue.dropped[relation] = true;
}

/* The connection was lost before the answer to COMMIT: the ledger tells. */
static bool settle_doubt(struct conn *control, struct sweep *w, struct diag *d)
{
	bool known;

	if (!w->drop.unsure)
		return true;
	if (!revive_batch_known(control, w->o, w->drop.batch, &known, d))
		return false;
	w->drop.unsure = false;
	if (known)
		dropped(w, w->drop.relation, w->drop.rows);
	return true;
}

/* Before its ledger entry nothing can have been committed. */
static void doubt(struct sweep *w, size_t relation, int64_t rows, int64_t batch_before)
{
	w->drop.unsure = *w->batch != batch_before;
	w->drop.relation = relation;
	w->drop.rows = rows;
	w->drop.batch = *w->batch;
}

bool partitions_drop(struct conn *control, struct sweep *w, struct diag *d)
{
	const struct plan_step *s = w->work.step;

	if (!settle_doubt(control, w, d))
		return false;
	for (size_t i = 0; i < s->nrelations; i++) {
		struct diag why = DIAG_INIT;
		int64_t rows, batch = *w->batch;

		if (s->relations[i].strategy != STRATEGY_PARTITION || w->queue.dropped[i] || w->o->stop_requested())
			continue;
		if (!lock_timeout(control, w->limits.lock_timeout_ms, d))
			return false;
		if (drop_one(control, w, &s->relations[i], &rows, &why)) {
			if (rows >= 0)
				dropped(w, i, rows);
			continue;
		}
		if (revive_needed(control, &why)) {
			doubt(w, i, rows, batch);
			*d = why;
			return false;
		}
		if (!rollback(control, d))
			return false;
	}
	return true;
}
