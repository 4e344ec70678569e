/* The C face of the expiry predicate, and the text of the SQL face. Expectations: domain.md 2. The
 * constants of these rules are those of a 3-year class seen on 2024-05-01 in UTC: starts before
 * 2021-05-01 have ended. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/instant.h"
#include "model/pred.h"

#define AS_OF "2024-05-01 12:00:00+00"

static struct pred_bound tz(const char *text)
{
	struct pred_bound b = { .text = text };

	assert_true(instant_parse_timestamptz(text, strlen(text), &b.raw));
	return b;
}

static struct pred_bound day(const char *text)
{
	struct pred_bound b = { .text = text };

	assert_true(instant_parse_date(text, strlen(text), &b.raw));
	return b;
}

static struct pred_bound number(const char *text)
{
	return (struct pred_bound){ text, strtoll(text, NULL, 10) };
}

static struct pred_column column(const char *name, enum pred_type type, size_t field)
{
	struct pred_column c = { .name = name, .type = type, .field = field };

	switch (type) {
	case PRED_TIMESTAMPTZ:
		c.lo = tz("1970-01-02 00:00:00+00");
		c.now = tz("2024-05-01 12:00:00.000001+00");
		c.hi = tz("2124-05-01 12:00:00.000001+00");
		break;
	case PRED_DATE:
		c.lo = day("1970-01-02");
		c.now = day("2024-05-02");
		c.hi = day("2124-05-02");
		break;
	case PRED_INT:
		c.lo = number("86400");
		c.now = number("1714564801");
		c.hi = number("4870238401");
		break;
	case PRED_INT_YYYYMMDD:
		c.lo = number("19700102");
		c.now = number("20240502");
		c.hi = number("21240502");
		break;
	case PRED_TIMESTAMP:
		fail();
	}
	return c;
}

/* A rule with two clocks at most and up to three terms. */
struct fixture {
	struct pred_column columns[2][2];
	struct pred_clock clocks[2];
	struct pred_bound cuts[3][2], caps[3][2];
	struct term terms[3];
	struct pred_term pred_terms[3];
	struct pred pred;
};

static struct fixture *fixture(void)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.pred.clocks = f.clocks;
	f.pred.terms = f.pred_terms;
	return &f;
}

static void add_clock(struct fixture *f, enum clock_mode mode, struct pred_column first, const struct pred_column *second)
{
	struct pred_clock *k = &f->clocks[f->pred.nclocks];

	k->event = f->pred.nclocks ? "other" : "start";
	k->mode = mode;
	k->columns = f->columns[f->pred.nclocks++];
	k->columns[k->n++] = first;
	if (second)
		k->columns[k->n++] = *second;
}

static struct term *add_term(struct fixture *f, enum term_kind kind, enum pred_term_kind how, size_t clock,
			     struct pred_bound cut, const struct pred_bound *second)
{
	size_t i = f->pred.nterms++;

	f->terms[i].kind = kind;
	f->cuts[i][0] = cut;
	if (second)
		f->cuts[i][1] = *second;
	f->pred_terms[i] = (struct pred_term){ how, &f->terms[i], clock, f->cuts[i], NULL };
	return &f->terms[i];
}

static enum row_state judge(const struct fixture *f, enum pred_mode mode, const char *a, const char *b)
{
	const char *fields[] = { a, b };
	size_t lens[] = { a ? strlen(a) : 0, b ? strlen(b) : 0 };
	enum row_state s;
	size_t bad;

	assert_true(pred_eval(&f->pred, mode, fields, lens, &s, &bad));
	return s;
}

#define expect(f, mode, a, b, state) \
	assert_string_equal(row_state_word(judge(f, mode, a, b)), row_state_word(state))

/* ---- one clock ---- */

static struct fixture *three_years(void)
{
	struct fixture *f = fixture();

	add_clock(f, CLOCK_FIRST, column("at", PRED_TIMESTAMPTZ, 0), NULL);
	add_term(f, TERM_FLOOR, PRED_PERIOD, 0, tz("2021-05-01 00:00:00+00"), NULL);
	return f;
}

