-- What the scheduler must know of a job ($1): the server's clock, its last start or the last start that
-- was put on record as missed or refused, when the ledger began, whether the job runs now.
SELECT clock_timestamp() AS now,
	(SELECT l.at FROM pgretain.ledger l
	 WHERE ((l.kind = 'run' AND l.detail::jsonb->>'event' = 'start') OR l.kind = 'schedule')
		AND l.detail::jsonb->>'job' = $1::text
	 ORDER BY l.seq DESC LIMIT 1) AS last,
	(SELECT min(m.applied_at) FROM pgretain.migration m) AS since,
	EXISTS (SELECT FROM pg_catalog.pg_locks k, pgretain.job_key($1::text) AS key
		WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 1
			AND k.database = (SELECT d.oid FROM pg_catalog.pg_database d
				WHERE d.datname = current_database())
			AND k.classid::bigint = (key >> 32) & 4294967295 AND k.objid::bigint = key & 4294967295
	) AS running
