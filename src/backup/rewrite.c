#include "backup/rewrite.h"

#include "backup/analysis.h"
#include "backup/folder.h"
#include "backup/opinion.h"
#include "backup/proof.h"
#include "backup/told.h"
#include "base/fault.h"
#include "dump/files.h"
#include "dump/replace.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MEMORY ((size_t)256 << 20)
#define MOST_ROUNDS 3

const char *backup_status_word(enum backup_status s)
{
	static const char *const words[] = { "rewritten", "would_rewrite", "unchanged", "refused", "failed" };

	return words[s];
}

struct rewriting {
	struct conn *c;
	const char *path;
	const struct backup_options *o;
	struct backup_outcome *out;
	const struct judge *judge;
	struct arena *arena;
	struct dump *dump;
	struct archive archive;
	struct analysis analysis;
	struct dump_replace replace;
	struct diag unlocked;		/* why it could not be locked for replacing */
	struct dump_count *counts;
	struct backup_proof proof;
	uint64_t bytes;			/* of the new archive's payload */
	bool written;			/* by this program, at o->output */
	bool again;			/* holds have changed: from the beginning */
};

/* ---- small things ---- */

static bool tick(struct rewriting *w, const char *phase, uint64_t bytes, struct diag *d)
{
	if (w->o->progress)
		w->o->progress(w->o->ctx, phase, bytes);
	if (!w->o->stop_requested || !w->o->stop_requested())
		return true;
	return diag_fail(d, DIAG_INTERRUPTED, "%s: interrupted; the archive stands as it was", w->path);
}

static bool tick_reading(void *ctx, uint64_t bytes, struct diag *d)
{
	return tick(ctx, "reading", bytes, d);
}

static bool tick_writing(void *ctx, uint64_t bytes, struct diag *d)
{
	return tick(ctx, "writing", bytes, d);
}

static bool tick_checking(void *ctx, uint64_t bytes, struct diag *d)
{
	return tick(ctx, "checking", bytes, d);
}

static bool touched_at_all(const struct rewriting *w)
{
	for (size_t i = 0; i < w->dump->nentries; i++)
		if (analysis_touches(&w->analysis, i))
			return true;
	return false;
}

static void note(struct rewriting *w, const char *text)
{
	vec_push(w->out->arena, &w->out->notes, text);
}

/* ---- what would happen ---- */

static void take_tables(struct rewriting *w)
{
	w->out->tables.n = 0;
	w->out->holds = false;
	for (size_t i = 0; i < w->dump->nentries; i++) {
		const struct tally *t = &w->analysis.tallies[i];
		const struct dump_count *c = w->counts && w->counts[i].decoded ? &w->counts[i] : NULL;
		struct backup_table *b;

		if (!w->archive.places[i].ruled && !analysis_touches(&w->analysis, i))
			continue;
		b = vec_add(w->out->arena, &w->out->tables);
		*b = (struct backup_table){ .table = archive_display(w->out->arena, &w->dump->entries[i]),
			.rows_in = c ? c->rows_in : t->rows_in, .dropped = c ? c->dropped : t->dropped,
			.altered = c ? c->replaced : t->altered, .held = t->held, .blocked = t->blocked,
			.other = t->other, .untold = t->untold, .left = t->left };
		b->rows_out = b->rows_in - b->dropped;
		w->out->holds |= b->untold || b->left;
	}
}

/* A key that the archive has and the rules do not know would be broken by rows that go. */
static bool keys_known(struct rewriting *w, struct diag *d);

static bool analyse(struct rewriting *w, struct diag *d)
{
	if (!dump_open(w->path, NULL, &w->dump, d) || !archive_match(w->arena, w->dump, w->judge, &w->archive, d))
		return false;
	analysis_init(&w->analysis, &w->archive, w->c, w->o->memory ? w->o->memory : MEMORY);
	w->analysis.first_only = !w->o->dry_run;
	w->analysis.tick = tick_reading;
	w->analysis.tick_ctx = w;
	return analysis_run(&w->analysis, d) && keys_known(w, d);
}

/* ---- keys of the archive's own past ---- */

static bool entry_is(const struct dump_entry *e, const struct dump_name *n)
{
	return e->kind == DUMP_ROWS && streq(e->tag, n->name) && streq(e->schema, n->schema);
}

/* Entries that lose rows: few, and asked for once for each foreign key. */
struct losers {
	size_t *v, n;
};

static struct losers find_losers(const struct rewriting *w)
{
	struct losers l = { arena_alloc(w->arena, (w->dump->nentries + 1) * sizeof(*l.v)), 0 };

