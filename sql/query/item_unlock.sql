-- Gives back those of the locks of these names ($1) that this session holds.
SELECT count(pg_advisory_unlock(l.key)) FROM (
	SELECT (l.classid::bigint << 32) | l.objid::bigint AS key FROM pg_catalog.pg_locks AS l
	WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid() AND l.objsubid = 1 AND l.granted
) AS l JOIN unnest($1::text[]) AS x(name) ON pgretain.job_key(x.name) = l.key
