/* The pieces of the loader: conditions, names of tables, connection strings, UTF-8, the list of
 * keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "conf/conninfo.h"
#include "conf/reference.h"
#include "conf/sqlcond.h"
#include "conf/utf8.h"

static void test_conditions(void **state)
{
	static const char *const good[] = {
		"NOT is_test", "a = 'x;y'", "a = 'it''s (not'", "\"odd;name(\" IS NULL",
			"a IN (1, 2) AND (b OR c)",
		"a = E'\\'); --'", "a = $$;($$", "a = $t$ $$ ;( $t$", "x[1] = 2",
		"a /* ; ( /* nested */ */ = 1",
		"a -- the column\n = 1", "a$1 = 2", "a - -1 > 0", "a->>'k' = '--'",
		"a = U&'\\0041'", "a::text ~ '^\\('",
	};
	static const char *const bad[] = {
		"", "  ", "/* nothing */", "-- nothing\n", "true; DROP TABLE x", "true) OR (true",
			"(a", "a[1", "(a]", "a = 'x",
		"\"a", "true -- rest", "true /* rest", "a /* /* */ = 1", "a = $1", "a = $$x",
		"a = $t$x$u$", "a = E'\\'",
		")(", "a = e'\\''; x",
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!sqlcond_check(good[i], &why))
			fail_msg("%s: %s", good[i], why);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (sqlcond_check(bad[i], &why))
			fail_msg("%s was taken", bad[i]);
}

#define TEN "0123456789"
#define SIXTY "a" TEN TEN TEN TEN TEN "012345678"

static void test_tables(void **state)
{
	static const char *const good[] = {
		"shop.orders", "shop.\"Order\"", "\"My Shop\".\"a.b\"", "s.\"say \"\"hi\"\"\"",
			"_s._t", "s.t$1", "s.täble",
		"shop." SIXTY "123", "pgretain2.t", "\"PGRETAIN\".t",
	};
	static const char *const bad[] = {
		"orders", "\"Order\"", "a.b.c", "shop.", ".orders", "shop.\"Order", "shop.\"\"",
			"shop.my table", "shop.a-b",
		"shop.1a", "", "shop." SIXTY "1234", "pgretain.ledger", "PGRETAIN.ledger",
		"\"pgretain\".ledger",
		"pg_catalog.pg_class", "information_schema.tables", "shop.orders;", "shop.\"a\"b",
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!sqltable_check(good[i], &why))
			fail_msg("%s: %s", good[i], why);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (sqltable_check(bad[i], &why))
			fail_msg("%s was taken", bad[i]);
	assert_true(sqltable_check_short("orders", &why));
	assert_true(sqltable_same("shop.orders", "SHOP.\"orders\""));
	assert_false(sqltable_same("shop.orders", "shop.\"Orders\""));
}

static void test_conninfo(void **state)
{
	static const char *const good[] = {
		"service=shop", "host=db user=app dbname=shop", "host = /run/pg  port = 5433",
			"dbname='my password'",
		"passfile=/etc/pgpass", "application_name='it\\'s'", "postgresql://app@db/shop",
		"postgres:///shop?host=/run/pg",
		"postgresql://db:5432/shop?sslmode=verify-full", "postgresql://[::1]:5432/shop",
	};
	static const char *const bad[] = {
		"password=x", "host=db password = 'x'", "host=db sslpassword=x", "PASSWORD=x",
			"postgresql://app:x@db/shop",
		"postgres://app:x@db", "postgresql://db/shop?password=x",
		"postgresql://db/shop?sslmode=require&sslpassword=x",
		"postgresql://db/shop?pass%77ord=x", "postgresql://app:x/y@db/shop", "shop", "host",
		"host=db user='app",
		"host=db junk",
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!conninfo_check(good[i], &why))
			fail_msg("%s: %s", good[i], why);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (conninfo_check(bad[i], &why))
			fail_msg("%s was taken", bad[i]);
	assert_true(conninfo_has_secret("host=db password=x"));
	assert_true(conninfo_has_secret("mysql://root:x@db/shop"));
	assert_true(conninfo_has_secret("db?pass%77ord=x"));
	assert_false(conninfo_has_secret("password"));
	assert_false(conninfo_has_secret("service=shop"));
}

static void test_utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xff" };

	(void)state;
	assert_true(utf8_valid("Zoë 日本 \xf0\x9f\x98\x80"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(utf8_valid(bad[i]));
	assert_int_equal(utf8_cut("日本", 4), 3);
	assert_int_equal(utf8_cut("日本", 6), 6);
	assert_int_equal(utf8_cut("abc", 2), 2);
}

/* The list of interface.md 1, "Keys, whole list", and its examples. */
static void test_keys(void **state)
{
	static const char *const face[][24] = {
		{ "database", "conninfo", "tables", "replay_log" },
		{ "limits", "max_rows", "max_percent", "lock_timeout", "statement_timeout", "lanes",
		  "transaction_target",
		  "max_clock_skew", "keep_newest" },
		{ "class", "title", "floor", "standards", "cap", "zone", "action", "k", "vault",
		  "plausible_from" },
		{ "floor", "keep", "from", "basis" },
		{ "standard", "name", "keep", "from", "until", "purpose", "consent",
		  "survives_erasure", "on_null" },
		{ "rule", "table", "class", "start", "events", "where", "columns", "action",
		  "follows", "via", "only",
		  "stored_zone", "plausible_from", "anonymity", "triggers", "children", "limits",
		  "subject", "shared",
		  "minimise" },
		{ "exempt table", "table", "reason" },
		{ "anonymity", "k", "quasi", "subject", "suppress", "sensitive", "l" },
		{ "job", "name", "schedule", "zone", "window", "database", "steps", "catch_up",
		  "throttle" },
		{ "throttle", "replica_lag", "wal_rate" },
		{ "subject", "root", "key", "identifiers" },
		{ "identifier", "table", "column", "subject", "valid_from", "valid_until",
		  "normalise", "country" },
		{ "jurisdiction", "respond", "limit", "holidays", "extension", "acknowledge" },
		{ "backup", "kind", "path", "pattern", "keep", "rewrite", "stanza", "config",
		  "program", "server", "argv" },
		{ "recipient", "argv", "subject", "known_by", "rules", "classes", "timeout", "retries", "backoff" },
		{ "the main file", "databases", "include", "jobs", "limits", "second_person",
		  "cool_down", "recurrence", "classes",
		  "subjects", "key_file", "jurisdictions", "backups", "recipients", "suppression", "no_backups", "replay_log" },
	};
	struct arena *a = arena_new();
	const struct conf_key_doc *docs;
	size_t n = conf_keys(a, &docs);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(face); i++)
		for (size_t k = 1; k < ARRAY_SIZE(face[i]) && face[i][k]; k++) {
			bool found = false;

			for (size_t j = 0; j < n; j++)
				found |= streq(docs[j].section, face[i][0]) &&
					streq(docs[j].key, face[i][k]);
			if (!found)
				fail_msg("%s: no key %s", face[i][0], face[i][k]);
		}
	for (size_t j = 0; j < n; j++) {
		assert_non_null(docs[j].meaning);
		assert_non_null(docs[j].allowed);
		for (size_t k = 0; k < j; k++)
			assert_false(streq(docs[j].section, docs[k].section) &&
				     streq(docs[j].key, docs[k].key));
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_conninfo),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests_name("conf parts", tests, NULL, NULL);
}
