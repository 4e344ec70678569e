#!/usr/bin/env bash
# Rows that earlier nights have put into the vault belong to the person who asks: they are counted, given out in a copy, and
# keep the request open until they are purged (domain.md 4: quarantined is not erased).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

q <<'SQL'
CREATE SCHEMA s;
CREATE TABLE s.accounts (id bigint PRIMARY KEY, email text, bio text, closed_at timestamptz);
CREATE TABLE s.calls (id bigint PRIMARY KEY, account_id bigint, text text, at timestamptz);
CREATE TABLE s.letters (id bigint PRIMARY KEY, account_id bigint REFERENCES s.accounts, at timestamptz);
CREATE TABLE s.pages (id bigint PRIMARY KEY, letter_id bigint NOT NULL REFERENCES s.letters, text text);
CREATE TABLE s.gifts (id bigint PRIMARY KEY, giver bigint, taker bigint, card text, at timestamptz);
CREATE INDEX ON s.calls (account_id); CREATE INDEX ON s.letters (account_id); CREATE INDEX ON s.pages (letter_id);
INSERT INTO s.accounts SELECT n, 'p' || n || '@ex.test', 'bio' || n, NULL FROM generate_series(1, 4) n;
-- of each person one call, letter and gift old, one young
INSERT INTO s.calls SELECT n * 10 + k, n, 'said ' || n || k, now() - k * interval '400 days' FROM generate_series(1, 4) n,
	generate_series(0, 1) k;
INSERT INTO s.letters SELECT n * 10 + k, n, now() - k * interval '400 days' FROM generate_series(1, 4) n, generate_series(0, 1) k;
INSERT INTO s.pages SELECT l.id * 10 + k, l.id, 'wrote ' || l.id FROM s.letters l, generate_series(1, 2) k;
INSERT INTO s.gifts SELECT n * 10 + k, n, n % 4 + 1, 'card ' || n || k, now() - k * interval '400 days' FROM generate_series(1, 4) n,
	generate_series(0, 1) k;
SQL
conf_new
head -c 32 /dev/urandom >"$CONF/key" && chmod 0400 "$CONF/key"
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg"/' "$PGRETAIN_CONFIG"
cat >"$CONF/subjects.cfg" <<'CFG'
subjects = { account = { root = "s.accounts"; key = "id"; identifiers = { email = { column = "email"; normalise = "email"; }; }; }; };
key_file = "key";
no_backups = "a throw-away cluster";
CFG
conf_class account 'standards = ( { name = "c"; keep = "3 years"; } ); zone = "UTC"; action = "delete";'
conf_class talk 'standards = ( { name = "p"; keep = "1 year"; } ); zone = "UTC"; action = "quarantine"; vault = "30 days";'
conf_rule accounts 'table = "s.accounts"; class = "account"; start = "closed_at"; subject = { account = "id"; };'
conf_rule calls 'table = "s.calls"; class = "talk"; start = "at"; subject = { account = "account_id"; };'
conf_rule letters 'table = "s.letters"; class = "talk"; start = "at"; subject = { account = "account_id"; };'
conf_rule pages 'table = "s.pages"; follows = "letters"; action = "quarantine";'
conf_rule gifts 'table = "s.gifts"; class = "talk"; start = "at"; shared = true; subject = { account = ( "giver", "taker" ); };
	action = "quarantine"; columns = { card = "null"; };'
run_pgretain init
confirmed_run
is "$rc $(q 'SELECT count(*) FROM s.calls') $(q 'SELECT count(*) FROM s.pages')" '0 4 8' 'a night puts old rows into the vault' ||
	note "$err"

note 'a copy'
request 1 access
run_pgretain request export "$id" --output "$W/copy" --format json
is "$rc" 0 'is made' || note "$err"
lines() { jq -c . "$W/copy/$1.jsonl" | sort; }
is "$(lines s.calls | jq -c .id)" 10 'what is live'
is "$(lines s.calls.quarantined | jq -c '[keys[], .text]')" '["account_id","at","id","text","said 11"]' \
	'what is in the vault, without the vault'\''s own columns'
is "$(lines s.pages.quarantined | jq -c '[.id, .text]')" "$(printf '[111,"wrote 11"]\n[112,"wrote 11"]')" \
	'and what followed it there, by a letter that is there too'