	for (size_t i = 0; i < w->dump->nentries; i++)
		if (w->analysis.tallies[i].dropped)
			l.v[l.n++] = i;
	return l;
}

/* Some entry of that table, or of a part of it, loses rows. */
static bool loses_rows(const struct rewriting *w, const struct losers *l, const struct dump_name *n, int depth)
{
	const struct dump_schema *s = &w->archive.schema;

	for (size_t i = 0; i < l->n; i++)
		if (entry_is(&w->dump->entries[l->v[i]], n))
			return true;
	for (size_t i = 0; depth < 64 && l->n && i < s->links.n; i++)
		if (s->links.v[i].partition && streq(s->links.v[i].parent.name, n->name) &&
		    streq(s->links.v[i].parent.schema, n->schema) && loses_rows(w, l, &s->links.v[i].child, depth + 1))
			return true;
	return false;
}

static bool has_rows(const struct rewriting *w, const struct dump_name *n, size_t *entry)
{
	for (size_t i = 0; i < w->dump->nentries; i++)
		if (entry_is(&w->dump->entries[i], n) && w->dump->entries[i].has_data) {
			*entry = i;
			return true;
		}
	return false;
}

static bool way_is(const struct judge_way *w, const struct dump_fkey *f)
{
	if (w->child.n != f->columns.n)
		return false;
	for (size_t i = 0; i < f->columns.n; i++)
		if (!streq(w->child.v[i].name, f->columns.v[i]))
			return false;
	return true;
}

static bool known(const struct rewriting *w, size_t entry, const struct dump_fkey *f)
{
	const struct place *p = &w->archive.places[entry];

	for (size_t i = 0; i < p->nseats; i++)
		for (size_t k = 0; p->seats[i].role->kind != JUDGE_HELD && k < p->seats[i].role->nways; k++)
			if (way_is(&p->seats[i].role->ways[k], f))
				return true;
	return false;
}

static bool keys_known(struct rewriting *w, struct diag *d)
{
	const struct dump_schema *s = &w->archive.schema;
	struct losers losers = find_losers(w);

	for (size_t i = 0; i < s->fkeys.n; i++) {
		const struct dump_fkey *f = &s->fkeys.v[i];
		size_t entry;

		if (!loses_rows(w, &losers, &f->parent, 0) || !has_rows(w, &f->table, &entry) || known(w, entry, f))
			continue;
		diag_fail(d, DIAG_STEP, "%s: %s refers to %s.%s by foreign key %s in the archive, and no rule says what happens to it",
			  w->path, archive_display(w->arena, &w->dump->entries[entry]), f->parent.schema, f->parent.name, f->name);
		diag_hint(d, "the database has no such key any more; not touched: it counts as still holding the rows");
		return false;
	}
	return true;
}

/* ---- writing ---- */

/* Statistics hold values of columns; those of an index bear the index's name. */
static bool is_untouched_table(const struct rewriting *w, const struct dump_entry *stat)
{
	for (size_t i = 0; i < w->dump->nentries; i++) {
		const struct dump_entry *e = &w->dump->entries[i];

		if (e->kind == DUMP_ROWS && streq(e->tag, stat->tag) && streq(e->schema, stat->schema))
			return !analysis_touches(&w->analysis, i);
	}
	return false;
}

static enum dump_treat treat(void *ctx, const struct dump_entry *e)
{
	struct rewriting *w = ctx;

	if (e->kind == DUMP_STATISTICS)
		return is_untouched_table(w, e) || !touched_at_all(w) ? DUMP_COPY : DUMP_OMIT;
	if (e->kind != DUMP_ROWS)
		return DUMP_COPY;
	return analysis_touches(&w->analysis, (size_t)(e - w->dump->entries)) ? DUMP_FILTER : DUMP_COPY;
}

static bool on_row(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	struct rewriting *w = ctx;

	return analysis_verdict(&w->analysis, row, ret, d);
}

static bool write_new(struct rewriting *w, const char *out, struct diag *d)
{
	struct dump_calls calls = { .ctx = w, .treat = treat, .row = on_row, .tick = tick_writing };

	w->counts = xcalloc(w->dump->nentries + 1, sizeof(*w->counts));
	if (!dump_rewrite(w->dump, out, &calls, w->counts, d))
		return false;
	for (size_t i = 0; i < w->dump->nentries; i++)
		w->bytes += w->counts[i].bytes_out;
	FAULT_POINT(backup_written);
	return true;
}

