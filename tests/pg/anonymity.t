#!/usr/bin/env bash
# k and l: groups counted by hand, persons and not rows; suppressing; when the word "anonymized" is used.
. "$(dirname "$0")/lib.sh"

# conf K-AND-OTHERS COLUMNS: one rule on "V x".visit, an anonymize class
conf() {
	conf_new
	conf_add pgretain.cfg 'no_backups = "none are made of this one";'
	conf_class c 'floor = ( { keep = "1 year"; basis = "b"; } ); zone = "UTC"; action = "anonymize";'
	conf_rule visits "table = \"\\\"V x\\\".visit\"; class = \"c\"; start = \"at\"; anonymity = { $1 };
		columns = { at = \"keep\"; $2 };"
}
words() { json '.rules[] | select(.rule == "visits") | "\(.result) \(.k) \(.small) \(.l)"'; }
reasons() { json '.rules[] | select(.rule == "visits") | .reasons | join("; ")'; }

# table: fresh, from lines "person city birth disease"
table() {
	q 'DROP SCHEMA IF EXISTS "V x" CASCADE; CREATE SCHEMA "V x";
	CREATE TABLE "V x".visit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int, city text, birth date,
		disease text, name text, at date DEFAULT '"'2015-01-01'"')'
	q 'COPY "V x".visit (person, city, birth, disease) FROM STDIN (DELIMITER '"' ', NULL '-'"');
'"$(cat)"'
\.'
	q 'UPDATE "V x".visit SET name = '"'Canary-5'"
}
full='person = "null"; city = "keep"; birth = { op = "trunc"; unit = "decade"; }; name = "null";'
full_kept='person = "keep"; city = "keep"; birth = { op = "trunc"; unit = "decade"; }; name = "null";'
sick='disease = "keep";'

# three persons in A/1980 (one of them nine times), B/1980: two persons and a row of nobody, no city: three
table <<-END
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	1 A 1981-02-03 flu
	2 A 1985-01-01 cold
	3 A 1989-12-31 flu
	4 B 1980-01-01 flu
	5 B 1982-01-01 cold
	- B 1984-01-01 flu
	6 - 1990-01-01 cold
	7 - 1991-01-01 flu
	8 - 1992-01-01 flu
END
conf 'k = 3; quasi = [ "city" ]; subject = "person";' "$full $sick"
run_pgretain init
is "$rc" 0 'init'
run_pgretain plan --format json
is "$(words)" 'anonymized 3 0 null' 'three persons in each group: k = 3, before the first write'
is "$(of visits k_at_most)" true 'a row of nobody counts as a person: at most'
like "$(json '.rules[0].notes | join(" ")')" 'would be anonymized: k = at most 3' '... and the report says so'
confirmed_run
is "$rc/$(words)" '0/anonymized 3 0 null' 'after the run: the same'
is "$(q "SELECT detail FROM pgretain.ledger WHERE kind = 'anonymity'" | jq -c '[.k, .wanted, .small]')" '[3,3,0]' \
	'the ledger remembers k'
run_pgretain run --format json
is "$rc/$(words)/$(of visits anonymized)" '0/anonymized 3 0 null/0' 'a second run measures the rows in final form'

