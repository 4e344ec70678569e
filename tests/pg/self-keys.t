#!/usr/bin/env bash
# Several keys by which rows of one table refer to each other: a row stays when a chain of any of them leads
# to it from one that stays. What stays is worked out by plain SQL, over the whole table, by hand or at random.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

# stays TABLE KEPT (UP IS)...: ids of rows that a kept one holds by the links UP = IS, at any depth
stays() {
	local t=$1 kept=$2 links=''
	shift 2
	while [ $# -gt 0 ]; do links+="${links:+ OR }(c.$1 = p.$2)"; shift 2; done
	q "WITH RECURSIVE s AS (SELECT x.*::text, x.id FROM $t x WHERE $kept
		UNION SELECT p.*::text, p.id FROM s JOIN $t c ON c.id = s.id JOIN $t p ON $links)
		SELECT string_agg(id::text, ',' ORDER BY id) FROM s"
}

# whole RULE TABLE WANT DESC: the plan says it and the run does it
whole() {
	local young
	young=$(q "SELECT count(*) FROM $2 WHERE at > now() - interval '1 year'")
	case_run
	is "$rc $(ids "$2")" "0 $3" "$4" || note "$out$err"
	is "$(of "$1" failed) $(of "$1" blocked)" "0 $(($(tr -cd , <<<"$3" | wc -c) + 1 - young))" 'as many stay as are kept by others'
	same_counts
	case_end
}

case_db
note 'by hand: chains and circles that change from one key to the other'
q "CREATE TABLE n (id int PRIMARY KEY, code text UNIQUE, at timestamptz, a int REFERENCES n, b text REFERENCES n (code));
	INSERT INTO n SELECT i, 'c' || i, $old FROM generate_series(1, 14) i;
	UPDATE n SET at = $fresh WHERE id IN (3, 9, 12);
	UPDATE n SET a = 2 WHERE id = 3;			-- 3 stays, 2 by key a, 1 by key b
	UPDATE n SET b = 'c1' WHERE id = 2;
	UPDATE n SET a = 5 WHERE id = 4; UPDATE n SET b = 'c4' WHERE id = 5;	-- a mixed circle goes
	UPDATE n SET a = 7 WHERE id = 6; UPDATE n SET b = 'c6' WHERE id = 7;	-- one that a young row holds by key b
	UPDATE n SET b = 'c7' WHERE id = 9;
	UPDATE n SET a = 8, b = 'c8' WHERE id = 8;		-- refers to itself twice
	UPDATE n SET a = 11, b = 'c10' WHERE id = 10;		-- 10 goes: what it refers to is held otherwise
	UPDATE n SET b = 'c11' WHERE id = 12;
	UPDATE n SET a = 13 WHERE id = 14; UPDATE n SET a = 10 WHERE id = 13"
want=$(stays n "x.at > now() - interval '1 year'" a id b code)
is "$want" '1,2,3,6,7,9,11,12' 'the law in plain SQL'
conf_rule n 'table = "public.n"; class = "c"; start = "at";'
case_keep "SELECT * FROM n WHERE id IN ($want)"
whole n n "$want" 'chains and circles by two keys'

note 'at random: three keys, one of two columns, over a table and over partitions'
for kind in plain parts; do
	case_db
	part='' pk='PRIMARY KEY'
	[ $kind = plain ] || part='PARTITION BY HASH (id)'
	q "CREATE TABLE n (id int PRIMARY KEY, t int NOT NULL, at timestamptz, a int, b int, ct int, c int, UNIQUE (id, t)) $part"
	[ $kind = plain ] || q 'CREATE TABLE n0 PARTITION OF n FOR VALUES WITH (MODULUS 3, REMAINDER 0);
		CREATE TABLE n1 PARTITION OF n FOR VALUES WITH (MODULUS 3, REMAINDER 1);
		CREATE TABLE n2 PARTITION OF n FOR VALUES WITH (MODULUS 3, REMAINDER 2)'
	q "SELECT FROM setseed(0.${#kind});
	INSERT INTO n SELECT i, i % 5, CASE WHEN random() < 0.1 THEN $fresh ELSE $old END FROM generate_series(1, 400) i;
	UPDATE n SET a = CASE WHEN random() < 0.4 THEN 1 + (random() * 399)::int END,
		b = CASE WHEN random() < 0.2 THEN 1 + (random() * 399)::int END,
		c = CASE WHEN random() < 0.2 THEN 1 + (random() * 399)::int END;
	UPDATE n SET ct = c % 5;
	ALTER TABLE n ADD FOREIGN KEY (a) REFERENCES n, ADD FOREIGN KEY (b) REFERENCES n,
		ADD FOREIGN KEY (c, ct) REFERENCES n (id, t)"
	want=$(stays n "x.at > now() - interval '1 year'" a id b id c id)
	isnt "$(q 'SELECT count(*) FROM n')" "$(tr -cd , <<<"$want" | wc -c)" "$kind: some are to go"
	conf_rule n 'table = "public.n"; class = "c"; start = "at";'
	case_keep "SELECT * FROM n WHERE id IN ($want)"
	whole n n "$want" "$kind: what plain SQL says"
