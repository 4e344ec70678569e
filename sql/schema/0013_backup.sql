-- Backups that may still hold what the database has erased: which there are (as their tools list them), which
-- erasures each of them predates, and until when. Nothing of rows stands here: names of backups, positions in
-- the WAL, instants, counts.

CREATE TABLE pgretain.backup_store (
	store		text		PRIMARY KEY,
	kind		text		NOT NULL,
	listed_at	timestamptz	NOT NULL,
	good_at		timestamptz,
	sets		int		NOT NULL DEFAULT 0,
	digest		text,
	trouble		text
);
COMMENT ON TABLE pgretain.backup_store IS 'places of backups as configured, and how their last listings went';
COMMENT ON COLUMN pgretain.backup_store.store IS 'name in the configuration';
COMMENT ON COLUMN pgretain.backup_store.kind IS 'who makes the backups: pg_dump, pgbackrest and so on';
COMMENT ON COLUMN pgretain.backup_store.listed_at IS 'the last attempt to list it';
COMMENT ON COLUMN pgretain.backup_store.good_at IS 'start of the last listing that was whole and not empty; no other clears anything';
COMMENT ON COLUMN pgretain.backup_store.sets IS 'sets of the last good listing';
COMMENT ON COLUMN pgretain.backup_store.digest IS 'SHA-256 of what the last good listing said';
COMMENT ON COLUMN pgretain.backup_store.trouble IS 'why the last attempt was no good listing';

CREATE TABLE pgretain.backup_set (
	id			bigint		PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	store			text		NOT NULL,
	name			text		NOT NULL CHECK (name <> ''),
	identity		text		NOT NULL,
	kind			text		NOT NULL,
	type			text,
	path			text,
	system_identifier	text,
	timeline		bigint,
	start_lsn		pg_lsn,
	stop_lsn		pg_lsn,
	started_at		timestamptz,
	stopped_at		timestamptz,
	ledger_seq		bigint,
	clean_seq		bigint,
	judged_seq		bigint		NOT NULL DEFAULT 0,
	depends_on		text[]		NOT NULL DEFAULT '{}',
	kept			boolean		NOT NULL DEFAULT false,
	encrypted		boolean,
	closed			boolean		NOT NULL DEFAULT false,
	annotations		jsonb		NOT NULL DEFAULT '{}',
	size			bigint,
	until			timestamptz,
	until_why		text		NOT NULL DEFAULT '',
	findings		text[]		NOT NULL DEFAULT '{}',
	trouble			text,
	first_seen		timestamptz	NOT NULL DEFAULT clock_timestamp(),
	last_seen		timestamptz	NOT NULL DEFAULT clock_timestamp(),
	gone_at			timestamptz
);
CREATE UNIQUE INDEX backup_set_known ON pgretain.backup_set (store, name, identity);
COMMENT ON TABLE pgretain.backup_set IS 'backups as their tools list them; what is no longer listed stays here as gone';
COMMENT ON COLUMN pgretain.backup_set.id IS 'order of discovery';
COMMENT ON COLUMN pgretain.backup_set.store IS 'name of the store in the configuration';
COMMENT ON COLUMN pgretain.backup_set.name IS 'the tool''s label, or the file''s name; of the WAL archive: wal';
COMMENT ON COLUMN pgretain.backup_set.identity IS 'tells two backups of one name apart: for files size, inode and time';
COMMENT ON COLUMN pgretain.backup_set.kind IS 'kind of the store, or wal';
COMMENT ON COLUMN pgretain.backup_set.type IS 'full, diff, incr, format of a dump';
COMMENT ON COLUMN pgretain.backup_set.path IS 'where it lies, as far as it is one file or folder';
COMMENT ON COLUMN pgretain.backup_set.system_identifier IS 'of the cluster that it is a copy of';
COMMENT ON COLUMN pgretain.backup_set.timeline IS 'timeline at its end';
COMMENT ON COLUMN pgretain.backup_set.start_lsn IS 'where a restore starts to replay; of the WAL: start of the oldest segment';
COMMENT ON COLUMN pgretain.backup_set.stop_lsn IS 'what every restore reaches; of the WAL: end of the newest segment';
COMMENT ON COLUMN pgretain.backup_set.started_at IS 'not later than what it shows';
COMMENT ON COLUMN pgretain.backup_set.stopped_at IS 'when it was complete';
COMMENT ON COLUMN pgretain.backup_set.ledger_seq IS 'newest entry of this ledger that a dump itself contains';
COMMENT ON COLUMN pgretain.backup_set.clean_seq IS 'rewritten: nothing is left of what was erased up to this entry';
COMMENT ON COLUMN pgretain.backup_set.judged_seq IS 'erasures up to this entry have been compared with it';
COMMENT ON COLUMN pgretain.backup_set.depends_on IS 'names of the sets that a restore of it needs';
COMMENT ON COLUMN pgretain.backup_set.kept IS 'marked to be kept beyond the policy';
COMMENT ON COLUMN pgretain.backup_set.encrypted IS 'NULL: not known';
COMMENT ON COLUMN pgretain.backup_set.closed IS 'nobody but the owner can read it, as far as a program can tell';
COMMENT ON COLUMN pgretain.backup_set.annotations IS 'what its tool was told to remember with it';
COMMENT ON COLUMN pgretain.backup_set.size IS 'bytes';
COMMENT ON COLUMN pgretain.backup_set.until IS 'when it is expected to go; NULL: no end is known';
COMMENT ON COLUMN pgretain.backup_set.until_why IS 'what that date rests on';
COMMENT ON COLUMN pgretain.backup_set.findings IS 'what is not as it should be: access, encryption, age, marks';
COMMENT ON COLUMN pgretain.backup_set.trouble IS 'why it could not be read or rewritten';
COMMENT ON COLUMN pgretain.backup_set.first_seen IS 'first listed';
COMMENT ON COLUMN pgretain.backup_set.last_seen IS 'last listed';
COMMENT ON COLUMN pgretain.backup_set.gone_at IS 'a good listing did not have it any more';
COMMENT ON INDEX pgretain.backup_set_known IS 'one row a backup';

