#!/usr/bin/env bash
# init: roles, rights, migrations, and what it refuses.
: "${TEST_TIMEOUT:=600}"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ledger_lib.sh"

# ---- a role that may not make roles (before anybody has made them) ------------------------

q 'CREATE ROLE plain LOGIN; CREATE DATABASE plain OWNER plain TEMPLATE template0'
export PGDATABASE=plain
configure
sed -i 's/user=postgres/user=plain/' "$PGRETAIN_CONFIG"
run_pgretain init
is "$rc" 1 'init without CREATEROLE ends 1'
like "$err" 'CREATE ROLE pgretain_runner' 'and names the statement that is missing'
is "$(q "SELECT to_regnamespace('pgretain')")" '' 'and changes nothing'
run_pgretain ledger verify
is "$rc" 1 'no ledger yet: verify ends 1'
like "$err" 'pgretain init' 'and says what to do'

# ---- two inits at once, in one database and in two ----------------------------------------

new_db twice
cp -r "$CONF" "$W/conf.twice"
new_db other
"$PGRETAIN" --config "$W/conf.twice/pgretain.cfg" --format json init >"$W/i1" 2>"$W/e1" & p1=$!
"$PGRETAIN" --config "$W/conf.twice/pgretain.cfg" --format json init >"$W/i2" 2>"$W/e2" & p2=$!
"$PGRETAIN" --format json init >"$W/i3" 2>"$W/e3" & p3=$!
s1=0 s2=0 s3=0
wait $p1 || s1=$?; wait $p2 || s2=$?; wait $p3 || s3=$?
is "$s1 $s2 $s3" '0 0 0' 'three inits at once all end well'
is "$(cat "$W"/e[123])" '' 'and silent'
files=$(ls "$ROOT"/sql/schema/[0-9]*.sql | wc -l)
is "$(jq -s '[.[].applied] | sort | join(" ")' -r "$W/i1" "$W/i2")" "0 $files" \
	'in one database one does all, the other none'
is "$(jq .applied "$W/i3")" "$files" 'in another database all again'
is "$(PGDATABASE=twice q 'SELECT count(*), count(DISTINCT lineage) FROM pgretain.lineage')" '1|1' \
	'one lineage'
is "$(PGDATABASE=twice q 'SELECT string_agg(version || chr(32) || name, chr(10) ORDER BY version) FROM pgretain.migration')" \
	"$(ls "$ROOT"/sql/schema/[0-9]*.sql | sed 's/.*\/\(0*\)\([0-9]*\)\(_.*\)\.sql/\2 \1\2\3/')" 'every file is remembered'
is "$(q "SELECT count(*) FROM pg_roles WHERE rolname ~ '^pgretain_' AND NOT rolcanlogin AND NOT rolsuper
	AND NOT rolcreaterole AND NOT rolbypassrls")" 4 'four roles without login'

PGDATABASE=plain configure
sed -i 's/user=postgres/user=plain/' "$PGRETAIN_CONFIG"
run_pgretain init
is "$rc" 0 'with the roles there, the owner of a database needs nothing more'
is "$(PGDATABASE=plain q "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'pgretain'")" plain \
	'and owns the schema'

# ---- a second time, and what init made ----------------------------------------------------

new_db t
shop
run_pgretain init
is "$rc" 0 'init'
state="SELECT c.oid, c.relname, c.relacl::text FROM pg_class c
		WHERE relnamespace IN ('pgretain'::regnamespace, 'shop'::regnamespace)
	UNION ALL SELECT oid, proname, proacl::text FROM pg_proc WHERE pronamespace = 'pgretain'::regnamespace
	UNION ALL SELECT oid, nspname, nspacl::text FROM pg_namespace UNION ALL SELECT oid, rolname, NULL FROM pg_roles"
before=$(snap "$state") ledger=$(snap 'TABLE pgretain.ledger') lineage=$(snap 'TABLE pgretain.lineage')
run_pgretain init
is "$rc" 0 'init a second time'
like "$out" 'nothing to do' 'says that there was nothing to do'
is "$(snap "$state") $(snap 'TABLE pgretain.ledger') $(snap 'TABLE pgretain.lineage')" "$before $ledger $lineage" \
	'and changes nothing'