q 'INSERT INTO "V x".visit (person, city, birth, disease, name, at) VALUES
	(9, '"'A', '1983-01-01', 'flu', 'Canary-5', current_date), (9, 'Z', '1983-01-01', 'flu', 'Canary-5', current_date)"
run_pgretain plan --format json
is "$(words)" 'anonymized 3 0 null' 'rows that are not due are in no group'

note 'persons, not rows'
table <<-END
	1 A 1981-01-01 flu
	1 A 1981-01-01 flu
	1 A 1981-01-01 flu
	2 B 1981-01-01 flu
	3 B 1981-01-01 flu
	4 B 1981-01-01 flu
END
conf 'k = 3; l = 2; quasi = [ "city" ]; subject = "person"; sensitive = [ "disease" ];' "$full $sick"
run_pgretain plan --format json
is "$(words)" 'pseudonymized 1 1 1' "one person's three rows are k = 1; one disease is l = 1"
is "$(reasons)" 'k = 1 is below 3, in 1 group(s); l = 1 is below 2' 'why'
confirmed_run
is "$(words)" 'pseudonymized 1 1 1' 'and k = 1 it stays when the subjects are gone'
like "$(json '.rules[0].notes | join(" ")')" '^pseudonymized, not anonymized: k = 1' 'the report says what it is'
unlike "$out$err$(q 'TABLE pgretain.ledger')" 'Canary|flu' 'no value of a column in report, log, ledger'

note 'suppress'
groups() {
	table <<-END
		1 A 1981-01-01 flu
		2 A 1982-01-01 flu
		3 A 1983-01-01 flu
		4 A 1991-01-01 flu
		5 A 2001-01-01 flu
		6 A 2002-01-01 flu
		7 - 1981-01-01 flu
		8 - 1991-01-01 flu
		9 - 2001-01-01 flu
	END
}
groups
conf 'k = 3; quasi = [ "city" ]; subject = "person"; suppress = [ "birth" ];' "$full_kept $sick"
run_pgretain plan --format json
is "$(words)" 'pseudonymized 1 5 null' 'before: five groups below k'
like "$(json '.rules[0].notes | join(" ")')" 'small groups would be suppressed' '... and what would be done'
plan_fp=$(json .fingerprint)
confirmed_run
is "$rc" 0 'the run suppresses'
is "$(json '.rules[0] | "\(.k) \(.small) \(.suppressed)"')" '3 0 6' 'six rows in five groups: then k = 3'
is "$(reasons)" 'column person leads to a person' 'but the persons can still be told: not anonymized'
is "$(q 'SELECT string_agg(person::text, '"','"' ORDER BY person) FROM "V x".visit WHERE birth IS NULL')" \
	'4,5,6,7,8,9' \
	'exactly the rows of small groups lost the column'
is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'suppress'")" 6 'each is in the ledger'
is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch' AND run = '$(json .run)'")" \
	"$(of visits anonymized)" '... apart from the batches of the rule'
before=$(snap 'TABLE "V x".visit')
idle_again
is "$(snap 'TABLE "V x".visit')" "$before" 'and no row at all'
sed -i 's/suppress = \[ "birth" \]; //; s/ suppress = \[ "birth" \];//' "$CONF/tables/t.cfg"
run_pgretain plan --format json
isnt "$(json .fingerprint)" "$plan_fp" 'what is suppressed is part of the fingerprint'

groups
conf 'k = 3; quasi = [ "city" ]; subject = "person"; suppress = [ "birth" ];' "$full $sick"
hold=$(q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
	VALUES (gen_random_uuid(), 'rows', 'visits', 'id = 5', 'case', 'test') RETURNING id")
confirmed_run
is "$(q 'SELECT name IS NULL, birth FROM "V x".visit WHERE id = 5')" 'f|2001-01-01' 'a held row is not touched'
is "$(q 'SELECT count(*) FROM "V x".visit WHERE birth IS NULL')" 5 '... the others of small groups are'
q "UPDATE pgretain.hold SET state = 'released', released_at = now()"
confirmed_run
is "$(words)" 'anonymized 3 0 null' 'released: in the next run, and then it is anonymized'

note 'a partitioned table'
q 'DROP SCHEMA "V x" CASCADE; CREATE SCHEMA "V x";
CREATE TABLE "V x".visit (id int, city text, birth date, name text, at date, disease text, person int,
	PRIMARY KEY (id, at))
	PARTITION BY RANGE (at);
CREATE TABLE "V x"."p 1" PARTITION OF "V x".visit FOR VALUES FROM (MINVALUE) TO ('"'2015-01-01'"');
CREATE TABLE "V x"."p 2" PARTITION OF "V x".visit FOR VALUES FROM ('"'2015-01-01'"') TO (MAXVALUE);
INSERT INTO "V x".visit SELECT i, '"'A'"', make_date(1900 + i * 10, 1, 1), '"'n', date '2014-12-30'"' + i
FROM generate_series(1, 4) AS i'
conf 'k = 3; quasi = [ "city" ]; suppress = [ "birth" ];' "$full $sick"
confirmed_run
is "$(json '.rules[0] | "\(.k) \(.suppressed) \(.k_at_most)"')" '4 4 true' 'small groups over partitions, rows singly'

note 'what else stands against the word'
table <<-END
	1 A 1981-01-01 flu
	2 A 1982-01-01 flu
	3 A 1983-01-01 flu
END
# against COLUMNS ANONYMITY [MAIN]: reasons of a plan
against() {
	conf "$2" "$1"
	[ -z "${3:-}" ] || { sed -i '/^no_backups/d' "$CONF/pgretain.cfg"; conf_add pgretain.cfg "$3"; }
	run_pgretain plan --format json
	reasons
}
k='k = 3; quasi = [ "city" ]; subject = "person";'
is "$(against "$full $sick" "$k")" '' 'nothing does: anonymized'
is "$(against "$full" "$k")" 'columns that the rule does not name: disease' 'a column that nobody decided about'
is "$(against "$full_kept $sick" "$k")" 'column person leads to a person' "the subject's key"
is "$(against "$full $sick" 'quasi = [ "city" ];')" 'k is not measured, since neither class nor rule sets one' 'no k'
is "$(against "$full $sick" "$k" 'backups = { nightly = { kind = "pg_dump"; path = "/b"; keep = "35 days"; }; };')" \
	"the old values can be restored from the backups of nightly until $(date -u -d '35 days' +%F)" \
	'a backup holds the old values, until then'
like "$(against "$full $sick" "$k" ' ')" 'does not say whether backups' 'nobody said whether there are backups'
q 'CREATE MATERIALIZED VIEW "V x".m AS SELECT name FROM "V x".visit'
is "$(against "$full $sick" "$k")" 'materialized view "V x".m may show the old values' 'a materialized view'
q 'DROP MATERIALIZED VIEW "V x".m'

q 'CREATE TABLE "V x".account (id int PRIMARY KEY, email text, at date);
INSERT INTO "V x".account SELECT i, '"'m', CASE WHEN i = 2 THEN current_date ELSE '2014-01-01' END"'
FROM generate_series(1, 3) AS i;
ALTER TABLE "V x".visit ADD FOREIGN KEY (person) REFERENCES "V x".account'
is "$(against "$full_kept $sick" "$k")" 'rows refer to others that are still personal' \
	'a key to a table that looks personal'
rule='table = "\"V x\".account"; class = "c"; start = "at"; columns = { email = "null"; at = "keep"; };'
linked() {
	conf "$k" "$full_kept $sick"
	conf_rule accounts "$rule"
}
linked
run_pgretain plan --format json
is "$(reasons)" 'rows refer to others that are still personal' 'one account is still in use'
q 'UPDATE "V x".account SET at = '"'2014-01-01'"
run_pgretain plan --format json
is "$(words)" 'anonymized 3 0 null' 'every account will be in final form after the same run'
confirmed_run
is "$(words)" 'anonymized 3 0 null' '... and is, though its rule came later'

note 'refused'
q 'ALTER TABLE "V x".visit ALTER birth SET NOT NULL'
against "$full_kept $sick" "$k suppress = [ \"birth\" ];" >/dev/null
is "$(of visits status)" failed 'NOT NULL can not be suppressed'
like "$(of visits reason)" 'column birth of "V x".visit is NOT NULL' '... with a sentence'
against "$full_kept $sick" 'k = 3; quasi = [ "town" ];' >/dev/null
like "$(of visits reason)" 'column town does not exist' 'an unknown column'
done_testing