CREATE TABLE pgretain.erasure (
	run			uuid		PRIMARY KEY,
	first_seq		bigint		NOT NULL,
	last_seq		bigint		NOT NULL,
	rows			bigint		NOT NULL,
	at			timestamptz	NOT NULL,
	lsn			pg_lsn		NOT NULL,
	timeline		bigint		NOT NULL,
	system_identifier	text		NOT NULL,
	xid			xid8		NOT NULL,
	clean_lsn		pg_lsn
);
CREATE INDEX erasure_last_seq ON pgretain.erasure (last_seq);
COMMENT ON TABLE pgretain.erasure IS 'runs that removed or overwrote rows, and where in the WAL that was over';
COMMENT ON COLUMN pgretain.erasure.run IS 'the run';
COMMENT ON COLUMN pgretain.erasure.first_seq IS 'its first entry in the ledger that counts rows';
COMMENT ON COLUMN pgretain.erasure.last_seq IS 'its last such entry';
COMMENT ON COLUMN pgretain.erasure.rows IS 'rows of its entries';
COMMENT ON COLUMN pgretain.erasure.at IS 'not earlier than its last commit';
COMMENT ON COLUMN pgretain.erasure.lsn IS 'not before its last commit record';
COMMENT ON COLUMN pgretain.erasure.timeline IS 'the timeline on which that was';
COMMENT ON COLUMN pgretain.erasure.system_identifier IS 'and the cluster';
COMMENT ON COLUMN pgretain.erasure.xid IS 'newer than its transactions';
COMMENT ON COLUMN pgretain.erasure.clean_lsn IS 'from there on the tables have been vacuumed: no dead version of the rows is left in them';
COMMENT ON INDEX pgretain.erasure_last_seq IS 'erasures that a set was not compared with';

CREATE TABLE pgretain.obligation (
	set_id		bigint		NOT NULL REFERENCES pgretain.backup_set,
	run		uuid		NOT NULL REFERENCES pgretain.erasure,
	since		timestamptz	NOT NULL DEFAULT clock_timestamp(),
	cleared_at	timestamptz,
	how		text		CHECK (how IN ('expired', 'rewritten')),
	evidence	jsonb,
	PRIMARY KEY (set_id, run),
	CHECK ((cleared_at IS NULL) = (how IS NULL) AND (how IS NULL) = (evidence IS NULL))
);
CREATE INDEX obligation_run ON pgretain.obligation (run);
CREATE INDEX obligation_open ON pgretain.obligation (set_id) WHERE cleared_at IS NULL;
COMMENT ON TABLE pgretain.obligation IS 'a backup that holds rows which a run has erased, until it expires or is made clean';
COMMENT ON COLUMN pgretain.obligation.set_id IS 'the backup';
COMMENT ON COLUMN pgretain.obligation.run IS 'the run';
COMMENT ON COLUMN pgretain.obligation.since IS 'since when that is known';
COMMENT ON COLUMN pgretain.obligation.cleared_at IS 'since when it no longer does';
COMMENT ON COLUMN pgretain.obligation.how IS 'expired: its tool no longer lists it; rewritten: the rows were taken out';
COMMENT ON COLUMN pgretain.obligation.evidence IS 'the listing, or the rewriting, that shows it';
COMMENT ON INDEX pgretain.obligation_run IS 'the backups that a run''s rows are in';
COMMENT ON INDEX pgretain.obligation_open IS 'what a backup still holds';

