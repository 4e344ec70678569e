#!/usr/bin/env bash
# slow
# The ledger: the chain and every way to break it, writers at once, settling, holds, show.
: "${TEST_TIMEOUT:=600}"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ledger_lib.sh"

# ---- the chain ----------------------------------------------------------------------------

new_db chain
shop
run_pgretain init
fill
run_pgretain --format json ledger verify
is "$rc" 0 'a whole chain'
is "$(json '"\(.whole) \(.entries) \(.broken)"')" "true $(entries) null" 'all entries were read'
is "$(json .head)" "$(q "SELECT 'sha256:' || encode(hash, 'hex') FROM pgretain.ledger ORDER BY seq DESC LIMIT 1")" \
	'the head'

# By hand, after sql/README.md: the shell's bytes, coreutils' SHA-256.
net() { if [ "$1" = NULL ]; then printf '%s' '-,'; else printf '%s:%s,' "$(printf %s "$1" | wc -c)" "$1"; fi; }
by_hand() { { for f in pgretain.ledger/1 "$@"; do net "$f"; done; } | sha256sum | cut -d' ' -f1; }
odd=$(q "SELECT extract(epoch FROM at)::numeric(30, 6) FROM pgretain.ledger WHERE seq = 3" | tr -d .)
is "$(q "SELECT encode(hash, 'hex') FROM pgretain.ledger WHERE seq = 3")" \
	"$(by_hand 3 odd NULL '' 'shop."Or ders"' 'é|,3:x' -9007199254740991 -63517780799999999 "$odd" NULL postgres \
		'{ "b":1.50, "a" : [] }' "$(q "SELECT encode(hash, 'hex') FROM pgretain.ledger WHERE seq = 2")")" \
	'an odd entry has the hash that sha256sum gives'
is "$(q "SELECT encode(prev, 'hex') FROM pgretain.ledger WHERE seq = 1")" \
	"$(printf pgretain.ledger/1 | sha256sum | cut -d' ' -f1)" \
	'the first entry links to the text pgretain.ledger/1'
for zone in Asia/Kathmandu America/St_Johns Pacific/Apia; do
	is "$(PGTZ=$zone PGDATESTYLE=German q 'SELECT count(*) FROM pgretain.ledger l WHERE hash <> pgretain.seal(l)')" 0 \
		"the server's own function agrees, in $zone"
done

# Tampering as a superuser, triggers disabled, in a copy that is mended each time. Seven entries; the
# expectation is the number of the first one that is not what was written.
is "$(entries)" 7 'seven entries to tamper with'
PGDATABASE=postgres q 'CREATE DATABASE broken TEMPLATE chain'
export PGDATABASE=broken
configure
definition=$(q "SELECT pg_get_functiondef('pgretain.seal'::regproc)")
q 'CREATE SCHEMA kept; CREATE TABLE kept.ledger AS TABLE pgretain.ledger;
	CREATE TABLE kept.head AS TABLE pgretain.ledger_head;
	ALTER TABLE pgretain.ledger DISABLE TRIGGER ALL; ALTER TABLE pgretain.ledger_head DISABLE TRIGGER ALL'
tamper() { # EXPECTED-SEQ WHAT SQL
	q "TRUNCATE pgretain.ledger, pgretain.ledger_head; INSERT INTO pgretain.ledger TABLE kept.ledger;
		INSERT INTO pgretain.ledger_head TABLE kept.head; $3" >/dev/null
	run_pgretain --format json ledger verify
	is "$rc $(json '"\(.whole) \(.broken.seq) \(.exit)"')" "2 false $1 2" "$2 is found"
}
for change in "kind = 'runs'" 'run = NULL' "run = '11111111-2222-3333-4444-555555555556'" 'rule = NULL' \
	"rule = ''" "tbl = 'shop.x'" \
	"action = 'anonymize'" 'rows = 8' 'rows = NULL' "as_of = '2026-01-01'" "at = at + interval '1 microsecond'" \
	"actor = 'eve'" 'actor = NULL' "login = 'eve'" "detail = '{ }'" "detail = '{\"a\": 1}'" \
	"prev = sha256('x')" "hash = sha256('x')"; do
	tamper 5 "change of a batch: $change" "UPDATE pgretain.ledger SET $change WHERE seq = 5"
