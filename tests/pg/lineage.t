#!/usr/bin/env bash
# Whose past the ledger tells: restored, cloned, put back; the head outside the database.
: "${TEST_TIMEOUT:=600}"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ledger_lib.sh"

q 'CREATE ROLE plain'
new_db chain
shop
run_pgretain init
is "$rc" 0 'init'
fill

# ---- dump and restore under other settings and in another encoding ------------------------

restore() { # NAME OPTIONS-OF-CREATE-DATABASE
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS $1 WITH (FORCE); CREATE DATABASE $1 TEMPLATE template0 $2;
		ALTER DATABASE $1 SET TimeZone = 'Australia/Lord_Howe'; ALTER DATABASE $1 SET DateStyle = 'SQL, DMY';
		ALTER DATABASE $1 SET extra_float_digits = 0; ALTER DATABASE $1 SET bytea_output = 'escape'"
	PGTZ=Asia/Kathmandu PGDATESTYLE=German pg_dump chain | PGDATABASE=$1 q >/dev/null
	export PGDATABASE=$1
	configure
}
lineage=$(q 'SELECT lineage FROM pgretain.lineage')
for encoding in UTF8 LATIN1; do
	restore restored "ENCODING $encoding"
	run_pgretain --format json ledger verify
	is "$rc $(json .entries)" '0 7' "dumped and restored ($encoding, other TimeZone, DateStyle): whole"
done
run_pgretain init
is "$rc" 1 'a restored database is refused'
like "$err" 'replay first' 'with what to do'
is "$(entries)" 7 'and nothing is written'
run_pgretain init --adopt
is "$rc" 0 'until it is adopted'
is "$(q 'SELECT count(DISTINCT lineage), count(*) FILTER (WHERE lineage = '"'$lineage'"')
	FROM pgretain.lineage')" '2|1' \
	'with a lineage of its own'
run_pgretain --format json ledger verify
is "$rc $(json .entries)" '0 8' 'the chain goes on, and tells of it'
is "$(q "SELECT kind || action || (detail::jsonb->>'before') FROM pgretain.ledger ORDER BY seq DESC LIMIT 1")" \
	"lineageadopt$lineage" 'in an entry that names the lineage before'
run_pgretain init
is "$rc" 0 'from then on it is at home'

# A dump into a cluster where the roles' rights were lost.
q "REVOKE ALL ON ALL TABLES IN SCHEMA pgretain FROM $runner; REVOKE ALL ON SCHEMA pgretain FROM $runner;
	GRANT EXECUTE ON FUNCTION pgretain.append TO PUBLIC"
run_pgretain init
ok 'init gives lost rights again' q \
	"$(as $runner "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")"
is "$(q "SELECT has_function_privilege('plain', oid, 'EXECUTE') FROM pg_proc
	WHERE proname = 'append' AND pronamespace = 'pgretain'::regnamespace")" \
	f 'and takes away what nobody should have'

# ---- clone --------------------------------------------------------------------------------

PGDATABASE=postgres q 'CREATE DATABASE clone TEMPLATE chain'
export PGDATABASE=clone
configure
run_pgretain init
is "$rc" 1 'a clone (createdb -T) is refused'
like "$err" 'another database \(oid\)' 'by its oid'
like "$err" 'init --adopt' 'with the way out'
run_pgretain init --adopt
is "$rc" 0 'and adopted'
for what in system_identifier timeline; do
	q "UPDATE pgretain.lineage SET $what = $what + 1 WHERE id = (SELECT max(id) FROM pgretain.lineage)"
	run_pgretain init
	is "$rc" 1 "another $what is refused"
	q "UPDATE pgretain.lineage SET $what = $what - 1 WHERE id = (SELECT max(id) FROM pgretain.lineage)"
done
run_pgretain init
is "$rc" 0 'its own is not'
export PGDATABASE=chain
configure
run_pgretain init
is "$rc" 0 'the original is as before'

