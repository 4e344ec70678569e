-- The hash of one entry.
SELECT 'sha256:' || encode(hash, 'hex') FROM pgretain.ledger WHERE seq = $1::bigint
