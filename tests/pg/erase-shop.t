#!/usr/bin/env bash
# The traps of the fixture shop that concern requests, under the shipped configuration. Expectations are plain SQL.
TEST_TIMEOUT=${TEST_TIMEOUT:-400}
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

shop=$ROOT/tests/fixtures/shop
db_new shop
psql_quiet -f "$shop/schema.sql" || bail_out 'schema.sql does not load'
psql_quiet -v as_of="$(date -u +%F)" -f "$shop/data.sql" || bail_out 'data.sql does not load'
printf '[shop]\nhost=%s\nport=%s\nuser=%s\ndbname=shop\n' "$PGHOST" "$PGPORT" "$PGUSER" >"$W/service"
mkdir -p "$W/conf"
cp -r "$ROOT/config" "$ROOT/jobs" "$W/conf/"
head -c 32 /dev/urandom >"$W/conf/key" && chmod 0400 "$W/conf/key"
printf 'key_file = "../key";\n' >>"$W/conf/config/subjects.cfg"
printf 'no_backups = "a throw-away cluster";\n' >"$W/conf/config/backups.cfg"
export PGSERVICEFILE=$W/service PGRETAIN_CONFIG=$W/conf/config/pgretain.cfg
run_pgretain init
[ "$rc" = 0 ] || bail_out "init: $err"

# ---- the old owner of a number that another has now; a guest's order by phone ----
q "UPDATE shop.orders SET guest_phone = (SELECT number FROM shop.phones WHERE id = 900003),
	created_at = (SELECT until - interval '30 days' FROM shop.phones WHERE id = 900003) WHERE id = 900005;
	INSERT INTO shop.orders (id, order_no, guest_phone, receiver, province, status, total,
		created_at) OVERRIDING SYSTEM VALUE
	SELECT 900050, 'zz-canary-50', number, 'zz-canary New', 'Fujian', 'paid', 1,
		since + interval '1 day' FROM shop.phones WHERE id = 900004"
new=$(snap "SELECT * FROM shop.orders WHERE id = 900050")
request 900003
approved "$id"
is "$(item orders matched)" 1 'a guest'\''s order belongs to whoever had that number then'
is "$(item orders deferred)" 1 'and waits for three years'
run_pgretain erase "$id" --format json
is "$rc" 0 "erase $err"
balance
is "$new" "$(snap "SELECT * FROM shop.orders WHERE id = 900050")" 'the new owner'\''s order is untouched'
is "$(q 'SELECT count(*) FROM shop.phones WHERE id = 900004')" 1 'and so is the number'
is "$(q 'SELECT count(*) FROM shop.phones WHERE id = 900003')" 0 'the old entry is gone'
is "$(q 'SELECT count(*) FROM shop.orders WHERE id = 900005 AND guest_phone IS NOT NULL
	AND remark IS NULL')" 1 'the order is kept, and can still be found'

# consent withdrawn: what it alone kept goes in that same run, the floor stays
q "UPDATE shop.orders SET completed_at = now() - interval '4 years',
	consented_until = now() + interval '1 year' WHERE id = 900011;
	UPDATE shop.orders SET account_id = 900005 WHERE id = 900011"
kept=$(snap 'SELECT * FROM shop.orders WHERE id = 900014')
request 900005 withdrawal
approved "$id"
run_pgretain erase "$id" --format json
is "$rc" 0 "the withdrawal $err"
is "$(q 'SELECT count(*) FROM shop.orders WHERE id = 900011 AND receiver IS NULL
	AND account_id IS NULL')" 1 'kept by consent alone: goes at once'
is "$kept" "$(snap 'SELECT * FROM shop.orders WHERE id = 900014')" 'under the floor: untouched'
is "$(q 'SELECT count(*) FROM shop.accounts WHERE id = 900005 AND email IS NOT NULL')" 1 'a withdrawal is no erasure'
is "$(q "SELECT state FROM pgretain.request WHERE id = '$id'")" partially_deferred 'the rest waits for its floor'
q "UPDATE shop.orders SET completed_at = now() - interval '4 years', consented_until = NULL WHERE account_id = 900005"
run_pgretain erase "$id" --format json
is "$rc $(q "SELECT state FROM pgretain.request WHERE id = '$id'")" '0 completed' \
	'once that has ended it is complete: nobody looks for a person who has stayed' || note "$err$out"
is "$(q 'SELECT count(*) FROM shop.accounts WHERE id = 900005 AND email IS NOT NULL')" 1 'they are a customer as before'

