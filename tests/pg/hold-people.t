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
done_testing
