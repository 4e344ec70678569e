#!/usr/bin/env bash
# One person's erasure from the letter to the certificate, on a schema of its own, held against domain.md 4 and 6:
# every expectation is plain SQL over the tables, or the text of the law.
. "$(dirname "$0")/lib.sh"

q <<'SQL'
CREATE SCHEMA "App";
CREATE TABLE "App"."Person" (id bigint PRIMARY KEY, "e-mail" text NOT NULL UNIQUE, name text,
	created timestamptz NOT NULL);
CREATE TABLE "App".phones (id bigint PRIMARY KEY, person_id bigint NOT NULL REFERENCES "App"."Person",
	number text NOT NULL, since timestamptz NOT NULL, until timestamptz);
CREATE TABLE "App".orders (id bigint PRIMARY KEY, person_id bigint REFERENCES "App"."Person", guest_phone text,
	receiver text, phone text, created_at timestamptz NOT NULL, completed_at timestamptz);
CREATE INDEX ON "App".orders (person_id);
CREATE TABLE "App".items (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES "App".orders, sku text);
CREATE INDEX ON "App".items (order_id);
CREATE TABLE "App".carts (id bigint PRIMARY KEY, person_id bigint NOT NULL REFERENCES "App"."Person", at timestamptz);
CREATE INDEX ON "App".carts (person_id);
CREATE TABLE "App".devices (id bigint PRIMARY KEY, person_id bigint REFERENCES "App"."Person",
	other_id bigint REFERENCES "App"."Person", label text, at timestamptz NOT NULL);
CREATE INDEX ON "App".devices (person_id); CREATE INDEX ON "App".devices (other_id);
CREATE TABLE "App".shares (id bigint PRIMARY KEY, owner_type text NOT NULL,
	owner_id bigint NOT NULL, what text, at timestamptz);
CREATE TABLE "App".goods (sku text PRIMARY KEY);
INSERT INTO "App"."Person" SELECT i, 'p' || i || '@example.org', 'name ' || i, now() - interval '5 years'
	FROM generate_series(1, 30) i;
-- the first phone of each has passed on: until last year person i had the number of i, from then on person i + 1
INSERT INTO "App".phones SELECT i, i, '+86 138 0000 00' || lpad(i::text, 2, '0'),
	now() - interval '5 years', now() - interval '1 year'
	FROM generate_series(1, 30) i;
INSERT INTO "App".phones SELECT 100 + i, i, '13800000' || lpad((i - 1)::text, 3, '0'), now() - interval '1 year', NULL
	FROM generate_series(2, 30) i;
-- four orders each: over, just within and young under the floor of three years, and one that was never completed
INSERT INTO "App".orders SELECT i * 10 + k, i, NULL, 'receiver ' || i, '1380000' || i, now() - interval '5 years',
		(ARRAY[now() - interval '4 years', now() - interval '2 years', now() - interval '1 month', NULL])[k]
	FROM generate_series(1, 30) i, generate_series(1, 4) k WHERE k < 4 OR i % 2 = 1;
-- guest orders by phone: one of the time when the number was person 1's, one of today, when it is person 2's
INSERT INTO "App".orders VALUES (9001, NULL, '0086-13800000001', 'guest', 'x',
	now() - interval '2 years', now() - interval '2 years'),
	(9002, NULL, '13800000001', 'guest', 'x', now() - interval '1 month', now() - interval '1 month');
INSERT INTO "App".items SELECT o.id * 10 + k, o.id, 'sku' FROM "App".orders o, generate_series(1, 2) k;
INSERT INTO "App".carts SELECT i * 10 + k, i, now() - k * interval '1 day' FROM generate_series(1,
	30) i, generate_series(1, 3) k;
INSERT INTO "App".devices SELECT i, i, CASE WHEN i % 2 = 1 THEN i + 1 END, 'device of ' || i, now()
	FROM generate_series(1, 29) i;
INSERT INTO "App".shares SELECT i * 10 + k, (ARRAY['account', 'group'])[k], i, 'shared', now()
	FROM generate_series(1, 30) i, generate_series(1, 2) k;
SQL

