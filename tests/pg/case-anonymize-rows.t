#!/usr/bin/env bash
# What stands between an anonymization and its rows: triggers that undo it, rows that move meanwhile,
# partitions, children, odd names.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

fresh() {
	case_conf
	conf_class a 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "anonymize";'
}
anon() { conf_rule "$1" "table = \"public.$1\"; class = \"a\"; start = \"at\"; $2"; }
# two due rows and a fresh one
three() {
	q "INSERT INTO $1 (id, at, $2) VALUES (1, $old, $3), (2, $old, $4), (3, $fresh, $5)"
	case_keep "SELECT * FROM $1 WHERE id = 3"
}

case_db

# ---- triggers -------------------------------------------------------------------------------------

note 'triggers that undo it, keep the row, or refuse it'
fresh
q "CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 2 THEN NEW.email := OLD.email; END IF; RETURN NEW; END';
   CREATE FUNCTION keep_two() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 2 THEN RETURN NULL; END IF; RETURN NEW; END';
   CREATE FUNCTION refuse_two() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 2 THEN RAISE EXCEPTION ''not %'', OLD; END IF; RETURN NEW; END'"
for t in put_back keep_two refuse_two; do
	q "CREATE TABLE of_$t (id int PRIMARY KEY, at timestamptz, email text);
	   CREATE TRIGGER \"tr $t\" BEFORE UPDATE ON of_$t FOR EACH ROW EXECUTE FUNCTION $t()"
	three "of_$t" email "'a@x'" "'zz-secret@ex'" "'c@x'"
	anon "of_$t" "columns = { email = \"null\"; }; triggers = [ \"tr $t\" ];"
done
# the same for a row that goes along with its parent
q "CREATE TABLE boss (id int PRIMARY KEY, at timestamptz, email text);
   CREATE TABLE hand (id int PRIMARY KEY, boss int REFERENCES boss, email text);
   CREATE TRIGGER \"tr hand\" BEFORE UPDATE ON hand FOR EACH ROW EXECUTE FUNCTION put_back()"
three boss email "'a@x'" "'b@x'" "'c@x'"
q "INSERT INTO hand VALUES (1, 1, 'zz-secret@ex'), (2, 2, 'zz-secret@ex'), (3, 3, 'h@x')"
anon boss 'columns = { email = "null"; };'
conf_rule hand 'table = "public.hand"; follows = "boss"; action = "anonymize";
	columns = { email = "null"; boss = "keep"; }; triggers = [ "tr hand" ];'
case_keep 'SELECT * FROM hand WHERE id = 3'
case_run
is "$run_rc" 2 'ends 2'
is "$(of of_put_back status) $(of of_keep_two status) $(of of_refuse_two status) $(of hand status)" \
	'failed failed failed failed' 'all failed'
like "$(of of_put_back reason)" 'tr put_back.*of_put_back' 'a trigger that puts the value back is named'
like "$(of of_keep_two reason)" 'tr keep_two.*of_keep_two' 'one that keeps the row, too'
like "$(of of_refuse_two reason)" 'P0001' 'one that refuses: its SQLSTATE'
like "$(of hand reason)" 'tr hand.*hand' 'and the one of a follower'
for t in of_put_back of_keep_two of_refuse_two; do
	is "$(of "$t" anonymized) $(of "$t" failed)" \
		"$(q "SELECT count(*) FILTER (WHERE id < 3 AND email IS NULL), count(*) FILTER (WHERE id < 3
			AND email IS NOT NULL) FROM $t" -F ' ')" \
		"$t: counted as they are"
	is "$(q "SELECT email FROM $t WHERE id = 2")" 'zz-secret@ex' "$t: the row is as it was"
done
is "$(of hand anonymized)" "$(q 'SELECT count(*) FROM hand WHERE email IS NULL')" 'hand: counted as they are'
is "$(q 'SELECT count(*) FROM boss b JOIN hand h ON h.boss = b.id WHERE b.email IS NULL AND h.email IS NOT NULL')" 0 \
	'no parent was done without its follower'
unlike "$plan_out$run_out$err" 'zz-secret' 'no value'
case_end 2

