#!/usr/bin/env bash
# slow
# Legal holds: the commands, the states, two people, and what a hold covers.
. "$(dirname "$0")/lib.sh"

old="now() - interval '4 years'"
q "CREATE TABLE account (id int PRIMARY KEY, closed timestamptz, name text);
	CREATE TABLE orders (id int PRIMARY KEY, account int REFERENCES account, at timestamptz, no text);
	CREATE TABLE item (id int PRIMARY KEY, orders int NOT NULL REFERENCES orders, what text);
	CREATE TABLE note (id int PRIMARY KEY, orders int REFERENCES orders ON DELETE CASCADE,
		account int REFERENCES account ON DELETE CASCADE, body text);
	CREATE TABLE ticket (id int PRIMARY KEY, orders int REFERENCES orders, account int, at timestamptz);
	CREATE TABLE share (id int PRIMARY KEY, owner_type text, owner_id text, at timestamptz)"

fill() {
	q "TRUNCATE account, orders, item, note, ticket, share;
		INSERT INTO account SELECT n, $old, 'n' || n FROM generate_series(1, 6) n;
		INSERT INTO orders SELECT n, 1 + n % 6, $old, 'A-' || n FROM generate_series(1, 12) n;
		INSERT INTO item SELECT n, 1 + n % 12, 'thing' FROM generate_series(1, 24) n;
		INSERT INTO note SELECT n, 1 + n % 12, NULL, 'b' FROM generate_series(1, 12) n;
		INSERT INTO ticket SELECT n, NULL, 1 + n % 6, $old FROM generate_series(1, 6) n;
		INSERT INTO ticket VALUES (7, 3, 5, $old);
		INSERT INTO share SELECT n, CASE n % 2 WHEN 0 THEN 'account' ELSE 'team' END, (1 + n % 6)::text, $old
			FROM generate_series(1, 6) n"
}

policy() {
	conf_new
	conf_class c 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	conf_class d 'floor = ( { keep = "3 years"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	conf_rule account 'table = "public.account"; class = "c"; start = "closed"; subject = { account = "id"; };
		children = { orders = "rule"; note = "cascade"; };'
	conf_rule orders 'table = "public.orders"; class = "c"; start = "at"; subject = { account = "account"; };
		children = { ticket = "rule"; note = "cascade"; };'
	conf_rule item 'table = "public.item"; follows = "orders"; action = "delete";'
	conf_rule ticket 'table = "public.ticket"; class = "d"; start = "at"; subject = { account = "account"; };'
	conf_rule share 'table = "public.share"; class = "d"; start = "at";
		subject = { account = { column = "owner_id"; when = "owner_type = '"'account'"'"; }; };'
	cat >"$CONF/subjects.cfg" <<-END
		subjects = { account = { root = "public.account"; key = "id"; }; };
	END
	sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg"/' "$PGRETAIN_CONFIG"
}

# hold ARG...: places a hold, prints its UUID
hold() { pgretain hold add --reason 'case 1' "$@" 2>>"$W/hold.err" || error "hold add $*: $(tail -n 3 "$W/hold.err")"; }
lift() { pgretain hold release "$1" >/dev/null 2>>"$W/hold.err" || error "release: $(tail -n 3 "$W/hold.err")"; }
left() { q "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM $1 ${2:+WHERE $2}"; }
refused() { # DESC ERE ARG...
	local d=$1 e=$2; shift 2
	run_pgretain "$@"
	is "$rc/$out" 1/ "$d"
	like "$err" "$e" "$d: why"
}

policy
run_pgretain init
is "$rc" 0 'init'
fill

note 'what is refused'
n=$(q 'SELECT count(*) FROM pgretain.hold')
refused 'no scope' 'scope' hold add --reason r
refused 'no reason' 'reason' hold add --scope all
refused 'an unknown scope' 'not one of the scopes' hold add --scope rule=orders --reason r
refused 'an unknown rule' 'no rule "order".*orders' hold add --scope table=order --reason r
refused 'an unknown class' 'no class "x"' hold add --scope class=x --reason r
refused 'an unknown type' 'no subject "person"' hold add --scope subject=person:1 --reason r
refused 'a key of another type' 'none' hold add --scope subject=account:abc --reason r
refused 'a key of nobody' 'mistyped' hold add --scope subject=account:4711 --reason r
refused 'half a subject' 'both parts' hold add --scope subject=account --reason r
refused 'a condition that is none' 'not closed' hold add --scope 'rows=orders:(id = 1' --reason r
refused 'two statements' ';' hold add --scope 'rows=orders:true; DROP TABLE item' --reason r
refused 'an unknown column' 'refuses the condition' hold add --scope 'rows=orders:nope = 1' --reason r
refused 'a column of another alias' 'refuses the condition' hold add --scope 'rows=orders:t.id = 1' --reason r
refused 'chance' 'random' hold add --scope 'rows=orders:random() < 0.5' --reason r
refused 'the clock that goes on' 'clock_timestamp' hold add --scope 'rows=orders:at < clock_timestamp()' --reason r
refused 'a condition that fails on a row' 'refuses the condition' hold add --scope \
	'rows=orders:1 / (id - 1) > 0' --reason r
