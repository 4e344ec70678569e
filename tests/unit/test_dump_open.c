/* Archives that are not what pg_dump writes: each is refused with what is wrong and where. And those of
 * each version are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dump/dump.h"
#include "dump_make.h"

static char folder[] = "/tmp/pgretain-open-XXXXXX";
static const struct mk_entry entries[] = { MK_ENCODING, MK_STRINGS, MK_TABLE, MK_TABLE_DATA, MK_INSERTS, MK_BLOBS };

static int enter(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	unlink("a");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static bool verify(const char *path, struct diag *d)
{
	AUTO(dump_free_auto) struct dump *dump = NULL;

	return dump_open(path, NULL, &dump, d) && dump_verify(dump, NULL, d);
}

static void each_version_is_read(void **state)
{
	(void)state;
	for (int minor = 10; minor <= 16; minor++) {
		AUTO(dump_free_auto) struct dump *dump = NULL;
		struct dump_count counts[ARRAY_SIZE(entries)];
		struct mk m = { NULL, 0, 0 };
		struct diag d = DIAG_INIT;

		mk_custom(&m, minor, entries, ARRAY_SIZE(entries));
		mk_file("a", m.p, m.n);
		free(m.p);
		if (!dump_open("a", NULL, &dump, &d) || !dump_verify(dump, counts, &d))
			fail_msg("1.%d: %s (%s)", minor, d.message, d.where);
		assert_int_equal(dump->minor, minor);
		assert_int_equal(dump->codec, DUMP_NONE);
		assert_string_equal(dump->encoding, "UTF8");
		assert_true(dump->std_strings);
		assert_string_equal(dump->database, "shop");
		assert_int_equal(dump->nentries, ARRAY_SIZE(entries));
		assert_string_equal(dump->entries[3].desc, "TABLE DATA");
		assert_string_equal(dump->entries[3].schema, "public");
		assert_string_equal(dump->entries[3].owner, "postgres");
		assert_int_equal(dump->entries[3].section, 3);
		assert_int_equal(dump->entries[3].relkind, minor >= 16 ? 'r' : 0);
		assert_int_equal(dump->entries[3].oid, 16384);
		assert_int_equal(dump->entries[3].ndeps, 1);
		for (int i = 3; i <= 4; i++) {
			assert_int_equal(dump->entries[i].ncolumns, 2);
			assert_string_equal(dump->entries[i].columns[1], "T");
		}
		assert_int_equal(counts[3].rows_in, 3);
		assert_int_equal(counts[4].rows_in, 2);
		assert_int_equal(counts[5].objects, 1);
	}
}

/* ---- one thing wrong ---- */

#define S(s) s, sizeof(s) - 1
#define DATA "\0\1\0\0\0" "1\1\1\0\0\0"	/* the last dependency before an offset */

struct wrong {
	const char *from;
	size_t from_n;
	const char *to;
	size_t to_n;
	const char *why, *where;
};

