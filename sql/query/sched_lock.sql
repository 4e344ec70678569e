-- One scheduler at a time looks after a job ($1), while it decides and while the job runs. The run has a
-- lock of its own, pgretain.job_key.
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('pgretain.schedule.' || $1::text, 0))
