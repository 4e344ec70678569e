#!/usr/bin/env bash
# Two public sample databases that nobody made for pgretain, restored by pg_restore, with rules of our own:
# configuration alone suffices. Per rule, plan = run = ledger = plain SQL; a second run changes nothing.
. "$(dirname "$0")/lib.sh"

archives=${PGRETAIN_ARCHIVES:-$ROOT/../shared/archives}
samples=$ROOT/tests/fixtures/samples
if [ ! -d "$archives" ]; then
	echo "1..0 # SKIP the sample archives are not in $archives (\$PGRETAIN_ARCHIVES says where they are)"
	tap_done=true
	exit 0
fi

sample() { # NAME ARCHIVE
	db_new "$1"
	pg_restore -O -x -d "$1" "$archives/$2" 2>"$W/restore.err"
	psql_quiet -f "$samples/$1.sql" || bail_out "$1.sql fails"
	mkdir -p "$W/$1"
	cp "$samples/classes.cfg" "$samples/$1.cfg" "$W/$1"
	export PGRETAIN_CONFIG=$W/$1/pgretain.cfg
	cat >"$PGRETAIN_CONFIG" <<-END
		databases = { $1 = { conninfo = "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$1"; tables = [ "$1.cfg" ]; }; };
		include = [ "classes.cfg" ];
		limits = { max_percent = 100.0; };
	END
	run_pgretain init
	is "$rc" 0 "$1: init"
	run_pgretain check
	is "$rc" 0 "$1: check has no error"
	[ "$rc" = 0 ] || note "$out" >&2
	# a night passes between two calls only if the test straddles one: `now` is fixed for all expectations
	now=$(q 'SELECT now()')
}

# The first local day whose end of retention has come is over at $1 in zone $2: rows of days before it are due.
cut="(date_trunc('day', timestamptz '%s' AT TIME ZONE '%s') - interval '%s')"
before() { printf "$cut" "$now" "$1" "$2"; }

said() { jq -r --arg r "$2" '.rules[] | select(.rule == $r) | [.due, .deleted, .anonymized, .quarantined, .blocked,
	.held + .deferred + .failed + .skipped + .changed] | join(" ")' <<<"$1"; }

# RULE TABLE ACTED-COLUMN "due deleted anonymized quarantined blocked other" by SQL
same() {
	is "$(said "$plan_out" "$1")" "$3" "$1: plan = SQL"
	is "$(said "$run_out" "$1")" "$3" "$1: run = SQL"
	is "$(q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger
		WHERE kind = 'batch' AND run = '$run_id' AND rule = '$1' AND tbl = '$2'")" \
		"$(cut -d' ' -f2-4 <<<"$3" | tr ' ' '+' | bc)" "$1: ledger = SQL"
}

night() {
	confirmed_run
	is "$rc" 0 "$1: run"
	[ "$rc" = 0 ] || note "$err" >&2
	run_out=$out run_id=$(json .run)
	balance "$1: the run balances"
	out=$plan_out
	balance "$1: the plan balances"
	out=$run_out
}

# ---- a shop that lends films: chain, cascades behind a wall, two kinds of overwriting ----

sample dvdrental dvdrental-1.14-custom.dump
q "CREATE SCHEMA want;
CREATE TABLE want.rental AS SELECT *, return_date < $(before Europe/Berlin '3 years') AS due FROM rental;
CREATE TABLE want.payment AS SELECT p.*, r.due FROM payment p JOIN want.rental r USING (rental_id);
CREATE TABLE want.film AS SELECT *, last_update < $(before Europe/Berlin '3 years') AS due, EXISTS (SELECT FROM
	inventory i
	JOIN want.rental r USING (inventory_id) WHERE i.film_id = f.film_id AND r.due IS NOT TRUE) AS walled FROM film f;
CREATE TABLE want.customer AS SELECT *, (NOT activebool OR active = 0)
	AND create_date < $(before America/New_York '18 months') AS due FROM customer;