static const struct wrong wrong[] = {
	{ S("PGDMP\1\16"), S("PGDMP\1\21"), "archive version 1.17 is newer than", "byte 8" },
	{ S("PGDMP\1\16"), S("PGDMP\2\0"), "archive version 2.0 is newer than", "byte 8" },
	{ S("PGDMP\1\16"), S("PGDMP\1\11"), "archive version 1.9 is older than", "byte 8" },
	{ S("PGDMP\1\16\0"), S("PGDMP\1\16\1"), "found revision 1", "byte 8" },
	{ S("PGDMP\1\16\0\4\10"), S("PGDMP\1\16\0\10\10"), "expected integers of 4 bytes, found 8", "byte 11" },
	{ S("PGDMP\1\16\0\4\10"), S("PGDMP\1\16\0\4\5"), "expected offsets of 4 or 8 bytes, found 5", "byte 11" },
	{ S("\0\4\10\1"), S("\0\4\10\3"), "expected format byte 1, found 3", "byte 11" },
	{ S("\4\10\1\0\0"), S("\4\10\1\0\12"), "expected a compression level of -1 to 9, found 10", "byte 16" },
	{ S("\4\10\1\0\0"), S("\4\10\1\2\0"), "found the sign byte 2", "byte 16" },
	{ S("\0\11\0\0\0"), S("\0\111\0\0\0"), "expected a date", "byte 21" },
	{ S("shop"), S("sh\0p"), "holds a zero byte", "byte" },
	{ S("\0\4\0\0\0shop"), S("\1\4\0\0\0shop"), "expected the length of a text", "byte" },
	{ S("15.1\0\6\0\0\0"), S("15.1\1\6\0\0\0"), "expected the number of entries, found -6", "byte" },
	{ S("15.1\0\6\0\0\0"), S("15.1\0\7\0\0\0"), "", "byte" },
	{ S("15.1\0\6\0\0\0"), S("15.1\0\5\0\0\0"), "expected a data block", "byte" },
	{ S("15.1\0\6\0\0\0\0\1\0"), S("15.1\0\6\0\0\0\0\0\0"), "expected a dump id above 0", "byte" },
	{ S("15.1\0\6\0\0\0\0\1\0"), S("15.1\0\6\0\0\0\0\2\0"), "two entries have the dump id 2", "byte" },
	{ S("16384"), S("16x84"), "expected a decimal number", "byte" },
	{ S("\0\2\0\0\0\0\36\0\0\0SET"), S("\0\5\0\0\0\0\36\0\0\0SET"), "expected a section of 1 to 4, found 5", "byte" },
	{ S("SET client_encoding = 'UTF8'"), S("SET client_encoding = 'SJIS'"), "the encoding SJIS has", "byte" },
	{ S("SET client_encoding = 'UTF8'"), S("LET client_encoding = 'UTF8'"), "expected SET client_encoding", "byte" },
	{ S("SET standard_conforming"), S("SET standard_confirming"), "expected SET standard_conforming_strings", "byte" },
	{ S("false"), S("maybe"), "expected \"true\" or \"false\"", "byte" },
	{ S("\0\1\0\0\0001\1"), S("\0\1\0\0\000x\1"), "expected a decimal number", "byte" },
	{ S("\3\0\0\0\0\0\0\0\0"), S("\0\0\0\0\0\0\0\0\0"), "expected an offset flag of 1 to 3, found 0", "byte" },
	{ S("\3\0\0\0\0\0\0\0\0"), S("\1\0\0\0\0\0\0\0\0"), "has no data, and its offset flag 1 says", "byte" },
	{ S(DATA "\1\0\0\0\0\0\0\0\0"), S(DATA "\3\0\0\0\0\0\0\0\0"), "has data, and its offset flag 3 says", "entry 4" },
	{ S(DATA "\1\0\0\0\0\0\0\0\0"), S(DATA "\2\7\0\0\0\0\0\0\0"), "and is recorded at 7", "byte" },
	{ S("BLOBS\0\5\0\0\0BLOBS\0"), S("BLOBS\0\5\0\0\0BLOBX\0"), "of type BLOBX has data", "entry 6 BLOBX" },
	{ S("COPY public.t (id"), S("KOPY public.t (id"), "expected COPY table (columns)", "entry 4" },
	{ S("FROM stdin;\n"), S("WITH stdin;\n"), "have OIDs", "entry 4" },
	{ S("FROM stdin;\n"), S("FROM stdin \n"), "something else", "entry 4" },
	/* blocks */
	{ S("\1\0\4\0\0\0"), S("\2\0\4\0\0\0"), "expected a data block (type 1 or 3)", "byte" },
	{ S("\1\0\4\0\0\0"), S("\3\0\4\0\0\0"), "is of type 3", "byte" },
	{ S("\3\0\6\0\0\0"), S("\1\0\6\0\0\0"), "is of type 1", "byte" },
	{ S("\1\0\4\0\0\0"), S("\1\1\4\0\0\0"), "expected the id of a data block", "byte" },
	{ S("\1\0\4\0\0\0"), S("\1\0\11\0\0\0"), "the id 9, which is not in", "byte" },
	{ S("\1\0\4\0\0\0"), S("\1\0\2\0\0\0"), "a needless data block", "byte" },
	{ S("\1\0\5\0\0\0"), S("\1\0\4\0\0\0"), "a second data block", "byte" },
	{ S("\n\n\n\0\0\0\0\0\1"), S("\n\n\n\1\1\0\0\0\1"), "expected the length of a chunk, found -1", "entry 4" },
	/* rows */
	{ S("\\.\n\n\n"), S("\\.\n\n "), "expected two line feeds behind the rows", "entry 4" },
	{ S("\\.\n\n\n"), S("\\x\n\n\n"), "row 4 holds an escape that", "entry 4" },
	{ S("1\tone"), S("1 one"), "row 1 has fewer fields", "entry 4 TABLE DATA public.t" },
	{ S("1\tone"), S("1\to\te"), "row 1 has more fields", "entry 4" },
	{ S("2\t\\N"), S("2\t\\M"), "row 2 holds an escape", "entry 4" },
	{ S("(2, NULL)"), S("(2, MULL)"), "row 2 holds a value that pg_dump does not write", "entry 5" },
	{ S("(2, NULL)"), S("(2,NULL )"), "row 2 ", "entry 5" },
	{ S("(2, NULL)"), S("(2; NULL)"), "row 2 ", "entry 5" },
	{ S("(2, NULL)"), S("(2222222)"), "row 2 has fewer values", "entry 5" },
	{ S("(2, NULL)"), S("(2, 3, 4)"), "row 2 has more values", "entry 5" },
	{ S("INTO public.t VALUES (2"), S("INTO public.u VALUES (2"), "row 2 goes into another table", "entry 5" },
	{ S("'it''s'"), S("'it\\'s'"), "row 1 ", "entry 5" },
	{ S("NULL);\n"), S("NULL); "), "row 2 is not followed by a line feed", "entry 5" },
	{ S("INSERT INTO public.t VALUES (2"), S("DELETE INTO public.t VALUES (2"), "row 2 is no INSERT", "entry 5" },
};