note 'an AFTER trigger that writes the old value again'
fresh
q "CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN IF NEW.email IS NULL AND OLD.id = 2 THEN UPDATE public.later SET email = OLD.email WHERE id = OLD.id; END IF; RETURN NULL; END';
   CREATE TABLE later (id int PRIMARY KEY, at timestamptz, email text);
   CREATE TRIGGER \"tr again\" AFTER UPDATE ON later FOR EACH ROW EXECUTE FUNCTION again()"
three later email "'a@x'" "'zz-secret@ex'" "'c@x'"
anon later 'columns = { email = "null"; }; triggers = [ "tr again" ];'
case_run
is "$run_rc $(of later status)" '2 failed' 'failed'
like "$(of later reason)" 'tr again.*later' 'the trigger is named'
is "$(of later failed)" "$(q 'SELECT count(*) FROM later WHERE id < 3 AND email IS NOT NULL')" \
	'the row counts as failed'
is "$(of later anonymized)" "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE run = '$(json .run)'
	AND rule = 'later' AND kind = 'batch'")" \
	'each update stands in the ledger'
ok 'it is not written for ever' [ "$(of later transactions)" -lt 6 ]
out=$run_out balance 'the run balances'
unlike "$plan_out$run_out$err" 'zz-secret' 'no value'

note 'an AFTER trigger that brings a deleted row back'
fresh
q "CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN IF OLD.id = 2 THEN INSERT INTO public.back SELECT OLD.*; END IF; RETURN NULL; END';
   CREATE TABLE back (id int PRIMARY KEY, at timestamptz, email text);
   CREATE TRIGGER \"tr back\" AFTER DELETE ON back FOR EACH ROW EXECUTE FUNCTION back()"
three back email "'a@x'" "'b@x'" "'c@x'"
conf_rule back 'table = "public.back"; class = "c"; start = "at";'
case_run
isnt "$run_rc" 0 'is no success'
is "$(of back failed)" "$(q "SELECT count(*) FROM back WHERE at < now() - interval '1 year'")" \
	'what is there again counts'

# ---- rows that move meanwhile ---------------------------------------------------------------------

note 'rows refreshed while the run waits for them'
fresh
q "CREATE TABLE moving (id int PRIMARY KEY, at timestamptz, email text);
   INSERT INTO moving SELECT n, $old, 'm' || n FROM generate_series(1, 20) n"
anon moving 'columns = { email = "null"; };'
case_keep 'SELECT id, email FROM moving WHERE id = 7'
run_pgretain plan --format json
plan_out=$out
session_open a
session a "BEGIN; UPDATE moving SET at = now() WHERE id = 7; DELETE FROM moving WHERE id = 8"
"$PGRETAIN" run --confirm "$(json .fingerprint)" --format json >"$W/out" 2>"$W/err" &
job=$!
waits() { [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgretain%'
	AND wait_event_type = 'Lock'")" -gt 0 ]; }
ok 'the run waits for the row' wait_for 30 waits
session a 'COMMIT'
session_close a
wait "$job"
is "$?" 0 'ends well'
out=$(<"$W/out") err=$(<"$W/err") run_out=$out
is "$(of moving anonymized) $(of moving changed)" '18 2' 'the refreshed and the deleted one count as changed'
is "$(q 'SELECT count(*) FROM moving WHERE email IS NULL')/$(q 'SELECT string_agg(id::text, $$,$$)
	FROM moving WHERE email IS NOT NULL')" 18/7 \
	'by plain SQL too'
case_end

# ---- partitions, children, names ------------------------------------------------------------------

