# Deaths of the crash tests, and what must hold after them. shellcheck shell=bash disable=SC2034,SC2154
#
# What comes under fire is a row of crash_rows (crash_rows.sh); ROW_prepare makes it and leaves
#	the database t: all of it, with a ledger; it becomes the template of every copy
#	ROW_cmd		array: the program's arguments
#	ROW_rc		its exit code when nothing disturbs it
# and the functions
#	ROW_faults	one line for each thing that does not add up, by plain SQL: after any death and at the end
#	ROW_done	one line for each thing that is still to be done, by plain SQL: at the end
#	ROW_final	the final state, as text
#	ROW_moved	what the ledger counts: one more run must not change it; empty: it may
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

crash_all_points() { sed -n 's/^FAULT(\([a-z_]*\),.*/\1/p' "$ROOT/src/base/fault.def"; }

crash_deaths=0 crash_passed='' row=''
declare -A crash_want=() crash_took=()

crash_use() {
	declare -n cmd_of=$1_cmd rc_of=$1_rc
	row=$1 cmd=("${cmd_of[@]}") want_rc=$rc_of want=${crash_want[$1]:-} CONF=$W/conf.$1
	export PGRETAIN_CONFIG=$CONF/pgretain.cfg PGDATABASE=t
}

crash_prepare() {
	local begun
	"$1_prepare"
	mv "$W/conf" "$W/conf.$1"
	PGDATABASE=postgres q "ALTER DATABASE t RENAME TO tpl_$1"
	crash_fresh "$1"
	begun=${EPOCHREALTIME/./}
	run_pgretain "${cmd[@]}"
	crash_took[$1]=$(((${EPOCHREALTIME/./} - begun) / 1000))
	is "$rc $("$1_faults")$("$1_done")" "$want_rc " "$1: undisturbed, with its books" || note "$err"
	crash_want[$1]=$("$1_final")
	isnt "${crash_want[$1]}" '' "$1: it has an end"
}

crash_fresh() {
	crash_use "$1"
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS t WITH (FORCE);
		CREATE DATABASE t TEMPLATE tpl_$1 STRATEGY file_copy" ||
		bail_out 'no copy'
	run_pgretain init --adopt
	[ "$rc" = 0 ] || bail_out "adopt: $err"
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

crash_after() { is "$("${row}_faults")" '' "$1: its books"; }

# The server may still be at the statement of the dead one.
crash_again() { run_pgretain "${cmd[@]}"; [ "$rc" != 1 ]; }

crash_whole() {
	local bad='' before
	wait_for 20 crash_again
	[ "$rc" = "$want_rc" ] || bad+="exit $rc: $(tail -n 5 "$W/err") "
	bad+=$("${row}_faults")$("${row}_done")
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
	"by_$1" "$2" "$3" || return 1
	crash_deaths=$((crash_deaths + 1)) crash_passed+=" $2"
	crash_after "$row $1 $2:$3 (exit $rc)" || :
}

crash_row() {
	local n=1
	while crash_fresh "$1"; crash_cell "$2" "$3" "$n"; do
		crash_whole "$1 $2 $3:$n"
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
