# Programs in the background, for tests that disturb them. shellcheck shell=bash disable=SC2034,SC2154
#
#   bg ARG...               starts the program; $pid
#   bg_end [SECONDS]        waits for it (60 s at most, then the file fails): $rc $out $err as run_pgretain, and
#                           $took in milliseconds since the last `tell`
#   halted POINT[:N] ARG... bg that halts at a failpoint; returns when it stands there
#   tell SIGNAL...          sends each, and SIGCONT
#   waiting [N]             N sessions (1) wait for a lock
#   gone                    no session of the program is left

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "${t:0:-3}"; }

bg() {
	"$PGRETAIN" "$@" >"$W/bg" 2>"$W/bg.err" &
	pid=$! told=$(now_ms)
}

bg_end() {
	if wait_for "${1:-60}" bg_over; then :; else
		error "pgretain $pid does not end: $(tail -n 5 "$W/bg.err")"
		kill -KILL "$pid"
	fi
	took=$(($(now_ms) - told))
	rc=0
	wait "$pid" 2>/dev/null || rc=$?
	out=$(<"$W/bg") err=$(<"$W/bg.err")
	[[ $rc -ne 70 && $err != *Sanitizer:* && $err != *"runtime error:"* ]] || error "ended $rc: $err"
}

bg_state() { local s; s=$(<"/proc/$pid/stat") 2>/dev/null; s=${s##*) }; echo "${s%% *}"; }
bg_over() { case $(bg_state 2>/dev/null) in Z | '') return 0 ;; esac; return 1; }
bg_halted() { [ "$(bg_state 2>/dev/null)" = T ]; }
bg_halted_or_over() { bg_halted || bg_over; }

halted() {
	local point=$1
	shift
	[[ $point == *:* ]] || point+=:1
	PGRETAIN_FAULT=$point:stop bg "$@"
	wait_for 60 bg_halted_or_over
	bg_halted
}

tell() {
	local s
	told=$(now_ms)
	for s in "$@"; do kill -"$s" "$pid" 2>/dev/null; done
	kill -CONT "$pid" 2>/dev/null
}

waiting() { [ "$(q 'SELECT count(*) FROM pg_locks WHERE NOT granted')" -ge "${1:-1}" ]; }
gone() { [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ 'pgretain'")" = 0 ]; }
