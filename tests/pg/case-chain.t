#!/usr/bin/env bash
# slow
# Rows that go together: trees within a table, followers three deep, races with new children.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

server_set log_statement "'all'"
log_mark
case_db

# ---- self-references -----------------------------------------------------------------------------------

note 'a chain of 200 levels; a retained leaf; rows that refer to themselves; circles'
q "CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree, at timestamptz, note text DEFAULT 'x');
	CREATE INDEX ON tree (up);
	INSERT INTO tree SELECT n, nullif(n - 1, 0), $old FROM generate_series(1, 200) n;		-- 200 deep
	INSERT INTO tree SELECT 1000 + n, CASE n WHEN 1 THEN NULL ELSE 999 + n END,
		CASE n WHEN 10 THEN $fresh ELSE $old END FROM generate_series(1, 10) n;			-- a young leaf
	INSERT INTO tree SELECT 2000 + n, 1005, $old FROM generate_series(1, 5) n;			-- old leaves beside it
	INSERT INTO tree VALUES (3001, 3001, $old), (3002, 3002, $fresh);				-- themselves
	INSERT INTO tree VALUES (4001, NULL, $old), (4002, 4001, $old); UPDATE tree SET up = 4002 WHERE id = 4001;
	INSERT INTO tree VALUES (5001, NULL, $old), (5002, 5001, $fresh); UPDATE tree SET up = 5002 WHERE id = 5001;
	INSERT INTO tree SELECT 6000 + n, NULL, $old FROM generate_series(0, 6) n;			-- a circle of seven
	UPDATE tree SET up = 6000 + (id - 6000 + 1) % 7 WHERE id BETWEEN 6000 AND 6006;
	INSERT INTO tree VALUES (7001, 4001, $old), (7002, 6003, $old), (7003, 7002, $old)"
conf_rule tree 'table = "public.tree"; class = "c"; start = "at";'
# what must stay: the young ones and everything above them
stays="WITH RECURSIVE s AS (SELECT id, up FROM tree WHERE at > now() - interval '1 year'
	UNION SELECT p.id, p.up FROM tree p JOIN s ON p.id = s.up) SELECT id FROM s"
want=$(q "SELECT string_agg(id::text, ',' ORDER BY id) FROM ($stays) x")
is "$want" '1001,1002,1003,1004,1005,1006,1007,1008,1009,1010,3002,5001,5002' 'the law in plain SQL'
due=$(q "SELECT count(*) FROM tree WHERE at < now() - interval '1 year'")
gone=$(q "SELECT count(*) - (SELECT count(*) FROM ($stays) x) FROM tree")
case_keep "SELECT * FROM tree WHERE id IN ($want)"
case_run
is "$rc $(counts due deleted blocked failed)" "0 tree $due $gone $((due - gone)) 0" 'all others go, circles too'
is "$(ids tree)" "$want" 'by plain SQL too'
same_counts
case_end

note 'a tree with a key of two columns in partitions, one that cascades, followers of a tree'
case_conf
q "CREATE TABLE ptree (t int, id int, up int, at timestamptz, PRIMARY KEY (t, id), FOREIGN KEY (t, up)
	REFERENCES ptree)
		PARTITION BY LIST (t);
	CREATE TABLE ptree_1 PARTITION OF ptree FOR VALUES IN (1);
	CREATE TABLE ptree_2 PARTITION OF ptree FOR VALUES IN (2);
	INSERT INTO ptree SELECT t, n, nullif(n / 2, 0), $old FROM generate_series(1, 2) t, generate_series(1, 63) n;
	UPDATE ptree SET at = $fresh WHERE t = 2 AND id = 40;
	INSERT INTO ptree VALUES (1, 101, NULL, $old), (1, 102, 101, $old); UPDATE ptree SET up = 102 WHERE (t,
		id) = (1, 101);
	CREATE TABLE ctree (id int PRIMARY KEY, up int REFERENCES ctree ON DELETE CASCADE, at timestamptz);
	INSERT INTO ctree SELECT n, nullif(n / 2, 0), CASE n WHEN 9 THEN $fresh ELSE $old END
		FROM generate_series(1, 15) n;
	CREATE TABLE leaf (id int PRIMARY KEY, ctree int NOT NULL REFERENCES ctree, up int REFERENCES leaf);
	INSERT INTO leaf SELECT n, n % 15 + 1, CASE WHEN n > 15 THEN n - 15 END FROM generate_series(1, 60) n"