/* The first place of `from`, or of the last one in what stands behind the table of contents. */
static unsigned char *find(const struct mk *m, const struct wrong *w)
{
	unsigned char *p = memmem(m->p, m->n, w->from, w->from_n);

	if (!p)
		fail_msg("not there: %s", w->why);
	return p;
}

static void one_thing_wrong_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct wrong *w = &wrong[i];
		struct mk m = { NULL, 0, 0 }, bad = { NULL, 0, 0 };
		struct diag d = DIAG_INIT;
		unsigned char *p;

		mk_custom(&m, 14, entries, ARRAY_SIZE(entries));
		p = find(&m, w);
		mk_add(&bad, m.p, (size_t)(p - m.p));
		mk_add(&bad, w->to, w->to_n);
		mk_add(&bad, p + w->from_n, (size_t)(m.p + m.n - p) - w->from_n);
		mk_file("a", bad.p, bad.n);
		if (verify("a", &d))
			fail_msg("%zu: not refused: %s", i, w->why);
		if (!strstr(d.message, w->why) || !strstr(d.where, w->where))
			fail_msg("%zu: expected \"%s\" at \"%s\", found \"%s\" at \"%s\"", i, w->why, w->where, d.message,
				 d.where);
		free(m.p);
		free(bad.p);
	}
}

static void any_cut_is_refused(void **state)
{
	struct mk m = { NULL, 0, 0 };
	size_t n;

	(void)state;
	mk_custom(&m, 16, entries, ARRAY_SIZE(entries));
	mk_file("a", m.p, m.n);
	for (n = m.n; n-- > 0;) {
		struct diag d = DIAG_INIT;

		assert_int_equal(truncate("a", (off_t)n), 0);
		if (verify("a", &d))
			fail_msg("cut at %zu of %zu: not refused", n, m.n);
		if (!strstr(d.where, "byte "))
			fail_msg("cut at %zu: without a place: %s", n, d.message);
	}
	mk_add(&m, "", 1);
	mk_file("a", m.p, m.n);
	assert_false(verify("a", &(struct diag)DIAG_INIT));
	free(m.p);
}

static void any_flipped_byte_ends_well(void **state)
{
	struct mk m = { NULL, 0, 0 };

	(void)state;
	mk_custom(&m, 13, entries, ARRAY_SIZE(entries));
	for (size_t at = 0; at < m.n; at++) {
		unsigned char was = m.p[at];
		struct diag d = DIAG_INIT;

		m.p[at] ^= (unsigned char)(at % 3 == 0 ? 0xff : 1 << at % 8);
		mk_file("a", m.p, m.n);
		if (!verify("a", &d))
			assert_true(*d.message && !strchr(d.message, '\n'));
		m.p[at] = was;
	}
	free(m.p);
}

/* ---- what it is ---- */

