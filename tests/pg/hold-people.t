#!/usr/bin/env bash
# Holds on people: by every identifier, guests, numbers that passed on, attachments, vault, roles.
. "$(dirname "$0")/lib.sh"

q "CREATE TABLE account (id bigint PRIMARY KEY, email text, closed timestamptz);
	CREATE TABLE phone (id int PRIMARY KEY, account bigint REFERENCES account, number text, since timestamptz,
		until timestamptz);
	CREATE TABLE orders (id int PRIMARY KEY, account bigint, guest_phone text, at timestamptz, created timestamptz);
	CREATE TABLE mail (id int PRIMARY KEY, sender text, at timestamptz);
	CREATE TABLE scan (id int PRIMARY KEY, orders int REFERENCES orders ON DELETE SET NULL, at timestamptz);
	CREATE TABLE call (id int PRIMARY KEY, account bigint, at timestamptz)"
fill() {
	q "TRUNCATE account, phone, orders, mail, scan, call;
		INSERT INTO account VALUES (1, 'Anna@Example.org ', '2015-06-01'), (2, 'b@example.org', '2015-06-01'),
			(3, 'c@example.org', '2015-06-01');
		INSERT INTO phone VALUES (1, 1, '+86 138 0013 8000', '2010-01-01', '2012-01-01'), (2, 2,
			'13800138000', '2012-01-01', NULL),
			(3, 1, '0086-139-0013-9000', '2012-01-01', NULL);
		INSERT INTO orders VALUES (1, 1, NULL, '2013-01-01', '2013-01-01'), (2, 2, NULL, '2013-01-01', '2013-01-01'),
			(3, NULL, '138-0013-8000', '2011-06-01', '2011-06-01'), (4, NULL, '008613800138000',
				'2013-06-01', '2013-06-01'),
			(5, NULL, '139 0013 9000', '2013-06-01', '2013-06-01'), (6, NULL, '137 0000 0000',
				'2013-06-01', '2013-06-01'),
			(7, NULL, '137 1111 1111', '2013-06-01', '2013-06-01'), (8, 3, NULL, '2013-06-01', '2013-06-01');
		INSERT INTO mail VALUES (1, ' ANNA@example.ORG', '2013-01-01'), (2, 'b@example.org',
			'2013-01-01'), (3, 'x@example.org', '2013-01-01');
		INSERT INTO scan VALUES (1, 1, '2013-01-01'), (2, 2, '2013-01-01'), (3, 6, '2013-01-01');
		INSERT INTO call VALUES (1, 1, '2013-01-01'), (2, 2, '2013-01-01')"
}
conf_new
conf_class c 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_class v 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "quarantine"; vault = "1 day";'
conf_rule account 'table = "public.account"; class = "c"; start = "closed"; subject = { account = "id"; };
	children = { phone = "rule"; };'
conf_rule phone 'table = "public.phone"; class = "c"; start = "since"; subject = { account = "account"; };'
conf_rule orders 'table = "public.orders"; class = "c"; start = "at"; children = { scan = "set null"; };
	subject = { account = ( "account", { identifier = "phone"; column = "guest_phone"; at = "created"; } ); };'
conf_rule mail 'table = "public.mail"; class = "c"; start = "at";
	subject = { account = { identifier = "email"; column = "sender"; }; };'
conf_rule scan 'table = "public.scan"; class = "c"; start = "at"; subject = { account = { follows = "orders"; }; };'
conf_rule call 'table = "public.call"; class = "v"; start = "at"; subject = { account = "account"; };'
cat >"$CONF/subjects.cfg" <<-END
	subjects = { account = { root = "public.account"; key = "id"; identifiers = {
		email = { column = "email"; normalise = "email"; };
		phone = { table = "public.phone"; column = "number"; subject = "account";
			valid_from = "since"; valid_until = "until";
		          normalise = "e164"; country = "CN"; }; }; }; };
END
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg"/' "$PGRETAIN_CONFIG"
run_pgretain init
is "$rc" 0 init

