#!/usr/bin/env bash
# C89 and the kind of C90: whatever goes wrong, or well, no value of a row leaves the tables: not in
# reports, logs, errors, the ledger, metrics, the process list or the text of statements.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

marker='zz-secret@ex'
said=$W/said	# everything that the program ever wrote, with its arguments left out
: >"$said"
say() { run_pgretain "$@"; printf '%s\n' "$out" "$err" >>"$said"; }
conf_classes() {
	local action
	case_conf "max_percent = 100.0; ${1:-}"
	for action in delete anonymize quarantine; do
		conf_class "${action:0:1}" \
			"floor = ( { keep = \"1 year\"; basis = \"law\"; } ); zone = \"UTC\";
				action = \"$action\"; vault = \"30 days\";"
	done
}
# keep_secret DESC FILE...: no needle of $W/needles in the files, as it is, in another case, or hashed
keep_secret() {
	local desc=$1 hits
	shift
	hits=$(grep -aioFf "$W/needles" -- "$@" | sort | uniq -c | head -n 5)
	is "$hits" '' "$desc"
}
needle() {
	local v h
	printf '%s\n' "$1" >>"$W/needles"
	for v in "$1" "${1^^}"; do
		for h in md5 sha1 sha256; do
			printf %s "$v" | openssl dgst -"$h" -r | cut -d ' ' -f 1 >>"$W/needles"
			printf %s "$v" | openssl dgst -"$h" -binary | base64 | tr -d = >>"$W/needles"
		done
	done
}
dump() { pg_dump --schema=pgretain "$@" >>"$W/dump" 2>"$W/dump.err" || error "pg_dump: $(<"$W/dump.err")"; }

case_db
conf_classes

# ---- C89: errors of the server that quote values ----------------------------------------------------

note 'C89: what fails at run time, with the value in the text, DETAIL or a field of the error'
needle "$marker"
q "CREATE EXTENSION btree_gist; CREATE DOMAIN public.short AS text CONSTRAINT short_short CHECK (length(VALUE) < 5)"
# A column k that nobody's rule names is set by a trigger: no plan can foresee it.
i=0 names=()
violation() {	# violation NAME COLUMN-DEFINITION-OF-k TRIGGER-STATEMENT SQLSTATE OBJECT
	names+=("$1") state[i]=$4 object[i]=$5
	i=$((i + 1))
	q "CREATE TABLE v_$1 (id int PRIMARY KEY, at timestamptz, email text, k $2);
	   INSERT INTO v_$1 VALUES (1, $old, '$marker', 'a'), (2, $old, '$marker', 'b'), (3, $fresh, '$marker', 'c');
	   CREATE FUNCTION f_$1() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS \$\$
	   BEGIN $3; RETURN NEW; END \$\$;
	   CREATE TRIGGER g BEFORE UPDATE ON v_$1 FOR EACH ROW EXECUTE FUNCTION f_$1()"
	conf_rule "v_$1" "table = \"public.v_$1\"; class = \"a\"; start = \"at\";
		columns = { email = \"null\"; }; triggers = [ \"g\" ];"
	case_keep "TABLE v_$1"
}
violation unique 'text CONSTRAINT u_unique UNIQUE' 'NEW.k := OLD.email' 23505 'v_unique.*u_unique'
violation check 'text CONSTRAINT u_check CHECK (length(k) < 5)' 'NEW.k := OLD.email' 23514 'v_check.*u_check'
violation notnull 'text NOT NULL' 'NEW.k := NULL' 23502 'v_notnull.*column k'
violation exclude 'text, CONSTRAINT u_exclude EXCLUDE USING gist (k WITH =)' 'NEW.k := OLD.email' 23P01 \
	'v_exclude.*u_exclude'
violation domain 'short' 'NEW.k := OLD.email' 23514 'short.*short_short'
violation cast 'text' 'NEW.k := OLD.email::int' 22P02 ''
violation toolong 'varchar(3)' 'NEW.k := OLD.email' 22001 ''
violation raise text "RAISE EXCEPTION 'no: %', OLD" P0001 ''
violation raise2 text \
	"RAISE EXCEPTION 'no' USING ERRCODE = '23505', DETAIL = OLD.email, HINT = OLD.email, CONSTRAINT = OLD.email,
	TABLE = OLD.email, COLUMN = OLD.email, SCHEMA = OLD.email, DATATYPE = OLD.email" 23505 ''
violation execute text "EXECUTE 'SELECT ' || OLD.email" 42703 ''
violation raise3 text "RAISE EXCEPTION USING ERRCODE = 'ZZSEC', MESSAGE = OLD.email" ZZSEC ''
# and at plan: a condition that can't be evaluated
q "CREATE TABLE v_where (id int PRIMARY KEY, at timestamptz, email text); INSERT INTO v_where VALUES (1, $old,
	'$marker')"
