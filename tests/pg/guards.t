#!/usr/bin/env bash
# Guard rails (domain.md 3): ceilings, keep_newest, implausible clocks, confirmation, fingerprints.
. "$(dirname "$0")/lib.sh"

old="now() - interval '2 years'" fresh="now() - interval '10 days'"
class() { conf_class c "floor = ( { keep = \"$1\"; basis = \"law\"; } ); zone = \"UTC\"; action = \"delete\";"; }
setup() {	# setup RULE-EXTRAS [LIMITS]
	conf_new
	[ $# -lt 2 ] || conf_limits "$2"
	class '1 year'
	conf_rule t "table = \"public.t\"; class = \"c\"; start = \"at\"; $1"
}

# ---- without a ledger nothing runs, and a plan can be made ----
q "CREATE TABLE t (id int PRIMARY KEY, at timestamptz); CREATE INDEX ON t (at);
   INSERT INTO t SELECT i, $old - i * interval '1 hour' FROM generate_series(1, 40) i;
   INSERT INTO t SELECT i, $fresh FROM generate_series(41, 100) i"
setup ''
run_pgretain --format json plan
is "$rc:$(of t due)" 0:40 'a plan needs no ledger'
run_pgretain run
is "$rc" 1 'a run does'
like "$err" 'init' 'and says how to get one'
run_pgretain init
is "$rc" 0 'init'

# ---- confirmation ----
run_pgretain run
is "$rc" 1 'the first run needs a confirmed plan'
like "$err" 'first run' 'it says why'
like "$err" 'sha256:' 'and with what'
run_pgretain run --confirm sha256:0000000000000000000000000000000000000000000000000000000000000000
is "$rc" 3 'another fingerprint: exit 3'
run_pgretain run --expect sha256:0000000000000000000000000000000000000000000000000000000000000000
is "$rc" 3 'the same for --expect'
run_pgretain --format json plan --as-of 2020-01-01
is "$rc:$(of t due)" 0:0 'a plan for another instant'
early=$(json .fingerprint)
run_pgretain --format json plan
is "$(json .fingerprint)" "$early" 'has the same fingerprint: the instant is not in it'
run_pgretain run --as-of 2099-01-01
is "$rc" 1 'a run takes no other instant'
is "$(q 'SELECT count(*) FROM t')" 100 'nothing has changed so far'
confirmed_run
is "$rc:$(of t deleted)" 0:40 'confirmed: 40 gone'
q "INSERT INTO t SELECT i, $old FROM generate_series(1, 5) i"
run_pgretain --format json run
is "$rc:$(of t deleted)" 0:5 'later runs need no confirmation'

q "INSERT INTO t SELECT i, $old FROM generate_series(1, 5) i"

conf_new; conf_class c 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "public.t"; class = "c"; start = "at";'
run_pgretain --format json run
is "$rc:$(of t deleted)" 0:0 'a longer class applies at once'
setup ''
run_pgretain run
is "$rc" 1 'a shorter one needs a confirmation again'
like "$err" 'shorter' 'and says so'
run_pgretain --format json plan
is "$rc" 0 'a missing confirmation alone: the plan ends 0'
confirmed_run
is "$rc:$(of t deleted)" 0:5 'confirmed: gone'
conf_new; conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t "table = \"public.t\"; class = \"c\"; start = \"at\"; where = \"id > 0\";"
run_pgretain run
is "$rc" 1 'another condition needs a confirmation too'

# ---- what widens a rule is seen: one key at a time ----
q 'CREATE TABLE one (id int PRIMARY KEY, at timestamp); CREATE TABLE boxed (id int PRIMARY KEY, at timestamptz);
   CREATE TABLE tall (id int PRIMARY KEY, at timestamptz); CREATE TABLE tall_kid () INHERITS (tall);
   CREATE TABLE par (id int PRIMARY KEY, at timestamptz); CREATE TABLE kid (id int PRIMARY KEY, par int REFERENCES par);
   CREATE TABLE top (id int PRIMARY KEY, at timestamptz);
   CREATE TABLE fol (id int PRIMARY KEY, a int CONSTRAINT fol_a REFERENCES top, b int CONSTRAINT fol_b REFERENCES top)'
variant() {	# variant [KEY=VALUE...]
	local keep='30 days' cap='60 days' kind=both zone=UTC from=2000-01-01 rule_from=2001-01-01 vault='30 days'
	local only=true child=cascade via=fol_a max_rows=1000 max_percent=90.0 newest='keep_newest = 1;'
	[ $# = 0 ] || local "$@"
	local floor="floor = ( { keep = \"$keep\"; basis = \"law\"; } ); standards = ( { name = \"s\"; keep = \"10 days\"; } );"
	[ $kind = both ] || floor="standards = ( { name = \"s\"; keep = \"$keep\"; } );"
	conf_new
	conf_class c "$floor cap = \"$cap\"; zone = \"$zone\"; action = \"delete\"; plausible_from = \"$from\";"
	conf_class v "floor = ( { keep = \"1 year\"; basis = \"law\"; } ); action = \"quarantine\"; vault = \"$vault\";"
	conf_rule one "table = \"public.one\"; class = \"c\"; start = \"at\"; stored_zone = \"UTC\";
		limits = { max_rows = $max_rows; max_percent = $max_percent; $newest };"
	conf_rule boxed 'table = "public.boxed"; class = "v"; start = "at";'
	conf_rule tall "table = \"public.tall\"; class = \"v\"; start = \"at\"; action = \"delete\"; only = $only;
		plausible_from = \"$rule_from\";"
	conf_rule par "table = \"public.par\"; class = \"v\"; start = \"at\"; action = \"delete\"; children = { kid = \"$child\"; };"
	conf_rule top 'table = "public.top"; class = "v"; start = "at"; action = "delete"; children = { fol = "set null"; };'
	conf_rule fol "table = \"public.fol\"; follows = \"top\"; via = \"$via\"; action = \"delete\";"
}
variant
confirmed_run
is "$rc" 0 'all of them are confirmed'
out=$plan_out
fp=$(json .fingerprint)
widened() {	# widened WHY KEY=VALUE
	variant "$2"
	run_pgretain --format json plan
	isnt "$(json .fingerprint)" "$fp" "$2: another fingerprint"
	run_pgretain run
	is "$rc" 1 "$2: a run is refused"
	like "$err" "$1" 'and says what has changed'
	run_pgretain run --expect "$fp"
	is "$rc" 3 "$2: not the plan that was expected"
}
widened 'rule "one".*plausible_from.*earlier' from=1970-01-02
widened 'rule "tall".*plausible_from.*earlier' rule_from=2000-12-31
widened 'rule "one".*zone of its class' zone=Asia/Shanghai
widened 'rule "boxed".*vault' 'vault=1 day'
widened 'rule "boxed".*vault' 'vault=4 weeks'
widened 'rule "tall".*inheritance' only=false
widened 'rule "par".*referencing' 'child=set null'
widened 'rule "fol".*key by which it follows' via=fol_b
widened 'rule "one".*shorter' kind=standard
widened 'rule "one".*shorter' 'keep=1 month'
widened 'rule "one".*shorter' 'keep=721 hours'
widened 'rule "one".*shorter' 'cap=2 months'
bounds() {
	variant "$1"
	run_pgretain --format json plan
	isnt "$(json .fingerprint)" "$fp" "$1: another fingerprint"
	run_pgretain run --expect "$fp"
	is "$rc" 3 "$1: not the plan that was expected"
}
bounds newest=
bounds max_rows=1001
bounds max_percent=90.5
variant
run_pgretain run --expect "$fp"
is "$rc" 0 'as it was: nothing of that was taken over'

# what an older version wrote has mean lengths, and is silent about the rest
q "UPDATE pgretain.confirmed SET definition = jsonb_set(definition::jsonb - '{plausible_from,class_zone,vault,only,children,via,cap}'::text[],
	'{terms}', (SELECT coalesce(jsonb_agg(t - 'keep'), '[]') FROM jsonb_array_elements(definition::jsonb->'terms') t))::text"
variant 'keep=1 month'
run_pgretain run
is "$rc" 1 'one of an older version: 1 month may be less than 30 days'
variant keep=721\ hours
run_pgretain run
is "$rc" 1 'and 721 hours are'
variant
run_pgretain run --expect "$fp"
is "$rc" 0 'the same rules need no confirmation'
is "$(q "SELECT count(*) FROM pgretain.confirmed WHERE definition::jsonb ? 'only' AND rule IN ('one', 'boxed')")" 2 \
	'and are written anew'
variant from=2001-01-01 'vault=32 days' 'keep=2 months' 'cap=1 year' rule_from=2002-01-01
run_pgretain run
is "$rc" 0 'later, longer: applies at once'

# ---- ceilings ----
q "DELETE FROM t WHERE at < now() - interval '1 year'; INSERT INTO t SELECT i, $old - i * interval '1 day' FROM
	generate_series(1, 40) i"
setup 'limits = { max_rows = 39; };'
run_pgretain --format json plan
is "$rc" 2 'over max_rows: the plan ends 2'
confirmed_run
is "$rc:$(of t status)" 2:skipped 'the run too, its rule skipped'
like "$(of t reason)" '40 rows' 'it says how many are due'
like "$(of t reason)" "$(q 'SELECT min(at)::date FROM t')" 'and how old the oldest is'
is "$(of t skipped):$(q 'SELECT count(*) FROM t')" 40:100 'nothing has changed'
balance 'over a ceiling'
run_pgretain run --lift-ceilings
is "$rc" 1 '--lift-ceilings alone is refused'
run_pgretain --format json plan
run_pgretain --format json run --lift-ceilings --confirm "$(json .fingerprint)"
is "$rc:$(of t deleted)" 0:40 'with a confirmed plan it lifts'
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE detail::jsonb ? 'lift_ceilings' AND detail::jsonb->>'event' =
	'start'")" 1 \
	'and stands in the ledger'
q "INSERT INTO t SELECT i, $old FROM generate_series(1, 40) i"
setup '' 'max_percent = 40.0;'
confirmed_run
is "$rc:$(of t deleted)" 0:40 '40 of 100 rows are not over max_percent = 40'
q "INSERT INTO t SELECT i, $old FROM generate_series(1, 40) i; INSERT INTO t VALUES (1000, $old)"
confirmed_run
is "$rc:$(of t skipped)" 2:41 '41 of 101 are'

# ---- keep_newest ----
q "TRUNCATE t; INSERT INTO t SELECT i, timestamptz '2020-01-01' + (i / 2) * interval '1 day' FROM generate_series(1,
	100) i"