/* ---- the proof ---- */

static bool disproved(struct rewriting *w, const struct dump_entry *e, const char *what, struct diag *d)
{
	diag_fail(d, DIAG_INTERNAL, "%s: %s: the new archive %s", w->path, archive_display(w->arena, e), what);
	diag_hint(d, "the archive stands as it was; please report this");
	return false;
}

/* A run of INSERTs in a script is its statements: without rows it is not there. */
static bool vanishes(const struct rewriting *w, size_t i)
{
	const struct dump_entry *e = &w->dump->entries[i];

	if (e->kind == DUMP_STATISTICS)
		return treat((void *)(uintptr_t)w, e) == DUMP_OMIT;
	return w->dump->format == DUMP_PLAIN && e->form == DUMP_INSERTS && w->counts[i].decoded && !w->counts[i].rows_out;
}

/* same[i]: the entry of the new archive that is the old one's i-th; entries of scripts are numbered anew. */
static bool match_entries(struct rewriting *w, const struct dump *dump, size_t *same, struct diag *d)
{
	size_t k = 0;

	for (size_t i = 0; i < w->dump->nentries; i++) {
		const struct dump_entry *e = &w->dump->entries[i], *new = &dump->entries[k];

		same[i] = SIZE_MAX;
		if (vanishes(w, i))
			continue;
		if (k == dump->nentries || !streq(e->desc, new->desc) || !streq(e->tag, new->tag) ||
		    !streq(e->schema, new->schema) || (w->dump->format != DUMP_PLAIN && e->id != new->id))
			return disproved(w, e, "has lost an entry", d);
		same[i] = k++;
	}
	return k == dump->nentries || disproved(w, &dump->entries[k], "has an entry too many", d);
}

/* Rows of the old archive less those dropped are those of the new one; nothing matches any more. */
static bool compare(struct rewriting *w, const size_t *same, const struct analysis *n, struct diag *d)
{
	for (size_t i = 0; i < w->dump->nentries; i++) {
		const struct dump_entry *e = &w->dump->entries[i];
		const struct dump_count *c = &w->counts[i];

		if (!c->decoded)
			continue;
		if (c->rows_in != c->rows_out + c->dropped || (same[i] == SIZE_MAX ? 0 : n->tallies[same[i]].rows_in) != c->rows_out)
			return disproved(w, e, "does not have the rows that were to stay", d);
		if (!w->archive.places[i].simple &&
		    (c->dropped != w->analysis.tallies[i].dropped || c->replaced != w->analysis.tallies[i].altered))
			return disproved(w, e, "was written otherwise than it was planned", d);
	}
	for (size_t i = 0; i < n->x->dump->nentries; i++)
		if (analysis_touches(n, i))
			return disproved(w, &n->x->dump->entries[i], "still has rows that should be gone", d);
	return true;
}

static bool check_new(struct rewriting *w, const char *out, struct diag *d)
{
	AUTO(dump_free_auto) struct dump *dump = NULL;
	size_t *same = arena_alloc(w->arena, (w->dump->nentries + 1) * sizeof(*same));
	struct archive archive;
	struct analysis n;
	bool ok;

	if (!dump_open(out, NULL, &dump, d) || !match_entries(w, dump, same, d) ||
	    !archive_match(w->arena, dump, w->judge, &archive, d))
		return false;
	analysis_init(&n, &archive, w->c, w->o->memory ? w->o->memory : MEMORY);
	n.tick = tick_checking;
	n.tick_ctx = w;
	for (size_t i = 0; i < w->dump->nentries; i++)
		if (w->counts[i].decoded && same[i] != SIZE_MAX)
			analysis_insist(&n, same[i]);
	ok = analysis_run(&n, d) && compare(w, same, &n, d) &&
		(!w->o->books || proof_take(w->arena, &n, &w->proof, d));
	analysis_done(&n);
	return ok;
}

static bool second_opinion(struct rewriting *w, struct opinion_asked *asked, struct diag *d)
{
	if (w->dump->format == DUMP_PLAIN)
		return true;
	switch (opinion_end(asked, w->path, d)) {
	case OPINION_GOOD:
		return true;
	case OPINION_NONE:
		note(w, "pg_restore could not be asked for a second opinion");
		return true;
	case OPINION_BAD:
		diag_hint(d, "the archive stands as it was");
		return false;
	}
	return false;
}

