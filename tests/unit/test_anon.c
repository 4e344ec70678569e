/* The C face of the operators: the law's vectors, fixed points over random values, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "anon_cases.h"
#include "ops/decimal.h"

static const struct anon_key int_key[] = { { "id", "int4" } };

/* What PostgreSQL's catalogue says of these types. */
static const struct anon_column types[] = {
	{ .type = "text", .base = "text", .category = 'S' },
	{ .type = "character varying(40)", .base = "varchar", .category = 'S' },
	{ .type = "char(4)", .base = "bpchar", .category = 'S' },
	{ .type = "name", .base = "name", .category = 'S' },
	{ .type = "bytea", .base = "bytea", .category = 'U' },
	{ .type = "text[]", .base = "_text", .category = 'A' },
	{ .type = "int2vector", .base = "int2vector", .category = 'A' },
	{ .type = "jsonb", .base = "jsonb", .category = 'U' },
	{ .type = "json", .base = "json", .category = 'U' },
	{ .type = "uuid", .base = "uuid", .category = 'U' },
	{ .type = "boolean", .base = "bool", .category = 'B' },
	{ .type = "date", .base = "date", .category = 'D' },
	{ .type = "timestamp without time zone", .base = "timestamp", .category = 'D' },
	{ .type = "timestamptz", .base = "timestamptz", .category = 'D' },
	{ .type = "int2", .base = "int2", .category = 'N' },
	{ .type = "int4", .base = "int4", .category = 'N' },
	{ .type = "int8", .base = "int8", .category = 'N' },
	{ .type = "numeric", .base = "numeric", .category = 'N' },
	{ .type = "numeric(6,2)", .base = "numeric", .category = 'N' },
	{ .type = "numeric(3,-2)", .base = "numeric", .category = 'N' },
	{ .type = "float4", .base = "float4", .category = 'N' },
	{ .type = "float8", .base = "float8", .category = 'N' },
	{ .type = "inet", .base = "inet", .category = 'I' },
	{ .type = "tstzrange", .base = "tstzrange", .category = 'R', .basetyptype = 'r' },
	{ .type = "shop.mood", .base = "mood", .category = 'E', .basetyptype = 'e' },
};

static struct anon_column column_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i].type, type)) {
			struct anon_column c = types[i];

			c.name = "c";
			c.basetyptype = c.basetyptype ? c.basetyptype : 'b';
			c.typtype = c.basetyptype;
			c.nkeys = 1;
			c.keys = int_key;
			anon_column_modifiers(&c, type);
			return c;
		}
	fail_msg("no type %s", type);
	abort();
}

static struct anon *bound(struct arena *a, const char *op, const char *params, struct anon_column col)
{
	struct diag d = DIAG_INIT;
	struct anon *an = NULL;

	if (!anon_bind(a, op_of(a, op, params), &col, &an, &d))
		fail_msg("%s (%s) on %s: %s", op, params, col.type, d.message);
	return an;
}

static const struct anon_field key42[] = { { "42", 2 } };

static enum anon_result applied(const struct anon *an, struct anon_field v, struct strbuf *out)
{
	struct diag d = DIAG_INIT;
	enum anon_result r = ANON_NULLED;

	strbuf_reset(out);
	if (!anon_apply(an, v, key42, out, &r, &d))
		fail_msg("%s: %s", anon_op(an), d.message);
	return r;
}

static struct anon_field field(const char *s)
{
	return (struct anon_field){ s, s ? strlen(s) : 0 };
}

static void check_fixed_point(const struct anon *an, const struct strbuf *x)
{
	AUTO_STRBUF copy = STRBUF_INIT, again = STRBUF_INIT;

	strbuf_add(&copy, x->buf, x->len);
	if (applied(an, (struct anon_field){ strbuf_str(&copy), copy.len }, &again) != ANON_SAME)
		fail_msg("%s: %s is not a fixed point", anon_op(an), strbuf_str(&copy));
}

