#!/usr/bin/env bash
# Which rows are due: months, days, and the zone that decides them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

# end(s, p) in plain SQL, as the law's text has it: SQL start, period, zone
end_sql() { echo "((date_trunc('day', ($1)::timestamp + interval '$2') + interval '1 day') AT TIME ZONE '$3')"; }

class() { conf_class "$1" "floor = ( { keep = \"$2\"; basis = \"law\"; } ); zone = \"$3\"; action = \"delete\";"; }

# ---- C04: months are months -------------------------------------------------------------------

case_db
note 'C04: 28 to 31 January, one month and two'
q "CREATE TABLE jan (id int PRIMARY KEY, at date);
	INSERT INTO jan SELECT n, date '2023-01-27' + n FROM generate_series(1, 4) n;
	CREATE TABLE jan2 AS TABLE jan"
class one '1 month' Asia/Shanghai
class two '2 months' Asia/Shanghai
conf_rule one 'table = "public.jan"; class = "one"; start = "at";'
conf_rule two 'table = "public.jan2"; class = "two"; start = "at";'
while read -r at one two; do
	run_pgretain plan --format json --as-of "$at+08:00"
	is "$(counts due | tr '\n' ' ')" "one $one two $two " "$at: $one after one month, $two after two"
done <<-END
	2023-02-28T23:59:00 0 0
	2023-03-01T00:00:00 4 0
	2023-03-02T00:00:00 4 0
	2023-03-28T23:59:59 4 0
	2023-03-29T00:00:00 4 1
	2023-03-31T00:00:00 4 3
	2023-03-31T23:59:59 4 3
	2023-04-01T00:00:00 4 4
END

note 'C04: a year across 29 February, in every kind of start column'
class year '1 year' Asia/Shanghai
declare -A kind=([date]='' [timestamp]='' [timestamptz]='' [s]='int8' [ms]='int8' [us]='int8' [yyyymmdd]='int4')
days="VALUES (date '2024-02-28'), ('2024-02-29'), ('2024-03-01')"
for k in "${!kind[@]}"; do
	# local noon in Shanghai; as a number where the column is one
	case $k in
	date) value='d' ;;
	timestamp) value="d + time '12:00'" ;;
	yyyymmdd) value="to_char(d, 'YYYYMMDD')::int" ;;
	*) value="(d + time '12:00') AT TIME ZONE 'Asia/Shanghai'" ;;
	esac
	case $k in
	s) value="extract(epoch FROM $value)::int8" ;;
	ms) value="(extract(epoch FROM $value) * 1000)::int8" ;;
	us) value="(extract(epoch FROM $value) * 1000000)::int8" ;;
	esac
	q "CREATE TABLE leap_$k (at ${kind[$k]:-$k}); INSERT INTO leap_$k SELECT $value FROM ($days) AS v(d)"
	start='"at"'
	[ -z "${kind[$k]}" ] || start="{ column = \"at\"; unit = \"$k\"; }"
	conf_rule "leap_$k" "table = \"public.leap_$k\"; class = \"year\"; start = $start;"
done
while read -r at want; do
	run_pgretain plan --format json --as-of "$at+08:00"
	is "$(counts due | grep leap | cut -d' ' -f2 | sort -u)" "$want" "$at: all seven kinds of column agree"
	is_eq "$(counts due | grep -c leap)" 7 'and are seven'
done <<-END
	2025-02-28T23:59:59 0
	2025-03-01T00:00:00 2
	2025-03-01T23:59:59 2
	2025-03-02T00:00:00 3
END