static void one_column(void **state)
{
	struct fixture *f = three_years();

	(void)state;
	expect(f, PRED_PASSIVE, "2021-04-30 23:59:59.999999+00", NULL, ROW_DUE);
	expect(f, PRED_PASSIVE, "2021-05-01 07:59:59.999999+08", NULL, ROW_DUE);
	expect(f, PRED_PASSIVE, "2021-05-01 00:00:00+00", NULL, ROW_KEPT);
	expect(f, PRED_PASSIVE, AS_OF, NULL, ROW_KEPT);
	expect(f, PRED_PASSIVE, "2024-05-01 12:00:00.000001+00", NULL, ROW_FUTURE);
	expect(f, PRED_PASSIVE, "2124-05-01 12:00:00+00", NULL, ROW_FUTURE);
	expect(f, PRED_PASSIVE, "2124-05-01 12:00:00.000001+00", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "12024-05-01 12:00:00+00", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "infinity", NULL, ROW_FUTURE);
	expect(f, PRED_PASSIVE, "-infinity", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "0044-03-15 12:00:00+00 BC", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "1970-01-01 23:59:59.999999+00", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "1970-01-02 00:00:00+00", NULL, ROW_DUE);
	expect(f, PRED_PASSIVE, NULL, NULL, ROW_INDETERMINATE);
	expect(f, PRED_ACTIVE, NULL, NULL, ROW_INDETERMINATE);
	expect(f, PRED_ACTIVE, "2021-04-30 00:00:00+00", NULL, ROW_DUE);
}

static void first_non_null_in_its_own_type(void **state)
{
	struct pred_column ymd = column("ymd", PRED_INT_YYYYMMDD, 1);
	struct pred_bound second = number("20210501");
	struct fixture *f = fixture();

	(void)state;
	add_clock(f, CLOCK_FIRST, column("at", PRED_TIMESTAMPTZ, 0), &ymd);
	add_term(f, TERM_FLOOR, PRED_PERIOD, 0, tz("2021-05-01 00:00:00+00"), &second);
	expect(f, PRED_PASSIVE, "2021-04-30 00:00:00+00", "20240101", ROW_DUE);
	expect(f, PRED_PASSIVE, "2021-04-30 00:00:00+00", "99999999", ROW_DUE);
	expect(f, PRED_PASSIVE, "2023-04-30 00:00:00+00", "20200101", ROW_KEPT);
	expect(f, PRED_PASSIVE, "-infinity", "20200101", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, "20210430", ROW_DUE);
	expect(f, PRED_PASSIVE, NULL, "20210501", ROW_KEPT);
	expect(f, PRED_PASSIVE, NULL, "20240502", ROW_FUTURE);
	expect(f, PRED_PASSIVE, NULL, "20201301", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, "20200132", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, "20200100", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, "0", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, "99991231", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, NULL, ROW_INDETERMINATE);
}

static void latest_restarts_the_clock(void **state)
{
	struct pred_column second = column("refunded", PRED_DATE, 1);
	struct pred_bound cut = day("2021-05-01");
	struct fixture *f = fixture();

	(void)state;
	add_clock(f, CLOCK_LATEST, column("completed", PRED_TIMESTAMPTZ, 0), &second);
	add_term(f, TERM_FLOOR, PRED_PERIOD, 0, tz("2021-05-01 00:00:00+00"), &cut);
	/* a refund last week restarts the clock of an order completed four years ago */
	expect(f, PRED_PASSIVE, "2020-05-01 00:00:00+00", "2024-04-24", ROW_KEPT);
	expect(f, PRED_PASSIVE, "2020-05-01 00:00:00+00", "2021-04-30", ROW_DUE);
	expect(f, PRED_PASSIVE, "2020-05-01 00:00:00+00", NULL, ROW_DUE);
	expect(f, PRED_PASSIVE, NULL, "2021-04-30", ROW_DUE);
	expect(f, PRED_PASSIVE, NULL, "2021-05-01", ROW_KEPT);
	expect(f, PRED_PASSIVE, "-infinity", "2021-04-30", ROW_DUE);
	expect(f, PRED_PASSIVE, "-infinity", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "-infinity", "0044-03-15 BC", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "2020-05-01 00:00:00+00", "2999-01-01", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "2020-05-01 00:00:00+00", "infinity", ROW_FUTURE);
	expect(f, PRED_PASSIVE, NULL, NULL, ROW_INDETERMINATE);
}

