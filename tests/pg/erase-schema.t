#!/usr/bin/env bash
# The schema is changed in the middle of an erasure. What was approved is what is done: a key that would take other
# rows along stops its rule, nothing goes unseen, and the request stays open until somebody has looked.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"
. "$(dirname "$0")/signals_lib.sh"

books() {
	is "$((200 - $(q 'SELECT count(*) FROM s.visits')))" "$(q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger WHERE kind = 'batch' AND tbl = 's.visits'")" \
		"$1: what is gone is what the ledger says"
}
erase_shop
q 'CREATE TABLE s.marks (visit bigint); INSERT INTO s.marks SELECT id FROM s.visits'
request 1
approved "$id"
ok 'it halts in the middle' halted lane_begin erase "$id" --format json
q 'ALTER TABLE s.marks ADD FOREIGN KEY (visit) REFERENCES s.visits ON DELETE CASCADE NOT VALID'
tell CONT
bg_end
is "$rc" 2 'a key has come: a human is needed' || note "$err"
is "$(q 'SELECT count(*) FROM s.marks')" 200 'no row of another table went unseen'
books 'a key has come'
is "$(state_of "$id")" blocked 'the request is blocked'
is "$(unbalanced)" 0 'its items balance'
q 'ALTER TABLE s.marks DROP CONSTRAINT marks_visit_fkey'
run_pgretain erase "$id" --format json
is "$rc $(q 'SELECT count(*) FROM s.visits WHERE account_id = 1')" '0 0' 'with the key away it goes on' || note "$err"
books 'with the key away'
is "$(q 'SELECT count(*) FROM s.marks')" 200 'and takes nothing along'

# another trigger changes nothing of what was approved: it goes on
request 3
approved "$id"
ok 'it halts in the middle' halted lane_begin erase "$id" --format json
q "CREATE FUNCTION s.tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
	CREATE TRIGGER tell AFTER DELETE ON s.visits FOR EACH ROW EXECUTE FUNCTION s.tell()"
tell CONT
bg_end
is "$rc $(q 'SELECT count(*) FROM s.visits WHERE account_id = 3')" '0 0' 'a trigger has come: it goes on with a plan made anew' || note "$err"
books 'a trigger has come'
done_testing
