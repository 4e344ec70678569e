#!/usr/bin/env bash
# Rows that refer to each other in a circle across the partitions of one table, or across a table and what
# inherits from it: they go together, with all that hangs on them, as the plan says; and nothing else does,
# though rows of other partitions lie at the same places.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

case_db

note 'circles across leaves; deleted, and moved to the vault; with followers, a cascade and links to cut'
case_conf 'max_percent = 100.0; transaction_target = "20ms"; lanes = 2;'
conf_class v 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "quarantine"; vault = "9 days";'
q "CREATE TABLE \"Kn ot\" (t int, id int, ut int, \"Up\" int, at timestamptz, PRIMARY KEY (t, id),
		FOREIGN KEY (ut, \"Up\") REFERENCES \"Kn ot\") PARTITION BY LIST (t);
	CREATE TABLE knot_1 PARTITION OF \"Kn ot\" FOR VALUES IN (1);
	CREATE TABLE \"Kn ot_2\" PARTITION OF \"Kn ot\" FOR VALUES IN (2);
	CREATE TABLE knot_3 PARTITION OF \"Kn ot\" FOR VALUES IN (3, 4) PARTITION BY LIST (t);
	CREATE TABLE knot_34 PARTITION OF knot_3 DEFAULT;
	CREATE TABLE tag (id int PRIMARY KEY, t int, knot int, FOREIGN KEY (t, knot) REFERENCES \"Kn ot\");
	CREATE TABLE note (id int PRIMARY KEY, t int, knot int, FOREIGN KEY (t, knot) REFERENCES \"Kn ot\"
		ON DELETE CASCADE);
	CREATE TABLE link (id int PRIMARY KEY, t int, knot int, FOREIGN KEY (t, knot) REFERENCES \"Kn ot\");
	-- the same places in every leaf: young rows beside the circles, and old ones that a young one keeps
	INSERT INTO \"Kn ot\" SELECT t, n, NULL, NULL, $old FROM generate_series(1, 3) t, generate_series(1, 12) n;
	UPDATE \"Kn ot\" SET ut = CASE t WHEN 1 THEN 2 ELSE 1 END, \"Up\" = id WHERE t < 3 AND id = 1;
	UPDATE \"Kn ot\" SET ut = t % 3 + 1, \"Up\" = id WHERE id IN (2, 3);	-- round through all three
	UPDATE \"Kn ot\" SET at = $fresh WHERE (t, id) = (2, 3);		-- the young one keeps its circle
	UPDATE \"Kn ot\" SET ut = 1, \"Up\" = 1 WHERE (t, id) = (3, 4);		-- hangs on a circle
	UPDATE \"Kn ot\" SET ut = 3, \"Up\" = 6 WHERE (t, id) = (1, 5);		-- a circle of five over two leaves
	UPDATE \"Kn ot\" SET ut = 1, \"Up\" = 7 WHERE (t, id) = (3, 6);
	UPDATE \"Kn ot\" SET ut = 1, \"Up\" = 8 WHERE (t, id) = (1, 7);
	UPDATE \"Kn ot\" SET ut = 3, \"Up\" = 9 WHERE (t, id) = (1, 8);
	UPDATE \"Kn ot\" SET ut = 1, \"Up\" = 5 WHERE (t, id) = (3, 9);
	UPDATE \"Kn ot\" SET at = $fresh WHERE id = 12 OR (t, id) IN ((2, 5), (2, 7));
	INSERT INTO tag SELECT row_number() OVER (), t, id FROM \"Kn ot\", generate_series(1, 2);
	INSERT INTO note TABLE tag; INSERT INTO link TABLE tag"
# what stays, by plain SQL: the young, and everything that one of them refers to, at any depth
stays="WITH RECURSIVE s AS (SELECT t, id, ut, \"Up\" FROM \"Kn ot\" WHERE at > now() - interval '1 year'
	UNION SELECT p.t, p.id, p.ut, p.\"Up\" FROM \"Kn ot\" p JOIN s ON (p.t, p.id) = (s.ut,
		s.\"Up\")) SELECT t, id FROM s"
want=$(q "SELECT string_agg(t || '.' || id, ',' ORDER BY t, id) FROM ($stays) x")
is "$want" '1.3,1.12,2.3,2.5,2.7,2.12,3.3,3.12' 'the law in plain SQL'
all=$(q 'SELECT count(*) FROM "Kn ot"') stay=$(q "SELECT count(*) FROM ($stays) x")
young=$(q "SELECT count(*) FROM \"Kn ot\" WHERE at > now() - interval '1 year'")
q "CREATE TABLE kept AS $stays"
q 'CREATE DATABASE v TEMPLATE t'
for db in t v; do
	export PGDATABASE=$db
	conf_limits 'max_percent = 100.0; transaction_target = "20ms"; lanes = 2;'
	kept_queries=() kept_snaps=()
	case_keep 'SELECT * FROM "Kn ot" WHERE (t, id) IN (TABLE kept)'
	for c in tag note link; do case_keep "SELECT * FROM $c WHERE (t, knot) IN (TABLE kept)"; done
	if [ $db = t ]; then
		conf_rule knot 'table = "public.\"Kn ot\""; class = "c"; start = "at";
			children = { note = "cascade"; link = "set null"; };'
		conf_rule tag 'table = "public.tag"; follows = "knot"; action = "delete";'
	else
		sed -i 's/class = "c"/class = "v"/' "$CONF/.rules" && conf_write rules tables/t.cfg
		run_pgretain init --adopt
		is "$rc" 0 'the copy has a ledger of its own' || note "$err"
	fi
	did=$([ $db = t ] && echo deleted || echo quarantined)
	case_run
	is "$rc $(of knot due) $(of knot $did) $(of knot blocked) $(of knot failed)" \
		"0 $((all - young)) $((all - stay)) $((stay - young)) 0" "all others $did, circles too" || note "$out$err"
	is "$(q "SELECT string_agg(t || '.' || id, ',' ORDER BY t, id) FROM \"Kn ot\"")" "$want" 'by plain SQL too'
	is "$(of tag deleted) $(json '.rules[] | select(.rule == "knot") | [.cascaded[], .unset[]] | tojson')" \
		"$((2 * (all - stay))) [$((2 * (all - stay))),$((2 * (all - stay)))]" 'what hangs on them'
	is "$(q "SELECT (SELECT count(*) FROM tag), (SELECT count(*) FROM note), (SELECT count(knot) FROM link),
		(SELECT count(*) FROM link)")" "$((2 * stay))|$((2 * stay))|$((2 * stay))|$((2 * all))" 'by plain SQL too'
	is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch' AND rule = 'knot' AND tbl LIKE '%Kn ot%'")" \
		$((all - stay)) 'and in the ledger'
	same_counts
	case_end
done

note 'a circle through a table and one that inherits from it'
case_db t
q "CREATE TABLE base (id int PRIMARY KEY, up int, at timestamptz);
	CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (base);
	INSERT INTO base VALUES (1, 11, $old), (2, 12, $old), (3, NULL, $fresh), (4, NULL, $old);
	INSERT INTO heir VALUES (11, 1, $old), (12, 2, $fresh), (13, NULL, $old), (14, 1, $old);
	ALTER TABLE base ADD CONSTRAINT down FOREIGN KEY (up) REFERENCES heir;
	ALTER TABLE heir ADD CONSTRAINT up FOREIGN KEY (up) REFERENCES base"
conf_rule base 'table = "public.base"; class = "c"; start = "at";'
case_keep 'SELECT * FROM base WHERE id IN (2, 3, 12)'
case_run
is "$rc $(of base status) $(ids base)" '0 done 2,3,12' \
	'the old circle goes, that of a young row stays' || note "$out$err"
is "$(of base deleted) $(of base blocked)" '5 1' 'as many as plain SQL says'
same_counts
case_end

note 'a table that cascades by mention and refers to itself'
case_conf
q "CREATE TABLE par (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE twig (id int PRIMARY KEY, par int REFERENCES par, up int CONSTRAINT twig_up REFERENCES twig);
	INSERT INTO par VALUES (1, $old)"
conf_rule par 'table = "public.par"; class = "c"; start = "at"; children = { twig = "cascade"; };'
run_pgretain plan --format json
is "$rc $(of par status)" '2 failed' 'is refused'
like "$(of par reason)" 'twig_up cascades back into public\.twig' 'and the right table is named'
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule par 'table = "public.par"; class = "c"; start = "at";
	children = { twig = { twig_par_fkey = "cascade"; twig_up = "set null"; }; };'
q 'INSERT INTO twig VALUES (1, 1, NULL), (2, 1, 1), (3, NULL, 2)'
case_run
is "$rc $(q 'SELECT count(*) FROM par') $(q 'SELECT string_agg(id || coalesce(up::text, $$-$$),
	$$,$$) FROM twig')" '0 0 3-' \
	'the way out that the hint names'
done_testing
