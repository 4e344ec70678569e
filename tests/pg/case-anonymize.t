#!/usr/bin/env bash
# slow
# Cases C60, C61, C63, C64, and what stands between an anonymization and its rows: constraints that the
# plan must foresee, triggers that undo it, rows that move meanwhile, partitions, children, odd names.
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
errors_of() { jq -r --arg r "$1" '[.findings[] | select(.rule == $r and .severity == "error")] | length' <<<"$out"; }

case_db

# ---- C60 ------------------------------------------------------------------------------------------

note 'C60: operators that the column can never take'
fresh
q "CREATE DOMAIN mail AS text CONSTRAINT mail_has_at CHECK (VALUE LIKE '%@%');
   CREATE DOMAIN given AS text CONSTRAINT given_known CHECK (VALUE IS NOT NULL);
   CREATE TYPE tier AS ENUM ('gold', 'none');
   CREATE TABLE city (id int PRIMARY KEY); INSERT INTO city VALUES (1), (2), (3);
   CREATE TABLE must (id int PRIMARY KEY, at timestamptz, email text NOT NULL);
   CREATE TABLE dom (id int PRIMARY KEY, at timestamptz, email mail);
   CREATE TABLE domnull (id int PRIMARY KEY, at timestamptz, email given);
   CREATE TABLE enumed (id int PRIMARY KEY, at timestamptz, level tier);
   CREATE TABLE made (id int PRIMARY KEY, at timestamptz, email text, low text GENERATED ALWAYS AS (lower(email))
	STORED);
   CREATE TABLE refers (id int PRIMARY KEY, at timestamptz, city int REFERENCES city);
   CREATE TABLE target (id int PRIMARY KEY, at timestamptz, code text UNIQUE);
   CREATE TABLE target_child (id int PRIMARY KEY, code text REFERENCES target (code));
   CREATE TABLE checked (id int PRIMARY KEY, at timestamptz, email text CONSTRAINT checked_len CHECK (length(email)
	> 2));
   CREATE TABLE fits (id int PRIMARY KEY, at timestamptz, email text NOT NULL, city int REFERENCES city)"
three must email "'a@x'" "'b@x'" "'c@x'"
three dom email "'a@x'" "'b@x'" "'c@x'"
three domnull email "'a@x'" "'b@x'" "'c@x'"
three enumed level "'gold'" "'gold'" "'gold'"
three made email "'a@x'" "'b@x'" "'c@x'"
three refers city 1 2 3
three target code "'a'" "'b'" "'c'"
q "INSERT INTO target_child VALUES (1, 'a')"
three checked email "'a@x'" "'b@x'" "'c@x'"
three fits 'email, city' "'a@x', 1" "'b@x', 2" "'c@x', 3"
anon must 'columns = { email = "null"; };'
anon dom 'columns = { email = { op = "constant"; value = "gone"; }; };'
anon domnull 'columns = { email = "null"; };'
anon enumed 'columns = { level = { op = "constant"; value = "silver"; }; };'
anon made 'columns = { low = "null"; };'
anon refers 'columns = { city = { op = "constant"; value = "9"; }; };'
anon target 'columns = { code = "null"; };'
anon checked 'columns = { email = { op = "constant"; value = "-"; }; };'
anon fits 'columns = { email = { op = "constant"; value = "-"; }; city = "null"; };'
bad='must dom domnull enumed made refers target checked'
for t in $bad; do case_keep "TABLE $t"; done
run_pgretain check --format json
is "$rc" 1 'check ends 1'
for t in $bad; do isnt "$(errors_of "$t")" 0 "check: $t"; done
is "$(errors_of fits)" 0 'check: what fits has no error'
case_run
is "$plan_rc/$run_rc" 2/2 'plan and run end 2'
for t in $bad; do is "$(of "$t" status) $(of "$t" anonymized)" 'failed 0' "$t: failed, nothing written"; done
is "$(of fits status) $(of fits anonymized)" 'done 2' 'the rule that fits is done'
is "$(q 'SELECT string_agg(email || coalesce(city, 0), $$ $$ ORDER BY id) FROM fits')" '-0 -0 c@x3' 'by plain SQL too'
out=$plan_out
like "$(of must reason)" 'email.*NOT NULL.*tables/t\.cfg:[0-9]+.*must' 'NOT NULL: column, table and place'
like "$(of dom reason)" 'email.*mail_has_at' 'a domain: column and constraint'
like "$(of domnull reason)" 'email.*given_known' 'a domain that refuses NULL: column and constraint'
like "$(of enumed reason)" 'level.*tier' 'an enum: column and type'
like "$(of made reason)" 'low.*generated' 'a generated column'
like "$(of refers reason)" 'city.*foreign key' 'a foreign key'
like "$(of target reason)" 'code.*foreign key' 'the target of one'
like "$(of checked reason)" 'checked_len.*email' 'a CHECK: constraint and column'
case_end 2

