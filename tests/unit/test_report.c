/* Units, tables and the views that commands print. The expected keys are those of the interface page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "report/explain_view.h"
#include "report/findings.h"
#include "report/run_view.h"
#include "report/units.h"

static void test_units(void **state)
{
	static const struct { int64_t n; const char *count, *bytes; } cases[] = {
		{ 0, "0", "0 bytes" }, { 1, "1", "1 byte" }, { 1023, "1023", "1023 bytes" },
		{ 1024, "1024", "1.0 kB" }, { 12345, "12,345", "12 kB" }, { 1234567, "1,234,567", "1.2 MB" },
		{ 1048575, "1,048,575", "1.0 MB" }, { 100000000, "100,000,000", "95 MB" },
		{ INT64_MAX, "9,223,372,036,854,775,807", "8.0 EB" },
	};
	static const struct { double s; const char *text; } durations[] = {
		{ 0, "0 ms" }, { 0.0454, "45 ms" }, { 0.9999, "1.0 s" }, { 1.94, "1.9 s" }, { 59.96, "1m 0s" },
		{ 200, "3m 20s" }, { 3599.7, "1h 0m" }, { 7500, "2h 5m" }, { 356400, "4d 3h" },
	};
	char buf[UNIT_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(unit_count(cases[i].n, buf), cases[i].count);
		assert_string_equal(unit_bytes(cases[i].n, buf), cases[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++)
		assert_string_equal(unit_duration(durations[i].s, buf), durations[i].text);
	assert_string_equal(unit_count(INT64_MIN, buf), "-9,223,372,036,854,775,808");
	assert_string_equal(unit_rows(1, buf), "1 row");
	assert_string_equal(unit_rows(0, buf), "0 rows");
}

static void test_table(void **state)
{
	static const struct text_column columns[] = {
		{ "name", false }, { "rows", true }, { "never", true }, { "remark", false },
	};
	const struct text_style wide = { false, 0 }, narrow = { false, 38 }, color = { true, 0 };
	struct text_table t = { .arena = arena_new(), .columns = columns, .ncolumns = 4 };
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)state;
	text_table_add(&t, TONE_PLAIN, (const char *[]){ "订单", "9", NULL, "one two three four five six" });
	text_table_add(&t, TONE_BAD, (const char *[]){ "a\033[2Jb\n", "1,000", "", NULL });
	text_table_render(&t, &wide, &sb);
	assert_string_equal(strbuf_str(&sb), "name      rows  remark\n"
					     "订单         9  one two three four five six\n"
					     "a?[2Jb?  1,000\n");
	strbuf_reset(&sb);
	text_table_render(&t, &narrow, &sb);
	assert_string_equal(strbuf_str(&sb), "name      rows  remark\n"
					     "订单         9  one two three four\n"
					     "                five six\n"
					     "a?[2Jb?  1,000\n");
	strbuf_reset(&sb);
	text_table_render(&t, &color, &sb);
	assert_non_null(strstr(strbuf_str(&sb), "\033[31ma?[2Jb?  1,000\033[0m\n"));
	arena_free(t.arena);
}

static void test_json_text(void **state)
{
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *o = json_object();

	(void)state;
	json_put(o, "z", json_text("订\"单\n"));
	json_put(o, "a", json_text("bad \xff\xc3 end"));
	json_put(o, "n", json_text(NULL));
	json_put(o, "i", json_count(INT64_MAX));
	json_put(o, "d", json_decimal(1.9004, 3));
	json_render(&sb, o, false);
	json_decref(o);
	assert_string_equal(strbuf_str(&sb),
			    "{\"z\": \"订\\\"单\\n\", \"a\": \"bad \xef\xbf\xbd\xef\xbf\xbd end\", \"n\": null, "
			    "\"i\": 9223372036854775807, \"d\": 1.9}\n");
}

static const struct table_count cascaded[] = { { "shop.order_notes", 30 }, { "shop.order_notes", 1 } };
static const struct table_count unset[] = { { "shop.tickets", 4 } };
static const char *const notes[] = { "k is 3, below 5: the result is called pseudonymized" };

static struct rule_view order_rule(void)
{
	return (struct rule_view){
		.rule = "orders", .table = "shop.orders", .class_name = "transaction", .action = ACTION_ANONYMIZE,
		.cutoff = "2023-11-25T16:00:00Z", .due = 1200, .anonymized = 1190, .held = 8, .blocked = 2,
		.indeterminate = 412, .anomalous = 1, .ncascaded = 2, .cascaded = cascaded, .nunset = 1,
		.unset = unset, .strategy = "pages", .status = RULE_DONE, .seconds = 1.9, .wal_bytes = 123456,
		.transactions = 40, .nnotes = 1, .notes = notes,
	};
}

/* The object of interface.md 4, as JSON text; keys that were added later are taken out first. */
static void test_run_json(void **state)
{
	static const char *const anonymity[] = {
		"result", "k", "k_at_most", "small", "l", "suppressed", "reasons",
	};
	struct rule_view r = order_rule();
	struct run_view v = { .is_run = true, .run = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", .database = "shop",
			      .as_of = "2026-11-24T17:30:00Z", .fingerprint = "sha256:ab", .nrules = 1, .rules = &r };
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *o = run_view_json(&v), *rule = json_array_get(json_object_get(o, "rules"), 0);

	(void)state;
	assert_int_equal(json_object_del(o, "notes"), 0);
	assert_int_equal(json_object_del(rule, "notes"), 0);
	assert_int_equal(json_object_del(rule, "already"), 0);
	assert_int_equal(json_object_del(rule, "strategy_reason"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(anonymity); i++)
		assert_int_equal(json_object_del(rule, anonymity[i]), 0);
	json_render(&sb, o, false);
	json_decref(o);
	assert_string_equal(strbuf_str(&sb),
		"{\"schema\": \"pgretain.run/1\", \"mode\": \"run\", \"run\": \"1b4e28ba-2fa1-11d2-883f-0016d3cca427\", "
		"\"database\": \"shop\", \"as_of\": \"2026-11-24T17:30:00Z\", \"fingerprint\": \"sha256:ab\", "
		"\"rules\": [{\"rule\": \"orders\", \"table\": \"shop.orders\", \"class\": \"transaction\", "
		"\"action\": \"anonymize\", \"cutoff\": \"2023-11-25T16:00:00Z\", "
		"\"due\": 1200, \"deleted\": 0, \"anonymized\": 1190, \"quarantined\": 0, \"held\": 8, "
		"\"blocked\": 2, \"deferred\": 0, \"failed\": 0, \"skipped\": 0, \"changed\": 0, "
		"\"indeterminate\": 412, \"future\": 0, \"anomalous\": 1, \"cascaded\": {\"shop.order_notes\": 31}, "
		"\"unset\": {\"shop.tickets\": 4}, \"strategy\": \"pages\", \"status\": \"done\", \"reason\": null, "
		"\"seconds\": 1.9, \"wal_bytes\": 123456, \"transactions\": 40}], \"exit\": 0}\n");
}

static void test_run_balances(void **state)
{
	struct rule_view r = order_rule();

	(void)state;
	assert_true(rule_view_balances(&r));
	r.changed = 1;
	assert_false(rule_view_balances(&r));
}

static void has(const struct strbuf *sb, const char *text)
{
	if (!strstr(strbuf_str(sb), text))
		fail_msg("missing \"%s\" in:\n%s", text, strbuf_str(sb));
}

static void has_not(const struct strbuf *sb, const char *text)
{
	if (strstr(strbuf_str(sb), text))
		fail_msg("unexpected \"%s\" in:\n%s", text, strbuf_str(sb));
}

/* Everything that must not be overlooked stands in the text, and the way on. */
static void test_plan_text(void **state)
{
	struct rule_view r[2] = { order_rule(), { .rule = "visits", .table = "shop.visits", .action = ACTION_DELETE,
		.due = 7, .skipped = 7, .status = RULE_SKIPPED, .reason = "7 rows are due, max_rows is 5" } };
	struct run_view v = { .database = "shop", .as_of = "2026-11-24T17:30:00Z", .fingerprint = "sha256:ab",
			      .nrules = 2, .rules = r, .needs_confirmation = true, .invocation = "pgretain --config c" };
	const struct text_style st = { false, 0 };
	AUTO_STRBUF sb = STRBUF_INIT;

	(void)state;
	run_view_text(&v, &st, &sb);
	has(&sb, "nothing is written");
	has(&sb, "  orders: 2 rows blocked");
	has(&sb, "  orders: 8 rows under a legal hold");
	has(&sb, "  orders: 412 rows without a start event");
	has(&sb, "  orders: 1 row with an implausible start");
	has(&sb, "  orders: 30 rows of shop.order_notes would go");
	has(&sb, "  orders: 4 rows of shop.tickets would lose");
	has(&sb, "  orders: k is 3");
	has(&sb, "  visits: 7 rows are due, max_rows is 5\n");
	has(&sb, "SKIPPED");
	has(&sb, "1207 rows due, 1190 would be acted on.");
	has(&sb, "  pgretain --config c run --confirm sha256:ab\n");
	has_not(&sb, "--lift-ceilings");
	has_not(&sb, "do not add up");
	v.over_ceiling = true;
	r[1].skipped = 6;
	strbuf_reset(&sb);
	run_view_text(&v, &st, &sb);
	has(&sb, "run --confirm sha256:ab --lift-ceilings\n");
	has(&sb, "  visits: the counts do not add up");
}

static void test_findings(void **state)
{
	struct findings f = { .arena = arena_new() };
	const struct text_style st = { false, 60 };
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *o;

	(void)state;
	findings_text(&f, "shop", &st, &sb);
	has(&sb, "no errors, no warnings");
	findings_add(&f, &(struct finding){ .id = "fk-index", .severity = SEVERITY_WARNING, .place = "t.cfg:3",
					    .message = "m", .why = "w", .remedy = "r", .rule = "orders" });
	findings_add(&f, &(struct finding){ .id = "no-table", .severity = SEVERITY_ERROR, .place = "t.cfg:9",
					    .message = "n", .remedy = "s" });
	strbuf_reset(&sb);
	findings_text(&f, "shop", &st, &sb);
	assert_string_equal(strbuf_str(&sb), "error t.cfg:9 [no-table]\n  n\n  do:  s\n\n"
					     "warning t.cfg:3 [fk-index]\n  m\n  why: w\n  do:  r\n\n"
					     "The configuration and database shop: 1 error, 1 warning\n");
	o = findings_json(&f, "shop", 1);
	assert_string_equal(json_string_value(json_object_get(o, "schema")), "pgretain.check/1");
	assert_int_equal(json_integer_value(json_object_get(o, "errors")), 1);
	assert_int_equal(json_integer_value(json_object_get(o, "warnings")), 1);
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 2);
	json_decref(o);
	arena_free(f.arena);
}

