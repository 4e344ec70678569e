#!/usr/bin/env bash
# slow
# Requests to stop, at every instant: the batch in flight is finished or cancelled, exit 4, what is gone is what
# the ledger says, and the next run completes. Reports that nobody can read, and the end of a job's window.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/run_lib.sh"
. "$(dirname "$0")/signals_lib.sh"

# stopped DESC [WITHIN_MS]: the program ended as a request to stop wants it
stopped() {
	bg_end
	is "$rc" 4 "$1: exit 4" || note "$err"
	rules=$(jq '.rules | length' <<<"$out" 2>/dev/null)
	[ $# -lt 2 ] || ok "$1: within $2 ms ($took)" test "$took" -lt "$2"
	is "$(q 'SELECT faults()')" '' "$1: what is gone is in the ledger"
}
whole() {
	act
	is "$rc" 0 "$1: the next run completes" || note "$err"
	balance "$1: and balances"
	books "$1: its books"
	is "$(run_final)" "$want" "$1: the end of an undisturbed run"
	idle_again
}
run=(run --format json)
moving() { [ "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'batch'")" -gt "${1:-0}" ]; }

fixture
undisturbed

note 'at every point of a run'
fresh
for p in run_confirmed:TERM run_started:INT lane_apply:HUP lane_ledger:TERM lane_committing:INT lane_committed:TERM \
	exec_settle:TERM lane_dependent:INT partition_commit:TERM; do
	ok "$p: it gets there" halted "${p%:*}" "${run[@]}" --confirm "$fp"
	tell "${p#*:}"
	stopped "$p" 4000
	is "$rules" 6 "$p: the report tells how far it came"
done
is_eq "$(runs interrupted)" 9 'each is in the ledger as interrupted'
whole 'after all of them'

note 'a second request, and a storm of them'
fresh
for p in lane_apply:3 lane_dependent:2; do
	ok "$p: it gets there" halted "$p" "${run[@]}" --confirm "$fp"
	tell TERM
	sleep 0.3
	tell INT
	stopped "two requests at $p" 3000
done
# where a pause of the sender's own was longer than what parts two requests (150 ms), it was no storm
storm() {
	perl -MTime::HiRes=time,sleep -e '$t = time; for (1 .. 60) { kill TERM => $ARGV[0]; kill INT => $ARGV[0];
		$slow = 1 if time - $t > 0.1; $t = time; sleep 0.005 } exit $slow' "$pid"
}
for i in {1..5}; do
	fresh
	bg "${run[@]}" --confirm "$fp"
	wait_for 20 moving || break
	storm && break
	wait "$pid"
done
ok 'a storm on a run that has begun' test "$i" -lt 5
stopped 'a storm is one request'
# nobody answers: the row's lock is not to be had
session_open a
session a 'BEGIN; LOCK TABLE hits, people, visits, parts, orders IN SHARE MODE'
conf_limits 'max_percent = 100.0; lanes = 2; transaction_target = "20ms"; lock_timeout = "60s";'
bg "${run[@]}" --confirm "$fp"
ok 'it waits for a lock' wait_for 20 waiting
tell TERM
stopped 'one request while it waits for a lock' 9000
ok 'it was given time' test "$took" -gt 4000
bg "${run[@]}" --confirm "$fp"
ok 'it waits again' wait_for 20 waiting
tell TERM
sleep 0.3
tell TERM
stopped 'two requests while it waits for a lock' 3000
ok 'nothing of it is left on the server' wait_for 10 gone
session a COMMIT
run_in_small_units

note 'before the first write'
session a 'BEGIN; LOCK TABLE people'
bg "${run[@]}" --confirm "$fp"
ok 'it waits while counting' wait_for 20 waiting
tell INT
bg_end
is "$rc" 4 'while counting: exit 4'
ok "at once ($took ms)" test "$took" -lt 2000
like "$err" 'nothing was changed' 'and says that nothing was'
bg plan
ok 'a plan waits while counting' wait_for 20 waiting
tell TERM
bg_end
is "$rc" 143 'a plan just ends'
session a COMMIT
session a 'BEGIN; LOCK TABLE pgretain.ledger_head IN ACCESS EXCLUSIVE MODE'
bg "${run[@]}" --confirm "$fp"
ok "it waits for the ledger's head" wait_for 20 waiting
tell TERM
sleep 0.3
tell TERM
bg_end
is "$rc" 4 'two requests while it waits for the ledger'
session a COMMIT
session_close a
whole 'after all of them'

note 'while the server is away'
fresh
ok 'it halts in a unit' halted lane_apply:4 "${run[@]}" --confirm "$fp"
"$ROOT/scripts/pgtmp" crash "$PGTMP_DIR"
kill -CONT "$pid"
ok 'it has lost the server' wait_for 20 grep -q 'event=connection.lost\|event=lane.lost' "$W/bg.err"
tell TERM
bg_end
is "$rc" 4 'stopped while it reconnects' || note "$err"
ok "within 9 s ($took ms)" test "$took" -lt 9000
"$ROOT/scripts/pgtmp" start "$PGTMP_DIR"
whole 'after that'

note 'reports that nobody reads'
fresh
for to in '/dev/full' '| true'; do
	rc=0
	if [ "$to" = /dev/full ]; then "$PGRETAIN" plan >/dev/full 2>"$W/err" || rc=$?; else
		(sleep 0.3; "$PGRETAIN" plan 2>"$W/err") | true
		rc=${PIPESTATUS[0]}
	fi
	is "$rc" 1 "plan $to: exit 1"
	like "$(<"$W/err")" 'could not be written to standard output' 'in one clear sentence'
done
rc=0
"$PGRETAIN" plan >&- 2>"$W/err" || rc=$?
is "$rc" 1 'plan with standard output closed: exit 1' || note "$(<"$W/err")"
rc=0
"$PGRETAIN" run --confirm "$fp" 2>"$W/err" >/dev/full || rc=$?
is "$rc" 1 'run to /dev/full: exit 1'
is_eq "$(runs end)" 1 'its work is done and in the ledger'
books 'what is gone is in the ledger'
done_well 'all of it'
idle_again
rc=0
"$PGRETAIN" run >"$W/out" 2>/dev/full || rc=$?
is "$rc" 0 'a log that nobody takes does not hinder'
done_testing
