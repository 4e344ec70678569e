/* Which operators the two faces are compared on, and the random values (SQL expressions over the row
 * number i; every 50th value is NULL). */
#ifndef PGRETAIN_TESTS_FACES_VALUES_H
#define PGRETAIN_TESTS_FACES_VALUES_H

struct face_case {
	const char *op, *params, *type, *key, *values;
};

/* All that COPY, arrays, JSON and encodings treat in their own way. */
#define ALPHABET "E'aZ0 \\t\\n\\\\\"''{},\u00e9\u65e5\U0001F600\\x01eErR'"
/* up to n - 1 characters */
#define CHARS(n) \
	"(SELECT coalesce(string_agg(substr(" ALPHABET ", 1 + floor(random() * 20)::int, 1), ''), '') " \
	"FROM generate_series(1, i % " #n "))"
#define TEXTS "CASE i % 9 WHEN 0 THEN (ARRAY['', '[erased]', '[ERASED]', 'Lyon', 'FR', 'other', " \
	"E'\\\\N', '\\.'])[1 + i % 8] ELSE " CHARS(7) " END"
#define INT8S "('x' || substr(md5(random()::text), 1, 16))::bit(64)::int8"
#define INTS(type, lo, hi) \
	"(CASE i % 5 WHEN 0 THEN floor(random() * 41) - 20 WHEN 1 THEN " lo " + floor(random() * 30) " \
	"WHEN 2 THEN " hi " - floor(random() * 30) ELSE floor((random() - 0.5) * 60000) END)::" type
#define NUMERICS "CASE i % 12 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-Infinity' " \
	"WHEN 3 THEN round(random()::numeric * 200 - 100, i % 4) WHEN 4 THEN 0.00 " \
	"WHEN 5 THEN (" INT8S ")::numeric * power(10::numeric, i % 40) " \
	"ELSE (" INT8S ")::numeric / power(10::numeric, i % 25) END"
#define FLOATS "CASE i % 12 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-Infinity' " \
	"WHEN 3 THEN '-0' WHEN 4 THEN '5e-324' WHEN 5 THEN -1e300 WHEN 6 THEN (random() - 0.5) * 1e-5 " \
	"WHEN 7 THEN 0.1::float8 * floor(random() * 2000 - 1000) WHEN 8 THEN floor(random() * 36000) / 100 " \
	"WHEN 9 THEN (random() - 0.5) * 2e9 ELSE (random() - 0.5) * 360 END::float8"
#define DATES "CASE i % 7 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' " \
	"WHEN 2 THEN '4713-01-01 BC'::date + floor(random() * 9000)::int " \
	"WHEN 3 THEN '2000-01-01'::date + floor(random() * 2145000000)::int " \
	"WHEN 4 THEN '0001-01-01'::date + floor((random() - 0.5) * 40000)::int " \
	"WHEN 5 THEN '294270-01-01'::date + floor(random() * 5000)::int " \
	"ELSE '2000-01-01'::date + floor((random() - 0.5) * 40000)::int END"
#define STAMPS(type, first, last) "CASE i % 7 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' " \
	"WHEN 2 THEN '" first "'::" type " + random() * '9000 days'::interval " \
	"WHEN 3 THEN '" last "'::" type " - random() * '900 days'::interval " \
	"WHEN 4 THEN '0001-01-01'::" type " + (random() - 0.5) * '40000 days'::interval " \
	"WHEN 5 THEN date_trunc('hour', '2000-01-01'::" type " + (random() - 0.5) * '40000 days'::interval) " \
	"ELSE '2000-01-01'::" type " + (random() - 0.5) * '400000 days'::interval END"
#define TIMESTAMPS STAMPS("timestamp", "4713-01-01 BC", "294276-12-31")
#define TIMESTAMPTZS STAMPS("timestamptz", "4713-01-01 BC", "294276-12-31")
#define INETS "CASE i % 6 WHEN 0 THEN '0.0.0.0'::inet + floor(random() * 4294967295)::int8 " \
	"WHEN 1 THEN (host('0.0.0.0'::inet + floor(random() * 4294967295)::int8) || '/' || i % 33)::inet " \
	"WHEN 2 THEN ('::ffff:' || host('0.0.0.0'::inet + floor(random() * 4294967295)::int8))::inet " \
	"WHEN 3 THEN (substr(md5(random()::text), 1, i % 4 + 1) || '::' || " \
	"substr(md5(random()::text), 1, 3) || '/' || i % 129)::inet " \
	"WHEN 4 THEN ('::' || host('0.0.0.0'::inet + floor(random() * 4294967295)::int8) || '/' || i % 129)::inet " \
	"ELSE (rtrim(regexp_replace(md5(random()::text), '(....)', '\\1:', 'g'), ':') || '/' || " \
	"i % 129)::inet END"
