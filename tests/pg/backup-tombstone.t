#!/usr/bin/env bash
# Rows that were erased by request are found in dumps from before, by what was remembered of them (domain.md 7).
# slow
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
. "$(dirname "$0")/backup_lib.sh"

q <<'SQL' || bail_out 'no data'
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TABLE people (id bigint PRIMARY KEY, email text, name text, joined timestamptz NOT NULL, closed timestamptz);
CREATE TABLE avatars (id int PRIMARY KEY, person bigint NOT NULL REFERENCES people, img text);
CREATE TABLE orders (id bigint PRIMARY KEY, person bigint REFERENCES people, receiver text, completed timestamptz);
CREATE TABLE items (id bigint PRIMARY KEY, "order" bigint NOT NULL REFERENCES orders, engraving text);
CREATE TABLE visits (id bigint, at timestamptz NOT NULL, person bigint, page text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM ('2000-01-01') TO ('2024-01-01');
CREATE TABLE visits_new PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2100-01-01');
CREATE TABLE logins (email text PRIMARY KEY, person bigint, at timestamptz);
CREATE TABLE things (person bigint, what text, at timestamptz);
CREATE TABLE devices (id int PRIMARY KEY, owner bigint, second bigint, serial text, at timestamptz);
CREATE TABLE aside (id int PRIMARY KEY, t text);
INSERT INTO people SELECT n, 'person' || n || '@ex.test', 'Name ' || n, now() - interval '6 years', CASE WHEN n > 9 THEN now() END FROM generate_series(1, 12) n;
INSERT INTO avatars SELECT n, n, 'person' || n || '@img' FROM generate_series(1, 12) n;
INSERT INTO orders SELECT n * 10 + k, n, 'person' || n || '@door', now() - interval '1 year' FROM generate_series(1, 12) n, generate_series(1, 2) k;
INSERT INTO items SELECT id * 10 + k, id, 'person' || person || '@item' FROM orders, generate_series(1, 2) k;
INSERT INTO visits SELECT n, now() - n * interval '300 days', 1 + n % 12, 'person' || (1 + n % 12) || '@page' FROM generate_series(0, 23) n;
INSERT INTO logins SELECT 'person' || n || '@ex.test', n, now() FROM generate_series(1, 12) n;
INSERT INTO things SELECT n, 'person' || n || '@thing', now() FROM generate_series(1, 12) n;
INSERT INTO devices SELECT n, n, 1 + n % 12, 'S' || n, now() FROM generate_series(1, 12) n;
INSERT INTO aside SELECT g, 'aside ' || g FROM generate_series(1, 500) g;
SQL

conf_new
head -c 32 /dev/urandom >"$CONF/key" && chmod 0400 "$CONF/key"
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg"/' "$PGRETAIN_CONFIG"
B=$W/dumps
mkdir -m 700 "$B"
cat >"$CONF/subjects.cfg" <<CFG
subjects = { account = { root = "shop.people"; key = "id"; identifiers = { email = { column = "email"; normalise = "email"; }; }; }; };
key_file = "key";
backups = { nightly = { kind = "pg_dump"; path = "$B"; keep = "35 days"; }; };
CFG
conf_class account 'standards = ( { name = "c"; keep = "3 years"; } ); zone = "UTC"; action = "delete";'
conf_class txn 'floor = ( { keep = "3 years"; basis = "Law 31"; } ); zone = "UTC"; action = "delete";'
conf_class log 'standards = ( { name = "p"; keep = "30 years"; } ); zone = "UTC"; action = "delete";'
conf_rule people 'table = "shop.people"; class = "account"; start = "closed"; subject = { account = "id"; };
	columns = { email = "tombstone"; name = "null"; }; minimise = [ "email", "name" ]; children = { avatars = "cascade"; };'
conf_rule orders 'table = "shop.orders"; class = "txn"; start = "completed"; subject = { account = "person"; };
	columns = { receiver = { op = "constant"; value = "[erased]"; }; }; minimise = [ "receiver" ];'
conf_rule items 'table = "shop.items"; follows = "orders"; action = "delete";'
conf_rule visits 'table = "shop.visits"; class = "log"; start = "at"; subject = { account = "person"; };'
conf_rule logins 'table = "shop.logins"; class = "log"; start = "at"; subject = { account = "person"; };'
conf_rule things 'table = "shop.things"; class = "log"; start = "at"; subject = { account = "person"; };'
conf_rule devices 'table = "shop.devices"; class = "log"; start = "at"; shared = true; subject = { account = ( "owner", "second" ); };'

run_pgretain init
is "$rc" 0 'init' || bail_out "$err"
confirmed_run
is "$rc" 0 'the rules are confirmed, and nothing is due' || note "$err"

# ---- dumps from before ----
q "SET search_path = shop; UPDATE orders SET completed = now() - interval '5 years' WHERE person IN (1, 7);	-- over the floor
	UPDATE orders SET completed = NULL WHERE id = 51;		-- 5's is not complete yet
	UPDATE orders SET person = 9, receiver = 'person9@door', completed = now() - interval '2 years' WHERE id = 12;
	UPDATE items SET id = id + 9000, engraving = 'person9@item' WHERE \"order\" = 12"
pg_dump -Fc -f "$W/older"
# the key is used again: 12 is another order, of 1, by now
q "SET search_path = shop; UPDATE orders SET person = 1, receiver = 'person1@door', completed = now() - interval '5 years' WHERE id = 12;
	UPDATE items SET id = id - 9000, engraving = 'person1@item' WHERE \"order\" = 12"
pg_dump -Fc -f "$W/before.custom"
pg_dump -Fd -f "$W/before.directory"
pg_dump -Ft -f "$W/before.tar"
pg_dump -Fp -f "$W/before.plain"
pg_dump -Fp --inserts -f "$W/before.inserts"
pg_dump -Fc -n shop -f "$W/before.alone"

q "CREATE SCHEMA was"
remember() { q "DROP SCHEMA was CASCADE; CREATE SCHEMA was" 2>/dev/null; for t in people avatars orders items visits logins things devices; do
	q "CREATE TABLE was.$t AS TABLE shop.$t"; done; }
# what plain SQL says went since `remember`: table and key
went() {
	local t sql="SELECT 'visits' AS t, ARRAY[id::text, at::text] AS key FROM was.visits w WHERE NOT EXISTS (SELECT FROM shop.visits n WHERE n.id = w.id)"
	for t in people avatars orders items devices; do
		sql+=" UNION ALL SELECT '$t', ARRAY[id::text] FROM was.$t w WHERE NOT EXISTS (SELECT FROM shop.$t n WHERE n.id = w.id)"
	done
	PGTZ=UTC q "$sql ORDER BY 1, 2"
}
request_of() { request "$1"; approved "$id"; }
erase() { request_of "$1"; run_pgretain erase "$id" --format json; }

# ---- what is remembered ----
remember
erase 1; one=$id
is "$rc" 0 'the first person is erased' || note "$err"
is "$(q "SELECT source_table, key FROM pgretain.tombstone WHERE action = 'deleted' AND key IS NOT NULL ORDER BY 1, 2")" "$(went)" \
	'every row that went, with its key, of the tables by mention too'
is "$(q "SELECT id, owner, second FROM was.devices EXCEPT SELECT id, owner, second FROM shop.devices ORDER BY 1")" \
	"$(printf '1|1|2\n12|12|1')" 'of shared rows the link went'
is "$(q "SELECT key, columns FROM pgretain.tombstone WHERE action = 'altered' ORDER BY 1")" "$(printf '{1}|{owner}\n{12}|{second}')" \
	'and that link alone is remembered'
is "$(q "SELECT count(*), count(key), count(DISTINCT key_digest) FROM pgretain.tombstone WHERE source_table IN ('logins', 'things')")" '2|0|2' \
	'of a natural key, and of a table without one, a digest'
is "$(q "SELECT count(*) FROM pgretain.tombstone t WHERE t::text ~ 'person1|Name'")" 0 'no value stands there'
is "$(q "SELECT bool_and(l.hash = t.entry AND l.kind = 'batch' AND l.run = t.run) FROM pgretain.tombstone t JOIN pgretain.ledger l USING (seq)")" t \
	'the entry of its batch'
is "$(q "SELECT count(*) FROM pgretain.ledger l WHERE l.kind = 'batch' AND rows <> (SELECT count(*) FROM pgretain.tombstone t WHERE t.seq = l.seq)")" 0 \
	'as many as the batch has rows'
is "$(q "SELECT bool_and(request = '$id') FROM pgretain.tombstone")" t 'and the request'
is "$(q "SELECT count(*) FROM pgretain.tombstone t JOIN was.visits v ON t.key[1] = v.id::text WHERE t.source_table = 'visits' AND t.mark = v.at")" \
	"$(q "SELECT count(*) FROM pgretain.tombstone WHERE source_table = 'visits'")" 'the start is the mark'

remember
erase 2; two=$id
is "$rc" 0 'a person with an order under the floor' || note "$err"
is "$(q "SELECT source_table, key, columns FROM pgretain.tombstone WHERE request = '$id' AND action = 'altered' ORDER BY 1, 2")" \
	"$(printf 'devices|{1}|{second}\ndevices|{2}|{owner}\norders|{21}|{receiver}\norders|{22}|{receiver}\npeople|{2}|{email,name}')" 'what was overwritten'

erase 7; seven=$id
is "$rc" 0 'one more person' || note "$err"

# ---- retention: only what some backup may show otherwise ----
q "UPDATE shop.orders SET completed = now() - interval '4 years' WHERE id = 51"
run_pgretain run --format json
is "$rc $(of orders deleted)" '0 1' 'an order was completed after the dumps, and its floor is over' || note "$err"
is "$(q "SELECT key FROM pgretain.tombstone WHERE request IS NULL")" '{51}' 'no good listing yet: nobody knows what backups show'

# ---- archives from before ----
restore "$W/before.custom" want
PGDATABASE=want q "SET search_path = shop;
	DELETE FROM items WHERE \"order\" IN (SELECT id FROM orders WHERE person IN (1, 7) OR id = 51);
	DELETE FROM orders WHERE person IN (1, 7) OR id = 51;
	DELETE FROM avatars WHERE person IN (1, 7);
	DELETE FROM people WHERE id IN (1, 7);
	DELETE FROM visits WHERE person IN (1, 2, 7); DELETE FROM logins WHERE person IN (1, 2, 7); DELETE FROM things WHERE person IN (1, 2, 7);
	UPDATE devices SET owner = NULL WHERE owner IN (1, 2, 7); UPDATE devices SET second = NULL WHERE second IN (1, 2, 7);
	UPDATE people SET email = 'erased-2@erased.invalid', name = NULL WHERE id = 2;
	UPDATE orders SET receiver = '[erased]' WHERE person = 2"
state want >"$W/want"
first() { cp -a "$W/before.$1" "$W/a.$1"; A=$W/a.$1; }	# a copy of it, as it was
for form in custom directory tar plain inserts; do
	first "$form"
	rewrite "$A" --dry-run
	is "$rc/$(status)" 0/would_rewrite "$form: it would be rewritten" || note "$err$out"
	dry=$(json '.sets[0].tables')
	rewrite "$A"
	is "$rc/$(status)" 0/rewritten "$form: rewritten" || note "$err$out"
	is "$(json '.sets[0].tables')" "$dry" "$form: by the counts that the dry run gave"
	unlike "$out$err" 'person[0-9]' "$form: no value is told"
	restore "$A" got
	state got >"$W/got"
	ok "$form: nobody is there who was erased, everybody else is as he was" diff "$W/want" "$W/got"
	ok_not "$form: nowhere" grep -qE 'person[17]@|Name [17]$' <(pg_dump -n shop got)
	rewrite "$A"
	is "$rc/$(status)" 0/unchanged "$form: once more changes nothing" || note "$err"
	rm -rf "$A"
done

# ---- an older one: one of the keys was another row's ----
cp "$W/older" "$W/a.older"
rewrite "$W/a.older"
is "$rc/$(status) $(table shop.orders other)" '0/rewritten 1' 'a row that began at another time is told' || note "$err"
like "$(json '.sets[0].notes[]')" 'shop.orders: 1 row\(s\) under the keys of erased ones began at another time, and stay' 'in words'
restore "$W/a.older" got
is "$(PGDATABASE=got q "SELECT person, receiver, (SELECT count(*) FROM shop.items WHERE \"order\" = 12) FROM shop.orders WHERE id = 12")" \
	'9|person9@door|2' 'and stays, with what hangs on it'
ok_not 'the erased are not there' grep -qE 'person[17]@|Name [17]$' <(pg_dump -n shop got)

# ---- one without a ledger: only what tells its start can be told ----
first alone
rewrite "$A"
is "$rc/$(status)" 2/rewritten 'a dump of one schema asks for a human' || note "$err"
is "$(table shop.people untold) $(table shop.people dropped) $(table shop.people altered)" '3 0 0' 'people show no start: they may be others by now'
is "$(table shop.orders untold) $(table shop.orders dropped)" '1 4' 'nor does an order that is not complete'
is "$(json '[.sets[0].tables[] | select(.table | startswith("shop.visits")) | .dropped] | add')" \
	"$(q "SELECT count(*) FROM was.visits WHERE false" >/dev/null; PGDATABASE=want q "SELECT 24 - count(*) FROM shop.visits")" 'visits do'
like "$(json '.sets[0].notes[]')" 'shop.people: 3 row\(s\) may be erased ones, and stay: neither a start nor a ledger' 'in words'
restore "$A" got
is "$(PGDATABASE=got q "SELECT string_agg(id::text, ' ' ORDER BY id) FROM shop.people WHERE email ~ 'person[127]@'")" '1 2 7' 'they stay'

# ---- a later one: the keys are used again ----
q "INSERT INTO shop.people VALUES (1, 'reborn@ex.test', 'Reborn', now(), NULL);
	INSERT INTO shop.orders VALUES (11, 1, 'reborn@door', NULL); INSERT INTO shop.logins VALUES ('person7@ex.test', 1, NULL)"
pg_dump -Fc -f "$W/after"
pg_dump -Fp -f "$W/after.plain"
for a in after after.plain; do
	sum=$(sha256sum "$W/$a")
	rewrite "$W/$a"
	is "$rc/$(status)" 0/unchanged "$a: what is there was not erased" || note "$err"
	is "$(json '[.sets[0].tables[] | .other + .untold] | add')" 0 "$a: and nothing is to be told"
	is "$(sha256sum "$W/$a")" "$sum" "$a: not a byte"
done

# ---- a hold that was placed later ----
q "INSERT INTO shop.devices VALUES (100, 7, NULL, 'S100', now())"	# a hold needs a row
run_pgretain hold add --scope subject=account:7 --reason CASE-7
is "$rc" 0 'a hold' || note "$err"
hold=$out
first custom
rewrite "$A"
is "$rc/$(status)" 2/rewritten 'what it covers stays, and that is said' || note "$err"
like "$(json '.sets[0].notes[]')" 'shop.people: 1 erased row\(s\) stay: a hold covers them' 'in words'
restore "$A" got
restore "$W/before.custom" was
theirs() { PGDATABASE=$1 q "SELECT p::text FROM shop.people p WHERE id = 7 UNION ALL SELECT o::text FROM shop.orders o WHERE person = 7
	UNION ALL SELECT i::text FROM shop.items i WHERE \"order\" IN (71, 72) UNION ALL SELECT a::text FROM shop.avatars a WHERE person = 7
	UNION ALL SELECT v::text FROM shop.visits v WHERE person = 7 UNION ALL SELECT l::text FROM shop.logins l WHERE person = 7
	UNION ALL SELECT d::text FROM shop.devices d WHERE 7 IN (owner, second)"; }
is "$(theirs got)" "$(theirs was)" 'every row of theirs is as it was'
ok_not 'the other is gone' grep -qE 'person1@|Name 1$' <(pg_dump -n shop got)

cp -a "$W/before.custom" "$B/before.dump"
pg_dump -Fc -f "$B/a.dump"
run_pgretain backup scan
is "$rc" 0 'there is a backup'
q "UPDATE shop.orders SET completed = now() - interval '4 years' WHERE id = 42"
before=$(q "SELECT count(*) FROM pgretain.tombstone")
run_pgretain run --format json
is "$rc $(of orders deleted)" '0 1' 'one more night'
is "$(q "SELECT count(*) FROM pgretain.tombstone")" "$before" 'a start before the oldest backup reads the same in all of them'

# ---- what that ends ----
held() { q "SELECT string_agg(DISTINCT q.request::text, ' ' ORDER BY q.request::text) FROM pgretain.obligation o JOIN pgretain.request_run q USING (run)
	JOIN pgretain.backup_set b ON b.id = o.set_id WHERE o.cleared_at IS NULL AND b.name = 'before.dump'"; }
run_pgretain backup scan
is "$(held)" "$(printf '%s\n' "$one" "$two" "$seven" | sort | xargs)" 'a dump from before holds rows of three requests'
run_pgretain backup rewrite nightly/before.dump
is "$rc" 2 'one of them is under the hold' || note "$err"
is "$(held)" "$seven" 'the others are met'
is "$(state_of "$one") $(state_of "$seven")" 'completed backup_pending' 'and that one is complete'
like "$(q "SELECT string_agg(unmet, '; ') FROM pgretain.obligation WHERE cleared_at IS NULL AND unmet IS NOT NULL")" \
	'row\(s\) of rule "[a-z]+" that were erased stay in it' 'why is known'
run_pgretain hold release "$hold"
is "$rc" 0 'the hold is lifted' || note "$err"
run_pgretain backup rewrite nightly/before.dump
is "$rc $(held)" '0 ' 'nothing is held any more' || note "$err"
is "$(state_of "$seven")" completed 'and all is complete'
is "$(q "SELECT DISTINCT how FROM pgretain.obligation o JOIN pgretain.request_run USING (run) WHERE cleared_at IS NOT NULL")" rewritten 'by rewriting'
restore "$B/before.dump" got
state got >"$W/got"
ok 'what lies there is clean' diff "$W/want" "$W/got"
run_pgretain backup scan
isnt "$(q "SELECT count(*) FROM pgretain.tombstone")" 0 'who finds one more dump within a week still knows'
q "UPDATE pgretain.obligation SET cleared_at = cleared_at - interval '8 days'; UPDATE pgretain.erasure SET at = at - interval '8 days'"
run_pgretain backup scan
is "$(q "SELECT count(*) FROM pgretain.tombstone")" 0 'then nothing is remembered any more'
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'backup' AND action = 'forget' AND rows = $before")" 1 'as the ledger says'

q "CREATE ROLE looker LOGIN; GRANT pgretain_auditor TO looker"
owner=$PGUSER
export PGUSER=looker
ok 'an auditor sees that there are some' psql -XAtqo /dev/null -c "SELECT seq, rule, source_table FROM pgretain.tombstone"
ok 'but no key' q_fails 42501 "SELECT key FROM pgretain.tombstone"
ok 'and no digest' q_fails 42501 "SELECT key_digest FROM pgretain.tombstone"
export PGUSER=$owner
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
done_testing
