#!/usr/bin/env bash
# The catalogue of dumps: which of them hold erased rows, what clears that and what does not. Case C92: older than declared.
. "$(dirname "$0")/lib.sh"

q "CREATE SCHEMA shop; CREATE TABLE shop.t (id int PRIMARY KEY, at timestamptz NOT NULL, v text);
   INSERT INTO shop.t SELECT i, now() - i * interval '30 days', 'x' FROM generate_series(1, 40) i"
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "shop.t"; class = "c"; start = "at";'
O=$(mktemp -d /tmp/pgretain-dumps.XXXXXX) && chmod 755 "$O"	# the work directory is closed to others
trap 'ended=$?; rm -rf "$O"; (exit $ended); tap_exit' EXIT
B=$O/dumps
mkdir -m 700 "$B"
run_pgretain init
is "$rc" 0 'init'

run_pgretain backup scan
is "$rc" 1 'without section backups there is nothing to scan'
like "$err" 'no_backups' 'and the way out is named'
run_pgretain backup list
is "$rc" 0 'but one may look'

conf_add pgretain.cfg "backups = { nightly = { kind = \"pg_dump\"; path = \"$B\"; pattern = \"*.dump*\"; keep = \"35 days\"; }; };"
state() { json "[.sets[] | select(.set == \"nightly/$1\")] | if length == 0 then \"absent\" else map(.state) | join(\" \") end"; }
field() { json ".sets[] | select(.set == \"nightly/$1\") | .$2"; }
scan() { run_pgretain backup scan --format json; }

run_pgretain backup list --format json
is "$rc $(json '.stores[0].listing')" '0 never' 'a store that was never listed is shown as that'
run_pgretain check --format json
like "$(json '.findings[] | select(.id == "backup-listing") | .place + .message')" 'pgretain.cfg:[0-9]+: .*was never listed' 'by check as well'
run_pgretain report --format json
is "$(json '.backups | map(.store + " " + .trouble) | join("")')" 'nightly was never listed: pgretain backup scan' 'and by the report'
scan
is "$rc $(json '.stores[0].listing, .stores[0].trouble' | head -1)" '2 failed' 'an empty folder is no good listing'

pg_dump -Fc -f "$B/a.dump"
pg_dump -Fp -n shop -f "$B/b.dump"
pg_dump -Fc -f "$B/c.dump.gpg" && : >"$B/c.dump.sha256"
scan
is "$rc" 0 'scan ends well'
is "$(json .schema)" pgretain.backups/1 'schema'
is "$(json '[.sets[].id] | join(" ")')" 'a.dump b.dump c.dump.gpg' 'archives, without what accompanies them'
is "$(state a.dump) $(state b.dump)" 'clean clean' 'before an erasure nothing is held'
is "$(field a.dump stop)" "$(date -u -r "$B/a.dump" +%Y-%m-%dT%H:%M:%S)$(date -r "$B/a.dump" +.%N | cut -c1-7 | sed 's/0*$//; s/\.$//')Z" 'complete when the file was'
is "$(field a.dump until | cut -c1-10)" "$(date -u -d "$(date -u -r "$B/a.dump" '+%F %T') 35 days" +%F)" 'kept for 35 days'

confirmed_run
erased=$(of t deleted)
is "$erased" "$(q "SELECT 40 - count(*) FROM shop.t")" 'rows are erased'
pg_dump -Fc -f "$B/d.dump"
pg_dump -Fd -f "$B/e.dump"
pg_dump -Fp -n shop -f "$B/f.dump"
run_pgretain backup list --format json
is "$(state a.dump)" clean 'list looks at the catalogue alone'
scan
is "$(state a.dump) $(state b.dump)" 'isolated isolated' 'dumps from before hold the rows; nobody else can enter the folder'
is "$(state d.dump) $(state e.dump)" 'clean clean' 'a dump whose own ledger has the run contains the erasure'
is "$(state f.dump)" isolated 'a dump without the ledger, made at nearly the same time, counts as holding them'
is "$(field a.dump requests) $(field a.dump runs)" '0 1' 'of no request, of one run'
is "$(q "SELECT count(*), sum(rows) FROM pgretain.erasure")" "1|$erased" 'one line a run, with its rows'
is "$(q "SELECT lsn <= pg_current_wal_insert_lsn() AND at <= clock_timestamp() AND last_seq =
	(SELECT max(seq) FROM pgretain.ledger WHERE kind = 'batch') FROM pgretain.erasure")" t 'and where it was over'

