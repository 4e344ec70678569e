/* The log outside the database: a file that is only appended to, and read with suspicion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ledger/replay_log.h"

#include <openssl/sha.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINE "11111111-1111-1111-1111-111111111111"
#define OTHER "22222222-2222-2222-2222-222222222222"
#define HASH_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char folder[] = "/tmp/replay.XXXXXX";
static char path[64], torn[80];

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(torn, sizeof(torn), "%s.torn", path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(torn);
	return 0;
}

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static char *get(const char *file)
{
	static char text[200000];
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static size_t size_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

static json_t *head(const char *lineage, int seq, const char *hash)
{
	return json_pack("{ss ss si ss}", "kind", "head", "lineage", lineage, "seq", seq, "hash", hash);
}

static bool append(json_t *line, struct diag *d)
{
	AUTO_REPLAY_LOG log = REPLAY_LOG_INIT;

	if (!replay_log_open(&log, path, d)) {
		json_decref(line);
		return false;
	}
	replay_log_add(&log, line);
	return replay_log_flush(&log, d);
}

static bool ignore(void *arg, const json_t *line, int64_t number, struct diag *d)
{
	(void)d;
	assert_non_null(json_object_get(line, "kind"));
	*(int64_t *)arg = number;
	return true;
}

static bool whole(int64_t *lines, struct diag *d)
{
	return replay_log_each(path, ignore, lines, d);
}

static void missing(void **state)
{
	struct replay_head h;
	struct diag d = DIAG_INIT;
	int64_t lines;

	(void)state;
	assert_true(replay_log_head(path, MINE, &h, &d));
	assert_false(h.exists || h.found);
	assert_false(whole(&lines, &d));
	put("");
	assert_false(whole(&lines, &d));
	assert_non_null(strstr(d.message, "empty"));
}

static void appended(void **state)
{
	struct replay_head h;
	struct diag d = DIAG_INIT;
	struct stat st;
	int64_t lines = 0;

	(void)state;
	assert_true(append(head(MINE, 3, HASH_A), &d));
	assert_true(append(head(MINE, 7, HASH_B), &d));
	assert_true(append(head(OTHER, 900, HASH_A), &d));
	assert_true(append(json_pack("{ss ss ss}", "kind", "rows", "lineage", MINE, "table", "hold"), &d));
	assert_true(replay_log_head(path, MINE, &h, &d));
	assert_true(h.exists && h.found);
	assert_int_equal(h.seq, 7);
	assert_string_equal(h.hash, HASH_B);
	assert_true(whole(&lines, &d));
	assert_int_equal(lines, 4);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* The chain as replay_log.h says, with libcrypto alone. */
static void chained(void **state)
{
	char before[65], is[65];
	struct diag d = DIAG_INIT;
	char *line, *next;

	(void)state;
	memset(before, '0', 64);
	before[64] = '\0';
	for (int i = 1; i < 5; i++)
		assert_true(append(head(MINE, i, HASH_A), &d));
	for (line = get(path); *line; line = next) {
		unsigned char sum[SHA256_DIGEST_LENGTH], text[1000];
		char *chain = strstr(line, ",\"chain\":\"");
		size_t n;

		assert_non_null(chain);
		next = strchr(line, '\n') + 1;
		n = (size_t)snprintf((char *)text, sizeof(text), "%s%.*s", before, (int)(chain - line), line);
		SHA256(text, n, sum);
		for (int k = 0; k < SHA256_DIGEST_LENGTH; k++)
			snprintf(is + 2 * k, 3, "%02x", sum[k]);
		assert_memory_equal(chain + 10, is, 64);
		memcpy(before, is, sizeof(before));
	}
}

/* Whatever byte is changed, line taken out, moved or put in: told, with its line; and nothing is appended to what
 * shows it at the end. */
static void damaged(void **state)
{
	char copy[4000], *second, *third;
	struct diag d = DIAG_INIT;
	int64_t lines;
	size_t n;

	(void)state;
	for (int i = 1; i < 4; i++)
		assert_true(append(head(MINE, i, HASH_A), &d));
	snprintf(copy, sizeof(copy), "%s", get(path));
	n = strlen(copy);
	for (size_t i = 0; i < n; i += 7) {
		char was = copy[i];

		copy[i] = was == '1' ? '2' : '1';
		put(copy);
		d = (struct diag)DIAG_INIT;
		assert_false(whole(&lines, &d));
		assert_int_equal(d.cls, DIAG_GUARD);
		assert_non_null(strstr(d.where, "/log:"));
		copy[i] = was;
	}
	second = strchr(copy, '\n') + 1;
	third = strchr(second, '\n') + 1;
	put(second);
	assert_false(whole(&lines, &d));
	second[-1] = '\0';
	put(copy);
	assert_false(whole(&lines, &d));	/* no LF */
	second[-1] = '\n';
	memmove(second, third, strlen(third) + 1);
	put(copy);
	assert_false(whole(&lines, &d));
}

