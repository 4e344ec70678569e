#!/usr/bin/env bash
# The ledger: init, roles, append, the chain and every way to break it, lineage, the head outside.
: "${TEST_TIMEOUT:=600}"
. "$(dirname "$0")/lib.sh"

runner=pgretain_runner
uuid=11111111-2222-3333-4444-555555555555

# One statement of the program, with text parameters, through psql.
statement() { # NAME [PARAMETER...]
	local name=$1 args
	shift
	args=$(printf "%s, " "$@")
	q "PREPARE s AS $("$PGRETAIN" sql show "$name"); EXECUTE s${1:+(${args%, })}"
}

new_db() { # NAME: current database, with a configuration for it
	db_new "$1"
	configure
}

configure() {
	conf_new
	conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	conf_rule r 'table = "shop.\"Or ders\""; class = "c"; start = "at";'
}

shop() { q 'CREATE SCHEMA shop; CREATE TABLE shop."Or ders" (id int PRIMARY KEY, at timestamptz)'; }

entries() { q 'SELECT count(*) FROM pgretain.ledger'; }

# Entries of a run as the engine writes them; the second one is of the odd kind.
fill() {
	q "SELECT pgretain.rule_text_put(E'class c: keep 1 year\nrule r');
	SELECT pgretain.append('run', '$uuid', NULL, NULL, NULL, NULL, '2026-11-24 17:30:00.25+00', 'anna',
		'{\"event\":\"start\",\"job\":\"nightly\"}');
	SELECT pgretain.append('odd', NULL, '', 'shop.\"Or ders\"', 'é|,3:x', -9007199254740991,
		'0044-03-15 12:00:00.000001 BC', NULL, '{ \"b\":1.50, \"a\" : [] }');
	SELECT pgretain.append('step', '$uuid', 'r', 'shop.\"Or ders\"', 'delete', NULL, NULL, 'anna',
		(SELECT json_build_object('rule_text', digest) FROM pgretain.rule_text)::text);
	SELECT pgretain.append('batch', '$uuid', 'r', 'shop.\"Or ders\"', 'delete', 7, NULL, 'anna', NULL);
	SELECT pgretain.append('batch', '$uuid', 'r', 'shop.\"Or ders\"', 'delete', 5, NULL, 'anna', '{}');
	SELECT pgretain.append('run', '$uuid', NULL, NULL, NULL, 12, NULL, 'anna', '{\"event\":\"end\"}')" >/dev/null
}

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
is "$(jq -s '[.[].applied] | sort | join(" ")' -r "$W/i1" "$W/i2")" "0 $files" 'in one database one does all, the other none'
is "$(jq .applied "$W/i3")" "$files" 'in another database all again'
is "$(PGDATABASE=twice q 'SELECT count(*), count(DISTINCT lineage) FROM pgretain.lineage')" '1|1' 'one lineage'
is "$(PGDATABASE=twice q 'SELECT string_agg(version || name, chr(32) ORDER BY version) FROM pgretain.migration')" \
	"$(ls "$ROOT"/sql/schema/[0-9]*.sql | sed 's/.*\/0*\([0-9]*\)\(_.*\)\.sql/\1\1\2/; s/^\([0-9]*\)\1/\1000\1/' |
		paste -sd' ')" 'every file is remembered'
is "$(q "SELECT count(*) FROM pg_roles WHERE rolname ~ '^pgretain_' AND NOT rolcanlogin AND NOT rolsuper
	AND NOT rolcreaterole AND NOT rolbypassrls")" 4 'four roles without login'

PGDATABASE=plain configure
sed -i 's/user=postgres/user=plain/' "$PGRETAIN_CONFIG"
run_pgretain init
is "$rc" 0 'with the roles there, the owner of a database needs nothing more'
is "$(PGDATABASE=plain q "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'pgretain'")" plain 'and owns the schema'

# ---- a second time, and what init made ----------------------------------------------------

new_db t
shop
run_pgretain init
is "$rc" 0 'init'
state="SELECT c.oid, c.relname, c.relacl::text FROM pg_class c WHERE relnamespace IN ('pgretain'::regnamespace, 'shop'::regnamespace)
	UNION ALL SELECT oid, proname, proacl::text FROM pg_proc WHERE pronamespace = 'pgretain'::regnamespace
	UNION ALL SELECT oid, nspname, nspacl::text FROM pg_namespace UNION ALL SELECT oid, rolname, NULL FROM pg_roles"
