#!/usr/bin/env bash
# A row of the person that another session has written and not yet committed is seen by nobody: no request is complete
# while such a transaction is open (C82).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
sed -i 's/limits = {/& lock_timeout = "100ms";/' "$PGRETAIN_CONFIG"
theirs='SELECT count(*) FROM s.visits WHERE account_id = 6'
request 6
approved "$id"
session_open A
session A "BEGIN; INSERT INTO s.visits VALUES (900, 6, 'in flight', now())"
run_pgretain erase "$id" --format json
is "$rc $(state_of "$id")" '2 blocked' 'a writer is in flight: not complete'
like "$err" 'request.writers' 'and it says why'
is "$(q "$theirs")" 0 'all that can be seen is gone'
session A COMMIT
is "$(q "$theirs")" 1 'a row has come of it'
run_pgretain erase "$id" --format json
is "$rc $(state_of "$id") $(q "$theirs")" '0 completed 0' "which goes, and then it is complete $err"

# one that ends in time
request 7
approved "$id"
sed -i 's/lock_timeout = "100ms"/lock_timeout = "6s"/' "$PGRETAIN_CONFIG"
session A "BEGIN; INSERT INTO s.visits VALUES (901, 7, 'in flight', now())"
"$PGRETAIN" erase "$id" >"$W/out" 2>"$W/err" &
pid=$!
ok 'the erasure acts' wait_for 30 test "$(until [ "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 7')" = 0 ]; do sleep 0.1; done)" = ''
session A COMMIT
wait "$pid"
is "$? $(state_of "$id") $(q 'SELECT count(*) FROM s.visits WHERE account_id = 7')" '0 completed 0' \
	"it is waited for, and its row goes too $(<"$W/err")"
# whoever only reads is not waited for
request 8
approved "$id"
session A 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM s.visits'
run_pgretain erase "$id" --format json
is "$rc $(state_of "$id")" '0 completed' 'a reader keeps nobody waiting'
done_testing
