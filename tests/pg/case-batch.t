#!/usr/bin/env bash
# slow
# Batches: nothing is skipped, one failure is one rule's, settings are the engine's, dry runs are dry.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

batches() { q "SELECT $1 FROM pgretain.ledger WHERE kind = 'batch' AND rule = '$2'"; }

case_db

note 'C35: 300 rows, by index and by pages, in small transactions'
case_conf 'max_percent = 100.0; transaction_target = "1ms"; lanes = 2;'
q "CREATE TABLE ix (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 1500));
	CREATE INDEX ON ix (at);
	INSERT INTO ix SELECT n, CASE WHEN n % 10 = 0 THEN $old ELSE $fresh END FROM generate_series(1, 3000) n;
	CREATE TABLE pg (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 1500));
	INSERT INTO pg SELECT n, CASE WHEN n % 2 = 0 THEN $old ELSE $fresh END FROM generate_series(1, 600) n;
	ANALYZE"
conf_rule ix 'table = "public.ix"; class = "c"; start = "at";'
conf_rule pg 'table = "public.pg"; class = "c"; start = "at";'
case_keep 'SELECT * FROM ix WHERE id % 10 > 0'
case_keep 'SELECT * FROM pg WHERE id % 2 = 1'
case_run
is "$rc $(counts deleted strategy | sort | tr '\n' ' ')" '0 ix 300 "index" pg 300 "pages" ' \
	'300 each, each its own way'
is "$(q 'SELECT (SELECT count(*) FROM ix), (SELECT count(*) FROM pg)')" '2700|300' 'by plain SQL too'
ok 'in several transactions' test "$(batches 'count(*)' ix)" -gt 1 -a "$(batches 'count(*)' pg)" -gt 1
same_counts
run_pgretain plan --format json
is "$(counts due | sort | tr '\n' ' ')" 'ix 0 pg 0 ' 'a plan afterwards finds none'
case_end

note 'C41: the first of three rules times out at every row'
case_conf 'max_percent = 100.0; statement_timeout = "300ms"; lanes = 1;'
q "CREATE TABLE a1 (id int PRIMARY KEY, at timestamptz); INSERT INTO a1 VALUES (1, $old), (2, $fresh);
	CREATE TABLE a2 AS TABLE a1; CREATE TABLE a3 AS TABLE a1;
	CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN OLD; END';
	CREATE TRIGGER nap BEFORE DELETE ON a1 FOR EACH ROW EXECUTE FUNCTION nap()"
for t in a1 a2 a3; do conf_rule $t "table = \"public.$t\"; class = \"c\"; start = \"at\";"; done
case_keep 'TABLE a1'
case_keep 'SELECT * FROM a2 WHERE id = 2'
case_run
is "$plan_rc $rc $(counts status deleted failed | tr '\n' ' ')" \
	'0 2 a1 "failed" 0 1 a2 "done" 1 0 a3 "done" 1 0 ' '2 and 3 are done, 1 failed, exit 2'
like "$(of a1 reason)" 57014 'with its SQLSTATE'
is "$(ids a1) $(ids a2) $(ids a3)" '1,2 2 2' 'by plain SQL too'
case_end 2

