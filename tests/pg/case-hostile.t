#!/usr/bin/env bash
# Names that break programs, in every position of a rule, through every command. What the folded or cut name would
# mean exists as a decoy and must never be touched.
. "$(dirname "$0")/lib.sh"

nl=$'\n'
long=$(printf 'L%.0s' {1..61})é			# 63 bytes
schema='Sch.ma "x" %s $1 \é'
tree='Select'					# a key word in mixed case
leaf='leaf'"${nl}"'of "it"'
log='1st.log; DROP TABLE x --'
part='Part''s %I.'
at='at "When".%' key='User ID $1' mail='e-mail\t' mood='group'
old="now() - interval '3 years'" fresh='now()'

i() { printf '"%s"' "${1//\"/\"\"}"; }				# an identifier for SQL
c() { local s=${1//\\/\\\\}; s=${s//\"/\\\"}; printf '"%s"' "${s//$nl/\\n}"; }	# a string for libconfig
t() { printf '%s.%s' "$(i "$schema")" "$(i "$1")"; }			# a table for SQL
ct() { c "$(t "$1")"; }

q "CREATE SCHEMA $(i "$schema"); SET search_path = $(i "$schema");
CREATE TYPE $(i 'Enum "of" m$') AS ENUM ('good', 'it''s \"bad\"');
CREATE DOMAIN $(i 'Dom.ain') AS text CONSTRAINT $(i 'chk "d"') CHECK (value <> 'bad');
CREATE TABLE $(i "$tree") ($(i "$key") int CONSTRAINT $(i 'pk."%') PRIMARY KEY, $(i "$at") timestamptz, $(i "$mail")
	text,
	$(i "$mood") $(i 'Enum "of" m$'), $(i "D%") $(i 'Dom.ain'), $(i 'Order') timestamptz, $(i "$long") text,
	CONSTRAINT $(i 'chk.%s') CHECK ($(i "$mail") <> 'zz'));
CREATE INDEX $(i 'ix "at" %') ON $(i "$tree") ($(i "$at"));
CREATE TABLE $(i "$leaf") (id int PRIMARY KEY, $(i 'Up') int CONSTRAINT $(i 'fk."up" %') REFERENCES $(i "$tree"),
	$(i 'up') int CONSTRAINT $(i 'FK.$2') REFERENCES $(i "$tree"));
CREATE INDEX ON $(i "$leaf") ($(i 'Up')); CREATE INDEX ON $(i "$leaf") (up);
CREATE TABLE $(i "$log") (id int PRIMARY KEY, $(i "$leaf") int CONSTRAINT $(i "c$nl") REFERENCES $(i "$leaf"), note
	text);
CREATE INDEX ON $(i "$log") ($(i "$leaf"));
CREATE TABLE $(i "$long") ($(i "$at") date, $(i "$key") int, $(i "$mail") text, $(i 'City ü') text, $(i "until;") date);
CREATE TABLE $(i "$part") ($(i "$key") int, $(i "$at") timestamptz) PARTITION BY RANGE ($(i "$at"));
CREATE TABLE $(i "$part old") PARTITION OF $(i "$part") FOR VALUES FROM (minvalue) TO ('2020-01-01');
CREATE TABLE $(i 'p%I "now"') PARTITION OF $(i "$part") FOR VALUES FROM ('2020-01-01') TO (maxvalue);
CREATE FUNCTION $(i 'f "n"')() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER $(i 'tr "g".%') BEFORE UPDATE ON $(i "$long") FOR EACH ROW EXECUTE FUNCTION $(i 'f "n"')();
INSERT INTO $(i "$tree") SELECT n, CASE WHEN n <= 6 THEN $old ELSE $fresh END, 'a' || n, 'good', 'x', NULL, 'l' FROM
	generate_series(1, 9) n;
INSERT INTO $(i "$leaf") VALUES (1, 1, NULL), (2, 2, 9), (3, 7, 3), (4, 8, NULL);
INSERT INTO $(i "$log") VALUES (1, 1, 'n'), (2, 2, 'n'), (3, 3, 'n');
INSERT INTO $(i "$long") SELECT $old, n, 'm' || n, 'Paris', CASE n WHEN 2 THEN 'infinity'::date END FROM
	generate_series(1, 3) n;
INSERT INTO $(i "$part") VALUES (1, '2019-01-01'), (2, '2019-06-01'), (3, '2021-01-01'), (4, $fresh)"
# decoys: what these names would be if they were folded, cut, unquoted or looked up elsewhere
q "CREATE TABLE $(i "$schema").select (LIKE $(t "$tree")); INSERT INTO $(i "$schema").select SELECT * FROM $(t "$tree");
CREATE TABLE $(i "$schema").$(i "${long%?}") (LIKE $(t "$long")); INSERT INTO $(i "$schema").$(i "${long%?}") SELECT
	* FROM $(t "$long");
CREATE TABLE $(i "$tree") (LIKE $(t "$tree")); INSERT INTO $(i "$tree") SELECT * FROM $(t "$tree");
CREATE TABLE $(i "$leaf") (LIKE $(t "$leaf")); INSERT INTO $(i "$leaf") SELECT * FROM $(t "$leaf")"
decoys() {
	snap "TABLE $(i "$schema").select"; snap "TABLE $(i "$schema").$(i "${long%?}")"
	snap "TABLE $(i "$tree")"; snap "TABLE $(i "$leaf")"
}
before=$(decoys) pristine=$(snap "TABLE $(t "$tree")")

conf_new
conf_class del 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_class anon 'floor = ( { keep = "1 year"; basis = "law"; } ); standards = ( { name = "agreed";
	until = "agreed_until"; consent = true; } );
	zone = "Europe/Paris"; action = "anonymize"; k = 2;'