hold() { pgretain hold add --reason 'case 1' "$@" 2>"$W/hold.err" || error "hold add $*: $(tail -n 3 "$W/hold.err")"; }
lift() { pgretain hold release "$1" >/dev/null 2>>"$W/hold.err" || error "release: $(tail -n 3 "$W/hold.err")"; }
left() { q "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM $1 ${2:+WHERE $2}"; }
all() { echo "$(left account) / $(left phone) / $(left orders) / $(left mail) / $(left scan)"; }

note 'by the key: every identifier, at its time'
fill
h=$(hold --scope subject=account:1)
confirmed_run
is "$rc / $(all)" '0 / 1 / 1 3 / 1 3 5 / 1 / 1' \
	'their phones, orders as a guest under both numbers while they were theirs, mails, and the scan of their order'
balance
lift "$h"; fill

note 'by an e-mail'
h=$(hold --scope 'identifier=email:ANNA@example.org')
confirmed_run
is "$rc / $(all)" '0 / 1 / 1 3 / 1 3 5 / 1 / 1' 'the same person'
lift "$h"; fill

note 'by a number that was two people'\''s, from standard input'
h=$(hold --scope 'identifier=phone:-' <<<'+86 138 0013 8000')
like "$(<"$W/hold.err")" "2 people" 'it says so'
confirmed_run
is "$rc / $(all)" '0 / 1 2 / 1 2 3 / 1 2 3 4 5 / 1 2 / 1 2' 'the hold is on both; another guest and the third person go'
run_pgretain hold list --format json
is "$(json ".holds[] | select(.id == \"$h\") | .scope + \" \" + .target")" 'identifier account.phone' 'listed'
unlike "$out" '138 ?0013 ?8000' 'without the number'
run_pgretain hold list
unlike "$out" '138 ?0013 ?8000' 'as text too'
is "$(q "SELECT count(*) FROM pgretain.ledger l WHERE l::text ~ '138 ?0013 ?8000'")" 0 'nor in the ledger'
q "UPDATE phone SET number = '150 0000 0000'; INSERT INTO orders VALUES (9, NULL, '150 0000 0000',
	'2013-06-01', '2013-06-01')"
run_pgretain run --format json
is "$rc / $(left orders)" '0 / 1 2 3 4 9' 'whom it meant stays under it under a new number'
lift "$h"
run_pgretain run --format json
is "$(all)" ' /  /  /  / ' 'released'
is "$(q "SELECT count(*) FROM pgretain.hold WHERE identifier_value IS NOT NULL")" 0 'the value goes with the next run'
fill

note 'a guest without an account'
h=$(hold --scope 'identifier=phone:13700000000')
confirmed_run
is "$(left orders) / $(left scan)" '6 / 3' 'by the number in the row'
lift "$h"
for v in 'phone:13712345678' 'phone:---' 'email:nobody@example.org' 'fax:1' 'phone'; do
	run_pgretain hold add --scope "identifier=$v" --reason x
	is "$rc/$out" 1/ "refused: ${v%%:*}"
	unlike "$err" '13712345678|nobody@' 'without the value'
done

note 'in the vault'
fill
confirmed_run call
is "$(q 'SELECT count(*) FROM call')" 0 'quarantined'
h=$(hold --scope 'identifier=email:anna@example.org')
run_pgretain quarantine list --format json
is "$(json '[.entries[].held] | add')" "$(q 'SELECT count(*) FROM pgretain_vault."public.call"
	WHERE account = 1')" 'the row of the person is held there'
lift "$h"

note 'roles'
fill
q 'CREATE ROLE clerk LOGIN IN ROLE pgretain_clerk; CREATE ROLE boss LOGIN IN ROLE pgretain_approver;
	CREATE ROLE nobody LOGIN IN ROLE pgretain_auditor; GRANT SELECT ON account, phone, orders, mail,
		scan, call TO boss, clerk'
as() { local r=$1; shift; sed "s/user=postgres/user=$r/" "$PGRETAIN_CONFIG" >"$CONF/$r.cfg";
	run_pgretain --config "$CONF/$r.cfg" "$@"; }
as clerk hold add --scope subject=account:1 --reason 'case 9'
is "$rc" 0 'a clerk places a hold' || note "$err"
h=$out
as clerk hold release "$h"
is "$rc $(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" '1 active' 'and does not release it'
q 'REVOKE SELECT ON account FROM clerk'
as clerk hold list --format json
is "$rc $(jq -r '.holds[-1].target' <<<"$out")" '0 account' 'who may not read the accounts sees no key' || note "$err"
as boss hold release "$h"
is "$rc $(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" '0 released' 'an approver does' || note "$err"
as nobody hold list
is "$rc" 1 'an auditor sees none'