static void numbers_have_no_infinity(void **state)
{
	struct fixture *f = fixture();

	(void)state;
	add_clock(f, CLOCK_FIRST, column("s", PRED_INT, 0), NULL);
	add_term(f, TERM_FLOOR, PRED_PERIOD, 0, number("1619827200"), NULL);
	expect(f, PRED_PASSIVE, "1619827199", NULL, ROW_DUE);
	expect(f, PRED_PASSIVE, "1619827200", NULL, ROW_KEPT);
	expect(f, PRED_PASSIVE, "9223372036854775807", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "-9223372036854775808", NULL, ROW_ANOMALOUS);
	/* milliseconds under a declaration of seconds */
	expect(f, PRED_PASSIVE, "1619827199000", NULL, ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "0", NULL, ROW_ANOMALOUS);
}

/* ---- several terms ---- */

static void until_column(void **state)
{
	struct fixture *f = three_years();

	(void)state;
	add_clock(f, CLOCK_FIRST, column("until", PRED_TIMESTAMPTZ, 1), NULL);
	add_term(f, TERM_STANDARD, PRED_UNTIL, 1, tz("2024-05-01 12:00:00.000001+00"), NULL);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", NULL, ROW_DUE);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", AS_OF, ROW_DUE);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "2024-05-01 12:00:00.000001+00", ROW_KEPT);
	/* never anomalous, never future */
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "infinity", ROW_KEPT);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "9999-12-31 00:00:00+00", ROW_KEPT);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "-infinity", ROW_DUE);
	expect(f, PRED_PASSIVE, "2023-01-01 00:00:00+00", "2020-01-01 00:00:00+00", ROW_KEPT);
	/* the request ends what does not survive it */
	expect(f, PRED_ACTIVE, "2020-01-01 00:00:00+00", "infinity", ROW_DUE);
	f->terms[1].survives_erasure = true;
	expect(f, PRED_ACTIVE, "2020-01-01 00:00:00+00", "infinity", ROW_KEPT);
}

static struct fixture *with_ticket(bool ignore_null)
{
	struct fixture *f = three_years();

	add_clock(f, CLOCK_FIRST, column("closed", PRED_TIMESTAMPTZ, 1), NULL);
	add_term(f, TERM_STANDARD, PRED_PERIOD, 1, tz("2023-05-01 00:00:00+00"), NULL)->ignore_null = ignore_null;
	return f;
}

static void standard_with_an_event_of_its_own(void **state)
{
	struct fixture *f = with_ticket(false);

	(void)state;
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "2023-04-30 00:00:00+00", ROW_DUE);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "2023-05-01 00:00:00+00", ROW_KEPT);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", NULL, ROW_INDETERMINATE);
	expect(f, PRED_ACTIVE, "2020-01-01 00:00:00+00", NULL, ROW_DUE);
	expect(f, PRED_ACTIVE, "2023-01-01 00:00:00+00", NULL, ROW_KEPT);
	/* the first of: anomalous, indeterminate, future */
	expect(f, PRED_PASSIVE, "2025-01-01 00:00:00+00", NULL, ROW_INDETERMINATE);
	expect(f, PRED_PASSIVE, NULL, "2025-01-01 00:00:00+00", ROW_INDETERMINATE);
	expect(f, PRED_PASSIVE, "2025-01-01 00:00:00+00", "-infinity", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, "-infinity", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "2025-01-01 00:00:00+00", ROW_FUTURE);

	f = with_ticket(true);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", NULL, ROW_DUE);
	expect(f, PRED_PASSIVE, "2020-01-01 00:00:00+00", "2023-05-01 00:00:00+00", ROW_KEPT);
	expect(f, PRED_PASSIVE, NULL, NULL, ROW_INDETERMINATE);
}

