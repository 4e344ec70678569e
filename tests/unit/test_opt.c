/* Options from tables; the nearest word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/nearest.h"
#include "base/opt.h"

static const struct opt own[] = {
	{ "dry-run", NULL, "", false, 'n' },
	{ "expect", "FP", "", false, 0 },
	{ "identifier", "NAME=VALUE", "", true, 0 },
	{ NULL, NULL, NULL, false, 0 },
};
static const struct opt global[] = {
	{ "config", "FILE", "", false, 0 },
	{ NULL, NULL, NULL, false, 0 },
};
static const struct opt *const tables[] = { own, NULL, global };

struct parsed {
	struct arena *a;
	struct opts o;
	struct diag d;
	bool ok;
};

static struct parsed parse(char **argv)
{
	struct parsed p = { .a = arena_new(), .d = DIAG_INIT };
	int n = 0;

	while (argv[n])
		n++;
	p.ok = opts_parse(&p.o, p.a, tables, ARRAY_SIZE(tables), n, argv, NULL, &p.d);
	return p;
}
#define PARSE(...) parse((char *[]){ __VA_ARGS__, NULL })

static void refused(struct parsed p, const char *message, const char *hint)
{
	assert_false(p.ok);
	assert_int_equal(p.d.cls, DIAG_USAGE);
	assert_non_null(strstr(p.d.message, message));
	assert_string_equal(p.d.hint, hint);
	arena_free(p.a);
}

static void test_order_is_free(void **state)
{
	static char *orders[][6] = {
		{ "--dry-run", "--expect", "x", "a", "b", NULL },
		{ "a", "--dry-run", "b", "--expect=x", NULL },
		{ "a", "b", "--expect", "x", "-n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct parsed p = parse(orders[i]);

		assert_true(p.ok);
		assert_true(opts_flag(&p.o, "dry-run"));
		assert_string_equal(opts_text(&p.o, "expect"), "x");
		assert_null(opts_text(&p.o, "config"));
		assert_int_equal(p.o.words.n, 2);
		assert_string_equal(p.o.words.v[0], "a");
		assert_string_equal(p.o.words.v[1], "b");
		arena_free(p.a);
	}
}

static void test_values(void **state)
{
	struct parsed p = PARSE("--identifier", "mail=-", "--identifier=phone=a=b", "-", "--", "--dry-run", "-n");

	(void)state;
	assert_true(p.ok);
	assert_string_equal(opts_nth(&p.o, "identifier", 0), "mail=-");
	assert_string_equal(opts_nth(&p.o, "identifier", 1), "phone=a=b");
	assert_null(opts_nth(&p.o, "identifier", 2));
	assert_false(opts_flag(&p.o, "dry-run"));
	assert_int_equal(p.o.words.n, 3);
	assert_string_equal(p.o.words.v[0], "-");
	assert_string_equal(p.o.words.v[1], "--dry-run");
	assert_string_equal(p.o.words.v[2], "-n");
	arena_free(p.a);
}

static void test_a_dry_run_never_turns_real(void **state)
{
	(void)state;
	refused(PARSE("--dry-run=false"), "takes no value", "");
	refused(PARSE("--dry-rum"), "no option --dry-rum", "did you mean --dry-run?");
	refused(PARSE("--dry"), "no option --dry", "did you mean --dry-run?");
	refused(PARSE("-dry-run"), "no option -dry-run", "did you mean --dry-run?");
	refused(PARSE("--expect", "--dry-run"), "looks like an option", "if it is the value, write --expect=--dry-run");
	refused(PARSE("--expect", ""), "empty value", "");
	refused(PARSE("--expect="), "empty value", "");
	refused(PARSE("--expect"), "needs a value", "");
	refused(PARSE("--expect", "a", "--expect", "b"), "given twice", "");
	refused(PARSE("--zzz=1"), "no option --zzz", "");
	refused(PARSE("-nx"), "no option -nx", "");
	refused(PARSE("-5"), "no option -5", "");
}

static void test_stops_behind_the_first_word(void **state)
{
	char *argv[] = { "--config", "f", "run", "--dry-run", NULL };
	struct arena *a = arena_new();
	struct opts o = { { 0 }, { 0 } };
	struct diag d = DIAG_INIT;
	int used = 0;

	(void)state;
	assert_true(opts_parse(&o, a, tables, ARRAY_SIZE(tables), 4, argv, &used, &d));
	assert_int_equal(used, 3);
	assert_string_equal(o.words.v[0], "run");
	assert_false(opts_flag(&o, "dry-run"));
	arena_free(a);
}

/* Distances counted by hand: twice the edits, one for a letter's case. */
static void test_distance(void **state)
{
	static const struct { const char *a, *b; int distance; } cases[] = {
		{ "", "", 0 }, { "", "abc", 6 }, { "abc", "", 6 }, { "plan", "plan", 0 }, { "plan", "Plan", 1 },
		{ "plan", "plna", 2 }, { "plan", "pln", 2 }, { "plan", "plaan", 2 }, { "plan", "plum", 4 },
		{ "kitten", "sitting", 6 }, { "ca", "abc", 6 },
	};
	const char *longer = "0123456789012345678901234567890123456789012345678901234567890123456789";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(nearest_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(nearest_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
	assert_int_equal(nearest_distance(longer, longer), 0);
}

static void test_nearest(void **state)
{
	static const struct { const char *word, *best; } cases[] = {
		{ "pln", "plan" }, { "rnu", "run" }, { "quar", "quarantine" }, { "explian", "explain" },
		{ "xyz", NULL }, { "", NULL }, { "x", NULL }, { "reprot", "report" },
	};
	static const char *const words[] = { "plan", "run", "quarantine", "explain", "report" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nearest n = nearest_init(cases[i].word);

		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			nearest_offer(&n, words[k]);
		if (cases[i].best)
			assert_string_equal(n.best, cases[i].best);
		else
			assert_null(n.best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_is_free),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_a_dry_run_never_turns_real),
		cmocka_unit_test(test_stops_behind_the_first_word),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
