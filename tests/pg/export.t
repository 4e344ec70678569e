#!/usr/bin/env bash
# The access copy: whose rows, which columns of shared ones, what it refuses, what stays of it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
erase_shop

request 1 access; a=$id
run_pgretain request export "$a"
is "$rc" 1 'no --output'
mkdir "$W/there"
run_pgretain request export "$a" --output "$W/there"
is "$rc" 1 'a path that exists'
like "$err" 'exists' 'says so'
ok_not 'nor into a folder that is not there' pgretain request export "$a" --output "$W/no/where" 2>/dev/null
is "$(q "SELECT state FROM pgretain.request WHERE id = '$a'") $(ls "$W/there")" 'verified ' 'nothing was done'

note 'an entry that does not get into the ledger'
q "CREATE FUNCTION s.no() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END \$\$;
	CREATE CONSTRAINT TRIGGER no AFTER INSERT ON pgretain.ledger DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION s.no()"
run_pgretain request export "$a" --output "$W/copy" --format json
isnt "$rc" 0 'fails at COMMIT'
is "$(ls "$W" | grep -c copy) $(q "SELECT state FROM pgretain.request WHERE id = '$a'")" '0 verified' 'there is no copy without its entry'
q 'DROP TRIGGER no ON pgretain.ledger'
note 'another command at work on the request'
session_open a
session a "SELECT pg_advisory_lock(pgretain.job_key('request $a'))"
run_pgretain request export "$a" --output "$W/copy" --format json
is "$rc $(ls "$W" | grep -c copy)" '1 0' 'has it first'
like "$err" 'another command works on request' 'says so'
session_close a

run_pgretain request export "$a" --output "$W/copy" --format json
is "$rc $(q "SELECT state FROM pgretain.request WHERE id = '$a'")" '0 completed' \
	'the copy answers the request' || note "$err"
is "$(stat -c %a "$W/copy") $(stat -c %a "$W/copy"/* | sort -u)" '700 600' 'for nobody else'
is "$(ls "$W" | grep -c part)" 0 'nothing is left beside it'
lines() { jq -c "${2:-.}" "$W/copy/$1.jsonl" | sort; }
rows() { q "SELECT row_to_json(t) FROM ($1) t" | jq -c . | sort; }
is "$(lines s.accounts)" "$(rows 'SELECT * FROM s.accounts WHERE id = 1')" 'the account, whole'
is "$(lines s.orders .id)" "$(q 'SELECT id FROM s.orders WHERE id IN (10, 11, 12, 13, 16, 17) ORDER BY id')" \
	'orders, as a guest while the number was theirs too; not those under it since'
is "$(lines s.orders)" "$(rows 'SELECT * FROM s.orders WHERE id IN (10, 11, 12, 13, 16, 17)')" 'with every column'
is "$(lines s.items .id)" "$(q 'SELECT id FROM s.items WHERE order_id IN (10, 11, 12, 13, 16, 17)
	ORDER BY id::text')" 'what follows them'
is "$(lines s.visits .id | sort)" "$(q 'SELECT id FROM s.visits WHERE account_id = 1' | sort)" 'visits'
is "$(lines s.shares .id)" 1 'shares of the account, not of a device of that number'
is "$(lines s.devices)" "$(printf '{"owner":1}\n{"owner":1}\n{"second_owner":1}')" \
	'of shared rows their link alone: no word of the other owner'
is "$(jq -r '.tables | map("\(.table) \(.rows)") | .[]' "$W/copy/export.json" | sort |
	grep orders)" 's.orders 6' 'a list'
is_eq "$(json .rows)" "$(cat "$W/copy"/*.jsonl | wc -l)" 'and their number'
unlike "$(cat "$W/copy"/*)" 'person2@|Name 2[^0-9]|R14|R15' 'nothing of anybody else'
is "$(q "SELECT action, rows FROM pgretain.ledger WHERE kind = 'request' AND action = 'export'")" \
	"export|$(json .rows)" 'in the ledger'
is "$(q "SELECT count(*) FROM pgretain.ledger l WHERE l::text ~ 'person1|R10|13900000001'")" 0 'without content'

note 'the same person asks for an erasure'
request 1; e=$id
run_pgretain request export "$e" --output "$W/copy2"
is "$rc $(q "SELECT state FROM pgretain.request WHERE id = '$e'")" '0 verified' 'a copy before it'
is "$(sort "$W/copy/s.orders.jsonl")" "$(sort "$W/copy2/s.orders.jsonl")" 'the same'
approved "$e"
run_pgretain erase "$e"
request 1 access
run_pgretain request export "$id" --output "$W/copy3"
is "$rc $(ls "$W" | grep -c copy3)" '1 0' 'none after it'
like "$err" "erased by request $e" 'says why'
run_pgretain request export "$e" --output "$W/copy3"
is "$rc" 1 'under the erasure neither'

note 'an unverified stranger'
request 5 access
q "ALTER TABLE pgretain.request DISABLE TRIGGER ALL; UPDATE pgretain.request SET state = 'received' WHERE id = '$id'"
run_pgretain request export "$id" --output "$W/copy4"
is "$rc $(ls "$W" | grep -c copy4)" '1 0' 'gets nothing'
run_pgretain request export 00000000-0000-4000-8000-000000000001 --output "$W/copy4"
is "$rc" 1 'nor an unknown request'
done_testing
