-- One run of a job at a time; held by this session until it ends.
SELECT pg_try_advisory_lock(pgretain.job_key($1::text))
