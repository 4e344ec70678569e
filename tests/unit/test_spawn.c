/* Commands of the operator's: what they get, what is taken of them, how they end. */
#include "base/sig.h"
#include "base/spawn.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct spawn_result res;

static bool filter(const char *const *argv, const char *in, size_t max, struct strbuf *out)
{
	return spawn_run(&(struct spawn){ argv, in, strlen(in), 5000, max, false }, out, &res);
}

static void test_words(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	assert_true(filter(ARGV("cat"), "line\n", 100, &out));
	assert_string_equal(strbuf_str(&out), "line\n");
	assert_null(res.why);
	strbuf_reset(&out);
	assert_true(filter(ARGV("printf", "%s|", "$HOME", "`id`", "a b", "*", ";exit 1", ""), "", 100, &out));
	assert_string_equal(strbuf_str(&out), "$HOME|`id`|a b|*|;exit 1||");
}

static void test_ends(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	assert_false(filter(ARGV("sh", "-c", "echo no; exit 7"), "", 100, &out));
	assert_int_equal(res.exit, 7);
	assert_string_equal(strbuf_str(&out), "no\n");
	assert_false(filter(ARGV("sh", "-c", "kill -TERM $$"), "", 100, &out));
	assert_int_equal(res.exit, 128 + SIGTERM);
	assert_false(filter(ARGV("/nowhere/at/all"), "", 100, &out));
	assert_int_equal(res.exit, -1);
	assert_string_equal(res.why, "it could not be started");
	assert_false(filter(ARGV("sh", "-c", "exit 127"), "", 100, &out));
	assert_int_equal(res.exit, 127);
	assert_null(res.why);
}

/* Nobody may have fetched its status yet. */
static bool is_gone(long pid)
{
	char path[64], state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	f = fopen(path, "re");
	if (f) {
		if (fscanf(f, "%*d %*s %c", &state) != 1)
			state = 'Z';
		fclose(f);
	}
	return state == 'Z' || state == 'X';
}

/* More than a pipe holds, in both directions at once, and none of it read. */
static void test_much(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;
	size_t n = 1 << 20;
	char *in = malloc(n + 1);

	(void)state;
	memset(in, 'x', n);
	in[n] = '\0';
	assert_true(filter(ARGV("cat"), in, n, &out));
	assert_int_equal(out.len, n);
	assert_memory_equal(out.buf, in, n);
	assert_true(filter(ARGV("true"), in, n, &out));
	strbuf_reset(&out);
	assert_false(filter(ARGV("cat"), in, n - 1, &out));
	assert_string_equal(res.why, "it printed too much");
	assert_true(out.len < n);
	strbuf_reset(&out);
	assert_false(filter(ARGV("yes"), "", 1000, &out));
	assert_true(out.len <= 1000);
	free(in);
}

static void test_time(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;
	time_t began = time(NULL);
	long pid;

	(void)state;
	/* its children go too */
	assert_false(spawn_run(&(struct spawn){ ARGV("sh", "-c", "sleep 60 & echo $!; wait"), "", 0, 300, 100, false }, &out, &res));
	assert_string_equal(res.why, "it took too long");
	assert_int_equal(res.exit, -1);
	assert_true(time(NULL) - began < 20);
	pid = strtol(strbuf_str(&out), NULL, 10);
	assert_true(pid > 1);
	for (int i = 0; i < 200 && !is_gone(pid); i++)
		usleep(10000);
	assert_true(is_gone(pid));
	/* whoever leaves one behind with the pipe is not waited for */
	began = time(NULL);
	strbuf_reset(&out);
	assert_true(filter(ARGV("sh", "-c", "sleep 5 & echo done"), "", 100, &out));
	assert_string_equal(strbuf_str(&out), "done\n");
	assert_true(time(NULL) - began < 4);
}

/* We ignore SIGPIPE; a command that writes to nobody must die of it as everywhere. */
static void test_signals(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	assert_false(filter(ARGV("sh", "-c", "kill -PIPE $$; echo lived"), "", 100, &out));
	assert_int_equal(res.exit, 128 + SIGPIPE);
	assert_string_equal(strbuf_str(&out), "");
}

/* A tool is read: its last words, in a language that is known. */
static void test_tool(void **state)
{
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	assert_true(spawn_run(&(struct spawn){ ARGV("sh", "-c", "echo $LC_ALL; cat; echo lost >&2"), "", 0, 5000, 100, true }, &out, &res));
	assert_string_equal(strbuf_str(&out), "C\n");
	assert_string_equal(res.said, "lost");
	assert_false(spawn_run(&(struct spawn){ ARGV("sh", "-c", "head -c 200000 /dev/zero >&2; echo >&2; printf 'the\treason\n \n' >&2; exit 3"),
						"", 0, 5000, 100, true }, &out, &res));
	assert_int_equal(res.exit, 3);
	assert_string_equal(res.said, "the?reason");
	assert_false(filter(ARGV("sh", "-c", "echo secret >&2; exit 3"), "", 100, &out));
	assert_string_equal(res.said, "");
	/* closed its output, but goes on */
	assert_false(spawn_run(&(struct spawn){ ARGV("sh", "-c", "exec >&- 2>&-; sleep 30"), "", 0, 200, 100, true }, &out, &res));
	assert_string_equal(res.why, "it took too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_tool),
	};

	sig_ignore_pipe();
	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
