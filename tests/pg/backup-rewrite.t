#!/usr/bin/env bash
# Two faces of one engine: the rows that are left when an archive is rewritten and restored are those that
# are left when it is restored and the rules are run there by SQL. In every form an archive can have.
# slow
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/backup_lib.sh"

q <<'SQL' || bail_out 'no data'
CREATE SCHEMA shop;
SET search_path = shop;
SELECT setseed(0.4);
CREATE TABLE orders (id int PRIMARY KEY, at timestamptz, cancelled timestamptz, email text, note text);
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders, qty numeric(8,2));
CREATE TABLE item_notes (id serial, item_id int NOT NULL REFERENCES items ON DELETE CASCADE, body text);
CREATE TABLE tickets (id int PRIMARY KEY, order_id int REFERENCES orders, opened date);
CREATE TABLE notes (id int PRIMARY KEY, order_id int REFERENCES orders, body text);
CREATE TABLE note_tags (note_id int REFERENCES notes, tag text);
CREATE TABLE prefs (id int PRIMARY KEY, order_id int REFERENCES orders, v text);
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, at timestamptz);
CREATE TABLE people (id uuid PRIMARY KEY, at timestamptz, email varchar(60) UNIQUE, phone text, born date, city text);
CREATE TABLE log (at timestamptz, ip inet, what text) PARTITION BY RANGE (at);
CREATE TABLE log_old PARTITION OF log FOR VALUES FROM ('2000-01-01') TO ('2024-01-01');
CREATE TABLE log_new PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2100-01-01');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE TABLE mother (id int, at timestamptz, v text);
CREATE TABLE daughter (extra text) INHERITS (mother);
CREATE TABLE mum (id int, at timestamptz);
CREATE TABLE kid () INHERITS (mum);
CREATE TABLE "Odd ""Name" ("Start, at" timestamptz, "Wert" text);
CREATE TABLE aside (id int, t text);
CREATE FUNCTION when_() RETURNS timestamptz LANGUAGE sql AS
	$$ SELECT CASE WHEN random() < .5 THEN now() - interval '1 year 5 days' * (1 + random()) WHEN random() < .1 THEN NULL
		ELSE now() - interval '300 days' * random() END $$;
INSERT INTO orders SELECT g, when_(), when_(), 'canary' || g || '@shop.test', E'a\tb\\.\n' || g FROM generate_series(1, 400) g;
INSERT INTO items SELECT g, nullif((random() * 400)::int, 0), random() * 100 FROM generate_series(1, 900) g;
INSERT INTO item_notes (item_id, body) SELECT 1 + (random() * 899)::int, 'n' || g FROM generate_series(1, 700) g;
INSERT INTO tickets SELECT g, (random() * 1500)::int % 400 + 1, when_()::date FROM generate_series(1, 60) g;
INSERT INTO notes SELECT g, 1 + (random() * 399)::int, '\N' FROM generate_series(1, 300) g;
INSERT INTO note_tags SELECT 1 + (random() * 299)::int, '' FROM generate_series(1, 300);
INSERT INTO prefs SELECT g, 1 + (random() * 399)::int, repeat('x', g) FROM generate_series(1, 200) g;
INSERT INTO tree SELECT g, CASE WHEN g > 5 THEN 1 + (random() * (g - 2))::int END, now() - interval '2 years' + interval '1 day' * g * 2.5 FROM generate_series(1, 300) g;
INSERT INTO people SELECT gen_random_uuid(), when_(), CASE WHEN g % 9 > 0 THEN 'canary.p' || g || '@mail.test' END, CASE WHEN g % 3 > 0 THEN '+86' || g END, date '1970-05-17' + g, 'c' || g % 7 FROM generate_series(1, 300) g;
INSERT INTO log SELECT at, '10.1.2.3', 'w' FROM (SELECT CASE WHEN random() < .2 THEN NULL ELSE now() - interval '4 years' * random() END AS at FROM generate_series(1, 500)) x;
INSERT INTO mother SELECT g, when_(), '.' FROM generate_series(1, 50) g;
INSERT INTO daughter SELECT g, when_(), '\.', 'e' FROM generate_series(1, 50) g;
INSERT INTO mum SELECT g, when_() FROM generate_series(1, 50) g;
INSERT INTO kid SELECT g, when_() FROM generate_series(1, 50) g;
INSERT INTO "Odd ""Name" SELECT when_(), E'tab\t"q"\\' || g FROM generate_series(1, 80) g;
INSERT INTO aside SELECT g, 'canary' FROM generate_series(1, 2000) g;
SQL

conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_class p 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "Asia/Shanghai"; action = "anonymize";'
conf_rule orders 'table = "shop.orders"; class = "c"; start = [ "at", "cancelled" ]; children = { notes = "cascade"; note_tags = "cascade"; prefs = "set null"; };'
conf_rule items 'table = "shop.items"; follows = "orders"; action = "delete";'
conf_rule item_notes 'table = "shop.item_notes"; follows = "items"; action = "delete";'
conf_rule tickets 'table = "shop.tickets"; class = "c"; start = "opened";'
conf_rule tree 'table = "shop.tree"; class = "c"; start = "at";'
conf_rule people 'table = "shop.people"; class = "p"; start = "at"; columns = { email = "tombstone"; phone = "null"; city = { op = "constant"; value = "[erased]"; }; born = { op = "trunc"; unit = "year"; }; };'
conf_rule log 'table = "shop.log"; class = "c"; start = "at";'
conf_rule mother 'table = "shop.mother"; class = "c"; start = "at";'
conf_rule mum 'table = "shop.mum"; class = "c"; start = "at"; only = true;'
conf_rule odd 'table = "shop.\"Odd \"\"Name\""; class = "c"; start = "Start, at";'

expected() { # DB: as SQL leaves it, once the rules have run there
	run_pgretain init
	confirmed_run
	is "$rc" 0 "$1: the rules run there"
}

archive custom
cp "$A" "$W/original"
expected live

restore "$W/original" want
conf_for want expected want
state want >"$W/want"

# the archives are of the time before: made of a database that nothing has run in
restore "$W/original" before
for form in ${FORMS:-custom directory tar plain plain.gz inserts columns root}; do
	PGDATABASE=before archive "$form"
	rewrite "$A" --dry-run
	is "$rc/$(status)" 0/would_rewrite "$form: it would be rewritten"
	dry=$(json '.sets[0].tables')
	rewrite "$A"; [ "$rc" = 0 ] || note "$err"
	is "$rc/$(status)" 0/rewritten "$form: rewritten"
	is "$(json '.sets[0].tables')" "$dry" "$form: by the counts that the dry run gave"
	is "$(json '[.sets[0].tables[] | select(.rows_in != .rows_out + .dropped)] | length')" 0 "$form: nothing is lost"
	unlike "$out$err" canary "$form: no value is told"
	restore "$A" got
	state got >"$W/got"
	ok "$form: the rows left are those that SQL leaves" diff "$W/want" "$W/got"
	rewrite "$A"; [ "$rc" = 0 ] || note "$err"
	is "$rc/$(status)" 0/unchanged "$form: once more changes nothing"
	run_pgretain backup verify --file "$A"
	is "$rc" 0 "$form: whole"
done
done_testing
