#!/usr/bin/env bash
# slow
# Grounds of refusal (domain.md 4): what each code does to a whole request and to one rule's rows; quarantine under a
# request; what is asked of the person first.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
night_job
refuse() { run_pgretain request refuse "$id" --evidence 'file 7' --actor boss "$@"; }
show() { run_pgretain request show "$id" --format json; }
visits_of() { q "SELECT count(*) FROM s.visits WHERE account_id = $1"; }
next_year=$(q "SELECT to_char(now() + interval '1 year', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
# visits without an instant are never due in the night: here all have one
q "UPDATE s.visits SET at = now() - interval '1 month'"

# ---- a whole request ------------------------------------------------------------------------

for code in G2 G3 G5 G6 G7 G8 P1 P2 P3 P4 P6 P7; do
	request 20
	refuse --ground $code --review "$next_year"
	[ "$rc" = 0 ] || error "$code: $err"
	show
	is "$(json .state) $(json '.grounds[] | "\(.code) \(.scope) \(.evidence) \(.approver) \(.review)"') $(json .restricted)" \
		"refused $code request file 7 boss $next_year false" "$code refuses a request, and all is kept that an answer needs"
	ok "$code: in words" test -n "$(json '.grounds[0].basis // ""')"
done
refuse --ground P5
is "$rc" 1 'after that nothing follows'
q "UPDATE s.visits SET at = now() - interval '2 years' WHERE account_id = 20"
confirmed_run visits
is "$(visits_of 20)" 0 'a refusal never extends retention'

# ---- one rule's rows ------------------------------------------------------------------------

request 3
for code in G2 G3 G6 G8; do
	refuse --ground $code --rule visits
	is "$rc" 1 "$code keeps rows, and nobody has said until when"
done
like "$err" '--review' 'which is the remedy'
for code in G1 G5 P1 P2 P4 P5 P6; do
	refuse --ground $code --rule visits
	is "$rc" 1 "$code is no ground on a part"
done
is "$(q 'SELECT count(*) FROM pgretain.request_ground WHERE rule IS NOT NULL')" 0 'none of them is on record'
k=3
for code in G2 G3 G6; do
	request $k
	all=$(visits_of $k)
	refuse --ground $code --rule visits --review "$next_year"
	approved "$id"
	is "$(item visits retained)/$(item visits 'grounds[0].code')/$(item visits 'grounds[0].until')" "$all/$code/$next_year" \
		"$code: retained, until its review"
	run_pgretain erase "$id" --format json
	is "$rc/$(visits_of $k)/$(state_of "$id")" "0/$all/partially_deferred" "$code: they stay, and the request with them"
	k=$((k + 1))
done
q "UPDATE s.visits SET at = now() - interval '2 years' WHERE account_id IN (3, 19)"
all=$(visits_of 3)
visit() { q "SELECT min(id) FROM s.visits WHERE account_id = $1"; }
run_pgretain explain visits "id=$(visit 19)" --format json
is "$rc/$(json .state)" 0/due 'a row of nobody who asked'
run_pgretain explain visits "id=$(visit 3)" --format json
is "$rc/$(json .state)" 0/kept 'explain: a ground keeps it'
is "$(json '.due <= .as_of')" true 'though its time is over'
like "$(json '.notes | join(" ")')" "ground G2 .*of request [0-9a-f-]{36} .*until its review on $next_year" 'with why, and until when'
q "UPDATE s.visits SET at = now() - interval '2 years' WHERE account_id = 16"
request 16 access
run_pgretain explain visits "id=$(visit 16)" --format json
is "$rc/$(json .state)" 0/kept 'explain: a person waits for a copy'
like "$(json '.notes | join(" ")')" "request $id.* until $(q "SELECT to_char(respond_by, 'YYYY-MM-DD\"T\"HH24:MI:SS')
	FROM pgretain.request WHERE id = '$id'")" 'with the request and its deadline'
run_pgretain explain visits "id=$(visit 16)"
unlike "$out" 'next run' 'in words too'
run_pgretain plan visits --format json
is_eq "$(of visits deferred)" "$(q 'SELECT count(*) FROM s.visits WHERE account_id IN (3, 16)')" 'as the plan counts'
q "UPDATE pgretain.request SET state = 'withdrawn', finished_at = now() WHERE id = '$id'; UPDATE s.visits SET at = now() WHERE account_id = 16"
confirmed_run visits
is "$(of visits deferred)/$(visits_of 3)/$(visits_of 19)" "$all/$all/0" 'a ground keeps rows from the nightly run too, and no others'
balance
q "UPDATE pgretain.request_ground SET review_at = now() - interval '1 second' WHERE code = 'G2' AND rule IS NOT NULL"
confirmed_run visits
is "$(of visits deferred)/$(visits_of 3)" 0/0 'until its review'

# G8: identifiers never stay
request 6
refuse --ground G8 --rule accounts --review "$next_year"
approved "$id"
run_pgretain erase "$id" --format json
is "$rc" 0 'a trade secret' || note "$err"
is "$(q 'SELECT email IS NULL, name IS NULL FROM s.accounts WHERE id = 6')" 't|t' 'G8: the row stays, its identifiers do not'
is "$(parts_of "$id" accounts)/$(q "SELECT grounds -> 0 ->> 'code' FROM pgretain.request_item WHERE request = '$id' AND rule = 'accounts'")" \
	'1 0 0 0 0 0 1 0 0/G8' 'and it is retained'
is "$(visits_of 6)" 0 'all else goes'

# G7: the requester's columns
q "INSERT INTO s.shares VALUES (70, 'account', 7, 'm', now())"
request 7
refuse --ground G7 --rule shares
approved "$id"
run_pgretain erase "$id" --format json
is "$rc/$(q 'SELECT owner_id IS NULL FROM s.shares WHERE id = 70')/$(parts_of "$id" shares)" '0/t/1 0 1 0 0 0 0 0 0' \
	'G7: the link goes, the row stays'
is "$(state_of "$id")" completed 'and the request is done'

# P3, P7: the request does not reach these rows; retention goes on as ever
k=8
for code in P3 P7; do
	request $k
	all=$(visits_of $k)
	refuse --ground $code --rule visits
	approved "$id"
	run_pgretain erase "$id" --format json
	is "$rc/$(visits_of $k)/$(q "SELECT grounds -> 0 ->> 'code' FROM pgretain.request_item WHERE request = '$id' AND rule = 'visits'")" \
		"0/$all/$code" "$code: not by this request"
	q "UPDATE s.visits SET at = now() - interval '2 years' WHERE account_id = $k"
	confirmed_run visits
	is "$(visits_of $k)" 0 "$code: but by the nightly run"
	night
	is "$(state_of "$id")" completed "$code: and then it is done"
	k=$((k + 1))
done

# ---- G4 becomes a hold ----------------------------------------------------------------------

q "INSERT INTO s.orders VALUES (100, 10, NULL, 'R', 1, now() - interval '5 years', now() - interval '5 years', NULL);
	INSERT INTO s.items VALUES (1000, 100, 'for you')"
before=$(snap 'SELECT * FROM s.orders WHERE id = 100')
request 10
refuse --ground G4 --rule orders --review "$next_year"
is "$rc" 0 'a court asks for the orders' || note "$err"
is "$(q "SELECT scope, target, subject_key, state, reason FROM pgretain.hold")" 'subject|orders|10|active|file 7' 'that is a hold on them'
approved "$id"
is "$(parts orders)/$(parts items)/$(parts visits)" "1 0 0 0 0 1 0 0 0/1 0 0 0 0 1 0 0 0/10 10 0 0 0 0 0 0 0" \
	'on them and what follows them, and on nothing else of the person'
run_pgretain erase "$id" --format json
is "$rc/$(state_of "$id")/$(visits_of 10)" 0/partially_deferred/0 'the rest goes; the account waits for the order'
is "$(snap 'SELECT * FROM s.orders WHERE id = 100')" "$before" 'the held row is as it was'
run_pgretain hold list --format json
is "$(json '.holds[0] | "\(.target) \(.rows)"')" 'account:10, rule orders 2' 'the list says so'
h=$(json '.holds[0].id')
run_pgretain hold release "$h" --actor judge
night
is "$(state_of "$id")/$(q 'SELECT receiver IS NULL AND account_id IS NULL FROM s.orders WHERE id = 100')" completed/t \
	'once it is released, the same request goes on: the hold alone kept them'

request 11
refuse --ground G4
is "$rc/$(state_of "$id")" 0/refused 'a court asks for all'
is "$(q "SELECT target IS NULL, subject_key FROM pgretain.hold WHERE state = 'active'")" 't|11' 'the person is under a hold'
q "UPDATE s.visits SET at = now() - interval '2 years' WHERE account_id = 11"
all=$(visits_of 11)
confirmed_run visits
is "$(of visits held)/$(visits_of 11)" "$all/$all" 'which the nightly run keeps to'

# ---- quarantine is not erasure --------------------------------------------------------------

sed -i 's/class = "log"; start = "at"; subject = { account = "account_id"; };/class = "quar"; start = "at"; subject = { account = "account_id"; };/' "$CONF/.rules"
conf_class quar 'standards = ( { name = "p"; keep = "1 year"; } ); zone = "UTC"; action = "quarantine"; vault = "30 days";'
conf_write rules tables/t.cfg
conf_add tables/t.cfg 'exempt = ( { table = "s.products"; reason = "no personal data"; } );'
confirmed_run
request 12
all=$(visits_of 12)
approved "$id"
is "$(parts visits)" "$all 0 0 $all 0 0 0 0 0" 'a rule of quarantine: they would go into the vault'
run_pgretain erase "$id" --format json
is "$rc/$(visits_of 12)/$(parts_of "$id" visits)" "0/0/$all 0 0 $all 0 0 0 0 0" 'out of the table, in the vault' || note "$err"
is "$(state_of "$id")" partially_deferred 'that is not erased'
is "$(q "SELECT wake_at > now() + interval '29 days' FROM pgretain.request WHERE id = '$id'")" t 'until the vault is purged'
run_pgretain request certificate "$id" --format json
is "$(json .final)" false 'the certificate is none in the end'
night
is "$(parts_of "$id" visits)" "$all 0 0 $all 0 0 0 0 0" 'a night changes nothing'
age s.visits 2024-05-05
run_pgretain quarantine purge
is "$(q 'SELECT count(*) FROM pgretain_vault."s.visits"')" 0 'the vault is purged' || note "$err"
night
is "$(parts_of "$id" visits)/$(state_of "$id")" "$all $all 0 0 0 0 0 0 0/completed" 'then it is erased'
is "$(unbalanced)" 0 'every item balances'

# ---- asked of the person first --------------------------------------------------------------

request 13
run_pgretain request ask "$id" --for fee --until "$(q "SELECT to_char(now() + interval '2 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")"
is "$rc/$(state_of "$id")" 0/awaiting_fee 'P1: a fee first'
run_pgretain request assess "$id"
is "$rc" 1 'nothing goes on before'
run_pgretain request paid "$id"
is "$rc/$(state_of "$id")" 0/verified 'paid'
run_pgretain request ask "$id" --for fee --until "$(q "SELECT to_char(now() - interval '1 second', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")"
night
is "$(state_of "$id")" expired 'what never comes expires the request'
is "$(visits_of 13)" 10 'and nothing of it is touched'
run_pgretain request open --subject account:14
id=$(tail -n 1 <<<"$out")
run_pgretain request acknowledge "$id"
is "$rc" 0 'a receipt'
run_pgretain request ask "$id" --for identity --until "$next_year"
is "$rc/$(state_of "$id")" 0/awaiting_identity 'who are you?'
run_pgretain request ask "$id" --for more
is "$rc" 1 'nothing else is asked for'

done_testing