# ---- C61 ------------------------------------------------------------------------------------------

note 'C61: one value for all under UNIQUE'
uniques='plain lowered partial notnulls'
make_uniques() {
	local t
	for t in $uniques; do
		q "DROP TABLE IF EXISTS $t; CREATE TABLE $t (id int PRIMARY KEY, at timestamptz, email text)"
		three "$t" email "'A@x'" "'B@x'" "'C@x'"
	done
	q "ALTER TABLE plain ADD CONSTRAINT plain_once UNIQUE (email);
	   CREATE UNIQUE INDEX lowered_once ON lowered (lower(email));
	   CREATE UNIQUE INDEX partial_once ON partial (email) WHERE id < 100;
	   CREATE UNIQUE INDEX notnulls_once ON notnulls (email) NULLS NOT DISTINCT"
}
fresh
make_uniques
for t in $uniques; do
	anon "$t" 'columns = { email = { op = "constant"; value = "x"; }; };'
	case_keep "TABLE $t"
done
case_run
is "$plan_rc/$run_rc" 2/2 'constant: plan and run end 2'
for t in $uniques; do
	like "$(of "$t" status) $(of "$t" anonymized) $(of "$t" reason)" "^failed 0 .*email.*${t}_once" \
		"$t: refused, column and index named"
done
case_end 2
fresh
make_uniques
for t in $uniques; do anon "$t" 'columns = { email = "tombstone"; };'; done
case_run
is "$plan_rc/$run_rc" 0/0 'tombstone: plan and run end 0'
for t in $uniques; do
	is "$(of "$t" anonymized) $(q "SELECT string_agg(email, ' ' ORDER BY id) FROM $t")" \
		'2 erased-1@erased.invalid erased-2@erased.invalid C@x' "$t: one value each"
done
same_counts
case_end
fresh
make_uniques
for t in $uniques; do anon "$t" 'columns = { email = "null"; };'; done
case_keep 'TABLE notnulls'
case_run
is "$run_rc $(of plain anonymized) $(of lowered anonymized) $(of partial anonymized) $(of notnulls status)" \
	'2 2 2 2 failed' \
	'null: fits where NULLs are distinct, and only there'
case_end 2

note 'C61: expressions under which two tombstones are equal'
fresh
q "CREATE TABLE short3 (id int PRIMARY KEY, at timestamptz, email text);
   CREATE UNIQUE INDEX short3_once ON short3 (lower(left(email, 3)));
   CREATE TABLE dom2 (id int PRIMARY KEY, at timestamptz, email text);
   CREATE UNIQUE INDEX \"lower(\" ON dom2 (split_part(email, '@', 2));
   CREATE TABLE upped (id int PRIMARY KEY, at timestamptz, email varchar(60));
   CREATE UNIQUE INDEX upped_once ON upped (upper(email), id);
   CREATE TABLE payload (id int PRIMARY KEY, at timestamptz, email text);
   CREATE UNIQUE INDEX payload_once ON payload (id) INCLUDE (email);
   CREATE TABLE wheres (id int PRIMARY KEY, at timestamptz, email text, kind text);
   CREATE UNIQUE INDEX wheres_once ON wheres (kind) WHERE email IS NULL"
three short3 email "'aaa@x'" "'bbb@x'" "'ccc@x'"
three dom2 email "'a@x'" "'b@y'" "'c@z'"
three upped email "'a@x'" "'b@x'" "'c@x'"
three payload email "'a@x'" "'a@x'" "'c@x'"
anon payload 'columns = { email = { op = "constant"; value = "x"; }; };'
three wheres 'email, kind' "'a@x', 'k'" "'b@x', 'k'" "'c@x', 'k'"
for t in short3 dom2 upped; do anon "$t" 'columns = { email = "tombstone"; };'; done
anon wheres 'columns = { email = "null"; };'
case_keep 'TABLE short3'
case_keep 'TABLE dom2'
case_keep 'TABLE wheres'
case_run
is "$(of short3 status) $(of dom2 status) $(of upped status) $(of payload status)" 'failed failed done done' \
	'lower and upper of the column alone fit'