done

note 'a key on one leaf, to another leaf alone and to a partition of partitions'
case_db
q "CREATE TABLE l (k int, id int, at timestamptz) PARTITION BY LIST (k);
	CREATE TABLE l_1 PARTITION OF l FOR VALUES IN (1);
	CREATE TABLE l_2 PARTITION OF l FOR VALUES IN (2);
	CREATE TABLE l_3 PARTITION OF l FOR VALUES IN (3, 4) PARTITION BY LIST (k);
	CREATE TABLE l_33 PARTITION OF l_3 FOR VALUES IN (3);
	CREATE TABLE l_34 PARTITION OF l_3 FOR VALUES IN (4);
	ALTER TABLE l ADD twin int, ADD up int, ADD upk int;
	ALTER TABLE l_2 ADD PRIMARY KEY (id); ALTER TABLE l_3 ADD PRIMARY KEY (k, id);
	INSERT INTO l SELECT k, i, $old FROM generate_series(1, 4) k, generate_series(1, 6) i;
	ALTER TABLE l_1 ADD CONSTRAINT twin FOREIGN KEY (twin) REFERENCES l_2;
	ALTER TABLE l_2 ADD CONSTRAINT up FOREIGN KEY (upk, up) REFERENCES l_3;
	UPDATE l SET at = $fresh, twin = 2 WHERE (k, id) = (1, 1);	-- holds 2.2, and that 4.3, but no other 2 or 3
	UPDATE l SET up = 3, upk = 4 WHERE (k, id) = (2, 2);
	UPDATE l SET twin = 4 WHERE (k, id) = (1, 4); UPDATE l SET up = 5, upk = 3 WHERE (k, id) = (2, 4)"
conf_rule l 'table = "public.l"; class = "c"; start = "at";'
case_keep 'SELECT * FROM l WHERE (k, id) IN ((1, 1), (2, 2), (4, 3))'
case_run
is "$rc $(of l failed) $(of l blocked) $(q "SELECT string_agg(k || '.' || id, ',' ORDER BY k, id) FROM l")" \
	'0 0 2 1.1,2.2,4.3' 'the rows that a key means, and no others' || note "$out$err"
same_counts
case_end

note 'a key that cascades to rows of one leaf leaves those of others, at the same keys'
case_db
q "CREATE TABLE l (k int, id int, at timestamptz) PARTITION BY LIST (k);
	CREATE TABLE l_1 PARTITION OF l FOR VALUES IN (1); CREATE TABLE l_2 PARTITION OF l FOR VALUES IN (2);
	ALTER TABLE l_1 ADD PRIMARY KEY (id); ALTER TABLE l_2 ADD PRIMARY KEY (id);
	CREATE TABLE note (id int PRIMARY KEY, l int CONSTRAINT two REFERENCES l_2);
	CREATE TABLE link (id int PRIMARY KEY, l int CONSTRAINT one REFERENCES l_1);
	INSERT INTO l SELECT k, i, CASE WHEN k = 1 OR i = 3 THEN $old ELSE $fresh END FROM generate_series(1, 2) k, generate_series(1, 4) i;
	UPDATE l SET at = $fresh WHERE (k, id) = (1, 4);
	INSERT INTO note SELECT i, i FROM generate_series(1, 4) i; INSERT INTO link TABLE note"
