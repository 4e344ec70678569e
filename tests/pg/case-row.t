#!/usr/bin/env bash
# Which row is meant: composite keys, no keys, odd names, odd types.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

case_db

# ---- C16: a key of two columns ------------------------------------------------------------------

note 'C16: the first column of a key is not the key'
q "CREATE TABLE t (tenant_id int, id int, at timestamptz, email text, PRIMARY KEY (tenant_id, id));
	INSERT INTO t VALUES (1, 1, $old, 'a@b'), (1, 2, $fresh, 'b@b'), (2, 1, $fresh, 'c@b');
	CREATE TABLE d AS TABLE t; ALTER TABLE d ADD PRIMARY KEY (id, tenant_id);
	CREATE TABLE item (tenant int, owner int, n int, note text, PRIMARY KEY (tenant, owner, n),
		FOREIGN KEY (owner, tenant) REFERENCES d (id, tenant_id));
	INSERT INTO item SELECT tenant_id, id, n, 'x' FROM d, generate_series(1, 3) n"
conf_rule t 'table = "public.t"; class = "c"; start = "at"; action = "anonymize";
	columns = { email = "null"; };'
conf_rule d 'table = "public.d"; class = "c"; start = "at";'
conf_rule item 'table = "public.item"; follows = "d"; action = "delete";'
case_keep 'SELECT * FROM t WHERE (tenant_id, id) <> (1, 1)'
case_keep 'SELECT tenant_id, id, at FROM t'
case_keep 'SELECT * FROM d WHERE (tenant_id, id) <> (1, 1)'
case_keep 'SELECT * FROM item WHERE (tenant, owner) <> (1, 1)'
case_run
is "$rc $(counts due anonymized deleted | tr '\n' ' ')" '0 t 1 1 0 item 3 0 3 d 1 0 1 ' 'one row each, three items'
is "$(q 'SELECT tenant_id, id FROM t WHERE email IS NULL')" '1|1' '(1, 1) alone was changed'
is "$(q 'SELECT count(*), (SELECT count(*) FROM item) FROM d')" '2|6' '(1, 1) alone was deleted, with its items'
same_counts
case_end

note 'C16: a tombstone names both columns of the key'
case_conf
q "ALTER TABLE t ADD COLUMN code int8; UPDATE t SET code = 5, email = tenant_id || 'x@y' || id;
	ALTER TABLE t ADD UNIQUE (email); INSERT INTO t VALUES (11, 1, $old, 'q'), (1, 11, $old, 'r')"
conf_rule t 'table = "public.t"; class = "c"; start = "at"; action = "anonymize";
	columns = { email = "tombstone"; };'
conf_rule num 'table = "public.t"; class = "c"; start = "at"; action = "anonymize";
	columns = { code = "tombstone"; };'
case_keep "SELECT * FROM t WHERE at > now() - interval '1 year'"
case_keep 'SELECT tenant_id, id, at, code FROM t'
case_run
is "$rc $(of t anonymized) $(of num status)" '2 3 failed' 'a number cannot: that rule failed'
is "$(q "SELECT count(DISTINCT email) FROM t WHERE at < now() - interval '1 year'
	AND email ~ tenant_id::text AND email ~ id::text AND email ~ 'invalid'")" 3 \
	'three rows, three texts, both columns in each' ||
	note "$(q 'TABLE t')"
same_counts
case_end 2

# ---- C17: no key ----------------------------------------------------------------------------------

note 'C17: rows that are alike, without a key'
case_conf
q "CREATE TABLE nokey (a int, b text, at timestamptz);
	INSERT INTO nokey SELECT 1, 'x', timestamptz '2015-05-05' FROM generate_series(1, 3);
	INSERT INTO nokey SELECT 1, 'x', date_trunc('day', $fresh) FROM generate_series(1, 2);
	INSERT INTO nokey VALUES (NULL, NULL, NULL), (NULL, NULL, NULL);
	CREATE TABLE mask AS TABLE nokey; CREATE TABLE host AS TABLE nokey"
