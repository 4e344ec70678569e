#!/usr/bin/env bash
# Every operator on every type that it takes, through plan, run and a second run. What comes out is that of
# the operators' written definition (tests/unit/anon_vectors.def has the same vectors for both faces), and
# every other row, NULLs and the columns that are kept stay as they were.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

# want NAME DUE-ID <<< "column=value" lines: what the due row has to be, as psql shows it
want() {
	local got
	got=$(q "SELECT * FROM $1 WHERE id = $2" -x -F = | grep -v -e '^id=' -e '^at=')
	if [ "$got" = "$(cat "$W/want")" ]; then ok "$1: the row of id $2" true; else
		ok "$1: the row of id $2" false; diff <(echo "$got") "$W/want" | sed 's/^/# /' >&2; fi
}
# op TABLE "column|type|value|operator|what comes out" lines on stdin (␠: a blank that counts):
# one table, 42 due, 43 fresh, 44 due and NULL
op() {
	local name type value operator out ddl='' vals='' nulls='' conf=''
	: >"$W/want.$1"
	while IFS='|' read -r name type value operator out; do
		[ -n "$name" ] || continue
		ddl+=", $name $type" vals+=", $value" nulls+=', NULL' conf+="$name = $operator; "
		echo "$name=${out//␠/ }" >>"$W/want.$1"
	done
	q "CREATE TABLE $1 (id int PRIMARY KEY, at timestamptz$ddl);
	   INSERT INTO $1 VALUES (42, $old$vals), (43, $fresh$vals), (44, $old$nulls)"
	conf_rule "$1" "table = \"public.$1\"; class = \"a\"; start = \"at\"; columns = { $conf };"
	case_keep "SELECT * FROM $1 WHERE id <> 42"
	tables+=" $1"
}
tables=''

case_db
conf_class a 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "anonymize";'
q "CREATE EXTENSION citext; CREATE EXTENSION hstore;
   CREATE TYPE tone AS ENUM ('low', 'high', 'Odd ''one'''); CREATE DOMAIN code AS varchar(40) CHECK (VALUE <> 'never');
   CREATE DOMAIN cents AS numeric(12,2); CREATE TYPE pair AS (a int, b text);
   ALTER DATABASE t SET timezone = 'Asia/Shanghai'; ALTER DATABASE t SET datestyle = 'SQL, DMY';
   ALTER DATABASE t SET bytea_output = 'escape'"
export PGOPTIONS='-c timezone=UTC -c datestyle=ISO -c bytea_output=hex'

n='"null"'
op op_null <<-END
	v_text|text|'zz-secret'|$n|
	v_varchar|varchar(20)|'zz-secret'|$n|
	v_char|char(12)|'zz-secret'|$n|
	v_citext|citext|'ZZ-secret'|$n|
	v_name|name|'zz-secret'|$n|
	v_domain|code|'zz-secret'|$n|
	v_enum|tone|'low'|$n|
	v_jsonb|jsonb|'{"a": "zz-secret"}'|$n|
	v_json|json|'{"a": "zz-secret"}'|$n|
	v_xml|xml|'<a>zz</a>'|$n|
	v_inet|inet|'10.1.2.3'|$n|
	v_cidr|cidr|'10.1.2.0/24'|$n|
	v_mac|macaddr|'08:00:2b:01:02:03'|$n|
	v_texts|text[]|'{zz,NULL}'|$n|
	v_ints|int[]|'{{1,2},{3,4}}'|$n|
	v_bytea|bytea|'\\x00ff'|$n|
	v_date|date|'1990-05-17'|$n|
	v_ts|timestamp|'1990-05-17 12:00'|$n|
	v_tstz|timestamptz|'1990-05-17 12:00+02'|$n|
	v_time|time|'12:00'|$n|
	v_interval|interval|'1 day 2 hours'|$n|
	v_numeric|numeric(8,3)|1.500|$n|
	v_int2|int2|7|$n|
	v_int8|int8|9007199254740993|$n|
	v_float4|float4|1.5|$n|
	v_float8|float8|'NaN'|$n|
	v_money|money|12|$n|
	v_bool|bool|true|$n|
	v_uuid|uuid|'6f1c1e5c-94b0-4a5e-8a53-0d4b1f0e8f11'|$n|
	v_point|point|'(1,2)'|$n|
	v_box|box|'(1,2),(3,4)'|$n|
	v_range|int4range|'[1,5)'|$n|
	v_multi|datemultirange|'{[2020-01-01,2020-02-01)}'|$n|
	v_tsv|tsvector|'zz:1 secret:2'|$n|
	v_bit|bit(4)|B'1010'|$n|
	v_varbit|varbit(9)|B'1010'|$n|
	v_hstore|hstore|'a=>zz'|$n|
	v_comp|pair|ROW(1, 'zz')|$n|
	v_half|pair|ROW(NULL, NULL)|$n|