setup 'limits = { keep_newest = 3; max_percent = 100.0; };'
confirmed_run
is "$rc:$(of t deleted):$(of t skipped)" 0:97:3 'a feed that stopped: the newest three stay'
like "$(of t reason)" 'keep_newest' 'with their reason'
is "$(q "SELECT string_agg(id::text, ',' ORDER BY id) FROM t")" '98,99,100' 'newest by start, a tie by the key'
balance 'keep_newest'
setup 'limits = { keep_newest = 5; max_percent = 100.0; };'
confirmed_run
is "$rc:$(of t deleted):$(of t skipped)" 0:0:3 'fewer rows than that: all stay'
q "INSERT INTO t SELECT i, $fresh FROM generate_series(201, 210) i"
confirmed_run
is "$rc:$(of t deleted):$(of t skipped)" 0:3:0 'the feed is back: nothing is spared'

# ---- implausible clocks ----
q "TRUNCATE t; INSERT INTO t SELECT i, timestamptz '1970-01-01' FROM generate_series(1, 51) i;
   INSERT INTO t SELECT i, $old FROM generate_series(52, 100) i; INSERT INTO t SELECT i, NULL FROM
	generate_series(101, 300) i"
setup ''
confirmed_run
is "$rc:$(of t status):$(of t anomalous):$(of t indeterminate)" 2:skipped:51:200 'more than half implausible: stopped'
is "$(q 'SELECT count(*) FROM t')" 300 'before the first write'
balance 'implausible'
q 'DELETE FROM t WHERE id IN (1, 2)'
confirmed_run
is "$rc:$(of t deleted):$(of t anomalous)" 0:49:49 'half are not more than half'

