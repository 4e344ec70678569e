-- The ledger's newest entry, where it was written later than now by more than $1 ms: the server's clock has gone back.
SELECT l.at::text, clock_timestamp()::text
FROM (SELECT at FROM pgretain.ledger ORDER BY seq DESC LIMIT 1) AS l
WHERE l.at > clock_timestamp() + $1::int8 * interval '1 millisecond'
