-- Runs that started in a period, newest last: since, until (exclusive). One that has not ended is
-- running when somebody holds its job's lock, else it was cut off.
WITH held AS MATERIALIZED (
	SELECT (classid::bigint << 32) | objid::bigint AS key
	FROM pg_locks
	WHERE locktype = 'advisory' AND objsubid = 1 AND granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), work AS MATERIALIZED (
	SELECT run, sum(rows)::bigint AS rows
	FROM pgretain.ledger
	WHERE kind = 'batch' AND at >= $1::timestamptz AND at < $2::timestamptz
	GROUP BY run
)
SELECT s.run, s.detail::jsonb->>'job' AS job,
	rtrim(rtrim(to_char(s.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS started,
	rtrim(rtrim(to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS ended,
	CASE WHEN e.event = 'end' AND e.exit IS DISTINCT FROM '4' THEN 'done'
		WHEN e.event IS NULL AND EXISTS (
			SELECT FROM held WHERE key = pgretain.job_key(s.detail::jsonb->>'job')) THEN 'running'
		ELSE 'interrupted' END AS state,
	e.exit,
	rtrim(rtrim(to_char(s.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS as_of,
	s.actor, coalesce(w.rows, 0) AS rows,
	coalesce(extract(epoch FROM e.at - s.at), 0)::float8 AS seconds
FROM pgretain.ledger s
LEFT JOIN LATERAL (
	SELECT l.at, l.detail::jsonb->>'event' AS event, l.detail::jsonb->>'exit' AS exit
	FROM pgretain.ledger l
	WHERE l.run = s.run AND l.kind = 'run' AND l.detail::jsonb->>'event' IN ('end', 'interrupted')
		AND l.at < $2::timestamptz
	ORDER BY l.seq LIMIT 1
) e ON true
LEFT JOIN work w ON w.run = s.run
WHERE s.kind = 'run' AND s.detail::jsonb->>'event' = 'start'
	AND s.at >= $1::timestamptz AND s.at < $2::timestamptz
ORDER BY s.seq
