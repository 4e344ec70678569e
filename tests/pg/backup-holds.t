#!/usr/bin/env bash
# Legal holds of every scope, in archives: what they cover stays, with what hangs on it, and is counted as held;
# everything else that is due goes. What that is, plain SQL says.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/backup_lib.sh"

q <<'SQL' || bail_out 'no data'
CREATE SCHEMA shop;
SET search_path = shop;
CREATE TABLE people (id int PRIMARY KEY, mail text, at timestamptz);
CREATE TABLE orders (id int PRIMARY KEY, person int REFERENCES people, at timestamptz, kind text, words text);
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders, words text);
CREATE TABLE log (person int, at timestamptz, words text);
SQL
conf_new
conf_add pgretain.cfg 'subjects = { person = { root = "shop.people"; key = "id"; identifiers = { mail = { column = "mail"; normalise = "email"; }; }; }; };
no_backups = "a test";'
head -c 32 /dev/urandom >"$CONF/key" && chmod 400 "$CONF/key"
conf_add pgretain.cfg 'key_file = "key";'
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_class l 'standards = ( { name = "p"; keep = "1 year"; } ); zone = "UTC"; action = "anonymize";'
conf_rule orders 'table = "shop.orders"; class = "c"; start = "at"; subject = { person = "person"; };'
conf_rule items 'table = "shop.items"; follows = "orders"; action = "delete"; subject = { person = { follows = "orders"; }; };'
conf_rule log 'table = "shop.log"; class = "l"; start = "at"; columns = { words = "null"; }; subject = { person = "person"; };'
run_pgretain init
is "$rc" 0 'init' || note "$out$err"
confirmed_run
is "$rc" 0 'the rules are confirmed' || note "$out$err"
q <<'SQL' || bail_out 'no rows'
SET search_path = shop;
INSERT INTO people SELECT g, 'P' || g || '@Shop.Test', now() FROM generate_series(1, 10) g;
INSERT INTO orders SELECT g, 1 + g % 10, now() - interval '3 years' / (1 + g % 3), chr(97 + g % 4), 'w' || g FROM generate_series(1, 120) g;
INSERT INTO items SELECT g, 1 + g % 120, 'i' || g FROM generate_series(1, 400) g;
INSERT INTO log SELECT 1 + g % 10, now() - interval '2 years' / (1 + g % 3), 'l' || g FROM generate_series(1, 90) g;
SQL
for form in custom tar inserts; do archive $form; mv "$A" "$W/old.$form"; done

counts() { echo "$(table shop.orders "$1") $(table shop.items "$1") $(table shop.log "$1")"; }

# held SCOPE ORDERS LOG: conditions of the rows that the hold covers
held() {
	local due="at < now() - interval '1 year 1 day'" gone="SELECT id FROM shop.orders WHERE at < now() - interval '1 year 1 day' AND NOT ($2)" hold
	run_pgretain hold add --scope "$1" --reason A-1
	is "$rc" 0 "$1: placed" || note "$out$err"
	hold=$(grep -oE '[0-9a-f-]{36}' <<<"$out" | head -1)
	rewrite "$W/old.custom" --dry-run
	is "$(counts held)" "$(q "SELECT (SELECT count(*) FROM shop.orders WHERE $due AND ($2)) || ' ' ||
		(SELECT count(*) FROM shop.items JOIN shop.orders o ON o.id = order_id WHERE $due AND ($2)) || ' ' ||
		(SELECT count(*) FROM shop.log WHERE $due AND ($3))")" "$1: what is due and held is counted"
	for form in custom tar inserts; do
		rm -rf "$W/new.$form"
		rewrite "$W/old.$form" --output "$W/new.$form"
		is "$rc" 0 "$1, $form: rewritten" || note "$out$err"
		restore "$W/new.$form" back
		is "$(PGDATABASE=back q "SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT o::text FROM shop.orders o UNION ALL
			SELECT i::text FROM shop.items i UNION ALL SELECT l::text FROM shop.log l) AS t (x)")" \
			"$(q "SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT o::text FROM shop.orders o WHERE id NOT IN ($gone) UNION ALL
			SELECT i::text FROM shop.items i WHERE order_id NOT IN ($gone) UNION ALL
			SELECT (person, at, CASE WHEN $due AND NOT ($3) THEN NULL ELSE words END)::text FROM shop.log) AS t (x)")" \
			"$1, $form: restored it has what plain SQL says"
	done
	run_pgretain hold release "$hold"
	is "$rc" 0 "$1: released" || note "$out$err"
}

held 'subject=person:3' 'person = 3' 'person = 3'
held 'identifier=mail:p5@shop.test' 'person = 5' 'person = 5'
held 'table=orders' true false
held 'class=l' false true
held "rows=orders:kind = 'b'" "kind = 'b'" false
held all true true
rewrite "$W/old.custom" --dry-run
is "$(counts held)" '0 0 0' 'without a hold nothing is held'
done_testing
