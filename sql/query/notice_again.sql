-- Undelivered notices of request $1 begin anew.
UPDATE pgretain.notice AS n SET state = 'waiting', attempts = 0, next_at = clock_timestamp()
WHERE n.request = $1::uuid AND n.state IN ('waiting', 'failed') RETURNING n.id