# other events' dates say nothing of the start
q "CREATE TABLE ev (id int PRIMARY KEY, at timestamptz, closed timestamptz);
   INSERT INTO ev SELECT i, now() - interval '5 years', NULL FROM generate_series(1, 990) i;
   INSERT INTO ev SELECT 1000 + i, '1960-01-01', NULL FROM generate_series(1, 10) i;
   INSERT INTO ev SELECT 2000 + i, now() - interval '5 years', now() - interval '4 years' FROM generate_series(1, 5) i;
   CREATE TABLE ew AS TABLE ev; UPDATE ew SET at = now() - interval '5 years', closed = '1960-01-01' WHERE id < 2000;
   CREATE TABLE ex AS TABLE ev; UPDATE ex SET at = '1960-01-01' WHERE id < 510"
conf_new
conf_class two 'floor = ( { keep = "3 years"; basis = "law"; } ); standards = ( { name = "closed"; keep = "1 year"; from = "closed"; } );
	zone = "UTC"; action = "delete";'
for t in ev ew ex; do conf_rule $t "table = \"public.$t\"; class = \"two\"; start = \"at\"; events = { closed = \"closed\"; };"; done
confirmed_run
is "$rc:$(of ev status):$(of ev deleted):$(of ev anomalous):$(of ev indeterminate)" 2:done:5:10:990 \
	'10 of 1005 starts are implausible, whatever other events are missing' || note "$out"
