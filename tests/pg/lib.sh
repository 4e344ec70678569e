# Library of the server tests: bash, TAP on stdout, one throw-away cluster a file.
# shellcheck shell=bash disable=SC2034
#
#   #!/usr/bin/env bash
#   . "$(dirname "$0")/lib.sh"
#   q 'CREATE TABLE t (id int PRIMARY KEY, at timestamptz)'
#   conf_new; conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
#   conf_rule t 'table = "public.t"; class = "c"; start = "at";'
#   confirmed_run
#   is "$rc" 0 'run ends well'
#   balance
#   is "$(of t deleted)" "$(q 'SELECT …')" 'as many as plain SQL says'
#   done_testing
#
# Sourcing it starts the cluster (unless PGTMP_DIR is set), makes a fresh database `t` and a work
# directory $W. A test that ends without done_testing, a failing `q` or a crashed program fails the
# file: nothing is skipped in silence. $PGRETAIN is the program, $ROOT the clone.
#
# Assertions (description last, but for ok):
#   ok DESC CMD...        CMD succeeds               ok_not DESC CMD...     CMD fails
#   is GOT WANT DESC      same text                  isnt GOT OTHER DESC
#   is_eq GOT WANT DESC   both integers, and equal   like GOT ERE DESC      unlike GOT ERE DESC
#   plan N (optional, first)      note TEXT      bail_out TEXT      done_testing (required, last)
# SQL:
#   q SQL [PSQL-OPTION...]        psql -XAtq, stops at the first error; without SQL: from stdin
#   q_fails SQLSTATE SQL          assertion-free: true when SQL ends with that SQLSTATE
#   db_new NAME                   fresh database, from now on the current one
#   snap QUERY                    hash over the query's rows, in any order (`TABLE t` will do)
#   server_set NAME VALUE         ALTER SYSTEM and reload
#   log_mark; log_since           the server's log after the mark
#   session_open A; session A SQL (waits); session_send A SQL (does not); session_wait A;
#   session_close A               a second session; its output so far is in $W/session.A
# The program:
#   pgretain ARG...               as is
#   run_pgretain ARG...           sets $out $err $rc; a signal, a sanitizer report or exit 70 fails
#                                 the file unless crash_ok=1
#   json FILTER                   jq -r on $out         of RULE FIELD     one rule's field of $out
#   confirmed_run [ARG...]        plan, then run --confirm its fingerprint, both as JSON; $plan_out
#   balance [DESC]                assertion: due = sum of the parts for each rule of $out
#   idle_again [RULE...]          assertion: one more run ends 0 and changes nothing
# The vault:
#   age TABLE INSTANT [CONDITION] a purge date in the past, as time would have made it
# Configuration (exported as PGRETAIN_CONFIG):
#   conf_new [DIR]                minimal file set for the current database; conf_class NAME BODY,
#   conf_rule NAME BODY, conf_limits BODY (instead of max_percent = 100.0), conf_add FILE TEXT
# Waiting:
#   wait_for SECONDS CMD...       until CMD succeeds; false when time is up

set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export PGRETAIN=${PGRETAIN:-$ROOT/build/pgretain}
[ "${PGRETAIN#/}" != "$PGRETAIN" ] || PGRETAIN=$ROOT/$PGRETAIN

if [ -z "${PGTMP_DIR:-}" ]; then
	# prove's death is ours; a test that hangs ends as a failed one
	exec setpriv --pdeathsig TERM "$ROOT/scripts/pgtmp" run -- \
		timeout -k 10 "${TEST_TIMEOUT:-300}" bash "$0" "$@"
fi

# ---- TAP ----------------------------------------------------------------------------------

tap_n=0 tap_failed=0 tap_planned='' tap_done=false

plan() { tap_planned=$1; echo "1..$1"; }
note() { printf '%s\n' "$*" | sed 's/^/# /'; }
bail_out() { tap_done=true; echo "Bail out! $*"; exit 255; }

# Writes are small and appended: subshells (`$(q …)`) report this way too.
error() { printf '%s\n' "$*" >>"$W/errors"; note "ERROR $*" >&2; }

tap_result() {
	sql_follow
	tap_n=$((tap_n + 1))
	if [ "$1" = 0 ]; then echo "ok $tap_n - $2"; return 0; fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $2"
	local i=2
	while [[ ${BASH_SOURCE[i]-x} = */lib.sh ]]; do i=$((i + 1)); done
	note "at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}"
	return 1
}

