#!/usr/bin/env bash
# A restore and requests that were executed and are something else by now: assessed anew, reopened, withdrawn after that. What
# was erased is gone again, whatever stands in the papers, and the papers stay as they were. Told by plain SQL.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

log=$W/shop.replay
erase_shop
conf_add pgretain.cfg "replay_log = \"$log\";"
run_pgretain init
is "$rc" 0 'the log is kept from now on'
lost=$PGDATABASE
person() { q "SELECT (SELECT count(*) FROM s.accounts WHERE id = $1) || ' ' || (SELECT count(*) FROM s.visits WHERE account_id = $1)"; }
erased() { request "$1" && approved "$id" && run_pgretain erase "$id"; [ "$rc" = 0 ] || error "erase: $err"; }
# what a person decides later, by the server's own function
decided() { q "SELECT moved FROM pgretain.request_move('$1', '$2', '$3', '$4', 'anna', 'e', NULL, NULL)"; }
restored() {	# NAME BACKUP: that backup under that name, the configuration points there
	PGDATABASE=postgres q "CREATE DATABASE $1"
	pg_restore -d "$1" "$2" || bail_out pg_restore
	cp "$log" "$W/$1.replay"
	export PGDATABASE=$1
	sed -i "s|dbname=[a-z0-9]*|dbname=$1|; s|^replay_log.*|replay_log = \"$W/$1.replay\";|" "$PGRETAIN_CONFIG"
}
back() {
	export PGDATABASE=$lost
	sed -i "s|dbname=[a-z0-9]*|dbname=$lost|; s|^replay_log.*|replay_log = \"$log\";|" "$PGRETAIN_CONFIG"
}
papers() { q "SELECT string_agg(r.id || ' ' || state || ' ' || s.subject_key || ' ' || (finished_at IS NULL), ', ' ORDER BY r.id)
	FROM pgretain.request r JOIN pgretain.request_subject s ON s.request = r.id AND s.settled"; }
grep -q dbname= "$PGRETAIN_CONFIG" || bail_out "the configuration does not name the database"

q "INSERT INTO s.orders VALUES (80, 8, NULL, 'R80', 1, now() - interval '1 year', now() - interval '1 year', NULL)"
was=$(person 19) visits=$(person 8)
isnt "${visits#* }" 0 'there is something to lose'
pg_dump -Fc -f "$W/before" "$lost" || bail_out pg_dump

erased 8
deferred=$id
is "$(state_of "$deferred")" partially_deferred 'one waits for its floor'
run_pgretain request assess "$deferred"
is "$(state_of "$deferred")" awaiting_approval 'and is assessed again'
erased 5
same=$id
is "$(decided "$same" completed reopen reopened) $(decided "$same" reopened withdraw withdrawn)" 't t' 'one was reopened, and withdrawn'
erased 6
other=$id
is "$(decided "$other" completed reopen reopened)" t 'one was reopened'
q "SELECT pgretain.suppression_settle('$other', 'account', '19')" >/dev/null
is "$(decided "$other" reopened withdraw withdrawn)" t 'under another key, and withdrawn'
request 7
papers=$(papers)
# the person of the second is back of their own will
q "INSERT INTO s.accounts VALUES (5, 'five@ex.test', 'Five', NULL); INSERT INTO s.visits VALUES (9005, 5, 'page', now())"
run_pgretain ledger verify
pg_dump -Fc -f "$W/after" "$lost" || bail_out pg_dump
erased 10
papers_after=$(papers)

restored before "$W/before"
is "$(person 8) $(person 19)" "$visits $was" 'restored: they are back'
run_pgretain --format json replay
is "$rc $(json .open)" '0 true' 'replayed' || note "$err"
for key in 5 6 10; do is "$(person "$key")" '0 0' "person $key is gone again"; done
is "$(q 'SELECT count(*) FROM s.visits WHERE account_id = 8')" 0 'and what no law keeps of 8'
is "$(q 'SELECT receiver IS NULL FROM s.orders WHERE id = 80')" t 'whose order is stripped'
is "$(person 19)" "$was" 'who bears another key now was not meant then'
isnt "$(person 7)" '0 0' 'nor who has only asked'
is "$(papers)" "$papers_after" 'the papers are what they were'
is "$(q 'SELECT count(*) FROM pgretain.request WHERE paper IS NOT NULL') $(unbalanced)" '0 0' 'nothing of it is left over'
run_pgretain request withdraw "$deferred"
is "$rc" 1 'what had begun has'
run_pgretain request show "$same" --format json
is "$(json .state)" withdrawn 'what was withdrawn is'
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'

back
restored after "$W/after"
run_pgretain --format json replay
is "$rc $(json .open) $(json '.requests | length')" '0 true 1' 'later: one has been executed since' || note "$out$err"
is "$(person 10)" '0 0' 'the one that was'
is "$(person 5)" '1 1' 'who came back and has withdrawn keeps what is theirs'
is "$(papers)" "$papers_after" 'the papers are what they were'
done_testing
