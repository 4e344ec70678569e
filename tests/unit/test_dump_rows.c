/* Rows of COPY and INSERT: splitting in pieces of any size, escapes both ways. Expected is what
 * PostgreSQL's documentation of COPY (text format) says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>

#include "dump/row.h"

#define S(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t n, columns;
	enum row_found found;
	const char *what;		/* DONE: its fields as they stand, parted by |; BAD: part of the reason */
} rows[] = {
	{ S("1\ttwo\t3\n"), 3, ROW_DONE, "1|two|3" },
	{ S("\t\t\n"), 3, ROW_DONE, "||" },
	{ S("\n"), 1, ROW_DONE, "" },
	{ S("\n"), 0, ROW_DONE, "" },
	{ S("\\N\n"), 1, ROW_DONE, "\\N" },
	{ S("\\N\t\\N\n"), 2, ROW_DONE, "\\N|\\N" },
	{ S("\\\\N\t\\\\.\n"), 2, ROW_DONE, "\\\\N|\\\\." },
	{ S("\\b\\f\\n\\r\\t\\v\\\\\n"), 1, ROW_DONE, "\\b\\f\\n\\r\\t\\v\\\\" },
	{ S("\x01\x7f\x80\xff \x0e\x1f\n"), 1, ROW_DONE, "\x01\x7f\x80\xff \x0e\x1f" },
	{ S("a value of more than sixteen bytes\tand another one, longer still\n"), 2, ROW_DONE,
	  "a value of more than sixteen bytes|and another one, longer still" },
	{ S("\\.\n"), 1, ROW_END, NULL },
	{ S("\\.\n"), 7, ROW_END, NULL },
	{ S("\\.\n"), 0, ROW_END, NULL },
	{ S("1\t2"), 2, ROW_MORE, NULL },
	{ S(""), 2, ROW_MORE, NULL },
	{ S("1\\"), 1, ROW_MORE, NULL },
	{ S("\\."), 1, ROW_MORE, NULL },
	{ S("1\n"), 2, ROW_BAD, "fewer fields" },
	{ S("1\t2\n"), 1, ROW_BAD, "more fields" },
	{ S("1\n"), 0, ROW_BAD, "more fields" },
	{ S("\t\n"), 0, ROW_BAD, "more fields" },
	{ S("\\Nx\n"), 1, ROW_BAD, "\\N inside" },
	{ S("x\\N\n"), 1, ROW_BAD, "\\N inside" },
	{ S("\\N\\N\n"), 1, ROW_BAD, "\\N inside" },
	{ S("\\.x\n"), 1, ROW_BAD, "\\. inside" },
	{ S("x\\.\n"), 1, ROW_BAD, "\\. inside" },
	{ S("1\t\\.\n"), 2, ROW_BAD, "\\. inside" },
	{ S("\\.\t1\n"), 2, ROW_BAD, "begins with" },
	{ S("\\x41\n"), 1, ROW_BAD, "an escape that" },
	{ S("\\101\n"), 1, ROW_BAD, "an escape that" },
	{ S("a\\\nb\n"), 1, ROW_BAD, "an escape that" },
	{ S("a\\\tb\n"), 2, ROW_BAD, "an escape that" },
	{ S("a\\\0b\n"), 1, ROW_BAD, "an escape that" },
	{ S("a\rb\n"), 1, ROW_BAD, "carriage return" },
	{ S("a\0b\n"), 1, ROW_BAD, "control character" },
	{ S("a\bb\n"), 1, ROW_BAD, "control character" },
	{ S("a\vb\n"), 1, ROW_BAD, "control character" },
	{ S("a\fb\n"), 1, ROW_BAD, "control character" },
};

static void check_found(size_t i, const struct row_split *s, enum row_found found, const char *row)
{
	struct bytes text = { NULL, 0, 0 };
	size_t begin = 0;

	assert_int_equal(found, rows[i].found);
	if (found == ROW_BAD && !strstr(s->why, rows[i].what))
		fail_msg("row %zu: %s", i, s->why);
	if (found != ROW_DONE)
		return;
	assert_int_equal(s->at, rows[i].n);
	for (size_t k = 0; k < s->nfields; k++) {
		if (k)
			bytes_add(&text, "|", 1);
		bytes_add(&text, row + begin, s->ends[k] - begin);
		begin = s->ends[k] + 1;
	}
	assert_int_equal(text.len, strlen(rows[i].what));
	if (text.len)
		assert_memory_equal(text.buf, rows[i].what, text.len);
	bytes_done(&text);
}