note 'C04: many days and periods against the law in plain SQL'
periods=('1 month' '18 months' '1 year 6 months' '90 days' '3 years')
case_conf
for p in "${periods[@]}"; do
	n=${p// /_}
	q "CREATE TABLE days_$n AS SELECT date '2019-11-01' + n AS at FROM generate_series(0, 700) n"
	class "k_$n" "$p" America/Sao_Paulo
	conf_rule "days_$n" "table = \"public.days_$n\"; class = \"k_$n\"; start = \"at\";"
done
for at in 2021-03-01T03:00:00Z 2021-03-01T02:59:59Z 2023-02-28T12:00:00Z 2024-02-29T03:00:00Z; do
	run_pgretain plan --format json --as-of "$at"
	for p in "${periods[@]}"; do
		n=${p// /_}
		is "$(of "days_$n" due)" "$(q "SELECT count(*) FROM days_$n
			WHERE $(end_sql at "$p" America/Sao_Paulo) <= '$at'")" "$p at $at"
	done
done

# ---- C05, C06, C07: no zone but the declared one decides ---------------------------------------

note 'C05: nine plans of zoneless timestamps'
case_conf
class year '1 year' Asia/Shanghai
as_of=2026-05-10T16:00:00Z	# midnight in Shanghai
q "CREATE TABLE zoneless (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamp);
	INSERT INTO zoneless (at) SELECT d + t FROM generate_series(timestamp '2025-05-07', '2025-05-13', '1 day') d,
		(VALUES (interval '30 minutes'), ('23 hours 30 minutes')) v(t)"
conf_rule zoneless 'table = "public.zoneless"; class = "year"; start = "at";'
want=$(q "SELECT count(*) FROM zoneless WHERE $(end_sql at '1 year' Asia/Shanghai) <= '$as_of'")
is "$want" 8 'the law: 7 to 10 May are over'
answers=''
for server in UTC America/Los_Angeles Asia/Shanghai; do
	server_set TimeZone "'$server'"
	for client in UTC America/Los_Angeles Asia/Shanghai; do
		PGTZ=$client TZ=$client run_pgretain plan --format json --as-of $as_of
		answers+="$rc $(of zoneless due) $(json .fingerprint) $(of zoneless cutoff)"$'\n'
	done
done
is_eq "$(wc -l <<<"${answers%$'\n'}")" 9 'nine plans'
is "$(sort -u <<<"${answers%$'\n'}" | cut -d' ' -f1,2,4)" "0 $want 2025-05-10T16:00:00Z" \
	'all nine give the same rows and the same fingerprint; the cutoff stands in UTC'
q 'ALTER SYSTEM RESET TimeZone'

note 'C05: a zoneless column needs a declared zone'
q 'CREATE TABLE bare_date (at date); CREATE TABLE bare_ts (at timestamp); CREATE TABLE bare_tz (at timestamptz)'
case_conf
conf_class nozone 'floor = ( { keep = "1 year"; basis = "law"; } ); action = "delete";'
for t in date ts tz; do conf_rule $t "table = \"public.bare_$t\"; class = \"nozone\"; start = \"at\";"; done
conf_rule said 'table = "public.bare_ts"; class = "nozone"; start = "at"; stored_zone = "Asia/Tokyo";'
run_pgretain plan --format json
is "$rc $(counts status | sort | tr '\n' ' ')" '2 date "failed" said "done" ts "failed" tz "done" ' \
	'without a zone: those rules failed; with stored_zone, or with a zone in the type: none needed'
like "$(of ts reason)" 'zone' 'the reason says so'

note 'C06: daily partitions whose bounds were written in Seoul'
q "SET TimeZone = 'Asia/Seoul';
	CREATE TABLE daily (id int GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL) PARTITION BY RANGE (at);
	SELECT format('CREATE TABLE %I PARTITION OF daily FOR VALUES FROM (%L) TO (%L)',
		'daily' || n, (current_date - 366 + n)::timestamptz, (current_date - 365 + n)::timestamptz)
	FROM generate_series(-2, 3) n \\gexec
	INSERT INTO daily (at) SELECT (current_date - 366 + n)::timestamptz + h * interval '1 hour'
	FROM generate_series(-2, 3) n, generate_series(0, 23) h"
case_conf
class seoul '1 year' Asia/Seoul
conf_rule daily 'table = "public.daily"; class = "seoul"; start = "at";'
due_sql="SELECT count(*) FROM daily WHERE $(end_sql "at AT TIME ZONE 'Asia/Seoul'" '1 year' Asia/Seoul) <= "
start_of_day=$(q "SELECT to_char((date_trunc('day', now() AT TIME ZONE 'Asia/Seoul') AT TIME ZONE 'Asia/Seoul')
	AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
answers=''
for server in UTC Asia/Seoul America/Los_Angeles; do
	server_set TimeZone "'$server'"
	PGTZ=$server TZ=$server run_pgretain plan --format json --as-of "$start_of_day"
	answers+="$rc $(of daily due) $(of daily strategy) $(json .fingerprint)"$'\n'
done
is "$(sort -u <<<"${answers%$'\n'}" | cut -d' ' -f1-3)" "0 $(q "$due_sql '$start_of_day'") partition" \
	'the same partitions and counts under each zone'
case_keep "SELECT * FROM daily WHERE at >= '$(q "SELECT min(at) FROM daily
	WHERE $(end_sql "at AT TIME ZONE 'Asia/Seoul'" '1 year' Asia/Seoul) > now()")'"
left=$(q "SELECT count(*) - ($due_sql now()) FROM daily")
TZ=America/Los_Angeles case_run
is "$rc" 0 'the run in Los Angeles'
same_counts
is "$(q 'SELECT count(*) FROM daily')" "$left" 'what is left is what the law keeps'
is_eq "$(q "SELECT count(*) FROM pg_inherits WHERE inhparent = 'daily'::regclass")" "$((left / 24))" \
	'partitions that were wholly due are gone, the others whole'
case_end
q 'ALTER SYSTEM RESET TimeZone'
server_set TimeZone "'UTC'"

note 'C07: the host in Tokyo, the host in UTC'
case_conf
q "CREATE TABLE hours (id int PRIMARY KEY, at timestamp);
	INSERT INTO hours SELECT n, date_trunc('hour', now() AT TIME ZONE 'UTC') - interval '1 year'
		+ n * interval '1 hour'
	FROM generate_series(-60, 60) n;
	CREATE TABLE hours2 AS TABLE hours"
conf_rule hours 'table = "public.hours"; class = "c"; start = "at";'
conf_rule hours2 'table = "public.hours2"; class = "c"; start = "at";'
law="SELECT id FROM hours WHERE $(end_sql at '1 year' UTC) > now()"
case_keep "$law"
want=$(q "SELECT string_agg(id::text, ',' ORDER BY id) FROM ($law) r(id)")
TZ=Asia/Tokyo case_run hours
cutoff=$(of hours cutoff)
TZ=UTC confirmed_run hours2
is "$(of hours2 cutoff)" "$cutoff" 'one cutoff, in UTC'
like "$cutoff" '^[0-9-]{10}T00:00:00Z$' 'which is a midnight there'
for t in hours hours2; do
	is "$(q "SELECT string_agg(id::text, ',' ORDER BY id) FROM $t")" "$want" "$t: what the law keeps"
done
run_out=$out; case_end 0 hours hours2
done_testing
