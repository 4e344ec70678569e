#!/usr/bin/env bash
# pgretain check: what would fail or surprise, told before the first write. Expectations from domain.md's
# law and operators.md 4: a clean schema has no finding, then each fault is planted alone or in company.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/check_lib.sh"

# found ID [FILTER]: how many findings of that id (whose .message .place .remedy satisfy FILTER)
found() { jq --arg id "$1" "[.findings[] | select(.id == \$id) | select(${2:-true})] | length" <<<"$out"; }
ids() { jq -r '[.findings[].id] | unique | join(" ")' <<<"$out"; }
has() { is "$(found "$1" "$2")" 1 "$3"; [ "$(found "$1" "$2")" = 1 ] || note "$(jq -c '.findings[]' <<<"$out")"; }
severity() { jq -r --arg id "$1" '[.findings[] | select(.id == $id) | .severity] | unique | join(" ")' <<<"$out"; }

# ---- a clean schema ----
q 'CREATE TABLE clean (id int PRIMARY KEY, at timestamptz, note text); CREATE INDEX ON clean (at)'
fresh
conf_rule clean 'table = "public.clean"; class = "c"; start = "at";'
run_pgretain check --config-only
is "$rc/$err" 0/ 'files alone: fine'
like "$out" 'no errors, no warnings' 'and says so'
check
is "$(ids)/$rc" ledger-absent/0 'before init only the missing ledger is told, as information'
run_pgretain init
check
is "$(json '.findings | length')/$rc/$err" 0/0/ 'a clean schema has no finding'
is "$(json '.schema, .database, .errors, .warnings, .exit' | paste -sd' ')" 'pgretain.check/1 t 0 0 0' 'the JSON frame'

# ---- the files ----
conf_rule wrong 'table = "public.clean"; class = "nope"; start = "at"; colour = "red";'
for option in --config-only ''; do
	# shellcheck disable=SC2086
	check $option
	is "$rc/$(found config)" 1/2 "check $option: both errors of the files"
	has config '(.place | test("tables/t.cfg:3$")) and (.message | test("colour"))' "check $option: one with its place"
	like "$err" 'tables/t.cfg:3: key "colour"' "check $option: the log has them too"
done

# a key that binds nothing yet is not taken in silence
fresh
mkdir "$CONF/jobs"
conf_add pgretain.cfg 'jobs = "jobs";'
conf_add jobs/a.cfg 'job = { name = "a"; schedule = "@daily"; steps = [ "rules" ]; throttle = { replica_lag = "10s"; }; };'
conf_add jobs/b.cfg 'job = { name = "b"; schedule = "@daily"; steps = [ "rules" ]; };'
check --config-only
is "$rc/$(found config-hint)" 0/1 'a throttle is told'
has config-hint '(.place | test("jobs/a.cfg:1$")) and (.message | test("\"a\": throttle .*not obey"))' 'with its job'

# ---- several faults, all told in one go ----
fresh
q 'CREATE TABLE parent (id int PRIMARY KEY, at timestamptz);
   CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE);
   CREATE TABLE "Odd ""name"" %s" ("Id $1" int PRIMARY KEY, "At; DROP" text, "e:mail" text NOT NULL);
   CREATE VIEW v AS SELECT * FROM clean; CREATE TABLE plain (id int PRIMARY KEY, n int, d date)'
conf_rule parent 'table = "public.parent"; class = "c"; start = "at";'
conf_rule gone 'table = "public.gone"; class = "c"; start = "at";'
conf_rule view 'table = "public.v"; class = "c"; start = "at";'
conf_rule odd 'table = "public.\"Odd \"\"name\"\" %s\""; class = "a"; start = "At; DROP";
	columns = ( { column = "e:mail"; op = "null"; }, { column = "no such"; op = "null"; } );'
conf_rule unit 'table = "public.plain"; class = "c"; start = "n";'
conf_rule clean 'table = "public.clean"; class = "c"; start = "at";'
check
is "$rc" 1 'errors end with 1'
has fk-unmentioned '.rule == "parent" and (.message | test("child_parent_id_fkey")) and (.remedy | test("cascade"))' \
	'the referencing table that is not mentioned, with its key and what to write'
has fk-unindexed '(.message | test("child_parent_id_fkey")) and
	(.remedy == "CREATE INDEX CONCURRENTLY ON public.child (\"parent_id\")")' \
	'its missing index, though the rule failed (C32)'
is "$(severity fk-unindexed)" warning 'as a warning'
has table '.rule == "gone" and (.message | test("does not exist"))' 'a missing table'
has table '.rule == "view" and (.message | test("is a view"))' 'a view'
has clock '.rule == "odd" and (.message | test("At; DROP is text"))' 'a start that is no clock'
has column-operator '.rule == "odd" and (.message | test("e:mail"))' 'null on NOT NULL'
has column-operator '.rule == "odd" and (.message | test("no such does not exist"))' \
	'and the second fault of the same rule'
has clock '.rule == "unit" and (.message | test("has no unit"))' 'an integer clock without a unit'
is "$(jq '[.findings[] | select(.rule == "clean")] | length' <<<"$out")" 0 'the rule that is fine has none'
is "$(jq '[.findings[] | select((.place // "") == "" or (.message // "") == "")] | length' <<<"$out")" 0 \
	 'every finding has a place and a sentence'

# the index, as told, mends it
q 'CREATE INDEX CONCURRENTLY ON public.child ("parent_id")'
check
is "$(found fk-unindexed)" 0 'the index that was named mends it'

