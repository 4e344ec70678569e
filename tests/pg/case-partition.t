#!/usr/bin/env bash
# Partitions and inheritance: dropped whole only where every row inside is due, else row by row.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

parts() { q "SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text)
	FROM pg_inherits WHERE inhparent = '$1'::regclass"; }
strategies() { counts strategy | tr -d '"' | sort | tr '\n' ' '; }

case_db

# ---- C20: the DEFAULT partition --------------------------------------------------------------------

note 'C20: rows in DEFAULT, and rows without a date'
q "CREATE TABLE t (id int, at timestamptz) PARTITION BY RANGE (at);
	CREATE TABLE t_new PARTITION OF t FOR VALUES FROM (now() - interval '30 days') TO (MAXVALUE);
	CREATE TABLE t_def PARTITION OF t DEFAULT;
	INSERT INTO t SELECT n, $old FROM generate_series(1, 4) n;
	INSERT INTO t VALUES (5, $fresh), (6, now() - interval '100 days'), (7, NULL);
	CREATE TABLE l (id int, kind text, at timestamptz) PARTITION BY LIST (kind);
	CREATE TABLE l_a PARTITION OF l FOR VALUES IN ('a', NULL);
	CREATE TABLE l_def PARTITION OF l DEFAULT;
	INSERT INTO l SELECT n, (ARRAY['a', NULL, 'b'])[n % 3 + 1], CASE WHEN n < 7 THEN $old ELSE $fresh END
		FROM generate_series(1, 12) n;
	CREATE TABLE h (id int, at timestamptz) PARTITION BY HASH (id);
	CREATE TABLE h_0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE h_1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	INSERT INTO h SELECT id, at FROM l"
for t in t l h; do conf_rule $t "table = \"public.$t\"; class = \"c\"; start = \"at\";"; done
case_keep 'SELECT * FROM t WHERE id > 4'
case_keep 'SELECT * FROM l WHERE id > 6'
case_keep 'SELECT * FROM h WHERE id > 6'
case_run
is "$rc $(counts deleted indeterminate | sort | tr '\n' ' ')" '0 h 6 0 l 6 0 t 4 1 ' 'row by row; one has no date'
is "$(ids t) $(ids l) $(ids h)" 5,6,7\ 7,8,9,10,11,12\ 7,8,9,10,11,12 'by plain SQL too'
is "$(parts t) $(parts l)" 't_def t_new l_a l_def' 'every partition stays attached'
same_counts
case_end

# ---- what may be dropped ----------------------------------------------------------------------------

make() { # NAME: two old partitions and a new one, ten rows each
	q "CREATE TABLE $1 (id int GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, keep bool NOT NULL
			DEFAULT false${2:-}) PARTITION BY RANGE (at);
		CREATE TABLE $1_1 PARTITION OF $1 FOR VALUES FROM ('2010-01-01') TO ('2011-01-01');
		CREATE TABLE $1_2 PARTITION OF $1 FOR VALUES FROM ('2011-01-01') TO ('2012-01-01');
		CREATE TABLE $1_3 PARTITION OF $1 FOR VALUES FROM ('2012-01-01') TO (MAXVALUE);
		INSERT INTO $1 (at) SELECT y + n * interval '1 day' FROM generate_series(0, 9) n,
			(VALUES (timestamptz '2010-05-05'), ('2011-05-05'), (now() - interval '20 days')) v(y)"
}
rule() { conf_rule "$1" "table = \"public.$1\"; class = \"c\"; start = \"at\"; ${2:-}"; }

note 'wholly expired partitions are dropped'
case_conf
make plain
rule plain
case_keep 'TABLE plain_3'
before=$(q "SELECT 'plain_1'::regclass::oid")
case_run
is "$rc $(of plain deleted) $(of plain strategy)" '0 20 partition' 'twenty rows'
is "$(parts plain)/$(q "SELECT count(*) FROM pg_class WHERE oid = $before")" plain_3/0 \
	'two partitions are gone, not detached'
is "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch' AND rule = 'plain'")" 20 \
	'the ledger counts their rows'
is "$(q 'SELECT count(*) FROM plain_3')" 10 'the third is whole'
same_counts
case_end

note 'a row inside that is not due: held, outside where, NULL until, implausible'
case_conf
for t in where held until odd; do make w_$t; done
q "ALTER TABLE w_until ADD until timestamptz; UPDATE w_until SET until = now() + interval '1 year' WHERE id = 1;
	UPDATE w_where SET keep = true WHERE id IN (1, 4);
	CREATE TABLE w_odd_0 PARTITION OF w_odd FOR VALUES FROM (MINVALUE) TO ('2010-01-01');
	INSERT INTO w_odd (at) VALUES ('-infinity'), ('1960-01-01'), ('2009-05-05')"
