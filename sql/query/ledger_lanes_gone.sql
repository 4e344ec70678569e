-- Has every lane of earlier runs of job $1 ended? A client that was killed leaves them to the server.
SELECT pg_catalog.pg_try_advisory_xact_lock(
	pg_catalog.hashtextextended('pgretain.lanes.' || coalesce($1::text, ''), 0))
