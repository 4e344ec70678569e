#include "backup/meet.h"

#include "base/digest.h"
#include "base/strbuf.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "report/json.h"

#include <stdlib.h>

const char *meet_rules_digest(struct arena *a, const struct judge *j)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	char text[DIGEST_TEXT];

	for (size_t i = 0; i < j->nroles; i++)
		if (j->roles[i].kind == JUDGE_RULE && !j->roles[i].remembered)
			strbuf_addf(&sb, "%s\t%s\n", j->roles[i].rule, j->roles[i].definition ? j->roles[i].definition : "");
	digest_text(strbuf_str(&sb), sb.len, text);
	return arena_strdup(a, text);
}

/* ---- the proof as JSON ---- */

/* A follower is judged by the rules that it follows, too. */
static json_t *definitions_json(const struct judge *j, size_t role)
{
	json_t *o = json_object();

	for (const struct judge_role *r = &j->roles[role];; r = &j->roles[r->ways[0].upper]) {
		json_put(o, r->rule, json_text(r->definition));
		if (!r->nways)
			return o;
	}
}

static json_t *rules_json(const struct backup_proof *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->nleft; i++) {
		const struct judge_role *r = &p->judge->roles[i];
		json_t *o;

		if (r->kind != JUDGE_RULE || r->remembered || (!r->definition && p->left[i].present))
			continue;
		o = json_object();
		json_put(o, "rule", json_text(r->rule));
		json_put(o, "present", json_boolean(p->left[i].present));
		json_put(o, "rows", json_count((int64_t)p->left[i].rows));
		json_put(o, "reach", json_text(r->reach));
		json_put(o, "definitions", definitions_json(p->judge, i));
		json_add(list, o);
	}
	return list;
}

/* Entries of the ledger of whose rows some stay. */
static json_t *unmet_json(const struct backup_proof *p)
{
	json_t *list = json_array();
	char hex[SECRET_MAC_TEXT];

	for (size_t i = 0; i < p->judge->nbatches; i++) {
		json_t *o;

		if (!p->unmet[i])
			continue;
		secret_mac_text(p->judge->batches[i].entry, hex);
		o = json_object();
		json_put(o, "entry", json_text(hex));
		json_put(o, "rows", json_count((int64_t)p->unmet[i]));
		json_add(list, o);
	}
	return list;
}

json_t *meet_table_json(const struct backup_table *t)
{
	json_t *o = json_object();

	json_put(o, "table", json_text(t->table));
	json_put(o, "rows_in", json_count((int64_t)t->rows_in));
	json_put(o, "dropped", json_count((int64_t)t->dropped));
	json_put(o, "altered", json_count((int64_t)t->altered));
	json_put(o, "held", json_count((int64_t)t->held));
	json_put(o, "blocked", json_count((int64_t)t->blocked));
	json_put(o, "rows_out", json_count((int64_t)t->rows_out));
	return o;
}

static json_t *tables_json(const struct backup_outcome *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < out->tables.n; i++)
		json_add(list, meet_table_json(&out->tables.v[i]));
	return list;
}

/* A table that was renamed since may hold a rule's rows under its old name. */
static bool unknown_json(struct meeting *m, const struct backup_proof *p, json_t **ret, struct diag *d)
{
	const char **schemas = arena_alloc(m->a, (p->ntables + 1) * sizeof(*schemas));
	const char **names = arena_alloc(m->a, (p->ntables + 1) * sizeof(*names));
	AUTO_RESULT *res = NULL;

	for (size_t i = 0; i < p->ntables; i++) {
		schemas[i] = p->tables[i].schema;
		names[i] = p->tables[i].name;
	}
	if (!conn_query_text(m->c, sqltext_get("query/backup_unknown"), &res, d,
			     cat_array_literal(m->a, schemas, p->ntables), cat_array_literal(m->a, names, p->ntables)))
		return false;
	*ret = json_array();
	for (int i = 0; i < PQntuples(res); i++)
		json_add(*ret, json_text(res_text(res, i, 0)));
	return true;
}

static bool proof_text(struct meeting *m, const struct backup_proof *p, const char **ret, struct diag *d)
{
	json_t *o, *unknown;
	char *text;

	if (!unknown_json(m, p, &unknown, d))
		return false;
	o = json_object();
	json_put(o, "status", json_text(p->outcome->status == BACKUP_UNCHANGED ? "unchanged" : "rewritten"));
	json_put(o, "sha256", json_text(p->sha256));
	json_put(o, "size", p->size < 0 ? json_null() : json_count(p->size));
	json_put(o, "as_of", json_text(p->judge->as_of));
	json_put(o, "epoch", json_count(p->judge->hold_epoch));
	json_put(o, "rules_digest", json_text(meet_rules_digest(m->a, p->judge)));
	json_put(o, "vault", json_boolean(p->vault));
	json_put(o, "actor", json_text(m->actor));
	json_put(o, "tables", tables_json(p->outcome));
	json_put(o, "rules", rules_json(p));
	json_put(o, "unknown", unknown);
	json_put(o, "ledger_seq", json_count(p->judge->ledger_seq));
	json_put(o, "unmet", unmet_json(p));
	text = json_dumps(o, JSON_COMPACT);
	*ret = arena_strdup(m->a, text);
	free(text);
	json_decref(o);
	return true;
}

/* ---- the catalogue ---- */

bool meet_intend(void *meeting, const struct backup_proof *p, struct diag *d)
{
	struct meeting *m = meeting;
	AUTO_RESULT *res = NULL;
	const char *proof;

	return proof_text(m, p, &proof, d) &&
		conn_query_text(m->c, sqltext_get("query/backup_intend"), &res, d, m->set, p->identity, proof);
}

bool meet_finish(struct meeting *m, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(m->c, sqltext_get("query/backup_finish"), &res, d, m->set,
			     arena_printf(m->a, "%lld", (long long)m->skew_ms)))
		return false;
	m->runs = res_int(res, 0, 0);
	m->requests = res_int(res, 0, 1);
	m->unmet = res_int(res, 0, 2);
	return true;
}

bool meet_settle(void *meeting, const struct backup_proof *p, struct diag *d)
{
	struct meeting *m = meeting;

	if (p->outcome->status == BACKUP_UNCHANGED && !meet_intend(m, p, d))
		return false;
	return meet_finish(m, d);
}
