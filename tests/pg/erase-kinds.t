#!/usr/bin/env bash
# Kinds of requests, grounds, what grows between, and who else is in the way.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
night_job
ground() {	# REQUEST RULE CODE REVIEW
	q "INSERT INTO pgretain.request_ground (request, rule, code, scope, evidence, approver, review_at)
		VALUES ('$1', '$2', '$3', 'rule', 'ref', 'boss', $4)"
}

# ---- no key: what leads to rows could not be kept until the last of them is gone ----
request 1
q "INSERT INTO s.orders VALUES (50, NULL, '139 0000 0001', 'R50', 1, now() - interval '1 year', now() - interval '1 year', NULL)"
run_pgretain check --format json
is "$(json '[.findings[] | select(.id == "key-file")] | length')" 0 'with a key there is nothing to find'
sed -i.bak '/^key_file/d' "$CONF/subjects.cfg"
run_pgretain check --format json
is "$(json '[.findings[] | select(.id == "key-file") | .severity + " " + .rule] | join(" ")')" 'warning orders' 'check tells that it is missing'
run_pgretain request assess "$id"
is "$rc $(state_of "$id")" '1 verified' 'without a key nothing is assessed'
like "$err" 'rule \\?"orders\\?" .*no key_file' 'it says which rule needs one'
mv "$CONF/subjects.cfg.bak" "$CONF/subjects.cfg"
q 'DELETE FROM s.orders WHERE id = 50'

# ---- rows that came between (C82) ----
approved "$id"
q "INSERT INTO s.visits VALUES (900, 1, 'late', now())"
before=$(snap 'TABLE s.visits')
run_pgretain erase "$id" --format json
is "$rc" 3 'a row has come since it was assessed: nothing is widened in silence'
is "$before" "$(snap 'TABLE s.visits')" 'and nothing is done'
night
is "$rc" 2 'the night leaves it to a human'
is "$(state_of "$id")" approved 'as it was'
approved "$id"
run_pgretain erase "$id" --format json
is "$rc" 0 "assessed anew it is done $err"
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 1')" 0 'with the late row'
q "INSERT INTO s.visits VALUES (901, 1, 'later', now())"
q "UPDATE pgretain.request SET wake_at = now() WHERE id = '$id'"
night
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 1')" 0 'a row that came after goes with the next night'
is "$(unbalanced)" 0 'items balance'

# ---- grounds ----
request 3
ground "$id" visits G2 "now() + interval '1 year'"
ground "$id" shares G7 NULL
q "INSERT INTO s.shares VALUES (30, 'account', 3, 'm', now()); INSERT INTO s.orders VALUES (30, 3,
	NULL, 'R30', 1, now(), now() - interval '4 years', NULL)"
visits=$(q 'SELECT count(*) FROM s.visits WHERE account_id = 3')
approved "$id"
is "$(parts visits)" "$visits 0 0 0 0 0 $visits 0 0" 'G2 keeps its rows'
is "$(item visits 'grounds[0].code')" G2 'and is named'
is "$(parts shares)" '1 0 1 0 0 0 0 0 0' 'G7: the link and the columns go, the row stays'
run_pgretain erase "$id" --format json
is "$rc" 0 "erase $err"
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 3')" "$visits" 'they are kept'
is "$(q 'SELECT count(*) FROM s.shares WHERE id = 30 AND owner_id IS NULL')" 1 'the share is nobody'\''s'
is "$(parts_of "$id" shares)" '1 0 1 0 0 0 0 0 0' 'and counted so'
is "$(state_of "$id")" partially_deferred 'the request waits for the ground'\''s review'
# a plan for another day looks at the reviews and deadlines of that day
kept='SELECT count(*) FROM s.visits WHERE account_id = 3 AND at IS NOT NULL'
q "UPDATE pgretain.request_ground SET review_at = now() + interval '13 months' WHERE code = 'G2'"
run_pgretain plan visits --as-of "$(q "SELECT (now() + interval '12 months 10 days')::date")" --format json
is "$(of visits deferred)" "$(q "$kept")" 'in a year they are due, and the ground still keeps them'
run_pgretain plan visits --as-of "$(q "SELECT (now() + interval '14 months')::date")" --format json
is "$(of visits deferred)" 0 'as of a day after its review it keeps nothing'
q "UPDATE pgretain.request_ground SET review_at = now() - interval '1 second' WHERE code = 'G2';
	UPDATE pgretain.request SET wake_at = now() - interval '1 second' WHERE id = '$id'"