before=$(snap "$state") ledger=$(snap 'TABLE pgretain.ledger') lineage=$(snap 'TABLE pgretain.lineage')
run_pgretain init
is "$rc" 0 'init a second time'
like "$out" 'nothing to do' 'says that there was nothing to do'
is "$(snap "$state") $(snap 'TABLE pgretain.ledger') $(snap 'TABLE pgretain.lineage')" "$before $ledger $lineage" 'and changes nothing'

is "$(q "SELECT c.relname FROM pg_class c WHERE relnamespace = 'pgretain'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')
		AND obj_description(oid, 'pg_class') IS NULL
	UNION ALL SELECT c.relname || '.' || attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
		WHERE relnamespace = 'pgretain'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') AND NOT attisdropped
		AND col_description(c.oid, attnum) IS NULL
	UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'pgretain'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
	UNION ALL SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
		WHERE relnamespace = 'pgretain'::regnamespace AND NOT tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
	UNION ALL SELECT nspname FROM pg_namespace WHERE nspname ~ '^pgretain' AND obj_description(oid, 'pg_namespace') IS NULL
	UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ '^pgretain_' AND shobj_description(oid, 'pg_authid') IS NULL")" \
	'' 'every object has a comment'
is "$(q "SELECT proname FROM pg_proc WHERE pronamespace = 'pgretain'::regnamespace AND prosecdef
	AND NOT coalesce(proconfig::text ~ 'search_path=pg_catalog, pg_temp', false)")" '' 'every definer function has its search_path pinned'
is "$(q "SELECT p.proname FROM pg_proc p WHERE pronamespace = 'pgretain'::regnamespace
	AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))")" '' 'no function is open to everybody'
is "$(q "SELECT r.rolname FROM pg_roles r WHERE r.rolname ~ '^pgretain_' AND (has_schema_privilege(r.oid, 'pgretain_vault', 'USAGE')
	OR has_schema_privilege(r.oid, 'pgretain_vault', 'CREATE'))")" '' 'the vault is nobody'"'"'s but the owner'"'"'s'

# ---- rights -------------------------------------------------------------------------------

as() { printf 'SET ROLE %s; %s' "$1" "$2"; }
is "$(q "$(as $runner "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, 'anna', NULL)")")" 2 'the runner appends'
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
is "$(q "$(as pgretain_auditor 'SELECT count(*) FROM pgretain.ledger')")" 2 'the auditor reads the ledger'
ok 'and no holds: they name people' q_fails 42501 "$(as pgretain_auditor 'TABLE pgretain.hold')"
ok 'the auditor may not append' q_fails 42501 \
	"$(as pgretain_auditor "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")"
q "$(as $runner "CREATE TEMP TABLE ledger (i int); CREATE FUNCTION pg_temp.sha256(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
	SET search_path = pg_temp, pgretain;
	SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, 'anna', NULL)")" >/dev/null
run_pgretain ledger verify
is "$rc" 0 'a hostile search_path changes nothing'
ok 'detail is a JSON object' q_fails 23514 "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[]')"

# Rights that the rules need.
is "$(q "SELECT has_schema_privilege('$runner', 'shop', 'USAGE'), has_table_privilege('$runner', 'shop.\"Or ders\"', 'SELECT'),
	has_table_privilege('$runner', 'shop.\"Or ders\"', 'DELETE'), has_table_privilege('$runner', 'shop.\"Or ders\"', 'UPDATE')")" \
	't|t|t|f' 'a rule that deletes: SELECT and DELETE, no more'
q "CREATE TABLE shop.p (id int, at timestamptz) PARTITION BY RANGE (at);
	CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
conf_rule p 'table = "shop.p"; class = "c"; start = "at"; action = "anonymize"; columns = { id = "null"; };'
conf_rule absent 'table = "shop.absent"; class = "c"; start = "at";'
run_pgretain init
is "$rc" 0 'a new rule'
like "$out" 'shop\.absent' 'a table that is not there yet is named'
is "$(q "SELECT has_table_privilege('$runner', 'shop.p1', 'UPDATE'), has_table_privilege('$runner', 'shop.p', 'SELECT'),
	has_table_privilege('$runner', 'shop.p1', 'DELETE')")" 't|t|f' 'its partitions too'