conf_new
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg", "jurisdictions.cfg"/' "$PGRETAIN_CONFIG"
conf_add pgretain.cfg 'jobs = "jobs";'
mkdir "$CONF/jobs"
echo 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t";
	steps = [ "requests" ]; };' > "$CONF/jobs/night.cfg"
head -c 32 /dev/urandom > "$W/key"; chmod 0400 "$W/key"
conf_class txn 'floor = ( { keep = "3 years"; basis = "E-commerce Law of the PRC, Art. 31"; } );
	zone = "UTC"; action = "delete";'
conf_class life 'standards = ( { name = "use"; keep = "10 years"; purpose = "service"; } );
	zone = "UTC"; action = "delete";'
conf_rule person 'table = "\"App\".\"Person\""; class = "life"; start = "created";
	action = "anonymize"; subject = { account = "id"; };
	columns = ( { column = "e-mail"; op = "tombstone"; }, { column = "name"; op = "null"; } );'
conf_rule phones 'table = "\"App\".phones"; class = "life"; start = "since"; subject = { account = "person_id"; };'
conf_rule orders 'table = "\"App\".orders"; class = "txn"; start = "completed_at"; minimise = [ "receiver", "phone" ];
	columns = { receiver = "null"; phone = "null"; };
	subject = { account = ( "person_id", { identifier = "phone"; column = "guest_phone"; at = "created_at"; } ); };'
conf_rule items 'table = "\"App\".items"; follows = "orders"; action = "delete";'
conf_rule carts 'table = "\"App\".carts"; class = "life"; start = "at"; subject = { account = "person_id"; };'
conf_rule devices 'table = "\"App\".devices"; class = "life"; start = "at"; shared = true;
	subject = { account = "person_id"; };
	columns = { person_id = "null"; label = "null"; other_id = "keep"; };'
conf_rule shares 'table = "\"App\".shares"; class = "life"; start = "at";
	subject = { account = { column = "owner_id"; when = "owner_type = '"'account'"'"; }; };'
conf_add tables/t.cfg 'exempt = ( { table = "\"App\".goods"; reason = "no personal data"; } );'
conf_add subjects.cfg 'subjects = { account = { root = "\"App\".\"Person\""; key = "id"; identifiers = {
	email = { column = "e-mail"; normalise = "email"; };
	phone = { table = "\"App\".phones"; column = "number"; subject = "person_id";
		valid_from = "since"; valid_until = "until";
		normalise = "e164"; country = "CN"; }; }; }; };
key_file = "'"$W"'/key"; no_backups = "test";'
conf_add jurisdictions.cfg 'jurisdictions = { EU = { respond = "1 month"; extension = "2 months"; }; };'
pgretain init > /dev/null || bail_out 'init'

# ---- what the law says of person 2, in plain SQL --------------------------------------------

own_orders="SELECT id FROM \"App\".orders WHERE person_id = 2 OR id = 9002"
end_of="date_trunc('day', (completed_at AT TIME ZONE 'UTC') + interval '3 years') + interval '1 day'"
declare -A rest=(
	[Person]='SELECT * FROM "App"."Person" WHERE id <> 2'
	[phones]='SELECT * FROM "App".phones WHERE person_id <> 2'
	[orders]="SELECT * FROM \"App\".orders WHERE id NOT IN (SELECT id FROM \"App\".orders
		WHERE person_id = 2 OR id = 9002)"
	[items]='SELECT * FROM "App".items WHERE order_id NOT IN (21, 22, 23, 24, 9002)'
	[carts]='SELECT * FROM "App".carts WHERE person_id <> 2'
	[devices]='SELECT * FROM "App".devices WHERE id <> 2'
	[shares]="SELECT * FROM \"App\".shares WHERE NOT (owner_type = 'account' AND owner_id = 2)"
)
others() { for t in "${!rest[@]}"; do echo "$t $(snap "${rest[$t]}")"; done | sort; }
everybody() { for t in '"Person"' phones orders items carts devices shares; do snap "TABLE \"App\".$t"; done; }
item() { json ".items[] | select(.rule == \"$1\") | .$2"; }
unbalanced() {
	json '[.items[] | select(.matched != .erased + .anonymized + .quarantined + .deferred + .held + .retained + .not_found + .failed) | .rule] | join(" ")'
}
others_before=$(others) before=$(everybody)