static void check_vector(const struct vector *v)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	AUTO_STRBUF out = STRBUF_INIT;
	struct anon *an = bound(a, v->op, v->params, column_of(v->type));
	struct anon_field in = copy_unescape(a, v->in, strlen(v->in));
	struct anon_field want = copy_unescape(a, v->out, strlen(v->out));
	enum anon_result r = applied(an, in, &out);

	if (streq(v->out, "=")) {
		assert_int_equal(r, ANON_SAME);
		assert_int_equal(out.len, 0);
	} else if (!want.text) {
		assert_int_equal(r, ANON_NULLED);
	} else {
		assert_int_equal(r, ANON_CHANGED);
		assert_string_equal(strbuf_str(&out), want.text);
		check_fixed_point(an, &out);
	}
}

static void test_vectors(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(vectors), 34);	/* as many as the law lists */
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		check_vector(&vectors[i]);
}

/* Value, what comes out of it; NULL: recognised. */
struct pair {
	const char *in, *out;
};

static void check_pairs(struct anon *an, const struct pair *p, size_t n)
{
	AUTO_STRBUF out = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		enum anon_result r = applied(an, field(p[i].in), &out);

		if ((r == ANON_SAME) != !p[i].out)
			fail_msg("%s: \"%s\" gave result %d \"%s\"", anon_op(an), p[i].in, r,
				 strbuf_str(&out));
		if (p[i].out)
			assert_string_equal(strbuf_str(&out), p[i].out);
	}
}
#define PAIRS(an, ...) \
	check_pairs((an), (struct pair[]){ __VA_ARGS__ }, \
		    sizeof((struct pair[]){ __VA_ARGS__ }) / sizeof(struct pair))

static void test_trunc_edges(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	PAIRS(bound(a, "trunc", "unit=decade", column_of("date")),
	      { "4701-01-01 BC", NULL }, { "4702-12-31 BC", "-infinity" }, { "0001-12-31 BC", "0001-01-01 BC" },
	      { "0009-05-05", "0001-01-01 BC" }, { "0010-01-01", NULL }, { "-infinity", NULL });
	PAIRS(bound(a, "trunc", "unit=quarter", column_of("timestamp without time zone")),
	      { "1999-12-31 23:59:59.999999", "1999-10-01 00:00:00" }, { "1999-10-01 00:00:00", NULL },
	      { "0044-03-15 12:00:00 BC", "0044-01-01 00:00:00 BC" });
	PAIRS(bound(a, "trunc", "unit=day", column_of("timestamptz")),
	      { "1960-02-29 00:00:00.000001+00", "1960-02-29 00:00:00+00" },
	      { "2024-05-01 00:30:00+05:45", "2024-04-30 00:00:00+00" });
}

static void test_bucket_edges(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	PAIRS(bound(a, "bucket", "width=7", column_of("int2")),
	      { "-32768", NULL }, { "-32767", NULL }, { "-32766", "-32767" }, { "0", NULL }, { "-1", "-7" }, { "6", "0" });
	PAIRS(bound(a, "bucket", "width=50", column_of("numeric(6,2)")),
	      { "-9999.99", NULL }, { "-9999.98", "-9999.99" }, { "9999.99", "9950.00" }, { "NaN", NULL });
	PAIRS(bound(a, "bucket", "width=300", column_of("numeric(3,-2)")),
	      { "99900", NULL }, { "99800", "99600" }, { "-99800", "-99900" });
	PAIRS(bound(a, "bucket", "width=10;max=100", column_of("numeric")),
	      { "NaN", "100" }, { "Infinity", "100" }, { "-Infinity", "NaN" }, { "10.0", NULL },
	      { "-0.000", NULL }, { "0.001", "0.000" });
	PAIRS(bound(a, "bucket", "width=0.1;min=-10;max=10", column_of("float8")),
	      { "NaN", "10.0" }, { "1e-07", "0.0" }, { "-1e-300", "-0.1" }, { "-Infinity", "-10.0" },
	      { "-0", NULL }, { "0.30000000000000004", "0.3" }, { "0.3", NULL }, { "1e+300", "10.0" });
}

