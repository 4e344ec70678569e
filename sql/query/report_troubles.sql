-- Steps in a period that failed or were skipped, or left rows that failed, newest last: since, until
-- (exclusive).
SELECT run, rule, tbl,
	rtrim(rtrim(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS at,
	CASE detail::jsonb->>'status' WHEN 'skipped' THEN 'skipped' ELSE 'failed' END AS status,
	detail::jsonb->>'sqlstate' AS sqlstate,
	coalesce(detail::jsonb->>'reason',
		nullif((detail::jsonb->>'failed')::bigint, 0) || ' rows could not be acted on') AS reason
FROM pgretain.ledger
WHERE kind = 'step'
	AND (detail::jsonb->>'status' IN ('failed', 'skipped') OR (detail::jsonb->>'failed')::bigint > 0)
	AND at >= $1::timestamptz AND at < $2::timestamptz
ORDER BY seq
