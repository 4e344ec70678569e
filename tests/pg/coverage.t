#!/usr/bin/env bash
# coverage: each table's state and its undecided columns, counted by hand.
. "$(dirname "$0")/lib.sh"

q 'CREATE SCHEMA "App x"; CREATE SCHEMA other;
CREATE TABLE "App x"."User" (id int PRIMARY KEY, email text, "firstName" text, birth_date date, city text, at date);
CREATE TABLE "App x".log (id int, client_ip inet, file_name text, at date) PARTITION BY RANGE (at);
CREATE TABLE "App x".log_1 PARTITION OF "App x".log FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
CREATE TABLE "App x".device (id int PRIMARY KEY, user_id int REFERENCES "App x"."User", imei text);
CREATE TABLE "App x".product (id int PRIMARY KEY, product_name text, total int);
CREATE TABLE "App x".staff (id int PRIMARY KEY, phone text);
CREATE TABLE "App x".lead (id int PRIMARY KEY, mobile text, address text, note text);
CREATE TABLE "App x".gone (id int PRIMARY KEY, phone text);
CREATE TABLE other.secret (id int PRIMARY KEY, passport text);
CREATE VIEW "App x".v AS SELECT email FROM "App x"."User"'
conf_new
conf_class keep 'floor = ( { keep = "1 year"; basis = "b"; } ); zone = "UTC"; action = "delete";'
conf_rule users 'table = "\"App x\".\"User\""; class = "keep"; start = "at"; action = "anonymize";
	columns = { email = "null"; birth_date = "keep"; };'
conf_rule logs 'table = "\"App x\".log"; class = "keep"; start = "at";'
conf_rule broken 'table = "\"App x\".gone"; class = "keep"; start = "nothing";'
conf_add tables/t.cfg 'exempt = ( { table = "\"App x\".staff"; reason = "law on employment"; } );'
of_table() { json ".tables[] | select(.table == \"\\\"App x\\\".$1\") | $2"; }

run_pgretain coverage --format json
is "$rc" 2 'undecided columns: 2'
is "$(json .schema)" pgretain.coverage/1 'JSON'
is "$(json '.schemas | join(",")')" 'App x' 'the schemas that rules touch'
is "$(json '.tables[] | "\(.table) \(.state)"')" '"App x"."User" ruled
"App x".device uncovered
"App x".gone uncovered
"App x".lead uncovered
"App x".log ruled
"App x".product uncovered
"App x".staff exempt' \
	'tables, without partitions and views'
is "$(of_table '\"User\"' '"\(.personal | join(",")) \(.open | join(","))"')" 'email,firstName,birth_date firstName' \
	'a named column is decided, kept or not; another is open'
is "$(of_table '\"User\"' '.rules[] | "\(.rule) \(.action) \(.columns | join(","))"')" \
	'users anonymize email,birth_date' \
	'by which rule'
is "$(of_table log '"\(.personal | join(",")) \(.open | join(",")) \(.rules[0].columns)"')" 'client_ip  null' \
	'a rule that removes rows decides about every column'
is "$(of_table lead '.open | join(",")')" 'mobile,address' 'a table that nobody decided about'
is "$(of_table staff '"\(.reason) \(.open | length)"')" 'law on employment 0' 'an exempt one, and why'
is "$(of_table gone '"\(.rules[0].failed) \(.open | join(","))"')" 'true phone' \
	'a rule that does not fit covers nothing'
is "$(json '.totals | "\(.tables) \(.ruled) \(.exempt) \(.uncovered) \(.tables_percent)"')" '7 2 1 4 42.9' \
	'tables in numbers'
is "$(json '.totals | "\(.personal_columns) \(.open_columns) \(.personal_percent)"')" '9 5 44.4' 'columns in numbers'

run_pgretain coverage --all-schemas --format json
is "$(json '.tables[] | select(.table == "other.secret") | .open[0]')" passport '--all-schemas looks everywhere'
is "$(json '.schemas | join(",")')" 'App x,other' '... but at the engine'"'s own schemas"
run_pgretain coverage
is "$rc" 2 'text'
like "$out" '"App x".lead +uncovered +mobile, address' '... names what is undecided'
like "$out" '3 of 7 tables .*42\.9 %' '... tells how much'

conf_new
conf_class keep 'floor = ( { keep = "1 year"; basis = "b"; } ); zone = "UTC"; action = "delete";'
conf_rule users 'table = "\"App x\".\"User\""; class = "keep"; start = "at"; children = { device = "cascade"; };'
conf_rule logs 'table = "\"App x\".log"; class = "keep"; start = "at";'
conf_add tables/t.cfg \
	'exempt = ( { table = "\"App x\".staff"; reason = "r"; }, { table = "\"App x\".lead"; reason = "r"; },
	{ table = "\"App x\".gone"; reason = "r"; } );'
run_pgretain coverage --format json
is "$rc" 0 'everything personal-looking is decided: 0'
is "$(of_table device '"\(.state) \(.rules[0].rule) \(.rules[0].cascade)"')" 'ruled users true' \
	'what goes by cascade is covered'
is "$(of_table product .state)" uncovered 'an uncovered table that looks impersonal is no fault'
is "$(json .totals.personal_percent)" 100 'all of it'
done_testing