static void test_text_edges(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct anon_column latin = column_of("text");

	(void)state;
	PAIRS(bound(a, "prefix", "keep=3;pad=*", column_of("char(4)")),
	      { "a bc", "a b*" }, { "ab  ", NULL }, { "    ", NULL });
	PAIRS(bound(a, "prefix", "keep=2", column_of("char(4)")),
	      { "a bc", "a   " }, { "a   ", NULL });
	PAIRS(bound(a, "prefix", "keep=0;pad=\u00d7", column_of("text")),
	      { "\u65e5x", "\u00d7\u00d7" }, { "", NULL });
	latin.encoding = anon_encoding_of("LATIN1");
	PAIRS(bound(a, "prefix", "keep=1", latin), { "\xe9\xe8", "\xe9" });
	PAIRS(bound(a, "map", "pairs=Lyon|FR|Nice|FR|FR|FR;default=", column_of("char(4)")),
	      { "Lyon", "FR  " }, { "FR  ", NULL }, { "Rome", "    " }, { "    ", NULL });
}

static void test_json_edges(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct anon *an = bound(a, "json_keep", "keys=a\"b|\u00e9|t\tn", column_of("jsonb"));

	(void)state;
	PAIRS(an, { "{}", NULL }, { "\"x\"", "{}" }, { "null", "{}" }, { "[]", "{}" },
	      { "{\"a\\\"b\": null}", NULL }, { "{\"\\u00e9\": \"}\\\\\"}", NULL },
	      { "{\"t\\tn\": -1.50, \"z\": \"a\\\"b\"}", "{\"t\\tn\": -1.50}" },
	      { "{\"a\\\"b\": [{\"x\": \"]\"}], \"\u00e9\": true}", "{\"\u00e9\": true}" });
}

/* ---- values that can't be read fail closed ---- */

static void refuse_value(const char *op, const char *params, const char *type, const char *value)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	AUTO_STRBUF out = STRBUF_INIT;
	struct diag d = DIAG_INIT;
	enum anon_result r;

	strbuf_adds(&out, "before");
	if (anon_apply(bound(a, op, params, column_of(type)), field(value), key42, &out, &r, &d))
		fail_msg("%s on %s took \"%s\"", op, type, value);
	assert_int_equal(d.cls, DIAG_STEP);
	assert_non_null(strstr(d.message, "\"c\""));
	assert_null(strstr(d.message, "zz-secret"));
	assert_string_equal(strbuf_str(&out), "before");
}

static void test_unreadable(void **state)
{
	static const char *const json[] = {
		"", "{", "{\"a\": 1", "{\"zz-secret\" 1}", "{\"a\": 1}x", "{\"a\": \"\\", "[1", "{\"a\": }",
		"{\"\\ud800\": 1}", "{\"\\x\": 1}", "{\"a\": 1,}"
	};
	static const char *const numbers[] = { "", "-", "1.", ".5", "1x", "zz-secret", "0x10", "1 " };
	static const char *const inets[] = { "", "10.1.2", "10.1.2.3/33", "::/129", "zz-secret", "1.2.3.4/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(json); i++)
		refuse_value("json_keep", "keys=a", "jsonb", json[i]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		refuse_value("bucket", "width=1", "int4", numbers[i]);
		refuse_value("bucket", "width=1", "numeric", numbers[i]);
		refuse_value("bucket", "width=1;min=0;max=1", "float8", numbers[i]);
	}
	refuse_value("bucket", "width=1", "int4", "NaN");
	refuse_value("bucket", "width=1", "int4", "1.5");
	refuse_value("bucket", "width=1", "numeric", "1e5");
	for (size_t i = 0; i < ARRAY_SIZE(inets); i++)
		refuse_value("ip_prefix", "", "inet", inets[i]);
	refuse_value("trunc", "unit=day", "date", "zz-secret");
	refuse_value("trunc", "unit=day", "date", "01/02/2024");
	refuse_value("trunc", "unit=day", "timestamptz", "2024-05-01 00:00:00");
	refuse_value("constant", "value=5", "int4", "zz-secret");	/* the server was not asked */
}

static void test_constant_text(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct anon *an = bound(a, "constant", "value=2024-05-01 08:00+08", column_of("timestamptz"));
	size_t n;

	(void)state;
	assert_string_equal(anon_constant_text(an), "2024-05-01 08:00+08");
	assert_string_equal(anon_outputs(an, &n)[0], "2024-05-01 08:00+08");
	assert_int_equal(n, 1);
	anon_constant_set(an, "2024-05-01 00:00:00+00");
	PAIRS(an, { "2020-01-01 00:00:00+00", "2024-05-01 00:00:00+00" }, { "2024-05-01 09:00:00+09", NULL });
	assert_false(anon_looks_personal(an));
	assert_true(anon_looks_personal(bound(a, "constant", "value=user-${id}@x", column_of("text"))));
}

static void test_map_outputs(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct anon *an = bound(a, "map", "pairs=a|b|c|b|d|e;default=e", column_of("shop.mood"));
	const char *const *out;
	size_t n;

	(void)state;
	out = anon_outputs(an, &n);
	assert_int_equal(n, 2);
	assert_string_equal(out[0], "b");
	assert_string_equal(out[1], "e");
}

/* ---- keys ---- */

static void check_tombstone(const char *type, size_t nkeys, const struct anon_key *keys,
			    const struct anon_field *values, const char *want)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	AUTO_STRBUF out = STRBUF_INIT;
	struct anon_column col = column_of(type);
	struct diag d = DIAG_INIT;
	enum anon_result r;
	struct anon *an;

	col.nkeys = nkeys;
	col.keys = keys;
	an = bound(a, "tombstone", "", col);
	assert_true(anon_uses_key(an));
	if (!want) {
		assert_false(anon_apply(an, field("x"), values, &out, &r, &d));
		return;
	}
	assert_true(anon_apply(an, field("x"), values, &out, &r, &d));
	assert_string_equal(strbuf_str(&out), want);
	assert_true(anon_apply(an, field(want), values, &out, &r, &d));
	assert_int_equal(r, ANON_SAME);
}

