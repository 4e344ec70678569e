#!/usr/bin/env bash
# What a certificate stands for (domain.md 6): columns that nobody decided about, the whole configuration; and rows that bear
# an identifier without saying when.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
q 'ALTER TABLE s.orders ALTER created_at DROP NOT NULL'
certificate() { run_pgretain request certificate "$id" --format json "$@"; }

# ---- an identifier in a row without its instant -----------------------------------------------

# the number of 3 never was anybody else's; that of 1 was 2's too
q "INSERT INTO s.orders VALUES (90, NULL, '139 0000 0003', 'guest', 1, NULL, now() - interval '5 years', NULL),
	(91, NULL, '13900000001', 'guest', 1, NULL, now() - interval '5 years', NULL),
	(92, NULL, '139 0000 0003', 'guest', 1, NULL, now() - interval '1 year', NULL)"
other=$(snap 'SELECT * FROM s.orders WHERE id = 91')
request 3
approved "$id"
is "$(item orders matched)/$(item orders anonymized)/$(item orders deferred)" 2/1/1 'a number that was one person'\''s alone is theirs at any time'
run_pgretain erase "$id" --format json
is "$rc/$(q 'SELECT guest_phone IS NULL FROM s.orders WHERE id = 90')" 0/t 'its row is anonymized' || note "$err"
mkdir "$CONF/jobs"
echo 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };' >"$CONF/jobs/n.cfg"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
is "$(q 'SELECT count(*) FROM s.phones WHERE account_id = 3')" 0 'the table that said so is erased'
q "UPDATE s.orders SET completed_at = now() - interval '5 years' WHERE id = 92"
run_pgretain run --job night --format json
is "$rc/$(q 'SELECT guest_phone IS NULL FROM s.orders WHERE id = 92')/$(state_of "$id")" 0/t/completed \
	'what was frozen still leads to the deferred one' || note "$err"
certificate
is "$(json .final)/$(json '.columns_skipped | length')" true/0 'final, and no column was skipped'
request 2
q "UPDATE s.orders SET completed_at = now() - interval '5 years', agreed_until = NULL WHERE id IN (14, 15)"	# nothing is kept: the search runs
approved "$id"
run_pgretain erase "$id" --format json
is "$(snap 'SELECT * FROM s.orders WHERE id = 91')" "$other" 'a number of several people without a time is nobody'\''s by guess'
like "$(q "SELECT found + others FROM pgretain.request_residual WHERE request = '$id'")" '^[1-9]' 'the search afterwards tells of it'

# ---- columns ----------------------------------------------------------------------------------

request 4
q "INSERT INTO s.orders VALUES (94, 4, NULL, 'R', 1, now(), now() - interval '5 years', NULL)"
approved "$id"
run_pgretain erase "$id" --format json
certificate --output "$W/before.json"
is "$(jq -r .certificate "$W/before.json")" final 'a final certificate' || note "$err"
q 'ALTER TABLE s.orders ADD COLUMN email text; ALTER TABLE s.products ADD COLUMN email text'
certificate
is "$(json '.certificate + " " + (.columns_skipped | join(" "))')" 'interim s.orders.email' \
	'a personal-looking column that no rule names makes it interim; of an exempt table it does not'
run_pgretain request certificate "$id"
like "$out" 'columns_skipped +s\.orders\.email' 'in the text too'
q 'ALTER TABLE s.orders DROP COLUMN email'
certificate
is "$(json .certificate)" final 'decided, it is final again'

# ---- what the ledger says of it ----------------------------------------------------------------

verify() { run_pgretain request certificate --verify "$@"; }
tamper() { q "UPDATE pgretain.request_item SET $1 WHERE request = '$id' AND rule = 'visits'"; }
true=$W/true.json
certificate --output "$true"
run_pgretain request certificate "$id" --output "$W/true.text"
verify "$true"
is "$rc" 0 'one that was drawn is known' || note "$err"
verify "$W/true.text"
is "$rc" 0 'in text too' || note "$err"

