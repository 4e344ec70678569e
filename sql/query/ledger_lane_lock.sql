-- A lane of a run of job $1, held by its session: what the run's own connection holds is lost with it, while
-- a lane may still be at work.
SELECT pg_catalog.pg_advisory_lock_shared(
	pg_catalog.hashtextextended('pgretain.lanes.' || coalesce($1::text, ''), 0))
