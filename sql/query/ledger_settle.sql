-- Runs that began and never ended, whose job nobody holds and whose lanes are gone: they are interrupted.
-- $1 is the actor.
WITH open_run AS MATERIALIZED (
	SELECT s.run, s.detail::jsonb->>'job' AS job
	FROM pgretain.ledger s
	WHERE s.kind = 'run' AND s.detail::jsonb->>'event' = 'start' AND NOT EXISTS (
		SELECT FROM pgretain.ledger e
		WHERE e.kind = 'run' AND e.run = s.run AND e.detail::jsonb->>'event' IN ('end', 'interrupted'))
	ORDER BY s.seq
), dead AS MATERIALIZED (
	SELECT run FROM open_run WHERE pg_try_advisory_xact_lock(pgretain.job_key(job))
		AND pg_try_advisory_xact_lock(hashtextextended('pgretain.lanes.' || coalesce(job, ''), 0))
)
SELECT pgretain.append('run', d.run, NULL, NULL, NULL,
	(SELECT coalesce(sum(b.rows), 0) FROM pgretain.ledger b WHERE b.run = d.run AND b.kind = 'batch')::bigint,
	NULL, $1::text, '{"event": "interrupted"}')
FROM dead d