static void test_tombstone_keys(void **state)
{
	static const struct anon_key two[] = { { "tenant_id", "int4" }, { "id", "int8" } };
	static const struct anon_key uuid[] = { { "id", "uuid" } }, big[] = { { "id", "int8" } };
	static const char u[] = "0f0e0d0c-0000-4000-8000-00000000002a";
	const struct anon_field uf[] = { { u, sizeof(u) - 1 } };

	(void)state;
	check_tombstone("text", 2, two, (struct anon_field[]){ { "1", 1 }, { "42", 2 } },
			"erased-1-42@erased.invalid");
	check_tombstone("text", 1, uuid, uf, "erased-0f0e0d0c-0000-4000-8000-00000000002a@erased.invalid");
	check_tombstone("uuid", 1, uuid, uf, u);
	check_tombstone("uuid", 1, big, (struct anon_field[]){ { "-1", 2 } },
			"00000000-0000-0000-ffff-ffffffffffff");
	check_tombstone("int8", 1, big, (struct anon_field[]){ { "42", 2 } }, "-42");
	check_tombstone("int8", 1, big, (struct anon_field[]){ { "0", 1 } }, "0");
	check_tombstone("int8", 1, big, (struct anon_field[]){ { "-7", 2 } }, NULL);
	check_tombstone("int8", 1, big, (struct anon_field[]){ { NULL, 0 } }, NULL);
	check_tombstone("text", 1, big, NULL, NULL);
}

/* ---- refusals at binding ---- */

static void refuse_column(const char *op, const char *params, struct anon_column col, const char *part)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();
	struct diag d = DIAG_INIT;
	struct anon *an;

	if (anon_bind(a, op_of(a, op, params), &col, &an, &d))
		fail_msg("%s (%s) on %s was taken", op, params, col.type);
	assert_int_equal(d.cls, DIAG_CATALOG);
	assert_string_equal(d.where, "tables/shop.cfg:7");
	if (!strstr(d.message, part) && !strstr(d.hint, part))
		fail_msg("\"%s\" (%s) does not speak of \"%s\"", d.message, d.hint, part);
	assert_non_null(strstr(d.message, "\"c\""));
}

static void refuse(const char *op, const char *params, const char *type, const char *part)
{
	refuse_column(op, params, column_of(type), part);
}

