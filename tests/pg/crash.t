#!/usr/bin/env bash
# slow
# kill -9 of the run at every failpoint of src/base/fault.def. After each: what is gone is what the ledger
# says, no half chain, the chain of hashes whole. The next run settles the dead one as interrupted, ends in
# the state of an undisturbed run, and one more does nothing (case C52).
# make check: the first and a later passage of each failpoint, one after the other in the same database.
# PGRETAIN_CRASH=full: n = 1, 2, … until the run survives, each in a database of its own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/crash_lib.sh"

# those of requests are passed by tests/pg/erase-crash.t
points=$(sed -n '/^FAULT(erasure_/d; /^FAULT(backup_/d; s/^FAULT(\([a-z_]*\),.*/\1/p' "$ROOT/src/base/fault.def")

# die POINT N: the run dies there; false when it survived
die() {	# prove shows no "Killed" of the shell
	crash_ok=1
	PGRETAIN_FAULT=$1:$2 act
	crash_ok=0
	[ "$rc" = 137 ] || { note "exit $rc: $(tail -n 8 "$W/err")" >&2; return 1; }
}

# whole DESC: the next run ends as an undisturbed one
whole() {
	local dead
	dead=$(($(runs start) - $(runs end) - $(runs interrupted)))
	act
	is "$rc" 0 "$1: the next run ends well"
	balance "$1: and balances"
	is_eq "$(($(runs start) - $(runs end) - $(runs interrupted)))" 0 "$1: no run is left open ($dead dead)"
	books "$1: its books"
	done_well "$1: all that was due is gone"
	is "$(final)" "$want" "$1: the same final state"
	idle_again
}

PGRETAIN_FAULT=lane_comit run_pgretain plan
is "$rc" 1 'an unknown failpoint is refused'
like "$err" 'did you mean lane_commit' 'with the nearest name'
PGRETAIN_FAULT=lane_commit:x run_pgretain plan
is "$rc" 1 'a number that is none too'

fixture
undisturbed

if [ "${PGRETAIN_CRASH:-}" = full ]; then
	for p in $points; do
		n=1
		while fresh; die "$p" "$n"; do
			books "$p:$n: books after the death"
			whole "$p:$n"
			[ "$n" -lt 12 ] || n=$((n + n / 4))
			n=$((n + 1))
		done
		isnt "$n" 1 "$p is passed at least once"
		is "$rc" 0 "$p:$n: the run that survives ends well"
	done
	done_testing
fi

fresh
seen=''
for p in run_confirmed run_started ledger_append exec_prepare lane_begin lane_apply lane_ledger lane_commit \
	lane_committing lane_committed; do
	ok "$p: the run dies there" die "$p" 1
	books "$p: books"
	seen+=" $p"
done
run_pgretain report --format json
is_eq "$(json '[.runs[] | select(.state == "interrupted")] | length')" "$(runs start)" 'report shows the dead runs'
for p in lane_rollback exec_settle exec_step lane_lock lane_dependent partition_begin partition_drop partition_commit \
	run_ending head_export; do
	ok "$p: the run dies there" die "$p" 1
	books "$p: books"
	seen+=" $p"
done
is "$(tr ' ' '\n' <<<"$seen" | sed '/^$/d' | sort)" "$(sort <<<"$points")" 'every failpoint had its turn'
whole 'after all of them'

fresh
for p in lane_ledger:7 lane_committing:4 exec_step:1 lane_dependent:3 lane_committed:5 lane_commit:6 \
	partition_commit:2; do
	ok "$p: the run dies there" die "${p%:*}" "${p#*:}"
	books "$p: books"
done
whole 'after these'
done_testing
