#!/usr/bin/env bash
# slow
# A bad wire between the run and its server: the answer to COMMIT is lost, or COMMIT itself; connections are cut
# anywhere, every answer comes late. Whether a batch is done is found out from the ledger: what is gone, by plain
# SQL, is what the ledger says, nothing is done twice, and the run goes on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/run_lib.sh"
. "$(dirname "$0")/wire_lib.sh"

batches_once() {
	is "$(q "SELECT run, detail::jsonb -> 'batch', rule, tbl, count(*) FROM pgretain.ledger WHERE kind = 'batch' GROUP BY 1, 2, 3, 4 HAVING count(*) > 1")" '' \
		"$1: no batch stands there twice"
}
lanes=app=lane run=app='pgretain run'

fixture
undisturbed

# between COMMIT and its answer, and before it: each unit, and the last of a step
for point in lose:1 lose:9 drop:4; do
	fresh
	wire "$lanes" "${point/:/=}" times=3
	act
	wire_end
	is "$rc" 0 "$point: the run goes on to its end" || note "$err"
	isnt "$cuts" 0 "$point: a connection was cut"
	like "$err" 'event=lane.back' "$point: and is back"
	balance "$point: balance"
	is "$(json '[.rules[] | select(.rule != "items") | .failed + .changed + .skipped] | add')" 0 "$point: nothing is in doubt"
	books "$point: books"
	batches_once "$point"
	done_well "$point: all that was due is gone"
done

# the run's own connection: plan, vault, partitions, entries
fresh
for point in lose:4 lose:5 drop:2 drop:4; do
	wire "$run" "${point/:/=}"
	act
	wire_end
	case $rc in 0 | 1) ;; *) is "$rc" '0 or 1' "$point: exit" || note "$err" ;; esac
	[ "$rc" = 1 ] || [ "$cuts" = 0 ] || like "$err" 'event=connection.back' "$point: the connection is back"
	[ "$rc" = 0 ] || like "$err" 'connection' "$point: refused before the first write, in a sentence"
	books "run's own, $point: books"
	batches_once "run's own, $point"
done
act
is "$rc" 0 "run's own: the next run ends well"
is "$(run_final)" "$want" "run's own: the state of an undisturbed run"

# in the middle of an answer
fresh
for n in 3000 12000; do
	wire "$lanes" "bytes=$n" times=2
	act
	wire_end
	is "$rc" 0 "cut after $n bytes: the run goes on" || note "$err"
	books "cut after $n bytes: books"
	batches_once "cut after $n bytes"
	done_well "cut after $n bytes: all that was due is gone"
	[ "$n" = 12000 ] || fresh
done

# a slow network
fresh
wire delay=8
act
wire_end
is "$rc" 0 'slow: the run completes' || note "$err"
books 'slow: books'
is "$(run_final)" "$want" 'slow: the state of an undisturbed run'

# the vault: visits are there, 400 of them, half past their date and half to come back
vault_rows() { q "SELECT count(*) FROM pgretain_vault.\"$vault\""; }
purged() { q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger WHERE kind = 'quarantine' AND action = '$1'"; }
vault=$(q "SELECT relname FROM pg_class WHERE relnamespace = 'pgretain_vault'::regnamespace AND relkind = 'p'")
age "$vault" 2020-01-01 'id <= 300'
n=$(vault_rows)
for how in drop lose; do
	wire app='pgretain quarantine' "$how=2"
	run_pgretain quarantine purge
	wire_end
	is "$cuts" 1 "purge, $how: the connection was cut"
	is "$rc" 2 "purge, $how: a human is needed" || note "$err"
	like "$err" 'give the same command again' "purge, $how: and is told what to do"
	is_eq "$(($(vault_rows) + $(purged purge)))" "$n" "purge, $how: what is gone is what the ledger says"
done
run_pgretain quarantine purge
is "$rc $(purged purge) $(vault_rows)" "0 200 200" 'purge: the same command again completes' || note "$err"
wire app='pgretain quarantine' lose=2
run_pgretain quarantine release visits
wire_end
is "$cuts $rc" '1 2' 'release: cut, a human is needed' || note "$err"
is_eq "$(($(vault_rows) + $(purged release)))" 200 'release: what came back is what the ledger says'
is_eq "$(q 'SELECT count(*) FROM visits')" "$((200 + $(purged release)))" 'release: and is there'
run_pgretain quarantine release visits
is "$rc $(purged release) $(q 'SELECT count(*) FROM visits')" '0 200 400' 'release: the same command again completes' || note "$err"
done_testing
