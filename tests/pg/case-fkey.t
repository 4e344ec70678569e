#!/usr/bin/env bash
# slow
# Foreign keys: blocked parents, counted cascades, chains of followers, circles.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

# C31: everything that this file makes the program send is looked at in the end
server_set log_statement "'all'"
log_mark
case_db

# ---- C22: an old parent with a young child -----------------------------------------------------------

note 'C22: one blocked parent stops nobody else'
q "CREATE TABLE dag (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE run (id int PRIMARY KEY, dag int REFERENCES dag ON DELETE RESTRICT, at timestamptz);
	CREATE TABLE other (id int PRIMARY KEY, at timestamptz);
	INSERT INTO dag SELECT n, $old FROM generate_series(1, 3) n;
	INSERT INTO run VALUES (1, 1, $fresh), (2, 2, $old);
	INSERT INTO other VALUES (1, $old), (2, $fresh)"
for t in dag run other; do conf_rule $t "table = \"public.$t\"; class = \"c\"; start = \"at\";"; done
case_keep 'SELECT * FROM dag WHERE id = 1'
case_keep 'SELECT * FROM run WHERE id = 1'
case_keep 'SELECT * FROM other WHERE id = 2'
case_run
is "$rc $(counts due deleted blocked | sort | tr '\n' ' ')" '0 dag 3 2 1 other 1 1 0 run 1 1 0 ' \
	'two deleted, one blocked; the others are done; exit 0'
is "$(ids dag) $(ids run) $(ids other)" '1 1 2' 'by plain SQL too'
same_counts
case_end

note 'C22: the same with a key of two columns, partitions, a grandchild, a deferrable key'
case_conf
q "CREATE TABLE p (a int, b int, at timestamptz, PRIMARY KEY (a, b, at)) PARTITION BY RANGE (at);
	CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
	CREATE TABLE p_2 PARTITION OF p DEFAULT;
	CREATE TABLE k (id int PRIMARY KEY, a int, b int, pat timestamptz, at timestamptz,
		FOREIGN KEY (a, b, pat) REFERENCES p DEFERRABLE INITIALLY DEFERRED);
	CREATE TABLE g (id int PRIMARY KEY, k int REFERENCES k DEFERRABLE, at timestamptz);
	INSERT INTO p SELECT n, n, CASE WHEN n % 2 = 0 THEN '2015-05-05' ELSE $old END FROM generate_series(1, 6) n;
	INSERT INTO k SELECT a, a, b, at, CASE a WHEN 2 THEN $fresh ELSE $old END FROM p WHERE a < 5;
	INSERT INTO g VALUES (1, 1, $fresh), (3, 3, $old)"
for t in p k g; do conf_rule $t "table = \"public.$t\"; class = \"c\"; start = \"at\";"; done
case_keep 'SELECT * FROM p WHERE a IN (1, 2)'
case_keep 'SELECT * FROM k WHERE id IN (1, 2)'
case_keep 'SELECT * FROM g WHERE id = 1'
case_run
is "$rc $(counts due deleted blocked | sort | tr '\n' ' ')" '0 g 1 1 0 k 3 2 1 p 6 4 2 ' \
	'a grandchild blocks child and parent, a young child its parent'
is "$(q 'SELECT string_agg(a::text, $$,$$ ORDER BY a) FROM p') $(ids k) $(ids g)" '1,2 1,2 1' 'by plain SQL too'
same_counts
case_end

# ---- C25: a cascade is counted, cut, and done before the parent ---------------------------------------

note 'C25: 10000 rows behind one'
case_conf 'max_percent = 100.0; transaction_target = "100ms";'
q "CREATE TABLE top (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE mid (id int PRIMARY KEY, top int REFERENCES top ON DELETE CASCADE);
	CREATE TABLE low (id int PRIMARY KEY, mid int REFERENCES mid ON DELETE CASCADE);
	CREATE TABLE bottom (id int PRIMARY KEY, low int REFERENCES low ON DELETE CASCADE);
	CREATE INDEX ON mid (top); CREATE INDEX ON low (mid); CREATE INDEX ON bottom (low);
	INSERT INTO top VALUES (1, $old), (2, $fresh);
	INSERT INTO mid SELECT n, 1 FROM generate_series(1, 1000) n; INSERT INTO mid VALUES (9999, 2);
	INSERT INTO low SELECT n, n % 1000 + 1 FROM generate_series(1, 3000) n; INSERT INTO low VALUES (9999, 9999);
	INSERT INTO bottom SELECT n, n % 3000 + 1 FROM generate_series(1, 6000) n; INSERT INTO bottom VALUES (9999, 9999);
	ANALYZE"