# gift 11 is from 1 to 2, gift 41 from 4 to 1: the shared row is live, its card is not
is "$(lines s.gifts.quarantined | jq -c .)" "$(printf '{"giver":1,"card":"card 11"}\n{"taker":1,"card":"card 41"}')" \
	'of shared rows their link and what the rule names, as it was'
is "$(jq -c '[.tables[] | select(.quarantined) | [.table, .rows]] | sort' "$W/copy/export.json")" \
	'[["s.calls",1],["s.gifts",2],["s.letters",1],["s.pages",2]]' 'the list tells them apart'
unlike "$(cat "$W/copy"/*)" 'said [234]|wrote [234]|bio[234]' 'nothing of anybody else'

note 'an erasure'
request 1; e=$id
approved "$e" || note "$err"
is "$(parts calls) / $(parts letters) / $(parts pages)" '2 0 0 2 0 0 0 0 0 / 2 0 0 2 0 0 0 0 0 / 4 0 0 4 0 0 0 0 0' \
	'the vault is part of what there is'
isnt "$(item calls until)" null 'with the date of its purge'
run_pgretain erase "$e" --format json
is "$rc $(state_of "$e")" '0 partially_deferred' 'waits' || note "$err"
is "$(json '.rules[] | select(.rule == "calls") | .quarantined')" 1 'the run says what it did itself'
is "$(q 'SELECT count(*) FROM s.calls WHERE account_id = 1') $(parts_of "$e" calls) $(unbalanced)" '0 2 0 0 2 0 0 0 0 0 0' \
	'both rows are in the vault'
is "$(q "SELECT count(*) FROM pgretain_vault.\"s.calls\" WHERE account_id = 1")" 2 'so says the vault'
run_pgretain request certificate "$e" --format json
is "$(json .certificate)" interim 'no final certificate' || note "$out"
is "$(q 'SELECT count(*) FROM pgretain_vault."s.gifts.columns"') $(parts_of "$e" gifts)" '4 6 0 4 2 0 0 0 0 0' \
	'what the vault has of a shared row is there still, though the link that told whose it is is cut'

note 'one comes back'
run_pgretain quarantine release calls id=11
is "$rc $(q 'SELECT count(*) FROM s.calls WHERE id = 11')" '0 1' 'released' || note "$out $err"
run_pgretain erase "$e" --format json
is "$rc $(q 'SELECT count(*) FROM s.calls WHERE account_id = 1') $(parts_of "$e" calls)" '0 0 2 0 0 2 0 0 0 0 0' \
	'and goes by the request' || note "$err"
is "$(q "SELECT vaulted FROM pgretain.request_item WHERE request = '$e' AND rule = 'calls'")" 0 'which has put both there now'

note 'another night moves a row of a person whose request waits'
request 2; f=$id
run_pgretain request assess "$f" --format json
is "$(parts letters)" '2 0 0 2 0 0 0 0 0' 'assessed with one in the vault'
q "UPDATE s.letters SET at = now() - interval '500 days' WHERE id = 20"
run_pgretain run --format json
is "$(q 'SELECT count(*) FROM s.letters WHERE account_id = 2')" 0 'the night takes the other'
approved "$f"
is "$(parts letters) $(q "SELECT vaulted FROM pgretain.request_item WHERE request = '$f' AND rule = 'letters'")" '2 0 0 2 0 0 0 0 0 2' \
	'both are there'
run_pgretain erase "$f"
is "$rc $(state_of "$f") $(parts_of "$f" letters)" '0 partially_deferred 2 0 0 2 0 0 0 0 0' 'and stay on the list'

note 'the purge'
# as if a month had gone by
for t in calls letters pages gifts.columns; do age "s.$t" '2024-05-05 16:00'; done
run_pgretain quarantine purge --format json
is "$rc $(q 'SELECT count(*) FROM pgretain_vault."s.calls"')" '0 0' 'empties the vault' || note "$err"
run_pgretain erase "$e" "$f"
is "$(state_of "$e") $(state_of "$f")" 'completed completed' 'both are done' || note "$out$err"
is "$(parts_of "$e" calls) / $(parts_of "$e" pages) / $(parts_of "$f" letters) / $(unbalanced)" \
	'2 2 0 0 0 0 0 0 0 / 4 4 0 0 0 0 0 0 0 / 2 2 0 0 0 0 0 0 0 / 0' 'and the rows are erased'
is "$(q "SELECT string_agg(id::text, ' ' ORDER BY id) FROM s.calls")" '30 40' 'nobody else lost any'
done_testing