is "$(q "SELECT c.relname FROM pg_class c WHERE relnamespace = 'pgretain'::regnamespace
		AND relkind IN ('r', 'v', 'm', 'p') AND obj_description(oid, 'pg_class') IS NULL
	UNION ALL SELECT c.relname || '.' || attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
		WHERE relnamespace = 'pgretain'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') AND NOT attisdropped
		AND col_description(c.oid, attnum) IS NULL
	UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'pgretain'::regnamespace
		AND obj_description(oid, 'pg_proc') IS NULL
	UNION ALL SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
		WHERE relnamespace = 'pgretain'::regnamespace AND NOT tgisinternal
		AND obj_description(t.oid, 'pg_trigger') IS NULL
	UNION ALL SELECT nspname FROM pg_namespace WHERE nspname ~ '^pgretain'
		AND obj_description(oid, 'pg_namespace') IS NULL
	UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ '^pgretain_'
		AND shobj_description(oid, 'pg_authid') IS NULL")" \
	'' 'every object has a comment'
is "$(q "SELECT proname FROM pg_proc WHERE pronamespace = 'pgretain'::regnamespace AND prosecdef
	AND NOT coalesce(proconfig::text ~ 'search_path=pg_catalog, pg_temp', false)")" '' \
	'every definer function has its search_path pinned'
is "$(q "SELECT p.proname FROM pg_proc p WHERE pronamespace = 'pgretain'::regnamespace
	AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))")" '' \
	'no function is open to everybody'
is "$(q "SELECT r.rolname FROM pg_roles r WHERE r.rolname ~ '^pgretain_'
	AND (has_schema_privilege(r.oid, 'pgretain_vault', 'USAGE') AND r.rolname <> '$runner'
	OR has_schema_privilege(r.oid, 'pgretain_vault', 'CREATE'))")" '' \
	'the vault is open to the runner alone, who makes nothing there by itself'

# ---- rights -------------------------------------------------------------------------------

is "$(q "$(as $runner "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, 'anna', NULL)")")" 2 \
	'the runner appends'
is "$(q 'SELECT login, actor, prev = lag(hash) OVER (ORDER BY seq) FROM pgretain.ledger ORDER BY seq DESC LIMIT 1')" \
	'postgres|anna|t' 'the login is the server'"'"'s word, and the entry is linked'
for role in $runner pgretain_clerk pgretain_approver pgretain_auditor; do
	for sql in 'INSERT INTO pgretain.ledger SELECT * FROM pgretain.ledger' 'UPDATE pgretain.ledger SET rows = 1' \
		'DELETE FROM pgretain.ledger' 'TRUNCATE pgretain.ledger' 'UPDATE pgretain.ledger_head SET seq = 0' \
		'UPDATE pgretain.lineage SET timeline = 9' 'DELETE FROM pgretain.confirmed' \
		'UPDATE pgretain.hold SET reason = reason' 'DROP TRIGGER append_only ON pgretain.ledger' \
		'ALTER TABLE pgretain.ledger DISABLE TRIGGER ALL'; do
		ok "$role may not: $sql" q_fails 42501 "$(as $role "$sql")"
	done
done
for sql in 'UPDATE pgretain.ledger SET rows = 1' 'DELETE FROM pgretain.ledger WHERE false' 'TRUNCATE pgretain.ledger' \
	'DELETE FROM pgretain.ledger_head' 'TRUNCATE pgretain.lineage' 'DELETE FROM pgretain.rule_text' \
	'DELETE FROM pgretain.hold' 'SET session_replication_role = replica; DELETE FROM pgretain.ledger'; do
	ok "the owner is refused: $sql" q_fails 42501 "$sql"
done
is "$(q "$(as pgretain_auditor 'SELECT count(*) FROM pgretain.ledger')")" 2 \
	'the auditor reads the ledger'
ok 'and no holds: they name people' q_fails 42501 "$(as pgretain_auditor 'TABLE pgretain.hold')"
ok 'the auditor may not append' q_fails 42501 \
	"$(as pgretain_auditor "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")"
q "$(as $runner "CREATE TEMP TABLE ledger (i int);
	CREATE FUNCTION pg_temp.sha256(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
	SET search_path = pg_temp, pgretain;
	SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, 'anna', NULL)")" >/dev/null
