#!/usr/bin/env bash
# Physical backups for real: pgBackRest, Barman and pg_basebackup take backups of a cluster, rows are erased, backups
# expire. Expectations: which backup was complete before the erasure, and what the tool itself lists.
export TEST_TIMEOUT=${TEST_TIMEOUT:-900}		# the tools take their time
. "$(dirname "$0")/lib.sh"

P=$PGTMP_DIR/phys
install -d -m 700 "$P"
[ "$(id -u)" != 0 ] || chown postgres: "$P"
as_server() {
	local drop=()
	[ "$(id -u)" != 0 ] || drop=(setpriv --reuid=postgres --regid=postgres --init-groups)
	(cd "$P" && exec "${drop[@]}" env HOME="$P" LC_ALL=C "$@")
}
quietly() { "$@" >"$W/said" 2>&1 || { error "$* failed: $(tail -n 5 "$W/said")"; return 1; }; }
wrapper() {	# NAME COMMAND...: a program that drops root, as the tools refuse it
	local name=$1
	shift
	printf '#!/bin/sh\ncd %q && exec %s env HOME=%q %s "$@"\n' "$P" \
		"$([ "$(id -u)" != 0 ] || echo 'setpriv --reuid=postgres --regid=postgres --init-groups')" "$P" "$*" >"$P/bin/$name"
	chmod 755 "$P/bin/$name"
}

# ---- the tools ----
as_server mkdir -m 700 repo spool barman base bin
as_server tee pgbackrest.conf >/dev/null <<-END
	[global]
	repo1-path=$P/repo
	repo1-bundle=y
	repo1-retention-full=5
	log-level-file=off
	log-level-console=error
	lock-path=$P/spool
	spool-path=$P/spool
	start-fast=y
	compress-type=none
	[shop]
	pg1-path=$PGTMP_DIR/data
	pg1-socket-path=$PGTMP_DIR
	pg1-port=5432
END
as_server tee barman.conf >/dev/null <<-END
	[barman]
	barman_user = $(as_server id -un)
	barman_home = $P/barman
	log_file = $P/barman/log
	configuration_files_directory = $P/none
	[shop]
	description = "shop"
	conninfo = host=$PGHOST port=$PGPORT user=postgres dbname=postgres
	streaming_conninfo = host=$PGHOST port=$PGPORT user=postgres
	backup_method = postgres
	archiver = on
	path_prefix = $(dirname "$(command -v pg_basebackup)")
	immediate_checkpoint = true
END
wrapper pgbackrest pgbackrest
wrapper barman barman
as_server mkdir -p barman/shop/incoming
as_server tee archive-pgbackrest >/dev/null <<-END
	#!/bin/sh
	pgbackrest --config=$P/pgbackrest.conf --stanza=shop archive-push "\$1" && cp "\$1" $P/barman/shop/incoming/.new &&
		mv $P/barman/shop/incoming/.new $P/barman/shop/incoming/"\$(basename "\$1")"
END
as_server chmod 700 archive-pgbackrest
q "ALTER SYSTEM SET archive_mode = on"; q "ALTER SYSTEM SET archive_command = '$P/archive-pgbackrest %p'"
"$ROOT/scripts/pgtmp" crash "$PGTMP_DIR" && "$ROOT/scripts/pgtmp" start "$PGTMP_DIR" || bail_out 'no restart'
rest() { quietly "$P/bin/pgbackrest" --config="$P/pgbackrest.conf" --stanza=shop "$@"; }
barman() { quietly "$P/bin/barman" -q -c "$P/barman.conf" "$@"; }
base() { quietly as_server pg_basebackup -h "$PGHOST" -U postgres -c fast -D "$P/base/$1"; }
rest stanza-create
q 'SELECT pg_switch_wal()' >/dev/null		# barman wants to have seen a segment
arrived() { [ -n "$(ls "$P/barman/shop/incoming")" ]; }
wait_for 60 arrived || bail_out 'no WAL arrives'
barman cron

