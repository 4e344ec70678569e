#!/usr/bin/env bash
# slow
# explain over random rows: states, dates and winners against plain SQL, and against what plan counts and
# run takes.
. "$(dirname "$0")/lib.sh"

explain() { run_pgretain explain --format json "$@"; }

# hold SCOPE TARGET CONDITION: prints its UUID
hold() {
	q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
		VALUES (gen_random_uuid(), '$1', nullif('$2', ''), nullif('$3', ''), 'case 7', 'test') RETURNING id"
}

q 'CREATE SCHEMA "Shop x";
CREATE TABLE "Shop x"."Order""s" (id bigint PRIMARY KEY, "completed At" timestamptz, cancelled timestamp,
	closed date, agreed date, kind text);
CREATE TABLE "Shop x".lines (id bigint PRIMARY KEY, order_id bigint REFERENCES "Shop x"."Order""s", at date);
CREATE INDEX ON "Shop x".lines (order_id);
SELECT setseed(0.42);
INSERT INTO "Shop x"."Order""s"
SELECT i,
	CASE WHEN random() < 0.7 THEN CASE WHEN random() < 0.05 THEN timestamptz '"'-infinity'"' ELSE
		now() - random() * interval '"'6 years'"' + random() * interval '"'3 months'"' END END,
	CASE WHEN random() < 0.6 THEN now()::timestamp - random() * interval '"'6 years'"' END,
	CASE WHEN random() < 0.3 THEN current_date - (random() * 1500)::int END,
	CASE WHEN random() < 0.2 THEN CASE WHEN random() < 0.3 THEN date '"'infinity'"' ELSE
		current_date + 400 - (random() * 800)::int END END,
	CASE WHEN random() < 0.1 THEN '"'keep'"' END
FROM generate_series(1, 80) AS i;
INSERT INTO "Shop x".lines SELECT i, (random() * 79)::int + 1, current_date - (random() * 4000)::int
FROM generate_series(1, 60) AS i' >/dev/null

conf_new
conf_class trade 'floor = ( { keep = "3 years"; basis = "Law \"31\""; } );
	standards = ( { name = "complaints"; keep = "2 years"; from = "closed"; on_null = "ignore"; purpose = "answer"; },
	              { name = "agreed"; until = "agreed"; } );
	zone = "Asia/Shanghai"; action = "delete";'
conf_class detail 'floor = ( { keep = "5 years"; basis = "b"; } ); zone = "Asia/Shanghai"; action = "delete";'
conf_rule orders 'table = "\"Shop x\".\"Order\"\"s\""; class = "trade"; start = [ "completed At", "cancelled" ];
	events = { closed = "closed"; agreed = "agreed"; };
	where = "kind IS DISTINCT FROM '"'keep'"'";'
conf_rule lines 'table = "\"Shop x\".lines"; class = "detail"; start = "at";'
run_pgretain init
is "$rc" 0 'init'
held=$(hold rows orders 'id % 10 = 3')

# What the law's text says, in SQL: one row for each order.
q 'CREATE FUNCTION ending(s timestamptz, p interval) RETURNS timestamptz LANGUAGE sql AS
	$$ SELECT CASE WHEN isfinite(s) THEN (date_trunc('"'day'"', (s AT TIME ZONE '"'Asia/Shanghai'"') + p)
		+ interval '"'1 day'"') AT TIME ZONE '"'Asia/Shanghai'"' ELSE s END $$;
CREATE TABLE said (id bigint, state text, due text, winner text, holds int, as_of timestamptz, floor_end text,
	start_column text);