# ---- open, verify ---------------------------------------------------------------------------

run_pgretain request open --subject account:2 --jurisdiction EU --received-at "$(date -u \
	+%Y-%m-%dT00:00:00Z)" --actor clerk
is "$rc" 0 'a request is opened'
id=$(tail -n 1 <<< "$out")
like "$id" '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' 'its UUID is printed'
is "$(q 'SELECT count(*) FROM pgretain.restricted')" 0 'an unverified request restricts nobody'
run_pgretain request assess "$id"
is "$rc" 1 'what is not verified is not assessed'
like "$err$out" 'verify' 'and what is possible is said'
run_pgretain request verify "$id" --evidence passport-7 --actor clerk
is "$rc" 0 'verified'
is "$(q 'SELECT subject_type, subject_key FROM pgretain.restricted')" 'account|2' \
	'restricted from now on (PIPL 47, GDPR 18)'
run_pgretain request open --subject account:2 --actor clerk
like "$(run_pgretain request show "$(tail -n 1 <<< "$out")" --format json;
	json .state)" duplicate 'a second one is a duplicate'

# ---- assess: the items, counted by plain SQL -------------------------------------------------

run_pgretain hold add --scope 'rows=orders:id = 23' --reason case-9 --actor counsel
is "$rc" 0 'a hold on one order'
hold=$(tail -n 1 <<< "$out")
run_pgretain request assess "$id" --format json
is "$rc" 0 'assessed'
is "$(json .schema)" pgretain.request/1 'the schema of the answer'
fp=$(json .fingerprint)
like "$fp" '^sha256:[0-9a-f]{64}$' 'a fingerprint to approve'
is "$(unbalanced)" '' 'every item balances'
for r in person:anonymized:1 phones:erased:2 carts:erased:3 shares:erased:1 devices:anonymized:1; do
	IFS=: read -r rule part n <<< "$r"
	is "$(item "$rule" "$part") of $(item "$rule" matched)" "$n of $n" "$rule: all of them at once"
done
is "$(item orders matched)" "$(q "SELECT count(*) FROM ($own_orders) o")" 'orders: by key,
	and the guest order of the number while it was theirs'
is "$(item orders erased)" "$(q "SELECT count(*) FROM \"App\".orders WHERE id IN ($own_orders)
	AND $end_of <= now() AT TIME ZONE 'UTC'")" 'orders: past the floor'
is "$(item orders held)" 1 'orders: the one on hold'
is "$(item orders deferred)" "$(q "SELECT count(*) FROM \"App\".orders WHERE id IN ($own_orders)
	AND id <> 23 AND $end_of > now() AT TIME ZONE 'UTC'")" 'orders: the floor defers the others'
is "$(item orders minimised)" "$(item orders deferred)" 'orders: stripped of what the floor does not need'
is "$(item orders 'grounds[0].code')" G1 'orders: by the law'
like "$(item orders 'grounds[0].basis')" 'Art. 31' 'orders: and by which'
is "$(item items matched)" "$(q "SELECT count(*) FROM \"App\".items
	WHERE order_id IN ($own_orders)")" 'items go with their orders'
is "$(item devices 'grounds[0].code')" G7 'a shared device stays for the other person'
is "$(date -u -d "$(json .wake_at)" +%s)" "$(q "SELECT extract(epoch
	FROM min($end_of) AT TIME ZONE 'UTC')::int8 FROM \"App\".orders WHERE id IN ($own_orders)
	AND id <> 23 AND $end_of > now() AT TIME ZONE 'UTC'")" 'wakes when the first floor ends'
is "$(everybody)" "$before" 'an assessment changes nothing'

# ---- approve, erase --------------------------------------------------------------------------

run_pgretain request approve "$id" --expect \
	sha256:0000000000000000000000000000000000000000000000000000000000000000 --actor boss
