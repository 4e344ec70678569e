#!/usr/bin/env bash
# Erasure on demand: what is decided for each row, what is done, what is counted. Expectations are worked out from
# the law's text in plain SQL, and written beside the rows.
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/erase_lib.sh"

erase_shop

q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
	VALUES (gen_random_uuid(), 'rows', 'orders', 'id = 17', 'case 1', 'x')"
before=$(others)
visits=$(q 'SELECT count(*) FROM s.visits WHERE account_id = 1')
request 1
run_pgretain request assess "$id" --format json
is "$rc" 0 "assess $err"
is "$(json .state)" awaiting_approval 'an assessed request waits for approval'
#                              matched erased anon quar deferred held retained not_found failed
is "$(parts orders)" '6 0 2 0 3 1 0 0 0' \
	'orders: 10 and 13 now; 11, 12 and 16 wait; 17 is held; 14 is another'\''s by then'
is "$(parts items)" '12 0 4 0 6 2 0 0 0' 'items go with their orders'
is "$(parts visits)" "$visits $visits 0 0 0 0 0 0 0" 'no floor: at once, with or without a start'
is "$(parts shares)" '1 1 0 0 0 0 0 0 0' 'a polymorphic reference, the account'\''s alone'
is "$(parts devices)" '3 0 3 0 0 0 0 0 0' 'shared rows stay and lose the link'
is "$(item devices 'grounds[0].code')" G7 'for the others'\'' sake'
is "$(parts accounts)" '1 0 0 0 1 0 0 0 0' 'the account waits for its orders'
is "$(item orders 'grounds[] | select(.code == "G1") | .basis')" 'Law 31' 'the law is named'
is "$(q "SELECT count(*) FROM s.orders WHERE receiver IS NULL")" 0 'assessing changes nothing'
fp=$(json .fingerprint)
run_pgretain request approve "$id" --expect sha256:0
is "$rc" 3 'another fingerprint is refused'
run_pgretain erase "$id"
is "$rc" 1 'nobody has approved it'
run_pgretain request approve "$id" --expect "$fp"
is "$rc" 0 "approved $err"
run_pgretain erase "$id" --dry-run --format json
is "$rc" 0 "dry run $err"
balance
run_pgretain erase "$id" --format json
is "$rc" 0 "erase $err"
balance
is "$before" "$(others)" 'nobody else'\''s row was touched'
is "$(q 'SELECT string_agg(id::text, '"' '"' ORDER BY id) FROM s.orders WHERE account_id IS NULL
	AND guest_phone IS NULL')" '10 13' 'two orders are anonymized'
is "$(q 'SELECT string_agg(id::text, '"' '"' ORDER BY id) FROM s.orders WHERE receiver IS NULL')" \
	'10 11 12 13 16' 'what the floor does not need is stripped; not of the held one'
is "$(q 'SELECT count(*) FROM s.items WHERE engraving IS NULL')" 10 'of the items too'
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 1')" 0 'visits are gone'
is "$(q 'SELECT string_agg(coalesce(owner, 0) || '"':'"' || coalesce(second_owner, 0), '"' '"'
	ORDER BY id) FROM s.devices')" '0:2 2:0 0:0 4:5' 'the link of whoever asked, and no other'
is "$(q 'SELECT count(*) FROM s.accounts WHERE id = 1 AND email IS NULL AND name IS NULL')" 1 'the account is stripped'
is "$(q 'SELECT count(*) FROM s.history')" 0 'what the trigger copied meanwhile is gone too'
is "$(q "SELECT state FROM pgretain.request WHERE id = '$id'")" partially_deferred 'not completed while something waits'
is "$(q "SELECT count(*) FROM pgretain.request_item WHERE request = '$id'
	AND matched <> erased + anonymized + quarantined + deferred + held + retained + not_found + failed")" \
	0 'every item balances'

run_pgretain request certificate "$id" --format json --output "$W/interim.json"
is "$rc" 0 "a certificate $err"
is "$(jq -r '.certificate, .final, .residual' "$W/interim.json" |
	tr '\n' ' ')" 'interim false null ' 'interim while something is kept'
is "$(jq -r '.items[] | select(.rule == "orders") | .until' "$W/interim.json")" \
	"$(q "SELECT to_char('2999-01-02'::timestamptz AT TIME ZONE 'UTC',
		'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")" 'until the latest end: the agreed day is kept whole'
is "$(jq -r .wake_at "$W/interim.json")" "$(q "SELECT to_char(date_trunc('day',
	completed_at AT TIME ZONE 'UTC' + interval '3 years') + interval '1 day',
	'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM s.orders WHERE id = 11")" 'it wakes when the first floor ends'
run_pgretain request certificate --verify "$W/interim.json"
is "$rc" 0 "the ledger knows it $err"
sed 's/"deferred": 3/"deferred": 2/' "$W/interim.json" >"$W/forged.json"
ok_not 'another file' cmp -s "$W/interim.json" "$W/forged.json"
run_pgretain request certificate --verify "$W/forged.json"
is "$rc" 2 'an altered one is refused'

# the floor ends, the agreement too, the hold is released: the nightly step finishes it
q "UPDATE s.orders SET completed_at = coalesce(completed_at, now()) - interval '4 years', agreed_until = NULL
		WHERE id IN (11, 12, 16, 17);
	UPDATE pgretain.hold SET state = 'released', released_at = now()"
printf 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t";
	steps = [ "requests" ]; };\n' >"$CONF/night.cfg"
mkdir -p "$CONF/jobs" && mv "$CONF/night.cfg" "$CONF/jobs/"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
q "UPDATE pgretain.request SET wake_at = now() - interval '1 minute'"
run_pgretain run --job night --format json
is "$rc" 0 "the night $err"
is "$(q "SELECT state FROM pgretain.request WHERE id = '$id'")" completed 'completed by itself'
is "$(q 'SELECT count(*) FROM s.accounts WHERE id = 1')" 0 'the account is gone'
is "$before" "$(others)" 'and still nobody else'\''s row was touched'
is "$(q "SELECT found FROM pgretain.request_residual WHERE request = '$id'")" 0 'nothing is left to find'
is "$(q "SELECT count(*) FROM pgretain.request_frozen")" 0 'what was frozen is forgotten'
run_pgretain request certificate "$id" --format json
is "$(json .certificate)" final 'the certificate is final'
is "$(json '.residual.found')" 0 'and says that nothing was found'
like "$(json .backups_state)" '^none: ' 'and that there are no backups'
ok_not 'no value of a column is in ledger or certificate' grep -qE 'ex\.test|1390000|Name 1' <(q \
	"SELECT l FROM pgretain.ledger l"; echo "$out")
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'
done_testing