PGDATABASE=plain q 'CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO plain; CREATE TABLE shop."Or ders" (id int, at timestamptz);
	GRANT SELECT ON shop."Or ders" TO plain'
PGDATABASE=plain configure
sed -i 's/user=postgres/user=plain/' "$PGRETAIN_CONFIG"
run_pgretain init
is "$rc" 2 'rights that this role may not give: a human is needed'
like "$out" 'GRANT USAGE ON SCHEMA "shop" TO pgretain_runner' 'the schema'"'"'s GRANT is shown'
like "$out" 'GRANT SELECT, DELETE ON "shop"."Or ders" TO pgretain_runner' 'the table'"'"'s too'
sed -n 's/^    \(GRANT\)/\1/p' <<<"$out" | PGDATABASE=plain q
run_pgretain init
is "$rc" 0 'and mends it'

# ---- the chain ----------------------------------------------------------------------------

new_db chain
shop
run_pgretain init
fill
run_pgretain --format json ledger verify
is "$rc" 0 'a whole chain'
is "$(json '"\(.whole) \(.entries) \(.broken)"')" "true $(entries) null" 'all entries were read'
is "$(json .head)" "$(q "SELECT 'sha256:' || encode(hash, 'hex') FROM pgretain.ledger ORDER BY seq DESC LIMIT 1")" 'the head'

# By hand, after sql/README.md: the shell's bytes, coreutils' SHA-256.
net() { if [ "$1" = NULL ]; then printf '%s' '-,'; else printf '%s:%s,' "$(printf %s "$1" | wc -c)" "$1"; fi; }
by_hand() { { for f in pgretain.ledger/1 "$@"; do net "$f"; done; } | sha256sum | cut -d' ' -f1; }
odd=$(q "SELECT extract(epoch FROM at)::numeric(30, 6) FROM pgretain.ledger WHERE seq = 3" | tr -d .)
is "$(q "SELECT encode(hash, 'hex') FROM pgretain.ledger WHERE seq = 3")" \
	"$(by_hand 3 odd NULL '' 'shop."Or ders"' 'é|,3:x' -9007199254740991 -63517780799999999 "$odd" NULL postgres \
		'{ "b":1.50, "a" : [] }' "$(q "SELECT encode(hash, 'hex') FROM pgretain.ledger WHERE seq = 2")")" \
	'an odd entry has the hash that sha256sum gives'
is "$(q "SELECT encode(prev, 'hex') FROM pgretain.ledger WHERE seq = 1")" "$(printf pgretain.ledger/1 | sha256sum | cut -d' ' -f1)" \
	'the first entry links to the text pgretain.ledger/1'
for zone in Asia/Kathmandu America/St_Johns Pacific/Apia; do
	is "$(PGTZ=$zone PGDATESTYLE=German q 'SELECT count(*) FROM pgretain.ledger l WHERE hash <> pgretain.seal(l)')" 0 \
		"the server's own function agrees, in $zone"
done

# Tampering as a superuser, triggers disabled, in a copy that is mended each time. Seven entries; the
# expectation is the number of the first one that is not what was written.
is "$(entries)" 7 'seven entries to tamper with'
PGDATABASE=postgres q 'CREATE DATABASE broken TEMPLATE chain'
export PGDATABASE=broken
configure
definition=$(q "SELECT pg_get_functiondef('pgretain.seal'::regproc)")
q 'CREATE SCHEMA kept; CREATE TABLE kept.ledger AS TABLE pgretain.ledger; CREATE TABLE kept.head AS TABLE pgretain.ledger_head;
	ALTER TABLE pgretain.ledger DISABLE TRIGGER ALL; ALTER TABLE pgretain.ledger_head DISABLE TRIGGER ALL'
tamper() { # EXPECTED-SEQ WHAT SQL
	q "TRUNCATE pgretain.ledger, pgretain.ledger_head; INSERT INTO pgretain.ledger TABLE kept.ledger;
		INSERT INTO pgretain.ledger_head TABLE kept.head; $3" >/dev/null
	run_pgretain --format json ledger verify
	is "$rc $(json '"\(.whole) \(.broken.seq) \(.exit)"')" "2 false $1 2" "$2 is found"
}
for change in "kind = 'runs'" 'run = NULL' "run = '11111111-2222-3333-4444-555555555556'" 'rule = NULL' "rule = ''" "tbl = 'shop.x'" \
	"action = 'anonymize'" 'rows = 8' 'rows = NULL' "as_of = '2026-01-01'" "at = at + interval '1 microsecond'" \
	"actor = 'eve'" 'actor = NULL' "login = 'eve'" "detail = '{ }'" "detail = '{\"a\": 1}'" \
	"prev = sha256('x')" "hash = sha256('x')"; do
	tamper 5 "change of a batch: $change" "UPDATE pgretain.ledger SET $change WHERE seq = 5"
