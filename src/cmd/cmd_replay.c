/* After a restore: what the backup does not know of is put back and erased again, before anyone is let in. */
#include "cmd/connect.h"
#include "cmd/erasure.h"
#include "cmd/run_session.h"
#include "cmd/self.h"

#include "base/fault.h"
#include "base/log.h"
#include "exec/lane.h"
#include "ledger/ledger.h"
#include "ledger/replay.h"
#include "pg/catalog.h"
#include "pg/sqltext.h"
#include "plan/reborn.h"
#include "report/json.h"

#include <math.h>
#include <stdlib.h>

struct replaying {
	struct ctx *ctx;
	const struct database *db;
	struct conn *conn;
	const struct replay_place *place;
	struct replay r;
	bool needed, resumed, opened;
	int exit;
};

/* ---- is there anything to do? ---- */

static bool look(struct replaying *p, struct diag *d)
{
	enum ledger_state state;
	struct diag why = DIAG_INIT;

	if (!replay_check(p->conn, p->place, &p->r, d))
		return false;
	if (!ledger_probe(p->conn, p->place->path, &state, &why)) {
		*d = why;
		return false;
	}
	if (state != LEDGER_CURRENT && state != LEDGER_FOREIGN)
		return ledger_require(p->conn, p->place->path, d);
	p->needed = state == LEDGER_FOREIGN;
	return true;
}

/* ---- requests whose person's key is somebody else's by now ---- */

static bool spare(struct replaying *p, const char *id, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	vec_push(p->ctx->arena, &p->r.spared, arena_strdup(p->ctx->arena, id));
	log_event(LOG_LEVEL_WARN, "replay.spared", LOG_S("request", id), LOG_S("why", "the key was used again"));
	return conn_query_text(p->conn, sqltext_get("query/replay_spare"), &res, d, id, p->ctx->actor);
}

static bool spare_reborn(struct replaying *p, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query_text(p->conn, sqltext_get("query/replay_people"), &res, d,
			     cat_array_literal(p->ctx->arena, p->r.requests.v, p->r.requests.n)))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		const struct subject_type *type = policy_subject(p->ctx->policy, res_text(res, i, 1));
		bool reborn = false;

		if (type && !subject_reborn(p->conn, p->db, type, res_text(res, i, 2), res_text(res, i, 3), &reborn, d))
			return false;
		if (reborn && !spare(p, res_text(res, i, 0), d))
			return false;
	}
	return true;
}

/* ---- the steps ---- */

/* All or nothing: holds are in force again before the first row goes. */
static bool put_back(struct replaying *p, bool dry, struct diag *d)
{
	struct diag ignored = DIAG_INIT;
	bool ok;

	if (!conn_do(p->conn, "BEGIN", NO_PARAMS, d))
		return false;
	ok = replay_restore(p->conn, p->place, p->ctx->actor, p->ctx->arena, &p->r, d) && spare_reborn(p, d);
	if (ok && !dry)
		return conn_do(p->conn, "COMMIT", NO_PARAMS, d) && ledger_export(p->conn, p->place, d);
	if (!conn_do(p->conn, "ROLLBACK", NO_PARAMS, &ignored) && ok) {
		*d = ignored;
		return false;
	}
	if (!ok && streq(d->sqlstate, "42501"))
		diag_hint(d, "a replay needs the role that ran init, or a superuser");
	return ok;
}

/* Rules that a run was allowed to use. */
static bool confirmed_rules(struct replaying *p, struct plan_options *o, struct diag *d)
{
	const char **names = arena_alloc(p->ctx->arena, (p->db->nrules + 1) * sizeof(*names));
	struct confirmation *known;
	size_t n;

	if (!ledger_confirmations(p->conn, p->ctx->arena, &n, &known, d))
		return false;
	o->rules = names;
	for (size_t i = 0; i < p->db->nrules; i++)
		for (size_t k = 0; k < n; k++)
			if (streq(p->db->rules[i].name, known[k].rule))
				names[o->nrules++] = known[k].rule;
	return true;
}

static int erase_overdue(struct replaying *p)
{
	struct run_session r = { .ctx = p->ctx, .db = p->db, .began_ms = clock_ms(), .replay_log = p->place->path,
				 .quiet = true, .deadline_ms = 0 };
	struct diag d = DIAG_INIT;
	int code;

	if (!confirmed_rules(p, &r.o, &d))
		return ctx_fail(p->ctx, &d);
	if (!r.o.nrules)
		return EXIT_DONE;
	code = run_rules(&r, false);
	run_session_done(&r);
	return code;
}

