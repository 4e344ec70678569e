-- What batches of runs of these requests ($2) have done since entry $1, by rule, table, action and run.
SELECT l.rule, l.tbl, l.action, sum(l.rows)::bigint, l.run
FROM pgretain.ledger AS l
WHERE l.seq > $1::bigint AND l.kind = 'batch'
	AND l.run IN (SELECT x.run FROM pgretain.request_run AS x WHERE x.request = ANY($2::uuid[]))
GROUP BY 1, 2, 3, 5