conf_class agreed 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";
	standards = ( { name = "agreed"; until = "until"; consent = true; } );'
rule w_where 'where = "NOT keep";'
rule w_held
rule w_odd
conf_rule w_until 'table = "public.w_until"; class = "agreed"; start = "at"; events = { until = "until"; };'
hold=$(q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
	VALUES (gen_random_uuid(), 'rows', 'w_held', 'id = 1', 'case 1', 'anna') RETURNING id")
case_keep 'SELECT * FROM w_where WHERE keep'
case_keep 'SELECT * FROM w_held WHERE id = 1'
case_keep 'SELECT * FROM w_until WHERE id = 1'
case_keep "SELECT * FROM w_odd WHERE at < '1970-01-01'"
for t in where held until odd; do case_keep "TABLE w_${t}_3"; done
case_run
is "$rc $(counts due deleted held anomalous | sort | tr '\n' ' ')" \
	'0 w_held 20 19 1 0 w_odd 21 21 0 2 w_until 19 19 0 0 w_where 18 18 0 0 ' 'all but these rows went'
is "$(ids w_where_1)/$(ids w_held_1)/$(ids w_until_1)" 1,4/1/1 'they are where they were'
is "$(parts w_where)/$(parts w_held)/$(parts w_odd)" 'w_where_1 w_where_3/w_held_1 w_held_3/w_odd_0 w_odd_3' \
	'their partitions stay, the wholly expired ones went'
same_counts
case_end
q "UPDATE pgretain.hold SET state = 'released', released_at = now(), released_by = 'anna' WHERE id = '$hold'"
run_pgretain run --format json w_held
is "$rc $(of w_held deleted) $(parts w_held)" '0 1 w_held_3' 'once the hold is released the partition goes'

note 'row by row: a foreign key, a publication, another owner'
case_conf
make fk ', PRIMARY KEY (id, at)'
make pub ', PRIMARY KEY (id, at)'
q "CREATE TABLE ref (id int PRIMARY KEY, fk_id int, fk_at timestamptz, FOREIGN KEY (fk_id, fk_at) REFERENCES fk);
	INSERT INTO ref SELECT id, id, at FROM fk WHERE id IN (1, 2, 3);
	CREATE PUBLICATION p FOR TABLE pub"
rule fk 'children = { ref = "set null"; };'
rule pub
case_keep 'TABLE fk_3'
case_keep 'TABLE pub_3'
case_keep 'SELECT id FROM ref'
case_keep 'SELECT * FROM ref WHERE id = 3'
case_run
is "$rc $(counts deleted unset | sort | tr '\n' ' ')" '0 fk 20 {"public.ref":2} pub 20 {} ' 'as many rows'
is "$(parts fk)/$(parts pub)" 'fk_1 fk_2 fk_3/pub_1 pub_2 pub_3' 'no partition was dropped'
is "$(q 'SELECT count(fk_id) FROM ref')" 1 'two links are NULL'
same_counts
case_end
q 'DROP PUBLICATION p'

note 'row by row: what acts on DELETE is not passed by (C45)'
case_conf
for t in raise null after rule; do
	make tr_$t
	q "CREATE TABLE one_$t AS SELECT * FROM tr_$t"		# the same rows in one table, with the same trigger
done
q "CREATE TABLE taken (id int, tab text);
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE 'append only'; END \$\$;
	CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RETURN NULL; END \$\$;
	CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
		INSERT INTO public.taken VALUES (OLD.id, left(TG_TABLE_NAME, 2)); RETURN NULL; END \$\$"
for t in tr one; do
	q "CREATE TRIGGER g BEFORE DELETE ON ${t}_raise FOR EACH ROW EXECUTE FUNCTION refuse();
		CREATE TRIGGER g BEFORE DELETE ON ${t}_null FOR EACH ROW EXECUTE FUNCTION keep();
		CREATE TRIGGER g AFTER DELETE ON ${t}_after FOR EACH ROW EXECUTE FUNCTION take()"
done
q 'CREATE RULE g AS ON DELETE TO tr_rule_1 DO INSTEAD NOTHING'
for t in raise null; do rule tr_$t; rule one_$t; done
for t in tr one; do rule ${t}_after 'triggers = [ "g" ];'; done
rule tr_rule
for t in raise null; do case_keep "TABLE tr_$t"; done
case_keep 'TABLE tr_rule_1'
case_run
is "$rc $(counts due deleted failed status | grep ' tr_\|^tr_' | sort | tr -d '"' | tr '\n' ' ')" \
	'2 tr_after 20 20 0 done tr_null 20 0 20 failed tr_raise 20 0 20 failed tr_rule 20 10 10 failed ' 'each trigger had its say' ||
	note "$out"
is "$(counts due deleted failed status | sed -n 's/^tr_\(raise\|null\|after\)/\1/p' | sort)" \
	"$(counts due deleted failed status | sed -n 's/^one_//p' | sort)" 'as in a table without partitions'
is "$(q "SELECT string_agg(tab || ' ' || n, ' ' ORDER BY tab) FROM (SELECT tab, count(*) n FROM taken GROUP BY 1) x")" \
	'on 20 tr 20' 'the bookkeeping trigger has seen every row'
is "$(parts tr_rule)" 'tr_rule_1 tr_rule_3' 'where no rule stands in between, one was'
for t in raise null after; do
	is "$(parts tr_$t)" "tr_${t}_1 tr_${t}_2 tr_${t}_3" "$t: no partition was dropped"
done
like "$(of tr_after strategy_reason)" 'acts on DELETE' 'the strategy says why'
case_end 2

note 'the rights of an owner'
q "CREATE ROLE \"Own %er\"; CREATE ROLE \"night ly\" LOGIN IN ROLE pgretain_runner"
case_conf
make own
q "SELECT format('ALTER TABLE %I OWNER TO %I', t, 'Own %er') FROM unnest(ARRAY['own', 'own_1', 'own_2', 'own_3']) t \\gexec
	DELETE FROM own_2"
rule own
run_pgretain init
case_keep 'TABLE own_3'
postgres=$PGRETAIN_CONFIG
sed "s/user=[^ ]*/user='night ly'/" "$postgres" >"$CONF/night.cfg"
PGRETAIN_CONFIG=$CONF/night.cfg
confirmed_run
is "$rc $(of own deleted) $(parts own)" '0 10 own_1 own_2 own_3' 'another owner: as many rows, and no partition goes' || note "$err$out"
like "$(of own strategy_reason)" 'does not own it' 'the strategy says why'
run_pgretain check --format json
mend=$(jq -r '[.findings[] | select(.id == "owner" and .rule == "own")][0].remedy' <<<"$out")
is "$mend" 'GRANT "Own %er" TO "night ly"' 'check names the GRANT'
q "$mend"
q "INSERT INTO own (at) SELECT timestamptz '2010-05-05' + n * interval '1 day' FROM generate_series(0, 6) n"
run_pgretain run --format json
is "$rc $(of own deleted) $(of own strategy) $(parts own)" '0 7 partition own_2 own_3' 'which mends it: the partition goes' ||
	note "$err$out"
PGRETAIN_CONFIG=$postgres
is "$(snap 'TABLE own_3')" "${kept_snaps[0]}" 'the third is whole'

note 'ranges of numbers; parts of a range'
case_conf
q "CREATE TABLE n (id int, at int) PARTITION BY RANGE (at);
	CREATE TABLE n_0 PARTITION OF n FOR VALUES FROM (MINVALUE) TO (20100101);
	CREATE TABLE n_1 PARTITION OF n FOR VALUES FROM (20100101) TO (20110101);
	CREATE TABLE n_2 PARTITION OF n FOR VALUES FROM (20110101) TO (MAXVALUE);
	INSERT INTO n SELECT i, 20100200 + i FROM generate_series(1, 9) i;
	INSERT INTO n SELECT 10 + i, to_char(now() - i * interval '1 day', 'YYYYMMDD')::int FROM generate_series(1, 9) i;
	CREATE TABLE ms (id int, kind text, at bigint) PARTITION BY RANGE (at);
	CREATE TABLE ms_1 PARTITION OF ms FOR VALUES FROM ('-5') TO (1300000000000) PARTITION BY LIST (kind);
	CREATE TABLE ms_1a PARTITION OF ms_1 FOR VALUES IN ('a') PARTITION BY HASH (id);
	CREATE TABLE ms_1a0 PARTITION OF ms_1a FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE ms_1a1 PARTITION OF ms_1a FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	CREATE TABLE ms_1d PARTITION OF ms_1 DEFAULT;
	CREATE TABLE ms_2 PARTITION OF ms FOR VALUES FROM (1300000000000) TO (MAXVALUE);
	INSERT INTO ms SELECT i, (ARRAY['a', 'b'])[i % 2 + 1], 1200000000000 + i FROM generate_series(1, 20) i;
	INSERT INTO ms SELECT 50 + i, 'a', (extract(epoch FROM now()) * 1000)::bigint - i FROM generate_series(1, 5) i;
	INSERT INTO ms VALUES (99, 'b', 7)"
conf_rule n 'table = "public.n"; class = "c"; start = { column = "at"; unit = "yyyymmdd"; };'
conf_rule ms 'table = "public.ms"; class = "c"; start = { column = "at"; unit = "ms"; };'
case_keep 'TABLE n_2'
case_keep 'TABLE ms_2'
case_keep 'SELECT * FROM ms WHERE id = 99'
case_run
is "$rc $(counts deleted anomalous strategy | sort | tr '\n' ' ')" '0 ms 20 1 "partition" n 9 0 "partition" ' 'dropped' || note "$err$out"
is "$(parts n)" 'n_0 n_2' 'the range of numbers is gone'
is "$(parts ms_1a)/$(parts ms_1)/$(ids ms_1)" '/ms_1a ms_1d/99' 'so are the parts of a range, but for one that holds a row of no date'
same_counts
case_end

note 'sub-partitions, several key columns, an expression as key, a date key'
case_conf
q "CREATE TABLE s (id int, kind text, at date) PARTITION BY RANGE (at);
	CREATE TABLE s_1 PARTITION OF s FOR VALUES FROM ('2010-01-01') TO ('2011-01-01') PARTITION BY LIST (kind);
	CREATE TABLE s_1a PARTITION OF s_1 FOR VALUES IN ('a');
	CREATE TABLE s_1d PARTITION OF s_1 DEFAULT;
	CREATE TABLE s_2 PARTITION OF s FOR VALUES FROM ('2011-01-01') TO (MAXVALUE);
	INSERT INTO s SELECT n, (ARRAY['a', 'b'])[n % 2 + 1], date '2010-02-02' + n FROM generate_series(1, 10) n;
	INSERT INTO s SELECT n, 'a', current_date - n FROM generate_series(11, 20) n;
	CREATE TABLE m (id int, at date) PARTITION BY RANGE (at, id);
	CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2010-01-01', 0) TO ('2010-03-01', 5);
	CREATE TABLE m_2 PARTITION OF m FOR VALUES FROM ('2010-03-01', 5) TO (MAXVALUE, MAXVALUE);
	INSERT INTO m SELECT n, at FROM s, generate_series(1, 1) n;
	CREATE TABLE e (id int, at timestamptz) PARTITION BY RANGE (((at AT TIME ZONE 'UTC')::date));
	CREATE TABLE e_1 PARTITION OF e FOR VALUES FROM ('2010-01-01') TO ('2011-01-01');
	CREATE TABLE e_2 PARTITION OF e FOR VALUES FROM ('2011-01-01') TO (MAXVALUE);
	INSERT INTO e SELECT id, at FROM s;
	CREATE TABLE y (id int, at date) PARTITION BY RANGE (at);
	SELECT format('CREATE TABLE y_%s PARTITION OF y FOR VALUES FROM (%L) TO (%L)', n, current_date - 366 + n,
		current_date - 365 + n) FROM generate_series(0, 3) n \\gexec
	INSERT INTO y SELECT n, current_date - 366 + n FROM generate_series(0, 3) n"
for t in s m e y; do rule $t; done
for t in s m e; do case_keep "SELECT * FROM $t WHERE at > '2020-01-01'"; done
want=$(q "SELECT string_agg(id::text, ',' ORDER BY id) FROM y
	WHERE at + interval '1 year' + interval '1 day' > now()")
case_keep "SELECT * FROM y WHERE id IN ($want)"
case_run
is "$rc $(counts deleted | sort | grep -v '^y' | tr '\n' ' ')" '0 e 10 m 10 s 10 ' 'ten of each'
is "$(q "SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM m), (SELECT count(*) FROM e)")" \
	'10|10|10' 'ten are left'
is "$(parts s_1)" '' 'parts of a range that is past were dropped'
is "$(ids y)" "$want" 'a day is over at the end of the day: days that are not yet over for a year stay'
is "$(parts y | wc -w)" "$(q 'SELECT count(*) FROM y')" 'and their partitions alone'
same_counts
case_end

note "a partition's rule of its own, and one on its parent"
case_conf
make duo
conf_class long 'floor = ( { keep = "100 years"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule root 'table = "public.duo"; class = "c"; start = "at"; action = "anonymize";
	columns = { keep = { op = "constant"; value = "t"; }; };'
conf_rule leaf 'table = "public.duo_1"; class = "c"; start = "at";'
case_keep 'TABLE duo_3'
case_run
is "$rc $(counts deleted anonymized | sort | tr '\n' ' ')" "0 leaf 10 0 root 0 20 " 'first overwritten, then deleted'
is "$(parts duo)" 'duo_1 duo_2 duo_3' 'a partition that a rule names is not dropped'
same_counts
case_end

# ---- inheritance -------------------------------------------------------------------------------------

note 'inheritance: children with the parent, or ONLY the parent'
case_conf
q "CREATE TABLE base (id int, at timestamptz, v text);
	CREATE TABLE kid (extra text) INHERITS (base);
	CREATE TABLE grand (more int) INHERITS (kid);
	INSERT INTO base SELECT n, CASE WHEN n % 2 = 0 THEN $old ELSE $fresh END, 'x' FROM generate_series(1, 6) n;
	INSERT INTO kid SELECT id + 10, at, v, 'e' FROM ONLY base;
	INSERT INTO grand SELECT id + 20, at, v, 'e', 1 FROM ONLY base;
	CREATE TABLE obase (id int, at timestamptz, v text);
	CREATE TABLE okid (extra text) INHERITS (obase);
	INSERT INTO obase SELECT id, at, v FROM ONLY base;
	INSERT INTO okid SELECT id + 10, at, v, 'e' FROM ONLY base;
	CREATE TABLE abase (id int, at timestamptz, v text);
	CREATE TABLE akid (extra text) INHERITS (abase);
	INSERT INTO abase SELECT id, at, v FROM ONLY base;
	INSERT INTO akid SELECT id + 10, at, v, 'e' FROM ONLY base"
rule base
rule obase 'only = true;'
rule abase 'only = true; action = "anonymize"; columns = { v = "null"; };'
case_keep 'SELECT * FROM base WHERE id % 2 = 1'
case_keep 'SELECT * FROM ONLY obase WHERE id % 2 = 1'
case_keep 'TABLE okid'
case_keep 'TABLE akid'
case_keep 'SELECT * FROM abase WHERE id % 2 = 1'
case_run
is "$rc $(counts deleted anonymized | sort | tr '\n' ' ')" '0 abase 0 3 base 9 0 obase 3 0 ' \
	'nine with children, three without'
is "$(ids base)" 1,3,5,11,13,15,21,23,25 'by plain SQL too'
is "$(q 'SELECT count(*) FROM ONLY obase')/$(q 'SELECT count(*) FROM okid')" 3/6 'ONLY: the child is whole'
same_counts
case_end

note 'a table that inherits from two'
case_conf
q "CREATE TABLE ma (id int, at timestamptz); CREATE TABLE mb (id int, at timestamptz);
	CREATE TABLE mc () INHERITS (ma, mb); CREATE TABLE md () INHERITS (mc);
	INSERT INTO ma VALUES (1, $old); INSERT INTO mb VALUES (2, $old), (3, $fresh);
	INSERT INTO mc VALUES (4, $old), (5, $fresh); INSERT INTO md VALUES (6, $old)"
for t in ma mb mc md base; do rule $t; done
case_keep 'TABLE ma'
case_keep 'TABLE mb'
case_run
is "$rc $(counts status deleted | grep '^m' | sort | tr -d '"' | tr '\n' ' ')" '2 ma failed 0 mb failed 0 mc failed 0 md failed 0 ' \
	'neither from the one nor from the other, nor by itself' || note "$out"
is "$(of base status)" done 'other rules have run'
like "$(of mb reason)" 'public.mc inherits from several tables' 'the table is named'
like "$(of mc reason)" 'public.mc inherits from several tables' 'for its own rule too'
case_end 2
case_conf
for t in ma mb; do rule $t 'only = true;'; done
case_keep 'TABLE mc'
case_run
is "$rc $(counts deleted | sort | tr '\n' ' ')" '0 ma 1 mb 1 ' 'only = true leaves it out'
is "$(q 'SELECT count(*) FROM ONLY ma')/$(q 'SELECT string_agg(id::text, $$,$$) FROM ONLY mb')/$(ids mc)" 0/3/4,5,6 'by plain SQL too'
case_end
done_testing