done
columns=$(q "SELECT count(*) FROM pg_attribute WHERE attrelid = 'pgretain.ledger'::regclass AND attnum > 0 AND NOT attisdropped")
is "$columns" 14 'no column of the ledger is left out above (all but seq were changed)'
tamper 3 'an empty rule made NULL' 'UPDATE pgretain.ledger SET rule = NULL WHERE seq = 3'
tamper 5 'a changed number' 'UPDATE pgretain.ledger SET seq = 50 WHERE seq = 5'
tamper 6 'a change sealed anew' 'UPDATE pgretain.ledger SET rows = 8 WHERE seq = 5;
	UPDATE pgretain.ledger l SET hash = pgretain.seal(l) WHERE seq = 5'
tamper 7 'the newest one sealed anew' 'UPDATE pgretain.ledger SET rows = 8 WHERE seq = 7;
	UPDATE pgretain.ledger l SET hash = pgretain.seal(l) WHERE seq = 7'
tamper 7 'the newest one removed' 'DELETE FROM pgretain.ledger WHERE seq = 7'
tamper 6 'the newest two removed' 'DELETE FROM pgretain.ledger WHERE seq > 5'
tamper 1 'the oldest one removed' 'DELETE FROM pgretain.ledger WHERE seq = 1'
tamper 1 'the oldest three removed and the rest counted anew' 'DELETE FROM pgretain.ledger WHERE seq <= 3;
	UPDATE pgretain.ledger SET seq = seq - 3; UPDATE pgretain.ledger_head SET seq = seq - 3'
tamper 4 'one removed in the middle' 'DELETE FROM pgretain.ledger WHERE seq = 4'
tamper 4 'one removed in the middle, the rest counted anew' 'DELETE FROM pgretain.ledger WHERE seq = 4;
	UPDATE pgretain.ledger SET seq = seq - 1 WHERE seq > 4; UPDATE pgretain.ledger_head SET seq = seq - 1'
tamper 1 'all removed' 'TRUNCATE pgretain.ledger'
tamper 1 'all removed and the head set back' "TRUNCATE pgretain.ledger;
	UPDATE pgretain.ledger_head SET seq = 0, hash = sha256('pgretain.ledger/1')"
tamper 5 'two swapped' 'UPDATE pgretain.ledger SET seq = 100 WHERE seq = 5; UPDATE pgretain.ledger SET seq = 5 WHERE seq = 6;
	UPDATE pgretain.ledger SET seq = 6 WHERE seq = 100'
tamper 7 'the newest one put in anew under another number' "INSERT INTO pgretain.ledger SELECT 8, kind, run, rule, tbl, action, rows, as_of, at, actor,
	login, detail, hash, hash FROM pgretain.ledger WHERE seq = 7; DELETE FROM pgretain.ledger WHERE seq = 7"
tamper 8 'one added past the head' "INSERT INTO pgretain.ledger SELECT 8, kind, run, rule, tbl, action, rows, as_of, at, actor,
	login, detail, hash, hash FROM pgretain.ledger WHERE seq = 7;
	UPDATE pgretain.ledger l SET hash = pgretain.seal(l) WHERE seq = 8"
tamper 7 'the head removed' 'DELETE FROM pgretain.ledger_head'
tamper 5 'a change under functions that lie' "UPDATE pgretain.ledger SET rows = 8 WHERE seq = 5;
	CREATE OR REPLACE FUNCTION pgretain.seal(entry pgretain.ledger) RETURNS bytea LANGUAGE sql AS 'SELECT entry.hash'"
run_pgretain ledger verify
like "$out" 'broken at entry 5: its content is not what was written' 'verify says where and why in words'
q "$definition; TRUNCATE pgretain.ledger, pgretain.ledger_head; INSERT INTO pgretain.ledger TABLE kept.ledger;
	INSERT INTO pgretain.ledger_head TABLE kept.head"