tamper 'erased = erased + 1, matched = matched + 1'
run_pgretain request certificate "$id" --format json --output "$W/void.json"
is "$rc $(jq -r '.certificate, .final, (.void | map(.rule) | unique[])' "$W/void.json" | paste -sd' ')" '2 void false visits' \
	'one more than the batches have had: void, and the item is named'
like "$(jq -r '.void[].why' "$W/void.json")" 'batches of its runs have had' 'with the reason'
verify "$W/void.json"
is "$rc" 2 'a void one is not good'
like "$out" '^[^ ]*: void certificate' 'and verify says that it is void' || note "$err"
verify "$true"
is "$rc" 2 'nor is the one before: what it was made from is no longer there'
like "$err" 'no longer what it was made from' 'says so'
tamper 'erased = erased - 1, matched = matched - 1'
verify "$true"
is "$rc" 0 'put right it is good again' || note "$err"
tamper 'erased = erased - 1, not_found = not_found + 1'
run_pgretain request certificate "$id"
is "$rc" 2 'a part that was moved to another: void'
like "$out" 'ERASURE \(void\)' 'in text too'
like "$out" 'void +rule visits: it is not as entry [0-9]+ of the ledger has it' 'with the entry that has it otherwise'
tamper 'erased = erased + 1, not_found = not_found - 1'
q "CREATE TEMP TABLE was AS SELECT * FROM pgretain.request_item WHERE request = '$id' AND rule = 'visits';
	DELETE FROM pgretain.request_item i USING was w WHERE i.request = w.request AND i.rule = w.rule;
	CREATE TABLE s.was AS TABLE was"
run_pgretain request certificate "$id" --format json
is "$rc $(json .certificate)" '2 void' 'an item that was taken out: void'
q 'INSERT INTO pgretain.request_item SELECT * FROM s.was; DROP TABLE s.was'
certificate
is "$rc $(json .certificate)" '0 final' 'whole again: final' || note "$out"

# whoever may draw one by SQL brings digests, and nothing else, into the ledger
brought() { q "SET ROLE pgretain_clerk; SELECT pgretain.request_certified('$id', 'sha256:$(sha256sum <"$1" | cut -d' ' -f1)', 'final',
	pgretain.request_seen('$id'), 'clerk')"; }
jq '(.items[] | select(.rule == "visits")) |= (.matched += 1 | .erased += 1)' "$true" >"$W/invented.json"
awk '/^visits/ && !done { sub(/[0-9]+ +[0-9]+/, "77  77"); done = 1 } { print }' "$W/true.text" >"$W/invented.text"
ok_not 'another text' cmp -s "$W/true.text" "$W/invented.text"
for f in json text; do
	is "$(brought "$W/invented.$f")" t "an invented file in $f, its digest registered by SQL"
	verify "$W/invented.$f"
	is "$rc" 2 'is refused'
	like "$err" 'says something else than entry' 'because it says something else'
	verify "$W/true.$f"
	is "$rc" 0 'the true one passes' || note "$err"
done
for role in clerk approver runner; do
	ok "$role: no entry of a certificate but by its function" q_fails 42501 "SET ROLE pgretain_$role;
		SELECT pgretain.append('request', '$id', NULL, NULL, 'certificate', NULL, NULL, 'x', '{}')"
	ok "$role: nor beside it" q_fails 42501 "SET ROLE pgretain_$role;
		SELECT pgretain.append_any('request', '$id', NULL, NULL, 'certificate', NULL, NULL, 'x', '{}')"
done
ok 'the runner takes no item out' q_fails 42501 'SET ROLE pgretain_runner; DELETE FROM pgretain.request_item'

