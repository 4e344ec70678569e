-- Did batch $2 of run $1 commit? The ledger decides when the answer to COMMIT was lost.
SELECT EXISTS (SELECT 1 FROM pgretain.ledger AS l
	WHERE l.run = $1::uuid AND l.kind = 'batch' AND (l.detail::jsonb ->> 'batch')::int8 = $2::int8)
