# A database in which a run meets every kind of effect, and its books, for tests that disturb it. shellcheck shell=bash
#
#   run_schema N SPARE SECONDS   N rows in most tables, SPARE hits more that nothing is to happen to; each row of four tables
#                                takes SECONDS. sums(): due rows of each table before any run, and what of them is gone;
#                                faults(): one row for each thing that does not add up, by the ledger and by itself
#   run_conf TARGET [FOLDER]     its rules, with that transaction_target
#   run_final                    hash of all tables: what must be the same in the end
#
# One table for each kind of effect, its few rows spread over many pages, so that a run takes several
# units of each. What a run must do is known from the data alone: a start of 2019 or before is due, one of
# 2099 is not; at() tells which.

run_schema() {	# N SPARE SECONDS
	q "CREATE FUNCTION n() RETURNS int IMMUTABLE LANGUAGE sql RETURN $1;
		CREATE FUNCTION spare() RETURNS int IMMUTABLE LANGUAGE sql RETURN $2;
		CREATE FUNCTION nap() RETURNS double precision IMMUTABLE LANGUAGE sql RETURN $3"
	q <<-'END'
		CREATE FUNCTION at(i int) RETURNS timestamptz IMMUTABLE LANGUAGE sql
			RETURN CASE WHEN i % 3 = 0 THEN timestamptz '2099-01-01Z' ELSE timestamptz '2019-01-01Z' END;
		CREATE FUNCTION pad() RETURNS text IMMUTABLE LANGUAGE sql RETURN repeat('x', 3500);
		CREATE TABLE hits (id int PRIMARY KEY, at timestamptz, pad text);
		CREATE TABLE orders (id int PRIMARY KEY, at timestamptz, pad text);
		CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders);
		CREATE INDEX ON items (order_id);
		CREATE TABLE notes (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE);
		CREATE INDEX ON notes (order_id);
		CREATE TABLE links (id int PRIMARY KEY, order_id int REFERENCES orders);
		CREATE INDEX ON links (order_id);
		CREATE TABLE people (id int PRIMARY KEY, at timestamptz, name text, phone text, pad text);
		CREATE TABLE visits (id int PRIMARY KEY, at timestamptz, ip inet, pad text);
		CREATE TABLE parts (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
		CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM ('2018-01-01Z') TO ('2018-07-01Z');
		CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM ('2018-07-01Z') TO ('2019-01-01Z');
		CREATE TABLE parts_c PARTITION OF parts FOR VALUES FROM ('2019-01-01Z') TO ('2100-01-01Z');
		ALTER TABLE hits ALTER pad SET STORAGE PLAIN;
		ALTER TABLE orders ALTER pad SET STORAGE PLAIN;
		ALTER TABLE people ALTER pad SET STORAGE PLAIN;
		ALTER TABLE visits ALTER pad SET STORAGE PLAIN;
		INSERT INTO hits SELECT i, CASE WHEN i > n() THEN '2099-01-01Z' ELSE at(i) END, pad()
			FROM generate_series(1, n() + spare()) i;
		INSERT INTO orders SELECT i, at(i), pad() FROM generate_series(1, n()) i;
		INSERT INTO items SELECT i, 1 + i % n() FROM generate_series(1, 2 * n()) i;
		INSERT INTO items SELECT 10000 + i, 1 FROM generate_series(1, 10 * n()) i;
		INSERT INTO notes SELECT i, i FROM generate_series(1, n()) i;
		INSERT INTO links SELECT i, i FROM generate_series(1, n()) i;
		INSERT INTO people SELECT i, at(i), 'N ' || i, '139' || i, pad() FROM generate_series(1, n()) i;
		INSERT INTO visits SELECT i, at(i), '10.0.0.1', pad() FROM generate_series(1, n()) i;
		INSERT INTO parts SELECT i, timestamptz '2018-02-01Z' FROM generate_series(1, n() / 2) i;
		INSERT INTO parts SELECT i, timestamptz '2018-08-01Z' FROM generate_series(n() / 2 + 1, n() * 7 / 6) i;
		INSERT INTO parts SELECT i, at(i) FROM generate_series(n() * 7 / 6 + 1, n() * 5 / 3) i;
		-- slow rows make small units
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(public.nap()); RETURN NULL; END';
		CREATE TRIGGER slow AFTER DELETE ON hits FOR EACH ROW EXECUTE FUNCTION slow();
		CREATE TRIGGER slow AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION slow();
		CREATE TRIGGER slow AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION slow();
		CREATE TRIGGER slow AFTER DELETE ON visits FOR EACH ROW EXECUTE FUNCTION slow();
		ANALYZE;
	END
	q <<-'END'
		-- due rows of each table before any run, and what of them is gone now
		CREATE FUNCTION sums(OUT tbl text, OUT due bigint, OUT gone bigint) RETURNS SETOF record
			STABLE LANGUAGE sql AS $$
			SELECT 'public.hits', n() * 2 / 3, n() + spare() - count(*) FROM hits
			UNION ALL SELECT 'public.orders', n() * 2 / 3, n() - count(*) FROM orders
			UNION ALL SELECT 'public.items', n() * 4 / 3 + 10 * n(), 12 * n() - count(*) FROM items
			UNION ALL SELECT 'public.notes', n() * 2 / 3, n() - count(*) FROM notes
			UNION ALL SELECT 'public.links', n() * 2 / 3, count(*) FROM links WHERE order_id IS NULL
			UNION ALL SELECT 'public.people', n() * 2 / 3, count(*) FROM people WHERE name IS NULL
			UNION ALL SELECT 'public.visits', n() * 2 / 3, n() - count(*) FROM visits
			UNION ALL SELECT 'public.parts', n() * 3 / 2, n() * 5 / 3 - count(*) FROM parts
		$$;
		-- one row for each thing that does not add up; one snapshot for all of it
		CREATE FUNCTION faults() RETURNS SETOF text STABLE LANGUAGE plpgsql AS $$
		DECLARE
			vault text := (SELECT vault FROM pgretain.vault WHERE source = 'public.visits'::regclass);
			n bigint;
		BEGIN
			RETURN QUERY SELECT format('%s: gone %s, ledger %s', s.tbl, s.gone, l.rows)
				FROM sums() s LEFT JOIN LATERAL (SELECT coalesce(sum(rows), 0) AS rows FROM pgretain.ledger
					WHERE kind = 'batch' AND tbl = s.tbl) l ON true WHERE s.gone <> l.rows;
			RETURN QUERY SELECT format('order %s: %s items', o.id, count(i)) FROM orders o
				LEFT JOIN items i ON i.order_id = o.id WHERE o.id > 1 GROUP BY o.id HAVING count(i) <> 2;
			RETURN QUERY SELECT format('order %s without its note or link', id) FROM orders o WHERE
				NOT EXISTS (SELECT FROM notes WHERE order_id = o.id)
				OR NOT EXISTS (SELECT FROM links WHERE order_id = o.id);
			RETURN QUERY SELECT format('person %s is half anonymized', id) FROM people
				WHERE (name IS NULL) = (phone = '139' || id) OR (name IS NULL AND at > now());
			RETURN QUERY SELECT format('kept too little of %s', t) FROM (VALUES
				('hits', (SELECT count(*) FROM hits WHERE at > now()) <> n() / 3 + spare()),
				('orders', (SELECT count(*) FROM orders WHERE at > now()) <> n() / 3),
				('visits', (SELECT count(*) FROM visits WHERE at > now()) <> n() / 3),
				('parts', (SELECT count(*) FROM parts WHERE at > now()) <> n() / 6)) AS v (t, bad) WHERE bad;
			IF vault IS NOT NULL THEN
				EXECUTE format('SELECT count(*) FROM %s v WHERE id NOT IN (SELECT id FROM public.visits)',
					vault) INTO n;
				IF n <> (SELECT gone FROM sums() WHERE tbl = 'public.visits') THEN
					RETURN NEXT format('%s in the vault', n);
				END IF;
			END IF;
		END $$;
	END
}