run_pgretain ledger verify
is "$rc" 0 'what is put back is whole again'
export PGDATABASE=chain
configure

# ---- dump and restore under other settings and in another encoding ------------------------

restore() { # NAME OPTIONS-OF-CREATE-DATABASE
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS $1 WITH (FORCE); CREATE DATABASE $1 TEMPLATE template0 $2;
		ALTER DATABASE $1 SET TimeZone = 'Australia/Lord_Howe'; ALTER DATABASE $1 SET DateStyle = 'SQL, DMY';
		ALTER DATABASE $1 SET extra_float_digits = 0; ALTER DATABASE $1 SET bytea_output = 'escape'"
	PGTZ=Asia/Kathmandu PGDATESTYLE=German pg_dump chain | PGDATABASE=$1 q >/dev/null
	export PGDATABASE=$1
	configure
}
lineage=$(q 'SELECT lineage FROM pgretain.lineage')
for encoding in UTF8 LATIN1; do
	restore restored "ENCODING $encoding"
	run_pgretain --format json ledger verify
	is "$rc $(json .entries)" '0 7' "dumped and restored ($encoding, other TimeZone, DateStyle): whole"
done
run_pgretain init
is "$rc" 1 'a restored database is refused'
like "$err" 'replay first' 'with what to do'
is "$(entries)" 7 'and nothing is written'
run_pgretain init --adopt
is "$rc" 0 'until it is adopted'
is "$(q 'SELECT count(DISTINCT lineage), count(*) FILTER (WHERE lineage = '"'$lineage'"') FROM pgretain.lineage')" '2|1' \
	'with a lineage of its own'
run_pgretain --format json ledger verify
is "$rc $(json .entries)" '0 8' 'the chain goes on, and tells of it'
is "$(q "SELECT kind || action || (detail::jsonb->>'before') FROM pgretain.ledger ORDER BY seq DESC LIMIT 1")" \
	"lineageadopt$lineage" 'in an entry that names the lineage before'
run_pgretain init
is "$rc" 0 'from then on it is at home'

# A dump into a cluster where the roles' rights were lost.
q "REVOKE ALL ON ALL TABLES IN SCHEMA pgretain FROM $runner; REVOKE ALL ON SCHEMA pgretain FROM $runner;
	GRANT EXECUTE ON FUNCTION pgretain.append TO PUBLIC"