static bool prove(struct rewriting *w, const char *out, struct diag *d)
{
	AUTO(opinion_drop) struct opinion_asked asked = OPINION_INIT;

	if (w->dump->format != DUMP_PLAIN)
		opinion_begin(&asked, out, w->bytes);
	if (!check_new(w, out, d) || !second_opinion(w, &asked, d))
		return false;
	FAULT_POINT(backup_proved);
	return true;
}

/* ---- evidence and replacement ---- */

static bool append(struct rewriting *w, const struct backup_table *t, struct diag *d)
{
	json_t *detail = json_pack("{ss ss sI sI sI sI}", "event", "rewritten", "format", dump_format_word(w->dump->format),
				   "rows_in", (json_int_t)t->rows_in, "dropped", (json_int_t)t->dropped, "altered",
				   (json_int_t)t->altered, "held", (json_int_t)t->held);
	char *text = json_dumps(detail, JSON_COMPACT);
	struct ledger_entry e = { .kind = "backup", .run = w->o->run, .table = t->table, .action = "rewrite",
				  .rows = (int64_t)(t->dropped + t->altered), .as_of = w->judge->as_of, .actor = w->o->actor,
				  .detail = text };
	bool ok = ledger_append(w->c, &e, d);

	free(text);
	json_decref(detail);
	return ok;
}

static bool append_all(struct rewriting *w, struct diag *d)
{
	for (size_t i = 0; i < w->out->tables.n; i++)
		if ((w->out->tables.v[i].dropped || w->out->tables.v[i].altered) && !append(w, &w->out->tables.v[i], d))
			return false;
	return true;
}

/* Nobody places a hold between this and the end of the transaction. */
static bool holds_same(struct rewriting *w, struct diag *d)
{
	AUTO_RESULT *res = NULL;

	if (!conn_query(w->c, "SELECT pgretain.hold_lock_shared()", NO_PARAMS, &res, d))
		return false;
	w->again = res_int(res, 0, 0) != w->judge->hold_epoch;
	return !w->again || diag_fail(d, DIAG_STEP, "%s: holds were placed while it was written; run it again", w->path);
}

/* Always false: *d stands as it is. */
static bool rolled_back(struct rewriting *w)
{
	struct diag ignored = DIAG_INIT;

	if (!conn_do(w->c, "ROLLBACK", NO_PARAMS, &ignored))
		return false;		/* the connection is lost: the server rolls back by itself */
	return false;
}

/* ---- archives of the catalogue ---- */

/* fd -1: whatever has the name. */
static bool is_meant(struct rewriting *w, int fd, struct diag *d)
{
	struct stat st;

	if (!w->o->books)
		return true;
	if ((fd >= 0 ? fstat(fd, &st) : stat(w->path, &st)) != 0)
		return diag_fail(d, DIAG_STEP, "%s can't be looked at: %s", w->path, strerror(errno));
	if (streq(folder_identity(w->arena, &st), w->o->books->identity))
		return true;
	diag_fail(d, DIAG_STEP, "%s is not the file that was listed; not touched", w->path);
	diag_hint(d, "pgretain backup scan looks at it anew");
	return false;
}

/* The new archive bears the old one's time. */
static bool intend(struct rewriting *w, struct diag *d)
{
	struct stat st;

	if (!w->o->books)
		return true;
	if (fstat(w->replace.lock, &st) != 0)
		return diag_fail(d, DIAG_STEP, "%s can't be looked at: %s", w->path, strerror(errno));
	w->proof.outcome = w->out;
	if (!proof_of_file(w->arena, w->replace.temp, &st.st_mtim, &w->proof, d) ||
	    !w->o->books->intend(w->o->books->ctx, &w->proof, d))
		return false;
	FAULT_POINT(backup_intended);
	return true;
}

/* The order of locks: holds, catalogue, the ledger's head. */
static bool lock_books(struct rewriting *w, struct diag *d)
{
	return !w->o->books || conn_do(w->c, "SELECT pgretain.backup_lock()", NO_PARAMS, d);
}

static bool write_books(struct rewriting *w, struct diag *d)
{
	return w->o->books ? w->o->books->settle(w->o->books->ctx, &w->proof, d) : append_all(w, d);
}

/* Nothing in it matches, and it was read from end to end: that is as good as a rewriting. */
static bool settle_unchanged(struct rewriting *w, struct diag *d)
{
	if (!w->o->books)
		return true;
	take_tables(w);
	w->out->status = BACKUP_UNCHANGED;
	w->proof.outcome = w->out;
	if (!proof_take(w->arena, &w->analysis, &w->proof, d) || !proof_of_file(w->arena, w->path, NULL, &w->proof, d) ||
	    !conn_do(w->c, "BEGIN", NO_PARAMS, d))
		return false;
	if (!holds_same(w, d) || !lock_books(w, d) || !is_meant(w, -1, d) || !write_books(w, d))
		return rolled_back(w);
	return conn_do(w->c, "COMMIT", NO_PARAMS, d);
}

