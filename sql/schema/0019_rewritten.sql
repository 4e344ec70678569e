-- Archives of the catalogue made clean in place: what lies there afterwards is the same set, and what that ends is
-- decided in one place (backup_unmet), from what was proved of the archive and from the entries of each run.

ALTER TABLE pgretain.backup_set ADD COLUMN rewritten_at timestamptz;
ALTER TABLE pgretain.backup_set ADD COLUMN rewritten jsonb;
COMMENT ON COLUMN pgretain.backup_set.rewritten_at IS 'when it was last found, or made, free of what the rules take';
COMMENT ON COLUMN pgretain.backup_set.rewritten IS
	'what was proved of it then: counts, digest, the rules by their digests';

ALTER TABLE pgretain.obligation ADD COLUMN unmet text;
COMMENT ON COLUMN pgretain.obligation.unmet IS 'why the last rewriting of the backup did not end it';

CREATE TABLE pgretain.backup_rewriting (
	set_id		bigint		PRIMARY KEY REFERENCES pgretain.backup_set,
	identity	text		NOT NULL,
	proof		jsonb		NOT NULL,
	at		timestamptz	NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pgretain.backup_rewriting IS
	'what is about to take the place of a backup: if it lies there, its writer died before it could say so';
COMMENT ON COLUMN pgretain.backup_rewriting.set_id IS 'the backup';
COMMENT ON COLUMN pgretain.backup_rewriting.identity IS 'of the new file or folder, as pgretain.backup_set has it';
COMMENT ON COLUMN pgretain.backup_rewriting.proof IS 'what was proved of it';
COMMENT ON COLUMN pgretain.backup_rewriting.at IS 'when that was written down';

-- A start event never changes (that is what makes it one), and an archive that was made after it shows it: there the rules
-- of today say of a row what the run's said, as long as they are the same. Everything else needs another way.
CREATE FUNCTION pgretain.backup_unmet(s pgretain.backup_set, p_run uuid, p_proof jsonb, p_skew interval) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT x.why FROM (
		SELECT CASE
			WHEN l.kind = 'suppress' THEN 'columns of small groups were emptied, which archives are not looked through for'
			WHEN EXISTS (SELECT FROM pgretain.request_run q WHERE q.run = p_run)
				THEN 'erased at a person''s request: no rule says so of its rows in an archive'
			WHEN r.rule IS NULL THEN format('rule "%s" is not judged any more', l.rule)
			WHEN NOT r.present AND p_proof -> 'unknown' <> '[]' THEN
				format('it has no table of rule "%s", but tables that the database does not know', l.rule)
			WHEN NOT r.present THEN NULL
			WHEN r.rows > 0 THEN format('%s row(s) of rule "%s", or of what follows it, are held or blocked in it', r.rows, l.rule)
			WHEN EXISTS (SELECT FROM jsonb_each_text(r.definitions) AS x (rule, digest) WHERE x.digest IS DISTINCT FROM (
					SELECT c.detail::jsonb ->> 'definition' FROM pgretain.ledger c
					WHERE c.kind = 'confirm' AND c.rule = x.rule AND c.seq < l.seq ORDER BY c.seq DESC LIMIT 1))
				THEN format('rule "%s" is another one since then', l.rule)
			WHEN l.kind = 'quarantine' AND (p_proof ->> 'vault')::boolean THEN 'rows of the vault are in it'
			WHEN coalesce(l.as_of, l.at) > (p_proof ->> 'as_of')::timestamptz THEN 'erased after the rules were read for it'
			WHEN shown.at IS NULL THEN 'from when it is can''t be told'
			WHEN r.reach IS NULL THEN format('a date until which rows of rule "%s" are kept may be another one in it', l.rule)
			WHEN (SELECT max(coalesce(l.as_of, l.at) - k) FROM unnest(r.reach::interval[]) AS k) + interval '1 day' + p_skew > shown.at
				THEN format('rows of rule "%s" may have been erased whose term began after it was made', l.rule)
			END AS why, l.seq
		FROM pgretain.ledger l
		LEFT JOIN jsonb_to_recordset(p_proof -> 'rules') AS r (rule text, present boolean, rows bigint, reach text, definitions jsonb)
			ON r.rule = l.rule
		CROSS JOIN LATERAL (SELECT greatest(s.started_at,
			(SELECT x.at FROM pgretain.ledger x WHERE x.seq = s.ledger_seq)) AS at) AS shown
		WHERE l.run = p_run AND l.rows > 0
			AND (l.kind IN ('batch', 'suppress') OR l.kind = 'quarantine' AND l.action = 'purge')
	) AS x WHERE x.why IS NOT NULL ORDER BY x.seq LIMIT 1
$$;
COMMENT ON FUNCTION pgretain.backup_unmet IS
	'why the archive, of which this was proved, may still hold rows that the run has erased; NULL: it holds none';

CREATE FUNCTION pgretain.backup_finish(p_set bigint, p_skew interval)
RETURNS TABLE (runs bigint, requests bigint, unmet bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	w	pgretain.backup_rewriting;
	s	pgretain.backup_set;
	t	jsonb;
	ended	uuid[];
	clean	bigint;
BEGIN
	PERFORM pgretain.backup_lock();
	DELETE FROM pgretain.backup_rewriting x WHERE x.set_id = p_set RETURNING * INTO STRICT w;
	SELECT * INTO STRICT s FROM pgretain.backup_set x WHERE x.id = p_set FOR UPDATE;

	UPDATE pgretain.obligation o SET unmet = pgretain.backup_unmet(s, o.run, w.proof, p_skew)
	WHERE o.set_id = p_set AND o.cleared_at IS NULL;
	SELECT coalesce(array_agg(o.run), '{}') INTO ended FROM pgretain.obligation o
	WHERE o.set_id = p_set AND o.cleared_at IS NULL AND o.unmet IS NULL;
	SELECT coalesce(min(e.last_seq) - 1, s.judged_seq) INTO clean
	FROM pgretain.obligation o JOIN pgretain.erasure e USING (run)
	WHERE o.set_id = p_set AND o.cleared_at IS NULL AND o.run <> ALL (ended);
	UPDATE pgretain.obligation o SET cleared_at = clock_timestamp(), how = 'rewritten',
		evidence = w.proof - 'rules' - 'unknown' || jsonb_build_object('clean_seq', clean)
	WHERE o.set_id = p_set AND o.run = ANY (ended);
	UPDATE pgretain.backup_set x SET identity = w.identity, size = coalesce((w.proof ->> 'size')::bigint, x.size),
		clean_seq = greatest(x.clean_seq, clean), rewritten_at = clock_timestamp(),
		rewritten = w.proof || jsonb_build_object('judged_seq', s.judged_seq)
	WHERE x.id = p_set;
	FOR t IN SELECT * FROM jsonb_array_elements(w.proof -> 'tables') LOOP
		IF (t ->> 'dropped')::bigint + (t ->> 'altered')::bigint > 0 AND w.proof ->> 'status' = 'rewritten' THEN
			PERFORM pgretain.append('backup', NULL, NULL, t ->> 'table', 'rewrite',
				(t ->> 'dropped')::bigint + (t ->> 'altered')::bigint, (w.proof ->> 'as_of')::timestamptz,
				w.proof ->> 'actor', (jsonb_build_object('event', 'rewritten', 'set', s.store || '/' || s.name)
					|| (t - 'table' - 'rows_out' - 'blocked'))::text);
		END IF;
	END LOOP;
	RETURN QUERY SELECT cardinality(ended)::bigint,
		(SELECT count(DISTINCT q.request) FROM pgretain.request_run q WHERE q.run = ANY (ended)),
		(SELECT count(*) FROM pgretain.obligation o WHERE o.set_id = p_set AND o.cleared_at IS NULL);
END
$$;
COMMENT ON FUNCTION pgretain.backup_finish IS
	'the backup is what was about to take its place: takes that over, ends what it meets, writes the ledger''s entries; '
	'gives runs and requests whose obligations ended by it, and runs whose did not';

-- ---- timelines ----

-- A backup made on another branch says nothing by its position, wherever that branch left ours. Which branches are our past
-- stands in the server's own history file; who may not read it knows of the timeline that is being written alone.
CREATE FUNCTION pgretain.timelines_past() RETURNS bigint[]
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	tli	bigint := pgretain.timeline_now();
BEGIN
	RETURN tli || coalesce((SELECT array_agg(m[1]::bigint) FROM regexp_matches(
		pg_read_file('pg_wal/' || lpad(upper(to_hex(tli)), 8, '0') || '.history', 0, 1000000, true), '^\s*(\d+)\s', 'gn') AS m), '{}');
EXCEPTION WHEN insufficient_privilege THEN
	RETURN ARRAY[tli];
END
$$;
COMMENT ON FUNCTION pgretain.timelines_past IS 'the timeline that is being written, and those that it came from';

DROP FUNCTION pgretain.backup_contains(pgretain.backup_set, pgretain.erasure, bigint, interval);

-- The erasure is in this very ledger, so it lies on the past of the timeline that is being written: before the place where a
-- later one of the past has left an earlier one.
CREATE FUNCTION pgretain.backup_contains(s pgretain.backup_set, e pgretain.erasure, past bigint[], skew interval)
RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE
		WHEN greatest(s.ledger_seq, s.clean_seq) >= e.last_seq THEN true
		WHEN s.kind = 'pg_dump' THEN s.ledger_seq IS NULL AND s.started_at IS NOT NULL AND s.started_at > e.at + skew
		WHEN x.lsn IS NOT NULL AND coalesce(s.system_identifier, e.system_identifier) = e.system_identifier THEN
			x.lsn >= e.lsn AND CASE
				WHEN s.timeline IS NULL THEN past = '{1}' AND coalesce(s.stopped_at > e.at, true)
				ELSE s.timeline = e.timeline OR s.timeline > e.timeline AND s.timeline = ANY (past) END
		WHEN s.kind = 'wal' THEN false
		ELSE s.stopped_at IS NOT NULL AND s.stopped_at > e.at + skew END
	FROM (SELECT CASE s.kind WHEN 'wal' THEN s.start_lsn ELSE s.stop_lsn END AS lsn) AS x
$$;
COMMENT ON FUNCTION pgretain.backup_contains IS
	'does every restore of this set have the erasure? By the dump''s own ledger; by the position that every restore '
	'reaches, on a timeline of our past; else by time. WAL: no segment is older. Whatever is not known counts as no';

-- ---- bytes ----

ALTER TABLE pgretain.erasure ADD COLUMN clean_timeline bigint;
COMMENT ON COLUMN pgretain.erasure.clean_timeline IS 'the timeline on which clean_lsn was';
COMMENT ON COLUMN pgretain.erasure.clean_lsn IS
	'from there on no dead version of the rows is left in the tables, as far as vacuum tells; NULL: that is not known';

-- A VACUUM that could remove every dead row leaves all pages of a table all-visible, its index entries gone: it counts them
-- as its last act, and an old snapshot, a slot or a prepared transaction that keeps a dead row keeps its page from it. When
-- it ended is told to the millisecond, when it counted is not: hence the margin. (What the free space of a page still shows
-- to who reads its bytes is beyond any VACUUM.)
CREATE FUNCTION pgretain.erasure_clean(p_margin interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n	bigint;
BEGIN
	IF NOT EXISTS (SELECT FROM pgretain.backup_set s WHERE s.gone_at IS NULL AND s.kind <> 'pg_dump') THEN
		RETURN 0;
	END IF;
	WITH fresh AS (
		SELECT e.run, e.at FROM pgretain.erasure e WHERE e.clean_lsn IS NULL AND e.at > now() - interval '30 days'
	), named AS (
		SELECT DISTINCT f.run, f.at, to_regclass(l.tbl)::oid AS tbl FROM fresh f JOIN pgretain.ledger l ON l.run = f.run
		WHERE l.rows > 0 AND (l.kind IN ('batch', 'suppress') OR l.kind = 'quarantine' AND l.action = 'purge')
		UNION
		SELECT DISTINCT f.run, f.at, c.oid FROM fresh f JOIN pgretain.ledger l ON l.run = f.run
		JOIN pg_class c ON c.relnamespace = 'pgretain_vault'::regnamespace AND c.relkind = 'r'
		WHERE l.rows > 0 AND l.kind = 'quarantine' AND l.action = 'purge'
	), parts AS (	-- a table that is not there any more has taken its rows along
		SELECT n.run, n.at, t.relid::oid AS rel FROM named n CROSS JOIN LATERAL pg_partition_tree(n.tbl) AS t
		UNION SELECT n.run, n.at, n.tbl FROM named n WHERE n.tbl IS NOT NULL
		UNION SELECT n.run, n.at, i.inhrelid FROM named n JOIN pg_inherits i ON i.inhparent = n.tbl
	), dirty AS (
		SELECT p.run FROM parts p JOIN pg_class c ON c.oid = p.rel JOIN pg_class x ON x.oid IN (c.oid, c.reltoastrelid)
		LEFT JOIN pg_stat_all_tables s ON s.relid = x.oid
		WHERE x.relkind IN ('r', 'm', 't') AND NOT coalesce(x.relallvisible >= x.relpages
			AND greatest(s.last_vacuum, s.last_autovacuum) > p.at + p_margin, false)
	)
	UPDATE pgretain.erasure e SET clean_lsn = pg_current_wal_insert_lsn(), clean_timeline = pgretain.timeline_now()
	FROM fresh f WHERE f.run = e.run AND NOT EXISTS (SELECT FROM dirty d WHERE d.run = e.run);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;
COMMENT ON FUNCTION pgretain.erasure_clean IS
	'notes runs of whose rows vacuum has left no dead version in the tables, and gives how many';

CREATE FUNCTION pgretain.backup_residue(s pgretain.backup_set) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN s.kind <> 'pg_dump' THEN (
		SELECT count(*) FROM pgretain.erasure e
		WHERE e.last_seq <= s.judged_seq
			AND NOT EXISTS (SELECT FROM pgretain.obligation o WHERE o.set_id = s.id AND o.run = e.run AND o.cleared_at IS NULL)
			AND NOT coalesce(s.start_lsn >= e.clean_lsn AND coalesce(s.timeline, 0) >= e.clean_timeline, false)) END
$$;
COMMENT ON FUNCTION pgretain.backup_residue IS
	'runs whose rows no restore of this set shows, but dead versions of them may lie in its files; NULL: of a dump, which has none';

CREATE OR REPLACE FUNCTION pgretain.backup_judge(skew interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n	bigint;
	past	bigint[] := pgretain.timelines_past();
BEGIN
	PERFORM pgretain.backup_lock();
	PERFORM pgretain.erasure_note();
	PERFORM pgretain.erasure_clean(skew);
	INSERT INTO pgretain.obligation AS o (set_id, run)
	SELECT s.id, e.run FROM pgretain.backup_set s JOIN pgretain.erasure e ON e.last_seq > s.judged_seq
	WHERE s.gone_at IS NULL AND NOT pgretain.backup_contains(s, e, past, skew)
	ON CONFLICT (set_id, run) DO UPDATE SET cleared_at = NULL, how = NULL, evidence = NULL WHERE o.cleared_at IS NOT NULL;
	GET DIAGNOSTICS n = ROW_COUNT;
	UPDATE pgretain.backup_set s SET judged_seq = m.seq
	FROM (SELECT max(e.last_seq) AS seq FROM pgretain.erasure e) AS m
	WHERE s.gone_at IS NULL AND s.judged_seq < m.seq;
	RETURN n;
END
$$;

CREATE OR REPLACE FUNCTION pgretain.backup_clear(p_sets bigint[], p_how text, p_evidence jsonb, p_contained boolean, p_skew interval)
RETURNS TABLE (set_id bigint, runs bigint, requests bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	past	bigint[] := pgretain.timelines_past();
BEGIN
	PERFORM pgretain.backup_lock();
	RETURN QUERY
	WITH cleared AS (
		UPDATE pgretain.obligation o SET cleared_at = clock_timestamp(), how = p_how, evidence = p_evidence
		FROM pgretain.backup_set s, pgretain.erasure e
		WHERE o.set_id = ANY (p_sets) AND o.cleared_at IS NULL AND s.id = o.set_id AND e.run = o.run
			AND (NOT p_contained OR pgretain.backup_contains(s, e, past, p_skew))
		RETURNING o.set_id, o.run
	)
	SELECT c.set_id, count(DISTINCT c.run), count(DISTINCT r.request)
	FROM cleared c LEFT JOIN pgretain.request_run r ON r.run = c.run GROUP BY c.set_id;
END
$$;