# completed, the state says; something is kept, the items say
final=$id
for part in deferred held quarantined failed retained; do
	request 19
	q "ALTER TABLE pgretain.request DISABLE TRIGGER ALL; UPDATE pgretain.request SET state = 'completed', executed_at = now(), finished_at = now()
		WHERE id = '$id'; INSERT INTO pgretain.request_item (request, rule, tbl, action, matched, $part, vaulted, seq, executed)
		VALUES ('$id', 'orders', 's.orders', 'anonymize', 1, 1, CASE '$part' WHEN 'quarantined' THEN 1 ELSE 0 END, 1, true);
		ALTER TABLE pgretain.request ENABLE TRIGGER ALL"
	certificate
	is "$rc $(json .certificate)" '0 interim' "never final while a row is $part" || note "$err"
done
id=$final

# ---- whose hand ---------------------------------------------------------------------------------

request 8
approved "$id"
has=$(q 'SELECT count(*) FROM s.visits WHERE account_id = 8')
q "DELETE FROM s.visits WHERE id = (SELECT min(id) FROM s.visits WHERE account_id = 8 AND at IS NOT NULL);
	UPDATE s.visits SET at = now() - interval '2 years' WHERE account_id = 9 AND at IS NOT NULL"
confirmed_run visits
is "$(of visits deleted)" "$(q "SELECT count(*) FROM generate_series(1, 200) n WHERE 1 + n % 20 = 9 AND n % 7 > 0")" 'a night takes another'\''s'
run_pgretain erase "$id"
is "$(parts_of "$id" visits)" "$has $((has - 1)) 0 0 0 0 0 1 0" 'what the application has deleted is not certified as erased' || note "$err"
certificate
is "$rc $(json .certificate)" '0 final' 'and the counts balance with the ledger' || note "$out"

# ---- what is approved ----------------------------------------------------------------------------

request 15
q "INSERT INTO s.orders VALUES (95, 15, NULL, 'R', 1, now(), now() - interval '5 years', NULL);
	INSERT INTO pgretain.request_ground (request, rule, code, scope, evidence, approver, review_at)
		VALUES ('$id', 'orders', 'G2', 'rule orders', 'ref', 'boss', now() + interval '1 year')"
reading() { run_pgretain request assess "$id" --format json; [ "$rc" = 0 ] || error "assess: $err"; json .fingerprint; }
first=$(reading)
is "$(reading)" "$first" 'nothing changed: the same fingerprint'
q "UPDATE pgretain.request_ground SET review_at = review_at + interval '13 years' WHERE request = '$id'"
isnt "$(reading)" "$first" 'a ground that is reviewed later: another one'
run_pgretain request approve "$id" --expect "$first"
is "$rc" 3 'who has read the old one approves nothing'
second=$(reading)
q "UPDATE pgretain.request_ground SET code = 'G3' WHERE request = '$id'"
isnt "$(reading)" "$second" 'another ground: another one'
q "DELETE FROM pgretain.request_ground WHERE request = '$id';
	UPDATE s.orders SET completed_at = '2024-01-05' WHERE id = 95"
third=$(reading)
q "UPDATE s.orders SET completed_at = '2024-01-06' WHERE id = 95"
isnt "$(reading)" "$third" 'a due date of another day: another one'
run_pgretain request withdraw "$id"

# ---- the configuration ------------------------------------------------------------------------

was=$(jq -r .config "$W/before.json")
like "$was" '^sha256:[0-9a-f]{64}$' 'the certificate names the configuration'
hash_of() { request "$1"; run_pgretain "${@:2}" request assess "$id" --format json; q "SELECT config FROM pgretain.request_plan WHERE request = '$id'"; }
is "$(hash_of 5)" "$was" 'the same files: the same hash'
cp -r "$CONF" "$W/elsewhere"
is "$(hash_of 6 --config "$W/elsewhere/pgretain.cfg")" "$was" 'and from another folder'
for f in jobs/n.cfg subjects.cfg classes.cfg tables/t.cfg pgretain.cfg; do
	rm -rf "$W/elsewhere"; cp -r "$CONF" "$W/elsewhere"
	echo '# another word' >>"$W/elsewhere/$f"
	isnt "$(hash_of 7 --config "$W/elsewhere/pgretain.cfg")" "$was" "$f is part of it"
done
done_testing
