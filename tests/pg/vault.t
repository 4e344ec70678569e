#!/usr/bin/env bash
# The vault beside what changes: later columns, other names, chains, single columns, holds, purge, kills.
# slow
: "${TEST_TIMEOUT:=600}"
. "$(dirname "$0")/lib.sh"

new_db() {
	db_new "$1"
	conf_new
	conf_class q 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "quarantine"; vault = "30 days";'
	conf_class qq 'floor = ( { keep = "2 years"; basis = "law"; } ); zone = "America/New_York"; action = "quarantine";
		vault = "40 days";'
}

stored() { q "SELECT count(*) FROM pgretain_vault.\"$1\""; }
conflicts() { json '[.conflicts[] | "\(.table) \(.constraint):\(.rows)"] | sort | join("; ")'; }

hold() { # SCOPE TARGET CONDITION: prints its id
	q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
	VALUES (gen_random_uuid(), '$1', nullif('$2', ''), nullif('${3//\'/\'\'}', ''), 'case 1', 'anna') RETURNING id"
}

lift() { q "UPDATE pgretain.hold SET state = 'released', released_at = now() WHERE id = '$1'"; }

# ---- later columns, types and names ---------------------------------------------------------------

new_db later
q "CREATE TABLE evo (gone0 int, id int PRIMARY KEY, a text, b text, n numeric(10,2), w varchar(5), at timestamptz);
ALTER TABLE evo DROP COLUMN gone0;
INSERT INTO evo SELECT i, 'a' || i, CASE WHEN i > 2 THEN 'b' || i END, 1.25, 'abcde', '2020-01-01' FROM
	generate_series(1, 5) i"
conf_rule evo 'table = "public.evo"; class = "q"; start = "at";'
run_pgretain init
confirmed_run
is "$rc $(of evo quarantined)" '0 5' 'five rows are quarantined'
q "ALTER TABLE evo ADD COLUMN z int DEFAULT 7; ALTER TABLE evo RENAME COLUMN a TO \"A a\"; ALTER TABLE evo ALTER w
	TYPE varchar(9)"
run_pgretain quarantine release evo id=1 --format json
is "$rc $(q 'SELECT * FROM evo')" '0 1|a1||1.25|abcde|2020-01-01 00:00:00+00|7' 'an added column takes its default'
is "$(q 'SELECT "A a" FROM evo')" a1 'a renamed column is followed'
q 'ALTER TABLE evo DROP COLUMN b'
run_pgretain quarantine release evo --format json
is "$rc $(json .released) $(conflicts)" '2 1 public.evo column b was dropped:3' \
	'a value of a dropped column keeps its row in the vault'
is "$(q 'SELECT string_agg(id::text, chr(32) ORDER BY id) FROM evo')" '1 2' 'a row without such a value comes back'
q "ALTER TABLE evo ADD COLUMN b int; UPDATE evo SET b = 5"
run_pgretain quarantine release evo --format json
is "$rc $(json .released) $(conflicts)" '2 0 public.evo column b was dropped:3' \
	'another column of that name is not taken for it'
run_pgretain run --format json
is "$rc $(of evo quarantined)" '0 2' 'the changed table is quarantined too'
is "$(stored public.evo) $(stored public.evo~2)" '3 2' 'into a vault table of its own shape'
q 'ALTER TABLE evo ALTER n TYPE numeric(10,1)'
run_pgretain quarantine release evo id=1 --format json
is "$rc $(json .released)" '2 0' 'another type that would round the value: it stays'
like "$(conflicts)" 'column n was numeric\(10,2\) and is numeric\(10,1\)' 'and both types are named'
q 'ALTER TABLE evo ALTER n TYPE numeric(12,2); CREATE SCHEMA "o ld"; ALTER TABLE evo SET SCHEMA "o ld"; ALTER TABLE "o ld".evo RENAME TO "E vo"'
q 'CREATE TABLE evo (LIKE "o ld"."E vo")'
run_pgretain quarantine release evo id=1 --format json
is "$rc $(json .released) $(q 'SELECT id, b, z FROM "o ld"."E vo"') $(q 'SELECT count(*) FROM public.evo')" \
	'0 1 1|5|7 0' \
	'a table that was renamed gets its rows, not the new one of its name'
