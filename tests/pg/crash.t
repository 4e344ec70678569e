#!/usr/bin/env bash
# slow
# Death at every failpoint of src/base/fault.def and at random instants: of the client, of its backends, of the
# server. After each: what is gone is what the ledger says; the next one settles the dead one, ends in the state
# of an undisturbed one, and one more does nothing (case C52). Here: runs, the vault, holds.
# make check: each failpoint once, one after the other in the same database.
# make check-crash: PGRETAIN_CRASH=full: n = 1, 2, … until the command survives, each in a database of its own, by
# each of the three; then KILLS random events (500). ROWS, BY and POINTS pick parts of it, SEED repeats the events.
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

crash_table <<'END'
run client:run_confirmed client:run_started client:ledger_append client:commit client:committed client:exec_prepare
+ client:lane_begin client:lane_rollback client:lane_lock client:lane_dependent client:lane_apply client:lane_ledger
+ client:lane_commit client:lane_committing client:lane_committed client:exec_settle client:exec_step
+ client:partition_begin client:partition_drop client:partition_commit client:run_ending client:head_export
+ client:log_torn
run backend:lane_ledger:3
run server:lane_committing:2
purge client:commit backend:ledger_append client:committed client:commit
release client:committed backend:ledger_append client:commit:2
hold client:commit server:log_sync
END
crash_all ! '^(erasure|notice|recurrence|replay|backup)_|^log_(write|kept|head)'
crash_random run 3
done_testing
