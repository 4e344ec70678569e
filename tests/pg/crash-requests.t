#!/usr/bin/env bash
# slow
# Death at every failpoint of src/base/fault.def and at random instants: of the client, of its backends, of the
# server. After each: what is gone is what the ledger says; the next one settles the dead one, ends in the state
# of an undisturbed one, and one more does nothing (cases C52, C66). Here: requests, nights, replays, backups.
# make check: each failpoint once, one after the other in the same database.
# make check-crash: PGRETAIN_CRASH=full: n = 1, 2, … until the command survives, each in a database of its own, by
# each of the three; then KILLS random events (500). ROWS, BY, POINTS and MOST (times of each failpoint) pick parts
# of it, SEED repeats the events.
. "$(dirname "$0")/crash_lib.sh"
. "$(dirname "$0")/crash_requests.sh"

if [ "${PGRETAIN_CRASH:-}" = full ]; then
	crash_full
	done_testing
fi

crash_table <<'END'
erase client:erasure_begun client:lane_apply:2 client:lane_committing:3 client:exec_settle client:erasure_settle
+ client:erasure_ending client:log_kept client:erasure_result
erase client:lane_committed:4
erase client:lane_ledger:5
erase client:exec_settle:3
erase backend:lane_commit:2
night client:notice_claimed client:notice_sent client:recurrence_seen client:log_write
replay client:commit client:head_export client:log_head client:erasure_ending client:replay_erased client:replay_gate
scan client:backup_listed client:committed client:backup_settle client:log_torn
rewrite client:backup_written client:backup_proved client:backup_replace client:backup_replaced
clean client:backup_written client:backup_intended client:backup_replaced client:backup_proved client:backup_replaced
clean client:backup_intended:2 client:backup_replaced
clean backend:backup_replaced client:backup_replace
END
crash_all '^(erasure|notice|recurrence|replay|backup)_|^log_(write|torn|kept|head)'
done_testing
