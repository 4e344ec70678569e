/* The head outside the database: a file that is only appended to, and read with suspicion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ledger/outside.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINE "11111111-1111-1111-1111-111111111111"
#define OTHER "22222222-2222-2222-2222-222222222222"
#define HASH_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char folder[] = "/tmp/outside.XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/heads", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static size_t size_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

static void missing(void **state)
{
	struct outside_head head;
	struct diag d = DIAG_INIT;

	(void)state;
	assert_true(outside_read(path, MINE, &head, &d));
	assert_false(head.exists);
	assert_false(head.found);
}

static void appended(void **state)
{
	struct outside_head head;
	struct diag d = DIAG_INIT;
	struct stat st;

	(void)state;
	assert_true(outside_append(path, MINE, 3, HASH_A, &d));
	assert_true(outside_append(path, OTHER, 900, HASH_B, &d));
	assert_true(outside_append(path, MINE, 7, HASH_B, &d));
	assert_true(outside_read(path, MINE, &head, &d));
	assert_true(head.exists && head.found);
	assert_int_equal(head.seq, 7);
	assert_string_equal(head.hash, HASH_B);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Each line is a JSON object of its own with the keys that sql/README.md and ledger.h name. */
static void is_json(void **state)
{
	struct diag d = DIAG_INIT;
	const char *kind, *lineage, *hash, *at;
	json_int_t seq;
	json_t *line;

	(void)state;
	assert_true(outside_append(path, MINE, 3, HASH_A, &d));
	line = json_load_file(path, 0, NULL);
	assert_int_equal(json_unpack(line, "{s:s, s:s, s:I, s:s, s:s !}", "kind", &kind, "lineage", &lineage, "seq",
				     &seq, "hash", &hash, "at", &at), 0);
	assert_string_equal(kind, "head");
	assert_string_equal(lineage, MINE);
	assert_int_equal(seq, 3);
	assert_string_equal(hash, HASH_A);
	json_decref(line);
}

static void never_back(void **state)
{
	struct diag d = DIAG_INIT;
	size_t size;

	(void)state;
	assert_true(outside_append(path, MINE, 7, HASH_A, &d));
	size = size_of_file();
	assert_true(outside_append(path, MINE, 7, HASH_A, &d));
	assert_false(outside_append(path, MINE, 7, HASH_B, &d));
	assert_int_equal(d.cls, DIAG_GUARD);
	assert_false(outside_append(path, MINE, 6, HASH_A, &d));
	assert_int_equal(size_of_file(), size);
}

static void other_kinds(void **state)
{
	struct outside_head head;
	struct diag d = DIAG_INIT;

	(void)state;
	put("{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":5,\"hash\":\"" HASH_A "\"}\n"
	    "{\"kind\":\"erasure\",\"anything\":[1,2]}\n");
	assert_true(outside_read(path, MINE, &head, &d));
	assert_int_equal(head.seq, 5);
}

/* A damaged file is never read as if nothing were there, and never appended to. */
static void damaged(void **state)
{
	static const struct { const char *text, *where; } files[] = {
		{ "{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":5,\"hash\":\"" HASH_A "\"}\n{\"kind\":\"he", ":2" },
		{ "{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":5,\"hash\":\"" HASH_A "\"}", ":1" },
		{ "\n", ":1" },
		{ "[]\n", ":1" },
		{ "{}\n", ":1" },
		{ "{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":\"5\",\"hash\":\"" HASH_A "\"}\n", ":1" },
		{ "{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":5}\n", ":1" },
		{ "{\"kind\":\"head\",\"seq\":5,\"hash\":\"" HASH_A "\"}\n", ":1" },
		{ "{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":5,\"seq\":6,\"hash\":\"" HASH_A "\"}\n", ":1" },
		{ "{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":5,\"hash\":\"" HASH_A HASH_A "\"}\n", ":1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct outside_head head;
		struct diag d = DIAG_INIT;

		put(files[i].text);
		assert_false(outside_read(path, MINE, &head, &d));
		assert_int_equal(d.cls, DIAG_GUARD);
		assert_non_null(strstr(d.where, files[i].where));
		assert_false(outside_append(path, MINE, 9, HASH_B, &d));
		assert_int_equal(size_of_file(), strlen(files[i].text));
	}
}

static void no_folder(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	assert_false(outside_append("/nonexistent/heads", MINE, 1, HASH_A, &d));
	assert_int_equal(d.cls, DIAG_GUARD);
	assert_string_equal(d.where, "/nonexistent/heads");
}

static void no_file(void **state)
{
	struct outside_head head;
	struct diag d = DIAG_INIT;

	(void)state;
	assert_false(outside_read("/dev/zero", MINE, &head, &d));
	assert_int_equal(d.cls, DIAG_GUARD);
	assert_false(outside_read("/tmp", MINE, &head, &d));
	assert_int_equal(d.cls, DIAG_GUARD);
}

/* A disk that gets full in the middle of a line: the failure is told and nothing of the line stays. */
static void disk_full(void **state)
{
	struct outside_head head;
	struct diag d = DIAG_INIT;
	struct rlimit before, limit;
	size_t size;

	(void)state;
	assert_true(outside_append(path, MINE, 1, HASH_A, &d));
	size = size_of_file();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){ size + 10, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_false(outside_append(path, MINE, 2, HASH_B, &d));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(d.cls, DIAG_GUARD);
	assert_int_equal(size_of_file(), size);
	assert_true(outside_append(path, MINE, 2, HASH_B, &d));
	assert_true(outside_read(path, MINE, &head, &d));
	assert_int_equal(head.seq, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(missing), TEST(appended), TEST(is_json), TEST(never_back), TEST(other_kinds), TEST(damaged),
		TEST(no_folder), TEST(no_file), TEST(disk_full),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests_name("outside", tests, NULL, NULL);
	return rmdir(folder) ? 1 : failed;
}
