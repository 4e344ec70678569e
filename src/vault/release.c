#include "vault/look.h"

#include "base/strbuf.h"

#define FETCH "2000"

struct row {
	const char *part, *tid, *run;	/* in the part's own strings */
};

struct release {
	struct conn *c;
	const struct vault_plan *plan;
	const struct vault_options *o;
	struct vault_outcome *out;
	const struct vault_part *part;
	bool again;			/* a second pass: what refers to rows that came back meanwhile */
	VEC(struct row) later;		/* rows that met a foreign key */
	VEC(const char *) later_why;
	int64_t released;		/* in the transaction in hand */
};

/* ---- what stood in the way ---- */

static void conflict(struct release *w, const char *constraint, int64_t rows)
{
	struct vault_outcome *o = w->out;

	for (size_t i = 0; i < o->conflicts.n; i++) {
		struct vault_conflict *k = &o->conflicts.v[i];

		if (streq(k->rule, w->part->rule) && streq(k->table, w->part->table) && streq(k->constraint, constraint)) {
			k->rows += rows;
			return;
		}
	}
	vec_push(o->arena, &o->conflicts, ((struct vault_conflict){ arena_strdup(o->arena, w->part->rule),
		arena_strdup(o->arena, w->part->table), arena_strdup(o->arena, constraint), rows }));
}

/* About the row, not about the server or the role. */
static bool is_conflict(const char *sqlstate)
{
	static const char *const prefixes[] = {
		"22", "23", "42", "0A", "P0", "44", "21", "27", "39", "55P03", "40", "57014",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(sqlstate, prefixes[i], strlen(prefixes[i])) == 0)
			return !streq(sqlstate, "42501");
	return false;
}

static const char *field(const PGresult *res, int code)
{
	const char *text = PQresultErrorField(res, code);

	return text ? text : "";
}

/* Names only: the server's message quotes values. */
static const char *conflict_name(struct release *w, const PGresult *res, const struct diag *d)
{
	const char *constraint = field(res, PG_DIAG_CONSTRAINT_NAME), *column = field(res, PG_DIAG_COLUMN_NAME);
	struct arena *a = w->out->arena;
	bool misfit = strncmp(d->sqlstate, "42", 2) == 0 || strncmp(d->sqlstate, "22", 2) == 0;

	if (*constraint)
		return arena_strdup(a, constraint);
	if (streq(d->sqlstate, "23502"))
		return arena_printf(a, "column %s is NOT NULL", column);
	if (streq(d->sqlstate, "23514"))
		return arena_printf(a, "no partition of %s takes the row", w->part->table);
	if (misfit && w->part->changed)
		return w->part->changed;
	if (streq(d->sqlstate, "55P03") || strncmp(d->sqlstate, "40", 2) == 0 || streq(d->sqlstate, "57014"))
		return "locked by other sessions";
	return arena_printf(a, "SQLSTATE %s (a trigger or rule of %s)", d->sqlstate, w->part->table);
}

/* ---- placing ---- */

static void tids_text(struct strbuf *sb, const struct row *rows, size_t n)
{
	strbuf_addc(sb, '{');
	for (size_t i = 0; i < n; i++)
		strbuf_addf(sb, "%s\"%s\"", i ? "," : "", rows[i].tid);
	strbuf_addc(sb, '}');
}

static PGresult *send_place(struct release *w, const struct row *rows, size_t n)
{
	const struct plan_query *q = &w->part->place;
	size_t own = (size_t)q->params.n;
	AUTO(auto_free) Oid *types = xcalloc(own + 2, sizeof(*types));
	AUTO(auto_free) const char **values = xcalloc(own + 2, sizeof(*values));
	AUTO_STRBUF tids = STRBUF_INIT;

	tids_text(&tids, rows, n);
	for (size_t i = 0; i < own; i++) {
		types[i] = q->params.types[i];
		values[i] = q->params.values[i];
	}
	values[own] = strbuf_str(&tids);
	values[own + 1] = rows[0].part;
	return PQexecParams(w->c->pg, q->sql, (int)(own + 2), types, values, NULL, NULL, 0);
}