static void what_it_is_not_is_said(void **state)
{
	static const struct { const char *text; size_t n; const char *why; } kinds[] = {
		{ S(""), "found an empty file" }, { S("PK\3\4xxxx"), "found a zip file" },
		{ S("age-encryption.org/v1"), "encrypted with age" }, { S("-----BEGIN PGP MESSAGE"), "PGP" },
		{ S("\x8c\r\4"), "encrypted with PGP" }, { S("Salted__xxxxxxxx"), "encrypted with openssl" },
		{ S("BZh91AY"), "bzip2" }, { S("\xfd" "7zXZ\0"), "xz" }, { S("SELECT 1;\n"), "found something else" },
		{ S("PGDM"), "found something else" }, { S("PGDMP"), "ends inside the header" },
		{ S("\x1f\x8b\x08\0"), "the compressed stream ends before its end mark" },
		{ S("\x28\xb5\x2f\xfd"), "the compressed stream ends before its end mark" },
		{ S("--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n"), "without its line \"PostgreSQL database dump complete" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct diag d = DIAG_INIT;

		mk_file("a", kinds[i].text, kinds[i].n);
		assert_false(verify("a", &d));
		if (!strstr(d.message, kinds[i].why))
			fail_msg("expected \"%s\", found \"%s\"", kinds[i].why, d.message);
	}
}

/* ---- big ones ---- */

static bool drop_even(void *ctx, struct dump_row *row, enum dump_verdict *ret, struct diag *d)
{
	(void)ctx;
	(void)d;
	*ret = row->number % 2 == 0 ? DUMP_DROP : DUMP_KEEP;
	return true;
}

#define HEAD "--\n-- PostgreSQL database dump\n--\n\nCOPY public.t (id, t) FROM stdin;\n"
#define TAIL "\\.\n\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
#define HUGE_ROW ((size_t)100 * 1000 * 1000)

/* A row of 100 MB, of TABs and escapes that lie on every border of a buffer. */
static void a_row_of_100_mb(void **state)
{
	struct dump_calls calls = { .row = drop_even };
	AUTO(dump_free_auto) struct dump *dump = NULL;
	AUTO(dump_free_auto) struct dump *again = NULL;
	AUTO(dump_free_auto) struct dump *less = NULL;
	char *row = malloc(HUGE_ROW + 1);
	struct dump_count count = { .rows_in = 0 };
	struct diag d = DIAG_INIT;
	FILE *f = fopen("a", "w");
	struct stat st;

	(void)state;
	for (size_t i = 0; i < HUGE_ROW; i++)
		row[i] = "\\\\\\nx"[i % 5];
	row[HUGE_ROW] = '\0';
	fprintf(f, HEAD "1\t%s\n2\t%s\n3\tsmall\n" TAIL, row, row);
	assert_int_equal(fclose(f), 0);
	free(row);
	unlink("b");
	assert_true(dump_open("a", NULL, &dump, &d) && dump_rewrite(dump, "b", &calls, &count, &d));
	assert_int_equal(count.rows_in, 3);
	assert_int_equal(count.dropped, 1);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(st.st_size, strlen(HEAD) + 2 + HUGE_ROW + 1 + 8 + strlen(TAIL));
	assert_true(dump_open("b", NULL, &again, &d) && dump_verify(again, &count, &d));
	assert_int_equal(count.rows_in, 2);
	assert_true(dump_open("b", &(struct dump_limits){ HUGE_ROW / 2 }, &less, &d));
	assert_false(dump_verify(less, &count, &d));
	assert_non_null(strstr(d.message, "row 1 is longer than the limit of 50000000 bytes"));
	unlink("b");
}

static void ten_thousand_tables(void **state)
{
	enum { N = 10000 };
	AUTO(dump_free_auto) struct dump *dump = NULL;
	struct mk_entry *e = calloc(N, sizeof(*e));
	char (*names)[32] = calloc(N, sizeof(*names));
	char (*texts)[2][96] = calloc(N, sizeof(*texts));
	struct dump_count *counts = calloc(N, sizeof(*counts));
	struct mk m = { NULL, 0, 0 };
	struct diag d = DIAG_INIT;

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "table_%d", i / 2);
		snprintf(texts[i][0], sizeof(texts[i][0]), "CREATE TABLE public.table_%d (\n    a integer\n);\n", i / 2);
		snprintf(texts[i][1], sizeof(texts[i][1]), "INSERT INTO public.table_%d VALUES (%d);\n\n\n", i / 2, i);
		e[i] = (struct mk_entry){ i + 1, i % 2 ? "TABLE DATA" : "TABLE", "public", names[i],
					  i % 2 ? NULL : texts[i][0], NULL, i % 2 ? texts[i][1] : NULL };
	}
	mk_custom(&m, 14, e, N);
	mk_file("a", m.p, m.n);
	if (!dump_open("a", NULL, &dump, &d) || !dump_verify(dump, counts, &d))
		fail_msg("%s (%s)", d.message, d.where);
	for (int i = 1; i < N; i += 2)
		assert_int_equal(counts[i].rows_in, 1);
	free(m.p);
	free(counts);
	free(texts);
	free(names);
	free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_is_read),
		cmocka_unit_test(one_thing_wrong_is_refused),
		cmocka_unit_test(any_cut_is_refused),
		cmocka_unit_test(any_flipped_byte_ends_well),
		cmocka_unit_test(what_it_is_not_is_said),
		cmocka_unit_test(a_row_of_100_mb),
		cmocka_unit_test(ten_thousand_tables),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
