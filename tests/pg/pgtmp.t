#!/usr/bin/env bash
# slow
# scripts/pgtmp leaves no process, file or shared memory behind, whatever ends it.
. "$(dirname "$0")/lib.sh"
pgtmp=$ROOT/scripts/pgtmp

# Processes of the cluster in DIR: by arguments (server, watchdog), environment, working directory.
processes_of() {
	pgrep -f -- "$1"
	grep -lzsxF "PGTMP_DIR=$1" /proc/[0-9]*/environ
	find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1*" 2>/dev/null
}

nothing_left() {
	local dir
	dir=$(cat "$W/dir") && [ -n "$dir" ] || { note 'the command never ran' >&2; return 1; }
	if [ ! -e "$dir" ] && [ -z "$(processes_of "$dir")" ]; then
		[ -z "$(cat "$W/shm")" ] || ! ipcs -m -i "$(cat "$W/shm")" 2>/dev/null | grep -q shmid=
	else
		return 1
	fi
}

# start_run CMD: CMD (shell text) in a cluster of its own, in the background and in a process group
# of its own as under a terminal; returns when CMD has told where it is. $job is pgtmp.
start_run() {
	rm -f "$W/dir" "$W/shm"
	set -m
	"$pgtmp" run -- sh -c "awk 'NR == 7 { print \$2 }' \"\$PGTMP_DIR/data/postmaster.pid\" >$W/shm
		echo \"\$PGTMP_DIR\" >$W/dir.new; mv $W/dir.new $W/dir; $1" >"$W/run.log" 2>&1 &
	job=$!
	set +m
	wait_for 60 test -s "$W/dir" || error "no cluster: $(cat "$W/run.log")"
}

end_run() { wait "$job" 2>/dev/null; status=$?; }

start_run 'psql -XAtqc "SELECT 6 * 7"; exit 7'
end_run
is "$status" 7 "the command's exit code"
is "$(cat "$W/run.log")" 42 "the command's output, and nothing else"
ok 'nothing left after a normal end' nothing_left

busy='sleep 1000 & setsid sleep 1001 & psql -c "SELECT pg_sleep(1002)"'
start_run "$busy"
kill -INT -- "-$job"
end_run
is "$status" 130 'Ctrl-C: the whole process group is interrupted'
ok 'nothing left after Ctrl-C' nothing_left

start_run "$busy"
sleep 0.3
kill -TERM "$job"
end_run
is "$status" 143 'SIGTERM ends it as that signal'
ok 'nothing left after SIGTERM' nothing_left

start_run "trap '' INT TERM HUP; $busy; sleep 1003; sleep 1004"
kill -HUP "$job"
end_run
is "$status" 129 'SIGHUP ends it as that signal'
ok 'nothing left, though the command ignores signals' nothing_left

start_run "$busy"
kill -KILL "$job"
end_run
ok 'nothing left after SIGKILL: the watchdog cleans up' wait_for 30 nothing_left

start_run 'kill -9 $(head -n 1 "$PGTMP_DIR/data/postmaster.pid"); exit 0'
end_run
ok 'nothing left after the server was killed' nothing_left

start_run "exec 2>&1; psql -XqAtc 'CREATE TABLE t AS SELECT 5 AS a'; $pgtmp crash \$PGTMP_DIR
	$pgtmp start \$PGTMP_DIR && psql -XqAtc 'SELECT a FROM t'
	$pgtmp start \$PGTMP_DIR/two -o '-c work_mem=7MB' && psql -XqAt -h \$PGTMP_DIR/two -c 'SHOW work_mem'"
end_run
is "$(cat "$W/run.log")" $'5\n7MB' 'the server can crash and start again, a second one too'
ok 'nothing left of both servers' nothing_left

out=$("$pgtmp" run -o '-c no_such_setting=1' -- touch "$W/ran" 2>&1) && error 'started with nonsense'
like "$out" 'no_such_setting' 'a server that does not start says why'
ok_not 'and the command is not run' test -e "$W/ran"
dir=$(grep -o '/tmp/pgr\.[A-Za-z0-9]*' <<<"$out" | head -n 1)
like "$dir" '^/tmp/pgr\.' 'it names its directory'
ok_not 'which is gone' test -e "$dir"
like "$(PGBIN=/nowhere "$pgtmp" run true 2>&1)" 'PGBIN=/nowhere' 'a wrong PGBIN is named'

own=$(mktemp -d /tmp/pgr.XXXXXX)
chmod 755 "$own" && echo mine >"$own/note"
ok 'start in a directory' "$pgtmp" start "$own" --durable
is "$(PGHOST=$own PGDATABASE=postgres q 'SHOW fsync')" on '--durable keeps fsync'
id='SELECT system_identifier FROM pg_control_system()'
isnt "$(PGHOST=$own PGDATABASE=postgres q "$id")" "$(q "$id")" 'no two clusters have one identifier'
PGHOST=$own PGDATABASE=postgres q 'CREATE TABLE kept AS SELECT 1 AS a'
ok 'stop --keep' "$pgtmp" stop "$own" --keep
ok 'start again' "$pgtmp" start "$own"
is "$(PGHOST=$own PGDATABASE=postgres q 'SELECT a FROM kept')" 1 'what was there is there'
ok 'stop' "$pgtmp" stop "$own"
is "$(ls -A "$own")" note 'stop removes the cluster and no other file'
is "$(processes_of "$own")" '' 'and no process is left'
rm -r "$own"

# A test file under prove, as `make check` runs it.
cat >"$W/slow.t" <<-END
	#!/usr/bin/env bash
	. "$ROOT/tests/pg/lib.sh"
	echo "\$PGTMP_DIR" >"$W/dir.new"; mv "$W/dir.new" "$W/dir"
	q 'SELECT pg_sleep(1005)'
	done_testing
END
chmod +x "$W/slow.t"
for how in '-INT -- -' '-TERM ' '-KILL '; do
	rm -f "$W/dir"; : >"$W/shm"
	set -m
	env -u PGTMP_DIR "$ROOT/scripts/check-pg" "$W/slow.t" >"$W/prove.log" 2>&1 &
	job=$!
	set +m
	wait_for 60 test -s "$W/dir" || error "$(cat "$W/prove.log")"
	# shellcheck disable=SC2086
	kill $how$job
	end_run
	isnt "$status" 0 "check-pg ends after kill $how"
	# killed, it can't wait for the tests to end
	ok 'and no test goes on' wait_for "$([ "$how" = '-KILL ' ] && echo 30 || echo 0)" nothing_left
done
done_testing