END
c() { printf '{ op = "constant"; value = "%s"; }' "$1"; }
op op_constant <<-END
	v_text|text|'zz-secret'|$(c "O'Hara ")|O'Hara␠
	v_case|text|'[ERASED]'|$(c '[erased]')|[erased]
	v_empty|text|'x'|$(c '')|
	v_varchar|varchar(5)|'zz'|$(c 12345)|12345
	v_char|char(4)|'日本'|$(c x)|x␠␠␠
	v_citext|citext|'[ERASED]'|$(c '[erased]')|[erased]
	v_name|name|'zz'|$(c gone)|gone
	v_domain|code|'zz'|$(c gone)|gone
	v_enum|tone|'low'|$(c "Odd 'one'")|Odd 'one'
	v_jsonb|jsonb|'{"a": "zz"}'|$(c '{}')|{}
	v_json|json|'{"a": "zz"}'|$(c '[1, 2]')|[1, 2]
	v_xml|xml|'<a>zz</a>'|$(c '<b/>')|<b/>
	v_inet|inet|'10.1.2.3'|$(c 0.0.0.0)|0.0.0.0
	v_cidr|cidr|'10.1.2.0/24'|$(c 0.0.0.0/0)|0.0.0.0/0
	v_texts|text[]|'{zz,NULL}'|$(c '{a b,NULL}')|{"a b",NULL}
	v_bytea|bytea|'\\x00ff'|$(c '\\x')|\\x
	v_date|date|'1990-05-17'|$(c 1900-01-01)|1900-01-01
	v_ts|timestamp|'1990-05-17 12:00'|$(c '1900-01-01 00:00:00')|1900-01-01 00:00:00
	v_tstz|timestamptz|'1990-05-17 12:00+02'|$(c '1900-01-01 00:00:00+00')|1900-01-01 00:00:00+00
	v_interval|interval|'1 day'|$(c '00:00:00')|00:00:00
	v_numeric|numeric(8,3)|1.5|$(c 0)|0.000
	v_cents|cents|9.99|$(c 0.1)|0.10
	v_int2|int2|7|$(c -1)|-1
	v_int8|int8|9007199254740993|$(c 9007199254740995)|9007199254740995
	v_float8|float8|1.5|$(c 0.1)|0.1
	v_money|money|12|$(c 0)|\$0.00
	v_bool|bool|true|$(c false)|f
	v_uuid|uuid|'6f1c1e5c-94b0-4a5e-8a53-0d4b1f0e8f11'|$(c 00000000-0000-0000-0000-000000000000)|00000000-0000-0000-0000-000000000000
	v_point|point|'(1,2)'|$(c '(0,0)')|(0,0)
	v_box|box|'(3,4),(1,2)'|$(c '(5,4),(3,2)')|(5,4),(3,2)
	v_range|int4range|'[1,5)'|$(c '[0,1)')|[0,1)
	v_bit|bit(4)|B'1010'|$(c 0000)|0000
	v_comp|pair|ROW(1, 'zz')|$(c '(0,)')|(0,)
	v_hstore|hstore|'a=>zz'|$(c '')|
END
e='"empty"'
op op_empty <<-END
	v_text|text|E'a\\nb'|$e|
	v_varchar|varchar(20)|'zz'|$e|
	v_char|char(4)|'zz'|$e|␠␠␠␠
	v_citext|citext|'zz'|$e|
	v_domain|code|'zz'|$e|
	v_bytea|bytea|'\\x00ff'|$e|\\x
	v_texts|text[]|'{"a,b",NULL}'|$e|{}
	v_ints|int[]|'{{1,2},{3,4}}'|$e|{}
	v_range|tstzrange|'[2020-01-01,)'|$e|empty
	v_tsv|tsvector|'zz:1 secret:2'|$e|
	v_jarr|jsonb|'[1, {"p": "138"}]'|$e|[]
	v_jobj|jsonb|'{"p": "138"}'|$e|{}
	v_jtext|jsonb|'"138"'|$e|{}
	v_jnull|jsonb|'null'|$e|{}
END
t='"tombstone"'
op op_tombstone <<-END
	v_text|text|'a@b.cn'|$t|erased-42@erased.invalid
	v_mine|text|'erased-43@erased.invalid'|$t|erased-42@erased.invalid
	v_varchar|varchar(33)|'zz'|$t|erased-42@erased.invalid
	v_char|char(34)|'zz'|$t|erased-42@erased.invalid␠␠␠␠␠␠␠␠␠␠
	v_citext|citext|'ERASED-42@erased.invalid'|$t|erased-42@erased.invalid
	v_domain|code|'zz'|$t|erased-42@erased.invalid
	v_own|text|'zz'|{ op = "tombstone"; prefix = "\${id} '"; suffix = ""; }|\${id} '42
	v_uuid|uuid|'6f1c1e5c-94b0-4a5e-8a53-0d4b1f0e8f11'|$t|00000000-0000-0000-0000-00000000002a
	v_int8|int8|13800000000|$t|-42
