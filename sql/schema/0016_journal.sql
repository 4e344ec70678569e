-- What a restore rolls back and must not: requests, holds, grounds, what was erased. Every change of a table
-- that is watched is noted in the journal by the transaction that makes it, and goes from there into the
-- replay log outside the database (ledger/journal). Nothing is noted before that log is kept for the first time;
-- then all that is there is.

ALTER TABLE pgretain.lineage
	ADD COLUMN kept_seq	bigint,
	ADD COLUMN replaying	boolean	NOT NULL DEFAULT false;
COMMENT ON COLUMN pgretain.lineage.kept_seq IS
	'the newest head that stands in the log outside: one that ends before it has been cut';
COMMENT ON COLUMN pgretain.lineage.replaying IS 'a restored database until its replay has ended: nothing else acts';

CREATE TABLE pgretain.journal (
	id	bigint		PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	tbl	text		NOT NULL,
	rows	jsonb		NOT NULL,
	at	timestamptz	NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pgretain.journal IS 'changes that are not in the log outside yet; personal data, for a moment';
COMMENT ON COLUMN pgretain.journal.id IS 'order';
COMMENT ON COLUMN pgretain.journal.tbl IS 'the table in schema pgretain';
COMMENT ON COLUMN pgretain.journal.rows IS 'its rows as they became';
COMMENT ON COLUMN pgretain.journal.at IS 'when';

CREATE TABLE pgretain.watched (
	tbl	text	PRIMARY KEY,
	place	int	NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY
);
COMMENT ON TABLE pgretain.watched IS 'tables whose rows go into the log outside';
COMMENT ON COLUMN pgretain.watched.tbl IS 'its name in schema pgretain';
COMMENT ON COLUMN pgretain.watched.place IS 'order in which a replay puts rows back: what is referred to comes first';

CREATE FUNCTION pgretain.journal_note(p_tbl text, p_rows jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO pgretain.journal (tbl, rows)
	SELECT p_tbl, jsonb_agg(r.row ORDER BY r.n)
	FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS r (row, n) GROUP BY (r.n - 1) / 500
$$;
COMMENT ON FUNCTION pgretain.journal_note IS 'notes rows, in portions that one line of the log can carry';

CREATE FUNCTION pgretain.journal_changes() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF coalesce(current_setting('pgretain.replay', true), '') <> 'on'
		AND (SELECT l.head_kept_since IS NOT NULL FROM pgretain.lineage l ORDER BY l.id DESC LIMIT 1) THEN
		PERFORM pgretain.journal_note(TG_TABLE_NAME, jsonb_agg(to_jsonb(c))) FROM changed c HAVING count(*) > 0;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION pgretain.journal_changes IS 'trigger: what a statement has made of rows goes into the journal';

CREATE FUNCTION pgretain.journal_watch(p_tbl text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	e	text;
BEGIN
	INSERT INTO pgretain.watched (tbl) VALUES (p_tbl);
	FOREACH e IN ARRAY ARRAY['insert', 'update'] LOOP
		EXECUTE format('CREATE TRIGGER %1$I AFTER %2$s ON pgretain.%3$I REFERENCING NEW TABLE AS changed '
			'FOR EACH STATEMENT EXECUTE FUNCTION pgretain.journal_changes()', 'journal_' || e, e, p_tbl);
		EXECUTE format('ALTER TABLE pgretain.%I ENABLE ALWAYS TRIGGER %I', p_tbl, 'journal_' || e);
		EXECUTE format('COMMENT ON TRIGGER %I ON pgretain.%I IS %L', 'journal_' || e, p_tbl,
			'a restore must not lose this');
	END LOOP;
END
$$;
COMMENT ON FUNCTION pgretain.journal_watch IS 'from now on this table''s changes go into the log outside';

SELECT pgretain.journal_watch(t.tbl) FROM unnest(ARRAY['confirmed', 'hold', 'request', 'request_subject',
	'request_identifier', 'request_ground', 'request_plan', 'request_item', 'request_frozen', 'request_run',
	'suppression', 'notice', 'tombstone']) WITH ORDINALITY AS t (tbl, n)
WHERE to_regclass('pgretain.' || t.tbl) IS NOT NULL ORDER BY t.n;

CREATE FUNCTION pgretain.journal_take(p_most int, OUT id bigint, OUT tbl text, OUT rows jsonb) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT j.id, j.tbl, j.rows FROM pgretain.journal j ORDER BY j.id LIMIT p_most
$$;
COMMENT ON FUNCTION pgretain.journal_take IS 'the oldest changes that are not in the log outside';

CREATE FUNCTION pgretain.journal_done(p_ids bigint[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	DELETE FROM pgretain.journal WHERE id = ANY(p_ids)
$$;
COMMENT ON FUNCTION pgretain.journal_done IS 'these are in the log outside';

-- Writers wait until all that is there is noted: a change is noted by its own statement or by this one.
CREATE FUNCTION pgretain.journal_begin() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	w	record;
	all_rows	jsonb;
BEGIN
	FOR w IN SELECT x.tbl FROM pgretain.watched x ORDER BY x.place LOOP
		EXECUTE format('LOCK TABLE pgretain.%I IN SHARE MODE', w.tbl);
	END LOOP;
	UPDATE pgretain.lineage SET head_kept_since = clock_timestamp()
	WHERE id = (SELECT max(l.id) FROM pgretain.lineage l) AND head_kept_since IS NULL;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	FOR w IN SELECT x.tbl FROM pgretain.watched x ORDER BY x.place LOOP
		EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM pgretain.%I t', w.tbl) INTO all_rows;
		IF all_rows IS NOT NULL THEN
			PERFORM pgretain.journal_note(w.tbl, all_rows);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION pgretain.journal_begin IS 'the log outside is kept from now on: what is there already goes into it';

DROP FUNCTION pgretain.head_kept();
CREATE FUNCTION pgretain.head_kept(p_seq bigint) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	UPDATE pgretain.lineage SET kept_seq = p_seq
	WHERE id = (SELECT max(id) FROM pgretain.lineage) AND head_kept_since IS NOT NULL
		AND kept_seq IS DISTINCT FROM p_seq AND coalesce(kept_seq, 0) < p_seq
$$;
COMMENT ON FUNCTION pgretain.head_kept IS 'remembers which head stands in the log outside the database';

-- ---- putting back ----

CREATE TABLE pgretain.replay_row (
	line	bigint	NOT NULL,
	tbl	text	NOT NULL,
	row	jsonb	NOT NULL
);
COMMENT ON TABLE pgretain.replay_row IS 'rows read from the log during a replay; empty before and after';
COMMENT ON COLUMN pgretain.replay_row.line IS 'line of the log: the newest of a key counts';
COMMENT ON COLUMN pgretain.replay_row.tbl IS 'the table in schema pgretain';
COMMENT ON COLUMN pgretain.replay_row.row IS 'the row';

-- Rows of one table: inserted, or what is there becomes as in the log. Columns that the log does not know keep
-- their default; those that are gone are left out.
CREATE FUNCTION pgretain.replay_put(p_tbl text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	keys	text;
	cols	text;
	sets	text;
	n	bigint;
BEGIN
	SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) INTO keys
	FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
	WHERE i.indrelid = format('pgretain.%I', p_tbl)::regclass AND i.indisprimary;
	SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum),
		string_agg(format('%1$I = EXCLUDED.%1$I', a.attname), ', ' ORDER BY a.attnum)
	INTO cols, sets
	FROM pg_attribute a
	WHERE a.attrelid = format('pgretain.%I', p_tbl)::regclass AND a.attnum > 0 AND NOT a.attisdropped
		AND EXISTS (SELECT FROM pgretain.replay_row x WHERE x.tbl = p_tbl AND x.row ? a.attname);
	IF cols IS NULL THEN
		RETURN 0;
	END IF;
	EXECUTE format('INSERT INTO pgretain.%1$I AS t (%2$s) OVERRIDING SYSTEM VALUE
		SELECT %2$s FROM (
			SELECT DISTINCT ON (%3$s) x.line, r.* FROM pgretain.replay_row x
			CROSS JOIN LATERAL jsonb_populate_record(NULL::pgretain.%1$I, x.row) r
			WHERE x.tbl = %4$L ORDER BY %3$s, x.line DESC) AS newest
		ORDER BY newest.line
		ON CONFLICT (%3$s) DO UPDATE SET %5$s WHERE to_jsonb(t) <> to_jsonb(EXCLUDED)', p_tbl, cols, keys, p_tbl, sets);
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM setval(s.seq, greatest(m.top, 1)) FROM (
		SELECT pg_get_serial_sequence(format('pgretain.%I', p_tbl), a.attname) AS seq
		FROM pg_attribute a WHERE a.attrelid = format('pgretain.%I', p_tbl)::regclass AND a.attidentity <> ''
	) s CROSS JOIN LATERAL (SELECT max((x.row->>'id')::bigint) AS top FROM pgretain.replay_row x WHERE x.tbl = p_tbl) m
	WHERE m.top > coalesce((SELECT q.last_value FROM pg_sequences q
		WHERE format('%I.%I', q.schemaname, q.sequencename) = s.seq), 0);
	RETURN n;
END
$$;
COMMENT ON FUNCTION pgretain.replay_put IS 'one table''s rows as the log has them; gives how many changed';

-- Requests that had been carried out: their rows are back. Items are what the backup knows of them, so that what
-- was erased before it is not counted twice.
CREATE FUNCTION pgretain.replay_apply(p_actor text, OUT tbl text, OUT rows bigint) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	again	uuid[];
	r	record;
BEGIN
	PERFORM set_config('pgretain.replay', 'on', true);
	CREATE TEMP TABLE pgretain_items ON COMMIT DROP AS TABLE pgretain.request_item;
	FOR r IN SELECT w.tbl FROM pgretain.watched w ORDER BY w.place LOOP
		tbl := r.tbl;
		rows := pgretain.replay_put(r.tbl);
		RETURN NEXT;
	END LOOP;
	SELECT array_agg(q.id) INTO again FROM pgretain.request q
	WHERE q.executed_at IS NOT NULL AND q.kind IN ('erasure', 'withdrawal')
		AND q.state IN ('executing', 'partially_deferred', 'partially_held', 'backup_pending', 'completed', 'blocked')
		AND EXISTS (SELECT FROM pgretain.replay_row x WHERE x.tbl = 'request' AND x.row->>'id' = q.id::text);
	DELETE FROM pgretain.request_item i WHERE i.request = ANY(again);
	INSERT INTO pgretain.request_item SELECT i.* FROM pgretain_items i WHERE i.request = ANY(again);
	FOR r IN UPDATE pgretain.request q SET state = 'executing', finished_at = NULL, wake_at = NULL
		WHERE q.id = ANY(again) RETURNING q.id LOOP
		PERFORM pgretain.append('request', r.id, NULL, NULL, 'replay', NULL, NULL, p_actor, '{"to": "executing"}');
	END LOOP;
	DROP TABLE pgretain_items;
	DELETE FROM pgretain.journal;
	PERFORM set_config('pgretain.replay', '', true);
END
$$;
COMMENT ON FUNCTION pgretain.replay_apply IS
	'puts the log''s rows in place and lets executed requests be executed again; gives the changes by table';