run_conf() {	# TARGET [FOLDER]
	conf_new ${2:+"$2"}
	conf_limits "max_percent = 100.0; lanes = 2; transaction_target = \"$1\"; lock_timeout = \"1s\";"
	conf_class kill 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	conf_class mask 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "anonymize";'
	conf_class hide 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "quarantine";
		vault = "30 days";'
	conf_rule hits 'table = "public.hits"; class = "kill"; start = "at";'
	conf_rule orders 'table = "public.orders"; class = "kill"; start = "at";
		children = { notes = "cascade"; links = "set null"; };'
	conf_rule items 'table = "public.items"; follows = "orders"; action = "delete";'
	conf_rule people 'table = "public.people"; class = "mask"; start = "at";
		columns = { name = "null"; phone = "tombstone"; pad = "keep"; };'
	conf_rule visits 'table = "public.visits"; class = "hide"; start = "at";'
	conf_rule parts 'table = "public.parts"; class = "kill"; start = "at";'
}

# the phone is a fixed function of the key; the vault's purge date is not
run_final() {
	q "SELECT md5(string_agg(t, ';' ORDER BY t)) FROM (
		SELECT 'h' || id || at FROM hits UNION ALL SELECT 'o' || id || at FROM orders
		UNION ALL SELECT 'i' || id || ',' || order_id FROM items
		UNION ALL SELECT 'n' || id || ',' || order_id FROM notes
		UNION ALL SELECT 'l' || id || ',' || coalesce(order_id, 0) FROM links
		UNION ALL SELECT 'p' || id || at || coalesce(name, '-') || phone FROM people
		UNION ALL SELECT 'v' || id || at || ip FROM visits UNION ALL SELECT 'r' || id || at FROM parts) AS x (t)"
}