static void test_refuse_parameters(void **state)
{
	(void)state;
	refuse("erase", "", "text", "null, constant, empty, tombstone, trunc, bucket, ip_prefix, prefix, map, json_keep");
	refuse("null", "value=x", "text", "unknown parameter \"value\"");
	refuse("keep", "value=x", "text", "unknown parameter \"value\"");
	refuse("constant", "", "text", "\"value\" is missing");
	refuse("constant", "value=a|b", "text", "takes one value, not 2");
	refuse("constant", "value=a;value=b", "text", "given twice");
	refuse("trunc", "unit=week", "date", "day, month, quarter, year, decade");
	refuse("bucket", "width=0", "int4", "not above 0");
	refuse("bucket", "width=-1", "int4", "not above 0");
	refuse("bucket", "width=1e3", "int4", "not a decimal number");
	refuse("bucket", "width=NaN", "numeric", "not a decimal number");
	refuse("bucket", "width=1234567890123456789", "numeric", "18 digits");
	refuse("bucket", "width=0.5", "int4", "finer than int4 holds");
	refuse("bucket", "width=0.005", "numeric(6,2)", "finer than numeric(6,2) holds");
	refuse("bucket", "width=150", "numeric(3,-2)", "finer than");
	refuse("bucket", "width=1;min=5;max=4", "int4", "above max");
	refuse("bucket", "width=1;max=40000", "int2", "outside of int2");
	refuse("bucket", "width=1;min=10000", "numeric(6,2)", "outside of numeric(6,2)");
	refuse("bucket", "width=1", "float8", "needs min and max");
	refuse("bucket", "width=1;min=0;max=2000000000", "float8", "outside of float8");
	refuse("bucket", "width=0.0000001;min=0;max=1", "float8", "at most 6 decimals");
	refuse("ip_prefix", "v4=32", "inet", "0 to 31");
	refuse("ip_prefix", "v6=65", "inet", "0 to 64");
	refuse("ip_prefix", "v6=", "inet", "0 to 64");
	refuse("ip_prefix", "v6=-1", "inet", "0 to 64");
	refuse("ip_prefix", "v6=4294967344", "inet", "0 to 64");
	refuse("prefix", "keep=two", "text", "0 to 10000");
	refuse("prefix", "keep=2;pad=ab", "text", "not one character");
	refuse("prefix", "keep=2;pad=", "text", "not one character");
	refuse("map", "pairs=a|b|c;default=x", "text", "without its counterpart");
	refuse("map", "pairs=a|b", "text", "\"default\" is missing");
	refuse("map", "pairs=a|b|b|c;default=x", "text", "\"b\" is a result");
	refuse("map", "pairs=a|b|x|b;default=x", "text", "\"x\" is a result");
	refuse("map", "pairs=a|b|a|c;default=x", "text", "mapped twice");
}

static void test_refuse_types(void **state)
{
	struct anon_column col = column_of("text");

	(void)state;
	refuse("empty", "", "int4", "type int4 does not fit");
	refuse("empty", "", "json", "type json does not fit");
	refuse("empty", "", "int2vector", "type int2vector does not fit");
	refuse("tombstone", "", "int4", "text types, uuid and bigint");
	refuse("tombstone", "prefix=x", "uuid", "neither prefix nor suffix");
	refuse("trunc", "unit=day", "text", "date, timestamp and timestamptz");
	refuse("bucket", "width=1", "float4", "type float4");
	refuse("ip_prefix", "", "text", "inet and cidr");
	refuse("prefix", "keep=1", "shop.mood", "text types");
	refuse("map", "pairs=a|b;default=c", "int4", "text types and enums");
	refuse("json_keep", "keys=a", "json", "jsonb");
	col.not_null = true;
	refuse_column("null", "", col, "NOT NULL");
	col = column_of("text");
	col.encoding = anon_encoding_of("EUC_JP");
	refuse_column("prefix", "keep=1", col, "encoding");
	refuse_column("constant", "value=\u65e5", col, "not ASCII");
	refuse_column("map", "pairs=\u65e5|x;default=y", col, "not ASCII");
}

