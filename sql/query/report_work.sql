-- What was done in a period, by rule, table and action: since, until (exclusive). Entries of runs and
-- steps are left out: their batches are counted.
SELECT rule, tbl, action, sum(rows)::bigint AS rows, count(DISTINCT run) AS runs,
	rtrim(rtrim(to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS last
FROM pgretain.ledger
WHERE kind NOT IN ('run', 'step') AND action IS NOT NULL AND rows > 0
	AND at >= $1::timestamptz AND at < $2::timestamptz
GROUP BY rule, tbl, action
ORDER BY rule COLLATE "C", tbl COLLATE "C", action COLLATE "C"