conf_rule ptree 'table = "public.ptree"; class = "c"; start = "at";'
conf_rule ctree 'table = "public.ctree"; class = "c"; start = "at";'
conf_rule leaf 'table = "public.leaf"; follows = "ctree"; action = "delete";'
case_keep 'SELECT * FROM ptree WHERE t = 2 AND id IN (40, 20, 10, 5, 2, 1)'
case_keep 'SELECT * FROM ctree WHERE id IN (9, 4, 2, 1)'
case_keep 'SELECT * FROM leaf WHERE ctree IN (9, 4, 2, 1)'
case_run
is "$rc $(counts due deleted blocked | sort | tr '\n' ' ')" '0 ctree 14 11 3 leaf 56 44 12 ptree 127 122 5 ' \
	'a young row keeps its ancestors and what follows them, nothing else'
is "$(q "SELECT string_agg(id::text, ',' ORDER BY id) FROM ptree") $(ids ctree)" '1,2,5,10,20,40 1,2,4,9' \
	'ON DELETE CASCADE of the key took nothing more'
is "$(q 'SELECT count(*) FROM leaf')" 16 'by plain SQL too'
same_counts
case_end

# ---- chains of followers ---------------------------------------------------------------------------------

note 'three deep: cart, order, item; the item has a condition of its own'
case_conf
q "CREATE TABLE cart (id int PRIMARY KEY, at timestamptz, who text);
	CREATE TABLE ord (id int PRIMARY KEY, cart int REFERENCES cart, gift int REFERENCES cart);
	CREATE TABLE item (id int PRIMARY KEY, ord int REFERENCES ord ON DELETE CASCADE, paid bool NOT NULL DEFAULT true);
	INSERT INTO cart SELECT n, CASE WHEN n <= 6 THEN $old ELSE $fresh END, 'x' FROM generate_series(1, 8) n;
	INSERT INTO ord SELECT n, n, NULL FROM generate_series(1, 8) n;
	INSERT INTO ord VALUES (9, NULL, NULL), (10, 6, 7);
	INSERT INTO item SELECT n, n % 8 + 1 FROM generate_series(0, 31) n;
	UPDATE item SET paid = false WHERE id = 8"
conf_rule cart 'table = "public.cart"; class = "c"; start = "at";
	children = { ord = { ord_gift_fkey = "set null"; }; };'
conf_rule ord 'table = "public.ord"; follows = "cart"; via = "ord_cart_fkey"; action = "delete";'
conf_rule item 'table = "public.item"; follows = "ord"; action = "delete"; where = "paid";'
case_keep 'SELECT * FROM cart WHERE id IN (1, 7, 8)'
case_keep 'SELECT * FROM ord WHERE id IN (1, 7, 8, 9)'
case_keep 'SELECT * FROM item WHERE ord IN (1, 7, 8)'
case_run
is "$rc $(counts due deleted blocked indeterminate | tr '\n' ' ')" '0 item 23 20 3 0 ord 7 6 1 1 cart 6 5 1 0 ' \
	'an item outside its condition keeps its order and cart; an order without cart is indeterminate'
is "$(ids cart) $(ids ord) $(q 'SELECT count(*) FROM item')" '1,7,8 1,7,8,9 12' 'by plain SQL too'
same_counts
case_end
run_pgretain explain item id=0 --format json
note "explain ends $rc"
case_conf
conf_rule cart 'table = "public.cart"; class = "c"; start = "at"; children = { ord = "set null"; };'
conf_rule ord 'table = "public.ord"; follows = "cart"; action = "delete";'
run_pgretain plan --format json
is "$rc $(of ord status) $(of cart status)" '2 failed failed' 'two keys to the parent and no via: failed'
like "$(of ord reason)$(json '.rules[] | .notes | tojson')" 'via = ' 'the way out is told'

note 'mixed actions: the parent is anonymized, items deleted or anonymized, notes of items deleted'
case_conf
q "CREATE TABLE buyer (id int PRIMARY KEY, at timestamptz, name text);
	CREATE TABLE bill (id int PRIMARY KEY, buyer int REFERENCES buyer, addr text);
	CREATE TABLE line (id int PRIMARY KEY, bill int REFERENCES bill);
	CREATE TABLE memo (id int PRIMARY KEY, buyer int REFERENCES buyer, txt text);
	INSERT INTO buyer SELECT n, CASE WHEN n < 4 THEN $old ELSE $fresh END, 'name' FROM generate_series(1, 5) n;
	INSERT INTO bill SELECT n, n % 5 + 1, 'addr' FROM generate_series(1, 20) n;
	INSERT INTO line SELECT n, n % 20 + 1 FROM generate_series(1, 100) n;
	INSERT INTO memo SELECT n, n % 5 + 1, 'txt' FROM generate_series(1, 10) n;
	UPDATE buyer SET name = NULL WHERE id = 1"