CREATE TABLE want.parts AS SELECT 'public.film_actor' AS tbl, count(*) AS n FROM film_actor JOIN want.film USING
	(film_id) WHERE due AND NOT walled
	UNION ALL SELECT 'public.film_category', count(*) FROM film_category JOIN want.film USING (film_id) WHERE due
		AND NOT walled
	UNION ALL SELECT 'info.film_users', count(*) FROM info.film_users JOIN want.film USING (film_id) WHERE due AND
		NOT walled
	UNION ALL SELECT 'public.inventory', count(*) FROM inventory JOIN want.film USING (film_id) WHERE due AND NOT
		walled"
pictures=$(snap 'SELECT staff_id, password, picture, first_name FROM staff')
night dvdrental
n=$(q 'SELECT count(*) FROM want.rental WHERE due')
ok 'some rentals are due, others are not' test "$n" -gt 1000 -a "$n" -lt 15000
same rentals public.rental "$n $n 0 0 0 0"
is "$(of rentals indeterminate)" "$(q 'SELECT count(*) FROM want.rental WHERE return_date IS NULL')" \
	'films that never came back'
n=$(q 'SELECT count(*) FROM want.payment WHERE due')
same payments public.payment "$n $n 0 0 0 0"
n=$(q 'SELECT count(*) FROM want.customer WHERE due')
ok 'some customers are due' test "$n" -gt 1 -a "$n" -lt 15
same members public.customer "$n 0 $n 0 0 0"
is "$(of members result) $(of members k)" "pseudonymized $(q "SELECT min(n) FROM (SELECT count(*) AS n FROM customer
	JOIN want.customer w USING (customer_id)
	WHERE w.due GROUP BY customer.store_id) g")" 'with the smallest group by SQL'
same staff public.staff '2 0 0 2 0 0'
read -r n k <<<"$(q 'SELECT count(*), count(*) FILTER (WHERE NOT walled) FROM want.film WHERE due' -F ' ')"
ok 'of the films some are walled, others are not' test "$k" -gt 1 -a "$k" -lt "$n"
same films public.film "$n $k 0 0 $((n - k)) 0"
is "$(jq -r '.rules[] | select(.rule == "films").cascaded | to_entries[] | select(.value > 0) | "\(.key) \(.value)"' \
	<<<"$run_out" | sort)" \
	"$(q 'SELECT tbl, n FROM want.parts WHERE n > 0' -F ' ' | sort)" 'and what goes with them'
is "$(snap 'TABLE rental')" "$(snap "SELECT (t).* FROM (SELECT w::text::rental AS t FROM (SELECT rental_id,
	rental_date, inventory_id,
	customer_id, return_date, staff_id, last_update FROM want.rental WHERE due IS NOT TRUE) w) x")" \
		'the other rentals are as they were'
is "$(snap 'SELECT film_id, title FROM film')" "$(snap \
	'SELECT film_id, title FROM want.film WHERE NOT due OR walled')" 'the other films too'
is "$(q "SELECT count(*) FROM customer c JOIN want.customer w USING (customer_id) WHERE w.due AND c.email IS NULL
	AND c.first_name = '[gone]' AND c.last_name = 'erased-' || customer_id || '@erased.invalid'")" "$(q \
		'SELECT count(*) FROM want.customer WHERE due')" \
	'names of former members are gone'
is "$(snap "SELECT c.* FROM customer c JOIN want.customer w USING (customer_id) WHERE NOT w.due")" \
	"$(snap "SELECT customer_id, store_id, first_name, last_name, email, address_id, activebool, create_date,
		last_update, active
		FROM want.customer WHERE NOT due")" 'and all others are whole'
run_pgretain explain rentals "rental_id=$(q 'SELECT min(rental_id) FROM want.rental WHERE return_date IS NULL')" \
	--format json