CREATE FUNCTION pgretain.backup_lock() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_advisory_xact_lock(1885827685, 5)
$$;
COMMENT ON FUNCTION pgretain.backup_lock IS 'one at a time compares backups with erasures';

CREATE FUNCTION pgretain.timeline_now() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
$$;
COMMENT ON FUNCTION pgretain.timeline_now IS 'the timeline that is being written';

-- Entries become visible in the order of their numbers (each append locks the head until its commit), so nothing
-- below the newest one that was noted is still to come. Positions are read afterwards: never too early.
CREATE FUNCTION pgretain.erasure_note() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n	bigint;
BEGIN
	PERFORM pgretain.backup_lock();
	WITH fresh AS (
		SELECT DISTINCT l.run FROM pgretain.ledger l
		WHERE l.seq > (SELECT coalesce(max(e.last_seq), 0) FROM pgretain.erasure e) AND l.run IS NOT NULL AND l.rows > 0
			AND (l.kind IN ('batch', 'suppress') OR l.kind = 'quarantine' AND l.action = 'purge')
	), sums AS (
		SELECT l.run, min(l.seq) AS first_seq, max(l.seq) AS last_seq, sum(l.rows)::bigint AS rows
		FROM pgretain.ledger l JOIN fresh USING (run)
		WHERE l.rows > 0 AND (l.kind IN ('batch', 'suppress') OR l.kind = 'quarantine' AND l.action = 'purge')
		GROUP BY l.run
	)
	INSERT INTO pgretain.erasure AS e (run, first_seq, last_seq, rows, at, lsn, timeline, system_identifier, xid)
	SELECT s.run, s.first_seq, s.last_seq, s.rows, clock_timestamp(), pg_current_wal_insert_lsn(), pgretain.timeline_now(),
		(SELECT c.system_identifier::text FROM pg_control_system() c), pg_snapshot_xmax(pg_current_snapshot())
	FROM sums s
	ON CONFLICT (run) DO UPDATE SET first_seq = excluded.first_seq, last_seq = excluded.last_seq, rows = excluded.rows,
		at = excluded.at, lsn = excluded.lsn, timeline = excluded.timeline,
		system_identifier = excluded.system_identifier, xid = excluded.xid, clean_lsn = NULL;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;
COMMENT ON FUNCTION pgretain.erasure_note IS
	'notes runs whose entries are newer than what was noted, a killed one''s too, and gives how many';

-- The erasure is in this very ledger, so it lies on the past of the timeline that is being written.
CREATE FUNCTION pgretain.backup_contains(s pgretain.backup_set, e pgretain.erasure, now_timeline bigint, skew interval)
RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE
		WHEN greatest(s.ledger_seq, s.clean_seq) >= e.last_seq THEN true
		WHEN s.kind = 'pg_dump' THEN s.ledger_seq IS NULL AND s.started_at IS NOT NULL AND s.started_at > e.at + skew
		WHEN x.lsn IS NOT NULL AND coalesce(s.system_identifier, e.system_identifier) = e.system_identifier THEN
			CASE WHEN s.timeline IS NULL THEN x.lsn >= e.lsn AND coalesce(s.stopped_at > e.at, true)
				WHEN s.timeline = e.timeline OR s.timeline = now_timeline AND e.timeline < now_timeline THEN x.lsn >= e.lsn
				ELSE false END
		WHEN s.kind = 'wal' THEN false
		ELSE s.stopped_at IS NOT NULL AND s.stopped_at > e.at + skew END
	FROM (SELECT CASE s.kind WHEN 'wal' THEN s.start_lsn ELSE s.stop_lsn END AS lsn) AS x
$$;
COMMENT ON FUNCTION pgretain.backup_contains IS
	'does every restore of this set have the erasure? By the dump''s own ledger; by the position that every restore '
	'reaches; else by time. WAL: no segment is older. Whatever is not known counts as no';