conf_rule buyer 'table = "public.buyer"; class = "c"; start = "at"; action = "anonymize";
	columns = { name = "null"; };'
conf_rule bill 'table = "public.bill"; follows = "buyer"; action = "anonymize"; columns = { addr = "null"; };'
conf_rule line 'table = "public.line"; follows = "bill"; action = "delete";'
conf_rule memo 'table = "public.memo"; follows = "buyer"; action = "delete";'
case_keep 'SELECT * FROM buyer WHERE id > 3'
case_keep 'SELECT id, buyer FROM bill'
case_keep 'SELECT * FROM bill WHERE buyer > 3'
case_keep 'SELECT * FROM line WHERE bill IN (SELECT id FROM bill WHERE buyer > 3)'
case_keep 'SELECT * FROM memo WHERE buyer > 3'
case_run
is "$rc $(counts due anonymized deleted | sort | tr '\n' ' ')" '0 bill 12 12 0 buyer 2 2 0 line 60 0 60 memo 6 0 6 ' \
	'a parent that is final already still has its followers done'
is "$(q "SELECT (SELECT count(name) FROM buyer), (SELECT count(addr) FROM bill), (SELECT count(*) FROM line),
	(SELECT count(*) FROM memo)")" '2|8|40|4' 'by plain SQL too'
same_counts
case_end
q "INSERT INTO memo VALUES (99, 1, 'late'); INSERT INTO bill VALUES (99, 2, 'late')"
run_pgretain run --format json
is "$rc $(counts deleted anonymized | sort | tr '\n' ' ')" '0 bill 0 1 buyer 0 0 line 0 0 memo 1 0 ' \
	'late followers too'

note 'two rules on one table: anonymized after one year, deleted after three'
case_conf
conf_class three 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "delete";'
q "CREATE TABLE two (id int PRIMARY KEY, at timestamptz, mail text);
	INSERT INTO two SELECT n, now() - n * interval '1 year' - interval '3 days', 'm' FROM generate_series(0, 5) n"
conf_rule gone 'table = "public.two"; class = "three"; start = "at";'
conf_rule mask 'table = "public.two"; class = "c"; start = "at"; action = "anonymize"; columns = { mail = "null"; };'
case_keep 'SELECT * FROM two WHERE id = 0'
case_keep 'SELECT id, at FROM two WHERE id < 3'
case_run
is "$rc $(counts due anonymized deleted | tr '\n' ' ')" '0 mask 5 5 0 gone 3 0 3 ' \
	'each row by the longest it has reached'
is "$(q "SELECT string_agg(id || coalesce(mail, '-'), ',' ORDER BY id) FROM two")" '0m,1-,2-' 'by plain SQL too'
same_counts
case_end

# ---- a follower with many rows ------------------------------------------------------------------------------

note '20000 items of one order: several transactions, and a restart goes on'
case_conf
q "CREATE TABLE big (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE part (id int PRIMARY KEY, big int REFERENCES big, v text);
	CREATE INDEX ON part (big);
	INSERT INTO big VALUES (1, $old), (2, $fresh), (3, $old);
	INSERT INTO part SELECT n, 1, 'x' FROM generate_series(1, 20000) n;
	INSERT INTO part VALUES (30001, 2, 'x'), (30002, 3, 'x'); ANALYZE big, part;
	CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN OLD; END';
	CREATE TRIGGER gate BEFORE DELETE ON part FOR EACH ROW WHEN (OLD.id = 12345) EXECUTE FUNCTION gate()"
