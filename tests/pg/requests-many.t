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
done_testing
