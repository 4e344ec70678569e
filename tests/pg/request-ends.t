#!/usr/bin/env bash
# What a request leaves behind at each of its ends: the request of the person whom a stranger kept waiting, sealed identifiers,
# evidence in the ledger. And deadlines: what the list shows and the night says (domain.md 4).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
erase_shop
conf_add jurisdictions.cfg 'jurisdictions = { EU = { respond = "1 month"; extension = "2 months"; }; };'
sed -i 's/"subjects.cfg"/"subjects.cfg", "jurisdictions.cfg"/' "$PGRETAIN_CONFIG"
printf 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };\n' >"$CONF/night.cfg"
sed -i '1i jobs = "night.cfg";' "$PGRETAIN_CONFIG"

open_for() { run_pgretain request open --identifier "email=person$1@ex.test" --jurisdiction EU --format json; id=$(json .request) state=$(json .state); }
identifiers() { q "SELECT count(*) FROM pgretain.request_identifier WHERE request = '$1'"; }
frozen() { q "SELECT count(*) FROM pgretain.request_frozen WHERE request = '$1'"; }
entry() { q "SELECT detail::jsonb->>'$3' FROM pgretain.ledger WHERE kind = 'request' AND run = '$1' AND action = '$2'"; }
night() { run_pgretain run --job night; }

note 'who never proved to be that person stands in nobody'\''s way'
refused() { run_pgretain request refuse "$1" --ground P2 --evidence letter-2; }
denied_identity() { run_pgretain request refuse "$1" --ground P5 --evidence letter-5; }
withdrawn() { run_pgretain request withdraw "$1"; }
expired() { run_pgretain request ask "$1" --for identity --until 2000-01-01; night; }
key=2
for end in refused denied_identity withdrawn expired; do
	key=$((key + 1))
	open_for "$key"; stranger=$id
	open_for "$key"; own=$id first=$state
	open_for "$key"; third=$id
	is "$first $state" 'duplicate duplicate' "$end: a stranger asked first"
	$end "$stranger"
	is "$(state_of "$stranger")" "$end" 'and comes to that end' || note "$err"
	is "$(state_of "$own") $(q "SELECT duplicate_of FROM pgretain.request WHERE id = '$third'")" "received $own" \
		'the oldest duplicate takes its place, the other points there'
	is "$(entry "$own" revive because)" "$stranger" 'which the ledger tells'
	is "$(identifiers "$stranger") $(identifiers "$own") $(identifiers "$third")" '0 1 1' \
		'by what the stranger named the person is forgotten, and nothing else'
	run_pgretain request verify "$own" --evidence passport-7
	is "$rc $(state_of "$own")" '0 verified' 'and it goes on'
	is "$(entry "$own" verify evidence)" passport-7 'with its evidence in the ledger'
	eval "own_$end=$own third_$end=$third"
done
is "$(entry "$(q "SELECT id FROM pgretain.request WHERE state = 'refused'")" refuse evidence)" letter-2 'a refusal has its evidence'
is "$(entry "$(q "SELECT id FROM pgretain.request WHERE state = 'denied_identity'")" deny evidence)" letter-5 'and a denial'
run_pgretain request withdraw "$own_refused"
is "$(state_of "$own_refused") $(state_of "$third_refused")" 'withdrawn duplicate' 'the person'\''s own end is that of all of theirs'
is "$(identifiers "$own_refused") $(identifiers "$third_refused")" '0 0' 'and nothing sealed is kept of any'

note 'what was frozen'
run_pgretain request assess "$own_withdrawn"
isnt "$(frozen "$own_withdrawn")" 0 'is there from the assessment on'
run_pgretain request withdraw "$own_withdrawn"
is "$rc $(frozen "$own_withdrawn") $(identifiers "$own_withdrawn")" '0 0 0' 'until it is withdrawn'
run_pgretain request assess "$own_expired"
run_pgretain request refuse "$own_expired" --ground P2 --evidence letter-3
is "$rc $(frozen "$own_expired") $(identifiers "$own_expired")" '0 0 0' 'or refused'
approved "$own_denied_identity"
isnt "$(frozen "$own_denied_identity")" 0 'one that is approved has it'
is "$(identifiers "$own_denied_identity")" 1 'and by what the person was named'
run_pgretain erase "$own_denied_identity"
is "$(state_of "$own_denied_identity") $(frozen "$own_denied_identity") $(identifiers "$own_denied_identity") $(identifiers "$third_denied_identity")" \
	'completed 0 0 0' 'when the certificate is final nothing is' || note "$err"

note 'deadlines'
night
is "$rc" 0 'nothing is due' || note "$err"
listed() { run_pgretain request list --format json; json ".requests[] | select(.request == \"$1\") | .deadline_state"; }
late() { q "UPDATE pgretain.request SET received_at = now() - interval '9 days', $2 WHERE id = '$1'"; }
request 11
late "$id" "respond_by = now() - interval '1 hour'"
night
is "$rc $(listed "$id")" '2 breached' 'past its deadline: the night says so, and the list'
run_pgretain request list
like "$out" "$id .*breached" 'in words too'
late "$id" "respond_by = now() + interval '2 days'"		# 9 of 11 days: 82 %
night
is "$rc $(listed "$id")" '2 at_risk' '80 % of the time is over: at risk'
like "$err" 'at_risk=1' 'one is'
late "$id" "respond_by = now() + interval '3 days'"		# 75 %
night
is "$rc $(listed "$id")" '0 on_time' 'not yet'
late "$id" "respond_by = now() - interval '1 hour', answered_at = now() - interval '2 hours'"
night
is "$rc $(listed "$id")" '0 on_time' 'what was answered in time is over'
late "$id" "respond_by = now() + interval '1 year', answered_at = NULL, acknowledge_by = now() + interval '2 days'"
night
is "$rc $(listed "$id")" '2 at_risk' 'the receipt is to be confirmed too'
late "$id" "acknowledge_by = now() - interval '1 hour'"
night
is "$rc $(listed "$id")" '2 breached' 'by its own deadline'
by=$(q "SELECT to_char(acknowledge_by AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') FROM pgretain.request WHERE id = '$id'")
run_pgretain request show "$id"
like "$out" "receipt to be confirmed by $by" 'which show tells'
run_pgretain request acknowledge "$id"
is "$rc" 0 'confirmed' || note "$err"
night
is "$rc $(listed "$id")" '0 on_time' 'that is over'
run_pgretain request show "$id" --format json
is "$(json .acknowledge_by | cut -c1-19) $(json '.acknowledged != null')" "$by true" 'and when it was, for programs'
run_pgretain request extend "$id" --reason 'many systems'
is "$(entry "$id" extend until | cut -c1-10)" "$(q "SELECT extended_until::date FROM pgretain.request WHERE id = '$id'")" \
	'an extension is in the ledger, until when'
unlike "$(q "SELECT string_agg(detail, ' ') FROM pgretain.ledger")" 'many systems' 'free text is not'
request 12
approved "$id"
run_pgretain erase "$id"
is "$(state_of "$id")" completed 'one is answered'
late "$id" "respond_by = now() - interval '1 hour', answered_at = now() - interval '2 hours', executing_at = now() - interval '3 hours'"
is "$(listed "$id")" on_time 'in time'
q "SELECT pgretain.request_move('$id', 'completed', 'reopen', 'reopened', 'x', 'e', NULL, NULL)" >/dev/null
is "$(listed "$id")" breached 'reopened it waits for an answer again'
night
is "$rc" 2 'and the night says so'
like "$err" 'breached=1' 'by its deadline'
done_testing