note 'rows of a guest, when what led to them is erased'
. "$(dirname "$0")/erase_lib.sh"
db_new frozen
erase_shop
night_job
q "INSERT INTO s.orders VALUES (92, NULL, '139 0000 0003', 'guest', 1, now() - interval '1 year', now() - interval '1 year', NULL),
	(93, 3, NULL, 'R93', 1, now() - interval '1 year', now() - interval '1 year', NULL)"
number() { q "SELECT coalesce(guest_phone, 'gone') FROM s.orders WHERE id = $1"; }
request 3
approved "$id"
run_pgretain erase "$id" --format json
is "$rc $(q 'SELECT count(*) FROM s.phones WHERE account_id = 3') $(number 92)" '0 0 139 0000 0003' \
	'the number is erased, the orders wait for their floor' || note "$err"
h=$(hold --scope subject=account:3)
q "UPDATE s.orders SET completed_at = now() - interval '5 years' WHERE id = 92"
night
is "$rc $(number 92) $(state_of "$id")" '0 139 0000 0003 partially_held' 'a hold on the person covers it' || note "$err"
lift "$h"
h=$(hold --scope 'identifier=email:person3@ex.test')
night
is "$rc $(number 92)" '0 139 0000 0003' 'and one by an address that is erased' || note "$err"
run_pgretain hold list --format json
is "$(json '.holds[] | select(.state == "active") | .rules[] | select(.rule == "orders") | .rows')" 2 'as wide as that'
key=$(grep key_file "$CONF/subjects.cfg")
sed -i '/key_file/d' "$CONF/subjects.cfg"
run_pgretain run --format json
is "$rc" 1 'without the key nothing goes'
like "$err" 'are sealed, and the configuration names no key_file' 'it says why'
run_pgretain hold list --format json
is "$rc $(json '.holds[] | select(.state == "active") | .rules[] | select(.rule == "orders") | .rows')" '0 null' 'how wide is not guessed'
h2=$(hold --scope subject=account:3)
echo "$key" >>"$CONF/subjects.cfg"
lift "$h"; lift "$h2"
night
is "$rc $(number 92)" '0 gone' 'released, it goes with the next night' || note "$err"

note 'a hold in the middle of the erasure'
request 1
approved "$id"
PGRETAIN_FAULT=exec_step:2:stop "$PGRETAIN" erase "$id" >"$W/erase.out" 2>"$W/erase.err" & pid=$!
halted() { [ "$(ps -o state= -p $pid)" = T ]; }
wait_for 60 halted || error "it does not halt: $(<"$W/erase.err")"
is "$(q 'SELECT count(*) FROM s.phones WHERE account_id = 1') $(number 13)" '0 139 0000 0001' 'the number is gone, the order of the guest is there'
h=$(hold --scope subject=account:1)
kill -CONT $pid
wait $pid; rc=$?
is "$rc $(number 13)" '0 139 0000 0001' 'it is under the hold' || note "$(<"$W/erase.err")"
lift "$h"

note 'a ground keeps it from the rules as well'
request 5
q "INSERT INTO s.phones VALUES (5, 5, '+8613900000005', '2020-01-01', NULL);
	INSERT INTO s.orders VALUES (95, NULL, '139 0000 0005', 'guest', 1, now() - interval '1 year', now() - interval '1 year', NULL),
	(96, 5, NULL, 'R96', 1, now() - interval '1 year', now() - interval '1 year', NULL)"
approved "$id"
run_pgretain erase "$id" --format json
q "INSERT INTO pgretain.request_ground (request, rule, code, scope, evidence, approver, review_at)
	VALUES ('$id', 'orders', 'G2', 'rule orders', 'case 3', 'boss', now() + interval '1 year');
	UPDATE s.orders SET completed_at = now() - interval '5 years' WHERE id = 95"
confirmed_run orders items
is "$rc $(number 95)" '0 139 0000 0005' 'by the number that is erased' || note "$err"
done_testing