q "INSERT INTO evo (id, at) VALUES (9, '2020-01-01')"
run_pgretain plan --format json; fp=$(json .fingerprint)
run_pgretain run --confirm "$fp" --format json
is "$rc $(stored public.evo) $(stored public.evo~2) $(stored public.evo~3)" '0 3 1 1' \
	'the new table of that name has a vault table of its own'
# a dump numbers columns anew and gives new oids
pg_dump -Fc -f "$W/later.dump" 2>"$W/dump.err" || note "$(cat "$W/dump.err")"
db_new restored
pg_restore -d restored "$W/later.dump" 2>"$W/restore.err"
sed -i 's/dbname=later/dbname=restored/' "$PGRETAIN_CONFIG"
run_pgretain quarantine release evo --format json
is "$rc" 1 'a restored database is refused until it was adopted'
run_pgretain init --adopt
run_pgretain quarantine release evo id=9 --format json
is "$rc $(json .released) $(q 'SELECT id FROM public.evo')" '0 1 9' 'after a restore rows find their table again'
q 'DROP TABLE public.evo'
run_pgretain quarantine list --format json
is_eq "$(json '[.entries[].rows] | add')" 4 'list does not need the table'

# ---- partitions, inheritance, long names, two rules -----------------------------------------------

new_db shapes
long=$(printf 'é%.0s' $(seq 30))
q "CREATE TABLE part (id int, at timestamptz NOT NULL, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE p19 PARTITION OF part FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
CREATE TABLE p20 (v text, junk int, at timestamptz NOT NULL, id int NOT NULL); ALTER TABLE p20 DROP junk;
ALTER TABLE part ATTACH PARTITION p20 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO part VALUES (1, '2019-05-05', 'x'), (2, '2020-05-05', 'y');
CREATE TABLE inh (id int, at timestamptz); CREATE TABLE inh_child (extra text) INHERITS (inh);
INSERT INTO inh_child VALUES (1, '2020-01-01', 'precious');
CREATE TABLE \"$long\" (id int PRIMARY KEY, at timestamptz); CREATE TABLE \"${long}b\" (id int PRIMARY KEY, at
	timestamptz);
INSERT INTO \"$long\" VALUES (1, '2020-01-01'); INSERT INTO \"${long}b\" VALUES (2, '2020-01-01');
CREATE TABLE two (id int PRIMARY KEY, kind text, at timestamptz);
INSERT INTO two SELECT i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END, '2020-01-01' FROM generate_series(1, 10) i"
conf_rule part 'table = "public.part"; class = "q"; start = "at";'
conf_rule long1 "table = \"public.\\\"$long\\\"\"; class = \"q\"; start = \"at\";"
conf_rule long2 "table = \"public.\\\"${long}b\\\"\"; class = \"q\"; start = \"at\";"
conf_rule even "table = \"public.two\"; class = \"q\"; start = \"at\"; where = \"kind = 'even'\";"
conf_rule odd "table = \"public.two\"; class = \"qq\"; start = \"at\"; where = \"kind = 'odd'\";"
run_pgretain init
part=$(snap 'SELECT tableoid, * FROM part') two=$(snap 'TABLE two')
confirmed_run
is "$rc $(of part quarantined) $(of long1 quarantined) $(of long2 quarantined) $(of even quarantined) $(of odd \
	quarantined)" \
	'0 2 1 1 5 5' 'all are quarantined'
is "$(q 'SELECT count(*), count(DISTINCT source) FROM pgretain.vault')" '4|4' 'four vault tables: two rules share one'
run_pgretain quarantine release part --format json
is "$rc $(snap 'SELECT tableoid, * FROM part')" "0 $part" 'through the root into the same partitions'
run_pgretain quarantine release odd --format json
is "$rc $(json .released) $(stored public.two)" '0 5 5' 'one rule of two'
run_pgretain quarantine release even --format json
is "$rc $(snap 'TABLE two')" "0 $two" 'then the other'
for r in long1 long2; do run_pgretain quarantine release $r --format json; is "$rc $(json .released)" '0 1' \
	"$r: long names"; done
