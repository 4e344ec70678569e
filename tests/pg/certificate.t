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
