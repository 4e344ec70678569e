#!/usr/bin/env bash
# After a restore: refused, replayed, open again. What must be gone or kept is told by plain SQL over the tables. Cases C97, C101.
: "${TEST_TIMEOUT:=400}"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

log=$W/shop.replay
erase_shop
conf_add pgretain.cfg "replay_log = \"$log\";"
run_pgretain init
is "$rc" 0 'the log is kept from now on'
confirmed_run visits >/dev/null
lost=$PGDATABASE

person() { q "SELECT (SELECT count(*) FROM s.accounts WHERE id = $1) || ' ' || (SELECT count(*) FROM s.phones WHERE account_id = $1)
	|| ' ' || (SELECT count(*) FROM s.orders WHERE account_id = $1) || ' ' || (SELECT count(*) FROM s.visits WHERE account_id = $1)"; }
erased() { request "$1" && approved "$id" && run_pgretain erase "$id" --format json; }

# ---- a backup; then life goes on -----------------------------------------------------------

before=$(person 1)
pg_dump -Fc -f "$W/backup" "$lost" || bail_out pg_dump
entries=$(q 'SELECT max(seq) FROM pgretain.ledger')
erased 1
is "$rc" 0 'a person is erased after the backup'
first=$id gone=$(person 1) floor=$(q 'SELECT array_agg(id ORDER BY id) FROM s.orders WHERE account_id = 1')
isnt "$gone" "$before" 'and so much of them is gone'
run_pgretain hold add --scope subject=account:3 --reason case-7 --actor lawyer
held=$out
is "$rc" 0 'another is under a hold from then on'
erased 3
third=$id
is "$(state_of "$third")" partially_held 'so that an erasure leaves them'
request 5
fifth=$id
q "UPDATE s.visits SET at = now() - interval '400 days' WHERE id = 9"
run_pgretain run visits
is "$(q 'SELECT count(*) FROM s.visits WHERE id = 9')" 0 'a visit has become overdue, and gone'
unlike "$(cat "$log")" 'person1@|8613900000001' 'the log shows nobody: its rows are sealed'
is "$(jq -r 'select(.kind == "rows") | has("sealed") and (has("rows") | not)' "$log" | sort -u)" true 'all of them'

# ---- restored under another name, with a copy of the log -------------------------------------

restored() {	# NAME: the backup under that name, the configuration points there
	PGDATABASE=postgres q "CREATE DATABASE $1"
	pg_restore -d "$1" "$W/backup" || bail_out pg_restore
	cp "$log" "$W/$1.replay"
	export PGDATABASE=$1
	sed -i "s|dbname=[a-z0-9]*|dbname=$1|; s|^replay_log.*|replay_log = \"$W/$1.replay\";|" "$PGRETAIN_CONFIG"
}
grep -q dbname= "$PGRETAIN_CONFIG" || bail_out "the configuration does not name the database"
restored again
is "$(person 1)" "$before" 'restored: they are back'
for command in 'run visits' "erase $first" 'hold list --format json' "request verify $fifth --evidence x"; do
	run_pgretain $command
	case $command in hold*) continue ;; esac
	is "$rc" 1 "$command is refused"
	like "$err" 'replay' 'with what to do first'
done
is "$(person 1)" "$before" 'and nothing has changed'

all_of() { q "SELECT md5(string_agg(t || x, '' ORDER BY t, x)) FROM (SELECT 'a' t, to_jsonb(y)::text x FROM s.accounts y
	UNION ALL SELECT 'o', to_jsonb(y)::text FROM s.orders y UNION ALL SELECT 'v', to_jsonb(y)::text FROM s.visits y
	UNION ALL SELECT 'l', seq::text FROM pgretain.ledger UNION ALL SELECT 'r', id::text || state FROM pgretain.request
	UNION ALL SELECT 'h', id::text || state FROM pgretain.hold UNION ALL SELECT 'i', lineage::text FROM pgretain.lineage) z"; }
hash=$(all_of)
run_pgretain --format json replay --dry-run
is "$rc $(json .needed) $(json .open) $(json .ledger_seq)" "0 true false $entries" 'a dry run says what is missing'
is "$(json '.requests | sort | join(" ")')" "$(printf '%s\n' "$first" "$third" | sort | paste -sd' ')" 'which requests would be executed again'
is "$(json '[.erased[] | select(.rule == "phones") | .rows] | add')" 1 'and what of whom, by table'
is "$(all_of)" "$hash" 'and changes nothing'

gate() { rc=0; PGRETAIN=$PGRETAIN "$ROOT/scripts/restore-gate" "$@" >"$W/out" 2>"$W/err" || rc=$?; out=$(<"$W/out") err=$(<"$W/err"); }
gate check --config "$PGRETAIN_CONFIG"
is "$rc" 1 'the gate is closed'
like "$err" 'pgretain replay' 'and says what opens it'

