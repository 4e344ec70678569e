# What comes under fire in the crash tests, and its books by plain SQL: see crash_lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154

crash_rows='run purge release hold'
# how many of 20 random events each gets
declare -A crash_share=([run]=7 [purge]=1 [release]=1 [hold]=1)
declare -A crash_points=(
	[run]="run_confirmed run_started $crash_do exec_prepare lane_rollback lane_dependent partition_begin partition_drop
		partition_commit run_ending $crash_log"
	[purge]='ledger_append commit committed head_export log_torn log_head'
	[release]='ledger_append commit committed head_export log_torn log_head'
	[hold]="ledger_append commit committed $crash_log"
)

# ---- retention: delete, anonymize, quarantine, chains, partitions ------------------------------------
# One table for each kind of effect, its few rows spread over many pages, so that a run takes several
# units of each. What a run must do is known from the data alone: a start of 2019 or before is due, one of
# 2099 is not; at() tells which.

crash_schema() {
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
		INSERT INTO hits SELECT i, CASE WHEN i > 120 THEN '2099-01-01Z' ELSE at(i) END, pad()
			FROM generate_series(1, 500) i;
		INSERT INTO orders SELECT i, at(i), pad() FROM generate_series(1, 120) i;
		INSERT INTO items SELECT i, 1 + i % 120 FROM generate_series(1, 240) i;
		INSERT INTO items SELECT 10000 + i, 1 FROM generate_series(1, 1200) i;
		INSERT INTO notes SELECT i, i FROM generate_series(1, 120) i;
		INSERT INTO links SELECT i, i FROM generate_series(1, 120) i;
		INSERT INTO people SELECT i, at(i), 'N ' || i, '139' || i, pad() FROM generate_series(1, 120) i;
		INSERT INTO visits SELECT i, at(i), '10.0.0.1', pad() FROM generate_series(1, 120) i;
		INSERT INTO parts SELECT i, timestamptz '2018-02-01Z' FROM generate_series(1, 60) i;
		INSERT INTO parts SELECT i, timestamptz '2018-08-01Z' FROM generate_series(61, 140) i;
		INSERT INTO parts SELECT i, at(i) FROM generate_series(141, 200) i;
		-- slow rows make small units
		CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.001); RETURN NULL; END';
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
			SELECT 'public.hits', 80, 500 - count(*) FROM hits
			UNION ALL SELECT 'public.orders', 80, 120 - count(*) FROM orders
			UNION ALL SELECT 'public.items', 1360, 1440 - count(*) FROM items
			UNION ALL SELECT 'public.notes', 80, 120 - count(*) FROM notes
			UNION ALL SELECT 'public.links', 80, count(*) FROM links WHERE order_id IS NULL
			UNION ALL SELECT 'public.people', 80, count(*) FROM people WHERE name IS NULL
			UNION ALL SELECT 'public.visits', 80, 120 - count(*) FROM visits
			UNION ALL SELECT 'public.parts', 180, 200 - count(*) FROM parts
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
				('hits', (SELECT count(*) FROM hits WHERE at > now()) <> 420),
				('orders', (SELECT count(*) FROM orders WHERE at > now()) <> 40),
				('visits', (SELECT count(*) FROM visits WHERE at > now()) <> 40),
				('parts', (SELECT count(*) FROM parts WHERE at > now()) <> 20)) AS v (t, bad) WHERE bad;
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

