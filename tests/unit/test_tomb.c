/* Keys as they are compared, and a tombstone's start against columns of every type. Expected numbers: date -u +%s. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/instant.h"
#include "model/tomb.h"

static const char *normal(enum judge_form f, const char *s, char buf[FORM_TEXT + 40])
{
	char own[FORM_TEXT];
	size_t n;
	const char *t = form_normal(f, s, strlen(s), own, &n);

	memcpy(buf, t, n);
	buf[n] = '\0';
	return buf;
}

static void forms(void **state)
{
	char a[FORM_TEXT + 40], b[FORM_TEXT + 40];

	(void)state;
	assert_string_equal(normal(JUDGE_BYTES, "1.50 ", a), "1.50 ");
	assert_string_equal(normal(JUDGE_BLANKS, "ab  ", a), "ab");
	assert_string_equal(normal(JUDGE_NUMERIC, "1.50", a), "1.5");
	assert_string_equal(normal(JUDGE_NUMERIC, "100", a), "100");
	assert_string_equal(normal(JUDGE_INSTANT, "2024-05-01 03:00:00+08", a), normal(JUDGE_INSTANT, "2024-04-30 19:00:00+00", b));
	assert_string_not_equal(normal(JUDGE_INSTANT, "2024-05-01 03:00:00+08", a), normal(JUDGE_INSTANT, "2024-05-01 03:00:00+00", b));
}

static void finds(void **state)
{
	static const char *columns[] = { "id" };
	static enum judge_form bytes[] = { JUDGE_BYTES };
	struct tombs t = { .ncolumns = 1, .columns = columns, .forms = bytes };
	char text[16];
	int under = 0;

	(void)state;
	rowkey_seed(t.seed);
	for (int i = 0; i < 5000; i++) {
		struct tomb tomb = { .at = i, .batch = (uint32_t)i };
		struct tomb_value v = { text, (size_t)snprintf(text, sizeof(text), "%d", i % 4000) };

		assert_true(tombs_key(&t, &v, &tomb.key));
		tombs_add(&t, &tomb);
	}
	for (int i = 0; i < 5000; i++) {
		struct tomb_value v = { text, (size_t)snprintf(text, sizeof(text), "%d", i) };
		struct rowkey k;
		int n = 0;

		assert_true(tombs_key(&t, &v, &k));
		for (const struct tomb *x = tombs_find(&t, &k); x; x = tombs_next(&t, x), n++)
			assert_int_equal(x->at % 4000, i);
		under += n;
		assert_int_equal(n, i < 1000 ? 2 : i < 4000 ? 1 : 0);
	}
	assert_int_equal(under, 5000);
	assert_false(tombs_key(&t, &(struct tomb_value){ NULL, 0 }, &(struct rowkey){ 0, 0 }));
	tombs_done(&t);
}

static void began(void **state)
{
	struct tomb t;
	struct pred_column c = { .type = PRED_TIMESTAMPTZ };

	(void)state;
	assert_true(instant_parse_timestamptz("2023-11-25 16:30:00+00", 22, &t.at));	/* 1700929800 */
	assert_true(instant_parse_timestamp("2023-11-26 00:30:00", 19, &t.local));	/* in Shanghai */
	assert_true(tomb_began(&t, &c, t.at));
	assert_false(tomb_began(&t, &c, t.at + 1));
	c.type = PRED_TIMESTAMP;
	assert_true(tomb_began(&t, &c, t.local));
	c.type = PRED_DATE;
	assert_true(tomb_began(&t, &c, instant_days_from_civil(2023, 11, 26)));
	assert_false(tomb_began(&t, &c, instant_days_from_civil(2023, 11, 25)));
	c = (struct pred_column){ .type = PRED_INT, .unit = UNIT_S };
	assert_true(tomb_began(&t, &c, 1700929800));
	c.unit = UNIT_MS;
	assert_true(tomb_began(&t, &c, 1700929800000));
	c = (struct pred_column){ .type = PRED_INT_YYYYMMDD, .unit = UNIT_YYYYMMDD };
	assert_true(tomb_began(&t, &c, 20231126));
	assert_false(tomb_began(&t, &c, 20231125));
}

/* What was made with one key says nothing under another; a value does not run into the next. */
static void digests(void **state)
{
	static const char *columns[] = { "a", "b" };
	static const enum judge_form bytes[] = { JUDGE_BYTES, JUDGE_BYTES };
	struct secret_key file = { { 1 } }, other = { { 2 } }, k, l;
	unsigned char x[SECRET_MAC], y[SECRET_MAC];
	char m[SECRET_MAC_TEXT], n[SECRET_MAC_TEXT];

	(void)state;
	tomb_secret(&file, &k);
	tomb_secret(&other, &l);
	tomb_made_with(&k, m);
	tomb_made_with(&l, n);
	assert_string_not_equal(m, n);
	tomb_digest(&k, 2, columns, bytes, (struct tomb_value[]){ { "ab", 2 }, { "c", 1 } }, x);
	tomb_digest(&k, 2, columns, bytes, (struct tomb_value[]){ { "ab", 2 }, { "c", 1 } }, y);
	assert_memory_equal(x, y, SECRET_MAC);
	tomb_digest(&k, 2, columns, bytes, (struct tomb_value[]){ { "a", 1 }, { "bc", 2 } }, y);
	assert_memory_not_equal(x, y, SECRET_MAC);
	tomb_digest(&l, 2, columns, bytes, (struct tomb_value[]){ { "ab", 2 }, { "c", 1 } }, y);
	assert_memory_not_equal(x, y, SECRET_MAC);
	tomb_digest(&k, 2, columns, bytes, (struct tomb_value[]){ { "", 0 }, { "c", 1 } }, x);
	tomb_digest(&k, 2, columns, bytes, (struct tomb_value[]){ { NULL, 0 }, { "c", 1 } }, y);
	assert_memory_not_equal(x, y, SECRET_MAC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms), cmocka_unit_test(finds), cmocka_unit_test(began), cmocka_unit_test(digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
