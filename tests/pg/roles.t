#!/usr/bin/env bash
# Who may do what (interface.md 5): every command under every role; a life of a request by four people; what each role
# can't reach beside the commands.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
# a key and an address that are found again wherever they leak
q "INSERT INTO s.accounts VALUES (90817263, 'zz-leak@ex.test', 'zz-leak', NULL);
	INSERT INTO s.orders VALUES (700, 90817263, NULL, 'zz-leak', 1, now(), now(), NULL);
	CREATE ROLE runner LOGIN IN ROLE pgretain_runner; CREATE ROLE clerk LOGIN IN ROLE pgretain_clerk;
	CREATE ROLE approver LOGIN IN ROLE pgretain_approver; CREATE ROLE auditor LOGIN IN ROLE pgretain_auditor;
	CREATE ROLE stranger LOGIN"
for role in runner clerk approver auditor stranger; do
	sed "s/user=$PGUSER/user=$role/" "$PGRETAIN_CONFIG" >"$CONF/$role.cfg"
done
as() { local who=$1; shift; run_pgretain --config "$CONF/$who.cfg" "$@"; }
everything() {
	snap 'TABLE pgretain.ledger'; snap 'TABLE pgretain.request'; snap 'TABLE pgretain.hold'; snap 'TABLE pgretain.request_item'
	for t in accounts phones orders items visits devices shares; do snap "TABLE s.$t"; done
}

# ---- every command, every role --------------------------------------------------------------

run_pgretain hold add --scope 'rows=orders:id = 11' --reason 'case 7'
hold=$(tail -n 1 <<<"$out")
request 5; five=$id
approved "$five"
before=$(everything)
all='runner clerk approver auditor'
# who may | command
cat >"$W/matrix" <<END
runner | plan
runner | explain orders id=11
runner | simulate txn=5years
runner | run orders
runner | run --dry-run
runner | quarantine list
runner | quarantine release orders
runner | quarantine purge
runner | backup rewrite
$all | backup list
runner | erase $five
runner | erase $five --dry-run
runner | request assess $five
runner | request export $five --output $W/copy
clerk approver | request open --subject account:4
clerk approver | request open --identifier email=person4@ex.test
clerk approver | request verify $five --evidence e
clerk approver | request withdraw $five
clerk approver | request extend $five --reason r
approver | request approve $five --expect sha256:00
approver | request refuse $five --ground P2 --evidence e
clerk approver | hold add --scope table=orders --reason r
runner clerk approver | hold list
approver | hold release $hold
approver | hold review $hold
approver | hold activate $hold
$all | request list
$all | request show $five
$all | request certificate $five
$all | report
$all | metrics
$all | ledger verify
$all | ledger show
$all | ledger export
END
n=0
while IFS='|' read -r may command; do
	for role in $all stranger; do
		case " $may " in *" $role "*) continue;; esac
		n=$((n + 1))
		echo "$role |$command" >"$W/m$n"
		read -ra words <<<"$command"
		{ "$PGRETAIN" --config "$CONF/$role.cfg" "${words[@]}" >"$W/m$n.out" 2>"$W/m$n.err" </dev/null; echo $? >"$W/m$n.rc"; } &
	done
	wait $(jobs -rp)
done <"$W/matrix"
wrong=
for i in $(seq $n); do
	role=$(cut -d' ' -f1 "$W/m$i")
	[ "$(cat "$W/m$i.rc")" = 1 ] && [ ! -s "$W/m$i.out" ] && [ "$(grep -c '^pgretain: ' "$W/m$i.err")" = 1 ] &&
		grep -q "^pgretain: role $role may not do that: pgretain .* is for members of pgretain_" "$W/m$i.err" &&
		grep -q '^  do: GRANT pgretain_' "$W/m$i.err" || wrong="$wrong
$(cat "$W/m$i"): $(cat "$W/m$i.rc") $(cat "$W/m$i.err")"
done
is "$wrong" '' 'what a role may not do ends 1 with one sentence that names role, command and remedy'
ok 'and that was most of the matrix' test "$n" -gt 80
is "$(everything)" "$before" 'and nothing is changed by it'

wrong=
while IFS='|' read -r may command; do
	case "$command" in *purge*|*release*|*withdraw*|*refuse*|*'hold '*|*' run orders'*|*'erase '*) continue;; esac
	for role in $may; do
		read -ra words <<<"$command"
		as "$role" "${words[@]}"
		case "$err" in *'may not do that'*|*42501*|*privilege*) wrong="$wrong
$role $command: $err";; esac
	done
done <"$W/matrix"
is "$wrong" '' 'what a role may do is not refused for want of a right'
for role in $all; do
	as "$role" init
	is "$rc" 1 "$role: init is for the owner"
	like "$err" "^pgretain: role $role may not " 'in one sentence'
done

# ---- one life, by four people ---------------------------------------------------------------

as clerk request open --subject account:90817263
is "$rc" 0 'a clerk opens a request'
id=$(tail -n 1 <<<"$out")
as clerk request verify "$id" --evidence letter-1
is "$rc" 0 'and verifies it' || note "$err"
as runner request assess "$id" --format json
is "$rc" 0 'the runner assesses it' || note "$err"
fp=$(json .fingerprint)
as clerk request approve "$id" --expect "$fp"
is "$rc" 1 'the clerk does not approve it'
as approver request approve "$id" --expect "$fp"
is "$rc" 0 'the approver does' || note "$err"
q 'GRANT INSERT ON s.history TO pgretain_runner; GRANT USAGE ON SEQUENCE s.history_id_seq TO pgretain_runner'
as runner erase "$id" --format json
is "$rc" 0 'the runner erases' || note "$err"
is "$(q "SELECT count(*) FROM s.orders WHERE receiver = 'zz-leak'")" 0 'what may go is gone'
as auditor request show "$id" --format json
is "$rc" 0 'the auditor shows it' || note "$err"
is "$(json '.people | length')/$(json .restricted)" 0/true 'without whom it means, but that somebody is restricted'
is "$(json '.items | length')" "$(q "SELECT count(*) FROM pgretain.request_item WHERE request = '$id'")" 'with all its items'
clerk_sees=$(as clerk request show "$id" --format json; json '.people[0].key')
is "$clerk_sees" 90817263 'which the clerk sees'
as auditor request certificate "$id" --format json --output "$W/certificate"
is "$rc" 0 'the auditor draws a certificate' || note "$err"
as auditor request certificate --verify "$W/certificate"
is "$rc" 0 'and checks it' || note "$err"
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'

