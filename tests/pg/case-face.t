#!/usr/bin/env bash
# Corners of the face: another instant for a run, the expected plan, rows that a guard spares, a reason's SQLSTATE,
# the reference of keys.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

case_db
q "CREATE TABLE t (id int PRIMARY KEY, at timestamptz);
	INSERT INTO t SELECT n, now() - n * interval '1 year' FROM generate_series(1, 8) n;
	CREATE TABLE v (LIKE t); INSERT INTO v SELECT * FROM t"
conf_class vault 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC";
	action = "quarantine"; vault = "30 days";'
conf_rule t 'table = "public.t"; class = "c"; start = "at";'
conf_rule v 'table = "public.v"; class = "vault"; start = "at";'
run_pgretain plan --format json
fp=$(json .fingerprint)
run_pgretain plan --expect "$fp"
is "$rc" 0 'plan: the expected one'
run_pgretain plan --expect sha256:0
is "$rc/$out" 3/ 'plan: another one'

# ---- another instant -------------------------------------------------------------------------

run_pgretain run --confirm "$fp" --as-of "$(date -u -d '+1 day' +%FT%TZ)"
is "$rc" 1 'a run never acts for the future'
like "$err" 'in the future' 'and says so'
is "$(q 'SELECT count(*) FROM t')" 8 'nothing was changed'
run_pgretain run --dry-run --as-of "$(date -u -d '+2 years' +%F)" --format json
is "$rc $(of t due)" '0 8' 'a dry run may look ahead, as plan does'
then=$(date -u -d '4 years ago' +%FT%TZ)
run_pgretain run --as-of "$then" --confirm "$fp" --format json
is "$rc $(of t deleted)" "0 $(q "SELECT count(*) FROM generate_series(1, 8) n
	WHERE now() - n * interval '1 year' < date_trunc('day', timestamptz '$then' - interval '1 year')")" \
	'for a past instant it takes what was due then'
is "$(ids t)" '1,2,3,4,5' 'and nothing else'
is "$(q 'SELECT min(pgretain_purge_after) > now() + interval $$29 days$$ FROM pgretain_vault."public.v"')" t \
	'what it quarantines stays in the vault as long as ever'

# ---- spared, and so are those that follow ----------------------------------------------------

case_db
q "CREATE TABLE t (id int PRIMARY KEY, at timestamptz); INSERT INTO t SELECT n, $old + n * interval '1 s' FROM
	generate_series(1, 5) n;
	CREATE TABLE f (id int, t int REFERENCES t); INSERT INTO f SELECT id, id FROM t"
conf_rule t 'table = "public.t"; class = "c"; start = "at"; limits = { keep_newest = 2; };'
conf_rule f 'table = "public.f"; follows = "t"; action = "delete";'
case_run
is "$run_rc $(counts deleted skipped | sort | paste -sd' ')" '0 f 3 2 t 3 2' 'two are spared'
is "$(of f reason)" 'keep_newest = 2 of rule t spares 2 due row(s)' 'by the limit of the rule that is followed'
run_pgretain explain t id=5
like "$out" 'kept: a guard rail spares it' 'explain does not say that its time is not over'

# ---- the server's own word for it ------------------------------------------------------------

case_db
q "DROP ROLE IF EXISTS face; CREATE ROLE face LOGIN; CREATE TABLE t (id int PRIMARY KEY, at timestamptz);
	ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id < 0)"
conf_rule t 'table = "public.t"; class = "c"; start = "at";'
run_pgretain init
q 'GRANT pgretain_runner TO face'
sed -i 's/user=postgres/user=face/' "$PGRETAIN_CONFIG"
run_pgretain plan --format json
is "$rc $(of t status)" '2 failed' 'rows that are hidden fail the rule'
like "$(of t reason)" 'SQLSTATE 42501' 'with the SQLSTATE'

case_db
q 'CREATE TABLE t (id int PRIMARY KEY, at timestamptz)'
conf_rule t 'table = "public.t"; class = "c"; start = "at"; where = "nosuch = 1";'
run_pgretain plan --format json
like "$(of t reason)" '42703' 'so does a condition that is none'
unlike "$(of t reason)" '42703.*42703' 'once'

# ---- the reference ---------------------------------------------------------------------------

run_pgretain help config
is "$rc" 0 'help config'
for key in conninfo tables replay_log max_percent max_rows lock_timeout statement_timeout lanes transaction_target \
	max_clock_skew keep_newest title floor standards basis keep name from until purpose consent survives_erasure \
		on_null \
	cap zone action k vault plausible_from table class start events where columns follows via only stored_zone \
		anonymity \
	triggers children limits subject shared minimise; do
	ok "it knows $key" grep -Eq "^  $key( \*)? " <<<"$out"
done

done_testing