is "$rc $(json .state)" '0 indeterminate' 'explain: a film that never came back'
run_pgretain explain films "film_id=$(q 'SELECT min(film_id) FROM want.film WHERE due AND walled')" --format json
is "$rc $(json .state)" '0 blocked' 'explain: a film behind rentals'
run_pgretain explain films "film_id=$(q 'SELECT min(film_id) FROM want.film WHERE NOT due')" --format json
is "$rc $(json .state) $(json .due)" "0 kept $(q "SELECT to_char((date_trunc('day', last_update + interval
	'3 years') + interval '1 day') AT TIME ZONE 'Europe/Berlin'
	AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM want.film WHERE NOT due ORDER BY film_id LIMIT 1")" \
		'explain: one with time left'
run_pgretain explain members "customer_id=$(q 'SELECT min(customer_id) FROM want.customer WHERE due')" --format json
is "$rc $(json .state)" '0 already' 'explain: a former member'
idle_again
run_pgretain quarantine release staff --format json
is "$rc $(json .released)" '0 2' 'the columns of the staff come back'
is "$(snap 'SELECT staff_id, password, picture, first_name FROM staff')" "$pictures" 'byte for byte'

# ---- a shop that ships goods: whole rows to the vault and back, as a chain ----

sample northwind northwind-1.13-custom.dump
whole=$(snap 'TABLE northwind.orders') parts=$(snap 'TABLE northwind.order_details')
q "CREATE SCHEMA want;
CREATE TABLE want.all_orders AS TABLE northwind.orders;
CREATE TABLE want.orders AS SELECT *, greatest(shippeddate, orderdate) < $(before Asia/Shanghai '2 years') AS due
	FROM northwind.orders
	WHERE shipcountry <> 'USA';
CREATE TABLE want.details AS TABLE northwind.order_details;
CREATE TABLE want.employees AS SELECT *, hiredate < $(before America/New_York '18 months') AS due FROM
	northwind.employees;
CREATE TABLE want.all_customers AS TABLE northwind.customers;
CREATE TABLE want.customers AS SELECT *, since < $(before Europe/Berlin '3 years') AS due, EXISTS (SELECT FROM
	northwind.orders o
	LEFT JOIN want.orders w USING (orderid) WHERE o.customerid = c.customerid AND w.due IS NOT TRUE) AS walled FROM
		northwind.customers c"
night northwind
n=$(q 'SELECT count(*) FROM want.orders WHERE due')
ok 'some orders are due, others are not' test "$n" -gt 100 -a "$n" -lt 800
same orders northwind.orders "$n 0 0 $n 0 0"
parts_due=$(q 'SELECT count(*) FROM want.details JOIN want.orders USING (orderid) WHERE due')
same details northwind.order_details "$parts_due 0 0 $parts_due 0 0"
n=$(q 'SELECT count(*) FROM want.employees WHERE due')
same employees northwind.employees "$n 0 $n 0 0 0"
read -r n k <<<"$(q 'SELECT count(*), count(*) FILTER (WHERE NOT walled) FROM want.customers WHERE due' -F ' ')"
ok 'of the customers some are walled, others are not' test "$k" -gt 0 -a "$k" -lt "$n"
same customers northwind.customers "$n $k 0 0 $((n - k)) 0"
is "$(snap 'SELECT orderid FROM northwind.orders')" "$(snap "SELECT orderid FROM want.all_orders
	WHERE orderid NOT IN (SELECT orderid FROM want.orders WHERE due)")" 'the other orders stay'
is "$(q "SELECT count(*) FROM northwind.employees e JOIN want.employees w USING (employeeid) WHERE w.due
	AND (e.city NOT IN ('US', 'GB', 'other') OR e.firstname IS NOT NULL OR e.lastname <> '[erased]'
	OR e.birthdate <> date_trunc('decade', w.birthdate) OR e.postalcode !~ '^..0*\$')")" 0 \
		'employees of old are in final form'
idle_again
run_pgretain quarantine list --format json
is "$rc $(json '[.entries[] | "\(.rule)=\(.rows)"] | sort | join(" ")')" \
	"0 details=$parts_due orders=$(q 'SELECT count(*) FROM want.orders WHERE due')" 'the vault lists both'
run_pgretain quarantine release orders --format json
is "$rc $(json '.conflicts[0].constraint')" '2 orders_customerid_fkey' \
	'orders of customers that are gone can not come back'
q 'INSERT INTO northwind.customers SELECT (w.c).* FROM (SELECT c FROM want.all_customers c) w ON CONFLICT DO NOTHING'
run_pgretain quarantine release orders --format json
is "$rc" 0 'orders are released'
run_pgretain quarantine release details --format json
is "$rc" 0 'and then what was ordered'
is "$(snap 'TABLE northwind.orders') $(snap 'TABLE northwind.order_details')" "$whole $parts" 'byte for byte'
run_pgretain ledger verify
is "$rc" 0 'the chain is whole'

done_testing
