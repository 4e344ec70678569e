#!/usr/bin/env bash
# No race between holds and what destroys (domain.md 5): a hold waits for the batch in flight, the next batch
# sees it, and what a run found held stays until the next one. The same course of events without the lock
# destroys a held row: the test would notice.
. "$(dirname "$0")/lib.sh"

policy() {
	conf_new
	conf_limits 'max_percent = 100.0; lanes = 1; transaction_target = "1ms"; lock_timeout = "20s";'
	conf_class c 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	conf_rule doc 'table = "public.doc"; class = "c"; start = "at";'
}

# course NAME: a batch is stopped between its hold test and its commit; meanwhile a hold is placed on one of its
# rows. Sets $waited (did the hold wait?) and $violated (is the row gone although the hold was there before?).
course() {
	session_open gate
	session_open clerk
	session gate 'SELECT pg_advisory_lock(4711)'
	"$PGRETAIN" run >"$W/run.out" 2>"$W/run.err" & pid=$!
	wait_for 60 blocked || error "$1: the batch does not wait: $(tail -n 3 "$W/run.err")"
	session_send clerk "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
		VALUES (gen_random_uuid(), 'rows', 'doc', 'id IN (1, 399)', 'case 1', 'anna')"
	wait_for 2 grep -qx "done:1" "$W/session.clerk" && waited=no || waited=yes
	placed_before=$(q 'SELECT count(*) FROM pgretain.hold')
	there_before=$(q 'SELECT count(*) FROM doc WHERE id = 1')
	session gate 'SELECT pg_advisory_unlock(4711)'
	session_wait clerk
	wait $pid; rc=$?
	# the hold was in force while the row was there, and the row went after that
	[ "$placed_before/$there_before/$(q 'SELECT count(*) FROM doc WHERE id = 1')" = 1/1/0 ] &&
		violated=yes || violated=no
	session_close gate
	session_close clerk
	rm -f "$W/in.gate" "$W/in.clerk"
}
blocked() { [ "$(q "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711
	AND NOT granted")" = 1 ]; }

world() {
	db_new "$1"
	policy
	run_pgretain init
	q "CREATE TABLE doc (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 1900));
		INSERT INTO doc SELECT n, now() - interval '4 years' FROM generate_series(1, 400) n;
		CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
			PERFORM pg_advisory_xact_lock(4711); RETURN OLD; END \$\$;
		CREATE TRIGGER gate BEFORE DELETE ON doc FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION gate();
		GRANT EXECUTE ON FUNCTION gate TO PUBLIC"
	run_pgretain plan --format json
	fp=$(json .fingerprint)
	# confirmed by a run that has nothing to do
	q 'CREATE TABLE kept AS TABLE doc; DELETE FROM doc WHERE id <> 1; UPDATE doc SET at = now()'
	run_pgretain run --confirm "$fp"
	is "$rc" 0 "$1: confirmed"
}

refill() { q 'ALTER TABLE doc DISABLE TRIGGER gate; DELETE FROM doc; INSERT INTO doc TABLE kept;
	ALTER TABLE doc ENABLE TRIGGER gate'; }

world locked
refill
course 'with the lock'
is "$waited" yes 'a hold waits for the batch in flight'
is "$violated" no 'nothing goes that was held before'
is "$rc $(q 'SELECT array_agg(id ORDER BY id) FROM doc')" '0 {399}' 'the next batch sees it'
is "$(q "SELECT count(DISTINCT detail::jsonb ->> 'epoch') > 1 FROM pgretain.ledger
	WHERE kind = 'batch'")" t 'the batches record both epochs'

world unlocked
q "CREATE OR REPLACE FUNCTION pgretain.hold_lock_shared() RETURNS bigint LANGUAGE sql AS
	'SELECT epoch FROM pgretain.hold_epoch'"
refill
course 'without the lock'
is "$waited $violated" 'no yes' 'without the lock a held row goes: this test would notice'

# ---- a release in the middle of a run ----------------------------------------------------------------------

world released
refill
h=$(pgretain hold add --scope 'rows=doc:id = 399' --reason 'case 2' 2>/dev/null)
session_open gate
session gate 'SELECT pg_advisory_lock(4711)'
"$PGRETAIN" run --format json >"$W/run.out" 2>"$W/run.err" & pid=$!
wait_for 60 blocked || error 'the batch does not wait'
"$PGRETAIN" hold release "$h" >/dev/null 2>&1 & releasing=$!
sleep 1
is "$(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" active 'a release waits for the batch, too'
session gate 'SELECT pg_advisory_unlock(4711)'
wait $releasing; released=$?
wait $pid; rc=$?
is "$released $(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" '0 released' 'then it is done'
is "$rc $(q 'SELECT array_agg(id) FROM doc') $(jq '.rules[0].held' "$W/run.out")" '0 {399} 1' \
	'what a run found held it leaves to the next one'
run_pgretain run --format json
is "$rc $(of doc deleted) $(q 'SELECT count(*) FROM doc')" '0 1 0' 'which takes it'
done_testing
