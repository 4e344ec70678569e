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
