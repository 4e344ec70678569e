#!/usr/bin/env bash
# More requests than the server's table of locks has room for: the night works on them in batches, each a run of its own,
# and gives their locks back.
ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
if [ -z "${PGTMP_DIR:-}" ]; then
	exec setpriv --pdeathsig TERM "$ROOT/scripts/pgtmp" run -o '-c max_connections=12 -c max_locks_per_transaction=10' -- \
		timeout -k 10 "${TEST_TIMEOUT:-300}" bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
printf 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };\n' \
	>"$CONF/night.cfg"
sed -i '1i jobs = "night.cfg";' "$PGRETAIN_CONFIG"
n=70
q "INSERT INTO s.accounts SELECT k, 'person' || k || '@ex.test', 'Name ' || k, NULL FROM generate_series(101, 100 + $n + 5) k;
	INSERT INTO s.visits SELECT k * 10 + v, k, 'page', now() FROM generate_series(101, 100 + $n + 5) k, generate_series(1, 3) v"
mapfile -t ids < <(q "WITH a AS (SELECT k, gen_random_uuid() AS id FROM generate_series(101, 100 + $n) k),
	r AS (INSERT INTO pgretain.request (id, kind, state, subject_type, received_at, respond_by, opened_at, opened_by, verified_at)
		SELECT id, 'erasure', 'verified', 'account', now(), now() + interval '15 days', now(), 'clerk', now() FROM a)
	INSERT INTO pgretain.request_subject (request, subject_type, subject_key, settled)
	SELECT id, 'account', k, true FROM a RETURNING request")
rest="SELECT * FROM (SELECT to_jsonb(x) FROM s.accounts x WHERE id NOT BETWEEN 101 AND 100 + $n
	UNION ALL SELECT to_jsonb(x) FROM s.visits x WHERE account_id NOT BETWEEN 101 AND 100 + $n) y"
before=$(snap "$rest")
approved "${ids[@]}"
is "$(q 'SELECT count(*), count(DISTINCT state) FROM pgretain.request')" "$n|1" 'all are approved by one command'
is "$(q "SELECT count(*) FROM pgretain.request_frozen WHERE kind = 'key'")" "$n" 'each is frozen'
is "$(q "SELECT count(*) FROM pgretain.request_frozen WHERE kind = 'identifier'")" "$n" 'with the address, once'
# one of them is another command's
session_open holder
session holder "SELECT pg_advisory_lock(pgretain.job_key('request ${ids[9]}'))" >/dev/null
run_pgretain run --job night --format json
is "$rc" 0 "the night $err"
is "$(q "SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM pgretain.request GROUP BY 1) x")" \
	"approved 1, completed $((n - 1))" 'all but the one that another command works on'
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id BETWEEN 101 AND 100 + '"$n")" 3 'their rows are gone'
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb->>'event' = 'end'
	AND detail::jsonb ? 'requests'")" \
	"$(q "SELECT ceil($n / (current_setting('max_connections')::int * current_setting('max_locks_per_transaction')::int / 4.0))::int")" \
	'as many runs as a quarter of the table of locks makes necessary'
is "$(json '.requests | length')" "$((n - 1))" 'one report names them all'
is "$(of visits deleted)" "$(((n - 1) * 3))" 'and counts all of their rows'
session_close holder
run_pgretain run --job night --format json
is "$rc" 0 "the next night $err"
is "$(q "SELECT count(*) FROM pgretain.request WHERE state = 'completed'")" "$n" 'takes the one that was left'
is "$before" "$(snap "$rest")" 'nobody else'\''s row was touched'
is "$(unbalanced)" 0 'every item balances'
is "$(q 'SELECT count(*) FROM pgretain.request_frozen')" 0 'nothing frozen is kept'
is "$(q 'SELECT count(DISTINCT request) FROM pgretain.suppression')" "$n" 'each has its digests'
run_pgretain ledger verify
is "$rc" 0 "the chain is whole $err"

note 'a request that another command moves while the night works'
for key in 171 172 173 174; do request "$key"; eval "r$key=$id"; done
approved "$r171" "$r172" "$r173"
q "UPDATE pgretain.request SET state = 'awaiting_fee', answer_until = now() - interval '1 day' WHERE id = '$r174'"
theirs() { snap 'SELECT * FROM s.accounts WHERE id = 172'; snap 'SELECT * FROM s.visits WHERE account_id = 172'; }
was=$(theirs)
session_open fee; session_open rows
session fee "BEGIN; SELECT 1 FROM pgretain.request WHERE id = '$r174' FOR UPDATE" >/dev/null
session rows 'BEGIN; LOCK TABLE s.visits' >/dev/null
"$PGRETAIN" run --job night --format json >"$W/night" 2>"$W/night.log" & job=$!
waits() { [ "$(q "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
	WHERE NOT l.granted AND a.application_name LIKE 'pgretain%' AND ($1)")" -gt 0 ]; }
for_fee="a.query LIKE '%request_move%'" for_rows="l.relation = 's.visits'::regclass"
wait_for 30 waits "$for_fee" || bail_out 'the night did not come to the fee'
session fee "SELECT state FROM pgretain.request_move('$r174', 'awaiting_fee', 'paid', 'verified', 'anna', NULL, NULL, NULL); COMMIT" >/dev/null
wait_for 30 waits "$for_rows" || bail_out "the night did not come to the rows: $(<"$W/night.log")"
run_pgretain request withdraw "$r172"
is "$rc" 0 'withdrawn while its rows are counted' || note "$err"
session rows COMMIT >/dev/null
rc=0; wait "$job" || rc=$?
is "$rc" 2 'the night says that a human should look' || note "$(<"$W/night.log")"
is "$(state_of "$r171") $(state_of "$r172") $(state_of "$r173") $(state_of "$r174")" 'completed withdrawn completed verified' \
	'and goes on with the others: a fee that was paid expires nothing'
is "$(theirs)" "$was" 'not a row of who withdrew is touched'
is "$(q "SELECT executed_at IS NULL FROM pgretain.request WHERE id = '$r172'")" t 'nor was that ever begun'
is "$(grep -c 'event=request.moved' "$W/night.log")" 2 'both are named in the log' || note "$(<"$W/night.log")"
is "$(jq -r '[.requests[].request] | sort | join(" ")' "$W/night")" "$(printf '%s\n' "$r171" "$r173" | sort | paste -sd' ')" \
	'the report is about the others'

note 'by hand all begin or none does'
for key in 175 1; do request "$key"; eval "r$key=$id"; done
approved "$r175" "$r1"
session rows 'BEGIN; LOCK TABLE s.visits' >/dev/null
"$PGRETAIN" erase "$r175" "$r1" >"$W/hand" 2>&1 & job=$!
wait_for 30 waits "$for_rows" || bail_out "erase did not come to the rows: $(<"$W/hand")"
run_pgretain request withdraw "$r1"
session rows COMMIT >/dev/null
rc=0; wait "$job" || rc=$?
is "$rc" 1 'one of two was withdrawn: refused'
like "$(<"$W/hand")" "another command was quicker: request $r1 is withdrawn now" 'with which, and why'
is "$(state_of "$r175") $(q "SELECT executed_at IS NULL FROM pgretain.request WHERE id = '$r175'")" 'approved t' 'the other has not begun either'
session_close fee; session_close rows
done_testing
