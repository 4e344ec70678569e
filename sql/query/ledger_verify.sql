-- What a hash covers, in its order, then the hash. Instants are computed here, not by
-- pgretain.epoch_us: the check trusts no function of the schema.
SELECT seq, kind, run, rule, tbl, action, rows,
	extract(epoch FROM date_trunc('second', as_of AT TIME ZONE 'UTC'))::bigint * 1000000
		+ extract(microseconds FROM as_of AT TIME ZONE 'UTC')::bigint % 1000000,
	extract(epoch FROM date_trunc('second', at AT TIME ZONE 'UTC'))::bigint * 1000000
		+ extract(microseconds FROM at AT TIME ZONE 'UTC')::bigint % 1000000,
	actor, login, detail, encode(prev, 'hex'), encode(hash, 'hex')
FROM pgretain.ledger
ORDER BY seq