/* In pieces of `step` bytes, each in a buffer of exactly its size and slack. */
static void split_by(size_t i, size_t step)
{
	struct row_split s;
	size_t avail = 0;

	row_split_init(&s, rows[i].columns);
	row_split_next(&s);
	for (;;) {
		char *row;
		enum row_found found;

		avail = avail + step < rows[i].n ? avail + step : rows[i].n;
		row = calloc(1, avail + BYTES_SLACK);
		memcpy(row, rows[i].text, avail);
		found = row_split(&s, row, avail);
		if (found != ROW_MORE || avail == rows[i].n) {
			check_found(i, &s, found, row);
			free(row);
			break;
		}
		free(row);
	}
	row_split_done(&s);
}

static void rows_are_split_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t step = 1; step < 40; step += step < 5 ? 1 : 11)
			split_by(i, step);
}

/* ---- escapes ---- */

static const struct {
	const char *value, *raw;
} escaped[] = {
	{ "", "" }, { "plain", "plain" }, { "a\tb\nc", "a\\tb\\nc" }, { "\b\f\r\v", "\\b\\f\\r\\v" }, { "\\", "\\\\" },
	{ "\\N", "\\\\N" }, { "\\.", "\\\\." }, { "\x7f\x80\xff\x01", "\x7f\x80\xff\x01" },
	{ "long enough for a whole vector\tand more\\", "long enough for a whole vector\\tand more\\\\" },
};

static void escapes_go_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(escaped); i++) {
		struct bytes to = { NULL, 0, 0 };
		char back[128];
		size_t n;

		bytes_reserve(&to, 1);
		row_escape(&to, escaped[i].value, strlen(escaped[i].value));
		bytes_add(&to, "", 1);
		assert_string_equal(to.buf, escaped[i].raw);
		assert_true(row_unescape(to.buf, to.len - 1, back, &n));
		assert_int_equal(n, strlen(escaped[i].value));
		assert_memory_equal(back, escaped[i].value, n);
		bytes_done(&to);
	}
}

static void every_byte_comes_back(void **state)
{
	char value[256 * 3], back[sizeof(value) * 2], *row;
	struct bytes to = { NULL, 0, 0 };
	struct row_split s;
	size_t n = 0;

	(void)state;
	for (int i = 1; i < 256; i++)
		for (int k = 0; k < 3; k++)
			value[n++] = (char)(k == 1 ? '\\' : i);
	row_escape(&to, value, n);
	bytes_add(&to, "\n", 1);
	row = to.buf;
	row_split_init(&s, 1);
	row_split_next(&s);
	assert_int_equal(row_split(&s, row, to.len), ROW_DONE);
	assert_int_equal(s.at, to.len);
	row_split_done(&s);
	assert_true(row_unescape(row, to.len - 1, back, &n));
	assert_int_equal(n, 255 * 3);
	assert_memory_equal(back, value, n);
	bytes_done(&to);
	assert_false(row_unescape("a\\", 2, back, &n));
	assert_false(row_unescape("\\q", 2, back, &n));
	assert_false(row_unescape("\\N", 2, back, &n));
}

/* ---- INSERT ---- */

static const struct {
	const char *raw, *value;	/* value NULL: NULL */
	bool std, computed;
} literals[] = {
	{ "NULL", NULL, true, false }, { "DEFAULT", NULL, true, true }, { "true", "t", true, false },
	{ "false", "f", true, false }, { "-1.5e10", "-1.5e10", true, false }, { "B'0101'", "0101", true, false },
	{ "B''", "", true, false }, { "''", "", true, false }, { "'NULL'", "NULL", true, false },
	{ "'it''s'", "it's", true, false }, { "''''", "'", true, false }, { "'a\nb'", "a\nb", true, false },
	{ "'\\n'", "\\n", true, false }, { "'\\\\'", "\\\\", true, false }, { "'\\\\n'", "\\n", false, false },
};

static void literals_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(literals); i++) {
		size_t n = strlen(literals[i].raw);
		struct bytes scratch = { NULL, 0, 0 };
		struct dump_value v;

		bytes_reserve(&scratch, n + 1);
		v = insert_value(literals[i].raw, n, literals[i].std, &scratch);
		assert_int_equal(v.null, literals[i].value == NULL);
		assert_int_equal(v.computed, literals[i].computed);
		if (!v.null) {
			assert_int_equal(v.len, strlen(literals[i].value));
			assert_memory_equal(v.bytes, literals[i].value, v.len);
		}
		bytes_done(&scratch);
	}
}

static void literals_are_written(void **state)
{
	struct bytes to = { NULL, 0, 0 };

	(void)state;
	insert_literal(&to, S("it's \\ \n"), true);
	insert_literal(&to, S("it's \\ \n"), false);
	insert_literal(&to, S(""), false);
	bytes_add(&to, "", 1);
	assert_string_equal(to.buf, "'it''s \\ \n''it''s \\\\ \n'''");
	bytes_done(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_split_in_pieces),
		cmocka_unit_test(escapes_go_both_ways),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(literals_are_read),
		cmocka_unit_test(literals_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
