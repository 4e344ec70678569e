#!/usr/bin/env bash
# slow
# Death at every failpoint of src/base/fault.def and at random instants: of the client, of its backends, of the
# server. After each: what is gone is what the ledger says; the next one settles the dead one, ends in the state
# of an undisturbed one, and one more does nothing (case C52). Here: runs, the vault, holds.
# make check: each failpoint once, one after the other in the same database.
# make check-crash: PGRETAIN_CRASH=full: n = 1, 2, … until the command survives, each in a database of its own, by
# each of the three; then KILLS random events (500). ROWS, BY, POINTS and MOST (times of each failpoint) pick parts
# of it, SEED repeats the events.
. "$(dirname "$0")/crash_lib.sh"
. "$(dirname "$0")/crash_rows.sh"

if [ "${PGRETAIN_CRASH:-}" = full ]; then
	crash_full
	done_testing
fi

PGRETAIN_FAULT=lane_comit run_pgretain plan
is "$rc" 1 'an unknown failpoint is refused'
like "$err" 'did you mean lane_commit' 'with the nearest name'
PGRETAIN_FAULT=lane_commit:x run_pgretain plan
is "$rc" 1 'a number that is none too'

# the first lines that a log ever gets
q 'CREATE TABLE t (id int PRIMARY KEY, at timestamptz)'
conf_new
conf_class kill 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "public.t"; class = "kill"; start = "at";'
run_pgretain init
conf_add pgretain.cfg "replay_log = \"$W/first\";"
for p in log_write log_torn; do
	crash_ok=1
	PGRETAIN_FAULT=$p run_pgretain init
	crash_ok=0
	is "$rc" 137 "$p: dead before the log has a line"
	run_pgretain replay --repair
done
run_pgretain init
is "$rc $(q 'SELECT max(seq) FROM pgretain.ledger')" "0 $(tail -n 1 "$W/first" | jq .seq)" "and the next one writes it $err"
rm "$W/first"
run_pgretain init
is "$rc" 1 'a log that had one is missed'

crash_table <<'END'
run client:run_confirmed client:run_started client:ledger_append client:commit client:committed client:exec_prepare
+ client:lane_begin client:lane_rollback client:lane_lock client:lane_dependent client:lane_apply client:lane_ledger
+ client:lane_commit client:lane_committing client:lane_committed client:exec_settle client:exec_step
+ client:partition_begin client:partition_drop client:partition_commit client:run_ending client:head_export
+ client:log_torn
run backend:lane_ledger:3
run server:lane_committing:2
purge client:commit backend:ledger_append client:committed
release client:committed backend:commit:2
hold client:commit server:log_sync
END
crash_all ! '^(erasure|notice|recurrence|replay|backup)_|^log_(write|kept|head)'
crash_random run 2
done_testing