# ---- the shop ----
q "CREATE SCHEMA shop; CREATE TABLE shop.t (id int PRIMARY KEY, at timestamptz NOT NULL, v text);
   INSERT INTO shop.t SELECT i, now() - i * interval '30 days', 'x' FROM generate_series(1, 40) i"
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "shop.t"; class = "c"; start = "at";'
conf_add pgretain.cfg "backups = {
	rest = { kind = \"pgbackrest\"; stanza = \"shop\"; config = \"$P/pgbackrest.conf\"; program = \"$P/bin/pgbackrest\"; keep = \"30 days\"; };
	barman = { kind = \"barman\"; server = \"shop\"; config = \"$P/barman.conf\"; program = \"$P/bin/barman\"; keep = \"30 days\"; };
	base = { kind = \"pg_basebackup\"; path = \"$P/base\"; keep = \"7 days\"; }; };"
run_pgretain init
is "$rc" 0 'init'
scan() { run_pgretain backup scan --format json; }
states() { json "[.sets[] | select(.set | startswith(\"$1\")) | .state] | join(\" \")"; }

# ---- before ----
rest --type=full backup
barman backup shop
base b1
scan
is "$rc" 0 'all three are listed'
is "$(json '[.sets[].kind] | sort | unique | join(" ")')" 'barman pg_basebackup pgbackrest wal' 'with the WAL as an entry of its own'
is "$(json '[.sets[].state] | unique | join(" ")')" clean 'nothing was erased yet'
full1=$(json '.sets[] | select(.kind == "pgbackrest") | .id')
barman1=$(json '.sets[] | select(.kind == "barman") | .id')
is "$full1" "$("$P/bin/pgbackrest" --config="$P/pgbackrest.conf" --stanza=shop info --output=json | jq -r '.[0].backup[0].label')" \
	'the label is the tool'"'"'s'
run_pgretain backup show rest/"$full1" base/b1 --format json
is "$(json '[.sets[].timeline] | unique | join(" ")')" 1 'timeline'
is "$(json '.sets[] | select(.store == "rest") | .system_identifier')" \
	"$(q 'SELECT system_identifier FROM pg_control_system()')" 'whose cluster it is'
b1_stop=$(json '.sets[] | select(.store == "base") | .stop_lsn')
is "$b1_stop" "$(jq -r '."WAL-Ranges"[0]."End-LSN"' "$P/base/b1/backup_manifest")" 'its end in the WAL is the manifest'"'"'s'

# ---- an erasure, then new backups ----
confirmed_run
is "$rc" 0 'rows are erased'
rest --type=incr backup
rest --type=full backup
barman backup shop
base b2
kept=$("$P/bin/barman" -c "$P/barman.conf" -f json list-backups shop | jq -r '.shop[0].backup_id')
barman keep --target full shop "$kept"
scan
is "$rc" 0 'scan'
like "$(states rest/)" '^isolated clean clean (isolated|holds)$' 'pgBackRest: the first full and the WAL hold the rows'
like "$(states barman/)" '^isolated clean isolated$' 'Barman: likewise'
is "$(states base/)" 'isolated clean' 'pg_basebackup: likewise'
is "$(json '[.sets[] | select(.type == "incr")] | length')" 1 'the incremental one was made after: it contains the erasure'
is "$(json ".sets[] | select(.id == \"$kept\") | .until")" null 'a kept backup has no end'
like "$(json ".sets[] | select(.id == \"$kept\") | .findings | join(\" \")")" 'marked to be kept' 'and is flagged'
run_pgretain backup show rest --format json
is "$(json '.sets[] | select(.type == "incr") | .depends_on | join(" ")')" "$full1" 'and depends on the first full'
is "$(json ".sets[] | select(.id == \"$full1\") | .obligations | length")" 1 'one obligation'
lsn=$(json ".sets[] | select(.id == \"$full1\") | .obligations[0].lsn")
is "$(q "SELECT '$lsn'::pg_lsn > '$b1_stop'")" t 'the erasure lies behind the first backups'
run_pgretain backup list --format json
is "$(json ".sets[] | select(.id == \"$full1\") | .until | .[:10]")" \
	"$(date -u -d "$(json '[.sets[] | select(.kind == "pgbackrest" and .type == "full") | .stop] | max') 30 days" +%F)" \
	'the first full goes when the next one is 30 days old'
is "$(json '[.sets[] | select(.kind == "pgbackrest" and .type == "full")] | max_by(.stop) | .until')" null \
	'the newest has no end yet'

# ---- failures clear nothing ----
mv "$P/repo" "$P/repo.away"
mv "$P/barman.conf" "$P/barman.conf.away"
mv "$P/base/b2/backup_manifest" "$P/m"; sed 's/"Size": /"Size":  /' "$P/m" >"$P/base/b2/backup_manifest"
scan
is "$rc" 2 'two stores can not be listed'
is "$(json '[.stores[] | select(.trouble != null) | .store] | join(" ")')" 'rest barman' 'and are named'
like "$(json '.stores[] | select(.store == "barman") | .trouble')" 'barman' 'with the tool'"'"'s own words'
is "$(q "SELECT count(*) FROM pgretain.obligation WHERE cleared_at IS NOT NULL")" 0 'nothing is cleared'
is "$(states base/)" 'isolated isolated' 'a manifest that does not fit its checksum proves nothing'
mv "$P/repo.away" "$P/repo"; mv "$P/barman.conf.away" "$P/barman.conf"; mv "$P/m" "$P/base/b2/backup_manifest"

# ---- expiry ----
rest --repo1-retention-full=1 expire
barman delete shop "$barman1"
rm -r "$P/base/b1"
scan
is "$rc" 0 'scan after the first backups have expired'
is "$(json '[.sets[] | select(.state == "isolated" or .state == "holds" or .state == "overdue") | .set] | join(" ")')" '' 'nothing holds the rows any more'
is "$(q "SELECT string_agg(s.store || '/' || s.name, ' ') FROM pgretain.obligation o
	JOIN pgretain.backup_set s ON s.id = o.set_id WHERE o.cleared_at IS NULL")" '' 'all obligations are settled'
is "$(q "SELECT string_agg(DISTINCT how, ' ') FROM pgretain.obligation")" expired 'because they expired'
is "$(q "SELECT count(*) FROM pgretain.obligation WHERE evidence->>'listing' !~ '^sha256:'")" 0 'with evidence'
oldest=$("$P/bin/pgbackrest" --config="$P/pgbackrest.conf" --stanza=shop info --output=json | jq -r '.[0].archive[-1].min')
run_pgretain backup show rest/wal-15-1 --format json
is "$(q "SELECT pg_walfile_name('$(json '.sets[0].start_lsn')'::pg_lsn + 1)")" "$oldest" 'the WAL entry begins where the archive does'

run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
done_testing
