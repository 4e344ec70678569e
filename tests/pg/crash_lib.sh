# Deaths of the crash tests, and what must hold after them.
# shellcheck shell=bash disable=SC2034,SC2154
#
# What comes under fire is a row of crash_rows; ROW_prepare makes it and leaves
#	the database t: all of it, with a ledger; it becomes the template of every copy
#	ROW_cmd		array: the program's arguments
#	ROW_rc		its exit code when nothing disturbs it
# and the functions
#	ROW_faults	one line for each thing that does not add up, by plain SQL: after any death and at the end
#	ROW_done	one line for each thing that is still to be done, by plain SQL: at the end
#	ROW_final	the final state, as text
#	ROW_moved	what the ledger counts: one more run must not change it; empty: it may
#	ROW_fresh	instead of `init --adopt`: what a new copy needs; may set log_from
#	ROW_mend	before the next one: what time would have done. Both may be missing
# All of them keep a log outside: after any death its chain is whole but for a torn last line, which is refused until
# `replay --repair`, and it knows of nothing that the ledger does not; at the end nothing is missing in it.
#
#   crash_prepare ROW         the template; its undisturbed end
#   crash_fresh ROW           t is a new copy
#   by_client POINT N         the command dies there: SIGKILL;
#   by_backend POINT N        the backends of its lanes are terminated (its own one when there is no lane);
#   by_server POINT N         the server crashes and comes back. False: it never came to the Nth POINT
#   crash_after DESC          assertion: its books, right after
#   crash_whole DESC          assertion: the next one ends in the final state, and one more does nothing
#   crash_row ROW BY POINT    all of it for n = 1, 2, … until the command survives
#   crash_random ROW N        N such events at random instants, with all these assertions

[ "${PGRETAIN_CRASH:-}" != full ] || export TEST_TIMEOUT=${TEST_TIMEOUT:-0}
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

RANDOM=${SEED:=$((RANDOM + 1))}
note "SEED=$SEED"
crash_deaths=0 crash_passed='' row=''
declare -A crash_want=() crash_took=()

# crash_points[ROW]: failpoints of all that exports, of all that acts on rows
crash_log='head_export log_write log_torn log_sync log_kept log_head'
crash_do='lane_begin lane_lock lane_apply lane_ledger lane_commit lane_committing lane_committed exec_settle exec_step
	ledger_append commit committed'

crash_use() {
	declare -n cmd_of=$1_cmd rc_of=$1_rc
	row=$1 cmd=("${cmd_of[@]}") want_rc=$rc_of want=${crash_want[$1]:-} CONF=$W/conf.$1 LOG=$W/log.$1
	export PGRETAIN_CONFIG=$CONF/pgretain.cfg PGDATABASE=t
}

crash_prepare() {
	local begun
	"$1_prepare"
	grep -q '^replay_log' "$PGRETAIN_CONFIG" || conf_add pgretain.cfg "replay_log = \"$W/log.$1\";"
	mv "$W/conf" "$W/conf.$1"
	PGDATABASE=postgres q "ALTER DATABASE t RENAME TO tpl_$1"
	crash_fresh "$1"
	begun=${EPOCHREALTIME/./}
	run_pgretain "${cmd[@]}"
	crash_took[$1]=$(((${EPOCHREALTIME/./} - begun) / 1000))
	is "$rc $(crash_faults)$(crash_done)" "$want_rc " "$1: undisturbed, with its books" || note "$err"
	crash_want[$1]=$("$1_final")
	isnt "${crash_want[$1]}" '' "$1: it has an end"
}

crash_adopt() {
	run_pgretain init --adopt
	[ "$rc" = 0 ] || bail_out "adopt: $err"
}

crash_has() { declare -F "$1" >/dev/null; }

crash_fresh() {
	crash_use "$1"
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS t WITH (FORCE);
		CREATE DATABASE t TEMPLATE tpl_$1 STRATEGY file_copy" ||
		bail_out 'no copy'
	rm -f "$LOG" "$LOG.torn"
	log_from=0
	if crash_has "$1_fresh"; then "$1_fresh"; else crash_adopt; fi
}

crash_start() {	# [POINT:N[:stop]]: in the background: $pid
	PGRETAIN_FAULT=${1:-} "$PGRETAIN" "${cmd[@]}" >"$W/out" 2>"$W/err" &
	pid=$!
}

crash_end() {	# what it says at last; a crash of its own is an error
	rc=0
	wait "$pid" 2>/dev/null || rc=$?
	out=$(<"$W/out") err=$(<"$W/err")
	[[ ($rc -lt 70 || $rc = 137) && $err != *Sanitizer:* && $err != *"runtime error:"* ]] ||
		error "pgretain ${cmd[*]} ended $rc: $(tail -n 30 "$W/err")"
}

