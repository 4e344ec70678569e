#!/usr/bin/env bash
# The shipped configuration on the fixture shop: per rule, plan = run = ledger = what expected.sql works out
# by hand; every table afterwards is, row for row, what it says; a second run changes nothing; no personal
# value in anything that was said or written down.
TEST_TIMEOUT=${TEST_TIMEOUT:-600}
. "$(dirname "$0")/lib.sh"

shop=$ROOT/tests/fixtures/shop
canaries='zz-canary|7a7a2d63616e617279|\+?861997[0-9]{7}|198\.18\.[0-9]+\.[0-9]+|2001:db8:|02:5a:5a:'

# A day in China ends at 16:00 UTC: one test run must not see two of them.
left=$(((16 * 3600 + 86400 - $(date -u +%s) % 86400) % 86400))
[ "$left" -gt 240 ] || sleep $((left + 1))

asof=$(date -u +%F)
db_new shop
psql_quiet -f "$shop/schema.sql" || bail_out 'schema.sql does not load'
psql_quiet -v as_of="$asof" -f "$shop/data.sql" || bail_out 'data.sql does not load'
psql_quiet -v now="$(q 'SELECT now()')" -f "$shop/expected.sql" || bail_out 'expected.sql fails'

printf '[shop]\nhost=%s\nport=%s\nuser=%s\ndbname=shop\n' "$PGHOST" "$PGPORT" "$PGUSER" >"$W/service"
export PGSERVICEFILE=$W/service PGRETAIN_CONFIG=$ROOT/config/pgretain.cfg
for t in accounts orders payments shipments tickets; do
	isnt "$(q "SELECT count(*) FROM shop.$t r WHERE r::text ~ 'zz-canary'")" 0 "canaries in $t"
done

server_set log_statement "'all'"
log_mark

# as run_pgretain, and remembers all that was said
: >"$W/said"
say() { run_pgretain "$@"; cat "$W/out" "$W/err" >>"$W/said"; }

# ---- the fixture itself --------------------------------------------------------------------

is "$(q "SELECT count(*) FROM generate_series(-60, 60) h JOIN shop.orders o ON o.id = 20000 + h")" 121 \
	'the hours around the end of three years are there'
is "$(q "SELECT min(n) >= 5 FROM (SELECT count(*) AS n FROM expect.after_orders WHERE id IN (TABLE expect.due_orders)
	GROUP BY status, province, total, created_at, completed_at, cancelled_at, refunded_at,
		last_ticket_closed_on IS NULL) g")" t \
	'anonymized orders come in groups of five and more'

# ---- check, plan, run ----------------------------------------------------------------------

say init
is "$rc" 0 'init'
say check
is "$rc" 0 'check finds no error'
[ "$rc" = 0 ] || note "$out" "$err" >&2

say plan
is "$rc" 0 'plan, as text'
confirmed_run --no-progress
printf '%s\n' "$plan_out" "$out" "$err" >>"$W/said"
is "$rc" 0 'run'
[ "$rc" = 0 ] || note "$err" >&2
run_out=$out
run_id=$(json .run)
balance 'balance of the run'
out=$plan_out
balance 'balance of the plan'

numbers='.rules[] | [.rule, .due, .deleted + .anonymized + .quarantined, .blocked,
	.held + .deferred + .failed + .skipped + .changed] | @tsv'
q 'SELECT rule, due, acted, blocked, 0 FROM expect.counts' -F $'\t' | sort >"$W/want"
jq -r "$numbers" <<<"$plan_out" | sort >"$W/planned"
jq -r "$numbers" <<<"$run_out" | sort >"$W/ran"
q "SELECT c.rule, c.acted, coalesce(sum(l.rows), 0) FROM expect.counts c
	JOIN (SELECT DISTINCT rule, tbl FROM expect.due) d USING (rule)
	LEFT JOIN pgretain.ledger l ON l.rule = c.rule AND l.kind = 'batch' AND l.run = '$run_id' AND l.action <> 'set null'
		AND (l.tbl::regclass = d.tbl
			OR l.tbl::regclass IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = d.tbl))
	GROUP BY 1, 2" -F $'\t' >"$W/ledger"
is "$(cut -f1 "$W/ran")" "$(cut -f1 "$W/want")" 'a rule for each line of expected.sql, and no other'
while IFS=$'\t' read -r rule want; do
	is "$(grep -P "^$rule\t" "$W/planned" | cut -f2-)" "$want" "$rule: plan = SQL by hand (due, acted, blocked, other)"
	is "$(grep -P "^$rule\t" "$W/ran" | cut -f2-)" "$want" "$rule: run = SQL by hand"
	is_eq "$(grep -P "^$rule\t" "$W/ledger" | cut -f3)" "$(cut -f2 <<<"$want")" "$rule: ledger = SQL by hand"
