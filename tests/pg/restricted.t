#!/usr/bin/env bash
# Who is restricted is out of ordinary processing (domain.md 4): the application's own role, by the view that config/README.md
# shows, without a change to its tables.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

erase_shop
q 'CREATE ROLE shop_owner; CREATE ROLE shop_app LOGIN; GRANT CREATE ON DATABASE t TO shop_owner;
	ALTER SCHEMA s OWNER TO shop_owner; ALTER TABLE s.accounts OWNER TO shop_owner'
# as the documentation has it: its statements, not a copy of them, for this shop
sed -n '/^    GRANT USAGE ON SCHEMA pgretain TO shop_owner/,/^$/p' "$ROOT/config/README.md" |
	sed 's/shop\.accounts/s.accounts/g; s/REVOKE .*//' >"$W/doc.sql"
like "$(<"$W/doc.sql")" 'security_barrier' 'the documentation has a view'
is "$(q <"$W/doc.sql" && echo ok)" ok 'it is created as written'

seen() { q "SET ROLE shop_app; SET search_path = shop_open, s; SELECT count(*) FROM accounts WHERE id = 1"; }
is "$(seen)" 1 'the application sees a person'
run_pgretain request open --subject account:1 --actor clerk
id=$out
is "$rc $(seen)" '0 1' 'and does while nobody knows who asks'
run_pgretain request verify "$id" --evidence letter-1
is "$rc $(seen)" '0 0' 'verified: hidden' || note "$err"
is "$(q 'SET ROLE shop_app; SET search_path = shop_open, s; SELECT count(*) FROM accounts')" 19 'everybody else is there'
run_pgretain request refuse "$id" --ground P2 --evidence letter-2 --actor boss
is "$rc $(seen)" '0 1' 'refused: there again' || note "$err"
run_pgretain request open --subject account:1 --actor clerk
id=$out
run_pgretain request verify "$id" --evidence letter-3
is "$rc $(seen)" '0 0' 'verified once more: hidden' || note "$err"
run_pgretain request withdraw "$id"
is "$rc $(seen)" '0 1' 'withdrawn: there again' || note "$err"
run_pgretain init
is "$rc $(seen)" '0 1' 'a later init leaves the grant'
ok 'the application reads no table under the view' q_fails 42501 'SET ROLE shop_app; TABLE s.accounts'
ok 'nor who is restricted' q_fails 42501 'SET ROLE shop_app; TABLE pgretain.restricted'
is "$(q "SELECT string_agg(c.relname, ' ') FROM pg_class c WHERE c.relnamespace = 'pgretain'::regnamespace AND c.relkind IN ('r', 'v', 'p')
	AND has_table_privilege('shop_owner', c.oid, 'SELECT')")" restricted 'the owner of the view reads that of pgretain, and no more'
done_testing
