#!/usr/bin/env bash
# No room left: on the server, where table, vault or index lie; on this host, for the log outside and for reports.
# One clear sentence, nothing lost and nothing half done; with room again the next run completes. Full file systems
# are small tmpfs ones, which need the right to mount; a limit on the size of files needs none.
. "$(dirname "$0")/lib.sh"

conf_new
conf_limits 'max_percent = 100.0; lanes = 1; transaction_target = "20ms";'
conf_class c 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "anonymize";'
conf_rule doc 'table = "public.doc"; class = "c"; start = "at"; columns = { name = "tombstone"; id = "keep"; fat = "keep"; };'
conf_rule hit 'table = "public.hit"; class = "c"; start = "at"; action = "delete";'
run_pgretain init
q "CREATE TABLE doc (id int PRIMARY KEY, at timestamptz, name text, fat text DEFAULT repeat('x', 1500)); CREATE INDEX ON doc (name);
	CREATE TABLE hit (id int PRIMARY KEY, at timestamptz); INSERT INTO hit SELECT n, now() - interval '4 years' FROM generate_series(1, 500) n;
	INSERT INTO doc SELECT n, now() - CASE n % 2 WHEN 1 THEN interval '4 years' ELSE interval '1 year' END, 'n' || n FROM generate_series(1, 1500) n"
books() {
	is "$(q "SELECT count(*) FROM doc WHERE name IS DISTINCT FROM 'n' || id")/$((500 - $(q 'SELECT count(*) FROM hit')))" \
		"$(q "SELECT coalesce(sum(rows) FILTER (WHERE rule = 'doc'), 0) || '/' || coalesce(sum(rows) FILTER (WHERE rule = 'hit'), 0)
			FROM pgretain.ledger WHERE kind = 'batch'")" "$1: what was done is what the ledger says"
}
run_pgretain plan --format json
fp=$(json .fingerprint)

# ---- this host ----------------------------------------------------------------------------------------------------

for command in report metrics; do
	err=$(ulimit -f 0; exec "$PGRETAIN" "$command" --output "$W/report.txt" 2>&1)
	like "$err" 'report.txt could not be written: File too large' "$command: a file that may not grow, in a sentence"
	is "$(find "$W" -name 'report.txt*' | wc -l)" 0 "$command: no piece of it stays behind"
done

mount_full() {	# DIR: a file system of 1 MB, full
	mkdir -p "$1" && mount -t tmpfs -o size=1m tmpfs "$1" && mounted+=("$1") && dd if=/dev/zero of="$1/ballast" bs=4k 2>/dev/null
	[ -f "$1/ballast" ]
}
mounted=()
unmount() { local m; for m in "${mounted[@]}"; do umount -l "$m"; done; }
trap 'unmount; tap_exit' EXIT
if [ "$(id -u)" != 0 ] || ! mount_full "$W/small"; then
	echo "ok $((++tap_n)) # SKIP full file systems: no right to mount one here"
	done_testing
fi

run_pgretain report --output "$W/small/report.txt"
is "$rc" 1 'a report finds no room: exit 1'
like "$err" 'report.txt could not be (written|created): No space left' 'in a sentence'
is "$(ls "$W/small")" ballast 'and leaves nothing behind'

echo "replay_log = \"$W/small/replay\";" >>"$PGRETAIN_CONFIG"
run_pgretain plan --format json hit
hit=$(json .fingerprint)
run_pgretain run --confirm "$hit" --format json hit
isnt "$rc" 0 'the log outside finds no room'
like "$err" 'No space left' 'in a sentence'
books 'the log outside'
rm "$W/small/ballast"
run_pgretain run --confirm "$hit" --format json hit
is "$rc $(q 'SELECT count(*) FROM hit')" '0 0' 'with room again it completes' || note "$err"
books 'with room again'
run_pgretain ledger verify
is "$rc" 0 'ledger and log outside agree'

# ---- the server ---------------------------------------------------------------------------------------------------

mkdir "$W/ts" && mount -t tmpfs -o size=4m tmpfs "$W/ts" && mounted+=("$W/ts")
chmod 755 "$PGTMP_DIR" "$W"
chown "$(stat -c %U "$PGTMP_DIR/data")" "$W/ts"
q "CREATE TABLESPACE small LOCATION '$W/ts'"
q 'ALTER TABLE doc SET TABLESPACE small; ALTER INDEX doc_name_idx SET TABLESPACE small'
dd if=/dev/zero of="$W/ts/ballast" bs=4k count=$(($(df --output=avail -k "$W/ts" | tail -1) / 4 - 10)) 2>/dev/null
run_pgretain run --confirm "$fp" --format json
is "$rc" 2 'the server has no room: a human is needed' || note "$err"
is "$(of doc status) $(of hit status)" 'failed done' 'the rule has failed, and no other'
like "$(of doc reason)" 'disk full on the server' 'with the reason' || note "$(of doc reason)"
balance
books 'a full server'
rm "$W/ts/ballast"
q 'ALTER TABLE doc SET TABLESPACE pg_default; ALTER INDEX doc_name_idx SET TABLESPACE pg_default; DROP TABLESPACE small'
run_pgretain run --confirm "$fp" --format json
is "$rc $(q "SELECT count(*) FROM doc WHERE name = 'n' || id AND at < now() - interval '3 years 2 days'")" '0 0' 'with room again it completes'
books 'with room again'
idle_again

# ---- beside an archive ----------------------------------------------------------------------------------------------

B=$W/dumps
mkdir "$B" && mount -t tmpfs -o size=3m,mode=0700 tmpfs "$B" && mounted+=("$B")
conf_add pgretain.cfg "backups = { d = { kind = \"pg_dump\"; path = \"$B\"; pattern = \"*.dump\"; keep = \"9 days\"; rewrite = true; }; };"
q "INSERT INTO hit SELECT n, now() - CASE n % 2 WHEN 1 THEN interval '4 years' ELSE interval '1 year' END FROM generate_series(1, 30000) n"
pg_dump -Fc -Z0 --exclude-table-data=doc -f "$B/a.dump"
dump=$(sha256sum "$B/a.dump")
run_pgretain backup scan	# else nobody knows what it shows, and the small log outside would have to remember each row
run_pgretain run --format json hit
is "$rc $(of hit deleted)" '0 15000' 'rows that a dump still has'
dd if=/dev/zero of="$B/ballast" bs=4k count=$(($(df --output=avail -k "$B" | tail -1) / 4 - 25)) 2>/dev/null
run_pgretain backup scan
run_pgretain backup rewrite --format json
is "$rc $(json '.sets[0].status')" '2 failed' 'no room for the new archive: a human is needed'
like "$err" 'a.dump.*No space left' 'in a sentence'
is "$(sha256sum "$B/a.dump") $(ls -A "$B" | xargs)" "$dump a.dump ballast" 'the old one is as it was, and alone'
is "$(q "SELECT count(*) FROM pgretain.obligation WHERE cleared_at IS NULL")" 1 'and still holds the rows'
rm "$B/ballast"
run_pgretain backup rewrite --format json
is "$rc $(json '.sets[0].status')" '0 rewritten' 'with room again it is rewritten' || note "$err"
is "$(q "SELECT count(*) FROM pgretain.obligation WHERE cleared_at IS NULL")" 0 'and holds nothing'
done_testing
