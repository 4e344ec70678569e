#!/usr/bin/env bash
# simulate: what would be due under another period, against plain SQL; nothing changes, nothing is offered
# for confirmation.
. "$(dirname "$0")/lib.sh"

q 'CREATE SCHEMA "S h";
CREATE TABLE "S h"."Order" (id int PRIMARY KEY, at timestamptz, closed date);
INSERT INTO "S h"."Order" SELECT i, timestamptz '"'2026-01-01 03:00+00'"' - i * interval '"'10 days'"',
	CASE WHEN i % 3 = 0 THEN date '"'2026-01-01'"' - i END FROM generate_series(1, 200) AS i;
CREATE TABLE "S h".line (id int PRIMARY KEY, order_id int REFERENCES "S h"."Order");
INSERT INTO "S h".line SELECT i, (i + 1) / 2 FROM generate_series(1, 400) AS i;
CREATE INDEX ON "S h".line (order_id);
CREATE TABLE visit (id int PRIMARY KEY, at date);
INSERT INTO visit SELECT i, date '"'2026-01-01'"' - i FROM generate_series(1, 300) AS i'
conf_new
conf_class trade 'floor = ( { keep = "3 years"; basis = "one"; }, { keep = "2 years"; basis = "two"; } );
	standards = ( { name = "complaints"; keep = "1 year"; from = "closed"; on_null = "ignore"; } );
	zone = "Asia/Shanghai"; action = "delete";'
conf_class habit 'standards = ( { name = "use"; keep = "6 months"; }, { name = "more"; keep = "3 months"; } );
	zone = "UTC"; action = "delete";'
conf_class agreed 'standards = ( { name = "until"; until = "at"; } ); zone = "UTC"; action = "delete";'
conf_rule orders 'table = "\"S h\".\"Order\""; class = "trade"; start = "at"; events = { closed = "closed"; };'
conf_rule lines 'table = "\"S h\".line"; follows = "orders"; action = "delete";'
conf_rule visits 'table = "public.visit"; class = "habit"; start = "at";'
run_pgretain init
is "$rc" 0 'init'

# orders_due AS_OF FLOOR COMPLAINTS: by the law's text
orders_due() {
	q "SELECT count(*) FROM \"S h\".\"Order\" WHERE
		(date_trunc('day', (at AT TIME ZONE 'Asia/Shanghai') + interval '$2') + interval '1 day')
			AT TIME ZONE 'Asia/Shanghai' <= '$1' AND
		(closed IS NULL OR (closed + interval '$3' + interval '1 day') AT TIME ZONE 'Asia/Shanghai' <= '$1')"
}
visits_due() {
	q "SELECT count(*) FROM visit WHERE (at + interval '$2' + interval '1 day') AT TIME ZONE 'UTC' <= '$1'"
}
of_sim() { json ".simulated.rules[] | select(.rule == \"$1\") | .$2"; }

at=2026-06-01T00:00:00Z
before=$(snap 'TABLE "S h"."Order"')
files=$(cat "$CONF"/*.cfg "$CONF"/tables/*.cfg | md5sum)
run_pgretain simulate trade='1 year' --as-of $at --format json
is "$rc" 0 'a shorter floor'
is "$(json '"\(.schema) \(.mode) \(.as_of) \(.run)"')" "pgretain.run/1 plan $at null" 'JSON is that of a plan'
balance 'its counts balance'
present=$(orders_due $at '3 years' '1 year') then=$(orders_due $at '1 year' '1 year')
ok "the fixture tells them apart: $present, $then" [ "$present" -gt 0 -a "$then" -gt "$present" ]
is_eq "$(of orders due)" "$then" 'due then'
is_eq "$(of_sim orders due_at_present)" "$present" 'due at present'
is_eq "$(of_sim orders difference)" $((then - present)) 'the difference'
is_eq "$(of_sim lines difference)" $((2 * (then - present))) 'followers too'
is_eq "$(of_sim visits difference)" 0 'another class is as it was'
is "$(json '.simulated.classes[] | "\(.class) \(.standard) \(.keep) \(.was)"')" 'trade null 1 year 3 years, 2 years' \
	'all floors of the class, and what they were'
is "$(of_sim orders needs_confirmation)" false 'nothing was confirmed yet: no difference in that'

run_pgretain simulate trade.complaints='5 years' habit='1 month' --as-of $at --format json
is_eq "$(of orders due)" "$(orders_due $at '3 years' '5 years')" 'one standard alone'
is_eq "$(of visits due)" "$(visits_due $at '1 month')" 'a class without a floor: its standards; several changes at once'
is "$(json '.simulated.classes |
	map("\(.standard) \(.was)") | join(", ")')" 'complaints 1 year, null 6 months, 3 months' \
	'both are told'

run_pgretain simulate trade='1 year' --as-of $at
is "$rc" 0 'text'
like "$out" 'trade keeps 1 year instead of 3 years, 2 years' '... says what is assumed'
like "$out" "orders +$present +$then +\\+$((then - present))" '... compares rule by rule'
unlike "$out" 'confirm|Fingerprint|--expect' '... offers nothing to confirm'

confirmed_run visits
run_pgretain simulate habit='1 month' --as-of 2027-06-01 --format json
is "$(of_sim visits needs_confirmation)/$(of_sim orders needs_confirmation)" true/false \
	'a confirmed class that becomes shorter would need a confirmation'
run_pgretain simulate habit='9 months' --as-of 2027-06-01 --format json
is "$(of_sim visits needs_confirmation)" false 'one that becomes longer would not'

is "$(snap 'TABLE "S h"."Order"')" "$before" 'the table is as it was'
is "$(cat "$CONF"/*.cfg "$CONF"/tables/*.cfg | md5sum)" "$files" 'the files are as they were'
ledger=$(q 'SELECT count(*) FROM pgretain.ledger')
run_pgretain simulate trade='1 year'
is_eq "$(q 'SELECT count(*) FROM pgretain.ledger')" "$ledger" 'the ledger too'

# refused WORDS ERE: exit 1, nothing on stdout, one sentence
refused() {
	run_pgretain simulate "${@:2}"
	is "$rc/$out" 1/ "${*:2}: 1"
	like "$err" "$1" '... with a sentence'
}
refused 'no class "trad".*did you mean trade' trad='1 year'
refused '"soon" is no period' trade=soon
refused '"0 days" is no period' trade='0 days'
refused 'no standard "complaint" with a period.*its standards with a period: complaints' trade.complaint='1 year'
refused 'class "agreed" has no period' agreed='1 year'
refused 'trade is no CLASS=PERIOD' trade
refused '"" is no period' trade=
run_pgretain simulate
is "$rc" 1 'without a word: 1'
done_testing