conf_rule top 'table = "public.top"; class = "c"; start = "at"; children = { mid = "cascade"; low = "cascade";
	bottom = "cascade"; };'
for t in mid low bottom; do case_keep "SELECT * FROM $t WHERE id = 9999"; done
case_keep 'SELECT * FROM top WHERE id = 2'
case_run
for o in "$plan_out" "$run_out"; do
	out=$o
	is_eq "$(json '[.rules[].cascaded[]] | add')" 10000 "$(json .mode): cascaded = 10000"
	is "$(json '.rules[0].cascaded | tojson')" '{"public.bottom":6000,"public.low":3000,"public.mid":1000}' \
		'table by table'
done
is "$rc $(of top deleted)" '0 1' 'one parent'
is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE run = '$(json .run)' AND kind = 'batch'")" \
	10001 'the ledger has them all'
ok 'in several transactions' test "$(of top transactions)" -gt 1
is "$(q "SELECT DISTINCT detail::jsonb->>'batch' = (SELECT max((detail::jsonb->>'batch')::int)::text
	FROM pgretain.ledger
	WHERE run = '$(json .run)') FROM pgretain.ledger WHERE run = '$(json .run)' AND kind = 'batch'
		AND tbl = 'public.top'")" \
	t "the parent's is the last of them" ||
	note "$(q "SELECT seq, tbl, rows FROM pgretain.ledger WHERE run = '$(json .run)'
		AND kind = 'batch' ORDER BY seq")"
is "$(q 'SELECT (SELECT count(*) FROM mid), (SELECT count(*) FROM low), (SELECT count(*) FROM bottom)')" '1|1|1' \
	'by plain SQL too'
same_counts
case_end

note 'a cascade that is not mentioned: that rule failed, the others run'
case_conf
q "INSERT INTO top VALUES (3, $old); INSERT INTO mid VALUES (3, 3); INSERT INTO other VALUES (3, $old)"
conf_rule top 'table = "public.top"; class = "c"; start = "at"; children = { mid = "cascade"; bottom = "cascade"; };'
conf_rule other 'table = "public.other"; class = "c"; start = "at";'
case_keep 'TABLE top'
case_keep 'TABLE mid'
case_run
is "$plan_rc $rc $(counts status deleted | sort | tr '\n' ' ')" '2 2 other "done" 1 top "failed" 0 ' 'failed and done'
like "$(of top reason)" 'public\.low.*low_mid_fkey' 'the key is named'
case_end 2

# ---- children: set null, by constraint --------------------------------------------------------------------

note 'children by the name of the key: one is unlinked, one goes'
case_conf
q "CREATE TABLE acc (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE note (id int PRIMARY KEY, author int, about int, txt text,
		CONSTRAINT note_author FOREIGN KEY (author) REFERENCES acc ON DELETE CASCADE,
		CONSTRAINT note_about FOREIGN KEY (about) REFERENCES acc);
	INSERT INTO acc VALUES (1, $old), (2, $fresh), (3, $old);
	INSERT INTO note VALUES (1, 1, 2, 'x'), (2, 2, 1, 'x'), (3, 2, 2, 'x'), (4, 1, 3, 'x'), (5, NULL, 3, 'x'),
		(6, 2, 3, 'x')"
conf_rule acc 'table = "public.acc"; class = "c"; start = "at";
	children = { note = { note_author = "set null"; note_about = "cascade"; }; };'
case_keep 'SELECT * FROM note WHERE id = 3'
case_keep 'SELECT * FROM acc WHERE id = 2'
want="$(q "SELECT count(*) FROM note WHERE about IN (1, 3)") $(q "SELECT count(*) FROM note
	WHERE author IN (1, 3) AND (about NOT IN (1, 3) OR about IS NULL)")"
case_run
is "$rc $(of acc deleted) $(q 'SELECT id, author, about, txt FROM note ORDER BY id' | tr '\n' ' ')" \
	'0 2 1||2|x 3|2|2|x ' 'ON DELETE CASCADE of the key has no say'
is "$want" '4 1' 'plain SQL: four go, one is unlinked'
is "$(of acc cascaded | tr -d ' \n') $(of acc unset | tr -d ' \n')" '{"public.note":4} {"public.note":1}' \
	'and is counted so' ||
	note "$plan_out"
same_counts
case_end