static void test_explain(void **state)
{
	static const struct key_value keys[] = { { "id", "17" } };
	static const struct term_view terms[] = {
		{ "floor", NULL, "E-commerce Law", "completed_at", "2024-02-29T03:00:00Z", "3 years",
		  "2027-02-28T16:00:00Z", NULL, NULL, true },
		{ "standard", "complaints", NULL, NULL, NULL, "2 years", NULL, "no ticket", "answer them", false },
	};
	struct explain_view v = { .rule = "orders", .table = "shop.orders", .nkeys = 1, .keys = keys,
				  .as_of = "2026-11-01T00:00:00Z", .state = "kept", .due = "2027-02-28T16:00:00Z",
				  .winner = "floor:E-commerce Law",
				  .nterms = 2, .terms = terms };
	const struct text_style st = { false, 0 };
	AUTO_STRBUF sb = STRBUF_INIT;
	json_t *o = explain_view_json(&v), *term = json_array_get(json_object_get(o, "terms"), 0);

	(void)state;
	explain_view_text(&v, &st, &sb);
	has(&sb, "* ");
	has(&sb, "kept: its time is not over");
	has(&sb, "no ticket");
	assert_string_equal(json_string_value(json_object_get(json_object_get(o, "key"), "id")), "17");
	assert_string_equal(json_string_value(json_object_get(term, "start_column")), "completed_at");
	assert_true(json_is_null(json_object_get(term, "name")));
	assert_int_equal(json_array_size(json_object_get(o, "holds")), 0);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_json_text),
		cmocka_unit_test(test_run_json),
		cmocka_unit_test(test_run_balances),
		cmocka_unit_test(test_plan_text),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