# T halted, Z or nothing ended
crash_state() {
	local stat=''
	read -r stat 2>/dev/null <"/proc/$pid/stat" || { echo Z; return; }
	stat=${stat##*) }
	echo "${stat%% *}"
}
crash_halted() { [[ $(crash_state) = [TZ] ]]; }

# to the Nth POINT, where it halts
crash_halt() {
	crash_start "$1:$2:stop"
	wait_for 60 crash_halted || error "$1:$2: it neither halts nor ends"
	[ "$(crash_state)" = T ] || { crash_end; return 1; }
}

crash_backends() {
	PGDATABASE=postgres q "WITH ours AS (SELECT pid, application_name = 'pgretain lane' AS lane FROM pg_stat_activity
			WHERE application_name LIKE 'pgretain%')
		SELECT count(pg_terminate_backend(pid)) FROM ours
			WHERE lane OR NOT EXISTS (SELECT FROM ours WHERE lane)" >/dev/null
}

crash_server() {
	"$ROOT/scripts/pgtmp" crash "$PGTMP_DIR" >/dev/null && "$ROOT/scripts/pgtmp" start "$PGTMP_DIR" >/dev/null ||
		bail_out 'the server does not come back'
}

by_client() {
	crash_start "$1:$2"
	crash_end
	[ "$rc" = 137 ]
}

by_backend() {
	crash_halt "$1" "$2" || return 1
	crash_backends
	kill -CONT "$pid"
	crash_end
}

by_server() {
	crash_halt "$1" "$2" || return 1
	crash_server
	kill -CONT "$pid"
	crash_end
}

# Line by line as replay_log.h describes it: sets log_bad; log_heads that came to it since the copy was made, as
# VALUES; log_end, the last of them; log_torn: there is a torn last line, which does not count
crash_log() {
	log_bad='' log_heads='' log_end='' log_torn=''
	[ -e "$LOG" ] || return 0
	{ IFS= read -r log_bad; read -r log_heads; read -r log_end; read -r log_torn; } < <(
		perl -MDigest::SHA=sha256_hex -e '
		my ($from, $chain, $torn, $end, @bad, @heads) = (shift, "0" x 64, "", "");
		while (<>) {
			s/\n\z// or $torn = "torn", last;
			/^(\{.*),"chain":"([0-9a-f]{64})"\}\z/s && sha256_hex($chain . $1) eq $2
				or push @bad, "line $. of the log; ";
			$chain = $2 // "";
			next if $. <= $from || !/"kind": ?"head"/;
			my ($seq, $hash) = /"seq": ?(\d+), ?"hash": ?"(sha256:[0-9a-f]{64})"/ or push @bad, "head $. of the log; ";
			$end = $seq;
			push @heads, "($seq, \x27$hash\x27)";
		}
		print join("", @bad), "\n", join(", ", @heads), "\n$end\n$torn\n"' "$log_from" "$LOG")
}

crash_faults() {
	"${row}_faults"
	crash_log
	printf %s "$log_bad"
	[ -z "$log_heads" ] || q "SELECT 'the log knows of entry ' || v.seq FROM (VALUES $log_heads) AS v (seq, hash)
		WHERE NOT EXISTS (SELECT FROM pgretain.ledger l WHERE l.seq = v.seq
			AND 'sha256:' || encode(l.hash, 'hex') = v.hash)"
}

crash_done() {
	"${row}_done"
	crash_log
	q "SELECT 'not in the log: ' || tbl FROM pgretain.journal
		UNION ALL SELECT format('the log ends at entry $log_end, the ledger at %s', max(seq))
			FROM pgretain.ledger HAVING max(seq)::text <> '$log_end'"
}

# Whoever comes to a torn line refuses and changes nothing; a human takes it away.
crash_repair() {
	local before
	before=$("${row}_final")
	run_pgretain "${cmd[@]}"
	[[ $rc = 1 && $err = *'last line is cut'* ]] || echo "a torn log: exit $rc: $err"
	[ "$before" = "$("${row}_final")" ] || echo 'a torn log: and yet something was done'
	run_pgretain replay --repair
	crash_log
	[ "$rc$log_torn" = 0 ] || echo "repair: exit $rc: $err"
}

crash_after() {
	local bad=''
	crash_log
	[ -z "$log_torn" ] || bad=$(crash_repair)
	is "$bad$(crash_faults)" '' "$1: its books"
}

# The server may still be at the statement of the dead one.
crash_again() { run_pgretain "${cmd[@]}"; [ "$rc" != 1 ]; }

crash_whole() {
	local bad='' before
	! crash_has "${row}_mend" || "${row}_mend"
	wait_for 20 crash_again
	[ "$rc" = "$want_rc" ] || bad+="exit $rc: $(tail -n 5 "$W/err") "
	bad+=$(crash_faults)$(crash_done)
	[ "$("${row}_final")" = "$want" ] || bad+='another final state '
	before=$("${row}_moved")
	if [ -n "$before" ]; then
		run_pgretain "${cmd[@]}"
		[ "$rc" = "$want_rc" ] || bad+="one more: exit $rc: $(tail -n 5 "$W/err") "
		[ "$("${row}_moved") $("${row}_final")" = "$before $want" ] || bad+='one more changes something '
	fi
	run_pgretain ledger verify
	[ "$rc" = 0 ] || bad+="ledger verify: exit $rc $out $err"
	is "$bad" '' "$1: the next ends as it must, one more does nothing"
}

crash_cell() {	# BY POINT N: false: it survived
	! crash_has "${row}_mend" || "${row}_mend"
	"by_$1" "$2" "$3" || return 1
	crash_deaths=$((crash_deaths + 1)) crash_passed+=" $2"
	crash_after "$row $1 $2:$3 (exit $rc)" || :
}

crash_row() {
	local n=1
	while crash_fresh "$1"; crash_cell "$2" "$3" "$n"; do
		crash_whole "$1 $2 $3:$n"
		[ "$n" -lt "${MOST:-1000}" ] || return 0
		[ "$n" -lt 12 ] || n=$((n + n / 4))
		n=$((n + 1))
	done
	isnt "$n" 1 "$1: $3 is passed at least once"
	is "$rc $("$1_final")" "$want_rc $want" "$1 $2 $3:$n: it survives and ends as it must"
}

# Each event meets what the ones before have left; when the command ends all the same, its end is looked at.
crash_random() {
	local k=0 how at tries=0
	crash_fresh "$1"
	while [ "$k" -lt "$2" ] && [ "$tries" -lt $(($2 * 4 + 10)) ]; do
		tries=$((tries + 1)) how=$((RANDOM % 20)) at=$((RANDOM % (crash_took[$1] + 20)))
		crash_start
		sleep "$(printf '%d.%03d' $((at / 1000)) $((at % 1000)))"
		kill -STOP "$pid" 2>/dev/null
		wait_for 10 crash_halted
		if [ "$(crash_state)" != T ]; then
			crash_end
			crash_whole "$1: it came to its end within $at ms"
			crash_fresh "$1"
			continue
		fi
		k=$((k + 1)) crash_deaths=$((crash_deaths + 1))
		case $how in
		0) crash_server; kill -CONT "$pid" ;;
		1 | 2 | 3) crash_backends; kill -CONT "$pid" ;;
		*) kill -KILL "$pid" ;;
		esac
		crash_end
		crash_after "$1: event $how after $at ms, exit $rc ($k)"
	done
	is_eq "$k" "$2" "$1: $2 events at random instants"
	crash_whole "$1: after all of them"
}

