#!/usr/bin/env bash
# Copies that the database makes by itself (domain.md 3, operators.md 6; cases C32, C59, C64, C70, C88), and
# what works but surprises: each kind planted in a rule of its own, among rules that have none.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/check_lib.sh"

fresh
run_pgretain init

# ---- publications and replica identity ----
for t in pub pubd noid noida whole; do table $t; done
q 'ALTER TABLE noid DROP CONSTRAINT noid_pkey; ALTER TABLE noida REPLICA IDENTITY NOTHING;
   ALTER TABLE whole REPLICA IDENTITY FULL;
   ALTER TABLE whole DROP CONSTRAINT whole_pkey;
   CREATE PUBLICATION "ins %s" FOR TABLE pub WITH (publish = '"'insert, update'"');
   CREATE PUBLICATION dels FOR TABLE pubd WITH (publish = '"'insert, delete'"');
   CREATE PUBLICATION everything FOR TABLE noid, noida, whole;
   CREATE TABLE pp (at timestamptz, email text) PARTITION BY RANGE (at);
   CREATE TABLE pp1 PARTITION OF pp DEFAULT;
   CREATE PUBLICATION root FOR TABLE pp WITH (publish_via_partition_root = true)'
del pub; del pubd; del noid; anon noida; del whole; del pp
check
is "$(graded pub)" error:publication 'a publication that sends no deletes'
like "$(says pub)" 'ins %s .*deletes.*copies = \[ "ins %s" \]' 'is named, with what to write'
is "$(graded pubd)/$(graded whole)" / 'one that sends them, and REPLICA IDENTITY FULL, are fine'
is "$(graded noid)/$(graded noida)/$(graded pp)" \
	error:replica-identity/error:replica-identity/error:replica-identity 'published without replica identity'
ok 'which the server indeed refuses' q_fails 55000 'DELETE FROM noid'
run_pgretain plan --format json
is "$(of noid status)/$(of noida status)/$(of whole status)" failed/failed/done 'and the plan fails those rules'
fresh; del pub 'copies = [ "ins %s" ];'; anon pubd
check
is "$(graded pub)" '' 'copies accepts it'
is "$(graded pubd)" error:publication 'no updates: an anonymize rule'
q 'DROP PUBLICATION "ins %s"; DROP PUBLICATION dels; DROP PUBLICATION everything; DROP PUBLICATION root'

# ---- C59: materialized views, direct and through a view ----
fresh
table mv; table mvp
q 'CREATE MATERIALIZED VIEW direct AS SELECT * FROM mv; CREATE VIEW between AS SELECT * FROM mv;
   CREATE MATERIALIZED VIEW "in %s direct" AS SELECT email FROM between;
   CREATE MATERIALIZED VIEW third AS SELECT 1 FROM "in %s direct";
   CREATE MATERIALIZED VIEW apart AS SELECT 1 AS one; DROP TABLE pp;
   CREATE TABLE pp (at timestamptz) PARTITION BY RANGE (at);
   CREATE TABLE pp1 PARTITION OF pp DEFAULT; CREATE MATERIALIZED VIEW leaf AS TABLE pp1'
del mv; del mvp; conf_rule pp 'table = "public.pp"; class = "c"; start = "at";'
check
is "$(graded mv)" 'error:materialized-view error:materialized-view error:materialized-view' \
	'every materialized view over the table'
like "$(says mv)" 'public.direct shows rows of public.mv ' 'the direct one'
like "$(says mv)" '"in %s direct" shows rows of public.mv, through another view' 'the indirect one'
is "$(graded mvp)/$(graded pp)" /error:materialized-view 'one over a partition counts, one over nothing does not'
fresh; del mv 'copies = [ "direct", "in %s direct" ];'
conf_add tables/t.cfg 'exempt = ( { table = "public.third"; reason = "a number"; } );'
check
is "$rc/$(graded mv)" 0/ 'copies and exempt accept them'