conf_rule big 'table = "public.big"; class = "c"; start = "at";'
conf_rule part 'table = "public.part"; follows = "big"; action = "delete";'
case_keep 'SELECT * FROM big WHERE id = 2'
case_keep 'SELECT * FROM part WHERE big = 2'
run_pgretain plan --format json
plan_out=$out
session_open gate
session gate 'SELECT pg_advisory_lock(4711)'
"$PGRETAIN" run --confirm "$(json .fingerprint)" --format json >"$W/killed" 2>&1 &
pid=$!
waiting() { [ "$(q "SELECT count(*) FROM pg_locks WHERE NOT granted")" -gt 0 ]; }
ok 'the run is in the middle' wait_for 60 waiting
kill -9 $pid
wait $pid 2>/dev/null
session_close gate
ended() { [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^pgretain'")" = 0 ]; }
ok 'its sessions end' wait_for 60 ended
left=$(q 'SELECT count(*) FROM part WHERE big <> 2')
ledger=$(q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger WHERE kind = 'batch' AND rule = 'part'")
ok 'some slices had been committed, others not' test "$ledger" -gt 0 -a "$left" -gt 0
is_eq $((left + ledger)) 20001 "killed with $left left: what is gone stands in the ledger"
is "$(q 'SELECT count(*) FROM part p LEFT JOIN big b ON b.id = p.big WHERE b.id IS NULL')" \
	0 'no item without its order'
run_pgretain run --format json
run_out=$out
is "$rc $(counts deleted | tr '\n' ' ')" "0 part $left big $(q "SELECT 2 - coalesce(sum(rows), 0)
	FROM pgretain.ledger WHERE kind = 'batch' AND rule = 'big'
		AND run <> '$(json .run)'") " 'the restart completes it'
is "$(ids big) $(ids part)" '2 30001' 'by plain SQL too'
is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch' AND rule IN ('big', 'part')")" \
	20003 'the ledger has all'
ok 'in several transactions' test "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'batch'
	AND rule = 'part'")" -gt 2
case_end

note 'a key that is not valid yet: rows that refer to nothing'
case_conf
q "CREATE TABLE nv (id int PRIMARY KEY, at timestamptz NOT NULL);
	CREATE TABLE nvc (id int PRIMARY KEY, nv int NOT NULL);
	INSERT INTO nv VALUES (1, $old), (2, $fresh);
	INSERT INTO nvc VALUES (1, 1), (2, 2), (3, 77), (4, 78);
	ALTER TABLE nvc ADD FOREIGN KEY (nv) REFERENCES nv NOT VALID"
conf_rule nv 'table = "public.nv"; class = "c"; start = "at";'
conf_rule nvc 'table = "public.nvc"; follows = "nv"; action = "delete";'
case_keep 'SELECT * FROM nvc WHERE id > 1'
case_run
is "$rc $(counts deleted indeterminate | sort | tr '\n' ' ')" \
	"0 nv 1 0 nvc 1 $(q 'SELECT count(*) FROM nvc WHERE nv NOT IN (SELECT id FROM nv)') " 'they are counted: indeterminate'
is "$(ids nvc)" 2,3,4 'and stay'
same_counts
case_end

# ---- races ----------------------------------------------------------------------------------------------------

note 'C27: a child is saved while the batch waits'
case_conf 'max_percent = 100.0; lock_timeout = "10s"; lanes = 1;'
q "CREATE TABLE ra (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE rb (id int PRIMARY KEY, ra int REFERENCES ra, at timestamptz);
	INSERT INTO ra SELECT n, $old FROM generate_series(1, 21) n"
conf_rule ra 'table = "public.ra"; class = "c"; start = "at";'
conf_rule rb 'table = "public.rb"; class = "c"; start = "at";'
run_pgretain plan --format json
plan_out=$out
session_open a
session a "BEGIN; INSERT INTO rb VALUES (1, 7, $fresh)"
"$PGRETAIN" run --confirm "$(json .fingerprint)" --format json >"$W/race" 2>"$W/race.err" &
pid=$!
ok 'the batch waits' wait_for 30 waiting
session a COMMIT
wait $pid
rc=$? out=$(<"$W/race") run_out=$out
is "$rc $(of ra deleted) $(($(of ra blocked) + $(of ra changed)))" \
	'0 20 1' 'twenty deleted, one blocked, no abort' || note "$out"
is "$(ids ra) $(ids rb)" '7 1' 'by plain SQL too'
case_keep 'TABLE ra'
case_end

# ---- C31 --------------------------------------------------------------------------------------------------------

note 'C31: what was sent'
log_since | grep -E '@t pgretain (run|lane)' >"$W/sent"
ok 'the log has it' test "$(wc -l <"$W/sent")" -gt 500
for never in "session_replication_role('?,|'? *=|'? +to) *'?(replica|local)" 'DISABLE +(TRIGGER|RULE)' 'SET +CONSTRAINTS' 'DROP .*CASCADE' TRUNCATE; do
	ok_not "never: $never" grep -qiE "$never" "$W/sent"
done
done_testing