static void a_null_start_is_never_due_at_night(void **state)
{
	struct fixture *f = three_years();

	(void)state;
	f->terms[0].kind = TERM_STANDARD;
	f->terms[0].ignore_null = true;
	expect(f, PRED_PASSIVE, NULL, NULL, ROW_INDETERMINATE);
	expect(f, PRED_ACTIVE, NULL, NULL, ROW_DUE);
	f->terms[0].survives_erasure = true;
	expect(f, PRED_ACTIVE, NULL, NULL, ROW_DUE);
	expect(f, PRED_ACTIVE, "2023-01-01 00:00:00+00", NULL, ROW_KEPT);
}

static void cap_bounds_a_standard(void **state)
{
	struct fixture *f = with_ticket(false);

	(void)state;
	f->caps[1][0] = tz("2014-05-01 00:00:00+00");
	f->pred_terms[1].cap = f->caps[1];
	expect(f, PRED_PASSIVE, "2014-04-30 00:00:00+00", "2024-01-01 00:00:00+00", ROW_DUE);
	expect(f, PRED_PASSIVE, "2014-05-01 00:00:00+00", "2024-01-01 00:00:00+00", ROW_KEPT);
	expect(f, PRED_PASSIVE, "2014-05-01 00:00:00+00", "2023-04-30 00:00:00+00", ROW_DUE);
	/* it ends the standard, it does not mend its event */
	expect(f, PRED_PASSIVE, "2014-04-30 00:00:00+00", NULL, ROW_INDETERMINATE);
	expect(f, PRED_PASSIVE, "-infinity", "2024-01-01 00:00:00+00", ROW_ANOMALOUS);
	expect(f, PRED_PASSIVE, NULL, "2024-01-01 00:00:00+00", ROW_INDETERMINATE);
	/* a request that ends the floor leaves a NULL start: no cap by it */
	f->terms[0].kind = TERM_STANDARD;
	f->terms[1].survives_erasure = true;
	expect(f, PRED_ACTIVE, NULL, "2024-01-01 00:00:00+00", ROW_KEPT);
	expect(f, PRED_ACTIVE, "-infinity", "2024-01-01 00:00:00+00", ROW_KEPT);
	expect(f, PRED_ACTIVE, "2014-04-30 00:00:00+00", "2024-01-01 00:00:00+00", ROW_DUE);
}

static void unreadable_field_is_refused(void **state)
{
	static const char *const bad[] = { "", "2020-01-01", "2020-01-01 00:00:00", "01/02/2020", "NULL", "\\N" };
	struct fixture *f = with_ticket(false);
	enum row_state s = ROW_FUTURE;
	size_t field = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *fields[] = { "2020-01-01 00:00:00+00", bad[i] };
		size_t lens[] = { strlen(fields[0]), strlen(bad[i]) };

		field = 7;
		assert_false(pred_eval(&f->pred, PRED_PASSIVE, fields, lens, &s, &field));
		assert_int_equal(field, 1);
		assert_int_equal(s, ROW_FUTURE);
	}
}

/* ---- SQL ---- */

static void param(void *ctx, struct strbuf *sb, const struct pred_bound *b, enum pred_type type)
{
	(void)ctx;
	strbuf_addf(sb, "<%.10s>%s", b->text, type == PRED_DATE ? "d" : "");
}

static void ident(void *ctx, struct strbuf *sb, const char *name)
{
	(void)ctx;
	strbuf_addf(sb, "\"%s\"", name);
}

static void expect_due(const struct fixture *f, enum pred_mode mode, const char *sql)
{
	const struct pred_sql r = { "t", param, ident, NULL };
	AUTO_STRBUF sb = STRBUF_INIT;

	pred_sql_due(&f->pred, mode, &r, &sb);
	assert_string_equal(strbuf_str(&sb), sql);
}

