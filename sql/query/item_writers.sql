-- Transactions of others that may have written to the relations $1, and are still open; $2: only of these.
SELECT array_agg(DISTINCT l.virtualtransaction)::text
FROM pg_locks AS l
WHERE l.locktype = 'relation' AND l.relation = ANY($1::oid[]) AND l.pid IS DISTINCT FROM pg_backend_pid() AND l.granted
AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
AND ($2::text[] IS NULL OR l.virtualtransaction = ANY($2::text[]))
