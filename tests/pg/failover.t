#!/usr/bin/env bash
# A standby is promoted in the middle of a run: the run ends with a clear refusal and writes nothing there; nothing
# is lost, and once somebody has said that this is the ledger's home now, the next run completes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/run_lib.sh"
. "$(dirname "$0")/signals_lib.sh"

SB=$PGTMP_DIR/sb primary=$PGHOST
standby() {	# a streaming standby, synchronous: what was answered is there too
	rm -rf "$SB"
	mkdir -p "$SB"
	pg_basebackup -D "$SB/data" -c fast -R -X stream || bail_out 'no base backup'
	echo "unix_socket_directories = '$SB'" >>"$SB/data/postgresql.conf"
	[ "$(id -u)" != 0 ] || chown -R "$(stat -c %U "$PGTMP_DIR/data")" "$SB"
	chmod 700 "$SB/data"
	"$ROOT/scripts/pgtmp" start "$SB" || bail_out 'no standby'
	server_set synchronous_standby_names "'*'"
	wait_for 30 synchronous || bail_out 'the standby does not stream'
}
synchronous() { [ "$(q "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")" = 1 ]; }
replayed() { [ "$(PGHOST=$SB q 'SELECT coalesce(max(seq), 0) FROM pgretain.ledger')" = "$1" ]; }
promoted() { [ "$(PGHOST=$SB q 'SELECT pg_is_in_recovery()')" = f ]; }
both() { sed -i "s,host=[^ ]* port=[^ ]*,host=$primary\,$SB port=$PGPORT\,$PGPORT," "$PGRETAIN_CONFIG"; }

fixture
fresh
both
standby
ok 'the run halts in the middle' halted lane_committing:5 run --confirm "$fp" --format json
"$ROOT/scripts/pgtmp" crash "$PGTMP_DIR" 2>/dev/null
"$ROOT/scripts/pgtmp" start "$SB"
kill -CONT "$pid"
ok 'it has lost the server, and waits at the standby' wait_for 20 grep -q 'event=connection.lost\|event=lane.lost' "$W/bg.err"
sleep 0.5
ok_not 'and does not take it for the server' bg_over
told=$(now_ms)
PGHOST=$SB q 'SELECT pg_promote()' >/dev/null
export PGHOST=$SB
seq=$(q 'SELECT max(seq) FROM pgretain.ledger')
bg_end 40
isnt "$rc" 0 'then it ends'
like "$err" 'belongs to another timeline' 'with a clear refusal' || note "$err"
like "$err" 'do: .*init --adopt' 'and what to do'
is "$(q 'SELECT max(seq) FROM pgretain.ledger')" "$seq" 'without a word in the ledger of the other server'
books 'what is gone there is what the ledger there says'
run_pgretain run --confirm "$fp"
is "$rc" 1 'nor does another run begin'
like "$err" 'belongs to another timeline' 'for the same reason'
run_pgretain init --adopt
is "$rc" 0 'it is adopted'
act
is "$rc" 0 'the next run completes' || note "$err"
books 'its books'
done_well 'all that was due is gone'
"$ROOT/scripts/pgtmp" stop "$SB"
done_testing