# ---- tsvector, large objects, history, statistics ----
fresh
table ts 'words tsvector, gen tsvector GENERATED ALWAYS AS (to_tsvector('"'simple'"', email)) STORED'
table lo 'photo oid'; table lok 'photo oid'; table hi
q 'CREATE TABLE hi_history (email text); CREATE TABLE high (id int)'
anon ts; del lo; del hi
conf_rule lok 'table = "public.lok"; class = "c"; start = "at"; columns = { photo = "keep"; };'
table st; table em; table fine
q "INSERT INTO st SELECT g, now(), 'zz-canary' || g % 7 FROM generate_series(10, 400) g"
q "DELETE FROM em; DELETE FROM fine; INSERT INTO em TABLE st; INSERT INTO fine TABLE st; ANALYZE st, em, fine;
   ALTER TABLE st ALTER email SET STATISTICS 0; DELETE FROM em; ANALYZE st, em, fine"
anon st; del em; anon fine
check
is "$(graded ts)" error:tsvector 'a tsvector column, unless it is generated'
is "$(graded lo)/$(graded lok)" error:large-object/ 'an oid column, unless it is kept'
is "$(graded hi)" warning:history-table 'a table that looks like the history of another'
is "$(graded st)" error:statistics 'values under statistics target 0'
is "$(graded em)" "$(q "SELECT string_agg('warning:statistics-empty', ' ') FROM pg_stats WHERE tablename = 'em' AND
	(most_common_vals IS NOT NULL OR histogram_bounds IS NOT NULL)")" \
	'values that an emptied table leaves, as many as pg_stats shows'
isnt "$(graded em)" '' 'there are some'
is "$(graded fine)" '' 'a table with ordinary statistics has none'
q "$(findings '' '.id | startswith("statistics")' '.remedy | sub(" \\(the same.*"; ";")')"
check
is "$(graded st)/$(graded em)" / 'the remedy as told clears them'

# ---- C70: strays in the vault ----
q 'CREATE TABLE pgretain_vault."stray %s" (email text)'
check
like "$(of_none vault-stray)" 'pgretain_vault."stray %s" stands in the vault and has no purge date' \
	'a stray copy in the vault'
q 'DROP TABLE pgretain_vault."stray %s"'
check
is "$(of_none vault-stray)" '' 'gone with it'

# ---- start columns ----
fresh
q 'CREATE TABLE mut (id int PRIMARY KEY, updated_at timestamptz, "lastModified" timestamptz,
	last_seen timestamptz, changed date, created_at timestamptz, completed_at timestamptz)'
for c in updated_at lastModified last_seen changed created_at completed_at; do
	conf_rule "m_$c" "table = \"public.mut\"; class = \"c\"; start = \"$c\"; where = \"id > 0\";"
done
conf_rule m_ok 'table = "public.mut"; class = "c"; start = "updated_at"; where = "id > 0";
	mutable_start = true;'
check
for c in updated_at lastModified last_seen changed; do is "$(graded "m_$c")" error:mutable-start "start = $c"; done
for c in created_at completed_at ok; do is "$(graded "m_$c")" '' "nothing: $c"; done

# ---- overlaps ----
fresh
table ov
q "DROP TABLE pp CASCADE; CREATE TABLE pp (at timestamptz) PARTITION BY RANGE (at);
   CREATE TABLE pp1 PARTITION OF pp DEFAULT"
del ov
conf_rule ov2 'table = "public.ov"; class = "c"; start = "at";'
conf_rule root 'table = "public.pp"; class = "c"; start = "at";'
conf_rule part 'table = "public.pp1"; class = "c"; start = "at";'
table half; del half; conf_rule half2 'table = "public.half"; class = "c"; start = "at"; where = "id > 1";'
table split; del split 'where = "id <= 1";'
conf_rule split2 'table = "public.split"; class = "c"; start = "at"; where = "id > 1";'
check
is "$(graded ov)$(graded ov2)" error:rules-overlap 'two rules that remove rows of one table'
is "$(graded root)$(graded part)" error:rules-overlap 'a rule on a partition and one on its root'
is "$(graded half)$(graded half2)" warning:rules-overlap-partly 'one of them with a condition'
is "$(graded split)$(graded split2)" '' 'both with a condition'

