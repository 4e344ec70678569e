-- Steps in a period that failed or were skipped, newest last: since, until (exclusive).
SELECT run, rule, tbl,
	rtrim(rtrim(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS at,
	detail::jsonb->>'status' AS status, detail::jsonb->>'sqlstate' AS sqlstate,
	detail::jsonb->>'reason' AS reason
FROM pgretain.ledger
WHERE kind = 'step' AND detail::jsonb->>'status' IN ('failed', 'skipped')
	AND at >= $1::timestamptz AND at < $2::timestamptz
ORDER BY seq