chmod 755 "$B"; chmod 644 "$B/a.dump"
scan
is "$(state a.dump)" holds 'a file that others can read is not isolated'
like "$(field a.dump 'findings | join("; ")')" 'can read it.*mode 0644.*not encrypted' 'and that is said'
found() { json "[.findings[] | select(.id == \"$1\") | .place + \" \" + .message] | join(\"; \")"; }
run_pgretain check --format json
like "$(found backup-isolation)" 'pgretain.cfg:[0-9]+: .*backups "nightly" 5 backup\(s\), such as a.dump: group or others can read it' \
	'check says so too, with its place'
is "$(found backup-listing)" '' 'and nothing of the listing, which was good'
run_pgretain report --format json
is "$(json '.backups | map([.store, .sets, .holds, .isolated, .overdue, .requests] | @json) | join(" ")')" '["nightly",6,4,1,0,0]' \
	'the report counts them'
is "$(json '.backups[0].until')" "$(q "SELECT to_char(max(until) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM pgretain.backup_state
	WHERE open > 0" | sed 's/0*$//; s/\.$//')Z" 'with the last date'
like "$(json '.backups[0].findings | join("; ")')" '5 backup\(s\): group or others can read it' 'and what is not as it should be'
for f in text html; do
	run_pgretain report --format $f
	like "$out" 'Backups that hold erased rows' "$f"
	like "$out" 'nightly: 5 backup\(s\): group or others can read it' "$f: the finding"
done
chmod 700 "$B"
run_pgretain check --format json
like "$(found backup-isolation)" 'can read it' 'it stands until the next listing'
scan
run_pgretain check --format json
is "$(found backup-isolation)" '' 'and goes with it'

touch -d '60 days ago' "$B/b.dump"
scan
is "$rc $(state b.dump)" '2 overdue' '60 days old where 35 are declared: overdue, for a human'
is "$(json .exit)" 2 'the same in the JSON'
run_pgretain backup list
is "$rc" 2 'in the list too'
like "$out" 'nightly/b.dump .*overdue' 'which names it'
run_pgretain check --format json
like "$(found backup-isolation)" 'such as b.dump: still there beyond its date: it is said to be kept for 35 days' 'and in check'

# ---- what clears and what does not ----
open_of() { q "SELECT count(*) FROM pgretain.obligation o JOIN pgretain.backup_set s ON s.id = o.set_id
	WHERE s.name = '$1' AND o.cleared_at IS NULL"; }
mv "$B" "$B.away"
scan
is "$rc $(open_of a.dump)" '2 1' 'a folder that is not there clears nothing'
run_pgretain check --format json
like "$(found backup-listing)" 'backups "nightly" folder .* can.t be read' 'check tells of a listing that failed'
mkdir "$B"
scan
is "$rc $(open_of a.dump)" '2 1' 'an empty one neither: perhaps nothing is mounted there'
rmdir "$B"; mv "$B.away" "$B"
mv "$B/a.dump" "$B/moved.dump"
scan
is "$(state a.dump) $(state moved.dump) $(open_of moved.dump)" 'absent isolated 1' 'a renamed file is the same backup'
rm "$B/moved.dump"
scan
is "$(state moved.dump) $(open_of moved.dump)" 'cleared 0' 'what is gone from a good listing is cleared'
is "$(q "SELECT o.how, o.evidence->>'listing' ~ '^sha256:[0-9a-f]{64}\$' FROM pgretain.obligation o
	JOIN pgretain.backup_set s ON s.id = o.set_id WHERE s.name = 'moved.dump'")" 'expired|t' 'with the listing as evidence'
is "$(q "SELECT detail::jsonb #>> '{gone,0,set}' FROM pgretain.ledger WHERE kind = 'backup' ORDER BY seq DESC LIMIT 1")" \
	moved.dump 'and an entry of the ledger'
is "$(state c.dump.gpg)" isolated 'what is encrypted from outside tells nothing: it holds'
rm "$B/b.dump" "$B/f.dump" "$B/c.dump.gpg"
scan
is "$rc $(json '[.sets[] | select(.state != "clean" and .state != "cleared")] | length')" '0 0' 'in the end nothing holds anything'

# ---- archives that nobody can read ----
head -c 300 "$B/d.dump" >"$B/cut.dump"
scan
is "$(state cut.dump)" isolated 'an archive that can not be read counts as holding everything'
like "$(field cut.dump reason)" "can't be read" 'and says so'
cp "$B/d.dump" "$B/cut.dump"
scan
is "$(state cut.dump)" clean 'a file of that name with other bytes is another backup'

run_pgretain backup show nightly/d.dump
is "$rc" 0 'show'
like "$out" 'ledger_seq +[0-9]+' 'tells the newest entry inside'
run_pgretain backup show nightly/nothing
is "$rc" 1 'no such set'
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
done_testing
