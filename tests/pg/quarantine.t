#!/usr/bin/env bash
# The vault: every type there and back, conflicts, later columns, chains, purge under holds, rights, kills.
# slow
: "${TEST_TIMEOUT:=600}"
. "$(dirname "$0")/lib.sh"

runner() { sed -i 's/user=postgres/user=vault_runner/' "$PGRETAIN_CONFIG"; }

new_db() { # NAME: with the ledger's schema to be made by init_as
	db_new "$1"
	conf_new
	conf_class q 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "Asia/Shanghai"; action = "quarantine"; vault = "30 days";'
	conf_class d 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
}

vault_rows() { q "SELECT coalesce(sum(n), 0) FROM (SELECT (xpath('//c/text()',
	query_to_xml(format('SELECT count(*) AS c FROM %s',
	v.vault), true, true, '')))[1]::text::int AS n FROM pgretain.vault v) x"; }

q 'CREATE ROLE vault_runner LOGIN; CREATE ROLE plain LOGIN; CREATE ROLE other_reader LOGIN'

# ---- every type, under the runner's role, with default privileges that would open the vault -------

new_db types
q "CREATE SCHEMA \"Sh op\"; CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC, other_reader;
CREATE TYPE \"Sh op\".mood AS ENUM ('sad', 'it''s \"ok\"');
CREATE DOMAIN \"Sh op\".code AS varchar(5) COLLATE \"C\" CHECK (value <> 'bad');
CREATE TYPE \"Sh op\".pair AS (a int, \"B b\" text);
CREATE TABLE \"Sh op\".\"We\"\"ird\" (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz,
	e \"Sh op\".mood, d \"Sh op\".code, ad \"Sh op\".code[], p \"Sh op\".pair, pa \"Sh op\".pair[],
	ia int[], ta text[], r int4range, mr datemultirange, j json, jb jsonb, b bytea, x xml, m money, i interval,
	c char(7), vc varchar(20), n numeric, n2 numeric(12,3), f float8, f4 float4, ts timestamp(3), tz timestamptz,
	t time, ttz timetz, dt date, u uuid, ip inet, ci cidr, mac macaddr8, bits bit(9), vb varbit, pt point, poly polygon,
	tsv tsvector, tsq tsquery, ch \"char\", nm name, o oid, reg regclass, ct citext, h hstore, jp jsonpath,
	xid8 xid8, lsn pg_lsn, \"Quoted \"\"col\" text, g int GENERATED ALWAYS AS (f4::int * 2) STORED);