conf_rule v_where 'table = "public.v_where"; class = "d"; start = "at"; where = "email::int > 0";'
# deletes: a child that no plan knows, and a trigger
q "CREATE TABLE v_del (id int PRIMARY KEY, at timestamptz, email text); INSERT INTO v_del VALUES (1, $old, '$marker');
   CREATE FUNCTION f_del() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'no: %', OLD USING DETAIL
	= OLD.email; END \$\$;
   CREATE TRIGGER g BEFORE DELETE ON v_del FOR EACH ROW EXECUTE FUNCTION f_del()"
conf_rule v_del 'table = "public.v_del"; class = "d"; start = "at"; triggers = [ "g" ];'
case_keep 'TABLE v_del'

log_mark
for format in text json; do
	say plan --format "$format" --log-level debug --log-format json
	say check --format "$format" --log-level debug
	say explain v_where id=1 --format "$format"
	say explain v_check id=1 --format "$format"
	say simulate 'a=2 years' --format "$format"
done
say explain v_check id=4
say explain v_check id=nine
fp=$(run_pgretain plan --format json; json .fingerprint)
say run --confirm "$fp" --format json --log-level debug
is "$rc" 2 'the run needs a human'
for ((j = 0; j < i; j++)); do
	is "$(of "v_${names[j]}" status) $(of "v_${names[j]}" anonymized)" 'failed 0' "${names[j]}: failed"
	like "$(of "v_${names[j]}" reason)" "${state[j]}.*${object[j]}" \
		"${names[j]}: SQLSTATE ${state[j]}${object[j]:+, table, constraint or column}"
done
like "$(of v_where reason)" '22P02' 'a condition that fails at plan: its SQLSTATE'
like "$(of v_del reason)" 'P0001' 'a trigger that refuses a delete: its SQLSTATE'
for j in "${!kept_queries[@]}"; do
	is "$(snap "${kept_queries[j]}")" "${kept_snaps[j]}" "as they were: ${kept_queries[j]}"
done
say run --format text --log-format json --log-level debug
for c in 'report --format text' 'report --format json' 'report --format html' metrics 'coverage' 'ledger show' \
	'ledger export' \
	'ledger verify' 'ledger show --format json' 'schedule list'; do
	# shellcheck disable=SC2086
	say $c
done
dump
keep_secret 'nowhere in what the program wrote' "$said"
keep_secret 'nor in the ledger' "$W/dump"
ok 'what it wrote is there to be searched' [ "$(wc -c <"$said")" -gt 20000 ]
ok 'so is the ledger' grep -q 'v_unique' "$W/dump"
ok 'and the search finds what is there' grep -qiFf "$W/needles" <(echo "x ${marker^^} y")
log_since | grep -a 'DETAIL:' >"$W/details"
keep_secret "the server's log has no DETAIL with the row" "$W/details"

# ---- canaries ---------------------------------------------------------------------------------------

note 'a canary in every personal column, everything going well'
case_db u
conf_classes 'lanes = 1;'
: >"$W/needles"
for v in zzcanary-name zzcanary-mail@ex zzcanary-phone zzcanary-note zzcanary-addr zzcanary-json zzcanary-child \
	zzcanary-moved \
	zzcanary-key zzcanary-agent 203.0.113.77 13812345678 1961-07-13 6f1c1e5c-94b0-4a5e-8a53-0d4b1f0e8f11 \
		zzcanary-kept; do
	needle "$v"
done
rm -f "$W/dump"
: >"$said"
q "CREATE TABLE person (id int PRIMARY KEY, at timestamptz, name text, email text UNIQUE, phone varchar(60), note
	char(40), addr text[],
	extra jsonb, ip inet, number int8, born date, ref uuid, agent text, kept text);
   CREATE INDEX ON person (at); CREATE INDEX ON person (lower(name));
   INSERT INTO person SELECT n, CASE WHEN n < 9 THEN $old ELSE $fresh END, 'zzcanary-name' || n, 'zzcanary-mail@ex'
	|| n, 'zzcanary-phone',
	'zzcanary-note', '{zzcanary-addr}', '{\"a\": \"zzcanary-json\"}', '203.0.113.77', 13812345678, '1961-07-13',
	'6f1c1e5c-94b0-4a5e-8a53-0d4b1f0e8f11', 'zzcanary-agent', 'zzcanary-kept' FROM generate_series(1, 12) n;
   CREATE TABLE child (id int PRIMARY KEY, person int REFERENCES person, word text); CREATE INDEX ON child (person);
   INSERT INTO child SELECT n, n, 'zzcanary-child' FROM generate_series(1, 12) n;
   CREATE TABLE moved (id int PRIMARY KEY, at timestamptz, word text);
   INSERT INTO moved SELECT n, CASE WHEN n < 9 THEN $old ELSE $fresh END, 'zzcanary-moved' FROM generate_series(1,
	12) n;
   CREATE TABLE parted (id int PRIMARY KEY, at timestamptz, word text);
   INSERT INTO parted SELECT n, CASE WHEN n < 9 THEN $old ELSE $fresh END, 'zzcanary-moved' FROM generate_series(1,
	12) n;
   CREATE TABLE keyed (mail text PRIMARY KEY, at timestamptz);
   INSERT INTO keyed SELECT 'zzcanary-key' || n, CASE WHEN n < 9 THEN $old ELSE $fresh END FROM generate_series(1,
	12) n;
   CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN OLD; END';
   CREATE TRIGGER slow BEFORE DELETE ON keyed FOR EACH ROW EXECUTE FUNCTION slow(); ANALYZE"