is "$run_rc $(of wheres status)" '2 failed' 'so does a column that decides whether a row is under the index'
out=$plan_out
is "$(of short3 status) $(of dom2 status) $(of wheres status)" 'failed failed failed' 'told by the plan'
case_end 2

note 'C60, C61: a partition or a child that is stricter than the table of the rule'
fresh
q "CREATE TABLE strict (id int, at timestamptz, email text, phone text) PARTITION BY RANGE (id);
   CREATE TABLE strict_1 PARTITION OF strict FOR VALUES FROM (0) TO (100);
   ALTER TABLE strict_1 ALTER phone SET NOT NULL; CREATE UNIQUE INDEX strict_once ON strict_1 (email);
   CREATE TABLE above (id int, at timestamptz, email text, phone text);
   CREATE TABLE below (UNIQUE (email)) INHERITS (above);
   ALTER TABLE below ALTER phone SET NOT NULL;
   CREATE TABLE above2 (id int, at timestamptz, email text); CREATE TABLE below2 (UNIQUE (email)) INHERITS (above2)"
three strict 'email, phone' "'a@x', '1'" "'b@x', '2'" "'c@x', '3'"
three below 'email, phone' "'a@x', '1'" "'b@x', '2'" "'c@x', '3'"
three below2 email "'a@x'" "'b@x'" "'c@x'"
anon strict 'columns = { phone = "null"; };'
anon strict2 'columns = { email = { op = "constant"; value = "x"; }; };'
sed -i 's/table = "public.strict2"/table = "public.strict"/' "$CONF/.rules" && conf_write rules tables/t.cfg
anon above 'columns = { phone = "null"; };'
anon above2 'columns = { email = { op = "constant"; value = "x"; }; };'
for t in strict below below2; do case_keep "TABLE $t"; done
case_run
is "$plan_rc/$run_rc" 2/2 'plan and run end 2'
out=$plan_out
like "$(of strict reason)" 'phone.*NOT NULL in public.strict_1' 'NOT NULL of a partition'
like "$(of strict2 reason)" 'email of public.strict_1.*strict_once' 'a unique index of a partition'
like "$(of above reason)" 'phone.*NOT NULL in public.below' 'NOT NULL of a child'
like "$(of above2 reason)" 'email of public.below2.*below2_email_key' 'a unique constraint of a child'
case_end 2

note 'C61: what only the run can meet'
fresh
q "CREATE TABLE met (id int PRIMARY KEY, at timestamptz, email text CONSTRAINT met_once UNIQUE)"
three met email "'zz-secret@ex'" "'b@x'" "'erased-1@erased.invalid'"
anon met 'columns = { email = "tombstone"; };'
run_pgretain plan --format json
plan_out=$out plan_rc=$rc
run_pgretain run --confirm "$(json .fingerprint)" --format json
run_out=$out
is "$rc $(of met status)" '2 failed' 'a value that somebody has already: failed'
like "$(of met reason)" '23505.*met_once' 'SQLSTATE and constraint'
unlike "$out$err" 'zz-secret|erased-1' 'no value'
is "$(q "SELECT email FROM met WHERE id = 1")" 'zz-secret@ex' 'the row is as it was'
is "$(of met anonymized)" "$(q "SELECT count(*) FROM met WHERE id <> 3 AND email LIKE 'erased-%'")" \
	'the count is that of the table'
q 'UPDATE met SET email = $$c@x$$ WHERE id = 3'
run_pgretain run --format json
is "$rc $(q 'SELECT string_agg(email, $$ $$ ORDER BY id) FROM met')" \
	'0 erased-1@erased.invalid erased-2@erased.invalid c@x' 'the next run finishes it'

# ---- C64 ------------------------------------------------------------------------------------------

note 'C64: placeholders that speak of the row'
fresh
q "CREATE TABLE tmpl (id int PRIMARY KEY, at timestamptz, email text, name text, city text)"
three tmpl 'email, name, city' "'a@x', 'Zoe', 'Lyon'" "'b@x', 'Ida', 'Rome'" "'c@x', 'Ann', 'Bern'"
anon tmpl 'columns = { email = { op = "constant"; value = "user-${id}@ex"; };
	name = { op = "constant"; value = "{{initial}}"; }; city = { op = "constant";
	value = "[erased]"; }; at = "keep"; };'