static void sql_of_one_column_suits_an_index(void **state)
{
	struct fixture *f = three_years();

	(void)state;
	expect_due(f, PRED_PASSIVE, "((t.\"at\" >= <1970-01-02> AND t.\"at\" < <2021-05-01>))");
	/* the longest of several terms decides: the smallest cut */
	add_term(f, TERM_STANDARD, PRED_PERIOD, 0, tz("2014-05-01 00:00:00+00"), NULL);
	add_term(f, TERM_STANDARD, PRED_PERIOD, 0, tz("2023-05-01 00:00:00+00"), NULL);
	expect_due(f, PRED_PASSIVE, "((t.\"at\" >= <1970-01-02> AND t.\"at\" < <2014-05-01>))");
	expect_due(f, PRED_ACTIVE, "((t.\"at\" >= <1970-01-02> AND t.\"at\" < <2021-05-01>))");
	assert_ptr_equal(pred_single_term(&f->pred, PRED_PASSIVE), &f->pred_terms[1]);
	assert_ptr_equal(pred_single_term(&f->pred, PRED_ACTIVE), &f->pred_terms[0]);
	/* a cap over the same column folds in too */
	f->caps[1][0] = tz("2016-05-01 00:00:00+00");
	f->pred_terms[1].cap = f->caps[1];
	expect_due(f, PRED_PASSIVE, "((t.\"at\" >= <1970-01-02> AND t.\"at\" < <2016-05-01>))");
	assert_null(pred_single_term(&f->pred, PRED_PASSIVE));
}

static void sql_of_several_columns(void **state)
{
	struct pred_column second = column("day", PRED_DATE, 1);
	struct pred_bound cut = day("2021-05-01");
	struct fixture *f = fixture();

	(void)state;
	add_clock(f, CLOCK_FIRST, column("at", PRED_TIMESTAMPTZ, 0), &second);
	add_term(f, TERM_FLOOR, PRED_PERIOD, 0, tz("2021-05-01 00:00:00+00"), &cut);
	expect_due(f, PRED_PASSIVE, "((t.\"at\" >= <1970-01-02> AND t.\"at\" < <2021-05-01> OR t.\"at\" IS NULL AND "
		   "(t.\"day\" >= <1970-01-02>d AND t.\"day\" < <2021-05-01>d)))");
	assert_null(pred_single_term(&f->pred, PRED_PASSIVE));
	assert_null(pred_single_term(&with_ticket(false)->pred, PRED_PASSIVE));
}

static void sql_of_until_and_of_nothing(void **state)
{
	struct fixture *f = three_years();

	(void)state;
	add_clock(f, CLOCK_FIRST, column("until", PRED_DATE, 1), NULL);
	add_term(f, TERM_STANDARD, PRED_UNTIL, 1, day("2024-05-01"), NULL);
	expect_due(f, PRED_PASSIVE, "((t.\"at\" >= <1970-01-02> AND t.\"at\" < <2021-05-01>) AND "
		   "(t.\"until\" < <2024-05-01>d OR t.\"until\" IS NULL))");
	assert_null(pred_single_term(&f->pred, PRED_PASSIVE));
	assert_ptr_equal(pred_single_term(&f->pred, PRED_ACTIVE), &f->pred_terms[0]);
	f->terms[0].kind = TERM_STANDARD;
	expect_due(f, PRED_ACTIVE, "(true)");
	assert_null(pred_single_term(&f->pred, PRED_ACTIVE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_column),
		cmocka_unit_test(first_non_null_in_its_own_type),
		cmocka_unit_test(latest_restarts_the_clock),
		cmocka_unit_test(numbers_have_no_infinity),
		cmocka_unit_test(until_column),
		cmocka_unit_test(standard_with_an_event_of_its_own),
		cmocka_unit_test(a_null_start_is_never_due_at_night),
		cmocka_unit_test(cap_bounds_a_standard),
		cmocka_unit_test(unreadable_field_is_refused),
		cmocka_unit_test(sql_of_one_column_suits_an_index),
		cmocka_unit_test(sql_of_several_columns),
		cmocka_unit_test(sql_of_until_and_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
