#include "ledger/ledger.h"
#include "ledger/replay_log.h"
#include "ledger/seal.h"
#include "base/strbuf.h"
#include "pg/sqltext.h"

#include <stdio.h>

struct chain {
	int64_t seq;			/* of the entry read last */
	char hash[SEAL_HEX];		/* as computed from it */
	struct replay_head outside;
	bool outside_seen;		/* the entry that the log knows is here */
	struct ledger_check check;
};

static bool broken(struct chain *ch, int64_t seq, const char *why)
{
	ch->check.whole = false;
	ch->check.broken_seq = seq;
	ch->check.why = why;
	return false;
}

static const char *fields_of(const PGresult *res, int row, const char *fields[SEAL_FIELDS])
{
	for (int i = 0; i < SEAL_FIELDS; i++)
		fields[i] = res_text_null(res, row, i);
	return res_text(res, row, SEAL_FIELDS);
}

static bool check_outside(struct chain *ch)
{
	const char *known = ch->outside.hash;

	if (!ch->outside.found || ch->outside.seq != ch->seq)
		return true;
	ch->outside_seen = strncmp(known, "sha256:", 7) == 0 && streq(known + 7, ch->hash);
	return ch->outside_seen || broken(ch, ch->seq, "the log outside the database knows another entry by this number");
}

/* false: broken here. */
static bool check_entry(struct chain *ch, const PGresult *res, int row)
{
	const char *fields[SEAL_FIELDS];
	const char *stored = fields_of(res, row, fields);
	int64_t seq = res_int(res, row, SEAL_SEQ);
	char hash[SEAL_HEX];

	if (seq != ch->seq + 1)
		return broken(ch, ch->seq + 1, ch->seq ? "it is missing" : "it is missing: the oldest entries are gone");
	if (!streq_null(fields[SEAL_PREV], ch->hash))
		return broken(ch, seq, "it does not link to the entry before");
	seal_hash(fields, hash);
	if (!streq(stored, hash))
		return broken(ch, seq, "its content is not what was written");
	ch->seq = seq;
	memcpy(ch->hash, hash, sizeof(hash));
	ch->check.entries++;
	return check_outside(ch);
}

static bool check_all(struct conn *c, struct chain *ch, struct diag *d)
{
	for (bool more = true; more && ch->check.whole;) {
		AUTO_RESULT *res = NULL;

		if (!conn_query(c, "FETCH 2000 FROM ledger_entries", NO_PARAMS, &res, d))
			return false;
		more = PQntuples(res) > 0;
		for (int i = 0; i < PQntuples(res) && ch->check.whole; i++)
			if (!check_entry(ch, res, i))
				break;
	}
	return true;
}

static bool check_end(struct conn *c, struct chain *ch, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!ch->check.whole)
		return true;
	if (!conn_query(c, sqltext_get("query/ledger_head"), NO_PARAMS, &res, d))
		return false;
	if (!ch->seq)
		broken(ch, 1, "it is missing: all entries are gone");
	else if (PQntuples(res) != 1)
		broken(ch, ch->seq, "the head's row is gone");
	else if (res_int(res, 0, 0) > ch->seq)
		broken(ch, ch->seq + 1, "it is missing: the newest entries are gone");
	else if (res_int(res, 0, 0) < ch->seq)
		broken(ch, res_int(res, 0, 0) + 1, "the head does not know it");
	else if (!streq(res_text(res, 0, 1), ch->hash))
		broken(ch, ch->seq, "the head names another entry as the newest");
	else if (ch->outside.found && !ch->outside_seen)
		broken(ch, ch->seq + 1, "it is missing: the log outside the database knows newer entries");
	return true;
}

static bool read_outside(struct conn *c, const char *replay_log, struct chain *ch, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!replay_log)
		return true;
	if (!conn_query(c, sqltext_get("query/ledger_lineage"), NO_PARAMS, &res, d) ||
	    !replay_log_head(replay_log, res_text(res, 0, 0), &ch->outside, d))
		return false;
	if (res_bool(res, 0, 1) && !ch->outside.found)
		broken(ch, 1, "the log outside the database has lost the head that was kept there");
	return true;
}

static bool verify_in_snapshot(struct conn *c, const char *replay_log, struct chain *ch, struct diag *d)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "DECLARE ledger_entries NO SCROLL CURSOR FOR %s", sqltext_get("query/ledger_verify"));
	return read_outside(c, replay_log, ch, d) &&
		conn_do(c, strbuf_str(&sql), NO_PARAMS, d) &&
		check_all(c, ch, d) && check_end(c, ch, d);
}

bool ledger_verify(struct conn *c, const char *replay_log, struct ledger_check *ret, struct diag *d)
{
	struct chain ch = { .check = { .whole = true } };
	struct diag end = DIAG_INIT;
	bool ok;

	seal_genesis(ch.hash);
	if (!conn_do(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NO_PARAMS, d))
		return false;
	ok = verify_in_snapshot(c, replay_log, &ch, d);
	if (!conn_do(c, "ROLLBACK", NO_PARAMS, &end) && ok) {
		*d = end;
		return false;
	}
	if (!ok)
		return false;
	snprintf(ch.check.head, sizeof(ch.check.head), "sha256:%s", ch.hash);
	*ret = ch.check;
	return true;
}