conf_rule person 'table = "public.person"; class = "a"; start = "at";
	columns = { name = { op = "constant"; value = "[erased]"; };
	email = "tombstone"; phone = { op = "prefix"; keep = 1; }; note = "null"; addr = "empty";
		extra = { op = "json_keep"; keys = ["b"]; };
	ip = { op = "ip_prefix"; v4 = 8; }; number = { op = "bucket"; width = "1000000000"; };
		born = { op = "trunc"; unit = "decade"; };
	ref = "tombstone"; agent = { op = "map"; pairs = ( ["x", "y"] ); default = "z"; }; kept = "keep"; };'
conf_rule child 'table = "public.child"; follows = "person"; action = "delete";'
conf_rule moved 'table = "public.moved"; class = "q"; start = "at";'
conf_rule parted 'table = "public.parted"; class = "q"; start = "at"; columns = { word = "null"; };'
conf_rule keyed 'table = "public.keyed"; class = "d"; start = "at"; triggers = [ "slow" ];
	limits = { keep_newest = 2; };'
server_set log_line_prefix "'%a|'"
server_set log_statement "'all'"
log_mark
for format in text json; do
	say check --format "$format" --log-level debug
	say plan --format "$format" --log-level debug --log-format json
	say explain person id=2 --format "$format"
	say explain child id=2 --format "$format"
done
say init
fp=$(run_pgretain plan --format json; json .fingerprint)
"$PGRETAIN" run --confirm "$fp" --format json --log-level debug >"$W/out" 2>"$W/err" &
job=$!
works() { [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgretain lane' AND query LIKE
	'%DELETE FROM ONLY%keyed%'")" -gt 0 ]; }
ok 'the run works' wait_for 30 works
tr '\0' ' ' <"/proc/$job/cmdline" >"$W/ps"
tr '\0' '\n' <"/proc/$job/environ" | grep -a '^PGRETAIN' >>"$W/ps"
PGOPTIONS='-c log_statement=none' psql -XAtqc "SELECT application_name, query FROM pg_stat_activity" >"$W/activity"
wait "$job"
is "$?" 0 'ends well'
out=$(<"$W/out") err=$(<"$W/err") run_out=$out
cat "$W/out" "$W/err" >>"$said"
is "$(counts anonymized quarantined deleted skipped | tr '\n' ' ')" \
	'child 0 0 8 0 person 8 0 0 0 moved 0 8 0 0 parted 0 8 0 0 keyed 0 0 8 0 ' 'each rule has done its work' ||
	note "$(counts status reason)"
say run --format text
for c in 'report --format text' 'report --format json' 'report --format html' metrics 'coverage' 'ledger show' \
	'ledger export' \
	'quarantine list' 'quarantine list --format json' 'quarantine release moved id=2' \
		'quarantine purge --before 2030-01-01' 'ledger verify'; do
	# shellcheck disable=SC2086
	say $c
done
is "$(q 'SELECT string_agg(id::text, $$,$$ ORDER BY id) FROM moved')" 2,9,10,11,12 'one row was released'
dump
log_since >"$W/log"
# all that sessions of ours caused: whole statements, parameters where the server shows them
awk '/^[^\t]/ { ours = /^pgretain/ } ours' "$W/log" >"$W/statements"
ok "the server's log has our statements" grep -q 'UPDATE ONLY.*"person"' "$W/statements"
keep_secret 'nowhere in what the program wrote' "$said"
keep_secret 'nor in the ledger' "$W/dump"
keep_secret 'nor in the process list' "$W/ps"
keep_secret "nor in the server's list of sessions" "$W/activity"
keep_secret "nor in the server's log of our statements and their parameters" "$W/statements"
ok 'what it wrote is there to be searched' [ "$(wc -c <"$said")" -gt 20000 ]
is "$(q "SELECT count(*) FROM person WHERE kept = 'zzcanary-kept'")" 12 'what is kept is kept'
done_testing
