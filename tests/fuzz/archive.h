/* For fuzz targets: everything that is done with an archive, and what must hold of one that is accepted. */
#ifndef TESTS_FUZZ_ARCHIVE_H
#define TESTS_FUZZ_ARCHIVE_H

#include "fuzz.h"

#include "dump/files.h"
#include "dump/schema.h"

#define MAX_ROW (256 * 1024)

/* Every byte of every value is looked at; some rows go, some get other values. */
static bool edit_row(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	uint64_t *seen = ctx;
	size_t field = SIZE_MAX;

	(void)d;
	for (size_t i = 0; i < row->nfields; i++) {
		struct dump_value v = dump_row_value(row, i);

		for (size_t k = 0; !v.null && k < v.len; k++)
			*seen += (unsigned char)v.bytes[k];
		if (!v.computed)
			field = i;
	}
	*ret = row->number % 3 == 1 ? DUMP_DROP : row->number % 3 == 2 && field != SIZE_MAX ? DUMP_REPLACE : DUMP_KEEP;
	if (*ret != DUMP_REPLACE)
		return true;
	if (row->number % 2)
		dump_row_set(row, field, "t\tb\\ n\n'q", 9);
	else
		dump_row_set_null(row, field);
	return true;
}

static bool edit_object(void *ctx, const struct dump_entry *entry, uint32_t oid, enum dump_verdict *ret, struct diag *d)
{
	(void)ctx;
	(void)entry;
	(void)d;
	*ret = oid % 2 ? DUMP_DROP : DUMP_KEEP;
	return true;
}

static inline enum dump_treat edit_treat(void *ctx, const struct dump_entry *e)
{
	(void)ctx;
	return e->kind == DUMP_STATISTICS ? DUMP_OMIT : DUMP_FILTER;
}

/* How many rows and bytes an archive has, by the strict reader; false: it is refused. */
static inline bool weigh(const char *path, uint64_t *rows, uint64_t *bytes)
{
	AUTO(dump_free_auto) struct dump *dump = NULL;
	AUTO(auto_free) struct dump_count *counts = NULL;
	struct dump_limits limits = { 4 * MAX_ROW };
	struct diag d = DIAG_INIT;

	*rows = *bytes = 0;
	if (!dump_open(path, &limits, &dump, &d))
		return false;
	counts = xcalloc(dump->nentries + 1, sizeof(*counts));
	if (!dump_verify(dump, counts, &d))
		return false;
	for (size_t i = 0; i < dump->nentries; i++) {
		*rows += counts[i].rows_in;
		*bytes += dump->entries[i].kind == DUMP_ROWS ? counts[i].bytes_in : 0;
	}
	return true;
}

/* What is written of an accepted archive is accepted, and has what was counted. */
static inline void rewrite(struct dump *dump, const char *out, bool edit)
{
	AUTO(auto_free) struct dump_count *counts = xcalloc(dump->nentries + 1, sizeof(*counts));
	uint64_t seen = 0, rows = 0, rows_out = 0, bytes = 0, bytes_out = 0;
	struct dump_calls calls = { .ctx = &seen };
	struct diag d = DIAG_INIT;

	if (edit) {
		calls.treat = edit_treat;
		calls.row = edit_row;
		calls.object = edit_object;
	}
	if (!dump_rewrite(dump, out, &calls, counts, &d)) {
		/* statistics that can't be cut out of the script in a tar are a refusal */
		CLAIM(edit && d.cls == DIAG_STEP);
		return;
	}
	for (size_t i = 0; i < dump->nentries; i++) {
		CLAIM(counts[i].rows_in == counts[i].rows_out + counts[i].dropped);
		CLAIM(edit || counts[i].bytes_in == counts[i].bytes_out);
		rows_out += counts[i].rows_out;
		bytes_out += dump->entries[i].kind == DUMP_ROWS ? counts[i].bytes_out : 0;
	}
	CLAIM(weigh(out, &rows, &bytes));
	CLAIM(rows == rows_out && bytes == bytes_out);
	CLAIM(files_remove(out, &d));
}

static inline void exercise(const char *path, const char *out)
{
	AUTO(dump_free_auto) struct dump *dump = NULL;
	struct dump_limits limits = { MAX_ROW };
	uint64_t seen = 0;
	struct dump_calls calls = { .ctx = &seen, .row = edit_row, .object = edit_object };
	struct arena *a = arena_new();
	struct dump_schema schema = { .tables = { NULL, 0, 0 } };
	struct diag d = DIAG_INIT;

	if (dump_open(path, &limits, &dump, &d)) {
		if (!dump_schema_read(dump, a, &schema, &d))
			CLAIM(d.cls == DIAG_STEP);
		if (dump_scan(dump, &calls, NULL, &d) && dump_verify(dump, NULL, &d)) {
			rewrite(dump, out, false);
			rewrite(dump, out, true);
		}
	}
	CLAIM(d.cls == DIAG_OK || (d.cls == DIAG_STEP && *d.message));
	arena_free(a);
}

#endif