run_pgretain init
ok 'init gives lost rights again' q "$(as $runner "SELECT pgretain.append('x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")"
is "$(q "SELECT has_function_privilege('plain', (SELECT oid FROM pg_proc WHERE proname = 'append' AND pronamespace = 'pgretain'::regnamespace), 'EXECUTE')")" \
	f 'and takes away what nobody should have'

# ---- clone --------------------------------------------------------------------------------

PGDATABASE=postgres q 'CREATE DATABASE clone TEMPLATE chain'
export PGDATABASE=clone
configure
run_pgretain init
is "$rc" 1 'a clone (createdb -T) is refused'
like "$err" 'another database \(oid\)' 'by its oid'
like "$err" 'init --adopt' 'with the way out'
run_pgretain init --adopt
is "$rc" 0 'and adopted'
for what in system_identifier timeline; do
	q "UPDATE pgretain.lineage SET $what = $what + 1 WHERE id = (SELECT max(id) FROM pgretain.lineage)"
	run_pgretain init
	is "$rc" 1 "another $what is refused"
	q "UPDATE pgretain.lineage SET $what = $what - 1 WHERE id = (SELECT max(id) FROM pgretain.lineage)"
done
run_pgretain init
is "$rc" 0 'its own is not'
export PGDATABASE=chain
configure
run_pgretain init
is "$rc" 0 'the original is as before'

# ---- versions -----------------------------------------------------------------------------

# The schema goes into every encoding that a server can have.
for encoding in SQL_ASCII LATIN1 EUC_CN EUC_JIS_2004; do
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS odd WITH (FORCE); CREATE DATABASE odd TEMPLATE template0 ENCODING $encoding"
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

# ---- writers at once ----------------------------------------------------------------------

new_db writers
run_pgretain init
for w in 1 2 3 4 5 6 7 8; do
	for _ in $(seq 120); do
		echo "SELECT pgretain.append('batch', NULL, 'w$w', NULL, NULL, 1, NULL, 'w$w', NULL);"
	done >"$W/w.$w"
done
pids=()
for w in 1 2 3 4 5 6 7 8; do
	PGAPPNAME=w$w psql -XAtq -f "$W/w.$w" >/dev/null 2>"$W/w.err.$w" & pids+=($!)
done
wait_for 30 test "$(q "SELECT count(*) > 40 FROM pgretain.ledger")" = t || true
q "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'w3'" >/dev/null
kill -9 "${pids[4]}" 2>/dev/null
wait "${pids[@]}" 2>/dev/null
run_pgretain --format json ledger verify
is "$rc" 0 'eight writers, two of them killed: one whole chain'
is "$(json .entries)" "$(q 'SELECT max(seq) FROM pgretain.ledger')" 'without a gap'
is "$(q 'SELECT count(*) - count(DISTINCT prev) FROM pgretain.ledger')" 0 'no two with one predecessor'
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE actor IN ('w1', 'w2', 'w4', 'w6', 'w7', 'w8')")" 720 'the others lost nothing'

# ---- runs that never ended ----------------------------------------------------------------

start() { q "SELECT pgretain.append('run', '$1', NULL, NULL, NULL, NULL, NULL, 'anna', '{\"event\":\"start\",\"job\":$2}');
	SELECT pgretain.append('batch', '$1', 'r', 't', 'delete', 7, NULL, 'anna', NULL);
	SELECT pgretain.append('batch', '$1', 'r', 't', 'delete', 4, NULL, 'anna', NULL)" >/dev/null; }
settled() { q "SELECT string_agg(run || ' ' || rows || ' ' || actor, ', ' ORDER BY run) FROM pgretain.ledger
	WHERE kind = 'run' AND detail::jsonb->>'event' = 'interrupted'"; }
new_db settle
run_pgretain init
a=00000000-0000-0000-0000-00000000000a b=00000000-0000-0000-0000-00000000000b c=00000000-0000-0000-0000-00000000000c
start $a '"nightly"'
start $b '"hourly"'
start $c null
q "SELECT pgretain.append('run', '$c', NULL, NULL, NULL, NULL, NULL, 'anna', '{\"event\":\"end\"}')" >/dev/null
session_open live
session live "PREPARE l AS $("$PGRETAIN" sql show query/ledger_job_lock); EXECUTE l('hourly')"
is "$(tail -n 2 "$W/session.live" | head -n 1)" t 'a live run holds its job'
is "$(statement query/ledger_job_lock "'hourly'")" f 'nobody else gets it'
is "$(statement query/ledger_job_lock "'nightly'")" t 'another job is free'
is "$(statement query/ledger_settle "'eve'" | wc -l)" 1 'one run is dead'
is "$(settled)" "$a 11 eve" 'it is interrupted, with the rows of its batches; the live and the ended one are not'
session_close live
wait_for 10 test "$(q "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 0 || true
statement query/ledger_settle "'eve'" >/dev/null
is "$(settled)" "$a 11 eve, $b 11 eve" 'once its session is gone, the other one too'
is "$(statement query/ledger_settle "'eve'")" '' 'and none a second time'
run_pgretain ledger verify
is "$rc" 0 'whole'

# ---- holds --------------------------------------------------------------------------------

hold="INSERT INTO pgretain.hold (id, scope, target, reason, placed_by) VALUES (gen_random_uuid(), 'table', 'r', 'case 1', 'anna')"
is "$(q 'SELECT pgretain.hold_lock_shared()')" 0 'the epoch begins at 0'
session_open batch
session batch 'BEGIN; SELECT pgretain.hold_lock_shared()'
session_open other
session other 'BEGIN; SELECT pgretain.hold_lock_shared(); COMMIT'
ok 'batches do not wait for each other' grep -qx 0 "$W/session.other"
session_send other "$hold"
wait_for 10 test "$(q "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")" = 1 || true
ok 'a hold waits for a batch' test "$(q 'SELECT count(*) FROM pgretain.hold')" = 0
session batch 'COMMIT'
session_wait other
session_close other
session_close batch
is "$(q 'SELECT count(*) FROM pgretain.hold; SELECT pgretain.hold_lock_shared()')" $'1\n1' 'then it is there, and the epoch has changed'
session_open holder
session holder "BEGIN; UPDATE pgretain.hold SET state = 'review_due'"
ok 'a batch waits for a hold that is being changed' q_fails 55P03 "SET lock_timeout = '100ms'; SELECT pgretain.hold_lock_shared()"
session holder ROLLBACK
session_close holder
ok 'an older snapshot is refused' q_fails 25000 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pgretain.hold_lock_shared()'
ok 'a subject hold names its subject' q_fails 23514 "INSERT INTO pgretain.hold (id, scope, reason, placed_by)
	VALUES (gen_random_uuid(), 'subject', 'case 1', 'anna')"

# ---- confirmations ------------------------------------------------------------------------

q "$(as $runner "SELECT pgretain.confirm('r', '{\"keep\": 1}', 'sha256:aa', 'anna'); SELECT pgretain.confirm('r', '{\"keep\": 2}', 'sha256:bb', 'bob')")" >/dev/null
is "$(q 'SELECT rule, definition, fingerprint, confirmed_by FROM pgretain.confirmed')" 'r|{"keep": 2}|sha256:bb|bob' 'the newest confirmation counts'
is "$(q "SELECT string_agg(l.actor || ' ' || t.text, ', ' ORDER BY seq) FROM pgretain.ledger l
	JOIN pgretain.rule_text t ON t.digest = l.detail::jsonb->>'definition' WHERE kind = 'confirm'")" \
	'anna {"keep": 1}, bob {"keep": 2}' 'the ledger tells each of them with its text'

# ---- show and export ----------------------------------------------------------------------

export PGDATABASE=chain
configure
run_pgretain --format json ledger show
is "$rc $(json .schema) $(json '.entries | length')" '0 pgretain.ledger/1 7' 'show as JSON'
is "$(json '[.entries[] | [.seq, .kind, .run, .rule, .table, .action, .rows, .at, .actor] | @json] | join("\n")')" \
	"$(q "SELECT json_build_array(seq, kind, run, rule, tbl, action, rows,
		regexp_replace(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '\.?0*$', '') || 'Z', actor)::text
		FROM pgretain.ledger ORDER BY seq" | sed 's/, /,/g')" 'is what the table holds'
text=$'class c: keep 1 year\nrule r'
is "$(json '[.entries[] | select(.rule_text != null) | .seq] | @json')" '[4,5,6]' 'step and batches have the rule'"'"'s text'
is "$(json '.entries[4].rule_text')" "$text" 'which is the one that was put'
for filter in "--table 'shop.\"Or ders\"'|[3,4,5,6]" '--rule r|[4,5,6]' '--kind run|[2,7]' "--run $uuid|[2,4,5,6,7]" \
	'--since 2100-01-01|[]' '--until 2020-01-01|[]' '--since 2020-01-01 --until 2100-01-01T00:00:00+08:00 --kind odd|[3]'; do
	eval "run_pgretain --format json ledger show ${filter%|*}"
	is "$rc $(json '[.entries[].seq] | @json')" "0 ${filter#*|}" "show ${filter%|*}"
done
run_pgretain --format json ledger show --table 'Shop."Or ders"'
is "$(json '.entries | length')" 4 'a table may be written in any way that SQL takes'
fourth=$(q "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM pgretain.ledger WHERE seq = 4")
run_pgretain --format json ledger show --since "$fourth"
is "$(json '.entries[0].seq')" 4 'since is inclusive'
run_pgretain --format json ledger show --until "$fourth"
is "$(json '.entries[-1].seq')" 3 'until is not'
run_pgretain ledger show --table 'shop."Or ders"' --since 2020-01-01
is "$rc" 0 'show as text'
like "$out" $'5 +[0-9TZ:-]+ +batch +r +shop."Or ders" +delete +7 +anna as postgres\n' 'what, when, rule, rows, by whom'
like "$out" $'r +from entry 4 on, sha256:.*\n    class c: keep 1 year\n    rule r' 'and the rule as it was'
run_pgretain ledger show --kind none
is "$rc $out" '0 No entry fits.' 'nothing to show is said'
for bad in '--table "a b"' '--table ""' '--since yesterday' '--until 2026-13-01' '--run 17'; do
	eval "run_pgretain ledger show $bad"
	is "$rc" 1 "refused: show $bad"
	is "$out" '' 'without a report'
done
run_pgretain ledger export
is "$rc" 0 'export'
is "$(jq -s '[.[] | keys_unsorted] | unique | .[0] | join(" ")' -r <<<"$out")" \
	'seq kind run rule table action rows as_of at actor login detail prev hash' 'all that the hashes cover'
is "$(jq -s 'length, ([range(1; length) as $i | .[$i].prev == .[$i - 1].hash] | all)' -c <<<"$out" | paste -sd' ')" '7 true' 'linked, line by line'
is "$(sed -n 3p <<<"$out" | jq -r .detail)" '{ "b":1.50, "a" : [] }' 'detail byte for byte'

# ---- the head outside ---------------------------------------------------------------------

new_db outside
log=$W/heads.replay
with_log() { conf_add pgretain.cfg "replay_log = \"$log\";"; }
with_log
run_pgretain init
is "$rc" 0 'init with a log outside'
is "$(stat -c %a "$log")" 600 'which only its owner may read'
is "$(jq -r '"\(.kind) \(.lineage) \(.seq) \(.hash)"' "$log")" \
	"head $(q "SELECT lineage, (SELECT seq || ' sha256:' || encode(hash, 'hex') FROM pgretain.ledger_head) FROM pgretain.lineage" | tr '|' ' ')" \
	'and names lineage, number and hash'
run_pgretain init
is "$(wc -l <"$log")" 1 'the same head is not written twice'
fill
run_pgretain init
is "$(wc -l <"$log")" 2 'a newer one is'
run_pgretain ledger verify
is "$rc" 0 'whole, log and all'

mv "$log" "$log.away"
run_pgretain init
is "$rc" 1 'a log that has been kept and is missing is refused'
like "$err" 'missing' 'by its reason'
run_pgretain ledger verify
is "$rc" 2 'and verify says so too'
: >"$log"
run_pgretain init
is "$rc" 1 'an empty one is refused'
head -c -20 "$log.away" >"$log"
for command in init 'ledger verify'; do
	run_pgretain $command
	is "$rc" 1 "one with a cut last line is refused by $command"
	like "$err" 'heads\.replay:2' 'with the line'
done
sed 's/sha256:./sha256:x/' "$log.away" >"$log"
run_pgretain init
is "$rc" 1 'one with another hash is refused'
run_pgretain --format json ledger verify
is "$rc $(json .broken.seq)" '2 7' 'and verify names the entry'
cp "$log.away" "$log"
run_pgretain init
is "$rc" 0 'the log put back: at home again'

# Rewritten as only a superuser can: newest entries removed, head set back. The database alone is whole.
keep=$(wc -c <"$log")
q "ALTER TABLE pgretain.ledger DISABLE TRIGGER ALL; DELETE FROM pgretain.ledger WHERE seq > 5;
	UPDATE pgretain.ledger_head SET (seq, hash) = (SELECT seq, hash FROM pgretain.ledger WHERE seq = 5);
	ALTER TABLE pgretain.ledger ENABLE ALWAYS TRIGGER append_only"
run_pgretain --format json ledger verify
is "$rc $(json .broken.seq)" '2 6' 'newest entries removed and the head set back: the log outside knows'
run_pgretain init
is "$rc" 1 'and everything that acts is refused'
is "$(wc -c <"$log")" "$keep" 'the log does not go back'

# A whole cluster put back from a file copy: same identifier, oid and timeline, older ledger.
new_db restored2
log=$W/heads2.replay
with_log
run_pgretain init
pgtmp() { "$ROOT/scripts/pgtmp" "$@"; }
pgtmp stop "$PGTMP_DIR" --keep
cp -a "$PGTMP_DIR/data" "$PGTMP_DIR/backup"
pgtmp start "$PGTMP_DIR"
fill
run_pgretain init
is "$rc" 0 'the database goes on after its backup'
pgtmp stop "$PGTMP_DIR" --keep
rm -rf "$PGTMP_DIR/data"
mv "$PGTMP_DIR/backup" "$PGTMP_DIR/data"
pgtmp start "$PGTMP_DIR"
run_pgretain init
is "$rc" 1 'put back from its backup it is refused'
like "$err" 'older than its log' 'because the log outside is ahead'
run_pgretain ledger verify
is "$rc" 2 'verify: newer entries are missing'
fill
fill
run_pgretain init
is "$rc" 1 'a past that has gone another way meanwhile is refused as well'
run_pgretain init --adopt
is "$rc" 0 'adopted, it starts a head of its own in the log'
run_pgretain ledger verify
is "$rc" 0 'and is whole'
done_testing