static bool went(int code)
{
	return code == EXIT_DONE || code == EXIT_HUMAN;
}

static int act(struct replaying *p, struct diag *d)
{
	int code;

	/* one that died before its first export has no line in the log, and nobody acts without */
	if (p->resumed ? !ledger_export(p->conn, p->place, d) : !put_back(p, false, d))
		return ctx_fail(p->ctx, d);
	setenv(REPLAY_ENVIRONMENT, p->r.lineage, 1);
	code = erasure_again(p->ctx, p->db);
	FAULT_POINT(replay_erased);
	if (went(code))
		code = exit_worse(code, erase_overdue(p));
	if (!went(code))
		return code;
	FAULT_POINT(replay_gate);
	if (!replay_open_gate(p->conn, p->ctx->actor, &p->r, d) || !ledger_export(p->conn, p->place, d))
		return ctx_fail(p->ctx, d);
	p->opened = true;
	return p->r.spared.n ? EXIT_HUMAN : code;
}

/* ---- the report ---- */

static json_t *strings(const char *const *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(a, json_text(v[i]));
	return a;
}

static void print_json(const struct replaying *p, bool dry)
{
	json_t *o = json_object(), *changes = json_object(), *erased = json_array();

	for (size_t i = 0; i < p->r.changes.n; i++)
		json_put(changes, p->r.changes.v[i].table, json_count(p->r.changes.v[i].rows));
	for (size_t i = 0; i < p->r.erased.n; i++) {
		json_t *e = json_object();

		json_put(e, "request", json_text(p->r.erased.v[i].request));
		json_put(e, "rule", json_text(p->r.erased.v[i].rule));
		json_put(e, "table", json_text(p->r.erased.v[i].table));
		json_put(e, "rows", json_count(p->r.erased.v[i].rows));
		json_add(erased, e);
	}
	json_put(o, "schema", json_text("pgretain.replay/1"));
	json_put(o, "mode", json_text(dry ? "plan" : "run"));
	json_put(o, "database", json_text(p->db->name));
	json_put(o, "needed", json_boolean(p->needed));
	json_put(o, "ledger_seq", json_count(p->r.seq));
	json_put(o, "log_seq", json_count(p->r.log_seq));
	json_put(o, "log_lines", json_count(p->r.lines));
	json_put(o, "restored", changes);
	json_put(o, "requests", strings(p->r.requests.v, p->r.requests.n));
	json_put(o, "erased", erased);
	json_put(o, "spared", strings(p->r.spared.v, p->r.spared.n));
	json_put(o, "open", json_boolean(!p->needed || p->opened));
	json_put(o, "exit", json_count(p->exit));
	ctx_print_json(p->ctx, o);
}

static void text_changes(const struct replaying *p, struct strbuf *sb)
{
	for (size_t i = 0; i < p->r.changes.n; i++)
		strbuf_addf(sb, "    %-24s %lld\n", p->r.changes.v[i].table, (long long)p->r.changes.v[i].rows);
	if (!p->r.changes.n)
		strbuf_adds(sb, "    nothing\n");
}

static void text_erased(const struct replaying *p, struct strbuf *sb)
{
	const char *last = "";

	for (size_t i = 0; i < p->r.erased.n; i++) {
		const struct replay_erased *e = &p->r.erased.v[i];

		if (!e->rows)
			continue;
		if (!streq(last, e->request))
			strbuf_addf(sb, "  request %s\n", e->request);
		last = e->request;
		strbuf_addf(sb, "    %-24s %s: %lld rows\n", e->rule, e->table, (long long)e->rows);
	}
}

static void print_text(const struct replaying *p, bool dry)
{
	AUTO_STRBUF sb = STRBUF_INIT;

	strbuf_addf(&sb, "Replay log %s: %lld lines, whole.\n", p->place->path, (long long)p->r.lines);
	if (!p->needed) {
		strbuf_adds(&sb, "The database is not older than it: there is nothing to replay.\n");
		ctx_print(p->ctx, &sb);
		return;
	}
	strbuf_addf(&sb, "The database's ledger ends at entry %lld, the log knows entry %lld.\n", (long long)p->r.seq,
		    (long long)p->r.log_seq);
	if (!p->resumed) {
		strbuf_addf(&sb, "%s from the log, rows by table of schema pgretain:\n", dry ? "Would be put back" : "Put back");
		text_changes(p, &sb);
		strbuf_addf(&sb, "Requests %s again: %zu\n", dry ? "that would be executed" : "executed", p->r.requests.n);
		text_erased(p, &sb);
	}
	for (size_t i = 0; i < p->r.spared.n; i++)
		strbuf_addf(&sb, "Spared: the person's key of request %s was used again after its erasure; look at it by hand.\n",
			    p->r.spared.v[i]);
	strbuf_adds(&sb, dry ? "Then the confirmed rules would run; pgretain plan shows what is due.\n" :
		    p->opened ? "What is overdue has gone. The database is open; take a fresh base backup.\n" :
		    "The database stays closed: see above, mend it, and replay again.\n");
	ctx_print(p->ctx, &sb);
}