static void test_refuse_lengths(void **state)
{
	static const struct anon_key two[] = { { "a", "int8" }, { "b", "uuid" } }, text[] = { { "a", "text" } };
	struct anon_column col = column_of("character varying(40)");

	(void)state;
	refuse("constant", "value=12345", "char(4)", "needs 5 characters");
	refuse("map", "pairs=a|12345;default=c", "char(4)", "needs 5 characters");
	refuse("constant", "value=0123456789012345678901234567890123456789012345678901234567890123", "name",
	       "needs 64 bytes");
	/* "erased-" + 11 + "@erased.invalid" = 33: fits; int8: 42, two keys: 7 + 20 + 1 + 36 + 15 = 79 */
	col.keys = &(struct anon_key){ "id", "int8" };
	refuse_column("tombstone", "", col, "needs 42 characters");
	col.nkeys = 2;
	col.keys = two;
	refuse_column("tombstone", "", col, "needs 79 characters");
	col.type = "uuid";
	col.base = "uuid";
	refuse_column("tombstone", "", col, "2 columns");
	col = column_of("text");
	col.nkeys = 0;
	refuse_column("tombstone", "", col, "no key");
	col.nkeys = 1;
	col.keys = text;
	refuse_column("tombstone", "", col, "key column \"a\" is of type text");
	col = column_of("int8");
	col.keys = &(struct anon_key){ "id", "uuid" };
	refuse_column("tombstone", "", col, "uuid key");
}

static void test_fitting_lengths(void **state)
{
	AUTO(arena_free_auto) struct arena *a = arena_new();

	(void)state;
	bound(a, "tombstone", "", column_of("character varying(40)"));
	bound(a, "constant", "value=\u65e5\u672c\u8a9e\u65e5", column_of("char(4)"));
	bound(a, "constant", "value=abcd  ", column_of("char(4)"));
	assert_int_equal(anon_face(bound(a, "keep", "", column_of("int4"))), ANON_KEEPS);
	assert_int_equal(anon_face(bound(a, "prefix", "keep=1", column_of("text"))), ANON_GENERALIZES);
	assert_int_equal(anon_face(bound(a, "empty", "", column_of("tstzrange"))), ANON_WIPES);
}

/* ---- decimals against the machine's integers ---- */

static uint64_t seed = 20240501;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void test_decimal_floor(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		AUTO_DECIMAL x = DECIMAL_INIT;
		AUTO_STRBUF out = STRBUF_INIT;
		int64_t n = (int64_t)draw() >> (draw() % 60 + 2);
		int64_t w = (int64_t)(draw() >> (draw() % 50 + 8)) % 1000000 + 1;
		int64_t want = (n / w - (n % w < 0)) * w;
		char text[32], wanted[32];

		snprintf(text, sizeof(text), "%" PRId64, n);
		snprintf(wanted, sizeof(wanted), "%" PRId64, want);
		assert_true(decimal_parse(text, strlen(text), &x));
		decimal_floor(&x, (uint64_t)w, 0);
		decimal_print(&x, &out);
		assert_string_equal(strbuf_str(&out), wanted);
	}
}

static int compare_texts(const char *s, const char *t)
{
	AUTO_DECIMAL x = DECIMAL_INIT, y = DECIMAL_INIT;
	int r;

	assert_true(decimal_parse(s, strlen(s), &x));
	assert_true(decimal_parse(t, strlen(t), &y));
	r = decimal_compare(&x, &y);
	return (r > 0) - (r < 0);
}

static void test_decimal_compare(void **state)
{
	static const char *const rising[] = {
		"-Infinity", "-1e10", "-10", "-9.99", "-0.05", "-1e-09", "0", "0.0001", "0.05", "0.5", "5", "12",
		"1e+02", "100.000001", "Infinity", "NaN"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rising); i++)
		for (size_t j = 0; j < ARRAY_SIZE(rising); j++)
			assert_int_equal(compare_texts(rising[i], rising[j]), (i > j) - (i < j));
	assert_int_equal(compare_texts("10", "010.00"), 0);
	assert_int_equal(compare_texts("-0.0", "0"), 0);
	assert_int_equal(compare_texts("1.5e3", "1500"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_trunc_edges),
		cmocka_unit_test(test_bucket_edges),
		cmocka_unit_test(test_text_edges),
		cmocka_unit_test(test_json_edges),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_constant_text),
		cmocka_unit_test(test_map_outputs),
		cmocka_unit_test(test_tombstone_keys),
		cmocka_unit_test(test_refuse_parameters),
		cmocka_unit_test(test_refuse_types),
		cmocka_unit_test(test_refuse_lengths),
		cmocka_unit_test(test_fitting_lengths),
		cmocka_unit_test(test_decimal_floor),
		cmocka_unit_test(test_decimal_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
