#!/usr/bin/env bash
# The ledger says why a step was skipped or failed: in names and numbers, never with a row's date.
. "$(dirname "$0")/lib.sh"

q "CREATE TABLE many (id int PRIMARY KEY, at date);
	INSERT INTO many SELECT i, '2013-03-13' FROM generate_series(1, 9) AS i;
	CREATE TABLE few (id int PRIMARY KEY, at date); INSERT INTO few VALUES (1, '2013-03-13')"
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "b"; } ); zone = "UTC"; action = "delete";'
conf_rule many 'table = "public.many"; class = "c"; start = "at"; limits = { max_rows = 3; };'
conf_rule few 'table = "public.few"; class = "c"; start = "at";'
conf_rule lost 'table = "public.nowhere"; class = "c"; start = "at";'
run_pgretain init
confirmed_run
is "$rc" 2 'one rule over its ceiling, one without a table'
detail() {
	q "SELECT detail FROM pgretain.ledger WHERE kind = 'step' AND rule = '$1'" |
		jq -r '"\(.status) \(.reason)"'
}
is "$(detail many)" 'skipped more rows are due than max_rows or max_percent allow' 'skipped, and why'
like "$(of many reason)" '2013-03-13' 'the report tells the oldest'
unlike "$(q 'TABLE pgretain.ledger')" '2013-03-13' '... the ledger does not'
like "$(detail lost)" '^failed table public.nowhere does not exist' 'failed, and why'
is "$(detail few)" 'done null' 'done needs no reason'
done_testing