run_pgretain --format json replay
is "$rc $(json .open)" '0 true' 'replayed'
gate check --config "$PGRETAIN_CONFIG"
is "$rc/$err" 0/ 'the gate is open'
is "$(person 1)" "$gone" 'they are gone again'
is "$(q 'SELECT array_agg(id ORDER BY id) FROM s.orders WHERE account_id = 1')" "$floor" 'but for what the law keeps'
is "$(q 'SELECT count(*) FROM s.phones WHERE account_id = 3')" 1 'the hold was in force before'
is "$(q "SELECT state FROM pgretain.hold WHERE id = '$held'")" active 'and is'
is "$(q "SELECT state FROM pgretain.request WHERE id = '$fifth'")" verified 'an open request is open'
is "$(state_of "$third")" partially_held 'the held one waits'
is "$(unbalanced)" 0 'items balance'
is "$(parts_of "$first" phones)" '1 1 0 0 0 0 0 0 0' 'and count what was erased once'
is "$(q "SELECT count(*) FROM s.visits WHERE at < now() - interval '1 year'")" 0 'overdue rules have run'
run_pgretain ledger verify
is "$rc" 0 'the ledger goes on, whole'
is "$(q "SELECT string_agg(action, ' ' ORDER BY seq) FROM pgretain.ledger WHERE kind = 'lineage'")" 'new replay replayed' 'and tells of the replay'
hash=$(all_of)
run_pgretain --format json replay
is "$rc $(json .needed)" '0 false' 'a second one has nothing to do'
is "$(all_of)" "$hash" 'and does nothing'
run_pgretain run visits
is "$rc" 0 'the night goes on'
run_pgretain request verify "$fifth" --evidence letter 2>/dev/null
run_pgretain request list
is "$rc" 0 'and so do requests'

# ---- killed in the middle --------------------------------------------------------------------

for where in head_export erasure_begun lane_commit erasure_ending run_started; do
	restored "k${where//_/}"
	PGRETAIN_FAULT=$where crash_ok=1 run_pgretain replay
	run_pgretain run visits
	is "$rc" 1 "killed at $where: closed"
	run_pgretain replay
	is "$rc" 0 'it goes on'
	is "$(person 1) $(unbalanced)" "$gone 0" 'to the same end'
	run_pgretain run visits
	is "$rc" 0 'and is open'
done

# ---- a key that was used again ---------------------------------------------------------------

restored reused
q "UPDATE s.accounts SET closed_at = now() + interval '1 minute', email = 'new@ex.test' WHERE id = 1"
run_pgretain --format json replay
is "$rc $(json '.spared | join(" ")')" "2 $first" 'somebody else has the key: spared, and said'
is "$(person 1)" "$before" 'not a row of theirs goes'
run_pgretain run visits
is "$rc" 0 'the database is open all the same'

# ---- the log ---------------------------------------------------------------------------------

restored logless
good=$W/logless.replay
cp "$good" "$W/good"
refused() { run_pgretain replay; is "$rc" 1 "$1"; like "$err" "$2" 'with why'; }
rm "$good"; refused 'a missing log is refused' 'open the replay log'
: >"$good"; refused 'an empty one' 'empty'
head -c -10 "$W/good" >"$good"; refused 'a torn one' 'cut'
like "$err" '\-\-repair' 'and what to do'
sed '2s/"kind"/"kinD"/' "$W/good" >"$good"; refused 'an altered one' 'damaged'
sed '2d' "$W/good" >"$good"; refused 'one without a line' 'damaged'
is "$(person 1)" "$before" 'nothing has changed by all that'
{ cat "$W/good"; printf '{"kind":"he'; } >"$good"
run_pgretain replay --repair
is "$rc" 0 'a torn line is taken away'
is "$(cat "$good.torn")" '{"kind":"he' 'and kept beside'
cmp -s "$good" "$W/good"; is $? 0 'the rest is as it was'
mv "$CONF/key" "$CONF/key.away"; head -c 32 /dev/urandom >"$CONF/key"; chmod 0400 "$CONF/key"
refused 'under another key file it can not be read' 'another key'
mv -f "$CONF/key.away" "$CONF/key"
run_pgretain replay
is "$rc $(person 1)" "0 $gone" 'whole and under its key it is replayed'

# ---- the lost one goes on: nothing of this has touched it ------------------------------------

export PGDATABASE=$lost
sed -i "s|dbname=[a-z0-9]*|dbname=$lost|; s|^replay_log.*|replay_log = \"$log\";|" "$PGRETAIN_CONFIG"
run_pgretain replay
is "$rc" 0 'where nothing was restored there is nothing to replay'
head -n -1 "$log" >"$W/cut"; cp "$log" "$W/full"; cp "$W/cut" "$log"
while [ "$(tail -1 "$log" | jq -r .kind)" != head ]; do head -n -1 "$log" >"$W/cut"; cp "$W/cut" "$log"; done
run_pgretain run visits
is "$rc" 1 'a log that has lost its newest lines is noticed'
like "$err" 'cut' 'and called so'
cp "$W/full" "$log"
run_pgretain run visits
is "$rc" 0 'put back'
is "$(q 'SELECT count(*) FROM pgretain.journal')" 0 'nothing is left to be written there'

# ---- nobody but one user gets in ---------------------------------------------------------------

me=$(id -un)
q "DO \$\$ BEGIN IF to_regrole('$me') IS NULL THEN CREATE ROLE \"$me\" LOGIN; END IF; END \$\$; CREATE ROLE visitor LOGIN"
hba=$(q 'SHOW hba_file')
cp "$hba" "$W/hba"
entered() { psql -XAtq -U "$1" -d "$lost" -c 'SELECT 1' 2>/dev/null; }
is "$(entered visitor)" 1 'a visitor gets in'
gate hba "$me"
is "$rc" 0 'the gate'\''s hba file'
cat "$W/out" >"$hba"
q 'SELECT pg_reload_conf()' >/dev/null
shut() { [ -z "$(entered visitor)" ]; }
wait_for 50 shut
is "$(entered visitor)" '' 'keeps the visitor out'
is "$(entered "$me")" 1 'and lets the one in'
cat "$W/hba" >"$hba"
gate hba 'a"b'
is "$rc/$out" 1/ 'no other characters get into that file'
done_testing