done
columns=$(q "SELECT count(*) FROM pg_attribute
	WHERE attrelid = 'pgretain.ledger'::regclass AND attnum > 0 AND NOT attisdropped")
is "$columns" 14 'no column of the ledger is left out above (all but seq were changed)'
tamper 3 'an empty rule made NULL' 'UPDATE pgretain.ledger SET rule = NULL WHERE seq = 3'
tamper 5 'a changed number' 'UPDATE pgretain.ledger SET seq = 50 WHERE seq = 5'
tamper 6 'a change sealed anew' 'UPDATE pgretain.ledger SET rows = 8 WHERE seq = 5;
	UPDATE pgretain.ledger l SET hash = pgretain.seal(l) WHERE seq = 5'
tamper 7 'the newest one sealed anew' 'UPDATE pgretain.ledger SET rows = 8 WHERE seq = 7;
	UPDATE pgretain.ledger l SET hash = pgretain.seal(l) WHERE seq = 7'
tamper 7 'the newest one removed' 'DELETE FROM pgretain.ledger WHERE seq = 7'
tamper 6 'the newest two removed' 'DELETE FROM pgretain.ledger WHERE seq > 5'
tamper 1 'the oldest one removed' 'DELETE FROM pgretain.ledger WHERE seq = 1'
tamper 1 'the oldest three removed and the rest counted anew' 'DELETE FROM pgretain.ledger WHERE seq <= 3;
	UPDATE pgretain.ledger SET seq = seq - 3; UPDATE pgretain.ledger_head SET seq = seq - 3'
tamper 4 'one removed in the middle' 'DELETE FROM pgretain.ledger WHERE seq = 4'
tamper 4 'one removed in the middle, the rest counted anew' 'DELETE FROM pgretain.ledger WHERE seq = 4;
	UPDATE pgretain.ledger SET seq = seq - 1 WHERE seq > 4; UPDATE pgretain.ledger_head SET seq = seq - 1'
tamper 1 'all removed' 'TRUNCATE pgretain.ledger'
tamper 1 'all removed and the head set back' "TRUNCATE pgretain.ledger;
	UPDATE pgretain.ledger_head SET seq = 0, hash = sha256('pgretain.ledger/1')"
tamper 5 'two swapped' 'UPDATE pgretain.ledger SET seq = 100 WHERE seq = 5;
	UPDATE pgretain.ledger SET seq = 5 WHERE seq = 6;
	UPDATE pgretain.ledger SET seq = 6 WHERE seq = 100'
tamper 7 'the newest one put in anew under another number' \
	"INSERT INTO pgretain.ledger SELECT 8, kind, run, rule, tbl, action,
	rows, as_of, at, actor, login, detail, hash, hash FROM pgretain.ledger WHERE seq = 7;
	DELETE FROM pgretain.ledger WHERE seq = 7"
tamper 8 'one added past the head' "INSERT INTO pgretain.ledger SELECT 8, kind, run, rule, tbl, action,
	rows, as_of, at, actor, login, detail, hash, hash FROM pgretain.ledger WHERE seq = 7;
	UPDATE pgretain.ledger l SET hash = pgretain.seal(l) WHERE seq = 8"
tamper 7 'the head removed' 'DELETE FROM pgretain.ledger_head'
tamper 5 'a change under functions that lie' "UPDATE pgretain.ledger SET rows = 8 WHERE seq = 5;
	CREATE OR REPLACE FUNCTION pgretain.seal(entry pgretain.ledger) RETURNS bytea LANGUAGE sql AS 'SELECT entry.hash'"
run_pgretain ledger verify
like "$out" 'broken at entry 5: its content is not what was written' \
	'verify says where and why in words'
q "$definition; TRUNCATE pgretain.ledger, pgretain.ledger_head; INSERT INTO pgretain.ledger TABLE kept.ledger;
	INSERT INTO pgretain.ledger_head TABLE kept.head"
run_pgretain ledger verify
is "$rc" 0 'what is put back is whole again'
export PGDATABASE=chain
configure

# ---- writers at once (the kind of C87) ----------------------------------------------------------------------

new_db writers
run_pgretain init
for w in 1 2 3 4 5 6 7 8; do
	for _ in $(seq 120); do
		echo "SELECT pgretain.append('batch', NULL, 'w$w', NULL, NULL, 1, NULL, 'w$w', NULL);"
	done >"$W/w.$w"
done
pids=()
for w in 1 2 3 4 5 6 7 8; do
	PGAPPNAME=w$w psql -XAtq -f "$W/w.$w" >/dev/null 2>"$W/w.err.$w" & pids+=($!)
done
wait_for 30 test "$(q "SELECT count(*) > 40 FROM pgretain.ledger")" = t || true
q "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'w3'" >/dev/null
kill -9 "${pids[4]}" 2>/dev/null
wait "${pids[@]}" 2>/dev/null
run_pgretain --format json ledger verify
is "$rc" 0 'eight writers, two of them killed: one whole chain'
is "$(json .entries)" "$(q 'SELECT max(seq) FROM pgretain.ledger')" 'without a gap'
is "$(q 'SELECT count(*) - count(DISTINCT prev) FROM pgretain.ledger')" 0 \
	'no two with one predecessor'
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE actor IN ('w1', 'w2', 'w4', 'w6', 'w7', 'w8')")" 720 \
	'the others lost nothing'

# ---- runs that never ended ----------------------------------------------------------------

start() { q "SELECT pgretain.append('run', '$1', NULL, NULL, NULL, NULL, NULL, 'anna',
		'{\"event\":\"start\",\"job\":$2}');
	SELECT pgretain.append('batch', '$1', 'r', 't', 'delete', 7, NULL, 'anna', NULL);
	SELECT pgretain.append('batch', '$1', 'r', 't', 'delete', 4, NULL, 'anna', NULL)" >/dev/null; }
settled() { q "SELECT string_agg(run || ' ' || rows || ' ' || actor, ', ' ORDER BY run) FROM pgretain.ledger
	WHERE kind = 'run' AND detail::jsonb->>'event' = 'interrupted'"; }
new_db settle
run_pgretain init
a=00000000-0000-0000-0000-00000000000a b=00000000-0000-0000-0000-00000000000b c=00000000-0000-0000-0000-00000000000c
start $a '"nightly"'
start $b '"hourly"'
start $c null
q "SELECT pgretain.append('run', '$c', NULL, NULL, NULL, NULL, NULL, 'anna', '{\"event\":\"end\"}')" >/dev/null
session_open live
session live "PREPARE l AS $("$PGRETAIN" sql show query/ledger_job_lock); EXECUTE l('hourly')"
is "$(tail -n 2 "$W/session.live" | head -n 1)" t 'a live run holds its job'
is "$(statement query/ledger_job_lock "'hourly'")" f 'nobody else gets it'
is "$(statement query/ledger_job_lock "'nightly'")" t 'another job is free'
is "$(statement query/ledger_settle "'eve'" | wc -l)" 1 'one run is dead'
is "$(settled)" "$a 11 eve" \
	'it is interrupted, with the rows of its batches; the live and the ended one are not'
session_close live
wait_for 10 test "$(q "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 0 || true
statement query/ledger_settle "'eve'" >/dev/null
is "$(settled)" "$a 11 eve, $b 11 eve" 'once its session is gone, the other one too'
is "$(statement query/ledger_settle "'eve'")" '' 'and none a second time'
run_pgretain ledger verify
is "$rc" 0 'whole'

# ---- holds --------------------------------------------------------------------------------

hold="INSERT INTO pgretain.hold (id, scope, target, reason, placed_by)
	VALUES (gen_random_uuid(), 'table', 'r', 'case 1', 'anna')"
is "$(q 'SELECT pgretain.hold_lock_shared()')" 0 'the epoch begins at 0'
session_open batch
session batch 'BEGIN; SELECT pgretain.hold_lock_shared()'
session_open other
session other 'BEGIN; SELECT pgretain.hold_lock_shared(); COMMIT'
ok 'batches do not wait for each other' grep -qx 0 "$W/session.other"
session_send other "$hold"
wait_for 10 test "$(q "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")" = 1 || true
ok 'a hold waits for a batch' test "$(q 'SELECT count(*) FROM pgretain.hold')" = 0
session batch 'COMMIT'
session_wait other
session_close other
session_close batch
is "$(q 'SELECT count(*) FROM pgretain.hold; SELECT pgretain.hold_lock_shared()')" $'1\n1' \
	'then it is there, and the epoch has changed'
session_open holder
session holder "BEGIN; UPDATE pgretain.hold SET state = 'review_due'"
ok 'a batch waits for a hold that is being changed' q_fails 55P03 \
	"SET lock_timeout = '100ms'; SELECT pgretain.hold_lock_shared()"
session holder ROLLBACK
session_close holder
ok 'an older snapshot is refused' q_fails 25000 \
	'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pgretain.hold_lock_shared()'
ok 'a subject hold names its subject' q_fails 23514 "INSERT INTO pgretain.hold (id, scope, reason, placed_by)
	VALUES (gen_random_uuid(), 'subject', 'case 1', 'anna')"

# ---- confirmations ------------------------------------------------------------------------

q "$(as $runner "SELECT pgretain.confirm('r', '{\"keep\": 1}', 'sha256:aa', 'anna');
	SELECT pgretain.confirm('r', '{\"keep\": 2}', 'sha256:bb', 'bob')")" >/dev/null
is "$(q 'SELECT rule, definition, fingerprint, confirmed_by FROM pgretain.confirmed')" 'r|{"keep": 2}|sha256:bb|bob' \
	'the newest confirmation counts'
is "$(q "SELECT string_agg(l.actor || ' ' || t.text, ', ' ORDER BY seq) FROM pgretain.ledger l
	JOIN pgretain.rule_text t ON t.digest = l.detail::jsonb->>'definition' WHERE kind = 'confirm'")" \
	'anna {"keep": 1}, bob {"keep": 2}' 'the ledger tells each of them with its text'

# ---- show and export ----------------------------------------------------------------------

export PGDATABASE=chain
configure
run_pgretain --format json ledger show
is "$rc $(json .schema) $(json '.entries | length')" '0 pgretain.ledger/1 7' 'show as JSON'
is "$(json '[.entries[] | [.seq, .kind, .run, .rule, .table, .action, .rows, .at, .actor] | @json] | join("\n")')" \
	"$(q "SELECT json_build_array(seq, kind, run, rule, tbl, action, rows,
		regexp_replace(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'),
			'\.?0*$', '') || 'Z', actor)::text
		FROM pgretain.ledger ORDER BY seq" | sed 's/, /,/g')" 'is what the table holds'
text=$'class c: keep 1 year\nrule r'
is "$(json '[.entries[] | select(.rule_text != null) | .seq] | @json')" '[4,5,6]' \
	'step and batches have the rule'"'"'s text'
is "$(json '.entries[4].rule_text')" "$text" 'which is the one that was put'
for filter in "--table 'shop.\"Or ders\"'|[3,4,5,6]" '--rule r|[4,5,6]' '--kind run|[2,7]' "--run $uuid|[2,4,5,6,7]" \
	'--since 2100-01-01|[]' '--until 2020-01-01|[]' \
	'--since 2020-01-01 --until 2100-01-01T00:00:00+08:00 --kind odd|[3]'; do
	eval "run_pgretain --format json ledger show ${filter%|*}"
	is "$rc $(json '[.entries[].seq] | @json')" "0 ${filter#*|}" "show ${filter%|*}"
done
run_pgretain --format json ledger show --table 'Shop."Or ders"'
is "$(json '.entries | length')" 4 'a table may be written in any way that SQL takes'
fourth=$(q "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
	FROM pgretain.ledger WHERE seq = 4")
run_pgretain --format json ledger show --since "$fourth"
is "$(json '.entries[0].seq')" 4 'since is inclusive'
run_pgretain --format json ledger show --until "$fourth"
is "$(json '.entries[-1].seq')" 3 'until is not'
run_pgretain ledger show --table 'shop."Or ders"' --since 2020-01-01
is "$rc" 0 'show as text'
like "$out" $'5 +[0-9TZ:-]+ +batch +r +shop."Or ders" +delete +7 +anna as postgres\n' \
	'what, when, rule, rows, by whom'
like "$out" $'r +from entry 4 on, sha256:.*\n    class c: keep 1 year\n    rule r' \
	'and the rule as it was'
run_pgretain ledger show --kind none
is "$rc $out" '0 No entry fits.' 'nothing to show is said'
for bad in '--table "a b"' '--table ""' '--since yesterday' '--until 2026-13-01' '--run 17'; do
	eval "run_pgretain ledger show $bad"
	is "$rc" 1 "refused: show $bad"
	is "$out" '' 'without a report'
done
run_pgretain ledger export
is "$rc" 0 'export'
is "$(jq -s '[.[] | keys_unsorted] | unique | .[0] | join(" ")' -r <<<"$out")" \
	'seq kind run rule table action rows as_of at actor login detail prev hash' \
	'all that the hashes cover'
is "$(jq -s 'length, ([range(1; length) as $i | .[$i].prev == .[$i - 1].hash] | all)' -c <<<"$out" |
	paste -sd' ')" '7 true' 'linked, line by line'
is "$(sed -n 3p <<<"$out" | jq -r .detail)" '{ "b":1.50, "a" : [] }' 'detail byte for byte'

# ---- as other logins ----------------------------------------------------------------------

q 'CREATE ROLE checker LOGIN IN ROLE pgretain_auditor; CREATE ROLE night LOGIN IN ROLE pgretain_runner;
	CREATE ROLE stranger LOGIN'
for login in checker night; do
	configure
	sed -i "s/user=postgres/user=$login/" "$PGRETAIN_CONFIG"
	for command in verify show export; do
		run_pgretain ledger $command
		is "$rc" 0 "$login: ledger $command"
	done
done
sed -i 's/user=night/user=stranger/' "$PGRETAIN_CONFIG"
run_pgretain ledger verify
is "$rc" 1 'a login without a role of ours is refused'
like "$err" 'GRANT pgretain_runner' 'with the GRANT that mends it'
done_testing
