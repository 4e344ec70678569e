#!/usr/bin/env bash
# Cases C75, C77, C78, C81 and C84: what went wrong for people who erase on demand. The kinds of these cases are looked for in
# erase.t, erase-kinds.t, erase-shop.t and erase-random.t. Expectations are plain SQL.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
erase_shop
# rows by the account, by its address, by both, by neither; a review beside; a letter that nothing keeps
q <<'SQL'
CREATE TABLE s.tickets (id int PRIMARY KEY, account_id bigint, email text, at timestamptz);
CREATE TABLE s.reviews (id int PRIMARY KEY, account_id bigint, words text, at timestamptz);
INSERT INTO s.tickets VALUES (1, 6, NULL, now()), (2, NULL, ' Person6@EX.test', now()), (3, 6, 'person6@ex.test', now()),
	(4, 7, 'person7@ex.test', now()), (5, NULL, NULL, now()), (6, NULL, 'xperson6@ex.test', now());
INSERT INTO s.reviews SELECT n, n, 'r', now() FROM generate_series(1, 20) n;
INSERT INTO s.orders VALUES (80, 8, '138 0000 0008', 'R80', 1, now() - interval '1 year', now() - interval '1 year', NULL);
INSERT INTO s.phones VALUES (60, 9, '+8613900000060', '2020-01-01', now() - interval '1 month'),
	(61, 10, '+8613900000060', now() - interval '1 month', NULL);
INSERT INTO s.orders VALUES (90, NULL, '13900000060', 'R90', 1, now() - interval '4 years', now() - interval '4 years', NULL),
	(91, NULL, '13900000060', 'R91', 1, now() - interval '1 day', now() - interval '1 day', NULL);
SQL
conf_rule tickets 'table = "s.tickets"; class = "log"; start = "at"; subject = { account = ( "account_id",
	{ identifier = "email"; column = "email"; at = "at"; } ); };'
conf_rule reviews 'table = "s.reviews"; class = "log"; start = "at"; subject = { account = "account_id"; };'
run_pgretain init
is "$rc" 0 'init' || note "$err"

note 'C77: a table that is reached by two identifiers'
request 6
approved "$id"
is "$(item tickets matched)" 3 'by the account, by the address, by both: each row once'
run_pgretain erase "$id"
is "$(q 'SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM s.tickets')" '4 5 6' 'strangers'\'' rows are untouched'

note 'C81: a floor on one table'
request 8
approved "$id"
run_pgretain erase "$id" --format json
is "$rc $(state_of "$id")" '0 partially_deferred' 'does not stop the rest' || note "$err"
is "$(q 'SELECT receiver IS NULL, account_id FROM s.orders WHERE id = 80')" 't|8' 'the order is kept and stripped'
is "$(q 'SELECT count(*) FROM s.reviews WHERE account_id = 8') $(q 'SELECT count(*) FROM s.visits WHERE account_id = 8')" '0 0' \
	'what no law keeps is gone'
is "$(q "SELECT wake_at::date FROM pgretain.request WHERE id = '$id'")" \
	"$(q "SELECT ((completed_at AT TIME ZONE 'UTC')::date + interval '3 years' + interval '1 day')::date FROM s.orders WHERE id = 80")" \
	'it wakes when the three years end'
is "$(unbalanced)" 0 'items balance'

note 'C84: the number is somebody else'\''s now'
theirs=$(snap 'SELECT * FROM s.orders WHERE id = 91'; snap 'SELECT * FROM s.accounts WHERE id = 10'; snap 'SELECT * FROM s.phones WHERE id = 61')
run_pgretain request open --identifier phone=13900000060 --actor clerk --format json
is "$rc" 0 'a request that names the number' || note "$err"
id=$(json .request)
like "$(q "SELECT count(*) FROM pgretain.request_subject WHERE request = '$id'")" '^[2-9]' \
	'meets more than one person, and a human decides'
run_pgretain request assess "$id"
is "$rc" 1 'before that there is nothing to assess'
run_pgretain request verify "$id" --subject account:9 --evidence letter-1 --actor clerk
is "$rc $(q "SELECT string_agg(subject_key, ' ') FROM pgretain.request_subject WHERE request = '$id' AND settled")" '0 9' \
	'who says that it is the old owner' || note "$err"
approved "$id"
is "$(item orders matched)" 1 'the old owner has the order of their time'
run_pgretain erase "$id"
is "$(snap 'SELECT * FROM s.orders WHERE id = 91'; snap 'SELECT * FROM s.accounts WHERE id = 10'; snap 'SELECT * FROM s.phones WHERE id = 61')" \
	"$theirs" 'the new owner'\''s rows are untouched'
is "$(q 'SELECT guest_phone IS NULL FROM s.orders WHERE id = 90')" t 'the old owner'\''s are done'

note 'C78: a table that could not be had'
request 11
approved "$id"
session_open a
session a 'BEGIN; LOCK TABLE s.reviews IN SHARE MODE'
sed -i 's/max_percent = 100.0;/& lock_timeout = "200ms";/' "$PGRETAIN_CONFIG"
run_pgretain erase "$id" --format json
isnt "$rc" 0 'is a failure'
isnt "$(state_of "$id")" completed 'and the request is not complete'
session a ROLLBACK
sed -i 's/ lock_timeout = "200ms";//' "$PGRETAIN_CONFIG"
run_pgretain erase "$id"
is "$rc $(state_of "$id") $(q 'SELECT count(*) FROM s.reviews WHERE account_id = 11')" '0 completed 0' 'the next one finishes it' || note "$err"
q 'CREATE TABLE s.late (id int PRIMARY KEY, account_id bigint, at timestamptz); INSERT INTO s.late VALUES (1, 12, now()), (2, 13, now())'
request 12
approved "$id"
conf_rule late 'table = "s.late"; class = "log"; start = "at"; subject = { account = "account_id"; };'
run_pgretain init
run_pgretain erase "$id"
is "$rc $(q 'SELECT count(*) FROM s.visits WHERE account_id = 12')" \
	"3 $(q 'SELECT count(*) FROM generate_series(1, 200) n WHERE 1 + n % 20 = 12')" \
	'a table that came after the approval is another plan: nothing is done'
approved "$id"
run_pgretain erase "$id"
is "$(state_of "$id") $(q 'SELECT string_agg(id::text, $$ $$) FROM s.late')" 'completed 2' 'approved anew it goes too' || note "$err"

note 'C75: after the hold'
h=$(q "INSERT INTO pgretain.hold (id, scope, subject_type, subject_key, reason, placed_by)
	VALUES (gen_random_uuid(), 'subject', 'account', '14', 'case 75', 'anna') RETURNING id")
request 14
approved "$id"
run_pgretain erase "$id"
is "$(state_of "$id") $(q 'SELECT count(*) FROM s.accounts WHERE id = 14')" 'partially_held 1' 'held'
mkdir -p "$CONF/jobs"
echo 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };' >"$CONF/jobs/n.cfg"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
run_pgretain hold release "$h" --actor anna
run_pgretain hold release "$h" --actor bert
is "$(q "SELECT state FROM pgretain.hold WHERE id = '$h'")" released 'released'
is "$(q 'SELECT count(*) FROM s.accounts WHERE id = 14')" 1 'that alone deletes nothing'
run_pgretain run --job night
is "$(state_of "$id") $(q 'SELECT count(*) FROM s.accounts WHERE id = 14')" 'completed 0' 'the night finishes the same request' || note "$err$out"
run_pgretain request certificate "$id" --format json
is "$(json .certificate)" final 'and its certificate is final'
done_testing