tap_differs() { note "     got: $1" >&2; note "$2: $3" >&2; return 1; }

ok() { local d=$1 s=0; shift; "$@" || s=$?; tap_result "$s" "$d"; }
ok_not() { local d=$1 s=0; shift; ! "$@" || s=1; tap_result "$s" "$d"; }

is() {
	if [ "$1" = "$2" ]; then tap_result 0 "$3"; else
		tap_result 1 "$3"; tap_differs "$1" "expected" "$2"; fi
}

isnt() {
	if [ "$1" != "$2" ]; then tap_result 0 "$3"; else
		tap_result 1 "$3"; tap_differs "$1" "expected anything but" "$2"; fi
}

is_eq() {
	if [[ $1 =~ ^-?[0-9]+$ && $2 =~ ^-?[0-9]+$ && $1 -eq $2 ]]; then tap_result 0 "$3"; else
		tap_result 1 "$3"; tap_differs "$1" "expected number" "$2"; fi
}

like() {
	if [[ $1 =~ $2 ]]; then tap_result 0 "$3"; else
		tap_result 1 "$3"; tap_differs "$1" "expected to match" "$2"; fi
}

unlike() {
	if [[ ! $1 =~ $2 ]]; then tap_result 0 "$3"; else
		tap_result 1 "$3"; tap_differs "$1" "expected not to match" "$2"; fi
}

done_testing() {
	[ -n "$tap_planned" ] || echo "1..$tap_n"
	tap_done=true
	[ "$tap_n" -gt 0 ] || { note "no test was made"; exit 1; }
	[ ! -s "$W/errors" ] || { note "errors on the way:"; note "$(cat "$W/errors")"; exit 1; }
	[ "${tap_planned:-$tap_n}" = "$tap_n" ] || { note "planned $tap_planned, made $tap_n"; exit 1; }
	[ "$tap_failed" = 0 ] || exit 1
	exit 0
}

tap_exit() {
	local status=$? s
	for s in "${!session_fd[@]}"; do session_close "$s"; done
	sql_close
	[ -z "$jq_pid" ] || kill "$jq_pid" 2>/dev/null
	rm -rf "$W"
	$tap_done || { echo "Bail out! ${0##*/} ended before done_testing (status $status)"; exit 255; }
}

wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done
}

# ---- SQL ----------------------------------------------------------------------------------

psql_quiet() {
	PGOPTIONS="-c client_min_messages=warning -c idle_session_timeout=0 ${PGOPTIONS-}" \
		psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "$@"
}

# A psql takes longer to start than to answer. So one stays connected for `q`, to the database that the
# test is in. It reads lines from a FIFO that we hold open for reading too (nobody dies of SIGPIPE), and
# says on another how far it is; SQL and result go through files. The byte in a third FIFO is its key:
# who does not get it at once, as in the background, takes a psql of their own.
sql_at='' sql_pid='' sql_opened=0
sql_here() { here=$PGHOST:$PGPORT:$PGUSER:$PGDATABASE:${PGTZ-}:${PGDATESTYLE-}:${PGOPTIONS-}; }

# The main shell's: the session is where the test is, with a psql that still runs.
sql_follow() {
	local here
	[ "$BASHPID" = $$ ] || return 0
	sql_here
	[ "$sql_at" = "$here" ] && kill -0 "$sql_pid" 2>/dev/null || sql_open "$here"
}

sql_open() {
	local fifo=$W/sql.$((sql_opened += 1))
	sql_close
	mkfifo "$fifo.in" "$fifo.said" "$fifo.key" || bail_out 'no FIFO'
	exec {sql_in}<>"$fifo.in" {sql_key}<>"$fifo.key"
	PGOPTIONS="-c client_min_messages=warning -c idle_session_timeout=0 ${PGOPTIONS-}" \
		psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=verbose \
		<"$fifo.in" >"$fifo.said" 2>>"$W/sql.err" {sql_in}>&- {sql_key}>&- &
	sql_pid=$! sql_at=$1
	disown "$sql_pid"	# no job of the test's
	exec {sql_said}<"$fifo.said"
	printf k >&"$sql_key"
}

