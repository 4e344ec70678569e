#include "ledger/replay.h"

#include "ledger/ledger.h"
#include "ledger/lineage.h"
#include "pg/sqltext.h"

#include <uuid/uuid.h>

/* ---- what the database knows already ---- */

struct common {
	struct lineage own;
	struct replay *r;
	struct arena *a;
	int64_t line;
	VEC(int64_t) lines, seqs;
	VEC(const char *) hashes;
};

static bool note_head(void *arg, const json_t *o, int64_t number, struct diag *d)
{
	struct common *k = arg;

	(void)d;
	k->r->lines = number;
	if (!streq(json_string_value(json_object_get(o, "kind")), "head") ||
	    !streq(json_string_value(json_object_get(o, "lineage")), k->own.uuid))
		return true;
	k->r->log_seq = json_integer_value(json_object_get(o, "seq"));
	vec_push(k->a, &k->lines, number);
	vec_push(k->a, &k->seqs, k->r->log_seq);
	vec_push(k->a, &k->hashes, arena_strdup(k->a, json_string_value(json_object_get(o, "hash"))));
	return true;
}

static bool has_entry(struct conn *c, int64_t seq, const char *hash, bool *ret, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)seq);
	if (!conn_query_text(c, sqltext_get("query/ledger_hash_of"), &res, d, text))
		return false;
	*ret = PQntuples(res) == 1 && streq(res_text(res, 0, 0), hash);
	return true;
}

/* Heads that the ledger has are the first ones: by halves. */
static bool common_heads(struct conn *c, const struct common *k, size_t *ret, struct diag *d)
{
	size_t lo = 0, hi = k->seqs.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		bool has;

		if (!has_entry(c, k->seqs.v[mid], k->hashes.v[mid], &has, d))
			return false;
		if (has)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret = lo;
	return true;
}

/* Of a replay that died here; a backup of such a database, restored elsewhere, is a restored database. */
static bool is_unfinished(const struct lineage *l)
{
	return l->replaying && l->same_system && l->same_database && l->same_timeline;
}

/* What stands before a head had been committed when the head was read; the database holds an entry that came
 * later, so it holds all of that: everything up to the last but one of the heads that it knows. */
bool replay_check(struct conn *c, const struct replay_place *place, struct replay *r, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct common k = { .r = r, .a = a };
	size_t known;

	if (!lineage_read(c, &k.own, d) || !replay_log_each(place->path, note_head, &k, d))
		return false;
	r->seq = k.own.seq;
	/* a replay that died before its first export: its lineage is not in the log yet, what it put back is here */
	if (!k.seqs.n && !is_unfinished(&k.own)) {
		diag_fail(d, DIAG_GUARD, "the replay log has no line of this database's ledger");
		diag_where(d, "%s", place->path);
		diag_hint(d, "give it the log of the database that the backup was taken of; a clone that goes its own way: "
			  "pgretain init --adopt");
		return false;
	}
	if (!common_heads(c, &k, &known, d))
		return false;
	r->skipped = known > 1 ? k.lines.v[known - 2] : 0;
	return true;
}

bool replay_unfinished(struct conn *c, struct replay *r, struct diag *d)
{
	struct lineage own;

	if (!lineage_read(c, &own, d))
		return false;
	if (is_unfinished(&own))
		memcpy(r->lineage, own.uuid, sizeof(r->lineage));
	return true;
}

/* ---- reading ---- */

struct reading {
	struct conn *c;
	const struct replay_place *place;
	const struct replay *r;
};

static const char *rows_of(const struct reading *g, struct arena *a, const json_t *o, struct diag *d)
{
	const char *sealed = json_string_value(json_object_get(o, "sealed")), *copy = NULL;
	char *text;

	if (!sealed) {
		text = json_dumps(json_object_get(o, "rows"), JSON_COMPACT);
		copy = text ? arena_strdup(a, text) : NULL;
		free(text);
	} else if (g->place->key) {
		copy = secret_open(a, g->place->key, REPLAY_CONTEXT, sealed);
	}
	if (copy)
		return copy;
	diag_fail(d, DIAG_GUARD, "%s", !sealed ? "the replay log is damaged: a line without its rows" :
		  g->place->key ? "the replay log was sealed under another key file" :
		  "the replay log is sealed, and the configuration names no key_file");
	return NULL;
}

static bool read_row(void *arg, const json_t *o, int64_t number, struct diag *d)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	const struct reading *g = arg;
	const char *table = json_string_value(json_object_get(o, "table")), *rows;
	AUTO_RESULT *res = NULL;
	char line[24];

	if (number <= g->r->skipped || !streq(json_string_value(json_object_get(o, "kind")), "rows"))
		return true;
	rows = table ? rows_of(g, a, o, d) : NULL;
	if (!rows) {
		diag_where(d, "%s:%lld", g->place->path, (long long)number);
		return table ? false : diag_fail(d, DIAG_GUARD, "the replay log is damaged: a line without its table");
	}
	snprintf(line, sizeof(line), "%lld", (long long)number);
	return conn_query_text(g->c, sqltext_get("query/replay_row"), &res, d, line, table, rows);
}

/* ---- putting back ---- */

static bool take_erased(struct conn *c, struct arena *a, struct replay *r, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(c, sqltext_get("query/replay_erased"), NO_PARAMS, &res, d))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		const char *id = arena_strdup(a, res_text(res, i, 0));

		if (!r->requests.n || !streq(r->requests.v[r->requests.n - 1], id))
			vec_push(a, &r->requests, id);
		if (res_text_null(res, i, 1))
			vec_push(a, &r->erased, ((struct replay_erased){ id, arena_strdup(a, res_text(res, i, 1)),
					arena_strdup(a, res_text(res, i, 2)), res_int(res, i, 3) }));
	}
	return true;
}

static bool apply(struct conn *c, const char *actor, struct arena *a, struct replay *r, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(c, sqltext_get("query/replay_apply"), &res, d, actor))
		return false;
	for (int i = 0; i < PQntuples(res); i++)
		if (res_int(res, i, 1))
			vec_push(a, &r->changes,
				 ((struct replay_change){ arena_strdup(a, res_text(res, i, 0)), res_int(res, i, 1) }));
	return true;
}

bool replay_restore(struct conn *c, const struct replay_place *place, const char *actor, struct arena *a, struct replay *r,
		    struct diag *d)
{
	struct reading g = { c, place, r };
	AUTO_RESULT *res = NULL;
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, r->lineage);
	return conn_query_text(c, sqltext_get("query/replay_adopt"), &res, d, r->lineage, actor) &&
		replay_log_each(place->path, read_row, &g, d) && apply(c, actor, a, r, d) && take_erased(c, a, r, d) &&
		conn_do(c, sqltext_get("query/replay_rows_clear"), NO_PARAMS, d);
}

bool replay_open_gate(struct conn *c, const char *actor, const struct replay *r, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	return conn_query_text(c, sqltext_get("query/replay_open"), &res, d, r->lineage, actor);
}