CREATE VIEW law AS
WITH starts AS (
	SELECT o.*, coalesce("completed At", cancelled AT TIME ZONE '"'Asia/Shanghai'"') AS s,
		CASE WHEN "completed At" IS NOT NULL THEN '"'completed At'"'
		     WHEN cancelled IS NOT NULL THEN '"'cancelled'"' END AS c,
		said.as_of
	FROM "Shop x"."Order""s" AS o JOIN said USING (id)
), ends AS (
	SELECT *, ending(s, '"'3 years'"') AS e1,
		ending(closed::timestamp AT TIME ZONE '"'Asia/Shanghai'"', '"'2 years'"') AS e2,
		CASE WHEN isfinite(agreed) THEN (agreed + interval '"'1 day'"') AT TIME ZONE '"'Asia/Shanghai'"'
		     WHEN agreed IS NOT NULL THEN timestamptz '"'infinity'"' END AS e3
	FROM starts
)
SELECT id, c, e1, greatest(e1, e2, e3) AS due,
	CASE WHEN e1 >= coalesce(e2, e1) AND e1 >= coalesce(e3, e1) THEN '"'floor:Law \"31\"'"'
	     WHEN e2 >= coalesce(e3, e2) THEN '"'standard:complaints'"' ELSE '"'standard:agreed'"' END AS winner,
	CASE WHEN kind = '"'keep'"' THEN '"'outside'"'
	     WHEN s < '"'1970-01-02'"' THEN '"'anomalous'"'
	     WHEN s IS NULL THEN '"'indeterminate'"'
	     WHEN s > as_of OR closed > (as_of AT TIME ZONE '"'Asia/Shanghai'"')::date THEN '"'future'"'
	     WHEN greatest(e1, e2, e3) > as_of THEN '"'kept'"'
	     WHEN id % 10 = 3 THEN '"'held'"'
	     WHEN EXISTS (SELECT FROM "Shop x".lines AS l WHERE l.order_id = ends.id
		AND ending(l.at::timestamp AT TIME ZONE '"'Asia/Shanghai'"', '"'5 years'"') > as_of) THEN '"'blocked'"'
	     ELSE '"'due'"' END AS state
FROM ends'
for id in $(seq 80); do
	explain orders "id=$id"
	[ "$rc" = 0 ] || error "explain orders id=$id ended $rc: $err"
	printf '%s\n' "$out" >>"$W/explained"
done
jq -r '[.key.id, .state, .due, .winner, (.holds | length), .as_of, .terms[0].end, .terms[0].start_column] |
	map(if . == null then "\\N" else tostring end) | join("\t")' "$W/explained" >"$W/said"
q "\\copy said FROM '$W/said'"
is "$(q 'SELECT count(*) FROM said')" 80 'every row was explained'
is "$(q 'SELECT s.id, s.state, l.state FROM said s JOIN law l USING (id) WHERE s.state <> l.state')" '' \
	'states are those of the law'"'s text"
is "$(q "SELECT string_agg(DISTINCT state, ',' ORDER BY state) FROM said")" \
	'anomalous,blocked,due,future,held,indeterminate,kept,outside' 'the rows know every state'
is "$(q "SELECT id, s.due, l.due FROM said s JOIN law l USING (id) WHERE s.due::timestamptz IS DISTINCT FROM
	CASE WHEN isfinite(l.due) AND s.state IN ('kept', 'due', 'held', 'blocked') THEN l.due END")" '' \
	'due is the latest end, and null where there is none'
is "$(q "SELECT id, s.winner, l.winner FROM said s JOIN law l USING (id) WHERE s.winner IS DISTINCT FROM l.winner
	AND s.state NOT IN ('outside', 'anomalous', 'indeterminate')")" '' 'the winner is the argmax'
is "$(q "SELECT id FROM said WHERE winner IS NOT NULL AND state IN ('outside', 'anomalous', 'indeterminate')")" '' \
	'no winner where no date is known'
is "$(q "SELECT id, s.start_column, l.c FROM said s JOIN law l USING (id)
	WHERE s.start_column IS DISTINCT FROM l.c")" '' \
	'the first start that is not NULL is named'
is "$(q "SELECT id FROM said s JOIN law l USING (id) WHERE s.floor_end::timestamptz IS DISTINCT FROM l.e1")" '' \
	'the end of the floor'
is "$(q "SELECT id FROM said WHERE (holds > 0) <> (id % 10 = 3)")" '' 'a hold is listed for the rows it covers'
log_mark
explain orders id=3
is "$(json '"\(.holds[0].hold) \(.holds[0].reason)"')" "$held case 7" 'with its UUID and reason'
unlike "$(log_since)" ' (UPDATE|DELETE|INSERT) ' 'explain writes nothing'

confirmed_run
is "$rc" 0 'the run ends well'
counted() { jq -r --arg f "$1" '.rules[] | select(.rule == "orders") | .[$f]' <<<"$plan_out"; }
for s in held blocked indeterminate future anomalous; do
	is_eq "$(q "SELECT count(*) FROM said WHERE state = '$s'")" "$(counted "$s")" "plan counts as many $s rows"
done
is "$(q 'SELECT s.id, s.state FROM said s LEFT JOIN "Shop x"."Order""s" AS o USING (id)
	WHERE (o.id IS NULL) <> (s.state = '"'due')")" '' 'the run took exactly the rows that explain called due'
done_testing