conf_rule l 'table = "public.l"; class = "c"; start = "at"; children = { note = "cascade"; link = "set null"; };'
case_keep 'SELECT * FROM note WHERE l <> 3'
case_keep 'SELECT * FROM link WHERE id = 4'
case_run
is "$rc $(of l failed) $(q "SELECT string_agg(k || '.' || id, ',' ORDER BY k, id) FROM l")" '0 0 1.4,2.1,2.2,2.4' 'what was due' || note "$out$err"
is "$(ids note) $(ids 'link WHERE l IS NOT NULL')" '1,2,4 4' 'and no more of what hangs on it'
same_counts
case_end

note 'a row that cascades is referred to by rows of the rule'
case_db
q "CREATE TABLE p (no int PRIMARY KEY, id int UNIQUE, at timestamptz);
	CREATE TABLE box (name text PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
	ALTER TABLE p ADD box text REFERENCES box;
	INSERT INTO p SELECT i, 100 - i, $old FROM generate_series(1, 8) i;
	INSERT INTO box SELECT 'b' || i, i FROM generate_series(1, 8) i;
	UPDATE p SET box = 'b2' WHERE no = 1;					-- 1 goes, then 2
	UPDATE p SET box = 'b3' WHERE no = 4; UPDATE p SET box = 'b4' WHERE no = 5;	-- 5 is young: 4 and 3 stay
	UPDATE p SET at = $fresh WHERE no IN (5, 8);
	UPDATE p SET box = 'b7' WHERE no = 6"
conf_rule p 'table = "public.p"; class = "c"; start = "at"; children = { box = "cascade"; };'
case_keep 'SELECT * FROM p WHERE no IN (3, 4, 5, 8)'
case_keep "SELECT * FROM box WHERE p IN (3, 4, 5, 8)"
case_run
is "$rc $(of p failed) $(of p blocked) $(q "SELECT string_agg(no::text, ',' ORDER BY no) FROM p")" '0 0 2 3,4,5,8' \
	'a chain through them' || note "$out$err"
same_counts
case_end

note 'keys of a table and of what inherits from it mean rows of either alone'
case_db
q "CREATE TABLE base (id int PRIMARY KEY, at timestamptz, a int);
	CREATE TABLE heir (b int, PRIMARY KEY (id)) INHERITS (base);
	ALTER TABLE base ADD CONSTRAINT base_a FOREIGN KEY (a) REFERENCES base;
	ALTER TABLE heir ADD CONSTRAINT heir_a FOREIGN KEY (a) REFERENCES base, ADD CONSTRAINT heir_b FOREIGN KEY (b) REFERENCES heir;
	INSERT INTO base SELECT i, $old FROM generate_series(1, 6) i;
	INSERT INTO heir SELECT i, $old FROM generate_series(1, 6) i;
	UPDATE ONLY heir SET at = $fresh, b = 2 WHERE id = 1;	-- heir 2, by that base 3, by that base 4
	UPDATE ONLY heir SET a = 3 WHERE id = 2;
	UPDATE ONLY base SET a = 4 WHERE id = 3;
	UPDATE ONLY heir SET a = 5, b = 6 WHERE id = 6; UPDATE ONLY base SET a = 6 WHERE id = 5"
conf_rule base 'table = "public.base"; class = "c"; start = "at";'
case_keep 'SELECT * FROM ONLY base WHERE id IN (3, 4)'
case_keep 'SELECT * FROM heir WHERE id IN (1, 2)'
case_run
is "$rc $(of base failed) $(of base blocked) $(ids 'ONLY base') $(ids heir)" '0 0 3 3,4 1,2' 'each in its own' || note "$out$err"
same_counts
case_end

note 'two rules on such a table would wait for each other'
case_db
q "CREATE TABLE n (id int PRIMARY KEY, kind int, at timestamptz, a int REFERENCES n); INSERT INTO n VALUES (1, 1, $old), (2, 2, $old)"
for k in 1 2; do conf_rule "n$k" "table = \"public.n\"; class = \"c\"; start = \"at\"; where = \"kind = $k\";"; done
run_pgretain plan --format json
is "$rc $(of n1 status) $(of n2 status)" '2 failed failed' 'and are refused'
done_testing
