#!/usr/bin/env bash
# Values that the server would refuse (operators.md 4; cases C60, C61): told by check and by the plan, at
# binding or by a read-only probe, never by the first UPDATE of the night.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/check_lib.sh"

failing() { findings "$1" '.rule == $a and .severity == "error"' .id ' '; }
i=0 want=() what=() text=()
# expect ID TEXT DEFINITION OPERATOR [MORE-SQL]: a table with column c and two due rows and one fresh
expect() {
	i=$((i + 1)); want[i]=$1 text[i]=$2 what[i]="$3, ${4//$'\n'/ }"
	q "CREATE TABLE v$i (id int PRIMARY KEY, at timestamptz, c $3); ${5:-}"
	conf_rule "v$i" "table = \"public.v$i\"; class = \"a\"; start = \"at\";
		columns = { c = $4; at = \"keep\"; };"
}
rows() {
	q "INSERT INTO v$i VALUES (1, now() - interval '3 years', $1), (2, now() - interval '3 years', $2),
	   (3, now(), ${3:-$1})"
}

fresh
run_pgretain init
q "CREATE DOMAIN d_plus AS text CHECK (VALUE ~ '^\\+'); CREATE DOMAIN d_some AS text CHECK (VALUE IS NOT NULL);
   CREATE DOMAIN d_must AS text NOT NULL; CREATE DOMAIN d_pos AS numeric(8,2) CHECK (VALUE > 0);
   CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE other (id int PRIMARY KEY);
   CREATE FUNCTION odd(t text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT length(t) % 2 = 1'"

# ---- C60: NOT NULL, domain, enum, generated, foreign key ----
expect column-operator 'column c' 'text NOT NULL' '"null"'
expect column-operator 'column c' 'd_must' '"null"'
expect constant 'column c .*refuses NULL' 'd_some' '"null"'
expect constant 'column c' 'd_plus' '{ op = "constant"; value = "gone"; }'
expect constant 'column c .*mood' 'mood' '{ op = "constant"; value = "glad"; }'
expect constant 'column c' 'date' '{ op = "constant"; value = "yesterday-ish"; }'
expect constant 'cut or rounded' 'numeric(6,1)' '{ op = "constant"; value = "1.25"; }'
expect constant 'cut or rounded' 'varchar(3)[]' '{ op = "constant"; value = "{abcdef}"; }'
expect constant 'cut or rounded' 'timestamp(0)' '{ op = "constant"; value = "2020-01-01 00:00:00.7"; }'
expect column-operator 'column c' 'varchar(5)' '{ op = "constant"; value = "too long"; }'
expect constant 'mood' 'mood' '{ op = "map"; pairs = ( ["sad", "glad"] ); default = "ok"; }'
expect column-operator 'generated' 'text GENERATED ALWAYS AS (upper(id::text)) STORED' '"null"'
expect column-operator 'foreign key' 'int REFERENCES other' '{ op = "constant"; value = "0"; }' \
	"CREATE INDEX ON v$((i + 1)) (c)"
# ---- CHECK constraints, over the due rows ----
expect check-constraint 'plus %s' "text CONSTRAINT \"plus %s\" CHECK (c ~ '@')" '{ op = "constant"; value = "gone"; }'
rows "'a@b'" "'c@d'"
expect check-constraint 'some_c' 'text, x text, CONSTRAINT some_c CHECK (c IS NOT NULL OR x IS NOT NULL)' '"null"'
rows "'a', NULL" "'b', 'x'"
expect check-unevaluable 'placed' 'text, CONSTRAINT placed CHECK (tableoid > 0 AND c IS NOT NULL)' '"null"'
rows "'a'" "'b'"
expect check-constraint 'd_pos' 'd_pos' '{ op = "bucket"; width = "100"; }'
rows 50 150
# ---- C61: UNIQUE in four forms ----
expect column-operator 'v18_c_key' 'text UNIQUE' '{ op = "constant"; value = "x"; }'
rows "'a'" "'b'" "'c'"
expect column-operator 'low' 'text' '{ op = "constant"; value = "x"; }' \
	"CREATE UNIQUE INDEX low ON v$((i + 1)) (lower(c))"
expect column-operator 'part' 'text' '{ op = "constant"; value = "x"; }' \
	"CREATE UNIQUE INDEX part ON v$((i + 1)) (c) WHERE id > 0"
expect column-operator 'nnd' 'text' '"null"' \
	"CREATE UNIQUE INDEX nnd ON v$((i + 1)) (c) NULLS NOT DISTINCT"
bad=$i
# ---- what fits ----
expect '' '' 'd_plus' '{ op = "constant"; value = "+1"; }'; rows "'+86'" "'+49'"
expect '' '' 'd_plus' '"null"'; rows "'+86'" "'+49'"
expect '' '' 'numeric(6,2)' '{ op = "constant"; value = "5"; }'; rows 1 2
expect '' '' 'char(4)' '{ op = "constant"; value = "x"; }'; rows "'ab'" "'cd'"
expect '' '' "text CHECK (c <> 'bad')" '{ op = "constant"; value = "[erased]"; }'
rows "'a'" "'b'"
expect '' '' "text CHECK (length(c) > 0)" '"null"'; rows "'a'" "'b'"
expect '' '' "text UNIQUE" '"tombstone"'; rows "'a'" "'b'" "'c'"
expect '' '' "text CHECK (public.odd(c))" '{ op = "constant"; value = "xyz"; }'
rows "'a'" "'b'"
expect '' '' 'd_pos' '{ op = "bucket"; width = "100"; }'; rows 150 250
all=$i

check
checked=$out
is "$rc" 1 'check ends 1'
run_pgretain plan --format json
planned=$out
is "$rc" 2 'the plan ends 2: rules failed, others stand'
for ((i = 1; i <= all; i++)); do
	out=$checked
	is "$(failing "v$i")" "${want[i]}" "check: ${what[i]}"
	[ "$i" -gt "$bad" ] || like "$(says "v$i")" "${text[i]}" "  names ${text[i]}"
	[ "$i" -gt "$bad" ] || like "$(says "v$i")" 'tables/t.cfg:[0-9]+' '  and the place'
	out=$planned
	status=$([ "$i" -gt "$bad" ] && echo done || echo failed)
	is "$(of "v$i" status)" "$status" "  plan: $status"
done
failed='[.rules[] | select(.status == "failed") | .rule] | sort'
confirmed_run
is "$(jq "$failed" <<<"$out")" "$(jq "$failed" <<<"$planned")" \
	'the run fails the same rules and no other'
is "$(q "SELECT count(*) FROM v14 WHERE c = 'gone'")" 0 'without a write'
balance
told_all
done_testing
