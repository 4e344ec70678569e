/* Whole file sets: the example of interface.md 1, the golden lists of faults, and small sets
 * written here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "conf/load.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static char home[PATH_MAX];

static void report(const struct conf_errors *errs, struct strbuf *sb)
{
	for (size_t i = 0; i < errs->errors.n; i++) {
		strbuf_adds(sb, "error: ");
		conf_error_text(&errs->errors.v[i], sb);
		strbuf_addc(sb, '\n');
	}
	for (size_t i = 0; i < errs->warnings.n; i++) {
		strbuf_adds(sb, "warning: ");
		conf_error_text(&errs->warnings.v[i], sb);
		strbuf_addc(sb, '\n');
	}
}

static struct policy *load_good(const char *path)
{
	AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
	AUTO_STRBUF sb = STRBUF_INIT;
	struct policy *p = NULL;

	if (conf_load(path, &p, &errs))
		return p;
	report(&errs, &sb);
	fail_msg("%s", strbuf_str(&sb));
	return NULL;
}

static void go(const char *folder)
{
	if (chdir(folder) != 0)
		fail_msg("chdir %s", folder);
}

/* ---- golden lists ---- */

static void slurp(const char *path, struct strbuf *sb)
{
	FILE *f = fopen(path, "r");
	char buf[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_add(sb, buf, n);
	fclose(f);
}

/* expected.txt line by line, so that the first difference is what is shown. */
static void same_lines(const char *got, const char *want)
{
	while (*got || *want) {
		size_t g = strcspn(got, "\n"), w = strcspn(want, "\n");

		if (g != w || memcmp(got, want, g) != 0)
			fail_msg("\n got: %.*s\nwant: %.*s", (int)g, got, (int)w, want);
		got += g + (got[g] != '\0');
		want += w + (want[w] != '\0');
	}
}

static void golden(const char *set)
{
	AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
	AUTO_STRBUF got = STRBUF_INIT;
	AUTO_STRBUF want = STRBUF_INIT;
	struct policy *p = NULL;
	char folder[PATH_MAX + 64];

	snprintf(folder, sizeof(folder), "%s/tests/golden/conf/%s", home, set);
	go(folder);
	assert_false(conf_load("pgretain.cfg", &p, &errs));
	assert_null(p);
	report(&errs, &got);
	slurp("expected.txt", &want);
	go(home);
	assert_null(strstr(strbuf_str(&got), "hunter2"));
	same_lines(strbuf_str(&got), strbuf_str(&want));
}

static void test_faults(void **state) { (void)state; golden("faults"); }
static void test_names(void **state) { (void)state; golden("names"); }

/* ---- the example ---- */

static void check_example(const struct policy *p)
{
	const struct database *db = policy_database(p, NULL);
	const struct retention_class *c = policy_class(p, "transaction");
	const struct rule *orders = policy_rule(db, "orders"),
		*items = policy_rule(db, "order_items");
	struct limits l = policy_limits(p, db, orders);

	assert_string_equal(db->conninfo, "service=shop");
	assert_int_equal(c->nterms, 3);
	assert_int_equal(c->terms[0].kind, TERM_FLOOR);
	assert_int_equal(c->terms[0].keep.months, 36);
	assert_true(c->terms[0].survives_erasure);
	assert_string_equal(c->terms[1].from, "closed");
	assert_int_equal(c->terms[1].keep.months, 24);
	assert_string_equal(c->terms[2].until, "agreed_until");
	assert_false(c->terms[2].has_keep);
	assert_int_equal(c->vault.days, 30);
	assert_int_equal(c->k, 5);
	assert_ptr_equal(orders->cls, c);
	assert_int_equal(orders->action, ACTION_ANONYMIZE);
	assert_int_equal(orders->start.n, 3);
	assert_string_equal(orders->start.columns[2].column, "refunded_at");
	assert_int_equal(orders->nevents, 2);
	assert_int_equal(orders->ncolumns, 3);
	assert_string_equal(orders->columns[2].params[0].values[0], "[erased]");
	assert_true(orders->anonymity.set);
	assert_int_equal(l.max_rows, 500000);
	assert_int_equal(l.lock_timeout_ms, 2000);
	assert_true(l.max_percent == 30.0);
	assert_string_equal(items->follows, "orders");
	assert_int_equal(items->action, ACTION_DELETE);
	assert_null(items->cls);
	assert_int_equal(policy_rule(db, "visits")->children[0].mode, CHILD_CASCADE);
	assert_int_equal(db->nexempts, 1);
	assert_int_equal(p->njobs, 1);
	assert_int_equal(p->jobs[0].throttle.wal_rate_bytes, 64 << 20);
	assert_true(p->jobs[0].throttle.load < 0);
	assert_string_equal(p->subjects[0].identifiers[1].country, "CN");
	assert_string_equal(p->replay_log, "/var/lib/pgretain/shop.replay");
	assert_int_equal(p->nbackups, 2);
	assert_int_equal(p->njurisdictions, 3);
	assert_int_equal(p->nrecipients, 2);
	assert_string_equal(p->recipients[0].known_by, "email");
	assert_string_equal(p->recipients[0].argv[0], "tell-mailer");
	assert_int_equal(p->recipients[0].timeout_ms, 30000);
	assert_int_equal(p->recipients[0].retries, 8);
	assert_int_equal(p->recipients[1].nargv, 3);
	assert_non_null(strstr(p->recipients[1].argv[0], "../bin/tell-courier"));
	assert_string_equal(p->recipients[1].argv[2], "");
	assert_null(p->recipients[1].argv[3]);
	assert_int_equal(p->recipients[1].retries, 0);
	assert_int_equal(p->recipients[1].backoff_ms, 60000);
}

/* Case C39: from /, from the folder, absolute and relative. */
static void test_example(void **state)
{
	char root[PATH_MAX + 64], path[PATH_MAX + 128];
	const char *const places[][2] = {
		{ home, "tests/golden/conf/good/config/pgretain.cfg" }, { "/", path },
			{ root, "pgretain.cfg" },
		{ root, "./../config/pgretain.cfg" }, { home, path },
	};

	(void)state;
	snprintf(root, sizeof(root), "%s/tests/golden/conf/good/config", home);
	snprintf(path, sizeof(path), "%s/pgretain.cfg", root);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct policy *p;

		go(places[i][0]);
		p = load_good(places[i][1]);
		check_example(p);
		policy_free(p);
	}
	go(home);
}