/* Read from the end, a broken line is told before its head is believed. */
static void damaged_end(void **state)
{
	static const char *const ends[] = { "\n", "[]\n", "{}\n", "x", "{\"kind\":\"head\",\"lineage\":\"" MINE "\",\"seq\":9}\n" };
	struct replay_head h;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct diag d = DIAG_INIT;
		char text[2000];

		unlink(path);
		assert_true(append(head(MINE, 1, HASH_A), &d));
		snprintf(text, sizeof(text), "%s%s", get(path), ends[i]);
		put(text);
		assert_false(replay_log_head(path, MINE, &h, &d));
		assert_int_equal(d.cls, DIAG_GUARD);
		assert_non_null(strstr(d.where, "/log:2"));
		assert_false(append(head(MINE, 2, HASH_A), &d));
		assert_string_equal(get(path), text);
	}
}

/* Lines longer than what is read at once. */
static void long_lines(void **state)
{
	static char big[150000];
	struct replay_head h;
	struct diag d = DIAG_INIT;
	int64_t lines = 0;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	assert_true(append(head(MINE, 5, HASH_A), &d));
	for (int i = 0; i < 3; i++)
		assert_true(append(json_pack("{ss ss ss}", "kind", "rows", "lineage", MINE, "sealed", big), &d));
	assert_true(replay_log_head(path, MINE, &h, &d));
	assert_int_equal(h.seq, 5);
	assert_true(whole(&lines, &d));
	assert_int_equal(lines, 4);
}

static void repaired(void **state)
{
	struct replay_head h;
	struct diag d = DIAG_INIT;
	int64_t bytes = -1, lines = 0;
	char before[2000], text[2100];

	(void)state;
	assert_true(append(head(MINE, 1, HASH_A), &d));
	assert_true(replay_log_repair(path, &bytes, &d));
	assert_int_equal(bytes, 0);
	snprintf(before, sizeof(before), "%s", get(path));
	snprintf(text, sizeof(text), "%s{\"kind\":\"he", before);
	put(text);
	assert_false(replay_log_head(path, MINE, &h, &d));
	assert_non_null(strstr(d.hint, "--repair"));
	assert_true(replay_log_repair(path, &bytes, &d));
	assert_int_equal(bytes, 11);
	assert_string_equal(get(path), before);
	assert_string_equal(get(torn), "{\"kind\":\"he\n");
	assert_true(whole(&lines, &d));
}

static void no_folder(void **state)
{
	AUTO_REPLAY_LOG log = REPLAY_LOG_INIT;
	struct diag d = DIAG_INIT;

	(void)state;
	assert_false(replay_log_open(&log, "/nonexistent/log", &d));
	assert_int_equal(d.cls, DIAG_GUARD);
	assert_string_equal(d.where, "/nonexistent/log");
}

static void no_file(void **state)
{
	struct replay_head h;
	struct diag d = DIAG_INIT;
	int64_t lines;

	(void)state;
	assert_false(replay_log_head("/dev/zero", MINE, &h, &d));
	assert_int_equal(d.cls, DIAG_GUARD);
	assert_false(replay_log_head("/tmp", MINE, &h, &d));
	assert_false(replay_log_each("/dev/zero", ignore, &lines, &d));
}

/* A disk that gets full in the middle of a line: the failure is told and nothing of the line stays. */
static void disk_full(void **state)
{
	struct replay_head h;
	struct diag d = DIAG_INIT;
	struct rlimit before, limit;
	size_t size;

	(void)state;
	assert_true(append(head(MINE, 1, HASH_A), &d));
	size = size_of_file();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){ size + 10, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_false(append(head(MINE, 2, HASH_B), &d));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(d.cls, DIAG_GUARD);
	assert_int_equal(size_of_file(), size);
	assert_true(append(head(MINE, 2, HASH_B), &d));
	assert_true(replay_log_head(path, MINE, &h, &d));
	assert_int_equal(h.seq, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(missing), TEST(appended), TEST(chained), TEST(damaged), TEST(damaged_end), TEST(long_lines),
		TEST(repaired), TEST(no_folder), TEST(no_file), TEST(disk_full),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests_name("replay_log", tests, NULL, NULL);
	return rmdir(folder) ? 1 : failed;
}