run_pgretain check --format json
is "$rc $(jq -r '[.findings[] | select(.rule == "tmpl" and .id == "placeholder") | .place | capture("column (?<c>[a-z]+)").c] | sort | join(" ")' <<<"$out")" '0 email name' \
	'check warns of both, and of no other'
case_run
is "$run_rc $(q 'SELECT DISTINCT email || name FROM tmpl WHERE id < 3')" '0 user-${id}@ex{{initial}}' \
	'a constant is stored as it stands'
named() { conf_add pgretain.cfg 'no_backups = "none are made of this one";'
	anon tmpl "anonymity = { k = 2; quasi = [ \"city\" ]; }; columns = { at = \"keep\"; city = \"keep\";
		email = { op = \"constant\"; value = \"$1\"; }; name = { op = \"constant\"; value = \"$2\"; }; };"
	q "DELETE FROM tmpl; INSERT INTO tmpl (id, at, email, name, city) VALUES (1, $old, 'a@x', 'Zoe', 'Lyon'),
		(2, $old, 'b@x', 'Ida', 'Lyon')"
	case_run; }
result() { json '.rules[] | select(.rule == "tmpl") | "\(.result) \(.k): \(.reasons | join("; "))"'; }
fresh; named '[gone]' '[gone]'
is "$(result)" 'anonymized 2: ' 'with constants that say nothing, and k reached: anonymized'
fresh; named 'user-${id}@ex' '{{initial}}'
is "$(result)" 'pseudonymized 2: the constant for column email is a template; the constant for column name is a template' \
	'with templates the same rows are pseudonymized, though k is reached'
fresh
anon tmpl 'columns = { email = { op = "template"; value = "user-${id}@ex"; }; };'
run_pgretain check --format json
is "$rc" 1 'there is no operator that fills in a template'
like "$out" 'tables/t\.cfg:2.*template' 'the place is named'

# ---- C63 -------------------------------------------------------------------------------------

note 'C63: 10 past their date, 4 of them without a phone'
fresh
q "CREATE TABLE phones (id int PRIMARY KEY, at timestamptz, phone text);
   INSERT INTO phones SELECT n, $old, CASE WHEN n > 4 THEN '138' || n END FROM generate_series(1, 10) n;
   INSERT INTO phones SELECT n, $fresh, '139' FROM generate_series(11, 15) n"
anon phones 'columns = { phone = "null"; };'
case_keep 'SELECT * FROM phones WHERE id > 10'
case_run
is "$run_rc $(of phones anonymized) $(of phones already)" '0 6 4' 'six changed, four already'
is "$(q 'SELECT count(*) FROM phones WHERE phone IS NULL')" 10 'by plain SQL too'
same_counts
case_end
is "$(of phones due) $(of phones already)" '0 10' 'the next time none is due, ten are already'

note 'real values that look like placeholders'
fresh
q "CREATE TABLE looks (id int PRIMARY KEY, at timestamptz, a text, b text)"
q "INSERT INTO looks VALUES (1, $old, '[erased]', 'erased-2@erased.invalid'), (2, $old, '[ERASED]',
	'erased-1@erased.invalid'),
	(3, $old, '[erased] ', 'erased-3@erased.invalid'), (4, $old, '\\N', '\${id}'), (5, $old, 'NULL', ''), (6, $old,
		'', NULL),
	(7, $old, '[erased]', 'erased-7@erased.invalid'), (8, $fresh, '[erased] ', 'erased-1@erased.invalid')"
anon looks 'columns = { a = { op = "constant"; value = "[erased]"; }; b = "tombstone"; };'
case_keep 'SELECT * FROM looks WHERE id IN (7, 8)'
case_run
is "$run_rc $(of looks anonymized) $(of looks already)" '0 6 1' "only a row in its own final form is left out"
is "$(q "SELECT count(*) FROM looks WHERE id < 8 AND a = '[erased]' AND b IS NOT DISTINCT FROM CASE WHEN id <> 6
	THEN 'erased-' || id || '@erased.invalid' END")" \
	7 'by plain SQL too; NULL stays NULL'
case_end

done_testing
