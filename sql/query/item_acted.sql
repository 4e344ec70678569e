-- What batches have done since entry $1, by rule, table and action; and which entry is the newest.
SELECT l.rule, l.tbl, l.action, sum(l.rows)::bigint
FROM pgretain.ledger AS l WHERE l.seq > $1::bigint AND l.kind = 'batch' GROUP BY 1, 2, 3
