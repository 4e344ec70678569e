#!/usr/bin/env bash
# Recipients of the data: who is told of which erasure, what they get, what happens when they can't be reached.
# Expectations: rows from plain SQL, digests from openssl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
mkdir -p "$CONF/jobs" "$CONF/bin"
printf 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };\n' >"$CONF/jobs/night.cfg"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
# what each was given is kept beside it; the file says how the next attempts end
for who in mailer courier; do
	printf '#!/bin/sh\nd=%s\nprintf "%%s\\n" "$@" >"$d/%s.args"\ncat >>"$d/%s.in"\n. "$d/%s.how"\n' "$W" "$who" "$who" "$who" >"$CONF/bin/$who"
	chmod +x "$CONF/bin/$who"
	echo 'echo thanks' >"$W/$who.how"
	: >"$W/$who.in"
done
recipients() { sed -i '/^recipients/,$d' "$CONF/subjects.cfg"; printf 'recipients = {\n%s\n};\n' "$1" >>"$CONF/subjects.cfg"; }
both='mailer = { argv = [ "bin/mailer", "$HOME; id", "" ]; known_by = "email"; rules = "visits"; retries = 2; backoff = "1min"; timeout = "2s"; };
courier = { argv = [ "bin/courier" ]; classes = "txn"; };'
recipients "$both"
notices() { q "SELECT string_agg(concat_ws(' ', recipient, state, attempts, complete), ', ' ORDER BY recipient, created_at) FROM pgretain.notice WHERE request = '$1'"; }
field() { q "SELECT $2 FROM pgretain.notice WHERE request = '$1' AND recipient = '${3:-mailer}' ORDER BY created_at DESC LIMIT 1"; }
entries() { q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'notice' AND run = '$1' AND action = '$2'"; }
now() { q "UPDATE pgretain.notice SET next_at = clock_timestamp() WHERE state = 'waiting'"; }
erased() { request "$1"; approved "$id"; run_pgretain erase "$id" --format json; }
mac() { printf '%s' "$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d' ' -f1; }
before=$(q 'SELECT count(*) FROM s.visits WHERE account_id = 3')

# ---- delivered --------------------------------------------------------------------------------

log_mark
erased 3
a=$id
is "$rc $(state_of "$a")" '0 completed' "an erasure $err"
is "$(notices "$a")" 'mailer delivered 1 t' 'told who had rows of the person, and nobody else'
is "$(json '.notices.tried[] | "\(.recipient) \(.state) \(.attempts) \(.exit)"')" 'mailer delivered 1 0' 'erase says so'
is "$(wc -l <"$W/mailer.in")" 1 'one line on standard input'
is "$(jq -r '[.schema, .notice, .request, .recipient, .kind, .subject_type, .known_by, (.values | join("|")), (.rules | join("|")), .complete, .attempt] | map(tostring) | join(" ")' "$W/mailer.in")" \
	"pgretain.notice/1 $(field "$a" id) $a mailer erasure account email person3@ex.test visits true 1" 'an object with what it needs'
is "$(jq -r 'keys | length' "$W/mailer.in")" 12 'and nothing else'
is "$(q "SELECT '$(jq -r .erased_at "$W/mailer.in")' = created_at FROM pgretain.notice WHERE request = '$a'")" t 'and when it was'
is "$(cat "$W/mailer.args"; echo .)" '$HOME; id

.' 'arguments as they stand: no shell'
is "$(field "$a" rows)" "$before" 'rows that it had received'
is "$(field "$a" 'sealed IS NULL')" t 'what led to the person is gone'
derived=$(mac "$(od -An -v -tx1 <"$CONF/key" | tr -d ' \n')" 'pgretain.notice/1')
is "$(field "$a" "encode(answer, 'hex')")" "$(mac "$derived" "36:$(field "$a" id)7:thanks
")" 'a keyed digest of the answer'
is "$(entries "$a" write) $(entries "$a" deliver)" '1 1' 'ledger: written, delivered'
is "$(q "SELECT detail::jsonb->>'answer' FROM pgretain.ledger WHERE run = '$a' AND action = 'deliver'")" \
	"hmac-sha256:$(field "$a" "encode(answer, 'hex')")" 'with the digest'
run_pgretain request show "$a" --format json
is "$(json '.recipients[] | "\(.recipient) \(.state) \(.exit) \(.complete)"')" 'mailer delivered 0 true' 'request show tells'
run_pgretain request certificate "$a" --format json
is "$(json '.recipients | length')" 1 'the certificate too'
run_pgretain erase "$a"
is "$(notices "$a")" 'mailer delivered 1 t' 'and nothing is told twice'

# ---- parts ------------------------------------------------------------------------------------

q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by) VALUES (gen_random_uuid(), 'rows', 'orders', 'id = 17', 'case 1', 'x')"
erased 1
b=$id
is "$(notices "$b")" 'courier delivered 1 f, mailer delivered 1 t' 'by class: orders and what follows them, of which some stay'
is "$(jq -r '.values | join("|")' "$W/courier.in")" 1 'known by the key'
is "$(jq -r '.rules | join(" ")' "$W/courier.in")" 'orders items' 'a follower is of its parent'\''s class'
night
is "$(notices "$b")" 'courier delivered 1 f, mailer delivered 1 t' 'nothing more was erased: nothing is told'
q "UPDATE s.orders SET completed_at = coalesce(completed_at, now()) - interval '4 years', agreed_until = NULL WHERE id IN (11, 12, 16, 17);
	UPDATE pgretain.hold SET state = 'released', released_at = now()"
night
is "$rc $(state_of "$b")" '0 completed' "the rest goes $err"
is "$(notices "$b")" 'courier delivered 1 f, courier delivered 1 t, mailer delivered 1 t' 'and is told'
is "$(jq -rs '.[1].values | join("|")' "$W/courier.in")" 1 'of the same person'

# ---- who can't be reached ---------------------------------------------------------------------

echo 'echo person4@ex.test is unknown; echo person4@ex.test >&2; exit 7' >"$W/mailer.how"
erased 4
c=$id
is "$rc $(notices "$c")" '0 mailer waiting 1 t' 'it waits for the next attempt'
is "$(field "$c" 'exit_status')" 7 'its status is kept'
is "$(field "$c" "round(extract(epoch FROM next_at - tried_at) / 10)")" 6 'the pause of the configuration'
night
is "$(notices "$c")" 'mailer waiting 1 t' 'not before it is over'
now; night
is "$rc $(notices "$c") $(field "$c" "round(extract(epoch FROM next_at - tried_at) / 10)")" '0 mailer waiting 2 t 12' 'then twice as long'
now; night
is "$rc $(notices "$c")" '2 mailer failed 3 t' 'attempts are used up: exit 2'
is "$(json .notices.failed)" 1 'which the report says'
night
is "$rc $(json '.notices.tried | length')" '2 0' 'until somebody looks'
run_pgretain request show "$c"
like "$out" 'recipient mailer: failed, 3 attempt\(s\), exit status 7' 'request show tells'
is "$(entries "$c" deliver)" 3 'three attempts in the ledger'
guesses=$(for how in md5 sha1 sha256; do printf 'person4@ex.test is unknown\n' | openssl dgst -"$how" -r | cut -d' ' -f1; done)
pg_dump -a -n pgretain --inserts >"$W/dump.sql" 2>"$W/dump.err"
ok 'the dump has the notices' grep -q 'INSERT INTO pgretain.notice' "$W/dump.sql"
ok_not 'no value, and no plain digest of an answer' grep -qiFf <(echo person; echo 'ex.test'; echo "$guesses") <(grep -E 'pgretain.(notice|ledger) ' "$W/dump.sql")
ok_not 'nor in output and log of ours' grep -qi 'ex\.test' <(echo "$out$err")
echo 'sleep 30' >"$W/mailer.how"
run_pgretain request notify "$c" --format json
is "$rc $(json '.notices.tried[] | "\(.state) \(.attempts) \(.reason)"')" '2 waiting 1 it took too long' 'anew, with a limit of time'
echo 'yes' >"$W/mailer.how"
run_pgretain request notify "$c" --format json
is "$rc $(json '.notices.tried[].reason')" '2 it printed too much' 'and of output'
recipients "${both/bin\/mailer/bin/nobody}"
run_pgretain request notify "$c" --format json
is "$rc $(json '.notices.tried[].reason')" '2 it could not be started' 'a program that is not there'
recipients "$both"
echo true >"$W/mailer.how"
run_pgretain request notify "$c"
is "$rc $(notices "$c")" '0 mailer delivered 1 t' "until it is $err"
is "$(jq -rs 'map(select(.request == "'"$c"'")) | map(.notice) | unique | length' "$W/mailer.in")" 1 'always under the same id'

note 'others are reached meanwhile; a recipient that is down is not asked for each person'
echo 'exit 1' >"$W/mailer.how"
for n in 5 6 7 8; do request "$n"; approved "$id"; ids+=("$id"); done
: >"$W/mailer.in"
night
is "$(wc -l <"$W/mailer.in") $(q "SELECT count(*) FROM pgretain.notice WHERE state = 'waiting' AND attempts = 0")" '3 1' 'three in a row, and the next time'
run_pgretain request notify "${ids[0]}" --evidence letter-5
is "$rc $(notices "${ids[0]}" | cut -d' ' -f2)" '0 told' 'told in another way'
is "$(field "${ids[0]}" "evidence || ' ' || (sealed IS NULL)")" 'letter-5 true' 'with the evidence'
is "$(entries "${ids[0]}" told)" 1 'in the ledger too'
recipients "${both#*$'\n'}"
night
is "$rc $(q "SELECT count(*) FROM pgretain.notice WHERE state = 'failed' AND reason = 'the recipient is not configured'")" '2 3' \
	'a recipient that is no longer configured'
recipients "$both"
echo true >"$W/mailer.how"
for n in "${ids[@]:1}"; do run_pgretain request notify "$n"; done
is "$(q "SELECT count(*) FROM pgretain.notice WHERE state NOT IN ('delivered', 'told')")" 0 'all are told'

note 'nothing to be found by'
q "UPDATE s.accounts SET email = NULL WHERE id = 9"
erased 9
is "$rc $(notices "$id")" '0 mailer void 0 t' 'a person without that identifier'

note 'killed after the command has ended'
request 10; approved "$id"
crash_ok=1
PGRETAIN_FAULT=notice_sent:1 run_pgretain erase "$id"
crash_ok=0
is "$rc $(notices "$id")" '137 mailer waiting 1 t' 'it may have been delivered'
night
is "$(notices "$id")" 'mailer waiting 1 t' 'nobody takes it from a living one'
now; night
is "$rc $(notices "$id")" '0 mailer delivered 2 t' 'and then it is delivered again'
request 11; approved "$id"
crash_ok=1
PGRETAIN_FAULT=erasure_result:1 run_pgretain erase "$id"
crash_ok=0
is "$rc $(state_of "$id") $(q "SELECT count(*) FROM pgretain.notice WHERE request = '$id'")" '137 executing 0' 'no result, no notice'
wait_for 20 eval 'run_pgretain erase "$id"; [ "$rc" != 1 ]'
is "$rc $(notices "$id")" '0 mailer delivered 1 t' 'both together'

note 'under the roles'
q "CREATE ROLE night LOGIN IN ROLE pgretain_runner; CREATE ROLE clerk LOGIN IN ROLE pgretain_clerk; GRANT SELECT ON s.products TO pgretain_runner"
as() { local who=$1; shift; sed "s/user=$PGUSER/user=$who/" "$PGRETAIN_CONFIG" >"$CONF/as.cfg"; run_pgretain --config "$CONF/as.cfg" "$@"; }
request 12; approved "$id"
as night erase "$id"
is "$rc $(notices "$id")" '0 mailer delivered 1 t' "the runner writes and delivers $err"
as clerk request show "$id" --format json
is "$rc $(json '.recipients[0].state')" '0 delivered' 'a clerk sees it'
as clerk request notify "$id"
is "$rc" 1 'and does not deliver'
for role in clerk pgretain_approver pgretain_auditor; do
	ok "$role does not read what is sealed" q_fails 42501 "SET ROLE $role; SELECT sealed FROM pgretain.notice"
done
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'
done_testing