# ---- the program of a file -------------------------------------------------------------------------------

crash_full() {
	local r b p
	for r in ${ROWS:-$crash_rows}; do
		grep -q "^${r}_prepare()" "$ROOT"/tests/pg/crash_*.sh || bail_out "ROWS: there is no row $r"
		[[ " $crash_rows " = *" $r "* ]] || { note "$r is in another file"; continue; }
		crash_prepare "$r"
		crash_deaths=0
		for b in ${BY-client backend server}; do
			for p in ${POINTS:-${crash_points[$r]}}; do crash_row "$r" "$b" "$p"; done
		done
		note "$r: $crash_deaths deaths at failpoints"
		crash_deaths=0
		[ "${KILLS:=500}" = 0 ] || crash_random "$r" $(((KILLS * crash_share[$r] + 19) / 20))
		note "$r: $crash_deaths events at random instants"
	done
	[ "$tap_n" -gt 0 ] || { tap_done=true; echo "1..0 # SKIP ROWS names none of $crash_rows"; exit 0; }
}

crash_one() {	# ROW BY:POINT[:N]...: one death after the other in one database
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

crash_table() {	# each line of it as crash_one; a line that begins with + goes on
	local line lines=()
	while read -r line; do
		if [ "${line#+}" = "$line" ]; then lines+=("$line"); else lines[-1]+=${line#+}; fi
	done
	for line in "${lines[@]}"; do
		# shellcheck disable=SC2086
		crash_one $line
	done
}

# assertion: all failpoints whose name matches ERE or, with !, does not
crash_all() {	# [!] ERE
	local not='' points
	[ "$1" != ! ] || { not=-v; shift; }
	points=$(sed -n 's/^FAULT(\([a-z_]*\),.*/\1/p' "$ROOT/src/base/fault.def" | grep -E $not "$1" | sort)
	is "$(tr ' ' '\n' <<<"$crash_passed" | sort -u | grep -Fx "$points")" "$points" 'every failpoint had its turn'
}
