#!/usr/bin/env bash
# slow
# The life of a request up to its assessment: whom it means, until when, who may do what (domain.md 4).
. "$(dirname "$0")/lib.sh"

q <<'SQL'
CREATE SCHEMA s;
CREATE TABLE s.people (id int PRIMARY KEY, mail text, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE s.phones (id int PRIMARY KEY, who int NOT NULL REFERENCES s.people,
	number text NOT NULL, since timestamptz, until timestamptz);
INSERT INTO s.people SELECT i, CASE WHEN i < 9 THEN 'Person' || i || '@Example.org ' END FROM generate_series(1, 9) i;
-- a number that was person 1's and is person 2's now; one of person 3 alone
INSERT INTO s.phones VALUES (1, 1, '+86 138-1111-2222', '2020-01-01', '2025-06-01'), (2, 2,
	'13811112222', '2025-06-01', NULL),
	(3, 3, '(0086) 139 3333 4444', '2020-01-01', NULL);
SQL
conf_new
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg", "jurisdictions.cfg"/' "$PGRETAIN_CONFIG"
conf_class life 'standards = ( { name = "use"; keep = "10 years"; purpose = "service"; } );
	zone = "UTC"; action = "delete";'
conf_rule phones 'table = "s.phones"; class = "life"; start = "since"; subject = { account = "who"; };'
conf_rule people 'table = "s.people"; class = "life"; start = "at"; subject = { account = "id"; };'
head -c 32 /dev/urandom > "$W/key"; chmod 0400 "$W/key"
conf_add subjects.cfg 'subjects = { account = { root = "s.people"; key = "id"; identifiers = {
	email = { column = "mail"; normalise = "email"; };
	phone = { table = "s.phones"; column = "number"; subject = "who"; valid_from = "since"; valid_until = "until";
		normalise = "e164"; country = "CN"; }; }; }; };
key_file = "'"$W"'/key"; no_backups = "test"; second_person = [ "approve" ];'
printf '2026-10-01\n2026-10-02\n2026-10-05\n2026-10-06\n2026-10-07\n2026-10-10 work\n' > "$CONF/holidays.txt"
conf_add jurisdictions.cfg 'jurisdictions = {
	CN = { respond = "15 working days"; limit = "30 days"; holidays = "holidays.txt"; zone = "Asia/Shanghai"; };
	EU = { respond = "1 month"; extension = "2 months"; };
	CA = { acknowledge = "10 business days"; respond = "45 days"; extension = "45 days"; }; };'
ok 'init' pgretain init

open_as() { run_pgretain request open --format json "$@"; id=$(json .request) state=$(json .state); }
show() { run_pgretain request show "$1" --format json; }
uuid() { cat /proc/sys/kernel/random/uuid; }

# ---- whom it means --------------------------------------------------------------------------

open_as --identifier 'email= PERSON4@example.ORG'
is "$rc $state" '0 received' 'an identifier in another spelling'
show "$id"
is "$(json '.people[] | "\(.subject):\(.key) \(.settled)"')" 'account:4 true' 'finds its person'
open_as --identifier phone=-  <<< '+86 139 3333 4444'
show "$id"
is "$(json '.people[].key')" 3 'a number from standard input, with its country or without'
open_as --identifier phone=13811112222
is "$rc $state" '0 awaiting_identity' 'a number that passed on is resolved by nobody in silence'
like "$err" '2 people' 'and that is said'
show "$id"
is "$(json '[.people[] | "\(.key) \(.here)"] | sort | join(", ")')" '1 false, 2 true' \
	'both are named, and whose it is today'
run_pgretain request verify "$id" --evidence e1
is "$rc" 1 'it can not be verified without saying whom'
run_pgretain request verify "$id" --evidence e1 --subject account:77
is "$rc" 1 'nor as somebody who does not exist'
run_pgretain request verify "$id" --evidence e1 --subject account:1
is "$rc" 0 'but as one of them'
is "$(q 'TABLE pgretain.restricted')" 'account|1' 'who is restricted from now on, and nobody else'
open_as --identifier email=nobody@example.org
is "$rc $state" '0 awaiting_identity' 'no match is for a human (P6)'
like "$err" P6 'and says so'
open_as --subject account:1000
is "$rc $state" '0 awaiting_identity' 'a key that nobody has too'
for bad in account:x nosuch:1 account; do
	run_pgretain request open --subject "$bad"
	is "$rc" 1 "--subject $bad is refused"
done
for bad in phone=abc email= nosuch=1; do
	run_pgretain request open --identifier "$bad"
	is "$rc" 1 "--identifier $bad is refused"