/* ---- small sets ---- */

static char work[] = "/tmp/pgretain-conf-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", work, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static const char *main_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/pgretain.cfg", work);
	return path;
}

static void put_set(const char *more, const char *rules)
{
	char text[8192];

	snprintf(text, sizeof(text),
		 "databases = { shop = { conninfo = \"service=shop\"; tables = \"shop.cfg\"; }; };\n%s\n", more);
	put("pgretain.cfg", text);
	put("shop.cfg", rules);
}

#define CLASSES "classes = { log = { floor = ( { keep = \"6 months\"; basis = \"Art. 21\"; } ); action = \"delete\"; }; };"
#define RULE(body) "rules = { r = { table = \"shop.t\"; class = \"log\"; start = \"at\"; " body " }; };"

/* The first error must hold this text. */
static void refuses(const char *more, const char *rules, const char *text)
{
	AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
	AUTO_STRBUF sb = STRBUF_INIT;
	struct policy *p = NULL;

	put_set(more, rules);
	if (conf_load(main_path(), &p, &errs))
		fail_msg("loaded: %s %s", more, rules);
	conf_error_text(&errs.errors.v[0], &sb);
	if (!strstr(strbuf_str(&sb), text))
		fail_msg("\n got: %s\nwant: %s", strbuf_str(&sb), text);
}

static struct policy *takes(const char *more, const char *rules)
{
	put_set(more, rules);
	return load_good(main_path());
}