static const char *unequal(struct release *w, const PGresult *res)
{
	struct arena *a = w->out->arena;

	if (res_int(res, 0, 2) && res_int(res, 0, 0) == res_int(res, 0, 1))
		return w->part->changed ? w->part->changed :
			arena_printf(a, "a trigger of %s would change the row", w->part->table);
	if (strstr(w->part->place.sql, "UPDATE "))
		return "the row is gone or was written since";
	return arena_printf(a, "a trigger or rule of %s keeps the row out", w->part->table);
}

static void refuse_row(struct release *w, const struct row *row, const char *why, bool fkey)
{
	if (!fkey || w->again) {
		conflict(w, why, 1);
		return;
	}
	vec_push(w->out->arena, &w->later, ((struct row){ arena_strdup(w->out->arena, row->part),
		arena_strdup(w->out->arena, row->tid), arena_strdup(w->out->arena, row->run) }));
	vec_push(w->out->arena, &w->later_why, why);
}

static bool place(struct release *w, const struct row *rows, size_t n, struct diag *d);

/* The rows did not go back together: halves, and in the end the row that stands in the way. */
static bool split(struct release *w, const struct row *rows, size_t n, const char *why, bool all, bool fkey,
		  struct diag *d)
{
	if (all) {
		conflict(w, why, (int64_t)n);
		return true;
	}
	if (n == 1) {
		refuse_row(w, rows, why, fkey);
		return true;
	}
	return place(w, rows, n / 2, d) && place(w, rows + n / 2, n - n / 2, d);
}

static bool place(struct release *w, const struct row *rows, size_t n, struct diag *d)
{
	AUTO_RESULT *res = NULL;
	struct diag why = DIAG_INIT;

	if (!conn_do(w->c, "SAVEPOINT pgretain_place", NO_PARAMS, d))
		return false;
	res = send_place(w, rows, n);
	if (PQresultStatus(res) == PGRES_TUPLES_OK && res_int(res, 0, 0) == res_int(res, 0, 1) && !res_int(res, 0, 2)) {
		w->released += res_int(res, 0, 0);
		if (res_int(res, 0, 3))
			conflict(w, arena_printf(w->out->arena, "its row of rule %s stays in the vault", w->part->parent),
				 res_int(res, 0, 3));
		return conn_do(w->c, "RELEASE SAVEPOINT pgretain_place", NO_PARAMS, d);
	}
	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		conn_diag(w->c, res, &why);
		if (!is_conflict(why.sqlstate) || why.cls == DIAG_LOST) {
			*d = why;
			return false;
		}
	}
	if (!conn_do(w->c, "ROLLBACK TO SAVEPOINT pgretain_place", NO_PARAMS, d) ||
	    !conn_do(w->c, "RELEASE SAVEPOINT pgretain_place", NO_PARAMS, d))
		return false;
	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		return split(w, rows, n, unequal(w, res), false, false, d);
	return split(w, rows, n, conflict_name(w, res, &why), strncmp(why.sqlstate, "42", 2) == 0,
		     streq(why.sqlstate, "23503"), d);
}

static bool evidence(struct release *w, const char *run, struct diag *d)
{
	return look_evidence(w->c, w->o, "release", w->part->rule, w->part->table, run, w->released, NULL, d);
}

static bool transaction(struct release *w, const struct row *rows, size_t n, struct diag *d)
{
	w->released = 0;
	if (!conn_do(w->c, "BEGIN", NO_PARAMS, d) || !conn_do(w->c, "SET CONSTRAINTS ALL IMMEDIATE", NO_PARAMS, d) ||
	    !place(w, rows, n, d))
		return false;
	if (!w->released)
		return look_rollback(w->c, d);
	if (!evidence(w, rows[0].run, d) || !conn_do(w->c, "COMMIT", NO_PARAMS, d))
		return false;
	w->out->moved += w->released;
	look_entry(w->out, w->part->rule, w->part->table, rows[0].run, NULL)->moved += w->released;
	return true;
}

static bool batch(struct release *w, const struct row *rows, size_t n, struct diag *d)
{
	struct diag rolled = DIAG_INIT;

	if (transaction(w, rows, n, d))
		return true;
	if (PQstatus(w->c->pg) == CONNECTION_OK && !look_rollback(w->c, &rolled))
		*d = rolled;
	return false;
}

/* ---- one part ---- */