done
run_pgretain request open
is "$rc" 1 'nobody at all is refused'
unlike "$(q "SELECT string_agg(l::text, ' ') FROM pgretain.ledger l")" '3811112222|erson4|3333 4444' \
	'the ledger knows no identifier'
is "$(q "SELECT count(*) FROM pgretain.request_identifier WHERE sealed IS NULL
	OR position('3811112222'::bytea in sealed) > 0")" 0 'values are sealed'

# ---- one id, one request --------------------------------------------------------------------

u=$(uuid)
open_as --subject account:5 --id "$u"
is "$rc $id" "0 $u" 'an id of the caller'
run_pgretain request open --subject account:5 --id "$u"
is "$rc $out" "0 $u" 'the same again is the same request'
is "$(q "SELECT count(*) FROM pgretain.request WHERE id = '$u'")" 1 'and no second one'
run_pgretain request open --subject account:6 --id "$u"
is "$rc" 1 'another person under it is refused'
run_pgretain request open --subject account:6 --id no-uuid
is "$rc" 1 'an id that is no UUID is refused'
open_as --subject account:5
is "$state" duplicate 'a second request for an open one is a duplicate'
open_as --subject account:5 --kind access
is "$state" received 'one of another kind is not'

# ---- what may follow what -------------------------------------------------------------------

run_pgretain request approve "$u" --expect sha256:0
is "$rc" 1 'an unassessed request is not approved'
run_pgretain request withdraw "$u"
is "$rc" 0 'it can be taken back'
show "$u"
is "$(json .state)" withdrawn 'and then is'
run_pgretain request verify "$u" --evidence e
is "$rc" 1 'after its end nothing follows'
like "$err" 'possible now: nothing' 'which is said'
open_as --subject account:6 --actor anna
first=$id
run_pgretain request refuse "$first" --ground P5 --evidence e2
is "$rc" 0 'identity was not proved'
show "$first"
is "$(json .state) $(json '.grounds[].code')" 'denied_identity P5' 'is its own end, with its ground'
open_as --subject account:6 --actor anna
run_pgretain request refuse "$id" --ground G1 --evidence e2
is "$rc" 1 'G1 is the law that the engine reads itself'
run_pgretain request refuse "$id" --ground X9 --evidence e2
is "$rc" 1 'an unknown ground is refused'
run_pgretain request refuse "$id" --ground P2
is "$rc" 1 'a ground without evidence too'
run_pgretain request refuse "$id" --ground G5 --evidence e2 --rule phones
is "$rc" 1 'bad faith refuses a whole request'
run_pgretain request refuse "$id" --ground G7 --evidence e2 --rule nosuch
is "$rc" 1 'an unknown rule is named'
run_pgretain request verify "$id" --evidence e3 --actor anna
run_pgretain request refuse "$id" --ground G3 --evidence e4 --rule phones --review 2030-01-01 --actor boss
is "$rc" 0 'a ground on one part'
show "$id"
is "$(json .state) $(json '.grounds[] | "\(.rule) \(.code) \(.review)"')" \
	'verified phones G3 2030-01-01T00:00:00Z' 'leaves the rest open'
run_pgretain request assess "$id" --format json
fp=$(json .fingerprint)
is "$(json '.items[] | select(.rule == "phones") | .matched')" "$(q 'SELECT count(*) FROM s.phones
	WHERE who = 6')" 'items as plain SQL counts them'
run_pgretain request approve "$id" --expect "$fp" --actor anna
is "$rc" 1 'whoever opened it does not approve it (second_person)'
run_pgretain request approve "$id" --expect "$fp" --actor boss
is "$rc" 0 'somebody else does'

# the program and the server know the same life
is "$(diff <("${BUILD:-$ROOT/build}/tools/request_moves" | sort) \
	<(q 'SELECT kind, from_state, event, to_state FROM pgretain.request_transition' |
		sort))" '' 'transitions stand in both alike'
is "$("${BUILD:-$ROOT/build}/tools/request_moves" unbegun | sort | paste -sd,)" \
	"$(q "SELECT string_agg(event, ',' ORDER BY event COLLATE \"C\") FROM pgretain.request_event WHERE until_begun")" \
	'and so do the ends that there are until execution'

# two at once: one wins, the other says why
open_as --subject account:7
for n in 1 2 3 4; do "$PGRETAIN" request verify "$id" --evidence "e$n" > "$W/v$n" 2>&1 & done
won=0; for job in $(jobs -p); do wait "$job" && won=$((won + 1)); done
is "$won" 1 'of four commands at once one wins'
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'request' AND run = '$id'
	AND action = 'verify'")" 1 'and one entry is in the ledger'