run_pgretain run --format json
q 'DROP TABLE p19'
run_pgretain quarantine release part --format json
is "$rc $(json .released) $(conflicts)" '2 1 public.part no partition of public.part takes the row:1' \
	'no partition: it stays'
is "$("$PGRETAIN" sql show query/check_vault_strays | q)" '' 'no strays'
q "CREATE TABLE pgretain_vault.left_over AS TABLE two; GRANT SELECT ON pgretain_vault.\"public.two\" TO PUBLIC"
is "$("$PGRETAIN" sql show query/check_vault_strays | q | paste -sd' ')" \
	'pgretain_vault."public.two"|readable pgretain_vault.left_over|stray' 'strays are named'
run_pgretain init
is "$("$PGRETAIN" sql show query/check_vault_strays | q)" 'pgretain_vault.left_over|stray' 'init takes the rights back'
conf_rule inh 'table = "public.inh"; class = "q"; start = "at";'
run_pgretain plan --format json
is "$(of inh status)" failed 'a table with inheritance children is refused'
like "$(of inh reason)" 'inheritance' 'and says why'

# ---- chains ---------------------------------------------------------------------------------------

new_db chain
q "CREATE TABLE orders (id int PRIMARY KEY, buyer text, at timestamptz);
CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL CONSTRAINT \"item's order\" REFERENCES orders, v text);
CREATE TABLE notes (item_id int REFERENCES items, t text);
INSERT INTO orders SELECT i, 'b' || i, '2020-01-01' FROM generate_series(1, 3) i;
INSERT INTO items SELECT i, (i - 1) / 2 + 1, 'v' FROM generate_series(1, 6) i;
INSERT INTO notes SELECT i, 'n' FROM generate_series(1, 6) i, generate_series(1, 2)"
conf_rule orders 'table = "public.orders"; class = "q"; start = "at"; subject = { account = "buyer"; };'
conf_rule items 'table = "public.items"; follows = "orders"; action = "quarantine";'
conf_rule notes 'table = "public.notes"; follows = "items"; action = "quarantine";'
run_pgretain init
all=$(snap 'SELECT o, i, n FROM orders o JOIN items i ON i.order_id = o.id JOIN notes n ON n.item_id = i.id')
confirmed_run
is "$rc $(of orders quarantined) $(of items quarantined) $(of notes quarantined)" '0 3 6 12' \
	'a chain of three is quarantined'
balance
run_pgretain quarantine release items --format json
is "$rc $(json .released)" '2 0' 'a follower without its parent is refused'
like "$(conflicts)" "its row of rule orders stays in the vault|item's order" 'and the parent, or the key, is named'
run_pgretain quarantine release orders id=2 --format json
is "$rc $(json .released) $(q 'SELECT count(*) FROM items') $(q 'SELECT count(*) FROM notes')" '0 7 2 4' \
	'one order with its items and their notes'
q "INSERT INTO orders VALUES (3, 'somebody else', now())"
run_pgretain quarantine release orders --format json
is "$rc $(json .released) $(stored public.orders) $(stored public.items) $(stored public.notes)" '2 7 1 2 4' \
	'an order that can not come back keeps its items with it'
like "$(conflicts)" 'orders_pkey:1' 'its constraint is named'
is "$(q 'SELECT count(*) FROM items WHERE order_id = 3')" 0 'another order of that key does not get them'
q 'DELETE FROM orders WHERE id = 3'
run=$(q "SELECT run FROM pgretain.ledger WHERE kind = 'batch' LIMIT 1")
run_pgretain quarantine release orders --run "$run" --format json
is "$rc $(snap 'SELECT o, i, n FROM orders o JOIN items i ON i.order_id = o.id JOIN notes n ON n.item_id = i.id')" \
	"0 $all" \
	'by run: everything is as it was'

# ---- purge and holds ------------------------------------------------------------------------------

