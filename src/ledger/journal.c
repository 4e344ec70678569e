/* What has changed goes from the journal into the log outside, and then the head. */
#include "ledger/ledger.h"
#include "ledger/lineage.h"
#include "ledger/replay.h"

#include "base/fault.h"
#include "base/instant.h"
#include "pg/sqltext.h"

#define PORTION 200

static json_t *rows_line(const struct replay_place *place, struct arena *a, const struct lineage *l, const PGresult *res, int i)
{
	json_t *o = json_object();

	json_object_set_new(o, "kind", json_string("rows"));
	json_object_set_new(o, "lineage", json_string(l->uuid));
	json_object_set_new(o, "table", json_string(res_text(res, i, 1)));
	if (place->key)
		json_object_set_new(o, "sealed", json_string(secret_seal(a, place->key, REPLAY_CONTEXT, res_text(res, i, 2))));
	else
		json_object_set_new(o, "rows", json_loads(res_text(res, i, 2), 0, NULL));
	return o;
}

static const char *ids_of(struct arena *a, const PGresult *res)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addc(&sb, '{');
	for (int i = 0; i < PQntuples(res); i++)
		strbuf_addf(&sb, "%s%s", i ? "," : "", res_text(res, i, 0));
	strbuf_addc(&sb, '}');
	return arena_strdup(a, strbuf_str(&sb));
}

/* Durable first, then forgotten here: a death in between writes them twice, which a replay does not mind. */
static bool export_portion(struct conn *c, const struct replay_place *place, const struct lineage *l, struct replay_log *log,
			   int *n, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	AUTO_RESULT *res = NULL, *done = NULL;
	char most[12];

	snprintf(most, sizeof(most), "%d", PORTION);
	if (!conn_query_text(c, sqltext_get("query/journal_take"), &res, d, most))
		return false;
	*n = PQntuples(res);
	for (int i = 0; i < *n; i++)
		replay_log_add(log, rows_line(place, a, l, res, i));
	if (!*n)
		return true;
	if (!replay_log_flush(log, d))
		return false;
	FAULT_POINT(log_kept);
	return conn_query_text(c, sqltext_get("query/journal_done"), &done, d, ids_of(a, res));
}

static bool export_rows(struct conn *c, const struct replay_place *place, const struct lineage *l, struct replay_log *log,
			struct diag *d)
{
	int n = PORTION;

	while (n == PORTION)
		if (!export_portion(c, place, l, log, &n, d))
			return false;
	return true;
}

static json_t *head_line(const struct lineage *l)
{
	char at[INSTANT_TEXT];

	return json_pack("{ss ss sI ss ss}", "kind", "head", "lineage", l->uuid, "seq", (json_int_t)l->seq, "hash", l->hash,
			 "at", instant_format(instant_host_now(), at));
}

/* The head is read after the rows: what stands before a head in the log had been committed by then. */
static bool export_head(struct conn *c, const struct replay_head *known, struct replay_log *log, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct lineage l;
	char seq[24];

	if (!lineage_read(c, &l, d))
		return false;
	if (known->found && known->seq == l.seq && streq(known->hash, l.hash))
		return true;
	snprintf(seq, sizeof(seq), "%lld", (long long)l.seq);
	replay_log_add(log, head_line(&l));
	if (!replay_log_flush(log, d))
		return false;
	FAULT_POINT(log_head);
	return conn_query_text(c, sqltext_get("query/ledger_head_kept"), &res, d, seq);
}

static bool not_behind(const char *path, const struct lineage *l, const struct replay_head *known, struct diag *d)
{
	if (!known->found || known->seq < l->seq || (known->seq == l->seq && streq(known->hash, l->hash)))
		return true;
	diag_fail(d, DIAG_GUARD, "the replay log knows ledger entry %lld, the database's ledger ends at %lld",
		  (long long)known->seq, (long long)l->seq);
	diag_where(d, "%s", path);
	diag_hint(d, "the database is older than its log: replay first");
	return false;
}

bool ledger_export(struct conn *c, const struct replay_place *place, struct diag *d)
{
	AUTO_REPLAY_LOG log = REPLAY_LOG_INIT;
	struct replay_head known;
	struct lineage l;

	FAULT_POINT(head_export);
	if (!place)
		return true;
	return replay_log_open(&log, place->path, d) && lineage_read(c, &l, d) &&
		replay_log_head(place->path, l.uuid, &known, d) && not_behind(place->path, &l, &known, d) &&
		(l.head_kept || conn_do(c, sqltext_get("query/journal_begin"), NO_PARAMS, d)) &&
		export_rows(c, place, &l, &log, d) && export_head(c, &known, &log, d);
}