note 'partitioned and inherited tables'
fresh
q "CREATE TABLE part (id int, at timestamptz, email text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
   CREATE TABLE part_old PARTITION OF part FOR VALUES FROM ('2000-01-01') TO ('2010-01-01');
   CREATE TABLE part_odd (drop_me int, email text, at timestamptz NOT NULL, id int NOT NULL);
   ALTER TABLE part_odd DROP COLUMN drop_me;
   ALTER TABLE part ATTACH PARTITION part_odd FOR VALUES FROM ('2010-01-01') TO ('2020-01-01');
   CREATE TABLE part_rest PARTITION OF part DEFAULT PARTITION BY LIST (id);
   CREATE TABLE part_rest_1 PARTITION OF part_rest DEFAULT;
   INSERT INTO part SELECT n, '2005-01-01', 'p' || n FROM generate_series(1, 5) n;
   INSERT INTO part SELECT n, '2015-01-01', 'p' || n FROM generate_series(6, 9) n;
   INSERT INTO part SELECT n, '2021-01-01', 'p' || n FROM generate_series(10, 12) n;
   INSERT INTO part SELECT n, $fresh, 'p' || n FROM generate_series(13, 14) n;
   CREATE TABLE base (id int PRIMARY KEY, at timestamptz, email text);
   CREATE TABLE derived (more text) INHERITS (base);
   INSERT INTO base VALUES (1, $old, 'b1'), (2, $fresh, 'b2');
   INSERT INTO derived VALUES (3, $old, 'd3', 'm'), (4, $fresh, 'd4', 'm');
   CREATE TABLE base2 (id int PRIMARY KEY, at timestamptz, email text);
   CREATE TABLE derived2 (more text) INHERITS (base2);
   INSERT INTO base2 VALUES (1, $old, 'b1'), (2, $fresh, 'b2');
   INSERT INTO derived2 VALUES (3, $old, 'd3', 'm'), (4, $fresh, 'd4', 'm')"
anon part 'columns = { email = { op = "constant"; value = "-"; }; };'
anon base 'columns = { email = "null"; };'
anon base2 'columns = { email = "null"; }; only = true;'
case_keep 'SELECT * FROM part WHERE id > 12'
case_keep 'SELECT tableoid, id, at FROM part'
case_keep 'SELECT tableoid, * FROM base WHERE id IN (2, 4)'
case_keep 'TABLE derived2'
case_run
is "$run_rc $(counts anonymized | tr '\n' ' ')" '0 part 12 base 2 base2 1 ' 'each row where it lies'
is "$(q "SELECT count(*) FROM part WHERE email = '-'")/$(q 'SELECT string_agg(id::text, $$,$$
	ORDER BY id) FROM base WHERE email IS NULL')" 12/1,3 \
	'by plain SQL too'
same_counts
case_end

note 'columns with names that no key of a file can have'
fresh
q "CREATE TABLE names (id int PRIMARY KEY, at timestamptz, \"Receiver Name\" text, \"e.mail\" text, \"a\"\"b\" text,
	\"select\" text, \"t\" text, \"\$1\" text, \"naïve %s\" text, \"\\\" text)"
q "INSERT INTO names SELECT n, CASE WHEN n < 3 THEN $old ELSE $fresh END, 'x', 'x', 'x', 'x', 'x',
	'x', 'x', 'x' FROM generate_series(1, 3) n"
conf_rule names "table = \"public.names\"; class = \"a\"; start = \"at\"; columns = (
	{ column = \"Receiver Name\"; op = \"null\"; }, { column = \"e.mail\"; op = \"tombstone\"; },
	{ column = \"a\\\"b\"; op = \"constant\"; value = \"-\"; }, { column = \"select\"; op = \"empty\"; },
	{ column = \"t\"; op = \"prefix\"; keep = 0; }, { column = \"\$1\"; op = \"null\"; },
	{ column = \"naïve %s\"; op = \"map\"; pairs = ( [\"x\", \"y\"] ); default = \"z\"; }, { column = \"\\\\\"; op = \"keep\"; } );"
case_keep 'SELECT * FROM names WHERE id = 3'
case_run
is "$run_rc $(of names anonymized)" '0 2' 'done'
is "$(q 'SELECT DISTINCT ROW("Receiver Name", replace("e.mail", id::text, $$N$$), "a""b", "select",
	"t", "$1", "naïve %s", "\") FROM names WHERE id < 3')" \
	'(,erased-N@erased.invalid,-,"","",,y,x)' 'by plain SQL too'
same_counts
case_end
done_testing