/* libconfig 1.5 reads 4294967301 as 5. */
static void test_numbers(void **state)
{
	static const struct { const char *text; int64_t want; } good[] = {
		{ "500000", 500000 }, { "4294967301", INT64_C(4294967301) },
		  { "4294967301L", INT64_C(4294967301) },
		{ "0x100000005", INT64_C(4294967301) }, { "0x10", 16 }, { "5LL", 5 }, { "+7", 7 },
		  { "010", 10 },
		{ "9223372036854775807", INT64_MAX }, { "0xFFFFFFFF", INT64_C(4294967295) },
	};
	static const char *const bad[] = { "9223372036854775808", "99999999999999999999L",
		"0xFFFFFFFFFFFFFFFFFF", "-1", "0",
					   "1.0", "1e3", "\"5\"", "true", "[ 5 ]" };
	char more[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct policy *p;

		snprintf(more, sizeof(more), "%s limits = { max_rows = %s; };", CLASSES,
			 good[i].text);
		p = takes(more, RULE(""));
		if (p->limits.max_rows != good[i].want)
			fail_msg("%s was read as %lld", good[i].text,
				 (long long)p->limits.max_rows);
		policy_free(p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(more, sizeof(more), "%s limits = { max_rows = %s; };", CLASSES, bad[i]);
		refuses(more, RULE(""), "pgretain.cfg:2: key \"max_rows\" = ");
	}
}

static void test_percents(void **state)
{
	static const struct { const char *text; double want; } good[] = {
		{ "30", 30 }, { "30.0", 30 }, { "100", 100 }, { ".5", 0.5 }, { "1e1", 10 },
		  { "0x1E", 30 },
	};
	static const char *const bad[] = { "0", "0.0", "-1", "100.01", "1e400", "4294967326",
		"\"30\"", "." };
	char more[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct policy *p;

		snprintf(more, sizeof(more), "%s limits = { max_percent = %s; };", CLASSES,
			 good[i].text);
		p = takes(more, RULE(""));
		assert_true(p->limits.max_percent == good[i].want);
		policy_free(p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(more, sizeof(more), "%s limits = { max_percent = %s; };", CLASSES, bad[i]);
		refuses(more, RULE(""), "pgretain.cfg:2: key \"max_percent\" = ");
	}
}

static const struct rule *only_rule(const struct policy *p)
{
	assert_int_equal(p->databases[0].nrules, 1);
	return &p->databases[0].rules[0];
}

#define STARTING(form) "rules = { r = { table = \"shop.t\"; class = \"log\"; start = " form "; }; };"

static void test_starts(void **state)
{
	static const struct { const char *rules; enum clock_mode mode; size_t n; const char *last; enum clock_unit unit; } good[] = {
		{ STARTING("\"at\""), CLOCK_FIRST, 1, "at", UNIT_NONE },
		{ STARTING("[ \"a\", \"b\" ]"), CLOCK_FIRST, 2, "b", UNIT_NONE },
		{ STARTING("( \"a\", \"b\" )"), CLOCK_FIRST, 2, "b", UNIT_NONE },
		{ STARTING("{ latest = [ \"a\", \"b\", \"c\" ]; }"), CLOCK_LATEST, 3, "c",
			UNIT_NONE },
		{ STARTING("{ latest = ( \"a\", { column = \"b\"; unit = \"us\"; } ); }"),
			CLOCK_LATEST, 2, "b", UNIT_US },
		{ STARTING("{ column = \"at\"; unit = \"ms\"; }"), CLOCK_FIRST, 1, "at", UNIT_MS },
		{ STARTING("( { column = \"a\"; unit = \"s\"; }, { column = \"d\"; unit = \"yyyymmdd\"; } )"),
		  CLOCK_FIRST, 2, "d", UNIT_YYYYMMDD },
		{ STARTING("{ column = \"Odd Name\"; }"), CLOCK_FIRST, 1, "Odd Name", UNIT_NONE },
	};
	static const char *const bad[] = { STARTING("\"\""), STARTING("[ ]"), STARTING("{ }"),
		STARTING("{ unit = \"ms\"; }"),
					   STARTING("5"), STARTING("( \"a\", 5 )"),
					   STARTING("{ column = \"a\"; latest = [ \"b\" ]; }") };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct policy *p = takes(CLASSES, good[i].rules);
		const struct clock *c = &only_rule(p)->start;

		assert_int_equal(c->mode, good[i].mode);
		assert_int_equal(c->n, good[i].n);
		assert_string_equal(c->columns[c->n - 1].column, good[i].last);
		assert_int_equal(c->columns[c->n - 1].unit, good[i].unit);
		policy_free(p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuses(CLASSES, bad[i], "shop.cfg:1: key ");
}

static void test_columns(void **state)
{
	struct policy *p = takes(CLASSES,
				 RULE("action = \"anonymize\"; columns = { a = \"null\"; b = { op = \"bucket\"; width = 100; max = \"10000\"; min = 0.5; };"
					       " c = { op = \"map\"; pairs = ( [ \"Lyon\", \"FR\" ], [ \"Rom\", \"IT\" ] ); default = \"\"; }; };"));
	const struct rule *r = only_rule(p);

	(void)state;
	assert_int_equal(r->ncolumns, 3);
	assert_string_equal(r->columns[0].op, "null");
	assert_string_equal(r->columns[1].params[0].name, "width");
	assert_string_equal(r->columns[1].params[0].values[0], "100");
	assert_string_equal(r->columns[1].params[1].values[0], "10000");
	assert_string_equal(r->columns[1].params[2].values[0], "0.5");
	assert_int_equal(r->columns[2].params[0].n, 4);
	assert_string_equal(r->columns[2].params[0].values[3], "IT");
	assert_string_equal(r->columns[2].params[1].values[0], "");
	policy_free(p);

	p = takes(CLASSES,
		  RULE("action = \"anonymize\"; columns = ( { column = \"Receiver Name\"; op = \"null\"; }, { op = \"prefix\"; column = \"_id\"; keep = 0x10; } );"));
	r = only_rule(p);
	assert_string_equal(r->columns[0].column, "Receiver Name");
	assert_int_equal(r->columns[1].nparams, 1);
	assert_string_equal(r->columns[1].params[0].values[0], "16");
	policy_free(p);
}

static void test_children(void **state)
{
	struct policy *p = takes(CLASSES,
				 RULE("children = { tags = \"cascade\"; notes = { notes_author_fkey = \"set null\"; notes_t_fkey = \"rule\"; }; };"));
	const struct rule *r = only_rule(p);

	(void)state;
	assert_int_equal(r->nchildren, 3);
	assert_null(r->children[0].constraint);
	assert_int_equal(r->children[1].mode, CHILD_SET_NULL);
	assert_string_equal(r->children[2].constraint, "notes_t_fkey");
	assert_string_equal(r->children[2].table, "notes");
	policy_free(p);

	p = takes(CLASSES,
		  RULE("children = ( { table = \"crm.\\\"Note\\\"\"; action = \"set null\"; constraint = \"f\"; } );"));
	r = only_rule(p);
	assert_string_equal(r->children[0].table, "crm.\"Note\"");
	assert_int_equal(r->children[0].mode, CHILD_SET_NULL);
	policy_free(p);
}

static void test_subject_paths(void **state)
{
	struct policy *p = takes(CLASSES "subjects = { account = { root = \"shop.a\"; key = \"id\"; identifiers = { phone = { column = \"p\"; }; }; }; };",
				 "rules = { p = { table = \"shop.p\"; class = \"log\"; start = \"at\"; };"
				 " r = { table = \"shop.t\"; class = \"log\"; start = \"at\";"
				 " subject = { account = ( \"account_id\", { follows = \"p\"; when = \"x\"; }, { identifier = \"phone\"; column = \"g\"; at = \"c\"; },"
				      " { column = \"o\"; when = \"t = 'account'\"; } ); }; }; };");
	const struct rule *r = policy_rule(&p->databases[0], "r");

	(void)state;
	assert_int_equal(r->nsubjects, 4);
	assert_int_equal(r->subjects[0].kind, SUBJECT_COLUMN);
	assert_int_equal(r->subjects[1].kind, SUBJECT_FOLLOWS);
	assert_int_equal(r->subjects[2].kind, SUBJECT_IDENTIFIER);
	assert_string_equal(r->subjects[2].at, "c");
	assert_string_equal(r->subjects[3].when, "t = 'account'");
	assert_string_equal(r->subjects[3].type, "account");
	policy_free(p);
}

/* What libconfig would swallow, cut, or look for elsewhere. */
static void test_texts(void **state)
{
	(void)state;
	refuses(CLASSES "key_file = \"k\"; recipients = { m = { argv = [ \"tell\" ]; rules = [ \"r\", \"q\" ]; }; };", RULE(""),
		"key \"rules\" = [ … ]: there is no rule \"q\"");
	refuses(CLASSES "recipients = { m = { argv = [ \"tell\" ]; rules = \"r\"; }; };", RULE(""),
		"recipient \"m\" is told by what it finds a person, which is sealed until then, and there is no key_file");
	refuses(CLASSES "\n/* the rest is a comment", RULE(""),
		"pgretain.cfg:3: this comment has no end");
	refuses(CLASSES "\nno_backups = \"never closed;", RULE(""),
		"pgretain.cfg:3: this string has no end");
	refuses(CLASSES "\nno_backups = \"cut\\x00off\";", RULE(""),
		"pgretain.cfg:3: the string holds \\x00");
	refuses(CLASSES "\n  @include \"x.cfg\"\n", RULE(""),
		"pgretain.cfg:3: @include is not read here");
	refuses(CLASSES "\nno_backups = \"\xff\";", RULE(""),
		"pgretain.cfg:3: key \"no_backups\" = (not UTF-8): not UTF-8");
	refuses(CLASSES "\nclasses = 5;", RULE(""),
		"pgretain.cfg:3: key \"classes\": defined twice in this group, first at ");
	refuses(CLASSES "\nno_backups = [ 1, \"x\" ];", RULE(""),
		"pgretain.cfg:3: mismatched element type");
	refuses(CLASSES "\nno_backups = 'x';", RULE(""), "pgretain.cfg:3: syntax error");
	policy_free(takes(CLASSES "# no line feed at the end", RULE("")));
	policy_free(takes(CLASSES "/* a \" in a comment */ // and \" here",
			  RULE("where = \"a = '#' /* \\\" */\";")));
	put_set(CLASSES, "\xef\xbb\xbf# with a byte order mark\r\n" RULE("") "\r\n");
	policy_free(load_good(main_path()));
}

/* No value of an unknown or wrong key shows a secret. */
static void test_secrets(void **state)
{
	static const char *const sets[] = {
		"coninfo = \"host=db password=hunter2\";", "password = \"hunter2\";",
			"no_backups = ( \"postgresql://a:hunter2@db\" );",
		"recurrence = \"password=hunter2\";", "PGPASSWORD = \"hunter2\";",
		"cool_down = \"postgres://a:hunter2@db\";",
		"api_token = \"hunter2\";",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
		AUTO_STRBUF sb = STRBUF_INIT;
		struct policy *p = NULL;
		char more[4096];

		snprintf(more, sizeof(more), "%s %s", CLASSES, sets[i]);
		put_set(more, RULE(""));
		assert_false(conf_load(main_path(), &p, &errs));
		report(&errs, &sb);
		if (strstr(strbuf_str(&sb), "hunter2"))
			fail_msg("%s", strbuf_str(&sb));
	}
}

static void test_missing(void **state)
{
	AUTO_CONF_ERRORS errs = CONF_ERRORS_INIT;
	struct policy *p = NULL;

	(void)state;
	assert_false(conf_load("/nonexistent/pgretain.cfg", &p, &errs));
	assert_int_equal(errs.errors.n, 1);
	assert_string_equal(errs.errors.v[0].file, "/nonexistent/pgretain.cfg");
	assert_non_null(strstr(errs.errors.v[0].message, "No such file"));
	refuses("include = [ \".\" ];", RULE(""), "pgretain.cfg:2: key \"include\" = \".\": file ");
	refuses("databases = 1;", RULE(""), "key \"databases\": defined twice");
}

/* Kept apart from `where`: zero, negative and reversed bounds of jobs and limits. */
static void test_zeros(void **state)
{
	static const char *const limits[] = { "lock_timeout = \"0s\"", "statement_timeout = \"\"",
		"lanes = 65", "keep_newest = 0",
					      "max_clock_skew = \"25d\"",
					      "transaction_target = \"0ms\"" };
	char more[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		snprintf(more, sizeof(more), "%s limits = { %s; };", CLASSES, limits[i]);
		refuses(more, RULE(""), "pgretain.cfg:2: key ");
	}
}

static int begin(void **state)
{
	(void)state;
	return getcwd(home, sizeof(home)) && mkdtemp(work) ? 0 : -1;
}

static int end(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/shop.cfg", work);
	unlink(path);
	unlink(main_path());
	return rmdir(work);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_percents),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_subject_paths),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_zeros),
	};

	return cmocka_run_group_tests_name("conf", tests, begin, end);
}
