/* Many needles in one pass, against the C library's memmem() for each of them. */
#include "base/needles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 3000

struct tally {
	unsigned int times[MOST];
};

static void count(void *arg, uint32_t owner)
{
	((struct tally *)arg)->times[owner]++;
}

static unsigned int naive(const char *text, size_t n, const char *needle, size_t len)
{
	unsigned int times = 0;
	const char *at = text;

	while ((at = memmem(at, n - (size_t)(at - text), needle, len))) {
		times++;
		at++;
	}
	return times;
}

static void ends_of_each_other(void **state)
{
	static const char *const words[] = { "he", "she", "his", "hers", "s", "he" };
	static const unsigned int times[] = { 2, 1, 0, 1, 3, 2 };	/* in "ushers, he's" */
	AUTO(needles_free_auto) struct needles *s = needles_new();
	struct tally t = { { 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		needles_add(s, words[i], strlen(words[i]), (uint32_t)i);
	needles_find(s, "ushers, he's", 12, count, &t);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(t.times[i], times[i]);
}

static void nothing(void **state)
{
	AUTO(needles_free_auto) struct needles *s = needles_new();
	struct tally t = { { 0 } };

	(void)state;
	needles_find(s, "text", 4, count, &t);
	needles_find(s, "", 0, count, &t);
	assert_int_equal(t.times[0], 0);
}

/* A small alphabet: needles overlap, begin and end each other; with NUL and bytes over 127. */
static void random_text(char *into, size_t n, unsigned int letters)
{
	static const char alphabet[] = "ab\xc3\xa9" "1@\0z.\xff-e0y";

	for (size_t i = 0; i < n; i++)
		into[i] = alphabet[(unsigned int)rand() % letters];
}

static void one_round(unsigned int nneedles, unsigned int longest, unsigned int letters)
{
	AUTO(needles_free_auto) struct needles *s = needles_new();
	char (*needles)[64] = xcalloc(nneedles, sizeof(*needles)), text[4000];
	size_t *len = xcalloc(nneedles, sizeof(*len));

	for (unsigned int i = 0; i < nneedles; i++) {
		len[i] = 1 + (unsigned int)rand() % longest;
		random_text(needles[i], len[i], letters);
		needles_add(s, needles[i], len[i], i);
	}
	for (int k = 0; k < 3; k++) {
		size_t n = (unsigned int)rand() % sizeof(text);
		struct tally t = { { 0 } };

		random_text(text, n, letters);
		for (unsigned int i = 0; i < 20 && n > 64; i++) {	/* long ones would never be met */
			unsigned int which = (unsigned int)rand() % nneedles;

			memcpy(text + (unsigned int)rand() % (n - len[which]), needles[which], len[which]);
		}
		needles_find(s, text, n, count, &t);
		for (unsigned int i = 0; i < nneedles; i++)
			assert_int_equal(t.times[i], naive(text, n, needles[i], len[i]));
	}
	free(needles);
	free(len);
}

static void as_one_by_one(void **state)
{
	(void)state;
	srand(20260101);
	for (int i = 0; i < 200; i++)
		one_round(1 + (unsigned int)rand() % 40, 1 + (unsigned int)rand() % 12, 2 + (unsigned int)rand() % 12);
	/* more states than have a row of their own */
	for (int i = 0; i < 3; i++)
		one_round(MOST, 60, 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_of_each_other), cmocka_unit_test(nothing), cmocka_unit_test(as_one_by_one),
	};

	return cmocka_run_group_tests_name("needles", tests, NULL, NULL);
}
