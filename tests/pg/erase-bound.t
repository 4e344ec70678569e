#!/usr/bin/env bash
# An erasure that waits for the end of a floor is bound to the rules that it was approved under: rules that become wider
# or come in addition need a new approval, and one that leaves the configuration does not end it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
night_job
waiting='SELECT count(*) FROM s.orders WHERE account_id = 3'	# a receiver is stripped, the order stays theirs

q "INSERT INTO s.orders VALUES (30, 3, NULL, 'R30', 1, now(), now() - interval '1 year', NULL)"
request 3
approved "$id"
run_pgretain erase "$id" --format json
is "$rc $(state_of "$id") $(q "$waiting")" '0 partially_deferred 1' 'an order is under its floor'
night
is "$rc $(state_of "$id")" '0 partially_deferred' 'and waits'

cp "$CONF/classes.cfg" "$W/classes"
sed -i 's/keep = "3 years"; basis/keep = "3 days"; basis/' "$CONF/classes.cfg"
before=$(snap 'TABLE s.orders')
night
is "$rc $(state_of "$id")" '2 partially_deferred' 'a floor that became shorter takes nothing by itself'
like "$err" 'request.stale.*orders.*shorter' 'and is named'
is "$(snap 'TABLE s.orders')" "$before" 'nothing is done'
run_pgretain erase "$id"
is "$rc" 3 'nor by hand'
like "$err" 'assess' 'it is told what to do'
sed -i 's/keep = "3 days"; basis/keep = "4 years"; basis/' "$CONF/classes.cfg"
night
is "$rc $(state_of "$id")" '0 partially_deferred' 'one that became longer is followed'
cp "$W/classes" "$CONF/classes.cfg"

conf_rule late 'table = "s.late"; class = "log"; start = "at"; subject = { account = "account_id"; };'
conf_add tables/t.cfg 'exempt = ( { table = "s.products"; reason = "no personal data"; } );'
q "CREATE TABLE s.late (id int PRIMARY KEY, account_id bigint, at timestamptz); INSERT INTO s.late VALUES (1, 3, now())"
run_pgretain init
night
is "$rc $(q 'SELECT count(*) FROM s.late')" '2 1' 'a rule that came since takes nothing unapproved'
like "$err" 'late.*is new' 'and is named'
approved "$id"
run_pgretain erase "$id" --format json
is "$rc $(state_of "$id") $(q 'SELECT count(*) FROM s.late')" '0 partially_deferred 0' 'approved anew it does'
night
is "$rc" 0 'and the night goes on'

# the rule of what is kept leaves the configuration
cp "$CONF/tables/t.cfg" "$W/t.cfg"
exempt='{ table = "s.orders"; reason = "tried"; }, { table = "s.items"; reason = "tried"; }, '
awk '/^[a-z]+ = /{ keep = !/^(orders|items) =/ } keep' "$W/t.cfg" | sed "s/exempt = (/&$exempt/" >"$CONF/tables/t.cfg"
night
is "$rc $(state_of "$id")" '2 blocked' 'the request is not complete'
like "$err" 'request.orphaned.*orders' 'and the rule is named'
run_pgretain request certificate "$id" --format json
is "$(json .certificate)" interim 'nor is its certificate final'
is "$(q "$waiting")" 1 'the order is there'
run_pgretain check --config-only
is "$rc" 0 'the files are whole'
exempt='{ table = "s.late"; reason = "tried"; }, '
sed "/^late = /d; s/exempt = (/&$exempt/" "$W/t.cfg" >"$CONF/tables/t.cfg"
q "UPDATE s.orders SET completed_at = completed_at - interval '5 years' WHERE id = 30"
night
is "$rc $(state_of "$id") $(q "$waiting")" '0 completed 0' "put back, and its floor over, all goes by itself $err"
run_pgretain request certificate "$id" --format json
is "$(json .certificate) $(json '.items[] | select(.rule == "late") | .erased')" 'final 1' 'what went by a rule that is no more stays certified'
is "$(unbalanced)" 0 'items balance'
done_testing