/* ---- the command ---- */

static bool prepare(struct replaying *p, struct diag *d)
{
	if (!ctx_replay_place(p->ctx, ctx_replay_log(p->ctx), &p->place, d))
		return false;
	if (p->place)
		return true;
	diag_fail(d, DIAG_USAGE, "the configuration names no replay_log for database \"%s\"", p->db->name);
	diag_hint(d, "replay_log = \"PATH\" beside the backups; give it the file that the lost database has written");
	return false;
}

static int repair(struct replaying *p)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	struct diag d = DIAG_INIT;
	int64_t bytes = 0;

	if (!prepare(p, &d) || !replay_log_repair(p->place->path, &bytes, &d))
		return ctx_fail(p->ctx, &d);
	if (bytes)
		strbuf_addf(&sb, "A torn last line of %lld bytes was moved to %s.torn\n", (long long)bytes, p->place->path);
	else
		strbuf_adds(&sb, "No line is torn.\n");
	ctx_print(p->ctx, &sb);
	return EXIT_DONE;
}

static int replay(struct replaying *p, bool dry)
{
	bool got = true;
	struct diag d = DIAG_INIT;

	if (!prepare(p, &d) || !look(p, &d) || (!dry && !ledger_job_lock(p->conn, "replay", &got, &d)))
		return ctx_fail(p->ctx, &d);
	if (!got) {
		diag_fail(&d, DIAG_GUARD, "another replay is going on in database \"%s\"", p->db->name);
		return ctx_fail(p->ctx, &d);
	}
	if (!replay_unfinished(p->conn, &p->r, &d))
		return ctx_fail(p->ctx, &d);
	p->resumed = p->needed && *p->r.lineage;
	if (p->needed && !dry)
		p->exit = act(p, &d);
	else if (p->needed && !p->resumed && !put_back(p, true, &d))
		return ctx_fail(p->ctx, &d);
	if (p->needed && dry && p->r.spared.n)
		p->exit = EXIT_HUMAN;
	if (p->ctx->format == FORMAT_JSON)
		print_json(p, dry);
	else
		print_text(p, dry);
	return p->exit;
}

static int run(struct ctx *ctx, int argc, char **argv)
{
	AUTO_CONN *c = ctx_connect(ctx, false);
	struct replaying p = { .ctx = ctx, .db = ctx->db, .conn = c };

	(void)argc;
	(void)argv;
	if (!c)
		return EXIT_REFUSED;
	return opts_flag(&ctx->opts, "repair") ? repair(&p) : replay(&p, opts_flag(&ctx->opts, "dry-run"));
}

static const struct opt options[] = {
	{ .name = "dry-run", .help = "what would be put back and erased again; changes nothing" },
	{ .name = "repair", .help = "takes a torn last line of the log away, into LOG.torn; read it first" },
	{ .name = NULL },
};

const struct command cmd_replay = {
	.name = "replay",
	.summary = "after a restore: past erasures and overdue rules, before anyone is let in",
	.usage = "",
	.help =
		"A restored database is older than the log that stands outside of it (replay_log), and pgretain\n"
		"refuses to act on it. Replay puts back what the backup does not know of (holds first, then\n"
		"requests, grounds and confirmations), executes past erasures again by the same plan, runs the\n"
		"confirmed rules, and then opens the database. Killed, it goes on where it stood; a second time\n"
		"there is nothing to do.\n"
		"\n"
		"A person's key that was used again after the erasure is another person's: spared, and exit 2.\n"
		"A log that is missing, empty, cut or altered is refused.\n"
		"\n"
		"Keep everyone out until then: scripts/restore-gate. Take a fresh base backup afterwards.\n"
		"\n"
		"Example:\n"
		"  pgretain replay --dry-run     Requests that would be executed again: 2 …\n",
	.options = options,
	.flags = CMD_STOPS,
	.run = run,
};