conf_rule nokey 'table = "public.nokey"; class = "c"; start = "at";'
conf_rule mask 'table = "public.mask"; class = "c"; start = "at"; action = "anonymize"; columns = { b = "null"; };'
conf_rule host 'table = "public.host"; class = "c"; start = "at"; where = "ctid IN ('"'(0,1)', '(0,2)', '(0,4)'"')";'
case_keep "SELECT * FROM nokey WHERE at IS NULL OR at > now() - interval '1 year'"
case_keep "SELECT * FROM mask WHERE at IS NULL OR at > now() - interval '1 year'"
case_keep "SELECT * FROM host WHERE ctid NOT IN ('(0,1)', '(0,2)')"
case_run
is "$rc $(counts due indeterminate | sort | tr '\n' ' ')" '0 host 2 0 mask 3 2 nokey 3 2 ' \
	'three are due, two have no start'
is "$(q 'SELECT count(*) FROM nokey')/$(q 'SELECT count(*) FROM host')" 4/5 \
	'3 gone, 4 left; 2 of 3 like rows gone'
is "$(q "SELECT count(*), count(b) FROM mask WHERE at = '2015-05-05'")" '3|0' 'all three like rows are anonymized'
same_counts
case_end

# ---- names -----------------------------------------------------------------------------------------

