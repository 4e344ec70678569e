#!/usr/bin/env bash
# kill -9 of an erasure at the points that it alone passes, and within its batches. The next command settles what the
# dead one did, and ends in the state of an undisturbed one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

final() { snap "SELECT * FROM (SELECT 'o', to_jsonb(x) FROM s.orders x UNION ALL SELECT 'i', to_jsonb(x) FROM s.items x UNION ALL
	SELECT 'a', to_jsonb(x) FROM s.accounts x UNION ALL SELECT 'v', to_jsonb(x) FROM s.visits x UNION ALL SELECT 'd', to_jsonb(x) FROM s.devices x) y"; }
items() { q "SELECT string_agg(concat_ws(' ', rule, matched, erased, anonymized, quarantined, deferred, minimised, held, retained, not_found, failed), E'\n' ORDER BY rule)
	FROM pgretain.request_item WHERE rule <> 'history'"; }
erase_shop
db_new template_shop
erase_shop
psql_quiet -d postgres -c "ALTER DATABASE template_shop IS_TEMPLATE true" >/dev/null
fresh() {
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS t WITH (FORCE); CREATE DATABASE t TEMPLATE template_shop" || bail_out 'no copy'
	export PGDATABASE=t
	conf_conninfo
	run_pgretain init --adopt
	[ "$rc" = 0 ] || bail_out "adopt: $err"
	request 1
	approved "$id"
}
conf_conninfo() { sed -i "s/dbname=[a-z_]*/dbname=$PGDATABASE/" "$PGRETAIN_CONFIG"; }

fresh
run_pgretain erase "$id" --format json
is "$rc" 0 'undisturbed'
want=$(final) want_items=$(items)
isnt "$want_items" '' 'it has items'
for p in erasure_begun erasure_settle erasure_ending erasure_result lane_apply:2 lane_committing:3 lane_committed:4 lane_ledger:5 exec_settle:3; do
	fresh
	crash_ok=1
	PGRETAIN_FAULT=$p:1
	[[ $p != *:* ]] || PGRETAIN_FAULT=$p
	export PGRETAIN_FAULT
	run_pgretain erase "$id" --format json
	unset PGRETAIN_FAULT
	crash_ok=0
	is "$rc" 137 "$p: it dies"
	is "$(state_of "$id")" executing "$p: and is still under way"
	# the server may still be at the statement of the dead one
	wait_for 20 eval 'run_pgretain erase "$id" --format json; [ "$rc" != 1 ]'
	is "$rc" 0 "$p: the next goes on $(tail -n 3 "$W/err")"
	is "$(final)" "$want" "$p: to the same end"
	is "$(items)" "$want_items" "$p: and the same items"
	is "$(state_of "$id")" partially_deferred "$p: and state"
	is "$(unbalanced)" 0 "$p: balanced"
done
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'
done_testing