static bool put_in_place(struct rewriting *w, struct diag *d)
{
	if (!intend(w, d) || !conn_do(w->c, "BEGIN", NO_PARAMS, d))
		return false;
	if (!holds_same(w, d) || !lock_books(w, d) || !write_books(w, d))
		return rolled_back(w);
	FAULT_POINT(backup_replace);
	if (!w->o->output && !dump_replace_commit(&w->replace, d))
		return rolled_back(w);
	w->written = false;
	FAULT_POINT(backup_replaced);
	if (conn_do(w->c, "COMMIT", NO_PARAMS, d))
		return true;
	diag_fail(d, DIAG_LOST, "%s: the archive is clean, but the ledger could not be told", w->path);
	diag_hint(d, "nothing is lost: the next rewrite finds nothing left in it");
	return false;
}

/* ---- all of it ---- */

static bool rewrite(struct rewriting *w, struct diag *d)
{
	const char *out = w->o->output ? w->o->output : w->replace.temp;

	if (w->unlocked.cls != DIAG_OK) {
		*d = w->unlocked;
		return false;
	}
	w->written = w->o->output != NULL;
	if (!write_new(w, out, d) || !prove(w, out, d))
		return false;
	take_tables(w);
	return put_in_place(w, d);
}

static void settle(struct rewriting *w, bool ok, const struct diag *d)
{
	struct backup_outcome *r = w->out;
	bool changes = ok && touched_at_all(w);

	if (ok) {
		r->status = !changes ? BACKUP_UNCHANGED : w->o->dry_run ? BACKUP_WOULD_REWRITE : BACKUP_REWRITTEN;
		take_tables(w);
		told_kept(&w->analysis, r);
		return;
	}
	r->diag = *d;
	r->lost = d->cls == DIAG_LOST || d->cls == DIAG_CONNECT;
	r->status = d->cls == DIAG_STEP && !w->counts ? BACKUP_REFUSED : BACKUP_FAILED;
}

static void begin(struct rewriting *w)
{
	if (w->o->dry_run || w->o->output)
		return;
	if (!dump_replace_begin(&w->replace, w->path, &w->unlocked))
		BUG_ON(w->unlocked.cls == DIAG_OK);
}

static bool attempt(struct rewriting *w, struct diag *d)
{
	if (!w->o->judge(w->o->ctx, &w->judge, d))
		return false;
	begin(w);
	if (!is_meant(w, w->replace.lock, d) || !analyse(w, d))
		return false;
	if (w->o->dry_run)
		return true;
	return touched_at_all(w) || w->o->output ? rewrite(w, d) : settle_unchanged(w, d);
}

static void clear(struct rewriting *w)
{
	struct diag ignored = DIAG_INIT;

	if (w->written && !files_remove(w->o->output, &ignored))
		note(w, "what was written at --output could not be removed");
	if (w->analysis.x)
		analysis_done(&w->analysis);
	if (w->dump)
		dump_free(w->dump);
	dump_replace_done(&w->replace);
	free(w->counts);
	arena_free(w->arena);
}

static bool there(const char *path, const struct backup_options *o, struct backup_outcome *ret)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		ret->status = BACKUP_FAILED;
		return diag_fail(&ret->diag, DIAG_USAGE, "%s: %s", path, strerror(errno));
	}
	if (o->output && lstat(o->output, &st) == 0) {
		ret->status = BACKUP_FAILED;
		diag_fail(&ret->diag, DIAG_USAGE, "%s is there already: --output makes a new archive", o->output);
		return false;
	}
	return true;
}

void backup_rewrite_set(struct conn *c, const char *path, const struct backup_options *o, struct backup_outcome *ret)
{
	ret->path = path;
	if (!there(path, o, ret))
		return;
	for (int round = 1; round <= MOST_ROUNDS; round++) {
		struct rewriting w = { .c = c, .path = path, .o = o, .out = ret, .arena = arena_new(),
				       .replace = DUMP_REPLACE_INIT };
		struct diag d = DIAG_INIT;
		bool ok = attempt(&w, &d), again;

		settle(&w, ok, &d);
		again = w.again;
		clear(&w);
		if (!again)
			return;
	}
}