END
u() { printf '{ op = "trunc"; unit = "%s"; }' "$1"; }
op op_trunc <<-END
	v_d_day|date|'1990-05-17'|$(u day)|1990-05-17
	v_d_month|date|'1990-05-17'|$(u month)|1990-05-01
	v_d_quarter|date|'1990-05-17'|$(u quarter)|1990-04-01
	v_d_year|date|'1990-05-17'|$(u year)|1990-01-01
	v_d_decade|date|'1997-05-17'|$(u decade)|1990-01-01
	v_d_bc|date|'0044-03-15 BC'|$(u decade)|0051-01-01 BC
	v_d_inf|date|'infinity'|$(u month)|infinity
	v_d_far|date|'5874897-12-31'|$(u month)|infinity
	v_ts|timestamp|'1990-05-17 23:30'|$(u day)|1990-05-17 00:00:00
	v_ts_inf|timestamp|'-infinity'|$(u year)|-infinity
	v_tstz|timestamptz|'2024-05-01 03:00:00+08'|$(u month)|2024-04-01 00:00:00+00
	v_tstz_same|timestamptz|'2024-05-01 08:00:00+08'|$(u month)|2024-05-01 00:00:00+00
END
b() { printf '{ op = "bucket"; width = "%s"; %s }' "$1" "${2:-}"; }
op op_bucket <<-END
	v_int2|int2|-32768|$(b 10)|-32768
	v_int4|int4|-37|$(b 10)|-40
	v_int4_max|int4|104|$(b 10 'min = "0"; max = "90";')|90
	v_int8|int8|9007199254740993|$(b 1000)|9007199254740000
	v_numeric|numeric|99999999999999999999.99|$(b 10)|99999999999999999990.00
	v_negative|numeric|-0.04|$(b 0.1)|-0.10
	v_scale|numeric(8,3)|12.345|$(b 5)|10.000
	v_cents|cents|19.99|$(b 10)|10.00
	v_float8|float8|48.8583701|$(b 0.01 'min = "-180"; max = "180";')|48.85
	v_float8_min|float8|-200|$(b 0.01 'min = "-180"; max = "180";')|-180
END
i='"ip_prefix"'
op op_ip <<-END
	v_v4|inet|'10.1.2.3'|$i|10.1.2.0/24
	v_v4_short|inet|'10.1.2.3/16'|$i|10.1.0.0/16
	v_v6|inet|'2001:db8:1:2::5'|$i|2001:db8:1::/48
	v_mapped|inet|'::ffff:10.1.2.3'|$i|::/48
	v_cidr|cidr|'10.1.2.128/25'|$i|10.1.2.0/24
	v_own|inet|'10.1.2.3'|{ op = "ip_prefix"; v4 = 8; v6 = 32; }|10.0.0.0/8
END
p() { printf '{ op = "prefix"; keep = %s; %s }' "$1" "${2:-}"; }
op op_prefix <<-END
	v_text|text|'日本語'|$(p 2)|日本
	v_pad|text|'75123'|$(p 2 'pad = "0";')|75000
	v_varchar|varchar(10)|'75123'|$(p 3)|751
	v_char|char(8)|'75123'|$(p 2)|75␠␠␠␠␠␠
	v_citext|citext|'Abc'|$(p 1)|A
	v_none|text|'abc'|$(p 0)|
	v_short|text|'a'|$(p 3)|a
END
m() { printf '{ op = "map"; pairs = ( ["%s", "%s"] ); default = "%s"; }' "$@"; }
op op_map <<-END
	v_text|text|'Lyon'|$(m Lyon FR other)|FR
	v_other|text|'Rome'|$(m Lyon FR other)|other
	v_case|citext|'lyon'|$(m Lyon FR other)|other
	v_done|text|'FR'|$(m Lyon FR other)|FR
	v_char|char(5)|'Lyon'|$(m Lyon FR xx)|FR␠␠␠
	v_enum|tone|'high'|$(m high low "Odd 'one'")|low
	v_default|tone|'high'|$(m low low "Odd 'one'")|Odd 'one'
	v_quote|text|'a"b'|$(m 'a\"b' '\\' other)|\\
END
j='{ op = "json_keep"; keys = ["plan", "n"]; }'
op op_json <<-END
	v_object|jsonb|'{"n": 1.50, "plan": {"x": 1}, "phone": "1\\""}'|$j|{"n": 1.50}
	v_array|jsonb|'[{"plan": 1}]'|$j|{}
	v_text|jsonb|'"zz"'|$j|{}
	v_none|jsonb|'{}'|$j|{}
END
case_run
is "$plan_rc/$run_rc" 0/0 'plan and run end 0'
for t in $tables; do
	is "$(of "$t" status) $(of "$t" anonymized) $(of "$t" already)" 'done 1 1' \
		"$t: one row, the one of NULLs was final already" ||
		note "$(of "$t" reason)"
	cp "$W/want.$t" "$W/want"
	want "$t" 42
done
same_counts
case_end
done_testing
