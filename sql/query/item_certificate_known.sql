-- Certificates with the digest $1: request, number of the entry, when, final.
SELECT l.run, l.seq, l.at::text, coalesce((l.detail::jsonb ->> 'final')::boolean, false)
FROM pgretain.ledger AS l
WHERE l.kind = 'request' AND l.action = 'certificate' AND l.detail::jsonb ->> 'certificate' = $1::text
ORDER BY l.seq LIMIT 1
