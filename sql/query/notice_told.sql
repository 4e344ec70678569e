-- Undelivered notices of request $1: their recipients were told in another way, evidence $2.
UPDATE pgretain.notice AS n SET state = 'told', sealed = NULL, evidence = $2::text, delivered_at = clock_timestamp()
WHERE n.request = $1::uuid AND n.state IN ('waiting', 'failed') RETURNING n.id, n.recipient, n.attempts
