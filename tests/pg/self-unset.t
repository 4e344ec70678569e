#!/usr/bin/env bash
# A reference to the same table, set to NULL: counted are rows that stay, not those that go in the same step.
. "$(dirname "$0")/lib.sh"
q 'CREATE TABLE acc (id int PRIMARY KEY, at timestamptz, ref int REFERENCES acc);'
q "INSERT INTO acc SELECT i, now() - (500-i) * interval '3 day', case when i > 20 then i-20 + i%7 end FROM
	generate_series(1,500) i"
conf_new; conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule acc 'table = "public.acc"; class = "c"; start = "at"; children = { acc = "set null"; };'
run_pgretain init
exp=$(q "select count(*) from acc c join acc p on p.id = c.ref where p.at < date_trunc('day', now() at time zone
	'utc') - interval '1 year' and not c.at < date_trunc('day', now() at time zone 'utc') - interval '1 year'")
confirmed_run; balance
is "$(jq -c '.rules[].unset' <<<"$plan_out")" "{\"public.acc\":$exp}" 'plan: links of rows that stay'
is "$(json '.rules[].unset["public.acc"]')" "$exp" 'run: the same'
is "$(of acc deleted)" "$(jq '.rules[0].deleted' <<<"$plan_out")" 'deleted as planned'
idle_again
done_testing
