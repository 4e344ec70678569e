-- Takes the locks of these names ($1) for this session, without waiting: which it got, in their order.
SELECT pg_try_advisory_lock(pgretain.job_key(x.name)) FROM unnest($1::text[]) WITH ORDINALITY AS x(name, n) ORDER BY x.n
