#!/usr/bin/env bash
# Positions in the WAL and the branch that they are on: which physical backups contain an erasure, which of them may still have
# its bytes. The cluster is promoted twice: timelines 1, 2, 3. A command of ours lists backups that could have been made; what
# each of them must hold follows from where on which branch a restore of it ends.
. "$(dirname "$0")/lib.sh"

q "CREATE SCHEMA shop; CREATE TABLE shop.t (id int PRIMARY KEY, at timestamptz NOT NULL, v text);
	INSERT INTO shop.t SELECT i, now() - i * interval '30 days', 'x' FROM generate_series(1, 40) i;
	CREATE TABLE shop.p (id int, at timestamptz NOT NULL, v text) PARTITION BY RANGE (id);
	CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES FROM (0) TO (10);
	CREATE TABLE shop.p2 PARTITION OF shop.p FOR VALUES FROM (10) TO (100);
	ALTER TABLE shop.t SET (autovacuum_enabled = off);
	ALTER TABLE shop.p1 SET (autovacuum_enabled = off); ALTER TABLE shop.p2 SET (autovacuum_enabled = off);
	INSERT INTO shop.p SELECT i, now() - interval '2 years' * (i % 2), 'x' FROM generate_series(1, 40) i"
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "shop.t"; class = "c"; start = "at";'
conf_rule p 'table = "shop.p"; class = "c"; start = "at";'
conf_limits 'max_percent = 100.0; max_clock_skew = "1s";'
conf_add pgretain.cfg "backups = { x = { kind = \"command\"; argv = [ \"/bin/cat\", \"$W/list\" ]; }; };"
run_pgretain init

lsn() { q 'SELECT pg_current_wal_insert_lsn()'; }
sys=$(q 'SELECT system_identifier FROM pg_control_system()')
sets=()
set_() {	# ID TIMELINE START STOP [AT]: - for: not told
	local v="\"id\": \"$1\", \"system_identifier\": \"$sys\""
	[ "$2" = - ] || v+=", \"timeline\": $2"
	[ "$3" = - ] || v+=", \"start_lsn\": \"$3\""
	[ "$4" = - ] || v+=", \"stop_lsn\": \"$4\""
	sets+=("{ $v, \"stop_time\": \"${5:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}\" }")
}
scan() {
	(IFS=,; echo "[ ${sets[*]} ]") >"$W/list"
	run_pgretain backup scan --format json
	[ "$rc" = 0 ] || error "scan: $rc $err"
}
holds() { json '[.sets[] | select(.state == "holds" or .state == "isolated") | .id] | sort | join(" ")'; }
promote() {	# the same cluster goes on, on a new timeline
	"$ROOT/scripts/pgtmp" crash "$PGTMP_DIR" >/dev/null
	touch "$PGTMP_DIR/data/standby.signal"
	[ "$(id -u)" != 0 ] || chown postgres: "$PGTMP_DIR/data/standby.signal"
	"$ROOT/scripts/pgtmp" start "$PGTMP_DIR" >/dev/null || bail_out 'no restart'
	q 'SELECT pg_promote()' >/dev/null
	wait_for 20 is_primary || bail_out 'no promotion'
	q 'CHECKPOINT'
	run_pgretain init --adopt
	[ "$rc" = 0 ] || bail_out "adopt: $err"
}
is_primary() { [ "$(q 'SELECT pg_is_in_recovery()')" = f ]; }

before=$(lsn)
confirmed_run t
is "$rc $(of t deleted)" '0 28' 'an erasure on timeline 1'
after=$(lsn)
promote
is "$(q 'SELECT pgretain.timeline_now(), pgretain.timelines_past()')" '2|{2,1}' 'promoted: timeline 2 comes from 1'
on2=$(lsn)
promote
is "$(q 'SELECT pgretain.timelines_past()')" '{3,1,2}' 'and 3 from both'
on3=$(lsn)

set_ before 1 "$before" "$before"
set_ after 1 "$before" "$after"
set_ later 1 "$on3" "$on3"		# on what is left of timeline 1: behind the erasure all the same
set_ two 2 "$on2" "$on2"
set_ three 3 "$on3" "$on3"
set_ branch 7 "$on3" "$on3"		# of nobody's past
set_ told-not - "$on3" "$on3"
set_ times - - - "$(date -u -d '1 hour' +%Y-%m-%dT%H:%M:%SZ)"
set_ old-times - - - "$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%SZ)"
scan
is "$(holds)" 'before branch old-times told-not' \
	'held by what ended before it, by another branch, and where no branch is told; times decide only without a position'

q "INSERT INTO shop.t SELECT 100 + i, now() - interval '2 years', 'x' FROM generate_series(1, 5) i"
run_pgretain run t --format json
is "$rc $(of t deleted)" '0 5' 'an erasure on timeline 3'
end3=$(lsn)
set_ two-far 2 FF/0 FF/0		# further than the erasure, on the branch that it is not on
set_ end3 3 "$end3" "$end3"
scan
is "$(holds | tr ' ' '\n' | grep -cE '^(after|later|two|three|two-far)$')" 5 'all branches that were left before it hold it, however far they went'
unlike " $(holds) " ' end3 ' 'not what ended behind it on its own'

# ---- bytes ----
residue() { run_pgretain backup show "x/$1" --format json; json '.sets[0].residue'; }
is "$(residue end3)" 2 'two erasures that no restore of it shows may still lie there as dead rows'
is "$(q 'SELECT count(*) FROM pgretain.erasure WHERE clean_lsn IS NULL')" 2 'nothing was vacuumed'
session_open a
session a 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM shop.t'
q "INSERT INTO shop.t SELECT 200 + i, now() - interval '2 years', 'x' FROM generate_series(1, 5) i"
q 'SELECT pg_sleep(1.1)'
q 'VACUUM shop.t'
scan
is "$(q 'SELECT count(*) FROM pgretain.erasure WHERE clean_lsn IS NOT NULL')" 0 'a row that may be seen or is due keeps a page: not known'
session a ROLLBACK
session_close a
run_pgretain run t --format json
scan
q 'VACUUM shop.t'
scan
is "$(q 'SELECT count(*) FROM pgretain.erasure WHERE clean_lsn IS NOT NULL')" 2 'vacuumed: the last erasure is too fresh for the margin'
q 'SELECT pg_sleep(1.1)'
q 'VACUUM shop.t'
scan
clean=$(lsn)
is "$(q 'SELECT count(*), count(clean_lsn), min(clean_lsn) > '"'$end3'"', min(clean_timeline) FROM pgretain.erasure')" '3|3|t|3' 'then it is known of all'
set_ clean 3 "$clean" "$clean"
set_ clean-elsewhere 7 "$clean" "$clean"
scan
is "$(residue clean) $(residue end3)" '0 2' 'a backup begun afterwards has none, one begun before may'
is "$(residue clean-elsewhere)" 0 'what it holds as rows is no residue'

q 'SELECT pg_sleep(1.1)'
confirmed_run p
is "$rc $(of p deleted)" '0 20' 'an erasure in two partitions'
q 'SELECT pg_sleep(1.1)'; q 'VACUUM shop.p1'
scan
is "$(q 'SELECT count(*) - count(clean_lsn) FROM pgretain.erasure')" 1 'one of them vacuumed is not enough'
q 'VACUUM shop.p2'
scan
is "$(q 'SELECT count(*) - count(clean_lsn) FROM pgretain.erasure')" 0 'both are'
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
done_testing