sql_close() {
	[ -n "$sql_at" ] || return 0
	sql_at=''
	# The end of file is its end. A signal that comes before it is psql, our copy, is lost: hence again.
	while kill "$sql_pid" 2>/dev/null
		[ "$BASHPID" = $$ ] || return 0
		IFS= read -r -t 0.1 _ <&"$sql_said" || [ $? -gt 128 ]; do :; done
	exec {sql_in}>&- {sql_key}>&- {sql_said}<&-
}

# An error ends psql, and then what it says. Without `go` it had no server any more, and did nothing.
sql_ask() {
	local said='' result=''
	: >"$W/sql.err"
	printf '%s\n' "$1" >"$W/sql.ask"
	printf '%s\n' 'SELECT 1 \g /dev/null' '\echo go' "\\o $W/sql.result" "\\i $W/sql.ask" '\o /dev/null' \
		'DISCARD ALL; SELECT pg_stat_force_next_flush();' '\o' '\echo done' >&"$sql_in"
	IFS= read -r said <&"$sql_said"
	[ "$said" = go ] || return 100
	said=''
	IFS= read -r said <&"$sql_said"
	IFS= read -r -d '' result <"$W/sql.result"
	printf '%s' "$result"
	[ "$said" = 'done' ] || return 3
	printf k >&"$sql_key"
}

# What DISCARD ALL does not undo, and commands of psql, are for a session that ends. Databases can be
# made, changed and dropped when nobody is in them.
sql_for_all() {
	local all=true
	shopt -s nocasematch
	[[ $1 != *\\* && ! $1 =~ (^|[^a-z_])(begin|start transaction|load|database)([^a-z_]|$) ]] || all=false
	[[ $all = true || ! $1 =~ (^|[^a-z_])database([^a-z_]|$) ]] || sql_close
	shopt -u nocasematch
	$all
}

q() {
	local sql here key status=100 said=$W/sql.err
	if [ $# -gt 0 ]; then sql=$1; shift; else sql=$(</dev/stdin); fi
	sql_here
	if sql_for_all "$sql" && [ "$#/$here" = "0/$sql_at" ] && read -r -t 0.2 -N 1 key <&"$sql_key"; then
		sql_ask "$sql" && return
		status=$?
	fi
	if [ "$status" = 100 ]; then
		said=$W/q.err.$BASHPID status=0
		psql_quiet "$@" 2>"$said" <<<"$sql" || status=$?
	fi
	[ "$status" = 0 ] || error "SQL failed: $(head -c 300 <<<"$sql")"$'\n'"$(cat "$said")"
	return "$status"
}

q_fails() {
	local said
	said=$(psql_quiet 2>&1 >/dev/null <<<"$2") && { note "no error from: $2" >&2; return 1; }
	[[ $said =~ ERROR:\ +$1: ]] || { note "$said" >&2; return 1; }
}

copy_files=(' STRATEGY file_copy' '')
# A copy of the files takes half of what a copy through the WAL does, where the server knows both.
db_new() {
	local version
	read -r version <"$PGTMP_DIR/data/PG_VERSION"
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE);
		CREATE DATABASE \"$1\" TEMPLATE template0${copy_files[version < 15]}" || bail_out "no database $1"
	export PGDATABASE=$1
	sql_follow
}

snap() {
	q "SELECT count(*), md5(string_agg(md5(r::text), '' ORDER BY md5(r::text))) FROM ($1) r"
}

server_set() {
	q "ALTER SYSTEM SET $1 = $2" && q 'SELECT pg_reload_conf()' >/dev/null
	sleep 0.2
}

log_mark() { log_from=$(($(wc -c <"$PGTMP_DIR/log") + 1)); }
log_since() { tail -c "+${log_from:-1}" "$PGTMP_DIR/log"; }

# ---- second sessions ----------------------------------------------------------------------

declare -A session_fd=() session_asked=()

session_open() {
	local fd
	mkfifo "$W/in.$1"
	: >"$W/session.$1"
	psql -XAtq <"$W/in.$1" >"$W/session.$1" 2>&1 &
	exec {fd}>"$W/in.$1"
	session_fd[$1]=$fd session_asked[$1]=0
}

session_send() {
	session_asked[$1]=$((session_asked[$1] + 1))
	printf '%s;\n\\echo done:%s\n' "$2" "${session_asked[$1]}" >&"${session_fd[$1]}"
}

session_said() { [[ $'\n'$(<"$W/session.$1")$'\n' == *$'\n'"done:${session_asked[$1]}"$'\n'* ]]; }