run_pgretain run --format json
is "$rc $(of notes quarantined)" '0 12' 'quarantined again'
run_pgretain quarantine purge --format json
is "$rc $(json .purged) $(stored public.notes)" '0 0 12' 'nothing is purged before its date'
run_pgretain quarantine purge --before "$(date -u -d '+60 days' +%Y-%m-%d)"
is "$rc" 1 '--before in the future is refused'
is "$(stored public.notes)" 12 'and purges nothing'
for t in orders items notes; do age "public.$t" '2024-05-05 16:00'; done
h=$(q "INSERT INTO pgretain.hold (id, scope, subject_type, subject_key, reason, placed_by)
	VALUES (gen_random_uuid(), 'subject', 'account', 'b2', 'case 2', 'anna') RETURNING id")
run_pgretain quarantine list --format json
is "$(json '[.entries[] | "\(.rule) \(.held)"] | sort | unique | join(", ")')" 'items 2, notes 4, orders 1' \
	'a hold on a person covers what follows their rows, in the vault too'
run_pgretain quarantine purge --before 2024-05-05T15:00:00Z --format json
is "$rc $(json .purged)" '0 0' '--before an earlier instant: nothing'
run_pgretain quarantine purge --format json
is "$rc $(json .purged) $(stored public.orders) $(stored public.items) $(stored public.notes)" '0 14 1 2 4' \
	'held rows stay, the others go'
is "$(q "SELECT string_agg(rule || rows, ' ' ORDER BY seq) FROM pgretain.ledger WHERE action = 'purge'")" \
	'items4 notes8 orders2' 'with their entries'
is "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE action = 'purge' AND detail::jsonb ->> 'partition' = 'true'")" \
	'' 'row by row'
lift "$h"
h=$(hold rows items "v = 'v' AND order_id = 2")
run_pgretain quarantine purge --format json
is "$rc $(json .purged) $(stored public.orders) $(stored public.items) $(stored public.notes)" '0 0 1 2 4' \
	'a hold on rows of a rule covers what follows them, and they keep their parent'
lift "$h"
h=$(hold rows notes 'nosuch > 1')
run_pgretain quarantine purge --format json
is "$rc $(stored public.notes)" '2 4' 'a hold that can not be tested keeps all'
lift "$h"
session_open A
session A "BEGIN; LOCK TABLE pgretain_vault.\"public.notes\" IN ACCESS SHARE MODE"
run_pgretain quarantine purge --format json
is "$rc $(json .purged)" '0 7' 'a reader of the partition: its rows go one by one'
session A COMMIT
run_pgretain quarantine purge --format json
is "$rc $(q "SELECT count(*) FROM pg_class WHERE relname ~ '@20240505$'")" '0 0' 'empty days go'
run_pgretain run --format json
q "INSERT INTO orders SELECT i, 'b', '2020-01-01' FROM generate_series(100, 199) i"
run_pgretain run --format json
age public.orders '2024-06-06 00:00'
conf_limits 'max_percent = 100.0; lock_timeout = "60s";'
session A 'BEGIN'
session A "INSERT INTO pgretain.hold (id, scope, target, reason, placed_by)
	VALUES ('11111111-2222-3333-4444-555555555555', 'table', 'orders', 'case 3', 'anna')"
"$PGRETAIN" quarantine purge --format json >"$W/out" 2>/dev/null & pid=$!
waiting() { [ "$(q "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")" -gt 0 ]; }
wait_for 50 waiting
session A COMMIT
wait $pid
is "$(jq .purged "$W/out") $(stored public.orders)" '0 100' 'a hold that is placed while a purge waits is seen by it'
lift 11111111-2222-3333-4444-555555555555
run_pgretain quarantine purge --format json
is "$rc $(json .purged)" '0 100' 'a whole day'
is "$(q "SELECT rows, detail::jsonb ->> 'partition' FROM pgretain.ledger WHERE action = 'purge' ORDER BY seq DESC
	LIMIT 1")" \
	'100|true' 'as a partition, its rows counted'
ok 'the functions touch nothing but the vault' q_fails 42809 \
	'SET ROLE pgretain_runner; SELECT pgretain.vault_drop(1259, now())'
