#!/usr/bin/env bash
# An erasure over a bad wire: connections are cut at any statement, before the server gets it or before its answer
# comes. It waits for the server and goes on, or was refused before the first write; the end is that of an undisturbed
# one, each row is counted once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
. "$(dirname "$0")/wire_lib.sh"

final() { snap "SELECT * FROM (SELECT 'o', to_jsonb(x) FROM s.orders x UNION ALL SELECT 'i', to_jsonb(x) FROM s.items x UNION ALL
	SELECT 'a', to_jsonb(x) FROM s.accounts x UNION ALL SELECT 'v', to_jsonb(x) FROM s.visits x UNION ALL SELECT 'd', to_jsonb(x) FROM s.devices x) y"; }
items() { q "SELECT string_agg(concat_ws(' ', rule, matched, erased, anonymized, quarantined, deferred, minimised, held, retained, not_found, failed), E'\n' ORDER BY rule)
	FROM pgretain.request_item WHERE request = '$id' AND rule <> 'history'"; }
ledger() { q "SELECT string_agg(concat_ws(' ', rule, tbl, action, n), E'\n' ORDER BY rule, tbl, action) FROM (SELECT rule, tbl, action, sum(rows) AS n
	FROM pgretain.ledger WHERE kind = 'batch' AND seq > $mark AND rule <> 'history' GROUP BY 1, 2, 3) AS x"; }
numbers() { json '[.rules[] | select(.rule != "history") | "\(.rule) \(.deleted) \(.anonymized) \(.quarantined) \(.deferred) \(.failed)"] | sort | join("; ")'; }
erase_shop
q 'CREATE SCHEMA kept'
q "SELECT format('CREATE TABLE kept.%I AS TABLE s.%I', tablename, tablename) FROM pg_tables WHERE schemaname = 's' \\gexec"
# the rows again as they were; nobody's request is open
fresh() {
	q "SET session_replication_role = replica; SELECT format('DELETE FROM s.%1\$I; INSERT INTO s.%1\$I TABLE kept.%1\$I', tablename)
		FROM pg_tables WHERE schemaname = 's' \\gexec
		UPDATE pgretain.request SET state = 'withdrawn' WHERE state <> 'withdrawn'; RESET session_replication_role"
	request 1
	approved "$id"
	mark=$(q 'SELECT max(seq) FROM pgretain.ledger')
}

fresh
run_pgretain erase "$id" --format json
is "$rc" 0 'undisturbed'
want=$(final) want_items=$(items) want_ledger=$(ledger) want_numbers=$(numbers)
isnt "$want_ledger" '' 'it has batches'
for n in 12 58 92 105 131 157 170 183; do
	how=lose
	[ $((n % 2)) = 0 ] || how=drop
	fresh
	wire app='pgretain erase' each=1 "$how=$n"
	run_pgretain erase "$id" --format json
	wire_end
	[ "$cuts" = 1 ] || { note "no statement $n: $cuts"; break; }
	if [ "$rc" = 0 ]; then
		is "$(numbers)" "$want_numbers" "$how $n: the report counts each row once"
	else
		is "$rc" 1 "$how $n: refused before the first write" || note "$err"
		is "$(state_of "$id")" approved "$how $n: and nothing has begun"
		run_pgretain erase "$id" --format json
		is "$rc" 0 "$how $n: the next one completes"
	fi
	is "$(final)" "$want" "$how $n: the same end"
	is "$(items)" "$want_items" "$how $n: the same items"
	is "$(ledger)" "$want_ledger" "$how $n: the same sums in the ledger"
	is "$(state_of "$id")" partially_deferred "$how $n: and state"
done
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'
done_testing