# ---- a second way up within a chain ----
q "CREATE TABLE top (id int PRIMARY KEY, at timestamptz); CREATE TABLE mid (id int PRIMARY KEY, top int REFERENCES top);
   CREATE TABLE low (id int PRIMARY KEY, mid int CONSTRAINT low_mid REFERENCES mid, top int CONSTRAINT low_top REFERENCES top);
   INSERT INTO top VALUES (1, now() - interval '2 years'), (2, now()); INSERT INTO mid VALUES (1, 1), (2, 2);
   INSERT INTO low VALUES (1, 1, 1), (2, 1, 2), (3, 2, 2)"
chain() {	# chain WAY [MENTION]
	fresh
	conf_rule top "table = \"public.top\"; class = \"c\"; start = \"at\"; ${2:-}"
	conf_rule mid 'table = "public.mid"; follows = "top"; action = "delete";'
	conf_rule low "table = \"public.low\"; follows = \"$1\"; action = \"delete\";"
	check
}
chain mid
has children '.rule == "top" and (.message | test("public.low refers to public.top by foreign key low_top "))' \
	'the key by which nothing follows is told'
run_pgretain plan --format json
is "$rc $(of top status) $(of low due)" '2 failed 0' 'and fails the plan of the chain'
chain top
has children '.rule == "mid" and (.message | test("public.low refers to public.mid by foreign key low_mid "))' \
	'as one between two that follow the same rule is'
chain mid 'children = { low = { low_top = "set null"; }; };'
is "$(found children)" 0 'mentioned, it is none'
confirmed_run
is "$rc $(q "SELECT (SELECT string_agg(id::text, ',') FROM top), (SELECT string_agg(id::text, ',') FROM mid),
	(SELECT string_agg(id || '-' || top, ',') FROM low)")" '0 2|2|3-2' 'and the run takes what follows, and nothing else'

# ---- rights ----
q "CREATE ROLE \"night %s\" LOGIN; CREATE SCHEMA \"s 1\";
   CREATE TABLE \"s 1\".t (id int PRIMARY KEY, at timestamptz, email text);
   CREATE TABLE \"s 1\".p (id int PRIMARY KEY, at timestamptz);
   CREATE TABLE \"s 1\".q (id int PRIMARY KEY, p int REFERENCES \"s 1\".p);
   CREATE INDEX ON \"s 1\".q (p);
   GRANT USAGE ON SCHEMA pgretain TO \"night %s\""
fresh
sed -i "s/user=[^ ]*/user='night %s'/" "$PGRETAIN_CONFIG"
conf_rule del 'table = "\"s 1\".t"; class = "c"; start = "at";'
conf_rule par 'table = "\"s 1\".p"; class = "c"; start = "at"; children = { q = "cascade"; };'
check
is "$rc" 1 'missing rights are errors'
has privilege '.rule == "del" and .remedy == "GRANT USAGE ON SCHEMA \"s 1\" TO \"night %s\""' \
	'USAGE of the schema, with the GRANT'
has privilege '.rule == "del" and .remedy == "GRANT SELECT, DELETE ON \"s 1\".t TO \"night %s\""' \
	'SELECT and DELETE, with the GRANT'
has privilege '.rule == "par" and (.remedy | test("GRANT SELECT, DELETE ON \"s 1\".q TO"))' \
	'the right on a table that cascades'
jq -r '.findings[] | select(.id == "privilege") | .remedy' <<<"$out" >"$W/grants.sql"
q "$(sed 's/$/;/' "$W/grants.sql")"
check
is "$(found privilege)" 0 'the GRANTs as told mend all of it'
has owner '.rule == "del"' 'that ANALYZE is the owner'"'"'s is a warning'
q 'ALTER TABLE "s 1".t ENABLE ROW LEVEL SECURITY'
check
has row-level-security '.rule == "del" and
	.remedy == "ALTER ROLE \"night %s\" BYPASSRLS"' \
	'row-level security that hides rows, with the remedy'
q 'ALTER ROLE "night %s" BYPASSRLS'
check
is "$(found row-level-security)" 0 'which mends it'

has privilege-ledger '(.message | test("EXECUTE on function pgretain.append")) and
	.remedy == "GRANT pgretain_runner TO \"night %s\""' \
	'a role that may not write the ledger'
q 'GRANT pgretain_runner TO "night %s"'
check
is "$(found privilege-ledger)" 0 'the GRANT as told mends it'

# ---- servers ----
q 'DROP TABLE "Odd ""name"" %s"'
fresh
conf_rule clean 'table = "public.clean"; class = "c"; start = "at";'
away='away = { conninfo = "host=/nowhere dbname=x"; tables = [ "tables/away.cfg" ]; };'
sed -i "s|^databases = {|databases = { $away|" "$PGRETAIN_CONFIG"
echo 'rules = { };' >"$CONF/tables/away.cfg"
check
is "$rc/$(ids)" 1/connection 'a server that is away is a finding'
check --database t
is "$rc/$(json '.findings | length')" 0/0 'the other database alone is fine'

out=$(faketime '+2 days' "$PGRETAIN" check --database t --format json)
rc=$?
is "$rc/$(ids)" 1/clock-skew 'clocks that differ by two days'
like "$(json '.findings[].message')" 'this host says .* the server .*max_clock_skew is 5000 ms' 'both are told'

# a clean shutdown, then a standby that no primary feeds
"$ROOT/scripts/pgtmp" stop "$PGTMP_DIR" --keep && touch "$PGTMP_DIR/data/standby.signal" &&
	"$ROOT/scripts/pgtmp" start "$PGTMP_DIR" >/dev/null
check --database t
is "$(q 'SELECT pg_is_in_recovery()')/$rc/$(found standby)" t/1/1 'a standby'
told_all
done_testing
