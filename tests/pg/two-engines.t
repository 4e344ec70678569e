#!/usr/bin/env bash
# Two engines with rules of their own on one database, at work at the same time on the same tables: each row is taken
# once and counted by the one that took it, holds bind both, and neither ends in an error.
. "$(dirname "$0")/lib.sh"

engine() {	# NAME PERIOD ORDERS: its files
	conf_new "$W/$1"
	conf_limits 'max_percent = 100.0; lanes = 2; transaction_target = "5ms"; lock_timeout = "5s";'
	sed -i 's/^\t*include/jobs = "jobs"; include/' "$PGRETAIN_CONFIG"
	mkdir "$CONF/jobs"
	echo "job = { name = \"$1\"; schedule = \"0 1 * * *\"; zone = \"UTC\"; database = \"t\"; steps = [ \"rules\" ]; };" >"$CONF/jobs/j.cfg"
	conf_class c "floor = ( { keep = \"$2\"; basis = \"law\"; } ); zone = \"UTC\"; action = \"delete\";"
	conf_rule "doc_$1" 'table = "public.doc"; class = "c"; start = "at"; limits = { keep_newest = 1; };'
	conf_rule "ord_$1" 'table = "public.ord"; class = "c"; start = "at";'
	conf_rule "item_$1" "$3"
	files[$1]=$PGRETAIN_CONFIG
}
declare -A files
engine one '3 years' 'table = "public.item"; follows = "ord_one"; action = "delete";'
run_pgretain init
q "CREATE TABLE doc (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 900));
	CREATE TABLE ord (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 900));
	CREATE TABLE item (id int PRIMARY KEY, ord int NOT NULL REFERENCES ord); CREATE INDEX ON item (ord);
	INSERT INTO doc SELECT n, now() - n % 5 * interval '1 year' - interval '7 days' FROM generate_series(1, 4000) n;
	INSERT INTO ord SELECT n, now() - n % 5 * interval '1 year' - interval '7 days' FROM generate_series(1, 1500) n;
	INSERT INTO item SELECT n, 1 + n % 1500 FROM generate_series(1, 3000) n"
engine two '2 years' 'table = "public.item"; follows = "ord_two"; action = "delete";'
pgretain hold add --scope 'rows=doc_two:id <= 50' --reason 'case 1' >/dev/null 2>&1
declare -A pid=() ended=()
for e in one two; do
	PGRETAIN_CONFIG=${files[$e]} run_pgretain plan --format json
	PGRETAIN_CONFIG=${files[$e]} "$PGRETAIN" run --job $e --confirm "$(json .fingerprint)" --format json >"$W/$e.out" 2>"$W/$e.err" &
	pid[$e]=$!
done
for e in one two; do ended[$e]=0; wait "${pid[$e]}" || ended[$e]=$?; done
for e in one two; do
	is "${ended[$e]}" 0 "$e ends well" || note "$(tail -n 5 "$W/$e.err")"
	out=$(<"$W/$e.out")
	balance "$e: balance"
	is "$(json '[.rules[] | .deleted] | add')" "$(q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger WHERE kind = 'batch' AND run = '$(json .run)'")" \
		"$e: reports what the ledger says of its run"
done
for t in doc:4000 ord:1500 item:3000; do
	is "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch' AND tbl = 'public.${t%:*}'")" \
		"$((${t#*:} - $(q "SELECT count(*) FROM ${t%:*}")))" "${t%:*}: each row that went was counted once"
done
# the longer of two terms does not bind the other engine: what either calls due is gone
is "$(q "SELECT count(*) FROM ord WHERE at < now() - interval '2 years 2 days'")" 0 'all that either of them calls due is gone'
is "$(q "SELECT count(*) FROM item WHERE NOT EXISTS (SELECT FROM ord WHERE ord.id = item.ord)")" 0 'with what hangs on it'
is "$(q 'SELECT count(*) FROM doc WHERE id <= 50')" 50 'a hold on the table stands before both'
PGRETAIN_CONFIG=${files[two]} run_pgretain ledger verify
is "$rc" 0 'the chain is whole'
# by hand there is one at once
session_open a
session a 'BEGIN; LOCK TABLE ord IN ACCESS EXCLUSIVE MODE'
PGRETAIN_CONFIG=${files[one]} "$PGRETAIN" run >/dev/null 2>&1 &
first=$!
busy() { [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgretain run'")" -gt 0 ]; }
ok 'one is at work' wait_for 20 busy
sleep 0.5
PGRETAIN_CONFIG=${files[two]} run_pgretain run
is "$rc" 1 'another without a job of its own is refused'
like "$err" 'another run is going on in database' 'in a sentence'
session a COMMIT
wait $first
done_testing