CREATE FUNCTION pgretain.backup_judge(skew interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n	bigint;
	tli	bigint := pgretain.timeline_now();
BEGIN
	PERFORM pgretain.backup_lock();
	PERFORM pgretain.erasure_note();
	INSERT INTO pgretain.obligation AS o (set_id, run)
	SELECT s.id, e.run FROM pgretain.backup_set s JOIN pgretain.erasure e ON e.last_seq > s.judged_seq
	WHERE s.gone_at IS NULL AND NOT pgretain.backup_contains(s, e, tli, skew)
	ON CONFLICT (set_id, run) DO UPDATE SET cleared_at = NULL, how = NULL, evidence = NULL WHERE o.cleared_at IS NOT NULL;
	GET DIAGNOSTICS n = ROW_COUNT;
	UPDATE pgretain.backup_set s SET judged_seq = m.seq
	FROM (SELECT max(e.last_seq) AS seq FROM pgretain.erasure e) AS m
	WHERE s.gone_at IS NULL AND s.judged_seq < m.seq;
	RETURN n;
END
$$;
COMMENT ON FUNCTION pgretain.backup_judge IS
	'compares listed sets with the erasures that they were not compared with yet, and gives the number of new obligations';

CREATE FUNCTION pgretain.backup_clear(p_sets bigint[], p_how text, p_evidence jsonb, p_contained boolean, p_skew interval)
RETURNS TABLE (set_id bigint, runs bigint, requests bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	tli	bigint := pgretain.timeline_now();
BEGIN
	PERFORM pgretain.backup_lock();
	RETURN QUERY
	WITH cleared AS (
		UPDATE pgretain.obligation o SET cleared_at = clock_timestamp(), how = p_how, evidence = p_evidence
		FROM pgretain.backup_set s, pgretain.erasure e
		WHERE o.set_id = ANY (p_sets) AND o.cleared_at IS NULL AND s.id = o.set_id AND e.run = o.run
			AND (NOT p_contained OR pgretain.backup_contains(s, e, tli, p_skew))
		RETURNING o.set_id, o.run
	)
	SELECT c.set_id, count(DISTINCT c.run), count(DISTINCT r.request)
	FROM cleared c LEFT JOIN pgretain.request_run r ON r.run = c.run GROUP BY c.set_id;
END
$$;
COMMENT ON FUNCTION pgretain.backup_clear IS
	'ends obligations of these sets: all of them, or those whose erasure the set contains by now';

CREATE VIEW pgretain.backup_state AS
SELECT s.id, s.store, s.name, s.kind, s.stopped_at, s.until, s.gone_at,
	o.open, o.ever, o.requests,
	CASE WHEN s.gone_at IS NOT NULL THEN 'cleared'
		WHEN NOT s.kept AND s.until < now() THEN 'overdue'
		WHEN o.open > 0 AND s.closed AND NOT s.kept THEN 'isolated'
		WHEN o.open > 0 THEN 'holds'
		WHEN o.ever > 0 THEN 'cleared'
		ELSE 'clean' END AS state
FROM pgretain.backup_set s
CROSS JOIN LATERAL (
	SELECT count(DISTINCT o.run) FILTER (WHERE o.cleared_at IS NULL) AS open, count(DISTINCT o.run) AS ever,
		count(DISTINCT r.request) FILTER (WHERE o.cleared_at IS NULL) AS requests
	FROM pgretain.obligation o LEFT JOIN pgretain.request_run r ON r.run = o.run WHERE o.set_id = s.id
) AS o;
COMMENT ON VIEW pgretain.backup_state IS
	'each backup: does it hold erased rows (holds), so that nobody but the owner can read it (isolated), beyond its date '
	'(overdue); did it (cleared); never (clean)';
COMMENT ON COLUMN pgretain.backup_state.id IS 'of pgretain.backup_set';
COMMENT ON COLUMN pgretain.backup_state.store IS 'name of the store in the configuration';
COMMENT ON COLUMN pgretain.backup_state.name IS 'the tool''s label, or the file''s name';
COMMENT ON COLUMN pgretain.backup_state.kind IS 'kind of the store, or wal';
COMMENT ON COLUMN pgretain.backup_state.stopped_at IS 'when it was complete';
COMMENT ON COLUMN pgretain.backup_state.until IS 'when it is expected to go';
COMMENT ON COLUMN pgretain.backup_state.gone_at IS 'a good listing did not have it any more';
COMMENT ON COLUMN pgretain.backup_state.open IS 'runs whose erased rows it still holds';
COMMENT ON COLUMN pgretain.backup_state.ever IS 'runs whose erased rows it ever held';
COMMENT ON COLUMN pgretain.backup_state.requests IS 'requests of people whose erased rows it still holds';
COMMENT ON COLUMN pgretain.backup_state.state IS 'clean, holds, isolated, cleared, overdue';
