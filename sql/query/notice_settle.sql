-- What became of an attempt of notice $1: state $2, exit status $3, reason $4, digest of the answer $5, pause before the next one
-- in milliseconds $6. Not if another one has settled it meanwhile.
UPDATE pgretain.notice AS n SET state = $2::text, exit_status = $3::int, reason = $4::text, answer = pg_catalog.decode($5::text, 'hex'),
	next_at = clock_timestamp() + coalesce($6::bigint, 0) * interval '1 millisecond',
	sealed = CASE WHEN $2::text = 'delivered' THEN NULL ELSE n.sealed END,
	delivered_at = CASE WHEN $2::text = 'delivered' THEN clock_timestamp() END
WHERE n.id = $1::uuid AND n.state = 'waiting'