is "$(of ew status):$(of ew deleted):$(of ew anomalous)" done:5:1000 'none of 1005 starts is, though the other events are'
is "$(of ex status):$(of ex deleted)" skipped:0 'more than half of the starts are: stopped'
like "$(of ex reason)" "$(q "SELECT count(*) FILTER (WHERE at < '1970-01-02') || ' of ' || count(at) FROM ex")" 'with its numbers'

# ---- what a ceiling says ----
q "CREATE TABLE first (id int PRIMARY KEY, a timestamptz, b date);
   INSERT INTO first SELECT i, CASE WHEN i > 1 THEN timestamptz '2021-03-04 05:06:07+00' END, date '2020-02-01' + i % 9 FROM
	generate_series(1, 20) i;
   UPDATE first SET b = NULL WHERE id = 2;
   CREATE TABLE ms (id int PRIMARY KEY, at bigint, day int);
   INSERT INTO ms SELECT i, 1600000000000 + i * 1000, 20190203 + i % 5 FROM generate_series(0, 19) i"
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "Asia/Shanghai"; action = "delete";'
conf_limits 'max_percent = 100.0; max_rows = 10;'
conf_rule first 'table = "public.first"; class = "c"; start = [ "a", "b" ];'
conf_rule ms 'table = "public.ms"; class = "c"; start = { column = "at"; unit = "ms"; };'
conf_rule day 'table = "public.ms"; class = "c"; start = { column = "day"; unit = "yyyymmdd"; }; action = "anonymize";
	columns = { at = { op = "constant"; value = "1"; }; };'
run_pgretain --format json plan
iso='YYYY-MM-DD"T"HH24:MI:SS'
like "$(of first reason)" "oldest of $(q "SELECT to_char(min(coalesce(a, b::timestamp AT TIME ZONE 'Asia/Shanghai')), '$iso') FROM first")" \
	'the oldest of the first dates that are there' || note "$out"
like "$(of ms reason)" "oldest of $(q "SELECT to_char(to_timestamp(min(at) / 1000), '$iso') FROM ms")" 'a number is told as an instant'
like "$(of day reason)" "oldest of $(q "SELECT to_char(to_date(min(day)::text, 'YYYYMMDD')::timestamp AT TIME ZONE 'Asia/Shanghai', '$iso') FROM ms")" \
	'and a day of eight digits'
q "TRUNCATE t; INSERT INTO t SELECT i, $old FROM generate_series(1, 100) i"
setup 'where = "id > 50";' 'max_percent = 40.0;'
run_pgretain --format json plan
like "$(of t reason)" "max_percent = 40 of the $(q 'SELECT count(*) FROM t WHERE id > 50') rows within the rule's .where." \
	'per cent of what the rule is about'
setup '' 'max_percent = 40.0;'
run_pgretain --format json plan
like "$(of t reason)" 'max_percent = 40 of the 100 rows of the table' 'which may be the table'

# ---- one rule that fails does not stop the others; a fault in the files stops all ----
q "TRUNCATE t; INSERT INTO t SELECT i, $old FROM generate_series(1, 10) i; CREATE TABLE u (id int, at date)"
setup ''
conf_rule u 'table = "public.u"; class = "c"; start = "when";'
confirmed_run
is "$rc:$(of t deleted):$(of u status)" 2:10:failed 'the other rule has run'
like "$(of u reason)" 'rules?.*u|when' 'the failed one says why'
setup ''
conf_rule u 'table = "public.u"; class = "nosuch"; start = "at";'
q "INSERT INTO t SELECT i, $old FROM generate_series(1, 10) i"
run_pgretain run
is "$rc:$(q 'SELECT count(*) FROM t')" 1:10 'a fault in the files: nothing runs'
done_testing