session_wait() {
	wait_for "${2:-60}" session_said "$1" ||
		error "session $1 did not answer"
}

session() { session_send "$1" "$2" && session_wait "$1"; }

session_close() {
	local fd=${session_fd[$1]}
	# \q and not only the end of file: later sessions hold this pipe open too
	(trap '' PIPE; echo '\q' >&"$fd") 2>/dev/null
	exec {fd}>&-
	unset "session_fd[$1]"
}

# ---- the program --------------------------------------------------------------------------

crash_ok=0

pgretain() { "$PGRETAIN" "$@"; }

run_pgretain() {
	sql_follow
	rc=0
	"$PGRETAIN" "$@" >"$W/out" 2>"$W/err" || rc=$?
	out=$(<"$W/out") err=$(<"$W/err")
	[[ $out != '{'* ]] || jq_follow
	[ "$crash_ok" = 0 ] || return 0
	[[ $rc -lt 70 && $err != *Sanitizer:* && $err != *"runtime error:"* ]] ||
		error "pgretain $* ended $rc: $(tail -n 30 "$W/err")"
}

# jq takes longer to start than to answer: one stays for the questions that are asked again and again, of
# a document that fits into a pipe. Question and document go in, an answer and a NUL come out. As with `q`
# a key says whose turn it is; who has none, or gets no answer, starts a jq of their own.
jq_pid='' jq_opened=0
jq_of='def of($r; $f): [.rules[] | select(.rule == $r)] |
	if length != 1 then error("\(length) rules \($r)") else .[0] end |
	if has($f) then .[$f] else error("no field \($f)") end;'
balance_filter='
	["deleted", "anonymized", "quarantined", "held", "blocked", "deferred", "failed", "skipped",
	 "changed"] as $parts | if (.rules | length) == 0 then "no rules" else .rules[] | . as $r |
	([$parts[] | $r[.]] + [.due]) as $n |
	if any($n[]; type != "number" or . < 0 or . != floor) then "\(.rule): not all counts: \($n)"
	elif .due != ([$parts[] | $r[.]] | add) then "\(.rule): due \(.due), parts \($n[:-1])"
	else empty end end'
jq_answers="$jq_of def balance: $balance_filter;"'inputs as $q | input as $d | try ($d |
	[if $q.path then getpath($q.path) elif $q.of then of($q.of[0]; $q.of[1])
	elif $q.balance then [balance] | join("; ")
	else .[$q.all][] | select(.[$q.where] == $q.is) | .[$q.field] end |
	if type == "string" then . elif type | . == "object" or . == "array" then error else tojson end] | "=" + join("\n"))
	catch "no", "\u0000"'

# The main shell's: one that runs.
jq_follow() {
	local fifo
	[ "$BASHPID" = $$ ] || return 0		# a subshell would take it along when it ends
	[ -z "$jq_pid" ] || ! kill -0 "$jq_pid" 2>/dev/null || return 0
	fifo=$W/jq.$((jq_opened += 1))
	mkfifo "$fifo.in" "$fifo.said" "$fifo.key" || bail_out 'no FIFO'
	exec {jq_in}<>"$fifo.in" {jq_said}<>"$fifo.said" {jq_key}<>"$fifo.key"
	jq --unbuffered -nj "$jq_answers" <"$fifo.in" >"$fifo.said" 2>/dev/null {jq_in}>&- {jq_said}>&- {jq_key}>&- &
	jq_pid=$!
	disown "$jq_pid"
	printf k >&"$jq_key"
}