note 'set null on a NOT NULL column: refused with the column'
case_conf
q "CREATE TABLE must (id int PRIMARY KEY, acc int NOT NULL REFERENCES acc)"
conf_rule acc 'table = "public.acc"; class = "c"; start = "at"; children = { note = "cascade"; must = "set null"; };'
run_pgretain plan --format json
is "$rc $(of acc status)" '2 failed' 'failed'
like "$(of acc reason)" 'acc of public\.must is NOT NULL' 'says why'
q 'DROP TABLE must'

# ---- the diamond --------------------------------------------------------------------------------------------

note 'a diamond: ticket refers to order and account, order to account'
case_conf
q "CREATE TABLE account (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE orders (id int PRIMARY KEY, account int NOT NULL REFERENCES account ON DELETE RESTRICT,
		at timestamptz);
	CREATE TABLE ticket (id int PRIMARY KEY, account int REFERENCES account, orders int REFERENCES orders,
		at timestamptz);
	INSERT INTO account SELECT n, $old FROM generate_series(1, 5) n;
	INSERT INTO orders SELECT n, n, CASE n WHEN 3 THEN $fresh ELSE $old END FROM generate_series(1, 4) n;
	INSERT INTO ticket VALUES (1, 1, 1, $old), (2, 5, 2, $fresh), (3, 4, 4, $old), (4, 4, NULL, $old)"
for t in account orders ticket; do conf_rule $t "table = \"public.$t\"; class = \"c\"; start = \"at\";"; done
case_keep 'SELECT * FROM account WHERE id IN (2, 3, 5)'
case_keep 'SELECT * FROM orders WHERE id IN (2, 3)'
case_keep 'SELECT * FROM ticket WHERE id = 2'
case_run
is "$rc $(counts due deleted blocked | tr '\n' ' ')" '0 ticket 3 3 0 orders 3 2 1 account 5 2 3 ' \
	'the young ticket holds an order, its account and another account; the young order its account'
is "$(ids account) $(ids orders) $(ids ticket)" '2,3,5 2,3 2' 'by plain SQL too'
same_counts
case_end

# ---- circles ----------------------------------------------------------------------------------------------

note 'a circle of keys between two tables is refused, and says how to cut it'
case_conf
q "CREATE TABLE man (id int PRIMARY KEY, team int, at timestamptz);
	CREATE TABLE team (id int PRIMARY KEY, lead int REFERENCES man, at timestamptz);
	ALTER TABLE man ADD FOREIGN KEY (team) REFERENCES team;
	INSERT INTO man SELECT n, NULL, CASE WHEN n < 5 THEN $old ELSE $fresh END FROM generate_series(1, 6) n;
	INSERT INTO team VALUES (1, 1, $old), (2, 5, $old), (3, 2, $fresh), (4, 4, $old);
	UPDATE man SET team = id WHERE id < 4"
conf_rule man 'table = "public.man"; class = "c"; start = "at";'
conf_rule team 'table = "public.team"; class = "c"; start = "at";'
run_pgretain plan --format json
is "$rc $(counts status | sort | tr '\n' ' ')" '2 man "failed" team "failed" ' 'both rules failed'
like "$(json '.rules[0] | tojson')" 'set null' 'the way out is told'
case_conf
conf_rule man 'table = "public.man"; class = "c"; start = "at"; children = { team = "set null"; };'
conf_rule team 'table = "public.team"; class = "c"; start = "at";'
case_keep 'SELECT * FROM man WHERE id IN (5, 6)'
case_keep 'SELECT id, at FROM team WHERE id = 3'
case_run
is "$rc $(counts deleted unset | sort | tr '\n' ' ')" '0 man 4 {"public.team":3} team 3 {} ' \
	'cut by set null: the old men go, three teams lose their lead, the old teams go'
is "$(ids man) $(ids team)" '5,6 3' 'by plain SQL too'
is "$(q 'SELECT count(*) FROM man WHERE team IS NOT NULL AND team NOT IN (SELECT id FROM team)')" 0 'no orphan'
same_counts
case_end
# ---- C31: nothing is switched off -----------------------------------------------------------------------------

note 'C31: what was sent'
log_since | grep -E '@t pgretain (run|lane)' >"$W/sent"
ok 'the log has it' test "$(wc -l <"$W/sent")" -gt 500
for never in "session_replication_role('?,|'? *=|'? +to) *'?(replica|local)" 'DISABLE +(TRIGGER|RULE)' 'SET +CONSTRAINTS' 'DROP .*CASCADE' TRUNCATE; do
	ok_not "never: $never" grep -qiE "$never" "$W/sent"
done
done_testing
