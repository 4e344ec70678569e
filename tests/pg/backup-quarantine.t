#!/usr/bin/env bash
# Rules that quarantine, in archives: rows leave them once the vault has them, and not before (domain.md 7).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/backup_lib.sh"

q <<'SQL' || bail_out 'no data'
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TABLE calls (id int PRIMARY KEY, at timestamptz, said text);
CREATE TABLE parts (call_id int REFERENCES calls, n int, body text, PRIMARY KEY (call_id, n));
CREATE TABLE cards (a int, b text, at timestamptz, words text, city text, PRIMARY KEY (a, b));
CREATE TABLE loose (at timestamptz, v text);
INSERT INTO calls SELECT g, now() - g * interval '10 days', 'canary' || g FROM generate_series(1, 80) g;
INSERT INTO parts SELECT 1 + g % 80, g, 'canary' || g FROM generate_series(1, 200) g;
INSERT INTO cards SELECT g, 'k,"' || g || '\', now() - g * interval '10 days', 'canary' || g, 'c' FROM generate_series(1, 80) g;
SQL
conf_new
conf_class t 'standards = ( { name = "p"; keep = "1 year"; } ); zone = "UTC"; action = "quarantine"; vault = "30 days";'
conf_rule calls 'table = "shop.calls"; class = "t"; start = "at";'
conf_rule parts 'table = "shop.parts"; follows = "calls"; action = "quarantine";'
conf_rule cards 'table = "shop.cards"; class = "t"; start = "at"; columns = { words = "null"; };'
run_pgretain init

archive custom
cp "$A" "$W/before"
rewrite "$A"
is "$rc" 2 'rules that nobody has confirmed are refused'

# confirmed, but the rows of half of the calls are locked: they stay in the live table for this night
session_open a
session a 'BEGIN; SELECT FROM shop.calls WHERE id % 2 = 0 FOR UPDATE'
conf_limits 'max_percent = 100.0; lock_timeout = "1s";'
confirmed_run
isnt "$(q "SELECT count(*) FROM shop.calls WHERE at < now() - interval '1 year 1 day'")" 0 'some rows are not in the vault yet'
rewrite "$A" --dry-run
is "$rc $(status)" '2 refused' 'a dry run says so'
rewrite "$A"
is "$rc $(status)" '2 refused' 'and the archive is refused'
like "$out$err" 'not in the vault yet' 'with why'
ok 'and stays as it was' cmp -s "$A" "$W/before"
session a ROLLBACK

run_pgretain run --format json
is "$rc $(q "SELECT count(*) FROM shop.calls WHERE at < now() - interval '1 year 1 day'")" '0 0' 'the next night takes the rest'
rewrite "$A"
is "$rc $(status)" '0 rewritten' 'then the archive is rewritten' || note "$err$(head -c 800 <<<"$out")"
is "$(table shop.calls dropped)" "$(q 'SELECT count(*) FROM pgretain_vault."shop.calls"')" 'without the rows that the vault has'
is "$(table shop.parts dropped)" "$(q 'SELECT count(*) FROM pgretain_vault."shop.parts"')" 'and those that followed them'
for f in custom directory tar plain; do
	restore "$W/before" src
	was=$PGDATABASE PGDATABASE=src
	archive "$f"
	PGDATABASE=$was
	rewrite "$A"
	is "$rc $(status)" '0 rewritten' "$f: rewritten" || note "$err$(head -c 500 <<<"$out")"
	restore "$A" back
	is "$(state back)" "$(state "$PGDATABASE")" "$f: restored it is what the night has left"
done

note 'a table without a key'
conf_rule loose 'table = "shop.loose"; class = "t"; start = "at";'
q "INSERT INTO shop.loose VALUES (now() - interval '2 years', 'canary')"
archive custom
confirmed_run loose
rewrite "$A"
is "$rc $(status)" '2 refused' 'is refused'
like "$out$err" 'without a key' 'by name'
done_testing