#define JSONS "CASE i % 8 WHEN 0 THEN to_jsonb(" CHARS(5) ") WHEN 1 THEN jsonb_build_array(i, random()) " \
	"WHEN 2 THEN (ARRAY['{}', '[]', 'null', '1.50', '\"\"', '{\"n\": {}}'])[1 + i % 6]::jsonb " \
	"ELSE (SELECT coalesce(jsonb_object_agg((ARRAY['plan', 'n', E'a\"\\\\b', '\u00e9', E't\\tn', '', " \
	"'x'])[1 + floor(random() * 7)::int], (ARRAY[to_jsonb(substr(" ALPHABET ", 1 + floor(random() * 20)::int, 4)), " \
	"'1.50', '-3e2', 'null', 'true', " \
	"'{\"n\": [1, \"]}\"]}', '[{\"plan\": 1}]'])[1 + floor(random() * 7)::int]), '{}') " \
	"FROM generate_series(1, i % 6)) END"
#define MOODS "(ARRAY['sad', 'ok', 'happy', 'very \"odd\"'])[1 + i % 4]::shop.\"mood(x)\""
#define UUIDS "md5(random()::text)::uuid"

static const struct face_case face_cases[] = {
	{ "null", "", "text", "id", TEXTS },
	{ "null", "", "shop.pair", "id", "CASE i % 3 WHEN 0 THEN ROW(NULL, NULL)::shop.pair "
	  "ELSE ROW(i, NULLIF('x', repeat('x', i % 2)))::shop.pair END" },

	{ "constant", "value=[erased]", "text", "id", TEXTS },
	{ "constant", "value=[erased]", "text COLLATE shop.ci", "id", TEXTS },
	{ "constant", "value=", "character varying(12)", "id", CHARS(7) },
	{ "constant", "value=x\u00e9 ", "character(7)", "id", CHARS(7) },
	{ "constant", "value=[erased]", "name", "id", TEXTS },
	{ "constant", "value=[erased]", "shop.label", "id", CHARS(7) },
	{ "constant", "value=very \"odd\"", "shop.\"mood(x)\"", "id", MOODS },
	{ "constant", "value=happy", "shop.mood_domain", "id", MOODS },
	{ "constant", "value=7", "integer", "id", INTS("int4", "-2147483648", "2147483647") },
	{ "constant", "value=1.5", "numeric(8,2)", "id", "round((random() - 0.5)::numeric * 10, 1)" },
	{ "constant", "value=0", "double precision", "id", FLOATS },
	{ "constant", "value=true", "boolean", "id", "random() < 0.5" },
	{ "constant", "value=1900-01-01", "date", "id", DATES },
	{ "constant", "value=2000-01-01 12:00:00+00", "timestamp with time zone", "id", TIMESTAMPTZS },
	{ "constant", "value=1 day", "interval day to second(3)", "id", "random() * '3 days'::interval" },
	{ "constant", "value=0101", "bit(4)", "id", "(i % 16)::bit(4)" },
	{ "constant", "value={x,\"y z\"}", "character(3)[]", "id", "ARRAY[substr(md5(i::text), 1, 2), NULL]" },
	{ "constant", "value=\\x00", "bytea", "id", "decode(md5(i::text), 'hex')" },
	{ "constant", "value=00000000-0000-0000-0000-000000000000", "uuid", "id", UUIDS },
	{ "constant", "value=0.0.0.0", "inet", "id", INETS },
	{ "constant", "value={\"a\": 1}", "jsonb", "id", JSONS },
	{ "constant", "value={\"a\":1}", "json", "id", "(" JSONS ")::json" },
	{ "constant", "value=(1,1),(0,0)", "box", "id", "box(point(i, i), point(i + 1, i - 1))" },
	{ "constant", "value=(7,x)", "shop.pair", "id", "ROW(i % 3, NULL)::shop.pair" },

	{ "empty", "", "text", "id", TEXTS },
	{ "empty", "", "character varying(12)", "id", CHARS(7) },
	{ "empty", "", "character(7)", "id", CHARS(7) },
	{ "empty", "", "shop.label", "id", CHARS(7) },
	{ "empty", "", "bytea", "id", "decode(substr(md5(i::text), 1, i % 5 * 2), 'hex')" },
	{ "empty", "", "integer[]", "id", "array_fill(i, ARRAY[i % 4])" },
	{ "empty", "", "character varying(9)[]", "id", "ARRAY[" CHARS(5) ", NULL]" },
	{ "empty", "", "tstzrange", "id", "tstzrange('2000-01-01', '2000-01-01'::timestamptz + i % 9 * '1h'::interval)" },
	{ "empty", "", "int4multirange", "id", "int4multirange(int4range(i, i + i % 3))" },
	{ "empty", "", "tsvector", "id", "to_tsvector('simple', " CHARS(7) ")" },
	{ "empty", "", "jsonb", "id", JSONS },

	{ "tombstone", "", "text", "id", TEXTS },
	{ "tombstone", "", "text", "tenant,id", TEXTS },
	{ "tombstone", "prefix=\u00e9 ;suffix= ", "character(30)", "id", CHARS(7) },
	{ "tombstone", "", "character varying(60)", "mark", CHARS(7) },
	{ "tombstone", "", "name", "tenant,id", TEXTS },
	{ "tombstone", "", "uuid", "id", UUIDS },
	{ "tombstone", "", "uuid", "tenant", UUIDS },
	{ "tombstone", "", "uuid", "mark", UUIDS },
	{ "tombstone", "", "bigint", "id", INT8S },

	{ "trunc", "unit=day", "date", "id", DATES },
	{ "trunc", "unit=month", "date", "id", DATES },
	{ "trunc", "unit=decade", "date", "id", DATES },
	{ "trunc", "unit=quarter", "shop.birthday", "id", DATES },
	{ "trunc", "unit=day", "timestamp without time zone", "id", TIMESTAMPS },
	{ "trunc", "unit=quarter", "timestamp(3) without time zone", "id", TIMESTAMPS },
	{ "trunc", "unit=decade", "timestamp without time zone", "id", TIMESTAMPS },
	{ "trunc", "unit=day", "timestamp with time zone", "id", TIMESTAMPTZS },
	{ "trunc", "unit=month", "timestamp with time zone", "id", TIMESTAMPTZS },
	{ "trunc", "unit=year", "timestamp with time zone", "id", TIMESTAMPTZS },

	{ "bucket", "width=7", "smallint", "id", INTS("int2", "-32768", "32767") },
	{ "bucket", "width=10", "integer", "id", INTS("int4", "-2147483648", "2147483647") },
	{ "bucket", "width=10;min=-15;max=95", "integer", "id", INTS("int4", "-2147483648", "2147483647") },
	{ "bucket", "width=1000003", "bigint", "id", INT8S },
	{ "bucket", "width=0.1", "numeric", "id", NUMERICS },
	{ "bucket", "width=123.450", "numeric", "id", NUMERICS },
	{ "bucket", "width=2.5;min=-7;max=1000", "numeric", "id", NUMERICS },
	{ "bucket", "width=50", "numeric(8,2)", "id", "((random() - 0.5) * 1999999.98)::numeric(8,2)" },
	{ "bucket", "width=0.05", "shop.amount", "id", "round((random() - 0.5)::numeric * 1000, i % 3)" },
	{ "bucket", "width=300", "numeric(3,-2)", "id", "((random() - 0.5) * 199800)::numeric(3,-2)" },
	{ "bucket", "width=0.01;min=-180;max=180", "double precision", "id", FLOATS },
	{ "bucket", "width=0.000001;min=-1000000000;max=1000000000", "double precision", "id", FLOATS },

	{ "ip_prefix", "", "inet", "id", INETS },
	{ "ip_prefix", "v4=13;v6=61", "inet", "id", INETS },
	{ "ip_prefix", "v4=0;v6=0", "cidr", "id", "network(" INETS ")" },
	{ "ip_prefix", "v4=31;v6=64", "cidr", "id", "network(" INETS ")" },

	{ "prefix", "keep=2", "text", "id", TEXTS },
	{ "prefix", "keep=2;pad=*", "text", "id", TEXTS },
	{ "prefix", "keep=0;pad=\u00d7", "text COLLATE shop.ci", "id", TEXTS },
	{ "prefix", "keep=3", "character varying(12)", "id", CHARS(7) },
	{ "prefix", "keep=3", "character(7)", "id", CHARS(7) },
	{ "prefix", "keep=2;pad= ", "character(7)", "id", CHARS(7) },
	{ "prefix", "keep=1;pad=0", "name", "id", TEXTS },
	{ "prefix", "keep=2;pad=x", "shop.label", "id", CHARS(7) },

	{ "map", "pairs=Lyon|FR|[erased]|FR|\\N|other;default=other", "text", "id", TEXTS },
	{ "map", "pairs=Lyon|FR|[ERASED]|\"a\\{,}\u00e9;default=", "text COLLATE shop.ci", "id", TEXTS },
	{ "map", "pairs=a|b |0|0;default=c", "character(7)", "id", CHARS(3) },
	{ "map", "pairs=a|b|Z|0;default=c", "shop.label", "id", CHARS(3) },
	{ "map", "pairs=sad|ok;default=very \"odd\"", "shop.\"mood(x)\"", "id", MOODS },
	{ "map", "pairs=sad|ok|very \"odd\"|ok;default=ok", "shop.mood_domain", "id", MOODS },

	{ "json_keep", "keys=plan|n", "jsonb", "id", JSONS },
	{ "json_keep", "keys=a\"\\b|\u00e9|t\tn|", "shop.doc", "id", JSONS },
};

#endif