note 'names with every odd character, 63 bytes long'
case_conf
# dot, quote, backslash, blank, dollar, percent, semicolon, colon, parameter, newline, unicode
odd='O"d.d \ $1 $$ :x ;%s '"'"'é日'
sixty=$(printf 'L%.0s' {1..60})日	# 63 bytes
ident() { printf '"%s"' "${1//\"/\"\"}"; }			# as SQL writes it
cfg() { local s=${1//\\/\\\\}; printf '"%s"' "${s//\"/\\\"}"; }	# as libconfig writes it
S=$(ident "$odd") L=$(ident "$sixty") N=$(ident $'new\nline') U=$(ident $'\u00dcber')
q "CREATE SCHEMA $S;
	CREATE TYPE $S.\"T.\" AS ENUM ('a', 'b');
	CREATE TABLE $S.$L ($S int, $L timestamptz, $N text, $U $S.\"T.\", CONSTRAINT \"p.k\" PRIMARY KEY ($S));
	CREATE INDEX \"i \"\"x\" ON $S.$L ($L);
	CREATE TABLE $S.$N ($L int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, $N int, $S text,
		CONSTRAINT $L FOREIGN KEY ($N) REFERENCES $S.$L ($S));
	CREATE TABLE $S.$U ($L int, $S text, CONSTRAINT $N FOREIGN KEY ($L) REFERENCES $S.$L ($S));
	CREATE TABLE $S.$S ($L timestamptz, $S int) PARTITION BY RANGE ($L);
	CREATE TABLE $S.\"p.1\" PARTITION OF $S.$S FOR VALUES FROM ('2010-01-01') TO ('2012-01-01');
	CREATE TABLE $S.\"P 2\" PARTITION OF $S.$S DEFAULT;
	INSERT INTO $S.$L SELECT n, CASE WHEN n % 2 = 0 THEN $old ELSE $fresh END, 'secret', 'a'
		FROM generate_series(1, 10) n;
	INSERT INTO $S.$N ($N, $S) SELECT $S, 'note' FROM $S.$L;
	INSERT INTO $S.$U SELECT $S, 'link' FROM $S.$L;
	INSERT INTO $S.$S SELECT timestamptz '2010-05-05' + n * interval '1 year', n FROM generate_series(0, 3) n;
	INSERT INTO $S.$S VALUES ($fresh, 9), (NULL, 10);
	ANALYZE"
conf_rule odd "table = $(cfg "$S.$L"); class = \"c\"; start = $(cfg "$sixty");
	children = ( { table = $(cfg "$S.$U"); constraint = $(cfg $'new\nline'); action = \"set null\"; } );"
conf_rule items "table = $(cfg "$S.$N"); follows = \"odd\"; action = \"delete\"; via = $(cfg "$sixty");"
conf_rule parts "table = $(cfg "$S.$S"); class = \"c\"; start = $(cfg "$sixty");"
run_pgretain plan --format json
if [ "$rc" != 0 ]; then note "$err$out"; fi
case_keep "SELECT * FROM $S.$L WHERE $S % 2 = 1"
case_keep "SELECT * FROM $S.$N WHERE $N % 2 = 1"
case_keep "SELECT * FROM $S.$S WHERE $S IN (9, 10)"
case_run
is "$rc $(counts deleted | sort | tr '\n' ' ')" '0 items 5 odd 5 parts 4 ' 'as many as are old'
is "$(json '.rules[] | select(.rule == "odd") | .unset | tojson')" "{$(jq -cn --arg t "$S.$U" '$t'):5}" \
	'the table of the links stands as in SQL'
is "$(of odd table)" "$S.$L" "so does the rule's own"
is "$(q "SELECT count(*), (SELECT count(*) FROM $S.$N), (SELECT count($L) FROM $S.$U), (SELECT count(*) FROM $S.$S)
	FROM $S.$L")" '5|5|5|2' 'plain SQL says so too'
is "$(q "SELECT string_agg(inhrelid::regclass::text, ' ') FROM pg_inherits
	WHERE inhparent = '${S//\'/\'\'}.${S//\'/\'\'}'::regclass")" \
	"$S.\"P 2\"" 'the wholly expired partition was dropped'
same_counts
case_end

note 'names that differ in case alone, and names that are words of SQL'
case_conf
q "CREATE TABLE \"User\" (\"Id\" int PRIMARY KEY, \"At\" timestamptz, at timestamptz);
	CREATE TABLE \"user\" (id int PRIMARY KEY, \"order\" timestamptz, \"select\" text);
	INSERT INTO \"User\" VALUES (1, $old, $fresh), (2, $fresh, $old);
	INSERT INTO \"user\" VALUES (1, $old, 'x'), (2, $fresh, 'x')"
conf_rule upper 'table = "public.\"User\""; class = "c"; start = "At";'
conf_rule word 'table = "public.\"user\""; class = "c"; start = "order"; action = "anonymize";
	columns = { select = "null"; };'
case_keep 'SELECT * FROM "User" WHERE "Id" = 2'
case_keep 'SELECT * FROM "user" WHERE id = 2'
case_run
is "$rc $(q 'SELECT "Id" FROM "User"') $(q 'SELECT id FROM "user" WHERE "select" IS NULL')" '0 2 1' \
	'each by its own column'
same_counts
case_end

# ---- types -----------------------------------------------------------------------------------------

note 'domains, enums, arrays, ranges, composites, json, bytes; identity and generated columns'
case_conf
q "CREATE DOMAIN instant AS timestamptz CHECK (VALUE > '1980-01-01');
	CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
	CREATE DOMAIN mail2 AS mail;
	CREATE TYPE mood AS ENUM ('sad', 'ok', 'n/a');
	CREATE TYPE pair AS (x int, y text);
	CREATE TABLE zoo (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at instant, m mail2, e mood, a text[],
		ai int[],
		r int4range, c pair, j jsonb, b bytea, u uuid, ip inet, ch char(5), vc varchar(8), n numeric(10, 2), f float8,
		d date,
		g text GENERATED ALWAYS AS (upper(vc)) STORED, bits bit(4), pt point, x xml, iv interval, o boolean);
	INSERT INTO zoo (at, m, e, a, ai, r, c, j, b, u, ip, ch, vc, n, f, d, bits, pt, x, iv, o)
	SELECT CASE WHEN k % 2 = 0 THEN $old ELSE $fresh END, k || 'a@b.cn', 'sad', ARRAY['x', NULL, 'a,\"b'],
		ARRAY[1, k],
		'[1,5)', ROW(k, 'q')::pair, '{\"phone\": \"138\", \"plan\": 1}', '\\x00ff', gen_random_uuid(),
		'10.1.2.3', 'ab', 'v' || k, 1.50, 0.1 + 0.2, '1990-05-05', B'1010', '(1,2)', '<a/>', '1 mon', true
	FROM (SELECT k::int FROM generate_series(1, 8) k) v"
conf_rule zoo 'table = "public.zoo"; class = "c"; start = "at"; action = "anonymize"; columns = {
	m = { op = "constant"; value = "x@y"; };
	e = { op = "constant"; value = "n/a"; }; a = "empty"; ai = "null"; r = "empty";
	c = "null"; j = { op = "json_keep"; keys = [ "plan" ]; }; b = "empty"; u = "tombstone"; ip = "ip_prefix";
	ch = { op = "constant"; value = "z"; };
	vc = { op = "prefix"; keep = "1"; pad = "0"; }; n = { op = "bucket"; width = "10"; };
	f = "null";
	d = { op = "trunc"; unit = "decade"; }; g = "keep"; bits = "null";
	pt = "null"; x = "null"; iv = "null"; o = "null"; };'
case_keep 'SELECT * FROM zoo WHERE id % 2 = 1'
case_keep 'SELECT id, at FROM zoo'
case_run
is "$rc $(of zoo anonymized)" '0 4' 'ends well'
is "$(q "SELECT count(*) FROM zoo WHERE id % 2 = 0 AND m = 'x@y' AND e = 'n/a' AND a = '{}'
	AND ai IS NULL AND isempty(r)
	AND c IS NULL AND j = '{\"plan\": 1}' AND b = '' AND u = lpad(to_hex(id), 32, '0')::uuid AND
	ip = '10.1.2.0/24'
	AND ch = 'z' AND vc = 'v0' AND g = 'V0' AND n = 0 AND f IS NULL AND d = '1990-01-01' AND bits IS NULL
	AND pt IS NULL AND x IS NULL AND iv IS NULL AND o IS NULL")" 4 'every column is in its final form'
same_counts
case_end

note 'the same zoo, deleted'
case_conf
conf_rule zoo2 'table = "public.zoo"; class = "c"; start = "at";'
case_keep 'SELECT * FROM zoo WHERE id % 2 = 1'
case_run
is "$rc $(of zoo2 deleted) $(q 'SELECT count(*) FROM zoo')" '0 4 4' 'ends well'
same_counts
case_end

note 'start columns: a domain, a generated column, an identity; several of them'
case_conf
q "CREATE TABLE gen (id int PRIMARY KEY, off int,
		day int4 GENERATED ALWAYS AS (20150505 + off) STORED);
	INSERT INTO gen SELECT n, n % 2 * 900000 FROM generate_series(1, 6) n;
	CREATE TABLE many (id int PRIMARY KEY, done timestamptz, cancelled date, refunded timestamp);
	INSERT INTO many VALUES (1, NULL, NULL, NULL), (2, $old, NULL, NULL), (3, NULL, $old, NULL), (4, NULL, NULL,
		$old),
		(5, $fresh, $old, $old), (6, $old, $fresh, $fresh), (7, '-infinity', NULL, NULL), (8, 'infinity', NULL, NULL);
	CREATE TABLE latest AS TABLE many; ALTER TABLE latest ADD PRIMARY KEY (id)"
conf_rule gen 'table = "public.gen"; class = "c"; start = { column = "day"; unit = "yyyymmdd"; };'
conf_rule many 'table = "public.many"; class = "c"; start = [ "done", "cancelled", "refunded" ];'
conf_rule latest 'table = "public.latest"; class = "c"; start = { latest = [ "done", "cancelled", "refunded" ]; };'
case_keep 'SELECT * FROM gen WHERE id % 2 = 1'
case_keep 'SELECT * FROM many WHERE id IN (1, 5, 7, 8)'
case_keep 'SELECT * FROM latest WHERE id IN (1, 5, 6, 7, 8)'
case_run
is "$rc $(counts deleted indeterminate future anomalous | tr '\n' ' ')" \
	'0 gen 3 0 3 0 many 4 1 1 1 latest 3 1 1 1 ' 'first of three, latest of three, states'
is "$(ids many)/$(ids latest)" \
	1,5,7,8/1,5,6,7,8 'plain SQL says so too'
same_counts
case_end
done_testing
