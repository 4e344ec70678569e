-- Is run $1 still without an end? Another run that found its lock free settles it as interrupted.
SELECT NOT EXISTS (SELECT FROM pgretain.ledger AS l WHERE l.run = $1::uuid AND l.kind = 'run'
	AND l.detail::jsonb ->> 'event' IN ('end', 'interrupted'))