# ---- the head outside ---------------------------------------------------------------------

new_db outside
log=$W/heads.replay
with_log() { conf_add pgretain.cfg "replay_log = \"$log\";"; }
with_log
run_pgretain init
is "$rc" 0 'init with a log outside'
is "$(stat -c %a "$log")" 600 'which only its owner may read'
is "$(jq -r '"\(.kind) \(.lineage) \(.seq) \(.hash)"' "$log")" \
	"head $(q "SELECT lineage, (SELECT seq || ' sha256:' || encode(hash, 'hex')
		FROM pgretain.ledger_head) FROM pgretain.lineage" | tr '|' ' ')" \
	'and names lineage, number and hash'
run_pgretain init
is "$(wc -l <"$log")" 1 'the same head is not written twice'
fill
run_pgretain init
is "$(wc -l <"$log")" 2 'a newer one is'
run_pgretain ledger verify
is "$rc" 0 'whole, log and all'

mv "$log" "$log.away"
run_pgretain init
is "$rc" 1 'a log that has been kept and is missing is refused'
like "$err" 'missing' 'by its reason'
run_pgretain ledger verify
is "$rc" 2 'and verify says so too'
: >"$log"
run_pgretain init
is "$rc" 1 'an empty one is refused'
head -c -20 "$log.away" >"$log"
for command in init 'ledger verify'; do
	run_pgretain $command
	is "$rc" 1 "one with a cut last line is refused by $command"
	like "$err" 'heads\.replay:2' 'with the line'
done
sed 's/sha256:./sha256:x/' "$log.away" >"$log"
run_pgretain init
is "$rc" 1 'one with another hash is refused'
like "$err" 'heads\.replay:2' 'with the line'
run_pgretain ledger verify
is "$rc" 1 'by verify too'
cp "$log.away" "$log"
run_pgretain init
is "$rc" 0 'the log put back: at home again'

# Rewritten as only a superuser can: newest entries removed, head set back. The database alone is whole.
keep=$(wc -c <"$log")
q "ALTER TABLE pgretain.ledger DISABLE TRIGGER ALL; DELETE FROM pgretain.ledger WHERE seq > 5;
	UPDATE pgretain.ledger_head SET (seq, hash) = (SELECT seq, hash FROM pgretain.ledger WHERE seq = 5);
	ALTER TABLE pgretain.ledger ENABLE ALWAYS TRIGGER append_only"
run_pgretain --format json ledger verify
is "$rc $(json .broken.seq)" '2 6' \
	'newest entries removed and the head set back: the log outside knows'
run_pgretain init
is "$rc" 1 'and everything that acts is refused'
is "$(wc -c <"$log")" "$keep" 'the log does not go back'

# A whole cluster put back from a file copy: same identifier, oid and timeline, older ledger.
new_db restored2
log=$W/heads2.replay
with_log
run_pgretain init
pgtmp() { "$ROOT/scripts/pgtmp" "$@"; }
pgtmp stop "$PGTMP_DIR" --keep
cp -a "$PGTMP_DIR/data" "$PGTMP_DIR/backup"
pgtmp start "$PGTMP_DIR"
fill
run_pgretain init
is "$rc" 0 'the database goes on after its backup'
pgtmp stop "$PGTMP_DIR" --keep
rm -rf "$PGTMP_DIR/data"
mv "$PGTMP_DIR/backup" "$PGTMP_DIR/data"
pgtmp start "$PGTMP_DIR"
run_pgretain init
is "$rc" 1 'put back from its backup it is refused'
like "$err" 'older than its log' 'because the log outside is ahead'
run_pgretain ledger verify
is "$rc" 2 'verify: newer entries are missing'
fill
fill
run_pgretain init
is "$rc" 1 'a past that has gone another way meanwhile is refused as well'
run_pgretain init --adopt
is "$rc" 0 'adopted, it starts a head of its own in the log'
run_pgretain ledger verify
is "$rc" 0 'and is whole'
done_testing