static bool same_batch(const struct row *a, const struct row *b)
{
	return streq(a->part, b->part) && streq(a->run, b->run);
}

static bool batches(struct release *w, const struct row *rows, size_t n, struct diag *d)
{
	for (size_t at = 0, end; at < n; at = end) {
		for (end = at + 1; end < n && same_batch(&rows[at], &rows[end]); end++)
			;
		if (!batch(w, rows + at, end - at, d))
			return false;
	}
	return true;
}

static bool stopped(struct release *w)
{
	if (w->o->stop_requested && w->o->stop_requested())
		w->out->interrupted = true;
	return w->out->interrupted;
}

/* What may go back of the rows fetched; the others are conflicts already. */
static size_t sort_out(struct release *w, const PGresult *res, struct row *rows)
{
	size_t n = 0;

	for (int i = 0; i < PQntuples(res); i++) {
		const char *lost = res_text_null(res, i, 3);

		if (w->part->refused)
			conflict(w, w->part->refused, 1);
		else if (lost)
			conflict(w, arena_printf(w->out->arena, "column %s was dropped", lost), 1);
		else
			rows[n++] = (struct row){ res_text(res, i, 0), res_text(res, i, 1), res_text(res, i, 2) };
	}
	return n;
}

static bool fetch(struct release *w, bool *more, struct diag *d)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_RESULT *res = NULL;
	AUTO(auto_free) struct row *rows = NULL;

	strbuf_addf(&sql, "FETCH " FETCH " FROM %s", w->part->cursor);
	if (!conn_query(w->c, strbuf_str(&sql), NO_PARAMS, &res, d))
		return false;
	*more = PQntuples(res) > 0;
	rows = xcalloc((size_t)PQntuples(res) + 1, sizeof(*rows));
	return batches(w, rows, sort_out(w, res, rows), d);
}

/* Rows that refer to rows of the same table: again, as long as that brings some back. */
static bool later(struct release *w, struct diag *d)
{
	int64_t before = -1;

	while (w->later.n && before != w->out->moved && !stopped(w)) {
		__typeof__(w->later) rows = w->later;

		before = w->out->moved;
		memset(&w->later, 0, sizeof(w->later));
		w->later_why.n = 0;
		if (!batches(w, rows.v, rows.n, d))
			return false;
	}
	w->again = true;
	for (size_t i = 0; i < w->later.n; i++)
		conflict(w, w->later_why.v[i], 1);
	return true;
}

static bool part(struct release *w, struct diag *d)
{
	bool more = true;

	w->again = false;
	w->later.n = w->later_why.n = 0;
	while (more && !stopped(w))
		if (!fetch(w, &more, d))
			return false;
	return later(w, d);
}

static bool open_cursors(struct release *w, struct diag *d)
{
	for (size_t i = 0; i < w->plan->nparts; i++) {
		AUTO_RESULT *res = NULL;

		if (!look_query(w->c, &w->plan->parts[i].collect, 0, NULL, &res, d))
			return false;
	}
	return true;
}

static bool is_wanted(const struct vault_plan *p, const struct vault_entry *e)
{
	for (size_t i = 0; i < p->nparts; i++)
		if (streq(p->parts[i].rule, e->rule) && streq(p->parts[i].table, e->table))
			return true;
	return false;
}

/* The entries before anything moves; those of other rules are left out. */
static bool entries(struct release *w, struct diag *d)
{
	size_t kept = 0;

	if (!vault_list(w->c, w->plan, w->out, d))
		return false;
	for (size_t i = 0; i < w->out->entries.n; i++)
		if (is_wanted(w->plan, &w->out->entries.v[i]))
			w->out->entries.v[kept++] = w->out->entries.v[i];
	w->out->entries.n = kept;
	w->out->notes.n = 0;		/* holds do not hinder a release */
	return true;
}

bool vault_release(struct conn *c, const struct vault_plan *p, const struct vault_options *o,
		   struct vault_outcome *ret, struct diag *d)
{
	struct release w = { .c = c, .plan = p, .o = o, .out = ret };

	if (!entries(&w, d) || !open_cursors(&w, d))
		return false;
	for (size_t i = 0; i < p->nparts && !stopped(&w); i++) {
		w.part = &p->parts[i];
		if (!part(&w, d))
			return false;
	}
	return true;
}