# ---- the father: a diamond, a shared device, receivers who are others, a polymorphic share, a held row ----
others="SELECT to_jsonb(r) FROM (SELECT to_jsonb(o) j FROM shop.orders o WHERE id NOT BETWEEN 900001 AND 900004
	UNION ALL SELECT to_jsonb(o) - 'referred_by' FROM shop.accounts o WHERE id <> 900001
	UNION ALL SELECT to_jsonb(o) FROM shop.device_bindings o WHERE account_id <> 900001
	UNION ALL SELECT to_jsonb(o) FROM shop.product_shares o WHERE owner_type <> 'account' OR owner_id <> 900001
	UNION ALL SELECT to_jsonb(o) FROM shop.phones o WHERE account_id <> 900001
	UNION ALL SELECT to_jsonb(o) FROM shop.tickets o WHERE account_id IS DISTINCT FROM 900001
	UNION ALL SELECT to_jsonb(o) FROM shop.devices o WHERE id <> 900001) r"
before=$(snap "$others")
q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
	VALUES (gen_random_uuid(), 'rows', 'orders', 'id = 900001', 'case 7', 'x')"
q "UPDATE shop.orders SET completed_at = now() - interval '1 year' WHERE id = 900004"
due=$(q "SELECT count(*) FROM shop.orders WHERE account_id = 900001 AND id <> 900001
	AND completed_at < now() - interval '3 years 2 days'")
all=$(q 'SELECT count(*) FROM shop.orders WHERE account_id = 900001')
request 900001
approved "$id"
is "$(item orders matched)/$(item orders anonymized)/$(item orders held)/$(item orders deferred)" \
	"$all/$due/1/$((all - due - 1))" 'orders: past three years, held, not yet'
is "$(item devices anonymized)/$(item devices 'grounds[0].code')" 1/G7 'the shared device stays'
is "$(item product_shares matched)" 1 'one share is the account'\''s, one the device'\''s'
is "$(item accounts deferred)" 1 'the account waits for its orders'
run_pgretain erase "$id" --format json
is "$rc" 0 "erase $err"
balance
is "$before" "$(snap "$others")" 'no other person'\''s row was touched'
is "$(q 'SELECT count(*) FROM shop.devices WHERE id = 900001 AND registered_by IS NULL')" 1 \
	'the device has lost its owner'
is "$(q 'SELECT count(*) FROM shop.device_bindings WHERE device_id = 900001')" 1 'the mother'\''s binding stays'
is "$(q "SELECT count(*) FROM shop.orders WHERE account_id = 900001")" "$((all - due))" \
	'held and deferred orders keep their link'
is "$(q "SELECT count(*) FROM shop.orders WHERE id = 900001 AND receiver LIKE 'zz-canary%'")" 1 \
	'the held order is whole'
is "$(q "SELECT count(*) FROM shop.accounts WHERE id = 900001 AND name IS NULL AND email IS NULL
	AND nickname = 'erased-900001@erased.invalid'")" 1 'the account is stripped'
is "$(q 'SELECT count(*) FROM shop.account_history WHERE account_id = 900001')" 0 'what the trigger remembered is gone'
is "$(q "SELECT state FROM pgretain.request WHERE id = '$id'")" partially_deferred 'not complete'
is "$(unbalanced)" 0 'items balance'

# time goes by, the hold is released: the night finishes it
q "UPDATE pgretain.hold SET state = 'released', released_at = now();
	UPDATE shop.orders SET completed_at = completed_at - interval '4 years', warranty_until = NULL
		WHERE account_id = 900001;
	UPDATE shop.invoices SET issued_on = issued_on - 6 * 366 WHERE account_id = 900001;
	UPDATE pgretain.request SET wake_at = now() - interval '1 hour' WHERE id = '$id'"
printf 'job = { name = "erasures"; schedule = "0 1 * * *"; zone = "UTC"; database = "shop";
	steps = [ "requests" ]; };\n' >"$W/conf/jobs/e.cfg"
run_pgretain run --job erasures --format json
is "$rc" 0 "the night $err"
is "$(q 'SELECT count(*) FROM shop.accounts WHERE id = 900001')" 0 'the account is gone'
is "$(q "SELECT state FROM pgretain.request WHERE id = '$id'")" completed 'completed'
is "$before" "$(snap "$others")" 'still no other person'\''s row was touched'
is "$(unbalanced)" 0 'items balance'
run_pgretain request certificate "$id" --format json
is "$(json .certificate)" final 'the certificate is final'
unlike "$out" 'zz-canary|861997' 'and holds nothing personal'
unlike "$(q 'SELECT string_agg(l::text, chr(10)) FROM pgretain.ledger l')" 'zz-canary|861997' 'nor does the ledger'
done_testing
