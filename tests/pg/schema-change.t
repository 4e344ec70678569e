#!/usr/bin/env bash
# A DBA changes the schema in the middle of a run: between two transactions, after the plan was made. Nothing goes
# uncounted or under a hold, and what the ledger says is what plain SQL finds gone; the run goes on with a plan made
# anew where that is possible, else its rule fails with a sentence.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signals_lib.sh"

conf_new
conf_limits 'max_percent = 100.0; lanes = 1; transaction_target = "1ms"; lock_timeout = "20s";'
conf_class c 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "delete"; vault = "30 days";'
conf_rule acct 'table = "public.acct"; class = "c"; start = "at";'
conf_rule box 'table = "public.box"; class = "c"; start = "at"; action = "quarantine";'
conf_rule note 'table = "public.note"; class = "c"; start = "at";'
conf_rule person 'table = "public.person"; class = "c"; start = "at"; action = "anonymize"; columns = { name = "null"; };'

due="at < now() - interval '3 years 2 days'"
half="now() - CASE n % 2 WHEN 1 THEN interval '4 years' ELSE interval '1 year' END"
# world NAME [TABLE]: 240 rows on 60 pages, odd ones due, in acct (TABLE); a note and a memo for each key
world() {
	name=${1:-}
	q "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public
		CREATE TABLE acct (id int PRIMARY KEY, at timestamptz, name text, fat text DEFAULT repeat('x', 1900))
		CREATE TABLE box (LIKE acct INCLUDING ALL) CREATE TABLE person (LIKE acct INCLUDING ALL)
		CREATE TABLE note (id int PRIMARY KEY, acct int, at timestamptz DEFAULT now()) CREATE TABLE memo (LIKE note INCLUDING ALL)"
	[ $# = 0 ] || q "INSERT INTO ${2:-acct} SELECT n, $half, 'n' FROM generate_series(1, 240) n;
		INSERT INTO note SELECT n, n FROM generate_series(1, 240) n; INSERT INTO memo TABLE note"
	mark=$(q 'SELECT coalesce(max(seq), 0) FROM pgretain.ledger')
}
# parts: acct in partitions of 60 keys each
parts() {
	q "ALTER TABLE acct RENAME TO was; CREATE TABLE acct (LIKE was INCLUDING DEFAULTS) PARTITION BY RANGE (id);
		SELECT format('CREATE TABLE a%s PARTITION OF acct FOR VALUES FROM (%s) TO (%s)', n, n * 60, n * 60 + 60)
		FROM generate_series(0, 4) n \\gexec
		INSERT INTO acct TABLE was; DROP TABLE was"
}
# change POINT SQL [ARG...]: the run halts there, the DBA does that, the run goes on
change() {
	local point=$1 sql=$2
	shift 2
	ok "$name: the run halts in the middle" halted "$point" run --format json "$@"
	q "$sql"
	tell CONT
	bg_end
}
written() { q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger WHERE kind = 'batch' AND rule = '${1:-acct}' AND seq > $mark"; }
# books SQL: rows left; of 240, or N
books() { is_eq "$(written)" "$((${2:-240} - $(q "SELECT count(*) FROM ${1:-acct}")))" "$name: gone is what the ledger says"; }
well() { is "$rc $(q "SELECT count(*) FROM acct WHERE $due")" '0 0' "$name: the run completes" || note "$err $out"; books "$@"; balance "$name: balance"; }
fails() {	# RULE ERE
	is "$rc $(of "$1" status)" '2 failed' "$name: a human is needed" || note "$err $out"
	like "$(of "$1" reason)" "$2" "$name: with the reason"
	balance "$name: balance"
}
said() { like "$err" 'event=schema.changed' "$name: the plan was made anew"; }

run_pgretain init
world
run_pgretain plan --format json
run_pgretain run --confirm "$(json .fingerprint)"
is "$rc" 0 'the rules are confirmed'

# ---- keys that refer to the table ---------------------------------------------------------------------------------

world cascade_ruled
change lane_begin:3 'ALTER TABLE note ADD FOREIGN KEY (acct) REFERENCES acct ON DELETE CASCADE NOT VALID'
is "$(q 'SELECT count(*) FROM note')" 240 "$name: no note went with its account unseen"
books
run_pgretain run --format json
is "$rc $(of acct blocked) $(of acct deleted)" "0 $(q "SELECT count(*) FROM acct WHERE $due") 0" "$name: then the notes keep them"

for action in CASCADE 'SET NULL' 'SET DEFAULT'; do
	world "unruled $action"
	change lane_begin:3 "ALTER TABLE memo ADD FOREIGN KEY (acct) REFERENCES acct ON DELETE $action NOT VALID"
	is "$(q 'SELECT count(*) || chr(32) || count(acct) FROM memo')" '240 240' "$name: no memo was touched"
	books
	fails acct 'memo'
done

world held
q "UPDATE note SET at = now() - interval '4 years'"
h=$(pgretain hold add --scope table=note --reason 'case 1' 2>/dev/null)
change lane_apply:3 'ALTER TABLE note ADD FOREIGN KEY (acct) REFERENCES acct ON DELETE CASCADE NOT VALID'
is "$(q 'SELECT count(*) FROM note')" 240 "$name: no held note went with its account"
books
pgretain hold release "$h" >/dev/null 2>&1

# ---- partitions ---------------------------------------------------------------------------------------------------

world detached; parts
change lane_begin:2 'ALTER TABLE acct DETACH PARTITION a2'
is "$(q 'SELECT count(*) FROM a2')" 60 "$name: what is detached stays"
well acct 180; said

world detached_late; parts
change exec_settle 'ALTER TABLE acct DETACH PARTITION a1'
well '(TABLE acct UNION ALL TABLE a1) x'

world attached; parts
q "CREATE TABLE a5 (LIKE acct INCLUDING DEFAULTS); INSERT INTO a5 SELECT n, $half, 'n' FROM generate_series(300, 349) n"
change lane_begin:2 'ALTER TABLE acct ATTACH PARTITION a5 FOR VALUES FROM (300) TO (360)'
well acct 290; said

world attached_late; parts
q "CREATE TABLE a5 (LIKE acct INCLUDING DEFAULTS); INSERT INTO a5 SELECT n, $half, 'n' FROM generate_series(300, 349) n"
change lane_committed:5 'ALTER TABLE acct ATTACH PARTITION a5 FOR VALUES FROM (300) TO (360)'
well acct 290

world dropped; parts
change lane_begin:2 'DROP TABLE a2'
is "$rc $(q "SELECT count(*) FROM acct WHERE $due")" '0 0' "$name: the run completes"
is_eq "$(written)" 90 "$name: what somebody else dropped is not counted"

world whole	# partitions that are past as wholes
q "ALTER TABLE acct RENAME TO was; CREATE TABLE acct (LIKE was INCLUDING DEFAULTS) PARTITION BY RANGE (at);
	SELECT format('CREATE TABLE y%s PARTITION OF acct FOR VALUES FROM (%L) TO (%L)', y, y || '-01-01', y + 1 || '-01-01')
	FROM generate_series(2000, 2003) y \\gexec
	INSERT INTO acct SELECT id, make_timestamptz(2000 + id % 4, 6, 1, 0, 0, 0), name FROM was; DROP TABLE was"
change exec_prepare 'ALTER TABLE acct DETACH PARTITION y2002'
is "$(q 'SELECT count(*) FROM y2002')" 60 "$name: what is detached stays"
is "$rc $(q 'SELECT count(*) FROM acct')" '0 0' "$name: the run completes"
is_eq "$(written)" 180 "$name: and counts the others"
is "$(q "SELECT count(*) FROM pg_class WHERE relname IN ('y2000', 'y2001', 'y2003')")" 0 "$name: as partitions"

# ---- columns ------------------------------------------------------------------------------------------------------

world type
change lane_begin:3 'ALTER TABLE acct ALTER at TYPE timestamp'
well; said

world renamed
change lane_begin:3 'ALTER TABLE acct RENAME at TO since'
books; fails acct 'column.* at'

world swapped	# every start column is another one now: nothing is due by it
q 'ALTER TABLE acct ADD made timestamptz DEFAULT now()'
change lane_begin:3 'ALTER TABLE acct RENAME at TO old; ALTER TABLE acct RENAME made TO at'
well

world generated person
change lane_begin:3 'ALTER TABLE person DROP name; ALTER TABLE person ADD name text GENERATED ALWAYS AS (id::text) STORED'
fails person generated

world added box
change lane_begin:3 "ALTER TABLE box ADD more text; UPDATE box SET more = 'm' || id"
is "$rc $(q "SELECT count(*) FROM box WHERE $due")" '0 0' "$name: all is quarantined"
run_pgretain quarantine release box
is "$(q "SELECT count(*) FROM box WHERE more = 'm' || id")" "$((240 - $(q "SELECT sum(rows) FROM (SELECT rows FROM pgretain.ledger
	WHERE kind = 'batch' AND seq > $mark ORDER BY seq LIMIT 2) AS x")))" "$name: with the column that came"

# ---- what runs beside the statement -------------------------------------------------------------------------------

world trigger
change lane_begin:3 "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
	CREATE TRIGGER tell AFTER DELETE ON acct FOR EACH ROW EXECUTE FUNCTION tell()"
well; said

world keeper
change lane_begin:3 "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER keep BEFORE DELETE ON acct FOR EACH ROW EXECUTE FUNCTION keep()"
books; fails acct 'keep'

world instead
change lane_begin:3 'CREATE RULE nothing AS ON DELETE TO acct DO INSTEAD NOTHING'
books; fails acct 'nothing'

world policies
change lane_begin:3 'ALTER TABLE acct ENABLE ROW LEVEL SECURITY'
well; said

# ---- another table under the name ---------------------------------------------------------------------------------

world impostor
change lane_begin:3 "ALTER TABLE acct RENAME TO old; CREATE TABLE acct (LIKE old INCLUDING ALL);
	INSERT INTO acct SELECT n, now() - interval '4 years', 'm' FROM generate_series(1, 40) n"
said
well '(TABLE acct UNION ALL TABLE old) x' 280

# ---- somebody has read the plan -----------------------------------------------------------------------------------

world agreed
run_pgretain plan --format json
change lane_begin:3 'ALTER TABLE acct ALTER at TYPE timestamp' --expect "$(json .fingerprint)"
books; fails acct 'fingerprint is .* not what --expect says'

world agreed_still; parts
run_pgretain plan --format json
change lane_begin:3 'ALTER TABLE acct DETACH PARTITION a2' --expect "$(json .fingerprint)"
well acct 180
done_testing