conf_class vault 'floor = ( { keep = "1 year"; basis = "law"; } ); standards = ( { name = "late";
	keep = "1 month"; from = "ended";
	on_null = "ignore"; purpose = "p"; } ); zone = "UTC"; action = "quarantine"; vault = "30 days";'
conf_rule tree "table = $(ct "$tree"); class = \"vault\"; start = [ $(c "$at") ]; events = { ended = \"Order\"; };
	where = $(c "$(i "$mail") <> 'nobody' AND $(i "$key") % 1 = 0");
	children = ( { table = $(ct "$leaf"); constraint = $(c 'FK.$2'); action = \"set null\"; } );"
conf_rule leaves "table = $(ct "$leaf"); follows = \"tree\"; via = $(c 'fk."up" %'); action = \"delete\";
	children = ( { table = $(ct "$log"); constraint = $(c "c$nl"); action = \"cascade\"; } );"
conf_rule people "table = $(ct "$long"); class = \"anon\"; start = $(c "$at"); stored_zone = \"Asia/Tokyo\";
	events = { agreed_until = $(c "until;"); }; triggers = [ $(c 'tr "g".%') ];
	columns = ( { column = $(c "$mail"); op = \"null\"; }, { column = $(c \
		'City ü'); op = \"prefix\"; keep = \"1\"; }, { column = $(c "$key"); op = \"keep\"; } );
	anonymity = { quasi = [ $(c "$at") ]; subject = $(c "$key"); };"
conf_rule parts "table = $(ct "$part"); class = \"del\"; start = $(c "$at");"

run_pgretain init
is "$rc" 0 "init $err"
q "CREATE ROLE hostile_runner LOGIN; GRANT pgretain_runner TO hostile_runner; ALTER TABLE $(t "$part") OWNER TO
	hostile_runner;
	ALTER TABLE $(t "$part old") OWNER TO hostile_runner; ALTER TABLE $(t 'p%I "now"') OWNER TO hostile_runner"
sed -i 's/user=postgres/user=hostile_runner/' "$PGRETAIN_CONFIG"
run_pgretain init
run_pgretain check
is "$rc" 0 'check'
[ "$rc" = 0 ] || note "$out$err"
run_pgretain explain tree "$key=1" --format json
is "$rc $(json '.state + " " + (.key | tojson) + " " + .terms[0].start_column')" "0 due $(jq -cn --arg k "$key" \
	'{($k): "1"}') $at" 'explain'
[ "$rc" = 0 ] || note "$out$err"
run_pgretain explain parts "$at=2019-01-01 00:00+00"
is "$rc" 0 'explain by another column'
run_pgretain simulate 'vault=5 years' --format json
is "$rc $(of tree due)" '0 0' "simulate $err"
for say in metrics report plan; do
	run_pgretain $say
	ok "$say" test "$rc" = 0
	[ "$rc" = 0 ] || note "$out$err"
done
run_pgretain coverage --format json
is "$(json '[.tables[] | select(.state == "uncovered").table] | sort | join(" ")')" \
	"$(i "$schema").$(i "${long%?}") $(i "$schema").$(i select)" 'coverage finds the tables that nobody mentions'
run_pgretain check
conf_add tables/t.cfg "exempt = ( $(sed -n 's/.*exempt it: \({.*}\)$/\1/p' <<<"$out" | paste -sd,) );"
run_pgretain coverage
is "$rc" 0 "in words that can be copied into the configuration $err"
confirmed_run
is "$rc" 0 "run $err"
balance
run_out=$out
is "$(jq -r '.rules[] | [.rule, .due, .deleted + .anonymized + .quarantined, .blocked] | join(" ")' <<<"$out" | sort)" \
"leaves 2 2 0
parts 3 3 0
people 2 2 0
tree 6 6 0" 'what was done'
is "$(jq -r '.rules[] | [.rule, .due, .deleted + .anonymized + .quarantined, .blocked] | join(" ")' <<<"$plan_out" | \
	sort)" \
	"$(jq -r '.rules[] | [.rule, .due, .deleted + .anonymized + .quarantined, .blocked] | join(" ")' <<<"$run_out" | \
		sort)" 'as planned'
is "$(of tree table)$(of people table)" "$(t "$tree")$(t "$long")" 'tables stand as in SQL'
is "$(of tree unset | jq -r 'to_entries[] | .key + " \(.value)"')" "$(t "$leaf") 1" 'set null by the name of the key'
is "$(of leaves cascaded | jq -r 'to_entries[] | .key + " \(.value)"')" "$(t "$log") 2" 'cascade by the name of the key'
is "$(q "SELECT string_agg(concat_ws('/', id, $(i Up), up), ' ' ORDER BY id) FROM $(t "$leaf")")" '3/7 4/8' 'leaves'
is "$(q "SELECT string_agg(concat_ws('/', $(i "$key"), $(i "$mail"), $(i 'City ü')), ' ' ORDER BY 1) FROM $(t \
	"$long")" | tr ' ' '\n' | sort | xargs)" \
	'1/P 2/m2/Paris 3/P' 'people'
is "$(q "SELECT count(*) FROM $(t "$part")") $(q "SELECT count(*) FROM pg_class WHERE relname = $(printf "'%s'" \
	"${part//\'/\'\'} old")")" '1 0' \
	'the expired partition is dropped'
is "$(decoys)" "$before" 'the decoys are as they were'
is "$(q "SELECT string_agg(rule || ' ' || action || ' ' || rows, ', ' ORDER BY rule, action) FROM pgretain.ledger
	WHERE kind = 'batch'
	AND rule <> 'parts'")" \
		'leaves delete 2, leaves delete 2, people anonymize 2, tree quarantine 6, tree set null 1' \
		'the ledger names the rule that says so'
idle_again
run_pgretain ledger show --table "$(t "$tree")" --format json
is "$rc $(json '[.entries[] | select(.kind == "batch") | .rows] | add')" '0 6' "ledger show --table $err"
is "$(json '[.entries[].table] | unique | join("|")')" "$(t "$tree")" 'by the name as in SQL'
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'
run_pgretain quarantine list --format json
is "$rc $(json '.entries[0] | .table + " \(.rows)"')" "0 $(t "$tree") 6" "quarantine list $err"
run_pgretain quarantine release tree "$key=3" --format json
is "$rc $(json .released)" '0 1' "release by the key $err"
run_pgretain quarantine release tree "$mail=a4" --format json
is "$rc $(json .released)" '0 1' "release by another column $err"
run_pgretain quarantine release tree --format json
is "$rc $(json .released)" '0 4' "release the rest $err"
is "$(snap "TABLE $(t "$tree")")" "$pristine" 'byte for byte'
confirmed_run
is "$(of tree quarantined)" 6 'and again into the vault'
run_pgretain quarantine purge --before "$(date -u -d '+40 days' +%F)" --format json
is "$rc" 1 'a purge before its time is refused'
is "$(decoys)" "$before" 'the decoys are as they were'
for say in metrics 'report --format html' 'report --format json' 'ledger show'; do
	run_pgretain $say
	ok "$say, afterwards" test "$rc" = 0
done

done_testing