jq_ask() {
	local key said
	[[ -n $jq_pid && ${#out} -lt 16000 && $out = '{'* ]] || return 1
	read -r -t 0.2 -N 1 key <&"$jq_key" || return 1
	printf '%s\n' "$1" "$out" >&"$jq_in"
	IFS= read -r -t 20 -d '' said <&"$jq_said" || return 1
	printf k >&"$jq_key"
	[ "${said:0:1}" = '=' ] && printf '%s\n' "${said:1}"
}

json() {
	local question=''
	if [[ $1 =~ ^(\.[a-z_]+)+$ ]]; then
		question=${1#.}
		question="{\"path\": [\"${question//./\",\"}\"]}"
	elif [[ $1 =~ ^\.([a-z_]+)\[\]\ \|\ select\(\.([a-z_]+)\ ==\ (\"[^\"\\]*\")\)\ \|\ \.([a-z_]+)$ ]]; then
		question='{"all": "'${BASH_REMATCH[1]}'", "where": "'${BASH_REMATCH[2]}'", "is": '${BASH_REMATCH[3]}'
			, "field": "'${BASH_REMATCH[4]}'"}'
	fi
	[ -n "$question" ] && jq_ask "$question" || jq -r "$1" <<<"$out" ||
		error "no such JSON: $1 in: $(head -c 300 <<<"$out")"
}

# a missing rule or field is an error, not an empty text
of() {
	[[ $1$2 =~ ^[A-Za-z0-9_.-]+$ ]] && jq_ask "{\"of\": [\"$1\", \"$2\"]}" ||
		jq -r --arg r "$1" --arg f "$2" "$jq_of of(\$r; \$f)" <<<"$out" ||
		error "of $1 $2: $(head -c 300 <<<"$out")"
}

confirmed_run() {
	local fp
	run_pgretain plan --format json "$@"
	plan_out=$out plan_rc=$rc
	case $rc in 0 | 2) ;; *) error "plan $* ended $rc: $err"; return 1 ;; esac
	[[ $out =~ \"fingerprint\"\ *:\ *\"([^\"]+)\" ]] || error "no fingerprint: $out"
	fp=${BASH_REMATCH[1]-}
	run_pgretain run --confirm "$fp" --format json "$@"
}

# for each document a line: empty, or what does not balance
balance_lines() { printf '%s\n' "$@" | jq -r "[$balance_filter] | join(\"; \")" 2>&1; }

balance() {
	local bad=()
	mapfile -t bad < <(jq_ask '{"balance": true}' || balance_lines "$out")
	balances "${bad[0]-no JSON}" "${1:-balance}"
}

balances() {
	if [ -z "$1" ]; then tap_result 0 "$2"; else
		tap_result 1 "$2"; note "$1" >&2; fi
}

idle_again() {
	local moved
	run_pgretain run --format json "$@"
	moved=$(json '[.rules[] | .deleted + .anonymized + .quarantined] | add // 0')
	if [ "$rc/$moved" = 0/0 ]; then tap_result 0 'one more run changes nothing'; else
		tap_result 1 'one more run changes nothing'; note "exit $rc, changed $moved; $err" >&2; fi
}

# ---- the vault ----------------------------------------------------------------------------

age() {
	local day=${2%%[ T]*}
	q "SET timezone = 'UTC'; SET search_path = pgretain_vault; SET client_min_messages = error;
	CREATE TABLE IF NOT EXISTS \"$1@${day//-/}\" PARTITION OF \"$1\" FOR VALUES FROM ('$day') TO (date '$day' + 1);
	UPDATE \"$1\" SET pgretain_purge_after = '$2' WHERE ${3:-true}"
}

# ---- configuration ------------------------------------------------------------------------

conf_new() {
	CONF=${1:-$W/conf}
	rm -rf "$CONF"
	mkdir -p "$CONF/tables" || bail_out "no directory $CONF"
	export PGRETAIN_CONFIG=$CONF/pgretain.cfg
	conf_limits 'max_percent = 100.0;'
	: >"$CONF/.classes"
	: >"$CONF/.rules"
	conf_write classes classes.cfg
	conf_write rules tables/t.cfg
}

conf_limits() {
	cat >"$PGRETAIN_CONFIG" <<-END
		databases = { t = { conninfo = "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE";
		                    tables = [ "tables/t.cfg" ]; }; };
		include = [ "classes.cfg" ];
		limits = { $1 };
	END
}

conf_write() { printf '%s = {\n%s\n};\n' "$1" "$(<"$CONF/.$1")" >"$CONF/$2"; }
conf_class() { echo "$1 = { $2 };" >>"$CONF/.classes"; conf_write classes classes.cfg; }
conf_rule() { echo "$1 = { $2 };" >>"$CONF/.rules"; conf_write rules tables/t.cfg; }
conf_add() { printf '%s\n' "$2" >>"$CONF/$1"; }

W=$(mktemp -d "$PGTMP_DIR/test.XXXXXX") || { echo 'Bail out! no work directory'; exit 255; }
trap tap_exit EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
[ -x "$PGRETAIN" ] || bail_out "no program $PGRETAIN: make first"
db_new t