refused 'a write in the condition' 'refuses the condition|does not always' hold add \
	--scope "rows=orders:id = (SELECT nextval('public.s'))" --reason r
refused 'no instant' 'no instant' hold add --scope all --reason r --review soon
refused 'a release of none' 'no UUID' hold release orders
refused 'a release of an unknown one' 'no hold' hold release 00000000-0000-4000-8000-000000000001
unlike "$err$out" 4711 'no key in an error'
is "$(q 'SELECT count(*) FROM pgretain.hold')" "$n" 'nothing was placed'

note 'placing and listing'
h=$(hold --scope "rows=orders:no = 'A-2'" --review 2999-01-01)
like "$h" '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' 'a UUID comes back'
run_pgretain hold add --scope table=share --reason 'case 2' --format json
h2=$(json .hold)
is "$(json '"\(.schema) \(.scope) \(.state) \(.exit)"') $(q "SELECT state FROM pgretain.hold WHERE id = '$h2'")" \
	'pgretain.hold/1 table active 0 active' 'as JSON'
lift "$h2"
run_pgretain hold list --format json
is "$rc $(json ".holds[] | select(.id == \"$h\") | \"\(.scope) \(.state) \(.reason) \(.review_at)\"")" \
	'0 rows active case 1 2999-01-01T00:00:00Z' 'listed'
is "$(json ".holds[] | select(.id == \"$h\") | .rules | map(\"\(.rule) \(.rows)\") | sort | join(\", \")")" \
	"item $(q "SELECT count(*) FROM item WHERE orders = 2"), orders 1" 'with its width: the row and what follows it'
run_pgretain hold list
like "$out" "$h" 'as text'
is "$(q "SELECT string_agg(action || ' ' || coalesce(rule, '-'), ', ' ORDER BY seq)
	FROM pgretain.ledger WHERE kind = 'hold'")" \
	'add orders, add share, release share' 'in the ledger'
is "$(q "SELECT count(*) FROM pgretain.ledger l WHERE kind = 'hold' AND l::text ~ 'A-2|case'")" 0 \
	'which tells neither whom nor why'

note 'a row, what follows it, what would cascade from it; who refers to it stays outside'
confirmed_run account orders item
is "$rc $(of orders held) $(of item held)" "0 1 $(q "SELECT count(*) FROM item WHERE orders = 2")" 'held'
is "$(left orders) / $(left item 'orders NOT IN (2, 3)') / $(left note 'orders NOT IN (2, 3)')" '2 3 /  / ' \
	'the held row stays (and the one with a ticket), with its items and notes'
is "$(q 'SELECT count(*) FROM item WHERE orders = 2') $(left note 'orders = 2')" '2 1' 'both'
lift "$h"
confirmed_run account orders item ticket share
idle_again
fill

note 'outside: rows with a rule of their own'
h=$(hold --scope 'rows=orders:id = 3')
run_pgretain plan --format json
is "$(json ".holds[] | \"\(.hold) \(.rows) \" + (.outside | map(\"\(.rule) \(.rows)\") | join(\" \"))")" \
	"$h $((1 + $(q 'SELECT count(*) FROM item WHERE orders = 3'))) ticket 1" 'plan shows the width and names them'
run_pgretain plan
like "$out" "outside.*ticket 1" 'as text too'
confirmed_run
is "$(left orders) $(q 'SELECT count(*) FROM ticket')" '3 0' 'the ticket goes by its own rule'
lift "$h"; fill

note 'a note of two parents: what would cascade from the held one does not go with the other'
q 'UPDATE note SET account = 2 WHERE id = 1; UPDATE orders SET account = 2 WHERE id = 2'	# note 1 is of order 2
h=$(hold --scope 'rows=account:id = 2')
q 'UPDATE orders SET account = NULL WHERE id = 2'
confirmed_run
is "$rc $(left note) $(left orders 'id = 2') $(of orders blocked)" '0 1 2 1' 'the note stays, and its order with it'
balance
lift "$h"; fill

note 'a person'
h=$(hold --scope subject=account:2)
run_pgretain hold list --format json
is "$(json ".holds[] | select(.id == \"$h\") | .target")" 'account:2' 'the key, to whom may read the table'
run_pgretain plan --format json
unlike "$out" 'account:2' 'not in a plan'
confirmed_run
is "$(left account) / $(left orders) / $(left ticket 'account = 2')" "2 / $(q '' ; echo '1 7') / $(echo 1)" \
	'account, orders, tickets of the person'