is "$(q "SELECT count(*) FROM pgretain.ledger l JOIN pgretain.request r ON r.id = l.run
	WHERE l.kind = 'request' AND l.actor IS NULL")" 0 'every step has its actor'

# ---- deadlines ------------------------------------------------------------------------------

deadline() { open_as --subject account:8 --kind access "$@"; show "$id";
	json '"\(.deadline) \(.deadline_state)"'; run_pgretain request withdraw "$id" > /dev/null; }
is "$(deadline --jurisdiction EU --received-at 2026-10-31T10:00:00Z |
	cut -d' ' -f1)" 2026-11-30T10:00:00Z 'EU: one month, which has a last day'
# 28 Sep 2026 is a Monday: 29, 30 Sep, 8, 9, 10 (worked), 12 .. 16, 19 .. 23 Oct
is "$(deadline --jurisdiction CN --received-at 2026-09-28T02:00:00Z |
	cut -d' ' -f1)" 2026-10-23T02:00:00Z 'CN: 15 working days around golden week'
# the same instant is Tuesday in Shanghai: one day later
is "$(deadline --jurisdiction CN --received-at 2026-09-28T18:00:00Z |
	cut -d' ' -f1)" 2026-10-25T18:00:00Z 'CN: counted in its own zone'
is "$(deadline --jurisdiction CA --received-at 2026-10-31T10:00:00Z | cut -d' ' -f1)" 2026-12-15T10:00:00Z 'CA: 45 days'
is "$(deadline --jurisdiction XX --received-at 2026-11-02T02:00:00Z |
	cut -d' ' -f1)" 2026-11-23T02:00:00Z 'unknown: the earliest of all'
like "$(deadline --jurisdiction EU --received-at "$(date -u -d '-40 days' +%FT%TZ)")" breached 'past it: breached'
like "$(deadline --jurisdiction EU --received-at "$(date -u -d '-27 days' +%FT%TZ)")" at_risk '80 % of it over: at risk'
like "$(deadline --jurisdiction EU)" on_time 'else on time'
open_as --subject account:8 --kind access --jurisdiction EU --received-at 2026-10-31T10:00:00Z
run_pgretain request extend "$id" --reason 'many systems'
is "$rc" 0 'EU: an extension'
show "$id"
is "$(json '"\(.deadline) \(.deadline_state)"')" '2027-01-30T10:00:00Z extended' 'by two months'
run_pgretain request list --format json
is "$(json ".requests[] | select(.request == \"$id\") | .deadline_state")" extended 'the list shows it'
is "$(json '.requests | length')" "$(q 'SELECT count(*) FROM pgretain.request')" 'the list is whole'
run_pgretain request withdraw "$id"
open_as --subject account:8 --kind access --jurisdiction CN
run_pgretain request extend "$id" --reason x
is "$rc" 1 'CN knows none'
run_pgretain request open --subject account:8 --received-at 2099-01-01
is "$rc" 1 'nothing is received in the future'

# ---- roles ----------------------------------------------------------------------------------

q "CREATE ROLE anna LOGIN IN ROLE pgretain_clerk; CREATE ROLE olga LOGIN IN ROLE pgretain_auditor;
	CREATE ROLE boris LOGIN IN ROLE pgretain_approver"
as() { local who=$1; shift; sed "s/user=$PGUSER/user=$who/" "$PGRETAIN_CONFIG" > "$CONF/as.cfg";
	run_pgretain --config "$CONF/as.cfg" "$@"; }
as anna request open --identifier email=person9@example.org
is "$rc" 0 'a clerk opens a request'
as anna request open --subject account:9
is "$rc" 0 'and by key'
c=$(tail -n 1 <<< "$out")
as anna request verify "$c" --evidence e9
is "$rc" 0 'and verifies it'
as anna request show "$c"
is "$rc" 0 'and shows it'
as anna request list
is "$rc" 0 'and lists them'
run_pgretain request assess "$c" --format json
fp=$(json .fingerprint)
as anna request approve "$c" --expect "$fp"
is "$rc" 1 'but does not approve it'
show "$c"
is "$(json .state)" awaiting_approval 'and it is not approved'
as anna request refuse "$c" --ground P2 --evidence e
is "$rc" 1 'nor refuses it'
as olga request list
is "$rc" 0 'an auditor lists requests'
for t in s.people s.phones pgretain.request_subject pgretain.request_identifier; do
	ok "an auditor reads no $t" q_fails 42501 "SET ROLE olga; SELECT count(*) FROM $t"
done
ok 'nobody changes a request beside the functions' q_fails 42501 'SET ROLE boris;
	UPDATE pgretain.request SET state = $$completed$$'

done_testing
