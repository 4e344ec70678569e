-- The newest run of each job (NULL: by hand): job, start and end in seconds since 1970, exit code, rows
-- of its batches, and when it last ended with 0. A run that was cut off counts as exit 4.
WITH start AS MATERIALIZED (
	SELECT run, seq, at, detail::jsonb->>'job' AS job
	FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb->>'event' = 'start'
), ended AS MATERIALIZED (
	SELECT DISTINCT ON (run) run, at,
		coalesce(detail::jsonb->>'exit', CASE detail::jsonb->>'event' WHEN 'interrupted' THEN '4' END) AS exit
	FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb->>'event' IN ('end', 'interrupted')
	ORDER BY run, seq
), newest AS (
	SELECT DISTINCT ON (job) job, run, at FROM start ORDER BY job, seq DESC
)
SELECT n.job, extract(epoch FROM n.at)::bigint AS started, extract(epoch FROM e.at)::bigint AS ended, e.exit,
	(SELECT coalesce(sum(b.rows), 0)::bigint FROM pgretain.ledger b
		WHERE b.run = n.run AND b.kind = 'batch') AS rows,
	(SELECT extract(epoch FROM max(d.at))::bigint FROM start s JOIN ended d USING (run)
		WHERE s.job IS NOT DISTINCT FROM n.job AND d.exit = '0') AS succeeded
FROM newest n LEFT JOIN ended e USING (run)
ORDER BY n.job COLLATE "C" NULLS FIRST
