-- Rows that were acted on since the ledger began, by rule, table and action.
SELECT rule, tbl, action, sum(rows)::bigint AS rows
FROM pgretain.ledger
WHERE kind NOT IN ('run', 'step') AND action IS NOT NULL AND rows > 0
GROUP BY rule, tbl, action
ORDER BY rule COLLATE "C", tbl COLLATE "C", action COLLATE "C"