# ---- conditions, templates, columns ----
fresh
table vol; del vol "where = \"at < now()\";"
table lit; del lit "where = \"email <> 'random' /* now() */ AND \\\"id\\\" > 0\";"
table bad; del bad 'where = "no_such > 1";'
table un '' UNLOGGED; del un
table ph 'more text'
conf_rule ph 'table = "public.ph"; class = "a"; start = "at";
	columns = { email = { op = "constant"; value = "user-${id}@x"; }; at = "keep"; };'
q "CREATE TABLE dk (id int PRIMARY KEY, at timestamptz, email text, exact numeric, same int);
   INSERT INTO dk SELECT g, now(), 'x', g * 1.7, 1 FROM generate_series(1, 300) g; ANALYZE dk"
conf_rule dk 'table = "public.dk"; class = "a"; start = "at";
	columns = { email = "null"; at = "keep"; exact = "keep"; same = "keep"; };'
q 'CREATE TABLE people (id int, "First Name" text, "eMail" text, passport_no text);
   CREATE TABLE stuff (id int, file_name text, weight int);
   CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.people (email text)'
check
is "$(graded vol)/$(graded lit)" warning:where-volatile/ \
	'a condition that moves; words in quotes and comments do not count'
is "$(graded bad)" error:where 'a condition that the server refuses'
is "$(graded un)" info:unlogged 'an unlogged table'
is "$(graded ph)" 'warning:column-unnamed warning:placeholder' 'C64: a template as constant; a column that nobody named'
like "$(says ph)" 'does not name: more ' 'which is named here'
is "$(graded dk)" warning:column-singles-out 'a kept column that is nearly unique'
like "$(says dk)" 'all different: exact ' 'that one and not the others'
like "$(of_none uncovered)" 'public.people has no rule .*: First Name, eMail, passport_no' \
	'a personal-looking table without a rule'
unlike "$(of_none uncovered)" 'stuff|elsewhere|public.vol' 'and no other'
is "$(json '.errors')/$rc" 1/1 'of all these the refused condition alone is an error'

# ---- names that mean nothing ----
fresh
table nm; del nm 'children = { ghost = "cascade"; }; subject = { account = "no_such"; };'
cat >"$CONF/subjects.cfg" <<'END'
subjects = { account = { root = "public.nm"; key = "nope"; identifiers = {
	mail = { column = "emial"; }; tel = { table = "public.tel"; column = "n"; subject = "s"; }; }; }; };
END
sed -i 's/include = \[ "classes.cfg" \]/include = [ "classes.cfg", "subjects.cfg" ]/' "$PGRETAIN_CONFIG"
conf_add tables/t.cfg 'exempt = ( { table = "public.ghosts"; reason = "gone"; } );'
check
is "$(graded nm)" 'error:name-missing warning:name-stale' \
	'a subject column that is missing, a mention of no foreign key'
missing=$(of_none name-missing)
is "$(wc -l <<<"$missing")" 3 'three names of subjects.cfg'
like "$missing" 'subjects.cfg:2: .*identifier mail: column emial does not exist in public.nm' 'an identifier'
like "$missing" 'identifier tel: table public.tel does not exist' 'a table of one'
like "$missing" 'subjects.cfg:1: .*subject account: column nope does not exist in public.nm' 'the key of the root'
like "$(of_none name-stale)" 'tables/t.cfg:[0-9]+.*exempt: table public.ghosts does not exist' 'an exemption of nothing'

# ---- C88: the ledger itself ----
fresh
conf_rule own 'table = "pgretain.ledger"; class = "c"; start = "at";'
check
is "$rc" 1 'a rule on the ledger is an error'
like "$out" 'pgretain' 'that says so'
unlike "$out$err" 'zz-canary' 'no value is shown'
told_all
done_testing
