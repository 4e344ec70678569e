#!/usr/bin/env bash
# slow
# Death at every failpoint of src/base/fault.def and at random instants: of the client, of its backends, of the
# server. After each: what is gone is what the ledger says; the next one settles the dead one, ends in the state
# of an undisturbed one, and one more does nothing (case C52).
# make check: each failpoint once, one after the other in the same database.
# make check-crash: PGRETAIN_CRASH=full: n = 1, 2, … until the command survives, each in a database of its own, by
# each of the three; then KILLS random events (500). ROWS, BY and POINTS pick parts of it, SEED repeats the events.
[ "${PGRETAIN_CRASH:-}" != full ] || export TEST_TIMEOUT=${TEST_TIMEOUT:-0}
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
. "$(dirname "$0")/crash_lib.sh"
. "$(dirname "$0")/crash_rows.sh"

RANDOM=${SEED:=$((RANDOM + 1))}
note "SEED=$SEED"
# how many of 20 random events each gets
declare -A share=([run]=11 [erase]=4 [purge]=2 [release]=2 [hold]=1)

if [ "${PGRETAIN_CRASH:-}" = full ]; then
	for r in ${ROWS:-$crash_rows}; do
		crash_prepare "$r"
		crash_deaths=0
		for b in ${BY-client backend server}; do
			for p in ${POINTS:-${crash_points[$r]}}; do crash_row "$r" "$b" "$p"; done
		done
		note "$r: $crash_deaths deaths at failpoints"
		crash_deaths=0
		[ "${KILLS:=500}" = 0 ] || crash_random "$r" $(((KILLS * share[$r] + 19) / 20))
		note "$r: $crash_deaths events at random instants"
	done
	done_testing
fi

PGRETAIN_FAULT=lane_comit run_pgretain plan
is "$rc" 1 'an unknown failpoint is refused'
like "$err" 'did you mean lane_commit' 'with the nearest name'
PGRETAIN_FAULT=lane_commit:x run_pgretain plan
is "$rc" 1 'a number that is none too'

# row: and its deaths one after the other in one database, each by client, backend or server
deaths_of() {	# ROW DEATH...
	local r=$1 d by p n
	shift
	[ -n "${crash_want[$r]:-}" ] || crash_prepare "$r"
	crash_fresh "$r"
	for d; do
		IFS=: read -r by p n <<<"$d"
		ok "$r: $by at $p:${n:-1}" crash_cell "$by" "$p" "${n:-1}"
	done
	crash_whole "$r: after all of them"
}
deaths='' r=''
while read -r name rest; do
	[ "$name" != + ] || { deaths+=" $rest"; continue; }
	[ -z "$r" ] || deaths_of "$r" $deaths
	r=$name deaths=$rest
done <<'END'
run client:run_confirmed client:run_started client:ledger_append client:commit client:committed client:exec_prepare
+ client:lane_begin client:lane_rollback client:lane_lock client:lane_dependent client:lane_apply client:lane_ledger
+ client:lane_commit client:lane_committing client:lane_committed client:exec_settle client:exec_step
+ client:partition_begin client:partition_drop client:partition_commit client:run_ending client:head_export
run backend:lane_ledger:3
run server:lane_committing:2
purge client:commit backend:ledger_append client:committed client:commit
release client:committed backend:ledger_append client:commit:2
erase client:erasure_begun client:lane_apply:2 client:lane_committing:3 client:lane_committed:2 client:exec_settle
+ client:erasure_settle client:erasure_ending client:erasure_result
erase backend:lane_commit:2
hold client:commit server:commit
end
END
passed=$(tr ' ' '\n' <<<"$crash_passed" | sed '/^$/d' | sort -u)
is "$passed" "$(crash_all_points | grep -v '^backup_\|^notice_' | sort)" 'every failpoint had its turn'
crash_random run 3
done_testing
