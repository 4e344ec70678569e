#!/usr/bin/env bash
# Erased people who come back with an import: what is kept of them, what is noticed, what is done. Expectations: digests from
# openssl, rows from plain SQL.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
mkdir -p "$CONF/jobs"
printf 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };\n' >"$CONF/jobs/night.cfg"
printf 'job = { name = "rules"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests", "rules" ]; };\n' >"$CONF/jobs/rules.cfg"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
mac() { printf '%s' "$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d' ' -f1; }
erased() { request "$1" "${2:-}"; approved "$id"; run_pgretain erase "$id"; [ "$rc" = 0 ] || error "erase $1: $err"; }
settled() { q "SELECT subject_key FROM pgretain.request_subject WHERE request = '$1' AND settled"; }
events() { q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'request' AND run = '$1' AND action = '$2'"; }

# ---- what is kept ---------------------------------------------------------------------------

night
is "$rc $(json '.recurrences | length')" '0 0' "nobody was erased yet $err"
erased 3
r3=$id
is "$(state_of "$r3")" completed 'an erased person'
key=$(od -An -v -tx1 <"$CONF/key" | tr -d ' \n')
derived=$(mac "$key" 'pgretain.suppression/1')
is "$(q "SELECT string_agg(kind || ' ' || name || ' ' || encode(digest, 'hex'), E'\n' ORDER BY kind, name) FROM pgretain.suppression WHERE request = '$r3'")" \
	"identifier email $(mac "$derived" '7:account10:identifier5:email15:person3@ex.test')
identifier phone $(mac "$derived" '7:account10:identifier5:phone14:+8613900000003')
key account $(mac "$derived" '7:account3:key7:account1:3')" 'digests of identifiers and key, under the key file'
is "$(events "$r3" suppress)" 1 'the ledger tells that there are some'

note 'C90: nothing that could be guessed'
address=person3@ex.test
guesses=$(for text in "$address" "${address^^}" 13900000003 +8613900000003; do
	printf '%s\n' "$text"
	for how in md5 sha1 sha256; do
		printf '%s' "$text" | openssl dgst -"$how" -r | cut -d' ' -f1
		printf '%s' "$text" | openssl dgst -"$how" -r | cut -d' ' -f1 | tr a-f A-F
		printf '%s' "$text" | openssl dgst -"$how" -binary | base64
	done
done)
is_eq "$(wc -l <<<"$guesses")" 40 'four spellings, ten guesses each'
run_pgretain request certificate "$r3" --format json --output "$W/certificate.json"
pg_dump -a -n pgretain --inserts >"$W/dump.sql" 2>"$W/dump.err"
ok 'the dump has the digests' grep -q "INSERT INTO pgretain.suppression" "$W/dump.sql"
ok_not 'no value and no unkeyed digest in schema pgretain, certificate or fingerprint' \
	grep -qiFf <(echo "$guesses") "$W/dump.sql" "$W/certificate.json"

# ---- who comes back, and who does not -------------------------------------------------------

night
is "$rc $(json '.recurrences | length')" '0 0' 'nobody has come back'
is "$(json .suppression.compared)" 2 'and both identifiers were compared'
q "INSERT INTO s.accounts VALUES (3, 'other@ex.test', 'Somebody else');
	INSERT INTO s.phones VALUES (33, 3, '+8613900000003', now(), NULL);
	INSERT INTO s.orders VALUES (33, NULL, '139 0000 0003', 'R', 1, now() + interval '1 second', now(), NULL)"
night
is "$rc $(json '.recurrences | length')" '0 0' 'a reused key, and a number that passed on, are another person'

server_set log_statement "'all'"
server_set log_min_duration_statement 0
log_mark
q "INSERT INTO s.accounts VALUES (303, E' Person3@EX.test\n', 'Name 3')" >/dev/null
from=$(log_since | wc -l)
night
log_since | tail -n "+$((from + 1))" >"$W/server.log"
is "$rc" 2 'an import brings the person back: exit 2'
is "$(json '.recurrences[] | "\(.request) \(.identifiers | join(",")) \(.tables | join(",")) \(.rows) \(.people) \(.same_key) \(.action)"')" \
	"$r3 email s.accounts 1 1 false reported" 'which request, by what, where'
ok 'the server'\''s log has the statements' grep -q suppression "$W/server.log"
ok_not 'no value and no key of ours went to the server' grep -qiE "person3|139 ?0000|$key|$derived" "$W/server.log"
ok_not 'nor to output, log and ledger' grep -qiE 'person3|139 ?0000' <(echo "$out$err"; q 'SELECT l FROM pgretain.ledger l')
server_set log_statement "'none'"
server_set log_min_duration_statement -1
like "$err" "request.recurrence" 'the log names the event'
is "$(events "$r3" recurrence)" 1 'the ledger has it'
run_pgretain run --job night
is "$rc" 2 'it stays a matter for a human'
like "$out" "request $r3: email in s.accounts, 1 row\(s\) of 1 key" 'as text too'
is "$(events "$r3" recurrence)" 1 'but is no news'
run_pgretain request show "$r3" --format json
is "$(q "SELECT min(found_at) = '$(json .suppression.found)' FROM pgretain.suppression WHERE request = '$r3'")" t 'request show tells since when'
run_pgretain request show "$r3"
like "$out" '3 digest\(s\) tell until .* in the tables again since' 'as text too'
run_pgretain plan --format json >/dev/null
confirmed_run
is "$rc $(json '.recurrences | length')" '2 1' 'a run of all rules looks too'
run_pgretain run visits --format json
is "$rc $(json 'has("recurrences")')" '0 false' 'a run of one rule does not'
run_pgretain run --job rules --format json
is "$rc $(jq -s 'length' <<<"$out") $(json '.recurrences | length')" '2 1 1' 'a job with both steps tells it once'
q "DELETE FROM s.accounts WHERE id = 303"
night
is "$rc $(q "SELECT count(*) FROM pgretain.suppression WHERE found_at IS NOT NULL")" '0 0' 'gone again: nothing to look at'

note 'rows of the time before the erasure'
q "INSERT INTO s.phones VALUES (34, 3, '0086 139-0000-0003', '2021-05-05', NULL)"
night
is "$rc $(json '.recurrences[] | "\(.identifiers[0]) \(.tables[0]) \(.same_key)"')" '2 phone s.phones true' 'the number with its old date, under the old key'
q "DELETE FROM s.phones WHERE id = 34; UPDATE s.orders SET created_at = '2021-05-05' WHERE id = 33"
night
is "$rc $(json '.recurrences[] | "\(.identifiers[0]) \(.tables[0]) \(.people)"')" '2 phone s.orders 0' 'a guest order of that time, which names no key'
q "DELETE FROM s.orders WHERE id = 33"

note 'what others bear at the erasure is no sign'
q "UPDATE s.accounts SET email = 'shared@ex.test' WHERE id IN (5, 6)"
erased 5
is "$(state_of "$id") $(q "SELECT count(*) FROM pgretain.suppression WHERE request = '$id'")" 'completed 0' 'an address of two people'
night
is "$rc" 0 'and nobody is reported'

# ---- what is done about it ------------------------------------------------------------------

run_pgretain request reopen "$r3" --evidence e
is "$rc" 1 'nobody came back: nothing to reopen'
like "$err" 'no identifier of the person' 'and it says so'
q "INSERT INTO s.accounts VALUES (304, 'person3@ex.test', 'Name 3'), (305, 'PERSON3@ex.test', 'Name 3')"
echo 'recurrence = "reopen";' >>"$CONF/subjects.cfg"
night
is "$rc $(json '.recurrences[0] | "\(.action) \(.people) \(.reason)"')" '2 reported 2 several keys bear the identifiers' 'two people: a human decides'
is "$(state_of "$r3")" completed 'and nothing is reopened'
q "DELETE FROM s.accounts WHERE id = 305; INSERT INTO s.visits VALUES (9001, 304, 'back', now());
	INSERT INTO s.orders VALUES (35, NULL, '13900000003', 'R35', 1, '2021-06-06', '2021-06-06', NULL)"
other=$(snap "SELECT to_jsonb(x) FROM s.accounts x WHERE id <> 304 UNION ALL SELECT to_jsonb(x) FROM s.orders x WHERE id <> 35 UNION ALL
	SELECT to_jsonb(x) FROM s.visits x WHERE account_id <> 304")
night
is "$rc $(json '.recurrences[0].action')" '2 reopened' 'recurrence = "reopen"'
is "$(state_of "$r3") $(settled "$r3")" 'reopened 304' 'the request means who is there now'
is "$(q "SELECT detail::jsonb->>'from' FROM pgretain.ledger WHERE run = '$r3' AND action = 'reopen'")" completed 'with its entry'
night
is "$rc $(json '"\(.recurrences | length) \(.suppression.reopened)"')" '2 0 1' 'until somebody assesses it'
is "$(q "SELECT count(*) FROM pgretain.restricted WHERE subject_key = '304'")" 1 'restricted meanwhile'
approved "$r3"
is "$(item visits matched) $(item accounts matched)" '11 2' 'the items know what was there and what has come'
run_pgretain erase "$r3"
is "$rc $(state_of "$r3")" '0 completed' "erased again $err"
is "$(q "SELECT (SELECT count(*) FROM s.accounts WHERE id = 304) + (SELECT count(*) FROM s.visits WHERE account_id = 304)
	+ (SELECT count(*) FROM s.orders WHERE guest_phone = '13900000003')")" 0 'account, visit and guest order are gone'
is "$(snap "SELECT to_jsonb(x) FROM s.accounts x WHERE id <> 304 UNION ALL SELECT to_jsonb(x) FROM s.orders x WHERE id <> 35 UNION ALL
	SELECT to_jsonb(x) FROM s.visits x WHERE account_id <> 304")" "$other" 'nobody else'\''s row was touched'
is "$(unbalanced)" 0 'every item balances'
night
is "$rc $(json '"\(.recurrences | length) \(.suppression.compared)"')" '0 0 2' 'and the person is looked for again'

note 'under the roles'
q "CREATE ROLE night LOGIN IN ROLE pgretain_runner; CREATE ROLE boss LOGIN IN ROLE pgretain_approver; CREATE ROLE clerk LOGIN IN ROLE pgretain_clerk;
	GRANT SELECT ON s.products TO pgretain_runner"
as() { local who=$1; shift; sed "s/user=$PGUSER/user=$who/" "$PGRETAIN_CONFIG" >"$CONF/as.cfg"; run_pgretain --config "$CONF/as.cfg" "$@"; }
erased 8
r8=$id
q "INSERT INTO s.accounts VALUES (308, 'person8@ex.test', 'Name 8')"
as night run --job night --format json
is "$rc $(json '.recurrences[0] | "\(.request) \(.action)"')" "2 $r8 reopened" "the runner does it $err"
approved "$r8"
as night erase "$r8"
is "$rc $(state_of "$r8")" '0 completed' "and erases and places anew $err"
for role in night boss clerk; do
	ok "$role does not write digests" q_fails 42501 "SET ROLE $role; DELETE FROM pgretain.suppression"
done
for role in boss clerk pgretain_auditor; do
	ok "$role does not read digests" q_fails 42501 "SET ROLE $role; SELECT digest FROM pgretain.suppression"
done
sed -i 's/recurrence = "reopen"/recurrence = "report"/' "$CONF/subjects.cfg"
q "INSERT INTO s.accounts VALUES (309, 'person8@ex.test', 'Name 8')"
night
is "$rc" 2 'back for a second time'
as clerk request admit "$r8" --evidence letter-8
is "$rc" 1 'a clerk does not decide that'
is "$(q "SELECT count(*) FROM pgretain.suppression WHERE request = '$r8'")" 2 'and nothing is gone'
as boss request admit "$r8" --evidence letter-8
is "$rc" 0 "an approver does $err"
is "$(q "SELECT detail::jsonb->>'evidence' FROM pgretain.ledger WHERE run = '$r8' AND action = 'admit'")" letter-8 'with the evidence'
night
is "$rc $(json '.recurrences | length')" '0 0' 'and nobody looks for them any more'
erased 9
q "INSERT INTO s.accounts VALUES (310, 'person9@ex.test', 'Name 9')"
as night request reopen "$id" --evidence letter-9 --format json
is "$rc $(json .state) $(settled "$id")" "0 reopened 310" "reopened by hand $err"
run_pgretain request withdraw "$id"
night
is "$rc" 0 'withdrawn: they stay, and are not looked for'

# ---- time, keys, restores -------------------------------------------------------------------

before=$(snap 'SELECT request, subject_type, kind, name, digest, made_with, since, until, placed_at FROM pgretain.suppression')
run_pgretain sql show suppression_all
rows=$(q "SELECT json_agg(x.jsonb_build_object::json) FROM ($(sed '/^--/d' <<<"$out" | sed 's/)::text$/)/')) x")
q "DELETE FROM pgretain.suppression"
is_eq "$(q "SELECT pgretain.suppression_restore('$rows', 'me')")" "$(jq length <<<"$rows")" 'all suppressions as rows, and back'
is "$(snap 'SELECT request, subject_type, kind, name, digest, made_with, since, until, placed_at FROM pgretain.suppression')" "$before" 'are the same'
cp "$CONF/key" "$W/key"
chmod 0600 "$CONF/key"; head -c 32 /dev/urandom >"$CONF/key"; chmod 0400 "$CONF/key"
night
is "$rc $(json '"\(.suppression.compared) \(.suppression.incomparable)"')" \
	"2 0 $(q "SELECT count(*) FROM pgretain.suppression s JOIN pgretain.request r ON r.id = s.request WHERE s.kind = 'identifier' AND r.state = 'completed'")" \
	'another key file sees nobody, and says so'
cp -f "$W/key" "$CONF/key"
sed -i 's/normalise = "email"/normalise = "trim"/' "$CONF/subjects.cfg"
night
is "$rc $(json .suppression.incomparable)" '2 1' 'so does another normalisation'
sed -i 's/normalise = "trim"/normalise = "email"/' "$CONF/subjects.cfg"
echo 'suppression = "2 years";' >>"$CONF/subjects.cfg"
q "UPDATE pgretain.suppression SET placed_at = now() - interval '2 years' + interval '1 hour' WHERE request = '$r3'"
night
is "$rc $(json .suppression.expired)" '0 0' 'digests are kept for their time'
q "UPDATE pgretain.suppression SET placed_at = now() - interval '2 years' WHERE request = '$r3'"
night
is "$rc $(json .suppression.expired) $(q "SELECT count(*) FROM pgretain.suppression WHERE request = '$r3'")" '0 3 0' 'and then go'
is "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'suppression' AND action = 'expire'")" 3 'with their entry'
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'
done_testing
