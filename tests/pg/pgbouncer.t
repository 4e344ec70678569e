#!/usr/bin/env bash
# pgbouncer in between: a pool in session mode works, every other mode is refused, and the backend that others
# share stays as it was.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/run_lib.sh"
. "$(dirname "$0")/signals_lib.sh"
command -v pgbouncer >/dev/null || bail_out 'no pgbouncer: scripts/setup installs it'

B=$PGTMP_DIR/b drop=() owner=$(stat -c %U "$PGTMP_DIR/data") group=$(stat -c %G "$PGTMP_DIR/data")
[ "$(id -u)" != 0 ] || drop=(setpriv "--reuid=$owner" "--regid=$group" --init-groups)	# it refuses root
bouncer() {	# EXTRA
	rm -rf "$B"
	mkdir "$B"
	cat >"$B/ini" <<-END
		[databases]
		session = host=$PGHOST port=$PGPORT dbname=t pool_mode=session
		narrow = host=$PGHOST port=$PGPORT dbname=t pool_mode=session pool_size=1
		transaction = host=$PGHOST port=$PGPORT dbname=t pool_mode=transaction
		statement = host=$PGHOST port=$PGPORT dbname=t pool_mode=statement
		[pgbouncer]
		listen_port = 6432
		unix_socket_dir = $B
		auth_type = trust
		auth_file = $B/users
		logfile = $B/log
		pidfile = $B/pid
		$1
	END
	echo '"postgres" ""' >"$B/users"
	[ "$(id -u)" != 0 ] || chown -R "$owner" "$B"
	"${drop[@]}" pgbouncer -q "$B/ini" >"$W/bouncer" 2>&1 &
	bouncer=$!
	wait_for 10 test -S "$B/.s.PGSQL.6432" || bail_out "no pgbouncer: $(cat "$W/bouncer")"
}
bouncer_end() { kill "$bouncer"; wait "$bouncer" 2>/dev/null; }
through() {	# POOL
	run_in_small_units
	sed -i "s,host=[^ ]* port=[^ ]*,host=$B port=6432,; s,dbname=[a-z]*,dbname=$1," "$PGRETAIN_CONFIG"
}
settings() {	# of the backend that the next client of that pool gets
	# not by q: a pool takes no PGOPTIONS
	PGHOST=$B PGPORT=6432 PGDATABASE=$1 psql -XAtq -v ON_ERROR_STOP=1 -c "SELECT pg_backend_pid(),
		md5(string_agg(name || coalesce(setting, ''), ',' ORDER BY name)) FROM pg_settings
		WHERE name NOT IN ('application_name', 'client_encoding')" || error "no settings of $1"
}

fixture
undisturbed
fresh
bouncer ''
for mode in transaction statement; do
	through $mode
	before=$(settings $mode)
	for command in plan 'run' 'quarantine purge' 'ledger verify' init; do
		run_pgretain $command
		is "$rc" 1 "$mode mode: $command is refused"
		like "$err" 'pooler in transaction or statement mode' 'with a clear sentence'
	done
	is "$(settings $mode)" "$before" "$mode mode: the shared backend has the settings it had"
done
through narrow
run_pgretain plan
is "$rc" 1 'a pool of one is refused'
like "$err" 'gives no second connection' 'with its reason'
through session
run_pgretain plan --format json
is "$rc $(json .fingerprint)" "0 $fp" 'session mode: the same plan'
ok 'a run halts' halted lane_dependent:2 run --confirm "$fp" --format json
run_pgretain run --confirm "$fp"
is "$rc" 1 'a second one is refused'
like "$err" 'another run.* is going on' 'by the lock of the first'
tell TERM
bg_end
is "$rc" 4 'a stop is obeyed'
books 'what is gone is in the ledger'
ok 'a run halts again' halted lane_apply:2 run --confirm "$fp" --format json
kill -9 "$pid"
wait "$pid" 2>/dev/null
act
is "$rc" 0 'and is completed by the next one after its death' || note "$err"
books 'its books'
is "$(run_final)" "$want" 'the end of an undisturbed run'
idle_again
bouncer_end
bouncer 'server_round_robin = 1
min_pool_size = 10'
through transaction
run_pgretain plan
is "$rc" 1 'transaction mode with its backends dealt in turn is refused'
bouncer_end
done_testing