is "$rc" 3 'another fingerprint is not what was assessed'
run_pgretain erase "$id"
is "$rc" 1 'what is not approved is not erased'
run_pgretain request approve "$id" --expect "$fp" --actor boss
is "$rc" 0 'approved'
run_pgretain erase "$id" --dry-run --format json
is "$(json .mode)" plan 'a dry run of the erasure'
is "$(everybody)" "$before" 'changes nothing'
run_pgretain erase "$id" --expect "$fp" --format json --actor night
is "$(json .mode)" run 'the erasure'
like "$rc" '^0$' 'ends well: what is deferred or held is normal'
is "$(others)" "$others_before" 'no row of anybody else has changed'
is "$(q 'SELECT count(*) FROM "App".carts WHERE person_id = 2')$(q 'SELECT count(*)
	FROM "App".phones WHERE person_id = 2')" 00 'carts and phones are gone'
is "$(q 'SELECT "e-mail" LIKE '"'%p2@%'"', name IS NULL FROM "App"."Person" WHERE id = 2')" 'f|t' \
	'the account is nobody'"'"'s now'
is "$(q "SELECT string_agg(id::text, ' ' ORDER BY id) FROM \"App\".orders WHERE person_id = 2
	OR id = 9002")" '22 23 9002' 'orders under the floor and the hold stay'
is "$(q 'SELECT count(*) FROM "App".orders WHERE id IN (22, 9002) AND receiver IS NULL
	AND phone IS NULL')" 2 'without what the floor does not need'
is "$(q 'SELECT receiver FROM "App".orders WHERE id = 23')" 'receiver 2' 'a held row keeps everything'
is "$(q 'SELECT person_id IS NULL, other_id IS NULL, label IS NULL FROM "App".devices
	WHERE id = 2')" 't|t|t' 'the device has lost its link'
is "$(q 'SELECT person_id, other_id FROM "App".devices WHERE id = 1')" '1|2' "another one's device keeps its other user"
run_pgretain request show "$id" --format json
is "$(json .state)" partially_deferred 'the state follows from the items'
is "$(unbalanced)" '' 'every item balances after it'
run_pgretain request certificate "$id" --format json
is "$(json .final)" false 'an interim certificate'
unlike "$out" 'p2@example|13800000001|passport.*name 2' 'a certificate without personal data'
run_pgretain request withdraw "$id"
is "$rc" 1 'after its execution it can not be withdrawn'

# ---- the floor ends: the night goes on by itself ----------------------------------------------

q 'UPDATE "App".orders SET completed_at = completed_at - interval '"'4 years'"' WHERE id IN (22, 9002, 23)'
run_pgretain run --job night --format json
is "$(q "SELECT string_agg(id::text, ' ' ORDER BY id) FROM \"App\".orders WHERE person_id = 2
	OR id = 9002")" 23 'what was deferred is gone, what is held is not'
run_pgretain request show "$id" --format json
is "$(json .state)" partially_held 'only the hold is left'
run_pgretain hold release "$hold" --actor counsel
is "$rc" 0 'released'
is "$(q 'SELECT count(*) FROM "App".orders WHERE id = 23')" 1 'a release deletes nothing by itself'
run_pgretain run --job night --format json
is "$(q 'SELECT count(*) FROM "App".orders WHERE id = 23')" 0 'the next night does'
is "$(others)" "$others_before" 'still nobody else'
run_pgretain request show "$id" --format json
is "$(json .state)" completed 'completed'
is "$(json .final)" true 'and final'
is "$(q 'SELECT count(*) FROM pgretain.restricted')" 0 'nobody is restricted any more'

# ---- certificate ------------------------------------------------------------------------------

run_pgretain request certificate "$id" --output "$W/certificate.json" --format json
is "$rc" 0 'the final certificate'
is "$(jq .residual.found "$W/certificate.json")" 0 'nothing of the person is found anywhere'
run_pgretain request certificate "$id" --verify "$W/certificate.json"
is "$rc" 0 'holds against the ledger'
sed 's/"erased": *[0-9]*/"erased": 99/' "$W/certificate.json" > "$W/forged.json"
run_pgretain request certificate "$id" --verify "$W/forged.json"
isnt "$rc" 0 'a forged one does not'
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
unlike "$(q 'SELECT string_agg(l::text, E'"'\\n'"') FROM pgretain.ledger l')" \
	'p2@example|13800000001|name 2|receiver 2' 'and free of personal data'

done_testing