crash_conf() {
	conf_new
	conf_limits 'max_percent = 100.0; lanes = 2; transaction_target = "60ms"; lock_timeout = "1s";'
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

crash_shop() {	# the database t
	db_new t
	crash_schema
	crash_conf
	run_pgretain init
	[ "$rc" = 0 ] || bail_out "init: $err"
}

run_prepare() {
	crash_shop
	# the fingerprint covers rules and catalogue: all copies have the same
	run_cmd=(run --confirm "$(pgretain plan --format json | jq -r .fingerprint)" --format json)
	run_rc=0
}
run_faults() { q 'SELECT faults()'; }
run_done() {
	q "SELECT 'still there: ' || sums FROM sums() WHERE due <> gone
		UNION ALL SELECT 'runs left open: ' || n FROM (SELECT count(*) FILTER (WHERE e = 'start')
			- count(*) FILTER (WHERE e IN ('end', 'interrupted')) AS n
			FROM (SELECT detail::jsonb ->> 'event' AS e FROM pgretain.ledger WHERE kind = 'run') x) y WHERE n <> 0"
	jq -r "$balance_filter" <<<"$out" 2>&1
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
run_moved() { q "SELECT sum(rows) FROM pgretain.ledger WHERE kind IN ('batch', 'quarantine')"; }

# ---- the vault: 80 rows of visits, of three purge dates ------------------------------------------------

vault_prepare() {	# DATE DATE
	local plan
	crash_shop
	plan=$(pgretain plan --format json | jq -r .fingerprint)
	run_pgretain run --confirm "$plan" --format json
	[ "$rc/$(of visits quarantined)" = 0/80 ] || bail_out "the vault: $err"
	q "CREATE VIEW stored AS SELECT * FROM $(q 'SELECT vault FROM pgretain.vault')"
	vault_age "$1" 'id % 3 = 1'
	vault_age "$2" 'id % 6 = 2'
}

# as time would have made it
vault_age() {	# DATE CONDITION
	local v
	v=$(q "SELECT relname FROM pg_class WHERE oid = (SELECT vault::regclass FROM pgretain.vault)")
	q "SET timezone = 'UTC'; SET search_path = pgretain_vault, public;
		CREATE TABLE \"$v@${1//-/}\" PARTITION OF \"$v\" FOR VALUES FROM ('$1') TO (date '$1' + 1);
		UPDATE \"$v\" SET pgretain_purge_after = '$1' WHERE $2"
}
vault_did="(SELECT coalesce(sum(rows), 0) FROM pgretain.ledger
	WHERE kind = 'quarantine' AND action IN ('purge', 'release'))"

# One day goes as a partition; of the next one some rows are held; the third is not over.
purge_prepare() {
	vault_prepare 2024-05-01 2024-06-01
	run_pgretain hold add --scope 'rows=visits:id < 60 AND id % 6 = 2' --reason A-1
	[ "$rc" = 0 ] || bail_out "hold: $err"
	purge_cmd=(quarantine purge --format json) purge_rc=0
}
purge_faults() {
	q "SELECT format('%s of 80 rows in the vault, %s purged', n, $vault_did)
			FROM (SELECT count(*) AS n FROM stored) x WHERE n + $vault_did <> 80
		UNION ALL SELECT 'a row came back' FROM visits HAVING count(*) <> 40
		UNION ALL SELECT 'a held row is gone' FROM stored WHERE id < 60 AND id % 6 = 2 HAVING count(*) <> 10"
}
purge_done() {
	q "SELECT 'past its date: ' || id FROM stored WHERE pgretain_purge_after < now()
		AND NOT (id < 60 AND id % 6 = 2) LIMIT 3"
}
purge_final() { snap 'SELECT id, at, ip, pad, pgretain_purge_after FROM stored'; }
purge_moved() { q "SELECT $vault_did"; }

release_prepare() {
	vault_prepare 2098-05-01 2098-06-01
	release_cmd=(quarantine release visits --format json) release_rc=0
}
release_faults() {
	q "SELECT format('%s of 80 rows back, %s in the vault, %s in the ledger', b, s, $vault_did)
			FROM (SELECT count(*) - 40 AS b FROM visits) x, (SELECT count(*) AS s FROM stored) y
			WHERE b + s <> 80 OR b <> $vault_did
		UNION ALL SELECT 'in both: ' || count(*) FROM stored JOIN visits USING (id) HAVING count(*) > 0"
}
release_done() {
	q "SELECT 'not the rows that were: ' || count(*) FROM visits WHERE at = at(id) AND ip = '10.0.0.1' AND pad = pad()
		HAVING count(*) <> 120"
}
release_final() { snap 'TABLE visits'; }
release_moved() { q "SELECT $vault_did"; }

# ---- a hold's review ------------------------------------------------------------------------------------

hold_prepare() {
	local h
	crash_shop
	run_pgretain hold add --scope table=hits --reason A-1 --review 2098-01-01
	[ "$rc" = 0 ] || bail_out "hold: $err"
	h=$(q 'SELECT id FROM pgretain.hold')
	hold_cmd=(hold review "$h" --review 2099-01-01 --format json) hold_rc=0
}
hold_faults() {	# both or neither
	q "SELECT 'the hold and the ledger differ' FROM pgretain.hold h
		WHERE (review_at = '2099-01-01Z') <> EXISTS (SELECT FROM pgretain.ledger
			WHERE kind = 'hold' AND action = 'review')
		OR state <> 'active' OR (review_at = '2099-01-01Z') <> (reviewed_at IS NOT NULL)"
}
hold_done() { q "SELECT 'not reviewed' FROM pgretain.hold WHERE review_at <> '2099-01-01Z'"; }
hold_final() { q 'SELECT id, state, review_at FROM pgretain.hold'; }
hold_moved() { :; }