is "$(q "SELECT string_agg(owner_type || owner_id, ' ') FROM share")" '' \
	'shares of teams with the same number are not theirs'
lift "$h"; fill
h=$(hold --scope subject=account:3)
confirmed_run
is "$(q "SELECT string_agg(id::text || owner_type || owner_id, ' ') FROM share")" '2account3' \
	'their share is, by type and number'
is "$(q "SELECT count(*) FROM pgretain.ledger l WHERE l::text ~ 'account[^a-z]{1,6}[23]\\M'")" 0 'no key in the ledger'
lift "$h"; fill

note 'a table, a class, everything'
h=$(hold --scope table=orders)
confirmed_run
is "$(q 'SELECT count(*) FROM orders') $(q 'SELECT count(*) FROM item') $(q 'SELECT count(*)
	FROM note') $(q 'SELECT count(*) FROM ticket')" \
	'12 24 12 0' 'table'
lift "$h"; fill
h=$(hold --scope class=d)
confirmed_run
is "$(q 'SELECT count(*) FROM orders') $(q 'SELECT count(*) FROM ticket') $(q 'SELECT count(*)
	FROM share') $(q 'SELECT count(*) FROM account')" \
	'1 7 6 1' 'class: a held ticket keeps the order that it refers to'
lift "$h"; fill
h=$(hold --scope all)
confirmed_run
is "$(q 'SELECT count(*) FROM orders') $(q 'SELECT count(*) FROM item') $(q 'SELECT count(*)
	FROM ticket')" '12 24 7' 'all'
balance
lift "$h"

note 'two holds on one row, one released'
a=$(hold --scope 'rows=orders:id IN (4, 5)')
b=$(hold --scope 'rows=orders:id IN (5, 6)')
lift "$a"
confirmed_run
is "$(left orders)" '5 6' 'free only when the last is released'
lift "$b"

note 'a hold that came into force as a draft'
fill
h=$(hold --scope 'rows=orders:id = 5' --draft)
is "$(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" draft draft
run_pgretain plan --format json orders
is "$(of orders held)" 0 'a draft keeps nothing'
run_pgretain hold activate "$h"
run_pgretain plan --format json orders
is "$(of orders held)" 1 'activated, it does'

note 'review'
lift "$h"
h=$(hold --scope 'rows=orders:id = 5' --review 2001-01-01)
run_pgretain hold list --format json
is "$(json ".holds[] | select(.id == \"$h\") | .state")" review_due 'past its review date'
confirmed_run orders
is "$(left orders 'id = 5') $(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" '5 review_due' \
	'it goes on holding; the run has noted it'
run_pgretain hold review "$h" --review 2999-01-01
is "$rc $(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" '0 active' 'looked at and kept'
lift "$h"

note 'the release by two people'
sed -i '1i second_person = [ "hold release" ]; cool_down = "1 hour";' "$PGRETAIN_CONFIG"
fill
h=$(hold --scope 'rows=orders:id = 5')
run_pgretain --actor anna hold release "$h"
is "$rc $(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" '0 release_pending' 'the first asks'
refused 'the same person can not confirm' 'anna' --actor anna hold release "$h"
refused 'nor another one before the cool-down is over' 'cool_down' --actor berta hold release "$h"
confirmed_run orders
is "$(left orders 'id = 5')" 5 'a pending release still holds'
q "UPDATE pgretain.hold SET release_asked_at = release_asked_at - interval '59 minutes' WHERE id = '$h'"
refused 'a minute too early' 'cool_down' --actor berta hold release "$h"
q "UPDATE pgretain.hold SET release_asked_at = release_asked_at - interval '2 minutes' WHERE id = '$h'"
refused 'never the same person' 'anna' --actor anna hold release "$h"
run_pgretain --actor berta hold release "$h"
is "$rc $(q "SELECT state || ' ' || release_asked_by || ' ' || released_by FROM pgretain.hold WHERE id = '$h'")" \
	'0 released anna berta' 'a second one confirms'
is "$(left orders 'id = 5')" 5 'nothing goes by the release'
refused 'a third time' 'released already' --actor carla hold release "$h"
confirmed_run orders
is "$(left orders 'id = 5')" '' 'the next run takes it'
h=$(hold --scope all)
run_pgretain --actor anna hold release "$h"
run_pgretain --actor dora hold review "$h"
is "$(q "SELECT state || coalesce(release_asked_by, '') FROM pgretain.hold WHERE id = '$h'")" active \
	'somebody keeps it after all'
ok 'a released hold stays released' q_fails 55000 "UPDATE pgretain.hold SET state = 'active',
	released_at = NULL WHERE state = 'released'"
ok 'what a hold covers never changes' q_fails 55000 "UPDATE pgretain.hold SET scope = 'table',
	target = 'item' WHERE id = '$h'"
done_testing
