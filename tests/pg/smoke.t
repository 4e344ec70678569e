#!/usr/bin/env bash
# The harness itself: cluster and program answer.
. "$(dirname "$0")/lib.sh"

is "$(q 'SELECT current_database()')" t 'a database of our own'
is "$(q 'SHOW listen_addresses')" '' 'no port is listened to'
is "$(q 'SHOW fsync')" off 'throw-away durability'
ok 'q_fails knows the SQLSTATE' q_fails 22012 'SELECT 1/0'
run_pgretain --version
is "$rc" 0 '--version ends well'
like "$out" '^pgretain [0-9]+\.[0-9]+' '--version names program and version'
is "$err" '' '--version is silent on stderr'

session_open a
session a 'BEGIN; CREATE TABLE s (i int); INSERT INTO s VALUES (1)'
is "$(q "SELECT to_regclass('s')")" '' 'a second session has a transaction of its own'
session a 'COMMIT'
is "$(q 'SELECT i FROM s')" 1 'and commits'
session_close a
done_testing
