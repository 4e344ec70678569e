/* Large archives: a row of 100 MB in bounded memory, ten thousand tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <zlib.h>

#include "dump/dump.h"
#include "dump/schema.h"
#include "dump_make.h"

#define MB ((size_t)1 << 20)
#define BIG_ROW (100 * MB)
#define TABLES 10000

static char folder[] = "/tmp/pgretain-big-XXXXXX";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	unlink("big.dump");
	unlink("many.dump");
	unlink("new.dump");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void in_own_process(void (*work)(void), size_t most_memory)
{
	pid_t pid = fork();
	struct rusage used;
	int status;

	if (pid == 0) {
		work();
		_exit(0);
	}
	assert_int_equal(wait4(pid, &status, 0, &used), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_in_range(used.ru_utime.tv_sec, 0, 20);
#ifndef __SANITIZE_ADDRESS__
	assert_in_range((size_t)used.ru_maxrss * 1024, 1, most_memory);
#endif
}

#define NEED(cond) do { if (!(cond)) { fprintf(stderr, "%s: %s\n", #cond, d.message); _exit(1); } } while (0)

/* ---- a row of 100 MB between two small ones, compressed by zlib itself ---- */

static void deflated(struct mk *m, z_stream *z, const char *p, size_t n, int flush)
{
	static unsigned char out[65536];

	z->next_in = (Bytef *)(uintptr_t)p;
	z->avail_in = (uInt)n;
	do {
		z->next_out = out;
		z->avail_out = sizeof(out);
		deflate(z, flush);
		if (z->avail_out < sizeof(out)) {
			mk_int(m, (int64_t)(sizeof(out) - z->avail_out));
			mk_add(m, out, sizeof(out) - z->avail_out);
		}
	} while (z->avail_out == 0);
}

static void make_big(void)
{
	static const struct mk_entry entries[] = { MK_ENCODING, MK_STRINGS, MK_TABLE, MK_TABLE_DATA };
	struct mk m = { NULL, 0, 0 };
	z_stream z = { .next_in = NULL };
	char part[4096];

	mk_header(&m, 16, true, 4);
	m.p[11] = 1;		/* gzip */
	for (size_t i = 0; i < 4; i++)
		mk_entry(&m, 16, true, &entries[i]);
	mk_byte(&m, 1);
	mk_int(&m, 4);
	assert_int_equal(deflateInit(&z, 1), Z_OK);
	deflated(&m, &z, "1\tone\n2\t", 8, Z_NO_FLUSH);
	memset(part, 'x', sizeof(part));
	memcpy(part, "\\t\\\\", 4);
	for (size_t n = 0; n < BIG_ROW; n += sizeof(part))
		deflated(&m, &z, part, sizeof(part), Z_NO_FLUSH);
	deflated(&m, &z, "\n3\tthree\n\\.\n\n\n", 14, Z_FINISH);
	deflateEnd(&z);
	mk_int(&m, 0);
	mk_file("big.dump", m.p, m.n);
	free(m.p);
}

/* As a rule does: it looks at the first column and drops the last row. */
static bool third(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	struct dump_value v = dump_row_value(row, 0);

	(void)d;
	*(size_t *)ctx += row->raw_len;
	if (v.len == 1 && *v.bytes == '3')
		*ret = DUMP_DROP;
	return true;
}

static void rewrite_big(void)
{
	struct dump *dump, *again;
	struct dump_count counts[4];
	size_t bytes = 0;
	struct dump_calls calls = { .ctx = &bytes, .row = third };
	struct diag d = DIAG_INIT;

	NEED(dump_open("big.dump", NULL, &dump, &d));
	NEED(dump_rewrite(dump, "new.dump", &calls, counts, &d));
	NEED(counts[3].rows_in == 3 && counts[3].rows_out == 2 && bytes == 5 + 2 + BIG_ROW + 7);
	dump_free(dump);
	NEED(dump_open("new.dump", NULL, &again, &d) && dump_verify(again, counts, &d));
	NEED(counts[3].rows_in == 2 && counts[3].bytes_in == 6 + 3 + BIG_ROW + 5);
	dump_free(again);
}

static void a_big_row_takes_its_size(void **state)
{
	(void)state;
	make_big();
	in_own_process(rewrite_big, BIG_ROW + 64 * MB);
}

/* ---- many tables ---- */

static void make_many(void)
{
	struct mk m = { NULL, 0, 0 };
	char name[32], defn[128], copy[128], data[64];
	struct mk_entry table = { 0, "TABLE", "public", name, defn, NULL, NULL };
	struct mk_entry rows = { 0, "TABLE DATA", "public", name, NULL, copy, data };

	mk_header(&m, 16, true, 2 * TABLES);
	for (int i = 0; i < 3 * TABLES; i++) {
		int t = i % TABLES;

		snprintf(name, sizeof(name), "t%d", t);
		snprintf(defn, sizeof(defn), "CREATE TABLE public.t%d (\n    id integer,\n    at date\n);\n", t);
		snprintf(copy, sizeof(copy), "COPY public.t%d (id, at) FROM stdin;\n", t);
		snprintf(data, sizeof(data), "%d\t2020-01-01\n%d\t\\N\n\\.\n\n\n", t, t + 1);
		table.id = t + 1;
		rows.id = TABLES + t + 1;
		if (i < 2 * TABLES)
			mk_entry(&m, 16, true, i < TABLES ? &table : &rows);
		else
			mk_block(&m, &rows);
	}
	mk_file("many.dump", m.p, m.n);
	free(m.p);
}

static bool first(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	(void)ctx;
	(void)d;
	*ret = row->number == 1 ? DUMP_DROP : DUMP_KEEP;
	return true;
}

static void rewrite_many(void)
{
	struct dump_count *counts = calloc(2 * TABLES, sizeof(*counts));
	struct dump_calls calls = { .row = first };
	struct dump_schema schema = { .tables = { NULL, 0, 0 } };
	struct arena *a = arena_new();
	struct diag d = DIAG_INIT;
	struct dump *dump, *again;
	uint64_t rows = 0;

	NEED(dump_open("many.dump", NULL, &dump, &d));
	NEED(dump_schema_read(dump, a, &schema, &d) && schema.tables.n == TABLES);
	for (int i = 0; i < TABLES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "t%d", i);
		NEED(dump_schema_table(&schema, NULL, "public", name));
	}
	NEED(dump_rewrite(dump, "new.dump", &calls, NULL, &d));
	NEED(dump_open("new.dump", NULL, &again, &d) && dump_verify(again, counts, &d));
	for (size_t i = 0; i < again->nentries; i++)
		rows += counts[i].rows_in;
	NEED(rows == TABLES);
	dump_free(dump);
	dump_free(again);
	arena_free(a);
	free(counts);
}

static void many_tables_take_seconds(void **state)
{
	(void)state;
	unlink("new.dump");
	make_many();
	in_own_process(rewrite_many, 64 * MB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_big_row_takes_its_size),
		cmocka_unit_test(many_tables_take_seconds),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