note 'C42: settings of the role and of the database'
case_conf
q "CREATE ROLE pgr SUPERUSER LOGIN; CREATE SCHEMA evil;
	CREATE TABLE s1 (id int PRIMARY KEY, at timestamptz); INSERT INTO s1 VALUES (1, $old), (2, $fresh);
	CREATE TABLE evil.s1 AS TABLE s1;
	CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT timestamptz ''infinity''';
	CREATE FUNCTION evil.count(int) RETURNS int LANGUAGE sql AS 'SELECT 0';
	CREATE FUNCTION evil.lt(timestamptz, timestamptz) RETURNS bool LANGUAGE sql AS 'SELECT true';
	CREATE OPERATOR evil.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.lt);
	CREATE FUNCTION nap150() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.15); RETURN OLD; END';
	CREATE TRIGGER nap BEFORE DELETE ON s1 FOR EACH ROW EXECUTE FUNCTION nap150();
	ALTER ROLE pgr SET statement_timeout = '50ms'; ALTER ROLE pgr SET lock_timeout = '1ms';
	ALTER ROLE pgr SET search_path = 'evil', 'pg_catalog'; ALTER ROLE pgr SET DateStyle = 'German';
	ALTER ROLE pgr SET default_transaction_isolation = 'serializable'; ALTER ROLE pgr SET TimeZone = 'Asia/Tokyo';
	ALTER ROLE pgr SET IntervalStyle = 'iso_8601'; ALTER ROLE pgr SET synchronous_commit = off;
	ALTER ROLE pgr SET bytea_output = 'escape'; ALTER ROLE pgr SET extra_float_digits = '-5';
	ALTER ROLE pgr SET default_transaction_deferrable = on; ALTER ROLE pgr SET transform_null_equals = on;
	ALTER ROLE pgr SET session_replication_role = replica; ALTER ROLE pgr SET quote_all_identifiers = on;
	ALTER ROLE pgr SET array_nulls = off;
	CREATE TABLE s2 (id int PRIMARY KEY REFERENCES s1 ON DELETE CASCADE); INSERT INTO s2 VALUES (1), (2);
	CREATE TABLE seen (id int);
	CREATE FUNCTION saw() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.seen VALUES (OLD.id); RETURN NULL; END';
	CREATE TRIGGER saw AFTER DELETE ON s1 FOR EACH ROW EXECUTE FUNCTION saw();
	ALTER DATABASE t SET idle_in_transaction_session_timeout = '20ms';
	ALTER DATABASE t SET idle_session_timeout = '20ms';
	ALTER DATABASE t SET default_transaction_read_only = on"
sed -i 's/user=postgres/user=pgr/' "$PGRETAIN_CONFIG"
conf_rule s1 'table = "public.s1"; class = "c"; start = "at"; children = { s2 = "cascade"; }; triggers = [ "saw" ];'
PGUSER=postgres
case_keep 'SELECT * FROM public.s1 WHERE id = 2'
case_keep 'TABLE evil.s1'
case_run
is "$rc $(of s1 deleted) $(of s1 status)" '0 1 done' 'the engine sets its own' || note "$err$out"
is "$(q 'SELECT string_agg(id::text, $$,$$) FROM public.s1')" 2 'by plain SQL too'
is "$(q 'SELECT string_agg(id::text, $$,$$) FROM public.seen')" 1 'triggers were on'
same_counts
case_end
q "SET default_transaction_read_only = off;
	ALTER DATABASE t RESET ALL; ALTER ROLE pgr RESET ALL" || bail_out 'settings stay'
q 'ALTER ROLE pgr NOSUPERUSER; ALTER ROLE pgr SET session_replication_role = replica; GRANT pgretain_runner TO pgr;
	GRANT SELECT, DELETE, UPDATE ON public.s1, public.s2, public.seen TO pgr'
run_pgretain run
is "$rc" 1 'triggers that a role can'"'"'t bring back: refused'
like "$err" 'session_replication_role is replica for role pgr .*ALTER ROLE pgr RESET' 'by name, with the remedy'
if [ "$(q 'SHOW server_version_num')" -ge 150000 ]; then
	q 'GRANT SET ON PARAMETER session_replication_role TO pgr'
	run_pgretain run --format json
	is "$rc" 0 'or it may bring them back' || note "$err"
fi
q 'ALTER ROLE pgr SUPERUSER; ALTER ROLE pgr RESET ALL'

note 'C68: a dry run writes nothing'
case_conf
q "CREATE TABLE dry (id int PRIMARY KEY, at timestamptz, mail text UNIQUE);
	INSERT INTO dry SELECT n, $old, n || 'x' FROM generate_series(1, 9) n;
	CREATE TABLE dryk (id int PRIMARY KEY, dry int REFERENCES dry)"
conf_rule dry 'table = "public.dry"; class = "c"; start = "at"; children = { dryk = "cascade"; };'
conf_rule mask 'table = "public.dry"; class = "c"; start = "at"; action = "anonymize"; columns = { mail = "null"; };'
conf_rule key 'table = "public.dry"; class = "c"; start = "at"; action = "anonymize"; columns = { id = "null"; };'
server_set log_statement "'mod'"
all=$(snap 'TABLE dry') entries=$(snap 'TABLE pgretain.ledger')
log_mark
for command in plan 'run --dry-run' 'run --dry-run --lift-ceilings' 'explain dry id=1' 'report' 'run'; do
	run_pgretain $command --format json
	[ "$command" = run ] || is "$(((rc == 0 || rc == 2)))" 1 "$command ends $rc"
done
is "$rc" 1 'a run that was not confirmed is refused'
is "$(log_since | grep -cE '(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|TRUNCATE|GRANT)')" \
	0 'no statement that writes was sent' ||
	note "$(log_since | grep -E 'INSERT|UPDATE|DELETE|CREATE|ALTER|DROP' | head -5)"
is "$(snap 'TABLE dry') $(snap 'TABLE pgretain.ledger')" "$all $entries" 'not a byte has changed'
run_pgretain plan --format json
is "$rc $(of key status)" '2 failed' 'a rule on a key column: an error of the plan'
like "$(of key reason)" 'id of public\.dry.*primary key' 'with its reason'
done_testing