night
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 3')" 0 \
	'a refusal never extends retention: after the review they go'
is "$(unbalanced)" 0 'items balance'

# ---- a request for a copy keeps its rows from the night ----
q "UPDATE s.visits SET at = now() - interval '2 years' WHERE account_id IN (4, 5)"
due4=$(q 'SELECT count(*) FROM s.visits WHERE account_id = 4') due5=$(q 'SELECT count(*)
	FROM s.visits WHERE account_id = 5')
request 4 access
run_pgretain plan visits --format json
is "$(of visits due)" "$((due4 + due5))" 'both are due'
is "$(of visits deferred)" "$due4" 'whose copy is awaited waits'
balance
run_pgretain plan visits --as-of "$(q "SELECT (now() + interval '1 month')::date")" --format json
is "$(of visits deferred)" 0 'as of a day after the deadline nothing waits'
confirmed_run visits
is "$(of visits deferred)" "$due4" 'in the run too'
balance
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 4')" "$due4" 'none of them is gone'
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 5')" 0 'the others are'
q "UPDATE pgretain.request SET respond_by = now() - interval '1 hour' WHERE id = '$id'"
confirmed_run visits
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 4')" 0 'after the deadline they go'

# ---- a table that nobody decided about ----
request 6
run_pgretain request assess "$id" --format json
fp=$(json .fingerprint)
q 'CREATE TABLE s.newsletter (id int, email text)'
run_pgretain request approve "$id" --expect "$fp"
is "$rc" 1 'it stands in the way of an approval'
like "$err" 's\.newsletter' 'and is named'
q 'DROP TABLE s.newsletter'
rules=$(<"$CONF/.rules")
q 'CREATE TABLE s.late (id int PRIMARY KEY, account_id bigint, email text, at timestamptz);
	INSERT INTO s.late SELECT 1, id, email, now() FROM s.accounts WHERE id = 6'
with() {	# RULE BODY: approve under one more rule
	printf '%s\n' "$rules" >"$CONF/.rules"
	conf_rule "$1" "$2"
	conf_add tables/t.cfg 'exempt = ( { table = "s.products"; reason = "no personal data"; } );'
	run_pgretain request approve "$id" --expect "$fp"
}
with late 'table = "s.late"; class = "log"; start = "at";'
is "$rc $(state_of "$id")" '1 awaiting_approval' 'nor may a table with a rule that leads to nobody'
like "$err" 's\.late .*late.* column email' 'named with its rule and column'
with late 'table = "s.late"; class = "log"; start = "at"; action = "anonymize"; columns = { account_id = "null"; }; subject = { account = "account_id"; };'
is "$rc $(state_of "$id")" '1 awaiting_approval' 'nor a personal-looking column that nobody decided about'
like "$err" 'column email of s\.late' 'named as well'
with late 'table = "s.late"; class = "log"; start = "at"; subject = { account = "account_id"; }; no_subject = "x";'
is "$rc" 1 'no_subject beside a subject says two things'
with late 'table = "s.late"; class = "log"; start = "at"; no_subject = "addresses of offices";'
is "$rc $(state_of "$id")" '0 approved' 'where no row can be led to a person, somebody has said so' || note "$err"
printf '%s\n' "$rules" >"$CONF/.rules"; conf_write rules tables/t.cfg
conf_add tables/t.cfg 'exempt = ( { table = "s.products"; reason = "no personal data"; } );'
q 'DROP TABLE s.late'

# ---- several at once ----
ids=()
for k in 10 11 12; do request "$k"; ids+=("$id"); done
before=$(snap 'SELECT * FROM s.visits WHERE account_id NOT IN (10, 11, 12)')
approved "${ids[@]}"
run_pgretain erase "${ids[@]}" --format json
is "$rc" 0 "three in one go $err"
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id IN (10, 11, 12)')" 0 'their rows are gone'
is "$before" "$(snap 'SELECT * FROM s.visits WHERE account_id NOT IN (10, 11, 12)')" 'nobody else'\''s is'
for i in "${ids[@]}"; do is "$(parts_of "$i" visits)" '10 10 0 0 0 0 0 0 0' 'each has its own count'; done
for i in "${ids[@]}"; do is "$(state_of "$i")" completed 'and its own state'; done

# ---- assessed anew while it is under way ----
q "INSERT INTO s.orders VALUES (600, 9, NULL, 'R600', 1, now(), now() - interval '1 year', NULL)"
request 9
approved "$id"
run_pgretain erase "$id" --format json
is "$rc $(state_of "$id")" '0 partially_deferred' 'an order is under its floor'
q "INSERT INTO s.visits VALUES (950, 9, 'late', now()), (951, 9, 'later', now());
	INSERT INTO s.orders VALUES (601, 9, NULL, 'R601', 1, now(), now() - interval '1 year', NULL),
		(602, 9, NULL, 'R602', 1, now(), now() - interval '5 years', NULL)"
run_pgretain request assess "$id" --format json
is "$(parts visits) / $(parts orders)" '12 12 0 0 0 0 0 0 0 / 3 0 1 0 2 0 0 0 0' \
	'what has come since is foreseen beside what was done, and has not failed'
is "$(item orders minimised)" 2 'to be stripped too'
fp=$(json .fingerprint)
run_pgretain request approve "$id" --expect "$fp" --format json
is "$(parts visits) / $(parts orders)" '12 12 0 0 0 0 0 0 0 / 3 0 1 0 2 0 0 0 0' 'that is what is approved'
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 9')" 2 'nothing is done by that'
run_pgretain erase "$id" --format json
is "$rc $(parts_of "$id" visits) / $(parts_of "$id" orders)" '0 12 12 0 0 0 0 0 0 0 / 3 0 1 0 2 0 0 0 0' 'and what is done'
is "$(q "SELECT string_agg(coalesce(receiver, '-'), ' ') FROM s.orders WHERE id BETWEEN 600 AND 602")" '- - -' \
	'and what the floor does not need is stripped'

# ---- two commands on one request ----
request 7
approved "$id"
run_pgretain erase "$id" --format json & run_pgretain erase "$id" --format json; wait
is "$(parts_of "$id" visits)" '10 10 0 0 0 0 0 0 0' 'two at once: done once'

# ---- what is left behind by a copy that no rule knows (C30) ----
q "CREATE TABLE s.audit (id int, j jsonb); INSERT INTO s.audit VALUES (1,
	'{\"mail\": \"PERSON8@ex.test\"}'), (2, '{\"account_id\": 8}'), (3, '{\"x\": 8}')"
conf_add tables/t.cfg ''
sed -i 's/exempt = (/exempt = ( { table = "s.audit"; reason = "said to hold nothing"; },/' "$CONF/tables/t.cfg"
request 8
approved "$id"
run_pgretain erase "$id" --format json
is "$rc" 2 'the search finds it: a human is needed'
is "$(state_of "$id")" blocked 'not completed'
is "$(q "SELECT found FROM pgretain.request_residual WHERE request = '$id'")" 2 \
	'by the address in whatever spelling, and by the key in a document'
q 'DELETE FROM s.audit WHERE id < 3'
night
is "$(state_of "$id")" completed 'once it is gone the request completes'
done_testing