run_pgretain ledger verify
is "$rc" 0 'a hostile search_path changes nothing'
ok 'detail is a JSON object' q_fails 23514 "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[]')"

# Rights that the rules need.
is "$(q "SELECT has_schema_privilege('$runner', 'shop', 'USAGE'),
	has_table_privilege('$runner', 'shop.\"Or ders\"', 'SELECT'),
	has_table_privilege('$runner', 'shop.\"Or ders\"', 'DELETE'),
	has_table_privilege('$runner', 'shop.\"Or ders\"', 'UPDATE')")" \
	't|t|t|t' 'a rule that deletes: SELECT and DELETE, and UPDATE to lock rows'
q "CREATE TABLE shop.p (id int, at timestamptz) PARTITION BY RANGE (at);
	CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
conf_rule p \
	'table = "shop.p"; class = "c"; start = "at"; action = "anonymize"; columns = { id = "null"; };'
conf_rule absent 'table = "shop.absent"; class = "c"; start = "at";'
run_pgretain init
is "$rc" 0 'a new rule'
like "$out" 'shop\.absent' 'a table that is not there yet is named'
is "$(q "SELECT has_table_privilege('$runner', 'shop.p1', 'UPDATE'), has_table_privilege('$runner', 'shop.p', 'SELECT'),
	has_table_privilege('$runner', 'shop.p1', 'DELETE')")" 't|t|f' 'its partitions too'
PGDATABASE=plain q 'CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO plain;
	CREATE TABLE shop."Or ders" (id int, at timestamptz);
	GRANT SELECT ON shop."Or ders" TO plain'
PGDATABASE=plain configure
sed -i 's/user=postgres/user=plain/' "$PGRETAIN_CONFIG"
run_pgretain init
is "$rc" 2 'rights that this role may not give: a human is needed'
like "$out" 'GRANT USAGE ON SCHEMA "shop" TO pgretain_runner' 'the schema'"'"'s GRANT is shown'
like "$out" 'GRANT SELECT, UPDATE, DELETE ON "shop"."Or ders" TO pgretain_runner' 'the table'"'"'s too'
sed -n 's/^    \(GRANT\)/\1/p' <<<"$out" | PGDATABASE=plain q
run_pgretain init
is "$rc" 0 'and mends it'

# ---- versions -----------------------------------------------------------------------------

# The schema goes into every encoding that a server can have.
for encoding in SQL_ASCII LATIN1 EUC_CN EUC_JIS_2004; do
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS odd WITH (FORCE);
		CREATE DATABASE odd TEMPLATE template0 ENCODING $encoding"
	export PGDATABASE=odd
	configure
	run_pgretain init
	is "$rc" 0 "init in a database of encoding $encoding"
	run_pgretain ledger verify
	is "$rc" 0 'its ledger is whole'
done

new_db versions
run_pgretain init
q "INSERT INTO pgretain.migration (version, name, sha256) VALUES (9999, '9999_future', 'x')"
for command in init 'ledger verify' 'ledger show' 'ledger export'; do
	run_pgretain $command
	is "$rc" 1 "a newer schema: $command is refused"
	like "$err" 'newer' 'with the reason'
done
q "DELETE FROM pgretain.migration WHERE version = 9999; UPDATE pgretain.migration SET sha256 = 'x' WHERE version = 3"
run_pgretain init
is "$rc" 1 'a migration with another text is refused'
like "$err" '0003_hold' 'by name'
new_db older
first=$ROOT/sql/schema/0001_ledger.sql
{ cat "$first"; echo "INSERT INTO pgretain.migration (version, name, sha256)
	VALUES (1, '0001_ledger', '$(sha256sum <"$first" | cut -d' ' -f1)')"; } | q
run_pgretain ledger verify
is "$rc" 1 'an older schema: verify is refused'
like "$err" 'older.*pgretain init' 'and says what to do'
run_pgretain --format json init
is "$rc $(json .applied)" "0 $((files - 1))" 'init applies what is missing'
new_db notours
q 'CREATE SCHEMA pgretain; CREATE TABLE pgretain.t (i int)'
run_pgretain init
is "$rc" 1 'a schema of that name that somebody else made is refused'
is "$(q 'SELECT count(*) FROM pgretain.t')" 0 'and left alone'
done_testing