done <"$W/want"

# what else the rule accounts changes; references among accounts themselves are compared row by row below
besides() {
	jq -r "[.rules[] | select(.rule == \"accounts\") | .$1 // {} | to_entries[]
		| select(.value > 0 and .key != \"shop.accounts\") | \"\(.key) \(.value)\"] | sort | join(\"\n\")" <<<"$2"
}
want=$(q "SELECT tbl || ' ' || rows FROM expect.cascaded WHERE rows > 0" | LC_ALL=C sort)
isnt "$want" '' 'something goes with the accounts'
is "$(besides cascaded "$plan_out")" "$want" 'plan: what goes with the accounts'
is "$(besides cascaded "$run_out")" "$want" 'run: what goes with the accounts'
isnt "$(besides unset "$plan_out")" '' 'something loses its account'
is "$(besides unset "$run_out")" "$(besides unset "$plan_out")" 'plan = run: what loses its account'

# ---- row for row ---------------------------------------------------------------------------

tables=$(q "SELECT substr(relname, 7) FROM pg_class
	WHERE relnamespace = 'expect'::regnamespace AND relname LIKE 'after\\_%' ORDER BY 1")
is "$tables" "$(q "SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace
	AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1")" 'expected.sql speaks of every table'
# One statement for all: number and hash of a table's rows, in any order, as they are and as they must be.
hash() { echo "(SELECT (count(*), md5(string_agg(md5(r::text), '' ORDER BY md5(r::text)))) FROM $1 r)"; }
compare=
for t in $tables; do
	only=ONLY
	[ "$t" != login_events ] || only=
	compare+="${compare:+ UNION ALL }SELECT '$t', $(hash "$only shop.\"$t\"") = $(hash "expect.\"after_$t\"")"
done
as_expected() {
	local t same
	while IFS='|' read -r t same; do is "$same" t "$t: $1"; done < <(q "$compare")
}
as_expected 'every row as worked out by hand'

# ---- again ---------------------------------------------------------------------------------

idle_again
printf '%s\n' "$out" "$err" >>"$W/said"
as_expected 'the same after a second run'
say ledger verify
is "$rc" 0 'the chain is whole'
say ledger show --format json
is "$rc" 0 'ledger show'

# ---- due dates that the law decides --------------------------------------------------------

# what explain says of an order, with the end in UTC
due() {
	say explain --format json "${@:3}" orders "id=$1"
	is "$(json '[.state, .due // "-"] | join(" ")')" "$2" "order $1: $2"
}
wins() { like "$(json .winner)" "$1" "  because of $1"; }
at='--as-of 2026-11-24T12:00:00Z'
# 29 February 2024 in China, three whole years, then the next day begins there at 16:00 UTC
due 900002 'kept 2027-02-28T16:00:00Z' $at; wins 'E-commerce Law'
due 900003 'kept 2027-02-28T16:00:00Z' $at
due 900004 'kept 2027-03-01T16:00:00Z' $at
due 900005 'kept 2028-01-09T16:00:00Z' $at
due 900006 'indeterminate -' $at
due 900008 'anomalous -' $at
week=$(q "SELECT date '$asof' - 7")
due 900007 "kept $(q "SELECT ('$week'::date + interval '3 years')::date")T16:00:00Z"; wins 'E-commerce Law'
due 900009 "kept $(q "SELECT ('$week'::date + interval '2 years')::date")T16:00:00Z"; wins complaints
year=$(q "SELECT date '$asof' + 365")
due 900010 "kept ${year}T16:00:00Z"; wins quality
due 900011 "kept ${year}T16:00:00Z"; wins consented
due 900012 "kept ${year}T16:00:00Z"; wins agreement
due 900013 'kept -'; wins agreement
due 900014 'kept 2028-06-09T16:00:00Z' $at; wins 'E-commerce Law'

# ---- nothing personal anywhere -------------------------------------------------------------

clean() { ! grep -aiEc "$canaries" "$1" >"$W/hits" || { note "$(cat "$W/hits") lines" >&2; return 1; }; }
ok 'no personal value in stdout and stderr' clean "$W/said"
pg_dump -a -n pgretain >"$W/ledger.sql" || error 'pg_dump of schema pgretain'
ok 'the ledger was dumped' grep -q '^COPY pgretain\.ledger ' "$W/ledger.sql"
ok 'no personal value in schema pgretain' clean "$W/ledger.sql"
log_since >"$W/server"
ok 'the server logged the statements' grep -q 'statement:\|execute' "$W/server"
ok 'no personal value in the log of the server' clean "$W/server"

done_testing