: >"$W/seen"
for command in "request list" "request show $id" "request show $id --format json" report 'report --format json' metrics \
	'ledger show' 'ledger export' "request certificate $id"; do
	read -ra words <<<"$command"
	as auditor "${words[@]}"
	printf '%s\n%s\n' "$out" "$err" >>"$W/seen"
done
cat "$W/certificate" >>"$W/seen"
is "$(grep -c -e 90817263 -e zz-leak "$W/seen")" 0 'nothing that an auditor gets to see names the person'

# ---- beside the commands --------------------------------------------------------------------

is "$(q "SELECT r.role || ' ' || p.p || ' ' || c.relname FROM pg_class c,
	unnest('{pgretain_runner,pgretain_clerk,pgretain_approver,pgretain_auditor}'::text[]) r (role),
	unnest('{INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) p (p)
	WHERE c.relnamespace = 'pgretain'::regnamespace AND c.relname IN ('ledger', 'ledger_head', 'lineage', 'migration', 'rule_text',
		'confirmed', 'request', 'request_subject', 'request_ground', 'request_event', 'request_transition')
	AND has_table_privilege(r.role, c.oid, p.p)")" '' 'no role changes the ledger, a request or its rules'
for role in $all; do
	ok "$role: the ledger takes no UPDATE" q_fails 42501 "SET ROLE $role; UPDATE pgretain.ledger SET rows = 0"
	ok "$role: nor are its triggers put aside" q_fails 42501 "SET ROLE $role; SET session_replication_role = replica"
done
is "$(q "SELECT string_agg(DISTINCT c.relname, ' ') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
	WHERE c.relnamespace IN ('s'::regnamespace, 'pgretain_vault'::regnamespace)
	AND has_column_privilege('pgretain_auditor', c.oid, a.attnum, 'SELECT')")" '' 'the auditor reads no column of the application or the vault'
is "$(q "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c WHERE c.relnamespace = 'pgretain'::regnamespace
	AND c.relname IN ('hold', 'request_subject', 'request_identifier', 'request_frozen', 'restricted')
	AND has_table_privilege('pgretain_auditor', c.oid, 'SELECT')")" '' 'nor what says of whom a request or a hold is'
is "$(q 'SET ROLE auditor; SELECT count(*) FROM pgretain.request_person')/$(q 'SET ROLE clerk; SELECT count(*) > 0 FROM pgretain.request_person')" \
	0/t 'the view of persons is empty for them alone'
is "$(q "SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc p WHERE p.pronamespace = 'pgretain'::regnamespace
	AND p.provolatile = 'v' AND has_function_privilege('pgretain_auditor', p.oid, 'EXECUTE')")" request_certified \
	'an auditor writes nothing but that a certificate was drawn'
ok 'and of a request that was executed only' q_fails 42501 \
	"SET ROLE auditor; SELECT pgretain.request_certified('$five', 'sha256:$(printf '0%.0s' $(seq 64))', 'final', 'x', 'x')"
is "$(q "SELECT string_agg(c.relname || '.' || a.attname, ' ' ORDER BY c.relname, a.attnum) FROM pg_class c JOIN pg_attribute a
	ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 's'::regnamespace
	AND has_column_privilege('pgretain_clerk', c.oid, a.attnum, 'SELECT')")" \
	'accounts.id accounts.email phones.account_id phones.number phones.since phones.until' \
	'a clerk finds people, and reads nothing else of them'
for event in approve refuse ground; do
	ok "a clerk has no way round: $event" q_fails 42501 \
		"SET ROLE clerk; SELECT pgretain.request_move('$five', 'approved', '$event', 'approved', 'x', NULL, NULL, NULL)"
done
ok 'the runner approves nothing' q_fails 42501 \
	"SET ROLE runner; SELECT pgretain.request_move('$five', 'awaiting_approval', 'approve', 'approved', 'x', NULL, NULL, NULL)"

# ---- a right that is missing under way ------------------------------------------------------

q 'REVOKE INSERT ON s.history FROM pgretain_runner'
request 1
approved "$id"
as runner erase "$id" --format json
is "$rc" 2 'what an erasure lacks a right for needs a human'
is "$(state_of "$id")" blocked 'and the request is not done'
like "$(q "SELECT string_agg(sqlstate, ' ') FROM pgretain.request_item WHERE request = '$id' AND failed > 0")" 42501 'the item says why'
is "$(unbalanced)" 0 'and all balances'

note 'the search afterwards reads what no rule is about'
request 19
approved "$id"
as runner erase "$id"
is "$rc $(state_of "$id")" '0 completed' 'init has given the runner the right' || note "$err"
q 'CREATE TABLE s.later (n int, words text)'
request 18
approved "$id"
as runner erase "$id"
isnt "$rc" 0 'a table that came since'
like "$err" 's.later.*pgretain init' 'is named, with the remedy'
run_pgretain init
as runner erase "$id"
is "$rc $(state_of "$id")" '0 completed' 'which is one' || note "$err"
done_testing
