/* How long a step will still take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "exec/run.h"

static void test_left(void **state)
{
	static const struct { struct exec_progress p; double left; } vectors[] = {
		/* by pages: a quarter in 10 s, whatever was found there */
		{ { .rows = 1, .rows_all = 9, .pages_done = 25, .pages_all = 100, .seconds = 10 }, 30 },
		{ { .rows = 9, .rows_all = 9, .pages_done = 100, .pages_all = 100, .seconds = 10 }, 0 },
		/* by index: rows alone */
		{ { .rows = 20, .rows_all = 100, .seconds = 10 }, 40 },
		{ { .rows = 120, .rows_all = 100, .seconds = 10 }, 0 },
	};
	struct exec_progress none = { .rows_all = 100, .pages_all = 7, .seconds = 3 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		assert_true(exec_progress_left(&vectors[i].p) == vectors[i].left);
	assert_true(exec_progress_left(&none) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_left) };

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
