#!/usr/bin/env bash
# What has begun is carried through, what was read is what is approved, and of two commands on one request one says why not.
# The law: withdrawal is possible until execution; an approval is of a plan's hash (domain.md 4).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
erase_shop

note 'assessed anew, what has begun has no other end'
q "INSERT INTO s.orders VALUES (80, 8, '138 0000 0008', 'R80', 1, now() - interval '1 year', now() - interval '1 year', NULL)"
request 8
approved "$id"
run_pgretain erase "$id"
is "$rc $(state_of "$id")" '0 partially_deferred' 'an order is under the floor' || note "$err"
run_pgretain request assess "$id" --format json
is "$rc $(json .state)" '0 awaiting_approval' 'it may be assessed again'
second=$(json .fingerprint)
for verb in withdraw 'refuse --ground P2 --evidence e1' 'ask --for fee --until 2000-01-01'; do
	set -- $verb
	run_pgretain request "$1" "$id" "${@:2}"
	is "$rc" 1 "$1 is refused"
	like "$err" 'once its execution has begun' 'with why'
	like "$err" 'possible now: assess, approve, ground, extend' 'and what is possible'
	unlike "$err" 'withdraw,|refuse,|ask fee,' 'which names none of these ends'
done
moved() { q "SELECT moved, state FROM pgretain.request_move('$1', '$2', '$3', '$4', 'x', NULL, ${5:-NULL}, NULL)"; }
is "$(moved "$id" awaiting_approval withdraw withdrawn)" 'f|awaiting_approval' 'the server refuses it by itself'
is "$(moved "$id" awaiting_approval refuse refused) $(moved "$id" awaiting_approval 'ask fee' awaiting_fee)" \
	'f|awaiting_approval f|awaiting_approval' 'each of them'
is "$(q "SELECT count(*) FROM pgretain.restricted WHERE subject_key = '8'")" 1 'the person stays restricted'
run_pgretain request approve "$id" --expect "$second" --actor boss
run_pgretain erase "$id"
is "$rc $(state_of "$id")" '0 partially_deferred' 'approved anew it goes on'
q "UPDATE s.orders SET completed_at = now() - interval '4 years', created_at = now() - interval '4 years' WHERE id = 80"
run_pgretain erase "$id"
is "$(state_of "$id") $(q 'SELECT account_id IS NULL FROM s.orders WHERE id = 80')" 'completed t' 'and the deferred part goes'
q "UPDATE pgretain.request SET executing_at = now() - interval '1 day' WHERE id = '$id'"
is "$(moved "$id" completed reopen reopened)" 't|reopened' 'reopened'
is "$(moved "$id" reopened withdraw withdrawn)" 't|withdrawn' 'it may be withdrawn again: nothing of that has begun'

note 'an approval is of the plan that was read'
request 9
run_pgretain request assess "$id" --format json
read=$(json .fingerprint)
other() { printf "jsonb_build_object('%s', 'sha256:%s')" "$1" "$(printf '1%.0s' $(seq 64))"; }
is "$(moved "$id" awaiting_approval approve approved "$(other approved_fingerprint)")" 'f|awaiting_approval' 'no other fingerprint is'
is "$(moved "$id" awaiting_approval approve approved)" 'f|awaiting_approval' 'nor none'
# the request leaves that state and comes back to it while the approval waits
session_open rival
session rival "BEGIN; SELECT state FROM pgretain.request_move('$id', 'awaiting_approval', 'assess', 'assessed', 'rival', NULL, $(other fingerprint), NULL);
	SELECT state FROM pgretain.request_move('$id', 'assessed', 'submit', 'awaiting_approval', 'rival', NULL, NULL, NULL)" >/dev/null
"$PGRETAIN" request approve "$id" --expect "$read" --actor boss >"$W/approve" 2>&1 & job=$!
waits() { [ "$(q "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")" = 1 ]; }
wait_for 30 waits
session rival COMMIT >/dev/null
rc=0; wait "$job" || rc=$?
is "$rc $(state_of "$id")" '1 awaiting_approval' 'assessed meanwhile: not approved'
like "$(<"$W/approve")" 'another command was quicker' 'and the slower one is told'
is "$(q "SELECT approved_fingerprint IS NULL AND approved_by IS NULL FROM pgretain.request WHERE id = '$id'")" t 'nothing is kept of it'
is "$(moved "$id" awaiting_approval approve approved "$(other approved_fingerprint)")" 't|approved' 'the one that it has now may be'
q "UPDATE pgretain.request SET fingerprint = '$read' WHERE id = '$id'"
is "$(moved "$id" approved execute executing)" 'f|approved' 'and no other is executed'
session_close rival
done_testing