INSERT INTO \"Sh op\".\"We\"\"ird\" VALUES (DEFAULT, '2020-02-29 23:59:59.999999+14', 'it''s \"ok\"', 'ab',
	'{ab,NULL,\"c,d\"}', '(1,\"x,\"\"y\")',
	ARRAY['(1,)', NULL]::\"Sh op\".pair[], '[-2:0]={1,NULL,3}', '{{\"\",\"a\\\\b\"},{NULL,\"NULL\"}}', '[1,5)',
		'{[2020-01-01,2020-02-01),[2021-01-01,)}',
	'{ \"b\" : 1.50, \"a\":[ ] , \"a\": null}', '{\"b\": 1.50, \"a\": \"\\u00e9\"}', '\\x00ff5c27',
		'<a b=\"1\">&lt;é</a>', '-92233720368547758.08',
	'-1 year 13 mons -45 days 25:59:59.000001', 'ab     ', E'tab\\t\\nnl\\\\',
		'-123456789012345678901234567890.0000001000', 1.5, 'NaN', '-0', '2020-01-01 00:00:00.123',
	'0044-03-15 12:34:56.789+07:30:15 BC', '24:00', '23:59:59.5-15:59', '-infinity',
		'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1/10', '10.1/16',
	'08:00:2b:01:02:03:04:05', B'101000111', B'', '(1e-300,-0)', '((0,0),(1,1))', '''a b'':1A,2 c', '!(a & b:*)',
		'Z', 'n', 4294967295, 'pg_class', 'MiXed', 'a=>NULL,\"b c\"=>\"d\"',
	'\$.a[*] ? (@ > 1)', '18446744073709551615', 'FF/1', ''),
	(DEFAULT, '2019-12-31 23:00+00', 'sad', NULL, '{}', NULL, NULL, NULL, '{}', 'empty', '{}', 'null', 'null', '',
		NULL, NULL, '178000000 years', '', '', 'NaN', NULL,
	2.2250738585072014e-308, 1.17549435e-38, 'infinity', 'infinity', '00:00', '00:00+15:59', 'infinity', NULL,
		'0/0', NULL, NULL, NULL, NULL, '(NaN,Infinity)', NULL,
	'', '', '', '', 0, 0, '', '', NULL, NULL, NULL, ' é 漢');
INSERT INTO \"Sh op\".\"We\"\"ird\" (at, e, d, f) VALUES (now(), 'sad', 'new', 1.7976931348623157e308)"
conf_rule weird 'table = "\"Sh op\".\"We\"\"ird\""; class = "q"; start = "at";'
run_pgretain init
is "$rc" 0 'init'
q 'GRANT pgretain_runner TO vault_runner'
runner
weird='"Sh op"."We""ird"'
before=$(snap "TABLE $weird")
due=$(snap "SELECT * FROM $weird WHERE at < now() - interval '370 days'")
confirmed_run
is "$rc" 0 "a run under pgretain_runner: $err"
balance
is "$(of weird quarantined)" 2 'two old rows are quarantined'
is "$(q "SELECT count(*) FROM $weird")" 1 'and gone from the table'
is "$(vault_rows)" 2 'and in the vault'
run_pgretain quarantine list --format json
is "$rc" 0 'list'
is "$(json '.schema + " " + (.entries | map("\(.rule) \(.table) \(.rows) \(.held)") | join(","))')" \
	'pgretain.quarantine/1 weird "Sh op"."We""ird" 2 0' 'list shows rule, table, rows, held'
is "$(json '.entries[0].purge_after')" "$(q "SELECT to_char((date_trunc('day', (SELECT max(as_of) FROM
	pgretain.ledger) AT TIME ZONE 'Asia/Shanghai'
	+ interval '30 days') + interval '1 day') AT TIME ZONE 'Asia/Shanghai' AT TIME ZONE 'UTC',
		'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")" \
	'purge date: the first local day after the period'
for role in plain other_reader; do
	is "$(q "SELECT string_agg(c.relname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'pgretain_vault' AND has_table_privilege('$role', c.oid, 'SELECT')")" '' \
			"$role has no right in the vault"
done
for role in plain other_reader pgretain_auditor pgretain_clerk pgretain_approver; do
	ok "$role may not read the vault" q_fails 42501 "SET ROLE $role; SELECT * FROM pgretain_vault.\"Sh op.We\"\"ird\""
	ok "$role may not prepare one" q_fails 42501 "SET ROLE $role; SELECT pgretain.vault_prepare('x', 'pg_class',
		'{oid}', true, 'r', now() + interval '9 days')"
done
ok 'even the runner reads no partition beside the vault table' q_fails 42501 "SET ROLE pgretain_runner;
	TABLE $(q 'SELECT i.inhrelid::regclass FROM pg_inherits i JOIN pgretain.vault v ON i.inhparent = v.vault')"
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'batch' AND action = 'quarantine'")" 1 \
	'the ledger has the batch'
run_pgretain quarantine release weird --format json
is "$rc" 0 "release: $err"
is "$(json '"\(.released) \(.entries[0].released) \(.entries[0].rows) \(.conflicts | length)"')" '2 2 2 0' \
	'both are released'
is "$(snap "TABLE $weird")" "$before" 'every row reads as before'
is "$(snap "SELECT * FROM $weird WHERE at < now() - interval '370 days'")" "$due" 'the released ones too'
is "$(vault_rows)" 0 'the vault is empty'
is "$(q "SELECT string_agg(action || rows || (run = (SELECT run FROM pgretain.ledger WHERE kind = 'batch'))::text, ' ')
	FROM pgretain.ledger WHERE kind = 'quarantine'")" 'release2true' 'the release is in the ledger'
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
run_pgretain run --format json
is "$(of weird quarantined)" 2 'still due: the next run takes them again, without a new confirmation'
is "$(q 'SELECT count(*) FROM pgretain.vault')" 1 'into the same vault table'
age 'Sh op.We""ird' '2024-05-05 16:00'
run_pgretain quarantine purge --format json
is "$rc $(json '"\(.purged) \(.entries[0].purged) \(.entries[0].purge_after)"')" '0 2 2 2024-05-05T16:00:00Z' \
	"purge under pgretain_runner: $err"
is "$(vault_rows) $(q "SELECT count(*) FROM pg_class WHERE relname ~ '@20240505$'")" '0 0' 'its partition is gone'

# ---- no key, duplicates, conflicts (C17, C69) -----------------------------------------------------

new_db conflicts
q "CREATE TABLE bag (a int, b text, at timestamptz);
INSERT INTO bag SELECT 1, 'same', '2020-01-01' FROM generate_series(1, 3);
INSERT INTO bag VALUES (1, 'same', now()), (1, 'same', now()), (NULL, NULL, '2020-01-01'), (NULL, NULL, '2020-01-01');
CREATE TABLE acc (id int PRIMARY KEY, email text, at timestamptz, CONSTRAINT \"acc's email\" UNIQUE (email));
INSERT INTO acc SELECT i, i || '@x', '2020-01-01' FROM generate_series(1, 3) i;
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree DEFERRABLE INITIALLY DEFERRED, at timestamptz);
INSERT INTO tree SELECT i, nullif(i - 1, 0), '2020-01-01' FROM generate_series(1, 40) i"
conf_rule bag 'table = "public.bag"; class = "q"; start = "at";'
conf_rule acc 'table = "public.acc"; class = "q"; start = "at";'
conf_rule tree 'table = "public.tree"; class = "q"; start = "at";'
run_pgretain init
bag=$(snap 'TABLE bag') tree=$(snap 'TABLE tree')
confirmed_run
is "$rc" 0 'run'
is "$(of bag quarantined) $(q 'SELECT count(*) FROM bag')" '5 2' 'C17: five old rows go, two fresh ones stay'
run_pgretain quarantine release bag --format json
is "$rc $(snap 'TABLE bag')" "0 $bag" 'C17: back with their multiplicity'
run_pgretain quarantine release tree --format json
is "$rc $(json .released) $(snap 'TABLE tree')" "0 40 $tree" 'a self-referencing table comes back whole'
q "INSERT INTO acc VALUES (2, 'new', now()), (77, '3@x', now())"
acc=$(snap 'TABLE acc')
run_pgretain quarantine release acc --format json
is "$rc $(json .released)" '2 1' 'C69: one is released, exit 2'
is "$(json '[.conflicts[] | "\(.constraint):\(.rows)"] | sort | join(" ")')" "acc's email:1 acc_pkey:1" \
	'C69: the others by constraint'
unlike "$out$err" '@x' 'C69: no value is named'
is "$(snap 'SELECT * FROM acc WHERE id <> 1')" "$acc" 'C69: nothing is overwritten'
is "$(q 'SELECT string_agg(id::text, chr(32) ORDER BY id) FROM pgretain_vault."public.acc"')" '2 3' \
	'C69: they stay in the vault'
q 'DELETE FROM acc WHERE id = 2'
run_pgretain quarantine release acc id=2 --format json
is "$rc $(json .released) $(q 'SELECT email FROM acc WHERE id = 2')" '0 1 2@x' 'by value, once the way is free'
run_pgretain quarantine release acc nosuch=2
is "$rc" 1 'a column that is not there ends 1'
run_pgretain quarantine release acc id=abc
isnt "$rc" 0 'a value that does not fit is refused'
unlike "$err" abc 'without the value'
run_pgretain quarantine release nosuch
is "$rc" 1 'a rule that is nowhere ends 1'
like "$err" 'quarantine list' 'and says where to look'
run_pgretain quarantine release acc --run 11111111-2222-3333-4444-555555555555 --format json
is "$rc $(json .released)" '0 0' 'of another run: nothing'

# triggers must not change what comes back
q "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email = NEW.email || ''!''; RETURN NEW; END';
CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
DELETE FROM acc WHERE id = 77; CREATE TRIGGER a BEFORE INSERT ON acc FOR EACH ROW EXECUTE FUNCTION touch()"
run_pgretain quarantine release acc --format json
is "$rc $(json .released)" '2 0' 'a trigger that changes the row: it stays'
like "$(json .conflicts[0].constraint)" 'trigger' 'and the trigger is named as the reason'
q 'DROP TRIGGER a ON acc; CREATE TRIGGER a BEFORE INSERT ON acc FOR EACH ROW EXECUTE FUNCTION drop_it()'
run_pgretain quarantine release acc --format json
is "$rc $(json .released) $(vault_rows)" '2 0 1' 'a trigger that drops the row: it stays'
q 'DROP TRIGGER a ON acc'
session_open A
session A "BEGIN; INSERT INTO acc VALUES (99, '3@x', now())"
run_pgretain quarantine release acc --format json
is "$rc $(json .conflicts[0].constraint)" '2 locked by other sessions' \
	'another session in the way: reported after lock_timeout'
session A 'ROLLBACK'
run_pgretain quarantine release acc --format json
is "$rc $(json .released)" '0 1' 'later it comes back'

done_testing