run_pgretain run --format json
ok 'nor a partition before its date' q_fails 55006 "SET ROLE pgretain_runner; SELECT pgretain.vault_drop(i.inhrelid,
	'infinity')
	FROM pg_inherits i JOIN pgretain.vault v ON v.vault = i.inhparent"
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'

# ---- single columns -------------------------------------------------------------------------------

new_db columns
q "CREATE TABLE u (id int PRIMARY KEY, email text UNIQUE, phone text, keep text, at timestamptz);
INSERT INTO u SELECT i, i || '@x', NULLIF('p' || i, 'p2'), 'k', '2020-01-01' FROM generate_series(1, 4) i"
conf_rule u 'table = "public.u"; class = "q"; start = "at"; columns = { email = "tombstone"; phone = "null"; };'
run_pgretain init
u=$(snap 'TABLE u')
confirmed_run
is "$rc $(of u quarantined) $(stored public.u.columns)" '0 4 4' 'columns of four rows'
is "$(q "SELECT count(*) FROM u WHERE phone IS NULL AND email !~ '@x' AND keep = 'k'")" 4 'and the rows stay'
idle_again
run_pgretain quarantine release u --format json
is "$rc $(json .released) $(snap 'TABLE u')" "0 4 $u" 'columns are put back'
run_pgretain run --format json
q "UPDATE u SET email = 'mine' WHERE id = 1; DELETE FROM u WHERE id = 2; INSERT INTO u VALUES (9, '3@x', NULL, NULL,
	now())"
run_pgretain quarantine release u --format json
is "$rc $(json .released) $(q \
	'SELECT string_agg(id::text, chr(32) ORDER BY id) FROM pgretain_vault."public.u.columns"')" '2 1 1 2 3' \
	'a row written since, one that is gone, one whose value is taken: they stay'
like "$(conflicts)" 'written since:2; .*u_email_key:1' 'and are named'
is "$(q 'SELECT email FROM u WHERE id = 1')" mine 'nothing is overwritten'

# ---- killed in the middle -------------------------------------------------------------------------

new_db killed
q "CREATE TABLE big (id int PRIMARY KEY, v text, at timestamptz);
INSERT INTO big SELECT i, repeat('x', 400), '2020-01-01' FROM generate_series(1, 60000) i"
conf_limits 'max_percent = 100.0; transaction_target = "10ms"; lanes = 2;'
conf_rule big 'table = "public.big"; class = "q"; start = "at";'
run_pgretain init
big=$(snap 'TABLE big')
run_pgretain plan --format json
fp=$(json .fingerprint)
balanced() {
	is "$(($(q 'SELECT count(*) FROM big') + $(stored public.big)))" 60000 "$1: no row is lost or doubled"
	is "$(q "SELECT coalesce(sum(CASE WHEN action = 'release' THEN -rows ELSE rows END), 0) FROM pgretain.ledger
		WHERE kind IN ('batch', 'quarantine')")" "$(stored public.big)" "$1: the ledger counts what is in the vault"
}
gone() { [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE application_name ~ 'pgretain'")" = 0 ]; }
moving() { [ "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = '$1'")" -gt "$2" ]; }
"$PGRETAIN" run --confirm "$fp" >/dev/null 2>&1 & pid=$!
wait_for 60 moving batch 3
kill -9 $pid; wait $pid 2>/dev/null
wait_for 30 gone
balanced 'a run killed'
run_pgretain run --format json
is "$rc $(stored public.big)" '0 60000' 'the next run ends it'
"$PGRETAIN" quarantine release big >/dev/null 2>&1 & pid=$!
wait_for 60 moving quarantine 3
kill -9 $pid; wait $pid 2>/dev/null
wait_for 30 gone
balanced 'a release killed'
run_pgretain quarantine release big --format json
is "$rc $(snap 'TABLE big')" "0 $big" 'the next release ends it, byte for byte'
is "$("$PGRETAIN" sql show query/check_vault_strays | q)" '' 'no strays'
q "ALTER TABLE pgretain_vault.\"public.big\" ADD CHECK (id < 500)"
run_pgretain run --format json
is "$rc $(of big status)" '2 failed' 'a vault that refuses rows: the rule fails'
balanced 'a refusing vault'

done_testing
