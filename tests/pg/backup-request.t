#!/usr/bin/env bash
# A request and the backups made before it: it waits for them, its certificate names them, and it is complete when the
# last one is gone from a whole listing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
B=$W/dumps
mkdir -m 700 "$B"
grep -v no_backups "$CONF/subjects.cfg" >"$W/s" && mv "$W/s" "$CONF/subjects.cfg"
q "DELETE FROM s.items; DELETE FROM s.orders; DELETE FROM s.devices"	# nothing that a floor keeps
state() { q "SELECT state FROM pgretain.request WHERE id = '$1'"; }
erase() { request "$1"; approved "$id"; run_pgretain erase "$id" --format json; }

# ---- nobody has said where backups are ----
erase 3; third=$id
is "$rc $(state "$third")" '0 backup_pending' 'without a word on backups a request stays pending'
run_pgretain request certificate "$third" --format json
is "$(json '.certificate, .backups_state' | tr '\n' ' ')" 'interim not catalogued ' 'and its certificate says why'

# ---- a folder of dumps ----
conf_add pgretain.cfg "backups = { nightly = { kind = \"pg_dump\"; path = \"$B\"; keep = \"35 days\"; }; };"
pg_dump -Fc -f "$B/before.dump"
run_pgretain backup scan
is "$rc" 0 "scan $err"
is "$(state "$third")" completed 'a dump made after the erasure is no reason to wait: complete with the first listing'
like "$out" "request $third is complete" 'the scan says so'
is "$(q "SELECT count(*) FROM pgretain.request_frozen WHERE request = '$third'")" 0 'what was frozen is forgotten'

erase 1; first=$id
is "$rc $(state "$first")" '0 backup_pending' 'a request after the dump waits'
is "$(json '.requests[0].state')" backup_pending 'erase says so'
run_pgretain request show "$first" --format json
is "$(json '.backups | map(.set + " " + .state) | join(" ")')" 'nightly/before.dump isolated' 'show names the dump at once, before any new listing'
is "$(json .final)" false 'not final'
run_pgretain request certificate "$first" --format json
is "$rc $(json .certificate)" '0 interim' 'the certificate is interim'
is "$(json '.backups[0].until[:10]')" "$(date -u -d "$(date -u -r "$B/before.dump" '+%F %T') 35 days" +%F)" 'until the dump is 35 days old'
like "$(json .backups_state)" '^1 hold these rows; not listed since: nightly$' 'and what it waits for'
run_pgretain request certificate "$first"
like "$out" 'backups +nightly/before.dump: isolated until ' 'in the text too'

erase 2; second=$id
run_pgretain backup scan --format json
is "$(json '.sets[] | select(.id == "before.dump") | .requests')" 2 'one dump, two requests'
is "$(json '.completed | length') $(state "$first")" '0 backup_pending' 'a listing that still has it completes nothing'

# ---- it goes ----
mv "$B/before.dump" "$W/"
run_pgretain backup scan
is "$rc $(state "$first")" '2 backup_pending' 'the folder is empty: that proves nothing'
pg_dump -Fc -f "$B/after.dump"
mkdir "$CONF/jobs"
echo 'job = { name = "b"; schedule = "0 6 * * *"; zone = "UTC"; database = "t"; steps = [ "backups", "report" ]; };' >"$CONF/jobs/b.cfg"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
run_pgretain run --job b
is "$rc" 0 "the job's step lists them anew $err"
is "$(state "$first") $(state "$second")" 'completed completed' 'both are complete'
run_pgretain request certificate "$first" --format json
is "$(json '.certificate, .final, .backups_state' | tr '\n' ' ')" 'final true none holds these rows ' 'the certificate is final'
is "$(json '.backups | map(.state + " " + .reason) | join(" ")')" 'cleared expired' 'and says how it was cleared'
is "$(json '.backups[0].cleared_at > .executed')" true 'and when'
run_pgretain request certificate "$first" --output "$W/final.txt"
run_pgretain request certificate --verify "$W/final.txt"
is "$rc" 0 'the ledger knows it'

# ---- it comes back ----
mv "$W/before.dump" "$B/"
run_pgretain backup scan --format json
is "$(json '.sets[] | select(.id == "before.dump") | .state, .requests' | tr '\n' ' ')" 'isolated 2 ' 'a dump that is there again holds them again'

touch -d '60 days ago' "$B/before.dump"
run_pgretain run --job b
is "$rc" 2 'a dump beyond its date: the job asks for a human'
like "$(q "SELECT detail FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb->>'event' = 'end' ORDER BY seq DESC LIMIT 1")" \
	'"exit": ?2' 'and its end says so'
ok_not 'no value of a column is in the ledger' grep -qE 'ex\.test|1390000|Name 1' <(q "SELECT l FROM pgretain.ledger l")
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
done_testing
